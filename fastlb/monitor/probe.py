"""Bringing members back: a TCP connection to each one that is in error.

A member at ajp:// must answer a CPING, too.

Only members whose retry= is not written are probed: where it is written, Apache's
rule holds and the next request after that time is the test. And only after a failed
connection: what put a member out by its answers (failonstatus) is not disproved by
one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastlb._core import Table
from fastlb.facts.member import Member
from fastlb.monitor.verdict import probe_delay_s
from fastlb.monitor.wire import WireError, connected, pongs

CONNECT_TIMEOUT_S = 5.0
IN_ERROR = "E"
KEPT_OUT = frozenset("DS")  # disabled or stopped by the operator: not ours to judge


class Probe:
    """The watch over one member."""

    def __init__(self, member: Member, slot: int, table: Table) -> None:
        self.member = member
        self.slot = slot
        self._table = table
        self.out_since_s: float | None = None
        self.due_s = 0.0
        self.running = False

    def is_due(self, now_s: float) -> bool:
        """Look at the member's flags; True when it is to be probed now."""
        if self.running:
            return False
        if not self._is_out():
            self.out_since_s = None
            return False
        if self.out_since_s is None:
            self.out_since_s = now_s
            self.due_s = now_s + probe_delay_s(0.0)
        return now_s >= self.due_s

    def _is_out(self) -> bool:
        """Out by an error that a connection disproves, and by nothing else."""
        flags = self._table.member_flags(self.slot)
        if IN_ERROR not in flags or KEPT_OUT.intersection(flags):
            return False
        return bool(self._table.snapshot_member(self.slot)["probe_clears"])

    async def attempt(self, loop: asyncio.AbstractEventLoop) -> bool:
        """One connection; True when it was taken and the member is marked up."""
        self.running = True
        try:
            reached = await can_connect(
                loop, self.member, self._table.addresses(self.slot)
            )
        finally:
            self.running = False
            now_s = loop.time()
            out_for_s = now_s - (self.out_since_s if self.out_since_s else now_s)
            self.due_s = now_s + probe_delay_s(out_for_s)
        return reached and self._table.mark_up(self.slot)


async def can_connect(
    loop: asyncio.AbstractEventLoop,
    member: Member,
    addresses: Sequence[tuple[str, int]],
) -> bool:
    """True when one of the member's addresses takes a connection."""
    limit_ms = member.connect_timeout_ms or member.timeout_ms
    limit_s = min(CONNECT_TIMEOUT_S, limit_ms / 1000) if limit_ms else CONNECT_TIMEOUT_S
    try:
        with await connected(loop, member, addresses, limit_s) as sock:
            if member.scheme == "ajp":
                async with asyncio.timeout(limit_s):
                    return await pongs(loop, sock)
            return True
    except (WireError, OSError, TimeoutError):
        return False
