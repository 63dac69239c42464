"""What cannot work as written, though it can be read: every complaint with a cure."""
