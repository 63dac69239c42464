"""Bringing members back: a TCP connection to each one that is in error.

A member at ajp:// must answer a CPING, too.

Only members whose retry= is not written are probed: where it is written, Apache's
rule holds and the next request after that time is the test. And only after a failed
connection: what put a member out by its answers (failonstatus) is not disproved by
one.

A thousand members that are out are as many connections within a second, so one that is
only made is neither a task nor a timer: one that has to be waited for is a socket in a
set, and who has refused one is asked again by compiled code (_core.Knocks), until that
finds anything else.

A member whose queue is full, or whose machine is off, says nothing at all, and the
kernel asks it again only after seconds. So a second socket asks anew as often as one
that refuses is asked, beside the first, which goes on: the member may be far away.
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
from fastlb.monitor.verdict import DELAY_MAX_S, probe_delay_s
from fastlb.monitor.wire import (
    Address,
    begin_connect,
    greet,
    places_of,
    pongs,
)

CONNECT_TIMEOUT_S = 5.0
KIND = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
EVENTS = select.EPOLLOUT | select.EPOLLONESHOT
SPARE_MAX = 256
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
    def is_plain(self) -> bool:
        """Is there an address to connect to, and nothing to be done before that?"""
        return self.member.unix_path is None and not self.member.source_address

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

    def leave(self) -> None:
        """Nobody has to find it back any more: its next absence is another."""
        self.running = False
        self.out_since_s = None


Places = Iterator[tuple[socket.AddressFamily, Address]]


@dataclass(slots=True)
class Connecting:
    """A connection under way, and where else the member may be."""

    probe: Probe
    places: Places
    sock: socket.SocketType
    address: Address
    ends_s: float
    anew_s: float  # when it is asked for once more
    fresh: socket.SocketType | None = None  # that has done so last
    is_over: bool = False


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
        self._fresh: dict[int, Connecting] = {}  # by that of the second socket
        # Sockets whose connection was refused, for the next ones: to close one and make
        # another is half of what a probe takes.
        self._spare: list[socket.SocketType] = []
        self._pings: set[asyncio.Task[None]] = set()
        loop.add_reader(self._set.fileno(), self._look)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._pings)

    def close(self) -> None:
        self._loop.remove_reader(self._set.fileno())
        self._set.close()
        for one in list(self._waiting.values()):
            self._end(one, None)
        for sock in self._spare:
            sock.close()

    def begin(self, probe: Probe) -> None:
        probe.begin()
        self._try(probe, iter(places_of(probe.member, probe.addresses)))

    def go_on(self, probe: Probe, fd: int, nth: int, number: int) -> None:
        """With a connection to the nth of its addresses that Knocks have begun."""
        sock = socket.SocketType(fileno=fd)
        places = places_of(probe.member, probe.addresses)[nth:]
        try:
            if number == errno.EALREADY:
                self._watch(sock)
        except OSError:
            places = []
        if not places:  # they are others now, or there is no room in the kernel
            sock.close()
            self._over(probe, False)
        elif number == 0:
            self._take(probe, sock)
        else:
            self._wait(probe, iter(places[1:]), sock, places[0][1])

    def _try(self, probe: Probe, places: Places) -> None:
        """The next places, until one has to be waited for or takes a connection."""
        for family, address in places:
            try:
                number, sock = self._connect(probe.member, family, address)
            except OSError:
                break  # no descriptor, or no room in the kernel, is left: later
            if number == errno.EALREADY:
                self._wait(probe, places, sock, address)
                return
            if number == 0:
                self._take(probe, sock)
                return
            self._give_back(sock, number, probe)
        self._over(probe, False)

    def _wait(
        self, probe: Probe, places: Places, sock: socket.SocketType, address: Address
    ) -> None:
        now_s = self._loop.time()
        ends_s, anew_s = now_s + probe.limit_s, now_s + DELAY_MAX_S
        one = Connecting(probe, places, sock, address, ends_s, anew_s)
        self._waiting[sock.fileno()] = one

    def _connect(
        self, member: Member, family: int, address: Address
    ) -> tuple[int, socket.SocketType]:
        """A socket, and what has become of it; EALREADY: it is in the set. OSError:
        there is none."""
        if self._spare and family == socket.AF_INET:
            sock = self._spare.pop()
        else:
            sock = socket.SocketType(family, KIND)
        number = begin_connect(sock, address, member)
        if number == errno.EALREADY:
            self._watch(sock)
        return number, sock

    def _watch(self, sock: socket.SocketType) -> None:
        try:
            self._set.modify(sock, EVENTS)
        except FileNotFoundError:
            self._set.register(sock, EVENTS)

    def _ask_anew(self, one: Connecting, now_s: float) -> None:
        """What was sent may have been swallowed."""
        self._leave_fresh(one)
        one.anew_s = now_s + DELAY_MAX_S
        try:
            number, sock = self._connect(one.probe.member, one.sock.family, one.address)
        except OSError:
            return
        if number == errno.EALREADY:
            one.fresh = sock
            self._fresh[sock.fileno()] = one
        elif number == 0:
            self._end(one, None)
            self._take(one.probe, sock)
        else:
            self._give_back(sock, number, one.probe)  # the next one will meet it

    def _leave_fresh(self, one: Connecting) -> None:
        if one.fresh is not None:
            del self._fresh[one.fresh.fileno()]
            one.fresh.close()
            one.fresh = None

    def _end(self, one: Connecting, heard: socket.SocketType | None) -> None:
        """It waits no more: one of its sockets was heard of, or none."""
        one.is_over = True
        del self._waiting[one.sock.fileno()]
        if heard is not one.sock:
            one.sock.close()
        if heard is one.fresh and heard is not None:
            del self._fresh[heard.fileno()]
        else:
            self._leave_fresh(one)

    def _give_back(self, sock: socket.SocketType, number: int, probe: Probe) -> None:
        """Of a refused connection the kernel has told, and the socket is as it was
        before. It stays in the set, if it is there: no event of it is asked for. (One
        of IPv6 may keep the interface of its last address.)"""
        if (
            number == errno.ECONNREFUSED
            and sock.family == socket.AF_INET
            and not probe.member.source_address
            and len(self._spare) < SPARE_MAX
        ):
            self._spare.append(sock)
        else:
            sock.close()

    def _take(self, probe: Probe, sock: socket.SocketType) -> None:
        greet(sock, probe.member)
        if probe.member.scheme == "ajp":
            task = self._loop.create_task(self._ping(probe, sock))
            self._pings.add(task)
            task.add_done_callback(self._pings.discard)
        else:
            sock.close()
            self._over(probe, True)

    async def _ping(self, probe: Probe, sock: socket.SocketType) -> None:
        reached = False
        try:
            with socket.socket(fileno=sock.detach()) as asked:
                async with asyncio.timeout(probe.limit_s):
                    reached = await pongs(self._loop, asked)
        except (OSError, TimeoutError):
            pass
        finally:
            self._over(probe, reached)

    def _look(self) -> None:
        found = [
            (fd, events, self._waiting.get(fd) or self._fresh[fd])
            for fd, events in self._set.poll(0)
        ]
        for fd, events, one in found:
            if one.is_over:
                continue  # by its other socket
            sock = (
                one.sock if one.fresh is None or one.sock.fileno() == fd else one.fresh
            )
            self._end(one, sock)
            if events & select.EPOLLERR:
                number = sock.connect_ex(one.address)
                self._give_back(sock, number, one.probe)
                self._try(one.probe, one.places)
            else:
                self._take(one.probe, sock)

    def end_overdue(self, now_s: float) -> None:
        """What takes too long is given up, or asked for anew."""
        waiting = self._waiting.values()
        late = [one for one in waiting if min(one.ends_s, one.anew_s) <= now_s]
        for one in late:
            if one.ends_s > now_s:
                self._ask_anew(one, now_s)
            else:
                self._end(one, None)
                self._try(one.probe, one.places)
