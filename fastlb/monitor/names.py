"""Names of members, asked for again before their addresses are out of date.

The master looks every name up once; what it could not find in time, and what it found
when that no longer holds, is asked for here. What changes goes into the table, where
workers find it with their next connection. Of a name that nobody can say anything about
the last addresses stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fastlb._core import Table
from fastlb.facts.member import Member
from fastlb.facts.member_changes import CAUSES, Cause
from fastlb.facts.words import Compat
from fastlb.monitor.verdict import name_delay_s
from fastlb.names.answer import (
    NAME_PERIOD_S,
    NAME_TTL_MAX_S,
    NAME_TTL_MIN_S,
    Answer,
    State,
)
from fastlb.names.period import NEVER, period_of

# Of a member in error: perhaps its name has moved, whatever time was promised.
NAME_IN_ERROR_PERIOD_S = 5.0


class LooksUp(Protocol):
    """names/resolver.py, or a test's."""

    async def look_up(self, host: str, known: Sequence[str] = ()) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Line:
    """For the error log."""

    level: str
    text: str


class Name:
    """The watch over one name, for all members that have it and renew it alike."""

    def __init__(
        self,
        host: str,
        period_s: float | None,
        members: Sequence[tuple[Member, int]],
        table: Table,
        now_s: float,
    ) -> None:
        self.host = host
        self.running = False
        self._period_s = period_s
        self._members = members
        self._table = table
        self._misses = 0
        self._trouble: State | None = None  # what was said of it last
        self._ttl_s = NAME_PERIOD_S
        self._asked_s = now_s
        self.due_s = now_s + name_delay_s(0)
        if self.is_known():
            # As whoever asked last has left it, master or monitor.
            left_s = min(table.renewal_us(slot) for _, slot in members) / 1e6
            self.due_s = min(left_s, now_s + (period_s or NAME_TTL_MAX_S))

    def is_known(self) -> bool:
        return all(self._table.addresses(slot) for _, slot in self._members)

    @property
    def slots(self) -> list[int]:
        return [slot for _, slot in self._members]

    def is_due(self, now_s: float) -> bool:
        if self.running:
            return False
        if now_s < self.due_s and self._is_in_error():
            self.due_s = min(self.due_s, self._asked_s + NAME_IN_ERROR_PERIOD_S)
        if now_s < self.due_s:
            return False
        return self._period_s != NEVER or not self.is_known()

    def _is_in_error(self) -> bool:
        return self._period_s != NEVER and any(
            "E" in self._table.member_flags(slot) for slot in self.slots
        )

    async def attempt(self, resolver: LooksUp, clock: Clock) -> list[Line]:
        """Ask once; what is to be said of it."""
        self.running = True
        known = [host for host, _ in self._table.addresses(self._members[0][1])]
        try:
            answer = await resolver.look_up(self.host, known)
            if answer.state is State.FOUND:
                return self._found(answer)
            return self._missed(answer)
        except BaseException:
            self._misses += 1
            raise
        finally:
            # Whatever came of it: else it would be due again with the next turn.
            self.running = False
            self._asked_s = clock.time()
            self.due_s = self._asked_s + self._wait_s()
            self._tell_renewal()

    def _tell_renewal(self) -> None:
        renewal_us = int(self.due_s * 1e6)
        if self._period_s == NEVER and self.is_known():
            renewal_us = 0
        for _, slot in self._members:
            self._table.set_renewal(slot, renewal_us)

    def _wait_s(self) -> float:
        period_s = self._ttl_s if self._period_s is None else self._period_s
        if not self._misses:
            return period_s
        wait_s = name_delay_s(self._misses)
        if self._trouble is None or self._period_s == NEVER:
            return wait_s
        return min(wait_s, max(period_s, NAME_TTL_MIN_S))

    def _found(self, answer: Answer) -> list[Line]:
        lines = []
        if self._trouble is not None:
            lines.append(Line("notice", f"FB0509: {self.host}: name servers know it"))
        self._misses = 0
        self._trouble = None
        self._ttl_s = answer.ttl_s
        before: dict[str, None] = {}
        for member, slot in self._members:
            old = self._table.addresses(slot)
            new = [(host, member.peer_port) for host in answer.addresses]
            has_moved = self._table.set_addresses(slot, new)
            # E was about the address that it had, or that it had none: retry= has no
            # part in it.
            if (not old or has_moved) and self._table.mark_up(
                slot, CAUSES.index(Cause.NAME)
            ):
                lines.append(
                    Line(
                        "notice",
                        f"FB0503: member {member.url} is back: {self.host} is known"
                        f" {'by another address' if old else 'now'}",
                    )
                )
            if not old:
                lines.append(
                    Line(
                        "info",
                        f"FB0504: member {member.url}: {self.host} is now known as "
                        f"{', '.join(answer.addresses)}",
                    )
                )
            elif has_moved:
                before |= dict.fromkeys(host for host, _ in old)
        if before:
            lines.append(
                Line(
                    "notice",
                    f"FB0507: {self.host} has moved: {', '.join(before)} -> "
                    f"{', '.join(answer.addresses)}",
                )
            )
        return lines

    def _missed(self, answer: Answer) -> list[Line]:
        self._misses += 1
        if not self.is_known() or self._trouble is answer.state:
            return []
        self._trouble = answer.state
        return [
            Line(
                "warn",
                f"FB0508: {self.host}: {answer.why}: its members keep the addresses "
                "that they have",
            )
        ]


class Clock(Protocol):
    """A loop's time()."""

    def time(self) -> float: ...


def names_of(
    members: Iterable[tuple[Member, int]], compat: Compat, table: Table, now_s: float
) -> list[Name]:
    """One for each name and each way to renew it. members: with their slots."""
    alike: dict[tuple[str, float | None], list[tuple[Member, int]]] = {}
    for member, slot in members:
        if member.is_named:
            key = (member.peer_host, period_of(member, compat))
            alike.setdefault(key, []).append((member, slot))
    return [
        Name(host, period_s, found, table, now_s)
        for (host, period_s), found in alike.items()
    ]
