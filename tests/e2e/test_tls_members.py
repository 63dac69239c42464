"""Members behind https: what may be wrong with them, and what clients see of it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from harness import DEADLINE_S, HOST, Answer, Fastlb, wait_for
from peers import Peer, request, response
from tls_site import host, lay, secure

TRUST = "SSLProxyVerify require\nSSLProxyCACertificateFile ca.crt\n"
KEPT = "Keep-Alive: timeout=60\r\n"
FAILED = "Error during SSL Handshake with remote server"


@dataclass
class SecureMember:
    """A server with TLS in threads that remembers what clients said in handshakes."""

    folder: Path
    identity: str = "member"
    asks: bool = False
    closes_after: int = 0  # so many requests on a connection; 0: never
    raw: Callable[[socket.socket], None] | None = None  # instead of TLS
    names: list[str | None] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)
    reused: list[bool] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)  # first bytes of raw connections
    requests: int = 0

    def __post_init__(self) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.folder / f"{self.identity}.pem")
        self.context.sni_callback = lambda _s, name, _c: self.names.append(name)  # type: ignore[assignment, return-value]
        if self.asks:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(self.folder / "ca.crt")
        self._sock = socket.create_server((HOST, 0))
        self.port = int(self._sock.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def drop(self) -> None:
        """End every connection without a word; go on listening."""
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def stop(self) -> None:
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self.drop()
        for thread in self._threads:
            thread.join(DEADLINE_S)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            sock.settimeout(DEADLINE_S)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError), sock:
            if self.raw is not None:
                self._open.append(sock)
                self.raw(sock)
                return
            with self.context.wrap_socket(sock, server_side=True) as secured:
                self._open.append(secured)
                self.reused.append(bool(secured.session_reused))
                shown = secured.getpeercert()
                self.clients.append(str(shown["subject"]) if shown else "")
                self._answer(Peer(secured))

    def _answer(self, peer: Peer) -> None:
        served = 0
        while (asked := peer.take_request()) is not None:
            self.requests += 1
            served += 1
            # ... for a POST too, however slow the machine is
            peer.send(response(asked.body or asked.target.encode(), fields=KEPT))
            if served == self.closes_after:
                return


MemberMaker = Callable[..., SecureMember]


@pytest.fixture
def secured(server: Fastlb) -> Iterator[MemberMaker]:
    """secured(identity=..., ...): a member of this server's directory."""
    lay(server.folder)
    made: list[SecureMember] = []

    def make(**how: object) -> SecureMember:
        made.append(SecureMember(server.folder, **how))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.stop()


def start(server: Fastlb, text: str, *, workers: int = 1) -> None:
    server.write("SSLProxyEngine on\n" + text, workers=workers)
    server.start()


def to(member: SecureMember, target: str = HOST) -> str:
    return f"ProxyPass / https://{target}:{member.port}/\n"


def assert_refused(server: Fastlb, got: Answer, number: str) -> None:
    """A whole page of a proxy's error, its reason in the log."""
    assert (got.status, got.field("Content-Type")) == (
        500,
        "text/html; charset=iso-8859-1",
    )
    assert FAILED in got.text
    server.wait_for_log(number)
    server.wait_for_log(f"AH00898: {FAILED} returned by /x")


@pytest.mark.parametrize("lines", ["", TRUST], ids=["by default", "believed"])
def test_a_good_member_is_served(
    server: Fastlb, secured: MemberMaker, lines: str
) -> None:
    member = secured()
    start(server, lines + to(member))
    assert server.get("/x").text == "/x"
    body = bytes(range(256)) * 4096
    with server.connection() as connection:
        connection.request("POST", "/echo", body)
        assert connection.getresponse().read() == body
    assert set(member.names) == {None}, "an address is never sent as a name"


def hang(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass


def garble(sock: socket.socket) -> None:
    sock.recv(65536)
    sock.sendall(b"\0\1\2 this is no handshake \3" * 9)
    hang(sock)


def plain(sock: socket.socket) -> None:
    sock.recv(65536)
    sock.sendall(response(b"in clear"))
    hang(sock)


def leave(sock: socket.socket) -> None:
    sock.recv(65536)


@pytest.mark.parametrize("raw", [garble, plain, leave], ids=lambda one: one.__name__)
def test_what_is_no_handshake_is_a_failed_one(
    server: Fastlb, secured: MemberMaker, raw: Callable[[socket.socket], None]
) -> None:
    start(server, to(secured(raw=raw)))
    assert_refused(server, server.get("/x"), "AH02003: SSL Proxy connect failed")


def test_a_member_silent_in_the_handshake_is_timed_out(
    server: Fastlb, secured: MemberMaker
) -> None:
    start(server, "ProxyTimeout 1\n" + to(secured(raw=hang)))
    assert_refused(server, server.get("/x"), "AH02003: .*timed out")


@pytest.mark.parametrize(
    ("identity", "lines", "number"),
    [
        ("own", TRUST, "AH02039"),
        ("misnamed", "", "AH02411"),
        ("misnamed", "SSLProxyCheckPeerName off\n", ""),
        ("expired", "", "AH02004"),
        ("expired", "SSLProxyCheckPeerExpire off\n", ""),
        ("own", "", ""),
    ],
)
def test_what_a_certificate_must_be(
    server: Fastlb, secured: MemberMaker, identity: str, lines: str, number: str
) -> None:
    member = secured(identity=identity)
    start(server, lines + to(member))
    got = server.get("/x")
    if number:
        assert_refused(server, got, number)
        assert member.requests == 0, "a request was sent all the same"
    else:
        assert got.text == "/x"


def test_a_failed_handshake_does_not_become_a_session(
    server: Fastlb, secured: MemberMaker
) -> None:
    member = secured(identity="own")
    start(server, TRUST + to(member))
    for _ in range(4):
        assert server.get("/x").status == 500
    assert member.requests == 0
    assert not any(member.reused)


def test_a_member_that_asks_is_shown_our_certificate(
    server: Fastlb, secured: MemberMaker
) -> None:
    member = secured(asks=True)
    start(server, "SSLProxyMachineCertificateFile client.pem\n" + to(member))
    assert server.get("/x").text == "/x"
    assert "a client" in member.clients[0]


def test_a_member_that_asks_in_vain_gets_no_request(
    server: Fastlb, secured: MemberMaker
) -> None:
    member = secured(asks=True)
    start(server, to(member))
    assert server.get("/x").status in (500, 502)
    assert member.requests == 0


def test_the_name_is_the_members_or_the_clients(
    server: Fastlb, secured: MemberMaker
) -> None:
    member = secured()
    kept = secured(identity="member-h")
    start(
        server,
        f"ProxyPass /own/ https://localhost:{member.port}/\n"
        + host(
            "h.example",
            "SSLProxyEngine on",
            "ProxyPreserveHost On",
            f"ProxyPass / https://{HOST}:{kept.port}/",
            port=str(server.port),
        )
        .replace("SSLEngine on", "")
        .replace("SSLCertificateFile site.pem", "")
        + f"<VirtualHost *:{server.port}>\nServerName m.example\nSSLProxyEngine on\n"
        f"ProxyPass / https://localhost:{member.port}/\n</VirtualHost>\n",
    )
    assert server.get("/x", Host="m.example").text == "/x"
    assert member.names == ["localhost"]
    for name in ("h.example", "g.example", "h.example", "g.example"):
        assert server.get("/x", Host=name).text == "/x"
    # A connection that was made for one name does not serve another.
    assert kept.names[:2] == ["h.example", "g.example"]
    assert server.get("/x", Host="f.example").status == 500


def test_sessions_with_a_member_are_resumed(
    server: Fastlb, secured: MemberMaker
) -> None:
    member = secured(closes_after=1)
    start(server, TRUST + to(member))
    for _ in range(6):
        assert server.get("/x").text == "/x"
    wait_for(lambda: len(member.reused) >= 6, "six connections")
    assert member.reused[0] is False
    assert sum(member.reused) >= 4


def test_a_pooled_connection_that_has_ended_is_replaced(
    server: Fastlb, secured: MemberMaker
) -> None:
    member = secured()
    start(server, to(member))
    for _ in range(5):
        assert server.get("/x").text == "/x"
        member.drop()
    assert len(member.reused) >= 2


def test_one_bad_member_of_a_balancer_leaves_the_others(
    server: Fastlb, secured: MemberMaker
) -> None:
    good, bad = secured(), secured(identity="own")
    start(
        server,
        f"{TRUST}<Proxy balancer://b>\n  BalancerMember {good.url}\n"
        f"  BalancerMember {bad.url}\n</Proxy>\nProxyPass / balancer://b/\n",
    )
    statuses = [server.get("/x").status for _ in range(8)]
    assert sorted(statuses) == [200] * 7 + [500]
    assert (good.requests, bad.requests) == (7, 0)


def test_tls_in_front_and_behind(server: Fastlb, secured: MemberMaker) -> None:
    member = secured()
    text = host(
        "h.example",
        "SSLProxyEngine on",
        "SSLProxyVerify require",
        "SSLProxyCACertificateFile ca.crt",
        f"ProxyPass / {member.url}/",
        port=str(server.port),
    )
    start(server, text)
    body = bytes(range(256)) * 4096
    with secure(server.port) as peer:
        for _ in range(3):
            peer.send(request("/echo", "POST", body))
            assert peer.take_response().body == body
    assert len(member.reused) == 1


def asking(member: SecureMember) -> str:
    return (
        "<Location /x>\nSetHandler server-status\n"
        f"AuthRequest {member.url}/check\n</Location>\n"
    )


def test_who_is_asked_is_asked_over_tls_as_a_member_is(
    server: Fastlb, secured: MemberMaker
) -> None:
    asked = secured(asks=True)
    lines = f"{TRUST}SSLProxyMachineCertificateFile client.pem\n"
    start(server, lines + asking(asked))
    for _ in range(3):
        assert server.get("/x").status == 200
    assert asked.requests == 3
    assert len(asked.clients) == 1 and "a client" in asked.clients[0]


@pytest.mark.parametrize("identity", ["misnamed", "expired", "own"])
def test_who_is_not_who_is_to_be_asked_is_told_nothing(
    server: Fastlb, secured: MemberMaker, identity: str
) -> None:
    asked = secured(identity=identity)
    start(server, TRUST + asking(asked))
    assert server.get("/x").status == 500
    assert asked.requests == 0
    server.wait_for_log("FB0366")
