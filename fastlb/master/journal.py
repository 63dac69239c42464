"""What the master has to say, and where: stderr until the logs are open.

A generation opens its own logs (that is how a reload reopens rotated files); the
master writes to those of the generation in force.
"""

from __future__ import annotations

import os
import sys

from fastlb.base.messages import logged_level
from fastlb.facts.server import Model
from fastlb.logs import error, files
from fastlb.logs.error import ErrorLog
from fastlb.logs.farewell import Farewells
from fastlb.logs.files import NO_FD, OpenLogs
from fastlb.master.errors import Exit, StartError


class Journal:
    """The master's own error log."""

    def __init__(self) -> None:
        self._log: ErrorLog | None = None
        self._fd = NO_FD
        self._takes_stderr = False
        self.farewells = Farewells()

    def write(self, level: str, module: str, text: str) -> None:
        self.report(level, module, 0, text)

    def report(self, level: str, module: str, error_number: int, text: str) -> None:
        """One line; error_number is errno, 0 for none."""
        if self._log is None:
            error.to_stderr(text, error_number)
            return
        # The log escapes line ends: a message of several lines becomes several, all
        # of one level.
        level = logged_level(level, text)
        first, *others = text.split("\n")
        self._log.write(level, module, 0, "", error_number, first.strip())
        for line in others:
            self._log.write(level, module, 0, "", error_number, f"    {line.strip()}")

    def open(self, model: Model) -> OpenLogs:
        """Open everything the model logs to; StartError with Apache's words."""
        try:
            return files.open_logs(model, self.report, self.farewells)
        except OSError as failure:
            text = failure.strerror or str(failure)
            raise StartError(
                Exit.REFUSED, f"{text}\nAH00015: Unable to open logs"
            ) from None

    def follow(self, model: Model, logs: OpenLogs) -> None:
        """Write to the main server's error log from now on."""
        self._log = ErrorLog(model, logs.error_fds)
        self._fd = logs.error_fds[0]
        if self._takes_stderr:
            self.take_stderr()

    def close(self) -> None:
        """Nothing more is said; a log program is not kept by our stderr."""
        self._log = None
        if self._takes_stderr:
            send_stderr_to(NO_FD)

    def take_stderr(self) -> None:
        """Send what the process writes to stderr to the log, now and after reloads.

        For a server without a terminal: the last words of a library end up here.
        """
        self._takes_stderr = True
        send_stderr_to(self._fd)


def send_stderr_to(fd: int) -> None:
    """Let the process write its stderr to a log; NO_FD: nowhere.

    A launching terminal (cli/detach.py) is let go of.
    """
    if fd == NO_FD:
        with open(os.devnull, "wb") as null:
            os.dup2(null.fileno(), 2)
    else:
        os.dup2(fd, 2)
    if sys.stderr is not sys.__stderr__:
        sys.stderr.close()
        sys.stderr = sys.__stderr__
