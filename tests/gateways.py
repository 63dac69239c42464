"""Members that speak FastCGI, SCGI or uwsgi: applications behind a gateway.

Readers of their own, which trust nobody: what is not well framed is an error of the
test. A handler gets what the application would see, and returns the bytes to send: of
FastCGI whole records (`answer`, `record`), of the others what follows as it is.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

HOST = "127.0.0.1"
DEADLINE_S = 30.0
BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES = range(1, 10)
UNKNOWN_TYPE = 11
KEEP_CONN = 1


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the application sees it."""

    env: dict[str, str]
    body: bytes
    keep: bool = False  # FastCGI: the connection stays
    names: tuple[str, ...] = ()  # of the environment, in their order
    stdin: tuple[int, ...] = ()  # FastCGI: sizes of the records of the body


Answer = Callable[[Call], bytes | None]
"""None: close without a byte."""


class Source(Protocol):
    """Where a request is read from: a socket, or what acts as one."""

    def recv(self, count: int, /) -> bytes: ...


def record(kind: int, content: bytes = b"", number: int = 1, padding: int = 0) -> bytes:
    """One record of FastCGI."""
    head = struct.pack(">BBHHBB", 1, kind, number, len(content), padding, 0)
    return head + content + b"x" * padding


def answer(
    output: bytes, errors: bytes = b"", size: int = 0xFFFF, padding: int = 0
) -> bytes:
    """A whole answer of FastCGI, its output in records of that size."""
    said = record(STDERR, errors, padding=padding) if errors else b""
    pieces = [output[at : at + size] for at in range(0, len(output), size)]
    told = b"".join(record(STDOUT, one, padding=padding) for one in pieces)
    return said + told + record(STDOUT) + record(END, bytes(8))


def _take(sock: Source, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = sock.recv(min(count - len(data), 65536))
        if not more:
            raise EOFError(f"{count - len(data)} of {count} bytes missing")
        data += more
    return data


def pairs(data: bytes) -> list[tuple[str, str]]:
    """Names and values of FastCGI's parameters."""
    found, at = [], 0
    while at < len(data):
        sizes = []
        for _ in range(2):
            size = data[at]
            at += 1
            if size & 0x80:
                size = (size & 0x7F) << 24 | int.from_bytes(data[at : at + 3], "big")
                at += 3
            sizes.append(size)
        assert at + sum(sizes) <= len(data), "a pair ends beyond the record"
        name = data[at : at + sizes[0]]
        at += sizes[0]
        found.append(
            (name.decode("latin-1"), data[at : at + sizes[1]].decode("latin-1"))
        )
        at += sizes[1]
    return found


def _environment(
    found: list[tuple[str, str]],
) -> tuple[dict[str, str], tuple[str, ...]]:
    names = tuple(name for name, _ in found)
    assert len(set(names)) == len(names), f"a variable comes twice: {names}"
    return dict(found), names


def take_fastcgi(sock: Source) -> Call | None:
    """The next request; None at the end between two."""
    first = sock.recv(1)
    if not first:
        return None
    begun = b""
    params = b""
    body = b""
    sizes = []
    params_ended = False
    head = first + _take(sock, 7)
    while True:
        version, kind, number, size, padding, _ = struct.unpack(">BBHHBB", head)
        assert version == 1, head
        assert number == 1, head
        content = _take(sock, size)
        _take(sock, padding)
        if kind == BEGIN:
            assert not begun and size == 8, head
            begun = content
        elif kind == PARAMS:
            assert begun and not params_ended, head
            params_ended = not content
            params += content
        elif kind == STDIN:
            assert params_ended, head
            if not content:
                break
            sizes.append(size)
            body += content
        else:
            raise AssertionError(f"record {kind}")
        head = _take(sock, 8)
    assert struct.unpack(">H", begun[:2])[0] == 1, "not asked to respond"
    env, names = _environment(pairs(params))
    return Call(env, body, bool(begun[2] & KEEP_CONN), names, tuple(sizes))


def take_scgi(sock: Source) -> Call | None:
    digits = sock.recv(1)
    if not digits:
        return None
    while not digits.endswith(b":"):
        digits += _take(sock, 1)
    said = _take(sock, int(digits[:-1]))
    assert _take(sock, 1) == b","
    assert said.endswith(b"\0"), said[-20:]
    words = [word.decode("latin-1") for word in said[:-1].split(b"\0")]
    env, names = _environment(list(zip(words[::2], words[1::2], strict=True)))
    assert names[0] == "CONTENT_LENGTH", names
    assert env["SCGI"] == "1", env
    return Call(env, _take(sock, int(env["CONTENT_LENGTH"])), names=names)


def take_uwsgi(sock: Source) -> Call | None:
    head = sock.recv(1)
    if not head:
        return None
    head += _take(sock, 3)
    assert (head[0], head[3]) == (0, 0), head
    data = _take(sock, int.from_bytes(head[1:3], "little"))
    found, at = [], 0
    words = []
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "little")
        assert at + 2 + size <= len(data)
        words.append(data[at + 2 : at + 2 + size].decode("latin-1"))
        at += 2 + size
    found = list(zip(words[::2], words[1::2], strict=True))
    env, names = _environment(found)
    return Call(env, _take(sock, int(env.get("CONTENT_LENGTH", 0))), names=names)


TAKE = {"fcgi": take_fastcgi, "scgi": take_scgi, "uwsgi": take_uwsgi}


@dataclass(slots=True)
class Gateway:
    """A member at a port of its own, or at a unix socket; each connection a thread."""

    scheme: str
    handler: Answer
    path: str = ""
    calls: list[Call] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    connections: int = 0
    _sock: socket.socket = field(init=False)
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.path:
            self._sock = socket.socket(socket.AF_UNIX)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
            self._sock.bind(self.path)
            os.chmod(self.path, 0o777)
        else:
            self._sock = socket.socket()
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._sock.bind((HOST, 0))
        self._sock.listen(64)
        self._run(self._accept)

    @property
    def url(self) -> str:
        """As a target of a mapping, without its last slash."""
        if self.path:
            return f"unix:{self.path}|{self.scheme}://localhost"
        return f"{self.scheme}://{HOST}:{self.port}"

    @property
    def port(self) -> int:
        return int(self._sock.getsockname()[1])

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            sock.settimeout(DEADLINE_S)
            self.connections += 1
            self._open.append(sock)
            self._run(self._serve, sock)

    def _run(self, work: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            while call := TAKE[self.scheme](sock):
                self.calls.append(call)
                said = self.handler(call)
                if said is None:
                    break
                sock.sendall(said)
                if not call.keep:
                    break
        except (OSError, EOFError):
            pass  # the other side left
        except BaseException as e:
            # the test shows it
            self.faults.append(e)
        finally:
            with contextlib.suppress(OSError):
                sock.close()

    def stop(self) -> None:
        """Close what listens and what is open; a thread's fault is the test's."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self._threads[0].join(DEADLINE_S)  # nobody is accepted any more
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # its thread may wait in recv
        for thread in self._threads:
            thread.join(DEADLINE_S)
        if self.faults:
            raise self.faults[0]
