"""attempt.pyx: how long members take to answer, where a method asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flow_bench import Bench, served
from flow_peers import Peer, answer, balancer, get, post

TIMED = balancer("", settings="lbmethod=byresponsetime")
UNTIMED = balancer("", settings="lbmethod=bychoice")
LEAST_US = 20_000
UNKNOWN_US = 1_000_000  # RESPONSE_UNKNOWN_US
UPGRADED = b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: p\r\n\r\n"


def known_us(bench: Bench) -> int:
    known: int = bench.members[0].facts_now["response_us"]
    return known


def let_time_pass(bench: Bench, since: float) -> float:
    """At least LEAST_US are over, by the clock and by the core's; the moment before."""
    bench.until(lambda: time.monotonic() - since > LEAST_US / 1e6)
    bench.turn()
    return time.monotonic()


@pytest.mark.parametrize(("text", "is_timed"), [(TIMED, True), (UNTIMED, False)])
def test_an_answer_is_timed_where_the_method_asks_for_it(
    text: str, is_timed: bool
) -> None:
    begun = time.monotonic()
    with served(text) as (bench, client, member):
        member.head()
        asked = time.monotonic()
        let_time_pass(bench, asked)
        member.send(answer())
        client.message()
        most_us = (time.monotonic() - begun) * 1e6
        assert not is_timed or LEAST_US / 2 < known_us(bench) <= most_us
        assert is_timed or known_us(bench) == 0


def test_the_head_ends_the_time_and_an_interim_one_does_not() -> None:
    with served(TIMED) as (bench, client, member):
        member.head()
        member.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        client.head()
        assert known_us(bench) == 0
        member.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        client.head()
        first = known_us(bench)
        assert first > 0
        let_time_pass(bench, time.monotonic())
        member.send(b"ok")
        client.take(2)
        bench.settle()
        assert known_us(bench) == first


def test_a_tunnel_is_timed_until_it_begins() -> None:
    with Bench(balancer("upgrade=p", settings="lbmethod=byresponsetime")) as bench:
        client = bench.ask(get("/", "Connection: upgrade", "Upgrade: p"))
        member = bench.members[0].accept()
        member.head()
        member.send(UPGRADED)
        client.head()
        first = known_us(bench)
        assert first > 0
        member.close()
        assert client.rest() == b""
        assert known_us(bench) == first


def test_no_member_answers_for_a_slow_client() -> None:
    with Bench(TIMED) as bench:
        begun = time.monotonic()
        client = bench.ask(post(b"x" * 40_000, "Content-Length: 90000"))
        member = bench.members[0].accept()
        member.head()
        whole = let_time_pass(bench, begun)
        client.send(b"x" * 50_000, member)
        member.take(90_000)
        member.send(answer())
        client.message()
        assert 0 < known_us(bench) <= (time.monotonic() - whole) * 1e6


def lose(member: Peer) -> None:
    member.close()


def babble(member: Peer) -> None:
    member.send(b"no answer at all\r\n\r\n")


@pytest.mark.parametrize("fail", [lose, babble])
def test_a_member_that_is_lost_has_not_been_quick(fail: Callable[[Peer], None]) -> None:
    with served(TIMED) as (bench, client, member):
        member.head()
        fail(member)
        assert client.status() == 502
        assert known_us(bench) >= UNKNOWN_US


def test_a_member_that_was_given_up_takes_so_long_at_least() -> None:
    with Bench(TIMED) as bench:
        client = bench.ask(get())
        member = bench.members[0].serve(answer())
        client.message()
        known = known_us(bench)
        client.send(get())
        member.head()
        let_time_pass(bench, time.monotonic())
        client.reset()
        bench.until(lambda: known_us(bench) > max(known, LEAST_US / 2))


def test_who_leaves_at_once_says_nothing_of_a_member() -> None:
    with Bench(TIMED) as bench:
        client = bench.ask(get())
        bench.members[0].accept().head()
        client.reset()
        bench.until(lambda: bench.members[0].busy == 0)
        assert known_us(bench) == 0


def test_a_member_that_refuses_has_not_been_asked() -> None:
    with Bench(TIMED) as bench:
        bench.members[0].refuse()
        assert bench.ask(get()).status() == 503
        assert known_us(bench) == 0
