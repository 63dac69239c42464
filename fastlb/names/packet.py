"""Questions to name servers and their answers as bytes: RFC 1035 4.1, no more of it
than addresses take.

An answer is a stranger's. Whether it answers at all is read off its front
(`answers`), before anything in it is followed; what is read then has a bound for each
of its parts, and is read once, so that the worst one takes milliseconds.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

RECORDS_MAX: Final = 1024
"""Read of one answer; what stands behind them is not looked at."""
LINKS_MAX: Final = 16
"""Aliases (CNAME) on the way from a name to its addresses."""
HOPS_MAX: Final = 16
"""Pointers on the way through one name."""
NAME_BYTES_MAX: Final = 255
LABEL_BYTES_MAX: Final = 63

TYPES: Final = {"A": 1, "AAAA": 28}
CNAME: Final = 5
OPT: Final = 41
IN: Final = 1

QR, TC, RD, RA = 0x8000, 0x0200, 0x0100, 0x0080
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
CODES: Final = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
ENDLESS: Final = "a chain without an end"

_HEAD: Final = struct.Struct("!6H")  # number, flags, and how many of four sections
_RECORD: Final = struct.Struct("!HHIH")  # type, class, TTL, bytes of what it says
_LABEL_END, _POINTER = 0x40, 0xC0
_RECORD_BYTES_MIN: Final = 1 + _RECORD.size
_FAMILIES: Final = {
    TYPES["A"]: (socket.AF_INET, 4),
    TYPES["AAAA"]: (socket.AF_INET6, 16),
}


class BadName(Exception):
    """No name server can know such a name."""


class Malformed(Exception):
    """Bytes that are no answer; str() says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one answer says. code: RFC 1035 4.1.1, RFC 6891 6.1.3.

    addresses  in their order, of the name at the end of the chain; () for none
    ttl_s      how long that holds, the least of the chain that led there
    fault      why that is of no use, in words; "": it is
    """

    code: int
    addresses: tuple[str, ...] = ()
    ttl_s: float = 0.0
    fault: str = ""


def question(name: str, kind: str, number: int, *, payload: int = 0) -> bytes:
    """name: with its last dot, or without. kind: one of TYPES. payload: bytes of the
    largest datagram that is taken (EDNS); 0: nothing is said of it. BadName."""
    try:
        labels = name.removesuffix(".").encode("ascii").split(b".")
    except UnicodeEncodeError:
        raise BadName("a name that is not ASCII") from None
    if b"\0" in b"".join(labels):
        raise BadName("a name with a NUL")
    if not all(0 < len(label) <= LABEL_BYTES_MAX for label in labels):
        raise BadName("a label that is empty, or longer than 63 bytes")
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(wire) > NAME_BYTES_MAX:
        raise BadName("a name longer than 255 bytes")
    head = _HEAD.pack(number, RD, 1, 0, 0, 1 if payload else 0)
    more = b"\0" + _RECORD.pack(OPT, payload, 0, 0) if payload else b""
    return head + wire + struct.pack("!HH", TYPES[kind], IN) + more


def answers(data: bytes, asked: bytes) -> bool:
    """Has it the number and the question of what was asked, and is it an answer?

    Servers that understood nothing may leave the question out.
    """
    if len(data) < _HEAD.size:
        return False
    number, flags, questions, *counts = _HEAD.unpack_from(data)
    if number != _HEAD.unpack_from(asked)[0] or not flags & QR or flags >> 11 & 15:
        return False
    if not questions:
        return flags & 15 in (FORMERR, SERVFAIL, NOTIMP, REFUSED) and not any(
            counts[:2]
        )
    end = asked.index(b"\0", _HEAD.size) + 5
    # Lengths and types are no letters.
    place = slice(_HEAD.size, end)
    return questions == 1 and data[place].lower() == asked[place].lower()


def is_cut(data: bytes) -> bool:
    """The rest did not fit into a datagram."""
    return bool(_HEAD.unpack_from(data)[1] & TC)


def read(data: bytes) -> Reply:
    """Of one that `answers`. Malformed."""
    try:
        return _read(data)
    except (IndexError, struct.error):
        raise Malformed("it ends within a record") from None


def _read(data: bytes) -> Reply:
    _, flags, questions, answered, authority, added = _HEAD.unpack_from(data)
    if (answered + authority + added) * _RECORD_BYTES_MIN > len(data) - _HEAD.size:
        raise Malformed("it says that it has more records than there is room for")
    at = _HEAD.size
    names = Names(data)
    name, kind = b"\0", 0
    if questions:
        name, at = names.read(at)
        kind, _ = struct.unpack_from("!HH", data, at)
        at += 4
    code = flags & 15
    links: dict[bytes, tuple[bytes, int]] = {}
    found: dict[bytes, list[tuple[str, int]]] = {}
    total = answered + authority + added
    for number, record in enumerate(_records(data, names, at, total)):
        owner, its_kind, its_class, ttl, start, size = record
        if its_kind == OPT:
            code |= ttl >> 24 << 4
        if number >= answered or its_class != IN:
            continue
        if its_kind == CNAME:
            links.setdefault(owner, (names.read(start)[0], ttl))
        elif its_kind == kind and its_kind in _FAMILIES:
            family, length = _FAMILIES[its_kind]
            if size != length:
                raise Malformed("an address of another length")
            address = socket.inet_ntop(family, data[start : start + size])
            found.setdefault(owner, []).append((address, ttl))
    return _follow(name, code, links, found, not flags & RA and not authority)


def _follow(
    name: bytes,
    code: int,
    links: dict[bytes, tuple[bytes, int]],
    found: dict[bytes, list[tuple[str, int]]],
    knows_no_more: bool,
) -> Reply:
    """From the name that was asked for to its addresses."""
    ttls: list[int] = []
    while name not in found and name in links:
        if len(ttls) >= LINKS_MAX:
            return Reply(code, fault=ENDLESS)
        name, ttl = links[name]
        ttls.append(ttl)
    told = found.get(name, [])
    if told and code == NXDOMAIN:
        return Reply(code, fault="addresses of a name that does not exist")
    if ttls and not told and code == NOERROR and knows_no_more:
        # An alias whose end the server does not know: it does not recurse.
        return Reply(code, fault=ENDLESS)
    ttls += [ttl for _, ttl in told]
    addresses = tuple(dict.fromkeys(address for address, _ in told))
    return Reply(code, addresses, float(min(ttls)) if told else 0.0)


def _records(
    data: bytes, names: Names, at: int, total: int
) -> Iterator[tuple[bytes, int, int, int, int, int]]:
    """(whose, type, class, TTL, where what it says begins, its bytes) of each."""
    for _ in range(min(total, RECORDS_MAX)):
        owner, at = names.read(at)
        kind, its_class, ttl, size = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + size > len(data):
            raise Malformed("it ends within a record")
        # RFC 2181 8: what would be negative is none. Of OPT it is no time.
        is_time = kind != OPT and ttl > 0x7FFFFFFF
        yield owner, kind, its_class, 0 if is_time else ttl, at, size
        at += size
    if total <= RECORDS_MAX and at != len(data):
        raise Malformed("it goes on behind its last record")


class _Tail(NamedTuple):
    """What a name is from one of its labels on."""

    labels: bytes  # in small letters, with their lengths
    hops: int
    target: int  # of its first pointer; -1: it has none
    end: int  # of the bytes that follow each other


class Names:
    """Names of one answer. Each label is looked at once, however many lead there."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._known: dict[int, _Tail] = {}  # by where it begins

    def read(self, at: int) -> tuple[bytes, int]:
        """A name in small letters, as labels with their lengths, and where it ends."""
        tail = self._tail(at, 0)
        return tail.labels, tail.end

    def _tail(self, first: int, hops: int) -> _Tail:
        """hops: pointers on the way to `first`."""
        places: list[int] = []
        at, size = first, 0
        while (tail := self._known.get(at)) is None:
            length = self._data[at]
            if length >= _POINTER:
                tail = self._led(at, first, hops)
                break
            size += length + 1
            if length >= _LABEL_END or size > NAME_BYTES_MAX:
                raise Malformed("a name that is none")
            places.append(at)
            at += 1 + length
            if not length:
                tail = _Tail(b"", 0, -1, at)
                break
        if tail.target >= first or hops + tail.hops > HOPS_MAX:
            raise Malformed("a name that leads nowhere")
        for place in reversed(places):
            label = self._data[place : place + 1 + self._data[place]].lower()
            tail = tail._replace(labels=label + tail.labels)
            if len(tail.labels) > NAME_BYTES_MAX:
                raise Malformed("a name that is none")
            self._known[place] = tail
        return tail

    def _led(self, at: int, first: int, hops: int) -> _Tail:
        """What the pointer leads to: before its name, so that none is a circle."""
        target = (self._data[at] & 0x3F) << 8 | self._data[at + 1]
        if target >= first or hops >= HOPS_MAX:
            raise Malformed("a name that leads nowhere")
        inner = self._tail(target, hops + 1)
        tail = _Tail(inner.labels, inner.hops + 1, target, at + 2)
        self._known[at] = tail
        return tail
