#!/usr/bin/env python3
"""How connections find a worker: who wakes in vain, and how a burst is spread.

    python bench/accept.py                      a minute
    python bench/accept.py --workers 2,16 --proxies fastlb,nginx

All workers of fastlb wait for the same listening sockets. nginx does the same, and
with `reuseport` has a socket for each worker instead: the kernel chooses by a hash of
the addresses, and nobody wakes for another's connection.

    lone    one connection after another, all workers asleep: CPU of all processes for
            each, and how many workers woke besides the one that served it
    burst   64 and 200 connections at once, each kept after one request: CPU for each,
            the connections of the busiest and of the idlest worker against an equal
            part, and workers that had none

A worker's own ticks wake it too; what it does of that in the same time without any
traffic is taken off. As everywhere in bench/, the proxy has one core and the load
another.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import selectors
import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import machine
import netns
import peers
import report
from members import MemberProcess, make_members

LONE = 60
BURSTS = (64, 200)
ROUNDS = 5
QUIET_S = 0.5
ANSWER_S = 10.0  # for all of a burst, and for its end
GAP_S = 0.002  # between lone connections, so that everybody sleeps again
ESTABLISHED, LISTEN = "01", "0A"  # /proc/net/tcp
REQUEST = b"GET /small HTTP/1.1\r\nHost: www.example.test\r\n\r\n"
KINDS = {
    "fastlb": ("fastlb", frozenset[str]()),
    "nginx": ("nginx", frozenset[str]()),
    "nginx reuseport": ("nginx", frozenset({"reuseport"})),
}


@dataclass(frozen=True, slots=True)
class Clocks:
    """Of the workers, by pid: nanoseconds run, and times woken."""

    ran_ns: dict[int, int]
    wakes: dict[int, int]


@dataclass(frozen=True, slots=True)
class Burst:
    cpu_us: float  # a connection
    shares: tuple[int, ...]  # connections of each worker


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workers", default="2,4,16", metavar="N,...")
    parser.add_argument("--proxies", default=",".join(KINDS), metavar="NAME,...")
    parser.add_argument("--markdown", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    network = netns.enter()
    machine.allow_open_files(8192)
    cores, described = machine.choose_cores(), machine.describe()
    os.sched_setaffinity(0, {cores.load})
    counts = [int(word) for word in options.workers.split(",")]
    rows = [
        row
        for workers in counts
        for name in options.proxies.split(",")
        for row in measured(name, workers, cores)
    ]
    head = report.heading(
        "Accepting",
        {
            "machine": described,
            "network": network,
            "versions": ", ".join(
                f"{name} {peers.KINDS[name].version()}" for name in ("fastlb", "nginx")
            ),
            "method": f"medians of {LONE} lone connections and of {ROUNDS} bursts, "
            f"proxy on core {cores.proxy}, load and members on core {cores.load}",
            "command": "python bench/accept.py",
        },
    )
    columns = ("workers", "proxy", "traffic", "CPU µs/connection", "woken in vain")
    columns += ("busiest", "idlest", "with none")
    parts = [head, report.table(columns, rows)]
    print("\n\n".join(parts))
    if options.markdown:
        report.write(options.markdown, "accept", parts)
    return 0


def measured(name: str, workers: int, cores: machine.Cores) -> Iterator[list[str]]:
    """The rows of one proxy with so many workers."""
    kind, flags = KINDS[name]
    members = make_members(3)
    setup = peers.Setup(members, flags, workers)
    member = MemberProcess(cores.load, members)
    try:
        proxy = peers.start(kind, setup, cores.proxy)
        try:
            pids = serving(proxy)
            cpu_us, in_vain = lone(proxy.port, pids)
            first = [str(workers), name]
            yield [*first, "lone", f"{cpu_us:.0f}", f"{in_vain:.1f}", *("-" * 3)]
            for size in BURSTS:
                bursts = [burst(proxy.port, pids, size) for _ in range(ROUNDS)]
                yield [*first, f"burst of {size}", *burst_words(bursts, size)]
        finally:
            proxy.stop()
    finally:
        member.stop()


def burst_words(bursts: Sequence[Burst], size: int) -> Iterator[str]:
    part = size / len(bursts[0].shares)
    yield f"{statistics.median(one.cpu_us for one in bursts):.0f}"
    yield "-"
    yield f"{statistics.median(max(one.shares) / part for one in bursts):.2f} x"
    yield f"{statistics.median(min(one.shares) / part for one in bursts):.2f} x"
    yield f"{statistics.median(one.shares.count(0) for one in bursts):.0f}"


def serving(proxy: peers.Proxy) -> list[int]:
    """The workers: children that hold a listening socket of the proxy."""
    listening = sockets(proxy.port, LISTEN)
    return [pid for pid in proxy.tree()[1:] if listening & held_by(pid)]


def sockets(port: int, state: str) -> set[str]:
    """Inodes of the sockets with that local port, as a link of /proc/PID/fd has it."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    found = set()
    for line in lines:
        words = line.split()
        if int(words[1].partition(":")[2], 16) == port and words[3] == state:
            found.add(f"socket:[{words[9]}]")
    return found


def held_by(pid: int) -> set[str]:
    folder, links = f"/proc/{pid}/fd", set()
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            links.add(os.readlink(f"{folder}/{name}"))
    return links


def clocks(pids: Sequence[int]) -> Clocks:
    ran, wakes = {}, {}
    for pid in pids:
        ran[pid] = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        text = Path(f"/proc/{pid}/status").read_text()
        wakes[pid] = int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return Clocks(ran, wakes)


def ran_ns(before: Clocks, after: Clocks) -> int:
    return sum(after.ran_ns[pid] - ran for pid, ran in before.ran_ns.items())


def woken(before: Clocks, after: Clocks) -> int:
    """How many workers woke at least once."""
    return sum(after.wakes[pid] > count for pid, count in before.wakes.items())


def lone(port: int, pids: Sequence[int]) -> tuple[float, float]:
    """CPU µs for a connection, and workers that it woke for nothing."""
    woke, spent, seconds = 0, 0, 0.0
    for _ in range(LONE):
        time.sleep(GAP_S)
        before, began = clocks(pids), time.monotonic()
        for one in asked(port, 1):
            one.close()
        time.sleep(GAP_S)
        after = clocks(pids)
        woke += woken(before, after)
        spent += ran_ns(before, after)
        seconds += time.monotonic() - began
    before, began = clocks(pids), time.monotonic()
    time.sleep(QUIET_S)
    after = clocks(pids)
    quiet_s = time.monotonic() - began
    ticks = sum(after.wakes[pid] - before.wakes[pid] for pid in pids)
    own = ticks / quiet_s * seconds
    idle_ns = ran_ns(before, after) / quiet_s * seconds
    in_vain = max(woke - own, LONE) / LONE - 1
    return (spent - idle_ns) / LONE / 1000, in_vain


def burst(port: int, pids: Sequence[int], size: int) -> Burst:
    """Open so many at once, ask once on each, and see where they are."""
    before = clocks(pids)
    kept = asked(port, size)
    spent = ran_ns(before, clocks(pids))
    shares = shares_of(port, pids)
    for one in kept:
        one.close()
    deadline = time.monotonic() + ANSWER_S
    while sockets(port, ESTABLISHED) and time.monotonic() < deadline:
        time.sleep(0.02)
    return Burst(spent / size / 1000, shares)


def shares_of(port: int, pids: Sequence[int]) -> tuple[int, ...]:
    """Connections of each worker."""
    open_now = sockets(port, ESTABLISHED)
    return tuple(len(open_now & held_by(pid)) for pid in pids)


def asked(port: int, size: int) -> list[socket.socket]:
    """Connections that have had one answer each; all begun before any is served."""
    waiting = selectors.DefaultSelector()
    opened = []
    for _ in range(size):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))
        waiting.register(one, selectors.EVENT_WRITE)
        opened.append(one)
    deadline = time.monotonic() + ANSWER_S
    left = size
    while left:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{left} of {size} connections have no answer")
        for key, events in waiting.select(0.1):
            one = key.fileobj
            assert isinstance(one, socket.socket)
            if events & selectors.EVENT_WRITE:
                one.send(REQUEST)
                waiting.modify(one, selectors.EVENT_READ)
                continue
            with contextlib.suppress(BlockingIOError):
                if not one.recv(65536).startswith(b"HTTP/1.1 200 "):
                    raise RuntimeError("a connection of the burst was not answered")
                waiting.unregister(one)
                left -= 1
    waiting.close()
    return opened


if __name__ == "__main__":
    raise SystemExit(main())
