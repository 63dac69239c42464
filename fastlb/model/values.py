"""Values that may be wrong: `config/units.py` with None in place of its exceptions.

The parameters of members and balancers have Apache's own sentence for each key, so
that only "sound or not" is asked here.
"""

from __future__ import annotations

from typing import Final

from fastlb.config import units

INT_MAX: Final = 2**31 - 1


def maybe_integer(text: str) -> int | None:
    """A whole decimal number, or None."""
    try:
        return units.integer(text)
    except units.UnitError:
        return None


def maybe_time_ms(text: str, default_unit: str) -> int | None:
    """`<n>[s|ms|mi|h]` in milliseconds, or None."""
    try:
        return units.duration_ms(text, default_unit)
    except units.UnitError:
        return None


def maybe_switch(text: str) -> bool | None:
    """On or Off in any case, or None."""
    try:
        return units.flag(text)
    except units.UnitError:
        return None
