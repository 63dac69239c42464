"""Members that refuse connections: asked again and again, until they do not."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Iterator

import pytest
from test_monitor import put_in_error
from trees import model_of

from fastlb._core import Knocks, Looks, Table
from fastlb.master import claims
from fastlb.monitor.heritage import MonitorHeritage
from fastlb.monitor.monitor import Monitor

LEAST_US = 250_000
MOST_US = 750_000
SINCE_US = 5_000_000
MEMBERS = 4

Addresses = list[tuple[str, int]]


class Site:
    """Members in error, at addresses where nobody listens, and who asks them."""

    def __init__(self) -> None:
        lines = "".join(f"ProxyPass /{n}/ http://h{n}.test/\n" for n in range(MEMBERS))
        self.model = model_of(f"Listen 80\n{lines}")
        self.table = Table.create(1, MEMBERS, 1)
        self.slots, _ = claims.claim(self.table, self.model, 0)
        self.knocks = Knocks(self.table, least_us=LEAST_US, most_us=MOST_US, share=16)
        with socket.create_server(("127.0.0.1", 0)) as sock:
            self.port = int(sock.getsockname()[1])
        put_in_error(self.table, self.slots)
        for slot in self.slots:
            self.move(slot, [("127.0.0.1", self.port)])

    def move(self, slot: int, addresses: Addresses) -> None:
        self.table.set_addresses(slot, addresses)

    def add(self, count: int = MEMBERS, due_us: int = SINCE_US) -> None:
        for slot in self.slots[:count]:
            self.knocks.add(slot, SINCE_US, due_us)

    def turn(self, now_us: int, room: int = 100) -> list[tuple[int, int, int]]:
        """Those that do not refuse: slot, place and number; closed at once."""
        found = []
        for slot, fd, nth, number in self.knocks.turn(now_us, room):
            if fd >= 0:
                os.close(fd)
            assert (fd >= 0) == (number >= 0)
            found.append((slot, nth, number))
        return found

    def listen(self, host: str = "127.0.0.1") -> socket.socket:
        return socket.create_server((host, self.port))


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.table.close()


def test_who_refuses_is_asked_again_and_who_does_not_is_told_of_once(
    site: Site,
) -> None:
    site.add()
    assert site.turn(SINCE_US) == []
    assert site.knocks.waiting() == MEMBERS
    with site.listen():
        later_us = SINCE_US + LEAST_US
        assert site.turn(later_us - 1) == []
        assert site.turn(later_us) == [(slot, 0, 0) for slot in site.slots]
        assert site.knocks.waiting() == 0
        assert site.turn(later_us + MOST_US) == []


@pytest.mark.parametrize(
    ("out_us", "delay_us"),
    [(0, LEAST_US), (8_000_000, 500_000), (10**12, MOST_US)],
)
def test_the_wait_is_a_share_of_the_absence(
    site: Site, out_us: int, delay_us: int
) -> None:
    site.add(1)
    now_us = SINCE_US + out_us
    assert site.turn(now_us) == []
    with site.listen():
        assert site.turn(now_us + delay_us - 1) == []
        assert site.turn(now_us + delay_us) == [(site.slots[0], 0, 0)]


def test_who_is_not_in_error_any_more_is_not_asked(site: Site) -> None:
    site.add(3)
    first, second, third = site.slots[:3]
    site.table.mark_up(first)
    site.table.set_flag(second, "D", True)
    assert site.turn(SINCE_US) == [(first, 0, -1), (second, 0, -1)]
    with site.listen():
        assert site.turn(SINCE_US + MOST_US) == [(third, 0, 0)]


def test_one_address_that_takes_a_connection_is_enough(site: Site) -> None:
    site.add(1)
    here = ("127.0.0.1", site.port)
    site.move(site.slots[0], [("127.0.0.2", site.port), ("::1", site.port), here])
    with site.listen():
        assert site.turn(SINCE_US) == [(site.slots[0], 2, 0)]


def test_without_an_address_it_is_as_if_it_refused(site: Site) -> None:
    site.add(1)
    site.move(site.slots[0], [])
    assert site.turn(SINCE_US) == []
    site.move(site.slots[0], [("127.0.0.1", site.port)])
    with site.listen():
        assert site.turn(SINCE_US + MOST_US) == [(site.slots[0], 0, 0)]


def test_of_who_says_nothing_the_connection_is_handed_over(site: Site) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.2", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for one in fillers:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        site.move(site.slots[0], [full.getsockname()])
        site.add(2)
        ((slot, fd, nth, number),) = site.knocks.turn(SINCE_US, 100)
        assert (slot, nth, number) == (site.slots[0], 0, errno.EALREADY)
        # The others are asked with another one.
        assert site.turn(SINCE_US + MOST_US) == []
        with socket.socket(fileno=fd) as sock:
            assert sock.connect_ex(full.getsockname()) == errno.EALREADY
        for one in fillers:
            one.close()


def test_no_more_are_handed_over_than_there_is_room_for(site: Site) -> None:
    site.add()
    with site.listen():
        assert site.turn(SINCE_US, 0) == []
        found = [slot for _ in range(MEMBERS) for slot, *_ in site.turn(SINCE_US, 1)]
        assert sorted(found) == sorted(site.slots)
        assert site.knocks.waiting() == 0


def test_no_descriptor_is_left_behind(site: Site) -> None:
    before = len(os.listdir("/proc/self/fd"))
    site.move(site.slots[0], [("127.0.0.1", site.port), ("::1", site.port)])
    site.add()
    for n in range(20):
        assert site.turn(SINCE_US + n * MOST_US) == []
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del site.knocks
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_monitor_finds_who_has_refused_for_long(site: Site) -> None:
    """And who has gone out and come back by itself meanwhile is left alone."""
    first, second = site.slots[:2]
    for slot in site.slots[2:]:
        site.table.mark_up(slot)
    heritage = MonitorHeritage(
        model=site.model,
        table=site.table,
        member_slots=tuple(site.slots),
        probed=frozenset(range(MEMBERS)),
        error_fds=(),
    )

    async def back_s(monitor: Monitor) -> float:
        loop = asyncio.get_running_loop()
        while monitor._knocks.waiting() < 2:
            await asyncio.sleep(0.01)
        site.table.mark_up(second)
        with site.listen():
            began_s = loop.time()
            while site.table.wants_probe(first) and loop.time() < began_s + 20:
                await asyncio.sleep(0.01)
            took_s = loop.time() - began_s
            while monitor._knocks.waiting():
                await asyncio.sleep(0.01)
            return took_s

    async def work() -> float:
        monitor = Monitor(heritage, asyncio.get_running_loop())
        monitor.resolver = None
        monitor.names.due = lambda _now_s, _room: []  # type: ignore[method-assign]
        monitor.turn()
        try:
            return await back_s(monitor)
        finally:
            monitor._attempts.close()

    assert asyncio.run(work()) < 1.0


# --- whose flags have changed


def test_at_first_all_have_changed_and_then_who_has(site: Site) -> None:
    looks = Looks(site.table, site.slots)
    assert looks.changed() == list(site.slots)
    assert looks.changed() == []
    site.table.set_flag(site.slots[1], "S", True)
    site.table.mark_up(site.slots[2])
    assert looks.changed() == list(site.slots[1:3])
    assert looks.changed() == []


def test_none_can_be_looked_at_that_is_not_there(site: Site) -> None:
    with pytest.raises(IndexError):
        Looks(site.table, [MEMBERS])
    with pytest.raises(IndexError):
        site.knocks.add(MEMBERS, 0, 0)
