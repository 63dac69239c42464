"""One question to name servers, over UDP and, where the answer does not fit, TCP.

A socket for each question has a port that the kernel chose at random and takes
datagrams of the server alone; what does not fit the question (its number, its name, its
type) is passed over, and the right answer still waited for.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from fastlb.names import packet
from fastlb.names.packet import BadName, Malformed, Reply
from fastlb.names.settings import Asking, Server

__all__ = ["BadName", "NoAnswer", "Told", "ask"]

DATAGRAM_BYTES_MAX = 4096  # three times of what is asked for; the rest is cut off
EDNS_PAYLOAD = 1232
MALFORMED_MAX = 16  # that have the right number and question: whoever sends them knows


@dataclass(frozen=True, slots=True)
class Told:
    """What name servers say of one name and one kind of address.

    addresses  in the order of the answer; () where there are none
    ttl_s      how long that holds, the least of the chain that led there
    server     who said it
    """

    addresses: tuple[str, ...]
    ttl_s: float
    server: Server


class NoAnswer(Exception):
    """Nobody said anything that can be used: str() says why. servfail: they answered,
    and could not say."""

    def __init__(self, why: str, *, servfail: bool = False) -> None:
        super().__init__(why)
        self.servfail = servfail


async def ask(name: str, kind: str, servers: Sequence[Server], asking: Asking) -> Told:
    """kind: A or AAAA. servers: in the order in which they are tried. NoAnswer,
    BadName."""
    failure: NoAnswer | None = None
    for attempt in range(asking.attempts):
        # As the C library: later rounds share what the first one gave to each.
        wait_s = asking.timeout_s * 2**attempt
        if attempt:
            wait_s = max(1.0, wait_s / len(servers))
        for server in servers:
            asked = packet.question(
                name,
                kind,
                int.from_bytes(os.urandom(2)),
                payload=EDNS_PAYLOAD if asking.edns else 0,
            )
            try:
                reply = await asyncio.wait_for(
                    _exchange(asked, server, asking.by_tcp), wait_s
                )
                return _told(reply, server)
            except NoAnswer as error:
                # That somebody answered tells more than that nobody did.
                failure = error if error.servfail or failure is None else failure
            except (TimeoutError, OSError, EOFError) as error:
                why = getattr(error, "strerror", None) or "timed out"
                failure = failure or NoAnswer(f"{server[0]}: {why}")
    raise failure or NoAnswer("there is no name server")


def _told(reply: Reply, server: Server) -> Told:
    if reply.code not in (packet.NOERROR, packet.NXDOMAIN):
        is_named = reply.code < len(packet.CODES)
        code = packet.CODES[reply.code] if is_named else f"code {reply.code}"
        raise NoAnswer(f"{server[0]}: {code}", servfail=True)
    if reply.fault:
        raise NoAnswer(f"{server[0]}: {reply.fault}", servfail=True)
    return Told(reply.addresses, reply.ttl_s, server)


async def _exchange(asked: bytes, server: Server, by_tcp: bool) -> Reply:
    if by_tcp:
        return await _by_tcp(asked, server)
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        sock.connect(server)
        sock.send(asked)
        malformed = 0
        while True:  # ends with the caller's time
            data = await loop.sock_recv(sock, DATAGRAM_BYTES_MAX)
            # What is there already is not waited for: without this, whoever sends
            # faster than it is read would stop everything else, and the clock.
            await asyncio.sleep(0)
            if not packet.answers(data, asked):
                continue
            if packet.is_cut(data):
                return await _by_tcp(asked, server)
            try:
                return packet.read(data)
            except Malformed as error:
                malformed += 1
                if malformed >= MALFORMED_MAX:
                    raise NoAnswer(f"{server[0]}: {error}", servfail=True) from None


async def _by_tcp(asked: bytes, server: Server) -> Reply:
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(struct.pack("!H", len(asked)) + asked)
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        data = await reader.readexactly(size)
    finally:
        writer.close()
    if not packet.answers(data, asked):
        raise NoAnswer(f"{server[0]}: answers another question", servfail=True)
    try:
        return packet.read(data)
    except Malformed as error:
        raise NoAnswer(f"{server[0]}: {error}", servfail=True) from None
