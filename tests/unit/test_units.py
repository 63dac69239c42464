"""Values with units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.config.hosts import port_number
from fastlb.config.units import (
    UnitError,
    between,
    duration_ms,
    flag,
    integer,
)


@rows(
    ("word", "milliseconds"),
    [
        ("5", 5_000),
        ("0", 0),
        ("5ms", 5),
        ("5s", 5_000),
        ("5sec", 5_000),
        ("5min", 300_000),
        ("1h", 3_600_000),
        ("2Hours", 7_200_000),
    ],
)
def test_a_unit_is_known_by_its_beginning(word: str, milliseconds: int) -> None:
    assert duration_ms(word) == milliseconds


@rows("word", ["", "-1", "5.5", "5 ms", "5mx", "5x", "ms", "abc"])
def test_what_apache_calls_a_wrong_format_is_refused(word: str) -> None:
    with pytest.raises(UnitError):
        duration_ms(word)


def test_the_default_unit_is_for_bare_numbers_only() -> None:
    assert duration_ms("7", "ms") == 7
    assert duration_ms("7s", "ms") == 7_000


def test_a_time_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(UnitError):
        duration_ms("9" * 17 + "h")
    with pytest.raises(UnitError):
        duration_ms("9" * 40)


@given(st.integers(0, 10**9))
def test_whole_numbers_are_read_back(number: int) -> None:
    assert integer(str(number)) == number
    assert duration_ms(f"{number}ms") == number


@rows("word", ["", "abc", "1x", "1.5", "0x10", "٣", "1" * 40])
def test_what_is_not_a_whole_number_is_refused(word: str) -> None:
    with pytest.raises(UnitError, match="not a whole number"):
        integer(word)


def test_a_number_outside_its_range_is_refused_with_the_range() -> None:
    with pytest.raises(UnitError, match="0 is not in 1 to 100"):
        integer("0", 1, 100)
    with pytest.raises(UnitError, match="at least 1"):
        integer("0", 1)
    with pytest.raises(UnitError, match="at most 5"):
        integer("6", None, 5)
    assert integer("+6") == 6


def test_a_range_without_bounds_is_any_number() -> None:
    assert between(None, None) == "a number"


def test_a_flag_is_on_or_off_in_any_case() -> None:
    assert flag("oN") is True
    assert flag("OFF") is False
    with pytest.raises(UnitError):
        flag("yes")


def test_a_port_is_1_to_65535() -> None:
    assert port_number("65535") == 65_535
    for word in ("0", "65536", "http"):
        assert port_number(word) is None
