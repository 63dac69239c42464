"""bychoice: what is elected with a given randomness, and its properties."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pools import Pool, member

SEED = 2026
METHOD = "bychoice"


class Busy(Pool):
    """A pool whose members have so many exchanges under way, in two workers."""

    def __init__(self, *members: dict[str, object], busy: list[int]) -> None:
        super().__init__(*members, lbmethod=METHOD)
        workers = [self.table.claim_worker(1000 + i, 1, i) for i in range(2)]
        for slot, count in zip(self.slots, busy, strict=True):
            for number in range(count):
                self.inside.busy_add(workers[number % 2], slot)

    def drawn(self, first: int, second: int, of: int) -> int:
        """Who is elected when those parts of `of` are drawn."""
        high = -(-(first << 32) // of)
        low = -(-(second << 32) // of)
        position: int = self.probe.elect(0, b"", high << 32 | low)["chosen"]
        return position


@pytest.mark.parametrize(
    ("part", "busy", "chosen"),
    [(0, [0, 0], 0), (0, [1, 2], 1), (100, [1, 3], 1), (100, [1, 4], 0)],
)
def test_the_worked_examples(part: int, busy: list[int], chosen: int) -> None:
    pool = Busy(member(100), member(300), busy=busy)
    assert pool.drawn(part, 0, of=400) == chosen


def test_the_second_is_drawn_among_the_others() -> None:
    pool = Busy(member(100), member(100), member(200), busy=[9, 9, 9])
    # for its factor the last one is less busy than the others, which are equal
    seen = {
        (first, second): pool.drawn(first, second, of=400)
        for first in (0, 100, 200, 399)
        for second in (0, 133, 134, 399)
    }
    assert {seen[399, second] for second in (0, 133, 134, 399)} == {2}
    # first A: B has the parts up to 1/3 of what is left, C the others
    assert [seen[0, second] for second in (0, 133, 134, 399)] == [0, 0, 2, 2]
    assert [seen[100, second] for second in (0, 133, 134, 399)] == [1, 1, 2, 2]


def test_a_member_alone_is_elected_however_busy() -> None:
    assert Busy(member(), busy=[7]).drawn(0, 0, of=100) == 0


factors = st.lists(st.integers(1, 30), min_size=2, max_size=6)


@given(factors, st.data())
def test_the_elected_one_is_never_the_busiest_for_its_factor(
    weights: list[int], data: st.DataObject
) -> None:
    busy = data.draw(
        st.lists(st.integers(0, 8), min_size=len(weights), max_size=len(weights))
    )
    pool = Busy(*(member(w * 100) for w in weights), busy=busy)
    ranks = [b / w for b, w in zip(busy, weights, strict=True)]
    bits = data.draw(st.integers(0, 2**64 - 1))
    chosen = pool.probe.elect(0, b"", bits)["chosen"]
    if ranks.count(max(ranks)) == 1:
        assert ranks[chosen] < max(ranks)


@given(factors, st.integers(0, 2**64 - 1))
def test_an_election_writes_nothing(weights: list[int], seed: int) -> None:
    pool = Pool(*(member(w * 100) for w in weights), lbmethod=METHOD)
    chosen = pool.probe.sequence(30, 0, b"", seed)
    pool.chosen(route="n0")
    assert pool.all("lbstatus") == [0] * len(weights)
    assert sum(pool.all("elected")) == 31
    assert pool.all("elected")[1] == chosen.count(1)


@pytest.mark.parametrize("weights", [(1, 1), (1, 2, 3), (1, 100), (5,) * 16])
def test_idle_members_get_their_shares(weights: tuple[int, ...]) -> None:
    pool = Pool(*(member(w * 100) for w in weights), lbmethod=METHOD)
    count = 60_000
    chosen = pool.probe.sequence(count, 0, b"", SEED)
    for position, weight in enumerate(weights):
        share = weight / sum(weights)
        deviation = (share * (1 - share) * count) ** 0.5
        assert abs(chosen.count(position) - share * count) < 4 * deviation


def test_what_is_under_way_follows_the_factors() -> None:
    """Requests that end at random: no member has much more than its share."""
    weights = (1, 2, 4)
    pool = Pool(*(member(w * 100) for w in weights), lbmethod=METHOD)
    worker = pool.table.claim_worker(1000, 1, 0)
    draw = random.Random(SEED)
    under_way: list[int] = []
    for _ in range(5000):
        chosen = pool.probe.elect(0, b"", draw.getrandbits(64))["chosen"]
        pool.inside.busy_add(worker, pool.slots[chosen])
        under_way.append(chosen)
        if len(under_way) > 70:
            ended = under_way.pop(draw.randrange(len(under_way)))
            pool.inside.busy_sub(worker, pool.slots[ended])
            for position, weight in enumerate(weights):
                assert under_way.count(position) <= 10 * weight + 6
