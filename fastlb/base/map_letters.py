"""What a worker and the keeper of a map's program tell each other.

Each message is one packet of a socket pair (SOCK_SEQPACKET), so that none is torn and
none runs into the next; it begins with the number that the worker gave to its question.
"""

from __future__ import annotations

import enum
import struct
from typing import Final

KEY_BYTES_MAX: Final = 65536
"""As long as a rule can make anything (core/limits.pxd, REWRITE_BYTES_MAX)."""
VALUE_BYTES_MAX: Final = 65536
"""Of the line that a program answers with."""
LETTER_BYTES_MAX: Final = KEY_BYTES_MAX + 16

_NUMBER: Final = struct.Struct("=Q")
_ANSWER: Final = struct.Struct("=QB")


class Told(enum.IntEnum):
    """What became of a question."""

    VALUE = 1
    NULL = 2  # the program does not know the key
    FAULT = 3  # it gave no answer


def question(number: int, key: bytes) -> bytes:
    return _NUMBER.pack(number) + key


def read_question(letter: bytes) -> tuple[int, bytes]:
    """(number, key); ValueError for what is none."""
    if not _NUMBER.size <= len(letter) <= _NUMBER.size + KEY_BYTES_MAX:
        raise ValueError("no question")
    (number,) = _NUMBER.unpack_from(letter)
    key = letter[_NUMBER.size :]
    if b"\n" in key:
        raise ValueError("two lines")
    return number, key


def answer(number: int, told: Told, value: bytes = b"") -> bytes:
    return _ANSWER.pack(number, told) + value


def read_answer(letter: bytes) -> tuple[int, Told, bytes]:
    """(number, what became of it, the value); ValueError for what is none."""
    if len(letter) < _ANSWER.size:
        raise ValueError("no answer")
    number, told = _ANSWER.unpack_from(letter)
    return number, Told(told), letter[_ANSWER.size :]
