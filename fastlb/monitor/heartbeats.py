"""Heartbeats: what members say of themselves, for lbmethod=heartbeat.

They come as datagrams (HeartbeatListen), and are kept here; or another server writes
them into a file (HeartbeatStorage), and that is read. Once a second each member of a
balancer that asks for them gets its own into the table, where elections find it.

Anybody may send a datagram. It says something of members at the sender's address alone,
and how many senders are kept is bounded (HeartbeatMaxServers).
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fastlb._core import Table
from fastlb.facts.member import Member
from fastlb.facts.server import Model
from fastlb.heartbeat.wire import (
    DATAGRAM_BYTES_MAX,
    FILE_BYTES_MAX,
    Beat,
    Seen,
    file_line,
    read_datagram,
    read_file,
)

METHOD: Final = "heartbeat"
TURN_S: Final = 1.0
FORGOTTEN_S: Final = 30.0  # as mod_heartmonitor
WRITTEN_EVERY_S: Final = 5.0  # likewise
SERVERS_IN_FILE: Final = 10_000
DATAGRAMS_PER_TURN: Final = 1000
TOLD_EVERY_S: Final = 60.0  # of what anybody can provoke

Tell = Callable[[str, str], None]  # level, text


@dataclass(frozen=True, slots=True)
class Heard:
    """heard_s: by the monotonic clock."""

    beat: Beat
    heard_s: float


class Servers:
    """Who was heard last when, by address and the port that was named."""

    def __init__(self, servers_max: int) -> None:
        self._max = servers_max
        self._heard: dict[tuple[str, int | None], Heard] = {}

    def hear(self, address: str, beat: Beat, heard_s: float) -> bool:
        """False: there is no room for one more."""
        key = (address, beat.port)
        if key not in self._heard and len(self._heard) >= self._max:
            return False
        self._heard[key] = Heard(beat, heard_s)
        return True

    def of(self, address: str, port: int) -> Heard | None:
        """What one at that address said of the member at the port."""
        return self._heard.get((address, port)) or self._heard.get((address, None))

    def forget(self, now_s: float) -> None:
        for key, heard in list(self._heard.items()):
            if now_s - heard.heard_s > FORGOTTEN_S:
                del self._heard[key]

    def seen(self, now_s: float) -> Iterator[Seen]:
        for (address, _), heard in sorted(self._heard.items(), key=str):
            yield Seen(address, heard.beat, int(now_s - heard.heard_s))


class Heartbeats:
    """What the monitor does about them. members: (member, slot), of those balancers."""

    def __init__(
        self,
        model: Model,
        members: Sequence[tuple[Member, int]],
        table: Table,
        tell: Tell,
    ) -> None:
        process = model.process
        self._listen = process.heartbeat_listen
        self._file = process.heartbeat_storage
        self._keeps_file = process.heartbeat_max_servers == 0
        self._members = members
        self._table = table
        self._tell = tell
        self._sock: socket.socket | None = None
        self._file_was: tuple[int, int] | None = None
        self._written_s = -WRITTEN_EVERY_S
        self._told_s: dict[str, float] = {}
        self._file_failed = False
        many = self._keeps_file or self._listen is None
        self.servers = Servers(
            SERVERS_IN_FILE if many else process.heartbeat_max_servers
        )

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._listen is not None:
            host, port = self._listen
            try:
                self._sock = listening(host, port)
            except OSError as error:
                self._tell(
                    "error",
                    f"FB0512: HeartbeatListen {host}:{port}: {error.strerror}; no"
                    " heartbeat is heard",
                )
            else:
                loop.add_reader(self._sock, self.receive, loop)
        self.turn(loop)

    def turn(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = time.monotonic()
        if self._listen is None:
            self._read_file(now_s)
        self.servers.forget(now_s)
        self.spread()
        if (
            self._keeps_file
            and self._sock
            and (now_s - self._written_s >= WRITTEN_EVERY_S)
        ):
            self._written_s = now_s
            self._write_file(now_s)
        loop.call_later(TURN_S, self.turn, loop)

    def spread(self) -> None:
        """Each member gets what was said of it."""
        for _, slot in self._members:
            found = None
            for host, port in self._table.addresses(slot):
                heard = self.servers.of(address_text(host), port)
                if heard and (found is None or heard.heard_s > found.heard_s):
                    found = heard
            if found is not None:
                self._table.set_heartbeat(
                    slot,
                    found.beat.ready,
                    found.beat.busy,
                    int(found.heard_s * 1e6),
                )

    # datagrams

    def receive(self, loop: asyncio.AbstractEventLoop) -> None:
        """All that are there, as far as one turn may have them."""
        assert self._sock is not None
        now_s = time.monotonic()
        for _ in range(DATAGRAMS_PER_TURN):
            try:
                data, sender = self._sock.recvfrom(DATAGRAM_BYTES_MAX + 1)
            except BlockingIOError:
                return
            except OSError:
                continue  # what came of something that was sent before
            self.hear(data, address_text(sender[0]), now_s)

    def hear(self, data: bytes, address: str, now_s: float) -> None:
        beat = read_datagram(data)
        if beat is None:
            self._tell_seldom(
                now_s, "warn", f"AH02087: malformed message from {address}"
            )
        elif not self.servers.hear(address, beat, now_s):
            self._tell_seldom(
                now_s,
                "warn",
                f"FB0513: a heartbeat from {address} is not kept: there are as many"
                " servers as HeartbeatMaxServers says",
            )

    def _tell_seldom(self, now_s: float, level: str, text: str) -> None:
        number = text.partition(":")[0]
        if now_s - self._told_s.get(number, -TOLD_EVERY_S) >= TOLD_EVERY_S:
            self._told_s[number] = now_s
            self._tell(level, text)

    # the file

    def _read_file(self, now_s: float) -> None:
        """What another server keeps there; its times count from when it was written."""
        try:
            with open(self._file, "rb") as file:
                facts = os.fstat(file.fileno())
                was = (facts.st_ino, facts.st_mtime_ns)
                if was == self._file_was:
                    return
                data = file.read(FILE_BYTES_MAX)
        except OSError as error:
            self._tell_of_file("read", error)
            return
        self._file_was = was
        self._file_failed = False
        age_s = max(0.0, time.time() - facts.st_mtime)
        for seen in read_file(data):
            heard_s = now_s - age_s - seen.ago_s
            self.servers.hear(address_text(seen.address), seen.beat, heard_s)

    def _write_file(self, now_s: float) -> None:
        """Whoever reads it sees one that is whole."""
        new = f"{self._file}.tmp.{os.getpid()}"
        text = "".join(map(file_line, self.servers.seen(now_s)))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        try:
            with suppress(FileNotFoundError):
                os.unlink(new)
            descriptor = os.open(new, flags, 0o444)
            with open(descriptor, "w", encoding="ascii") as file:
                file.write(text)
            os.replace(new, self._file)
        except OSError as error:
            self._tell_of_file("written", error)
        else:
            self._file_failed = False

    def _tell_of_file(self, what: str, error: OSError) -> None:
        """Once, until it goes well again."""
        if not self._file_failed:
            self._file_failed = True
            self._tell(
                "error",
                f"FB0514: HeartbeatStorage {self._file} cannot be {what}:"
                f" {error.strerror}",
            )


def heartbeats_of(
    model: Model, slots: Iterable[tuple[Member, int]], table: Table, tell: Tell
) -> Heartbeats | None:
    """None: nobody asks for any, and none are to be kept for others."""
    wanted = {
        index
        for balancer in model.balancers
        if balancer.lbmethod == METHOD
        for index in balancer.members
    }
    members = [pair for index, pair in enumerate(slots) if index in wanted]
    if not members and model.process.heartbeat_listen is None:
        return None
    return Heartbeats(model, members, table, tell)


def listening(host: str, port: int) -> socket.socket:
    """A datagram socket there; of a multicast address, a member of its group."""
    (family, _, _, _, place), *_ = socket.getaddrinfo(
        host, port, type=socket.SOCK_DGRAM
    )
    address = ipaddress.ip_address(str(place[0]).partition("%")[0])
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(place)
        if address.is_multicast:
            join(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def join(
    sock: socket.socket, address: ipaddress.IPv4Address | ipaddress.IPv6Address
) -> None:
    """On the interface that the system takes for that address."""
    if isinstance(address, ipaddress.IPv4Address):
        sock.setsockopt(
            socket.IPPROTO_IP,
            socket.IP_ADD_MEMBERSHIP,
            struct.pack("=4sI", address.packed, socket.INADDR_ANY),
        )
    else:
        sock.setsockopt(
            socket.IPPROTO_IPV6,
            socket.IPV6_JOIN_GROUP,
            struct.pack("=16sI", address.packed, 0),
        )


def address_text(host: str) -> str:
    """In one spelling: without a scope, and IPv4 as that."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)
