"""Events of the controller: members that go out and come back, and changes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from rows import rows
from trees import model_of

from fastlb import _core
from fastlb.admin.reading import ServerFacts
from fastlb.controller import api
from fastlb.controller.desk import Desk
from fastlb.controller.events import KEPT_MAX, LINES, Events, since_of
from fastlb.facts.adjustments import NOTHING_CHANGED, Adjustment, Answer, Deed
from fastlb.facts.member_changes import CAUSES, Cause
from fastlb.master.claims import claim

ONE = "http://127.0.0.1:81"
CONF = f"""Listen 80
<Proxy balancer://pool>
BalancerMember {ONE}
</Proxy>
ProxyPass / balancer://pool/
"""
CHANGED = Adjustment(Deed.SET, "balancer://pool@h", ONE, (), "root")


class Server:
    def __init__(self) -> None:
        model = model_of(CONF)
        self.table = _core.Table.create(8, 16, 4)
        self.slots, balancer_slots = claim(self.table, model, 1)
        facts = ServerFacts(1, 0, "", self.slots, balancer_slots)
        desk: Any = Desk(self.table, model, facts, b"", None, None)  # type: ignore[arg-type]
        self.events = Events(desk)

    def goes(self, *, out: bool) -> None:
        cause = CAUSES.index(Cause.STATUS if out else Cause.OPERATOR)
        self.table.note_change(self.slots[0], out, cause, 503)


def test_all_that_happens_from_a_moment_on_is_told_in_order() -> None:
    server = Server()
    server.goes(out=True)
    now_s = server.events.now_s()
    server.events.note(CHANGED, Answer(True, "~ it"))
    server.goes(out=False)
    told = server.events.since(now_s)
    assert [one["kind"] for one in told] == ["adjusted", "back"]
    assert (told[0]["balancer"], told[0]["host"]) == ("pool", "h")
    assert (told[0]["text"], told[0]["who"]) == ("~ it", "root")
    assert (told[1]["balancer"], told[1]["member"]) == ("pool", ONE)
    assert server.events.since(0)[0]["kind"] == "out"
    assert server.events.since(told[-1]["at_seconds"]) == []


def test_what_was_refused_or_only_asked_is_no_event() -> None:
    events = Server().events
    events.note(CHANGED, Answer(False, "no"))
    events.note(Adjustment(Deed.TELL, ""), Answer(True, "x"))
    events.note(CHANGED, Answer(True, NOTHING_CHANGED))
    assert events.since(0) == []
    for _ in range(KEPT_MAX + 3):
        events.note(CHANGED, Answer(True, "x"))
    assert len(events.since(0)) == KEPT_MAX


class Writer:
    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    async def drain(self) -> None:
        pass


def test_a_listener_hears_all_before_a_controller_goes() -> None:
    async def listen() -> bytes:
        server, writer = Server(), Writer()
        server.events.leaving.set()
        server.events.note(CHANGED, Answer(True, "~ it"))
        told: Any = writer
        await server.events.tell(asyncio.StreamReader(), told, 0.0)
        assert server.events.listeners == 0
        return writer.sent

    size, line, rest = asyncio.run(listen()).split(b"\r\n", 2)
    assert len(line) == int(size, 16)
    assert json.loads(line)["text"] == "~ it"
    assert rest == b"0\r\n\r\n"


def test_a_listener_that_has_gone_is_let_go() -> None:
    async def listen() -> None:
        server, reader = Server(), asyncio.StreamReader()
        reader.feed_eof()
        writer: Any = Writer()
        await asyncio.wait_for(server.events.tell(reader, writer, 0.0), 10)

    asyncio.run(listen())


def test_an_event_has_what_openapi_json_tells_of_it() -> None:
    server = Server()
    server.goes(out=True)
    server.events.note(CHANGED, Answer(True, "~ it"))
    schema = json.loads(Path(api.__file__).with_name("openapi.json").read_bytes())
    told = schema["components"]["schemas"]["Event"]
    kinds = told["properties"]["kind"]["enum"]
    for one in server.events.since(0):
        assert sorted(one) == sorted(told["required"])
        assert one["kind"] in kinds
    (content,) = schema["paths"]["/events"]["get"]["responses"]["200"]["content"]
    assert content == LINES


@rows(
    ("query", "since"),
    [
        ("", 3.0),
        ("since=1.5", 1.5),
        ("since=x", None),
        ("x=1", None),
        ("since=nan", None),
    ],
)
def test_from_when_on(query: str, since: float | None) -> None:
    assert since_of(query, 3.0) == since
