"""LogLevel's words, the gravest first."""

from __future__ import annotations

from typing import Final

LEVELS: Final = (
    "emerg",
    "alert",
    "crit",
    "error",
    "warn",
    "notice",
    "info",
    "debug",
    *(f"trace{depth}" for depth in range(1, 9)),
)
