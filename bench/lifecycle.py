#!/usr/bin/env python3
"""What reloads, recycling and deaths cost: requests that failed, counted exactly.

    python bench/lifecycle.py                       all bars, about a minute
    python bench/lifecycle.py --only reload,member
    python bench/lifecycle.py --proxy apache        the same done to another proxy

    reload    20 reloads under full load; each changes weights and members
    upgrade   the same, and each executes the program anew (fastlb's USR2)
    recycle   MaxConnectionsPerChild 100 under load
    kill      kill -9 of a worker under load
    sequence  20 serial requests at weights 1:2:3, 4 workers, beside a real Apache
    member    kill -9 of a member under load, and its return
    swap      20 reloads under full handshake load; each brings another certificate
    growth    10000 full handshakes, and the memory before and behind them

What is a failure stands at the head of load.c: above all, an end of the connection
while a request is outstanding. Exit status as compare.py's.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import load
import machine
import netns
import peers
import psutil
import report
from lifecycle_tls import try_growth, try_swap
from members import Member, MemberProcess, make_members
from report import Verdict
from stage import (
    MIXED,
    RELOADS,
    SMALL,
    STEP_S,
    Stage,
    clean,
    running,
    served,
    start_loads,
    stop_loads,
    wait_in_force,
)

RECYCLE = 100
CHANGE_S = 90.0  # two starts of the program beside the load that fills all cores
BACK_S = 1.0  # a new worker, and a member that listens again
BACK_WAIT_S = 15.0  # how long the bench itself waits for a member's return


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", metavar="KEY,...", help=f"of {', '.join(BARS)}")
    parser.add_argument(
        "--proxy", default="fastlb", choices=["fastlb", "nginx", "apache"]
    )
    parser.add_argument(
        "--markdown", type=Path, metavar="DIR", help="also write DIR/DAY-lifecycle.md"
    )
    given = parser.parse_args()
    keys = given.only.split(",") if given.only else list(BARS)
    for key in keys:
        if key not in BARS:
            parser.error(f"unknown: {key}")
    machine.allow_open_files(20000)
    network = netns.enter()
    stage = Stage(given.proxy, machine.choose_cores())
    heading = report.heading(
        f"Life cycle: {given.proxy}",
        {
            "machine": machine.describe(),
            "versions": f"{given.proxy} {peers.KINDS[given.proxy].version()}, "
            f"Apache {peers.KINDS['apache'].version()}",
            "network": network,
            "method": "closed-loop clients that never retry (bench/load.c): kept-alive "
            "and busy, one request a connection, kept-alive with pauses",
            "command": f"`python bench/lifecycle.py {' '.join(sys.argv[1:])}`",
        },
    )
    print(heading, flush=True)
    verdicts: list[Verdict] = []
    for key in keys:
        try:
            found = BARS[key](stage)
        except peers.CannotStartError as error:
            print(f"\n{key}: not measured: {error}", file=sys.stderr)
            found = [Verdict(key, "-", "-", None)]
        print(f"\n## {key}\n\n{report.verdict_table(found)}", flush=True)
        verdicts += found
    if given.markdown is not None:
        table = report.verdict_table(verdicts)
        print(
            report.write(given.markdown, f"lifecycle-{given.proxy}", [heading, table])
        )
    return report.worst(verdicts)


# ---- the bars ----


def try_reload(stage: Stage) -> list[Verdict]:
    """Three kinds of clients while the configuration changes twenty times."""
    return try_changes(stage, "reloads", peers.Proxy.reload)


def try_upgrade(stage: Stage) -> list[Verdict]:
    """... and the program."""
    if stage.proxy != "fastlb":
        return [Verdict("upgrades", "-", "another proxy's take other steps", None)]
    return try_changes(stage, "upgrades", peers.Proxy.upgrade)


def try_changes(
    stage: Stage, what: str, change: Callable[[peers.Proxy, peers.Setup], None]
) -> list[Verdict]:
    members = make_members(4)
    versions = configurations(members)
    setup = next(versions)
    lost_probes, slowest_s = 0, 0.0
    with served(members, stage), running(stage, setup) as proxy:
        loads = start_loads(stage, proxy, MIXED)
        time.sleep(STEP_S)
        for _ in range(RELOADS):
            setup = next(versions)
            change(proxy, setup)
            lost, took_s = wait_in_force(proxy, CHANGE_S)
            lost_probes += lost
            slowest_s = max(slowest_s, took_s)
            time.sleep(STEP_S)
        results = stop_loads(loads)
    failed = sum(r.failed for r in results.values()) + lost_probes
    rows = [
        clean(f"{RELOADS} {what}: {name}", result) for name, result in results.items()
    ]
    rows.append(
        Verdict(
            f"{RELOADS} {what}: requests failed, of all",
            f"{failed} of {sum(r.started for r in results.values())}; "
            f"slowest in force after {slowest_s:.2f} s",
            "0",
            failed == 0,
        )
    )
    return rows


def configurations(members: tuple[Member, ...]) -> Iterator[peers.Setup]:
    """Ever another three of the members, with ever other weights."""
    for generation in count():
        chosen = tuple(
            replace(
                members[(generation + i) % len(members)],
                weight=1 + (generation + i) % 3,
            )
            for i in range(len(members) - 1)
        )
        yield peers.Setup(
            chosen, frozenset({"generation"}), workers=2, generation=generation
        )


def try_recycle(stage: Stage) -> list[Verdict]:
    """Workers that end after a hundred connections, and many short connections."""
    if stage.proxy == "nginx":
        return [Verdict("MaxConnectionsPerChild", "-", "nginx has none", None)]
    members = make_members(3)
    setup = peers.Setup(members, workers=2, recycle=RECYCLE)
    seen: set[int] = set()
    with served(members, stage), running(stage, setup) as proxy:
        loads = start_loads(stage, proxy, RECYCLING)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            seen.update(proxy.tree())
            time.sleep(0.02)
        results = stop_loads(loads)
    rows = [
        clean(f"MaxConnectionsPerChild {RECYCLE}: {name}", result)
        for name, result in results.items()
    ]
    rows.append(
        Verdict(
            f"MaxConnectionsPerChild {RECYCLE}: processes seen",
            f"{len(seen)} for {sum(r.connects for r in results.values())} connections",
            ">= 8, or nothing was recycled",
            len(seen) >= 8,
        )
    )
    return rows


def try_kill(stage: Stage) -> list[Verdict]:
    """The busiest of four workers dies; only what it held may fail."""
    members = make_members(3)
    setup = peers.Setup(members, frozenset({"status"}), workers=4)
    with served(members, stage), running(stage, setup) as proxy:
        loads: dict[str, load.Load] = {}
        for wave in range(KILL_WAVES):  # in one burst a single worker may take all
            loads |= start_loads(stage, proxy, {f"wave {wave}": BUSY})
            time.sleep(0.05)
        time.sleep(0.5)
        before = set(proxy.tree())
        held = {pid: client_connections(pid, proxy.port) for pid in before}
        victim = max(held, key=lambda pid: held[pid])
        if victim == proxy.process.pid:
            raise peers.CannotStartError(f"{stage.proxy}: the master serves; no worker")
        killed = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        back_s = wait_for_replacement(proxy, before, killed)
        time.sleep(0.7)
        results = stop_loads(loads).values()
        busy = settled_busy(proxy)
    failing = [r for r in results if r.failed]
    failed = sum(r.failed for r in failing)
    span_s = 0.0
    if failing:
        last_ns = max(r.last_failure_ns for r in failing)
        span_s = (last_ns - min(r.first_failure_ns for r in failing)) / 1e9
    others = {k for r in failing for k in r.failures} - {"reset", "eof"}
    started = sum(r.started for r in results)
    held_by_others = sum(held.values()) - held[victim]
    return [
        Verdict(
            "kill -9 of a worker: requests failed",
            f"{failed} of {started}, within {span_s:.3f} s"
            + "".join(f", by {kind}!" for kind in sorted(others)),
            f"<= {held[victim]} (connections it held; the other workers "
            f"{held_by_others}), by reset or end, within 0.5 s",
            failed <= held[victim] and not others and span_s <= 0.5,
        ),
        Verdict(
            "kill -9 of a worker: a new one",
            "none" if back_s is None else f"after {back_s:.3f} s",
            f"<= {BACK_S:g} s",
            back_s is not None and back_s <= BACK_S,
        ),
        Verdict(
            "kill -9 of a worker: Busy of the members afterwards",
            "no status page" if busy is None else " ".join(map(str, busy)),
            "all 0",
            None if busy is None else not any(busy),
        ),
    ]


def try_sequence(stage: Stage) -> list[Verdict]:
    """Elections are global: the same members in the same order as Apache's."""
    members = tuple(replace(m, weight=i + 1) for i, m in enumerate(make_members(3)))
    setup = peers.Setup(members, frozenset({"generation"}), workers=4)
    with served(members, stage):
        ours = sequences_of(stage.proxy, setup, stage)
        apache = sequences_of("apache", setup, stage)
    return [
        Verdict(
            f"20 serial requests 1:2:3, {kind}",
            compact(ours[kind]),
            f"{compact(apache[kind])} (Apache)",
            ours[kind] == apache[kind] and len(ours[kind]) == 20,
        )
        for kind in ours
    ]


def sequences_of(
    proxy_name: str, setup: peers.Setup, stage: Stage
) -> dict[str, tuple[str, ...]]:
    """Members that answered, first over twenty connections, then over one."""
    options = ["--requests", "20", "--path", "/small", "--sequence"]
    found = {}
    with running(replace(stage, proxy=proxy_name), setup) as proxy:
        for kind, more in (("a connection each", ["--close"]), ("one connection", [])):
            result = load.run(stage.cores.load, proxy.address, options + more)
            found[kind] = result.sequence
    return found


def compact(names: Sequence[str]) -> str:
    """`r3 r2 r1` as `321`: a sequence that can be compared by eye."""
    return "".join(name.removeprefix("r") for name in names) or "nothing"


def try_member(stage: Stage) -> list[Verdict]:
    """One of three members dies with requests on their way, and comes back."""
    members = make_members(3)
    setup = peers.Setup(members, workers=2)
    core = stage.cores.load
    processes = [MemberProcess(core, (m,)) for m in members]
    try:
        with running(stage, setup) as proxy:
            loads = start_loads(stage, proxy, MIXED)
            time.sleep(0.7)
            processes[1].kill()
            time.sleep(1.5)
            processes[1] = MemberProcess(core, (members[1],))
            try:
                first_ns = processes[1].first_request_ns(BACK_WAIT_S)
                back_s = (first_ns - processes[1].listening_ns) / 1e9
                back = f"after {back_s:.3f} s"
            except TimeoutError:
                back_s, back = BACK_WAIT_S, f"not within {BACK_WAIT_S:g} s"
            time.sleep(0.5)
            results = stop_loads(loads)
    finally:
        for process in processes:
            process.stop()
    rows = [clean(f"kill -9 of a member, GET: {n}", r) for n, r in results.items()]
    rows.append(
        Verdict(
            "a member listens again: its first request",
            back,
            f"<= {BACK_S:g} s",
            back_s <= BACK_S,
        )
    )
    return rows


BARS: dict[str, Callable[[Stage], list[Verdict]]] = {
    "reload": try_reload,
    "upgrade": try_upgrade,
    "recycle": try_recycle,
    "kill": try_kill,
    "sequence": try_sequence,
    "member": try_member,
    "swap": try_swap,
    "growth": try_growth,
}

# ---- traffic ----

KILL_WAVES = 8
BUSY = ("--connections", "8", *SMALL)

RECYCLING = {
    "a connection each": ("--connections", "8", "--close", *SMALL),
    "20 requests a connection": (
        "--connections",
        "16",
        "--per-connection",
        "20",
        *SMALL,
    ),
    "kept alive, pauses to 20 ms": ("--connections", "32", "--think-ms", "20", *SMALL),
}


# ---- what can be seen of a proxy from outside ----


def client_connections(pid: int, port: int) -> int:
    """Established connections on the proxy's port that the process holds."""
    try:
        found = psutil.Process(pid).net_connections("tcp4")
    except psutil.Error:
        return 0
    return sum(
        c.status == psutil.CONN_ESTABLISHED and c.laddr[1] == port for c in found
    )


def wait_for_replacement(
    proxy: peers.Proxy, before: set[int], since: float
) -> float | None:
    """Seconds until a process is there that was not; None after five."""
    while (passed_s := time.monotonic() - since) < 5:
        if set(proxy.tree()) - before:
            return passed_s
        time.sleep(0.005)
    return None


def settled_busy(proxy: peers.Proxy) -> list[int] | None:
    """Busy of each member by the status page, once all are 0 or after three seconds.

    None when the proxy has no such page.
    """
    deadline = time.monotonic() + 3
    while True:
        page = proxy.fetch("/server-status?auto") or b""
        busy = [int(n) for n in re.findall(rb"Worker\[\d+\]Busy: (\d+)", page)]
        if not busy:
            return None
        if not any(busy) or time.monotonic() > deadline:
            return busy
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
