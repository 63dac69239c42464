"""Why the server does not start, with the exit code it ends with."""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """Exit codes of the master in the foreground.

    Whoever only launches it (`-k start` in the background) sees Apache's: 0 or 1.
    """

    DONE = 0
    REFUSED = 1  # configuration
    USAGE = 2
    CANNOT_BIND = 3
    CANNOT_SERVE = 4  # workers do not start


class StartError(Exception):
    """Start or reload cannot go on. str() is what the operator reads."""

    def __init__(self, code: Exit, text: str) -> None:
        super().__init__(text)
        self.code = code
