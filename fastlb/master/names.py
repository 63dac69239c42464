"""Addresses of members: looked up once before a generation starts.

The look-ups run side by side in a process of their own with a deadline: the C
library's resolver cannot be interrupted, and the master must neither wait for it nor
hold a thread when it forks. A member without an address begins in error and the
monitor goes on trying.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

from fastlb.base import addresses
from fastlb.base.addresses import literal_of
from fastlb.base.limits import ADDRESSES_PER_MEMBER_MAX as ADDRESSES_MAX
from fastlb.master import spawn

LOOK_UPS_AT_ONCE = 16
DEADLINE_S = 5.0
Found = Mapping[str, tuple[str, ...]]  # host -> literal addresses, in order


def resolve(hosts: Iterable[str], deadline_s: float = DEADLINE_S) -> Found:
    """Literal addresses of each host; an empty tuple when there are none in time."""
    found: dict[str, tuple[str, ...]] = {}
    names = []
    for host in dict.fromkeys(hosts):
        if literal_of(host) is not None:
            found[host] = (host,)
        else:
            found[host] = ()
            names.append(host)
    if names:
        found.update(_ask_process(names, deadline_s))
    return found


def look_up(host: str) -> tuple[str, ...]:
    """As many of its addresses as a member can have."""
    return addresses.look_up(host)[:ADDRESSES_MAX]


def _ask_process(names: list[str], deadline_s: float) -> Found:
    """One line of JSON comes back for each name that was found."""
    reader, writer = os.pipe2(os.O_CLOEXEC)

    def body() -> int:
        with ThreadPoolExecutor(LOOK_UPS_AT_ONCE) as pool:
            waiting = {pool.submit(look_up, name): name for name in names}
            for done in as_completed(waiting):
                line = json.dumps([waiting[done], done.result()]) + "\n"
                os.write(writer, line.encode())
        return 0

    pid = spawn.fork(
        "fastlb-names", body, let_go=lambda: os.close(reader), identity=None
    )
    os.close(writer)
    try:
        text = _read_until(reader, time.monotonic() + deadline_s)
    finally:
        os.close(reader)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    lines = (json.loads(line) for line in text.split(b"\n")[:-1])
    return {name: tuple(found) for name, found in lines}


def _read_until(reader: int, deadline: float) -> bytes:
    """What comes until the other end closes or the time is over."""
    text = b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            break
        piece = os.read(reader, 65536)
        if not piece:
            break
        text += piece
    return text
