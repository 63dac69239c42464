"""response.pyx and splice.pyx: what a client gets of an answer."""

from __future__ import annotations

import contextlib
import os

import pytest
from flow_bench import Bench, served
from flow_peers import ONE, Peer, answer, balancer, get, post
from test_flow_request import CHUNKED, CONTINUE, chunk, chunks_of, of

SPLICED_MIN = 131_072  # SPLICE_BYTES_MIN
LARGE = 1024 * 1024
OK_CHUNKED = f"HTTP/1.1 200 OK\r\n{CHUNKED}\r\n\r\n".encode()
OK_UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


def is_kept(bench: Bench) -> bool:
    """Did the member's connection go back into the pool?"""
    bench.settle()
    return bench.counts()["upstreams"] == 1


# where a response ends


@pytest.mark.parametrize(
    ("sent", "body", "kept"),
    [
        (answer(b""), b"", True),
        (answer(of(50_000)), of(50_000), True),
        (answer(b"four") + b"more", b"four", False),
        (answer(b"four") + answer(b"a second one"), b"four", False),
        (answer(b"four", "Connection: close"), b"four", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nfour", b"four", False),
        (b"\r\n" + answer(b"four"), b"four", True),
    ],
)
def test_a_response_of_known_length(sent: bytes, body: bytes, kept: bool) -> None:
    with served() as (bench, client, member):
        member.message()
        member.send(sent)
        assert client.message()[1] == body
        assert is_kept(bench) is kept
        assert client.is_silent()  # and open: what follows is not its concern
        if not kept:
            assert member.rest() == b""


@pytest.mark.parametrize(
    ("behind", "kept"), [(b"", True), (b"Via: t\r\n", True), (None, False)]
)
def test_a_chunked_response(behind: bytes | None, kept: bool) -> None:
    last = b"0\r\n\r\nbehind" if behind is None else b"0\r\n" + behind + b"\r\n"
    with served() as (bench, client, member):
        member.message()
        member.send(OK_CHUNKED + chunk(of(10)) + chunk(of(30_000)) + last)
        assert f"\r\n{CHUNKED}\r\n".encode() in client.head()
        assert chunks_of(client) == of(10) + of(30_000)
        assert is_kept(bench) is kept
        assert client.is_silent()


def test_an_empty_chunked_response_gets_a_length() -> None:
    with served() as (bench, client, member):
        member.message()
        member.send(OK_CHUNKED + chunk(b""))
        head, _ = client.message()
        assert b"\r\nContent-Length: 0\r\n" in head
        assert is_kept(bench)


def test_a_response_until_the_close_gets_chunks() -> None:
    with served() as (bench, client, member):
        member.message()
        member.send(OK_UNTIL_CLOSE + b"some")
        assert f"\r\n{CHUNKED}\r\n".encode() in client.head()
        member.send(b"thing")
        member.close()
        assert chunks_of(client) == b"something"
        client.send(get())
        bench.members[0].serve()
        assert client.status() == 200


def test_a_client_of_http_1_0_sees_the_end_by_our_close() -> None:
    with Bench() as bench:
        client = bench.ask(get().replace(b"HTTP/1.1", b"HTTP/1.0"))
        member = bench.members[0].serve(OK_CHUNKED, chunk(b"some"), chunk(b"thing"))
        assert b"Transfer-Encoding" not in client.head()
        member.send(chunk(b""))
        assert client.rest() == b"something"


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No"), ("GET", "304 Not")]
)
@pytest.mark.parametrize("behind", [b"", b"never"])
def test_a_response_without_a_body(method: str, status: str, behind: bytes) -> None:
    with Bench() as bench:
        client = bench.ask(get(method=method))
        field = "Content-Length: 5\r\n" if method == "HEAD" else ""
        bench.members[0].serve(f"HTTP/1.1 {status}\r\n{field}\r\n".encode() + behind)
        client.head()
        assert is_kept(bench) is (not behind)
        assert client.is_silent()


# what is not whole, or no response at all


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        (b"", "AH01102"),
        (b"HTTP/1.1 2", "AH01102"),
        (b"HTTP/1.1 200 OK\r\nX: 1\r\n", "AH01106"),
        (b"SSH-2.0-openssh\r\n\r\n", "AH01106"),
        (answer(b"", "no field"), "AH01106"),
        (answer(b"", "Content-Length: 3"), "AH01106"),
        (answer(b"", "X: " + "x" * 9000), "AH01106"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 140_000, "AH01106"),
        (OK_CHUNKED + b"z\r\n", "AH01106"),
        (b"HTTP/1.1 103 Early\r\n\r\n" * 11, "AH01110"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: other\r\n\r\n", "AH00898"),
    ],
    ids=lambda value: value[:40] if isinstance(value, bytes) else value,
)
def test_what_is_no_response_is_answered_502(sent: bytes, number: str) -> None:
    with served() as (bench, client, member):
        member.message()
        member.push(sent)
        bench.settle()
        with contextlib.suppress(ConnectionResetError):
            member.push(sent[600_000:])
        if number == "AH01102" or sent.endswith(b"1\r\n"):
            member.close()
        while client.head().split()[1] == b"103":
            pass
        assert bench.has_said(number)
        assert not is_kept(bench)


def test_a_member_gives_at_most_so_many_interim_answers() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with served() as (bench, client, member):
        member.message()
        member.send(early * 10 + answer())
        for _ in range(10):
            assert client.head().startswith(b"HTTP/1.1 103 ")
        assert client.status() == 200
        assert is_kept(bench)


def test_interim_answers_are_for_those_who_know_them() -> None:
    with Bench() as bench:
        client = bench.ask(get().replace(b"HTTP/1.1", b"HTTP/1.0"))
        bench.members[0].serve(CONTINUE + answer())
        assert client.status() == 200


def test_bytes_that_are_no_head_pass_only_where_that_is_asked_for() -> None:
    with served("ProxyBadHeader StartBody\n" + ONE) as (_, client, member):
        member.message()
        member.send(b"just text, no head at all")
        member.close()
        assert client.head().startswith(b"HTTP/1.1 200")
        assert chunks_of(client) == b"just text, no head at all"


@pytest.mark.parametrize(
    ("sent", "more", "got"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour", b"", b"four"),
        (OK_CHUNKED + chunk(b"four"), b"z\r\n", b"4\r\nfour\r\n"),
        (OK_CHUNKED + chunk(b"four"), b"", b"4\r\nfour\r\n"),
    ],
)
def test_a_body_that_is_cut_is_cut_for_the_client(
    sent: bytes, more: bytes, got: bytes
) -> None:
    with served() as (bench, client, member):
        member.message()
        member.send(sent)
        client.head()
        member.send(more)
        member.close()
        assert client.rest() == got  # neither the length nor a last chunk
        assert not client.was_reset
        assert bench.has_said("AH01110")


@pytest.mark.parametrize("earlier", [0, 1])
def test_only_a_reset_tells_that_a_body_until_the_close_is_cut(earlier: int) -> None:
    keep = get("/", "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")
    with Bench() as bench:
        client = bench.client()
        for _ in range(earlier):
            client.send(keep)
            bench.members[0].serve(answer(b"", "Connection: close"))
            assert client.status() == 200
        client.send(keep)
        member = bench.members[0].serve(OK_CHUNKED, chunk(b"some"))
        assert client.take(4)
        member.reset()
        client.rest()
        assert client.was_reset is (earlier == 0)  # it would take an answer along


def test_a_member_that_pauses_within_its_answer_is_left() -> None:
    with served(of_hosts={"timeout_ms": 60}) as (bench, client, member):
        member.message()
        member.send(OK_CHUNKED + chunk(b"some"))
        client.head()
        assert client.rest() == chunk(b"some")
        assert bench.has_said("AH01110")


def test_the_end_of_a_connection_is_no_end_of_an_answer_whose_member_pauses() -> None:
    """Where our close would end the body only a reset tells that more was to come."""
    with Bench(ONE, of_hosts={"timeout_ms": 60}) as bench:
        client = bench.ask(get().replace(b"HTTP/1.1", b"HTTP/1.0"))
        member = bench.members[0].accept()
        member.message()
        member.send(OK_CHUNKED + chunk(b"some"))
        client.head()
        assert client.take(4) == b"some"
        client.rest()
        assert client.was_reset


# what is decided by an answer


def test_failonstatus_passes_the_answer_on_and_leaves_the_member() -> None:
    with Bench(balancer("", "", settings="failonstatus=500,503")) as bench:
        for member, status, error in ((0, 500, True), (1, 502, False)):
            client = bench.ask()
            bench.members[member].serve(answer(status=f"{status} So"))
            assert client.status() == status
            assert ("E" in bench.members[member].facts_now["flags"]) is error
        assert bench.has_said("AH01174")


def test_proxyerroroverride_puts_our_page_in_place_of_the_members() -> None:
    with served(ONE + "ProxyErrorOverride On 404\n") as (bench, client, member):
        member.message()
        member.send(answer(b"the member's", status="404 Gone Fishing"))
        head, body = client.message()
        assert head.startswith(b"HTTP/1.1 404 Gone Fishing\r\n")
        assert body == b"404 "
        assert not is_kept(bench)  # its body is dropped with it
        client.send(get())
        bench.members[0].serve(answer(b"the member's", status="403 No"))
        assert client.message()[1] == b"the member's"


def test_an_answer_to_half_a_request_is_the_last_one() -> None:
    with Bench() as bench:
        client = bench.ask(post(of(20_000), "Content-Length: 30000"))
        member = bench.members[0].accept()
        member.send(answer(b"no", status="403 No"))
        assert client.status() == 403
        assert client.rest() == b""
        assert member.rest().endswith(of(20_000))


# a client that takes its time


def unread(client: Peer, member: Peer, sent: bytes) -> int:
    """What the member could send of an answer that its client does not read."""
    bench = client.bench
    total = 0
    while pushed := member.push(sent[total:]):
        total += pushed
        bench.settle()
    return total


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_reads_nothing_holds_its_member_up(chunked: bool) -> None:
    size = 8 * LARGE
    sent = OK_CHUNKED + chunk(bytes(size)) if chunked else answer(bytes(size))
    with served(narrow=True) as (bench, client, member):
        member.message()
        assert unread(client, member, sent) < len(sent)
        assert bench.counts()["buffers"] <= 2
        client.reset()
        bench.until(lambda: bench.counts()["exchanges"] == 0)


def test_the_last_bytes_of_an_answer_hold_no_member() -> None:
    body = of(60_000)
    with Bench(balancer("max=1"), narrow=True) as bench:
        slow = bench.ask()
        member = bench.members[0].accept()
        answers = 0
        while not answers or not bench.counts()["exchanges"]:
            slow.send(get() * bool(answers))
            member.message()
            member.send(answer(body))
            bench.settle()
            answers += 1
            assert answers < 99, "nothing of an answer ever waits"
        other = bench.ask()
        member.message()
        member.send(answer())
        assert other.status() == 200
        for _ in range(answers):
            assert slow.message()[1] == body


# splice


def pipes() -> int:
    """Descriptors of pipes in this process."""
    count = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            count += os.readlink(f"/proc/self/fd/{name}").startswith("pipe:")
        except FileNotFoundError:  # the listing's own
            continue
    return count


@pytest.mark.parametrize("size", [SPLICED_MIN - 1, SPLICED_MIN, SPLICED_MIN + 70_000])
def test_a_large_body_arrives_and_keeps_its_connection(size: int) -> None:
    with served() as (bench, client, member):
        for _ in range(2):  # the second head is read into a small buffer
            member.message()
            member.send(answer(of(size)))
            assert client.message()[1] == of(size)
            assert is_kept(bench)
            client.send(get())


def test_a_connection_is_kept_whose_last_bytes_a_pipe_took() -> None:
    """The read that takes just what is left learns nothing of what is behind."""
    body = of(160_000)
    with Bench(balancer("receivebuffersize=212992")) as bench:
        client = bench.ask()
        member = bench.members[0].accept()
        for behind, kept in ((b"", True), (b"", True), (b"more", False)):
            member.message()
            sent = answer(body) + behind
            assert member.push(sent) == len(sent)  # all of it is there at once
            assert client.message()[1] == body
            assert is_kept(bench) is kept
            client.send(get())


def test_a_body_on_its_way_through_a_pipe_holds_no_buffer() -> None:
    with served(narrow=True) as (bench, client, member):
        member.message()
        assert unread(client, member, answer(bytes(8 * LARGE))) < 8 * LARGE
        assert bench.counts()["buffers"] == 1  # the request's head, for the log
        assert pipes() >= 2
        client.reset()


def test_a_pipe_with_bytes_in_it_serves_nobody_else() -> None:
    with Bench(narrow=True) as bench:
        client = bench.ask()
        member = bench.members[0].accept()
        member.message()
        unread(client, member, answer(b"x" * 8 * LARGE))
        client.reset()
        bench.until(lambda: bench.counts()["exchanges"] == 0)
        client = bench.ask()
        member = bench.members[0].serve(b"")
        member.send(answer(of(LARGE)), reader=client)
        assert client.message()[1] == of(LARGE)


def test_without_descriptors_for_pipes_bodies_are_copied() -> None:
    with Bench(narrow=True) as bench:
        idle = pipes()
        bench.core.share_descriptors(100, 100, 0)
        slow = []
        for _ in range(idle // 2 + 1):  # whatever is in the pool serves
            slow.append(bench.ask())
            member = bench.members[0].accept()
            member.message()
            unread(slow[-1], member, answer(bytes(8 * LARGE)))
        assert bench.counts()["buffers"] > len(slow)
        client = bench.ask()
        member = bench.members[0].serve(b"")
        member.send(answer(of(LARGE)), reader=client)
        assert client.message()[1] == of(LARGE)
        assert pipes() == idle
        for client in slow:
            client.reset()


@pytest.mark.parametrize("waits", [False, True])
def test_a_large_body_that_is_cut_is_cut_for_the_client(waits: bool) -> None:
    with served() as (bench, client, member):
        member.message()
        sent = of(LARGE // 2)  # what is missing is enough to be spliced
        member.send(answer(of(LARGE))[: -LARGE // 2])
        if waits:
            bench.settle()
        client.send(get("/next"))  # unread: a close over it would be a reset
        member.close()
        client.head()
        assert client.rest() == sent
        assert not client.was_reset
        assert bench.has_said("AH01110")
