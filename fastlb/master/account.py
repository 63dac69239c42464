"""What the master says of itself beside its pid file, for -k.

`PidFile.state` is one JSON object, replaced in one step: since when the server runs,
which generation is in force, how many reloads were asked for and how the last one that
is over ended; an upgrade counts as one. Whoever asks for a reload reads the count
before, and waits for its answer. Only the user of the master may read it, since errors
quote the configuration. It may be that of another version: what a version does not know
yet has a default.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import MISSING, asdict, dataclass, fields

from fastlb.master.pidfile import create_beside

SUFFIX = ".state"
BYTES_MAX = 262144  # 12 for each character of the text, and the rest
TEXT_MAX = 20_000
FILE_MODE = 0o600
RELOAD, UPGRADE = "reload", "upgrade"


@dataclass(frozen=True, slots=True)
class Account:
    """What the file holds.

    since_s       seconds since 1970
    generation    in force, from 0
    asked         reloads that were asked for so far
    answered      of them, those that ended, or were asked for before one that ended
    is_sound      how the last of these ended; True where there was none
    text          what has changed, or why it was refused
    asked_for     RELOAD or UPGRADE, the last time
    answered_for  which of them ended last
    """

    pid: int
    since_s: float
    generation: int = 0
    asked: int = 0
    answered: int = 0
    is_sound: bool = True
    text: str = ""
    asked_for: str = RELOAD
    answered_for: str = RELOAD


def write(pid_file: str, account: Account) -> None:
    """Replace the file; a server that cannot write it does without."""
    words = asdict(account)
    words["text"] = account.text[:TEXT_MAX]
    data = json.dumps(words).encode()
    with suppress(OSError):
        fd, new = create_beside(pid_file + SUFFIX, FILE_MODE)
        try:
            os.write(fd, data)
            os.replace(new, pid_file + SUFFIX)
        except OSError:
            with suppress(OSError):
                os.unlink(new)
        finally:
            os.close(fd)


def read(pid_file: str, pid: int) -> Account | None:
    """What the master with this pid says of itself; None: nothing that can be read."""
    try:
        with open(pid_file + SUFFIX, "rb") as file:
            words = json.loads(file.read(BYTES_MAX))
    except (OSError, ValueError):
        return None
    if not isinstance(words, dict) or words.get("pid") != pid:
        return None
    kinds: dict[str, type | tuple[type, ...]] = {
        "is_sound": bool,
        "since_s": (int, float),
        **dict.fromkeys(("text", "asked_for", "answered_for"), str),
    }
    found = {}
    for field in fields(Account):
        if field.name not in words and field.default is not MISSING:
            continue
        if not isinstance(words.get(field.name), kinds.get(field.name, int)):
            return None
        found[field.name] = words[field.name]
    return Account(**found)


def remove(pid_file: str) -> None:
    with suppress(OSError):
        os.unlink(pid_file + SUFFIX)
