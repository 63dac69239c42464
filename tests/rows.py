"""Rows of a table as one test: every row that fails is told, and none hides another.

    @rows(("text", "seconds"), [("5", 5), ("1min", 60)])
    def test_a_time_is_read(text: str, seconds: int) -> None: ...

is written like pytest's parametrize, and stands where a row looks at a line of data and
nothing is started for it: thousands of such items cost more than what they test. What a
row leaves behind the next one finds, so a test with a fixture that it changes, or with
hypothesis, remains parametrized.
"""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

TOLD_MAX = 20  # rows whose tracebacks are shown; the others are counted


def rows(
    names: str | Sequence[str],
    values: Iterable[Any],
    *,
    ids: Callable[[Any], object] | Sequence[str] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call the test with each of values (a tuple for several names), and fail once."""
    single = isinstance(names, str) and "," not in names
    words = names.split(",") if isinstance(names, str) else names
    columns = [word.strip() for word in words]
    table = [_row(value, single) for value in values]
    name_of = ids if callable(ids) else None
    if ids is not None and not callable(ids):
        table = [(name, row) for name, (_, row) in zip(ids, table, strict=True)]
    assert table, f"no row for {', '.join(columns)}"

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(**fixtures: Any) -> None:
            failed = []
            for called, row in table:
                cells = dict(zip(columns, row, strict=True))
                try:
                    test(**fixtures, **cells)
                except (Exception, pytest.fail.Exception) as error:
                    told = ", ".join(_text(cell, name_of) for cell in row)
                    failed.append((called or told, error))
            if failed:
                pytest.fail(_report(failed, len(table)), pytrace=False)

        whole = inspect.signature(test)
        kept = [p for p in whole.parameters.values() if p.name not in columns]
        run.__signature__ = whole.replace(parameters=kept)  # type: ignore[attr-defined]
        return run

    return decorate


def _row(value: Any, single: bool) -> tuple[str | None, Sequence[Any]]:
    """What the row is called, if it has a name of its own, and its cells."""
    if hasattr(value, "marks"):  # pytest.param
        assert not value.marks, "a row has no marks"
        return value.id, value.values
    return None, (value,) if single else value


def _text(cell: Any, ids: Callable[[Any], object] | None) -> str:
    told = ids(cell) if ids is not None else None
    return repr(cell) if told is None else str(told)


def _report(failed: list[tuple[str, BaseException]], count: int) -> str:
    parts = [f"{len(failed)} of {count} rows fail"]
    for name, error in failed[:TOLD_MAX]:
        # from the test's own line on; what is above is this file
        lines = traceback.TracebackException.from_exception(error)
        lines.stack = traceback.StackSummary.from_list(lines.stack[1:])
        parts.append(f"--- {name}\n{''.join(lines.format()).rstrip()}")
    if len(failed) > TOLD_MAX:
        names = ", ".join(name for name, _ in failed[TOLD_MAX:])
        parts.append(f"--- and: {names}")
    return "\n".join(parts)
