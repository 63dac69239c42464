"""eject.pyx: members that fail requests, and go out for it."""

from __future__ import annotations

from typing import Any

from pools import SECOND_US, Pool, member
from rows import rows


def pool(*members: dict[str, Any], **plan: int) -> Pool:
    made = members or tuple(member() for _ in range(4))
    return Pool(*made, **{"eject_failures": 3, "eject_us": 10 * SECOND_US, **plan})


def fail(made: Pool, now_s: float, position: int = 0) -> dict[str, Any] | None:
    found: dict[str, Any] | None = made.probe.failed(position, round(now_s * SECOND_US))
    return found


def eject(made: Pool, now_s: float, position: int = 0) -> float:
    """Fail until it is out; for how many seconds that is."""
    for _ in range(1000):
        found = fail(made, now_s, position)
        if found is not None:
            assert found["is_out"]
            return float(found["out_us"]) / SECOND_US
    raise AssertionError("it is not ejected")


def test_so_many_failures_in_a_row_are_enough() -> None:
    made = pool()
    assert [fail(made, 1), fail(made, 2)] == [None, None]
    assert "Err" not in made.status(0)
    found = fail(made, 3)
    assert found is not None
    assert (found["fails"], found["requests"], found["times"]) == (3, 0, 1)
    assert (found["out_count"], found["out_max"], found["member_count"]) == (1, 2, 4)
    assert "Err" in made.status(0)
    assert 0 not in made.sequence(8, 12.9)


def test_an_answer_in_between_begins_the_row_anew() -> None:
    made = pool()
    for _ in range(10):
        assert fail(made, 1) is None
        assert fail(made, 1) is None
        made.probe.passed(0)
    assert made.member(0)["ejections"] == 0


def test_it_comes_back_by_itself_whatever_retry_says() -> None:
    for retry_ms in (0, 1000, 600_000):
        made = pool(*(member(retry_ms=retry_ms) for _ in range(4)))
        assert eject(made, 1) == 10
        assert made.retry_in_ms(0, 5) == 6000
        assert 0 not in made.sequence(8, 10.9)
        assert 0 in made.sequence(8, 11)
        made.inside.connected(made.slots[0])
        made.fail(0, 20)  # an error as any other: retry= holds
        assert made.retry_in_ms(0, 20) == (retry_ms + 1 if retry_ms else 0)


def test_each_time_it_is_out_for_longer_up_to_a_bound() -> None:
    made = pool()
    now_s, took = 0.0, []
    for _ in range(13):
        took.append(eject(made, now_s))
        now_s += took[-1]
        made.sequence(4, now_s)
    assert took == [*(10.0 * times for times in range(1, 11)), 100, 100, 100]


@rows(("served_s", "next_s"), [(0, 40), (29, 40), (30, 30), (60, 20), (90, 10)])
def test_to_have_served_as_long_as_it_was_out_forgives_one(
    served_s: float, next_s: float
) -> None:
    made = pool()
    now_s = 0.0
    for _ in range(3):
        now_s += eject(made, now_s)
        made.sequence(4, now_s)
    assert eject(made, now_s + served_s) == next_s


def test_what_was_under_way_is_not_weighed_again() -> None:
    made = pool()
    eject(made, 1)
    assert [fail(made, 2) for _ in range(20)] == [None] * 20
    assert made.member(0)["ejections"] == 1


@rows(
    ("count", "percent", "most"),
    [(4, 50, 2), (5, 50, 2), (4, 100, 3), (3, 10, 1), (2, 50, 1), (10, 30, 3)],
)
def test_never_more_than_a_share_and_never_the_last(
    count: int, percent: int, most: int
) -> None:
    made = pool(*(member() for _ in range(count)), eject_max=percent)
    found = [fail(made, 1, n) for n in range(count) for _ in range(3)]
    told = [one["is_out"] for one in found if one is not None]
    assert told == [True] * most + [False] * (count - most)
    assert sum("Err" in made.status(n) for n in range(count)) == most


def test_all_workers_weigh_together() -> None:
    made = pool()
    assert fail(made, 1) is None
    made.in_child(lambda: fail(made, 1))
    found = fail(made, 1)
    assert found is not None
    assert found["fails"] == 3


def test_a_single_member_is_never_ejected() -> None:
    made = pool(member())
    found = [fail(made, 1) for _ in range(9)]
    assert [one["is_out"] for one in found if one is not None] == [False] * 3


def test_those_that_are_out_otherwise_count_and_those_taken_out_do_not() -> None:
    made = pool()
    made.fail(1)
    made.fail(2)
    assert [fail(made, 1) for _ in range(2)] == [None, None]
    found = fail(made, 1)
    assert found is not None
    assert (found["is_out"], found["out_count"]) == (False, 3)
    made = pool()
    made.set(1, "D")
    made.set(2, "S")
    for _ in range(2):
        fail(made, 1)
    found = fail(made, 1)
    assert found is not None
    assert (found["is_out"], found["member_count"]) == (True, 2)


def test_a_member_that_ignores_errors_is_not_weighed() -> None:
    made = pool(member(status="I"), member())
    assert [fail(made, 1) for _ in range(9)] == [None] * 9


def test_a_share_of_the_requests_within_a_time() -> None:
    made = pool(eject_failures=0, eject_percent=50, eject_window_us=30 * SECOND_US)
    made.sequence(40, 100)  # ten each
    assert fail(made, 100) is None  # here it begins
    made.sequence(4 * 18, 101)
    for _ in range(12):
        assert fail(made, 119) is None  # 19 requests
    made.sequence(4, 119)
    found = fail(made, 120)
    assert found is not None
    assert (found["fails"], found["requests"]) == (14, 20)
    assert found["within_us"] == 20 * SECOND_US


def test_what_is_older_than_the_time_does_not_count() -> None:
    made = pool(eject_failures=0, eject_percent=4, eject_window_us=30 * SECOND_US)
    for n in range(4, 40):
        made.sequence(4 * 20, n * 31)
        assert fail(made, n * 31) is None


def test_success_of_a_check_brings_it_back_and_it_is_weighed_again() -> None:
    made = pool()
    eject(made, 1)
    assert made.table.mark_up(made.slots[0])
    assert "Err" not in made.status(0)
    far_s = 1_000_000_000
    assert eject(made, far_s) == 10


def test_when_all_are_in_error_those_that_were_ejected_serve_too() -> None:
    made = pool(eject_max=100)
    for position in (0, 1, 2):
        eject(made, 1, position)
    made.fail(3, 1)
    assert {made.chosen(2) for _ in range(8)} == {0, 1, 2, 3}


def test_it_survives_a_reload_and_not_another_life() -> None:
    made = pool()
    eject(made, 1)
    made.claim(0, 2)
    assert 0 not in made.sequence(8, 10.9)
    made.table.release_generation(1)
    made.table.release_generation(2)
    slot = made.claim(0, 3)
    assert made.table.snapshot_member(slot)["ejections"] == 0


@rows("until_s", [-1, 5_000_000, 2**43])
def test_a_time_that_nobody_can_have_written_is_none(until_s: int) -> None:
    made = pool(*(member(retry_ms=1000) for _ in range(4)))
    eject(made, 1)
    made.inside.write_ejected(made.slots[0], until_s * SECOND_US)
    assert made.retry_in_ms(0, 1) == 1001
    assert 0 in made.sequence(8, 3)
    assert eject(made, 4) in {10, 20}
