"""Agents of members: what they may say, what follows, and that asking always ends."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pools import Pool, member
from rows import rows
from trees import model_of, resolve_text

from fastlb._core import Table
from fastlb.facts.agent import AgentCheck, AgentState
from fastlb.facts.member import Member
from fastlb.master import claims
from fastlb.monitor.agents import (
    LINE_BYTES_MAX,
    AgentWatch,
    NotUnderstoodError,
    Said,
    line_of,
    said_in,
    shown,
)
from fastlb.monitor.names import Line
from fastlb.names.answer import Answer, State

HOST = "127.0.0.1"

# words


@rows(
    ("line", "said"),
    [
        ("", Said()),
        ("up", Said(is_down=False)),
        ("UP", Said(is_down=False)),
        ("down", Said(is_down=True)),
        ("fail # the disk is full", Said(is_down=True)),
        ("stopped#now", Said(is_down=True)),
        ("ready", Said(admin="ready")),
        ("maint", Said(admin="maint")),
        ("drain", Said(admin="drain")),
        ("75%", Said(percent=75)),
        ("0%", Said(percent=0)),
        ("999999999%", Said(percent=25_600)),
        ("maxconn:30", Said(most=30)),
        ("MAXCONN:0", Said(most=0)),
        (
            " \t75%,maxconn:30,\tmaint , down # why up",
            Said(is_down=True, admin="maint", percent=75, most=30),
        ),
        # the last of each kind
        ("up down 10% 20% drain ready", Said(is_down=True, admin="ready", percent=20)),
        ("# up", Said()),
        ("75", Said(unknown="75")),
        ("-1%", Said(unknown="-1%")),
        ("75%%", Said(unknown="75%%")),
        ("1e9%", Said(unknown="1e9%")),
        ("9999999999%", Said(unknown="9999999999%")),
        ("maxconn:", Said(unknown="maxconn:")),
        ("maxconn:-1 up", Said(is_down=False, unknown="maxconn:-1")),
        ("upp downn", Said(unknown="upp")),
        ("\xb2%", Said(unknown="\xb2%")),
    ],
)
def test_words_of_a_line(line: str, said: Said) -> None:
    assert said_in(line) == said


@given(
    st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1"))
)
def test_whatever_is_said_something_bounded_holds(line: str) -> None:
    state = said_in(line).over(AgentState())
    assert 0 <= state.percent <= 25_600
    assert 0 <= state.most <= 1_000_000
    told = shown(line)
    assert len(told) <= 80
    assert all(" " <= one <= "~" for one in told)


@rows(
    ("lines", "state"),
    [
        (("50%", "up"), AgentState(percent=50)),
        (("down", "50%"), AgentState(is_down=True, percent=50)),
        (("down", "ready"), AgentState(is_down=True)),
        (("down", "up"), AgentState()),
        (("maint", "up"), AgentState(in_maintenance=True)),
        (("maint", "drain"), AgentState(drains=True)),
        (("drain", "ready"), AgentState()),
        (("0%", "ready"), AgentState(percent=0)),
        (("drain", "0%", "100%"), AgentState(drains=True)),
        (("maxconn:5", "up"), AgentState(most=5)),
        (("maxconn:5", "maxconn:0"), AgentState()),
        (("nonsense",), AgentState()),
    ],
)
def test_what_is_not_said_stays(lines: tuple[str, ...], state: AgentState) -> None:
    now = AgentState()
    for line in lines:
        now = said_in(line).over(now)
    assert now == state


# the table


def elected(pool: Pool, count: int = 20) -> set[int]:
    return set(pool.sequence(count))


@pytest.fixture
def pool() -> Pool:
    return Pool(member(agent=True), member())


def test_down_and_maintenance_keep_requests_away(pool: Pool) -> None:
    for state in (AgentState(is_down=True), AgentState(in_maintenance=True)):
        pool.table.set_agent(pool.slots[0], state)
        assert AgentState(*pool.table.agent(pool.slots[0])) == state
        assert elected(pool) == {1}
        assert pool.chosen(route="n0") == 1
        pool.table.set_agent(pool.slots[0], AgentState())
        assert elected(pool) == {0, 1}


@pytest.mark.parametrize("state", [AgentState(drains=True), AgentState(percent=0)])
def test_a_member_that_drains_keeps_its_sessions(pool: Pool, state: AgentState) -> None:
    pool.table.set_agent(pool.slots[0], state)
    assert elected(pool) == {1}
    # nor does it gain anything while others serve sessions of theirs
    assert pool.chosen(route="n1") == 1
    assert pool.all("lbstatus") == [0, 0]
    assert pool.chosen(route="n0") == 0
    assert "N" in pool.table.member_flags(pool.slots[0])


@rows(
    ("percent", "share"),
    [(50, 1 / 3), (10, 1 / 11), (200, 2 / 3), (100, 1 / 2), (1, 1 / 101)],
)
def test_a_share_follows(percent: int, share: float) -> None:
    pool = Pool(member(agent=True), member())
    pool.table.set_agent(pool.slots[0], AgentState(percent=percent))
    count = pool.sequence(1000).count(0)
    assert abs(count - 1000 * share) <= 2


@pytest.mark.parametrize("method", ["bybusyness", "bychoice", "byresponsetime"])
def test_a_share_holds_by_every_method(method: str) -> None:
    pool = Pool(member(agent=True), member(), lbmethod=method)
    pool.table.set_agent(pool.slots[0], AgentState(percent=10))
    worker = pool.table.claim_worker(1, 1, 0)
    busy = [0, 0]
    for count in range(110):
        drawn = count * 0x9E3779B97F4A7C15 % 2**64
        position = pool.probe.elect(0, b"", drawn)["chosen"]
        busy[position] += 1
        pool.inside.busy_add(worker, pool.slots[position])
    assert busy[0] <= 40


def test_what_is_said_outlives_a_reload_and_not_the_agent(pool: Pool) -> None:
    pool.table.set_agent(pool.slots[0], AgentState(is_down=True, most=3))
    pool.claim(0, 2)
    assert elected(pool) == {1}
    pool.claim(0, 3, agent=False)
    assert elected(pool) == {0, 1}
    pool.claim(0, 4)
    assert elected(pool) == {0, 1}


def test_without_an_agent_nothing_is_heard() -> None:
    pool = Pool(member(), member())
    pool.table.set_agent(pool.slots[0], AgentState(is_down=True, percent=1))
    assert elected(pool) == {0, 1}


def test_connections_end_with_a_member_that_goes(pool: Pool) -> None:
    before = pool.inside.epoch(pool.slots[0])
    pool.table.set_agent(pool.slots[0], AgentState(percent=50, drains=True))
    assert pool.inside.epoch(pool.slots[0]) == before
    pool.table.set_agent(pool.slots[0], AgentState(is_down=True))
    assert pool.inside.epoch(pool.slots[0]) == before + 1
    up_us = pool.member(0)["up_us"]
    pool.table.set_agent(pool.slots[0], AgentState())
    assert pool.member(0)["up_us"] > up_us


# asking

PEER = model_of("Listen 80\nServerName h\nProxyPass / http://h:1/\n").members[0]


@contextmanager
def agent(*answers: bytes, close: bool = True) -> Iterator[int]:
    """Its port; what it says to one after another."""
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            for answer in answers:
                peer, _ = server.accept()
                with peer:
                    peer.sendall(answer)
                    if not close:
                        peer.settimeout(30)
                        peer.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(30)


def asked(port: int, limit_s: float = 30.0) -> str:
    async def ask() -> str:
        loop = asyncio.get_running_loop()
        return await line_of(loop, [(HOST, port)], PEER, limit_s)

    return asyncio.run(ask())


@rows(
    ("answer", "line"),
    [
        (b"up\n", "up"),
        (b"up\r\nand more", "up"),
        (b"\n", ""),
        (b"\xff\n", "\xff"),
        (b"x" * LINE_BYTES_MAX + b"\n", "x" * LINE_BYTES_MAX),
    ],
)
def test_a_line_ends_with_its_end(answer: bytes, line: str) -> None:
    with agent(answer) as port:
        assert asked(port) == line


def test_a_line_need_not_be_followed_by_an_end() -> None:
    with agent(b"up\n", close=False) as port:
        assert asked(port) == "up"


@rows(
    ("answer", "why"),
    [
        (b"", "no whole line"),
        (b"up", "no whole line"),
        (b"x" * (LINE_BYTES_MAX + 1), "more than"),
    ],
)
def test_what_is_no_line(answer: bytes, why: str) -> None:
    with agent(answer) as port, pytest.raises(NotUnderstoodError, match=why):
        asked(port)


def test_who_is_silent_is_not_waited_for() -> None:
    with socket.create_server((HOST, 0)) as server:
        with pytest.raises(NotUnderstoodError, match="within"):
            asked(server.getsockname()[1], 0.05)
        port = server.getsockname()[1]
    with pytest.raises(NotUnderstoodError, match="refused"):
        asked(port)


# the watch

CONF = """\
Listen 80
ServerName h
<Proxy balancer://b>
BalancerMember http://127.0.0.1:9 agentinterval=1 agentcheck={0} retry=0
</Proxy>
ProxyPass / balancer://b/
"""


class Site:
    def __init__(self, place: str) -> None:
        model = model_of(CONF.format(place))
        self.member: Member = model.members[0]
        self.table = Table.create(4, 4, 4)
        self.slots, _ = claims.claim(self.table, model, 1)
        self.table.set_addresses(self.slots[0], [(HOST, 9)])
        assert self.member.agent is not None
        self.watch = AgentWatch(
            self.member,
            self.member.agent,
            self.slots[0],
            self.table,
            now_s=0.0,
            chance=lambda: 0.5,
        )

    def ask(self, resolver: object = None) -> list[Line]:
        async def attempt() -> list[Line]:
            loop = asyncio.get_running_loop()
            return await self.watch.attempt(loop, resolver)  # type: ignore[arg-type]

        return asyncio.run(attempt())

    @property
    def state(self) -> AgentState:
        return AgentState(*self.table.agent(self.slots[0]))


def test_each_change_is_one_line_with_its_words() -> None:
    answers = (b"up\n", b"down # disk\n", b"down\n", b"50% up\n", b"25%\n", b"100%\n")
    with agent(*answers) as port:
        site = Site(f"{port}")
        told = [site.ask() for _ in answers]
    url = "http://127.0.0.1:9"
    place = f"by its agent 127.0.0.1:{port}"
    assert told == [
        [],
        [Line("notice", f"FB0530: member {url}: down, {place}: down # disk")],
        [],
        [Line("notice", f"FB0530: member {url}: 50 % of its share, {place}: 50% up")],
        [Line("info", f"FB0531: member {url}: 25 % of its share, {place}: 25%")],
        [Line("info", f"FB0531: member {url}: in service, {place}: 100%")],
    ]


def test_trouble_is_told_once_and_changes_nothing() -> None:
    answers = (b"maint\n", b"", b"", b"hello\n", b"maint\n")
    with agent(*answers) as port:
        site = Site(f"127.0.0.1:{port}")
        told = [site.ask() for _ in answers]
    assert [[line.text[:6] for line in lines] for lines in told] == [
        ["FB0530"],
        ["FB0532"],
        [],
        ["FB0532"],
        ["FB0533"],
    ]
    assert "all stays as it has said (maintenance)" in told[1][0].text
    assert "it says 'hello'" in told[3][0].text
    assert site.state == AgentState(in_maintenance=True)


def test_it_is_asked_by_its_clock_and_by_one_at_a_time() -> None:
    site = Site("127.0.0.1:9")
    assert not site.watch.is_due(0.4)
    assert site.watch.is_due(0.5)
    site.watch.running = True
    assert not site.watch.is_due(100.0)


@rows(
    ("interval", "limit_s"),
    [("100ms", 1.0), ("1", 1.0), ("3", 3.0), ("60", 10.0)],
)
def test_how_long_an_answer_may_take(interval: str, limit_s: float) -> None:
    limits: list[float] = []

    async def line(*asked: object) -> str:
        limits.append(float(str(asked[-1])))
        return "up"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastlb.monitor.agents.line_of", line)
        assert Site(f"9 agentinterval={interval}").ask() == []
    assert limits == [limit_s]


def test_a_name_is_asked_for_while_it_does_not_hold() -> None:
    class Names:
        asked = 0

        async def look_up(self, host: str, known: object = ()) -> Answer:
            assert host == "agent.test"
            self.asked += 1
            return Answer(State.FOUND, (HOST,), ttl_s=3600.0)

    names = Names()
    with agent(b"drain\n", b"ready\n") as port:
        site = Site(f"agent.test:{port}")
        assert "draining" in site.ask(names)[0].text
        assert "in service" in site.ask(names)[0].text
    assert names.asked == 1


def test_while_name_servers_are_silent_it_is_asked_where_it_was() -> None:
    class Names:
        asked = 0

        async def look_up(self, host: str, known: object = ()) -> Answer:
            self.asked += 1
            if self.asked > 1:
                await asyncio.Event().wait()  # until the test ends
            return Answer(State.FOUND, (HOST,), ttl_s=0.0)

    names = Names()
    with agent(b"drain\n", b"ready\n") as port:
        site = Site(f"agent.test:{port}")
        assert "draining" in site.ask(names)[0].text
        assert "in service" in site.ask(names)[0].text
    assert names.asked == 2


# the configuration


@rows(
    ("written", "place"),
    [
        ("9000", AgentCheck("", 9000, 2000)),
        (":9000", AgentCheck("", 9000, 2000)),
        ("10.0.0.1:9000", AgentCheck("10.0.0.1", 9000, 2000)),
        ("[::1]:9000", AgentCheck("::1", 9000, 2000)),
        ("agents.test:1", AgentCheck("agents.test", 1, 2000)),
        ("1 agentinterval=500ms", AgentCheck("", 1, 500)),
    ],
)
def test_where_an_agent_is(written: str, place: AgentCheck) -> None:
    text = CONF.replace("agentinterval=1 ", "").format(written)
    assert model_of(text).members[0].agent == place


@rows("written", ["", "x", "h:0", "h:65536", "h:", "h:x", "a/b:1", "[::1", "::1:9"])
def test_where_no_agent_can_be(written: str) -> None:
    model, found = resolve_text(CONF.format(written))
    assert model is None
    assert any("agentcheck must be host:port" in one.text for one in found)


def test_what_has_no_effect_is_told() -> None:
    text = CONF.replace(" agentcheck={0}", "")
    assert any("no agentcheck= is written" in one.text for one in resolve_text(text)[1])
    direct = "Listen 80\nServerName h\nProxyPass / http://h:1/ agentcheck=9\n"
    found = [one.text for one in resolve_text(direct)[1]]
    assert any("agentcheck= has no effect" in one for one in found)
