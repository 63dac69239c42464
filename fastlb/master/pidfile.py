"""The pid file: how other processes find the master.

A number in a file proves nothing: the server may have been killed, and a stranger may
have its pid by now. So the master keeps a write lock (fcntl, which a forked process
does not inherit and the system takes back when its owner dies) on the file it wrote,
and only the pid that holds the lock is the server's. The system tells whose it is.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import struct
from collections.abc import Callable
from contextlib import suppress

from fastlb.base.regular import open_regular
from fastlb.master.errors import Exit, StartError

PID_DIGITS_MAX = 10
FILE_MODE = 0o644
NAMES_TRIED = 8
_FLOCK = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux


def read(path: str) -> int | None:
    """The pid in the file; None without a file; StartError when it is unreadable."""
    try:
        with open_regular(path) as file:
            text = file.read(PID_DIGITS_MAX + 2)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = f"({error.errno}){error.strerror}"
        raise _unreadable(path, reason) from None
    digits = text.strip()
    if not digits.isdigit() or len(digits) > PID_DIGITS_MAX or int(digits) == 0:
        raise _unreadable(
            path, "(20014)Internal error (specific information not available)"
        )
    return int(digits)


def is_held(path: str, pid: int) -> bool:
    """True while the process pid is the server that wrote the file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # Asked as a reader, so that only a lock for writing counts: whoever may read
        # the file could take one for reading.
        asked = _FLOCK.pack(fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, owner = _FLOCK.unpack(fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    except OSError:
        return False
    finally:
        os.close(fd)
    return bool(kind == fcntl.F_WRLCK and owner == pid)


def write(path: str, pid: int, warn: Callable[[str], None]) -> int:
    """Put pid into the file, in one step: a reader sees the old pid or the new one.

    Returns the descriptor that holds the lock, until it is closed. Nor may this
    process close another one of the same file: that would end the lock too. A file
    that names another process is overwritten; warn gets Apache's sentence.
    """
    try:
        other = read(path)
    except StartError:
        other = None
    if other is not None and other != pid:
        warn(
            f"AH00098: pid file {path} overwritten -- "
            "Unclean shutdown of previous Apache run?"
        )
    try:
        fd, new = create_beside(path, FILE_MODE)
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(fd, f"{pid}\n".encode())
            os.replace(new, path)
        except OSError:
            os.close(fd)
            with suppress(OSError):
                os.unlink(new)
            raise
    except OSError as error:
        raise StartError(
            Exit.REFUSED,
            f"({error.errno}){error.strerror}: AH00099: could not create {path}\n"
            "    PidFile names a file in a directory that must exist and be writable",
        ) from None
    return fd


def remove(path: str, fd: int) -> None:
    """Take away the file that fd holds, if it still has its name. Never fails."""
    with suppress(OSError):
        mine, there = os.fstat(fd), os.lstat(path)
        if (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino):
            os.unlink(path)
    os.close(fd)


def create_beside(path: str, mode: int) -> tuple[int, str]:
    """A new file, open for writing, under a name that nobody can have prepared."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(NAMES_TRIED):
        name = f"{path}.{secrets.token_hex(8)}"
        with suppress(FileExistsError):
            return os.open(name, flags, mode), name
    raise FileExistsError(17, "File exists")


def _unreadable(path: str, reason: str) -> StartError:
    return StartError(
        Exit.REFUSED,
        f"{reason}: AH00058: Error retrieving pid file {path}\n"
        "AH00059: Remove it before continuing if it is corrupted.",
    )
