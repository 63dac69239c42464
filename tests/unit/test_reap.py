"""The dead: what is said about them and when they are replaced."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastlb.master.reap import (
    AT_ONCE_S,
    DELAY_MAX_S,
    EXIT_FATAL,
    BackOff,
    from_status,
    reap,
)


def test_a_killed_process_is_told_in_apaches_words() -> None:
    death = from_status(77, signal.SIGKILL)
    assert death.text("worker 1") == "AH00052: child pid 77 exit signal Killed (9)"
    assert not death.is_fatal()
    assert not death.is_orderly()


def test_a_core_dump_is_told_with_its_place() -> None:
    death = from_status(77, signal.SIGSEGV | 0x80)
    assert death.text("worker 1") == (
        "AH00051: child pid 77 exit signal Segmentation fault (11), "
        f"possible coredump in {os.getcwd()}"
    )


def test_an_exit_code_says_whether_a_successor_would_fail_too() -> None:
    assert from_status(77, EXIT_FATAL << 8).is_fatal()
    assert from_status(77, 0).is_orderly()
    assert from_status(77, 1 << 8).text("worker 3") == (
        "FB0613: worker 3 (pid 77) ended with exit code 1"
    )


def test_a_death_by_the_number_of_the_fatal_code_is_not_fatal() -> None:
    assert not from_status(77, EXIT_FATAL).is_fatal()


def test_the_first_death_is_answered_at_once() -> None:
    assert BackOff().delay_s(0.0) == 0.0
    assert BackOff().delay_s(1000.0) == 0.0


def test_deaths_at_once_wait_longer_and_longer() -> None:
    back_off = BackOff()
    delays = [back_off.delay_s(0.01) for _ in range(9)]
    assert delays == [0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_place_in_service_is_never_empty_for_a_second() -> None:
    back_off = BackOff()
    delays = [back_off.delay_s(0.01, was_ready=True) for _ in range(9)]
    assert delays == [0.0, 0.25] + [0.5] * 7


def test_a_life_clears_the_record() -> None:
    back_off = BackOff()
    for _ in range(5):
        back_off.delay_s(0.01)
    assert back_off.delay_s(AT_ONCE_S) == 0.0
    assert back_off.delay_s(0.01) == 0.0


@given(st.lists(st.floats(0.0, 10.0), max_size=200))
def test_the_wait_is_never_longer_than_its_bound(ages: list[float]) -> None:
    back_off = BackOff()
    assert all(0.0 <= back_off.delay_s(age) <= DELAY_MAX_S for age in ages)


def test_every_child_that_ended_is_collected_without_waiting() -> None:
    pids = {os.posix_spawn("/bin/true", ["true"], {}) for _ in range(3)}
    for pid in pids:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert {death.pid for death in reap()} >= pids
    assert reap() == []


@pytest.mark.parametrize("code", [0, 1, 4, 255])
def test_exit_codes_are_kept(code: int) -> None:
    assert from_status(1, code << 8).exit_code == code
