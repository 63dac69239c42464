"""The pid file: how other processes find the master (spec: operations.md 2)."""

from __future__ import annotations

import os
from collections.abc import Callable

from fastlb.master.errors import Exit, StartError

PID_DIGITS_MAX = 10


def read(path: str) -> int | None:
    """The pid in the file; None without a file; StartError when it is unreadable."""
    try:
        with open(path, "rb") as file:
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


def is_running(pid: int) -> bool:
    """True when a process with this pid exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write(path: str, pid: int, warn: Callable[[str], None]) -> None:
    """Put pid into the file, in one step: a reader sees the old pid or the new one.

    A file that names another process is overwritten; warn gets Apache's sentence.
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
    new = f"{path}.{pid}"
    try:
        with open(new, "w", encoding="ascii") as file:
            file.write(f"{pid}\n")
        os.replace(new, path)
    except OSError as error:
        raise StartError(
            Exit.REFUSED,
            f"({error.errno}){error.strerror}: AH00099: could not create {path}\n"
            "    PidFile names a file in a directory that must exist and be writable",
        ) from None


def remove(path: str, pid: int) -> None:
    """Take the file away if it still names pid. Never fails."""
    try:
        if read(path) == pid:
            os.unlink(path)
    except (OSError, StartError):
        return


def _unreadable(path: str, reason: str) -> StartError:
    return StartError(
        Exit.REFUSED,
        f"{reason}: AH00058: Error retrieving pid file {path}\n"
        "AH00059: Remove it before continuing if it is corrupted.",
    )
