"""The members as they stand now, for whoever asks the master (`fastlb explain --live`).

The table has no name, and nobody who comes later can map it. So the master tells:
`PidFile.members` is there as long as it answers SIGURG, and each answer is one JSON
object in its place, with a higher number: every member's state and counts by its key.
Only the user of the master may read it, since the keys quote the configuration.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastlb.master import pidfile

if TYPE_CHECKING:
    from fastlb._core import Table

SUFFIX = ".members"
BYTES_MAX = 64 * 1024 * 1024
FILE_MODE = 0o600
ANSWER_S = 10.0  # the master sleeps, or is in the middle of a reload
PAUSE_S = 0.02
KINDS: dict[str, type] = {
    **dict.fromkeys(("key", "flags"), str),
    "probe_clears": bool,
    **dict.fromkeys(("lbset", "load_factor", "lbstatus", "elected", "busy"), int),
    **dict.fromkeys(("transferred", "read", "retries", "error_time_us"), int),
    "renewal_us": int,
    **dict.fromkeys(("addresses", "agent"), list),
}


@dataclass(frozen=True, slots=True)
class Roll:
    """What the file holds.

    number   of answers so far; 0: nobody has asked
    members  by key: what Table.learn takes
    """

    pid: int
    number: int
    members: Mapping[str, Mapping[str, Any]]


class NoAnswer(Exception):
    """Nobody tells: str() says why."""


def members_of(table: Table, slots: Sequence[int]) -> list[dict[str, Any]]:
    """What is told of the members in these slots."""
    told = [
        {
            **table.snapshot_member(slot),
            "renewal_us": table.renewal_us(slot),
            "addresses": table.addresses(slot),
            "agent": list(table.agent(slot)),
        }
        for slot in slots
    ]
    return [{name: member[name] for name in KINDS} for member in told]


def write(
    pid_file: str, pid: int, number: int, members: Sequence[Mapping[str, Any]]
) -> None:
    """Replace the file; a server that cannot write it does without."""
    words = {"pid": pid, "number": number, "members": members}
    data = json.dumps(words).encode()
    with suppress(OSError):
        fd, new = pidfile.create_beside(pid_file + SUFFIX, FILE_MODE)
        try:
            with open(fd, "wb") as file:
                file.write(data)
            os.replace(new, pid_file + SUFFIX)
        except OSError:
            with suppress(OSError):
                os.unlink(new)


def remove(pid_file: str) -> None:
    with suppress(OSError):
        os.unlink(pid_file + SUFFIX)


def read(pid_file: str, pid: int) -> Roll | None:
    """What the master with this pid has told last; None: it tells nothing."""
    try:
        with open(pid_file + SUFFIX, "rb") as file:
            words = json.loads(file.read(BYTES_MAX))
        members = words["members"]
        if words["pid"] != pid or not isinstance(words["number"], int):
            return None
        for member in members:
            if any(type(member[name]) is not kind for name, kind in KINDS.items()):
                return None
        return Roll(pid, words["number"], {member["key"]: member for member in members})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def ask(pid_file: str) -> Roll:
    """The members of the server that runs now. NoAnswer, StartError."""
    pid = pidfile.read(pid_file)
    if pid is None or not pidfile.is_held(pid_file, pid):
        raise NoAnswer(f"no server runs that wrote {pid_file}")
    before = read(pid_file, pid)
    if before is None:
        raise NoAnswer(
            f"{pid_file}{SUFFIX} cannot be read: the server (pid {pid}) is another"
            " user's, or does not tell of its members"
        )
    try:
        os.kill(pid, signal.SIGURG)
    except OSError as error:
        raise NoAnswer(f"sending signal to server: {error.strerror}") from None
    ends_s = time.monotonic() + ANSWER_S
    while time.monotonic() < ends_s:
        found = read(pid_file, pid)
        if found is not None and found.number > before.number:
            return found
        time.sleep(PAUSE_S)
    raise NoAnswer(f"no answer from pid {pid}: see its error log")
