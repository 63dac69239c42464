"""Addresses of names, and how long they hold: the C library does not tell that."""
