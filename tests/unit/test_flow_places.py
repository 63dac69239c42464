"""places.pyx: places at members that count over all workers, and who waits for one."""

from __future__ import annotations

import os
from typing import Any

import pytest
from flow_bench import GENERATION, Bench
from flow_peers import Peer, answer, balancer, get, post

from fastlb import _probe
from fastlb.facts.agent import AgentState

GLOBAL = "max={} maxscope=global"
STICKY = "stickysession=S timeout=30"


class Other:
    """Another worker, as far as the table shows it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.inside = _probe.TableProbe(bench.table)
        self.worker = bench.table.claim_worker(os.getpid(), GENERATION, 1)

    def has(self, places: int, member: int = 0) -> None:
        self.inside.set_place(self.worker, self.bench.members[member].slot, places)

    def waits(self, count: int) -> None:
        assert self.inside.queue_join(self.worker, 0, count - 1, 1000)

    def waits_no_more(self) -> None:
        self.inside.queue_leave(self.worker, 0, 0, 0)


def queue(bench: Bench) -> dict[str, Any]:
    return bench.table.snapshot_balancer(0)


def places(bench: Bench) -> list[int]:
    return [server.facts_now["places"] for server in bench.members]


def asked(bench: Bench, count: int) -> list[Peer]:
    """Clients whose requests came one after the other."""
    clients = []
    for number in range(count):
        clients.append(bench.ask(get(f"/{number}")))
        bench.settle()
    return clients


def go_in_order(member: Peer, clients: list[Peer], *numbers: int) -> None:
    """The member answers what it was asked, one after the other."""
    for number in numbers:
        assert member.head().startswith(b"GET /%d " % number)
        assert member.is_silent()
        member.send(answer())
        assert clients[number].status() == 200


def test_who_finds_no_place_waits_in_order() -> None:
    with Bench(balancer(GLOBAL.format(1))) as bench:
        clients = asked(bench, 5)
        assert (queue(bench)["queued"], queue(bench)["queued_most"]) == (4, 4)
        clients[2].reset()
        bench.settle()
        assert queue(bench)["queued"] == 3
        member = bench.members[0].accept()
        go_in_order(member, clients, 0, 1, 3, 4)
        assert bench.members[0].is_unasked()
        seen = queue(bench)
        assert (seen["waits"], seen["turned_away"]) == (4, 0)
        assert seen["waited_us"] >= seen["longest_us"] > 0


def test_nobody_comes_before_those_who_wait() -> None:
    with Bench(balancer(GLOBAL.format(1))) as bench:
        clients = [*asked(bench, 2), bench.client()]
        member = bench.members[0].accept()
        member.message()
        bench.settle()
        member.send(answer())  # both in one batch, in this order
        clients[2].send(get("/2"))
        assert clients[0].status() == 200
        go_in_order(member, clients, 1, 2)


def test_places_at_several_members_are_those_of_one_line() -> None:
    with Bench(balancer(GLOBAL.format(1), GLOBAL.format(2))) as bench:
        clients = asked(bench, 6)
        assert places(bench) == [1, 2]
        assert queue(bench)["queued"] == 3
        first = bench.members[0].accept()
        go_in_order(first, clients, 0, 3, 4, 5)
        for _ in range(2):
            bench.members[1].serve()
        assert [client.status() for client in clients[1:3]] == [200, 200]


def test_places_of_another_worker_count_and_are_missed_when_they_are_free() -> None:
    with Bench(balancer(GLOBAL.format(2))) as bench:
        other = Other(bench)
        other.has(2)
        client = bench.ask()
        assert bench.members[0].is_unasked()
        other.has(1)
        bench.pause(15)
        bench.settle()  # the clock of the line tells, not the tick
        member = bench.members[0].maybe_accept()
        assert member is not None
        member.message()
        member.send(answer())
        assert client.status() == 200
        other.has(0)


def test_places_of_a_worker_that_died_are_free_when_it_is_settled() -> None:
    with Bench(balancer(GLOBAL.format(2))) as bench:
        other = Other(bench)
        other.has(2)
        other.waits(1)
        client = bench.ask()
        assert bench.members[0].is_unasked()
        bench.table.settle_worker(other.worker)
        assert queue(bench)["queued"] == 1
        bench.members[0].serve()
        assert client.status() == 200


def test_a_lie_in_our_own_cell_lasts_until_the_tick() -> None:
    with Bench(balancer(GLOBAL.format(1))) as bench:
        inside = _probe.TableProbe(bench.table)
        inside.set_place(bench.slot, bench.members[0].slot, 1 << 30)
        bench.tick()
        assert places(bench) == [0]


def test_beyond_maxqueue_a_request_is_answered_503_at_once() -> None:
    text = balancer(GLOBAL.format(1), settings="maxqueue=2")
    with Bench(text) as bench:
        clients = asked(bench, 3)
        late = bench.ask()
        head, _ = late.message()
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 5\r\n" in head
        assert late.rest() == b""
        assert bench.has_said("FB0330")
        assert queue(bench)["turned_away"] == 1
        go_in_order(bench.members[0].accept(), clients, 0, 1, 2)


def test_maxqueue_counts_those_of_other_workers() -> None:
    text = balancer(GLOBAL.format(1), settings="maxqueue=2")
    with Bench(text) as bench:
        other = Other(bench)
        other.has(1)
        other.waits(1)
        first = bench.ask()
        assert first.is_silent()
        assert bench.ask().status() == 503
        other.has(0)
        other.waits_no_more()
        bench.members[0].serve()
        assert first.status() == 200


def test_without_a_queue_nobody_waits() -> None:
    text = balancer(GLOBAL.format(1), settings="maxqueue=0")
    with Bench(text) as bench:
        client = bench.ask()
        bench.settle()
        assert bench.ask().status() == 503
        bench.members[0].serve()
        assert client.status() == 200


def test_maxqueue_bounds_the_wait_for_a_connection_of_this_worker_too() -> None:
    with Bench(balancer("max=1", settings="maxqueue=1")) as bench:
        first, second = asked(bench, 2)
        assert queue(bench)["queued"] == 1
        late = bench.ask()
        assert b"\r\nRetry-After: 5\r\n" in late.message()[0]
        member = bench.members[0].accept()
        go_in_order(member, [first, second], 0, 1)
        assert queue(bench)["waits"] == 1


def test_apaches_queue_has_no_bound() -> None:
    text = "Compat apache\n" + balancer("max=1")
    with Bench(text, of_balancers={"queue_max": 1}) as bench:
        clients = asked(bench, 4)
        go_in_order(bench.members[0].accept(), clients, 0, 1, 2, 3)


def test_who_waits_for_a_place_longer_than_timeout_is_answered_503() -> None:
    text = balancer(GLOBAL.format(1), settings="timeout=1")
    with Bench(text, of_balancers={"timeout_ms": 30}) as bench:
        client, late = asked(bench, 2)
        head, _ = late.message()
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 5\r\n" in head
        bench.members[0].serve()
        assert client.status() == 200


def test_without_timeout_a_request_waits_as_long_as_a_client_may_take() -> None:
    text = balancer(GLOBAL.format(1))
    with Bench(text, of_hosts={"timeout_ms": 30}) as bench:
        other = Other(bench)
        other.has(1)
        assert bench.ask().status() == 503
        other.has(0)


def test_a_session_waits_for_its_own_member_and_holds_nobody_up() -> None:
    text = balancer(
        GLOBAL.format(1) + " route=a", GLOBAL.format(1) + " route=b", settings=STICKY
    )
    with Bench(text) as bench:
        other = Other(bench)
        other.has(1)
        session = bench.ask(get("/s", "Cookie: S=x.a"))
        assert session.is_silent()
        free = bench.ask(get("/free"))
        bench.members[1].serve()
        assert free.status() == 200
        assert bench.members[0].is_unasked()
        other.has(0)
        bench.members[0].serve()
        assert session.status() == 200
        assert [server.facts_now["elected"] for server in bench.members] == [1, 1]


@pytest.mark.parametrize(("nofailover", "status"), [("", 200), ("nofailover=on", 503)])
def test_a_session_goes_elsewhere_when_acquire_is_over(
    nofailover: str, status: int
) -> None:
    text = balancer(
        GLOBAL.format(1) + " route=a acquire=30",
        GLOBAL.format(1) + " route=b",
        settings=f"{STICKY} {nofailover}",
    )
    with Bench(text) as bench:
        other = Other(bench)
        other.has(1)
        session = bench.ask(get("/", "Cookie: S=x.a"))
        assert bench.members[1].is_unasked()
        if status == 200:
            bench.members[1].serve()
        assert session.status() == status
        assert "Err" not in bench.members[0].facts_now["status"]
        other.has(0)


def test_a_session_goes_elsewhere_when_its_member_goes_out() -> None:
    text = balancer(
        GLOBAL.format(1) + " route=a", GLOBAL.format(1) + " route=b", settings=STICKY
    )
    with Bench(text) as bench:
        other = Other(bench)
        other.has(1)
        session = bench.ask(get("/", "Cookie: S=x.a"))
        assert session.is_silent()
        bench.table.set_flag(bench.members[0].slot, "D", True)
        bench.members[1].serve()
        assert session.status() == 200
        other.has(0)


def test_a_place_is_kept_for_the_second_try_on_a_new_connection() -> None:
    with Bench(balancer(GLOBAL.format(1))) as bench:
        client = bench.ask()
        member = bench.members[0].serve()
        assert client.status() == 200
        client.send(get("/1"))
        waiting = bench.client()
        waiting.send(get("/2"))
        bench.settle()
        assert member.head().startswith(b"GET /1 ")
        member.close()
        fresh = bench.members[0].accept()
        assert places(bench) == [1]
        go_in_order(fresh, [client, client, waiting], 1, 2)


def test_a_place_is_given_back_with_a_member_that_is_lost() -> None:
    text = balancer(GLOBAL.format(1), GLOBAL.format(1))
    with Bench(text) as bench:
        bench.members[0].refuse()
        client = bench.ask()
        bench.settle()
        assert places(bench) == [0, 1]
        bench.members[1].serve()
        assert client.status() == 200
        assert places(bench) == [0, 0]


def test_who_is_sent_again_does_not_wait_for_a_place() -> None:
    text = balancer(
        GLOBAL.format(1), GLOBAL.format(1), settings="retryonstatus=503 timeout=30"
    )
    with Bench(text) as bench:
        other = Other(bench)
        other.has(1, member=1)
        client = bench.ask()
        bench.members[0].serve(answer(b"no", status="503 No"))
        assert client.message()[1] == b"no"
        assert queue(bench)["waits"] == 0
        other.has(0, member=1)


def test_a_turn_goes_on_when_its_client_has_just_left() -> None:
    with Bench(balancer(GLOBAL.format(1))) as bench:
        clients = asked(bench, 3)
        member = bench.members[0].accept()
        member.message()
        member.send(answer())  # in one batch, in this order
        clients[1].reset()
        assert clients[0].status() == 200
        go_in_order(member, clients, 2)


def test_a_worker_with_more_than_its_part_leaves_what_comes_free_to_others() -> None:
    with Bench(balancer(GLOBAL.format(2))) as bench:
        other = Other(bench)
        clients = asked(bench, 4)
        other.waits(3)
        members = [bench.members[0].accept() for _ in range(2)]
        members[0].message()
        members[0].send(answer())
        while places(bench) == [2]:
            bench.turn()
        assert places(bench) == [1]  # nobody here has taken it
        other.has(1)
        assert clients[0].status() == 200
        go_in_order(members[1], clients, 1, 2, 3)  # its own part goes on
        other.waits_no_more()
        other.has(0)


def test_those_who_wait_are_served_by_a_worker_that_drains() -> None:
    with Bench(balancer(GLOBAL.format(1))) as bench:
        clients = asked(bench, 3)
        bench.core.drain()
        go_in_order(bench.members[0].accept(), clients, 0, 1, 2)
        bench.until(lambda: bench.services.told == ["drained"], "the end of it")


def test_a_body_of_who_waits_is_not_read() -> None:
    with Bench(balancer(GLOBAL.format(1))) as bench:
        first = bench.ask()
        bench.settle()
        before = bench.counts()["buffers"]
        late = bench.client()
        late.push(post(b"x" * 1_000_000))
        assert late.is_silent()
        assert bench.counts()["buffers"] == before + 1  # its head
        bench.members[0].serve()
        assert first.status() == 200
        late.reset()


def test_a_member_without_a_balancer_has_no_such_places() -> None:
    text = "Listen 80\nProxyPass / http://127.0.0.1:8001/ max=1 maxscope=global\n"
    with Bench(text) as bench:
        clients = asked(bench, 2)
        assert places(bench) == [0]
        go_in_order(bench.members[0].accept(), clients, 0, 1)


# what an agent says of a member's places


@pytest.mark.parametrize("most", ["max=5", "max=1", ""])
def test_maxconn_of_an_agent_counts_over_all_workers(most: str) -> None:
    text = balancer(f"{most} maxscope=global agentcheck=9", settings="timeout=30")
    with Bench(text) as bench:
        slot = bench.members[0].slot
        other = Other(bench)
        other.has(2)
        bench.table.set_agent(slot, AgentState(most=2))
        client = bench.ask()
        assert client.is_silent()
        assert queue(bench)["queued"] == 1
        bench.table.set_agent(slot, AgentState(most=3))
        member = bench.members[0].serve()
        assert client.status() == 200
        bench.table.set_agent(slot, AgentState())  # max= decides
        client.send(get())
        if most == "max=1":
            assert member.is_silent()
            other.has(0)
        member.head()
        member.send(answer())
        assert client.status() == 200
        other.has(0)


# who waits for a place because the first member was left

ROUTES = (" route=a", GLOBAL.format(1) + " route=a acquire=40", " route=c")


def left_for_a_full_one(bench: Bench, other: Other) -> Peer:
    """A session's member took its request and gave no answer; the other one of its
    route has no place."""
    other.has(1, member=1)
    client = bench.ask(get("/", "Cookie: S=x.a"))
    peer = bench.members[0].accept()
    peer.head()
    peer.close()
    assert client.is_silent()
    assert queue(bench)["queued"] == 1
    return client


def test_who_has_left_a_member_does_not_come_back_to_it_from_the_line() -> None:
    first, full, last = ROUTES
    text = balancer(first, full.replace(" acquire=40", ""), last, settings=STICKY)
    with Bench(text) as bench:
        other = Other(bench)
        client = left_for_a_full_one(bench, other)
        bench.table.set_flag(bench.members[1].slot, "D", True)
        bench.members[2].serve()
        assert client.status() == 200
        assert bench.members[0].is_unasked()
        other.has(0, member=1)


def test_nor_when_its_wait_for_another_one_is_over() -> None:
    first, full, last = ROUTES
    text = balancer(first + " loadfactor=100", full, last, settings=STICKY)
    with Bench(text) as bench:
        other = Other(bench)
        client = left_for_a_full_one(bench, other)
        bench.members[2].serve()
        assert client.status() == 200
        assert bench.members[0].is_unasked()
        other.has(0, member=1)


def test_nor_when_nobody_else_is_left() -> None:
    """What takes one member down is not given to it again."""
    first, full, last = ROUTES
    text = balancer(first, full.replace(" acquire=40", ""), last, settings=STICKY)
    text = text.replace(" timeout=30", "")
    with Bench(text) as bench:
        other = Other(bench)
        client = left_for_a_full_one(bench, other)
        bench.table.set_flag(bench.members[2].slot, "D", True)
        bench.table.set_flag(bench.members[1].slot, "D", True)
        assert client.status() == 503
        assert bench.members[0].is_unasked()
        other.has(0, member=1)


def test_one_that_was_not_reached_may_serve_when_it_is_back() -> None:
    text = balancer("", GLOBAL.format(1), settings="timeout=30")
    with Bench(text) as bench:
        other = Other(bench)
        other.has(1, member=1)
        bench.members[0].refuse()
        client = bench.ask(post(b"x"))
        assert client.is_silent()
        assert queue(bench)["queued"] == 1
        bench.members[0].move()
        bench.table.mark_up(bench.members[0].slot, 0)
        assert bench.members[0].serve().taken
        assert client.status() == 200
        other.has(0, member=1)
