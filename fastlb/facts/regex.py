"""Regular expressions of the configuration: PCRE2's, each compiled once.

What the check compiles is what requests are matched with: workers are forked with it,
and find it here. A pattern is kept as long as somebody holds it, which is the model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from fastlb._pcre2 import Pattern, PatternError

GROUPS_MAX: Final = 31
"""Highest number of a group whose name becomes a variable (REGEX_PAIRS_MAX - 1)."""

_compiled: Final[WeakValueDictionary[tuple[str, bool], Pattern]] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class RegexDraft:
    """A pattern where it stands."""

    compiled: Pattern
    text: str
    ignore_case: bool
    place: str  # "SetEnvIf at conf/fastlb.conf:12"


@dataclass(frozen=True, slots=True)
class Regex:
    """A pattern of a model, ready for the core; the same one may stand in places."""

    pattern: str
    ignore_case: bool
    place: str
    compiled: Pattern = field(compare=False, repr=False)


def compile_pcre(pattern: str, *, ignore_case: bool = False) -> Pattern:
    """Compile for searching in bytes; pattern is configuration text (latin-1).

    Raises PatternError (Apache: "Regular expression could not be compiled.").
    """
    key = (pattern, bool(ignore_case))
    found = _compiled.get(key)
    if found is None:
        found = Pattern(pattern.encode("latin-1", "replace"), ignore_case)
        _compiled[key] = found
    return found


def cure_of(problem: PatternError, pattern: str) -> str:
    """What to do about a pattern that was refused: where to look."""
    read = pattern[: problem.offset]
    if not read:
        return "correct the beginning of the expression"
    return f"correct the expression behind {read}"


def why_refused(pattern: str) -> tuple[str, str]:
    """What PCRE2 says of a pattern that it refuses, and what to do about it."""
    try:
        compile_pcre(pattern)
    except PatternError as problem:
        return str(problem), cure_of(problem, pattern)
    return "", ""


def freeze_regexes(drafts: Iterable[RegexDraft]) -> tuple[Regex, ...]:
    """One for each pattern; its place names all that have it, in file order."""
    places: dict[tuple[str, bool], list[str]] = {}
    patterns: dict[tuple[str, bool], Pattern] = {}
    for draft in drafts:
        key = (draft.text, draft.ignore_case)
        known = places.setdefault(key, [])
        if draft.place not in known:
            known.append(draft.place)
        patterns[key] = draft.compiled
    return tuple(
        Regex(*key, place=", ".join(known), compiled=patterns[key])
        for key, known in places.items()
    )
