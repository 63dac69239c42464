"""The state document: what docs/state.md says, and what becomes of a member in it."""

from __future__ import annotations

import dataclasses
import errno
import json
import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows
from trees import model_of

from fastlb import _core, _probe
from fastlb.admin.reading import ServerFacts, System
from fastlb.admin.state import state
from fastlb.admin.status import server_status
from fastlb.controller.api_words import BALANCER_WORDS, MEMBER_WORDS
from fastlb.facts.adjustments import Record
from fastlb.facts.agent import AgentState
from fastlb.facts.controller import HOST
from fastlb.facts.health import PHASES, REASONS, Phase, Reason
from fastlb.facts.member_changes import CAUSES, Cause
from fastlb.facts.outcomes import BOUNDS_S, quantile_s
from fastlb.facts.server import Model
from fastlb.master.claims import claim
from fastlb.model.adjusted import adjusted

ROOT = Path(__file__).parents[2]
STARTED_US = 1_795_262_400_000_000
PLAIN, CHECKED, TOLD, RETRIED = (f"http://127.0.0.1:{port}" for port in range(10, 14))
CONF = f"""Listen 80
ServerName one.test
ProxyStatus On
ProxyPass /direct/ http://127.0.0.1:9/
<Proxy balancer://pool>
BalancerMember {PLAIN} loadfactor=2.5 route=a
BalancerMember {CHECKED} hcmethod=TCP hcinterval=10 hcstart=up
BalancerMember {TOLD} agentcheck=127.0.0.1:5
BalancerMember {RETRIED} retry=60
ProxySet stickysession=JSESSIONID|jsessionid failonstatus=500,503
ProxySet maxattempts=2 failontimeout=On
</Proxy>
ProxyPass / balancer://pool/
<VirtualHost *:80>
ServerName two.test
<Proxy balancer://own>
BalancerMember http://127.0.0.1:20
</Proxy>
ProxyPass /other/ http://127.0.0.1:8/
ProxyPass / balancer://own/
</VirtualHost>
"""


class Machine(System):
    def now_us(self) -> int:
        return STARTED_US + 41_500_000


class Server:
    """A table with the members of CONF."""

    def __init__(self, *records: Record) -> None:
        self.model: Model = adjusted(model_of(CONF), records).model
        self.table = _core.Table.create(8, 16, 4)
        self.inside = _probe.TableProbe(self.table)
        self.slots, balancer_slots = claim(self.table, self.model, 1)
        self.facts = ServerFacts(3, STARTED_US, "", self.slots, balancer_slots)

    def document(self, vhost_index: int | None = None) -> dict[str, Any]:
        told = state(
            self.table,
            self.model,
            self.facts,
            vhost_index=vhost_index,
            system=Machine(),
        )
        assert json.loads(json.dumps(told)) == told  # plain values, and text as keys
        return told

    def slot_of(self, url: str) -> int:
        return self.slots[[one.url for one in self.model.members].index(url)]

    def member(self, url: str) -> dict[str, Any]:
        told = self.document()
        found = [one for each in told["balancers"] for one in each["members"]]
        (member,) = (one for one in found + told["members"] if one["url"] == url)
        return member

    def note_check(self, url: str, reason: Reason, **standing: Any) -> int:
        now_us = Machine().monotonic_us()
        facts = {"passes": 0, "fails": 1, "out_since_us": now_us - 4_000_000}
        self.table.note_check(
            self.slot_of(url),
            PHASES.index(Phase.CONNECT),
            REASONS.index(reason),
            0,
            now_us - 2_000_000,
            1500,
            **facts | standing,
        )
        return now_us

    def fail(self, url: str, *, by_connect: bool = True) -> None:
        now_us = Machine().monotonic_us()
        self.inside.failed(self.slot_of(url), now_us, by_connect)
        cause = Cause.CONNECT if by_connect else Cause.LOST
        number = errno.ECONNREFUSED if by_connect else 0
        self.table.note_change(self.slot_of(url), True, CAUSES.index(cause), number)

    def is_asked(self, text: bytes, *, member: int, generation: int = 1) -> int:
        """A worker has a request under way, for two seconds; its slot."""
        slot = self.table.claim_worker(1, generation, 0)
        since_us = Machine().monotonic_us() - 2_000_000
        row = struct.pack(
            *("<qQiiII16s96s", since_us, 900, member, 1, 4, 0),
            b"\0" * 10 + b"\xff\xff" + bytes([192, 0, 2, 7]),
            text,
        )
        self.inside.write_requests(slot, row, 2)
        return slot


@pytest.fixture
def server() -> Server:
    return Server()


def paths(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """What is no object and no list, with its way there."""
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from paths(inside, f"{at}.{key}")
    elif isinstance(value, list):
        for inside in value:
            yield from paths(inside, f"{at}[]")
    else:
        yield at, value


KINDS = {bool: "truth", int: "number", float: "number", str: "text", type(None): "null"}


def changed(url: str = "", **said: tuple[str, str]) -> Record:
    """key=(value, what the configuration says)."""
    params = tuple((key, value) for key, (value, _) in said.items())
    was = tuple((key, before) for key, (_, before) in said.items())
    return Record("balancer://pool", url, params, was)


GONE = Record("balancer://pool", RETRIED, is_gone=True)


def test_the_manual_lists_every_key_with_its_kind() -> None:
    of_balancer = changed(lbmethod=("bytraffic", "byrequests"))
    server = Server(of_balancer, changed(PLAIN, lbset=("1", "0")), GONE)
    server.table.claim_worker(1, 1, 0)
    server.note_check(CHECKED, Reason.REFUSED)
    server.fail(PLAIN)
    server.fail("http://127.0.0.1:9/")
    server.is_asked(b"GET /x", member=-1)
    server.is_asked(b"GET /y", member=server.slot_of(PLAIN), generation=3)
    told = server.document()
    found: dict[str, set[str]] = {}
    for path, value in paths(told):
        short = re.sub(r"^(\.balancers\[\])?\.members\[\]", "", path)
        found.setdefault(short, set()).add(KINDS[type(value)])
    manual = (ROOT / "docs/state.md").read_text("utf-8")
    listed = re.findall(r"^\| `(\..*?)` \| (.*?) \| .*\|$", manual, re.MULTILINE)
    assert sorted(path for path, _ in listed) == sorted(found)
    for path, kind in listed:
        assert found[path] <= set(kind.split(" or ")), path


def test_what_was_changed_while_running_is_told_beside_what_files_say() -> None:
    added = Record("balancer://pool", "http://127.0.0.1:99", is_added=True)
    server = Server(
        changed(stickysession=("", "JSESSIONID|jsessionid")),
        changed(PLAIN, loadfactor=("4", "2.5"), status=("N", "")),
        changed(CHECKED, hcpasses=("3", "1")),
        GONE,
        added,
    )

    def of(url: str) -> list[tuple[str, ...]]:
        return [tuple(one.values()) for one in server.member(url)["adjusted"]]

    pool, own = server.document()["balancers"]
    (found,) = pool["adjusted"]
    assert tuple(found.values()) == ("stickysession", "", "JSESSIONID|jsessionid")
    assert (pool["removed"], own["removed"]) == ([{"url": RETRIED, "route": ""}], [])
    assert of(PLAIN) == [("loadfactor", "4", "2.5"), ("status", "N", "")]
    assert of(CHECKED) == [("hcpasses", "3", "1")]
    assert of("http://127.0.0.1:9/") == []
    assert of(added.member) == []
    assert [server.member(url)["added"] for url in (PLAIN, added.member)] == [0, 1]
    # What holds at once stands in the table, whichever model a process has.
    later = adjusted(model_of(CONF), [changed(PLAIN, lbset=("7", "0")), GONE, added])
    claim(server.table, later.model, 1)
    assert of(PLAIN) == [("lbset", "7", "0")]
    # Errors, checks and what an agent says are no change.
    server.fail(PLAIN)
    server.table.set_agent(server.slot_of(TOLD), AgentState(drains=True))
    assert "N" in server.member(TOLD)["flags"] and of(TOLD) == []
    assert of(PLAIN) == [("lbset", "7", "0")]


def test_what_a_change_may_say_is_told_by_the_same_names(server: Server) -> None:
    def checks_of(url: str) -> dict[str, Any]:
        told = server.member(url).items()
        return {key: value for key, value in told if key.startswith("health_")}

    checked = checks_of(CHECKED)
    assert {*checked} == {key for key in MEMBER_WORDS if key.startswith("health_")}
    assert [*checked.values()] == ["TCP", 10, 1, 1, None, None]
    assert [*checks_of(TOLD).values()] == ["NONE"] + [None] * 5
    pool = server.document()["balancers"][0]
    assert {*BALANCER_WORDS} - {*pool} == {"sticky"}  # which is told in two
    told = [pool[key] for key in ("max_attempts", "timeout_seconds", "fail_on_timeout")]
    assert told == [2, 0, True]
    assert pool["fail_on_status"] == [500, 503]


def test_direct_members_have_the_keys_of_the_others(server: Server) -> None:
    told = server.document()
    first, *others = told["balancers"][0]["members"] + told["members"]
    assert all(list(one) == list(first) for one in others)


def test_the_server_and_its_workers_are_told(server: Server) -> None:
    slots = [server.table.claim_worker(pid, 3, 0) for pid in (70, 71)]
    server.table.set_worker_state(slots[0], "_")
    server.table.set_worker_state(slots[1], "G")
    server.inside.connection_opened(slots[0])
    server.inside.exchange_opened(slots[0])
    server.inside.request_done(slots[0], 1000, 250_000)
    told = server.document()
    assert told["server"]["started_unix_seconds"] == 1_795_262_400
    assert told["server"]["uptime_seconds"] == 41
    assert (told["server"]["generation"], told["server"]["compat"]) == (3, "better")
    workers = told["server"]["workers"]
    assert [(one["pid"], one["state"], one["draining"]) for one in workers] == [
        (70, "serving", False),
        (71, "draining", True),
    ]
    totals = told["totals"]
    assert (totals["requests"], totals["request_seconds"]) == (1, 0.25)
    assert (totals["sent_bytes"], totals["in_flight"]) == (1000, 1)
    assert (totals["connections"], totals["connections_open"]) == (1, 1)


def test_balancers_are_told_with_the_names_of_sessions(server: Server) -> None:
    pool, own = server.document()["balancers"]
    assert (pool["name"], pool["host"], pool["method"]) == ("pool", "", "byrequests")
    assert pool["sticky_cookie"] == "JSESSIONID"
    assert pool["sticky_parameter"] == "jsessionid"
    assert (own["name"], own["host"]) == ("own", "*:80/two.test")
    assert own["sticky_cookie"] is own["own_cookie"] is None


@rows(
    ("vhost", "balancers", "direct"),
    [
        (None, ["pool", "own"], ["http://127.0.0.1:9/", "http://127.0.0.1:8/"]),
        (0, ["pool"], ["http://127.0.0.1:9/"]),
        (1, ["pool", "own"], ["http://127.0.0.1:9/", "http://127.0.0.1:8/"]),
    ],
)
def test_a_host_tells_of_its_own(
    vhost: int | None, balancers: list[str], direct: list[str]
) -> None:
    told = Server().document(vhost)
    assert {one["name"] for one in told["balancers"]} == set(balancers)
    assert [one["url"] for one in told["members"]] == direct


def test_a_member_that_serves_has_no_reason(server: Server) -> None:
    told = server.member(PLAIN)
    assert (told["state"], told["usable"], told["flags"]) == ("serving", True, "O")
    assert (told["status"], told["weight"], told["route"]) == ("Init Ok", 2.5, "a")
    assert told["out_reason"] is told["out_for_seconds"] is None
    assert told["asked_again_by"] is told["asked_again_in_seconds"] is None


@rows(("letter", "name"), [("N", "draining"), ("H", "standby"), ("R", "spare")])
def test_who_serves_not_everybody_is_told_so(letter: str, name: str) -> None:
    server = Server()
    server.table.set_flag(server.slot_of(PLAIN), letter, True)
    told = server.member(PLAIN)
    assert (told["state"], told["usable"], told["out_reason"]) == (name, True, None)


def test_a_refused_connection_is_the_reason_and_the_monitor_asks(
    server: Server,
) -> None:
    server.fail(PLAIN)
    told = server.member(PLAIN)
    assert (told["state"], told["usable"]) == ("error", False)
    assert told["out_reason"] == "connection refused"
    assert 0 <= told["out_for_seconds"] < 60
    assert told["asked_again_by"] == "connection"
    (change,) = told["changes"]
    assert change["went_out"] and change["words"] == "connection refused"


def test_with_retry_a_request_asks_again_and_when_is_told(server: Server) -> None:
    server.fail(RETRIED)
    server.fail(RETRIED)
    told = server.member(RETRIED)
    assert told["asked_again_by"] == "request"
    assert 0 < told["asked_again_in_seconds"] <= 60.001
    assert [one["went_out"] for one in told["changes"]] == [True, True]


def test_an_error_that_nobody_has_noted_is_told_too(server: Server) -> None:
    server.inside.failed(server.slot_of(PLAIN), Machine().monotonic_us(), False)
    told = server.member(PLAIN)
    assert told["out_reason"] == "a request to it has failed"
    assert told["out_for_seconds"] < 60


def test_failed_checks_are_the_reason_and_the_next_one_is_near(server: Server) -> None:
    server.table.set_flag(server.slot_of(CHECKED), "C", True)
    assert server.member(CHECKED)["out_reason"] == "checks of its health fail"
    server.note_check(CHECKED, Reason.REFUSED)
    told = server.member(CHECKED)
    assert (told["state"], told["usable"]) == ("unhealthy", False)
    assert told["out_reason"] == "checks of its health fail: connection refused"
    assert 4 <= told["out_for_seconds"] < 60
    assert told["asked_again_by"] == "health check"
    assert told["asked_again_in_seconds"] <= 8
    (check,) = told["checks"]
    assert (check["passed"], check["words"]) == (False, "connection refused")
    assert (check["seconds_ago"] >= 2, check["took_seconds"]) == (True, 0.0015)


def test_all_reasons_are_told_and_the_one_that_outlasts_names_the_state(
    server: Server,
) -> None:
    server.fail(CHECKED)
    server.table.set_flag(server.slot_of(CHECKED), "D", True)
    told = server.member(CHECKED)
    assert (told["state"], told["asked_again_by"]) == ("disabled", None)
    assert told["out_reason"] == (
        "it was taken out of service (status D); connection refused"
    )


@rows(
    ("said", "name", "reason"),
    [
        (AgentState(is_down=True), "agent_down", "its agent says: down"),
        (
            AgentState(in_maintenance=True),
            "agent_down",
            "its agent says: maintenance",
        ),
        (AgentState(drains=True), "draining", None),
        (AgentState(percent=50), "serving", None),
    ],
)
def test_an_agent_is_heard(said: AgentState, name: str, reason: str | None) -> None:
    server = Server()
    server.table.set_agent(server.slot_of(TOLD), said)
    told = server.member(TOLD)
    assert (told["state"], told["out_reason"]) == (name, reason)
    assert told["agent"] == said.words
    assert told["asked_again_by"] == ("agent" if reason else None)


def test_outcomes_and_times_of_answers(server: Server) -> None:
    slot = server.slot_of(PLAIN)
    for _ in range(99):
        server.inside.outcome(slot, 200, 3000)
    server.inside.outcome(slot, 503, 200_000)
    server.inside.outcome(slot, 101, 70_000_000)  # a tunnel is no answer
    server.inside.outcome(slot, 0, 70_000_000)
    told = server.member(PLAIN)
    assert told["outcomes"] == {
        "none": 1,
        "1xx": 1,
        "2xx": 99,
        "3xx": 0,
        "4xx": 0,
        "5xx": 1,
    }
    assert 0.0025 < told["answer_p50_seconds"] < 0.005
    assert 0.0025 < told["answer_p99_seconds"] <= 0.005
    idle = server.member(CHECKED)
    assert idle["answer_p50_seconds"] is idle["answer_p99_seconds"] is None


TIMES = st.lists(st.integers(0, 50), min_size=16, max_size=16)


@given(TIMES, st.floats(0.01, 1.0))
def test_a_quantile_lies_between_the_bounds_of_its_requests(
    counts: list[int], share: float
) -> None:
    found = quantile_s(counts, share)
    if not sum(counts):
        assert found is None
        return
    assert found is not None
    bounds = (0.0, *BOUNDS_S, BOUNDS_S[-1])
    times = [place for place, count in enumerate(counts) for _ in range(count)]
    place = times[max(math.ceil(round(share * len(times), 6)) - 1, 0)]
    assert bounds[place] - 1e-9 <= found <= bounds[place + 1] + 1e-9


def test_requests_under_way_are_told_with_their_member(server: Server) -> None:
    slot = server.is_asked(b"GET /<b>\x1b", member=server.slot_of(PLAIN), generation=3)
    (told,) = server.document()["requests"]
    assert 2 <= told.pop("age_seconds") < 60
    assert told == {
        "worker": slot,
        "state": "waiting for the answer",
        "client": "192.0.2.7",
        "host": "two.test",
        "request": r"GET /<b>\x1b",
        "member": PLAIN,
        "sent_bytes": 900,
    }


def test_the_controller_is_no_member_that_is_told() -> None:
    section = "<Location /m>\nSetHandler metrics\n</Location>\n"
    server = Server()
    server.model = model_of(section + CONF)
    slots, balancers = claim(server.table, server.model, 3)
    server.facts = dataclasses.replace(
        server.facts, member_slots=slots, balancer_slots=balancers
    )
    hosts = [member.host for member in server.model.members]
    assert HOST in hosts
    server.is_asked(b"GET /m", member=slots[hosts.index(HOST)])
    assert HOST not in json.dumps(server.document())
    assert HOST not in json.dumps(server.document(0))


@rows("member", [-1, 99, 1 << 30, -(1 << 31)])
def test_a_member_that_nobody_knows_is_none(member: int) -> None:
    server = Server()
    server.is_asked(b"GET /", member=member)
    (told,) = server.document()["requests"]
    assert (told["member"], told["host"]) == (None, None)


def test_the_page_shows_requests_escaped(server: Server) -> None:
    server.is_asked(b"GET /<b>", member=server.slot_of(PLAIN), generation=3)
    for query in ("", "notable"):
        page = ask(server, query)[2].decode()
        section = page.partition('id="requests"')[2]
        for words in ("GET /&lt;b&gt;", "192.0.2.7", "two.test", PLAIN, "900 B"):
            assert words in section, words
        assert ("<table" in section) is (query == "")
    server.model = model_of(CONF.replace("ProxyStatus On", ""))
    assert PLAIN not in ask(server, "")[2].decode()
    assert json.loads(ask(server, "json")[2])["requests"][0]["member"] is None


def ask(server: Server, query: str, vhost: int = 0, method: str = "GET") -> Any:
    asked: Any = SimpleNamespace(
        method=method,
        query=query,
        vhost_index=vhost,
        path="/server-status",
        host_name="one.test",
        host_port=80,
        local_host="127.0.0.1",
    )
    return server_status(asked, server.table, server.model, server.facts, Machine())


def test_json_answers_with_the_document_of_the_host(server: Server) -> None:
    status, kind, body, fields = ask(server, "json")
    assert (status, kind, fields) == (200, "application/json", ())
    told = json.loads(body)
    assert [one["name"] for one in told["balancers"]] == ["pool"]
    assert ask(server, "json", method="HEAD")[0] == 200
    assert ask(server, "json", method="POST")[0] == 404
    assert ask(server, "json&refresh=7")[3] == (("Refresh", "7"),)


def test_without_proxystatus_json_tells_of_no_member() -> None:
    server = Server()
    server.model = model_of(CONF.replace("ProxyStatus On", ""))
    told = json.loads(ask(server, "json")[2])
    assert told["balancers"] == told["members"] == []
    assert told["server"]["compat"] == "better"
