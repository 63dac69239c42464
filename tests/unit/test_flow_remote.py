"""remote.pyx: members behind another proxy."""

from __future__ import annotations

from pathlib import Path

import pytest
from flow_bench import Bench
from flow_peers import SERVER, answer, get
from test_flow_tls import PROXY_TLS, Certificates

PLAIN = (
    f"{SERVER}ProxyRemote * http://127.0.0.1:8001{{0}}\n"
    "<Proxy balancer://b>\nBalancerMember http://app.test:81/in {1}\n</Proxy>\n"
    "ProxyPass / balancer://b/\n"
)
SECURE = (
    f"{SERVER}{PROXY_TLS}ProxyRemote https http://127.0.0.1:8001{{0}}\n"
    "<Proxy balancer://b>\nBalancerMember https://localhost retry=600\n{1}</Proxy>\n"
    "ProxyPass / balancer://b/\n"
)
GRANTED = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


def secure(more: str = "", others: str = "") -> str:
    return SECURE.replace("{0}", more).replace("{1}", others)


OURS = b"Proxy-Authorization: Basic bWU6cHc=\r\n"


@pytest.mark.parametrize(("more", "field"), [("", b""), (" me:pw", OURS)])
def test_a_plain_member_is_asked_for_by_its_whole_url(more: str, field: bytes) -> None:
    with Bench(PLAIN.format(more, "")) as bench:
        client = bench.ask(get("/x?y", "Proxy-Authorization: Basic c3RyYW5nZQ=="))
        proxy = bench.members[0].accept()
        head = proxy.head()
        assert head.startswith(b"GET http://app.test:81/in/x?y HTTP/1.1\r\n")
        assert b"\r\nHost: app.test:81\r\n" in head
        # what the client has said goes on as to any member, unless we say it
        assert head.count(b"Proxy-Authorization") == 1
        assert (field or b"Basic c3RyYW5nZQ==") in head
        proxy.send(answer())
        assert client.status() == 200
        client.send(get("/again"))
        assert proxy.head().startswith(b"GET http://app.test:81/in/again HTTP/1.1\r\n")
        proxy.send(answer())
        assert client.status() == 200


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_member_with_tls_is_reached_through_a_tunnel(
    certificates: Certificates, step: int
) -> None:
    with certificates.bench(secure(" me:pw")) as bench:
        client = bench.ask()
        proxy = bench.members[0].accept()
        assert proxy.head() == (
            b"CONNECT localhost:443 HTTP/1.0\r\nHost: localhost:443\r\n"
            b"Proxy-Authorization: Basic bWU6cHc=\r\n\r\n"
        )
        for at in range(0, len(GRANTED), step):
            proxy.send(GRANTED[at : at + step])
            bench.turn()
        proxy.shake(certificates.member())
        head = proxy.head()
        assert head.startswith(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        assert b"Proxy-Authorization" not in head
        proxy.send(answer())
        assert client.status() == 200
        # the tunnel is kept as any connection is
        client.send(get())
        proxy.head()
        proxy.send(answer())
        assert client.status() == 200


@pytest.mark.parametrize(
    ("said", "number"),
    [
        (b"HTTP/1.0 407 Who are you?\r\nContent-Length: 1\r\n\r\nx", "FB0317"),
        (b"HTTP/1.0 100 Wait\r\n\r\n", "FB0317"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "FB0318"),
        (b"SSH-2.0-x\r\n\r\n", "FB0318"),
        (b"\n\n", "FB0318"),
        (b"HTTP/1.x 200 OK\r\n\r\n", "FB0318"),
        (b"HTTP/1.1 200 OK\r\nno field\r\n\r\n", "FB0318"),
        (b"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", "FB0318"),
        (b"HTTP/1.1 200 OK\r\nA: b\x00c\r\n\r\n", "FB0318"),
        (b"HTTP/1.1 000 OK\r\n\r\n", "FB0318"),
        (b"HTTP/1.1 200 " + b"x" * 9000, "FB0318"),
        (b"HTTP/1.1 200 OK\r\n", "FB0318"),
        (b"", "FB0318"),
    ],
)
def test_a_proxy_that_makes_no_tunnel_loses_the_member(
    certificates: Certificates, said: bytes, number: str
) -> None:
    with certificates.bench(secure()) as bench:
        client = bench.ask()
        proxy = bench.members[0].accept()
        proxy.head()
        if said:
            proxy.send(said)
        proxy.shut()
        assert client.status() == 503
        assert bench.has_said(number)
        # that it takes connections proves nothing: retry= decides
        assert "Err" in bench.members[0].facts_now["status"]
        assert not bench.members[0].facts_now["probe_clears"]


def test_another_member_is_asked_where_there_is_no_tunnel(
    certificates: Certificates,
) -> None:
    text = secure("", "BalancerMember http://127.0.0.1:8002\n")
    with certificates.bench(text) as bench:
        client = bench.ask()
        proxy = bench.members[0].accept()
        proxy.head()
        proxy.send(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        bench.members[1].serve()
        assert client.status() == 200


def test_a_proxy_that_says_nothing_is_waited_for_as_long_as_a_member(
    certificates: Certificates,
) -> None:
    text = secure().replace("retry=600", "retry=600 timeout=1")
    with certificates.bench(text) as bench:
        client = bench.ask()
        bench.members[0].accept().head()
        assert client.status() == 503
        assert bench.has_said("FB0318")
