"""The tree of an expression. Conditions hold or not; words have a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """What is written; latin-1, and a NUL ends it, as in httpd."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`%{NAME}`. at: offset in the expression, as everywhere below."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Function:
    """`name(word)`, and `%{name:text}`."""

    name: str
    argument: Word
    at: int


@dataclass(frozen=True, slots=True)
class Group:
    """`$0` to `$9`: what the last match with groups took."""

    number: int


@dataclass(frozen=True, slots=True)
class Joined:
    """One behind the other."""

    words: tuple[Word, ...]


Word: TypeAlias = Text | Variable | Function | Group | Joined


@dataclass(frozen=True, slots=True)
class Constant:
    holds: bool


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition


@dataclass(frozen=True, slots=True)
class And:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """operator: == != < <= > >= of texts, -eq -ne -lt -le -gt -ge of numbers."""

    operator: str
    left: Word
    right: Word


@dataclass(frozen=True, slots=True)
class Match:
    """`=~` and `!~`."""

    word: Word
    pattern: str
    ignore_case: bool
    negated: bool
    at: int


@dataclass(frozen=True, slots=True)
class InWords:
    """`-in { ... }`."""

    word: Word
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class InFunction:
    """`-in name(word)`, a function that gives a list."""

    word: Word
    name: str
    argument: Word
    at: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`-X word`: operator is the letter."""

    operator: str
    word: Word
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    """`word -name word`."""

    operator: str
    left: Word
    right: Word
    at: int


Condition: TypeAlias = (
    Constant
    | Not
    | And
    | Or
    | Comparison
    | Match
    | InWords
    | InFunction
    | Unary
    | Binary
)
