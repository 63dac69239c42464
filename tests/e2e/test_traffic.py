"""Requests and responses of every form, one after the other and together."""

from __future__ import annotations

import threading

import pytest
from harness import wait_for
from peers import Message, Peer, answering, chunked, request, response
from rig import Rig


def echo(message: Message) -> bytes:
    return response(f"{message.method} {message.target}".encode())


# one after the other


def test_a_request_is_answered(rig: Rig) -> None:
    rig.serve(answering(echo))
    got = rig.ask(request("/a"))
    assert (got.status, got.body) == (200, b"GET /a")


def test_a_client_keeps_its_connection_and_the_member_its_own(rig: Rig) -> None:
    rig.serve(answering(echo))
    client = rig.client()
    for n in range(20):
        client.send(request(f"/{n}"))
        assert client.take_response().body == f"GET /{n}".encode()
    assert rig.members[0].connections == 1


def test_a_request_may_come_byte_by_byte(rig: Rig) -> None:
    rig.serve(answering(echo))
    client = rig.client()
    for target in ("/a", "/b"):
        client.send_byte_by_byte(request(target, "POST", b"body"))
        assert client.take_response().body == f"POST {target}".encode()


def test_a_response_may_come_byte_by_byte(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        while peer.take_request() is not None:
            peer.send_byte_by_byte(response(b"slowly", fields="X-A: b\r\n"))

    rig.serve(member)
    client = rig.client()
    for _ in range(3):
        client.send(request())
        got = client.take_response()
        assert (got.body, got.field("X-A")) == (b"slowly", "b")
    assert rig.members[0].connections == 1


def test_connection_close_is_obeyed_on_the_clients_side_only(rig: Rig) -> None:
    rig.serve(answering(echo))
    for _ in range(3):
        client = rig.client()
        client.send(request(fields="Connection: close\r\n"))
        assert client.take_response().field("Connection") == "close"
        assert client.at_end()
    assert rig.members[0].connections == 1


def test_the_last_answer_of_a_connection_says_so(rig: Rig) -> None:
    """As in Apache the limit counts what comes after the first request."""
    rig.serve(answering(echo), text="MaxKeepAliveRequests 2")
    client = rig.client()
    client.send(request("/1") + request("/2") + request("/3") + request("/4"))
    got = [client.take_response() for _ in range(3)]
    assert [one.field("Connection") for one in got] == [None, None, "close"]
    assert client.at_end()


# pipelining


def test_pipelined_requests_in_one_segment_are_answered_in_order(rig: Rig) -> None:
    rig.serve(answering(echo), text="MaxKeepAliveRequests 0")
    client = rig.client()
    targets = [f"/{n}" for n in range(120)]
    client.send(b"".join(request(target) for target in targets))
    got = [client.take_response().body for _ in targets]
    assert got == [f"GET {target}".encode() for target in targets]


def test_pipelined_requests_with_bodies_are_answered_in_order(rig: Rig) -> None:
    rig.serve(answering(lambda m: response(m.target.encode() + b" " + m.body)))
    client = rig.client()
    client.send(
        request("/1", "POST", b"one")
        + request("/2", "POST", fields="Transfer-Encoding: chunked\r\n")
        + chunked(b"t", b"wo")
        + request("/3")
        + request("/4", "POST", b"")
        + request("/5", "POST", b"five")
    )
    got = [client.take_response().body for _ in range(5)]
    assert got == [b"/1 one", b"/2 two", b"/3 ", b"/4 ", b"/5 five"]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 50])
def test_pipelined_requests_may_be_split_anywhere(rig: Rig, step: int) -> None:
    rig.serve(answering(lambda m: response(m.target.encode() + b" " + m.body)))
    client = rig.client()
    data = b"".join(
        request(f"/{n}", "POST", b"x" * n) + request(f"/then-{n}") for n in range(4)
    )
    for at in range(0, len(data), step):
        client.send(data[at : at + step])
    for n in range(4):
        assert client.take_response().body == f"/{n} {'x' * n}".encode()
        assert client.take_response().body == f"/then-{n} ".encode()


def test_a_slow_answer_holds_back_those_behind_it(rig: Rig) -> None:
    go = threading.Event()

    def answer(message: Message) -> bytes:
        if message.target == "/slow":
            assert go.wait(30)
        return echo(message)

    rig.serve(answering(answer))
    client = rig.client()
    client.send(request("/slow") + request("/quick"))
    assert client.is_silent(0.1)
    go.set()
    assert client.take_response().body == b"GET /slow"
    assert client.take_response().body == b"GET /quick"


def test_answers_made_here_keep_their_place_in_the_pipeline(rig: Rig) -> None:
    member = rig.member(answering(echo))
    rig.start(
        f"ProxyPass /gone !\nProxyPass / {member.url}/\n"
        "Redirect /gone http://else.example/\n"
    )
    client = rig.client()
    client.send(request("/1") + request("/gone") + request("/2") + request("/gone/x"))
    got = [client.take_response() for _ in range(4)]
    assert [one.status for one in got] == [200, 302, 200, 302]
    assert [one.body for one in got[::2]] == [b"GET /1", b"GET /2"]


def test_nothing_is_read_behind_a_refused_request(rig: Rig) -> None:
    rig.serve(answering(echo))
    client = rig.client()
    client.send(request("/1") + b"BAD\x01 / HTTP/1.1\r\n\r\n" + request("/2"))
    assert client.take_response().body == b"GET /1"
    assert client.take_response().status == 400
    assert client.at_end()
    assert rig.members[0].connections == 1


# versions and methods


def test_other_versions_are_told_so_in_one_that_is_known(rig: Rig) -> None:
    """Never a bare body, which nobody can tell from a broken one (HTTP/0.9)."""
    rig.serve(answering(echo))
    for line, status in (
        (b"GET /", 400),
        (b"GET / HTTP/0.9", 400),
        (b"GET / HTTP/1.2", 505),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/9.9", 505),
    ):
        client = rig.client()
        client.send(line + b"\r\nHost: h.example\r\n\r\n")
        assert client.take_response().status == status, line
        assert client.at_end()
    assert rig.members[0].connections == 0


def test_http_10_closes_behind_the_answer(rig: Rig) -> None:
    rig.serve(answering(echo))
    client = rig.client()
    client.send(request(version="1.0"))
    got = client.take_response()
    assert (got.status, got.body) == (200, b"GET /")
    assert client.at_end()


def test_http_10_with_keep_alive_is_kept(rig: Rig) -> None:
    rig.serve(answering(echo))
    client = rig.client()
    for n in range(3):
        client.send(
            request(f"/{n}", version="1.0", fields="Connection: keep-alive\r\n")
        )
        got = client.take_response()
        assert (got.body, got.framing) == (f"GET /{n}".encode(), "length")
        assert (got.field("Connection") or "").lower() == "keep-alive"


def test_http_10_gets_a_chunked_answer_without_chunks(rig: Rig) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    rig.serve(answering(lambda _: head + chunked(b"one", b"two")))
    client = rig.client()
    client.send(request(version="1.0", fields="Connection: keep-alive\r\n"))
    got = client.take_response()
    assert (got.framing, got.body) == ("close", b"onetwo")


def test_a_member_may_speak_http_10(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")

    rig.serve(member)
    client = rig.client()
    for _ in range(3):
        client.send(request())
        got = client.take_response()
        assert (got.framing, got.body) == ("chunked", b"until the end")
    assert rig.members[0].connections == 3


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ],
)
def test_what_has_no_body_costs_no_connection(
    rig: Rig, method: str, head: bytes
) -> None:
    rig.serve(answering(lambda m: head if m.method == method else echo(m)))
    client = rig.client()
    for _ in range(3):
        client.send(request("/bare", method) + request("/full", "POST", b""))
        got = client.take_response(method)
        assert str(got.status).encode() in head
        assert client.take_response().body == b"POST /full"
    wait_for(lambda: rig.keeps(rig.members[0].connections), "it is kept")


def test_early_hints_are_passed_on(rig: Rig) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
    rig.serve(answering(lambda m: hints + hints + echo(m)))
    client = rig.client()
    for _ in range(2):
        client.send(request())
        got = client.take_response()
        assert (got.status, got.interim) == (200, (103, 103))
    # An HTTP/1.0 client does not know them.
    client = rig.client()
    client.send(request(version="1.0"))
    assert client.take_response().interim == ()


def test_the_reason_of_an_early_hint_is_the_members_own_unless_it_is_none(
    rig: Rig,
) -> None:
    def three(peer: Peer) -> None:
        peer.take_head()
        for reason in (b" Soon", b"", b" so\x01on"):
            peer.send(b"HTTP/1.1 103" + reason + b"\r\n\r\n")
        peer.send(response(b"", fields="Connection: close\r\n"))

    rig.serve(three)
    client = rig.client()
    client.send(request())
    lines = [client.take_head()[0] for _ in range(4)]
    assert lines == [
        "HTTP/1.1 103 Soon",
        "HTTP/1.1 103 ",
        "HTTP/1.1 103 Early Hints",
        "HTTP/1.1 200 OK",
    ]


def test_early_hints_do_not_wait_for_the_answer(rig: Rig) -> None:
    go = threading.Event()

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        assert go.wait(30)
        peer.send(response(b"later"))

    rig.serve(member)
    client = rig.client()
    client.send(request())
    assert client.take_head()[0].startswith("HTTP/1.1 103")
    go.set()
    assert client.take_response().body == b"later"


def test_more_interim_answers_than_the_limit_are_a_bad_gateway(rig: Rig) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    rig.serve(answering(lambda m: hint * 11 + echo(m)))
    got = rig.ask(request())
    assert (got.status, got.interim) == (502, (103,) * 10)


# where


def test_virtual_hosts_have_their_own_members(rig: Rig) -> None:
    a = rig.member(answering(lambda _: response(b"a")))
    b = rig.member(answering(lambda _: response(b"b")))
    vhost = "<VirtualHost *:*>\nServerName {}\nProxyPass / {}/\n</VirtualHost>\n"
    rig.start(vhost.format("a.example", a.url) + vhost.format("b.example", b.url))
    client = rig.client()
    text = "GET / HTTP/1.1\r\nHost: {}\r\n\r\n"
    for name in "abab":
        client.send(text.format(f"{name}.example").encode())
        assert client.take_response().body == name.encode()
    # The first is for whoever names none of them.
    client.send(text.format("c.example").encode())
    assert client.take_response().body == b"a"


def test_a_member_may_be_a_unix_socket(rig: Rig) -> None:
    member = rig.member(answering(echo), path=str(rig.folder / "member.sock"))
    rig.start(f"ProxyPass / {member.url}\n")
    client = rig.client()
    for n in range(5):
        client.send(request(f"/{n}"))
        assert client.take_response().body == f"GET /{n}".encode()
    assert member.connections == 1


def test_a_unix_socket_that_is_gone_is_a_failed_member(rig: Rig) -> None:
    rig.start(f"ProxyPass / unix:{rig.folder}/nobody.sock|http://localhost/\n")
    assert rig.ask(request()).status == 503


@pytest.mark.needs("ipv6")
def test_a_member_and_a_client_may_use_ipv6(rig: Rig) -> None:
    member = rig.member(answering(echo), host="::1")
    rig.start(
        f"Listen [::1]:{rig.port}\nProxyPass / {member.url}/\n"
        'LogFormat "%a" plain\nCustomLog who.log plain\n'
    )
    client = rig.client(host="::1")
    client.send(request("/six"))
    assert client.take_response().body == b"GET /six"
    rig.ask(request("/four"))
    log = rig.folder / "who.log"
    wait_for(lambda: log.read_text() == "::1\n127.0.0.1\n", "both are in the log")


# clients that end their side


def test_a_client_that_ends_its_side_still_gets_its_answer(rig: Rig) -> None:
    go = threading.Event()

    def answer(message: Message) -> bytes:
        assert go.wait(30)
        return echo(message)

    rig.serve(answering(answer))
    client = rig.client()
    client.send(request("/a", "POST", b"body"))
    client.half_close()
    wait_for(lambda: rig.members[0].peers, "the member is asked")
    go.set()
    assert client.take_response().body == b"POST /a"
    assert client.at_end()


def test_all_of_a_half_closed_pipeline_is_answered(rig: Rig) -> None:
    rig.serve(answering(echo))
    client = rig.client()
    with rig.paused():
        client.send(b"".join(request(f"/{n}") for n in range(10)))
        client.half_close()
    bodies = []
    while client.held or client.more():
        bodies.append(client.take_response().body)
    assert bodies == [f"GET /{n}".encode() for n in range(10)]


def test_half_a_request_is_no_request(rig: Rig) -> None:
    rig.serve(answering(echo))
    client = rig.client()
    client.send(request("/whole") + request("/half")[:-3])
    client.half_close()
    assert client.take_response().body == b"GET /whole"
    client.take_rest()
    assert rig.members[0].connections == 1


def test_a_large_answer_reaches_a_half_closed_client_whole(rig: Rig) -> None:
    data = bytes(range(256)) * 8192
    rig.serve(answering(lambda _: response(data)))
    client = rig.client()
    client.send(request())
    client.half_close()
    assert client.take_response().body == data
    assert client.at_end()
