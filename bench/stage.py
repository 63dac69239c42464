"""Where the bars of the life cycle are tried: members, a proxy, clients."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import load
import machine
import peers
from members import Member, MemberProcess
from report import Verdict

IN_FORCE_S = 20.0  # longest wait for a reload to come into force
RELOADS = 20
STEP_S = 0.2  # of traffic between two steps

SMALL = ("--path", "/small", "--expect-bytes", "200")

MIXED = {
    "kept alive, busy": ("--connections", "32", *SMALL),
    "a connection each": ("--connections", "16", "--close", *SMALL),
    "kept alive, pauses to 20 ms": ("--connections", "64", "--think-ms", "20", *SMALL),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a bar is tried."""

    proxy: str
    cores: machine.Cores


def start_loads(
    stage: Stage, proxy: peers.Proxy, kinds: dict[str, tuple[str, ...]]
) -> dict[str, load.Load]:
    """Clients that run until they are stopped."""
    return {
        name: load.Load(stage.cores.load, proxy.address, options)
        for name, options in kinds.items()
    }


def stop_loads(loads: dict[str, load.Load]) -> dict[str, load.LoadResult]:
    results = {name: running_load.stop() for name, running_load in loads.items()}
    for name, result in results.items():
        if result.first_failures:
            print(
                f"{name}: first failures: {result.first_failures[:5]}", file=sys.stderr
            )
    return results


def clean(what: str, result: load.LoadResult) -> Verdict:
    """The bar of no failure, with what else happened to the connections."""
    figure = f"{result.failure_text()} failed of {result.started}"
    closes = (
        (result.clean_closes, "announced closes"),
        (result.idle_closes, "closes while idle"),
        (result.idle_resets, "resets while idle"),
    )
    for number, name in closes:
        if number:
            figure += f"; {number} {name}"
    return Verdict(what, figure, "0", result.failed == 0)


@contextmanager
def served(members: tuple[Member, ...], stage: Stage) -> Iterator[None]:
    """All the members, in one process."""
    process = MemberProcess(stage.cores.load, members)
    try:
        yield
    finally:
        process.stop()


@contextmanager
def running(stage: Stage, setup: peers.Setup) -> Iterator[peers.Proxy]:
    proxy = peers.start(stage.proxy, setup, stage.cores.proxy)
    try:
        yield proxy
    finally:
        proxy.stop()


def wait_in_force(
    proxy: peers.Proxy, patience_s: float = IN_FORCE_S
) -> tuple[int, float]:
    """Ask for the new configuration's own path; lost answers, and seconds until 200.

    Until then 404 comes: the member that an older generation asks has no such page.
    """
    lost, begin = 0, time.monotonic()
    while (took_s := time.monotonic() - begin) < patience_s:
        status = proxy.status_of(proxy.generation_path)
        if status == 200:
            return lost, took_s
        lost += status is None
        time.sleep(0.005)
    raise peers.CannotStartError(
        f"a reload is not in force after {patience_s:g} s\n{proxy.log_tail()}"
    )
