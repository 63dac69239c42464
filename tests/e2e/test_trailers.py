"""Trailers: what is passed on behind a body, both ways, and what is not."""

from __future__ import annotations

import pytest
from peers import Peer, chunked, request, response
from rig import Rig, wait_for

HEAD = "Transfer-Encoding: chunked\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
LINES = b"Digest: sha-256=abc\r\nGrpc-Status: 0\r\nx-odd:  a \t b  \r\n"
PASSED = [b"Digest: sha-256=abc", b"Grpc-Status: 0", b"x-odd: a \t b"]
BIG = b"x" * 30_000


class Member:
    """Keeps what it got, and answers with what it is told to."""

    def __init__(self, answer: bytes = b"") -> None:
        self.answer = answer or response(b"got")
        self.fields: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.trailers: list[list[bytes]] = []

    def __call__(self, peer: Peer) -> None:
        while True:
            peer.trailers = []
            message = peer.take_request()
            if message is None:
                return
            self.fields.append({n.lower(): v for n, v in message.fields})
            self.bodies.append(message.body)
            self.trailers.append(peer.trailers)
            peer.send(self.answer)


def post(*pieces: bytes, fields: str = "", trailers: bytes = LINES) -> bytes:
    head = request("/", "POST", fields=HEAD + fields)
    return head + chunked(*pieces, trailers=trailers)


@pytest.mark.parametrize("body", [b"", b"hello", BIG, BIG * 40])
def test_of_a_request_they_reach_the_member(rig: Rig, body: bytes) -> None:
    member = Member()
    rig.serve(member)
    client = rig.client()
    for _ in range(2):
        client.send(post(body, fields="Trailer: Digest, Content-Length\r\n"))
        assert client.take_response("POST").body == b"got"
    assert member.bodies == [body] * 2
    assert member.trailers == [PASSED] * 2
    assert {f.get("trailer") for f in member.fields} == {"Digest"}
    wait_for(lambda: rig.keeps(rig.members[0].connections), "it is kept")


def test_they_may_come_byte_by_byte(rig: Rig) -> None:
    member = Member(ANSWER + b"\r\n")
    whole = chunked(b"hello", trailers=LINES)

    def slowly(peer: Peer) -> None:
        member.answer = ANSWER + b"\r\n"
        peer.take_request()
        member.trailers.append(peer.trailers)
        peer.send_byte_by_byte(ANSWER + b"\r\n" + whole)

    rig.serve(slowly)
    client = rig.client()
    client.send_byte_by_byte(request("/", "POST", fields=HEAD) + whole)
    assert client.take_response("POST").body == b"hello"
    assert client.trailers == PASSED
    assert member.trailers == [PASSED]


@pytest.mark.parametrize("body", [b"", b"hello", BIG, BIG * 40])
def test_of_an_answer_they_reach_the_client(rig: Rig, body: bytes) -> None:
    told = ANSWER + b"Trailer: Digest, Set-Cookie\r\nTrailer: x-odd\r\n\r\n"
    rig.serve(Member(told + chunked(body, trailers=LINES)))
    client = rig.client()
    for _ in range(2):
        client.send(request())
        got = client.take_response()
        assert got.body == body
        assert client.trailers == PASSED
        assert dict(got.fields)["Trailer"] == "Digest, x-odd"
    assert rig.members[0].connections == 1


def test_clients_without_chunks_get_none(rig: Rig) -> None:
    rig.serve(Member(ANSWER + b"Trailer: A\r\n\r\n" + chunked(b"a", trailers=LINES)))
    client = rig.client()
    client.send(request(version="1.0"))
    rest = client.take_rest()
    assert rest.endswith(b"\r\n\r\na")
    assert b"railer" not in rest


FORBIDDEN = (
    "Content-Length: 3", "transfer-encoding: chunked", "Host: a", "Trailer: X",
    "Authorization: Basic x", "Cookie: a=b", "Set-Cookie: a=b", "Cache-Control: no",
    "Content-Type: a/b", "Content_Encoding: gzip", "Connection: close", "TE: gzip",
    "If-Match: x", "X-Forwarded-For: 1.1.1.1", "X_FORWARDED_FOR: 1.1.1.1",
    "Forwarded: for=x", "Sec-Fetch-Site: none", "Location: /", "Range: bytes=0-1",
    "Proxy-Authorization: x", "Proxy-Foo: x", "Content_Length: 3", "Via: 1.1 me",
    "Expect: 100-continue", "Upgrade: h2c", f"X-{'y' * 200}: long",
    "Proxy: http://evil/", "proxy: x", "Remote-User: root", "REMOTE_USER: root",
    "Remote-Addr: 127.0.0.1", "Client-IP: 127.0.0.1", "True-Client-IP: 127.0.0.1",
    "X-Cluster-Client-IP: 127.0.0.1", "CF-Connecting-IP: 127.0.0.1", "X-Real-IP: ::1",
    "X-Forwarded-Proto: https", "X_Forwarded: https", "Forwarded-For: ::1",
    "Fastly-Client-IP: ::1", "WL-Proxy-Client-IP: ::1", "X-Client-Cert: x",
    "SSL-Client-Verify: SUCCESS", "X-SSL-Client-S-DN: CN=root", "X-Remote-User: root",
    "X-Auth-Request-User: root", "X-WEBAUTH-USER: root", "X-Host: evil",
    "X-Scheme: https", "X-URL-Scheme: https", "X-Original-Host: evil",
    "X-Authenticated-User: root",
)  # fmt: skip


def test_what_a_head_must_say_is_said_by_no_trailer(rig: Rig) -> None:
    lines = "".join(f"{line}\r\n" for line in FORBIDDEN).encode() + b"Good: 1\r\n"
    member = Member(ANSWER + b"\r\n" + chunked(b"a", trailers=lines))
    rig.serve(member)
    client = rig.client()
    client.send(post(b"hello", trailers=lines))
    assert client.take_response("POST").body == b"a"
    assert client.trailers == [b"Good: 1"]
    assert member.trailers == [[b"Good: 1"]]


def test_what_rules_decide_no_trailer_does(rig: Rig) -> None:
    lines = b"X-User: root\r\nx_user: root\r\nX-Other: 1\r\nX-Seen: 1\r\n"
    member = Member(ANSWER + b"\r\n" + chunked(b"a", trailers=lines))
    rig.serve(
        member,
        text="RequestHeader unset X-User\nHeader always set X-Other own\n"
        "Header note X-Seen seen",
    )
    client = rig.client()
    client.send(post(b"hello", trailers=lines))
    client.take_response("POST")
    assert member.trailers == [[b"X-Other: 1", b"X-Seen: 1"]]
    assert client.trailers == [b"X-User: root", b"x_user: root", b"X-Seen: 1"]


def test_the_switch(rig: Rig) -> None:
    member = Member(ANSWER + b"Trailer: A\r\n\r\n" + chunked(b"a", trailers=LINES))
    rig.serve(
        member,
        text="ProxyPassTrailers Off\n"
        "<Location /on>\nProxyPassTrailers On\n</Location>\n",
    )
    client = rig.client()
    for target, passed in (("/", []), ("/on", PASSED)):
        client.send(
            request(target, "POST", fields=HEAD + "Trailer: A\r\nTE: trailers\r\n")
            + chunked(b"hello", trailers=LINES)
        )
        got = client.take_response("POST")
        assert client.trailers == passed
        assert member.trailers[-1] == passed
        assert ("trailer" in member.fields[-1]) == bool(passed)
        assert ("te" in member.fields[-1]) == bool(passed)
        assert ("Trailer" in dict(got.fields)) == bool(passed)
    assert member.fields[0]["content-length"] == "5"


@pytest.mark.parametrize(
    ("fields", "te"),
    [
        ("TE: trailers\r\n", "trailers"),
        ("TE: gzip;q=0.5, Trailers\r\nConnection: TE\r\n", "trailers"),
        ("TE: gzip\r\n", None),
        ("", None),
    ],
)
def test_a_member_hears_that_they_are_taken(
    rig: Rig, fields: str, te: str | None
) -> None:
    member = Member()
    rig.serve(member)
    rig.ask(request(fields=fields))
    assert member.fields[0].get("te") == te
    assert member.fields[0]["connection"] == ("TE, " if te else "") + "Keep-Alive"


TOO_MUCH = (
    b"".join(b"X-%d: 1\r\n" % n for n in range(129)),
    b"X-A: " + b"a" * 8200 + b"\r\n",
    b"X-A: 1\r\n" * 3000,
    b"X A: 1\r\n", b" X-A: 1\r\n", b": 1\r\n", b"X-A: 1\n", b"X-A: \x00\r\n", b"X\r\n",
)  # fmt: skip


@pytest.mark.parametrize("lines", TOO_MUCH)
@pytest.mark.parametrize("body", [b"a", BIG])
def test_too_many_and_broken_ones_are_refused(
    rig: Rig, lines: bytes, body: bytes
) -> None:
    rig.serve(Member())
    client = rig.client()
    client.send(post(body, trailers=lines))
    assert client.take_response("POST").status == 400
    assert rig.ask(post(b"a"), "POST").body == b"got"


@pytest.mark.parametrize("lines", TOO_MUCH)
def test_an_answer_with_such_is_never_whole(rig: Rig, lines: bytes) -> None:
    # Of some the client is told before anything went out, and is kept.
    text = "KeepAliveTimeout 100ms"
    rig.serve(Member(ANSWER + b"\r\n" + chunked(b"a", trailers=lines)), text=text)
    client = rig.client()
    client.send(request())
    got = client.take_rest()
    assert got.startswith(b"HTTP/1.1 502") or not got.endswith(b"\r\n0\r\n\r\n")


def test_a_request_is_repeated_with_them(rig: Rig) -> None:
    """Its kept connection was dead: what was sent there is sent again."""
    seen = []

    def member(peer: Peer) -> None:
        for count in range(2):
            message = peer.take_request()
            if message is None:
                return
            seen.append((message.body, peer.trailers))
            if count == 0:
                peer.send(response(b"got"))

    rig.serve(member)
    client = rig.client()
    for body in (b"hello", b""):
        data = request("/", "PUT", fields=HEAD) + chunked(body, trailers=LINES)
        client.send(data)
        assert client.take_response("PUT").body == b"got"
    assert seen == [(b"hello", PASSED), (b"", PASSED), (b"", PASSED)]
    assert rig.members[0].connections == 2


@pytest.mark.parametrize("compat", [False, True])
def test_what_is_not_passed_on_is_not_merged(rig: Rig, compat: bool) -> None:
    lines = (
        b"X-Forwarded-For: 6\r\nX-User: root\r\nx_user: toor\r\nProxy: x\r\nX-A: 1\r\n"
    )
    rig.serve(
        Member(),
        text=f"{'Compat apache' if compat else ''}\nMergeTrailers On\n"
        "RequestHeader set X-User ours\n"
        'LogFormat "%{X-Forwarded-For}i|%{X-User}i|%{Proxy}i|%{X-A}i|%{Proxy}^ti" t\n'
        "CustomLog t.log t\nHeader echo ^(X|Proxy)\n"
        'Header set Y "expr=%{HTTP:Proxy}"\n',
    )
    client = rig.client()
    client.send(post(b"a", trailers=lines, fields="X-Forwarded-For: 5\r\n"))
    got = dict(client.take_response("POST").fields)
    assert (got.get("Proxy"), got.get("X-User"), got["X-A"], got["Y"]) == (
        ("x", "root", "1", "x") if compat else (None, None, "1", "")
    )
    log = rig.folder / "t.log"
    wait_for(lambda: log.exists() and log.read_text().count("\n") == 1, "a line")
    assert log.read_text() == ("5, 6|root|x|1|x\n" if compat else "5|-|-|1|x\n")


@pytest.mark.parametrize("merged", [False, True])
def test_logs_and_late_rules_know_them(rig: Rig, merged: bool) -> None:
    lines = b'A: 1\r\nB: "q"\r\nA: 2\r\nHost: h\r\n'
    member = Member(ANSWER + b"\r\n" + chunked(b"", trailers=lines))
    rig.serve(
        member,
        text='LogFormat "%{a}^ti|%{B}^ti|%{C}^ti|%{Host}^ti|%{A}^to|%{A}i|%{B}i" t\n'
        f"CustomLog t.log t\nMergeTrailers {'On' if merged else 'Off'}\n"
        'RequestHeader set X-A "expr=%{HTTP:A}"\nHeader set X-A "expr=%{HTTP:A}"\n',
    )
    client = rig.client()
    client.send(post(BIG, fields="A: 0\r\n", trailers=lines))
    got = client.take_response("POST")
    assert member.fields[0]["x-a"] == "0"
    assert dict(got.fields)["X-A"] == ("0, 1, 2" if merged else "0")
    client.send(request())
    client.take_response()
    log = rig.folder / "t.log"
    wait_for(lambda: log.exists() and log.read_text().count("\n") == 2, "two lines")
    assert log.read_text().splitlines() == [
        r"1, 2|\"q\"|-|h|1, 2|" + (r"0, 1, 2|\"q\"" if merged else "0|-"),
        "-|-|-|-|1, 2|-|-",
    ]
