"""The monitor: one process for what runs on a clock and not on a request."""
