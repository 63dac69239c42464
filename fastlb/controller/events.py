"""What happens to members and what operators change, as it happens.

Members that go out and come back are found in the slot table, which is looked at while
somebody listens; what is changed passes through the controller anyway.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from fastlb.admin.reading import System
from fastlb.controller.desk import Desk
from fastlb.facts.adjustments import NOTHING_CHANGED, Adjustment, Answer, Deed
from fastlb.facts.member_changes import changes_of

POLL_S: Final = 0.2
QUIET_S: Final = 15.0
"""An empty line then: whoever has gone is found out."""
KEPT_MAX: Final = 64
"""Adjustments that a listener may come too late for."""
LISTENERS_MAX: Final = 16

LINES: Final = "application/x-ndjson"

Event = dict[str, Any]


class Events:
    """listeners: how many there are. leaving: set when all are to go."""

    def __init__(self, desk: Desk, system: System | None = None) -> None:
        self._desk = desk
        self._system = system or System()
        self._adjustments: deque[Event] = deque(maxlen=KEPT_MAX)
        self.listeners = 0
        self.leaving = asyncio.Event()

    def now_s(self) -> float:
        return self._system.monotonic_us() / 1e6

    def note(self, asked: Adjustment, answer: Answer) -> None:
        """What was changed."""
        if not answer.done or answer.text in ("", NOTHING_CHANGED):
            return
        if asked.deed is Deed.TELL:
            return
        name, _, host = asked.balancer.removeprefix("balancer://").partition("@")
        said = {
            "kind": "adjusted",
            "balancer": name or None,
            "host": host,
            "member": asked.member or None,
            "text": answer.text,
            "who": asked.who,
        }
        self._adjustments.append(self._at(self._system.monotonic_us(), said))

    def since(self, after_s: float) -> list[Event]:
        """All that is known from then on, the oldest first."""
        found = [one for one in self._adjustments if one["at_seconds"] > after_s]
        found += (one for one in self._members() if one["at_seconds"] > after_s)
        return sorted(found, key=lambda one: float(one["at_seconds"]))

    def _members(self) -> Iterator[Event]:
        desk, now_us = self._desk, self._system.monotonic_us()
        serving = desk.model.serving()
        for index, member in enumerate(desk.model.members):
            if index not in serving:
                continue
            balancer = (
                desk.model.balancers[member.balancer_index]
                if member.balancer_index >= 0
                else None
            )
            slot = desk.facts.member_slots[index]
            for one in changes_of(desk.table.changes(slot), now_us):
                said = {
                    "kind": "out" if one.is_out else "back",
                    "balancer": balancer.plain_name if balancer else None,
                    "host": balancer.host if balancer else "",
                    "member": member.url,
                    "text": one.why,
                    "who": f"process {one.pid}",
                }
                yield self._at(one.at_us, said)

    def _at(self, at_us: int, said: Event) -> Event:
        ago_us = self._system.monotonic_us() - at_us
        wall_s = (self._system.now_us() - ago_us) / 1e6
        return {"at_seconds": at_us / 1e6, "unix_seconds": round(wall_s, 3), **said}

    async def tell(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, since_s: float
    ) -> None:
        """Lines of JSON, in chunks (RFC 9112, 7.1), until either side goes."""
        self.listeners += 1
        try:
            quiet_s = 0.0
            is_over = False
            while not (is_over or reader.at_eof()):
                is_over = await self._is_leaving()
                told = self.since(since_s)
                quiet_s = 0.0 if told else quiet_s + POLL_S
                if told:
                    since_s = told[-1]["at_seconds"]
                    text = "".join(json.dumps(one) + "\n" for one in told)
                    writer.write(chunk(text.encode()))
                elif quiet_s >= QUIET_S:
                    quiet_s = 0.0
                    writer.write(chunk(b"\n"))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        finally:
            self.listeners -= 1

    async def _is_leaving(self) -> bool:
        try:
            await asyncio.wait_for(self.leaving.wait(), POLL_S)
        except TimeoutError:
            return False
        return True


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def since_of(query: str, now_s: float) -> float | None:
    """since=SECONDS, of the event that was seen last; without it, from now on. None:
    it cannot be read."""
    if not query:
        return now_s
    name, _, value = query.partition("=")
    try:
        since_s = float(value)
    except ValueError:
        return None
    return since_s if name == "since" and math.isfinite(since_s) else None
