"""budget.pyx: how many requests of a balancer may be sent again."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pools import SECOND_US, Pool, member

LEAST = 10
WINDOW_S = 10
FAR_S = 1_000_000_000  # later than any clock of this machine


def pool(percent: int = 20) -> Pool:
    """Two members whose budget has begun anew."""
    made = Pool(member(), member(), retry_budget=percent)
    spend(made, FAR_S)
    return made


def spend(made: Pool, now_s: float) -> str:
    left: str = made.probe.spend(round(now_s * SECOND_US))[0]
    return left


def spent(made: Pool, now_s: float, asked: int) -> int:
    return sum(spend(made, now_s) == "left" for _ in range(asked))


def test_a_quiet_balancer_may_retry_a_little() -> None:
    assert 1 + spent(pool(), FAR_S, 50) == LEAST


def test_in_a_window_its_share_of_the_requests_before_it_or_of_those_so_far() -> None:
    made = pool()
    made.sequence(1000)
    assert 1 + spent(made, FAR_S + 1, 500) == 200
    # their mean over eleven seconds
    assert spent(made, FAR_S + 11, 500) == 1000 * 10 // 11 * 20 // 100
    made.sequence(2000)
    assert spent(made, FAR_S + 12, 500) == 400 - 1000 * 10 // 11 * 20 // 100
    # nothing has come since, and nothing is left of what was long ago
    assert spent(made, FAR_S + 1000 * WINDOW_S, 500) == LEAST


def test_that_it_is_used_up_is_told_once_in_a_window() -> None:
    made = pool()
    spent(made, FAR_S, LEAST - 1)
    told = [spend(made, FAR_S + s) for s in (1, 2, 3, WINDOW_S, WINDOW_S + 1)]
    assert told == ["spent_now", "spent", "spent", "left", "left"]


def test_off_is_no_bound_and_nothing_is_none() -> None:
    assert spent(pool(-1), FAR_S, 5000) == 5000
    assert spent(pool(0), FAR_S, 5) == 0


def test_what_was_not_needed_is_given_back() -> None:
    made = pool()
    made.probe.give_back()
    made.probe.give_back()  # as one of the time before
    assert spent(made, FAR_S, 50) == LEAST
    made.probe.give_back()
    assert spent(made, FAR_S, 50) == 1


def test_all_workers_spend_one_budget() -> None:
    made = pool()
    made.in_child(lambda: spent(made, FAR_S, 5))
    assert 1 + 5 + spent(made, FAR_S, 50) == LEAST


def test_another_balancer_in_the_slot_begins_anew() -> None:
    made = pool()
    spent(made, FAR_S, 50)
    made.table.release_generation(1)
    again = made.table.claim_balancer("balancer://y", 2, lbmethod="byrequests")
    assert again == made.slot
    assert set(made.table.snapshot_balancer(again)["sent_again"].values()) == {0}
    assert spent(made, FAR_S, 50) == LEAST


@given(
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 400)), max_size=30),
    st.integers(1, 100),
)
@settings(max_examples=60, deadline=None)
def test_never_more_than_the_share(steps: list[tuple[int, int]], percent: int) -> None:
    """Of the requests ever, and a least part for each window."""
    made = pool(percent)
    now_s, requests, retries, windows = float(FAR_S), 0, 1, 1
    for wait_ms, count in steps:
        now_s += wait_ms / 1000
        made.sequence(count)
        requests += count
        retries += spent(made, now_s, count + 20)
    windows += int((now_s - FAR_S) // WINDOW_S) + 1
    # those of a window count for it and for the one behind
    assert retries <= 2 * requests * percent // 100 + LEAST * windows
