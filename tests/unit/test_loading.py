"""Reading and checking grows with the number of lines, whatever they are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
LINES = 800
TURNS = 3  # one after the other, so that a slow moment meets both
TIMES_MAX = 12.0  # for eight times the lines; quadratic is 64


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.syspath_prepend(str(BENCH))
    sys.modules.pop("check", None)
    import check

    return check


def test_no_shape_of_configuration_takes_quadratic_time(
    check: object, tmp_path: Path
) -> None:
    grown = {}
    for shape in check.SHAPES:  # type: ignore[attr-defined]
        few, many = zip(
            *(
                [
                    check.seconds(shape, lines, tmp_path)  # type: ignore[attr-defined]
                    for lines in (LINES // 8, LINES)
                ]
                for _ in range(TURNS)
            ),
            strict=True,
        )
        grown[shape.__name__] = min(many) / min(few)
    assert {name: by for name, by in grown.items() if by > TIMES_MAX} == {}
