"""The grammar of RewriteRule and RewriteCond: words, flags, and texts to be expanded.

As mod_rewrite reads them: a backslash keeps a blank in a word and stays there, quotes
count at the beginning of a word only, and what follows the third word is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fastlb.facts.rewrite import Expansion, Part, PartKind

_BLANKS: Final = " \t\r\n\f\v"
_SPECIALS: Final = re.compile(r"[\\$%]")


class WordProblem(ValueError):
    """The text is Apache's, without the directive."""


@dataclass(frozen=True, slots=True)
class Line:
    """The words of a line; flags None: there are none."""

    first: str
    second: str
    flags: str | None


def split_line(raw: str) -> Line | None:
    """Two or three words; None: there are not two."""
    first, at = _word(raw, _skip(raw, 0))
    if at >= len(raw):
        return None
    second, at = _word(raw, _skip(raw, at + 1))
    at = _skip(raw, at + 1)
    if at >= len(raw):
        return Line(first, second, None)
    third, _ = _word(raw, at)
    return Line(first, second, third)


def _skip(raw: str, at: int) -> int:
    while at < len(raw) and raw[at] in _BLANKS:
        at += 1
    return at


def _word(raw: str, at: int) -> tuple[str, int]:
    """The word that begins there, and where its end stands (a blank or a quote)."""
    quote = ""
    if raw[at : at + 1] in ('"', "'"):
        quote = raw[at]
        at += 1
    begin = at
    while at < len(raw):
        if raw[at] == quote or (not quote and raw[at] in _BLANKS):
            break
        if raw[at] == "\\" and raw[at + 1 : at + 2] and raw[at + 1] in _BLANKS:
            at += 1
        at += 1
    return raw[begin:at], at


def flags_of(text: str) -> Iterator[tuple[str, str]]:
    """Key and value of each flag of `[A,B=c]`. Raises WordProblem."""
    if not text.startswith("[") or not text.endswith("]"):
        raise WordProblem("bad flag delimiters")
    for part in text[1:-1].split(","):
        word = part.strip(_BLANKS)
        key, _, value = word.partition("=")
        if word:
            yield key, value


def expansion_of(text: str) -> Expansion:
    """A text with its $N, %N, %{VARIABLE} and ${map:key|default} taken apart."""
    parts: list[Part] = []
    at = 0
    while at < len(text):
        found = _SPECIALS.search(text, at)
        if found is None:
            parts.append(Part(PartKind.LITERAL, text[at:]))
            break
        if found.start() > at:
            parts.append(Part(PartKind.LITERAL, text[at : found.start()]))
        part, at = _special(text, found.start())
        parts.append(part)
    return tuple(parts)


def _special(text: str, at: int) -> tuple[Part, int]:
    """What begins with a backslash, $ or %, and where it ends."""
    sign, following = text[at], text[at + 1 : at + 2]
    if sign == "\\":
        if not following:
            return Part(PartKind.LITERAL, sign), at + 1
        return Part(PartKind.ESCAPED, following), at + 2
    if following == "{":
        end = _find(text, at + 2, "}")
        if end is None:
            return Part(PartKind.LITERAL, text[at : at + 2]), at + 2
        inside = text[at + 2 : end]
        if sign == "%":
            return Part(PartKind.VARIABLE, inside), end + 1
        colon = _find(inside, 0, ":")
        if colon is None:
            return Part(PartKind.LITERAL, text[at : at + 2]), at + 2
        return _map(inside[:colon], inside[colon + 1 :]), end + 1
    if following.isascii() and following.isdigit():
        kind = PartKind.RULE_GROUP if sign == "$" else PartKind.COND_GROUP
        return Part(kind, number=int(following)), at + 2
    return Part(PartKind.LITERAL, sign), at + 1


def _map(name: str, rest: str) -> Part:
    bar = _find(rest, 0, "|")
    key, default = (rest, "") if bar is None else (rest[:bar], rest[bar + 1 :])
    return Part(
        PartKind.MAP, name, key=expansion_of(key), default=expansion_of(default)
    )


def _find(text: str, at: int, wanted: str) -> int | None:
    """Where the character stands outside curly brackets that open behind `at`."""
    depth = 1
    for index in range(at, len(text)):
        if text[index] == wanted and depth == 1:
            return index
        if text[index] == "}":
            depth -= 1
            if depth == 0:
                return None
        elif text[index] == "{":
            depth += 1
    return None


_ATOM: Final = re.compile(r"\\([^A-Za-z0-9])|([^\\^$.|?*+()\[\]{}])", re.DOTALL)
_QUANTIFIER: Final = re.compile(r"[*?{]")


def literal_prefix(pattern: str) -> str:
    """What every subject begins with that an expression can match; "": unknown."""
    if not pattern.startswith("^") or _alternates(pattern):
        return ""
    found = ""
    at = 1
    while True:
        atom = _ATOM.match(pattern, at)
        if atom is None:
            return found
        at = atom.end()
        if _QUANTIFIER.match(pattern, at):
            return found
        found += atom[1] or atom[2]
        if pattern[at : at + 1] == "+":
            return found


def _alternates(pattern: str) -> bool:
    """Might there be a bar outside all groups? A doubt is a yes."""
    depth = 0
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\":
            at += 1
            if pattern[at : at + 1] == "Q":
                return "|" in pattern
        elif letter == "[":
            return "|" in pattern  # where a class ends is not looked for
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == "|" and depth <= 0:
            return True
        at += 1
    return False
