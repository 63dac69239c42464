"""request.pyx: how a body reaches the member, and what becomes of one that does not."""

from __future__ import annotations

import pytest
from flow_bench import Bench
from flow_peers import ONE, Peer, answer, balancer, get, post

KEPT_MAX = 65536  # BODY_KEEP_BYTES
PREFETCHED_MAX = 16384  # BODY_PREFETCH_BYTES
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EXPECT = "Expect: 100-continue"
CHUNKED = "Transfer-Encoding: chunked"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def chunks_of(member: Peer) -> bytes:
    """The body behind a chunked head, up to its last chunk."""
    body = b""
    while True:
        line = b""
        while not line.endswith(b"\r\n"):
            line += member.take(1)
        size = int(line, 16)
        body += member.take(size)
        assert member.take(2) == b"\r\n"
        if size == 0:
            return body


def of(size: int) -> bytes:
    """So many bytes of which no two places look alike."""
    return b"".join(b"%07d " % number for number in range(size // 8 + 1))[:size]


# bodies that pass


@pytest.mark.parametrize(
    "size", [1, PREFETCHED_MAX + 1, KEPT_MAX, KEPT_MAX + 1, 300_000]
)
@pytest.mark.parametrize("parts", [1, 3])
def test_a_body_of_known_length_arrives(size: int, parts: int) -> None:
    body = of(size)
    at_once = size // parts
    with Bench() as bench:
        client = bench.ask(post(body[:at_once], f"Content-Length: {size}"))
        bench.settle()
        client.send(body[at_once:])
        head, received = bench.members[0].accept().message()
        assert f"\r\nContent-Length: {size}\r\n".encode() in head
        assert received == body


@pytest.mark.parametrize("size", [0, 1, PREFETCHED_MAX - 1])
def test_a_short_chunked_body_gets_a_length(size: int) -> None:
    """Nobody is asked before it is complete: so a slow client holds no member."""
    with Bench() as bench:
        client = bench.ask(post(b"", CHUNKED))
        client.send(chunk(of(size)) if size else b"")
        assert bench.members[0].is_unasked()
        client.send(chunk(b""))
        head, received = bench.members[0].accept().message()
        assert f"\r\nContent-Length: {size}\r\n".encode() in head
        assert received == of(size)


@pytest.mark.parametrize("size", [PREFETCHED_MAX + 1, KEPT_MAX + 1, 300_000])
def test_a_long_chunked_body_is_framed_anew(size: int) -> None:
    body = of(size)
    with Bench() as bench:
        client = bench.ask(post(b"", CHUNKED))
        for start in range(0, size, 10_000):
            client.send(chunk(body[start : start + 10_000]))
            bench.settle()
        client.send(chunk(b"") + get("/next"))
        member = bench.members[0].accept()
        assert f"\r\n{CHUNKED}\r\n".encode() in member.head()
        assert chunks_of(member) == body
        member.send(answer())
        assert client.status() == 200
        assert member.head().startswith(b"GET /next ")


def test_a_member_that_takes_nothing_holds_its_client_up() -> None:
    size = 16 * 1024 * 1024
    with Bench(narrow=True) as bench:
        client = bench.ask(post(b"", f"Content-Length: {size}"))
        sent = client.push(of(KEPT_MAX))
        member = bench.members[0].accept()
        while pushed := client.push(bytes(size - sent)):
            sent += pushed
            bench.settle()
        assert sent < size
        assert bench.counts()["buffers"] <= 2
        member.close()
        assert client.status() == 502


# Expect: 100-continue


def test_a_body_is_held_back_for_the_members_100() -> None:
    with Bench() as bench:
        client = bench.ask(post(b"", "Content-Length: 4", EXPECT))
        member = bench.members[0].accept()
        assert b"\r\nExpect: 100-continue\r\n" in member.head()
        assert client.is_silent()
        member.send(CONTINUE)
        assert client.head() == CONTINUE
        client.send(b"body")
        assert member.take(4) == b"body"
        member.send(answer())
        assert client.status() == 200


def test_a_body_that_comes_unasked_is_passed_on() -> None:
    with Bench() as bench:
        client = bench.ask(post(b"", "Content-Length: 4", EXPECT))
        member = bench.members[0].accept()
        member.head()
        client.send(b"body")
        assert member.take(4) == b"body"
        member.send(CONTINUE + answer())
        assert client.status() in (100, 200)


def test_an_answer_in_place_of_the_100_ends_both_connections() -> None:
    with Bench() as bench:
        client = bench.ask(post(b"", "Content-Length: 4", EXPECT))
        member = bench.members[0].accept()
        member.head()
        member.send(answer(b"no", status="401 No"))
        assert client.status() == 401
        assert client.rest() == b""  # its body may come or not: nobody could tell
        assert member.rest() == b""


def test_a_client_of_http_1_0_waits_for_no_100() -> None:
    with Bench() as bench:
        request = post(b"body", EXPECT).replace(b"HTTP/1.1", b"HTTP/1.0")
        bench.ask(request)
        head, body = bench.members[0].accept().message()
        assert b"Expect" not in head
        assert body == b"body"


def test_where_it_is_switched_off_the_100_is_ours() -> None:
    text = ONE + "<Location />\nProxy100Continue Off\n</Location>\n"
    with Bench(text) as bench:
        client = bench.ask(post(b"", "Content-Length: 4", EXPECT))
        assert client.head() == CONTINUE
        client.send(b"body")
        head, body = bench.members[0].accept().message()
        assert b"Expect" not in head
        assert body == b"body"


def test_ping_asks_for_a_100_of_our_own() -> None:
    with Bench(balancer("ping=10")) as bench:
        client = bench.ask(post(b"body"))
        member = bench.members[0].accept()
        assert b"\r\nExpect: 100-continue\r\n" in member.head()
        assert member.is_silent()  # the body is here, and waits
        member.send(CONTINUE)
        assert member.take(4) == b"body"
        member.send(answer())
        assert client.message()[0].startswith(b"HTTP/1.1 200 ")


def test_a_member_that_answers_no_ping_is_lost_and_the_next_one_asked() -> None:
    with Bench(balancer("ping=30ms", "")) as bench:
        client = bench.ask(post(b"body"))
        silent = bench.members[0].accept()
        member = bench.members[1].accept()
        assert member.message()[1] == b"body"
        member.send(answer())
        assert client.status() == 200
        silent.head()
        assert silent.rest() == b""
        assert "E" in bench.members[0].facts_now["flags"]


def test_what_one_member_did_is_not_counted_against_the_next() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 6  # of 10 that a member may give
    with Bench(balancer("ping=30ms", "")) as bench:
        client = bench.ask(post(b"body"))
        bench.members[0].accept().send(early)  # and no 100
        bench.members[1].serve(early + answer())
        for _ in range(12):
            assert client.head().startswith(b"HTTP/1.1 103 ")
        assert client.status() == 200


# bodies that do not come, and members that do not take them


@pytest.mark.parametrize(
    ("request_bytes", "more", "status", "asked"),
    [
        (post(b"", CHUNKED), b"z\r\n", 400, False),
        (post(b"", CHUNKED), None, 400, False),
        (post(b"ab", "Content-Length: 4"), None, 400, False),
        (post(b"", CHUNKED) + chunk(of(20_000)), b"z\r\n", 400, True),
        (post(b"", CHUNKED) + chunk(of(20_000)), None, 400, True),
        (post(of(90_000), "Content-Length: 90001"), None, 400, True),
    ],
)
def test_a_body_that_is_broken_or_ends_early(
    request_bytes: bytes, more: bytes | None, status: int, asked: bool
) -> None:
    with Bench() as bench:
        client = bench.ask(request_bytes)
        member = bench.members[0].accept() if asked else None
        if more is None:
            client.shut()
        else:
            client.send(more)
        assert client.status() == status
        assert client.rest() == b""
        if member is None:
            assert bench.members[0].is_unasked()
        else:
            assert not member.rest().endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("expect", [(), (EXPECT,)])
def test_a_chunked_body_beyond_limitrequestbody_is_refused(
    expect: tuple[str, ...],
) -> None:
    text = ONE + "<Location />\nLimitRequestBody 30000\n</Location>\n"
    with Bench(text) as bench:
        client = bench.ask(post(b"", CHUNKED, *expect))
        client.send(chunk(of(20_000)))
        bench.settle()
        client.send(chunk(of(20_000)))
        assert client.status() == 413


def test_a_client_that_breaks_off_within_its_body_takes_its_member_along() -> None:
    with Bench() as bench:
        client = bench.ask(post(of(90_000), "Content-Length: 100000"))
        member = bench.members[0].accept()
        bench.settle()
        client.reset()
        assert len(member.rest()) < 91_000


def test_an_answer_before_the_body_is_read_is_passed_on() -> None:
    size = 32 * 1024 * 1024
    with Bench() as bench:
        client = bench.ask(post(b"", f"Content-Length: {size}"))
        client.push(bytes(size))
        member = bench.members[0].accept()
        bench.settle()
        member.send(answer(b"enough", status="413 Enough"))
        member.reset()  # over what it has not read
        assert client.head().startswith(b"HTTP/1.1 413 ")
        assert client.take(6) == b"enough"


def dead_reused(bench: Bench, request_bytes: bytes) -> Peer:
    """The client of a request that met a reused connection whose member reset it."""
    client = bench.ask()
    member = bench.members[0].serve()
    assert client.status() == 200
    client.send(request_bytes)
    bench.settle()
    member.reset()
    return client


def test_a_body_that_was_kept_goes_to_the_next_connection_whole() -> None:
    body = of(KEPT_MAX)
    with Bench() as bench:
        client = dead_reused(bench, post(body, method="PUT"))
        member = bench.members[0].accept()
        assert member.message()[1] == body
        member.send(answer())
        assert client.status() == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        post(of(KEPT_MAX + 1), method="PUT"),
        post(b"", CHUNKED, method="PUT") + chunk(of(300_000)) + chunk(b""),
    ],
)
def test_a_body_of_which_part_is_gone_is_not_sent_again(request_bytes: bytes) -> None:
    with Bench() as bench:
        assert dead_reused(bench, request_bytes).status() == 502
        assert bench.members[0].is_unasked()


def test_a_body_that_does_not_come_is_answered_408() -> None:
    with Bench(ONE, of_hosts={"timeout_ms": 60}) as bench:
        client = bench.ask(post(b"ab", "Content-Length: 4"))
        assert client.status() == 408
        assert client.rest() == b""
        assert bench.has_said("AH01382")
        assert bench.members[0].is_unasked()
