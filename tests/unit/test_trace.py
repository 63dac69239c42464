"""`fastlb ctl trace`: what is sought, what is told of steps, and how it looks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from desks import Office
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.cli.ctl.trace import trace_lines
from fastlb.controller import api
from fastlb.controller.events import LINES
from fastlb.controller.trace import READS, Sought, Trace, TraceError, sought_of
from fastlb.controller.trace_steps import STEPS_MAX, Traced
from fastlb.facts import trace
from fastlb.facts.trace import Event, Kind, events_of

CONF = """
Listen 127.0.0.1:8080
ServerName one.test
<Proxy balancer://app>
    BalancerMember http://u:pass@10.0.0.1:8001
    BalancerMember http://10.0.0.2:8001
</Proxy>
<Location /here>
    ProxyPass http://10.0.0.3:8001/
</Location>
ProxyPass /api balancer://app/v1
"""
OPENAPI = json.loads(Path(api.__file__).with_name("openapi.json").read_bytes())
LINE = jsonschema.Draft202012Validator(OPENAPI["components"]["schemas"]["Traced"])
IPV4 = bytes(10) + b"\xff\xff"


@rows(
    "query,found",
    [
        ("", Sought()),
        ("method=GET&host=*.test&path=/a%20b", Sought(b"GET", b"*.test", b"/a b")),
        ("from=10.1.2.3", Sought(network=IPV4 + bytes([10, 1, 2, 3]), bits=128)),
        ("from=10.0.0.0/8", Sought(network=IPV4 + bytes([10, 0, 0, 0]), bits=104)),
        ("from=::1", Sought(network=bytes(15) + b"\1", bits=128)),
        ("status=5xx&count=7", Sought(status="5xx", count=7)),
        ("slower=200ms", Sought(slower_s=0.2)),
        ("slower=1.5s", Sought(slower_s=1.5)),
        ("balancer=balancer://app", Sought(balancer="app")),
    ],
)
def test_what_is_sought(query: str, found: Sought) -> None:
    assert sought_of(query) == found


@rows(
    "query,why",
    [
        ("color=red", "color= is none of method, host, path, from"),
        ("path=/&path=/x", "path= comes twice"),
        ("path=", "path= is a text of at most 511 bytes"),
        ("method=" + "M" * 32, "at most 31 bytes"),
        ("host=a%00b", "at most 255 bytes"),
        ("from=nobody", "from=nobody: no address, and no network"),
        ("status=6xx", "write a status, or a class as 5xx"),
        ("status=99", "write a status"),
        ("slower=fast", "write 200ms, or 1.5s"),
        ("slower=-1", "write 200ms, or 1.5s"),
        ("slower=nan", "write 200ms, or 1.5s"),
        ("count=many", "count=many is no number"),
    ],
)
def test_what_cannot_be_sought_says_why(query: str, why: str) -> None:
    with pytest.raises(TraceError) as refused:
        sought_of(query)
    assert why in str(refused.value)


@rows(
    "sought,holds",
    [
        (Sought(), True),
        (Sought(status="502"), True),
        (Sought(status="5xx"), True),
        (Sought(status="2xx"), False),
        (Sought(member="http://10.0.0.1:8001"), True),
        (Sought(member="10.0.0.1:8001"), True),
        (Sought(member="10.0.0.1"), False),
        (Sought(balancer="app"), True),
        (Sought(balancer="other"), False),
        (Sought(slower_s=0.5), True),
        (Sought(slower_s=0.6), False),
    ],
)
def test_what_is_known_at_the_end_only(sought: Sought, holds: bool) -> None:
    told = {
        "status": 502,
        "members": ["http://10.0.0.1:8001"],
        "balancer": "app",
        "seconds": 0.5,
    }
    assert sought.holds(told) is holds


def test_openapi_json_tells_of_it() -> None:
    asked = OPENAPI["paths"]["/trace"]["get"]
    assert [one["name"] for one in asked["parameters"]] == list(READS)
    assert list(asked["responses"]["200"]["content"]) == [LINES]


def event(kind: Kind, text: str = "", **said: int) -> Event:
    numbers = {"subject": 0, "count": 0, "more": 0, "figure": 0, "at_us": 1000} | said
    return Event(request=1, kind=kind, text=text, **numbers)


def traced(office: Office) -> Traced:
    slots = {slot: i for i, slot in enumerate(office.desk.facts.member_slots)}
    return Traced(office.model, slots, 4121, 1_700_000_000.25)


def told(office: Office, *events: Event) -> dict[str, Any]:
    one = traced(office)
    one.take(event(Kind.BEGAN, "GET /api/x"))
    for item in events:
        one.take(item)
    one.take(event(Kind.ENDED, at_us=3500, count=200, figure=12))
    return one.told()


def test_steps_have_the_names_and_places_of_the_configuration() -> None:
    office = Office(CONF)
    first, second, third = office.desk.facts.member_slots[:3]
    found = told(
        office,
        event(Kind.CLIENT, "192.0.2.7", count=1),
        event(Kind.HOST, "one.test"),
        event(Kind.MAPPED, "/v1/x", subject=-1, count=0),
        event(Kind.SESSION, "a"),
        event(Kind.SEEN, "lbstatus 1", subject=first, more=1),
        event(Kind.SEEN, subject=second, count=1 << 7),
        event(Kind.ELECTED, subject=first),
        event(Kind.ASKED, subject=first, count=1),
        event(Kind.CONNECTED, count=3),
        event(Kind.STATE, subject=4),
        event(Kind.ANSWERED, count=200),
        event(Kind.SAID, "proxy:error AH1"),
    )
    LINE.validate(found)
    assert (found["client"], found["tls"], found["worker"]) == ("192.0.2.7", True, 4121)
    assert (found["status"], found["bytes"], found["seconds"]) == (200, 12, 0.0025)
    assert found["balancer"] == "app"
    assert [(one["kind"], one["text"]) for one in found["steps"]] == [
        ("host", "one.test"),
        ("mapping", "ProxyPass /api balancer://app/v1"),
        ("target", "/v1/x"),
        ("session", "route a"),
        ("member", found["members"][0]),
        ("connection", "kept: 3 requests before"),
        ("waits", "for any member that can serve (timeout=)"),
        ("answer", "200 OK"),
        ("log", "proxy:error AH1"),
    ]
    mapping, member = found["steps"][1], found["steps"][4]
    assert mapping["line"] == 11
    assert "pass" not in json.dumps(found)  # of a URL
    assert (member["why"], member["line"]) == ("lbstatus 1", 5)
    (lost,) = member["lost"]
    assert lost["text"] == "http://10.0.0.2:8001"
    assert (lost["why"], lost["line"]) == ("is in error", 6)
    inside = told(
        office,
        event(Kind.MAPPED, "/", subject=1, count=-1),
        event(Kind.ASKED, subject=third, count=1),
    )
    assert inside["steps"][0]["line"] == 9
    assert inside["steps"][2]["why"] == "the mapping names it"


NUMBERS = st.integers(-(2**31), 2**31 - 1) | st.integers(-3, 40)
ROWS = st.tuples(
    st.integers(0, 2**32 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 40),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=448),
)
OFFICE = Office(CONF)


@given(st.lists(ROWS, max_size=60))
def test_a_worker_that_was_taken_over_can_tell_anything(
    found: list[trace.Row],
) -> None:
    one = traced(OFFICE)
    for item in events_of(found):
        one.take(item)
    one.take(event(Kind.ENDED))
    document = one.told()
    LINE.validate(document)
    for line in trace_lines(json.loads(json.dumps(document))):
        assert line.isprintable()


def test_what_one_request_can_tell_is_bounded() -> None:
    many = [event(Kind.SAID, "x")] * (2 * STEPS_MAX)
    assert len(told(OFFICE, *many)["steps"]) == STEPS_MAX


class Writer:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    async def drain(self) -> None:
        pass


class Watched:
    """A table with one worker, who has written these batches."""

    def __init__(self, *batches: list[trace.Row], skipped: int = 0) -> None:
        self.batches = list(batches)
        self.skipped = skipped
        self.until: list[int] = []
        self.sought: tuple[Any, ...] = ()
        self.pid = 7

    def snapshot_workers(self) -> Iterator[dict[str, int]]:
        yield {"slot": 0, "pid": self.pid, "generation": 0}
        yield {"slot": 1, "pid": 8, "generation": 99}  # of another model

    def followed(self, slot: int, since: int) -> tuple[int, int, list[trace.Row]]:
        assert slot == 0
        if not self.sought:
            return 0, 0, []
        return since, self.skipped, self.batches.pop(0) if self.batches else []

    def follow(self, until_us: int, *sought: Any) -> None:
        self.until.append(until_us)
        self.sought = sought

    def follow_until(self, until_us: int) -> None:
        self.until.append(until_us)


def row(kind: Kind, request: int = 1, at_us: int = 10, count: int = 0) -> trace.Row:
    return (request, at_us, kind.value, 0, count, 0, 0, b"GET /")


def lines_of(table: Watched, sought: Sought, **said: Any) -> list[dict[str, Any]]:
    office = Office(CONF)
    desk: Any = type(office.desk)(
        *(getattr(office.desk, name) for name in office.desk.__slots__)
    )
    object.__setattr__(desk, "table", table)
    writer: Any = Writer()

    async def tell() -> None:
        leaving = asyncio.Event()
        reader = asyncio.StreamReader()
        one = Trace(desk, leaving)
        task = asyncio.ensure_future(one.tell(reader, writer, sought))
        ends_s = time.monotonic() + 20
        while (
            (table.batches or not table.until)
            and not task.done()
            and time.monotonic() < ends_s
        ):
            await asyncio.sleep(0.001)
        reader.feed_eof()
        await task
        assert not one.is_taken

    asyncio.run(tell())
    assert table.until[-1] == 0  # nobody is followed any more
    return [json.loads(line) for line in writer.data.split(b"\r\n") if line[:1] == b"{"]


def test_requests_are_told_when_they_end_and_as_many_as_are_asked_for() -> None:
    begins = [row(Kind.BEGAN, 1, 10), row(Kind.BEGAN, 2, 20)]
    ends = [row(Kind.ENDED, 2, 30, 502), row(Kind.ENDED, 1, 40, 200)]
    later = [row(Kind.BEGAN, 3, 50), row(Kind.ENDED, 3, 60, 200)]
    table = Watched(begins, ends, later, later)
    found = lines_of(table, Sought(method=b"GET", status="2xx", count=2))
    assert [one["status"] for one in found] == [200, 200]
    assert found[0]["unix_seconds"] < found[1]["unix_seconds"]
    assert table.sought == (b"GET", b"", b"", bytes(16), 0)
    assert all(until > time.monotonic_ns() // 1000 - 10**9 for until in table.until[:1])


def test_what_found_no_room_is_counted() -> None:
    (one,) = lines_of(Watched([], skipped=4), Sought())
    assert one == {"kind": "skipped", "requests": 4}
    LINE.validate(one)
    assert list(trace_lines(one)) == ["(4 more requests came than could be followed)"]


def test_what_a_worker_has_left_unfinished_is_not_the_next_ones() -> None:
    class Replaced(Watched):
        def followed(self, slot: int, since: int) -> tuple[int, int, list[trace.Row]]:
            found = super().followed(slot, since)
            if found[2]:
                self.pid += 1
            return found

    table = Replaced([row(Kind.BEGAN)], [row(Kind.ENDED, count=200)])
    assert lines_of(table, Sought()) == []


def test_it_is_laid_out_as_explain_does() -> None:
    office = Office(CONF)
    first, second = office.desk.facts.member_slots[:2]
    found = told(
        office,
        event(Kind.CLIENT, "192.0.2.7"),
        event(Kind.SEEN, "lbstatus 1", subject=second, more=1),
        event(Kind.SEEN, subject=first, count=1 << 5),
        event(Kind.ELECTED, subject=second),
    )
    head, member, why, lost, end, _ = trace_lines(found)
    assert head.endswith(".250 GET /api/x from 192.0.2.7 (process 4121)")
    assert member.startswith(" 0.00 ms  member      http://10.0.0.2:8001   ")
    assert why.strip() == "lbstatus 1"
    assert lost.strip().startswith("not http://")
    assert " is disabled" in lost
    assert end == "-> 200, 12 bytes, 2.50 ms"
