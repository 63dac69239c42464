"""Bringing members back: a TCP connection to each one that is in error.

A member at ajp:// must answer a CPING, too.

Only members whose retry= is not written are probed: where it is written, Apache's
rule holds and the next request after that time is the test. And only after a failed
connection: what put a member out by its answers (failonstatus) is not disproved by
one.

A thousand members that are out are as many connections within a second, so one that is
only made is neither a task nor a timer: it is a socket in a set, and what it costs is
what the kernel takes for it.
"""

from __future__ import annotations

import asyncio
import errno
import select
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fastlb._core import Table
from fastlb.facts.member import Member
from fastlb.monitor.verdict import probe_delay_s
from fastlb.monitor.wire import (
    Address,
    WireError,
    begin_connect,
    connected,
    greet,
    places_of,
    pongs,
)

CONNECT_TIMEOUT_S = 5.0
KIND = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC


class Probe:
    """The watch over one member."""

    def __init__(self, member: Member, slot: int, table: Table) -> None:
        limit_ms = member.connect_timeout_ms or member.timeout_ms
        self.member = member
        self.slot = slot
        self.limit_s = min(CONNECT_TIMEOUT_S, (limit_ms or 1e6) / 1000)
        self._table = table
        self.out_since_s: float | None = None
        self.due_s = 0.0
        self.running = False

    def is_due(self, now_s: float) -> bool:
        """Look at the member's flags; True when it is to be probed now."""
        if self.running:
            return False
        if not self._table.wants_probe(self.slot):
            self.out_since_s = None
            return False
        if self.out_since_s is None:
            self.out_since_s = now_s
            self.due_s = now_s + probe_delay_s(0.0)
        return now_s >= self.due_s

    @property
    def addresses(self) -> list[tuple[str, int]]:
        return self._table.addresses(self.slot)

    def begin(self) -> None:
        self.running = True

    def end(self, reached: bool, now_s: float) -> bool:
        """The connection was taken, or not; True when the member is marked up."""
        self.running = False
        out_for_s = now_s - (self.out_since_s if self.out_since_s else now_s)
        self.due_s = now_s + probe_delay_s(out_for_s)
        return reached and self._table.mark_up(self.slot)


Places = Iterator[tuple[socket.AddressFamily, Address]]


@dataclass(slots=True)
class Connecting:
    """A connection under way, and where else the member may be."""

    probe: Probe
    places: Places
    sock: socket.SocketType
    ends_s: float = 0.0


class Attempts:
    """Probes under way: one of a member's addresses has to take a connection.

    over is told when that is known. Whoever has this calls end_overdue from time to
    time.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, over: Callable[[Probe, bool], None]
    ) -> None:
        self._loop = loop
        self._over = over
        self._set = select.epoll()
        self._waiting: dict[int, Connecting] = {}  # by descriptor
        self._pings: set[asyncio.Task[None]] = set()
        loop.add_reader(self._set.fileno(), self._look)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._pings)

    def begin(self, probe: Probe) -> None:
        probe.begin()
        if probe.member.scheme == "ajp":
            task = self._loop.create_task(self._ping(probe))
            self._pings.add(task)
            task.add_done_callback(self._pings.discard)
        else:
            self._try(probe, iter(places_of(probe.member, probe.addresses)))

    async def _ping(self, probe: Probe) -> None:
        limit_s, reached = probe.limit_s, False
        try:
            with await connected(
                self._loop, probe.member, probe.addresses, limit_s
            ) as sock:
                async with asyncio.timeout(limit_s):
                    reached = await pongs(self._loop, sock)
        except (WireError, OSError, TimeoutError):
            pass
        finally:
            self._over(probe, reached)

    def _try(self, probe: Probe, places: Places) -> None:
        """The next places, until one has to be waited for or takes a connection."""
        for family, address in places:
            try:
                sock = socket.SocketType(family, KIND)
            except OSError:
                break  # no descriptor is left: later
            number = begin_connect(sock, address, probe.member)
            if number == errno.EINPROGRESS:
                self._wait(Connecting(probe, places, sock))
                return
            if self._has_taken(probe, sock, number):
                return
        self._over(probe, False)

    def _wait(self, one: Connecting) -> None:
        one.ends_s = self._loop.time() + one.probe.limit_s
        try:
            self._set.register(one.sock, select.EPOLLOUT | select.EPOLLONESHOT)
        except OSError:
            one.ends_s = 0.0  # the kernel has no room: given up with the next turn
        self._waiting[one.sock.fileno()] = one

    def _has_taken(self, probe: Probe, sock: socket.SocketType, number: int) -> bool:
        if number == 0:
            greet(sock, probe.member)
        sock.close()
        if number == 0:
            self._over(probe, True)
        return number == 0

    def _look(self) -> None:
        for fd, events in self._set.poll(0):
            one = self._waiting.pop(fd)
            failed = errno.ECONNREFUSED if events & select.EPOLLERR else 0
            if not self._has_taken(one.probe, one.sock, failed):
                self._try(one.probe, one.places)

    def end_overdue(self, now_s: float) -> None:
        """What takes too long is given up."""
        late = [fd for fd, one in self._waiting.items() if one.ends_s <= now_s]
        for fd in late:
            one = self._waiting.pop(fd)
            one.sock.close()
            self._try(one.probe, one.places)
