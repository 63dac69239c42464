"""Locks whose owner is dead, stopped, unknown or does not mean well."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest
from pools import Pool, member

WAIT_S = 0.5  # LOCK_WAIT_US
SOON_S = WAIT_S  # it was not waited for


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(member(100), member(300))
    yield pool
    pool.table.close()


class Watch:
    def __init__(self) -> None:
        self.began = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self.began


def stopped(pool: Pool, asked: int = 1) -> tuple[int, int]:
    """A worker that is stopped within its election."""
    pid, slot = pool.start(lambda: pool.probe.stop_in_election(asked))
    os.waitpid(pid, os.WUNTRACED)
    return pid, slot


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_lock_is_free_after_each_election(pool: Pool) -> None:
    assert [pool.elect()["lock"] for _ in range(3)] == ["free"] * 3
    assert pool.inside.owner(pool.slot) == 0
    assert pool.table.totals()["repairs"] == 0


@pytest.mark.parametrize(
    "owner",
    [
        1,  # the first worker without a serial
        0xDEADBEEF_00000003,
        0x7_FFFFFFFF,  # the master's number, another serial
        0x7_00000000,  # nobody's number
        0xFFFFFFFF_FFFFFFFF,
        9 << 32 | 9,  # behind the last worker
    ],
)
def test_an_owner_that_the_book_does_not_know_is_not_waited_for(
    pool: Pool, owner: int
) -> None:
    pool.inside.set_owner(pool.slot, owner)
    watch = Watch()
    assert pool.elect()["lock"] == "of_dead"
    assert watch.seconds() < SOON_S
    assert pool.elect()["lock"] == "free"


def test_an_owner_that_was_settled_is_not_waited_for(pool: Pool) -> None:
    seen: list[int] = []
    reading, writing = os.pipe()

    def tell() -> None:
        os.write(writing, pool.inside.own().to_bytes(8, "little"))

    pool.in_child(tell)
    seen.append(int.from_bytes(os.read(reading, 8), "little"))
    os.close(reading)
    os.close(writing)
    # its slot belongs to another one by now, with the pid of a living process
    pool.table.claim_worker(os.getpid(), 2, 0)
    pool.inside.set_owner(pool.slot, seen[0])
    watch = Watch()
    assert pool.elect()["lock"] == "of_dead"
    assert watch.seconds() < SOON_S


def test_a_dead_owner_that_nobody_has_reaped_is_not_waited_for(pool: Pool) -> None:
    pid, _ = pool.start(lambda: pool.probe.die_in_election(1))
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # a zombie
    watch = Watch()
    assert pool.elect()["lock"] == "of_dead"
    assert watch.seconds() < SOON_S
    os.waitpid(pid, 0)


def test_a_stopped_owner_is_waited_for_once(pool: Pool) -> None:
    twin = Pool(member(100), member(300))
    pid, _ = stopped(pool)
    try:
        watch = Watch()
        first = pool.elect()
        assert first["lock"] == "of_living"
        assert WAIT_S <= watch.seconds() < 20 * WAIT_S
        # the stopped one's election is undone: the sequence goes on as if it had none
        assert [first["chosen"], *pool.sequence(20)] == twin.sequence(21)
    finally:
        end(pid)


def test_one_that_goes_on_after_its_lock_was_taken_frees_nobody_elses(
    pool: Pool,
) -> None:
    pid, slot = stopped(pool)
    assert pool.elect()["lock"] == "of_living"
    mine = pool.inside.own()
    pool.inside.set_owner(pool.slot, mine)
    os.kill(pid, signal.SIGCONT)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert pool.table.settle_worker(slot)["locks"] == 0
    assert pool.inside.owner(pool.slot) == mine


def test_a_second_wait_in_vain_costs_nothing(pool: Pool) -> None:
    pid, _ = stopped(pool)
    liar = pool.inside.owner(pool.slot)
    try:
        assert pool.elect()["lock"] == "of_living"
        watch = Watch()
        for _ in range(50):
            pool.inside.set_owner(pool.slot, liar)
            assert pool.elect()["lock"] == "of_living"
        assert watch.seconds() < WAIT_S
    finally:
        end(pid)


def test_elections_go_on_while_a_process_writes_the_lock_without_end(
    pool: Pool,
) -> None:
    def lie() -> None:
        own = pool.inside.own()
        while os.getppid() == parent:
            for _ in range(1000):
                pool.inside.set_owner(pool.slot, own)

    parent = os.getpid()
    pid, slot = pool.start(lie)
    try:
        watch = Watch()
        chosen = pool.sequence(2000)
        assert set(chosen) == {0, 1}
        assert watch.seconds() < 20
    finally:
        end(pid)
    pool.table.settle_worker(slot)
    assert pool.elect()["lock"] in ("free", "of_dead")
    assert [pool.elect()["lock"] for _ in range(3)] == ["free"] * 3


def test_a_claim_does_not_wait_longer_than_that_and_tells_of_it(pool: Pool) -> None:
    pid, _ = stopped(pool)
    try:
        watch = Watch()
        pool.table.claim_balancer("balancer://x", 2, lbmethod="bybusyness")
        assert watch.seconds() < 20 * WAIT_S
        assert pool.table.take_overdue() == [pid]
        assert pool.table.take_overdue() == []
    finally:
        end(pid)


def test_settling_frees_what_the_dead_one_held_and_nothing_else(pool: Pool) -> None:
    other = pool.table.claim_balancer("balancer://y", 1, lbmethod="byrequests")
    mine = pool.inside.own()
    pool.inside.set_owner(other, mine)
    slot = pool.killed(lambda: pool.probe.die_in_election(2))
    assert pool.table.settle_worker(slot)["locks"] == 1
    assert pool.inside.owner(pool.slot) == 0
    assert pool.inside.owner(other) == mine
    assert pool.all("lbstatus") == [0, 0]


def test_two_that_find_a_dead_owner_do_not_both_undo(pool: Pool) -> None:
    twin = Pool(member(100), member(300))
    for _ in range(20):
        pool.killed(lambda: pool.probe.die_in_election(2))
        started = [pool.start(lambda: pool.sequence(4)) for _ in range(3)]
        for pid, slot in started:
            assert os.waitpid(pid, 0)[1] == 0
            pool.table.settle_worker(slot)
        twin.sequence(12)
        assert pool.all("lbstatus") == twin.all("lbstatus")
        assert pool.all("elected") == twin.all("elected")
        for worker in pool.table.snapshot_workers():
            pool.table.settle_worker(worker["slot"])


def test_the_monitor_may_die_while_it_writes_addresses(pool: Pool) -> None:
    slot = pool.slots[0]
    pool.table.claim_monitor()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        pool.table.be_monitor()
        pool.inside.set_directory_owner(pool.inside.own())
        pool.inside.interrupt_address_write(slot)
        os.write(writing, b"x")
        os.kill(os.getpid(), signal.SIGKILL)
    pool.table.set_monitor_pid(pid)
    assert os.read(reading, 1) == b"x"
    os.waitpid(pid, 0)
    watch = Watch()
    pool.table.set_addresses(slot, [("192.0.2.1", 80)])
    assert watch.seconds() < SOON_S
    assert pool.table.addresses(slot) == [("192.0.2.1", 80)]
