"""What holds for every balancing method, whichever member it names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pools import SECOND_US, Pool, member

from fastlb.config.directives.balancer_params import LBMETHODS

SEED = 2026
ANY_BITS = st.integers(0, 2**64 - 1)
STATES = st.sets(st.sampled_from("NDSHRCUE"))
every_method = pytest.mark.parametrize("method", LBMETHODS)


def elected(pool: Pool, now_s: float = 0) -> set[int]:
    return set(pool.probe.sequence(200, round(now_s * SECOND_US), b"", SEED))


@every_method
def test_a_member_alone_is_elected(method: str) -> None:
    assert elected(Pool(member(), lbmethod=method)) == {0}


@every_method
@given(
    st.lists(
        st.tuples(st.integers(1, 100), st.integers(0, 2), STATES),
        min_size=1,
        max_size=6,
    ),
    ANY_BITS,
)
@settings(max_examples=50)
def test_whoever_is_elected_may_serve(
    method: str, members: list[tuple[int, int, set[str]]], bits: int
) -> None:
    pool = Pool(
        *(member(100 * factor, lbset=lbset) for factor, lbset, _ in members),
        lbmethod=method,
        force_recovery=False,
    )
    for position, (_, _, letters) in enumerate(members):
        for letter in letters - {"E"}:
            pool.set(position, letter)
        if "E" in letters:
            pool.fail(position)
    first = [
        lbset for _, lbset, letters in members if not letters & set("NDSHRCUE")
    ]  # sets with a member that anybody would ask
    chosen = pool.probe.elect(0, b"", bits)["chosen"]
    if chosen < 0:
        assert not first
        return
    _, lbset, letters = members[chosen]
    assert not letters & set("NDSCUE")
    assert not first or lbset <= min(first)


# Which candidate is elected, by the scores that the method tells.
BEST = {
    "byrequests": lambda score: score["lbstatus"],
    "bytraffic": lambda score: -score["traffic"],
    "bybusyness": lambda score: (-score["busy"], score["lbstatus"]),
    "bychoice": lambda score: -score["busy"] / score["factor"],
}


@every_method
@given(
    st.lists(
        st.tuples(
            *(st.integers(1, 100), st.integers(0, 1), STATES),
            *(st.integers(0, 9), st.integers(0, 10**6)),
        ),
        min_size=1,
        max_size=6,
    ),
    st.lists(ANY_BITS, min_size=1, max_size=4),
)
@settings(max_examples=50, deadline=None)
def test_what_a_method_tells_is_what_it_goes_by(
    method: str, members: list[tuple[int, int, set[str], int, int]], draws: list[int]
) -> None:
    pool = Pool(
        *(member(100 * factor, lbset=lbset) for factor, lbset, *_ in members),
        lbmethod=method,
    )
    worker = pool.table.claim_worker(0, 1, 0)
    for position, (_, _, letters, busy, bytes_read) in enumerate(members):
        for letter in letters:
            pool.set(position, letter)
        for _ in range(busy):
            pool.inside.busy_add(worker, pool.slots[position])
        pool.inside.count_bytes(pool.slots[position], 0, bytes_read)
    for bits in draws:
        before = [pool.member(i) for i in range(len(members))]
        told = pool.probe.told(0, bits)
        assert [pool.member(i) for i in range(len(members))] == before
        chosen = pool.probe.elect(0, b"", bits)["chosen"]
        compared = {
            i: dict(one["scores"])
            for i, one in enumerate(told["members"])
            if one["scores"]
        }
        assert compared.keys() <= {
            i for i, one in enumerate(told["members"]) if one["is_candidate"]
        }
        if chosen < 0:
            assert not compared
            continue
        assert chosen in compared
        assert told["rule"]
        if method in BEST:
            best = BEST[method]
            assert best(compared[chosen]) == max(map(best, compared.values()))


@every_method
def test_standbys_spares_and_drained_ones_are_as_ever(method: str) -> None:
    pool = Pool(
        *(member(), member()),
        *(member(status="N"), member(status="H"), member(status="R"), member(lbset=1)),
        lbmethod=method,
    )
    # the drained one lets the spare in
    assert elected(pool) <= {0, 1, 4}
    for position in (0, 1, 4):
        pool.fail(position)
    assert elected(pool) == {3}
    pool.fail(3)
    assert elected(pool) == {5}
    # their retry is due
    assert elected(pool, now_s=61) <= {0, 1, 4}


@every_method
def test_a_session_stays_where_it_is_and_moves_when_that_is_down(method: str) -> None:
    pool = Pool(member(), member(), member(), lbmethod=method)
    assert {pool.chosen(route="n1") for _ in range(50)} == {1}
    pool.fail(1)
    found = pool.elect(route="n1")
    assert found["chosen"] in (0, 2)
    assert not found["by_route"]


@every_method
def test_the_same_bits_elect_the_same_member(method: str) -> None:
    def sequence() -> list[int]:
        pool = Pool(member(100), member(300), member(200), lbmethod=method)
        found: list[int] = pool.probe.sequence(200, 0, b"", SEED)
        return found

    assert sequence() == sequence()


@every_method
def test_a_death_in_its_election_leaves_nothing_behind(method: str) -> None:
    pool = Pool(member(100), member(300), lbmethod=method)
    alone = Pool(member(100), member(300), lbmethod=method)
    for _ in range(5):
        slot = pool.killed(lambda: pool.probe.die_in_election(2))
        assert pool.elect()["lock"] == "of_dead"
        assert pool.elect()["lock"] == "free"
        pool.table.settle_worker(slot)
    for _ in range(10):
        alone.elect()
    for field in ("elected", "lbstatus"):
        assert pool.all(field) == alone.all(field)
