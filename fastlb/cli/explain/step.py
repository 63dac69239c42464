"""One thing that was decided about a request."""

from __future__ import annotations

from dataclasses import dataclass

from fastlb.facts.vhost import Line

NOWHERE: Line = ("", 0)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was decided. lost: what was considered besides."""

    kind: str
    text: str
    why: str = ""
    line: Line = NOWHERE
    lost: tuple[Step, ...] = ()
