"""One question to name servers, over UDP and, where the answer does not fit, TCP.

dnspython makes the question and reads the answer: a parser of strangers' bytes that
cannot write beyond its memory. A socket for each question has a port that the kernel
chose at random and takes datagrams of the server alone; what does not fit the question
(its number, its name, its type) is passed over, and the right answer still waited for.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.SOA
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA  # ... all of which are else loaded when an answer comes

from fastlb.names.settings import Asking, Server

DATAGRAM_BYTES_MAX = 65_535
EDNS_PAYLOAD = 1232


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
    """kind: A or AAAA. servers: in the order in which they are tried. NoAnswer."""
    try:
        query = dns.message.make_query(
            dns.name.from_text(name), kind, use_edns=0 if asking.edns else None
        )
    except (dns.exception.DNSException, UnicodeError, ValueError) as error:
        raise BadName(str(error)) from None
    if asking.edns:
        query.use_edns(0, payload=EDNS_PAYLOAD)
    failure: NoAnswer | None = None
    for attempt in range(asking.attempts):
        # As the C library: later rounds share what the first one gave to each.
        wait_s = asking.timeout_s * 2**attempt
        if attempt:
            wait_s = max(1.0, wait_s / len(servers))
        for server in servers:
            try:
                answer = await asyncio.wait_for(
                    _exchange(query, server, asking.by_tcp), wait_s
                )
                return _told(answer, server)
            except NoAnswer as error:
                # That somebody answered tells more than that nobody did.
                failure = error if error.servfail or failure is None else failure
            except (TimeoutError, OSError, EOFError) as error:
                why = getattr(error, "strerror", None) or "timed out"
                failure = failure or NoAnswer(f"{server[0]}: {why}")
    raise failure or NoAnswer("there is no name server")


class BadName(Exception):
    """No name server can know such a name."""


def _told(answer: dns.message.Message, server: Server) -> Told:
    code = answer.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise NoAnswer(f"{server[0]}: {dns.rcode.to_text(code)}", servfail=True)
    try:
        found = answer.resolve_chaining()  # type: ignore[attr-defined]
    except dns.exception.DNSException as error:
        raise NoAnswer(f"{server[0]}: {error}", servfail=True) from None
    addresses = () if found.answer is None else tuple(str(one) for one in found.answer)
    if (
        not addresses
        and found.cnames
        and code == dns.rcode.NOERROR
        and _is_lame(answer)
    ):
        raise NoAnswer(f"{server[0]}: a chain without an end", servfail=True)
    return Told(addresses, float(found.minimum_ttl), server)


def _is_lame(answer: dns.message.Message) -> bool:
    """An alias whose end the server does not know: it does not recurse."""
    return not answer.flags & dns.flags.RA and not answer.authority


async def _exchange(
    query: dns.message.Message, server: Server, by_tcp: bool
) -> dns.message.Message:
    if by_tcp:
        return await _by_tcp(query, server)
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        sock.connect(server)
        sock.send(query.to_wire())
        while True:  # ends with the caller's time
            data = await loop.sock_recv(sock, DATAGRAM_BYTES_MAX)
            try:
                answer = dns.message.from_wire(data)
            except Exception:  # whatever a stranger's bytes bring about
                if _is_cut(data, query):
                    return await _by_tcp(query, server)
                continue
            if not query.is_response(answer):
                continue
            if answer.flags & dns.flags.TC:
                return await _by_tcp(query, server)
            return answer


def _is_cut(data: bytes, query: dns.message.Message) -> bool:
    """Truncated in the middle of a record, as some servers do it."""
    if len(data) < 12:
        return False
    number, flags = struct.unpack_from("!HH", data)
    is_cut = flags & dns.flags.TC and flags & dns.flags.QR
    return bool(is_cut) and number == query.id


async def _by_tcp(query: dns.message.Message, server: Server) -> dns.message.Message:
    reader, writer = await asyncio.open_connection(*server)
    try:
        data = query.to_wire()
        writer.write(struct.pack("!H", len(data)) + data)
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        data = await reader.readexactly(size)
    finally:
        writer.close()
    try:
        answer = dns.message.from_wire(data)
    except Exception as error:  # as above
        raise NoAnswer(f"{server[0]}: {error}", servfail=True) from None
    if not query.is_response(answer):
        raise NoAnswer(f"{server[0]}: answers another question", servfail=True)
    return answer
