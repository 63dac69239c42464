"""Readers of values that the declarations in `directives/` are made with.

Each reads a value out of the words, or refuses them with a `Complaint`; where nobody
wants the value it is a check. `wrong` is Apache's sentence where it has one ({name}
and {word} are filled in).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any

from fastlb.config import units
from fastlb.config.own_cookie import TOKEN
from fastlb.config.registry import Complaint, Reader, Refused
from fastlb.config.suggest import nearest, only_nearest


@dataclass(frozen=True, slots=True)
class Integer(Reader):
    """A whole number in low..high."""

    low: int | None = None
    high: int | None = None
    wrong: str = ""

    def read(self, name: str, words: tuple[str, ...]) -> int:
        try:
            return units.integer(words[0], self.low, self.high)
        except units.UnitError as problem:
            raise _refused(self.wrong, name, words[0], str(problem)) from None


@dataclass(frozen=True, slots=True)
class Duration(Reader):
    """A time of at least low_ms, in milliseconds; default_unit for a bare number."""

    default_unit: str = "s"
    low_ms: int = 0
    wrong: str = ""

    def read(self, name: str, words: tuple[str, ...]) -> int:
        try:
            value = units.duration_ms(words[0], self.default_unit)
        except units.UnitError as problem:
            raise _refused(self.wrong, name, words[0], str(problem)) from None
        if value < self.low_ms:
            least = f"{words[0]} is shorter than {self.low_ms} ms"
            raise _refused(self.wrong, name, words[0], least)
        return value


@dataclass(frozen=True, slots=True)
class Seconds(Reader):
    """A time in whole seconds."""

    wrong: str = ""

    def read(self, name: str, words: tuple[str, ...]) -> int:
        return Duration("s", 0, self.wrong).read(name, words) // 1000


class File(Reader):
    """A file or directory; a name that is not absolute is under ServerRoot."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> str:
        return words[0]


@dataclass(frozen=True, slots=True)
class Choice(Reader):
    """One of some words, in any case.

    values: what they mean, in the same order; (): the words as spelled here.
    """

    words: tuple[str, ...]
    wrong: str = ""
    values: tuple[object, ...] = ()

    def read(self, name: str, words: tuple[str, ...]) -> Any:
        word = words[0]
        for spelled, value in zip(self.words, self.values or self.words, strict=True):
            if spelled.lower() == word.lower():
                return value
        why = f"'{word}' is not one of {', '.join(self.words)}"
        best = nearest(word, self.words)
        cure = f"did you mean {best}?" if best else f"write {' or '.join(self.words)}"
        sure = only_nearest(word, self.words)
        raise _refused(self.wrong, name, word, why, cure=cure, instead=sure)


def word_of(kind: type[enum.Enum], wrong: str = "") -> Choice:
    """One of the words of an enum."""
    return Choice(tuple(word.value for word in kind), wrong, values=tuple(kind))


class Ratio(Reader):
    """A number from 0 to 1, in millionths."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> int:
        if not re.fullmatch(r"0?\.[0-9]{1,6}|[01](\.0*)?", words[0]):
            why = f"'{words[0]}' is not a number from 0 to 1"
            raise _refused("", name, words[0], why)
        return round(float(words[0]) * 1_000_000)


class FieldName(Reader):
    """Name of a header field."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> str:
        if not TOKEN.fullmatch(words[0]):
            raise _refused("", name, words[0], f"'{words[0]}' is no name of a field")
        return words[0]


@dataclass(frozen=True, slots=True)
class Buffer(Reader):
    """Bytes of a socket buffer: 0 for the system's, or at least 512."""

    def read(self, name: str, words: tuple[str, ...]) -> int:
        value = Integer(0).read(name, words)
        if 0 < value < 512:
            text = f"{name} must be >= 512 bytes, or 0 for system default."
            raise Refused(Complaint(text))
        return value


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
                sure = only_nearest(bare, self.words)
                sign = word[: len(word) - len(bare)]
                return Complaint(
                    self.wrong.format(name=name, word=bare),
                    "",
                    f"did you mean {best}?" if best else "",
                    word=index,
                    instead=sure and f"{sign}{sure}",
                )
        return None


def _refused(
    wrong: str,
    name: str,
    word: str,
    problem: str,
    *,
    cure: str = "",
    instead: str | None = None,
) -> Refused:
    if not wrong:
        return Refused(Complaint(f"{name}: {problem}", "", cure, instead=instead))
    text = wrong.format(name=name, word=word)
    return Refused(Complaint(text, problem, cure, instead=instead))
