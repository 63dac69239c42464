"""byhash: whose a key is, what moves, and how much a member may have."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pools import Pool, member

METHOD = "byhash"
SEED = 2026
COUNT = 3000
DRAW = random.Random(SEED)
KEYS = [DRAW.getrandbits(64) | 1 for _ in range(COUNT)]


def hashing(*weights: int, load: int = 0, **settings: object) -> Pool:
    return Pool(
        *(member(100 * weight, **settings) for weight in weights),
        lbmethod=METHOD,
        hash_load=load,
    )


def member_of(pool: Pool, key: int) -> int:
    position: int = pool.probe.elect(0, b"", 0, key)["chosen"]
    return position


def members_of(pool: Pool) -> list[int]:
    return [member_of(pool, key) for key in KEYS]


# --- whose a key is


def test_a_key_has_one_member() -> None:
    pool = hashing(1, 1, 1)
    assert members_of(pool) == members_of(pool) == members_of(hashing(1, 1, 1))


@pytest.mark.parametrize("weights", [(1, 1), (1, 2, 3), (1,) * 20, (1, 30)])
def test_keys_are_divided_by_the_factors(weights: tuple[int, ...]) -> None:
    found = Counter(members_of(hashing(*weights)))
    for position, weight in enumerate(weights):
        share = weight / sum(weights)
        deviation = (share * (1 - share) * COUNT) ** 0.5
        assert abs(found[position] - share * COUNT) < 4 * deviation


@pytest.mark.parametrize("letter", ["D", "S", "N", "E", "C"])
def test_a_member_that_leaves_moves_its_own_keys_alone(letter: str) -> None:
    pool = hashing(1, 2, 1, 3)
    before = members_of(pool)
    if letter == "E":
        pool.fail(1)
    else:
        pool.set(1, letter)
    after = members_of(pool)
    moved = [now for was, now in zip(before, after, strict=True) if was == 1]
    assert set(moved) == {0, 2, 3}  # divided among all the others
    assert all(now == was for was, now in zip(before, after, strict=True) if was != 1)


def test_a_member_that_is_back_has_its_keys_back() -> None:
    pool = hashing(1, 1, 1)
    before = members_of(pool)
    pool.set(1, "D")
    members_of(pool)
    pool.set(1, "D", False)
    assert members_of(pool) == before


def test_a_spare_gets_the_keys_of_the_one_that_is_out_and_a_few_more() -> None:
    pool = hashing(1, 1, 1, 1)
    pool.set(3, "R")
    before = members_of(pool)
    assert set(before) == {0, 1, 2}
    pool.set(0, "D")
    for was, now in zip(before, members_of(pool), strict=True):
        assert now in (was, 3) or was == 0


def test_a_factor_that_rises_draws_keys_and_moves_no_others() -> None:
    pool = hashing(1, 1, 1)
    before = members_of(pool)
    pool.claim(1, 2, load_factor=300)
    after = members_of(pool)
    assert {now for was, now in zip(before, after, strict=True) if was != now} == {1}


def test_the_order_of_members_in_the_file_does_not_matter() -> None:
    one, other = hashing(1, 1, 1), hashing(1, 1, 1)
    other.probe = type(other.probe)(
        other.table, other.slot, other.slots[::-1], lbmethod=METHOD, hash_load=0
    )
    assert members_of(one) == [2 - position for position in members_of(other)]


def test_neither_time_nor_chance_moves_a_key() -> None:
    pool = hashing(1, 1, 1)
    for key in KEYS[:50]:
        found = {
            pool.probe.elect(now_us, b"", bits, key)["chosen"]
            for now_us in (0, 10**12)
            for bits in (0, 2**63, 2**64 - 1)
        }
        assert len(found) == 1


def test_a_request_without_a_key_is_drawn() -> None:
    pool = hashing(1, 3)
    chosen = pool.probe.sequence(8000, 0, b"", SEED)
    assert chosen.count(0) == pytest.approx(2000, rel=0.1)


def test_an_election_writes_nothing() -> None:
    pool = hashing(1, 1, load=125)
    members_of(pool)
    assert pool.all("lbstatus") == [0, 0]


# --- how much a member may have


class Busy:
    """A pool whose requests stay under way."""

    def __init__(self, *weights: int, load: int = 125) -> None:
        self.pool = hashing(*weights, load=load)
        self.worker = self.pool.table.claim_worker(1000, 1, 0)
        self.busy = [0] * len(weights)

    def ask(self, key: int) -> int:
        chosen = member_of(self.pool, key)
        self.pool.inside.busy_add(self.worker, self.pool.slots[chosen])
        self.busy[chosen] += 1
        return chosen

    def end(self, chosen: int) -> None:
        self.pool.inside.busy_sub(self.worker, self.pool.slots[chosen])
        self.busy[chosen] -= 1


def test_the_worked_example() -> None:
    key = next(
        key
        for key in KEYS
        if [dict(one["scores"])["place"] for one in places(key)] == [1, 2, 3]
    )
    for busy, chosen in (
        ((0, 0, 0), 0),
        ((1, 0, 0), 1),
        ((1, 1, 0), 0),
        ((2, 2, 1), 0),
        ((3, 2, 1), 1),
    ):
        crowd = Busy(1, 1, 1)
        for position, count in enumerate(busy):
            for _ in range(count):
                crowd.pool.inside.busy_add(crowd.worker, crowd.pool.slots[position])
        assert member_of(crowd.pool, key) == chosen


def places(key: int) -> list[dict[str, object]]:
    told: list[dict[str, object]] = hashing(1, 1, 1).probe.told(0, 0, key)["members"]
    return told


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=6),
    st.integers(101, 400),
    st.integers(0, 2**32),
)
def test_nobody_has_more_than_its_bound(
    weights: list[int], load: int, seed: int
) -> None:
    crowd = Busy(*weights, load=load)
    draw = random.Random(seed)
    under_way: list[int] = []
    for _ in range(150):
        # few keys, so that some are everybody's
        chosen = crowd.ask(KEYS[draw.randrange(3)])
        under_way.append(chosen)
        total = len(under_way)
        bound = load / 100 * total * weights[chosen] / sum(weights)
        assert crowd.busy[chosen] <= math.ceil(bound + 1e-9)
        if draw.random() < 0.3:
            crowd.end(under_way.pop(draw.randrange(total)))


def test_a_key_that_everybody_asks_for_spreads_along_its_order() -> None:
    crowd = Busy(1, 1, 1, 1, load=200)
    chosen = [crowd.ask(KEYS[0]) for _ in range(8)]
    order = list(dict.fromkeys(chosen))
    told = crowd.pool.probe.told(0, 0, KEYS[0])["members"]
    ranks = [dict(told[position]["scores"])["place"] for position in order]
    assert ranks == sorted(ranks)
    assert len(order) < 4


def test_without_a_bound_a_key_keeps_its_member() -> None:
    crowd = Busy(1, 1, 1, load=0)
    assert len({crowd.ask(KEYS[0]) for _ in range(50)}) == 1


def test_keys_come_back_when_their_member_has_room() -> None:
    crowd = Busy(1, 1)
    first = crowd.ask(KEYS[0])
    assert [crowd.ask(KEYS[0]) for _ in range(2)] == [first, 1 - first]
    crowd.end(first)
    assert crowd.ask(KEYS[0]) == first
