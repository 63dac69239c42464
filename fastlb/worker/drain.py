"""Draining: take nothing new, finish what there is, leave.

The core stops accepting and tells us when its last connection has gone, or when only
tunnels are left: these go on without us (core/flow/lone.pxd). A limit
(GracefulShutdownTimeout, 0: none) ends those that will not end by themselves.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from fastlb._core import Core


class Drain:
    """The end of one worker.

    began: it has been told to. may_go_alone: tunnels that are left may be served
    without this loop. is_lone: that is what remains to be done. ends_us: when those
    still there are cut, on the loop's clock; 0: never.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        core: Core,
        limit_s: int,
        *,
        may_go_alone: bool = False,
    ) -> None:
        self._loop = loop
        self._core = core
        self._limit_s = limit_s
        self._may_go_alone = may_go_alone
        self.began = False
        self.is_lone = False
        self.ends_us = 0

    def begin(self) -> None:
        """Begin once; a second call changes nothing."""
        if self.began:
            return
        self.began = True
        if self._limit_s:
            self._loop.call_later(self._limit_s, self._loop.stop)
            self.ends_us = int((self._loop.time() + self._limit_s) * 1e6)
        self._core.drain()

    def done(self) -> None:
        """The last connection has gone (Services.drained)."""
        if self.began:
            self._loop.stop()

    def lone(self) -> None:
        """Nothing but tunnels is left (Services.lone)."""
        if self._may_go_alone and self.began and is_single():
            self.is_lone = True
            self._loop.stop()


def is_single() -> bool:
    """True when the process has one thread of its own: none may meet the interpreter's
    end. The kernel lends a ring of the loop's (io_uring) one that does what would wait,
    which stays until the loop is closed and runs nothing of ours."""
    return sum(not _is_lent(number) for number in os.listdir("/proc/self/task")) == 1


def _is_lent(number: str) -> bool:
    with suppress(OSError), open(f"/proc/self/task/{number}/comm", "rb") as name:
        return name.read().startswith(b"iou-")
    return False
