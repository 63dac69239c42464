"""bybusyness: httpd's recorded elections, and its properties."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pools import Pool, member
from recorded_elections import Recorded, of_method, players
from rows import rows


class Load:
    """Requests under way in workers of a pool."""

    def __init__(self, pool: Pool, workers: int = 1) -> None:
        self.pool = pool
        self.workers = [pool.table.claim_worker(1000 + i, 1, i) for i in range(workers)]
        self.under_way: list[tuple[int, int]] = []

    def begin(self, worker: int = 0, route: str = "") -> int:
        chosen = self.pool.chosen(route=route)
        slot = self.workers[worker], self.pool.slots[chosen]
        self.pool.inside.busy_add(*slot)
        self.under_way.append(slot)
        return chosen

    def end(self, which: int) -> None:
        self.pool.inside.busy_sub(*self.under_way.pop(which))

    def busy(self) -> list[int]:
        return [self.pool.inside.busy_of(slot) for slot in self.pool.slots]


# --- schedules


def test_the_worked_example_with_everything_under_way() -> None:
    pool = Pool(member(100), member(300), lbmethod="bybusyness")
    load = Load(pool)
    assert [(load.begin(), *pool.all("lbstatus")) for _ in range(3)] == [
        (1, 100, -100),
        (0, -200, 200),
        (1, -100, 100),
    ]


def replay(scenario: Recorded) -> list[int | None]:
    load = Load(players(scenario))
    held: dict[int, tuple[int, int]] = {}
    chosen: list[int | None] = []
    for number, step in enumerate(scenario["routes"]):
        if isinstance(step, int):
            load.end(load.under_way.index(held.pop(step)))
            chosen.append(None)
        elif step == "hold":
            chosen.append(load.begin())
            held[number] = load.under_way[-1]
        else:
            chosen.append(load.begin(route=step or ""))
            load.end(-1)
    return chosen


@rows("scenario", of_method("bybusyness"))
def test_elects_the_members_that_httpd_was_seen_to_elect(scenario: Recorded) -> None:
    assert replay(scenario) == scenario["chosen"]


# --- properties

factors = st.lists(st.integers(1, 30), min_size=1, max_size=6)


@given(factors)
def test_one_by_one_it_is_byrequests(weights: list[int]) -> None:
    members = [member(w * 100) for w in weights]
    load = Load(Pool(*members, lbmethod="bybusyness"))
    seen = []
    for _ in range(40):
        seen.append(load.begin())
        load.end(0)
    assert seen == Pool(*members).sequence(40)


steps = st.lists(st.one_of(st.none(), st.integers(0, 50)), max_size=80)


@given(factors, steps, st.integers(1, 4))
def test_the_elected_one_was_never_busier_than_another(
    weights: list[int], steps: list[int | None], workers: int
) -> None:
    pool = Pool(*(member(w * 100) for w in weights), lbmethod="bybusyness")
    load = Load(pool, workers)
    for number, step in enumerate(steps):
        if step is None:
            before = load.busy()
            assert before[load.begin(number % len(load.workers))] == min(before)
        elif load.under_way:
            load.end(step % len(load.under_way))
    assert sum(pool.all("lbstatus")) == 0


def test_busy_is_the_sum_over_all_workers() -> None:
    pool = Pool(member(), member(), member(), lbmethod="bybusyness")
    load = Load(pool, workers=3)
    assert [load.begin(worker) for worker in (0, 1, 2)] == [0, 1, 2]
    assert load.busy() == [1, 1, 1]


def test_a_dead_workers_requests_do_not_count() -> None:
    pool = Pool(member(), member(), lbmethod="bybusyness")
    load = Load(pool, workers=2)
    assert [load.begin(0), load.begin(0), load.begin(1), load.begin(1)] == [0, 1, 0, 1]
    load.end(3)
    pool.table.settle_worker(load.workers[0])
    assert load.busy() == [1, 0]
    assert load.begin(1) == 1


def test_a_change_of_method_leaves_what_is_under_way() -> None:
    pool = Pool(member(), member())
    load = Load(pool)
    load.begin()
    pool.table.claim_balancer("balancer://x", 2, lbmethod="bybusyness")
    assert load.busy() == [1, 0]
    assert pool.all("lbstatus") == [0, 0]
