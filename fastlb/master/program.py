"""The program that runs, as it was started: what an upgrade executes again.

By the path that the system was given: where that is a link that leads elsewhere by now,
or a package manager has put other files there, another program is executed. A script is
executed as such, so that its first line says again which Python runs it. The working
directory is still that of the start, so what was relative means the same.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass

AT_EXECFN = 31  # of getauxval(3)


@dataclass(frozen=True, slots=True)
class Program:
    """words: the first is its name, as execve(2) has it."""

    path: str
    words: tuple[str, ...]

    def start(
        self, environ: Mapping[str, str], output: int, handed: int, handed_as: int
    ) -> int:
        """Run it beside this one; its pid. output: for all that it says. handed: a
        descriptor that it gets under that number. OSError."""
        return os.posix_spawn(
            self.path,
            self.words,
            environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
                (os.POSIX_SPAWN_DUP2, handed, handed_as),
            ],
            setpgroup=0,
            setsigmask=[],
            setsigdef=[
                number
                for number in signal.valid_signals()
                if signal.SIGKILL != number != signal.SIGSTOP
            ],
        )

    def become(self, environ: Mapping[str, str]) -> None:
        """This process goes on as it. OSError: it goes on as what it was."""
        os.execve(self.path, self.words, environ)


def started_as() -> Program:
    path = _executed() or sys.executable
    if path.startswith("/dev/fd/"):
        path = sys.executable
    words = sys.argv[1:] if _is_script(path) else sys.orig_argv[1:]
    return Program(path, (path, *words))


def _executed() -> str:
    """What execve(2) was given: of a script its own path, not that of its Python."""
    library = ctypes.CDLL(None)
    library.getauxval.restype = ctypes.c_ulong
    library.getauxval.argtypes = [ctypes.c_ulong]
    where = library.getauxval(AT_EXECFN)
    return os.fsdecode(ctypes.string_at(where)) if where else ""


def _is_script(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False
