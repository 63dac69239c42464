"""Users, their passwords and groups: files as htpasswd writes them."""
