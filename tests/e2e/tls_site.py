"""TLS for end-to-end tests: certificates, clients that are patient, rude or broken.

Certificates are made once for a run; each test lays them into its own directory.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from certificates import Authority, Pair, make_ca, make_crl, make_pair
from harness import DEADLINE_S, HOST
from peers import Message, Peer, request
from programs import bare_environment

NAMES = ("one.test", "two.test", "h.example", "localhost", HOST)
RECORD_BYTES_MAX = 16384


@cache
def root() -> Authority:
    return make_ca()


@cache
def middle() -> Authority:
    return make_ca("intermediate", parent=root())


@cache
def stranger() -> Authority:
    return make_ca("an authority that nobody knows")


@cache
def pairs() -> dict[str, Pair]:
    """Certificates of servers, members and clients by name."""
    over = datetime.now(UTC) - timedelta(days=2)
    before = over - timedelta(days=9)
    known = make_pair(root(), ["client"], subject="a client", client=True)
    return {
        "site": make_pair(middle(), NAMES),
        "site-rsa": make_pair(middle(), NAMES, kind="rsa"),
        "renewed": make_pair(middle(), NAMES),
        "second": make_pair(root(), ["second.test"]),
        "member": make_pair(root(), ["localhost", HOST]),
        "member-h": make_pair(root(), ["h.example", "g.example"]),
        "misnamed": make_pair(root(), ["other.test"]),
        "expired": make_pair(
            root(), ["localhost", HOST], not_before=before, not_after=over
        ),
        "own": make_pair(None, ["localhost", HOST]),
        "client": known,
        "revoked": make_pair(root(), ["revoked"], client=True),
        "unknown": make_pair(stranger(), ["unknown"], client=True),
    }


def lay(folder: Path) -> None:
    """Write NAME.pem (leaf, intermediates, key), NAME.crt, NAME.key; ca.crt, ca.crl."""
    root().write(folder)
    (folder / "ca.crl").write_bytes(make_crl(root(), [pairs()["revoked"].certificate]))
    for name, pair in pairs().items():
        pair.write(folder, name)


def host(
    name: str, *lines: str, certificate: str = "site", port: str = "${PORT}"
) -> str:
    """A virtual host with TLS."""
    body = "".join(f"    {line}\n" for line in lines)
    return (
        f"<VirtualHost *:{port}>\n    ServerName {name}\n    SSLEngine on\n"
        f"    SSLCertificateFile {certificate}.pem\n{body}</VirtualHost>\n"
    )


def context(
    *,
    client: str = "",
    folder: Path | None = None,
    version: ssl.TLSVersion | None = None,
    ciphers: str = "",
    believe: bool = True,
    protocols: tuple[str, ...] = (),
) -> ssl.SSLContext:
    """What a client brings; believe: it verifies what it is shown."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if believe:
        made.load_verify_locations(cadata=root().root_pem.decode())
    else:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if client:
        assert folder is not None
        made.load_cert_chain(folder / f"{client}.pem")
    if version is not None:
        made.minimum_version = made.maximum_version = version
    if ciphers:
        made.set_ciphers(ciphers)
    if protocols:
        made.set_alpn_protocols(list(protocols))
    return made


class SecurePeer(Peer):
    """A client's end of a connection with TLS; a cut without close_notify is seen."""

    sock: ssl.SSLSocket

    def at_notified_end(self) -> bool:
        """Wait for the end: nothing else comes, and a close_notify is before it."""
        try:
            return not self.held and not self.more()
        except (ssl.SSLEOFError, ConnectionResetError):
            return False

    def ask(
        self, target: str = "/", *, name: str = "h.example", **more: str
    ) -> Message:
        """One exchange; name: for Host, more: as request takes them."""
        asked = request(target, **more)  # type: ignore[arg-type]
        self.send(asked.replace(b"h.example", name.encode(), 1))
        return self.take_response(more.get("method", "GET"))


def connect(port: int) -> socket.socket:
    sock = socket.create_connection((HOST, port), timeout=DEADLINE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


@contextlib.contextmanager
def secure(
    port: int,
    name: str | None = "h.example",
    using: ssl.SSLContext | None = None,
    session: ssl.SSLSession | None = None,
) -> Iterator[SecurePeer]:
    """A connection whose handshake is done."""
    sock = connect(port)
    chosen = using or context()
    if name is None:
        chosen.check_hostname = False
    try:
        secured = chosen.wrap_socket(
            sock, server_hostname=name, suppress_ragged_eofs=False, session=session
        )
    except BaseException:
        sock.close()
        raise
    peer = SecurePeer(secured)
    try:
        yield peer
    finally:
        peer.close()


@dataclass
class Begun:
    """A handshake in the client's own hands: what it would send, and when."""

    sock: socket.socket
    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO
    tls: ssl.SSLObject

    @classmethod
    def at(
        cls,
        port: int,
        name: str | None = "h.example",
        using: ssl.SSLContext | None = None,
    ) -> Begun:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        chosen = using or context()
        if name is None:
            chosen.check_hostname = False
        tls = chosen.wrap_bio(incoming, outgoing, server_hostname=name)
        return cls(connect(port), incoming, outgoing, tls)

    def step(self) -> bytes:
        """One step of the handshake; what the client has to say now."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def hear(self) -> bytes:
        data = self.sock.recv(65536)
        self.incoming.write(data)
        return data

    def finish(self) -> None:
        """The rest of the handshake, without tricks."""
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.sock.sendall(self.outgoing.read())
                assert self.hear(), "the server closed in the handshake"
        self.sock.sendall(self.outgoing.read())

    def ask(self, data: bytes) -> bytes:
        """Send data, and read until a whole head has come."""
        self.tls.write(data)
        self.sock.sendall(self.outgoing.read())
        got = b""
        while b"\r\n\r\n" not in got:
            try:
                got += self.tls.read(65536)
            except ssl.SSLWantReadError:
                assert self.hear(), "the server closed"
        return got

    def close(self) -> None:
        self.sock.close()


def in_records(handshake: bytes, size: int) -> bytes:
    """A ClientHello of one record as several records of size bytes at most."""
    kind, body = handshake[:3], handshake[5:]
    assert len(body) == int.from_bytes(handshake[3:5], "big")
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(kind + len(one).to_bytes(2, "big") + one for one in pieces)


def s_client(port: int, *words: str, said: str = "") -> str:
    """What openssl s_client prints of a connection on which `said` is typed."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"{HOST}:{port}", *words],
        env=bare_environment(),
        input=said,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=DEADLINE_S,
        check=False,
    )
    return done.stdout + done.stderr


def curl(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["curl", "--silent", "--show-error", *words],
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE_S,
        check=False,
    )
