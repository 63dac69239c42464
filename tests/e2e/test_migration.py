"""Pages for those who come from another server: the configurations in them are true."""

from __future__ import annotations

import http.client
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from harness import Answer, exchange, wait_for
from programs import ForeignServer

from fastlb.testing import Member, Server, Servers

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- (loaded|pair): (\w+) -->\n```\w+\n(.*?)```", re.S)
NAME = {"Host": "www.example.org"}
MEMBERS = {
    f"10.0.0.1{n}:8080": f"{{address:{name}}}" for n, name in enumerate("abc", 1)
}


def blocks(name: str) -> dict[str, str]:
    """The configurations of a page: `loaded` is ours, `pair` is the other server's."""
    text = (ROOT / f"docs/migrate-{name}.md").read_text("utf-8")
    return {kind: body for kind, of, body in BLOCK.findall(text) if of == name}


def serve(servers: Servers, text: str) -> Server:
    changes = {"Listen 80\n": "Listen 127.0.0.1:{port}\n"}
    changes |= {"*:80>": "*:{port}>"} if "*:80>" in text else {}
    changes |= {at: place for at, place in MEMBERS.items() if at in text}
    return servers(text, replace=changes)


def theirs(servers: Servers, text: str, listen: str) -> str:
    """listen: the words of a port in their language, 80 at the end."""
    changes = {listen: f"{listen[:-3].rstrip()} 127.0.0.1:{{port:theirs}}"}
    changes |= {at: place for at, place in MEMBERS.items() if at in text}
    return servers.text(text, changes)


def ask(port: int, path: str, **fields: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        return exchange(connection, "GET", path, {**NAME, **fields})
    finally:
        connection.close()


@pytest.fixture
def servers() -> Iterator[Servers]:
    with Servers() as made:
        yield made


def test_a_file_of_apache_is_served_as_it_is(servers: Servers) -> None:
    server = serve(servers, blocks("apache")["loaded"])
    assert Counter(server.get().text for _ in range(6)) == {"a": 2, "b": 4}
    assert (server.get().field("Set-Cookie") or "").startswith("ROUTEID=.")


def last(member: Member) -> tuple[str, str | None, bool]:
    """What it was asked for, as whom, and whether it was told by whom."""
    seen = member.seen[-1]
    return seen.target, seen.field("Host"), seen.field("X-Forwarded-For") is not None


@pytest.mark.needs("nginx")
def test_nginx_and_we_do_the_same(servers: Servers) -> None:
    texts = blocks("nginx")
    folder = servers.folder
    (folder / "nginx.conf").write_text(
        f"pid {folder}/nginx.pid; worker_processes 1; daemon off; events {{}}\n"
        f"http {{ access_log off;\n{theirs(servers, texts['pair'], 'listen 80')}}}\n"
    )
    words = ["nginx", "-e", f"{folder}/nginx.log", "-c", f"{folder}/nginx.conf"]
    nginx = ForeignServer(words, [servers.port("theirs")], folder / "said")
    nginx.start()
    try:
        serve(servers, texts["loaded"])
        told = []
        for port in (servers.port("theirs"), servers.port()):
            shares = Counter(ask(port, "/x").text for _ in range(6))
            turns = last(servers.member("a")), last(servers.member("b"))
            moved = ask(port, "/old")
            place = urlsplit(moved.field("Location") or "").path
            static = ask(port, "/static/logo.png")
            target = last(servers.member("b"))[:2]
            frames = [one.field("X-Frame-Options") for one in (moved, static)]
            redirect = moved.status, place
            told.append((shares, turns, redirect, static.text, target, frames))
        assert told[0] == told[1]
        assert told[1][0] == {"a": 2, "b": 4}
        assert told[1][2] == (301, "/new")
        assert told[1][3:5] == ("b", ("/assets/logo.png", "www.example.org"))
    finally:
        nginx.stop()


def sessions(servers: Servers, port: int) -> list[object]:
    """What a balancer with sessions, checks and a standby does."""
    wait_for(lambda: ask(port, "/").text in "ab", "the members serve")
    shares = Counter(ask(port, "/").text for _ in range(12))
    first = ask(port, "/")
    cookie = (first.field("Set-Cookie") or "").split(";")[0]
    stays = {ask(port, "/", Cookie=cookie).text for _ in range(4)} == {first.text}
    hidden = servers.member(first.text).seen[-1].field("Cookie")
    static = ask(port, "/static/x").text, last(servers.member("b"))[0]
    for name in ("a", "b"):
        servers.member(name).stop()
    wait_for(lambda: ask(port, "/").text == "c", "the standby serves")
    return [shares, cookie.split("=")[0], stays, hidden, static]


@pytest.mark.needs("haproxy")
def test_haproxy_and_we_do_the_same(servers: Servers) -> None:
    texts = blocks("haproxy")
    conf = servers.folder / "haproxy.cfg"
    conf.write_text(theirs(servers, texts["pair"], "bind :80"))
    program = shutil.which("haproxy") or "haproxy"
    haproxy = ForeignServer(
        [program, "-f", str(conf)], [servers.port("theirs")], servers.folder / "said"
    )
    haproxy.start()
    try:
        told = [sessions(servers, servers.port("theirs"))]
    finally:
        haproxy.stop()
    for name in ("a", "b"):
        servers.member(name).start()
    serve(servers, texts["loaded"])
    told.append(sessions(servers, servers.port()))
    assert told[0] == told[1]
    assert told[1] == [{"a": 4, "b": 8}, "SRV", True, None, ("b", "/static/x")]
