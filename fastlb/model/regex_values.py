"""What a group of a regular expression can hold, where that is a few words.

`^(www|api)\\.example\\.` gives two, `[0-9]` ten; `.*`, and whatever is not read here,
anything. What is found is never less than what PCRE2 can capture, but for its case.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

VALUES_MAX: Final = 1000
Values = frozenset[str]
_NOTHING: Final[Values] = frozenset(("",))
_DIGITS: Final = frozenset(string.digits)
_WORD: Final = frozenset(string.ascii_letters + string.digits + "_")
_QUANTIFIER: Final = re.compile(r"(?:([*+?])|\{(\d*)(?:(,)(\d*))?\})[?+]?")
_NAMED: Final = re.compile(r"\(\?(?:P?<(?![=!])\w+>|'\w+')")
_FLAGS: Final = re.compile(r"\(\?[imsJU-]*([:)])")


@dataclass(frozen=True, slots=True)
class Group:
    """values None: anything. begin, end: of what stands between its parentheses."""

    values: Values | None
    begin: int
    end: int
    holds_groups: bool
    is_repeated: bool  # or in one that is, or that need not take part


class _UnreadError(Exception):
    """The expression holds what is not read here."""


@cache
def groups_of(pattern: str) -> dict[int, Group]:
    """By number; 0 is the whole match. {}: it is not read."""
    reader = _Reader(pattern)
    try:
        whole = reader.alternatives()
        if reader.at < len(pattern):
            return {}
    except (_UnreadError, IndexError, RecursionError):
        return {}
    return {0: Group(whole, 0, len(pattern), bool(reader.groups), False)} | {
        number: Group(
            group.values, group.begin, group.end, group.holds_groups, repeated
        )
        for number, (group, repeated) in reader.groups.items()
    }


def bounded(values: Iterable[str]) -> Values | None:
    found = frozenset(values)
    return found if len(found) <= VALUES_MAX else None


def joined(first: Values | None, second: Values | None) -> Values | None:
    if first is None or second is None or len(first) * len(second) > VALUES_MAX**2:
        return None
    return bounded(one + other for one in first for other in second)


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = 0
    count: int = 0
    groups: dict[int, tuple[Group, bool]] = field(default_factory=dict)

    def alternatives(self) -> Values | None:
        first = self.count
        found = self.sequence()
        several = False
        while self.text[self.at : self.at + 1] == "|":
            several = True
            self.at += 1
            other = self.sequence()
            found = None if found is None or other is None else bounded(found | other)
        if several:
            self._may_be_left_out(first)
        return found

    def sequence(self) -> Values | None:
        found: Values | None = _NOTHING
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            first = self.count
            found = joined(found, self._quantified(self._item(), first))
        return found

    def _may_be_left_out(self, first: int) -> None:
        for number in range(first + 1, self.count + 1):
            self.groups[number] = self.groups[number][0], True

    def _quantified(self, item: Values | None, first: int) -> Values | None:
        found = _QUANTIFIER.match(self.text, self.at)
        if found is None or (found[1] is None and not (found[2] or found[4])):
            return item
        if found[3] and not found[2]:
            raise _UnreadError  # "{,2}" is what it looks like to PCRE2 before 10.43
        self.at = found.end()
        self._may_be_left_out(first)
        if found[1] == "?":
            least, most = 0, 1
        elif found[1]:
            least, most = int(found[1] == "+"), -1
        else:
            least = int(found[2])
            most = least if not found[3] else int(found[4]) if found[4] else -1
        if item is None or item == _NOTHING:
            return item
        if most < 0 or most > VALUES_MAX:
            return None
        times: Values | None = _NOTHING
        result: Values | None = _NOTHING if least == 0 else frozenset()
        for count in range(1, most + 1):
            times = joined(times, item)
            if times is None or result is None:
                return None
            if count >= least:
                result = bounded(result | times)
        return result

    def _item(self) -> Values | None:
        letter = self.text[self.at]
        self.at += 1
        if letter == "\\":
            return self._escape()
        if letter == "[":
            return self._class()
        if letter == "(":
            self.at -= 1
            return self._group()
        if letter in "^$":
            return _NOTHING
        if letter == ".":
            return None
        if letter in "*+?":
            raise _UnreadError
        return frozenset((letter,))

    def _escape(self) -> Values | None:
        letter = self.text[self.at]
        self.at += 1
        if not (letter.isascii() and letter.isalnum()):
            return frozenset((letter,))
        if letter in "bBAZzG":
            return _NOTHING
        if letter == "d":
            return _DIGITS
        if letter == "w":
            return _WORD
        if letter in "DWsSNRhHvV":
            return None
        raise _UnreadError

    def _class(self) -> Values | None:
        found: set[str] = set()
        anything = self.text[self.at] == "^"
        self.at += anything
        is_first = True
        while is_first or self.text[self.at] != "]":
            is_first = False
            one = self._member()
            if one is None:
                anything = True
                continue
            if len(one) == 1 and re.match(r"-[^\]]", self.text[self.at :]):
                self.at += 1
                last = self._member()
                if last is None or len(last) != 1:
                    raise _UnreadError
                (low,), (high,) = one, last
                found |= {chr(code) for code in range(ord(low), ord(high) + 1)}
            else:
                found |= one
        self.at += 1
        return None if anything else bounded(found)

    def _member(self) -> Values | None:
        """One of a class, where what stands for a place elsewhere is a letter, or
        nothing."""
        letter = self.text[self.at]
        if letter == "[" and self.text[self.at + 1] in ":.=":
            raise _UnreadError
        self.at += 1
        if letter != "\\":
            return frozenset((letter,))
        if self.text[self.at] == "b":
            self.at += 1
            return frozenset(("\b",))
        found = self._escape()
        if found == _NOTHING:
            raise _UnreadError
        return found

    def _group(self) -> Values | None:
        rest = self.text[self.at : self.at + 80]
        number = 0
        is_look = re.match(r"\(\?<?[=!]", rest)
        if not rest.startswith(("(?", "(*")):
            self.at += 1
            number = -1
        elif named := _NAMED.match(rest):
            self.at += named.end()
            number = -1
        elif is_look or rest.startswith("(?>"):
            self.at += is_look.end() if is_look else 3
        elif flags := _FLAGS.match(rest):
            self.at += flags.end()
            if flags[1] == ")":
                return _NOTHING
        else:
            raise _UnreadError
        if number:
            self.count += 1
            number = self.count
            # Known by number before those within it are
            self.groups[number] = Group(None, 0, 0, False, False), False
        begin = self.at
        values = self.alternatives()
        if self.text[self.at] != ")":
            raise _UnreadError
        if number:
            group = Group(values, begin, self.at, self.count > number, False)
            self.groups[number] = group, False
        self.at += 1
        return _NOTHING if is_look else values
