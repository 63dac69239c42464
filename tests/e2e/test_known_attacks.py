"""What has been found in other proxies, played here: docs/cves.md names each.

A victim stands beside the attack where there can be one: another client's connection,
a second member, a line of a log. It must notice nothing.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest
from harness import Fastlb
from peers import (
    Handler,
    Message,
    Peer,
    ScriptedMember,
    answering,
    chunked,
    request,
    response,
)
from programs import bare_environment
from rig import Rig
from tls_site import connect

SECRET = "sid=correct-horse-battery-staple"


def shown(message: Message) -> bytes:
    """The request as the member got it, one line a field."""
    lines = [message.start, *(f"{name}: {value}" for name, value in message.fields)]
    return response("\n".join(lines).encode() + b"\n\n" + message.body)


def asked(target: str = "/", host: str = "h.example", fields: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n".encode("latin-1")


def says(*answers: bytes) -> Handler:
    """A member that says these one after another, over all its connections."""
    left = list(answers)

    def member(peer: Peer) -> None:
        while left and peer.take_request() is not None:
            peer.send(left.pop(0))

    return member


@contextlib.contextmanager
def decoy() -> Iterator[tuple[str, list[int]]]:
    """A server that nobody may be led to: its address, and who came all the same."""
    visits: list[int] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def count() -> None:
        with contextlib.suppress(OSError):
            while True:
                listener.accept()[0].close()
                visits.append(1)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}", visits
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def statuses(rig: Rig, data: bytes) -> list[int]:
    """The statuses of all that is answered on one connection until it ends."""
    client = rig.client()
    client.send(data)
    client.half_close()
    found = []
    while client.more():
        found.append(client.take_response().status)
    return found


# Targets that lead elsewhere


@pytest.mark.parametrize("rule", ["ProxyPassMatch ^(.*) {0}$1", "ProxyPass / {0}/"])
def test_no_target_leads_to_another_server(rig: Rig, rule: str) -> None:
    member = rig.member(answering(shown))
    rig.start(rule.format(member.url))
    with decoy() as (address, visits):
        for target in (
            f"@{address}/",
            f":@{address}/",
            f"x:@{address}/",
            f".{address}/",
            f"/@{address}/",
            f"//{address}/",
            f"/?unix:{'A' * 5000}|http://{address}/",
            f"/unix:/tmp/x|http://{address}/",
            f"unix:/tmp/x|http://{address}/",
            f"http://{address}/",
            f"http:{address}/",
            f"/%0d%0aHost:%20{address}%0d%0a/",
            f"/\\{address}/",
        ):
            client = rig.client()
            client.send(request(target))
            client.half_close()
            answer = client.take_response()
            assert answer.status in (200, 400, 404), target
            client.close()
        assert not visits


@pytest.mark.parametrize(
    "target", ["/a b", "/a\tb", "/a\x0bb", "/a\x0cb", "/a\x00b", "/a\x7fb", "/a#b"]
)
def test_what_is_no_target_goes_nowhere(rig: Rig, target: str) -> None:
    rig.serve(answering(shown))
    assert statuses(rig, request(target) + request("/next")) == [400]
    assert rig.members[0].connections == 0


@pytest.mark.parametrize(
    "path",
    [
        "/pub/../admin",
        "/pub/%2e%2e/admin",
        "/pub/.%2e/admin",
        "/pub/%%32%65%%32%65/admin",
        "/pub/..%2fadmin",
        "//admin",
        "/./admin",
        "/pub/..;/admin",
        "/admin%00",
        "/admin%0a",
        "/admin/..%2f..%2fadmin",
    ],
)
def test_no_spelling_reaches_what_is_denied(rig: Rig, path: str) -> None:
    """The member must not be sent what it may take for /admin."""
    rig.serve(
        answering(shown),
        text="<Location /admin>\nRequire all denied\n</Location>",
    )
    got = rig.ask(request(path))
    if got.status == 200:
        line = got.body.decode("latin-1").split("\n", 1)[0].split(" ")[1]
        parts = line.replace("%2e", ".").replace("%2E", ".").split("/")
        assert ".." not in parts
        assert parts[1] != "admin", line


def test_a_line_end_in_a_path_is_no_end_for_a_pattern(rig: Rig) -> None:
    """`$` matches at the end and not before a last line end."""
    rig.serve(
        answering(shown),
        text=(
            "<Location /f>\nRequire all denied\n</Location>\n"
            '<LocationMatch "^/f/open$">\nRequire all granted\n</LocationMatch>'
        ),
    )
    assert rig.ask(request("/f/open")).status == 200
    assert rig.ask(request("/f/open%0a")).status == 403
    assert rig.ask(request("/f/open%0a%0a")).status == 403


# Two requests in one


@pytest.mark.parametrize(
    "field",
    [
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: chunked\x00",
        "Transfer-Encoding:\x0cchunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "X: y\nTransfer-Encoding: chunked",
        "Transfer-Encoding\x00: chunked",
        ": x\r\nTransfer-Encoding: chunked",
        "Content-Length:",
        "Content-Length: 3\r\nContent-Length: 30",
        "Content-Length: +3",
        "Content-Length: 3\r\n Content-Length: 30",
        "Content-Length0" + "a" * 270 + ":\r\nContent-Length: 3\r\nContent-Length: 40",
    ],
)
def test_doubtful_framing_is_refused_and_nothing_behind_it_served(
    rig: Rig, field: str
) -> None:
    rig.serve(answering(shown))
    inner = request("/smuggled")
    for method in ("GET", "POST"):
        head = f"{method} / HTTP/1.1\r\nHost: h\r\nContent-Length: {len(inner)}\r\n"
        data = (head + field + "\r\n\r\n").encode("latin-1") + inner
        found = statuses(rig, data)
        assert found in ([400], [501]), (method, found)
    assert rig.members[0].connections == 0


def test_a_long_name_is_not_a_short_one(rig: Rig) -> None:
    """A length kept in eight bits would make of it a name of eight bits' length."""
    rig.serve(answering(shown))
    for size in (255, 256, 257, 270, 271, 300, 512, 1024):
        name = "Content-Length" + "a" * (size - 14)
        got = rig.ask(request("/", "POST", b"hello", fields=f"{name}: 400\r\n"))
        assert got.status == 200
        assert got.body.endswith(b"\n\nhello")


@pytest.mark.parametrize(
    "size",
    [
        "ffffffffffffffff",
        "fffffffffffffffff",
        "8000000000000000",
        "-1",
        "7fffffffffffffff",
    ],
)
def test_no_chunk_is_larger_than_numbers(rig: Rig, size: str) -> None:
    rig.serve(answering(shown))
    head = request("/", "POST", fields="Transfer-Encoding: chunked\r\n")
    body = f"{size}\r\n".encode() + b"x" * 5000
    assert statuses(rig, head + body)[:1] == [400]


@pytest.mark.parametrize("size", ["ffffffffffffffff", "8000000000000000", "-1"])
def test_no_chunk_of_a_member_is_larger_than_numbers(rig: Rig, size: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    rig.serve(says(head + f"{size}\r\n".encode() + b"x" * 5000))
    assert rig.ask(request("/")).status == 502


def test_an_error_within_a_body_ends_the_connection(rig: Rig) -> None:
    rig.serve(answering(shown))
    head = request("/", "POST", fields="Transfer-Encoding: chunked\r\n")
    assert statuses(rig, head + b"5\r\nhelloXX\r\n" + request("/smuggled")) == [400]


def test_a_body_behind_an_error_document_is_no_request(rig: Rig) -> None:
    """A GET of ours fetches the document; the body stays with the refused request."""
    rig.serve(
        answering(shown),
        text=(
            "<Location /no>\nRequire all denied\n</Location>\nErrorDocument 403 /sorry"
        ),
    )
    inner = request("/smuggled")
    for framed in (
        request("/no", "POST", inner),
        request("/no", "POST", fields="Transfer-Encoding: chunked\r\n")
        + chunked(inner),
    ):
        client = rig.client()
        client.send(framed + request("/next"))
        client.half_close()
        first = client.take_response("POST")
        assert first.body.startswith(b"GET /sorry ")
        while client.more():
            assert client.take_response().body.startswith(b"GET /next ")


def test_trailers_set_no_field(rig: Rig) -> None:
    rig.serve(answering(shown), text="RequestHeader unset X-Admin")
    head = request(
        "/", "POST", fields="Transfer-Encoding: chunked\r\nTrailer: X-Admin\r\n"
    )
    client = rig.client()
    client.send(head + chunked(b"hello", trailers=b"X-Admin: 1\r\n"))
    assert b"X-Admin" not in client.take_response("POST").body


# Fields


def test_no_client_takes_out_what_we_add(rig: Rig) -> None:
    rig.serve(answering(shown))
    named = (
        "X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Server, Host, Content-Length"
    )
    got = rig.ask(request("/", "POST", b"hello", fields=f"Connection: {named}\r\n"))
    text = got.body.decode()
    assert got.status == 200
    for name in ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Server", "Host"):
        assert f"{name}: " in text
    assert text.endswith("\n\nhello")


@pytest.mark.parametrize(
    "value", ["", ",", ",,,;=", "close,,", ",close", "\t,\t", "a" * 8000, ", " * 3000]
)
def test_odd_connection_fields_harm_nobody(rig: Rig, value: str) -> None:
    rig.serve(answering(shown))
    assert rig.ask(request("/", fields=f"Connection: {value}\r\n")).status in (200, 400)
    assert rig.ask(request("/")).status == 200


def test_odd_fields_of_a_member_harm_nobody(rig: Rig) -> None:
    values = ("", ",", ";", "=", "a=", ";;;", "a" * 7000, 'a="', "a=b; path=", "\t")
    names = ("Set-Cookie", "Set-Cookie2", "Connection", "Location", "Vary", "Via")
    answers = [
        response(b"", fields=f"{name}: {value}\r\n")
        for name in names
        for value in values
    ]
    rig.serve(
        says(*answers),
        text=(
            "ProxyPassReverseCookieDomain a.example front.example\n"
            "ProxyPassReverseCookiePath / /a/rather/long/path/\n"
            "ProxyPassReverse / http://a.example/\n"
        ),
    )
    for _ in answers:
        assert rig.ask(request("/")).status in (200, 502)


@pytest.mark.parametrize("count", [1, 40, 90])
def test_cookies_that_grow_are_whole_or_refused(rig: Rig, count: int) -> None:
    cookie = "Set-Cookie: a=b; domain=a.b; path=/\r\n"
    rig.serve(
        says(response(b"x", fields=cookie * count)),
        text=(
            f"ProxyPassReverseCookieDomain a.b {'d' * 700}.example\n"
            f"ProxyPassReverseCookiePath / /{'p' * 700}/\n"
        ),
    )
    got = rig.ask(request("/"))
    assert got.status in (200, 502)
    if got.status == 200:
        found = [value for name, value in got.fields if name == "Set-Cookie"]
        assert found == [f"a=b; domain={'d' * 700}.example; path=/{'p' * 700}/"] * count


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 O\rK\r\nX: y",
        b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: evil=1",
        b"HTTP/1.1 200 OK\r\nX: a\x00Set-Cookie: evil=1",
        b"HTTP/1.1 200 OK\r\nX\x00: a\r\nSet-Cookie: evil=1",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\nSet-Cookie: evil=1",
        b"HTTP/1.1 200 OK\r\n: y\r\nSet-Cookie: evil=1",
        b"HTTP/1.1 200 OK\r\nX y: z",
        b"HTTP/1.1 200 OK\r\nContent-Type: a\x01b",
    ],
)
def test_a_member_splits_no_answer(rig: Rig, head: bytes) -> None:
    """Its head is passed on as one head or not at all."""
    rig.serve(says(head + b"\r\nContent-Length: 2\r\n\r\nhi"))
    client = rig.client()
    client.send(request("/"))
    data = client.take_until(b"\r\n\r\n")
    status, *fields = data[:-4].split(b"\r\n")
    assert status.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 502 "))
    for line in (status, *fields):
        assert not set(line) & {0, 1, 10, 13}, line
    if status.startswith(b"HTTP/1.1 502"):
        assert b"evil" not in data


def test_a_cookie_that_is_cut_can_be_logged(rig: Rig) -> None:
    rig.serve(
        answering(shown),
        text='CustomLog cookies.log "%{sid}C|%{a}C|%{zz}C|%{Cookie}i"',
    )
    for cookie in ("sid", "sid=", "=", ";", ";;;", "sid=1;a", "=x", "sid", 'sid="'):
        assert rig.ask(request("/", fields=f"Cookie: {cookie}\r\n")).status == 200


# Pages and logs


def test_a_page_of_ours_quotes_no_secret_and_opens_no_tag(rig: Rig) -> None:
    rig.start("Redirect gone /gone\nLimitRequestFieldSize 8190")
    for data in (
        request("/gone/<script>alert(1)</script>"),
        asked("/gone", "<script>"),
        request("/" + "a" * 9000, fields=f"Cookie: {SECRET}\r\n"),
        request("/", fields=f"Cookie: {SECRET}{'x' * 9000}\r\n"),
        request("/", fields=f"Cookie: {SECRET}\r\n" + "X: y\r\n" * 200),
        request("/<script>", fields=f"Cookie: {SECRET}\x01\r\n"),
        request("/<script>", fields="Expect: <script>\r\n"),
        request("/", "<script>"),
    ):
        client = rig.client()
        client.send(data)
        answer = client.take_response()
        assert answer.status >= 400
        assert b"<script>" not in answer.body
        assert SECRET.encode() not in answer.body


def test_a_log_line_holds_no_control_character(rig: Rig) -> None:
    rig.serve(answering(shown), text='CustomLog x.log "%r %U %q %{X}i %V %{C}C"')
    for data in (
        request("/%1b[31m%0d%0a?%1b", fields="X: \x1b]0;x\x07\r\n"),
        request("/", fields='X: a\x9bb"\\\r\n'),
        request("/\x1b[31m"),
        request("/", fields="Cookie: C=\x1b[31m\r\n"),
    ):
        rig.ask(data)
    for name in ("x.log", "error.log", "access.log"):
        text = (rig.folder / name).read_bytes()
        assert not set(text) - {10} - set(range(32, 127)), name


def test_a_redirect_has_one_line(rig: Rig) -> None:
    rig.start(
        "Redirect /a http://to.example/x\n"
        'RedirectMatch "^/b/(.*)$" "http://to.example/$1"\n'
    )
    for path in ("/a/%0d%0aSet-Cookie:%20e=1", "/b/%0aSet-Cookie:%20e=1", "/b/%0d%0d"):
        client = rig.client()
        client.send(request(path))
        head = client.take_until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 302 ")
        lines = head.split(b"\r\n")
        assert not any(line.lower().startswith(b"set-cookie") for line in lines)
        assert b"\n" not in b"".join(lines) and b"\r" not in b"".join(lines)


def test_options_says_nothing_but_methods(rig: Rig) -> None:
    rig.serve(answering(shown))
    for _ in range(20):
        client = rig.client()
        client.send(request("*", "OPTIONS"))
        answer = client.take_response("OPTIONS")
        words = (answer.field("Allow") or "").replace(" ", "").split(",")
        assert all(word.isalpha() and word.isupper() for word in words), words


# Upgrades, members that speak first


def test_no_tunnel_without_a_101(rig: Rig) -> None:
    """Neither the client's words nor the member's make one by themselves."""
    rig.serve(answering(shown), "upgrade=websocket")
    client = rig.client()
    client.send(
        request("/", fields="Connection: Upgrade\r\nUpgrade: websocket\r\n")
        + request("/second")
    )
    assert client.take_response().status == 200
    assert client.take_response().body.startswith(b"GET /second ")


def test_an_answer_before_the_request_is_nobody_s(rig: Rig) -> None:
    """A member that speaks first could answer the next client's request."""

    def eager(peer: Peer) -> None:
        assert peer.take_request() is not None
        peer.send(response(b"mine") + response(b"for somebody else"))
        peer.at_end()

    rig.serve(eager)
    for _ in range(5):
        assert rig.ask(request("/")).body == b"mine"


def test_a_page_shows_nothing_of_a_corrupt_answer(rig: Rig) -> None:
    """It may have been for somebody else; whoever looks after the server reads it."""
    rig.serve(says(b"<secret of another client>\r\n\r\n"))
    got = rig.ask(request("/"))
    assert got.status == 502
    assert b"Corrupt status line returned by remote server" in got.body
    assert b"secret" not in got.body
    assert "<secret of another client>" in rig.error_log


def test_plain_words_before_a_handshake_are_no_answer(server: Fastlb) -> None:
    def plain(peer: Peer) -> None:
        peer.send(response(b"injected"))
        peer.take_rest()

    member = ScriptedMember(plain)
    try:
        server.write(
            f"SSLProxyEngine on\nProxyPass / https://127.0.0.1:{member.port}/\n",
            workers=1,
        )
        server.start()
        peer = Peer(connect(server.port))
        with contextlib.closing(peer):
            peer.send(request("/"))
            got = peer.take_response()
        assert got.status in (500, 502, 503)
        assert b"injected" not in got.body
    finally:
        member.stop()


# Configurations


def test_a_pattern_may_have_more_groups_than_a_byte_counts(rig: Rig) -> None:
    named = "".join(f"(?<G{n}>x?)" for n in range(31))
    groups = named + "(x?)" * 300
    rig.serve(
        answering(shown),
        text=f'<LocationMatch "^/{groups}end$">\nHeader set X-G "%{{MATCH_G30}}e"\n'
        "</LocationMatch>",
    )
    got = rig.ask(request("/" + "x" * 331 + "end"))
    assert (got.status, got.field("X-G")) == (200, "x")


def test_expansions_are_whole_or_refused(rig: Rig) -> None:
    """What captures make of a field or a target may be larger than any buffer."""
    member = rig.member(answering(shown))
    rig.start(
        (
            f'RequestHeader edit* X "(a)" "{"$1" * 400}"\n'
            f'RedirectMatch "^/r/(.*)$" "http://to.example/{"$1" * 60}"\n'
            f"ProxyPass /r/ !\nProxyPass / {member.url}/\n"
        ),
    )
    for size in (1, 10, 100, 1000, 7000):
        got = rig.ask(request("/", fields=f"X: {'a' * size}\r\n"))
        assert got.status == (200 if 400 * size <= 8192 else 500)
        if got.status == 200:
            assert f"X: {'a' * 400 * size}\n".encode() in got.body
        got = rig.ask(request("/r/" + "a" * size))
        assert got.status in (302, 400, 414, 500)
        if got.status == 302:
            assert got.field("Location") == "http://to.example/" + "a" * 60 * size


def test_a_bad_request_with_a_local_error_document_harms_nobody(rig: Rig) -> None:
    rig.serve(answering(shown), text="ErrorDocument 400 /sorry\nErrorDocument 414 /x")
    for data in (b"GET\r\n\r\n", b"\x00\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n"):
        client = rig.client()
        client.send(data)
        client.half_close()
        assert client.take_rest().startswith(b"HTTP/1.1 ")
    assert rig.ask(request("/")).status == 200


def test_a_host_may_be_longer_than_any_buffer(rig: Rig) -> None:
    rig.serve(answering(shown))
    for size in (255, 256, 8100, 8192, 20_000):
        answer = rig.ask(asked("/", "a" * size))
        assert answer.status in (200, 400)
    assert rig.ask(request("/")).status == 200


def test_ranges_are_the_member_s_business(rig: Rig) -> None:
    rig.serve(answering(shown))
    for value in (
        "bytes=0-,0-,0-",
        "bytes=-9223372036854775808",
        "bytes=1-18446744073709551615",
    ):
        got = rig.ask(request("/", fields=f"Range: {value}\r\n"))
        assert got.status == 200
        assert f"Range: {value}".encode() in got.body


@pytest.mark.needs("curl")
def test_curl_is_served_behind_all_of_it(rig: Rig) -> None:
    rig.serve(answering(shown))
    assert rig.ask(request("/")).status == 200
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "20", f"http://127.0.0.1:{rig.port}/x"],
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("GET /x HTTP/1.1\n")
