"""Forms of lines in the error log: text with %-items.

    %[-+][digits][{arg}]LETTER      in any order before the letter

`%M` is the message. A blank begins a field, as does `% ` without being written; `\\ `
is a blank that begins none. Source: core.c parse_errorlog_string.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastlb.facts.error_format import MESSAGE, ErrorFormat, ErrorPiece
from fastlb.model.headerformat import FormatError

LETTERS: Final = frozenset("aAeEFiklLmMnPtTvV")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}


def parse_error_format(text: str, *, is_line: bool) -> ErrorFormat:
    """is_line: else it is one that goes before lines. FormatError in httpd's words."""
    pieces: list[ErrorPiece] = []
    place = 0
    while place < len(text):
        piece, place = _piece(text, place)
        _check(piece, is_line=is_line)
        pieces.append(piece)
    if is_line and not any(piece.kind == MESSAGE for piece in pieces):
        raise FormatError("main ErrorLogFormat must contain message format string '%M'")
    return tuple(pieces)


def _check(piece: ErrorPiece, *, is_line: bool) -> None:
    other = "once-per-request or once-per-connection formats"
    if is_line and piece.is_required:
        raise FormatError("The '+' flag cannot be used in the main error log format")
    if not is_line and piece.kind == MESSAGE:
        raise FormatError(f"%M cannot be used in {other}")
    if not is_line and piece.level:
        raise FormatError(f"The loglevel cannot be used as a condition in {other}")


def _piece(text: str, place: int) -> tuple[ErrorPiece, int]:
    """The one that begins at place; (piece, place behind it)."""
    begins_field = text[place] == " "
    while text.startswith("% ", place):
        begins_field = True
        place += 2
    if place == len(text):
        return ErrorPiece("", begins_field=begins_field), place
    if text.startswith("%%", place):
        return ErrorPiece("", "%", begins_field), place + 2
    if text[place] == "%":
        return _item(text, place + 1, begins_field=begins_field)
    begins_field = begins_field or text[place] == " "
    words, place = _literal(text, place)
    return ErrorPiece("", words, begins_field), place


def _literal(text: str, place: int) -> tuple[str, int]:
    """Up to an item, or to a blank that is not at the beginning."""
    found: list[str] = []
    is_blank = True
    while place < len(text) and text[place] != "%":
        letter = text[place]
        if letter == " " and not is_blank:
            break
        is_blank = is_blank and letter == " "
        place += 1
        if letter == "\\":
            letter = text[place : place + 1]
            letter = _ESCAPES.get(letter, letter)
            place += 1
        found.append(letter)
    return "".join(found), place


def _item(text: str, place: int, *, begins_field: bool) -> tuple[ErrorPiece, int]:
    """One whose "%" stands before place."""
    arg, level, flags = "", 0, set()
    while place < len(text):
        letter = text[place]
        if letter == "{":
            arg, _, _ = text[place + 1 :].partition("}")
            place += len(arg) + 2
        elif letter in "+-":
            flags.add(letter)
            place += 1
        elif letter.isascii() and letter.isdigit():
            end = place
            while text[end : end + 1].isascii() and text[end : end + 1].isdigit():
                end += 1
            level = int(text[place:end])
            place = end
        elif letter in LETTERS:
            piece = ErrorPiece(letter, arg, begins_field, "+" in flags, "-" in flags)
            return replace(piece, level=level), place + 1
        else:
            raise FormatError(f"Unrecognized error log format directive %{letter}")
    raise FormatError("Ran off end of error log format parsing args to some directive")
