"""When a member went out and when it came back, and why.

The last of them lie in the slot table as numbers (member_change of
core/balance/table.pxd): workers and the monitor write them, and whoever reads them
looks whether a number is one of these.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


class Cause(enum.Enum):
    """Why, in words; its place is its number in the table (CAUSE_* of ledger.pxd)."""

    NONE = "nobody said why"
    CONNECT = "no connection"
    NO_ADDRESS = "nobody knows its name"
    TLS = "no TLS with it"
    LOST = "no answer, or none that is one"
    STATUS = "it answered with"
    TIMEOUT = "no answer in time (failontimeout)"
    CHECKS = "health checks in a row"
    TRIED = "retry= had passed, and it took a connection"
    FORCED = "all members were out, and it took a connection"
    PROBE = "it takes connections again"
    NAME = "its name is known, or has another address"
    EJECTED = "it was ejected (ejecton)"
    OPERATOR = "its errors were cleared"


CAUSES: Final = tuple(Cause)


@dataclass(frozen=True, slots=True)
class Change:
    """at_us: CLOCK_MONOTONIC; number: errno, status or how many checks; pid: of the
    worker or the monitor that has found it so."""

    at_us: int
    is_out: bool
    cause: Cause
    number: int
    pid: int

    @property
    def words(self) -> str:
        return f"{'out' if self.is_out else 'back'}: {self.why} (process {self.pid})"

    @property
    def why(self) -> str:
        why = self.cause.value
        if self.cause is Cause.CONNECT:
            why = os.strerror(self.number).lower()
        elif self.cause is Cause.STATUS:
            why = f"{why} {self.number} (failonstatus)"
        elif self.cause is Cause.CHECKS:
            why = f"{self.number} {why} {'failed' if self.is_out else 'passed'}"
        elif self.cause is Cause.EJECTED:
            why += f" for {self.number} s" if self.is_out else ", and took a connection"
        return why


def changes_of(
    found: Sequence[tuple[int, bool, int, int, int]], now_us: int
) -> list[Change]:
    """The newest at the end. found: Table.changes, where another process may have
    written anything."""
    return [
        Change(min(max(at_us, 0), now_us), is_out, CAUSES[cause], number, pid)
        for at_us, is_out, cause, number, pid in found
        if cause < len(CAUSES)
    ]
