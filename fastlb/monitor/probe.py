"""Bringing members back: a TCP connection to each one that is in error.

A member at ajp:// must answer a CPING, too.

Only members whose retry= is not written are probed: where it is written, Apache's
rule holds and the next request after that time is the test. And only after a failed
connection: what put a member out by its answers (failonstatus) is not disproved by
one.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence
from contextlib import suppress

from fastlb._core import Table
from fastlb.facts.member import Member
from fastlb.monitor.verdict import probe_delay_s

CONNECT_TIMEOUT_S = 5.0
IN_ERROR = "E"
FOR_NOBODY = {
    1: b"PROXY UNKNOWN\r\n",
    2: b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",  # version 2, LOCAL: no addresses
}
"""PROXY headers of a connection that is for no client."""
CPING, CPONG = b"\x12\x34\x00\x01\x0a", b"AB\x00\x01\x09"
"""AJP's question whether somebody is there, and its answer."""
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
    if member.unix_path is not None:
        # Bytes, as the core connects: a path need not be text in any encoding.
        path = member.unix_path.encode("latin-1")
        return await _connects(loop, socket.AF_UNIX, path, member)
    for host, port in addresses:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        if await _connects(loop, family, (host, port), member):
            return True
    return False


async def _connects(
    loop: asyncio.AbstractEventLoop,
    family: socket.AddressFamily,
    address: bytes | tuple[str, int],
    member: Member,
) -> bool:
    limit_ms = member.connect_timeout_ms or member.timeout_ms
    limit_s = min(CONNECT_TIMEOUT_S, limit_ms / 1000) if limit_ms else CONNECT_TIMEOUT_S
    with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        try:
            if member.source_address and family != socket.AF_UNIX:
                sock.bind((member.source_address, 0))
            number = sock.connect_ex(address)
        except OSError:
            return False
        if number == errno.EINPROGRESS:
            # loop.sock_connect would start threads to resolve what is a literal.
            if not await _is_writable(loop, sock, limit_s):
                return False
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number == 0 and member.proxy_protocol:
            # Who waits for a header logs a fault of a connection without one.
            with suppress(OSError):
                sock.send(FOR_NOBODY[member.proxy_protocol])
        if number == 0 and member.scheme == "ajp":
            return await _pongs(loop, sock, limit_s)
    return number == 0


async def _pongs(
    loop: asyncio.AbstractEventLoop, sock: socket.socket, limit_s: float
) -> bool:
    """A container that is stuck still has connections taken for it, by its kernel."""
    said = b""
    try:
        async with asyncio.timeout(limit_s):
            await loop.sock_sendall(sock, CPING)
            while len(said) < len(CPONG):
                data = await loop.sock_recv(sock, len(CPONG) - len(said))
                if not data:
                    break
                said += data
    except (OSError, TimeoutError):
        return False
    return said == CPONG


async def _is_writable(
    loop: asyncio.AbstractEventLoop, sock: socket.socket, limit_s: float
) -> bool:
    """Wait for the end of a connect, whichever it is; False when it takes too long."""
    writable = asyncio.Event()
    loop.add_writer(sock, writable.set)
    try:
        await asyncio.wait_for(writable.wait(), limit_s)
    except TimeoutError:
        return False
    finally:
        loop.remove_writer(sock)
    return True
