"""One thing that was decided about a request."""

from __future__ import annotations

from dataclasses import dataclass

from fastlb.facts.vhost import DirConf, Line

NOWHERE: Line = ("", 0)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was decided. lost: what was considered besides.

    state, scores  of a member of a balancer: "ok" or why it cannot be elected, and what
                   the method compares (name, number)
    """

    kind: str
    text: str
    why: str = ""
    line: Line = NOWHERE
    lost: tuple[Step, ...] = ()
    state: str = ""
    scores: tuple[tuple[str, int], ...] = ()


def line_of(conf: DirConf, name: str, number: int) -> Line:
    lines = conf.lines.get(name, ())
    return lines[number] if number < len(lines) else NOWHERE
