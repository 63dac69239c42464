"""What the master does with workers that are left with tunnels."""

from __future__ import annotations

from typing import cast

import pytest
from test_generation import generation, worker

from fastlb.master import workers
from fastlb.master.generation import LEAVING_PER_SEAT_MAX, WorkerProcess
from fastlb.master.workers import Means, Workers


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pids that were told to close their tunnels, in order."""
    pids: list[int] = []

    def note(one: WorkerProcess, number: int) -> None:
        assert number == workers.CLOSE_TUNNELS_SIGNAL
        pids.append(one.pid)

    monkeypatch.setattr(workers, "tell", note)
    return pids


def with_lone(count: int) -> Workers:
    """One generation for each of so many lone workers, pids 1 to count."""
    made = Workers(cast(Means, None), lambda *_: None)
    for pid in range(1, count + 1):
        one = worker(pid)
        one.lone = True
        old = generation()
        old.leaving[pid] = one
        made.generations.append(old)
    return made


@pytest.mark.parametrize("count", [1, 3, 255, 256, 257, 511, 512])
def test_no_tunnel_is_closed_up_to_the_bound(count: int, told: list[int]) -> None:
    with_lone(count).bound_lone(512)
    assert told == []


def test_beyond_it_the_oldest_are_told_once(told: list[int]) -> None:
    all_of_them = with_lone(5)
    all_of_them.bound_lone(3)
    all_of_them.bound_lone(3)
    assert told == [1, 2]


def test_zero_is_no_bound(told: list[int]) -> None:
    with_lone(5).bound_lone(0)
    assert told == []


def test_recycling_does_not_wait_for_tunnels() -> None:
    gen = generation()
    for pid in range(LEAVING_PER_SEAT_MAX):
        gen.leaving[pid] = worker(pid)
    assert not gen.may_recycle()
    gen.leaving[0].lone = True
    assert gen.may_recycle()
