"""accept.pyx, downstream.pyx, heads.pyx and read_time.pyx: clients and their heads."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flow_bench import Bench, served
from flow_peers import ONE, Peer, answer, get, post

from fastlb.facts.vhost import ReadLimit

# Every request is answered here, with 404.
NO_MEMBER = "Listen 80\nServerName h\nDocumentRoot /none-such\n"
LARGE_HEADS = "LimitRequestFieldSize 2000000\nLimitRequestLine 2000000\n"

# accept


def waiting(bench: Bench, count: int) -> list[Peer]:
    peers = [bench.knock() for _ in range(count)]
    bench.settle()
    return peers


def test_connections_beyond_a_bound_wait_in_the_backlog() -> None:
    with Bench("MaxClientConnections 2\n" + ONE) as bench:
        clients = waiting(bench, 4)
        assert bench.counts()["accepted"] == 2
        clients[3].send(get())
        assert clients[3].is_silent()
        clients[0].reset()
        bench.settle()
        assert bench.counts()["accepted"] == 3
        clients[1].reset()
        bench.members[0].serve()
        assert clients[3].status() == 200


def test_new_clients_take_the_place_of_those_that_are_silent_longest() -> None:
    with Bench(NO_MEMBER) as bench:
        bench.core.share_descriptors(5, 100, 100)
        clients = []
        for _ in range(8):
            clients.append(bench.ask())
            assert clients[-1].status() == 404
            bench.pause(2)  # that one is older than another is seen in milliseconds
        are_open = [client.is_silent() for client in clients]
        assert are_open == sorted(are_open)
        assert 0 < are_open.count(True) <= 5


def test_a_client_with_a_request_on_its_way_is_never_closed_for_another() -> None:
    with Bench() as bench:
        bench.core.share_descriptors(2, 100, 100)
        first, second = bench.ask(), bench.ask()
        (late,) = waiting(bench, 1)
        late.send(get())
        for client in (first, second):
            bench.members[0].serve(answer(b"", "Connection: close"))
            assert client.status() == 200
        bench.members[0].serve()
        assert late.status() == 200


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open("/dev/null", encoding="ascii") as lowest:  # the next one to be given
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest.fileno(), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_a_descriptor_a_client_waits() -> None:
    with Bench(NO_MEMBER) as bench:
        client = bench.knock()
        client.send(get())
        with no_descriptor_left():
            assert client.is_silent()
        assert bench.has_said("AH00014")
        assert client.is_silent()  # the listener is looked at again on a tick
        bench.tick()
        assert client.status() == 404


def test_a_worker_that_is_ahead_leaves_the_backlog_to_the_others() -> None:
    with Bench(NO_MEMBER) as bench:
        other = bench.table.claim_worker(os.getppid(), 1, 1)
        bench.table.set_worker_state(other, "_")
        waiting(bench, 16 * 4)
        taken = bench.counts()["accepted"]
        assert 16 <= taken < 16 * 4
        bench.tick()  # still it is ahead
        bench.settle()
        assert bench.counts()["accepted"] == taken
        bench.table.set_worker_state(other, "G")
        bench.tick()
        bench.settle()
        assert bench.counts()["accepted"] == 16 * 4


def test_a_drain_takes_who_waits_in_the_backlog_and_nobody_after() -> None:
    with Bench(NO_MEMBER) as bench:
        client = bench.knock()
        bench.core.drain()
        late = bench.knock()
        client.send(get())
        assert client.status() == 404
        assert late.is_silent()
        assert bench.counts()["accepted"] == 1


def test_a_successor_is_asked_for_once() -> None:
    with Bench("MaxConnectionsPerChild 2\n" + NO_MEMBER) as bench:
        for asked in ([], ["recycle"], ["recycle"]):
            bench.client()
            assert bench.services.told == asked


# downstream


def test_pipelined_requests_are_answered_one_after_the_other() -> None:
    with Bench() as bench:
        client = bench.ask(get("/1") + post(b"two", path="/2") + get("/3"))
        member = bench.members[0].accept()
        for number in (1, 2, 3):
            assert member.message()[0].split()[1] == b"/%d" % number
            assert member.is_silent()
            member.send(answer(b"%d" % number))
            assert client.message()[1] == b"%d" % number
        assert bench.counts()["upstreams"] == 1


def test_a_request_is_served_whatever_pieces_it_comes_in() -> None:
    with Bench() as bench:
        client = bench.client()
        for byte in post(b"body"):
            client.send(bytes([byte]))
            bench.settle()
        assert bench.members[0].serve().taken == b"body"
        assert client.status() == 200


@pytest.mark.parametrize(("lines", "status"), [(0, 404), (1, 404), (3, 400)])
def test_an_empty_line_before_a_request_is_forgiven(lines: int, status: int) -> None:
    with Bench(NO_MEMBER) as bench:
        client = bench.ask(get("/first"))
        assert client.status() == 404
        client.send(b"\r\n" * lines + get())
        assert client.status() == status


@pytest.mark.parametrize(
    ("settings", "request_bytes", "kept"),
    [
        ("", get(), True),
        ("KeepAlive Off", get(), False),
        ("", get("/", "Connection: close"), False),
        ("", get().replace(b"HTTP/1.1", b"HTTP/1.0"), False),
    ],
)
def test_whether_a_connection_is_kept(
    settings: str, request_bytes: bytes, kept: bool
) -> None:
    with Bench(f"{settings}\n{NO_MEMBER}") as bench:
        client = bench.ask(request_bytes)
        assert client.status() == 404
        assert client.is_silent() is kept


def test_a_connection_serves_no_more_than_maxkeepaliverequests() -> None:
    with Bench(f"MaxKeepAliveRequests 2\n{NO_MEMBER}") as bench:
        client = bench.client()
        for more in (True, True, False):
            assert client.is_silent()
            client.send(get())
            assert (b"\r\nConnection: close\r\n" not in client.message()[0]) is more
        assert client.rest() == b""


def test_a_silent_connection_is_closed_when_its_time_is_over() -> None:
    times = {"keepalive_timeout_ms": 30, "timeout_ms": 10_000}
    with Bench(NO_MEMBER, of_hosts=times) as bench:
        fresh, served_once = bench.client(), bench.ask()
        assert served_once.status() == 404
        assert served_once.rest() == b""
        assert fresh.is_silent()  # it has the time of a first request


def test_a_request_that_comes_at_the_last_moment_is_served() -> None:
    with Bench(NO_MEMBER, of_hosts={"keepalive_timeout_ms": 1}) as bench:
        client = bench.ask()
        assert client.status() == 404
        client.send(get())
        for _ in range(30):  # ticks alone: no event tells of the request
            bench.tick()
            bench.pause(5)
        assert client.status() == 404


def test_what_a_refused_client_still_sends_is_read_away() -> None:
    """A close over unread bytes would be a reset, and take the answer along."""
    with Bench(NO_MEMBER) as bench:
        client = bench.ask(b"no request at all\r\n\r\n" + bytes(100_000))
        assert client.status() == 400
        client.send(bytes(100_000))
        bench.settle()
        assert client.rest() == b""
        assert not client.was_reset
        client.shut()
        bench.settle()
        assert bench.counts()["downstreams"] == 0


def test_half_a_head_and_an_end_is_refused() -> None:
    with Bench(NO_MEMBER) as bench:
        client = bench.ask(b"GET / HTTP/1.1\r\nHo")
        client.shut()
        assert client.status() == 400
        assert client.rest() == b""


def test_a_draining_worker_gives_the_silent_time_and_others_an_answer() -> None:
    with served() as (bench, client, member):
        silent = bench.client()
        bench.core.drain()
        member.message()
        member.send(answer())
        assert b"\r\nConnection: close\r\n" in client.message()[0]
        client.close()
        bench.settle()
        assert silent.is_silent()
        assert bench.services.told == []
        silent.close()
        bench.until(lambda: bench.services.told == ["drained"])


# heads


def head_of(size: int) -> bytes:
    """A head of so many bytes, but for its last empty line."""
    head = get()[:-2] + b"X-Large: "
    return head + b"x" * (size - len(head) - 2) + b"\r\n"


@pytest.mark.parametrize("size", [16_000, 20_000, 70_000, 300_000, 1_000_000])
def test_a_head_grows_through_all_sizes_of_buffers(size: int) -> None:
    with Bench(LARGE_HEADS + ONE) as bench:
        client = bench.client()
        client.send(head_of(size))
        bench.settle()
        assert bench.counts()["buffers"] == 1
        client.send(b"\r\n" + get("/next"))
        member = bench.members[0].accept()
        assert len(member.head()) > size - 100
        # A medium one counts until it is complete, a larger one until the answer.
        assert bench.counts()["large_heads"] == (size > 100_000)
        member.send(answer())
        assert client.status() == 200
        assert member.head().startswith(b"GET /next ")
        assert bench.counts()["large_heads"] == 0


def test_a_head_beyond_the_largest_buffer_is_refused() -> None:
    with Bench(LARGE_HEADS + ONE) as bench:
        client = bench.client()
        client.send(head_of(1_200_000))
        assert client.status() == 400
        assert bench.members[0].is_unasked()


@pytest.mark.parametrize(
    ("settings", "head", "status"),
    [
        ("LimitRequestLine 100", b"GET /" + b"a" * 100, 414),
        ("LimitRequestFieldSize 100", get()[:-2] + b"X: " + b"x" * 110, 400),
        ("LimitRequestFields 2", get()[:-2] + b"A: 1\r\nB: 2\r\n", 400),
    ],
)
def test_a_head_is_refused_before_it_is_complete(
    settings: str, head: bytes, status: int
) -> None:
    with Bench(f"{settings}\n{NO_MEMBER}") as bench:
        assert bench.ask(head).status() == status


def test_only_so_many_large_heads_are_read_at_once() -> None:
    with Bench(LARGE_HEADS + NO_MEMBER) as bench:
        first, second, third = (bench.client() for _ in range(3))
        for client in (first, second, third):
            client.send(head_of(300_000))
            bench.settle()
        assert bench.counts()["large_heads"] == 3  # one that is huge, two below
        small = bench.ask()
        assert small.status() == 404  # it passes by
        for client in (second, third):
            client.send(b"\r\n")
            assert client.is_silent()
        first.send(b"\r\n")
        for client in (first, second, third):
            assert client.status() == 404
        assert bench.counts()["large_heads"] == 0


def test_who_waits_for_room_longer_than_a_head_may_take_is_told() -> None:
    hosts, members = {"timeout_ms": 60}, {"timeout_ms": 10_000}
    with Bench(LARGE_HEADS + ONE, of_hosts=hosts, of_members=members) as bench:
        first = bench.ask(head_of(300_000) + b"\r\n")
        member = bench.members[0].accept()
        member.head()  # the place is given back with the answer
        second = bench.ask(head_of(300_000))
        assert second.status() == 503
        member.send(answer())
        assert first.status() == 200


# read_time


def test_how_long_a_request_may_take() -> None:
    """One second for all of them: what a text can say is not less."""
    times = {
        "read_header": ReadLimit(first_s=1, most_s=1),
        "read_body": ReadLimit(first_s=1, most_s=1),
    }
    with Bench(of_hosts=times) as bench:
        no_line = bench.ask(b"GET / HT")
        no_head = bench.ask(b"GET / HTTP/1.1\r\nHost: h\r\n")
        no_body = bench.ask(post(b"", "Content-Length: 900"))
        held_up = bench.ask(post(bytes(70_000), "Content-Length: 100000"))
        member = bench.members[0].accept()
        trickling = [no_head, no_body]

        def are_told() -> bool:
            bench.pause(50)
            bench.settle()
            bench.tick()
            for client in list(trickling):
                client.look()
                if client.received:
                    trickling.remove(client)
                else:
                    client.send(b"a")  # it changes nothing
            return not trickling

        bench.until(are_told, "answers to those who are too slow")
        assert [client.status() for client in (no_head, no_body)] == [408, 408]
        assert no_line.rest() == b""  # as Apache: nothing is answered to half a line
        assert held_up.status() == 408
        assert sum("AH01382" in line for line in bench.services.logged) == 4
        assert len(member.rest()) > 70_000


def test_the_time_of_the_member_is_not_the_clients() -> None:
    times = {"read_body": ReadLimit(first_s=1, most_s=1), "timeout_ms": 200}
    members = {"timeout_ms": 10_000}
    with Bench(of_hosts=times, of_members=members) as bench:
        client = bench.ask(post(b"body"))
        member = bench.members[0].accept()
        for _ in range(8):
            bench.pause(50)
            bench.settle()
            bench.tick()
        member.message()
        member.send(answer())
        assert client.status() == 200
