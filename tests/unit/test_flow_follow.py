"""follow.pyx: the steps of requests that somebody follows."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from flow_bench import Bench
from flow_peers import answer, balancer, get
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

import fastlb
from fastlb import _core
from fastlb.facts import trace
from fastlb.facts.trace import Event, Kind, events_of

CORE = Path(fastlb.__file__).parent / "core"
EVENTS = 256
ANYBODY = bytes(16)
TWO = balancer("route=a", "route=b", settings="stickysession=SID")


def follow(  # noqa: PLR0917 - as the table has them
    bench: Bench,
    method: bytes = b"",
    host: bytes = b"",
    path: bytes = b"",
    network: bytes = ANYBODY,
    bits: int = 0,
    for_s: float = 60,
) -> None:
    until_us = time.monotonic_ns() // 1000 + int(for_s * 1e6)
    bench.table.follow(until_us, method, host, path, network, bits)


def told(bench: Bench, since: int = 0) -> list[Event]:
    return events_of(bench.table.followed(bench.slot, since)[2])


def kinds(events: list[Event]) -> list[str]:
    return [one.kind.name for one in events]


def served(bench: Bench, request: bytes) -> None:
    client = bench.ask(request)
    member = bench.members[0].accept()
    member.message()
    member.send(answer(b"body"))
    assert client.status() == 200
    client.close()
    member.close()
    bench.settle()


@rows(
    "prefix,chapter,names",
    [
        ("FOLLOW_", "flow/follow.pyx", {one.name: one.value for one in Kind}),
        (
            "DECIDED_",
            "plan/decide.pxd",
            {one.name: one.value for one in trace.Decided},
        ),
        (
            "FOLLOW_",
            "flow/follow.pyx",
            {
                "BY_ROUTE": trace.BY_ROUTE,
                "BY_FORCE": trace.BY_FORCE,
                "BY_FEWER": trace.BY_FEWER,
                "FROM_COOKIE": trace.SESSIONS.index("a cookie"),
                "FROM_URL": trace.SESSIONS.index("the URL"),
                "FROM_OWN": trace.SESSIONS.index("the balancer's own cookie"),
            },
        ),
        (
            "ELECT_",
            "balance/elect.pxd",
            {
                "NO_MEMBERS": trace.NOBODY.index("it has no members"),
                "ALL_IN_ERROR": trace.NOBODY.index("no member is usable"),
                "ALL_FULL": len(trace.NOBODY) - 1,
            },
        ),
        (
            "X_",
            "flow/exchange.pxd",
            {
                "READ_BODY": 1,
                "WAIT_HOST": 2,
                "WAIT_ADDRESS": 3,
                "WAIT_ANY": 4,
                "WAIT_POOL": 5,
                "REFUSED": 7,
                "TUNNEL": 10,
                "LISTING": 11,
                "WAIT_PLACE": 12,
            },
        ),
    ],
)
def test_numbers_are_those_of_the_core(
    prefix: str, chapter: str, names: dict[str, int]
) -> None:
    theirs = dict(
        re.findall(rf"^    {prefix}(\w+) = (\d+)", (CORE / chapter).read_text(), re.M)
    )
    assert {name: int(theirs[name]) for name in names} == names


def test_waits_and_states_are_those_of_the_core() -> None:
    assert set(trace.WAITS) == {1, 2, 3, 4, 5, 7, 10, 11, 12}
    table = (CORE / "balance/table.pxd").read_text()
    flags = {
        name: 1 << int(bit)
        for name, bit in re.findall(r"FLAG_(\w+) = 1 << (\d+)", table)
    }
    names = ("STOPPED", "DISABLED", "ERROR", "HEALTH", "AGENT_DOWN", "DRAIN")
    said = [trace.state_of(flags[name]) for name in names]
    assert said == [
        "is stopped",
        "is disabled",
        "is in error",
        "has failed its check",
        "is down, as its agent says",
        "drains: it gets known sessions only",
    ]
    assert "standby" in trace.state_of(flags["STANDBY"])
    assert "spare" in trace.state_of(flags["SPARE"])
    assert "no candidate" in trace.state_of(flags["INIT"])


def test_the_steps_of_a_request_are_told() -> None:
    with Bench(TWO) as bench:
        served(bench, get("/before"))
        assert told(bench) == []
        follow(bench)
        served(bench, get("/x?y", "Cookie: SID=1.a"))
        steps = told(bench)
        assert kinds(steps) == [
            "BEGAN",
            "CLIENT",
            "HOST",
            "DECIDED",
            "MAPPED",
            "SESSION",
            "SEEN",
            "SEEN",
            "ELECTED",
            "ASKED",
            "CONNECTED",
            "ANSWERED",
            "ENDED",
        ]
        by = {one.kind: one for one in steps}
        slot = bench.members[0].slot
        assert by[Kind.BEGAN].text == "GET /x?y"
        assert by[Kind.CLIENT].text == "127.0.0.1"
        assert (by[Kind.MAPPED].subject, by[Kind.MAPPED].count) == (-1, 0)
        assert by[Kind.MAPPED].text == "/x?y"
        assert by[Kind.SESSION].text == "a"
        assert (by[Kind.ELECTED].subject, by[Kind.ELECTED].count) == (
            slot,
            trace.BY_ROUTE,
        )
        assert (by[Kind.ASKED].subject, by[Kind.ASKED].count) == (slot, 1)
        assert by[Kind.ANSWERED].count == 200
        assert by[Kind.ENDED].count == 200
        assert by[Kind.ENDED].figure > 4
        times = [one.at_us for one in steps]
        assert times == sorted(times)
        assert len({one.request for one in steps}) == 1
        # over: what comes next costs nothing and is not told
        bench.table.follow_until(0)
        written = bench.table.followed(bench.slot, 0)[0]
        served(bench, get("/after", "Cookie: SID=1.a"))
        assert bench.table.followed(bench.slot, 0)[0] == written


def test_what_a_method_compares_is_told_of_each_candidate() -> None:
    with Bench(TWO) as bench:
        follow(bench)
        served(bench, get("/"))
        seen = [one for one in told(bench) if one.kind is Kind.SEEN]
        assert [(one.text, one.more) for one in seen] == [
            ("lbstatus 100", 1),
            ("lbstatus 100", 1),
        ]
        bench.table.set_flag(bench.members[1].slot, "D", True)
        since = bench.table.followed(bench.slot, 0)[0]
        served(bench, get("/"))
        seen = [one for one in told(bench, since) if one.kind is Kind.SEEN]
        assert [one.more for one in seen] == [1, 0]
        assert trace.state_of(seen[1].count) == "is disabled"


def test_another_try_and_its_reason_are_steps() -> None:
    with Bench(TWO) as bench:
        follow(bench)
        bench.members[0].refuse()
        client = bench.ask(get("/"))
        member = bench.members[1].accept()
        member.message()
        member.send(answer(b"body"))
        assert client.status() == 200
        bench.settle()
        steps = told(bench)
        lines = [one.text for one in steps if one.kind is Kind.SAID]
        assert any("AH00957" in line and "refused" in line for line in lines)
        slots = [one.slot for one in bench.members]
        asked = [one for one in steps if one.kind is Kind.ASKED]
        assert [(one.subject, one.count) for one in asked] == [
            (slots[0], 1),
            (slots[1], 2),
        ]


@rows(
    "sought,is_followed",
    [
        ({"method": b"GET"}, True),
        ({"method": b"GE"}, False),
        ({"method": b"POST"}, False),
        ({"host": b"WWW.*.test"}, True),
        ({"host": b"www.test"}, False),
        ({"path": b"/api"}, True),
        ({"path": b"/api/x?y"}, True),
        ({"path": b"/api/x?y=12"}, False),
        ({"path": b"/b"}, False),
        ({"network": bytes(10) + b"\xff\xff\x7f\0\0\0", "bits": 104}, True),
        ({"network": bytes(10) + b"\xff\xff\x0a\0\0\0", "bits": 104}, False),
        ({"for_s": -1}, False),
    ],
)
def test_only_what_is_sought_is_followed(
    sought: dict[str, bytes], is_followed: bool
) -> None:
    with Bench() as bench:
        follow(bench, **sought)  # type: ignore[arg-type]
        served(
            bench,
            b"GET /api/x?y=1 HTTP/1.1\r\nHost: www.one.test\r\n"
            b"Connection: close\r\n\r\n",
        )
        assert bool(told(bench)) is is_followed


def test_a_reader_that_is_slow_is_told_of_whole_requests() -> None:
    """No request begins while half of the room is unread; the others are counted."""
    with Bench() as bench:
        follow(bench)
        for _ in range(40):
            served(bench, get("/"))
        written, skipped, found = bench.table.followed(bench.slot, 0)
        steps = events_of(found)
        assert written == len(steps) < EVENTS
        began = {one.request for one in steps if one.kind is Kind.BEGAN}
        ended = {one.request for one in steps if one.kind is Kind.ENDED}
        assert began == ended
        assert len(began) + skipped == 40
        assert skipped > 10
        served(bench, get("/"))  # there is room again
        assert kinds(told(bench, written))[-1] == "ENDED"


@given(st.binary(min_size=1, max_size=700).filter(lambda data: b"\0" not in data))
def test_texts_of_any_length_are_looked_for_as_far_as_there_is_room(
    said: bytes,
) -> None:
    table = _core.Table.create(1, 1, 1)
    table.follow(1, said, said, said, ANYBODY, 128)
    table.close()


def test_what_a_worker_writes_that_was_taken_over_ends_nothing() -> None:
    with Bench() as bench:
        table = bench.table
        for since in (1, EVENTS, 2**31, 2**32 - 1):
            assert table.followed(bench.slot, since)[0] == 0
        with pytest.raises(ValueError, match="no worker"):
            table.followed(1 << 20, 0)
        with pytest.raises(ValueError, match="16 bytes"):
            table.follow(1, b"", b"", b"", b"", 0)
        with pytest.raises(ValueError, match="up to 128"):
            table.follow(1, b"", b"", b"", ANYBODY, 129)
