"""The monitor: when a member is tried, and what brings it back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows
from trees import model_of

from fastlb._core import Table
from fastlb.facts.member import Member
from fastlb.facts.words import Compat
from fastlb.master import claims
from fastlb.monitor.heritage import MonitorHeritage
from fastlb.monitor.monitor import LOOK_UPS_AT_ONCE, STAPLES_AT_ONCE, Monitor
from fastlb.monitor.names import Name, names_of
from fastlb.monitor.probe import CONNECT_TIMEOUT_S, Attempts, Probe
from fastlb.monitor.schedule import LEFT_MAX, Schedule
from fastlb.monitor.stapling import StapleWatch
from fastlb.monitor.verdict import (
    DELAY_MAX_S,
    DELAY_MIN_S,
    NAME_DELAY_MAX_S,
    name_delay_s,
    probe_delay_s,
)
from fastlb.names.answer import Answer, State

CONF = """\
Listen 80
<Proxy balancer://b>
    BalancerMember http://{host}:{port} {params}
</Proxy>
ProxyPass / balancer://b/
"""


class OneSlot:
    """A table with one member."""

    def __init__(self, addresses: Sequence[tuple[str, int]] = ()) -> None:
        self.flags = ""
        self.known = list(addresses)
        self.probe_clears = True
        self.renewal = 0

    def wants_probe(self, _slot: int) -> bool:
        return "E" in self.flags and self.probe_clears

    def member_flags(self, _slot: int) -> str:
        return self.flags

    def mark_up(self, _slot: int, _cause: int = 0) -> bool:
        was_out = "E" in self.flags
        self.flags = self.flags.replace("E", "")
        return was_out

    def addresses(self, _slot: int) -> list[tuple[str, int]]:
        return self.known

    def set_addresses(self, _slot: int, new: Sequence[tuple[str, int]]) -> bool:
        moves = bool(self.known) and set(self.known) != set(new)
        self.known = list(new)
        return moves

    def set_renewal(self, _slot: int, at_us: int) -> None:
        self.renewal = at_us

    def renewal_us(self, _slot: int) -> int:
        return self.renewal


def member(host: str = "127.0.0.1", port: int = 9, params: str = "") -> Member:
    (only,) = model_of(CONF.format(host=host, port=port, params=params)).members
    return only


def probe_of(one: Member, table: OneSlot) -> Probe:
    return Probe(one, 0, cast(Table, table))


# when


@pytest.mark.parametrize(
    ("down_for_s", "delay_s"),
    [(0, 0.25), (4, 0.25), (8, 0.5), (12, 0.75), (16, 0.75), (100_000, 0.75)],
)
def test_the_wait_is_a_sixteenth_of_the_absence(
    down_for_s: float, delay_s: float
) -> None:
    assert probe_delay_s(down_for_s) == delay_s


@given(st.floats(0, 1e9))
def test_the_wait_keeps_its_bounds(down_for_s: float) -> None:
    assert DELAY_MIN_S <= probe_delay_s(down_for_s) <= DELAY_MAX_S


@given(st.integers(0, 10_000))
def test_names_are_tried_for_ever_within_bounds(attempts: int) -> None:
    assert 0.5 <= name_delay_s(attempts) <= NAME_DELAY_MAX_S


def test_a_member_in_service_is_left_alone() -> None:
    probe = probe_of(member(), OneSlot())
    assert not probe.is_due(0.0)
    assert not probe.is_due(1000.0)


def test_a_member_in_error_is_tried_a_quarter_of_a_second_later() -> None:
    table = OneSlot()
    probe = probe_of(member(), table)
    table.flags = "E"
    assert not probe.is_due(100.0)
    assert not probe.is_due(100.2)
    assert probe.is_due(100.25)


def test_an_error_that_a_connection_does_not_disprove_is_left_to_retry() -> None:
    table = OneSlot()
    table.flags = "E"
    table.probe_clears = False
    probe = probe_of(member(), table)
    assert not probe.is_due(0.0)
    assert not probe.is_due(1000.0)


def test_a_new_absence_begins_anew() -> None:
    table = OneSlot()
    probe = probe_of(member(), table)
    table.flags = "E"
    probe.is_due(0.0)
    table.flags = ""
    assert not probe.is_due(500.0)
    table.flags = "E"
    assert not probe.is_due(1000.0)
    assert probe.is_due(1000.25)


# what happens


def attempt(probe: Probe) -> bool:
    """Try the member once, as the monitor does; True when it is marked up."""

    async def work() -> bool:
        loop = asyncio.get_running_loop()
        probe.is_due(loop.time())
        ended: asyncio.Future[bool] = loop.create_future()
        attempts = Attempts(
            loop, lambda one, reached: ended.set_result(one.end(reached, loop.time()))
        )
        attempts.begin(probe)
        while not ended.done():
            assert probe.running
            await asyncio.sleep(0.01)
            attempts.end_overdue(loop.time())
        await asyncio.sleep(0)  # a task has ended before it is taken off
        assert len(attempts) == 0
        attempts.close()
        return ended.result()

    return asyncio.run(work())


def test_a_member_that_takes_a_connection_is_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = int(sock.getsockname()[1])
        table = OneSlot([("127.0.0.1", port)])
        table.flags = "E"
        assert attempt(probe_of(member(port=port), table))
    assert table.flags == ""


@pytest.mark.parametrize(
    ("said", "back"),
    [
        (b"AB\x00\x01\x09", True),
        (b"AB\x00\x01\x05", False),
        (b"AB", False),
        (b"", False),
    ],
)
def test_a_member_at_ajp_must_answer_a_ping(said: bytes, back: bool) -> None:
    heard: list[bytes] = []

    def answer(sock: socket.socket) -> None:
        peer, _ = sock.accept()
        with peer:
            heard.append(peer.recv(5))
            peer.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as sock:
        thread = threading.Thread(target=answer, args=(sock,))
        thread.start()
        port = int(sock.getsockname()[1])
        table = OneSlot([("127.0.0.1", port)])
        table.flags = "E"
        one = replace(member(port=port), scheme="ajp")
        assert attempt(probe_of(one, table)) is back
        thread.join(10)
    assert heard == [b"\x124\x00\x01\x0a"]


@pytest.mark.parametrize(
    ("version", "header"),
    [(1, b"PROXY UNKNOWN\r\n"), (2, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")],
)
def test_a_member_that_waits_for_a_proxy_header_gets_one(
    version: int, header: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = int(sock.getsockname()[1])
        table = OneSlot([("127.0.0.1", port)])
        table.flags = "E"
        one = replace(member(port=port), proxy_protocol=version)
        assert attempt(probe_of(one, table))
        sock.settimeout(10)
        connection, _ = sock.accept()
        with connection:
            connection.settimeout(10)
            assert connection.recv(100) == header


def test_a_member_that_refuses_stays_out_and_is_tried_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = int(sock.getsockname()[1])
    table = OneSlot([("127.0.0.1", port)])
    table.flags = "E"
    probe = probe_of(member(port=port), table)
    assert not attempt(probe)
    assert table.flags == "E"
    assert not probe.running
    assert probe.due_s > 0


def test_one_address_that_answers_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = int(sock.getsockname()[1])
        table = OneSlot([("127.0.0.2", port), ("127.0.0.1", port)])
        table.flags = "E"
        assert attempt(probe_of(member(port=port), table))


def test_who_says_nothing_is_given_up_and_the_next_address_tried() -> None:
    with socket.socket() as full, socket.create_server(("127.0.0.1", 0)) as sock:
        full.bind(("127.0.0.2", 0))
        full.listen(0)
        silent = full.getsockname()
        fillers = [socket.socket() for _ in range(3)]
        for one in fillers:
            one.setblocking(False)
            one.connect_ex(silent)
        table = OneSlot([silent, silent])
        table.flags = "E"
        probe = probe_of(member(params="connectiontimeout=100ms"), table)
        assert not attempt(probe)
        table.known.append(("127.0.0.1", int(sock.getsockname()[1])))
        assert attempt(probe)
        for one in fillers:
            one.close()


@contextlib.contextmanager
def swallowing() -> Iterator[socket.socket]:
    """A listening socket whose queue is full: the kernel drops what asks for more, and
    sends it again after a second."""
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        full.settimeout(10)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        yield full


def sockets() -> set[str]:
    """That this process has open."""
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(f"/proc/self/fd/{fd}"))
    return {name for name in found if name.startswith("socket:")}


def test_what_was_swallowed_is_asked_anew_before_the_kernel_does() -> None:
    async def work(full: socket.socket) -> float:
        loop = asyncio.get_running_loop()
        taken: asyncio.Future[bool] = loop.create_future()
        attempts = Attempts(loop, lambda _, reached: taken.set_result(reached))
        attempts.begin(probe_of(member(), OneSlot([full.getsockname()])))
        began_s = loop.time()
        full.accept()[0].close()
        attempts.end_overdue(began_s + DELAY_MAX_S / 2)
        assert len(attempts) == 1
        attempts.end_overdue(began_s + DELAY_MAX_S)
        assert await taken
        took_s = loop.time() - began_s
        assert len(attempts) == 0
        attempts.close()
        return took_s

    for _ in range(3):  # whoever is held up for a second tries once more
        before = sockets()
        with swallowing() as full:
            took_s = asyncio.run(work(full))
        assert sockets() == before
        if took_s < 0.9:
            return
    pytest.fail(f"taken after {took_s:.2f} s")


def test_who_stays_silent_is_asked_by_two_sockets_at_most() -> None:
    """The first goes on to the end: a member may be far away."""

    async def work(full: socket.socket) -> list[set[str]]:
        loop = asyncio.get_running_loop()
        told: list[bool] = []
        attempts = Attempts(loop, lambda _, reached: told.append(reached))
        before, seen = sockets(), []
        attempts.begin(probe_of(member(), OneSlot([full.getsockname()])))
        began_s = loop.time()
        for n in range(6):
            attempts.end_overdue(began_s + n * (DELAY_MAX_S + 0.01))
            assert (len(attempts), told) == (1, [])
            seen.append(sockets() - before)
        attempts.end_overdue(began_s + CONNECT_TIMEOUT_S + 1)
        assert (len(attempts), told, sockets()) == (0, [False], before)
        attempts.close()
        return seen

    with swallowing() as full:
        first, *others = asyncio.run(work(full))
    assert len(first) == 1
    fresh = [one - first for one in others]
    assert [len(one) for one in fresh] == [1] * 5
    assert all(one >= first for one in others)
    assert all(one != another for one, another in pairwise(fresh))


def test_many_are_tried_at_once_and_each_is_told_of_once() -> None:
    """Some listen, some refuse, some say nothing."""

    async def work(probes: Sequence[Probe]) -> list[tuple[int, bool]]:
        loop = asyncio.get_running_loop()
        told: list[tuple[int, bool]] = []
        attempts = Attempts(loop, lambda one, reached: told.append((one.slot, reached)))
        for probe in probes:
            attempts.begin(probe)
        while len(told) < len(probes):
            await asyncio.sleep(0.01)
            attempts.end_overdue(loop.time())
        attempts.close()
        return told

    with socket.create_server(("127.0.0.1", 0), backlog=256) as sock:
        port = int(sock.getsockname()[1])
        places = [(f"127.0.{n % 2}.1", port) for n in range(100)]
        probes = [
            Probe(member(), slot, cast(Table, OneSlot([place])))
            for slot, place in enumerate(places)
        ]
        told = asyncio.run(work(probes))
    assert sorted(told) == [(slot, slot % 2 == 0) for slot in range(100)]


def test_a_member_without_an_address_stays_out() -> None:
    table = OneSlot()
    table.flags = "E"
    assert not attempt(probe_of(member("nowhere.invalid"), table))


# names


class Knows:
    """A resolver that says what a test wants, and the time of it."""

    def __init__(self) -> None:
        self.answer = UNKNOWN
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.now_s = 0.0

    def time(self) -> float:
        return self.now_s

    async def look_up(self, host: str, known: Sequence[str] = ()) -> Answer:
        self.asked.append((host, tuple(known)))
        return self.answer


def name_of(one: Member, table: OneSlot, compat: Compat = Compat.BETTER) -> Name:
    (name,) = names_of([(one, 0)], compat, cast(Table, table), 0.0)
    return name


def attempt_at(name: Name, knows: Knows, now_s: float, answer: Answer) -> list[str]:
    """Numbers and levels of what is said."""
    assert name.is_due(now_s)
    knows.now_s = now_s
    knows.answer = answer
    lines = asyncio.run(name.attempt(knows, knows))
    assert not name.running
    return [f"{line.text[:6]} {line.level}" for line in lines]


UNKNOWN = Answer(State.UNKNOWN, why="no such name")
SILENT = Answer(State.SILENT, why="192.0.2.53: timed out")


def at(*addresses: str, ttl_s: float = 30) -> Answer:
    return Answer(State.FOUND, addresses, ttl_s)


def test_a_name_that_was_not_known_is_tried_until_it_is() -> None:
    table, knows = OneSlot(), Knows()
    table.flags = "E"
    name = name_of(member("later.test", 8080), table)
    assert not name.is_due(0.4)
    assert attempt_at(name, knows, 0.5, UNKNOWN) == []
    assert not name.is_due(1.4)
    assert attempt_at(name, knows, 1.5, SILENT) == []
    found = at("192.0.2.1", "2001:db8::1", ttl_s=7)
    assert attempt_at(name, knows, 9, found) == ["FB0503 notice", "FB0504 info"]
    assert table.known == [("192.0.2.1", 8080), ("2001:db8::1", 8080)]
    assert table.flags == ""
    assert not name.is_due(15.9)
    assert name.is_due(16)


@pytest.mark.parametrize(
    ("params", "compat", "due_s"),
    [
        ("", Compat.BETTER, 7),
        ("", Compat.APACHE, None),
        ("addressttl=20", Compat.BETTER, 20),
        ("addressttl=20", Compat.APACHE, 20),
        ("addressttl=3", Compat.BETTER, 3),
        ("addressttl=0", Compat.BETTER, 1),
        ("addressttl=-1", Compat.BETTER, None),
        ("disablereuse=On", Compat.BETTER, 1),
        ("disablereuse=On addressttl=9", Compat.APACHE, 1),
    ],
)
def test_when_a_known_name_is_asked_for_again(
    params: str, compat: Compat, due_s: float | None
) -> None:
    table, knows = OneSlot([("192.0.2.1", 80)]), Knows()
    name = name_of(member("known.test", 80, params), table, compat)
    if due_s is None:
        assert not name.is_due(1e9)
        return
    assert attempt_at(name, knows, 0, at("192.0.2.1", ttl_s=7)) == []
    assert not name.is_due(due_s - 0.1)
    assert name.is_due(due_s)
    assert table.renewal == due_s * 1e6


def test_whoever_comes_later_goes_on_from_the_table() -> None:
    table = OneSlot([("192.0.2.1", 80)])
    table.renewal = 41_000_000
    name = name_of(member("known.test"), table)
    assert not name.is_due(40.9)
    assert name.is_due(41)


def test_addresses_that_change_are_published_and_tried_at_once() -> None:
    table, knows = OneSlot([("192.0.2.1", 80)]), Knows()
    table.flags = "E"
    name = name_of(member("known.test", 80), table)
    assert attempt_at(name, knows, 0, at("192.0.2.9")) == [
        *("FB0503 notice", "FB0507 notice"),
    ]
    assert knows.asked == [("known.test", ("192.0.2.1",))]
    assert table.known == [("192.0.2.9", 80)]
    assert table.flags == ""


def test_the_same_address_does_not_bring_a_member_back() -> None:
    table, knows = OneSlot([("192.0.2.1", 80)]), Knows()
    table.flags = "E"
    name = name_of(member("known.test", 80), table)
    assert attempt_at(name, knows, 0, at("192.0.2.1")) == []
    assert table.flags == "E"
    # and one in error is asked for sooner
    assert not name.is_due(4.9)
    assert name.is_due(5)


def test_what_nobody_can_say_keeps_the_last_addresses_and_is_told_once() -> None:
    table, knows = OneSlot([("192.0.2.1", 80)]), Knows()
    name = name_of(member("known.test", 80), table)
    assert attempt_at(name, knows, 0, at("192.0.2.1", ttl_s=4)) == []
    said = [
        attempt_at(name, knows, now_s, answer)
        for now_s, answer in (
            *((4, SILENT), (8, SILENT), (12, SILENT)),
            *((16, UNKNOWN), (20, UNKNOWN), (24, at("192.0.2.1"))),
        )
    ]
    told, not_told = ["FB0508 warn"], list[str]()
    assert said == [told, not_told, not_told, told, not_told, ["FB0509 notice"]]
    assert table.known == [("192.0.2.1", 80)]


@given(
    st.lists(
        st.one_of(
            st.just(SILENT),
            st.just(UNKNOWN),
            st.builds(
                lambda n, ttl_s: at(f"192.0.2.{n}", ttl_s=ttl_s),
                st.integers(1, 3),
                st.floats(1, 3600),
            ),
        ),
        max_size=20,
    )
)
def test_a_name_is_asked_for_for_ever_and_never_without_a_pause(
    answers: list[Answer],
) -> None:
    """Whatever is said: an address that was known stays until there is another."""
    table, knows = OneSlot(), Knows()
    name = name_of(member("any.test", 80), table)
    now_s = 0.5
    last: list[tuple[str, int]] = []
    for answer in answers:
        attempt_at(name, knows, now_s, answer)
        if answer.state is State.FOUND:
            last = [(answer.addresses[0], 80)]
        assert table.known == last
        assert now_s + 1 <= name.due_s <= now_s + 3600
        now_s = name.due_s


class Faulty(OneSlot):
    def set_addresses(self, _slot: int, new: Sequence[tuple[str, int]]) -> bool:
        raise ValueError("a fault of ours")


@pytest.mark.parametrize("params", ["", "addressttl=-1", "addressttl=1"])
@pytest.mark.parametrize("known", [[], [("192.0.2.1", 80)]])
def test_a_fault_does_not_ask_with_every_turn(
    params: str, known: list[tuple[str, int]]
) -> None:
    table, knows = Faulty(known), Knows()
    name = name_of(member("any.test", 80, params), table)
    now_s = 0.5
    for _ in range(5):
        if not name.is_due(now_s):
            assert known, "it is never asked for again"
            return
        knows.now_s, knows.answer = now_s, at("192.0.2.9")
        with pytest.raises(ValueError, match="a fault of ours"):
            asyncio.run(name.attempt(knows, knows))
        assert not name.running
        assert name.due_s >= now_s + 1
        assert not name.is_due(now_s + 0.9)
        now_s = name.due_s


class Timed:
    """A watch that is due by its time alone, while it wants to be."""

    def __init__(self, due_s: float = 0.0) -> None:
        self.due_s = due_s
        self.wants = True

    def is_due(self, now_s: float) -> bool:
        return self.wants and now_s >= self.due_s


def test_whoever_takes_long_and_is_soon_due_again_leaves_room() -> None:
    schedule = Schedule(Timed() for _ in range(12))
    taken = set()
    for now_s in range(3):
        for watch in schedule.due(now_s, 4):
            watch.due_s = now_s + 0.5
            schedule.look(watch, now_s)
            taken.add(watch)
    assert len(taken) == 12


def test_who_is_not_due_at_its_time_is_asked_again_when_its_member_changes() -> None:
    one, other = Timed(5.0), Timed(6.0)
    one.wants = False
    schedule = Schedule([one, other], {3: one, 4: other})
    assert schedule.due(5.5, 9) == []
    one.wants = True
    assert schedule.due(5.6, 9) == []
    schedule.look_at(7, 5.6)
    schedule.look_at(3, 5.6)
    assert schedule.due(5.6, 9) == [one]
    assert schedule.due(5.7, 9) == [], "it is under way"


def test_who_is_due_sooner_than_it_was_is_found_once() -> None:
    one = Timed(100.0)
    schedule = Schedule([one], {0: one})
    for due_s in (50.0, 9.0, 9.0, 50.0, 8.0):
        one.due_s = due_s
        schedule.look_at(0, 1.0)
    assert schedule.due(7.9, 9) == []
    assert schedule.due(1000.0, 9) == [one]
    assert schedule.due(1000.0, 9) == []


def test_a_schedule_keeps_no_more_than_its_watches() -> None:
    watches = [Timed(n) for n in range(10)]
    schedule = Schedule(watches)
    for n in range(10_000):
        watches[n % 10].due_s = 100_000 - n
        schedule.look(watches[n % 10], 1.0)
        assert len(schedule._heap) <= 2 * len(watches) + LEFT_MAX + 1
    assert set(schedule.due(100_000, 99)) == set(watches)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30)), max_size=60))
def test_a_schedule_finds_what_looking_at_all_would_find(
    steps: list[tuple[int, int]],
) -> None:
    """Each step gives one watch another time; then the clock goes on by one."""
    watches = [Timed(n) for n in range(5)]
    schedule = Schedule(watches)
    under_way: set[Timed] = set()
    for now_s, (n, due_s) in enumerate(steps):
        watches[n].due_s = due_s
        under_way.discard(watches[n])
        schedule.look(watches[n], now_s)
        wanted = [one for one in watches if one not in under_way and one.is_due(now_s)]
        found = schedule.due(now_s, 9)
        assert set(found) == set(wanted)
        assert len(found) == len(wanted)
        assert [one.due_s for one in found] == sorted(one.due_s for one in found)
        under_way.update(found)


def test_members_of_one_name_are_asked_for_once() -> None:
    slots = [
        (member("a.test", 80), 0),
        (member("a.test", 81), 1),
        (member("a.test", 82, "addressttl=5"), 2),
        (member("192.0.2.1"), 3),
        (member("b.test"), 4),
    ]
    table = cast(Table, OneSlot([("192.0.2.1", 80)]))
    found = names_of(slots, Compat.BETTER, table, 0.0)
    assert [name.host for name in found] == ["a.test", "a.test", "b.test"]


def put_in_error(table: Table, slots: Sequence[int]) -> None:
    """By connections that were refused."""
    worker = table.claim_worker(os.getpid(), 0, 0)
    for slot in slots:
        told = table.snapshot_member(slot)
        flags = f"{told['flags']}E"
        table.learn(slot, worker, {**told, "flags": flags, "probe_clears": True})
        assert table.wants_probe(slot)


def test_members_are_probed_while_others_are_silent() -> None:
    """However many names and responders are waited for: they take no probe's place."""
    lines = "".join(f"ProxyPass /{n}/ http://n{n}.test/\n" for n in range(100))
    model = model_of(f"Listen 80\n{lines}ProxyPass / http://127.0.0.1:9/\n")
    table = Table.create(1, 128, 1)
    slots, _ = claims.claim(table, model, 0)
    put_in_error(table, slots[-1:])
    heritage = MonitorHeritage(
        model=model,
        table=table,
        member_slots=tuple(slots),
        probed=frozenset((len(model.members) - 1,)),
        error_fds=(),
    )

    class Silent(Knows):
        async def look_up(self, host: str, known: Sequence[str] = ()) -> Answer:
            await asyncio.Event().wait()
            return UNKNOWN

    class SilentStaple:
        due_s = 0.0
        running = False

        def is_due(self, _now_s: float) -> bool:
            return not self.running

        async def attempt(self, _loop: object) -> None:
            self.running = True
            await asyncio.Event().wait()

    async def work() -> int:
        loop = asyncio.get_running_loop()
        monitor = Monitor(heritage, loop)
        monitor.resolver = Silent()
        staples = [SilentStaple() for _ in range(100)]
        monitor.staples = Schedule(cast(list[StapleWatch], staples))
        tried: list[bool] = []
        monitor._attempts = Attempts(loop, lambda _, reached: tried.append(reached))
        monitor.turn()
        await asyncio.sleep(0)
        assert sum(one.running for one in staples) == STAPLES_AT_ONCE
        ends_s = loop.time() + 20
        while loop.time() < ends_s and not (
            tried and len(monitor._look_ups) == LOOK_UPS_AT_ONCE
        ):
            await asyncio.sleep(0.01)
        assert tried, "it was not tried"
        waiting = len(monitor._look_ups)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        return waiting

    assert asyncio.run(work()) == LOOK_UPS_AT_ONCE


@rows(
    ("text", "kept"),
    [
        ("", True),
        ("StatisticsHistory On", True),
        ("StatisticsHistory Off", False),
        ("ExtendedStatus Off", False),
    ],
)
def test_the_history_is_kept_unless_somebody_says_no(text: str, kept: bool) -> None:
    model = model_of(f"Listen 80\n{text}\nProxyPass / http://127.0.0.1:9/\n")
    heritage = MonitorHeritage(
        model=model,
        table=cast(Table, OneSlot()),
        member_slots=(0,),
        probed=frozenset(),
        error_fds=(),
    )
    assert heritage.keeps_history is kept


def test_the_monitor_looks_behind_the_end_of_each_second() -> None:
    model = model_of("Listen 80\nProxyPass / http://127.0.0.1:9/\n")
    table = Table.create(1, 1, 1)
    slots, _ = claims.claim(table, model, 0)
    heritage = MonitorHeritage(
        model=model,
        table=table,
        member_slots=tuple(slots),
        probed=frozenset(),
        error_fds=(),
    )

    async def work() -> None:
        loop = asyncio.get_running_loop()
        Monitor(heritage, loop).keep_history()
        ends_s = loop.time() + 20
        while not any((table.history(slots[0], 0) or (0, b""))[1]):
            assert loop.time() < ends_s
            await asyncio.sleep(0.01)

    asyncio.run(work())


def test_members_that_say_nothing_keep_no_other_waiting() -> None:
    """However long each of them is waited for."""
    silent_count = 400
    lines = "".join(
        f"ProxyPass /{n}/ http://127.0.0.1:{n + 10}/\n" for n in range(silent_count)
    )
    model = model_of(f"Listen 80\n{lines}ProxyPass / http://127.0.0.1:9/\n")

    table = Table.create(1, 512, 1)
    slots, _ = claims.claim(table, model, 0)
    put_in_error(table, slots)
    heritage = MonitorHeritage(
        model=model,
        table=table,
        member_slots=tuple(slots),
        probed=frozenset(range(silent_count + 1)),
        error_fds=(),
    )

    async def work() -> int:
        loop = asyncio.get_running_loop()
        monitor = Monitor(heritage, loop)
        monitor.turn()
        ends_s = loop.time() + 30
        while table.wants_probe(slots[-1]) and loop.time() < ends_s:
            await asyncio.sleep(0.01)
        assert not table.wants_probe(slots[-1])
        running = len(monitor._attempts)
        monitor._attempts.close()
        return running

    with swallowing() as full, socket.create_server(("127.0.0.1", 0)) as sock:
        for slot in slots[:-1]:
            table.set_addresses(slot, [full.getsockname()])
        table.set_addresses(slots[-1], [sock.getsockname()])
        assert asyncio.run(work()) == silent_count
