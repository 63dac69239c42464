"""Log programs: `|cmd`, `||cmd` and `|$cmd`, run and run again by the master.

The master keeps both ends of each pipe. So a program that dies loses nothing that
was written: its successor reads on from the same pipe. The writing end never blocks:
a program that has stopped reading must not stop a worker, so what no longer fits
into the pipe is lost (Apache would stand still instead).

A program ends when the last writer has gone: it reads end of file after the master
and the last worker of its generation have closed their ends. One that reads no end is
ended (farewell.py).
"""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastlb.base import descriptors
from fastlb.logs.farewell import Farewells

# What a pipe may hold while its program starts, or is behind: the first that the system
# gives. More than fs.pipe-max-size (1 MiB) is for root alone.
PIPE_SIZES = (4 << 20, 1 << 20, 256 << 10)  # bytes
QUICK_DEATH_S = 1.0  # a program that lived shorter is not restarted at once
PAUSE_MIN_S = 1.0
PAUSE_MAX_S = 60.0

Report = Callable[[str, str, int, str], None]
"""Takes level, module, error number (0: none) and text of an error-log line."""


class LogOpenError(OSError):
    """A log cannot be opened; str() is the message for the operator."""

    def __str__(self) -> str:
        return self.strerror or ""


class LogProgramError(LogOpenError):
    """A log program cannot be started."""


def is_piped(target: str) -> bool:
    """Does a log target name a program rather than a file?"""
    return target.startswith("|")


def command_of(target: str) -> list[str]:
    """The words to execute for `|cmd`, `||cmd` (both direct) or `|$cmd` (by a shell).

    Raises LogProgramError when quotes do not match or nothing is there.
    """
    if target.startswith("|$"):
        return ["/bin/sh", "-c", target[2:]]
    try:
        words = shlex.split(target.lstrip("|"))
    except ValueError as error:
        raise LogProgramError(0, f"log program '{target}': {error}") from error
    if not words:
        raise LogProgramError(0, f"log program '{target}': no command")
    return words


@dataclass(slots=True)
class _Program:
    target: str
    read_fd: int
    write_fd: int
    pid: int  # 0: not running
    started_s: float
    pause_s: float
    due_s: float  # when to start it again, if it is not running
    words: Sequence[str] = ()  # what is executed; (): what target says


class PipedLoggers:
    """The log programs of one generation; only the master starts and reaps them."""

    def __init__(
        self,
        report: Report,
        now: Callable[[], float] = time.monotonic,
        farewells: Farewells | None = None,
    ):
        """report takes the lines about programs that failed; now is in seconds.

        farewells: sees to it that programs end after `close`.
        """
        self._report = report
        self._farewells = farewells
        self._now = now
        self._programs: list[_Program] = []
        self._is_open = True

    def open(
        self, target: str, *, is_error: bool = False, words: Sequence[str] = ()
    ) -> int:
        """Start the program of target; returns a descriptor of its own for writing.

        words: what is executed, where target does not say it
        is_error: it takes an error log, for which Apache's complaint is another.
        Raises LogProgramError when it cannot be executed.
        """
        for known in self._programs:
            if known.target == target:
                return os.dup(known.write_fd)
        read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
        program = _Program(target, read_fd, write_fd, 0, 0.0, 0.0, 0.0, words)
        try:
            os.set_blocking(write_fd, False)
            _widen(write_fd)
            self._start(program)
        except OSError as error:
            os.close(read_fd)
            os.close(write_fd)
            if isinstance(error, LogProgramError):
                raise
            name = target.lstrip("|$")
            text = (
                f"AH00089: Couldn't start ErrorLog process '{name}'."
                if is_error
                else f"AH00104: unable to start piped log program '{name}'"
            )
            raise LogProgramError(
                error.errno, f"({error.errno}){error.strerror}: {text}"
            ) from error
        self._programs.append(program)
        return os.dup(write_fd)

    def note_death(self, pid: int, status: int) -> bool:
        """Was pid one of ours? If so it is started again, at once or after a pause.

        status is waitpid's. Programs of a closed generation are only recognised.
        """
        for program in self._programs:
            if program.pid == pid:
                program.pid = 0
                if self._is_open:
                    self._plan_restart(program, status)
                return True
        return False

    def restart_due(self) -> float | None:
        """Start what is due; returns the seconds until the next one, None if none."""
        waits = []
        for program in self._programs:
            if program.pid == 0 and self._is_open:
                wait_s = program.due_s - self._now()
                if wait_s <= 0:
                    self._try_start(program)
                if program.pid == 0:
                    waits.append(max(program.due_s - self._now(), 0.0))
        return min(waits, default=None)

    def left(self) -> list[tuple[str, int, int, int, tuple[str, ...]]]:
        """For `take` of whoever comes next: of each its target, its pid (0: it does not
        run), both ends of its pipe, and what is executed."""
        if not self._is_open:
            return []
        return [
            (p.target, p.pid, p.read_fd, p.write_fd, tuple(p.words))
            for p in self._programs
        ]

    def take(
        self, target: str, pid: int, read_fd: int, write_fd: int, words: Sequence[str]
    ) -> None:
        """A program that is there already."""
        began_s = self._now()
        self._programs.append(
            _Program(target, read_fd, write_fd, pid, began_s, 0.0, began_s, words)
        )

    def pids(self) -> tuple[int, ...]:
        """The programs that run."""
        return tuple(p.pid for p in self._programs if p.pid)

    def close(self) -> None:
        """Give up the master's ends: each program reads on until its last writer."""
        if self._is_open:
            self.let_go()
            if self._farewells is not None:
                self._farewells.take(self.pids())

    def let_go(self) -> None:
        """In a forked process: close the master's ends. Descriptors of `open` stay.

        A worker that held the reading end of a pipe would keep it alive for a program
        that has gone.
        """
        self._is_open = False
        for program in self._programs:
            os.close(program.read_fd)
            os.close(program.write_fd)

    def _plan_restart(self, program: _Program, status: int) -> None:
        name = program.target.lstrip("|$")
        code = os.waitstatus_to_exitcode(status)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        lived_s = self._now() - program.started_s
        if lived_s >= QUICK_DEATH_S:
            program.pause_s = 0.0
        else:
            program.pause_s = min(max(program.pause_s * 2, PAUSE_MIN_S), PAUSE_MAX_S)
        program.due_s = self._now() + program.pause_s
        self._report(
            "error",
            "core",
            0,
            f"AH00106: piped log program '{name}' failed unexpectedly"
            f" ({how}; started again in {program.pause_s:g} s)",
        )
        self.restart_due()

    def _try_start(self, program: _Program) -> None:
        try:
            self._start(program)
        except OSError as error:
            program.pause_s = min(max(program.pause_s * 2, PAUSE_MIN_S), PAUSE_MAX_S)
            program.due_s = self._now() + program.pause_s
            name = program.target.lstrip("|$")
            self._report(
                "error",
                "core",
                error.errno or 0,
                f"AH00104: unable to start piped log program '{name}'",
            )

    def _start(self, program: _Program) -> None:
        """Execute with the pipe as input, in a process group of its own.

        Its own group: Ctrl-C in the terminal must not end it before the last lines.
        """
        words = list(program.words) or command_of(program.target)
        program.pid = os.posix_spawnp(
            words[0],
            words,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, program.read_fd, 0)],
            setpgroup=0,
            setsigmask=[],
            setsigdef=[
                s
                for s in signal.valid_signals()
                if signal.SIGKILL != s != signal.SIGSTOP
            ],
        )
        descriptors.give_back(program.pid)
        program.started_s = self._now()


def _widen(fd: int) -> None:
    for size in PIPE_SIZES:
        try:
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, size)
        except OSError:
            continue  # over the system's limit for this user
        return
    # The default size serves, too.
