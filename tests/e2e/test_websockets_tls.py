"""WebSockets with TLS on either side, in every pairing, and sessions that stick."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Pair, make_ca, make_pair
from harness import DEADLINE_S, HOST, Fastlb, wait_for
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import Server, ServerConnection, serve

NAME = "chat.test"
MESSAGE = "x" * 100_000


class Member:
    """Says who it is, then echoes."""

    def __init__(self, route: str, context: ssl.SSLContext | None) -> None:
        self.route = route
        self._server: Server = serve(
            *(self._talk, HOST, 0),
            ssl=context,
            max_size=None,
            open_timeout=DEADLINE_S,
            ping_interval=None,
        )
        self.port = int(self._server.socket.getsockname()[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()

    def _talk(self, socket: ServerConnection) -> None:
        socket.send(self.route)
        for message in socket:
            socket.send(message)


class Site:
    """A balancer of two members; secure tells which sides speak TLS."""

    def __init__(
        self, server: Fastlb, folder: Path, *, front: bool, behind: bool
    ) -> None:
        ca = make_ca()
        pair = make_pair(ca, [NAME, HOST])
        self.server = server
        self.folder = folder
        self.trusted = ca.write(folder)
        self.files = pair.write(folder, "site")
        context = member_context(folder, pair) if behind else None
        self.front = front
        self.members = [Member(route, context) for route in ("a", "b")]
        scheme = "wss" if behind else "ws"
        text = "SSLProxyEngine on\n<Proxy balancer://chat>\n"
        if behind:
            text += (
                f"SSLProxyVerify require\nSSLProxyCACertificateFile {self.trusted}\n"
            )
        for member in self.members:
            text += (
                f"BalancerMember {scheme}://{HOST}:{member.port} route={member.route}\n"
            )
        text += "ProxySet stickysession=ROUTE\n</Proxy>\nProxyPass / balancer://chat/\n"
        if front:
            text += (
                f"ServerName {NAME}\nSSLEngine on\n"
                f"SSLCertificateFile {self.files.certificate}\n"
                f"SSLCertificateKeyFile {self.files.key}\n"
            )
        server.write(text, workers=2)
        server.start()

    def dial(self, route: str = "") -> ClientConnection:
        scheme = "wss" if self.front else "ws"
        trust = ssl.create_default_context(cafile=str(self.trusted))
        return connect(
            f"{scheme}://{HOST}:{self.server.port}/chat",
            ssl=trust if self.front else None,
            server_hostname=NAME if self.front else None,
            additional_headers={"Cookie": f"ROUTE=s.{route}"} if route else None,
            max_size=None,
            open_timeout=DEADLINE_S,
            ping_interval=None,
            compression=None,
        )


def member_context(folder: Path, pair: Pair) -> ssl.SSLContext:
    files = pair.write(folder, "member")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(files.certificate), str(files.key))
    return context


@pytest.fixture(
    params=[(False, False), (True, False), (False, True), (True, True)],
    ids=["ws-ws", "wss-ws", "ws-wss", "wss-wss"],
)
def site(
    request: pytest.FixtureRequest, server: Fastlb, tmp_path: Path
) -> Iterator[Site]:
    front, behind = request.param
    made = Site(server, tmp_path, front=front, behind=behind)
    yield made
    for member in made.members:
        member.stop()


def test_messages_pass_and_sessions_stick(site: Site) -> None:
    for route in ("a", "b", "b", "a"):
        with site.dial(route) as client:
            assert client.recv(timeout=DEADLINE_S) == route
            client.send(MESSAGE)
            assert client.recv(timeout=DEADLINE_S) == MESSAGE
    with site.dial() as one, site.dial() as other:
        assert {one.recv(timeout=DEADLINE_S), other.recv(timeout=DEADLINE_S)} == {
            "a",
            "b",
        }


def test_a_tunnel_lives_on_through_a_reload(site: Site) -> None:
    old = site.server.workers()
    with site.dial("a") as client:
        assert client.recv(timeout=DEADLINE_S) == "a"
        site.server.reload()
        wait_for(lambda: set(site.server.workers()) - set(old), "new workers")
        for _ in range(3):
            client.send(MESSAGE)
            assert client.recv(timeout=DEADLINE_S) == MESSAGE
    wait_for(lambda: not set(old) & set(site.server.workers()), "the old ones are gone")
