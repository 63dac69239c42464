"""The monitor: when a member is tried, and what brings it back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import model_of

from fastlb._core import Table
from fastlb.facts.member import Member
from fastlb.monitor import names
from fastlb.monitor.names import Name
from fastlb.monitor.probe import Probe
from fastlb.monitor.verdict import (
    DELAY_MAX_S,
    DELAY_MIN_S,
    name_delay_s,
    probe_delay_s,
)

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

    def snapshot_member(self, _slot: int) -> dict[str, object]:
        return {"probe_clears": self.probe_clears}

    def member_flags(self, _slot: int) -> str:
        return self.flags

    def mark_up(self, _slot: int) -> bool:
        was_out = "E" in self.flags
        self.flags = self.flags.replace("E", "")
        return was_out

    def addresses(self, _slot: int) -> list[tuple[str, int]]:
        return self.known

    def set_addresses(self, _slot: int, new: Sequence[tuple[str, int]]) -> None:
        self.known = list(new)


def member(host: str = "127.0.0.1", port: int = 9, params: str = "") -> Member:
    (only,) = model_of(CONF.format(host=host, port=port, params=params)).members
    return only


def probe_of(one: Member, table: OneSlot) -> Probe:
    return Probe(one, 0, cast(Table, table))


# when


@pytest.mark.parametrize(
    ("down_for_s", "delay_s"),
    [(0, 0.25), (4, 0.25), (8, 0.5), (16, 1.0), (960, 60.0), (100_000, 60.0)],
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
    assert 0.5 <= name_delay_s(attempts) <= DELAY_MAX_S


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


@pytest.mark.parametrize("flags", ["DE", "SE"])
def test_what_the_operator_keeps_out_is_not_tried(flags: str) -> None:
    table = OneSlot()
    table.flags = flags
    probe = probe_of(member(), table)
    assert not probe.is_due(0.0)
    assert not probe.is_due(1000.0)


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
    async def work() -> bool:
        loop = asyncio.get_running_loop()
        probe.is_due(loop.time())
        return await probe.attempt(loop)

    return asyncio.run(work())


def test_a_member_that_takes_a_connection_is_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = int(sock.getsockname()[1])
        table = OneSlot([("127.0.0.1", port)])
        table.flags = "E"
        assert attempt(probe_of(member(port=port), table))
    assert table.flags == ""


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


def test_a_member_without_an_address_stays_out() -> None:
    table = OneSlot()
    table.flags = "E"
    assert not attempt(probe_of(member("nowhere.invalid"), table))


# names


def name_of(one: Member, table: OneSlot) -> Name:
    return Name(one, 0, cast(Table, table), 0.0)


def look_up_once(name: Name, found: list[str], monkeypatch: pytest.MonkeyPatch) -> bool:
    async def look_up(_loop: object, _host: str) -> list[str]:
        return found

    async def work() -> bool:
        return await name.attempt(asyncio.get_running_loop())

    monkeypatch.setattr(names, "look_up", look_up)
    return asyncio.run(work())


def test_a_name_that_was_not_known_is_tried_until_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = OneSlot()
    name = name_of(member("later.test", 8080), table)
    assert not name.is_due(0.4)
    assert name.is_due(0.5)
    assert not look_up_once(name, [], monkeypatch)
    assert look_up_once(name, ["192.0.2.1", "2001:db8::1"], monkeypatch)
    assert table.known == [("192.0.2.1", 8080), ("2001:db8::1", 8080)]
    assert not name.is_due(1e9)


def test_a_known_name_is_looked_up_again_only_with_addressttl() -> None:
    table = OneSlot([("192.0.2.1", 80)])
    assert not name_of(member("known.test"), table).is_due(1e9)


def test_addresses_that_change_are_published(monkeypatch: pytest.MonkeyPatch) -> None:
    table = OneSlot([("192.0.2.1", 80)])
    name = name_of(member("known.test", 80, "addressttl=30"), table)
    assert not name.is_due(29.0)
    assert name.is_due(30.0)
    assert not look_up_once(name, ["192.0.2.9"], monkeypatch)
    assert table.known == [("192.0.2.9", 80)]


def test_a_name_that_vanishes_keeps_its_last_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = OneSlot([("192.0.2.1", 80)])
    name = name_of(member("known.test", 80, "addressttl=30"), table)
    assert not look_up_once(name, [], monkeypatch)
    assert table.known == [("192.0.2.1", 80)]
