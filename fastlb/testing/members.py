"""Members for tests: servers that remember what they were asked, and answer as told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO

from fastlb.testing.ports import HOST, free_port

DEADLINE_S = 30.0  # for a thread to end
LISTEN_BACKLOG = 256


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as a member saw it."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def field(self, name: str) -> str | None:
        for known, value in self.fields:
            if known.lower() == name.lower():
                return value
        return None


Answerer = Callable[[Seen], bytes]
"""The whole answer, head and body, to a request."""


class Member:
    """A server behind the balancer: threads, keep-alive, a list of what it saw.

    It can go away and come back on the same port, and be held: while held it
    takes requests and does not answer. Without an answerer its answer is its name.
    """

    def __init__(
        self, name: str, answer: Answerer | None = None, host: str = HOST, port: int = 0
    ) -> None:
        self.name = name
        self.host = host
        self.seen: list[Seen] = []
        self.connections = 0
        self.port = port or free_port()
        self._answer = answer or self._own_name
        self._free = threading.Event()
        self._free.set()
        self._sock: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._acceptor: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def answers(
        self,
        body: str | bytes = b"",
        status: str = "200 OK",
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """What it says from now on, whatever it is asked."""
        content = body.encode() if isinstance(body, str) else body
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.answers_by(
            lambda request: answer(
                content, status, fields=lines, head_only=request.method == "HEAD"
            )
        )

    def answers_by(self, answerer: Answerer) -> None:
        """Who says from now on what it answers: request in, head and body out."""
        self._answer = answerer

    def start(self) -> None:
        """Listen, always on the same port."""
        self._sock = socket.create_server(
            (self.host, self.port), backlog=LISTEN_BACKLOG
        )
        self._acceptor = self._run(self._accept, self._sock)

    def stop(self) -> None:
        """Be gone at once: nothing listens, every connection is closed."""
        self._free.set()
        sock, self._sock = self._sock, None
        if sock is not None:
            # A thread that waits in accept() holds the socket: wake it up first.
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        if self._acceptor is not None:
            # What it has accepted in the last moment is one of those to be closed.
            self._acceptor.join(DEADLINE_S)
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(DEADLINE_S)
        self._threads.clear()

    def hold(self) -> None:
        self._free.clear()

    def let_go(self) -> None:
        self._free.set()

    def _run(
        self, work: Callable[[socket.socket], None], sock: socket.socket
    ) -> threading.Thread:
        thread = threading.Thread(target=work, args=(sock,), daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self, sock: socket.socket) -> None:
        while True:
            try:
                connection, _ = sock.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            self._run(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        try:
            while (request := read_request(reader)) is not None:
                self.seen.append(request)
                self._free.wait()
                connection.sendall(self._answer(request))
                if (request.field("Connection") or "").lower() == "close":
                    break
        except OSError:
            return
        finally:
            with self._lock:
                self._open.discard(connection)
            reader.close()
            connection.close()

    def _own_name(self, request: Seen) -> bytes:
        return answer(self.name.encode(), head_only=request.method == "HEAD")


def answer(
    body: bytes, status: str = "200 OK", *, fields: str = "", head_only: bool = False
) -> bytes:
    """A complete answer with a length. fields: more lines, each ended by CRLF."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
    return head.encode("latin-1") + (b"" if head_only else body)


def read_request(reader: BinaryIO) -> Seen | None:
    """One request from a buffered reader; None at the end of the connection."""
    readline, read = reader.readline, reader.read
    start = readline().decode("latin-1").split()
    if len(start) != 3:
        return None
    fields = []
    while (line := readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        fields.append((name, value.strip()))
    lower = {name.lower(): value for name, value in fields}
    if "chunked" in lower.get("transfer-encoding", "").lower():
        body = b""
        while size := int(readline().split(b";")[0], 16):
            body += read(size)
            readline()
        while readline().strip():
            pass
    else:
        body = read(int(lower.get("content-length", 0)))
    return Seen(start[0], start[1], tuple(fields), body)
