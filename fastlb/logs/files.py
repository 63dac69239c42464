"""Opening log targets: as root, for appending, before any right is given up.

A generation opens its logs anew, which is how a reload reopens rotated files; the
older generation goes on with its own descriptors until it has drained. A target is
a path under ServerRoot, a program (`|cmd`), syslog (`syslog[:facility[:tag]]`; lines
of an access log get there by a program of ours), or what the server was started with
as its output.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from fastlb.facts.rules import LogTarget
from fastlb.facts.server import Model
from fastlb.logs import to_syslog
from fastlb.logs.error import error_targets, is_syslog, syslog_words
from fastlb.logs.farewell import Farewells
from fastlb.logs.piped import LogOpenError, PipedLoggers, Report, is_piped

FILE_MODE = 0o644
NO_FD = -1  # syslog has no descriptor of ours
# Of higher numbers some are the server's own.
_STREAMS = {
    **dict.fromkeys(("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"), 1),
    **dict.fromkeys(("/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"), 2),
}


@dataclass(slots=True)
class OpenLogs:
    """All that one generation writes to; descriptors are closed on exec.

    access_fds[i] belongs to Model.log_targets[i], error_fds[i] to
    error_targets(model)[i] (NO_FD for syslog). Both are empty once closed.
    """

    access_fds: tuple[int, ...]
    error_fds: tuple[int, ...]
    programs: PipedLoggers

    def close(self) -> None:
        """Close the master's descriptors; workers keep what they inherited."""
        self.close_files()
        self.programs.close()

    def close_files(self) -> None:
        """Only those that are written to; no worker can be forked any more."""
        close_all((*self.access_fds, *self.error_fds))
        self.access_fds = self.error_fds = ()


def open_logs(
    model: Model, report: Report, farewells: Farewells | None = None
) -> OpenLogs:
    """Open error logs, then access logs. Raises LogOpenError or LogProgramError."""
    programs = PipedLoggers(report, farewells=farewells)
    root = model.process.server_root
    error_fds: list[int] = []
    try:
        error_fds = open_targets(error_targets(model), root, programs, is_error=True)
        access_fds = open_targets(model.log_targets, root, programs)
    except OSError:
        close_all(error_fds)
        programs.close()
        raise
    return OpenLogs(tuple(access_fds), tuple(error_fds), programs)


def open_targets(
    targets: Iterable[LogTarget],
    server_root: str,
    programs: PipedLoggers,
    *,
    is_error: bool = False,
) -> list[int]:
    """One descriptor for each target, in order; all or none."""
    fds: list[int] = []
    try:
        for one in targets:
            fd = _open(one.target, server_root, programs, is_error)
            fds.append(fd)
    except OSError:
        close_all(fds)
        raise
    return fds


def close_all(fds: Iterable[int]) -> None:
    for fd in fds:
        if fd != NO_FD:
            os.close(fd)


def standard_stream(target: str) -> int | None:
    """The descriptor of the server's output, or error output, that a target names."""
    return _STREAMS.get(target)


def log_path(target: str, server_root: str) -> str:
    """The file of a target: relative paths are under ServerRoot."""
    return os.path.join(server_root, target)


def _open(target: str, server_root: str, programs: PipedLoggers, is_error: bool) -> int:
    if is_piped(target):
        return programs.open(target, is_error=is_error)
    if is_syslog(target):
        return NO_FD if is_error else programs.open(target, words=_relay(target))
    stream = standard_stream(target)
    if stream is not None:
        return _stream(stream)
    path = log_path(target, server_root)
    try:
        return os.open(path, _flags(path), FILE_MODE)
    except OSError as error:
        raise LogOpenError(
            error.errno,
            f"({error.errno}){error.strerror}: {_refusal(path, is_error)}",
        ) from error


def _flags(path: str) -> int:
    """A pipe is opened whether anybody reads it or not: to wait for a reader would stop
    the master. What is written meanwhile is there for the next one."""
    flags = os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    with suppress(OSError):
        if stat.S_ISFIFO(os.stat(path).st_mode):
            return flags | os.O_RDWR
    return flags | os.O_WRONLY


def _relay(target: str) -> list[str]:
    """The program that passes lines on to syslog."""
    priority, tag = syslog_words(target)
    return [sys.executable, "-IS", to_syslog.__file__, str(priority), tag]


def _stream(number: int) -> int:
    """A descriptor for it, which never waits for whoever reads a pipe.

    Opening it by its name fails when it is a socket, as under a service manager; of a
    file it would not share the place where the next line goes.
    """
    if not stat.S_ISFIFO(os.fstat(number).st_mode):
        return os.dup(number)
    try:
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(f"/proc/self/fd/{number}", flags)
    except OSError:
        # It is another user's, as in a container: ours and our children's alone.
        fd = os.dup(number)
        os.set_blocking(fd, False)
        return fd


def _refusal(path: str, is_error: bool) -> str:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        if is_error:
            return f"AH02291: Cannot access directory '{folder}/' for main error log"
        return f"AH02297: Cannot access directory '{folder}/' for log file '{path}'"
    if is_error:
        return f"AH00091: fastlb: could not open error log file {path}."
    return f"AH00649: could not open transfer log file {path}."
