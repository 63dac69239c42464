#!/usr/bin/env python3
"""What the monitor costs with a thousand members: processor of one core, and memory.

    python bench/probes.py                  two minutes
    python bench/probes.py --members 100 --only error

    tcp10, get10    all are healthy, and checked every ten seconds, by a connection or
                    by a GET
    tcp1, get1      ... every second, for which there is no bar
    error           nobody listens, and without a check each is probed until it does
    idle            nothing is due
    history         ... but what they did is kept (StatisticsHistory; Off elsewhere)

Members have an address of the loopback network each. Processor time is what the
scheduler has given to the monitor in the window; a connection over loopback costs it
what the member's side of it costs the kernel, too. Memory is PSS and what is its alone.
Exit status as compare.py's.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import heads
import machine
import measure
import netns
import report
import uvloop
from members import free_port
from report import Verdict

MEMBERS = 1000
CORE_MAX = 0.02
BYTES_MAX = 20 * heads.MIB
HISTORY_BYTES = 45056  # of one member; member_history of core/balance/table.pxd
SETTLE_S = 5.0
WINDOW_S = 20.0
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Kind:
    key: str
    params: str  # of members that listen; "": nobody does
    has_bar: bool = True
    keeps_history: bool = False

    @property
    def title(self) -> str:
        if self.keeps_history:
            return "with their history"
        return f"healthy, {self.params}" if self.params else "in error, probed"


KINDS = (
    Kind("tcp10", "hcmethod=TCP hcinterval=10"),
    Kind("get10", "hcmethod=GET hcinterval=10"),
    Kind("tcp1", "hcmethod=TCP hcinterval=1", has_bar=False),
    Kind("get1", "hcmethod=GET hcinterval=1", has_bar=False),
    Kind("error", ""),
    Kind("idle", "hcmethod=TCP hcinterval=1000"),
    Kind("history", "hcmethod=TCP hcinterval=1000", keeps_history=True),
)


@dataclass(frozen=True, slots=True)
class Cost:
    core: float  # share of one
    pss_bytes: int
    own_bytes: int


# members


class Answers(asyncio.Protocol):
    """Answers whatever comes, once."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, _data: bytes) -> None:
        self.transport.write(ANSWER)
        self.transport.close()


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answers, "0.0.0.0", port, backlog=4096)
    print("listening", flush=True)
    await server.serve_forever()


@contextmanager
def listening(port: int, core: int) -> Iterator[None]:
    """Whoever is asked at any address of the loopback network."""
    with machine.pinned(core):
        process = subprocess.Popen(
            [sys.executable, __file__, "--serve", str(port)], stdout=subprocess.PIPE
        )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.communicate()


# the measurement


def configuration(count: int, port: int, kind: Kind) -> str:
    lines = (
        f"BalancerMember http://127.{n // 250}.{n % 250}.9:{port} {kind.params}\n"
        for n in range(1, count + 1)
    )
    return (
        f"StatisticsHistory {'On' if kind.keeps_history else 'Off'}\n"
        f"<Proxy balancer://all>\n{''.join(lines)}ProxySet lbmethod=bybusyness\n"
        "</Proxy>\nProxyPass / balancer://all/\n"
    )


def run_time_s(pid: int) -> float:
    """Of all its threads, by the scheduler."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def cost_of(pid: int, seconds: float) -> Cost:
    began_s, before_s = time.monotonic(), run_time_s(pid)
    time.sleep(seconds)
    core = (run_time_s(pid) - before_s) / (time.monotonic() - began_s)
    return Cost(core, measure.pss_bytes([pid]), measure.pss_bytes([pid], "Pss_Anon"))


def put_all_out(port: int) -> None:
    """One request tries them all."""
    with socket.create_connection((heads.HOST, port), timeout=60) as sock:
        sock.sendall(heads.GOOD)
        answer = sock.recv(65536)
    if not answer.startswith(b"HTTP/1.1 503"):
        raise RuntimeError(f"answered {answer[:80]!r}")


def measured(kind: Kind, count: int, seconds: float, cores: machine.Cores) -> Cost:
    member_port = free_port()
    text = configuration(count, member_port, kind)

    def cost(port: int, master: int) -> Cost:
        if not kind.params:
            put_all_out(port)
        time.sleep(SETTLE_S)
        (monitor,) = heads.children_of(master, "fastlb-monitor")
        return cost_of(monitor, seconds)

    with machine.pinned(cores.proxy):
        if not kind.params:
            with heads.served(text, 1, None) as (port, master):
                return cost(port, master)
        with (
            listening(member_port, cores.load),
            heads.served(text, 1, None) as (port, master),
        ):
            return cost(port, master)


def judge(kind: Kind, count: int, cost: Cost) -> list[Verdict]:
    core = Verdict(
        f"monitor, {count} members {kind.title}: of one core",
        f"{cost.core:.2%}",
        f"<= {CORE_MAX:.0%}" if kind.has_bar else "-",
        cost.core <= CORE_MAX or not kind.has_bar,
    )
    bytes_max = BYTES_MAX + HISTORY_BYTES * count * kind.keeps_history
    memory = Verdict(
        "... memory",
        f"{cost.pss_bytes / heads.MIB:.1f} MiB, {cost.own_bytes / heads.MIB:.1f} own",
        f"<= {bytes_max // heads.MIB} MiB",
        cost.pss_bytes <= bytes_max,
    )
    return [core, memory]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    keys = [kind.key for kind in KINDS]
    parser.add_argument("--only", metavar="KEY,...", help=f"of {', '.join(keys)}")
    parser.add_argument("--members", type=int, default=MEMBERS)
    parser.add_argument("--seconds", type=float, default=WINDOW_S)
    parser.add_argument(
        "--markdown", type=Path, metavar="DIR", help="also write DIR/DAY-probes.md"
    )
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        uvloop.run(serve(given.serve))
        return 0
    machine.allow_open_files(20000)
    cores = machine.choose_cores()
    heading = report.heading(
        "Probes and checks",
        {
            "machine": machine.describe(),
            "network": netns.enter(),
            "method": f"monitor on core {cores.proxy}, {given.seconds:g} s each",
            "command": f"`python bench/probes.py {' '.join(sys.argv[1:])}`",
        },
    )
    print(heading, flush=True)
    verdicts: list[Verdict] = []
    for kind in KINDS:
        if given.only is None or kind.key in given.only.split(","):
            cost = measured(kind, given.members, given.seconds, cores)
            verdicts += judge(kind, given.members, cost)
            print(f"{kind.key}: {cost.core:.2%}", file=sys.stderr, flush=True)
    table = report.verdict_table(verdicts)
    print(f"\n{table}")
    if given.markdown is not None:
        print(report.write(given.markdown, "probes", [heading, table]))
    return report.worst(verdicts)


if __name__ == "__main__":
    sys.exit(main())
