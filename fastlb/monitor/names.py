"""Addresses that were not known at start, and those that may change.

The master resolves every name once; what it could not find in time, and members with
addressttl=, are looked up here. A change of addresses goes into the table, where the
workers find it with their next connection.
"""

from __future__ import annotations

import asyncio
import encodings.idna  # noqa: F401 - looking up a name needs it after the fork
import socket

from fastlb._core import Table
from fastlb.base.limits import ADDRESSES_PER_MEMBER_MAX
from fastlb.facts.member import Member
from fastlb.monitor.verdict import name_delay_s

RENEWAL_MIN_S = 1.0
LOOK_UP_TIMEOUT_S = 30.0


class Name:
    """The watch over one member's name."""

    def __init__(
        self,
        member: Member,
        slot: int,
        table: Table,
        now_s: float,
    ) -> None:
        self.member = member
        self.slot = slot
        self._table = table
        self._misses = 0
        self.known = bool(table.addresses(slot))
        self.running = False
        self.due_s = now_s + (self._renewal_s() if self.known else name_delay_s(0))

    def is_due(self, now_s: float) -> bool:
        if self.running or (self.known and self.member.address_ttl_s < 0):
            return False
        return now_s >= self.due_s

    def _renewal_s(self) -> float:
        """addressttl= in seconds; 0 asks for more than the system should bear."""
        return max(RENEWAL_MIN_S, float(self.member.address_ttl_s))

    async def attempt(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Look the name up; True when a member without an address now has one."""
        self.running = True
        try:
            found = await look_up(loop, self.member.host)
        finally:
            self.running = False
        was_known = self.known
        if found:
            self._misses = 0
            self.known = True
            new = [(host, self.member.port) for host in found]
            if new != self._table.addresses(self.slot):
                self._table.set_addresses(self.slot, new)
            self.due_s = loop.time() + self._renewal_s()
            return not was_known
        self._misses += 1
        self.due_s = loop.time() + name_delay_s(self._misses)
        return False


async def look_up(loop: asyncio.AbstractEventLoop, host: str) -> list[str]:
    """Literal addresses in the system's order; [] when there are none."""
    try:
        infos = await asyncio.wait_for(
            loop.getaddrinfo(host, None, type=socket.SOCK_STREAM), LOOK_UP_TIMEOUT_S
        )
    except (OSError, UnicodeError, TimeoutError):
        return []
    return list(dict.fromkeys(str(info[4][0]) for info in infos))[
        :ADDRESSES_PER_MEMBER_MAX
    ]
