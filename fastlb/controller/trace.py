"""The way of live requests, as they end: `fastlb ctl trace`.

While somebody listens, workers write the steps of the requests that are asked for into
rings of the slot table (core/balance/follow.pyx), from which they are read here some
times a second. Nothing is traced beyond that: what to look for is said anew as long as
there is a reader, for TRACED_S at a time.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from fastlb.admin.reading import System
from fastlb.controller.desk import Desk
from fastlb.controller.events import QUIET_S, chunk
from fastlb.controller.trace_steps import Traced
from fastlb.facts.trace import Event, Kind, events_of

POLL_S: Final = 0.02
TRACED_S: Final = 2.0
REQUESTS_MAX: Final = 1024
"""That are followed at once; of what is beyond the oldest are forgotten."""
METHOD_BYTES, HOST_BYTES, PATH_BYTES = 31, 255, 511
"""There is room for (table.h)."""
_IPV4_BITS: Final = 96  # of ::ffff:0:0 before an IPv4 address

Found = dict[str, Any]


class TraceError(ValueError):
    """What is asked for cannot be read; the message is the operator's."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Of which requests the way is told. What is empty or 0 holds for all.

    network, bits  of the client, as sixteen bytes
    status         "502", "5xx"
    slower_s       seconds from its head to its end, at least
    count          so many requests, then it is over; 0: without end
    """

    method: bytes = b""
    host: bytes = b""
    path: bytes = b""
    network: bytes = bytes(16)
    bits: int = 0
    status: str = ""
    member: str = ""
    balancer: str = ""
    slower_s: float = 0.0
    count: int = 0

    def holds(self, told: Found) -> bool:
        """... of a request that has ended: what workers cannot know when it begins."""
        asked = set(told["members"])
        near = {url.split("://", 1)[-1].strip("/") for url in asked}
        return (
            (not self.status or _is_of(told["status"], self.status))
            and (not self.member or self.member in asked | near)
            and (not self.balancer or self.balancer == told["balancer"])
            and told["seconds"] >= self.slower_s
        )


def _is_of(status: int, wanted: str) -> bool:
    return wanted in (str(status), f"{status // 100}xx")


def _when(one: Found) -> float:
    return float(one.get("unix_seconds", math.inf))


def sought_of(query: str) -> Sought:
    """TraceError."""
    said = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in READS:
            raise TraceError(f"{key}= is none of {', '.join(READS)}")
        if key in said:
            raise TraceError(f"{key}= comes twice")
        said[key] = value
    found: Found = {}
    for key, value in said.items():
        found |= READS[key](key, value)
    return Sought(**found)


def _text(room: int) -> Any:
    def read(key: str, value: str) -> Found:
        data = value.encode("utf-8", "surrogateescape")
        if not data or b"\0" in data or len(data) > room:
            raise TraceError(f"{key}= is a text of at most {room} bytes")
        return {key: data}

    return read


def _client(key: str, value: str) -> Found:
    try:
        of = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise TraceError(f"{key}={value}: no address, and no network") from None
    packed, bits = of.network_address.packed, of.prefixlen
    if of.version == 4:
        packed, bits = bytes(10) + b"\xff\xff" + packed, bits + _IPV4_BITS
    return {"network": packed, "bits": bits}


def _status(key: str, value: str) -> Found:
    is_class = len(value) == 3 and value[0] in "12345" and value[1:] == "xx"
    if not is_class and not (value.isdecimal() and 100 <= int(value) <= 599):
        raise TraceError(f"{key}={value}: write a status, or a class as 5xx")
    return {key: value}


def _name(key: str, value: str) -> Found:
    return {key: value.removeprefix("balancer://").strip("/")}


def _member(key: str, value: str) -> Found:
    return {key: value}


def _time(key: str, value: str) -> Found:
    number, factor = (
        (value[:-2], 0.001) if value.endswith("ms") else (value.removesuffix("s"), 1.0)
    )
    try:
        seconds = float(number) * factor
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise TraceError(f"{key}={value}: write 200ms, or 1.5s")
    return {"slower_s": seconds}


def _count(key: str, value: str) -> Found:
    if not (value.isdecimal() and len(value) < 10):
        raise TraceError(f"{key}={value} is no number")
    return {key: int(value)}


READS: Final = {
    "method": _text(METHOD_BYTES),
    "host": _text(HOST_BYTES),
    "path": _text(PATH_BYTES),
    "from": _client,
    "status": _status,
    "member": _member,
    "balancer": _name,
    "slower": _time,
    "count": _count,
}
"""Keys of the query, and what reads each."""


class Trace:
    """One at a time: it says for all workers which requests are followed."""

    def __init__(
        self, desk: Desk, leaving: asyncio.Event, system: System | None = None
    ) -> None:
        self._desk = desk
        self._leaving = leaving
        self._system = system or System()
        self._slots = {slot: i for i, slot in enumerate(desk.facts.member_slots)}
        self._open: dict[tuple[int, int], Traced] = {}
        self._read: dict[int, tuple[int, int]] = {}
        self._skipped: dict[int, int] = {}
        self.is_taken = False

    async def tell(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        sought: Sought,
    ) -> None:
        """Lines of JSON, in chunks, until either side goes or all are told."""
        self.is_taken = True
        told, quiet_s = 0, 0.0
        try:
            self._begin(sought)
            while not (
                reader.at_eof()
                or self._leaving.is_set()
                or (sought.count and told >= sought.count)
            ):
                lines = []
                for one in sorted(self.found(), key=_when):
                    if one["kind"] == "request":
                        if not sought.holds(one) or 0 < sought.count <= told:
                            continue
                        told += 1
                    lines.append(json.dumps(one) + "\n")
                quiet_s = 0.0 if lines else quiet_s + POLL_S
                if quiet_s >= QUIET_S:
                    quiet_s = 0.0
                    lines.append("\n")
                if lines:
                    writer.write(chunk("".join(lines).encode()))
                await writer.drain()
                await asyncio.sleep(POLL_S)
                self._desk.table.follow_until(self._until_us())
        finally:
            self._desk.table.follow_until(0)
            self.is_taken = False
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    def _until_us(self) -> int:
        return self._system.monotonic_us() + int(TRACED_S * 1e6)

    def _begin(self, sought: Sought) -> None:
        """What was followed for another reader is none of this one's."""
        self._open.clear()
        for slot, pid in self._workers():
            written, skipped, _ = self._desk.table.followed(slot, 0)
            self._read[slot] = pid, written
            self._skipped[slot] = skipped
        self._desk.table.follow(
            self._until_us(),
            sought.method,
            sought.host,
            sought.path,
            sought.network,
            sought.bits,
        )

    def _workers(self) -> Iterator[tuple[int, int]]:
        """Slot and process of those that have this model."""
        for one in self._desk.table.snapshot_workers():
            if one["generation"] == self._desk.facts.generation:
                yield one["slot"], one["pid"]

    def found(self) -> Iterator[Found]:
        """Requests that have ended since the last look, and how many were left out."""
        left_out = 0
        for slot, pid in self._workers():
            before, since = self._read.get(slot, (0, 0))
            if before != pid:  # another worker has the slot now
                self._forget(slot)
            written, skipped, rows = self._desk.table.followed(slot, since)
            self._read[slot] = pid, written
            left_out += (skipped - self._skipped.get(slot, skipped)) & 0xFFFFFFFF
            self._skipped[slot] = skipped
            for event in events_of(rows):
                one = self._took(slot, pid, event)
                if one is not None:
                    yield one.told()
        if left_out:
            yield {"kind": "skipped", "requests": left_out}

    def _forget(self, slot: int) -> None:
        for key in [key for key in self._open if key[0] == slot]:
            del self._open[key]

    def _took(self, slot: int, pid: int, event: Event) -> Traced | None:
        """The request that ends with it."""
        key = slot, event.request
        if event.kind is Kind.BEGAN:
            began_s = (
                self._system.now_us() - self._system.monotonic_us() + event.at_us
            ) / 1e6
            self._open[key] = Traced(self._desk.model, self._slots, pid, began_s)
            if len(self._open) > REQUESTS_MAX:
                del self._open[next(iter(self._open))]
        one = self._open.get(key)
        if one is None:
            return None
        one.take(event)
        return self._open.pop(key) if event.kind is Kind.ENDED else None
