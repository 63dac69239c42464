"""The error log: Apache's default line form, or that of ErrorLogFormat.

    [Sat Nov 21 12:00:51.692956 2026] [proxy:error] [pid 7:tid 7] (111)Connection
    refused: [client 192.0.2.1:4711] AH00957: http: attempt to connect ...

(one line in the file). Levels are filtered here, per virtual host and module; a
notice is always written. What comes from a peer is escaped, so that nobody can forge
a line, and messages about one client after the other are limited in rate, so that
nobody can fill the disk: beyond MESSAGES_PER_WINDOW with one number in one second
they are counted, and the count is told with the next one.
"""

from __future__ import annotations

import os
import select
import stat
import sys
import syslog
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastlb.base.levels import LEVELS, Level
from fastlb.base.messages import logged_level
from fastlb.facts.error_format import About, ErrorFormat
from fastlb.facts.rules import LogTarget
from fastlb.facts.server import Model
from fastlb.logs.error_line import Line, escape, line_of

LINE_BYTES_MAX = 8192  # as Apache; what is longer is cut
MESSAGES_PER_WINDOW = 200
WINDOW_NS = 1_000_000_000
LIMITED_KEYS_MAX = 1024

_RANK = {name: rank for rank, name in enumerate(LEVELS)}
_NOTICE = Level.NOTICE
_FACILITIES = {
    name: getattr(syslog, f"LOG_{name.upper()}")
    for name in (
        *("auth", "authpriv", "cron", "daemon", "kern", "lpr", "mail", "news"),
        *("syslog", "user", "uucp"),
        *(f"local{digit}" for digit in range(8)),
    )
}


def is_syslog(target: str) -> bool:
    """Is an ErrorLog target `syslog`, `syslog:facility` or `syslog:facility:tag`?"""
    return target == "syslog" or target.startswith("syslog:")


def syslog_words(target: str) -> tuple[int, str]:
    """Priority and tag of the lines of an access log."""
    return _facility(target) | syslog.LOG_INFO, _tag(target)


def error_targets(model: Model) -> tuple[LogTarget, ...]:
    """The distinct error logs of a model, the main server's first."""
    return tuple(LogTarget(t) for t in dict.fromkeys(v.error_log for v in model.vhosts))


def to_stderr(text: str, error_number: int = 0) -> None:
    """A message before the logs are open: no time, no process, just the text."""
    why = f"{_errno_text(error_number)}: " if error_number else ""
    sys.stderr.write(f"{why}{escape(text)}\n")
    sys.stderr.flush()


@dataclass(slots=True)
class _Window:
    """How often one message came in the current second."""

    began_ns: int
    written: int
    held_back: int


class ErrorLog:
    """Writes the lines of one process; make it again after a fork for its ids."""

    def __init__(
        self,
        model: Model,
        fds: Sequence[int],
        *,
        now_ns: Callable[[], int] = time.time_ns,
        to_syslog: Callable[[int, str], None] = syslog.syslog,
    ) -> None:
        """fds[i] is open for error_targets(model)[i]; negative for syslog."""
        targets = [t.target for t in error_targets(model)]
        self._fds = tuple(fds)
        self._facilities = tuple(_facility(t) for t in targets)
        self._target_of = tuple(targets.index(v.error_log) for v in model.vhosts)
        self._ranks = tuple(
            (
                v.log_level,
                {_module(module): level for module, level in v.log_levels},
            )
            for v in model.vhosts
        )
        self._now_ns = now_ns
        self._to_syslog = to_syslog
        self._formats = tuple(v.error_formats for v in model.vhosts)
        self._names = tuple(v.server_name for v in model.vhosts)
        self._pid, self._thread = os.getpid(), threading.get_native_id()
        self._lost = [0] * len(targets)  # lines that could not be written
        self._windows: dict[tuple[int, str], _Window] = {}
        for target in targets:
            if is_syslog(target):
                _open_syslog(target)

    def is_wanted(self, level: str, module: str, vhost_index: int = 0) -> bool:
        """Would `write` write it? Spares the making of a costly text."""
        default, by_module = self._ranks[vhost_index]
        rank = _RANK[level]
        return rank == _NOTICE or rank <= by_module.get(_module(module), default)

    def write(  # noqa: PLR0917 - the order of Services.log
        self,
        level: str,
        module: str,
        vhost_index: int,
        client: str,
        error_number: int,
        text: str,
        *,
        referer: str = "",
        remote: bool = False,
        about: About | None = None,
    ) -> bool:
        """Write one line, or not: by LogLevel and rate. False: not.

        level         of a message with a number of ours, its number's own counts
        client        "ip:port" of whom it is about; "" when about nobody
        error_number  errno, or 70007 for a timeout (APR's number); 0 for none
        text          begins with its AH or FB number if it has one
        remote        the address is that of a member (Apache: `[remote ...]`)
        about         what a format asks of the request
        A log that cannot be written (full disk, dead program) is passed over: the
        server goes on, and the next line that can be written tells how many could not.
        """
        level = logged_level(level, text)
        if not self.is_wanted(level, module, vhost_index):
            return False
        target = self._target_of[vhost_index]
        now_ns = self._now_ns()
        # Who asks for a trace wants all of it.
        limited = client and not level.startswith("trace")
        held_back = self._held_back(target, text, now_ns) if limited else 0
        if held_back is None:
            return False
        said = escape(text)
        if held_back:
            said += f" ({held_back} more like this were not written)"
        if referer:
            said += f", referer: {escape(referer)}"
        line = Line(
            now_ns=now_ns,
            level=level,
            rank=_RANK[level],
            module=_module(module),
            pid=self._pid,
            thread=self._thread,
            error=_errno_text(error_number),
            client=client,
            is_remote=remote,
            host=self._names[vhost_index],
            text=said,
            about=about,
        )
        formats = self._formats[vhost_index]
        if about is not None and about.is_first_of_connection:
            self._write_before(target, line, formats.connection, of_request=False)
        if about is not None and about.is_first_of_request:
            self._write_before(target, line, formats.request, of_request=True)
        self._write_to(target, line, formats.message)
        return True

    def _write_before(
        self,
        target: int,
        line: Line,
        forms: tuple[ErrorFormat, ...],
        *,
        of_request: bool,
    ) -> None:
        """What goes before the first line about a request, or a connection."""
        for form in forms:
            first = line_of(line.before(of_request=of_request), form)
            if first and self._fds[target] >= 0:
                self._write_line(self._fds[target], first)
            elif first:
                self._to_syslog(self._facilities[target] | syslog.LOG_INFO, first)

    def _write_to(self, target: int, line: Line, form: ErrorFormat) -> None:
        is_file = self._fds[target] >= 0
        # Syslog has a time of its own.
        said = line_of(line, form) if form else line.usual(with_time=is_file)
        if not is_file:
            priority = min(line.rank, syslog.LOG_DEBUG)
            self._to_syslog(self._facilities[target] | priority, said)
            return
        lost = self._lost[target]
        if lost:
            said += f" ({lost} lines before this one could not be written)"
        if self._write_line(self._fds[target], said):
            self._lost[target] = 0
        else:
            self._lost[target] += 1

    def _held_back(self, target: int, text: str, now_ns: int) -> int | None:
        """None: too many of these now. Else how many were held back before it."""
        number = text.partition(":")[0]
        key = (target, number if number[:2] in ("AH", "FB") else "")
        window = self._windows.get(key)
        if window is None or not 0 <= now_ns - window.began_ns < WINDOW_NS:
            if len(self._windows) >= LIMITED_KEYS_MAX:
                self._windows.clear()
            self._windows[key] = _Window(now_ns, 1, 0)
            return window.held_back if window else 0
        if window.written >= MESSAGES_PER_WINDOW:
            window.held_back += 1
            return None
        window.written += 1
        return 0

    @staticmethod
    def _write_line(fd: int, line: str) -> bool:
        """Whether it is there."""
        data = line.encode("utf-8", "replace")[: LINE_BYTES_MAX - 1] + b"\n"
        try:
            if not _takes(fd):
                return False
            written = os.write(fd, data)
            if written < len(data):
                take_back(fd, written)
        except OSError:
            return False
        return written == len(data)


def _takes(fd: int) -> bool:
    """A socket that the server was started with would wait for whoever reads it."""
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        return True
    waiting = select.poll()
    waiting.register(fd, select.POLLOUT)
    return bool(waiting.poll(0))


def take_back(fd: int, size: int) -> None:
    """The disk was full within a line: without its beginning the log is whole."""
    about = os.fstat(fd)
    if stat.S_ISREG(about.st_mode) and about.st_size >= size:
        os.ftruncate(fd, about.st_size - size)


def _errno_text(number: int) -> str:
    if number == 0:
        return ""
    if number == 70007:
        return "(70007)The timeout specified has expired"
    return f"({number}){os.strerror(number)}"


def _module(name: str) -> str:
    """`mod_proxy.c`, `proxy_module` and `proxy` name one module."""
    return name.removeprefix("mod_").removesuffix(".c").removesuffix("_module")


def _facility(target: str) -> int:
    if not is_syslog(target):
        return 0
    name = [*target.split(":"), ""][1]
    return int(_FACILITIES.get(name.lower(), syslog.LOG_LOCAL7))


def _tag(target: str) -> str:
    return [*target.split(":"), "", ""][2] or "fastlb"


def _open_syslog(target: str) -> None:
    """The tag holds for the whole process: with several, the last one counts."""
    syslog.openlog(_tag(target), syslog.LOG_CONS | syslog.LOG_PID, _facility(target))
