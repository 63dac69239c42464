"""Draining: take nothing new, finish what there is, leave.

The core stops accepting and tells us when its last connection has gone. A limit
(GracefulShutdownTimeout, 0: none) ends those that will not end by themselves, such
as tunnels.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class Drainable(Protocol):
    def drain(self) -> None: ...


class Drain:
    """The end of one worker. began: it has been told to."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, core: Drainable, limit_s: int
    ) -> None:
        self._loop = loop
        self._core = core
        self._limit_s = limit_s
        self.began = False

    def begin(self) -> None:
        """Begin once; a second call changes nothing."""
        if self.began:
            return
        self.began = True
        if self._limit_s:
            self._loop.call_later(self._limit_s, self._loop.stop)
        self._core.drain()

    def done(self) -> None:
        """The last connection has gone (Services.drained)."""
        if self.began:
            self._loop.stop()
