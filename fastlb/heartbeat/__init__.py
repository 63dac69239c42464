"""What members say of themselves: how many of their workers are ready, how many busy.

An application imports `Heartbeat`; nothing else of fastlb is loaded with it.
"""

from fastlb.heartbeat.sender import Heartbeat

__all__ = ["Heartbeat"]
