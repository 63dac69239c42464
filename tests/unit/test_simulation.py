"""What methods make of members that are slow, down and back, on a virtual clock."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from simulation import Phase, Server, Simulation, pictures, troubled

METHOD = "byresponsetime"
DOCS = Path(__file__).parents[2] / "docs"
RATE = 1000  # of the 2500 that fifty members can answer in a second


@pytest.fixture(scope="module")
def run() -> Simulation:
    made = Simulation(troubled(), METHOD)
    made.run(RATE, 80)
    return made


def test_everything_is_answered_and_nothing_is_left(run: Simulation) -> None:
    assert run.is_over()
    assert not run.failed
    assert sum(run.pool.all("elected")) >= len(run.answers) > 75_000


def test_shares_of_equal_members_converge(run: Simulation) -> None:
    for share in run.shares(5, 20):
        assert 0.5 / 50 < share < 1.6 / 50


def test_slow_members_get_less_in_proportion(run: Simulation) -> None:
    """Ten times as slow, a tenth of the requests."""
    shares = run.shares(21, 40)
    fair = sum(shares[8:]) / 42
    assert sum(shares[:5]) / 5 < fair / 8
    assert max(shares[:5]) < fair / 6


def test_members_that_are_quick_again_get_their_share_again(run: Simulation) -> None:
    shares = run.shares(65, 80)
    assert all(share > 0.5 / 50 for share in shares)


def test_nobody_starves(run: Simulation) -> None:
    """Whatever a member was, somebody looks every few seconds what it is."""
    for first in range(0, 80, 20):
        assert all(share > 0 for share in run.shares(first, first + 20))


def test_a_member_that_is_down_serves_nobody(run: Simulation) -> None:
    assert not any(run.shares(50, 55)[5:8])


def p99_ms(servers: list[Server], rate: float) -> float:
    run = Simulation(servers, METHOD)
    run.run(rate, 40)
    assert run.is_over()
    return run.took_ms(99, 5, 40)


@pytest.mark.parametrize("count", [4, 50])
@pytest.mark.parametrize("load", [0.1, 0.4, 0.7])
def test_a_member_that_is_ten_times_slower_is_hardly_seen(
    count: int, load: float
) -> None:
    rate = load * 50 * (count - 1)  # of what the quick ones can answer
    quick = [Server() for _ in range(count - 1)]
    without = p99_ms(quick, rate)
    with_it = p99_ms([*(Server() for _ in quick), Server(service_ms=200)], rate)
    assert with_it <= 1.5 * without


def test_factors_are_shares() -> None:
    run = Simulation([Server(factor=f, processes=f) for f in (1, 2, 4)], METHOD)
    run.run(200, 60)
    shares = run.shares(5, 60)
    for share, factor in zip(shares, (1, 2, 4), strict=True):
        assert share == pytest.approx(factor / 7, rel=0.35)


def test_a_member_that_joins_is_asked_soon_and_not_flooded() -> None:
    """It refuses until then, and its first answers take long."""
    joins = Server(phases=(Phase(0, 10, 0), Phase(10, 11, 20)))
    run = Simulation([*(Server() for _ in range(9)), joins], METHOD)
    run.run(300, 60)
    first = [one for one in run.between(10, 11) if one.member == 9]
    assert 1 <= len(first) <= 10  # of 30, if it were one like the others
    assert run.shares(45, 60)[9] > 0.05
    assert not run.failed


def test_queues_are_empty_again_after_an_overload() -> None:
    """Twice what the members can answer, and then half of that."""
    run = Simulation(
        [Server(processes=2) for _ in range(4)],
        "byrequests",
        places_max=2,
        queue_max=50,
    )
    run.run(800, 5)
    assert run.is_over()
    assert 0.35 < len(run.turned_away) / 4000 < 0.65
    seen = run.pool.table.snapshot_balancer(run.pool.slot)
    assert seen["queued_most"] == 50
    # who waits does so before the members, and for no longer than the queue is long
    assert not run.failed
    assert 50 / 400 * 1e6 < seen["longest_us"] < 3 * 50 / 400 * 1e6
    turned_away = len(run.turned_away)
    run.run(200, 10)
    assert run.is_over()
    assert len(run.turned_away) == turned_away
    assert run.took_ms(99, 6) < 5 * 20 + 50


def test_queues_are_empty_again_when_members_were_down_under_overload() -> None:
    down = (Phase(1, 3, 0),)
    run = Simulation(
        [Server(phases=down), Server(phases=down), Server(), Server()],
        "bychoice",
        places_max=1,
        queue_max=20,
    )
    run.run(300, 6)
    assert run.is_over()
    assert run.turned_away
    assert not run.failed


def test_the_pictures_are_those_of_the_method_as_it_is() -> None:
    for name, text in pictures().items():
        assert (DOCS / name).read_text("utf-8") == text, (
            "python tests/unit/simulation.py docs draws them anew"
        )


# members that fail what they are asked


def failing(count: int, share: float = 1.0) -> list[Server]:
    """Of fifty so many fail from 10 s to 100 s."""
    phase = Phase(10, 100, fails=share)
    return [Server(phases=(phase,) if n < count else ()) for n in range(50)]


EJECTING = {
    "eject_failures": 5,
    "eject_percent": 50,
    "eject_window_us": 10_000_000,
    "eject_us": 5_000_000,
}


@pytest.mark.parametrize("method", ["byrequests", "bybusyness", "bychoice"])
def test_members_that_fail_are_ejected_ever_longer_and_come_back(method: str) -> None:
    run = Simulation(failing(5), method, **EJECTING)
    run.run(RATE, 160)
    assert run.is_over()
    assert {one.member for one in run.ejections} == {0, 1, 2, 3, 4}
    for number in range(5):
        mine = [one for one in run.ejections if one.member == number]
        assert [one.out_us for one in mine[:4]] == [
            5_000_000 * times for times in (1, 2, 3, 4)
        ]
        for before, after in pairwise(mine):
            assert after.at_us >= before.at_us + before.out_us
    # a handful of requests each time, in place of a tenth of all
    assert run.failing(12, 100) < 0.005
    assert all(share > 0.7 / 50 for share in run.shares(150, 160))
    assert run.failing(150, 160) == 0


def test_a_share_of_failures_is_found_as_well_as_a_row_of_them() -> None:
    run = Simulation(failing(5, 0.7), "byrequests", **{**EJECTING, "eject_failures": 0})
    run.run(RATE, 60)
    assert {one.member for one in run.ejections} == {0, 1, 2, 3, 4}
    few = Simulation(failing(5, 0.2), "byrequests", **{**EJECTING, "eject_failures": 0})
    few.run(RATE, 60)
    assert not few.ejections


@pytest.mark.parametrize(("count", "most"), [(20, 20), (40, 25), (50, 25)])
def test_no_more_are_out_than_may_be(count: int, most: int) -> None:
    """Beyond it they serve: who is left is not to be buried under what all had."""
    run = Simulation(failing(count), "byrequests", **EJECTING)
    run.run(RATE, 60)
    assert not run.failed
    assert run.out_most == most
    assert run.is_over()
