"""What the figures were measured on, and which core does what."""

from __future__ import annotations

import contextlib
import os
import platform
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cores:
    """Core numbers; both the same on a machine with one."""

    load: int  # members, load and the bench itself
    proxy: int

    @property
    def are_apart(self) -> bool:
        return self.load != self.proxy


def choose_cores() -> Cores:
    """The first allowed core for the load, the last one for the proxy."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(load=allowed[0], proxy=allowed[-1])


@contextlib.contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Processes started inside inherit the core; None: they run on any."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_open_files(wanted: int) -> int:
    """Raise the limit of open files, here and for what is started; the limit got."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def describe() -> str:
    model = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    count = len(os.sched_getaffinity(0))
    kernel = platform.release()
    return f"{model}, {count} cores, Linux {kernel} {platform.machine()}"
