"""When a member that is out is tried next, and what checks of its health mean for it:
pure arithmetic, no sockets."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from fastlb.facts.health import HealthCheck

DELAY_MIN_S = 0.25
DELAY_MAX_S = 0.75  # with a turn of the monitor it is back within a second
NAME_DELAY_MAX_S = 60.0
SHARE = 16  # a member is kept out at most 1/16 longer than it was really down
GATHERED = 0.05  # of the interval
GATHERED_MAX_S = 0.5
JITTER = 0.1  # of the interval, either way: members that begin together soon are apart


def probe_delay_s(down_for_s: float) -> float:
    """Seconds until the next probe of a member that has been out for down_for_s.

    Short absences end within a quarter of a second of the member's return, long ones
    within one: a connection that is refused costs next to nothing.
    """
    return min(DELAY_MAX_S, max(DELAY_MIN_S, down_for_s / SHARE))


def name_delay_s(attempts: int) -> float:
    """Seconds until a name that was not found attempts times is looked up again."""
    return min(NAME_DELAY_MAX_S, 2.0 ** min(attempts, 10) * 0.5)


def check_delay_s(interval_ms: int, chance: float, *, is_first: bool) -> float:
    """Seconds until the next check. chance: in 0 to 1; is_first: all began at once."""
    interval_s = interval_ms / 1000
    if is_first:
        return interval_s * (0.5 + chance / 2)
    return interval_s * (1 - JITTER + 2 * JITTER * chance)


def gathered_s(due_s: float, interval_ms: int) -> float:
    """A little sooner, at a moment that others have too: a check among others takes a
    half of what one alone takes. Far finer than the jitter, so that they stay apart."""
    step_s = min(interval_ms / 1000 * GATHERED, GATHERED_MAX_S)
    return due_s // step_s * step_s


class Change(enum.Enum):
    """What a check has done to its member."""

    NONE = enum.auto()
    OUT = enum.auto()
    BACK = enum.auto()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a member stands before a check, and after it."""

    passes: int = 0  # in a row
    fails: int = 0  # in a row
    is_out: bool = False  # C: checks have put it out
    is_in_error: bool = False  # E: a request has
    is_unproven: bool = False  # hcstart=probe, and no check has ended yet


def judged(
    standing: Standing, check: HealthCheck, *, has_passed: bool
) -> tuple[Standing, Change]:
    """What one more check means.

    A member in error is not put out besides: its checks find out when it is back. Of
    one that nobody has asked yet the first check decides.

    Differs from Apache, whose counts go on over a result of the other kind: hcfails=3
    are three failures in a row here, there three at any time.
    """
    if has_passed:
        now = replace(standing, passes=standing.passes + 1, fails=0)
        enough = now.passes >= check.passes or standing.is_unproven
    else:
        now = replace(standing, passes=0)
        if not standing.is_in_error or standing.is_out:
            now = replace(now, fails=standing.fails + 1)
        enough = now.fails >= check.fails or standing.is_unproven
    return _changed(now, has_passed=has_passed, enough=enough)


def judged_as_apache(
    standing: Standing, check: HealthCheck, *, has_passed: bool
) -> tuple[Standing, Change]:
    """Compat apache: passes count while it is out, fails while it is not."""
    waits = standing.is_out or standing.is_in_error
    now, enough = standing, False
    if waits and has_passed:
        now = replace(standing, passes=standing.passes + 1)
        enough = now.passes >= check.passes
    elif not waits and not has_passed:
        now = replace(standing, fails=standing.fails + 1)
        enough = now.fails >= check.fails
    after, change = _changed(now, has_passed=has_passed, enough=enough)
    if change is Change.BACK:
        after = replace(after, passes=0)
    elif change is Change.OUT:
        after = replace(after, fails=0)
    return after, change


def _changed(
    now: Standing, *, has_passed: bool, enough: bool
) -> tuple[Standing, Change]:
    change = Change.NONE
    if has_passed and enough:
        if now.is_out or now.is_in_error:
            change = Change.BACK
        now = replace(now, is_out=False, is_in_error=False)
    elif enough and (now.is_unproven or not now.is_out):
        change = Change.OUT
        now = replace(now, is_out=True)
    return replace(now, is_unproven=False), change
