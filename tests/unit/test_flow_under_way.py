"""under_way.pyx: which requests the table tells of, and how each stands."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from flow_bench import Bench
from flow_peers import ONE, Peer, answer, get
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

import fastlb
from fastlb import _core, _probe
from fastlb.facts.under_way import STATES, UnderWay, printable, under_way_of

CHAPTER = Path(fastlb.__file__).parent / "core/flow/under_way.pyx"
SHOWN = 32
TEXT_BYTES = 96
ROW_BYTES = 144
NOBODY = "ProxyPass / balancer://b/ timeout=60\n" + (
    "<Proxy balancer://b>\nBalancerMember http://127.0.0.1:9 status=+D\n</Proxy>\n"
)


def told(bench: Bench) -> list[UnderWay]:
    """What the worker of the bench tells, as a reader sees it."""
    found = bench.table.requests()
    assert [slot for slot, _, _ in found] in ([], [bench.slot])
    now_us = time.monotonic_ns() // 1000
    return [one for _, _, rows in found for one in under_way_of(rows, now_us)]


def shown(bench: Bench, *requests: str) -> list[UnderWay]:
    """... once it tells of these, and no others."""

    def are_told() -> bool:
        bench.tick()
        return [one.text for one in told(bench)] == list(requests)

    bench.until(are_told, lambda: told(bench))
    return told(bench)


def states(bench: Bench, *wanted: str) -> None:
    def are_told() -> bool:
        bench.tick()
        return [one.state for one in told(bench)] == list(wanted)

    bench.until(are_told, wanted)


def test_states_are_those_of_the_core() -> None:
    theirs = re.findall(r"UNDER_WAY_(\w+) = (\d+)", CHAPTER.read_text("utf-8"))
    assert [int(number) for _, number in theirs] == list(range(len(STATES)))
    for state, (name, _) in zip(STATES, theirs, strict=True):
        assert name.lower() in state or name == "ASKED"


def test_a_request_is_told_once_it_takes_longer_than_a_tick() -> None:
    with Bench() as bench:
        client = bench.ask(get("/slow/page?secret=1"))
        member = bench.members[0].accept()
        bench.tick()
        assert told(bench) == []  # it has only just come
        (one,) = shown(bench, "GET /slow/page")
        assert one.state == "waiting for the answer"
        assert (one.client, one.vhost) == ("127.0.0.1", 0)
        assert one.member == bench.members[0].slot
        assert one.sent_bytes == 0
        member.message()
        member.send(answer(b"body"))
        assert client.status() == 200
        shown(bench)


def test_each_state_is_told() -> None:
    text = ONE.replace("8001 ", "8001 upgrade=any ")
    with Bench(text) as bench:
        client = bench.ask(
            get("/", "Content-Length: 9", "Upgrade: x", "Connection: upgrade")
        )
        states(bench, "reading")
        client.send(b"123456789")
        member = bench.members[0].accept()
        member.message()
        states(bench, "waiting for the answer")
        member.send(b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nfirst")
        states(bench, "tunnel")
        assert told(bench)[0].sent_bytes > 0
        client.close()
        member.close()
        states(bench)


def test_who_gets_an_answer_slowly_is_told() -> None:
    with Bench() as bench:
        client = bench.ask()
        member = bench.members[0].accept()
        member.message()
        member.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234")
        states(bench, "sending")
        assert told(bench)[0].sent_bytes > 4
        member.send(b"56789")
        assert client.status() == 200


def test_who_waits_for_a_member_is_told_without_one() -> None:
    with Bench("Listen 80\nServerName h\n" + NOBODY) as bench:
        client = bench.ask(get("/x"))
        states(bench, "waiting for a member")
        assert told(bench)[0].member == -1
        client.reset()
        states(bench)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/a;jsessionid=secret/b?c", "GET /a"),
        ("/%1b%3Cb%3E", "GET /%1b%3Cb%3E"),
        ("/" + "x" * 500 + "?y", "GET /" + "x" * (TEXT_BYTES - 5)),
        ("http://h/path?x", "GET http://h/path"),
    ],
)
def test_a_path_is_told_without_what_says_who_asks(target: str, text: str) -> None:
    with Bench() as bench:
        client = bench.ask(get(target))
        shown(bench, text)
        client.reset()
        shown(bench)


def test_of_many_the_oldest_are_told_in_order() -> None:
    with Bench() as bench:
        clients: list[Peer] = []
        for number in range(SHOWN + 8):
            clients.append(bench.ask(get(f"/{number}")))
            bench.settle()
        oldest = [f"GET /{number}" for number in range(SHOWN)]
        shown(bench, *oldest)
        clients.pop(3).reset()
        shown(bench, *(one for one in oldest if one != "GET /3"), f"GET /{SHOWN}")
        for client in clients:
            client.reset()
        shown(bench)


def test_without_extended_status_nothing_is_told() -> None:
    with Bench("ExtendedStatus Off\n" + ONE) as bench:
        client = bench.ask()
        bench.members[0].accept()
        until = time.monotonic() + 0.3

        def is_over() -> bool:
            bench.tick()
            return time.monotonic() > until

        bench.until(is_over)
        assert told(bench) == []
        client.reset()
        bench.settle()


def test_a_lie_lasts_a_tick() -> None:
    with Bench() as bench:
        client = bench.ask(get("/true"))
        shown(bench, "GET /true")
        inside = _probe.TableProbe(bench.table)
        inside.write_requests(bench.slot, os.urandom(SHOWN * ROW_BYTES), 3)
        shown(bench, "GET /true")
        client.reset()
        shown(bench)


@rows(("version", "seen"), [(2, SHOWN), (3, 0)])  # 3: it died while it wrote
def test_of_a_worker_that_was_killed_nothing_is_left(version: int, seen: int) -> None:
    table = _core.Table.create(1, 1, 2)
    inside = _probe.TableProbe(table)
    slot = table.claim_worker(os.getpid(), 1, 0)
    inside.write_requests(slot, b"\1" * SHOWN * ROW_BYTES, version)
    assert sum(len(found) for _, _, found in table.requests()) == seen
    table.settle_worker(slot)
    assert table.requests() == []
    slot = table.claim_worker(os.getpid(), 7, 0)
    assert table.requests() == [(slot, 7, [])]


@given(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.integers(0, 2**32 - 1),
        st.integers(-(2**31), 2**31 - 1),
        st.integers(-(2**31), 2**31 - 1),
        st.integers(0, 2**64 - 1),
        st.just("::1"),
        st.binary(max_size=TEXT_BYTES),
    )
)
def test_whatever_stands_there_is_shown_within_bounds(row: Any) -> None:
    now_us = 10**9
    for one in under_way_of([row], now_us):
        assert 0 <= one.since_us <= now_us
        assert one.state in STATES
        assert one.text.isascii() and (one.text.isprintable() or not one.text)
    assert len(under_way_of([row], now_us)) == (row[1] < len(STATES))


def test_bytes_that_do_not_print_are_written() -> None:
    assert printable(b"GET /\x1b[2J<b>\xff\r\n") == r"GET /\x1b[2J<b>\xff\x0d\x0a"
