"""WebSockets with TLS on either side, in every pairing, and sessions that stick."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Pair, make_ca, make_pair
from harness import HOST, Fastlb, wait_for
from talk import Talker, TalkServer
from websockets.asyncio.server import ServerConnection

NAME = "chat.test"
MESSAGE = "x" * 100_000


class Member:
    """Says who it is, then echoes."""

    def __init__(self, route: str, context: ssl.SSLContext | None) -> None:
        self.route = route
        self._server = TalkServer(self._talk, context)
        self.port = self._server.port

    def stop(self) -> None:
        self._server.stop()

    async def _talk(self, socket: ServerConnection) -> None:
        await socket.send(self.route)
        async for message in socket:
            await socket.send(message)


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

    def dial(self, route: str = "") -> Talker:
        scheme = "wss" if self.front else "ws"
        trust = ssl.create_default_context(cafile=str(self.trusted))
        return Talker(
            f"{scheme}://{HOST}:{self.server.port}/chat",
            ssl=trust if self.front else None,
            server_hostname=NAME if self.front else None,
            additional_headers={"Cookie": f"ROUTE=s.{route}"} if route else None,
            max_size=None,
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
            assert client.recv() == route
            client.send(MESSAGE)
            assert client.recv() == MESSAGE
    with site.dial() as one, site.dial() as other:
        assert {one.recv(), other.recv()} == {
            "a",
            "b",
        }


def test_a_tunnel_lives_on_through_a_reload(site: Site) -> None:
    old = site.server.workers()
    with site.dial("a") as client:
        assert client.recv() == "a"
        site.server.reload()
        wait_for(lambda: set(site.server.workers()) - set(old), "new workers")
        for _ in range(3):
            client.send(MESSAGE)
            assert client.recv() == MESSAGE
    wait_for(lambda: not set(old) & set(site.server.workers()), "the old ones are gone")
