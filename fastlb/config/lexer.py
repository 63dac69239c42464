"""Text to logical lines, logical lines to words.

Text is latin-1: one character is one byte of the file, whatever encoding the file
is in. So `text.encode("latin-1")` gives back the bytes as they stand in the file
(a header's value, a log format), and `filesystem_path` gives the path that they
name.

Two rules differ from what most people expect (httpd 2.4, observed):
- a line is continued before it is known to be a comment, so a comment that ends
  in a backslash swallows the next line;
- there are no comments behind a directive: `#` is one more argument.

Source: httpd server/util.c (behaviour only).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from fastlb.base.limits import LINE_BYTES_MAX

BLANKS = " \t\n\v\f\r"  # C's isspace
_BLANKS: Final = re.compile(f"[{BLANKS}]+")
_PLAIN_WORD: Final = re.compile(f"([^{BLANKS}]+)[{BLANKS}]*")


class LineTooLongError(Exception):
    """A logical line has more than LINE_BYTES_MAX bytes; `number` is its line."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__("Line too long")


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """A directive's whole line, continuations joined, blanks trimmed, not a comment.

    number  of its last physical line, from 1: what messages call the line
    first   of its first physical line
    indent  blanks cut off in front; columns count from there
    """

    text: str
    number: int
    first: int
    indent: int


@dataclass(frozen=True, slots=True)
class Word:
    """One argument. offset: where it starts (with its quote) in the line's text."""

    text: str
    offset: int
    quoted: bool = False
    closed: bool = True  # False: its quote runs to the end of the line


def logical_lines(text: str) -> Iterator[LogicalLine]:
    """Every line of a file that holds a directive, in order.

    Raises LineTooLongError.
    """
    pending = ""
    first = 1
    physical = text.split("\n")
    last = len(physical)
    for number, line in enumerate(physical, 1):
        ended = number < last  # the last part has no LF behind it
        pending += line.removesuffix("\r") if ended else line
        if len(pending) > LINE_BYTES_MAX:
            raise LineTooLongError(number)
        # The joined text counts, as in Apache: of two backslashes at the end, an
        # empty line below takes the second one too, and the line goes on.
        if ended and pending.endswith("\\"):
            pending = pending[:-1]
            continue
        trimmed = pending.strip(BLANKS)
        if trimmed and trimmed[0] != "#":
            indent = len(pending) - len(pending.lstrip(BLANKS))
            yield LogicalLine(trimmed, number, first, indent)
        pending = ""
        first = number + 1


def split_words(text: str, start: int = 0) -> list[Word]:
    """Split as Apache's ap_getword_conf does, until the end of the line."""
    words: list[Word] = []
    position = _skip_blanks(text, start)
    while position < len(text):
        word, position = next_word(text, position)
        words.append(word)
    return words


def next_word(text: str, position: int) -> tuple[Word, int]:
    """The word at position (not a blank, not the end) and where the next begins."""
    quote = text[position]
    if quote in "\"'":
        return _quoted_word(text, position, quote)
    found = _PLAIN_WORD.match(text, position)
    assert found is not None  # it begins with no blank
    return Word(found[1].replace("\\\\", "\\"), position), found.end()


def _quoted_word(text: str, position: int, quote: str) -> tuple[Word, int]:
    r"""Inside quotes \\ and a backslash with the same quote become one character."""
    end = text.find(quote, position + 1)
    if end > 0 and "\\" not in text[position:end]:
        word = Word(text[position + 1 : end], position, True)
        return word, _skip_blanks(text, end + 1)
    value: list[str] = []
    index = position + 1
    while index < len(text) and text[index] != quote:
        if text[index] == "\\" and text[index + 1 : index + 2] in ("\\", quote):
            index += 1
        value.append(text[index])
        index += 1
    closed = index < len(text)
    word = Word("".join(value), position, True, closed)
    return word, _skip_blanks(text, index + 1)


def quote(word: str) -> str:
    """The text that `split_words` reads as exactly this word.

    Line ends cannot be written in a configuration: ValueError.
    """
    if "\n" in word or "\r" in word:
        raise ValueError("a word cannot hold a line end")
    plain = word and not any(char in BLANKS for char in word)
    if plain and word[0] not in "\"'":
        return word.replace("\\", "\\\\")
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def expand(text: str, lookup: Callable[[str], str | None]) -> tuple[str, list[str]]:
    """Replace each `${NAME}` by lookup(NAME); what is replaced is not read again.

    Returns the text and the names for which lookup gave None: they stay as they
    are. `$`, `$X` and `${X` without its brace are literal.
    """
    parts: list[str] = []
    missing: list[str] = []
    position = 0
    while (start := text.find("${", position)) >= 0:
        end = text.find("}", start + 2)
        if end < 0:
            break
        name = text[start + 2 : end]
        value = lookup(name)
        if value is None:
            missing.append(name)
            value = text[start : end + 1]
        parts += (text[position:start], value)
        position = end + 1
    parts.append(text[position:])
    return "".join(parts), missing


def filesystem_path(text: str) -> str:
    """The path that a latin-1 word of a configuration names on this system."""
    return os.fsdecode(text.encode("latin-1", "replace"))


def configuration_text(path: str) -> str:
    """A path or environment value of this system as configuration text (latin-1)."""
    return os.fsencode(path).decode("latin-1")


def _skip_blanks(text: str, position: int) -> int:
    found = _BLANKS.match(text, position)
    return found.end() if found is not None else position
