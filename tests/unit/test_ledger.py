"""Counts, gauges and the state of members."""

from __future__ import annotations

import ctypes
import mmap
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pools import SECOND_US, Pool, member
from rows import rows

FAILED_AGAIN, WENT_OUT = 1, 2  # ledger.pxd

# --- gauges


def test_busy_is_the_sum_of_the_workers_shares() -> None:
    pool = Pool(member(), member())
    first, second = (pool.table.claim_worker(1, 1, n) for n in (0, 1))
    for worker in (first, first, second):
        pool.inside.busy_add(worker, pool.slots[0])
    pool.inside.busy_add(second, pool.slots[1])
    assert pool.all("busy") == [3, 1]
    pool.inside.busy_sub(first, pool.slots[0])
    assert pool.all("busy") == [2, 1]
    assert pool.inside.busy_of(pool.slots[0]) == 2


def test_a_gauge_never_goes_below_zero() -> None:
    pool = Pool(member())
    worker = pool.table.claim_worker(1, 1, 0)
    pool.inside.busy_sub(worker, pool.slots[0])
    pool.inside.connection_closed(worker)
    pool.inside.exchange_closed(worker)
    assert pool.all("busy") == [0]
    assert pool.inside.connections() == 0
    assert pool.table.totals()["busy"] == 0


def test_settling_takes_the_shares_of_that_worker_alone() -> None:
    pool = Pool(member(), member())
    dead, living = (pool.table.claim_worker(1, 1, n) for n in (0, 1))
    for worker in (dead, living):
        for slot in pool.slots:
            pool.inside.busy_add(worker, slot)
        pool.inside.connection_opened(worker)
        pool.inside.exchange_opened(worker)
    assert pool.table.settle_worker(dead) == {
        "busy": 2,
        "connections": 1,
        "locks": 0,
    }
    assert pool.all("busy") == [1, 1]
    assert pool.inside.connections() == 1
    assert pool.table.totals()["busy"] == 1


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.booleans())))
def test_after_every_worker_is_settled_all_gauges_are_zero(
    events: list[tuple[int, int, bool]],
) -> None:
    pool = Pool(member(), member())
    workers = [pool.table.claim_worker(1, 1, n) for n in range(3)]
    for worker, position, up in events:
        act = pool.inside.busy_add if up else pool.inside.busy_sub
        act(workers[worker], pool.slots[position])
        pool.inside.connection_opened(workers[worker])
        pool.inside.exchange_opened(workers[worker])
    for worker in workers:
        pool.table.settle_worker(worker)
    assert pool.all("busy") == [0, 0]
    assert pool.inside.connections() == 0
    assert pool.table.totals()["busy"] == 0


# --- places (maxscope=global)


def workers_of(pool: Pool, count: int) -> list[int]:
    return [pool.table.claim_worker(1, 1, n) for n in range(count)]


def test_no_more_places_are_had_than_there_are() -> None:
    pool = Pool(member(places_max=2), member(places_max=1))
    first, second = workers_of(pool, 2)
    one, other = pool.slots
    assert pool.inside.place_take(first, one)
    assert not pool.inside.is_full(one)
    assert pool.inside.place_take(second, one)
    assert pool.inside.is_full(one)
    assert not pool.inside.place_take(first, one)
    assert not pool.inside.place_take(second, one)
    assert pool.all("places") == [2, 0]
    assert pool.inside.place_take(first, other)
    pool.inside.place_give(first, one)
    assert pool.inside.place_take(second, one)
    assert pool.all("places") == [2, 1]


def test_places_over_many_workers_are_summed() -> None:
    pool = Pool(member(places_max=33), workers=40)
    workers = workers_of(pool, 40)
    taken = [pool.inside.place_take(one, pool.slots[0]) for one in workers]
    assert taken == [True] * 33 + [False] * 7


def test_the_places_of_a_worker_are_free_when_it_is_settled() -> None:
    pool = Pool(member(places_max=1))
    dead, living = workers_of(pool, 2)
    assert pool.inside.place_take(dead, pool.slots[0])
    assert pool.inside.queue_join(dead, pool.slot, 0, 5)
    pool.table.settle_worker(dead)
    assert pool.all("places") == [0]
    assert pool.table.snapshot_balancer(pool.slot)["queued"] == 0
    assert pool.inside.place_take(living, pool.slots[0])


@rows("lie", [-5, -(2**31), 2**31 - 1, 3])
def test_a_cell_counts_for_no_less_than_nothing_and_no_more_than_all(lie: int) -> None:
    pool = Pool(member(places_max=3))
    liar, honest = workers_of(pool, 2)
    pool.inside.set_place(liar, pool.slots[0], lie)
    assert pool.inside.place_take(honest, pool.slots[0]) == (lie < 3)
    assert pool.inside.is_full(pool.slots[0]) == (lie >= 3)


RACERS, ROUNDS = 4, 100_000


@rows("most", [1, 2, 3])
def test_workers_that_race_never_have_more_than_there_are(most: int) -> None:
    """Each counts itself while it has a place; the greatest count is the proof."""
    pool = Pool(member(places_max=most))
    slot = pool.slots[0]
    with mmap.mmap(-1, mmap.PAGESIZE) as shared:
        counts = (ctypes.c_int32 * 3).from_buffer(shared)
        address = ctypes.addressof(counts)
        started = []
        for worker in workers_of(pool, RACERS):
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    pool.table.be_worker(worker)
                    pool.inside.place_race(worker, slot, ROUNDS, address)
                    status = 0
                finally:
                    os._exit(status)
            started.append(pid)
        for pid in started:
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        now, greatest, taken = list(counts)
        del counts
    assert now == 0
    assert 1 <= greatest <= most
    assert taken > ROUNDS // 4
    assert pool.all("places") == [0]


def test_those_who_wait_are_counted_and_bounded() -> None:
    pool = Pool(member())
    first, second = workers_of(pool, 2)
    assert pool.inside.queue_join(first, pool.slot, 0, 2)
    assert pool.inside.queue_join(second, pool.slot, 0, 2)
    assert not pool.inside.queue_join(first, pool.slot, 1, 2)
    pool.inside.queue_leave(first, pool.slot, 0, 300)
    pool.inside.queue_leave(second, pool.slot, 0, 100)
    seen = pool.table.snapshot_balancer(pool.slot)
    told = ("queued", "queued_most", "waits", "waited_us", "longest_us")
    assert [seen[name] for name in told] == [0, 2, 2, 400, 300]


# --- counters


def test_bytes_to_and_from_a_member() -> None:
    pool = Pool(member())
    pool.inside.count_bytes(pool.slots[0], 100, 2000)
    pool.inside.count_bytes(pool.slots[0], 1, 0)
    assert (pool.member(0)["transferred"], pool.member(0)["read"]) == (101, 2000)


def test_processes_count_into_one_counter() -> None:
    pool = Pool(member())

    def count() -> None:
        for _ in range(2000):
            pool.inside.count_bytes(pool.slots[0], 1, 2)

    pids = []
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            count()
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0
    assert (pool.member(0)["transferred"], pool.member(0)["read"]) == (6000, 12000)


def test_totals_keep_what_ended_workers_did() -> None:
    pool = Pool()
    first = pool.table.claim_worker(1, 1, 0)
    pool.inside.connection_opened(first)
    pool.inside.request_done(first, 500, 20)
    pool.inside.request_done(first, 0, 5)
    before = pool.table.totals()
    pool.table.settle_worker(first)
    second = pool.table.claim_worker(2, 1, 0)
    after = pool.table.totals()
    assert before == after | {"connections_open": 1}
    assert (after["accesses"], after["bytes_out"], after["duration_us"]) == (2, 500, 25)
    pool.inside.request_done(second, 1, 1)
    assert pool.table.totals()["accesses"] == 3


def test_a_new_worker_in_a_used_slot_begins_at_zero() -> None:
    pool = Pool()
    slot = pool.table.claim_worker(1, 1, 0)
    pool.inside.request_done(slot, 10, 10)
    pool.inside.connection_opened(slot)
    pool.table.settle_worker(slot)
    assert pool.table.claim_worker(2, 3, 4) == slot
    assert pool.table.snapshot_workers() == [
        {
            "slot": slot,
            "pid": 2,
            "generation": 3,
            "number": 4,
            "state": "S",
            "accesses": 0,
            "bytes_out": 0,
            "duration_us": 0,
            "connections": 0,
            "accepted": 0,
            "busy": 0,
            "tunnels": 0,
            "granted": 0,
            "waiting": 0,
            "upstreams": 0,
            "idle": 0,
            "opened": 0,
            "reused": 0,
            "failed": 0,
            "draining": False,
        }
    ]


# --- the state of a member

SHOWN = {
    "": "Init Ok ",
    "N": "Init Drn Ok ",
    "I": "Init Ign Ok ",
    "D": "Init Dis ",
    "S": "Init Stop ",
    "E": "Init Err ",
    "H": "Init Stby Ok ",
    "R": "Init Spar Ok ",
    "C": "Init HcFl ",
    "OINGUDSEHRFC": ("Init Ign Drn Gen Shut Dis Stop Err Stby Spar Free HcFl "),
    "HND": "Init Drn Dis Stby ",
}


@rows(("letters", "shown"), SHOWN.items())
def test_states_are_shown_as_apache_prints_them(letters: str, shown: str) -> None:
    pool = Pool(member())
    for letter in letters:
        pool.set(0, letter)
    assert pool.status(0) == shown
    assert pool.inside.is_usable(pool.slots[0]) == shown.endswith("Ok ")


def test_no_state_at_all_is_shown_as_question_marks() -> None:
    pool = Pool(member())
    pool.set(0, "O", False)
    assert pool.status(0) == "??? "
    assert not pool.inside.is_usable(pool.slots[0])


def test_flags_are_letters_in_apaches_order() -> None:
    pool = Pool(member())
    for letter in "CDHN":
        pool.set(0, letter)
    assert pool.table.member_flags(pool.slots[0]) == "ONDHC"
    pool.set(0, "H", False)
    assert pool.table.member_flags(pool.slots[0]) == "ONDC"


def test_the_first_failure_is_told_apart_from_further_ones() -> None:
    pool = Pool(member())
    assert [pool.fail(0, now_s=n) for n in (5, 6)] == [WENT_OUT, 0]
    assert pool.table.error_time_us(pool.slots[0]) == 6 * SECOND_US


def test_a_failure_seen_by_one_process_is_seen_by_all() -> None:
    pool = Pool(member())
    pool.in_child(lambda: pool.fail(0))
    assert pool.status(0) == "Init Err "


def test_a_connect_after_the_retry_forgets_the_error() -> None:
    pool = Pool(member(), member())
    pool.fail(0, now_s=5)
    pool.elect(now_s=66)
    assert (pool.member(0)["error_time_us"], pool.member(0)["retries"]) != (0, 0)
    pool.inside.connected(pool.slots[0])
    assert (pool.member(0)["error_time_us"], pool.member(0)["retries"]) == (0, 0)


def test_a_connect_does_not_shorten_the_wait_of_a_member_in_error() -> None:
    pool = Pool(member(), member())
    pool.fail(0, now_s=5)
    pool.inside.connected(pool.slots[0])
    assert pool.table.error_time_us(pool.slots[0]) == 5 * SECOND_US
    assert pool.status(0) == "Init Err "


def test_each_way_out_and_back_is_told_to_one_alone() -> None:
    """By whoever finds it: another worker, which fails or connects too, does not."""
    pool = Pool(member(), member())
    slot = pool.slots[0]
    assert pool.inside.connected(slot) == 0
    assert pool.fail(0, now_s=5) == WENT_OUT
    pool.elect(now_s=66)  # it may be tried again
    assert pool.fail(0, now_s=66) == FAILED_AGAIN
    assert pool.inside.connected(slot) == 0
    pool.elect(now_s=127)
    assert pool.inside.connected(slot) == 66 * SECOND_US
    assert pool.inside.connected(slot) == 0
    assert pool.fail(0, now_s=128) == WENT_OUT
    assert pool.table.mark_up(slot)
    assert pool.inside.connected(slot) == 0  # the monitor has told it
    assert pool.fail(0, now_s=129) == WENT_OUT


def test_the_monitor_brings_a_member_up() -> None:
    pool = Pool(member(probe=True))
    pool.fail(0, by_connect=True)
    pool.set(0, "C")
    assert pool.member(0)["probe_clears"]
    assert pool.table.wants_probe(pool.slots[0])
    assert pool.table.mark_up(pool.slots[0])
    assert pool.status(0) == "Init HcFl "
    pool.set(0, "C", False)
    assert pool.status(0) == "Init Ok "
    assert not pool.member(0)["probe_clears"]
    assert not pool.table.wants_probe(pool.slots[0])
    assert not pool.table.mark_up(pool.slots[0])


@pytest.mark.parametrize("letter", ["D", "S"])
def test_what_the_operator_keeps_out_is_not_probed(letter: str) -> None:
    pool = Pool(member(probe=True))
    pool.fail(0, by_connect=True)
    pool.set(0, letter)
    assert not pool.table.wants_probe(pool.slots[0])


def test_only_what_a_connection_disproves_is_probed() -> None:
    pool = Pool(member(probe=True), member())
    pool.fail(0)
    pool.fail(1, by_connect=True)
    assert not any(map(pool.table.wants_probe, pool.slots))


def test_the_epoch_rises_when_a_member_goes_out_and_only_then() -> None:
    pool = Pool(member())
    slot = pool.slots[0]
    seen = [pool.inside.epoch(slot)]
    for act in (
        lambda: pool.fail(0),
        lambda: pool.fail(0),
        lambda: pool.table.mark_up(slot),
        lambda: pool.set(0, "D"),
        lambda: pool.set(0, "D"),
        lambda: pool.set(0, "D", False),
        lambda: pool.set(0, "S"),
        lambda: pool.set(0, "N"),
        lambda: pool.set(0, "E"),
        lambda: pool.set(0, "C"),
        lambda: pool.set(0, "C"),
    ):
        act()
        seen.append(pool.inside.epoch(slot))
    first = seen[0]
    assert [n - first for n in seen] == [0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5]


def test_time_until_the_retry() -> None:
    pool = Pool(member(retry_ms=1000), member(retry_ms=0), member(probe=True))
    assert pool.retry_in_ms(0, 0) == 0
    pool.fail(0, now_s=10)
    assert pool.retry_in_ms(0, 10) == 1001
    assert pool.retry_in_ms(0, 10.5) == 501
    assert pool.retry_in_ms(0, 11) == 1
    assert pool.retry_in_ms(0, 11.000001) == 0
    pool.set(0, "S")
    assert pool.retry_in_ms(0, 100) == -1
    pool.fail(1, now_s=10)
    assert pool.retry_in_ms(1, 10) == 0
    pool.fail(2, now_s=10, by_connect=True)
    assert pool.retry_in_ms(2, 1000) == -1


def test_ignoring_errors_is_a_flag_like_others() -> None:
    pool = Pool(member(status="I"))
    assert pool.inside.ignores_errors(pool.slots[0])
    pool.set(0, "I", False)
    assert not pool.inside.ignores_errors(pool.slots[0])
