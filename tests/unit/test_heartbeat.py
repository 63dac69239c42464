"""lbmethod=heartbeat: who is elected by what members say of themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pools import SECOND_US, Pool, member

METHOD = "heartbeat"
SEED = 2026
NOW = 1_000_000 * SECOND_US
Said = tuple[int, int]  # ready, busy


def heard(*said: Said | None, compat: bool = False, **settings: object) -> Pool:
    """Members that said so just now; None: nothing was heard of one."""
    pool = Pool(
        *(member(**settings) for _ in said), lbmethod=METHOD, compat_apache=compat
    )
    for slot, numbers in zip(pool.slots, said, strict=True):
        if numbers is not None:
            pool.table.set_heartbeat(slot, *numbers, NOW)
    return pool


def part(pool: Pool, part: int, of: int, now_us: int = NOW) -> int:
    bits = -(-(part << 32) // of) << 32
    position: int = pool.probe.elect(now_us, b"", bits)["chosen"]
    return position


def elected(pool: Pool, now_us: int = NOW) -> set[int]:
    return set(pool.probe.sequence(300, now_us, b"", SEED))


@pytest.mark.parametrize("said", [((10, 3), (30, 1)), ((40, 0), (30, 1))])
def test_the_worked_examples(said: tuple[Said, Said]) -> None:
    pool = heard(*said)
    assert [part(pool, n, 40) for n in (0, 9, 10, 39)] == [0, 0, 1, 1]


@pytest.mark.parametrize("ready", [(1, 1), (1, 2, 3), (50, 0, 1)])
def test_shares_are_what_is_ready(ready: tuple[int, ...]) -> None:
    pool = heard(*((count, 1) for count in ready))
    count = 20_000
    chosen = pool.probe.sequence(count, NOW, b"", SEED)
    for position, one in enumerate(ready):
        share = one / sum(ready)
        deviation = (share * (1 - share) * count) ** 0.5
        assert abs(chosen.count(position) - share * count) <= 4 * deviation


def test_factors_and_what_is_under_way_do_not_matter() -> None:
    pool = heard((1, 1), (1, 1))
    pool.claim(0, 2, load_factor=10_000)
    worker = pool.table.claim_worker(1000, 1, 0)
    for _ in range(50):
        pool.inside.busy_add(worker, pool.slots[0])
    assert [part(pool, n, 2) for n in (0, 1)] == [0, 1]


def test_a_heartbeat_counts_for_ten_seconds() -> None:
    pool = heard((10, 1), None)
    assert elected(pool) == {0}
    pool.table.set_heartbeat(pool.slots[1], 10, 1, NOW + 5 * SECOND_US)
    assert elected(pool, NOW + 10 * SECOND_US - 1) == {0, 1}
    assert elected(pool, NOW + 10 * SECOND_US) == {1}


def test_of_a_member_that_has_just_started_a_quarter_counts() -> None:
    assert elected(heard((1, 0), (0, 1))) == {0}
    assert elected(heard((3, 0), (1, 1), compat=True)) == {1}


@pytest.mark.parametrize("said", [(None, None), ((0, 9), (0, 9))])
def test_without_a_worker_that_is_ready_all_serve(
    said: tuple[Said | None, Said | None],
) -> None:
    assert elected(heard(*said)) == {0, 1}
    refused = heard(*said, compat=True).probe.elect(NOW, b"", 0)
    assert refused["chosen"] == -1
    assert refused["why"] == "all_in_error"


def test_who_was_heard_comes_before_who_was_not() -> None:
    assert elected(heard((0, 9), None)) == {0}


@pytest.mark.parametrize("letter", ["D", "S", "N", "H", "R", "C"])
def test_the_state_of_a_member_counts_first(letter: str) -> None:
    pool = heard((90, 1), (1, 1))
    pool.set(0, letter)
    assert elected(pool) == {1}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1),
            st.integers(0, 2**32 - 1),
            st.integers(-(2**63), 2**63 - 1),
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 2**64 - 1),
)
def test_whatever_is_written_somebody_is_elected(
    said: list[tuple[int, int, int]], bits: int
) -> None:
    pool = heard(*(None for _ in said))
    for slot, numbers in zip(pool.slots, said, strict=True):
        pool.table.set_heartbeat(slot, *numbers)
    assert 0 <= pool.probe.elect(NOW, b"", bits)["chosen"] < len(said)


def test_what_was_heard_outlives_a_reload_and_not_its_member() -> None:
    pool = heard((7, 1))
    assert pool.claim(0, 2) == pool.slots[0]
    assert pool.table.heartbeat(pool.slots[0]) == (7, 1, NOW)
    for generation in (1, 2):
        pool.table.release_generation(generation)
    other = pool.table.claim_member(
        "balancer://y http://new",
        3,
        balancer_slot=-1,
        **{**pool.settings[0], "route": ""},
    )
    assert other == pool.slots[0]
    assert pool.table.heartbeat(other)[2] == 0


def test_the_master_and_the_monitor_write_and_no_worker() -> None:
    pool = heard((7, 1))

    def try_to() -> None:
        with pytest.raises(RuntimeError, match="only master and monitor"):
            pool.table.set_heartbeat(pool.slots[0], 1, 1, 1)

    pool.in_child(try_to)
