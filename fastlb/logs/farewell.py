"""Log programs whose last writer has gone: they read the end of their input and go.

One that does not would outlive the server. So each is given a while to write down
what it has, then it is told to end, then it is ended, with all of its process group.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

PATIENCE_S = 60.0  # after a reload: it may be compressing what it has rotated away
PATIENCE_AT_STOP_S = 3.0
KILL_AFTER_S = 2.0  # from TERM to KILL
PAUSE_S = 0.01


@dataclass(slots=True)
class _Leaving:
    pid: int
    due_s: float  # monotonic; when the next signal is sent
    is_told: bool = False


class Farewells:
    """The programs that have been left and have not ended yet."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._leaving: list[_Leaving] = []

    def take(self, pids: Iterable[int]) -> None:
        """Programs that nobody writes to any more, or will not for long."""
        due_s = self._now() + PATIENCE_S
        self._leaving += [_Leaving(pid, due_s) for pid in pids]

    def pids(self) -> tuple[int, ...]:
        return tuple(one.pid for one in self._leaving)

    def note_death(self, pid: int) -> bool:
        """Was pid one of them?"""
        for one in self._leaving:
            if one.pid == pid:
                self._leaving.remove(one)
                return True
        return False

    def act(self) -> float | None:
        """Send what is due; seconds until the next time, None without any."""
        now_s = self._now()
        for one in self._leaving:
            if one.due_s <= now_s:
                number = signal.SIGKILL if one.is_told else signal.SIGTERM
                with suppress(OSError):
                    os.killpg(one.pid, number)
                one.is_told = True
                one.due_s = now_s + KILL_AFTER_S
        waits = [max(0.0, one.due_s - now_s) for one in self._leaving]
        return min(waits, default=None)

    def wait(self) -> None:
        """At the end of the server: return when all of them have gone.

        That takes no longer than PATIENCE_AT_STOP_S and KILL_AFTER_S together, but
        for a program that not even KILL ends.
        """
        now_s = self._now()
        ends_s = now_s + PATIENCE_AT_STOP_S + 2 * KILL_AFTER_S
        for one in self._leaving:
            one.due_s = min(one.due_s, now_s + PATIENCE_AT_STOP_S)
        while self._leaving and self._now() < ends_s:
            self.act()
            self._leaving = [one for one in self._leaving if not _is_over(one.pid)]
            if self._leaving:
                time.sleep(PAUSE_S)


def _is_over(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
