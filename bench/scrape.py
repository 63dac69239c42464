#!/usr/bin/env python3
"""What it costs to look at a server with a thousand members, and who pays for it.

    python bench/scrape.py                  three minutes
    python bench/scrape.py --members 100 --rounds 9

First each document is asked for by itself, some times in turn: server-status?auto,
?json and metrics. Then clients with pauses, who leave the server mostly idle, measure
their answers for some seconds while nobody looks, and again while one document a second
is asked for; rounds alternate. The bar is about the difference between the 99th
percentiles, of which the median of the rounds counts.

Neither the server nor the clients are bound to a core: what the controller takes, its
workers may miss. Exit status as compare.py's.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import heads
import load
import machine
import members
import netns
import report
from report import Verdict

MEMBERS = 1000
WORKERS = 2
ROUNDS = 5
ALONE = 20  # looks at each document
SECONDS = 10.0
PAUSE_S = 1.0
SCRAPE_MAX_MS = 50.0
HARM_MAX_MS = 1.0
PATHS = {"?auto": "/status?auto", "?json": "/status?json", "metrics": "/metrics"}
TRAFFIC = (
    *("--connections", "16", "--think-ms", "40", "--warmup", "1"),
    *("--path", "/small", "--expect-bytes", "200"),
)
CONF = """\
ProxyStatus On
<Location /status>
    SetHandler server-status
</Location>
<Location /metrics>
    SetHandler metrics
</Location>
ProxyPass /status !
ProxyPass /metrics !
"""


@dataclass(frozen=True, slots=True)
class Round:
    """Of the clients, in milliseconds: while nobody looks, and beside looks."""

    alone: load.LoadResult
    beside: load.LoadResult

    @property
    def harm_ms(self) -> float:
        return (self.beside.p99_us - self.alone.p99_us) / 1000


def configuration(count: int, port: int) -> str:
    lines = "".join(
        f"    BalancerMember http://127.{n // 250}.{n % 250}.9:{port}\n"
        for n in range(1, count + 1)
    )
    return f"{CONF}<Proxy balancer://all>\n{lines}</Proxy>\nProxyPass / balancer://all/"


def look_ms(port: int, path: str) -> float:
    """Ask for a document on a connection of its own, and take all of it."""
    began_s = time.perf_counter()
    length = 0
    with socket.create_connection((heads.HOST, port), timeout=30) as sock:
        ask = f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        sock.sendall(ask.encode())
        first = sock.recv(65536)
        while piece := sock.recv(1 << 20):
            length += len(piece)
    if not first.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{path}: answered {first[:80]!r}")
    return (time.perf_counter() - began_s) * 1000


@contextlib.contextmanager
def looks(port: int, took_ms: dict[str, list[float]]) -> Iterator[None]:
    """One document a second, in turn."""
    ended = threading.Event()

    def run() -> None:
        turn = 0
        while not ended.wait(PAUSE_S):
            name, path = list(PATHS.items())[turn % len(PATHS)]
            took_ms[name].append(look_ms(port, path))
            turn += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def traffic(port: int, seconds: float) -> load.LoadResult:
    command = (*TRAFFIC, "--seconds", f"{seconds:g}")
    result = load.Load(None, f"{heads.HOST}:{port}", command).finish()
    if result.failed:
        raise RuntimeError(f"{result.failure_text()} failed of {result.started}")
    return result


def measured(
    count: int, rounds: int, seconds: float
) -> tuple[dict[str, list[float]], dict[str, list[float]], list[Round]]:
    """What looks took alone and beside clients, in ms, and what these saw."""
    alone: dict[str, list[float]] = {name: [] for name in PATHS}
    beside: dict[str, list[float]] = {name: [] for name in PATHS}
    seen = []
    port = members.free_port()
    process = members.MemberProcess(None, (members.Member("r1", f"0.0.0.0:{port}"),))
    try:
        with heads.served(configuration(count, port), WORKERS, None) as (here, _):
            look_ms(here, PATHS["?auto"])  # the controller is forked for it
            for _ in range(ALONE):
                for name, path in PATHS.items():
                    alone[name].append(look_ms(here, path))
            for _ in range(rounds):
                quiet = traffic(here, seconds)
                with looks(here, beside):
                    seen.append(Round(quiet, traffic(here, seconds)))
                print(f"p99 {seen[-1].harm_ms:+.2f} ms", file=sys.stderr, flush=True)
    finally:
        process.stop()
    return alone, beside, seen


def looks_table(
    alone: dict[str, list[float]], beside: dict[str, list[float]]
) -> tuple[str, list[Verdict]]:
    def figures(took_ms: Sequence[float]) -> tuple[str, str]:
        if not took_ms:
            return "-", "-"
        return f"{statistics.median(took_ms):.1f}", f"{min(took_ms):.1f}"

    head = ("document", "alone, ms", "best", "beside clients, ms", "best")
    rows = [(name, *figures(alone[name]), *figures(beside[name])) for name in PATHS]
    verdicts = [
        Verdict(
            f"{name}: median of {len(took_ms)}",
            f"{statistics.median(took_ms):.1f} ms",
            f"<= {SCRAPE_MAX_MS:g} ms",
            statistics.median(took_ms) <= SCRAPE_MAX_MS,
        )
        for name, took_ms in alone.items()
    ]
    return report.table(head, rows), verdicts


def clients_table(seen: Sequence[Round]) -> tuple[str, Verdict]:
    def row(name: str, results: Sequence[load.LoadResult]) -> tuple[str, str, str, str]:
        return (
            name,
            report.median_and_spread([one.p50_us / 1000 for one in results], 3),
            report.median_and_spread([one.p99_us / 1000 for one in results], 3),
            f"{sum(one.window_requests for one in results):,}",
        )

    table = report.table(
        ("clients", "p50, ms", "p99, ms", "requests"),
        (
            row("while nobody looks", [one.alone for one in seen]),
            row("a document each second", [one.beside for one in seen]),
        ),
    )
    harm_ms = [one.harm_ms for one in seen]
    verdict = Verdict(
        f"p99 of clients, beside looks: median of {len(seen)} rounds",
        f"{report.median_and_spread(harm_ms)} ms more",
        f"<= {HARM_MAX_MS:g} ms",
        statistics.median(harm_ms) <= HARM_MAX_MS,
    )
    return table, verdict


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--members", type=int, default=MEMBERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument(
        "--markdown", type=Path, metavar="DIR", help="also write DIR/DAY-scrape.md"
    )
    given = parser.parse_args()
    machine.allow_open_files(20000)
    heading = report.heading(
        "Looks at a server with many members",
        {
            "machine": machine.describe(),
            "load before": f"{os.getloadavg()[0]:.1f}",
            "network": netns.enter(),
            "method": f"{given.members} members, {WORKERS} workers;"
            f" {given.rounds} rounds of twice {given.seconds:g} s, interleaved",
            "command": f"`python bench/scrape.py {' '.join(sys.argv[1:])}`",
        },
    )
    print(heading, flush=True)
    alone, beside, seen = measured(given.members, given.rounds, given.seconds)
    of_looks, verdicts = looks_table(alone, beside)
    of_clients, verdict = clients_table(seen)
    parts = [of_looks, of_clients, report.verdict_table([*verdicts, verdict])]
    print("\n" + "\n\n".join(parts))
    if given.markdown is not None:
        print(report.write(given.markdown, "scrape", [heading, *parts]))
    return report.worst([*verdicts, verdict])


if __name__ == "__main__":
    sys.exit(main())
