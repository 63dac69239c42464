"""Tunnels in all four pairings of plain and TLS, in front and behind."""

from __future__ import annotations

import hashlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from certificates import make_ca, make_pair
from harness import HOST, Fastlb, wait_for

PAIRINGS = [("plain", "plain"), ("plain", "tls"), ("tls", "plain"), ("tls", "tls")]
ASK = (
    b"GET /chat HTTP/1.1\r\nHost: localhost\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
)
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
)
DEADLINE_S = 30.0
PIECE = bytes(range(256)) * 256
SIZE = 16 << 20


class Keys:
    """One authority, one certificate for everybody, contexts for both roles."""

    def __init__(self, folder: Path) -> None:
        authority = make_ca()
        made = make_pair(authority, ["localhost"])
        self.files = made.write(folder, "host")
        self.authority = authority.write(folder)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(self.files.full)
        self.client = ssl.create_default_context(cafile=str(self.authority))


Talk = Callable[[socket.socket], None]


class FarEnd:
    """A member whose every connection, after the 101, is given to talk."""

    def __init__(self, context: ssl.SSLContext | None, talk: Talk) -> None:
        self._context, self._talk = context, talk
        self._sock = socket.create_server((HOST, 0))
        self.port = int(self._sock.getsockname()[1])
        self.errors: list[BaseException] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._sock.accept()
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(DEADLINE_S)
        try:
            if self._context is not None:
                sock = self._context.wrap_socket(
                    sock, server_side=True, suppress_ragged_eofs=False
                )
            with sock:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += sock.recv(1)
                sock.sendall(SWITCHED)
                self._talk(sock)
        except BaseException as error:
            self.errors.append(error)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


Pair = Callable[[Talk], tuple[socket.socket, FarEnd]]


@pytest.fixture(params=PAIRINGS, ids=["-".join(pair) for pair in PAIRINGS])
def pair(request: pytest.FixtureRequest, server: Fastlb, keys: Keys) -> Iterator[Pair]:
    """pair(talk): the client's end of a tunnel, and the member's."""
    front, behind = request.param
    made: list[FarEnd] = []
    clients: list[socket.socket] = []

    def make(talk: Talk) -> tuple[socket.socket, FarEnd]:
        far = FarEnd(keys.server if behind == "tls" else None, talk)
        made.append(far)
        scheme = "wss" if behind == "tls" else "ws"
        lines = [f"ProxyPass / {scheme}://localhost:{far.port}/"]
        if behind == "tls":
            lines += ["SSLProxyEngine On", "SSLProxyVerify require"]
            lines.append(f'SSLProxyCACertificateFile "{keys.authority}"')
        if front == "tls":
            lines.append(f'SSLEngine On\nSSLCertificateFile "{keys.files.full}"')
        lines.append('LogFormat "%>s|%b|%O|%I|%X" e2e\nCustomLog access.log e2e')
        server.write("\n".join(lines), workers=1)
        server.start()
        client = socket.create_connection((HOST, server.port), timeout=DEADLINE_S)
        if front == "tls":
            client = keys.client.wrap_socket(
                client, server_hostname="localhost", suppress_ragged_eofs=False
            )
        clients.append(client)
        client.sendall(ASK)
        assert take(client, len(SWITCHED)) == SWITCHED
        return client, far

    yield make
    for client in clients:
        client.close()
    for far in made:
        far.stop()


def take(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        assert more, f"ended after {len(data)} of {count} bytes"
        data += more
    return data


def echo(sock: socket.socket) -> None:
    while data := sock.recv(65536):
        sock.sendall(data)


def end(sock: socket.socket) -> None:
    """Say that nothing more is sent, and go on reading."""
    if isinstance(sock, ssl.SSLSocket):
        # Sends close_notify; what the other side still says is read by hand.
        with suppress(ssl.SSLWantReadError):
            sock.settimeout(0.0)
            sock._sslobj.shutdown()  # type: ignore[attr-defined]
        sock.settimeout(DEADLINE_S)
    else:
        sock.shutdown(socket.SHUT_WR)


def test_messages_come_back(pair: Pair) -> None:
    client, _ = pair(echo)
    for size in (1, 100, 1300, 16384, 16385, 100_000):
        message = bytes(n % 251 for n in range(size))
        client.sendall(message)
        assert take(client, size) == message


NOT_NOW = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


def talk_and_listen(sock: socket.socket, data: bytes) -> bytes:
    """Send data and read as many bytes, both at once: one thread, as TLS wants."""
    sock.setblocking(False)
    sent, got = 0, bytearray()
    while len(got) < len(data):
        moved = False
        with suppress(*NOT_NOW):
            if sent < len(data):
                sent += sock.send(data[sent : sent + 65536])
                moved = True
        with suppress(*NOT_NOW):
            more = sock.recv(1 << 20)
            assert more, "the end"
            got += more
            moved = True
        if not moved:
            writers = [sock] if sent < len(data) else []
            ready = select.select([sock], writers, [], DEADLINE_S)
            assert any(ready), f"silence after {len(got)} bytes"
    sock.settimeout(DEADLINE_S)
    return bytes(got)


def test_bulk_passes_both_ways_at_once(pair: Pair, server: Fastlb) -> None:
    client, far = pair(echo)
    data = PIECE * (SIZE // len(PIECE))
    got = talk_and_listen(client, data)
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()
    client.close()
    path = server.folder / "access.log"
    wait_for(lambda: path.exists() and path.read_text(), "the line")
    line = path.read_text().split("|")
    assert line[:3] == ["101", str(SIZE), str(SIZE + len(SWITCHED))]
    assert line[3] == str(SIZE + len(ASK))
    assert far.errors == []


def test_the_members_last_words_and_its_end_arrive(pair: Pair) -> None:
    def talk(sock: socket.socket) -> None:
        take(sock, 5)
        sock.sendall(b"z" * 300_000)
        end(sock)
        with suppress(OSError):
            sock.recv(1)

    client, _ = pair(talk)
    client.sendall(b"hello")
    assert take(client, 300_000) == b"z" * 300_000
    assert client.recv(1) == b""


def test_the_client_s_end_arrives_as_one(pair: Pair) -> None:
    heard: list[bytes] = []

    def talk(sock: socket.socket) -> None:
        heard.append(take(sock, 5))
        heard.append(sock.recv(1))

    client, far = pair(talk)
    client.sendall(b"words")
    end(client)
    wait_for(lambda: len(heard) == 2, "the end has come")
    assert heard == [b"words", b""]
    assert far.errors == []


def test_a_stalled_reader_does_not_stop_the_other_direction(pair: Pair) -> None:
    heard: list[int] = []
    full = threading.Event()

    def talk(sock: socket.socket) -> None:
        """Say as much as is taken, then listen: one thread, as a TLS object wants."""
        sock.settimeout(0.3)
        with suppress(TimeoutError, ssl.SSLWantWriteError):
            while True:
                sock.sendall(PIECE)
        full.set()
        sock.settimeout(DEADLINE_S)
        heard.append(len(take(sock, 1_000_000)))

    client, far = pair(talk)
    assert full.wait(DEADLINE_S)
    client.sendall(b"y" * 1_000_000)
    wait_for(lambda: heard or far.errors, "the member has heard all")
    assert (heard, far.errors) == ([1_000_000], [])


def test_a_cut_connection_ends_both(pair: Pair) -> None:
    ended = threading.Event()

    def talk(sock: socket.socket) -> None:
        try:
            while sock.recv(1000):
                pass
        finally:
            ended.set()

    client, _ = pair(talk)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if isinstance(client, ssl.SSLSocket):
        sock = socket.socket(fileno=client.detach())
        sock.close()
    else:
        client.close()
    assert ended.wait(DEADLINE_S)
