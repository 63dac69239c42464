"""work.pyx and row.pyx: requests in work, and what a worker says of itself."""

from __future__ import annotations

import os
from typing import Any

import pytest
from flow_bench import GENERATION, Bench, served
from flow_peers import ONE, answer, get

LIMITED = "MaxRequestWorkers {}\n" + ONE


# work


def test_requests_beyond_maxrequestworkers_wait_in_order() -> None:
    with Bench(LIMITED.format(2)) as bench:
        clients = [bench.client() for _ in range(6)]
        for number, client in enumerate(clients):
            client.send(get(f"/{number}"))
            bench.settle()
        first, second = bench.members[0].accept(), bench.members[0].accept()
        assert first.head().startswith(b"GET /0 ")
        assert second.head().startswith(b"GET /1 ")
        assert bench.members[0].is_unasked()
        assert (bench.counts()["in_work"], bench.counts()["waiting"]) == (2, 4)
        clients[3].reset()  # it leaves the queue
        bench.settle()
        assert bench.counts()["waiting"] == 3
        second.send(answer())
        for number in (2, 4, 5):
            assert second.head().startswith(b"GET /%d " % number)
            assert bench.counts()["in_work"] == 2
            assert second.is_silent()
            second.send(answer())
        for number in (1, 2, 4, 5):
            assert clients[number].status() == 200
        first.send(answer())
        assert clients[0].status() == 200
        assert sum("AH00161" in line for line in bench.services.logged) == 1


def test_who_waits_is_not_read() -> None:
    with Bench(LIMITED.format(1)) as bench:
        first, second = bench.ask(), bench.client()
        member = bench.members[0].accept()
        second.send(get("/", "X: " + "x" * 1000))
        bench.settle()
        assert bench.counts()["buffers"] == 1  # the first one's head
        member.message()
        member.send(answer())
        assert first.status() == 200
        assert b"\r\nX: xxx" in member.head()


def test_connections_between_requests_hold_no_place() -> None:
    with Bench(LIMITED.format(1)) as bench:
        idle, half = bench.client(), bench.ask(b"GET / HTTP/1.1\r\nHo")
        bench.settle()
        assert bench.counts()["in_work"] == 0
        client = bench.ask()
        bench.members[0].serve()
        assert client.status() == 200
        assert idle.is_silent()
        half.send(b"st: h\r\n\r\n")
        bench.until(lambda: bench.counts()["in_work"] == 1)


@pytest.mark.parametrize(
    ("settings", "in_work"),
    [("", 0), ("Compat apache\n", 1)],  # as Apache, where a thread carries it
)
def test_a_tunnel_gives_its_place_back(settings: str, in_work: int) -> None:
    text = ONE.replace("8001 ", "8001 upgrade=any")
    with Bench(settings + "MaxRequestWorkers 1\n" + text) as bench:
        client = bench.ask(get("/", "Upgrade: x", "Connection: upgrade"))
        member = bench.members[0].accept()
        member.message()
        member.send(b"HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
        client.head()
        assert bench.counts()["in_work"] == in_work
        member.send(b"some")
        assert client.take(4) == b"some"


def test_a_pipelined_request_waits_like_any_other() -> None:
    with Bench(LIMITED.format(1)) as bench:
        first = bench.ask(get("/1") + get("/3"))
        member = bench.members[0].accept()
        second = bench.ask(get("/2"))
        bench.settle()
        for path, client in ((b"/1", first), (b"/2", second), (b"/3", first)):
            assert member.head().split()[1] == path
            member.send(answer())
            assert client.status() == 200


def test_slots_that_are_not_used_are_given_up_on_a_tick() -> None:
    with Bench(LIMITED.format(64)) as bench:
        clients = [bench.ask() for _ in range(20)]
        members = [bench.members[0].accept() for _ in clients]
        assert row_of(bench)["granted"] >= 20
        for client, member in zip(clients, members, strict=True):
            member.message()
            member.send(answer())
            assert client.status() == 200
        bench.tick()
        assert row_of(bench)["granted"] < 20


# row


def row_of(bench: Bench) -> dict[str, Any]:
    return bench.table.snapshot_workers()[0]


def test_a_worker_says_what_it_has() -> None:
    with served(LIMITED.format(1)) as (bench, client, member):
        bench.ask()
        bench.settle()
        bench.tick()
        said = {
            name: row_of(bench)[name] for name in ("connections", "busy", "waiting")
        }
        assert said == {"connections": 2, "busy": 1, "waiting": 1}
        assert row_of(bench)["state"] == "_"
        member.message()
        member.send(answer())
        assert client.status() == 200
        assert row_of(bench)["accesses"] == 1
        bench.core.drain()
        bench.tick()
        assert row_of(bench)["state"] == "G"


def test_what_another_wrote_over_is_said_again_with_the_next_tick() -> None:
    with served(LIMITED.format(2)) as (bench, client, member):
        bench.tick()
        before = row_of(bench)
        assert bench.table.settle_worker(bench.slot)["busy"] == 1  # as if it had died
        assert bench.table.claim_worker(os.getpid(), GENERATION, 0) == bench.slot
        assert bench.members[0].busy == row_of(bench)["connections"] == 0
        bench.tick()
        assert bench.members[0].busy == 1
        for name in ("connections", "busy", "granted", "state"):
            assert row_of(bench)[name] == before[name]
        member.message()
        member.send(answer())
        assert client.status() == 200
