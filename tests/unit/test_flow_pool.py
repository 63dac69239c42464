"""pool.pyx and upstream.pyx: on which connection a member is asked."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from flow_bench import Bench
from flow_peers import HOST, ONE, Peer, Server, answer, balancer, get, post

# pool: which idle connection serves


def two_idle(bench: Bench) -> tuple[Peer, Peer]:
    """Two connections of the member, in the order in which they became idle."""
    first, second = bench.ask(), bench.ask()
    older, newer = bench.members[0].accept(), bench.members[0].accept()
    for member, client in ((older, first), (newer, second)):
        member.message()
        member.send(answer())
        assert client.status() == 200
    return older, newer


def test_the_connection_that_served_last_serves_next() -> None:
    with Bench() as bench:
        older, newer = two_idle(bench)
        client = bench.ask()
        newer.message()
        assert older.is_silent()
        newer.send(answer())
        assert client.status() == 200
        assert bench.counts()["upstreams"] == 2


@pytest.mark.parametrize("request_bytes", [get(), post(b"body")])
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 408 Too Late\r\n\r\n"])
def test_one_that_its_member_ended_or_spoke_on_is_not_used_again(
    request_bytes: bytes, said: bytes
) -> None:
    with Bench() as bench:
        client = bench.ask()
        member = bench.members[0].serve()
        assert client.status() == 200
        client.send(request_bytes)  # both stand in the next batch
        member.send(said)
        if not said:
            member.close()
        fresh = bench.members[0].serve()
        assert client.status() == 200
        assert fresh is not member
        assert bench.counts()["upstreams"] == 1


def test_an_idle_connection_is_closed_when_its_member_ends_it() -> None:
    with Bench() as bench:
        client = bench.ask()
        member = bench.members[0].serve()
        assert client.status() == 200
        member.close()
        bench.settle()
        assert bench.counts()["upstreams"] == 0


def test_a_connection_from_before_an_error_is_not_used_again() -> None:
    with Bench() as bench:
        member = bench.members[0]
        client = bench.ask()
        old = member.serve()
        assert client.status() == 200
        bench.table.set_flag(member.slot, "E", True)
        bench.table.set_flag(member.slot, "E", False)
        client.send(get())
        member.serve()
        assert client.status() == 200
        assert old.rest() == b""


def test_new_requests_go_where_a_member_has_moved_to() -> None:
    """What is under way finishes where it is; what is idle there is not used again."""
    with Bench() as bench:
        member = bench.members[0]
        first = bench.ask()
        old = member.serve()
        assert first.status() == 200
        first.send(get())
        old.head()
        member.move()
        second = bench.ask()
        member.serve()
        assert second.status() == 200
        old.send(answer())
        assert first.status() == 200
        assert old.rest() == b""
        assert bench.counts()["upstreams"] == 1


@pytest.mark.parametrize("what", ["E", "D", "S", "address"])
def test_what_is_idle_ends_with_the_next_tick_when_its_member_goes(what: str) -> None:
    """... out, by whoever says so, or to another address."""
    with Bench(balancer("", "")) as bench:
        clients = [bench.ask(), bench.ask()]
        idle = [member.serve() for member in bench.members]
        for client in clients:
            assert client.status() == 200
        bench.tick()
        assert bench.counts()["upstreams"] == 2
        gone = bench.members[0]
        if what == "address":
            gone.move()
        else:
            bench.table.set_flag(gone.slot, what, True)
        bench.tick()
        assert bench.counts()["upstreams"] == 1
        assert idle[0].rest() == b""
        assert idle[1].is_silent()


LONG_MS = 400


def test_a_request_that_goes_once_takes_no_connection_that_may_be_closing() -> None:
    """Nothing is known of the member. That one has lived is known then."""
    with Bench() as bench:
        client = bench.ask()
        old = bench.members[0].serve()
        assert client.status() == 200
        bench.pause(LONG_MS)
        client.send(post(b"x"))
        fresh = bench.members[0].accept()
        fresh.message()
        fresh.send(answer())
        assert client.status() == 200
        assert old.is_silent()
        client.send(post(b"x"))  # within three quarters of the age of the other
        fresh.message()
        fresh.send(answer())
        assert client.status() == 200
        assert bench.counts()["upstreams"] == 2
        client.send(post(b"x", method="PUT"))
        fresh.message()
        fresh.send(answer())
        assert client.status() == 200


def test_one_that_can_be_sent_again_takes_any_idle_connection() -> None:
    with Bench() as bench:
        client = bench.ask()
        old = bench.members[0].serve()
        assert client.status() == 200
        for request in (get(), post(b"x", method="PUT"), get(method="DELETE")):
            bench.pause(20)
            client.send(request)
            old.message()
            old.send(answer())
            assert client.status() == 200


def test_a_body_that_is_not_kept_goes_once_whatever_the_method() -> None:
    with Bench() as bench:
        client = bench.ask()
        old = bench.members[0].serve()
        assert client.status() == 200
        bench.pause(20)
        client.send(post(b"x" * 20_000, "Content-Length: 100000", method="PUT"))
        fresh = bench.members[0].accept()
        fresh.head()
        assert old.is_silent()
        client.send(b"x" * 80_000, fresh)
        fresh.take(100_000)
        fresh.send(answer())
        assert client.status() == 200


def test_a_member_that_says_how_long_it_keeps_connections_is_believed() -> None:
    with Bench() as bench:
        client = bench.ask()
        old = bench.members[0].accept()
        old.head()
        old.send(answer(b"ok", "Keep-Alive: timeout=1000, max=5"))
        assert client.status() == 200
        bench.pause(20)
        client.send(post(b"x"))
        old.message()
        old.send(answer(b"ok", "Keep-Alive: timeout=1"))
        assert client.status() == 200
        bench.pause(760)
        client.send(post(b"x"))
        fresh = bench.members[0].accept()
        fresh.message()
        fresh.send(answer())
        assert client.status() == 200
        assert old.is_silent()


def test_the_log_tells_why_a_connection_was_left_or_a_request_sent_again() -> None:
    with Bench("LogLevel proxy:debug\n" + ONE) as bench:
        client = bench.ask()
        old = bench.members[0].serve()
        assert client.status() == 200
        bench.pause(20)
        client.send(post(b"x"))
        fresh = bench.members[0].accept()
        fresh.message()
        fresh.send(answer())
        assert client.status() == 200
        assert bench.has_said("FB0325")
        client.send(get())
        fresh.head()
        fresh.close()
        bench.members[0].serve()
        assert client.status() == 200
        (told,) = [line for line in bench.services.logged if "FB0324" in line]
        assert told.endswith(
            "/ is sent again on a new one, since its method is idempotent"
        )
        assert old.is_silent()


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ("", 2),
        ("smax=1", 1),
        ("smax=0", 0),
        ("smax=0 ttl=60", 2),
        ("disablereuse=on", 0),
    ],
)
def test_how_many_idle_connections_are_kept(parameters: str, kept: int) -> None:
    with Bench(balancer(parameters)) as bench:
        two_idle(bench)
        assert bench.counts()["upstreams"] == kept


def test_one_that_is_idle_for_longer_than_ttl_is_closed() -> None:
    with Bench(balancer("ttl=1"), of_members={"ttl_ms": 60}) as bench:
        member = bench.members[0]
        client = bench.ask()
        first = member.serve()
        assert client.status() == 200
        assert first.rest() == b""
        bench.until(lambda: bench.counts()["upstreams"] == 0)


# pool: who waits for one


def test_requests_beyond_max_wait_in_order() -> None:
    with Bench(balancer("max=1")) as bench:
        clients = [bench.ask(get(f"/{number}")) for number in range(4)]
        member = bench.members[0].accept()
        assert member.head().startswith(b"GET /0 ")
        clients[2].reset()  # it leaves the queue
        bench.settle()
        for number in (0, 1, 3):
            assert member.is_silent()
            assert bench.members[0].is_unasked()
            member.send(answer())
            assert clients[number].status() == 200
            if number != 3:
                member.head()


def test_one_that_waits_goes_on_when_a_connection_closes() -> None:
    with Bench(balancer("max=1")) as bench:
        first, second = bench.ask(), bench.ask()
        member = bench.members[0].accept()
        member.message()
        member.close()
        assert first.status() == 502
        bench.members[0].serve()
        assert second.status() == 200


def test_a_connection_that_came_free_is_for_who_was_first_in_the_queue() -> None:
    with Bench(balancer("max=1")) as bench:
        first, second, third = (
            bench.ask(get("/1")),
            bench.ask(get("/2")),
            bench.client(),
        )
        member = bench.members[0].accept()
        member.message()
        bench.settle()
        member.send(answer())  # both in one batch, in this order
        third.send(get("/3"))
        assert first.status() == 200
        for number, client in ((2, second), (3, third)):
            assert member.head().startswith(b"GET /%d " % number)
            member.send(answer())
            assert client.status() == 200


def test_who_waits_longer_than_acquire_is_answered_503() -> None:
    with Bench(balancer("max=1 acquire=60")) as bench:
        first, second = bench.ask(), bench.ask()
        member = bench.members[0].accept()
        assert second.status() == 503
        assert bench.has_said("AH00941")
        member.message()
        member.send(answer())
        assert first.status() == 200
        assert second.rest() == b""  # as Apache: 503 closes


@pytest.mark.parametrize(
    ("directives", "settings", "served", "is_out"),
    [
        ("", "", True, False),
        ("Compat apache\n", "", True, True),
        ("", "nofailover=on", False, False),
        ("", "maxattempts=0", False, False),
    ],
)
def test_when_acquire_is_over_another_member_is_asked(
    directives: str, settings: str, served: bool, is_out: bool
) -> None:
    text = balancer(
        "max=1 acquire=60 route=a", "route=b", settings=f"stickysession=S {settings}"
    )
    with Bench(directives + text) as bench:
        first = bench.ask(get("/", "Cookie: S=x.a"))
        member = bench.members[0].accept()
        second = bench.ask(get("/", "Cookie: S=x.a"))
        if served:
            bench.members[1].serve()
            assert second.status() == 200
        else:
            assert b"\r\nRetry-After: 5\r\n" in second.message()[0]
        assert bench.has_said("AH00941")
        assert ("Err" in bench.members[0].facts_now["status"]) == is_out
        member.message()
        member.send(answer())
        assert first.status() == 200


def test_where_descriptors_end_an_idle_connection_makes_way() -> None:
    with Bench(balancer("", "", settings="lbmethod=byrequests")) as bench:
        bench.core.share_descriptors(100, 2, 100)
        client = bench.ask()
        idle = bench.members[0].serve()
        assert client.status() == 200
        first = bench.ask()
        busy = bench.members[1].accept()
        second = bench.ask()
        assert idle.head().startswith(b"GET ")
        idle.send(answer())
        assert second.status() == 200
        third = bench.ask()
        assert bench.counts()["upstreams"] <= 2
        assert idle.rest() == b""
        bench.members[1].serve()
        assert third.status() == 200
        busy.send(answer())
        assert first.status() == 200


# upstream: how a connection comes


def dead_port() -> int:
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])


def test_addresses_are_tried_in_order() -> None:
    with Bench() as bench:
        member = bench.members[0]
        dead = [(HOST, dead_port()), (HOST, dead_port())]
        bench.table.set_addresses(member.slot, [*dead, (HOST, member.port)])
        client = bench.ask()
        member.serve()
        assert client.status() == 200
        assert sum("AH00957" in line for line in bench.services.logged) == 2
        assert "Err" not in member.facts_now["status"]


@pytest.mark.parametrize(
    ("text", "status", "number"),
    [
        (ONE, 503, "AH00957"),
        ("Listen 80\nProxyPass / http://127.0.0.1:8001/\n", 503, "AH00957"),
    ],
)
def test_a_member_that_refuses(text: str, status: int, number: str) -> None:
    with Bench(text) as bench:
        bench.members[0].refuse()
        assert bench.ask().status() == status
        assert bench.has_said(number)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (ONE, 503),  # a balancer may have others
        ("Listen 80\nProxyPass / http://127.0.0.1:8001/\n", 500),
        ("Compat apache\n" + ONE, 500),
    ],
)
def test_a_name_without_an_address(text: str, status: int) -> None:
    with Bench(text) as bench:
        bench.table.set_addresses(bench.members[0].slot, [])
        assert bench.ask().status() == status
        assert bench.has_said("AH00898")


def full_backlog(server: Server) -> list[socket.socket]:
    """Whoever connects now gets no answer at all."""
    server.sock.listen(0)
    callers = []
    for _ in range(3):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex((HOST, server.port))
        callers.append(sock)
    return callers


def test_a_member_that_does_not_answer_is_waited_for_as_connectiontimeout_says() -> (
    None
):
    with Bench(balancer("connectiontimeout=60ms", "")) as bench:
        callers = full_backlog(bench.members[0])
        client = bench.ask()
        bench.members[1].serve()
        assert client.status() == 200
        assert "Err" in bench.members[0].facts_now["status"]
        for sock in callers:
            sock.close()


def test_a_member_behind_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "member"
    text = f'Listen 80\nProxyPass / "unix:{path}|http://m/"\n'
    with Bench(text) as bench:
        client = bench.ask()
        member = bench.members[0].accept()
        assert b"\r\nHost: m\r\n" in member.head()
        member.send(answer())
        assert client.status() == 200


def test_a_connection_begins_at_proxysourceaddress() -> None:
    with Bench("ProxySourceAddress 127.0.0.2\n" + ONE) as bench:
        client = bench.ask()
        member = bench.members[0].serve()
        assert member.sock.getpeername()[0] == "127.0.0.2"
        assert client.status() == 200


@pytest.mark.parametrize(
    ("request_bytes", "again"),
    [(get(), True), (post(b"x", method="PUT"), True), (post(b"x"), False)],
)
def test_a_reused_connection_that_dies_unanswered_is_replaced_once(
    request_bytes: bytes, again: bool
) -> None:
    with Bench() as bench:
        client = bench.ask()
        member = bench.members[0].serve()
        assert client.status() == 200
        client.send(request_bytes)
        member.message()  # it was there when the request was sent
        member.close()
        if again:
            fresh = bench.members[0].accept()
            fresh.message()
            fresh.close()
        assert client.status() == 502
        assert bench.members[0].is_unasked()
