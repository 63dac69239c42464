"""bytraffic: httpd's recorded elections, and its properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pools import Pool, member
from recorded_elections import Recorded, of_method, players
from rows import rows

KIB = 1024


def serve(pool: Pool, sent: int, received: int, route: str = "") -> int:
    """Elect, and let the elected one's bytes be counted."""
    chosen = pool.chosen(route=route)
    pool.inside.count_bytes(pool.slots[chosen], sent, received)
    return chosen


def traffic(pool: Pool, position: int) -> int:
    found = pool.member(position)
    factor: int = found["load_factor"]
    return int(found["transferred"]) // factor + int(found["read"]) // factor


# --- schedules


def test_the_worked_example_of_two_integer_divisions() -> None:
    pool = Pool(member(100), member(200), lbmethod="bytraffic")
    pool.inside.count_bytes(pool.slots[0], 40_000, 160_000)
    pool.inside.count_bytes(pool.slots[1], 100_000, 260_000)
    assert [traffic(pool, 0), traffic(pool, 1)] == [2000, 1800]
    assert pool.chosen() == 1


def test_each_direction_is_divided_on_its_own() -> None:
    # 199 // 100 + 199 // 100 is 2, less than 3, though 398 // 100 is 3 as well
    pool = Pool(member(100), member(100), lbmethod="bytraffic")
    pool.inside.count_bytes(pool.slots[0], 0, 300)
    pool.inside.count_bytes(pool.slots[1], 199, 199)
    assert pool.chosen() == 1


def test_equal_traffic_goes_to_the_earlier_member() -> None:
    pool = Pool(member(), member(), member(), lbmethod="bytraffic")
    assert [serve(pool, 0, 1000) for _ in range(6)] == [0, 1, 2, 0, 1, 2]


def test_the_schedule_of_answers_of_half_the_size() -> None:
    pool = Pool(member(), member(), lbmethod="bytraffic")
    sizes = (1000, 500)
    seen = []
    for _ in range(6):
        chosen = pool.chosen()
        pool.inside.count_bytes(pool.slots[chosen], 0, sizes[chosen])
        seen.append(chosen)
    assert seen == [0, 1, 1, 0, 1, 1]


def replay(scenario: Recorded) -> list[int]:
    pool = players(scenario)
    counted = iter(scenario["bytes"])
    answered = []
    for route in scenario["routes"]:
        sent, received = next(counted)
        answered.append(serve(pool, sent, received, route or ""))
    return answered


@rows("scenario", of_method("bytraffic"))
def test_elects_the_members_that_httpd_was_seen_to_elect(scenario: Recorded) -> None:
    assert replay(scenario) == scenario["chosen"]


# --- properties

factors = st.lists(st.integers(1, 100), min_size=2, max_size=6)


@given(factors, st.lists(st.integers(1, 500 * KIB), max_size=100))
def test_nobody_is_further_ahead_than_its_largest_answer(
    weights: list[int], sizes: list[int]
) -> None:
    pool = Pool(*(member(w * 100) for w in weights), lbmethod="bytraffic")
    for size in sizes:
        serve(pool, 0, size)
    served = [traffic(pool, i) for i in range(len(weights))]
    largest = max(sizes, default=0) // (100 * min(weights))
    assert max(served) - min(served) <= largest + 1


@given(st.lists(st.integers(1, 20), min_size=2, max_size=6))
def test_bytes_are_shared_by_the_factors(weights: list[int]) -> None:
    pool = Pool(*(member(w * 100) for w in weights), lbmethod="bytraffic")
    count = 100 * sum(weights)
    chosen = [serve(pool, 0, 10_000) for _ in range(count)]
    for i, w in enumerate(weights):
        # in each of some 100 rounds of exact shares; ties move the end of one round
        assert abs(chosen.count(i) - 100 * w) <= 1 + w


@given(factors, st.lists(st.integers(0, 100_000), max_size=30))
def test_an_election_leaves_lbstatus_alone(
    weights: list[int], sizes: list[int]
) -> None:
    pool = Pool(*(member(w * 100) for w in weights), lbmethod="bytraffic")
    for size in sizes:
        serve(pool, size, size)
    assert pool.all("lbstatus") == [0] * len(weights)
    assert sum(pool.all("elected")) == len(sizes)


def test_a_new_member_gets_everything_until_it_has_caught_up() -> None:
    pool = Pool(member(), member(), lbmethod="bytraffic")
    pool.inside.count_bytes(pool.slots[0], 0, 10_000)
    assert [serve(pool, 0, 1000) for _ in range(11)] == [1] * 10 + [0]


def test_a_member_that_is_out_gets_nothing() -> None:
    pool = Pool(member(), member(), lbmethod="bytraffic")
    pool.set(0, "D")
    assert [serve(pool, 0, 1000) for _ in range(5)] == [1] * 5


def test_a_change_of_method_begins_with_no_traffic() -> None:
    pool = Pool(member(), member())
    pool.sequence(3)
    pool.inside.count_bytes(pool.slots[0], 5, 7)
    pool.table.claim_balancer("balancer://x", 2, lbmethod="bytraffic")
    assert pool.all("transferred") == [0, 0]
    assert pool.all("read") == [0, 0]
    assert pool.table.snapshot_balancer(pool.slot)["lbmethod"] == "bytraffic"


def test_a_factor_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="load factor 0 is less than 1"):
        Pool(member(0))
