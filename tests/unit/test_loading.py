"""Reading and checking grows with the number of lines, whatever they are."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastlb.cli.options import parse
from fastlb.cli.source import source_of
from fastlb.master.loading import load

BENCH = Path(__file__).parents[2] / "bench"
LINES = 800
TURNS = 3  # one after the other, so that a slow moment meets both
TIMES_MAX = 12.0  # for eight times the lines; quadratic is 64


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCH))
    sys.modules.pop("check", None)
    import check

    return check


def seconds(check: Any, shape: Callable[[int], str], lines: int, folder: Path) -> float:
    """Of the processor, for these lines alone: no start hides what grows."""
    check.write(shape, lines, folder)
    conf = str(folder / "httpd.conf")
    source = source_of(parse(["-f", conf, "-d", str(folder)]), "/", "httpd.conf")

    def once() -> float:
        began = time.process_time()
        load(source)
        return time.process_time() - began

    return min(once() for _ in range(3))


def test_no_shape_of_configuration_takes_quadratic_time(
    check: Any, tmp_path: Path
) -> None:
    grown = {}
    for shape in check.SHAPES:
        few, many = zip(
            *(
                [
                    seconds(check, shape, lines, tmp_path)
                    for lines in (LINES // 8, LINES)
                ]
                for _ in range(TURNS)
            ),
            strict=True,
        )
        grown[shape.__name__] = min(many) / min(few)
    assert {name: by for name, by in grown.items() if by > TIMES_MAX} == {}
