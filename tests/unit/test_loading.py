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
# ... of a shape that seems to grow too much: whoever shares the processor's caches
# makes many lines dearer than few, and never cheaper.
TURNS_MAX = 15
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


def growth(check: Any, shape: Callable[[int], str], folder: Path) -> float:
    """How many times as long eight times the lines take, by the least of all turns."""
    few: list[float] = []
    many: list[float] = []
    while len(few) < TURNS or (
        len(few) < TURNS_MAX and min(many) > TIMES_MAX * min(few)
    ):
        few.append(seconds(check, shape, LINES // 8, folder))
        many.append(seconds(check, shape, LINES, folder))
    return min(many) / min(few)


def test_no_shape_of_configuration_takes_quadratic_time(
    check: Any, tmp_path: Path
) -> None:
    grown = {shape.__name__: growth(check, shape, tmp_path) for shape in check.SHAPES}
    assert {name: by for name, by in grown.items() if by > TIMES_MAX} == {}
