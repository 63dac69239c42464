"""A table as one test tells every row that fails, and no other."""

from __future__ import annotations

import inspect

import pytest
from rows import rows


def test_every_row_that_fails_is_told() -> None:
    seen = []

    @rows(("number", "wanted"), [(1, 1), (2, 3), pytest.param(4, 5, id="the last")])
    def looked_at(fixture: str, number: int, wanted: int) -> None:
        seen.append((fixture, number))
        assert number == wanted

    assert list(inspect.signature(looked_at).parameters) == ["fixture"]
    with pytest.raises(pytest.fail.Exception) as told:
        looked_at(fixture="f")
    assert seen == [("f", 1), ("f", 2), ("f", 4)]
    text = str(told.value)
    assert text.startswith("2 of 3 rows fail\n--- 2, 3\n")
    assert "\n--- the last\n" in text
    assert "1, 1" not in text


def test_rows_may_be_named_and_nested() -> None:
    seen = []

    @rows("outer", "ab", ids=str.upper)
    @rows("inner", [1, 2], ids=["one", "two"])
    def looked_at(outer: str, inner: int) -> None:
        seen.append(f"{outer}{inner}")

    looked_at()
    assert seen == ["a1", "a2", "b1", "b2"]
    assert not inspect.signature(looked_at).parameters


def test_a_table_without_rows_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="no row for x"):
        rows("x", [])
