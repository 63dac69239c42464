"""The ports of fastlb.testing, by the name that tests know them by."""

from fastlb.testing.ports import HOST, free_port, free_ports

__all__ = ["HOST", "free_port", "free_ports"]
