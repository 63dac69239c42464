"""byresponsetime: what is known of a member's answers, and who is elected by it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pools import SECOND_US, Pool, member

METHOD = "byresponsetime"
SEED = 2026
HALF_LIFE_US = 5 * SECOND_US
MS = 1000
NOW = 1_000_000 * SECOND_US


class Times(Pool):
    """Members that answer in so many milliseconds (None: never asked), now."""

    def __init__(
        self,
        *known_ms: float | None,
        busy: tuple[int, ...] = (),
        factors: tuple[int, ...] = (),
    ) -> None:
        settings = [member(100 * factor) for factor in factors or (1,) * len(known_ms)]
        super().__init__(*settings, lbmethod=METHOD)
        self.worker = self.table.claim_worker(1000, 1, 0)
        for position, known in enumerate(known_ms):
            if known is not None:
                self.answer(position, known)
        for position, count in enumerate(busy):
            for _ in range(count):
                self.inside.busy_add(self.worker, self.slots[position])

    def answer(self, position: int, ms: float, now_us: int = NOW) -> None:
        self.inside.answered(self.slots[position], now_us, int(ms * MS))

    def give_up(
        self, position: int, ms: float, is_lost: bool, now_us: int = NOW
    ) -> None:
        self.inside.unanswered(self.slots[position], now_us, int(ms * MS), is_lost)

    def known_ms(self, position: int) -> float:
        known: int = self.member(position)["response_us"]
        return known / MS

    def drawn(self, bits: int, now_us: int = NOW) -> int:
        position: int = self.probe.elect(now_us, b"", bits)["chosen"]
        return position


FIRST = 0  # bits that draw member 0, then member 1


# --- the time to an answer


def test_the_first_answer_is_what_is_known() -> None:
    pool = Times(20)
    assert pool.known_ms(0) == 20


def test_a_slower_answer_counts_whole_and_at_once() -> None:
    pool = Times(20)
    pool.answer(0, 300, NOW + 1)
    assert pool.known_ms(0) == 300


@pytest.mark.parametrize(("half_lives", "left"), [(1, 0.5), (2, 0.25), (10, 2**-10)])
def test_a_quicker_one_counts_by_the_time_that_has_passed(
    half_lives: int, left: float
) -> None:
    pool = Times(1000)
    pool.answer(0, 10, NOW + half_lives * HALF_LIFE_US)
    assert pool.known_ms(0) == pytest.approx(10 + 990 * left, rel=0.001)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=300))
def test_how_many_answers_come_does_not_matter(steps_ms: list[int]) -> None:
    """However a stretch of time is divided, half of what was known is gone with it."""
    pool = Times(1000)
    now_us = NOW
    for step in steps_ms:
        now_us += step * MS
        pool.answer(0, 10, now_us)
    left = 2 ** -((now_us - NOW) / HALF_LIFE_US)
    assert pool.known_ms(0) == pytest.approx(10 + 990 * left, rel=0.01)


def test_quick_answers_within_a_moment_write_nothing() -> None:
    pool = Times(1000)
    before = pool.member(0)
    pool.answer(0, 10, NOW + 999)
    assert pool.member(0) == before
    pool.answer(0, 10, NOW + 1000)
    assert pool.member(0) != before


def test_an_answer_never_takes_no_time_nor_for_ever() -> None:
    pool = Times(None)
    pool.inside.answered(pool.slots[0], NOW, -5)
    assert pool.member(0)["response_us"] == 1
    pool.inside.answered(pool.slots[0], NOW, 2**62)
    assert pool.member(0)["response_us"] == 600 * SECOND_US


@pytest.mark.parametrize(
    ("known", "waited", "is_lost", "then"),
    [
        # whoever was given up takes that long at least; before that nothing is learned
        (20, 5, False, 20),
        (20, 500, False, 500),
        (None, 5, False, 0),
        (None, 1500, False, 1500),
        # an answer that never came is no quick one
        (20, 5, True, 40),
        (20, 500, True, 500),
        (None, 5, True, 1000),
    ],
)
def test_what_is_learned_without_an_answer(
    known: float | None, waited: float, is_lost: bool, then: float
) -> None:
    pool = Times(known)
    pool.give_up(0, waited, is_lost)
    assert pool.known_ms(0) == then


# --- elections


@pytest.mark.parametrize(
    ("known", "busy", "chosen"),
    [
        ((20, 10), (0, 0), 1),
        ((14, 10), (0, 0), 0),
        ((10, 20), (8, 0), 0),
        ((10, 20), (9, 0), 1),
        ((10, None), (0, 0), 1),
        ((10, None), (0, 1), 0),
    ],
)
def test_the_worked_examples(
    known: tuple[float | None, ...], busy: tuple[int, ...], chosen: int
) -> None:
    assert Times(*known, busy=busy).drawn(FIRST) == chosen


def test_what_an_idle_member_was_fades() -> None:
    pool = Times(80, None)
    later = NOW + 20 * SECOND_US
    pool.answer(1, 10, later)
    assert pool.drawn(FIRST, later) == 0
    pool = Times(80, None, busy=(1, 0))
    pool.answer(1, 10, later)
    assert pool.drawn(FIRST, later) == 1


def test_a_member_that_is_new_gets_one_request_until_it_has_answered() -> None:
    pool = Times(10, 10, None, busy=(5, 5))
    draw = random.Random(SEED)
    new = 0
    for _ in range(500):
        if pool.drawn(draw.getrandbits(64)) == 2:
            new += 1
            pool.inside.busy_add(pool.worker, pool.slots[2])
    assert new == 1
    pool.inside.busy_sub(pool.worker, pool.slots[2])
    pool.answer(2, 10)
    assert 2 in {pool.drawn(draw.getrandbits(64)) for _ in range(20)}


def test_members_that_are_as_quick_share_by_their_factors() -> None:
    """A difference that chance makes moves nobody."""
    weights = (1, 2, 5)
    pool = Times(10, 12, 14, factors=weights)
    draw = random.Random(SEED)
    count = 8000
    chosen = [pool.drawn(draw.getrandbits(64)) for _ in range(count)]
    for position, weight in enumerate(weights):
        assert chosen.count(position) == pytest.approx(weight * count / 8, rel=0.1)


@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.integers(1, 50),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
)
def test_only_the_ratio_of_factors_counts(
    weights: tuple[int, int], scale: int, busy: tuple[int, int]
) -> None:
    one = Times(20, 10, busy=busy, factors=weights)
    other = Times(20, 10, busy=busy, factors=tuple(scale * w for w in weights))
    for bits in (0, 2**63, 2**64 - 1):
        assert one.drawn(bits) == other.drawn(bits)


@given(st.integers(0, 2**64 - 1))
def test_a_slow_member_is_not_elected_beside_a_quick_one(bits: int) -> None:
    assert Times(100, 10).drawn(bits) == 1


def test_an_election_writes_nothing() -> None:
    pool = Times(20, 10, None)
    before = [{**pool.member(i), "elected": 0} for i in range(3)]
    pool.probe.sequence(50, NOW, b"", SEED)
    assert [{**pool.member(i), "elected": 0} for i in range(3)] == before


# --- the slot


def test_what_is_known_outlives_a_reload_and_not_another_method() -> None:
    pool = Times(20, 10)
    pool.table.claim_balancer("balancer://x", 2, lbmethod=METHOD)
    assert pool.claim(0, 2) == pool.slots[0]
    assert pool.known_ms(0) == 20
    pool.table.claim_balancer("balancer://x", 3, lbmethod="byrequests")
    pool.table.claim_balancer("balancer://x", 4, lbmethod=METHOD)
    assert pool.known_ms(0) == 0


def test_a_member_that_begins_anew_has_not_answered() -> None:
    pool = Times(20)
    pool.claim(0, 2, fresh=True)
    assert pool.known_ms(0) == 0


LIES = [(lie, NOW) for lie in (-1, -(2**63), 2**63 - 1)] + [
    (20 * MS * 1000, lie) for lie in (-1, -(2**63), 2**63 - 1, NOW + 11 * SECOND_US)
]


@pytest.mark.parametrize(("response_ns", "answered_us"), LIES)
def test_a_number_that_nobody_can_have_written_begins_anew(
    response_ns: int, answered_us: int
) -> None:
    pool = Times(20, 10)
    pool.inside.write_response(pool.slots[0], response_ns, answered_us)
    assert pool.probe.elect(NOW, b"", FIRST)["began_anew"]
    assert pool.known_ms(0) == pool.known_ms(1) == 0


@pytest.mark.parametrize(("response_ns", "answered_us"), LIES)
def test_an_answer_mends_a_lie(response_ns: int, answered_us: int) -> None:
    pool = Times(20)
    pool.inside.write_response(pool.slots[0], response_ns, answered_us)
    pool.answer(0, 7)
    assert pool.known_ms(0) == pytest.approx(7, abs=0.01)
