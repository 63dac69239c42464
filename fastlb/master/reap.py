"""The dead: who they were, what they leave behind, when they are replaced."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field

EXIT_FATAL = 0xF  # Apache's APEXIT_CHILDFATAL: a replacement would fail as well
EXIT_SICK = 0x10  # Apache's APEXIT_CHILDSICK: replace, but not in a hurry

AT_ONCE_S = 1.0  # dead before this age: it died at once
DELAY_FIRST_S = 0.25
DELAY_MAX_S = 10.0
DELAY_MAX_AFTER_READY_S = 0.5


@dataclass(frozen=True, slots=True)
class Death:
    """A process of ours that has ended. signal_number 0: it ended by itself."""

    pid: int
    status: int  # the word of waitpid(2)
    exit_code: int
    signal_number: int
    dumped_core: bool

    def is_fatal(self) -> bool:
        return not self.signal_number and self.exit_code == EXIT_FATAL

    def is_orderly(self) -> bool:
        return not self.signal_number and self.exit_code == 0

    def text(self, what: str) -> str:
        """The log's line for it; what names a process that ended by itself."""
        if self.signal_number:
            name = signal.strsignal(self.signal_number) or "Unknown signal"
            text = f"child pid {self.pid} exit signal {name} ({self.signal_number})"
            if self.dumped_core:
                return f"AH00051: {text}, possible coredump in {os.getcwd()}"
            return f"AH00052: {text}"
        return f"FB0613: {what} (pid {self.pid}) ended with exit code {self.exit_code}"


def reap() -> list[Death]:
    """Collect every child that has ended, without waiting."""
    deaths: list[Death] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return deaths
        if pid == 0:
            return deaths
        deaths.append(from_status(pid, status))


def from_status(pid: int, status: int) -> Death:
    """Death from the status word of waitpid(2)."""
    if os.WIFSIGNALED(status):
        return Death(pid, status, 0, os.WTERMSIG(status), os.WCOREDUMP(status))
    return Death(pid, status, os.WEXITSTATUS(status), 0, False)


@dataclass(slots=True)
class BackOff:
    """How long a seat stays empty after its holder died.

    The first death is answered at once, whatever the cause. Only one that dies again
    before AT_ONCE_S makes the next one wait: 0.25, 0.5, 1 ... 10 s. One that lived
    longer clears the record. Where the dead had served, whatever killed it came from
    outside: the place is filled again within a second, however often.
    """

    deaths_at_once: int = field(default=0)

    def delay_s(self, age_s: float, *, was_ready: bool = False) -> float:
        """Seconds to wait, for one that died age_s after its fork."""
        if age_s >= AT_ONCE_S:
            self.deaths_at_once = 0
            return 0.0
        self.deaths_at_once += 1
        if self.deaths_at_once == 1:
            return 0.0
        doublings = min(self.deaths_at_once - 2, 16)
        longest_s = DELAY_MAX_AFTER_READY_S if was_ready else DELAY_MAX_S
        return min(longest_s, DELAY_FIRST_S * 2.0**doublings)
