"""Whom a worker's data path meets: clients, members, and what it calls upward.

They are played by a test, with flow_bench.py.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastlb._core import Request
from fastlb.facts.error_format import About, Item

if TYPE_CHECKING:
    from flow_bench import Bench

HOST = "127.0.0.1"
SERVER = "Listen 80\nServerName h\nServerTokens Prod\n"


def balancer(*parameters: str, settings: str = "", path: str = "/") -> str:
    """Server and balancer: a member on each line of parameters, at 127.0.0.1:8001 ff.

    settings: parameters of the balancer's ProxyPass.
    """
    lines = "\n".join(
        f"BalancerMember http://127.0.0.1:{8001 + number} {parameter}"
        for number, parameter in enumerate(parameters)
    )
    return (
        f"{SERVER}<Proxy balancer://b>\n{lines}\n</Proxy>\n"
        f"ProxyPass {path} balancer://b/ {settings}\n"
    )


ONE = balancer("")


def get(path: str = "/", *fields: str, method: str = "GET") -> bytes:
    """A request without a body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: h", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def post(body: bytes, *fields: str, path: str = "/", method: str = "POST") -> bytes:
    """A request with a body of known length; body is what of it comes at once."""
    if not any(f.startswith(("Content-Length", "Transfer-")) for f in fields):
        fields = (*fields, f"Content-Length: {len(body)}")
    return get(path, *fields, method=method) + body


def answer(body: bytes = b"ok", *fields: str, status: str = "200 OK") -> bytes:
    """A response of known length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Services:
    """What the core may call upward: remembered, and answered with the least."""

    pages: list[tuple[int, str]] = field(default_factory=list)  # status, detail
    handled: list[tuple[str, Request]] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)  # "level module text"
    about: list[About | None] = field(default_factory=list)  # ... who, of each
    hosts: list[tuple[Any, ...]] = field(default_factory=list)  # ask_host
    addresses: list[tuple[Any, ...]] = field(default_factory=list)  # ask_address
    names: list[tuple[Any, ...]] = field(default_factory=list)  # ask_name
    maps: list[tuple[Any, ...]] = field(default_factory=list)  # ask_map
    takes_maps: bool = True
    variables: list[tuple[str, ...]] = field(default_factory=list)  # tls_variables
    told: list[str] = field(default_factory=list)  # drained, lone, recycle
    fault: bool = False  # whatever may raise does

    def error_page(  # noqa: PLR0917 - the core calls it by position
        self,
        vhost_index: int,
        status: int,
        detail: str,
        path: str,
        reason: str,
        second_status: int,
        host_name: str,
        host_port: int,
    ) -> tuple[str, bytes]:
        if self.fault:
            raise RuntimeError("a page that fails")
        self.pages.append((status, detail))
        return reason or "Told", f"{status} {detail}".encode()

    def signature(
        self, vhost_index: int, path: str, host_name: str, host_port: int
    ) -> bytes:
        if self.fault:
            raise RuntimeError("a line that fails")
        return b"<address>signed</address>\n"

    def handle(
        self, name: str, request: Request
    ) -> tuple[int, str, bytes, tuple[tuple[str, str], ...]]:
        if self.fault:
            raise RuntimeError("a handler that fails")
        self.handled.append((name, request))
        return 200, "text/plain", b"handled", (("X-Handled", "yes"),)

    def ask_host(self, *asked: Any) -> None:
        self.hosts.append(asked)

    def ask_address(self, *asked: Any) -> None:
        self.addresses.append(asked)

    def ask_map(self, *asked: Any) -> bool:
        self.maps.append(asked)
        return self.takes_maps

    def read_map(self, number: int, vhost_index: int) -> bool:
        return False

    def ask_name(self, *asked: Any) -> None:
        self.names.append(asked)

    def log(  # noqa: PLR0917 - the core calls it by position
        self,
        level: str,
        module: str,
        vhost_index: int,
        client: str,
        error_number: int,
        text: str,
        about: tuple[Mapping[Item, str], bool, bool, bool] | None = None,
    ) -> bool:
        self.logged.append(f"{level} {module} {text}")
        self.about.append(About(*about) if about is not None else None)
        return True

    def tls_variables(
        self, names: Sequence[str], ssl: int, vhost_index: int
    ) -> Sequence[bytes | None]:
        self.variables.append(tuple(names))
        if self.fault:
            raise RuntimeError("variables that fail")
        return [None if "NONE" in name else name.encode() for name in names]

    def drained(self) -> None:
        self.told.append("drained")

    def lone(self) -> None:
        self.told.append("lone")

    def recycle(self) -> None:
        self.told.append("recycle")

    def has_said(self, number: str) -> bool:
        """Is there a log line with this AH or FB number?"""
        return any(f" {number}: " in line for line in self.logged)


class Peer:
    """One end of a connection: the client's, or the member's."""

    def __init__(self, bench: Bench, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.bench = bench
        self.sock = sock
        self.received = bytearray()  # and not taken yet
        self.taken = b""  # last
        self.ended = False  # the other side has shut down or reset
        self.was_reset = False
        bench.peers.append(self)

    def push(self, data: bytes) -> int:
        """Send without a turn; how much the socket took."""
        sent = 0
        with contextlib.suppress(BlockingIOError, ssl.SSLWantWriteError):
            while sent < len(data):
                sent += self.sock.send(data[sent:])
        return sent

    def send(self, data: bytes, reader: Peer | None = None) -> None:
        """All of it, with turns while the socket is full; none after the last byte.

        reader: who reads meanwhile what arrives of it.
        """
        rest = data

        def is_sent() -> bool:
            nonlocal rest
            rest = rest[self.push(rest) :]
            if reader is not None:
                reader.look()
            return not rest

        self.bench.until(is_sent, "room in a socket")

    def shake(self, context: ssl.SSLContext, name: str | None = None) -> None:
        """TLS from here on: as a client that asks for name, else as a server. What the
        other side finds wrong is no failure of this one."""
        self.sock = context.wrap_socket(
            self.sock,
            server_side=name is None,
            server_hostname=name,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=True,
        )

        def is_done() -> bool:
            assert isinstance(self.sock, ssl.SSLSocket)
            try:
                self.sock.do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return False
            return True

        self.bench.until(is_done, "a handshake")

    def shut(self) -> None:
        """Send no more."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.sock.close()

    def reset(self) -> None:
        """Close so that the other side gets a reset."""
        self.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.sock.close()

    def look(self) -> None:
        """Receive what is there."""
        while not self.ended:
            try:
                data = self.sock.recv(262144)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except ConnectionResetError:
                self.ended = self.was_reset = True
                return
            self.received += data
            self.ended = not data

    def has(self, enough: Callable[[bytearray], bool]) -> bool:
        self.look()
        return enough(self.received)

    def take(self, count: int) -> bytes:
        """So many bytes, as soon as they are there."""
        self.bench.until(lambda: self.has(lambda got: len(got) >= count), self)
        return self._taken(count)

    def through(self, end: bytes) -> bytes:
        """Up to and with the first of these."""
        self.bench.until(lambda: self.has(lambda got: end in got), self)
        return self._taken(self.received.index(end) + len(end))

    def head(self) -> bytes:
        """Up to and with the empty line."""
        return self.through(b"\r\n\r\n")

    def message(self) -> tuple[bytes, bytes]:
        """Head, and the body that its Content-Length announces."""
        head = self.head()
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return head, self.take(length)

    def status(self) -> int:
        """Of the next response, which is taken away."""
        return int(self.message()[0].split(b" ")[1])

    def rest(self) -> bytes:
        """All that comes until the other side has ended."""
        self.bench.until(lambda: self.has(lambda _: self.ended), self)
        return self._taken(len(self.received))

    def is_silent(self) -> bool:
        """Nothing came, and no end, though everything was done that can be."""
        self.bench.settle()
        self.look()
        return not self.received and not self.ended

    def _taken(self, count: int) -> bytes:
        data = bytes(self.received[:count])
        del self.received[:count]
        self.taken = data
        return data


class Server:
    """A listening socket: of a member, or of anybody."""

    def __init__(
        self, bench: Bench, slot: int = -1, unix_path: str | bytes | None = None
    ) -> None:
        self.bench = bench
        self.slot = slot  # of the member in the table; -1: it is none
        self._unix_path = unix_path
        self.sock = socket.socket()
        self.move()
        bench.servers.append(self)

    def refuse(self) -> None:
        """Nobody listens where the member is; the port stays ours."""
        self.move(listens=False)

    def move(self, *, listens: bool = True) -> None:
        """To another address."""
        self.sock.close()
        if self._unix_path is not None:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.bind(self._unix_path)
        else:
            self.sock = self.bench.tcp()
            self.sock.bind((HOST, 0))
        if listens:
            self.sock.listen(64)
        self.sock.setblocking(False)
        if self.slot >= 0 and self._unix_path is None:
            self.bench.table.set_addresses(self.slot, [(HOST, self.port)])

    @property
    def port(self) -> int:
        return int(self.sock.getsockname()[1])

    def maybe_accept(self) -> Peer | None:
        """A connection that has come by now."""
        try:
            return Peer(self.bench, self.sock.accept()[0])
        except BlockingIOError:
            return None

    def accept(self) -> Peer:
        found: list[Peer] = []

        def came() -> bool:
            peer = self.maybe_accept()
            if peer is not None:
                found.append(peer)
            return peer is not None

        self.bench.until(came, "a connection to a member")
        return found[0]

    def is_unasked(self) -> bool:
        """Nobody has connected, though everything was done that can be."""
        self.bench.settle()
        return self.maybe_accept() is None

    def serve(self, *sent: bytes) -> Peer:
        """Accept, take a request with its body, and answer."""
        peer = self.accept()
        peer.message()
        for data in sent or (answer(),):
            peer.send(data)
        return peer

    @property
    def facts_now(self) -> dict[str, Any]:
        """The member's row of the table: status, elected, busy ..."""
        return self.bench.table.snapshot_member(self.slot)

    @property
    def busy(self) -> int:
        return int(self.facts_now["busy"])
