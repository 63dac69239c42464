"""Members at ajp://, played with Debian's Tomcat 10."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ajp_site import EXAMPLES, SECRET, relaying_to, tomcat_with_pages
from harness import wait_for
from peers import chunked, request
from rig import Rig
from tomcat import Tomcat

pytestmark = pytest.mark.needs("tomcat10")


@pytest.fixture(scope="module")
def tomcat() -> Iterator[Tomcat]:
    # Nobody else's rights are enough for a folder of pytest's.
    with tempfile.TemporaryDirectory(prefix="fastlb-tomcat-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        made = tomcat_with_pages(Path(folder) / "one")
        made.start()
        yield made
        made.stop()


def serve(
    rig: Rig, tomcat: Tomcat, parameters: str = "", text: str = "", before: str = ""
) -> None:
    member = f'{at(rig, tomcat)}/ "secret={SECRET}" {parameters}'
    rig.start(f"{before}ProxyPass / {member}\n{text}")


def at(rig: Rig, tomcat: Tomcat) -> str:
    return f"ajp://127.0.0.1:{rig.member(relaying_to(tomcat.ajp)).port}"


def told(rig: Rig, path: str, fields: str = "") -> list[str]:
    got = rig.ask(request(path, fields=fields))
    assert got.status == 200, got
    return got.body.decode().splitlines()


def letters(size: int) -> bytes:
    return bytes(97 + n % 26 for n in range(size))


def test_a_request_is_told_as_it_is(rig: Rig, tomcat: Tomcat) -> None:
    serve(rig, tomcat, text="RequestHeader set X-Ours yes\n")
    lines = told(rig, "/app/asked.jsp?a=b%20c", "X-Theirs: 1\r\nCookie: c=d\r\n")
    assert {
        "method GET",
        "protocol HTTP/1.1",
        "uri /app/asked.jsp",
        "query a=b%20c",
        "scheme http false",
        "user null null",
        "field host: h.example",
        "field x-theirs: 1",
        "field x-ours: yes",
        "field cookie: c=d",
        "server h.example 80",  # of Host, by Tomcat
    } <= set(lines)
    remote = next(line for line in lines if line.startswith("remote"))
    assert remote.split()[1] == "127.0.0.1"
    assert int(remote.split()[2]) > 0
    assert not any("x-forwarded" in line for line in lines)  # as httpd


def test_a_connection_serves_one_request_after_another(
    rig: Rig, tomcat: Tomcat
) -> None:
    serve(rig, tomcat)
    client = rig.client()
    for n in range(5):
        client.send(request(f"/app/plain.txt?{n}"))
        assert client.take_response().body == b"plain\n"
    assert rig.count("upstreams") == 1
    client.send(request("/app/plain.txt", "HEAD"))
    got = client.take_response("HEAD")
    assert (got.status, got.field("Content-Length")) == (200, "6")
    client.send(request("/app/none.txt"))
    assert client.take_response().status == 404
    assert rig.count("upstreams") == 1


@pytest.mark.parametrize("size", [0, 1, 8186, 8187, 30_000, 65_536, 65_537, 3_000_000])
def test_a_body_arrives_whole(rig: Rig, tomcat: Tomcat, size: int) -> None:
    serve(rig, tomcat)
    body = letters(size)
    wanted = f"{size} {hashlib.sha256(body).hexdigest()}\n".encode()
    client = rig.client()
    client.send(request("/app/taken.jsp", "POST", body))
    assert client.take_response().body.strip() == wanted.strip()
    pieces = [body[n : n + 40_000] for n in range(0, size, 40_000)]
    head = (
        b"POST /app/taken.jsp HTTP/1.1\r\nHost: test.example\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    client.send(head + chunked(*pieces))
    assert client.take_response().body.strip() == wanted.strip()
    wait_for(lambda: rig.keeps(rig.members[0].connections), "it is kept")


def test_a_body_that_nobody_reads_costs_no_connection(rig: Rig, tomcat: Tomcat) -> None:
    serve(rig, tomcat)
    client = rig.client()
    for _ in range(3):
        client.send(request("/app/asked.jsp", "POST", letters(40_000)))
        assert client.take_response().status == 200
        wait_for(lambda: rig.keeps(rig.members[0].connections), "it is kept")


@pytest.mark.parametrize(
    "asked",
    [
        "size=0",
        "size=100",
        "size=100000",
        "size=100000&length=1",
        "size=1000000&flush=1",
        "size=20000&flush=1&pause=30",
    ],
)
def test_an_answer_arrives_whole(rig: Rig, tomcat: Tomcat, asked: str) -> None:
    serve(rig, tomcat)
    client = rig.client()
    size = int(asked.partition("&")[0].partition("=")[2])
    for _ in range(2):
        client.send(request(f"/app/given.jsp?{asked}"))
        assert client.take_response().body == letters(size)
    assert rig.count("upstreams") == 1


def test_a_wrong_secret_is_refused_by_the_member(rig: Rig, tomcat: Tomcat) -> None:
    rig.start(f"ProxyPass / {at(rig, tomcat)}/ secret=other\n")
    assert rig.ask(request("/app/plain.txt")).status == 403


def test_sessions_stay_with_their_route(rig: Rig, tomcat: Tomcat) -> None:
    member = f'{at(rig, tomcat)} "secret={SECRET}"'
    rig.start(
        "<Proxy balancer://two>\n"
        f"BalancerMember {member} route=one\n"
        "BalancerMember ajp://127.0.0.1:1 route=two\n"
        "ProxySet stickysession=JSESSIONID|jsessionid scolonpathdelim=On\n</Proxy>\n"
        "ProxyPass / balancer://two/\n"
    )
    got = rig.ask(request("/app/session.jsp"))
    session = got.body.decode().split()[0]
    assert session.endswith(".one")
    cookie = f"Cookie: JSESSIONID={session}\r\n"
    for n in (2, 3):
        got = rig.ask(request("/app/session.jsp", fields=cookie))
        assert got.body.decode().split()[:2] == [session, str(n)]
    got = rig.ask(request(f"/app/session.jsp;jsessionid={session}"))
    assert got.body.decode().split()[:2] == [session, "4"]


def test_ping_asks_first(rig: Rig, tomcat: Tomcat) -> None:
    serve(rig, tomcat, "ping=5")
    client = rig.client()
    for _ in range(3):
        client.send(request("/app/taken.jsp", "POST", b"abc"))
        assert client.take_response().body.startswith(b"3 ")
    wait_for(lambda: rig.keeps(rig.members[0].connections), "it is kept")


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="tomcat10-examples is not here")
def test_sockets_go_by_http_beside_pages_by_ajp(rig: Rig, tomcat: Tomcat) -> None:
    behind = rig.member(relaying_to(tomcat.http)).port
    serve(
        rig,
        tomcat,
        text="",
        before=f"ProxyPass /examples/websocket/ ws://127.0.0.1:{behind}"
        "/examples/websocket/\n",
    )
    got = rig.ask(request("/examples/servlets/servlet/HelloWorldExample"))
    assert b"Hello World" in got.body
    client = rig.client()
    fields = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    client.send(request("/examples/websocket/echoAnnotation", fields=fields))
    assert client.take_head()[0].startswith("HTTP/1.1 101")
    client.send(bytes((0x81, 0x85, 0, 0, 0, 0)) + b"hello")
    assert client.take(7) == b"\x81\x05hello"


def test_large_packets_are_as_large_as_they_are_on_both_sides(rig: Rig) -> None:
    with tempfile.TemporaryDirectory(prefix="fastlb-tomcat-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        large = tomcat_with_pages(Path(folder) / "large", packet=65_536)
        large.start()
        try:
            serve(rig, large, text="ProxyIOBufferSize 65536\n")
            body = letters(500_000)
            wanted = f"{len(body)} {hashlib.sha256(body).hexdigest()}"
            got = rig.ask(request("/app/taken.jsp", "POST", body))
            assert got.body.decode().strip() == wanted
            long = f"X-Long: {'a' * 7000}\r\n"
            fields = "".join(long.replace("Long", f"Long-{n}") for n in range(5))
            lines = told(rig, "/app/asked.jsp", fields)
            assert sum(line.startswith("field x-long-") for line in lines) == 5
        finally:
            large.stop()


def test_a_tomcat_that_ends_is_followed_by_another_one(rig: Rig) -> None:
    with tempfile.TemporaryDirectory(prefix="fastlb-tomcat-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        two = [tomcat_with_pages(Path(folder) / name, name) for name in ("one", "two")]
        for one in two:
            one.start()
        try:
            members = "".join(
                f'BalancerMember {at(rig, one)} "secret={SECRET}" route={one.route}\n'
                for one in two
            )
            rig.start(
                f"<Proxy balancer://b>\n{members}"
                "ProxySet stickysession=JSESSIONID\n</Proxy>\n"
                "ProxyPass / balancer://b/\n"
            )
            session = rig.ask(request("/app/session.jsp")).body.decode().split()[0]
            served = next(one for one in two if session.endswith(one.route))
            served.stop()
            cookie = f"Cookie: JSESSIONID={session}\r\n"
            for _ in range(3):
                got = rig.ask(request("/app/session.jsp", fields=cookie))
                assert got.status == 200
                assert not got.body.decode().split()[0].endswith(served.route)
        finally:
            for one in two:
                one.stop()
