"""Scripted members: real TCP servers that record every request byte for byte.

A member owns one port for its whole life: while it is *down* the port stays bound but
does not listen, so that a connect is refused and nobody else can take the number.
What it answers is decided by the case in play: a list of turns, one per request; when
the list has run out (or there is none) the member answers with its own name.
"""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from tests.ajp_packets import CPING, CPONG, forwarded, wanted

from . import ajp_member, gateway_member
from .identities import common_name

READ_BYTES = 65536
STEP_SECONDS = 20.0


class Act(Enum):
    """What a member can do besides sending bytes."""

    CLOSE = auto()  # orderly end (FIN)
    RESET = auto()  # RST
    HANG = auto()  # say nothing more until the case is over


@dataclass(frozen=True)
class Wait:
    """Go on when the client's script has given the signal of that name."""

    name: str


Action = bytes | Act | Wait


@dataclass(frozen=True)
class Secured:
    """A member that speaks TLS: as whom, and whether clients must show who they are."""

    identity: str = "member"
    asks: bool = False
    version: str = ""  # the only one it speaks

    def context(self, tls: Path) -> ssl.SSLContext:
        """tls: where the files of identities.py are."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(tls / f"{self.identity}.pem")
        if self.asks:
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(tls / "ca.crt")
        if self.version:
            only = ssl.TLSVersion[self.version.replace(".", "_")]
            made.minimum_version = made.maximum_version = only

        def note(sock: ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
            _asked_for[sock.fileno()] = name

        made.sni_callback = note  # type: ignore[assignment]
        return made


_asked_for: dict[int, str | None] = {}


@dataclass(frozen=True)
class Turn:
    """A member's part in one request.

    actions     what to do once the request is there
    interim     sent after the head of a request that expects 100-continue; b"" means
                that the member stays silent and waits for the body
    read_body   False: act as soon as the head is there, leave the body unread
    """

    actions: tuple[Action, ...] = ()
    interim: bytes = b"HTTP/1.1 100 Continue\r\n\r\n"
    read_body: bool = True


@dataclass
class Received:
    """One request as it arrived: the head with its empty line, and the body."""

    head: bytes
    body: bytes = b""
    framing: str = "none"
    tls: Mapping[str, object] | None = None  # over what it came


Script = Turn | Sequence[Turn]


def turn(
    *actions: Action, interim: bytes | None = None, read_body: bool = True
) -> Turn:
    """Write a turn in one line."""
    if interim is None:
        return Turn(actions, read_body=read_body)
    return Turn(actions, interim, read_body)


def answer(
    body: bytes = b"",
    *headers: str,
    status: str = "200 OK",
    length: bool = True,
) -> bytes:
    """Build a response with Content-Length (unless length is False)."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class _Ended(Exception):
    """The peer closed the connection."""


class _Stream:
    """A connection with a buffer, read by the rules of RFC 9112 section 6."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = b""
        self.tls: Mapping[str, object] | None = None

    def _more(self) -> None:
        data = self.sock.recv(READ_BYTES)
        if not data:
            raise _Ended
        self.buffer += data

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self._more()
        end = self.buffer.index(mark) + len(mark)
        taken, self.buffer = self.buffer[:end], self.buffer[end:]
        return taken

    def exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self._more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def first(self) -> bytes:
        while not self.buffer:
            self._more()
        return self.buffer[:1]

    def recv(self, count: int) -> bytes:
        """As a socket's; b"" at the end."""
        if not self.buffer:
            return self.sock.recv(count)
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def packet(self) -> bytes:
        """The content of one of AJP."""
        head = self.exactly(4)
        assert head[:2] == b"\x124", head
        return self.exactly(int.from_bytes(head[2:], "big"))

    def body_of(self, received: Received) -> None:
        fields = fields_of(received.head)
        coding = fields.get("transfer-encoding", "")
        if "chunked" in coding.lower():
            received.framing = "chunked"
            while size := int(self.until(b"\r\n").split(b";")[0], 16):
                received.body += self.exactly(size)
                self.exactly(2)
            while self.until(b"\r\n") != b"\r\n":
                pass
        elif "content-length" in fields:
            received.framing = "length"
            received.body = self.exactly(int(fields["content-length"]))


def fields_of(head: bytes) -> dict[str, str]:
    """Header fields by lower-case name; of several with one name, the last."""
    fields = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name:
            fields[name.lower()] = value.strip()
    return fields


def _told(sock: ssl.SSLSocket) -> Mapping[str, object]:
    """What a client says of itself in the handshake."""
    shown = sock.getpeercert(binary_form=True)
    return {
        "sni": _asked_for.pop(sock.fileno(), None),
        "client": common_name(shown) if shown else None,
    }


@dataclass
class Member:
    """A scripted server on one loopback port."""

    name: str
    address: str = "127.0.0.1"
    port: int = 0
    received: list[Received] = field(default_factory=list)

    ports: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: list[Turn] = []
        self._forever: Turn | None = None
        self._case_over = threading.Event()
        self._signals: dict[str, threading.Event] = {}
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._closing = False
        self._context: ssl.SSLContext | None = None
        self._listener = self._bound()
        self.port = self._listener.getsockname()[1]
        self.up()

    def _bound(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.address, self.port))
        return sock

    def secure(self, how: Secured, tls: Path) -> None:
        """Speak TLS on connections that come from now on."""
        self._context = how.context(tls)

    # -- life ---------------------------------------------------------------

    def up(self) -> None:
        """Listen (again)."""
        if self._listener is None:
            self._listener = self._bound()
        elif self._listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return
        self._listener.listen(64)
        thread = threading.Thread(
            target=self._accept, args=(self._listener,), daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def down(self) -> None:
        """Refuse new connections and end those there are."""
        listener = self._listener
        assert listener is not None
        if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            # shutdown() wakes the accepting thread; the port is bound anew at once.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self._listener = self._bound()
        self._end_connections()

    def close(self) -> None:
        """End everything; the port is given back."""
        self._closing = True
        self.end_case()
        assert self._listener is not None
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._end_connections()
        for thread in self._threads:
            thread.join(STEP_SECONDS)

    def _end_connections(self) -> None:
        with self._lock:
            sockets = list(self._open)
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    # -- the case in play ----------------------------------------------------

    def begin_case(self, script: Script | None) -> None:
        """Take the turns of a case; forget what was received before."""
        self._case_over.clear()
        with self._lock:
            self._signals = {}
            self.received = []
            self._forever = script if isinstance(script, Turn) else None
            self._turns = (
                [] if script is None or isinstance(script, Turn) else list(script)
            )

    def end_case(self) -> None:
        """Let go of whatever still waits."""
        self._case_over.set()
        with self._lock:
            for event in self._signals.values():
                event.set()

    def signal(self, name: str) -> None:
        """Let the action Wait(name) go on."""
        self._event(name).set()

    def _event(self, name: str) -> threading.Event:
        with self._lock:
            return self._signals.setdefault(name, threading.Event())

    def _filled(self, data: bytes) -> bytes:
        """`{m0}` in what a member sends is the port of that member."""
        for name, port in self.ports.items():
            data = data.replace(b"{%b}" % name.encode(), str(port).encode())
        return data

    def _next_turn(self, named: bytes = b"") -> Turn:
        with self._lock:
            if self._forever is not None:
                return self._forever
            if self._turns:
                return self._turns.pop(0)
        named = named or answer(self.name.encode(), "Content-Type: text/plain")
        return Turn((named,))

    # -- connections ---------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        stream = _Stream(sock)
        try:
            if self._context is not None:
                sock.settimeout(STEP_SECONDS)
                secured = self._context.wrap_socket(sock, server_side=True)
                with self._lock:
                    self._open.discard(sock)
                    self._open.add(secured)
                sock = secured
                stream = _Stream(sock)
                stream.tls = _told(secured)
            while self._exchange(stream):
                pass
        except (_Ended, OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()

    def _ajp_exchange(self, stream: _Stream) -> bool:
        """A packet that comes where a request might. An interim answer of "CPING" is
        sent in place of the pong; a body that is read is asked for, piece by piece."""
        content = stream.packet()
        if content == CPING[4:]:
            with self._lock:
                self.received.append(Received(ajp_member.PING))
                turn = self._forever or (self._turns or [Turn()])[0]
            if turn.interim.startswith(b"HTTP"):
                stream.sock.sendall(CPONG)
            else:
                stream.sock.sendall(turn.interim)
            return True
        asked = forwarded(content)
        received = Received(ajp_member.told(asked))
        with self._lock:
            self.received.append(received)
        now = self._next_turn(ajp_member.named(self.name))
        length = ajp_member.length_of(asked)
        sizes = []
        if length > 0:
            received.body = stream.packet()[2:]
            sizes.append(len(received.body))
        while now.read_body and len(received.body) != length and length:
            stream.sock.sendall(wanted(0xFFFF))
            piece = stream.packet()[2:]
            sizes.append(len(piece))
            received.body += piece
            if not piece:
                break
        if length:
            received.framing = f"pieces of {sizes}"
        return self._act(stream, now)

    def _gateway_exchange(self, stream: _Stream, scheme: str) -> bool:
        """A request as an application sees it, whose connection mostly ends with it."""
        call = gateway_member.take(stream, scheme)
        received = Received(gateway_member.told(scheme, call), call.body)
        with self._lock:
            self.received.append(received)
        now = self._next_turn(gateway_member.named(scheme, self.name))
        return self._act(stream, now) and call.keep

    def _exchange(self, stream: _Stream) -> bool:
        first = stream.first()
        if first == b"\x12":
            return self._ajp_exchange(stream)
        if scheme := gateway_member.spoken_by(first):
            return self._gateway_exchange(stream, scheme)
        received = Received(stream.until(b"\r\n\r\n"), tls=stream.tls)
        with self._lock:
            self.received.append(received)
        now = self._next_turn()
        if now.read_body:
            expects = fields_of(received.head).get("expect", "")
            if expects.lower() == "100-continue" and now.interim:
                stream.sock.sendall(now.interim)
            stream.body_of(received)
        return self._act(stream, now)

    def _act(self, stream: _Stream, now: Turn) -> bool:
        for action in now.actions:
            if isinstance(action, bytes):
                stream.sock.sendall(self._filled(action))
            elif isinstance(action, Wait):
                self._event(action.name).wait(STEP_SECONDS)
            elif action is Act.HANG:
                self._case_over.wait(STEP_SECONDS)
                return False
            elif action is Act.RESET:
                stream.sock.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                return False
            else:
                return False
        return True
