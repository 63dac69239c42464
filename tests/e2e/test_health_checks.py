"""Checks of members' health, with real processes on both sides."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpd
import pytest
from harness import DEADLINE_S, HOST, Fastlb, Member, Seen, answer, wait_for
from test_tls_members import SecureMember
from tls_site import lay
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as websockets_serve

POOL = """\
<Proxy balancer://pool>
{members}
</Proxy>
<Location /server-status>
SetHandler server-status
</Location>
ProxyStatus On
ProxyPass /server-status !
ProxyPass / balancer://pool/
"""


def pool(*members: str) -> str:
    return POOL.format(members="\n".join(f"BalancerMember {one}" for one in members))


class Patient(Member):
    """A member whose /health answers what it is told to."""

    def __init__(self, name: str) -> None:
        super().__init__(name, self._answer_of)
        self.status = "200 OK"
        self.first: list[str] = []  # before it
        self.word = "fine"

    def _answer_of(self, request: Seen) -> bytes:
        if request.target == "/health":
            status = self.first.pop(0) if self.first else self.status
            return answer(self.word.encode(), status)
        return answer(self.name.encode())

    def checks(self) -> int:
        return sum(seen.target == "/health" for seen in self.seen)


@pytest.fixture
def two() -> Iterator[tuple[Patient, Patient]]:
    made = Patient("a"), Patient("b")
    for one in made:
        one.start()
    yield made
    for one in made:
        one.stop()


CHECK = "hcmethod=GET hcuri=/health hcinterval=100ms"


def served_by(server: Fastlb, requests: int = 8) -> set[str]:
    answers = [server.get() for _ in range(requests)]
    assert {one.status for one in answers} == {200}
    return {one.text for one in answers}


def lines_of(server: Fastlb, number: str) -> list[str]:
    return [one for one in server.error_log.splitlines() if number in one]


def status_of(server: Fastlb) -> str:
    return server.get("/server-status").text


def all_are_in_service(server: Fastlb) -> None:
    """Their first checks have passed."""
    wait_for(lambda: "HcFl" not in status_of(server), "all are in service")


def test_who_answers_pages_and_no_sockets_is_out(
    server: Fastlb, two: tuple[Patient, Patient]
) -> None:
    pages, _ = two

    async def talk(socket: ServerConnection) -> None:
        async for word in socket:
            await socket.send(word)

    async def serve() -> None:
        async with websockets_serve(talk, HOST, 0) as sockets:
            port = sockets.sockets[0].getsockname()[1]
            check = (
                "hcmethod=WEBSOCKET hcuri=/health hcinterval=100ms upgrade=websocket"
            )
            server.write(pool(f"{pages.url} {check}", f"http://{HOST}:{port} {check}"))
            await asyncio.to_thread(server.start)
            line = await asyncio.to_thread(server.wait_for_log, "FB0510")
            assert (
                f"{pages.url} is out: 1 check failed: WebSocket /health: status 2"
                in (line)
            )
            for _ in range(4):
                async with connect(f"ws://{HOST}:{server.port}/") as client:
                    await client.send("hello")
                    assert await client.recv() == "hello"
            assert server.error_log.count("FB0510") == 1

    asyncio.run(serve())


def test_a_member_that_answers_500_is_out_until_it_does_not(
    server: Fastlb, two: tuple[Patient, Patient]
) -> None:
    sick, sound = two
    server.write(
        pool(f"{sick.url} {CHECK} hcfails=3 hcpasses=2", f"{sound.url} {CHECK}")
    )
    server.start()
    all_are_in_service(server)
    assert served_by(server) == {"a", "b"}
    sick.status = "500 no"
    out = server.wait_for_log("FB0510")
    assert "[proxy_hcheck:notice]" in out
    assert re.search(
        rf"member {sick.url} is out: 3 checks in a row failed: GET /health: status"
        r" 500$",
        out,
    )
    assert served_by(server) == {"b"}
    page = status_of(server)
    assert "Init HcFl<" in page
    assert re.search(r"s ago: <[^>]*>status 500</span> \(", page)
    sick.status = "200 OK"
    back = server.wait_for_log("FB0511")
    assert re.search(
        rf"member {sick.url} is back: 2 checks in a row passed: GET /health: status 200"
        r" \(out for \d+\.\ds\)$",
        back,
    )
    assert served_by(server) == {"a", "b"}
    assert len(lines_of(server, "FB0510")) == len(lines_of(server, "FB0511")) == 1


def story_of_checks(port: int, members: tuple[Patient, Patient]) -> list[set[str]]:
    """Who serves: at first, after two failures, three, one pass after that, and two."""
    sick, _ = members
    seen: list[set[str]] = []

    def serve() -> set[str]:
        return {httpd.get(port).text for _ in range(8)}

    def is_marked() -> bool:
        return "HcFl" in httpd.get(port, "/server-status").text

    def look(count: int, *, is_out: bool, deadline: str) -> None:
        wait_for(lambda: len(serve()) == count and is_marked() is is_out, deadline)
        seen.append(serve())

    def play(*first: str, then: str) -> None:
        """Wait until the first ones were given, and some more."""
        sick.status, sick.first = then, list(first)
        wait_for(lambda: not sick.first, "it has said them")
        before = sick.checks()
        wait_for(lambda: sick.checks() >= before + 3, "more checks")

    wait_for(lambda: all(one.checks() for one in members), "both are checked")
    look(2, is_out=False, deadline="both serve")
    play("500 no", "500 no", then="200 OK")
    look(2, is_out=False, deadline="two failures are not three")
    play(then="500 no")
    look(1, is_out=True, deadline="it is out")
    play("200 OK", then="500 no")
    look(1, is_out=True, deadline="one pass is not two")
    play(then="200 OK")
    look(2, is_out=False, deadline="it is back")
    return seen


@pytest.mark.needs("apache2")
def test_members_go_and_come_by_checks_as_with_mod_proxy_hcheck(
    server: Fastlb, two: tuple[Patient, Patient], tmp_path: Path
) -> None:
    check = f"{CHECK} hcfails=3 hcpasses=2"
    text = pool(*(f"{one.url} {check}" for one in two))
    folder = tmp_path / "httpd"
    folder.mkdir()
    modules = (
        *("status", "slotmem_shm", "lbmethod_byrequests"),
        *("proxy_balancer", "proxy_hcheck"),
    )
    with httpd.running(folder, modules, text) as port:
        theirs = story_of_checks(port, two)
    server.write(text)
    server.start()
    all_are_in_service(server)
    ours = story_of_checks(server.port, two)
    assert ours == theirs == [{"a", "b"}, {"a", "b"}, {"b"}, {"b"}, {"a", "b"}]


def test_a_reload_and_the_end_of_the_monitor_change_nothing(
    server: Fastlb, two: tuple[Patient, Patient]
) -> None:
    sick, sound = two
    sick.status = "500 no"
    text = pool(f"{sick.url} {CHECK} hcpasses=2", f"{sound.url} {CHECK}")
    server.write(text)
    server.start()
    server.wait_for_log("FB0510")
    server.write(text + "\nTimeout 59")
    server.reload()
    assert served_by(server) == {"b"}
    assert len(lines_of(server, "FB0510")) == 1
    (monitor,) = wait_for(server.monitors, "a monitor")
    os.kill(monitor, signal.SIGKILL)
    wait_for(
        lambda: server.monitors() not in ([], [monitor]), "another monitor is there"
    )
    before = sick.checks()
    wait_for(lambda: sick.checks() > before + 2, "it checks")
    assert served_by(server) == {"b"}
    sick.status = "200 OK"
    server.wait_for_log("FB0511")
    assert len(lines_of(server, "FB0510")) == 1
    assert served_by(server) == {"a", "b"}


def test_a_member_that_is_not_there_gets_no_request_at_all(
    server: Fastlb, two: tuple[Patient, Patient]
) -> None:
    gone, sound = two
    gone.stop()
    server.write(pool(sound.url), workers=1)
    server.start()
    server.write(pool(sound.url, f"{gone.url} {CHECK}"), workers=1)
    server.reload()
    for _ in range(20):
        assert server.get().text == "b"
    out = server.wait_for_log("FB0510")
    assert "is out: 1 check failed: GET /health: connection refused" in out
    assert "AH00957" not in server.error_log


def test_before_any_check_has_ended_nobody_is_refused(server: Fastlb) -> None:
    slow = Member("slow")
    slow.start()
    try:
        server.write(pool(f"{slow.url} {CHECK}"), workers=1)
        server.start()
        assert server.get().text == "slow"
    finally:
        slow.stop()


def test_a_member_that_fails_requests_comes_back_by_its_check(
    server: Fastlb, two: tuple[Patient, Patient]
) -> None:
    gone, sound = two
    server.write(
        pool(
            f"{gone.url} hcmethod=GET hcuri=/health hcinterval=1h",
            f"{sound.url} {CHECK}",
        ),
        workers=1,
    )
    server.start()
    all_are_in_service(server)
    gone.stop()
    assert served_by(server) == {"b"}
    gone.start()
    server.wait_for_log("FB0511")
    assert served_by(server) == {"a", "b"}


def test_what_is_asked_is_worked_out(
    server: Fastlb, two: tuple[Patient, Patient]
) -> None:
    one, other = two
    server.write(
        "ProxyHCExpr open {hc('body') !~ /maintenance/}\n"
        "ProxyHCTemplate quick hcmethod=GET11 hcuri=/health hcinterval=100ms"
        " hcexpr=open\n"
        + pool(f"{one.url} hctemplate=quick", f"{other.url} hctemplate=quick")
    )
    server.start()
    all_are_in_service(server)
    assert served_by(server) == {"a", "b"}
    one.word = "down for maintenance"
    out = server.wait_for_log("FB0510")
    assert "GET /health: hcexpr= does not hold (status 200)" in out
    assert served_by(server) == {"b"}
    one.word = "open"
    server.wait_for_log("FB0511")


def test_a_member_at_a_socket_of_the_file_system(server: Fastlb) -> None:
    # Where a monitor that is nobody may go.
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "app.sock"
        with unix_member(path) as asked:
            server.write(pool(f"unix:{path}|http://app.test/ {CHECK}"), workers=1)
            server.start()
            wait_for(lambda: len(asked) > 2, "it is checked")
            assert asked[0].startswith("GET /health HTTP/1.0")
            assert server.get("/x").status == 200
        server.wait_for_log("FB0510")


@contextmanager
def unix_member(path: Path) -> Iterator[list[str]]:
    asked: list[str] = []
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        path.chmod(0o777)
        sock.listen()

        def serve() -> None:
            while True:
                peer, _ = sock.accept()
                with peer:
                    asked.append(peer.recv(4096).decode("latin-1"))
                    if not asked[-1]:
                        return
                    peer.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                        b"Connection: close\r\n\r\n"
                    )

        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(path))
        thread.join(DEADLINE_S)
        path.unlink()


def test_a_member_at_https_is_asked_with_its_settings(
    server: Fastlb, tmp_path: Path
) -> None:
    lay(tmp_path)
    good, stranger = SecureMember(tmp_path), SecureMember(tmp_path, "own")
    try:
        members = (f"{one.url} {CHECK}" for one in (good, stranger))
        server.write(
            "SSLProxyEngine On\nSSLProxyVerify require\n"
            f"SSLProxyCACertificateFile ca.crt\n{pool(*members)}",
            workers=1,
        )
        server.start()
        out = server.wait_for_log("FB0510")
        assert f"member {stranger.url} is out" in out
        assert "its certificate is not accepted" in out
        assert server.get().status == 200
        assert len(lines_of(server, "FB0510")) == 1
    finally:
        good.stop()
        stranger.stop()


def test_a_member_at_ajp_is_asked_by_cping(server: Fastlb) -> None:
    stuck = threading.Event()

    def serve(sock: socket.socket) -> None:
        while True:
            peer, _ = sock.accept()
            with peer:
                said = peer.recv(5)
                if not said:
                    return
                assert said == b"\x12\x34\0\1\x0a"
                peer.sendall(b"AB\0\1\x05" if stuck.is_set() else b"AB\0\1\x09")

    with socket.create_server((HOST, 0)) as sock:
        thread = threading.Thread(target=serve, args=(sock,))
        thread.start()
        port = sock.getsockname()[1]
        check = "hcmethod=CPING hcinterval=100ms"
        server.write(pool(f"ajp://{HOST}:{port} {check}"), workers=1)
        server.start()
        wait_for(lambda: "Init Ok<" in status_of(server), "it is in service")
        stuck.set()
        out = server.wait_for_log("FB0510")
        assert "1 check failed: CPING: no CPONG" in out
        stuck.clear()
        server.wait_for_log("FB0511")
        server.stop()
        socket.create_connection((HOST, port)).close()
        thread.join(DEADLINE_S)
