"""What a number of a message means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """What a number means.

    level    emerg, crit, error, warning, notice, info or debug: whoever says it, the
             error log writes it at this one; a warning of the check that must not be
             passed over may be made an error
    meaning  what has happened, one sentence
    cure     what the operator does next; "" when nothing is to be done
    """

    level: str
    meaning: str
    cure: str = ""
    retired: bool = False
