"""When a member went out and came back, as the table keeps it."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pools import Pool, member

import fastlb
from fastlb.facts.member_changes import CAUSES, Cause, Change, changes_of

LEDGER = Path(fastlb.__file__).parent / "core" / "balance" / "ledger.pxd"


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(member(100))
    yield pool
    pool.table.close()


def test_causes_are_those_of_the_core() -> None:
    theirs = re.findall(r"CAUSE_(\w+) = (\d+)", LEDGER.read_text())
    assert [(cause.name, str(at)) for at, cause in enumerate(CAUSES)] == theirs
    assert len(CAUSES) < 256


def test_the_last_seven_are_kept(pool: Pool) -> None:
    slot = pool.slots[0]
    assert pool.table.changes(slot) == []
    for number in range(1, 10):
        pool.table.note_change(slot, number % 2 == 1, 1, number)
    found = pool.table.changes(slot)
    assert [one[1:] for one in found] == [
        (number % 2 == 1, 1, number, os.getpid()) for number in range(3, 10)
    ]
    assert sorted(one[0] for one in found) == [one[0] for one in found]


def test_a_number_that_is_too_large_is_the_largest(pool: Pool) -> None:
    slot = pool.slots[0]
    for number in (-1, 1 << 30):
        pool.table.note_change(slot, True, 1, number)
    assert [one[3] for one in pool.table.changes(slot)] == [0, 0xFFFF]


def test_a_member_that_is_marked_up_came_back_once(pool: Pool) -> None:
    slot = pool.slots[0]
    assert not pool.table.mark_up(slot, CAUSES.index(Cause.PROBE))
    assert pool.table.changes(slot) == []
    pool.table.set_flag(slot, "E", True)
    assert pool.table.mark_up(slot, CAUSES.index(Cause.PROBE))
    assert not pool.table.mark_up(slot, CAUSES.index(Cause.PROBE))
    (change,) = changes_of(pool.table.changes(slot), 1 << 60)
    assert (change.is_out, change.cause) == (False, Cause.PROBE)


def test_words() -> None:
    def words(is_out: bool, cause: Cause, number: int = 0) -> str:
        return Change(1, is_out, cause, number, 77).words

    assert words(True, Cause.CONNECT, errno.ECONNREFUSED) == (
        "out: connection refused (process 77)"
    )
    assert words(True, Cause.STATUS, 503) == (
        "out: it answered with 503 (failonstatus) (process 77)"
    )
    assert words(True, Cause.CHECKS, 3) == (
        "out: 3 health checks in a row failed (process 77)"
    )
    assert words(False, Cause.CHECKS, 2) == (
        "back: 2 health checks in a row passed (process 77)"
    )
    assert words(True, Cause.EJECTED, 60) == (
        "out: it was ejected (ejecton) for 60 s (process 77)"
    )
    assert words(False, Cause.EJECTED) == (
        "back: it was ejected (ejecton), and took a connection (process 77)"
    )
    assert words(False, Cause.PROBE) == (
        "back: it takes connections again (process 77)"
    )


NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)
WORDS = st.integers(0, (1 << 32) - 1)


@given(
    st.lists(
        st.tuples(
            NUMBERS, st.booleans(), st.integers(0, 255), st.integers(0, 65535), WORDS
        )
    )
)
def test_whatever_stands_there_is_told_or_left_out(
    found: list[tuple[int, bool, int, int, int]],
) -> None:
    for one in changes_of(found, 1000):
        assert 0 <= one.at_us <= 1000
        assert one.words.isprintable()
