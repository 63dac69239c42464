"""A Django project with nothing but its admin."""
