"""rewrite.pyx and rewrite_answer.pyx: heads as they go on, to the member and back."""

from __future__ import annotations

import pytest
from flow_bench import Bench
from flow_peers import ONE, Peer, answer, balancer, get, post

VIA = "1.1 h"


def line(head: bytes, name: str) -> str | None:
    """Value of a field that stands there once; None: it does not stand there."""
    found = [
        one.partition(b":")[2].strip().decode()
        for one in head.split(b"\r\n")
        if one.lower().startswith(name.lower().encode() + b":")
    ]
    assert len(found) < 2, f"{name} stands {len(found)} times in {head!r}"
    return found[0] if found else None


def member_of(bench: Bench, request_bytes: bytes) -> tuple[Peer, Peer, bytes]:
    client = bench.ask(request_bytes)
    member = bench.members[0].accept()
    return client, member, member.head()


@pytest.mark.parametrize(
    ("settings", "fields", "name", "value"),
    [
        # what is between two neighbours goes no further
        ("", ("Connection: X-Hop", "X-Hop: 1"), "X-Hop", None),
        ("", ("Keep-Alive: 300",), "Keep-Alive", None),
        ("", ("TE: gzip", "Connection: TE"), "TE", None),
        ("", ("TE: gzip, trailers", "Connection: TE"), "TE", "trailers"),
        ("", ("TE: trailers",), "Connection", "TE, Keep-Alive"),
        ("", ("Upgrade: x", "Connection: upgrade"), "Upgrade", None),
        ("", ("X-End: 1",), "X-End", "1"),
        ("", ("X-End:  two  words ",), "X-End", "two  words"),
        # ours
        ("", (), "Host", "127.0.0.1:8001"),
        ("ProxyPreserveHost On", (), "Host", "h"),
        ("", (), "Connection", "Keep-Alive"),
        ("", ("Connection: close",), "Connection", "Keep-Alive"),
        ("", (), "X-Forwarded-For", "127.0.0.1"),
        ("", ("X-Forwarded-For: a",), "X-Forwarded-For", "a, 127.0.0.1"),
        ("", (), "X-Forwarded-Host", "h"),
        # taken out first: a client cannot have ours removed (CVE-2022-31813)
        ("", ("Connection: X-Forwarded-For",), "X-Forwarded-For", "127.0.0.1"),
        ("ProxyAddHeaders Off", ("X-Forwarded-For: a",), "X-Forwarded-For", "a"),
        ("ProxyVia On", (), "Via", VIA),
        ("ProxyVia On", ("Via: 1.0 other",), "Via", f"1.0 other, {VIA}"),
        ("ProxyVia Block", ("Via: 1.0 other",), "Via", None),
        ("", ("Max-Forwards: 3",), "Max-Forwards", "2"),
        ("ProxyMaxForwards 5", (), "Max-Forwards", "5"),
        ('RequestHeader set X-Rule "%D"', ("X-Rule: client",), "X-Rule", "D=0"),
        ('RequestHeader unset X-Rule', ("X-Rule: client",), "X-Rule", None),
        # fields of one hop stay ours, whatever rules say
        ('RequestHeader set Connection upgrade', (), "Connection", "Keep-Alive"),
        ('RequestHeader set Connection X-Hop', ("X-Hop: 1",), "X-Hop", None),
        ('RequestHeader set Connection Host', (), "Host", "127.0.0.1:8001"),
        ('RequestHeader set Keep-Alive 300', (), "Keep-Alive", None),
        ('RequestHeader set Transfer-Encoding gzip', (), "Transfer-Encoding", None),
    ],
)  # fmt: skip
def test_the_head_that_a_member_gets(
    settings: str, fields: tuple[str, ...], name: str, value: str | None
) -> None:
    with Bench(f"{ONE}{settings}\n") as bench:
        client, member, head = member_of(bench, get("/", *fields))
        found = line(head, name)
        if value == "D=0":
            assert found is not None and found.startswith("D=")
        else:
            assert found == value
        member.send(answer())
        assert client.status() == 200


def test_a_websocket_has_one_connection_field_whatever_rules_say() -> None:
    """Many guides set both fields by rules, for a member that is asked for an upgrade
    anyway."""
    text = balancer("upgrade=websocket")
    text += "RequestHeader set Connection upgrade\n"
    text += "RequestHeader set Upgrade websocket\n"
    asked = get("/", "Upgrade: websocket", "Connection: upgrade")
    with Bench(text) as bench:
        _, _, head = member_of(bench, asked)
        assert line(head, "Connection") == "Upgrade"
        assert line(head, "Upgrade") == "websocket"


def test_framing_is_ours_whatever_rules_say() -> None:
    text = ONE + "RequestHeader set Content-Length 99\nRequestHeader set Host evil\n"
    with Bench(text) as bench:
        _, _, head = member_of(bench, post(b"body"))
        assert line(head, "Content-Length") == "4"
        assert line(head, "Host") == "127.0.0.1:8001"


def test_a_head_that_finds_no_buffer_is_refused() -> None:
    text = f'LimitRequestFieldSize 800000\n{ONE}RequestHeader set X-A "%{{V}}e"\n'
    text += 'RequestHeader set X-B "%{V}e"\nSetEnvIf X-Long "(.*)" V=$1\n'
    with Bench(text) as bench:
        client = bench.ask(get("/", f"X-Long: {'x' * 500_000}"))
        bench.members[0].accept()
        assert client.status() == 400
        client = bench.ask(get())
        bench.members[0].serve()
        assert client.status() == 200


@pytest.mark.parametrize(
    ("settings", "fields", "name", "value"),
    [
        ("", ("Connection: X-Hop", "X-Hop: 1"), "X-Hop", None),
        ("", ("Keep-Alive: timeout=5",), "Keep-Alive", None),
        ("", ("Proxy-Authenticate: Basic",), "Proxy-Authenticate", None),
        ("", ("X-End: 1",), "X-End", "1"),
        ("", ("Server: theirs",), "Server", "theirs"),
        ("", ("Date: Sun, 06 Nov 1994 08:49:37 GMT",), "Date",
         "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("", ("Date: Sunday, 06-Nov-94 08:49:37 GMT",), "Date",
         "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("", ("Last-Modified: whenever",), "Last-Modified", "whenever"),
        ("", (), "Connection", None),
        ("", ("Connection: close",), "Connection", None),  # that was the member's
        ("KeepAlive Off", (), "Connection", "close"),
        ("ProxyVia On", (), "Via", VIA),
        ("ProxyPassReverse / balancer://b/",
         ("Location: http://127.0.0.1:8001/x",), "Location", "http://h/x"),
        ("ProxyPassReverseCookiePath /in /out",
         ("Set-Cookie: a=1; Path=/in/x",), "Set-Cookie", "a=1; Path=/out"),
        ("Header set X-Rule 1", ("X-Rule: member",), "X-Rule", "1"),
        ("Header unset X-Rule", ("X-Rule: member",), "X-Rule", None),
        ("Header set Content-Length 99", (), "Content-Length", "2"),
    ],
)  # fmt: skip
def test_the_head_that_a_client_gets(
    settings: str, fields: tuple[str, ...], name: str, value: str | None
) -> None:
    with Bench(f"{ONE}{settings}\n") as bench:
        client, member, _ = member_of(bench, get())
        member.send(answer(b"ok", *fields))
        head, body = client.message()
        assert line(head, name) == value
        assert body == b"ok"


@pytest.mark.parametrize(
    "status", ["200 OK", "200 Just So", "299 Odd", "431", "200", "599 \xe9"]
)
def test_a_status_line_is_passed_on_as_it_came(status: str) -> None:
    with Bench() as bench:
        client, member, _ = member_of(bench, get())
        member.send(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))
        head = client.head()
        assert head.split(b"\r\n")[0].rstrip() == f"HTTP/1.1 {status}".encode("latin-1")


def test_a_kept_connection_of_http_1_0_is_told_so() -> None:
    request = get("/", "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")
    with Bench("KeepAliveTimeout 7\nMaxKeepAliveRequests 9\n" + ONE) as bench:
        client, member, _ = member_of(bench, request)
        member.send(answer())
        head, _ = client.message()
        assert line(head, "Connection") == "Keep-Alive"
        assert line(head, "Keep-Alive") == "timeout=7, max=9"
        assert client.is_silent()


@pytest.mark.parametrize("allowed", [True, False])
def test_rules_are_met_anew_when_a_name_is_known(allowed: bool) -> None:
    text = (
        "RewriteEngine on\nRewriteCond %{ENV:stage} !done\n"
        f"RewriteRule ^/old/(.*) /new/$1 [PT,E=stage:done]\n{ONE}"
        "<Location /new>\nRequire host example.org\n</Location>\n"
    )
    with Bench(text) as bench:
        client = bench.ask(get("/old/x"))
        bench.until(lambda: len(bench.services.hosts) == 1)
        bench.core.host_answer(*bench.services.hosts[0][3:], allowed)
        if not allowed:
            assert client.status() == 403
            return
        member = bench.members[0].accept()
        assert member.head().startswith(b"GET /new/x ")
        member.send(answer(b"ok", "Connection: close"))
        assert client.status() == 200
