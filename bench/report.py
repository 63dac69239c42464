"""Figures as Markdown: tables, bars, and the method above them."""

from __future__ import annotations

import datetime
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Verdict:
    """One bar, looked at."""

    what: str
    figure: str
    bar: str
    is_met: bool | None  # None: not measured

    @property
    def word(self) -> str:
        return {True: "met", False: "MISSED", None: "not measured"}[self.is_met]


def heading(title: str, facts: dict[str, str]) -> str:
    """What stands above every table: when, on what, and how it was measured."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [f"- {name}: {text}" for name, text in ({"date": now} | facts).items()]
    return "\n".join([f"# {title}", "", *lines])


def write(folder: Path, name: str, parts: Iterable[str]) -> Path:
    """Keep a report as FOLDER/DAY-NAME.md; the path."""
    folder.mkdir(parents=True, exist_ok=True)
    day = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    path = folder / f"{day}-{name}.md"
    path.write_text("\n\n".join(part.strip() for part in parts) + "\n")
    return path


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, columns padded so that it reads as text too."""
    lines = [list(head), *(list(r) for r in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    out = [
        " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True))
        for line in lines
    ]
    out.insert(1, " | ".join("-" * w for w in widths))
    return "\n".join(f"| {line} |" for line in out)


def verdict_table(verdicts: Iterable[Verdict]) -> str:
    return table(
        ("what", "figure", "bar", ""),
        ((v.what, v.figure, v.bar, v.word) for v in verdicts),
    )


def median_and_spread(values: Sequence[float], digits: int = 2) -> str:
    """`12.10 (11.95-12.40)`: the median, the smallest and largest round."""
    if not values:
        return "-"
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def worst(verdicts: Iterable[Verdict]) -> int:
    """Exit status: 0 all met, 1 one missed, 3 one not measured (and none missed)."""
    found = {v.is_met for v in verdicts}
    if False in found:
        return 1
    return 3 if None in found else 0
