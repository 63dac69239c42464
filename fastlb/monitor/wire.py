"""A connection of the monitor's own to a member, as its workers make them."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from fastlb.facts.health import Phase, Reason
from fastlb.facts.member import Member

if TYPE_CHECKING:
    from fastlb.tls.member_link import MemberLink

READ_BYTES: Final = 16_384
FOR_NOBODY: Final = {
    1: b"PROXY UNKNOWN\r\n",
    2: b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",  # version 2, LOCAL: no addresses
}
"""PROXY headers of a connection that is for no client."""
CPING: Final = b"\x12\x34\x00\x01\x0a"
CPONG: Final = b"AB\x00\x01\x09"
"""AJP's question whether somebody is there, and its answer."""

Address = bytes | tuple[str, int]


class WireError(Exception):
    """Why there is no connection, or none any more."""

    def __init__(self, phase: Phase, reason: Reason) -> None:
        super().__init__(reason.value)
        self.phase = phase
        self.reason = reason


async def connected(
    loop: asyncio.AbstractEventLoop,
    member: Member,
    known: Sequence[tuple[str, int]],
    limit_s: float,
) -> socket.socket:
    """A socket to the first of the member's addresses that takes a connection.

    known: as the table has them; limit_s: for each. WireError tells of the last one.
    """
    failure = WireError(Phase.ADDRESS, Reason.NO_ADDRESS)
    for family, address in places_of(member, known):
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            await _connect(loop, sock, address, member, limit_s)
        except WireError as problem:
            failure = problem
            sock.close()
            continue
        except BaseException:
            sock.close()
            raise
        return sock
    raise failure


def places_of(
    member: Member, known: Sequence[tuple[str, int]]
) -> list[tuple[socket.AddressFamily, Address]]:
    """Where the member is to be found. known: as the table has them."""
    if member.socket_name is not None:
        return [(socket.AF_UNIX, member.socket_name)]
    return [
        (socket.AF_INET6 if ":" in host else socket.AF_INET, (host, port))
        for host, port in known
    ]


async def _connect(
    loop: asyncio.AbstractEventLoop,
    sock: socket.socket,
    address: Address,
    member: Member,
    limit_s: float,
) -> None:
    number = begin_connect(sock, address, member)
    if number == errno.EALREADY:
        if not await _is_writable(loop, sock, limit_s):
            raise WireError(Phase.CONNECT, Reason.TIMEOUT)
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        refused = number == errno.ECONNREFUSED
        raise WireError(
            Phase.CONNECT, Reason.REFUSED if refused else Reason.UNREACHABLE
        )
    greet(sock, member)


def begin_connect(sock: socket.SocketType, address: Address, member: Member) -> int:
    """The number of what became of it; EALREADY: nothing yet.

    loop.sock_connect would start threads to resolve what is a literal.
    """
    try:
        if member.source_address and sock.family != socket.AF_UNIX:
            sock.bind((member.source_address, 0))
        number = sock.connect_ex(address)
        if number == errno.EINPROGRESS:
            # Of one on this machine it is known by now, and nobody has to wait for it.
            number = sock.connect_ex(address)
        return number
    except OSError:
        return errno.EADDRNOTAVAIL


def greet(sock: socket.SocketType, member: Member) -> None:
    """Who waits for a PROXY header logs a fault of a connection without one."""
    if member.proxy_protocol:
        with suppress(OSError):
            sock.send(FOR_NOBODY[member.proxy_protocol])


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


async def pongs(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> bool:
    """A container that is stuck still has connections taken for it, by its kernel."""
    said = b""
    await loop.sock_sendall(sock, CPING)
    while len(said) < len(CPONG):
        data = await loop.sock_recv(sock, len(CPONG) - len(said))
        if not data:
            break
        said += data
    return said == CPONG


class Wire:
    """What is sent and received on a connection, in TLS or not."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
        self._loop = loop
        self._sock = sock
        self._link: MemberLink | None = None

    async def secure(self, link: MemberLink) -> None:
        """The handshake; what follows goes through it. WireError."""
        from fastlb.tls.member_link import LinkError  # for those who have such members

        self._link = link
        try:
            while not link.handshake():
                await self._loop.sock_sendall(self._sock, link.give())
                data = await self._loop.sock_recv(self._sock, READ_BYTES)
                if not data:
                    raise WireError(Phase.TLS, Reason.CLOSED)
                link.take(data)
        except LinkError:
            raise WireError(Phase.TLS, Reason.TLS) from None
        await self._loop.sock_sendall(self._sock, link.give())
        if link.fault():
            raise WireError(Phase.TLS, Reason.CERTIFICATE)

    async def send(self, data: bytes) -> None:
        if self._link is not None:
            self._link.write(data)
            data = self._link.give()
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            await self._loop.sock_sendall(self._sock, data[sent:])

    async def receive(self, size: int) -> bytes:
        """At most size bytes; b"" at the end."""
        link = self._link
        if link is None:
            return await self._loop.sock_recv(self._sock, size)
        while True:
            data = link.read(size)
            if data is not None:
                return data
            await self._loop.sock_sendall(self._sock, link.give())
            data = await self._loop.sock_recv(self._sock, READ_BYTES)
            if not data:
                return b""
            link.take(data)
