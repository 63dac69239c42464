"""Ports for servers that bind them a moment later, or bind them again after a while.

A port that the kernel gives out (bind to 0, then close) may be anybody's before it is
bound again: the next connection of some client takes its own port from the same range.
These lie below that range; a process that tests takes a block of them for itself, and
hands out one after the other. Whatever stays bound from the beginning takes port 0.
"""

from __future__ import annotations

import itertools
import socket
import threading
from functools import cache
from pathlib import Path

HOST = "127.0.0.1"
FIRST, END, BLOCK = 10_000, 32_768, 1_000
_ONE_AT_A_TIME = threading.Lock()


def _first_of_kernel() -> int:
    path = Path("/proc/sys/net/ipv4/ip_local_port_range")
    try:
        return int(path.read_text().split()[0])
    except OSError:
        return END


@cache
def _block() -> tuple[itertools.cycle[int], socket.socket]:
    """This process's ports, and what keeps others off them as long as it lives."""
    end = min(END, _first_of_kernel())
    if end < FIRST + BLOCK:  # the kernel gives out nearly all: no range is ours
        end = END
    for first in range(FIRST, end - BLOCK + 1, BLOCK):
        # A name without a file: the kernel forgets it with the process.
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.bind(f"\0fastlb-tests-ports-{first}")
        except OSError:
            sock.close()
            continue
        return itertools.cycle(range(first, first + BLOCK)), sock
    raise RuntimeError("every block of ports is taken: too many tests run at once")


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on, nor will but whom it is given to."""
    with _ONE_AT_A_TIME:  # two threads would each take a block, and one drop its own
        ports, _ = _block()
    for port in itertools.islice(ports, BLOCK):
        if _is_free(port):
            return port
    raise RuntimeError(f"none of {BLOCK} ports is free")


def free_ports(count: int) -> list[int]:
    return [free_port() for _ in range(count)]
