"""Values of Header and RequestHeader: text with %-items (mod_headers).

`%%` percent; `%t` time of receipt as "t=usec"; `%D` duration as "D=usec"; `%l %i %b`
load, idle and busy percent; `%{VAR}e` environment; `%{VAR}s` TLS variable. There is
no escape character: a backslash is a backslash.

Source: mod_headers.c parse_format_string.
"""

from __future__ import annotations

from typing import Final

from fastlb.facts.rules import Format, Piece

LETTERS: Final = "etDlibs"


class FormatError(ValueError):
    """The format is refused; the text is Apache's."""


def parse_header_format(text: str) -> Format:
    """The pieces of a value; raises FormatError at an unknown letter."""
    pieces: list[Piece] = []
    place = 0
    while place < len(text):
        percent = text.find("%", place)
        if percent < 0:
            percent = len(text)
        if percent > place:
            _add_text(pieces, text[place:percent])
        place = percent + 1
        if place > len(text):
            break
        if place == len(text) or text[place] == "%":
            # a "%" at the very end stands for itself, as in Apache
            _add_text(pieces, "%")
            place += 1
            continue
        arg = ""
        if text[place] == "{":
            end = text.find("}", place)
            end = len(text) if end < 0 else end
            arg, place = text[place + 1 : end], end + 1
        letter = text[place : place + 1]
        if not letter or letter not in LETTERS:
            raise FormatError(f"Unrecognized header format %{letter}")
        pieces.append(Piece(kind=letter, arg=arg))
        place += 1
    return tuple(pieces)


def _add_text(pieces: list[Piece], text: str) -> None:
    """Append text, joined to the literal before it if there is one."""
    data = text.encode("latin-1", "replace")
    if pieces and pieces[-1].kind == "literal":
        data = pieces.pop().text + data
    pieces.append(Piece(kind="literal", text=data))
