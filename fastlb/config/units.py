"""Values as directives write them, to numbers with a unit in their name.

Every function takes the word as it stands and raises `UnitError` with a sentence
that can follow the word. Apache often takes what it cannot read as 0
(`Timeout abc`); we refuse it. Differs from Apache: pure numbers are checked.
"""

from __future__ import annotations

import re

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000

# The unit is recognised by its beginning: "5sec", "5min" are sound (observed).
_DURATION = re.compile(r"([0-9]+)(?:(s|ms|mi|h)[a-z]*)?\Z", re.IGNORECASE)
_UNIT_MS = {"ms": 1, "s": SECOND_MS, "mi": MINUTE_MS, "h": HOUR_MS}
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_DURATION_MS_MAX = 2**53
_DIGITS_MAX = 18


class UnitError(ValueError):
    """The word is not a value of this kind; the text says what is wrong with it."""


def integer(word: str, low: int | None = None, high: int | None = None) -> int:
    """A whole decimal number in low..high."""
    if not _INTEGER.match(word) or len(word) > _DIGITS_MAX:
        raise UnitError(f"'{word}' is not a whole number")
    value = int(word)
    if (low is not None and value < low) or (high is not None and value > high):
        raise UnitError(f"{word} is not {between(low, high)}")
    return value


def maybe_integer(word: str) -> int | None:
    """A whole decimal number, or None."""
    try:
        return integer(word)
    except UnitError:
        return None


def duration_ms(word: str, default_unit: str = "s") -> int:
    """`<n>[unit]` in milliseconds; units s, ms, mi (minutes), h by their beginning.

    default_unit stands for a bare number. No sign, no fraction, no blank.
    """
    match = _DURATION.match(word)
    if match is None:
        raise UnitError(f"'{word}' is not a time such as 5, 5s, 500ms, 2min or 1h")
    unit = (match[2] or default_unit).lower()
    if len(match[1]) > _DIGITS_MAX or int(match[1]) * _UNIT_MS[unit] > _DURATION_MS_MAX:
        raise UnitError(f"{word} is too long a time")
    return int(match[1]) * _UNIT_MS[unit]


def flag(word: str) -> bool:
    """On or Off, in any case."""
    lowered = word.lower()
    if lowered not in ("on", "off"):
        raise UnitError(f"'{word}' is neither On nor Off")
    return lowered == "on"


def between(low: int | None, high: int | None) -> str:
    """A range in words: "in 1 to 100", "at least 1", "at most 100"."""
    if low is not None and high is not None:
        return f"in {low} to {high}"
    if low is not None:
        return f"at least {low}"
    return f"at most {high}" if high is not None else "a number"
