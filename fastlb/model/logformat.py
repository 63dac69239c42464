"""Access-log formats: text with %-items.

    %[!][code,code...][<|>][{arg}]LETTER      in any order before the letter

In the text `\\n`, `\\t` and `\\\\` are escapes. Source: mod_log_config.c
parse_log_item, parse_log_misc_string.
"""

from __future__ import annotations

from typing import Final

from fastlb.facts.json_log import JSON_KEYS
from fastlb.facts.rules import Format, Piece
from fastlb.model.headerformat import FormatError

LETTERS: Final = frozenset("aAbBCDefhHiklLmnopPqrRstTuUvVXIOSxc")
LONG_ITEMS: Final = ("^ti", "^to", "^FB")

_ESCAPES: Final = {"n": "\n", "t": "\t", "\\": "\\"}

COMMON: Final = '%h %l %u %t "%r" %>s %b'
"""The format of a log that names none."""

JSON: Final = "json"
"""The word that stands for lines of JSON; under Compat apache it is a text."""


def parse_log_format(text: str) -> Format:
    """The pieces of a log format; raises FormatError at an unknown letter."""
    pieces: list[Piece] = []
    literal: list[str] = []
    place = 0
    while place < len(text):
        letter = text[place]
        if letter == "\\" and place + 1 < len(text):
            follows = text[place + 1]
            literal.append(_ESCAPES.get(follows, "\\" + follows))
            place += 2
        elif letter != "%":
            literal.append(letter)
            place += 1
        elif text[place + 1 : place + 2] == "%":
            literal.append("%")
            place += 2
        else:
            _close_literal(pieces, literal)
            piece, place = _item(text, place + 1)
            pieces.append(piece)
    _close_literal(pieces, literal)
    return tuple(pieces)


def json_log_format() -> Format:
    """An object a line: its keys are literals, its values pieces of the kind "json"."""
    pieces: list[Piece] = []
    before = "{"
    for key in JSON_KEYS:
        pieces += [
            Piece(kind="literal", text=f'{before}"{key}":'.encode()),
            Piece(kind="json", arg=key),
        ]
        before = ","
    return (*pieces, Piece(kind="literal", text=b"}"))


def _item(text: str, place: int) -> tuple[Piece, int]:
    """One item whose "%" stands before place; (piece, place behind it)."""
    arg = ""
    statuses: list[int] = []
    negated = False
    while place < len(text):
        letter = text[place]
        if letter == "!":
            negated = not negated
        elif letter == "{":
            end = text.find("}", place)
            end = len(text) if end < 0 else end
            arg, place = text[place + 1 : end], end
        elif letter.isdecimal():
            end = place
            while end < len(text) and text[end].isdecimal():
                end += 1
            statuses.append(int(text[place:end]))
            place = end - 1
        elif letter not in ",<>":
            kind = text[place : place + 3]
            if kind not in LONG_ITEMS:
                kind = letter
                if letter not in LETTERS:
                    raise FormatError(f"Unrecognized LogFormat directive %{letter}")
            piece = Piece(
                kind=kind,
                arg=arg,
                statuses=tuple(statuses),
                negated=negated,
            )
            return piece, place + len(kind)
        place += 1
    raise FormatError("Ran off end of LogFormat parsing args to some directive")


def _close_literal(pieces: list[Piece], literal: list[str]) -> None:
    if literal:
        data = "".join(literal).encode("latin-1", "replace")
        pieces.append(Piece(kind="literal", text=data))
        literal.clear()
