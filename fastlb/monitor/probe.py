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
from fastlb.facts.member_changes import CAUSES, Cause
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
EVENTS = select.EPOLLOUT | select.EPOLLONESHOT
SPARE_MAX = 256  # of each family
TAKEN = CAUSES.index(Cause.PROBE)


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
        is_known = self.out_since_s is not None
        if self.running or (is_known and now_s < self.due_s):
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
        return reached and self._table.mark_up(self.slot, TAKEN)


Places = Iterator[tuple[socket.AddressFamily, Address]]


@dataclass(slots=True)
class Connecting:
    """A connection under way, and where else the member may be."""

    probe: Probe
    places: Places
    sock: socket.SocketType
    address: Address
    ends_s: float


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
        # Sockets whose connection was refused, for the next ones: to close one and make
        # another is half of what a probe takes.
        self._spare: dict[int, list[socket.SocketType]] = {}  # by family
        self._pings: set[asyncio.Task[None]] = set()
        loop.add_reader(self._set.fileno(), self._look)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._pings)

    def close(self) -> None:
        self._loop.remove_reader(self._set.fileno())
        self._set.close()
        for one in self._waiting.values():
            one.sock.close()
        for spare in self._spare.values():
            for sock in spare:
                sock.close()

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
            spare = self._spare.get(family)
            watch = self._set.modify if spare else self._set.register
            try:
                sock = spare.pop() if spare else socket.SocketType(family, KIND)
                number = begin_connect(sock, address, probe.member)
                if number == errno.EINPROGRESS:
                    watch(sock, EVENTS)
            except OSError:
                break  # no descriptor, or no room in the kernel, is left: later
            if number == errno.EINPROGRESS:
                ends_s = self._loop.time() + probe.limit_s
                one = Connecting(probe, places, sock, address, ends_s)
                self._waiting[sock.fileno()] = one
                return
            if number == 0:
                self._take(probe, sock)
                return
            sock.close()
        self._over(probe, False)

    def _give_back(self, one: Connecting) -> None:
        """Asked again, the kernel says why there is no connection, and the socket is
        as it was before. It stays in the set, where it is looked at once. (One of IPv6
        may keep the interface of its last address.)"""
        spare = self._spare.setdefault(one.sock.family, [])
        reusable = (
            one.sock.family == socket.AF_INET
            and not one.probe.member.source_address
            and len(spare) < SPARE_MAX
        )
        if reusable and one.sock.connect_ex(one.address) == errno.ECONNREFUSED:
            spare.append(one.sock)
        else:
            one.sock.close()

    def _take(self, probe: Probe, sock: socket.SocketType) -> None:
        greet(sock, probe.member)
        sock.close()
        self._over(probe, True)

    def _look(self) -> None:
        for fd, events in self._set.poll(0):
            one = self._waiting.pop(fd)
            if events & select.EPOLLERR:
                self._give_back(one)
                self._try(one.probe, one.places)
            else:
                self._take(one.probe, one.sock)

    def end_overdue(self, now_s: float) -> None:
        """What takes too long is given up."""
        late = [fd for fd, one in self._waiting.items() if one.ends_s <= now_s]
        for fd in late:
            one = self._waiting.pop(fd)
            one.sock.close()
            self._try(one.probe, one.places)
