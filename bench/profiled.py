#!/usr/bin/env python3
"""One proxy under one scenario's load, recorded by `perf`. See hotpath.sh.

    python bench/profiled.py SCENARIO [PROXY] [SECONDS]

Leaves bench/build/perf.data and prints where it is; needs root or
kernel.perf_event_paranoid <= 1.
"""

from __future__ import annotations

import subprocess
import sys
import time

import certificate
import load
import machine
import netns
import peers
from members import MemberProcess, make_members
from native import BUILD
from scenarios import SCENARIOS


def main() -> int:
    key = sys.argv[1] if len(sys.argv) > 1 else "small64"
    name = sys.argv[2] if len(sys.argv) > 2 else "fastlb"
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 5.0
    scenario = next((s for s in SCENARIOS if s.key == key), None)
    if scenario is None or name not in peers.KINDS:
        print(__doc__)
        return 2
    machine.allow_open_files(20000)
    netns.enter()
    cores = machine.choose_cores()
    members = make_members(3)
    of_proxy = [e.flags for e in scenario.entrants if e.proxy == name]
    flags = max(of_proxy, key=len, default=frozenset())
    is_https = "https" in flags
    backs = MemberProcess(
        cores.load, members, certificate.make("ec") if is_https else None
    )
    try:
        proxy = peers.start(name, peers.Setup(members, flags), cores.proxy)
        try:
            options = [
                *("--connections", str(scenario.connections)),
                *("--seconds", str(seconds + 1), "--warmup", "0.3"),
                *("--pids", ",".join(map(str, proxy.tree()))),
                *scenario.options,
            ]
            traffic = load.Load(cores.load, proxy.address, options)
            time.sleep(0.5)
            record(proxy.tree(), seconds)
            result = traffic.finish()
        finally:
            proxy.stop()
    finally:
        backs.stop()
    cost = (result.cpu_s or 0) * 1e6 / max(result.window_requests, 1)
    failed = result.failure_text()
    print(f"{name} {key}: {cost:.2f} µs/request under perf, {failed} failed")
    print(BUILD / "perf.data")
    return 0


def record(pids: list[int], seconds: float) -> None:
    BUILD.mkdir(exist_ok=True)
    subprocess.run(
        [
            *("perf", "record", "-q", "-F", "4999", "-g"),
            *("-o", str(BUILD / "perf.data"), "-p", ",".join(map(str, pids))),
            *("--", "sleep", str(seconds)),
        ],
        check=True,
    )


if __name__ == "__main__":
    sys.exit(main())
