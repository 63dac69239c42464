"""WebSocket by a library of its own on both sides, through real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from certificates import make_ca, make_pair
from harness import DEADLINE_S, HOST, Fastlb, wait_for
from talk import Talker, TalkServer
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response

LARGE = 8 << 20


class Chat:
    """A member that echoes messages and serves one page, by the library."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.closed: list[int] = []
        self._server = TalkServer(self._talk, context, self._page)
        self.port = self._server.port

    def stop(self) -> None:
        self._server.stop()

    def _page(self, socket: ServerConnection, asked: Request) -> Response | None:
        if asked.path == "/page":
            return socket.respond(HTTPStatus.OK, "a page\n")
        if asked.path == "/missing":
            return socket.respond(HTTPStatus.NOT_FOUND, "nothing\n")
        return None

    async def _talk(self, socket: ServerConnection) -> None:
        try:
            async for message in socket:
                await socket.send(message)
        except ConnectionClosed as closed:
            self.closed.append(closed.rcvd.code if closed.rcvd else 1006)
        else:
            self.closed.append(1000)


@pytest.fixture
def chat() -> Iterator[Chat]:
    made = Chat()
    yield made
    made.stop()


def configure(server: Fastlb, chat: Chat, text: str = "", *, workers: int = 1) -> None:
    server.write(
        text + "<Proxy balancer://chat>\n"
        f"    BalancerMember http://{HOST}:{chat.port} upgrade=websocket\n"
        "</Proxy>\n"
        "ProxyPass / balancer://chat/\n"
        'LogFormat "%r|%>s|%b|%O|%I|%D" e2e\nCustomLog access.log e2e\n',
        workers=workers,
    )


def dial(
    server: Fastlb, path: str = "/chat", context: ssl.SSLContext | None = None
) -> Talker:
    url = f"{'wss' if context else 'ws'}://localhost:{server.port}{path}"
    return Talker(url, ssl=context, max_size=2 * LARGE)


def says(client: Talker, message: str) -> bool:
    client.send(message)
    return client.recv() == message


def access(server: Fastlb) -> list[list[str]]:
    path = server.folder / "access.log"
    text = path.read_text() if path.exists() else ""
    return [line.split("|") for line in text.splitlines()]


def test_messages_of_every_size_come_back(server: Fastlb, chat: Chat) -> None:
    configure(server, chat)
    server.start()
    with dial(server) as client:
        for size in (0, 1, 125, 126, 65535, 65536, LARGE):
            message = os.urandom(size)
            client.send(message)
            assert client.recv() == message
    wait_for(lambda: chat.closed == [1000], "a proper end")
    (line,) = wait_for(lambda: access(server), "the line")
    assert line[:2] == ["GET /chat HTTP/1.1", "101"]
    assert int(line[2]) > LARGE
    assert int(line[4]) > LARGE


def test_pings_fragments_and_the_closing_code_pass(server: Fastlb, chat: Chat) -> None:
    configure(server, chat)
    server.start()
    with dial(server) as client:
        client.ping()
        client.send([b"in ", b"three ", b"parts"])
        assert client.recv() == b"in three parts"
        client.close(4001, "enough")
    wait_for(lambda: chat.closed == [4001], "the code has come")


def test_pages_and_refusals_come_from_the_same_member(
    server: Fastlb, chat: Chat
) -> None:
    configure(server, chat)
    server.start()
    assert server.get("/page").text == "a page\n"
    with pytest.raises(InvalidStatus) as refused:
        dial(server, "/missing")
    assert refused.value.response.status_code == 404
    with dial(server) as client:
        assert says(client, "after that")


def test_many_at_once_on_two_workers(server: Fastlb, chat: Chat) -> None:
    configure(server, chat, workers=2)
    server.start()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(dial(server)) for _ in range(40)]
        for n in range(3):
            for client in clients:
                client.send(f"{n}")
            assert [client.recv() for client in clients] == [f"{n}"] * 40
    wait_for(lambda: chat.closed == [1000] * 40, "all have ended properly")


def test_a_tunnel_lives_on_through_a_reload(server: Fastlb, chat: Chat) -> None:
    configure(server, chat)
    server.start()
    old = server.workers()
    with dial(server) as client:
        assert says(client, "before")
        server.reload()
        wait_for(lambda: set(server.workers()) - set(old), "new workers")
        assert says(client, "after")
        assert set(old) & set(server.workers()), "its worker stays"
    wait_for(lambda: not set(old) & set(server.workers()), "its worker goes with it")


def test_a_secure_chat_lives_on_when_a_reload_brings_new_certificates(
    server: Fastlb,
) -> None:
    folder = server.folder
    authority = make_ca()
    root = authority.write(folder)
    client_side = ssl.create_default_context(cafile=str(root))
    files = make_pair(authority, ["localhost"]).write(folder, "host")
    member_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    member_side.load_cert_chain(files.full)
    chat = Chat(member_side)
    server.write(
        f'SSLEngine On\nSSLCertificateFile "{files.full}"\n'
        "SSLProxyEngine On\nSSLProxyVerify require\n"
        f'SSLProxyCACertificateFile "{root}"\n'
        "<Proxy balancer://chat>\n"
        f"BalancerMember https://localhost:{chat.port} upgrade=websocket\n"
        "</Proxy>\nProxyPass / balancer://chat/",
        workers=1,
    )
    try:
        server.start()
        with dial(server, context=client_side) as client:
            assert says(client, "before")
            make_pair(authority, ["localhost"]).write(folder, "host")
            server.reload()
            message = os.urandom(1 << 20)
            client.send(message)
            assert client.recv() == message
            with dial(server, context=client_side) as second:
                assert says(second, "with the new certificate")
        wait_for(lambda: chat.closed == [1000, 1000], "proper ends")
    finally:
        chat.stop()


def test_a_drained_member_keeps_its_tunnels_and_gets_no_new_ones(
    server: Fastlb, chat: Chat
) -> None:
    other = Chat()
    members = (
        "<Proxy balancer://chat>\n"
        f"BalancerMember ws://{HOST}:{chat.port} {{status}}\n"
        f"BalancerMember ws://{HOST}:{other.port} {{other}}\n"
        "</Proxy>\nProxyPass / balancer://chat/\n"
    )
    try:
        server.write(members.format(status="", other="status=D"), workers=1)
        server.start()
        with dial(server) as client:
            assert says(client, "before")
            server.write(members.format(status="status=D", other="status=-D"))
            server.reload()
            assert says(client, "after")
            with dial(server) as second:
                assert says(second, "elsewhere")
            wait_for(lambda: other.closed == [1000], "the second was the other's")
            assert chat.closed == []
            assert says(client, "still")
    finally:
        other.stop()


def test_a_tunnel_lives_on_when_its_worker_is_recycled(
    server: Fastlb, chat: Chat
) -> None:
    configure(server, chat, "MaxConnectionsPerChild 5\n")
    server.start()
    (old,) = server.workers()
    with dial(server) as client:
        assert says(client, "before")
        for _ in range(6):
            assert server.get("/page").status == 200
        wait_for(lambda: set(server.workers()) - {old}, "a successor")
        assert says(client, "after")
        assert old in server.workers()
    wait_for(lambda: old not in server.workers(), "the old one has gone")


def test_graceful_stop_waits_for_a_tunnel_until_its_time_out(
    server: Fastlb, chat: Chat
) -> None:
    configure(server, chat, "GracefulShutdownTimeout 2\n")
    server.start()
    with dial(server) as client:
        assert says(client, "before")
        os.kill(server.pid, signal.SIGWINCH)
        wait_for(lambda: "AH00170" in server.error_log, "it begins to stop")
        assert says(client, "meanwhile")
        with pytest.raises(ConnectionClosed):
            client.recv()
    assert server.process is not None
    assert server.process.wait(DEADLINE_S) == 0
    assert access(server)[-1][1] == "101"


def test_a_killed_worker_leaves_nobody_busy(server: Fastlb, chat: Chat) -> None:
    configure(server, chat, STATUS)
    server.start()
    (old,) = server.workers()
    with dial(server) as client:
        assert says(client, "before")
        assert busy(server) == 1
        os.kill(old, signal.SIGKILL)
        with pytest.raises(ConnectionClosed):
            client.recv()
    wait_for(lambda: set(server.workers()) - {old}, "a successor")
    wait_for(lambda: busy(server) == 0, "its share was taken off")


STATUS = """\
<Location /server-status>
SetHandler server-status
</Location>
ProxyPass /server-status !
"""


def busy(server: Fastlb) -> int:
    """Requests in work, without the one that asks."""
    for line in server.get("/server-status?auto").text.splitlines():
        if line.startswith("BusyWorkers: "):
            return int(line.split()[1]) - 1
    raise AssertionError("no BusyWorkers")


def test_a_member_that_dies_ends_its_tunnels(server: Fastlb, chat: Chat) -> None:
    configure(server, chat)
    server.start()
    with dial(server) as client:
        assert says(client, "before")
        chat.stop()
        with pytest.raises(ConnectionClosed):
            client.recv()
