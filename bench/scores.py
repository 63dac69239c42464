#!/usr/bin/env python3
"""How much Python is in the hot path: the score of `cython -a`, per function.

    python bench/scores.py [fastlb/_core.c]

The annotated report shows the spine only, not the chapters it includes, so the score
is taken from the generated C with the report's own weights: 5 for each call of
Python's C API, 2 for each of Cython's helpers, 1 for each macro. A function marked
`noexcept nogil` has 0, or says here what it has.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from native import CHECKOUT
from report import table

WEIGHTS = {"api": 5, "helper": 2, "macro": 1}
CALL = re.compile(
    r"\b(?:(?P<helper>__Pyx_[A-Z][a-z_]\w*|__pyx_convert_\w+)"
    r"|(?P<macro>Py[A-Z][a-z]+_[A-Z][A-Z_]+|__Pyx_[A-Z][A-Z_]+)"
    r"|(?P<api>Py[A-Z][a-z]+_[A-Z][a-z]\w*))(?=\()"
)
MARK = re.compile(r'^\s*/\* "([^"]+)":(\d+)$')
DEFINITION = re.compile(
    r"^static .*\b__pyx_p?f_6fastlb_5_core_"
    r"(?:\d+(?P<owner>[A-Z][A-Za-z]*)_)?\d*(?P<name>\w+)\(.*\{$"
)


@dataclass(frozen=True, slots=True)
class Function:
    """Where it stands, what it scores, what it calls of Python."""

    name: str  # of a method: Class.name
    chapter: str  # path of the .pyx
    line: int
    score: int
    calls: tuple[str, ...]


def functions(source: str) -> list[Function]:
    """Every function and method of the generated C, in its order."""
    found = []
    chapter, line = "", 0
    lines = iter(source.splitlines())
    for text in lines:
        if mark := MARK.match(text):
            chapter, line = mark[1], int(mark[2])
        if definition := DEFINITION.match(text):
            body = []
            for inner in lines:
                if inner == "}":
                    break
                body.append(inner)
            score, calls = score_of("\n".join(body))
            owner = f"{definition['owner']}." if definition["owner"] else ""
            name = owner + definition["name"]
            found.append(Function(name, chapter, line, score, calls))
    return found


def score_of(body: str) -> tuple[int, tuple[str, ...]]:
    code = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
    total, calls = 0, []
    for call in CALL.finditer(code):
        total += WEIGHTS[call.lastgroup or "api"]
        calls.append(call[0])
    return total, tuple(calls)


def main() -> int:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKOUT / "fastlb/_core.c"
    if not path.exists():
        print(f"{path} is not there: python setup.py build_ext --inplace")
        return 2
    chapters: dict[str, list[Function]] = defaultdict(list)
    for function in functions(path.read_text()):
        if "/core/" in function.chapter:
            chapters[function.chapter].append(function)
    print(
        table(
            ("chapter", "functions", "of score 0", "score"),
            (
                (
                    chapter,
                    str(len(members)),
                    str(sum(f.score == 0 for f in members)),
                    str(sum(f.score for f in members)),
                )
                for chapter, members in sorted(chapters.items())
            ),
        )
    )
    scoring = sorted(
        (f for members in chapters.values() for f in members if f.score),
        key=lambda f: -f.score,
    )
    rows = [
        (
            f"{f.chapter}:{f.line}",
            f.name,
            str(f.score),
            ", ".join(sorted(set(f.calls))[:4]),
        )
        for f in scoring
    ]
    print("\nFunctions that touch Python, worst first:\n")
    print(table(("where", "function", "score", "what it calls"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
