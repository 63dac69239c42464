"""What members did lately: rings in shared memory, whoever writes and reads them."""

from __future__ import annotations

import ctypes
import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pools import SECOND_US, Pool, member
from rows import rows

from fastlb import _core
from fastlb.admin.history import history
from fastlb.facts.history import SPANS, Ring, Sample, samples_of, us_of
from fastlb.facts.outcomes import BOUNDS_S

BEGIN_US = 7_200 * SECOND_US  # a multiple of every step


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(member(), member())
    pool.table.claim_worker(os.getpid(), 1, 0)
    yield pool
    pool.table.close()


def look(pool: Pool, at_s: float) -> None:
    pool.table.note_history(BEGIN_US + round(at_s * SECOND_US))


def outcome(pool: Pool, status: int = 200, took_ms: float = 3, count: int = 1) -> None:
    for _ in range(count):
        pool.inside.outcome(pool.slots[0], status, round(took_ms * 1000))


def kept(pool: Pool, span: str = "10m", position: int = 0) -> dict[int, Sample | None]:
    """Samples by the number of their interval since BEGIN_US."""
    ring = SPANS[span]
    found = pool.table.history(pool.slots[position], ring.number)
    assert found is not None
    behind, data = found
    samples = list(samples_of(data))
    first = behind - len(samples) - BEGIN_US // SECOND_US // ring.step_s
    return dict(enumerate(samples, first))


def requests(pool: Pool, span: str = "10m") -> dict[int, int | None]:
    return {at: s.requests if s else None for at, s in kept(pool, span).items()}


# --- one ring after the other


def test_a_second_tells_what_ended_within_it(pool: Pool) -> None:
    look(pool, 0)
    outcome(pool, 200, 3, count=98)
    outcome(pool, 503, 70)
    outcome(pool, 0, 7000)
    pool.inside.busy_add(0, pool.slots[0])
    pool.inside.busy_add(0, pool.slots[0])
    look(pool, 1)
    (sample,) = kept(pool).values()
    assert sample is not None
    assert (sample.requests, sample.errors, sample.in_flight) == (100, 2, 2)
    assert (sample.usable, sample.span) == (1.0, 1.0)
    # as histogram_quantile() has it: evenly within the bounds of 2.5 and 5 ms
    assert sample.p50_us == pytest.approx(2500 + 2500 * 50 / 98, rel=1 / 2048)
    assert sample.p99_us == pytest.approx(100_000, rel=1 / 2048)


def test_another_second_begins_anew(pool: Pool) -> None:
    look(pool, 0)
    outcome(pool, count=5)
    look(pool, 1)
    outcome(pool, count=7)
    look(pool, 2)
    look(pool, 3)
    assert requests(pool) == {0: 5, 1: 7, 2: 0}
    last = kept(pool)[2]
    assert last is not None
    assert (last.p50_us, last.p99_us) == (None, None)


def test_tunnels_are_requests_without_a_time(pool: Pool) -> None:
    look(pool, 0)
    outcome(pool, 101, 20_000)
    look(pool, 1)
    (sample,) = kept(pool).values()
    assert sample is not None
    assert (sample.requests, sample.p50_us) == (1, None)


def test_what_no_bound_holds_takes_the_last_one(pool: Pool) -> None:
    look(pool, 0)
    outcome(pool, 200, 100_000)
    look(pool, 1)
    (sample,) = kept(pool).values()
    assert sample is not None
    assert sample.p99_us == pytest.approx(BOUNDS_S[-1] * 1e6, rel=1 / 2048)


def test_coarser_rings_have_times_of_their_own_interval(pool: Pool) -> None:
    look(pool, 0)
    for second in range(60):
        # one second of sixty is slow: the mean of medians would be 2.5 times as much
        outcome(pool, 200, 4000 if second == 7 else 3, count=10)
        pool.set(0, "E", second == 7)
        look(pool, second + 1)
    (minute,) = kept(pool, "24h").values()
    tens = kept(pool, "2h")
    assert minute is not None
    assert list(tens) == list(range(6))
    assert minute.requests == 600
    assert minute.p50_us == pytest.approx(2500 + 2500 * 300 / 590, rel=1 / 2048)
    assert minute.p99_us == pytest.approx(2.5e6 + 2.5e6 * 4 / 10, rel=1 / 2048)
    assert minute.usable == pytest.approx(59 / 60, abs=1 / 255)
    first = tens[0]
    assert first is not None
    assert first.usable == pytest.approx(9 / 10, abs=1 / 255)


def test_the_most_in_flight_of_an_interval_is_kept(pool: Pool) -> None:
    for second in range(11):
        if second == 4:
            pool.inside.busy_add(0, pool.slots[0])
        look(pool, second)
        if second == 4:
            pool.inside.busy_sub(0, pool.slots[0])
    ten = kept(pool, "2h")[0]
    assert ten is not None
    assert ten.in_flight == 1
    assert [s.in_flight if s else None for s in kept(pool).values()].count(1) == 1


def test_a_ring_keeps_its_last_samples(pool: Pool) -> None:
    for second in range(605):
        look(pool, second)
        outcome(pool, count=second % 3)
    found = requests(pool)
    assert found == {second: second % 3 for second in range(4, 604)}


def test_a_look_that_is_late_tells_how_long_it_saw(pool: Pool) -> None:
    look(pool, 0)
    look(pool, 1.3)
    look(pool, 2)
    late, short = kept(pool).values()
    assert late is not None
    assert short is not None
    assert (late.span, short.span) == (1.3, 0.7)


def test_where_nobody_looked_is_a_gap(pool: Pool) -> None:
    look(pool, 0)
    outcome(pool)
    look(pool, 1)
    outcome(pool, count=9)
    look(pool, 5)
    outcome(pool, count=2)
    look(pool, 6)
    assert requests(pool) == {0: 1, 1: None, 2: None, 3: None, 4: None, 5: 2}
    look(pool, 10)
    assert requests(pool, "2h") == {0: 12}


def test_a_gap_of_days_leaves_nothing_of_before(pool: Pool) -> None:
    look(pool, 0)
    look(pool, 1)
    outcome(pool)
    look(pool, 200_000)
    outcome(pool, count=2)
    look(pool, 200_001)
    for span, ring in SPANS.items():
        assert len(kept(pool, span)) == ring.count
    found = requests(pool)
    assert found.pop(200_000) == 2
    assert set(found.values()) == {None}


def test_a_member_that_nobody_has_seen_has_no_history(pool: Pool) -> None:
    assert pool.table.history(pool.slots[0], 0) == (0, b"")
    look(pool, 0)
    assert kept(pool) == {}


@rows("ring", [-1, 3])
def test_there_are_three_rings(ring: int) -> None:
    with pytest.raises(IndexError):
        Pool(member()).table.history(0, ring)


# --- whose it is


def test_a_reload_keeps_it(pool: Pool) -> None:
    look(pool, 0)
    outcome(pool, count=3)
    pool.claim(0, 2)
    pool.table.release_generation(1)
    look(pool, 1)
    assert requests(pool) == {0: 3}


def test_counters_that_begin_anew_are_no_great_number(pool: Pool) -> None:
    """As a reload under Compat apache has it."""
    outcome(pool, count=50)
    look(pool, 0)
    pool.claim(0, 2, fresh=True)
    outcome(pool, count=3)
    look(pool, 1)
    assert requests(pool) == {0: 3}


def test_a_slot_of_another_member_begins_empty(pool: Pool) -> None:
    look(pool, 0)
    outcome(pool, count=3)
    look(pool, 1)
    assert requests(pool) == {0: 3}
    pool.table.release_generation(1)
    pool.table.claim_balancer("balancer://x", 2, lbmethod="byrequests")
    slot = pool.table.claim_member(
        "balancer://x http://other", 2, balancer_slot=pool.slot, **pool.settings[0]
    )
    assert slot == pool.slots[0]
    assert kept(pool) == {}  # before anybody has looked at it
    outcome(pool, count=5)
    look(pool, 2)
    assert kept(pool) == {}
    outcome(pool, count=7)
    look(pool, 3)
    assert requests(pool) == {2: 7}


def test_a_member_that_is_gone_is_not_looked_at(pool: Pool) -> None:
    assert pool.table.note_history(BEGIN_US) == 2
    pool.table.claim_balancer("balancer://x", 2, lbmethod="byrequests")
    pool.claim(0, 2)
    pool.table.release_generation(1)
    assert pool.table.note_history(BEGIN_US) == 1


# --- other processes


def monitor(pool: Pool, act: Callable[[], object]) -> int:
    """Run `act` in a monitor; how that ended."""
    pool.table.claim_monitor()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            pool.table.be_monitor()
            act()
            status = 0
        finally:
            os._exit(status)
    pool.table.set_monitor_pid(pid)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_monitor_goes_on_where_one_was_killed(pool: Pool) -> None:
    def first() -> None:
        look(pool, 0)
        outcome(pool, count=3)
        look(pool, 1)
        outcome(pool, count=4)
        pool.inside.tear_history(pool.slots[0])
        os.kill(os.getpid(), signal.SIGKILL)

    def second() -> None:
        look(pool, 3.7)
        outcome(pool, count=5)
        for at_s in (4.8, 5.8, 10):
            look(pool, at_s)

    assert monitor(pool, first) == -signal.SIGKILL
    assert pool.table.history(pool.slots[0], 0) is None  # half of it may be written
    assert monitor(pool, second) == 0
    found = requests(pool)
    assert [found[at] for at in range(5)] == [3, None, None, 5, 0]
    assert requests(pool, "2h") == {0: 12}


def test_a_worker_reads_it_and_cannot_write(pool: Pool) -> None:
    look(pool, 0)
    outcome(pool, count=3)
    look(pool, 1)

    def act() -> None:
        assert requests(pool) == {0: 3}
        assert pool.inside.parts()["history"][2] == 0
        with pytest.raises(_core.TableError, match="only"):
            look(pool, 2)

    pool.in_child(act)


def test_lies_of_a_worker_are_bounded(pool: Pool) -> None:
    look(pool, 0)
    first, _, _ = pool.inside.parts()["field"]
    _, offset, size, _ = pool.inside.arrays()["outcomes"]

    def act() -> None:
        ctypes.memset(first + offset + size * pool.slots[0], 0xFF, size)

    pool.in_child(act)
    look(pool, 1)
    outcome(pool, count=2)
    look(pool, 2)
    for sample in kept(pool).values():
        assert sample is not None
        assert 0 <= sample.requests < 1 << 32
        assert sample.p50_us is None or sample.p50_us <= 30e6


# --- against rings of Python


@dataclass
class Looks:
    """What a ring knows, by definition: of each interval the look that began it and the
    one that ended it, each the first one behind its moment."""

    ring: Ring
    seen: list[tuple[int, int, int, bool]] = field(default_factory=list)

    def samples(self) -> dict[int, tuple[int, int, int, float] | None]:
        step_us = self.ring.step_s * SECOND_US
        begins: dict[int, int] = {}
        for at, (now_us, *_) in enumerate(self.seen):
            begins.setdefault(now_us // step_us, at)
        first, last = min(begins), max(begins)
        found: dict[int, tuple[int, int, int, float] | None] = {}
        for number in range(max(first, last - self.ring.count), last):
            found[number] = None
            if number + 1 not in begins:
                continue
            # the look that ended it, and the one that began what that ends
            end = begins[number + 1]
            begin = max(at for at in begins.values() if at < end)
            span = ((self.seen[end][0] - self.seen[begin][0]) * 100 + step_us // 2) // (
                step_us
            )
            if not 50 <= span <= 150:
                continue
            within = self.seen[begin + 1 : end + 1]
            found[number] = (
                self.seen[end][1] - self.seen[begin][1],
                max(busy for _, _, busy, _ in within),
                sum(out for *_, out in within),
                span / 100,
            )
        return found


LOOKS = st.lists(
    st.tuples(
        st.one_of(
            st.integers(0, 2 * SECOND_US),
            st.just(SECOND_US),
            st.integers(0, 200 * SECOND_US),
        ),
        st.integers(0, 3),
        st.integers(0, 2),
        st.booleans(),
    ),
    min_size=1,
    max_size=150,
)


@settings(deadline=None)
@given(LOOKS)
def test_rings_hold_what_a_model_holds(
    steps: list[tuple[int, int, int, bool]],
) -> None:
    pool = Pool(member())
    pool.table.claim_worker(os.getpid(), 1, 0)
    models = {span: Looks(ring) for span, ring in SPANS.items()}
    now_us, count, busy = BEGIN_US, 0, 0
    for wait_us, ended, under_way, is_out in steps:
        now_us += wait_us
        outcome(pool, count=ended)
        count += ended
        while busy < under_way:
            pool.inside.busy_add(0, pool.slots[0])
            busy += 1
        while busy > under_way:
            pool.inside.busy_sub(0, pool.slots[0])
            busy -= 1
        pool.set(0, "E", is_out)
        pool.table.note_history(now_us)
        for model in models.values():
            model.seen.append((now_us, count, busy, is_out))
    for span, model in models.items():
        expected = model.samples()
        found = kept(pool, span)
        offset = BEGIN_US // SECOND_US // model.ring.step_s
        assert [number + offset for number in found] == list(expected)
        for sample, wanted in zip(found.values(), expected.values(), strict=True):
            if wanted is None:
                assert sample is None
                continue
            assert sample is not None
            assert (sample.requests, sample.in_flight, sample.span) == (
                wanted[0],
                wanted[1],
                wanted[3],
            )
            assert (sample.usable < 1) == (wanted[2] > 0)
            assert (sample.p50_us is None) == (wanted[0] == 0)
    pool.table.close()


# --- as lists


def test_lists_end_with_the_second_that_has_ended(pool: Pool) -> None:
    look(pool, 0)
    outcome(pool, 200, 3, count=20)
    outcome(pool, 500, 3)
    look(pool, 1)
    look(pool, 5)
    found = history(
        pool.table,
        pool.slots[0],
        "10m",
        monotonic_s=BEGIN_US / 1e6 + 7.25,
        wall_s=1_800_000_007.25,
    )
    assert json.loads(json.dumps(found)) == found
    assert (found["span"], found["step_s"]) == ("10m", 1)
    assert {len(found[name]) for name in found if name not in ("span", "step_s")} == {
        600
    }
    assert found["t"][-1] == 1_800_000_006
    assert found["t"][0] == 1_800_000_007 - 600
    assert found["requests_per_s"][-8:] == [None, 21.0, *[None] * 6]
    assert found["errors_per_s"][-7] == 1.0
    assert found["in_flight"][-7] == 0
    assert found["usable"][-7] == 1.0
    assert 2.5 < found["p50_ms"][-7] < found["p99_ms"][-7] < 5


def test_rates_are_of_the_time_that_was_seen(pool: Pool) -> None:
    look(pool, 0)
    for second in range(1, 15):
        outcome(pool, count=13)
        if second not in (10, 11, 12):
            look(pool, second)
    found = history(
        pool.table,
        pool.slots[0],
        "2h",
        monotonic_s=BEGIN_US / 1e6 + 20,
        wall_s=2e9,
    )
    assert found["requests_per_s"][-2:] == [13.0, None]


def test_what_the_rings_say_of_other_times_is_left_out(pool: Pool) -> None:
    """A record may be older than all that is asked for, or newer."""
    look(pool, 0)
    look(pool, 1)
    for monotonic_s in (0.0, 1e6):
        found = history(
            pool.table, pool.slots[0], "10m", monotonic_s=monotonic_s, wall_s=2e9
        )
        assert set(found["requests_per_s"]) == {None}


def test_half_written_samples_are_unknown(pool: Pool) -> None:
    look(pool, 0)
    pool.inside.tear_history(pool.slots[0])
    assert set(history(pool.table, pool.slots[0], "24h")["usable"]) == {None}


def test_there_is_no_other_span(pool: Pool) -> None:
    with pytest.raises(KeyError):
        history(pool.table, pool.slots[0], "1y")


@rows(
    ("code", "us"),
    [
        (0, None),
        (1, 1),
        (2047, 2047),
        (4095, 4095),
        (4096, 4096),
        (4097, 4098),
        (6143, 8190),
        (6144, 8192),
        (65535, 4095 << 30),
    ],
)
def test_times_are_coded_with_eleven_bits(code: int, us: int | None) -> None:
    assert us_of(code) == us
