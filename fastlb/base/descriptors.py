"""File descriptors: how many a process may have, and what they are for.

A worker never lets clients take what its members need. The numbers are divided when
it starts, by the limit that the master has raised; what is beyond the clients' part
waits in the kernel's backlog.
"""

from __future__ import annotations

import contextlib
import resource
from dataclasses import dataclass

USED_MAX = 1 << 20  # a limit beyond it is not needed, and is as good as none
BASE = 24  # of a worker: standard streams, loop, table, the master's pipe
SPARE_MAX = 40  # look-ups, pages that read /proc, logs that are opened anew
PIPES_MAX = 1024  # two for each body that is spliced at the same time

_given: list[tuple[int, int]] = []  # the limits of the start, soft and hard


@dataclass(frozen=True, slots=True)
class Division:
    """Descriptors of one worker. Its parts add up to total."""

    total: int
    clients: int
    members: int  # as many: each client may need one
    pipes: int
    logs: int
    rest: int  # listening sockets, loop, look-ups

    def text(self, workers: int) -> str:
        return (
            f"{self.total} file descriptors for each of {workers} workers: "
            f"{self.clients} for clients, {self.members} for members, "
            f"{self.pipes} for pipes, {self.logs} for logs, {self.rest} for the rest"
        )


def raise_limit() -> None:
    """The soft limit becomes the hard one; as far as the kernel lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if not _given:
        _given.append((soft, hard))
    wanted = hard if 0 <= hard <= USED_MAX else USED_MAX
    if 0 <= soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def lower_limit() -> None:
    """As at the start: another program is to become this process."""
    if _given:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, _given[0])


def give_back(pid: int) -> None:
    """A program that is not ours gets the limits that the start was given.

    Some programs close every descriptor that they might have, or use select(2).
    """
    if _given:
        with contextlib.suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, _given[0])


def limit() -> int:
    """How many this process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if 0 <= soft <= USED_MAX else USED_MAX


def divide(total: int, listeners: int, logs: int, maps: int = 0) -> Division:
    """What a worker's descriptors are for.

    total      that the process may have
    listeners  sockets that it accepts from
    logs       that it writes to
    maps       programs that it asks: a door and a line to each
    """
    rest = BASE + listeners + 2 * maps + min(SPARE_MAX, total // 8)
    free = max(total - rest - logs, 0)
    pipes = min(PIPES_MAX, free // 8) & ~1
    each = (free - pipes) // 2
    rest = total - 2 * each - pipes - logs
    return Division(total, each, each, pipes, logs, rest)
