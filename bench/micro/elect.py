"""What one election costs, in nanoseconds: python bench/micro/elect.py

Needs the probe (FASTLB_PROBE=1 python setup.py build_ext --inplace). Each figure is
the best and the median of several rounds; the election is whole, with its lock, on a
table as the master makes it.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from fastlb import _core, _probe
from fastlb.config.directives.balancer_params import LBMETHODS

COUNT = 200_000
ROUNDS = 9
TARGET_NS = 150  # for 3 members


def balancer(
    members: int, *, lbmethod: str = "byrequests", workers: int = 0
) -> _probe.BalancerProbe:
    """workers: of old generations, which tunnels keep."""
    table = _core.Table.create(256, 4096, 8192)
    slot = table.claim_balancer("balancer://x", 1, lbmethod=lbmethod)
    for _ in range(workers):
        table.claim_worker(1, 1, 0)
    slots = [
        table.claim_member(
            f"balancer://x http://m{i}",
            1,
            balancer_slot=slot,
            load_factor=100 * (1 + i % 3),
            lbset=0,
            status="",
            route=f"n{i}",
            redirect="",
            retry_ms=60_000,
            probe=False,
        )
        for i in range(members)
    ]
    return _probe.BalancerProbe(
        table,
        slot,
        slots,
        lbmethod=lbmethod,
        sticky_cookie="ROUTEID",
        sticky_url="ROUTEID",
    )


def report(name: str, measure: Callable[[], float]) -> float:
    rounds = [measure() for _ in range(ROUNDS)]
    best, median = min(rounds), statistics.median(rounds)
    print(f"{name:<44} {best:8.1f} {median:8.1f}")
    return median


def contended(probe: _probe.BalancerProbe) -> float:
    """The same while another process elects on another core."""
    pid = os.fork()
    if pid == 0:
        probe.nanoseconds(COUNT * 2)
        os._exit(0)
    found: float = probe.nanoseconds(COUNT)
    os.waitpid(pid, 0)
    return found


def main() -> int:
    print(f"{'ns per call':<44} {'best':>8} {'median':>8}")
    medians = {}
    for members in (2, 3, 16):
        probe = balancer(members)
        medians[members] = report(
            f"election, {members} members", lambda p=probe: p.nanoseconds(COUNT)
        )
    three = balancer(3)
    report("election by route, 3 members", lambda: three.nanoseconds(COUNT, 0, b"n2"))
    report("election, 3 members, 2 processes", lambda: contended(three))
    for old in (16, 400, 4000):
        crowd = balancer(3, lbmethod="bybusyness", workers=old)
        report(
            f"by busyness, 3 members, {old} workers",
            lambda p=crowd: p.nanoseconds(COUNT // 100),
        )
    for method in LBMETHODS[1:]:
        crowd = balancer(16, lbmethod=method)
        report(f"{method}, 16 members", lambda p=crowd: p.nanoseconds(COUNT))
    cookies = b"a=b; theme=dark; ROUTEID=.n2; lang=en"
    report(
        "route from the third of four cookies",
        lambda: three.sticky_nanoseconds(COUNT, b"/shop/cart?item=1&n=2", cookies),
    )
    return int(medians[3] > TARGET_NS)


if __name__ == "__main__":
    sys.exit(main())
