"""Heartbeats as bytes: mod_heartbeat's datagrams, and the file of mod_heartmonitor.

    datagram    v=1&ready=75&busy=3[&port=8080]
    file        192.0.2.11 &ready=75&busy=3&lastseen=1&port=80, a line for each server

Anybody on the network may send one: what is read here is a few small numbers, or
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

VERSION: Final = "1"
DATAGRAM_BYTES_MAX: Final = 1000
FILE_BYTES_MAX: Final = 1024 * 1024
COUNT_MAX: Final = 1_000_000  # of workers; HEARTBEAT_READY_MAX of core/limits.pxd
PORT_MAX: Final = 65_535
# Of whoever names no port, as mod_heartmonitor has it: any port of that address.
PORT_UNSAID: Final = 80


@dataclass(frozen=True, slots=True)
class Beat:
    """port: of the member that is meant; None: all of the sender's address."""

    ready: int
    busy: int
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A line of the file. ago_s: heard so long before the file was written."""

    address: str
    beat: Beat
    ago_s: int


def datagram(beat: Beat) -> bytes:
    port = "" if beat.port is None else f"&port={beat.port}"
    return f"v={VERSION}&ready={beat.ready}&busy={beat.busy}{port}".encode("ascii")


def read_datagram(data: bytes) -> Beat | None:
    """None: it is no heartbeat."""
    if len(data) > DATAGRAM_BYTES_MAX:
        return None
    said = _pairs(data)
    return _beat(said) if "v" in said else None


def file_line(seen: Seen) -> str:
    beat = seen.beat
    port = PORT_UNSAID if beat.port is None else beat.port
    return (
        f"{seen.address} &ready={beat.ready}&busy={beat.busy}"
        f"&lastseen={seen.ago_s}&port={port}\n"
    )


def read_file(data: bytes) -> Iterator[Seen]:
    """Lines that say nothing are passed over."""
    for line in data[:FILE_BYTES_MAX].split(b"\n"):
        address, blank, rest = line.partition(b" ")
        if not blank or line.startswith(b"#"):
            continue
        said = _pairs(rest)
        beat = _beat(said)
        ago_s = _number(said.get("lastseen", "x"), COUNT_MAX)
        if beat is not None and ago_s is not None:
            yield Seen(address.decode("ascii", "replace"), beat, ago_s)


def _pairs(data: bytes) -> dict[str, str]:
    """As httpd reads them: of one name the last counts, and without = it is "1"."""
    found = {}
    for part in data.split(b"&"):
        name, equals, value = part.partition(b"=")
        if name:
            found[_text(name)] = _text(value) if equals else "1"
    return found


def _text(data: bytes) -> str:
    return unquote_to_bytes(data.replace(b"+", b" ")).decode("latin-1")


def _beat(said: dict[str, str]) -> Beat | None:
    ready = _number(said.get("ready", ""), COUNT_MAX)
    busy = _number(said.get("busy", ""), COUNT_MAX)
    if ready is None or busy is None:
        return None
    port = _number(said.get("port", str(PORT_UNSAID)), PORT_MAX)
    if port is None:
        return None
    return Beat(ready, busy, None if port == PORT_UNSAID else port)


def _number(text: str, most: int) -> int | None:
    """Digits and nothing else; more than `most` counts as that many."""
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        return None
    return min(int(text), most)
