"""Notes in one line for each kind.

A tree as a distribution ships it has a hundred directives that change nothing here;
whoever looks at what the check says wants to see that, and that it is all of one kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fastlb.base.errors import Diagnostic, Severity
from fastlb.base.messages import MESSAGES

NAMES_MAX = 10  # that stand in one line


def fold(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The same, with all notes of one number made one, behind everything else."""
    others: list[Diagnostic] = []
    kinds: dict[str, list[Diagnostic]] = {}
    for item in diagnostics:
        if item.severity is Severity.NOTE:
            kinds.setdefault(item.number, []).append(item)
        else:
            others.append(item)
    return [*others, *(_one(kinds[number]) for number in sorted(kinds))]


def _one(notes: Sequence[Diagnostic]) -> Diagnostic:
    first = notes[0]
    if len(notes) == 1:
        text = "; ".join(part for part in (first.text, first.cure) if part)
        place = (first.file, first.line, first.column)
        return Diagnostic(Severity.NOTE, first.number, *place, first.directive, text)
    meaning = MESSAGES[first.number].meaning.rstrip(".")
    names = list(dict.fromkeys(item.about or item.directive for item in notes))
    if len(names) == 1:  # of one directive in several places
        names = list(dict.fromkeys(_place(item) for item in notes))
    left = len(names) - NAMES_MAX
    listed = ", ".join(names[:NAMES_MAX]) + (f" and {left} more" if left > 0 else "")
    text = f"{meaning}: {listed} (-t -v shows each)"
    return Diagnostic(Severity.NOTE, first.number, "", 0, 0, "", text)


def _place(item: Diagnostic) -> str:
    return f"{item.file}:{item.line}" if item.line else item.file
