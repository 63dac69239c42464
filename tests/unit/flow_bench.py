"""A worker's data path in the process of the test, which plays everybody else.

    with Bench(balancer("max=1")) as bench:
        client = bench.ask(get("/path"))
        member = bench.members[0].accept()
        assert member.head().startswith(b"GET /path ")
        member.send(answer(b"body"))
        assert client.message()[1] == b"body"

Nothing runs beside the test: the core works only in bench.turn() and bench.tick(), and
whatever waits (until, accept, head, take) makes turns, up to a deadline. So a test says
what stands in which socket before the core looks at it. Bytes on loopback are there
when send() returns, so a bench that is settled has seen all that was sent.

A process has one core at a time, whose state is in C. Each bench makes a new one: the
constructor sets back what has a beginning (engine, wheel, plan, epoll set), and all the
rest is empty when the last bench ended well, which its end demands: every count is
zero, before anything was aborted. A process for each test would cost a fork and bring
the failures home as text. Only what ends its process (lone) is left to a child.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType, TracebackType
from typing import Any, Self

from flow_peers import HOST, ONE, Peer, Server, Services, get
from trees import model_of

from fastlb._core import Core, Table
from fastlb.facts.controller import abstract_name
from fastlb.facts.member import Member
from fastlb.facts.server import Model
from fastlb.master import claims
from fastlb.tls.handles import TlsHandles

DEADLINE_S = 20.0
WAIT_MS = 5
NARROW_BYTES = 131_072  # two segments of loopback
EXIT_LOST = 70  # of a process in which a test failed
GENERATION = 1
# What lives only as long as a connection or a request does.
PASSING = (
    "downstreams",
    "upstreams",
    "exchanges",
    "buffers",
    "pieces",
    "coders",
    "in_work",
    "waiting",
    "large_heads",
)
AS_WRITTEN: Mapping[str, Any] = MappingProxyType({})


class Bench:
    """A core with its table, its listeners, its members, and the test as their peer.

    of_hosts, of_members, of_balancers: fields of every one of them that are to differ
    from the text, which cannot say less than a second of some times. tls: handles of
    the model's contexts. narrow: sockets take little, whatever the system would allow
    them. The core accepts at once unless accepting is False.
    """

    def __init__(
        self,
        text: str = ONE,
        *,
        tls: Callable[[Model], TlsHandles] | None = None,
        accepting: bool = True,
        narrow: bool = False,
        of_hosts: Mapping[str, Any] = AS_WRITTEN,
        of_members: Mapping[str, Any] = AS_WRITTEN,
        of_balancers: Mapping[str, Any] = AS_WRITTEN,
    ) -> None:
        model = model_of(text)
        self._narrow = narrow
        if narrow:
            of_members = {"receive_buffer_bytes": NARROW_BYTES, **of_members}
        model = replace(
            model,
            vhosts=tuple(replace(host, **of_hosts) for host in model.vhosts),
            members=tuple(replace(member, **of_members) for member in model.members),
            balancers=tuple(replace(one, **of_balancers) for one in model.balancers),
        )
        self.model = model
        self.peers: list[Peer] = []
        self.servers: list[Server] = []
        self.child = 0  # the process to which the core was left
        self.services = Services()
        self.table = Table.create(4, max(4, len(model.members)), 4)
        member_slots, balancer_slots = claims.claim(self.table, model, GENERATION)
        self.balancer_slots = balancer_slots
        self.slot = self.table.claim_worker(os.getpid(), GENERATION, 0)
        self.members = [
            Server(self, slot, place_of(member))
            for slot, member in zip(member_slots, model.members, strict=True)
        ]
        self.listeners = [self._listening() for _ in model.listeners]
        self.logs = [os.memfd_create("log") for _ in model.log_targets]
        handles = tls(model) if tls is not None else None
        self.core = Core(
            model,
            self.table,
            self.slot,
            member_slots,
            balancer_slots,
            [sock.fileno() for sock in self.listeners],
            self.logs,
            self.services,
            handles,
        )
        self._tls = handles
        self._poll = select.poll()
        self._poll.register(self.core.fd, select.POLLIN)
        self._lines_read = 0
        self._more = False
        if accepting:
            self.core.accept()
        if any(self.passing().values()):
            gc.collect()  # an explainer that is garbage still has its buffers
            assert not any(self.passing().values()), self.told("left by another test")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _value: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.end()
        finally:
            if self.child:
                os.kill(self.child, signal.SIGKILL)
                os.waitpid(self.child, 0)
            self.core.abort()
            os.close(self.core.fd)
            for peer in self.peers:
                peer.close()
            for sock in (*self.listeners, *(server.sock for server in self.servers)):
                sock.close()
            for fd in self.logs:
                os.close(fd)
            self.table.close()

    def end(self) -> None:
        """Everybody goes: nothing may be left of what was there."""
        for peer in self.peers:
            peer.close()
        for server in self.servers:
            server.sock.close()
        self.until(lambda: not any(self.passing().values()), "everything to go")
        row = self.table.snapshot_workers()[0]
        left = [row[name] for name in ("connections", "busy", "tunnels", "waiting")]
        assert left == [0, 0, 0, 0]
        assert [server.busy for server in self.members] == [0] * len(self.members)
        for slot in self.balancer_slots:
            assert self.table.snapshot_balancer(slot)["queued"] == 0
        assert [server.facts_now["places"] for server in self.members] == (
            [0] * len(self.members)
        )
        faults = [line for line in self.services.logged if "FB0315" in line]
        assert self.services.fault or not faults

    # turns

    def turn(self) -> bool:
        """As a worker's loop does when the set is ready. True: more is waiting."""
        self._more = self.core.on_ready()
        return self._more

    def tick(self) -> None:
        """What a worker does ten times a second."""
        self._more = self.core.on_tick() or self._more

    def wait(self) -> None:
        """A turn; if there is nothing to do, a tick and a short sleep."""
        if self.child:
            self.pause(WAIT_MS)
        elif self._more or self._poll.poll(0):
            self.turn()
        else:
            self.tick()
            if not self._more:
                self._poll.poll(WAIT_MS)

    def settle(self) -> None:
        """Turns as long as there is something to do; no tick."""
        deadline = time.monotonic() + DEADLINE_S
        while self._more or self._poll.poll(0):
            self.turn()
            assert time.monotonic() < deadline, "the core does not come to rest"

    def leave_to_child(self, life: Callable[[], None]) -> None:
        """From here on the core works in a process of its own, in life(), and here the
        test only waits. life does not return; connections must not be there yet."""
        self.child = os.fork()
        if self.child == 0:
            try:
                life()
            finally:
                os._exit(EXIT_LOST)

    def child_status(self) -> int:
        """How that process ended."""
        status: list[int] = []

        def ended() -> bool:
            pid, code = os.waitpid(self.child, os.WNOHANG)
            status.extend([code] * (pid != 0))
            return pid != 0

        self.until(ended, "the end of a process")
        self.child = 0
        return os.waitstatus_to_exitcode(status[0])

    def pause(self, milliseconds: int) -> None:
        """Let time pass, without a turn: for what goes by the clock alone."""
        time.sleep(milliseconds / 1000)

    def until(self, holds: Callable[[], bool], what: object = "") -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, f"waited in vain for {self.told(what)}"
            self.wait()

    def told(self, what: object) -> str:
        if isinstance(what, Peer):
            what = f"more than {bytes(what.received[:500])!r}, ended: {what.ended}"
        logged = "\n".join(self.services.logged)
        return f"{what}\n{self.core.counts()}\n{logged}"

    # the test's side

    def client(self, listener: int = 0) -> Peer:
        """A connection, accepted by the core before this returns."""
        before = self.core.counts()["accepted"]
        peer = self.knock(listener)
        self.until(lambda: self.core.counts()["accepted"] > before, "an accept")
        return peer

    def knock(self, listener: int = 0) -> Peer:
        """A connection that waits in the backlog."""
        sock = self.tcp()
        sock.connect((HOST, self.port(listener)))
        return Peer(self, sock)

    def tcp(self) -> socket.socket:
        sock = socket.socket()
        if self._narrow:
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                sock.setsockopt(socket.SOL_SOCKET, option, NARROW_BYTES)
        return sock

    def _listening(self) -> socket.socket:
        sock = self.tcp()
        sock.bind((HOST, 0))
        sock.listen(256)
        sock.setblocking(False)
        return sock

    def ask(self, request: bytes = b"") -> Peer:
        """A client that has sent a request."""
        client = self.client()
        client.send(request or get())
        return client

    def port(self, listener: int = 0) -> int:
        return int(self.listeners[listener].getsockname()[1])

    @property
    def has_said(self) -> Callable[[str], bool]:
        return self.services.has_said

    def counts(self) -> dict[str, int]:
        return self.core.counts()

    def passing(self) -> dict[str, int]:
        counts = self.core.counts()
        return {name: counts[name] for name in PASSING}

    def log_lines(self) -> list[str]:
        """Lines of the first access log since the last call."""
        size = os.fstat(self.logs[0]).st_size
        data = os.pread(self.logs[0], size - self._lines_read, self._lines_read)
        self._lines_read = size
        return data.decode("latin-1").splitlines()


def place_of(member: Member) -> str | bytes | None:
    """The unix socket where it listens."""
    if member.is_controller and member.unix_path is not None:
        return abstract_name(member.unix_path)
    return member.unix_path


@contextlib.contextmanager
def served(text: str = ONE, **more: Any) -> Iterator[tuple[Bench, Peer, Peer]]:
    """A bench with one exchange on its way: the request has been sent whole to the
    first member, and not been read there."""
    with Bench(text, **more) as bench:
        client = bench.ask()
        yield bench, client, bench.members[0].accept()


def longest_turn(bench: Bench, client: Peer, member: Peer, sent: bytes) -> float:
    """... until the answer has ended or is cut, in seconds of processor time."""
    longest = 0.0
    deadline = time.monotonic() + 60
    while not (client.ended or client.received.endswith(b"\r\n0\r\n\r\n")):
        assert time.monotonic() < deadline
        sent = sent[member.push(sent) :]
        began = time.thread_time()
        bench.turn()
        longest = max(longest, time.thread_time() - began)
        client.look()
    return longest
