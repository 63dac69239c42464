"""The place of a process of which there is one: the monitor, or the controller."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress

from fastlb.master import spawn
from fastlb.master.privileges import Identity
from fastlb.master.reap import BackOff, Death

FORK_FAILED_DELAY_S = 1.0


class LoneSeat:
    """pid: of who sits here, None while there is nobody. due_s: when it is filled."""

    def __init__(self) -> None:
        self._born_s = 0.0
        self._back_off = BackOff()
        self.pid: int | None = None
        self.due_s: float | None = None

    def replace(self, now_s: float) -> None:
        """There is a new model: whoever sits here knows the old one."""
        if self.pid is None:
            self.due_s = now_s
        else:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def bury(self, death: Death, now_s: float) -> None:
        """The seat is empty; one that did not go by itself may have to wait."""
        self.pid = None
        self.due_s = now_s
        if not death.is_orderly():
            self.due_s += self._back_off.delay_s(now_s - self._born_s)

    def sit(
        self,
        name: str,
        run: Callable[[], int],
        let_go: Callable[[], None],
        identity: Identity | None,
        now_s: float,
    ) -> bool:
        """Fork who sits here from now on; False: the system has no process for it, and
        it is due again."""
        self.due_s = None
        self._born_s = now_s
        try:
            self.pid = spawn.fork(name, run, let_go=let_go, identity=identity)
        except OSError:
            self.due_s = now_s + FORK_FAILED_DELAY_S
        return self.pid is not None

    def is_due(self, now_s: float) -> bool:
        return self.pid is None and self.due_s is not None and self.due_s <= now_s
