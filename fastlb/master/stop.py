"""Stopping: how long the master waits for its processes, and what it says meanwhile.

Apache's schedule: TERM at once, again after 3, 5 and 7 seconds, KILL after 9, and at
10 the master goes alone.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from os import kill

_STILL_THERE = "AH00045: child process {} still did not exit, sending a SIGTERM"
STEPS: tuple[tuple[float, signal.Signals | None, str], ...] = (
    (0.0, signal.SIGTERM, ""),
    (3.0, signal.SIGTERM, _STILL_THERE),
    (5.0, signal.SIGTERM, _STILL_THERE),
    (7.0, signal.SIGTERM, _STILL_THERE),
    (
        9.0,
        signal.SIGKILL,
        "AH00046: child process {} still did not exit, sending a SIGKILL",
    ),
    (
        10.0,
        None,
        "AH00047: could not make child process {} exit, attempting to continue anyway",
    ),
)


@dataclass(slots=True)
class Stopping:
    """A stop that began at began_s."""

    began_s: float
    next_step: int = 0

    def act(
        self,
        now_s: float,
        pids: Iterable[int],
        log: Callable[[str, str, str], None],
    ) -> None:
        """Take every step that is due towards the processes still there."""
        while not self.is_over() and self.began_s + STEPS[self.next_step][0] <= now_s:
            _, number, text = STEPS[self.next_step]
            for pid in pids:
                if text:
                    level = "warn" if number is signal.SIGTERM else "error"
                    log(level, "core", text.format(pid))
                if number is not None:
                    with suppress(ProcessLookupError):
                        kill(pid, number)
            self.next_step += 1

    def is_over(self) -> bool:
        """True when all has been tried."""
        return self.next_step == len(STEPS)

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next step."""
        if self.is_over():
            return 0.0
        return max(0.0, self.began_s + STEPS[self.next_step][0] - now_s)
