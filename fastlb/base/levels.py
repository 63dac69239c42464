"""LogLevel's words, the gravest first."""

from __future__ import annotations

import enum
from typing import Final


class Level(enum.IntEnum):
    """What the error log tells; a higher one is told less often."""

    EMERG = 0
    ALERT = 1
    CRIT = 2
    ERROR = 3
    WARN = 4
    NOTICE = 5
    INFO = 6
    DEBUG = 7
    TRACE1 = 8
    TRACE2 = 9
    TRACE3 = 10
    TRACE4 = 11
    TRACE5 = 12
    TRACE6 = 13
    TRACE7 = 14
    TRACE8 = 15


LEVELS: Final = tuple(level.name.lower() for level in Level)
"""As they are written."""
