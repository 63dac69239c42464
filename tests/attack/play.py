"""One thread, one epoll set: clients that play streams, members that hear everything.

Client and member live in one process, so that the oracle sees both ends without a
word between processes, and thousands of streams a second fit on one core.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

HOST = "127.0.0.1"
READ_BYTES = 262144
IN = select.EPOLLIN
OUT = select.EPOLLOUT
CLIENTS = 48  # that play at the same time
STREAM_DEADLINE_S = 40.0
DELAY_S = 0.02
LOOK_S = 0.3  # between two looks at the server
RESET = struct.pack("ii", 1, 0)


class Ends(Protocol):
    """Whatever waits for events."""

    def on_event(self, events: int) -> None: ...


class Stream:
    """What one client does on one connection, and what came back.

    pieces     sent one after the other, each after others have had a turn
    half_close whether our side is shut behind the last piece
    leave      how many bytes of answers are awaited before it leaves by a reset;
               -1: it stays to the end
    """

    __slots__ = (
        "answers", "got", "half_close", "leave", "number", "pieces", "port", "reset",
    )  # fmt: skip

    def __init__(self, number: int, port: int, pieces: list[bytes]) -> None:
        self.number = number
        self.port = port
        self.pieces = pieces
        self.half_close = True
        self.leave = -1
        self.got = bytearray()
        self.reset = False
        self.answers: list[bytes] = []  # of the member, where they are drawn too

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


class Alarm(AssertionError):
    """What the oracle has seen, with the stream that made it."""

    def __init__(self, why: str, stream: Stream | None, evidence: bytes = b"") -> None:
        super().__init__(why)
        self.why = why
        self.stream = stream
        self.evidence = evidence


class Client:
    """Plays one stream."""

    __slots__ = ("at", "begun", "loop", "next", "over", "rest", "sock", "stream")

    def __init__(self, loop: Loop, stream: Stream) -> None:
        self.loop = loop
        self.stream = stream
        self.sock = socket.socket()
        self.sock.connect((HOST, stream.port))
        self.sock.setblocking(False)
        self.begun = time.monotonic()
        self.next = 0
        self.rest = memoryview(b"")
        self.over = False
        loop.watch(self.sock.fileno(), self, IN)
        self.send()

    def send(self) -> None:
        """Send one piece, or the rest of it."""
        if self.over:
            return
        if not self.rest:
            if self.next == len(self.stream.pieces):
                if self.stream.half_close:
                    with contextlib.suppress(OSError):
                        self.sock.shutdown(socket.SHUT_WR)
                return
            self.rest = memoryview(self.stream.pieces[self.next])
            self.next += 1
        try:
            sent = self.sock.send(self.rest) if self.rest else 0
        except BlockingIOError:
            self.loop.change(self.sock.fileno(), IN | OUT)
            return
        except OSError:
            self.rest = memoryview(b"")
            self.next = len(self.stream.pieces)
            return
        if sent < len(self.rest):
            self.rest = self.rest[sent:]
            self.loop.change(self.sock.fileno(), IN | OUT)
            return
        self.rest = memoryview(b"")
        if self.next == len(self.stream.pieces):
            self.send()
        else:
            self.loop.later.append(self.send)

    def on_event(self, events: int) -> None:
        if events & OUT:
            self.loop.change(self.sock.fileno(), IN)
            self.send()
        if events & ~OUT:
            try:
                data = self.sock.recv(READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                self.stream.reset = True
                data = b""
            self.stream.got += data
            if not data or 0 <= self.stream.leave <= len(self.stream.got):
                self.end(leave=bool(data))

    def end(self, *, leave: bool = False) -> None:
        if leave:
            with contextlib.suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.over = True
        self.loop.forget(self.sock.fileno())
        self.sock.close()
        self.loop.ended(self)


class Link:
    """One connection of a member, whose bytes go to the loop's `hear`."""

    __slots__ = (
        "data", "ended", "gone", "loop", "member", "need", "out", "sock", "state",
    )  # fmt: skip

    def __init__(self, loop: Loop, sock: socket.socket, member: int) -> None:
        sock.setblocking(False)
        self.loop = loop
        self.sock = sock
        self.member = member
        self.data = bytearray()
        self.need = 0  # no use to look before so many bytes are there
        self.out = bytearray()
        self.gone = False
        self.ended = False  # the proxy has ended its side, and we go on with ours
        self.state: object = None
        loop.watch(sock.fileno(), self, IN)

    def on_event(self, events: int) -> None:
        if events & OUT:
            self.flush()
        if events & ~OUT and not self.gone:
            try:
                data = self.sock.recv(READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.ended = True
                if not self.loop.lost(self):
                    self.close()
                elif not self.gone:
                    self.loop.change(self.sock.fileno(), OUT if self.out else 0)
                return
            self.data += data
            if len(self.data) >= self.need:
                self.loop.hear(self)

    def send(self, data: bytes) -> None:
        if self.gone:
            return
        self.out += data
        self.flush()

    def flush(self) -> None:
        if not self.out:
            return
        try:
            sent = self.sock.send(self.out)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.out.clear()
            return
        del self.out[:sent]
        wanted = 0 if self.ended else IN
        self.loop.change(self.sock.fileno(), wanted | OUT if self.out else wanted)
        if not self.out:
            self.loop.sent(self)

    def end(self) -> None:
        """No more from us; what still comes is read away."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def close(self, *, reset: bool = False) -> None:
        if self.gone:
            return
        if reset:
            with contextlib.suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.gone = True
        self.loop.forget(self.sock.fileno())
        self.sock.close()


class Listener:
    """A member's address."""

    def __init__(self, loop: Loop, number: int) -> None:
        self.loop = loop
        self.number = number
        self.sock = socket.create_server((HOST, 0), backlog=512)
        self.sock.setblocking(False)
        self.port = int(self.sock.getsockname()[1])
        loop.watch(self.sock.fileno(), self, IN)

    def on_event(self, events: int) -> None:
        for _ in range(16):
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.loop.opened(Link(self.loop, sock, self.number))


class Loop:
    """Everybody's events. An oracle sets hear, lost, opened and judge."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.ends: dict[int, Ends] = {}
        self.later: deque[Callable[[], None]] = deque()
        self.delayed: deque[tuple[float, Callable[[], None]]] = deque()
        self.clients: dict[int, Client] = {}
        self.hear: Callable[[Link], None] = lambda _: None
        # True: the link stays, to send what it still has
        self.lost: Callable[[Link], bool] = lambda _: False
        self.sent: Callable[[Link], None] = lambda _: None
        self.opened: Callable[[Link], None] = lambda _: None
        self.judge: Callable[[Stream], None] = lambda _: None
        self.make: Callable[[Stream], Client] = lambda stream: Client(self, stream)

    def watch(self, fd: int, end: Ends, events: int) -> None:
        self.ends[fd] = end
        self.epoll.register(fd, events)

    def change(self, fd: int, events: int) -> None:
        self.epoll.modify(fd, events)

    def forget(self, fd: int) -> None:
        del self.ends[fd]
        self.epoll.unregister(fd)

    def ended(self, client: Client) -> None:
        del self.clients[client.stream.number]
        self.judge(client.stream)

    def run(
        self,
        streams: Iterator[Stream],
        check: Callable[[], None] = lambda: None,
        clients: int = CLIENTS,
    ) -> None:
        """Play streams, so many at a time, until there are no more and all have ended.

        check is called now and then; what it raises ends the run.
        """
        looked = time.monotonic()
        more = True
        while more or self.clients:
            while more and len(self.clients) < clients:
                stream = next(streams, None)
                if stream is None:
                    more = False
                    break
                made = self.make(stream)
                if not made.over:
                    self.clients[stream.number] = made
            self.turn(0.5)
            if time.monotonic() > looked + LOOK_S:
                check()
                self.look_for_hangs()
                looked = time.monotonic()

    def finish(self) -> None:
        """Let all that are under way come to their end."""
        while self.clients:
            self.turn(0.5)
            self.look_for_hangs()

    def delay(self, call: Callable[[], None]) -> None:
        """Call it after DELAY_S."""
        self.delayed.append((time.monotonic() + DELAY_S, call))

    def turn(self, patience_s: float) -> None:
        soon, self.later = self.later, deque()
        if self.delayed:
            now = time.monotonic()
            while self.delayed and self.delayed[0][0] <= now:
                soon.append(self.delayed.popleft()[1])
            if self.delayed:
                patience_s = min(patience_s, self.delayed[0][0] - now)
        for end, events in self.epoll.poll(0 if soon else patience_s):
            if (known := self.ends.get(end)) is not None:
                known.on_event(events)
        for call in soon:
            call()

    def look_for_hangs(self) -> None:
        limit = time.monotonic() - STREAM_DEADLINE_S
        for client in [c for c in self.clients.values() if c.begun < limit]:
            client.stream.got += b"\n-- nothing came any more --"
            client.end(leave=True)

    def close(self) -> None:
        for end in list(self.ends.values()):
            if isinstance(end, Link):
                end.close()
            elif isinstance(end, Client):
                end.over = True
                self.forget(end.sock.fileno())
                end.sock.close()
            elif isinstance(end, Listener):
                self.forget(end.sock.fileno())
                end.sock.close()
        self.epoll.close()
