"""The mapping: layout, identity over generations, other processes, deaths."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pools import Pool, member
from rows import rows

from fastlb import _core, _probe
from fastlb.facts.member_changes import CAUSES
from fastlb.facts.outcomes import BOUNDS_S

Table = _core.Table
TableError = _core.TableError
LAYOUT = Path(__file__).parent / "data" / "table_layout"


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(member(100), member(300))
    yield pool
    pool.table.close()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


# --- layout


@given(st.integers(1, 300), st.integers(1, 5000), st.integers(1, 300))
def test_arrays_begin_on_pages_and_do_not_overlap(
    balancers: int, members: int, workers: int
) -> None:
    table = Table.create(balancers, members, workers)
    inside = _probe.TableProbe(table)
    parts, arrays = inside.parts(), inside.arrays()
    table.close()
    ends = dict.fromkeys(parts, 4096)  # what stands at the head of each
    ends["history"] = 0  # nothing does
    for part, offset, size, count in sorted(arrays.values()):
        assert offset % 4096 == 0
        assert offset >= ends[part]
        ends[part] = offset + size * count
    for name, (_, size, _) in parts.items():
        assert ends[name] <= size
    assert arrays["shares"][2] * arrays["shares"][3] >= 4 * workers * members


def test_slots_fill_whole_cache_lines() -> None:
    arrays = _probe.TableProbe(Table.create(1, 1, 1)).arrays()
    assert [size % 64 for _, _, size, _ in arrays.values()] == [0] * len(arrays)


def resident(table: Table) -> int:
    """Bytes of the table's mappings that exist."""
    firsts = {f"{p[0]:x}" for p in _probe.TableProbe(table).parts().values()}
    kib = 0
    ours = False
    with open("/proc/self/smaps", encoding="ascii") as lines:
        for line in lines:
            if "-" in line.split(" ", 1)[0]:
                ours = line.split("-", 1)[0] in firsts
            elif ours and line.startswith("Rss:"):
                kib += int(line.split()[1])
    return kib * 1024


def test_slots_that_nobody_claimed_cost_nothing() -> None:
    table = Table.create(256, 4096, 8192)
    sizes = [size for _, size, _ in _probe.TableProbe(table).parts().values()]
    assert sum(sizes) > 100 << 20
    table.snapshot_workers()
    table.totals()
    assert resident(table) <= 4 * 4096


@rows("maxima", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (-1, 1, 1)])
def test_a_table_of_nothing_is_refused(maxima: tuple[int, int, int]) -> None:
    with pytest.raises(TableError, match="no table of"):
        Table.create(*maxima)


def test_closing_ends_use() -> None:
    before = descriptors()
    table = Table.create(1, 1, 1)
    table.close()
    assert descriptors() == before
    table.close()
    with pytest.raises(TableError, match="closed"):
        table.totals()


def test_a_table_is_not_made_by_calling_the_class() -> None:
    with pytest.raises(TableError, match="closed"):
        Table().totals()


# --- handed on


def test_a_table_that_is_handed_on_is_the_same(pool: Pool) -> None:
    pool.elect()
    slot = pool.table.claim_worker(os.getpid(), 1, 0)
    told = json.loads(json.dumps(pool.table.told()))
    taken = pool.table.take_descriptors()
    assert pool.table.take_descriptors() == ()
    other = Table.attach(told, taken)
    assert other.told() == pool.table.told()
    assert other.snapshot_member(pool.slots[0]) == pool.member(0)
    assert other.settle_worker(slot) == {"busy": 0, "connections": 0, "locks": 0}
    # Same key, same slot; and it goes with its generation.
    assert other.claim_balancer("balancer://x", 2, lbmethod="byrequests") == pool.slot
    other.release_generation(1)
    assert not pool.member(0)["used"]
    assert other.snapshot_balancer(pool.slot)["used"]
    assert len(other.take_descriptors()) == 5


@rows(
    "change",
    [
        {"layout": 0},
        {"secret": "00"},
        {"members_max": 65},
        {"workers_max": 0},
        {"workers_ever": 9},
        {"digest_clients": 4096},
    ],
)
def test_what_is_no_such_table_is_refused(pool: Pool, change: dict[str, Any]) -> None:
    told = pool.table.told()
    taken = pool.table.take_descriptors()
    before = descriptors()
    with pytest.raises(TableError):
        Table.attach({**told, **change}, taken)
    with pytest.raises(TableError):
        Table.attach(told, taken[:3])
    with pytest.raises(TableError):
        Table.attach(told, taken[::-1])
    assert descriptors() == before
    for fd in taken:
        os.close(fd)


def test_another_layout_has_another_number() -> None:
    """What two programs say of the same memory: where it differs in any way, raise
    TABLE_LAYOUT (table.h), and write down the new number with the new hash."""
    core = Path(_core.__file__).parent / "core"
    said = [
        re.sub(r"/\*[^/]*\*/|#(?!define).*|\s+", "", (core / name).read_text())
        for name in ("balance/table.h", "balance/table.pxd", "nonces.pxd")
    ]
    rows_of = (core / "balance/lbmethods/methods.pyx").read_text()
    methods = re.findall(r'lb_method_row\(\s+b"(\w+)"', rows_of)
    said += [*methods, *(cause.name for cause in CAUSES)]
    number = re.search(r"TABLE_LAYOUT (\d+)", (core / "balance/table.h").read_text())
    assert number is not None
    found = hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]
    assert LAYOUT.read_text() == f"{number[1]} {found}\n"


# --- identity


def test_the_same_key_is_the_same_slot_in_every_generation(pool: Pool) -> None:
    assert pool.table.claim_balancer("balancer://x", 2, lbmethod="byrequests") == (
        pool.slot
    )
    assert [pool.claim(i, 2) for i in (1, 0)] == [pool.slots[1], pool.slots[0]]


def test_another_key_is_another_slot(pool: Pool) -> None:
    other = pool.table.claim_balancer("balancer://x@vhost", 1, lbmethod="byrequests")
    assert other != pool.slot
    slot = pool.table.claim_member(
        "balancer://x@vhost http://m0", 1, balancer_slot=other, **pool.settings[0]
    )
    assert slot not in pool.slots


def test_a_reload_keeps_counters_health_and_election_state(pool: Pool) -> None:
    pool.sequence(3)
    pool.fail(0, now_s=1)
    pool.claim(1, 1, check="up")
    pool.set(1, "C")
    pool.inside.count_bytes(pool.slots[0], 10, 20)
    before = [pool.member(0), pool.member(1)]
    pool.claim(0, 2)
    pool.claim(1, 2, check="probe")
    pool.table.release_generation(1)
    assert [pool.member(0), pool.member(1)] == before
    pool.claim(1, 2)
    assert pool.status(1) == "Init Ok "  # it is checked no more


def test_a_reload_writes_what_the_configuration_changed(pool: Pool) -> None:
    pool.claim(
        0, 2, load_factor=250, lbset=3, status="H", route="r", redirect="n1", retry_ms=5
    )
    found = pool.member(0)
    assert (found["load_factor"], found["lbset"], found["flags"]) == (250, 3, "OH")
    assert (found["route"], found["redirect"], found["retry_ms"]) == ("r", "n1", 5)
    pool.claim(0, 3)
    found = pool.member(0)
    assert (found["load_factor"], found["lbset"], found["flags"]) == (100, 0, "O")
    assert (found["route"], found["redirect"]) == ("n0", "")


def test_a_reload_keeps_what_an_operator_set(pool: Pool) -> None:
    pool.set(0, "D")
    pool.claim(0, 2)
    assert pool.member(0)["flags"] == "OD"
    pool.claim(0, 3, status="H")
    assert pool.member(0)["flags"] == "ODH"
    pool.claim(0, 4, status="D")
    pool.claim(0, 5, status="")
    assert pool.member(0)["flags"] == "O"


def test_fresh_starts_a_member_anew_and_keeps_what_is_busy(pool: Pool) -> None:
    pool.sequence(3)
    pool.fail(0)
    pool.set(0, "D")
    worker = pool.table.claim_worker(1, 1, 0)
    pool.inside.busy_add(worker, pool.slots[0])
    pool.inside.count_bytes(pool.slots[0], 10, 20)
    epoch = pool.member(0)["epoch"]
    assert pool.claim(0, 2, fresh=True) == pool.slots[0]
    found = pool.member(0)
    assert found["status"] == "Init Ok "
    assert (found["elected"], found["lbstatus"], found["retries"]) == (0, 0, 0)
    assert (found["transferred"], found["read"], found["error_time_us"]) == (0, 0, 0)
    assert found["busy"] == 1
    assert found["epoch"] > epoch


def test_outcomes_are_counted_by_class_and_time_and_begin_anew(pool: Pool) -> None:
    bounds_us = [round(bound * 1e6) for bound in BOUNDS_S]
    said = [0, 99, 100, 200, 204, 301, 404, 599, 600, -1]
    classes = [0, 0, 1, 2, 2, 3, 4, 5, 0, 0]
    expected = [[0] * 16 for _ in range(6)]
    total_us = 0
    for status, kind in zip(said, classes, strict=True):
        for time, bound in enumerate(bounds_us):
            for took_us, at in ((bound, time), (bound + 1, time + 1)):
                pool.inside.outcome(pool.slots[0], status, took_us)
                expected[kind][at] += 1
                total_us += took_us
        pool.inside.outcome(pool.slots[0], status, -5)
        expected[kind][0] += 1
    assert pool.table.outcomes(pool.slots[0]) == (expected, total_us)
    assert pool.table.outcomes(pool.slots[1])[1] == 0
    pool.claim(0, 2)
    assert pool.table.outcomes(pool.slots[0]) == (expected, total_us)
    pool.claim(0, 3, fresh=True)
    assert pool.table.outcomes(pool.slots[0]) == ([[0] * 16] * 6, 0)


def test_a_slot_is_free_when_the_last_generation_that_knew_it_has_gone(
    pool: Pool,
) -> None:
    kept, dropped = pool.slots
    pool.claim(0, 2)
    pool.table.release_generation(1)
    assert pool.table.snapshot_member(kept)["used"]
    assert not pool.table.snapshot_member(dropped)["used"]
    assert not pool.table.snapshot_balancer(pool.slot)["used"]
    newcomer = pool.table.claim_member(
        "balancer://x http://new", 2, balancer_slot=pool.slot, **pool.settings[1]
    )
    assert newcomer == dropped


def test_a_member_in_a_used_slot_begins_at_nothing(pool: Pool) -> None:
    pool.sequence(5)
    pool.fail(1)
    worker = pool.table.claim_worker(1, 1, 0)
    pool.inside.busy_add(worker, pool.slots[1])
    pool.table.set_addresses(pool.slots[1], [("192.0.2.1", 80)])
    epoch = pool.member(1)["epoch"]
    pool.claim(0, 2)
    pool.table.release_generation(1)
    slot = pool.table.claim_member(
        "balancer://x http://new", 2, balancer_slot=pool.slot, **pool.settings[0]
    )
    assert slot == pool.slots[1]
    found = pool.table.snapshot_member(slot)
    assert found["key"] == "balancer://x http://new"
    assert found["status"] == "Init Ok "
    assert [found[k] for k in ("elected", "busy", "lbstatus", "read")] == [0, 0, 0, 0]
    assert pool.table.addresses(slot) == []
    assert found["epoch"] > epoch


def test_releasing_a_generation_twice_or_unknown_frees_nothing(pool: Pool) -> None:
    pool.claim(0, 2)
    pool.table.release_generation(1)
    pool.table.release_generation(1)
    pool.table.release_generation(99)
    assert pool.table.snapshot_member(pool.slots[0])["used"]


def test_a_full_table_says_so() -> None:
    table = Table.create(1, 1, 1)
    settings = Pool(member()).settings[0]
    slot = table.claim_balancer("balancer://a", 1, lbmethod="byrequests")
    table.claim_member("a", 1, balancer_slot=slot, **settings)
    table.claim_worker(1, 1, 0)
    with pytest.raises(TableError, match="no free balancer slot of 1"):
        table.claim_balancer("balancer://b", 1, lbmethod="byrequests")
    with pytest.raises(TableError, match="no free member slot of 1"):
        table.claim_member("b", 1, balancer_slot=slot, **settings)
    with pytest.raises(TableError, match="no free worker slot of 1"):
        table.claim_worker(2, 1, 1)


def test_any_number_of_generations_may_live_and_each_holds_its_slots() -> None:
    table = Table.create(1, 1, 1)
    for generation in range(1000):
        table.claim_balancer("balancer://x", generation, lbmethod="byrequests")
    for generation in range(999):
        table.release_generation(generation)
        assert table.snapshot_balancer(0)["used"]
    table.release_generation(999)
    assert not table.snapshot_balancer(0)["used"]


@pytest.mark.parametrize("count", [31, 32, 33, 64, 65, 200])
def test_a_generation_holds_as_many_slots_as_it_claims(count: int) -> None:
    """Those of a generation that goes are free again, each of them and no other."""
    table = Table.create(256, 256, 1)
    settings = Pool(member()).settings[0]

    def claim(generation: int, numbers: range) -> list[int]:
        return [
            table.claim_member(
                f"m{n}",
                generation,
                balancer_slot=table.claim_balancer(
                    f"balancer://{n}", generation, lbmethod="byrequests"
                ),
                **settings,
            )
            for n in numbers
        ]

    def used() -> list[int]:
        return [n for n in range(count) if table.snapshot_member(n)["used"]]

    assert claim(1, range(count)) == list(range(count))
    claim(2, range(5))
    table.release_generation(1)
    assert used() == list(range(5))
    assert claim(3, range(5, count)) == list(range(5, count))
    table.release_generation(2)
    assert used() == list(range(5, count))


def test_the_lowest_worker_slot_is_used_first_and_the_mark_falls() -> None:
    table = Table.create(1, 1, 4096)
    slots = [table.claim_worker(1, 1, n) for n in range(3000)]
    assert slots == list(range(3000))
    table.settle_worker(7)
    assert table.claim_worker(1, 1, 0) == 7
    for slot in slots[1:]:
        table.settle_worker(slot)
    assert [w["slot"] for w in table.snapshot_workers()] == [0]
    assert table.claim_worker(1, 1, 0) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"route": "x" * 64}, TableError),
        ({"redirect": "x" * 64}, TableError),
        ({"status": "X"}, ValueError),
        ({"status": "h"}, ValueError),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    pool: Pool, changes: dict[str, str], error: type[Exception]
) -> None:
    before = pool.member(0)
    with pytest.raises(error):
        pool.claim(0, 1, **changes)
    assert pool.member(0) == before


def test_keys_of_full_length_are_told_apart() -> None:
    table = Table.create(4, 4, 1)
    settings = Pool(member()).settings[0]
    slot = table.claim_balancer("b" * 384, 1, lbmethod="byrequests")
    slots = {
        table.claim_member("m" * 767 + last, 1, balancer_slot=slot, **settings)
        for last in "xyx"
    }
    assert len(slots) == 2
    with pytest.raises(TableError, match="768 fit"):
        table.claim_member("m" * 769, 1, balancer_slot=slot, **settings)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown lbmethod"):
        Table.create(1, 1, 1).claim_balancer("balancer://x", 1, lbmethod="byluck")


def test_slots_that_were_never_claimed_are_refused(pool: Pool) -> None:
    for act in (
        pool.table.member_status,
        pool.table.snapshot_member,
        pool.table.snapshot_balancer,
        pool.table.settle_worker,
        pool.table.mark_up,
    ):
        for slot in (-1, 7, 64, 1 << 20):
            with pytest.raises(IndexError):
                act(slot)


def test_a_member_without_balancer_has_a_state_too() -> None:
    pool = Pool()
    slot = pool.table.claim_member(
        "direct http://h",
        1,
        balancer_slot=-1,
        load_factor=100,
        lbset=0,
        status="I",
        route="",
        redirect="",
        retry_ms=0,
        probe=False,
    )
    assert pool.table.snapshot_member(slot)["status"] == "Init Ign Ok "
    assert pool.table.snapshot_member(slot)["balancer_slot"] == -1


# --- addresses


def test_addresses_are_given_back_in_order(pool: Pool) -> None:
    slot = pool.slots[0]
    wanted = [("192.0.2.1", 80), ("2001:db8::1", 8080), ("192.0.2.2", 65535)]
    assert pool.table.addresses(slot) == []
    pool.table.set_addresses(slot, wanted)
    assert pool.table.addresses(slot) == wanted
    pool.table.set_addresses(slot, wanted[:1])
    assert pool.table.addresses(slot) == wanted[:1]
    assert pool.table.addresses(pool.slots[1]) == []


def test_connections_are_of_old_when_a_name_has_moved_and_only_then(pool: Pool) -> None:
    slot = pool.slots[0]

    def epoch() -> int:
        return int(pool.table.snapshot_member(slot)["epoch"])

    first, second = ("192.0.2.1", 80), ("2001:db8::1", 80)
    seen = epoch()
    assert not pool.table.set_addresses(slot, [first, second])
    version, _ = pool.inside.addresses_if_newer(slot, 0)
    for same in ([first, second], [second, first]):
        assert not pool.table.set_addresses(slot, same)
        assert pool.table.addresses(slot) == same
    assert epoch() == seen
    # what is told again is not written again
    assert pool.inside.addresses_if_newer(slot, version)[0] == version + 2
    for other in ([first], [("192.0.2.1", 81)], [("192.0.2.2", 81), second]):
        assert pool.table.set_addresses(slot, other)
        seen += 1
        assert epoch() == seen


def test_when_a_name_is_asked_for_again_stands_in_the_table(pool: Pool) -> None:
    slot = pool.slots[0]
    assert pool.table.renewal_us(slot) == 0
    pool.table.set_renewal(slot, 2**40)
    assert pool.table.renewal_us(slot) == 2**40
    assert pool.table.renewal_us(pool.slots[1]) == 0


def test_a_link_local_address_keeps_its_interface(pool: Pool) -> None:
    pool.table.set_addresses(pool.slots[0], [("fe80::1%7", 80)])
    assert pool.table.addresses(pool.slots[0]) == [("fe80::1%7", 80)]


@pytest.mark.parametrize("bad", [("localhost", 80), ("192.0.2.1", 70000), ("", 80)])
def test_what_is_no_address_is_refused(pool: Pool, bad: tuple[str, int]) -> None:
    with pytest.raises(ValueError, match="is not"):
        pool.table.set_addresses(pool.slots[0], [bad])


def test_more_than_eight_addresses_are_refused(pool: Pool) -> None:
    with pytest.raises(ValueError, match="more than 8"):
        pool.table.set_addresses(pool.slots[0], [("192.0.2.1", 80)] * 9)


def test_a_worker_copies_addresses_only_when_they_are_newer(pool: Pool) -> None:
    slot = pool.slots[0]
    assert pool.inside.addresses_if_newer(slot, 0) == (0, -1)
    pool.table.set_addresses(slot, [("192.0.2.1", 80)])
    version, count = pool.inside.addresses_if_newer(slot, 0)
    assert count == 1
    assert pool.inside.addresses_if_newer(slot, version) == (version, -1)
    pool.table.set_addresses(slot, [("192.0.2.1", 80), ("192.0.2.2", 80)])
    assert pool.inside.addresses_if_newer(slot, version) == (version + 2, 2)


def test_a_writer_that_died_is_not_waited_for_and_the_next_one_heals_it(
    pool: Pool,
) -> None:
    slot = pool.slots[0]
    pool.table.set_addresses(slot, [("192.0.2.1", 80)])
    version, _ = pool.inside.addresses_if_newer(slot, 0)
    pool.inside.interrupt_address_write(slot)
    assert pool.inside.addresses_if_newer(slot, version) == (version, -1)
    assert pool.table.addresses(slot) == []
    pool.table.set_addresses(slot, [("192.0.2.9", 81)])
    assert pool.table.addresses(slot) == [("192.0.2.9", 81)]
    assert pool.inside.addresses_if_newer(slot, version)[1] == 1


# --- several processes


def test_elections_of_many_processes_are_one_sequence(pool: Pool) -> None:
    readers = []
    for _ in range(4):
        reading, writing = os.pipe()

        def elect_many(to: int = writing) -> None:
            os.write(to, bytes(pool.sequence(250)))

        pid, _ = pool.start(elect_many)
        os.close(writing)
        readers.append((pid, reading))
    seen = b""
    for pid, reading in readers:
        seen += os.read(reading, 1000)
        os.close(reading)
        assert os.waitpid(pid, 0)[1] == 0
    # 1000 elections of factors 1 and 3: whole cycles, so nothing is lost or doubled
    assert [seen.count(i) for i in (0, 1)] == [250, 750]
    assert pool.all("elected") == [250, 750]
    assert pool.all("lbstatus") == [0, 0]


def test_serial_elections_are_the_same_whichever_process_asks(pool: Pool) -> None:
    alone = Pool(member(100), member(300)).sequence(8)
    together = []
    for _ in range(8):
        reading, writing = os.pipe()

        def elect_one(to: int = writing) -> None:
            os.write(to, bytes([pool.chosen()]))

        pool.in_child(elect_one)
        together += os.read(reading, 1)
        os.close(reading)
        os.close(writing)
    assert together == alone


@pytest.mark.parametrize("asked", [0, 1, 2])
def test_a_process_killed_within_an_election_wedges_nobody(
    pool: Pool, asked: int
) -> None:
    pool.killed(lambda: pool.probe.die_in_election(asked))
    first = pool.elect()
    assert (first["chosen"], first["lock"]) == (1, "of_dead")
    assert pool.elect()["lock"] == "free"
    assert pool.all("elected") == [1, 1]
    assert pool.table.totals()["repairs"] == 1


def test_other_processes_go_on_after_a_death(pool: Pool) -> None:
    pool.killed(lambda: pool.probe.die_in_election(1))
    pool.in_child(lambda: pool.sequence(3))
    assert sum(pool.all("elected")) == 3


def test_settling_a_killed_worker_repairs_what_it_held_and_takes_its_shares(
    pool: Pool,
) -> None:
    worker = 0  # the lowest that is free

    def work() -> None:
        pool.inside.connection_opened(worker)
        pool.inside.exchange_opened(worker)
        pool.inside.busy_add(worker, pool.slots[0])
        pool.inside.busy_add(worker, pool.slots[1])
        pool.inside.request_done(worker, 100, 7)
        pool.probe.die_in_election(1)

    assert pool.killed(work) == worker
    assert pool.table.settle_worker(worker) == {
        "busy": 2,
        "connections": 1,
        "locks": 1,
    }
    assert pool.all("busy") == [0, 0]
    assert pool.all("lbstatus") == [0, 0]
    assert pool.elect()["lock"] == "free"
    assert pool.table.snapshot_workers() == []
    totals = pool.table.totals()
    assert (totals["accesses"], totals["connections"], totals["busy"]) == (1, 1, 0)


def test_settling_does_not_wait_for_a_living_process_that_holds_a_lock(
    pool: Pool,
) -> None:
    # a child stopped within its election holds the lock and lives
    worker = pool.table.claim_worker(1, 1, 0)
    pid, _ = pool.start(lambda: pool.probe.stop_in_election(1))
    os.waitpid(pid, os.WUNTRACED)
    try:
        assert pool.table.settle_worker(worker)["locks"] == 0
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert pool.elect()["lock"] == "of_dead"


def test_settling_a_free_slot_is_refused(pool: Pool) -> None:
    worker = pool.table.claim_worker(1, 1, 0)
    pool.table.settle_worker(worker)
    with pytest.raises(TableError, match="is free"):
        pool.table.settle_worker(worker)


def test_the_scoreboard_shows_state_and_draining(pool: Pool) -> None:
    slot = pool.table.claim_worker(5, 1, 0)
    pool.table.set_worker_state(slot, "G")
    pool.table.set_worker_pid(slot, 6)
    found = pool.table.snapshot_workers()[0]
    assert (found["state"], found["draining"], found["pid"]) == ("G", True, 6)


def test_a_snapshot_of_a_balancer_lists_its_members(pool: Pool) -> None:
    pool.sequence(2)
    found = pool.table.snapshot_balancer(pool.slot)
    assert (found["key"], found["lbmethod"]) == ("balancer://x", "byrequests")
    assert found["members"] == pool.slots
