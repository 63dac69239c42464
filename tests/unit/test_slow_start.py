"""slowstart=: the share of a member grows from a tenth to the whole."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from pools import SECOND_US, Pool, member

SLOW_MS = 10_000


def began_s(pool: Pool, position: int) -> float:
    """When it was up, by the table's clock."""
    return int(pool.member(position)["up_us"]) / SECOND_US


def shares(pool: Pool, count: int, now_s: float) -> Counter[int]:
    return Counter(pool.sequence(count, now_s))


@pytest.mark.parametrize(
    ("after_s", "share"), [(0, 10), (2.5, 32), (5, 55), (9.9, 99), (10, 100), (99, 100)]
)
def test_by_requests_the_share_is_the_factor_of_the_moment(
    after_s: float, share: int
) -> None:
    pool = Pool(member(), member(slow_start_ms=SLOW_MS))
    now_s = began_s(pool, 1) + after_s
    assert shares(pool, 100 + share, now_s) == {0: 100, 1: share}


def test_a_member_begins_slowly_when_it_is_new_and_when_it_is_back() -> None:
    pool = Pool(member(), member(slow_start_ms=SLOW_MS, retry_ms=1000))
    new_s = began_s(pool, 1)
    assert abs(new_s - time.monotonic()) < 60
    later_s = new_s + 100
    assert shares(pool, 200, later_s)[1] == 100
    pool.fail(1, later_s)
    back_s = later_s + 2
    assert shares(pool, 110, back_s)[1] == 10
    assert began_s(pool, 1) == pytest.approx(back_s)
    assert shares(pool, 200, back_s + 10)[1] == 100


@pytest.mark.parametrize("letter", ["E", "D", "S"])
def test_whoever_brings_it_back_it_begins_slowly(letter: str) -> None:
    """The monitor, or the operator."""
    pool = Pool(member(), member(slow_start_ms=SLOW_MS))
    before_s = began_s(pool, 1)
    pool.set(1, letter)
    assert began_s(pool, 1) == before_s
    pool.set(1, letter, False)
    assert began_s(pool, 1) > before_s
    again_s = began_s(pool, 1)
    pool.set(1, "N")
    pool.set(1, "N", False)
    assert began_s(pool, 1) == again_s


def test_all_in_error_at_once_begin_alike() -> None:
    pool = Pool(*(member(slow_start_ms=SLOW_MS, retry_ms=60_000) for _ in range(2)))
    now_s = began_s(pool, 1) + 1000
    for position in (0, 1):
        pool.fail(position, now_s)
    assert shares(pool, 100, now_s + 1) == {0: 50, 1: 50}


def test_by_busyness_one_request_counts_for_ten_at_first() -> None:
    pool = Pool(member(), member(slow_start_ms=SLOW_MS), lbmethod="bybusyness")
    worker = pool.table.claim_worker(1, 1, 0)
    now_s = began_s(pool, 1)
    for _ in range(110):
        chosen = pool.chosen(now_s)
        pool.inside.busy_add(worker, pool.slots[chosen])
    busy = pool.all("busy")
    assert 9 <= busy[1] <= 11
    for _ in range(200):
        pool.inside.busy_add(worker, pool.slots[pool.chosen(now_s + 10)])
    busy = pool.all("busy")
    assert abs(busy[0] - busy[1]) <= 1


def test_by_traffic_bytes_count_for_ten_at_first() -> None:
    pool = Pool(member(), member(slow_start_ms=SLOW_MS), lbmethod="bytraffic")
    now_s = began_s(pool, 1)
    found: Counter[int] = Counter()
    for _ in range(110):
        chosen = pool.chosen(now_s)
        found[chosen] += 1
        pool.inside.count_bytes(pool.slots[chosen], 0, 100_000)
    assert 9 <= found[1] <= 11


def test_by_choice_it_is_drawn_as_rarely() -> None:
    pool = Pool(
        *(member() for _ in range(9)),
        member(slow_start_ms=SLOW_MS),
        lbmethod="bychoice",
    )
    found = shares(pool, 5000, began_s(pool, 9))
    assert found[9] < 5000 / 10 / 4


def test_by_heartbeats_what_is_ready_counts_for_a_tenth_at_first() -> None:
    pool = Pool(member(), member(slow_start_ms=SLOW_MS), lbmethod="heartbeat")
    now_s = began_s(pool, 1)
    for slot in pool.slots:
        pool.table.set_heartbeat(slot, 1_000_000, 1, round(now_s * SECOND_US))
    found = shares(pool, 5000, now_s)
    assert 5000 / 11 / 2 < found[1] < 5000 / 11 * 2


def test_a_time_that_nobody_can_have_written_is_none() -> None:
    """A worker that was taken over may write anything there."""
    pool = Pool(member(), member(slow_start_ms=SLOW_MS))
    now_s = began_s(pool, 1) - 61
    assert shares(pool, 200, now_s)[1] == 100


def test_whoever_has_an_older_moment_for_now_eases_it_in_too() -> None:
    """A turn began before another process brought the member back."""
    pool = Pool(member(), member(slow_start_ms=SLOW_MS))
    now_s = began_s(pool, 1) - 0.001
    assert shares(pool, 110, now_s)[1] == 10


def test_sessions_pay_for_what_the_member_has_at_that_moment() -> None:
    pool = Pool(
        member(), member(slow_start_ms=SLOW_MS), sticky_cookie="S", sticky_url="S"
    )
    now_s = began_s(pool, 1)
    assert pool.chosen(now_s, "n0") == 0
    assert pool.all("lbstatus") == [-10, 10]
