"""Checks of values that the declarations in `directives/` are made with.

Each is a small callable: spelling and words in, a `Complaint` or None out. `wrong`
is Apache's sentence where it has one ({name} and {word} are filled in).
"""

from __future__ import annotations

from dataclasses import dataclass

from fastlb.base.errors import Severity
from fastlb.config import units
from fastlb.config.registry import Check, Complaint
from fastlb.config.suggest import nearest


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number in low..high as the argument at index."""

    low: int | None = None
    high: int | None = None
    wrong: str = ""
    index: int = 0

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        if self.index >= len(words):
            return None
        word = words[self.index]
        try:
            units.integer(word, self.low, self.high)
        except units.UnitError as problem:
            return _complaint(self.wrong, name, word, str(problem), self.index)
        return None


@dataclass(frozen=True, slots=True)
class Duration:
    """A time of at least low_ms; default_unit for a bare number."""

    default_unit: str = "s"
    low_ms: int = 0
    wrong: str = ""
    index: int = 0

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        if self.index >= len(words):
            return None
        word = words[self.index]
        try:
            value = units.duration_ms(word, self.default_unit)
        except units.UnitError as problem:
            return _complaint(self.wrong, name, word, str(problem), self.index)
        if value < self.low_ms:
            least = f"{word} is shorter than {self.low_ms} ms"
            return _complaint(self.wrong, name, word, least, self.index)
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words, in any case, as the argument at index."""

    words: tuple[str, ...]
    wrong: str = ""
    index: int = 0

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        if self.index >= len(words):
            return None
        word = words[self.index]
        if word.lower() in (known.lower() for known in self.words):
            return None
        allowed = f"'{word}' is not one of {', '.join(self.words)}"
        found = _complaint(self.wrong, name, word, allowed, self.index)
        best = nearest(word, self.words)
        cure = f"did you mean {best}?" if best else f"write {' or '.join(self.words)}"
        return Complaint(found.text, found.why, cure, word=self.index)


@dataclass(frozen=True, slots=True)
class Buffer:
    """Bytes of a socket buffer: 0 for the system's, or at least 512."""

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        found = Integer(0)(name, words)
        if found is None and 0 < int(words[0]) < 512:
            text = f"{name} must be >= 512 bytes, or 0 for system default."
            return Complaint(text)
        return found


@dataclass(frozen=True, slots=True)
class Each:
    """Every argument, without a + or - in front, is one of some words."""

    words: tuple[str, ...]
    wrong: str

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        known = {word.lower() for word in self.words}
        for index, word in enumerate(words):
            bare = word.lstrip("+-")
            if bare.lower() not in known:
                best = nearest(bare, self.words)
                cure = f"did you mean {best}?" if best else ""
                return Complaint(
                    self.wrong.format(name=name, word=bare), "", cure, word=index
                )
        return None


@dataclass(frozen=True, slots=True)
class Later:
    """A value that fastlb will serve later: taken with a warning, or refused."""

    words: tuple[str, ...]
    text: str
    why: str = ""
    cure: str = ""
    severity: Severity = Severity.WARNING
    number: str = "FB0117"

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        for index, word in enumerate(words):
            if word.lower() in self.words:
                return Complaint(
                    self.text, self.why, self.cure, self.number, self.severity, index
                )
        return None


@dataclass(frozen=True, slots=True)
class Every:
    """Several checks; the first complaint counts."""

    checks: tuple[Check, ...]

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        for check in self.checks:
            found = check(name, words)
            if found is not None:
                return found
        return None


def every(*checks: Check) -> Check:
    return Every(checks)


def _complaint(wrong: str, name: str, word: str, problem: str, index: int) -> Complaint:
    if not wrong:
        return Complaint(f"{name}: {problem}", word=index)
    return Complaint(wrong.format(name=name, word=word), why=problem, word=index)
