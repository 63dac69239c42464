"""What a life cycle does to TLS: certificates that change, handshakes that add up."""

from __future__ import annotations

import time

import load
import measure
import peers
from members import make_members
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

TLS_MIXED = {name: ("--tls", *options) for name, options in MIXED.items()} | {
    "a resumed handshake each": (
        *("--tls", "--resume", "--connections", "4", "--close"),
        *SMALL,
    )
}
WARM_HANDSHAKES = 3000  # until free lists and the allocator's arenas have their size
HANDSHAKES = 10000
GROWTH_KIB_MAX = 256  # 26 bytes a handshake


def try_swap(stage: Stage) -> list[Verdict]:
    """Another certificate with every reload: each is shown, no handshake fails."""
    members = make_members(3)
    flags = frozenset({"generation", "tls"})

    def version(number: int) -> peers.Setup:
        return peers.Setup(
            members, flags, workers=2, generation=number, serial=number + 1
        )

    lost_probes, slowest_s = 0, 0.0
    with served(members, stage), running(stage, version(0)) as proxy:
        loads = start_loads(stage, proxy, TLS_MIXED)
        time.sleep(STEP_S)
        for number in range(1, RELOADS + 1):
            proxy.reload(version(number))
            lost, took_s = wait_in_force(proxy)
            lost_probes += lost
            slowest_s = max(slowest_s, took_s)
            time.sleep(STEP_S)
        results = stop_loads(loads)
    what = f"{RELOADS} certificates swapped"
    seen: dict[str, int] = {}
    for result in results.values():
        for serial, count in result.certificates.items():
            seen[serial] = seen.get(serial, 0) + count
    failed = lost_probes + sum(
        r.failures.get("handshake", 0) + r.failures.get("refused", 0)
        for r in results.values()
    )
    each = [seen.get(f"{number + 1:x}", 0) for number in range(RELOADS + 1)]
    return [
        *(clean(f"{what}: {name}", result) for name, result in results.items()),
        Verdict(
            f"{what}: handshakes failed, of all",
            f"{failed} of {sum(r.handshakes for r in results.values())} "
            f"({sum(r.resumed for r in results.values())} resumed); "
            f"slowest in force after {slowest_s:.2f} s",
            "0",
            failed == 0,
        ),
        Verdict(
            f"{what}: full handshakes that saw each",
            " ".join(map(str, each)),
            "every one was seen",
            all(each),
        ),
    ]


def try_growth(stage: Stage) -> list[Verdict]:
    """Memory of all processes, before and behind ten thousand full handshakes."""
    members = make_members(3)
    setup = peers.Setup(members, frozenset({"tls"}))
    options = ["--tls", "--close", "--connections", "16", *SMALL]

    def handshakes(count: int, address: str) -> load.LoadResult:
        return load.run(stage.cores.load, address, [*options, "--requests", str(count)])

    with served(members, stage), running(stage, setup) as proxy:
        handshakes(WARM_HANDSHAKES, proxy.address)
        before = measure.pss_bytes(proxy.tree(), "Pss_Anon")
        result = handshakes(HANDSHAKES, proxy.address)
        after = measure.pss_bytes(proxy.tree(), "Pss_Anon")
    growth_kib = (after - before) / 1024
    return [
        clean(f"{HANDSHAKES} full handshakes", result),
        Verdict(
            f"{HANDSHAKES} full handshakes: anonymous PSS, {before / 1024:.0f} KiB",
            f"{growth_kib:.0f} KiB more",
            f"<= {GROWTH_KIB_MAX} KiB",
            growth_kib <= GROWTH_KIB_MAX and result.handshakes == HANDSHAKES,
        ),
    ]
