"""Steps of requests that are followed, as workers write them into the slot table
(follow_event of core/balance/table.pxd).

A worker that was taken over may have written anything there. Whoever reads it looks
whether a number is one of these, and shows text as letters that print.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastlb.facts.under_way import printable


class Kind(enum.IntEnum):
    """FOLLOW_* of core/flow/follow.pyx, which says what their numbers are."""

    BEGAN = 1
    CLIENT = 2
    HOST = 3
    ID = 4
    PATH = 5
    DECIDED = 6
    MAPPED = 7
    SESSION = 8
    SEEN = 9
    ELECTED = 10
    ASKED = 11
    CONNECTED = 12
    STATE = 13
    ANSWERED = 14
    SAID = 15
    ENDED = 16


class Decided(enum.IntEnum):
    """DECIDED_* of core/plan/decide.pxd, those that a request does not wait for."""

    MEMBER = 0
    TUNNEL = 1
    ERROR = 2
    HERE = 3
    REDIRECT = 5
    HANDLER = 6
    NOTHING = 7
    FILE = 9


WAITS: Final = {
    1: "for its body",
    2: "for a name or a password that is looked up",
    3: "for the name that CONNECT asks for",
    4: "for any member that can serve (timeout=)",
    5: "for a connection to the member",
    7: "no connection could be begun",
    10: "it is a tunnel now",
    11: "for a directory that is read",
    12: "for a place at its members (maxscope=global)",
}
"""By X_* of core/flow/exchange.pxd."""

SESSIONS: Final = ("a cookie", "the URL", "the balancer's own cookie")
"""Where a route was found, by FOLLOW_FROM_*."""

BY_ROUTE, BY_FORCE, BY_FEWER = 1, 2, 4
"""Bits of FOLLOW_BY_*."""

NOBODY: Final = (
    "",
    "it has no members",
    "no member is usable",
    "the session's member is not usable, and nofailover holds",
    "every member has as many requests as it may have",
)
"""By ELECT_* of core/balance/elect.pxd."""

STATES: Final = (
    (1 << 4 | 1 << 6, "is stopped"),
    (1 << 5, "is disabled"),
    (1 << 7, "is in error"),
    (1 << 11, "has failed its check"),
    (1 << 25, "is down, as its agent says"),
    (1 << 2, "drains: it gets known sessions only"),
    (1 << 9, "is a hot spare"),
    (1 << 8, "is a hot standby"),
)
"""Why a member is no candidate, by its flags (FLAG_* of core/balance/table.pxd)."""

FIGURE_MAX: Final = 1 << 56  # more is a lie

Row = tuple[int, int, int, int, int, int, int, bytes]


@dataclass(frozen=True, slots=True)
class Event:
    """at_us: CLOCK_MONOTONIC; request: its number in its worker"""

    request: int
    at_us: int
    kind: Kind
    subject: int
    count: int
    more: int
    figure: int
    text: str


def events_of(found: Sequence[Row]) -> list[Event]:
    """found: as Table.followed has them."""
    return [
        Event(
            request,
            at_us,
            Kind(kind),
            subject,
            count,
            more,
            figure if 0 <= figure < FIGURE_MAX else 0,
            printable(text),
        )
        for request, at_us, kind, subject, count, more, figure, text in found
        if Kind.BEGAN <= kind <= Kind.ENDED
    ]


def state_of(flags: int) -> str:
    """Why nobody elects it; where no flag says so, it is full or of another lbset."""
    for bits, text in STATES:
        if flags & bits:
            return text
    return "was no candidate: its lbset is another one, or it has no place"
