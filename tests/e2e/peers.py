"""Raw ends of connections: what a client or a member really sends and sees.

Nothing here corrects anything. A Peer reads what came, byte for byte, with its own
reader of HTTP/1.x that trusts nobody: a message that is not whole, or is framed
otherwise than it says, is an error of the test.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

HOST = "127.0.0.1"
DEADLINE_S = 30.0
READ_BYTES = 262144


class CutError(AssertionError):
    """The other side ended within a message."""


class SilenceError(AssertionError):
    """Nothing came although something had to."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response as it came.

    framing: "none", "length", "chunked", "close". interim: status lines of 1xx
    responses that came first.
    """

    start: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    framing: str
    interim: tuple[int, ...] = ()

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1])

    @property
    def method(self) -> str:
        return self.start.split(" ")[0]

    @property
    def target(self) -> str:
        return self.start.split(" ")[1]

    def field(self, name: str) -> str | None:
        found = [value for known, value in self.fields if known.lower() == name.lower()]
        assert len(found) <= 1, f"{name} came {len(found)} times"
        return found[0] if found else None


class Peer:
    """One end of a connection, with what was read and not yet used."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.held = b""
        self.trailers: list[bytes] = []  # of the last chunked body

    # sending

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def send_byte_by_byte(self, data: bytes) -> None:
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for n in range(len(data)):
            self.sock.sendall(data[n : n + 1])

    def half_close(self) -> None:
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.close()

    def reset(self) -> None:
        """End with RST: everything unread is thrown away on both sides."""
        linger = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close()

    # receiving

    def more(self) -> bool:
        """Receive once; False at the end of the stream."""
        try:
            data = self.sock.recv(READ_BYTES)
        except TimeoutError:
            raise SilenceError(f"silence after {self.held[-200:]!r}") from None
        self.held += data
        return bool(data)

    def take(self, count: int) -> bytes:
        """Exactly so many bytes."""
        pieces = [self.held[:count]]
        self.held = self.held[count:]
        missing = count - len(pieces[0])
        while missing:
            try:
                data = self.sock.recv(min(missing, READ_BYTES))
            except TimeoutError:
                raise SilenceError(f"silence, {missing} bytes missing") from None
            if not data:
                raise CutError(f"{missing} of {count} bytes missing")
            pieces.append(data)
            missing -= len(data)
        return b"".join(pieces)

    def take_until(self, end: bytes) -> bytes:
        """Up to and with the next occurrence of end."""
        while end not in self.held:
            if not self.more():
                raise CutError(f"ended in {self.held[-200:]!r}")
        found, _, self.held = self.held.partition(end)
        return found + end

    def take_rest(self) -> bytes:
        """Everything up to the end of the stream."""
        while self.more():
            pass
        rest, self.held = self.held, b""
        return rest

    def at_end(self) -> bool:
        """Wait for the end; True when nothing else came before it (RST counts)."""
        try:
            return not self.held and not self.more()
        except ConnectionResetError:
            return True

    def is_silent(self, seconds: float) -> bool:
        """True when nothing comes for so long."""
        if self.held:
            return False
        self.sock.settimeout(seconds)
        try:
            self.held = self.sock.recv(READ_BYTES)
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(DEADLINE_S)
        return False

    # messages

    def take_head(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        lines = self.take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")[:-2]
        fields = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            assert colon and name == name.strip() and name, f"bad field {line!r}"
            fields.append((name, value.strip()))
        return lines[0], tuple(fields)

    def take_request(self) -> Message | None:
        """The next request; None at the end of the stream between requests."""
        if not self.held and not self.more():
            return None
        start, fields = self.take_head()
        framing, body = self.take_body(fields, otherwise="none")
        return Message(start, fields, body, framing)

    def take_response(self, method: str = "GET") -> Message:
        """The next final response, with the 1xx before it counted."""
        interim = []
        while True:
            start, fields = self.take_head()
            assert start.startswith("HTTP/1."), f"no response: {start!r}"
            status = int(start.split(" ")[1])
            if status >= 200:
                break
            interim.append(status)
        if method == "HEAD" or status in (204, 304):
            framing, body = "none", b""
        else:
            framing, body = self.take_body(fields, otherwise="close")
        return Message(start, fields, body, framing, tuple(interim))

    def take_body(
        self, fields: tuple[tuple[str, str], ...], otherwise: str
    ) -> tuple[str, bytes]:
        lower = {name.lower(): value for name, value in fields}
        coding = lower.get("transfer-encoding")
        if coding is not None:
            assert coding.lower() == "chunked", coding
            assert "content-length" not in lower, "two lengths"
            return "chunked", self.take_chunked()
        if "content-length" in lower:
            return "length", self.take(int(lower["content-length"]))
        return otherwise, self.take_rest() if otherwise == "close" else b""

    def take_chunked(self) -> bytes:
        pieces = []
        while True:
            line = self.take_until(b"\r\n")[:-2]
            size = int(line, 16)
            if size == 0:
                break
            pieces.append(self.take(size))
            assert self.take(2) == b"\r\n", "no CRLF behind a chunk"
        self.trailers = []
        while line := self.take_until(b"\r\n")[:-2]:
            self.trailers.append(line)
        return b"".join(pieces)


Handler = Callable[[Peer], None]
"""A member's life on one connection; the connection is closed when it returns."""


class ScriptedMember:
    """A listening socket whose every connection is given to a handler, in a thread."""

    def __init__(
        self,
        handler: Handler,
        *,
        path: str | None = None,
        host: str = HOST,
        receive_bytes: int = 0,
    ) -> None:
        self.handler = handler
        self.peers: list[Peer] = []
        self.errors: list[BaseException] = []
        self.path = path
        self._threads: list[threading.Thread] = []
        if path is not None:
            self._sock = socket.socket(socket.AF_UNIX)
            self._sock.bind(path)
            os.chmod(path, 0o777)
        else:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._sock = socket.socket(family)
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if receive_bytes:
                self._sock.setsockopt(
                    socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes
                )
            self._sock.bind((host, 0))
        self.host = f"[{host}]" if ":" in host else host
        self.port = 0 if path is not None else int(self._sock.getsockname()[1])
        self._sock.listen(256)
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        self._threads.append(thread)

    @property
    def url(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}|http://{HOST}/"
        return f"http://{self.host}:{self.port}"

    @property
    def connections(self) -> int:
        return len(self.peers)

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self._threads[0].join(DEADLINE_S)  # nobody is accepted any more
        for peer in list(self.peers):
            with contextlib.suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(DEADLINE_S)
        if self.path is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            sock.settimeout(DEADLINE_S)
            peer = Peer(sock)
            self.peers.append(peer)
            thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: Peer) -> None:
        try:
            self.handler(peer)
        except OSError:
            pass  # the other side has gone: what it should not have done, tests see
        except BaseException as error:
            self.errors.append(error)
        finally:
            peer.close()


def answering(answer: Callable[[Message], bytes]) -> Handler:
    """Every request of a connection is answered; the connection is kept."""

    def handler(peer: Peer) -> None:
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        while (request := peer.take_request()) is not None:
            peer.send(answer(request))

    return handler


def response(
    body: bytes = b"", status: str = "200 OK", fields: str = "", version: str = "1.1"
) -> bytes:
    """A whole response with its length; fields: more lines, each ended by CRLF."""
    head = f"HTTP/{version} {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
    return head.encode("latin-1") + body


def chunked(*pieces: bytes, trailers: bytes = b"", extension: bytes = b"") -> bytes:
    """A body in chunks of just these pieces."""
    framed = [b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in pieces if p]
    return b"".join(framed) + b"0\r\n" + trailers + b"\r\n"


def request(
    target: str = "/",
    method: str = "GET",
    body: bytes | None = None,
    fields: str = "",
    version: str = "1.1",
) -> bytes:
    """A whole request; body: with its length."""
    length = f"Content-Length: {len(body)}\r\n" if body is not None else ""
    head = f"{method} {target} HTTP/{version}\r\nHost: h.example\r\n{length}{fields}"
    return f"{head}\r\n".encode("latin-1") + (body or b"")
