"""Members that fail again and again under load: errors, shares and times."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest
from harness import Fastlb, Load, Member, Seen, answer, wait_for
from test_failures import pool, status_of, values

THREADS = 4
RETRY_S = 1
SEED = 20261130


class Moody(Member):
    """Answers with its status; with none it ends connections instead."""

    def __init__(self, name: str) -> None:
        super().__init__(name, self._moody)
        self.status: str | None = "200 OK"
        self.asked_s: list[float] = []  # when

    def _moody(self, _: Seen) -> bytes:
        self.asked_s.append(time.monotonic())
        if self.status is None:
            raise ConnectionError
        return answer(self.name.encode(), self.status)


@pytest.fixture
def two() -> Iterator[tuple[Moody, Moody]]:
    made = Moody("a"), Moody("b")
    for one in made:
        one.start()
    yield made
    for one in made:
        one.stop()


def is_fair(server: Fastlb, load: Load) -> bool:
    """Both have had their half of the last requests."""
    before = [int(n) for n in values(status_of(server), "Elected")]
    goal = load.done + 100
    wait_for(lambda: load.done >= goal, "more answers")
    now = [int(n) for n in values(status_of(server), "Elected")]
    a, b = (after - once for after, once in zip(now, before, strict=True))
    return abs(a - b) <= (a + b) // 10


def nobody_is_busy(server: Fastlb) -> bool:
    return values(status_of(server), "Busy") == ["0", "0"]


def test_a_member_that_answers_500_for_a_while_has_its_share_again(
    server: Fastlb, two: tuple[Moody, Moody]
) -> None:
    sick, sound = two
    settings = "ProxySet failonstatus=500"
    server.write(pool(f"{sick.url} retry={RETRY_S}", sound.url, settings=settings))
    server.start()
    with Load(server, threads=THREADS, keep=True) as load:
        sick.status = "500 Sick"
        before = len(sick.asked_s)
        wait_for(lambda: "Err" in values(status_of(server), "Status")[0], "it is out")
        sick.status = "200 OK"
        asked = len(sick.asked_s)
        wait_for(lambda: len(sick.asked_s) > asked + THREADS, "it is asked again")
        rests = [b - a for a, b in pairwise(sick.asked_s[before:])]
        assert max(rests) > RETRY_S / 2  # whenever what was on its way has come
        wait_for(lambda: is_fair(server, load), "it has its share")
    # What was on its way, and no more.
    assert len(load.failures) <= THREADS
    assert all(one.startswith("500") for one in load.failures)
    wait_for(lambda: nobody_is_busy(server), "nobody is busy any more")


def test_a_member_that_ends_connections_for_a_while_has_its_share_again(
    server: Fastlb, two: tuple[Moody, Moody]
) -> None:
    """It is there all the time, so that it is not out."""
    sick, sound = two
    server.write(pool(sick.url, sound.url))
    server.start()
    with Load(server, threads=THREADS) as load:
        sick.status = None
        asked = len(sick.seen)
        wait_for(lambda: len(sick.seen) > asked + 10, "it has failed")
        sick.status = "200 OK"
        wait_for(lambda: is_fair(server, load), "it has its share")
        load.failures.clear()
        load.wait_for_more(50)
    assert load.failures == []
    wait_for(lambda: nobody_is_busy(server), "nobody is busy any more")


def test_a_member_that_flaps_is_back_each_time_whoever_watches(
    server: Fastlb, two: tuple[Moody, Moody]
) -> None:
    """Each time another monitor finds it back, and says so once."""
    flapping, sound = two
    server.write(pool(flapping.url, sound.url))
    server.start()
    with Load(server, threads=THREADS) as load:
        for count in (1, 2, 3):
            with load.paused():
                flapping.stop()
            wait_for(lambda n=count: told(server, "FB0322") == n, "it is out")
            (monitor,) = wait_for(server.monitors, "a monitor")
            os.kill(monitor, signal.SIGKILL)
            asked = len(flapping.seen)
            flapping.start()
            wait_for(lambda n=asked: len(flapping.seen) > n, "it serves again")
        wait_for(lambda: is_fair(server, load), "it has its share")
    assert load.failures == []
    assert told(server, "FB0322") == told(server, "FB0503") == 3


def told(server: Fastlb, number: str) -> int:
    return server.error_log.count(number)


@contextmanager
def flapping(member: Member, draw: random.Random) -> Iterator[list[int]]:
    """It comes and goes; the list has an entry for each time."""
    over = threading.Event()
    times: list[int] = []

    def flap() -> None:
        while not over.wait(draw.uniform(0.02, 0.2)):
            member.stop()
            over.wait(draw.uniform(0.02, 0.2))
            member.start()
            times.append(1)

    thread = threading.Thread(target=flap)
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join()


def test_what_watches_and_serves_may_die_while_a_member_flaps(
    server: Fastlb, two: tuple[Moody, Moody]
) -> None:
    member, sound = two
    draw = random.Random(SEED)
    server.write(pool(member.url, sound.url))
    server.start()
    kills = 8
    with Load(server, threads=THREADS) as load:
        with flapping(member, draw) as times:
            for _ in range(kills):
                victims = wait_for(
                    lambda: [*server.workers(), *server.monitors()], "somebody to kill"
                )
                with suppress(ProcessLookupError):
                    os.kill(draw.choice(victims), signal.SIGKILL)
                load.wait_for_more(20)
            wait_for(lambda: len(times) > kills, "it has come and gone")
        # What a worker or the member had in hand goes with it, and no more.
        assert len(load.failures) <= THREADS * (kills + len(times))
        wait_for(lambda: is_fair(server, load), "it has its share")
        load.failures.clear()
        load.wait_for_more(50)
    assert load.failures == []
    wait_for(lambda: nobody_is_busy(server), "nothing is left of the dead")
    assert ":crit]" not in server.error_log
