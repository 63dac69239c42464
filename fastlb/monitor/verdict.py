"""When a member that is out is tried next: pure arithmetic, no sockets."""

from __future__ import annotations

DELAY_MIN_S = 0.25
DELAY_MAX_S = 0.75  # with a turn of the monitor it is back within a second
NAME_DELAY_MAX_S = 60.0
SHARE = 16  # a member is kept out at most 1/16 longer than it was really down


def probe_delay_s(down_for_s: float) -> float:
    """Seconds until the next probe of a member that has been out for down_for_s.

    Short absences end within a quarter of a second of the member's return, long ones
    within one: a connection that is refused costs next to nothing.
    """
    return min(DELAY_MAX_S, max(DELAY_MIN_S, down_for_s / SHARE))


def name_delay_s(attempts: int) -> float:
    """Seconds until a name that was not found attempts times is looked up again."""
    return min(NAME_DELAY_MAX_S, 2.0 ** min(attempts, 10) * 0.5)
