"""What idle connections and further workers hold in memory."""

from __future__ import annotations

import sys
import time

import load
import measure
import peers
from report import Verdict, table
from run import MIB, Findings, Place, Plan, start_entrant
from scenarios import WORKER_ENTRANTS, WORKER_PSS_MIB_MAX, Entrant, IdleScenario


def compare_idle(
    scenario: IdleScenario, plan: Plan, place: Place, findings: Findings
) -> None:
    """PSS of idle kept-alive connections, and whether each still serves afterwards."""
    found: dict[Entrant, tuple[float, load.LoadResult]] = {}
    for entrant in scenario.entrants:
        if entrant.proxy not in plan.proxies:
            continue
        running: dict[Entrant, peers.Proxy] = {}
        start_entrant(entrant, place, running)
        if entrant not in running:
            continue
        try:
            found[entrant] = measure_idle(scenario, running[entrant], place)
        finally:
            running[entrant].stop()
    rows = [
        (e.label, f"{each_kib:.2f}", str(closed_early(result)), result.failure_text())
        for e, (each_kib, result) in found.items()
    ]
    section = (
        f"## {scenario.key}: {scenario.connections} {scenario.title} (one request "
        "before, one after)\n\n"
        + table(("proxy", "PSS KiB each", "closed early", "failed"), rows)
    )
    print("\n" + section, flush=True)
    findings.sections.append(section)
    findings.failed_requests += sum(
        result.failed for e, (_, result) in found.items() if e.is_ours
    )
    findings.verdicts.append(judge_idle(scenario, found))


def closed_early(result: load.LoadResult) -> int:
    return result.idle_closes + result.idle_resets + result.clean_closes


def judge_idle(
    scenario: IdleScenario, found: dict[Entrant, tuple[float, load.LoadResult]]
) -> Verdict:
    what = f"{scenario.connections} {scenario.title}"
    limit_kib, other = scenario.limit_kib, scenario.above
    words = f"{limit_kib} KiB each, 0 closed"
    if other is not None:
        words = f"{other.label} + {words}"
    ours = next((found[e] for e in found if e.is_ours), None)
    if ours is None or (other is not None and other not in found):
        return Verdict(what, "-", f"<= {words}", None)
    if other is not None:
        limit_kib += found[other][0]
        words = f"{limit_kib:.2f} ({words})"
    each_kib, result = ours
    closed = closed_early(result)
    return Verdict(
        what,
        f"{each_kib:.2f} KiB each, {closed} closed",
        f"<= {words}",
        each_kib <= limit_kib and closed == 0 and result.failed == 0,
    )


def measure_idle(
    scenario: IdleScenario, proxy: peers.Proxy, place: Place
) -> tuple[float, load.LoadResult]:
    """KiB of PSS a connection, and the load's result."""
    options = (*scenario.options, "--path", "/small")
    warm = ["--connections", "64", "--seconds", "1", *options]
    load.run(place.cores.load, proxy.address, warm)
    before = measure.pss_bytes(proxy.tree())
    holding = load.Load(
        place.cores.load,
        proxy.address,
        [
            *("--connections", str(scenario.connections), "--in-flight", "64"),
            *("--hold", "4", *options),
        ],
    )
    holding.wait_for("held")
    time.sleep(1)  # whatever a proxy does a moment after the last byte, it has done
    after = measure.pss_bytes(proxy.tree())
    return (after - before) / 1024 / scenario.connections, holding.finish()


def compare_workers(plan: Plan, place: Place, findings: Findings) -> None:
    """PSS that a second worker adds, both having served."""
    rows = []
    what = "PSS of one more worker"
    bar = f"<= {WORKER_PSS_MIB_MAX:g} MiB"
    verdict = Verdict(what, "-", bar, None)
    for entrant in WORKER_ENTRANTS:
        if entrant.proxy not in plan.proxies:
            continue
        try:
            sizes = [pss_with_workers(entrant, n, place) for n in (1, 2)]
        except peers.CannotStartError as error:
            print(f"\n{entrant.label}: not measured: {error}", file=sys.stderr)
            continue
        more = (sizes[1] - sizes[0]) / MIB
        rows.append((entrant.label, *(f"{s / MIB:.1f}" for s in sizes), f"{more:.1f}"))
        if entrant.is_ours:
            verdict = Verdict(what, f"{more:.1f} MiB", bar, more <= WORKER_PSS_MIB_MAX)
    section = "## worker: memory of one more worker, each having served\n\n" + table(
        ("proxy", "PSS MiB with 1", "with 2", "one more"), rows
    )
    print("\n" + section, flush=True)
    findings.sections.append(section)
    findings.verdicts.append(verdict)


def pss_with_workers(entrant: Entrant, workers: int, place: Place) -> int:
    setup = peers.Setup(place.members, workers=workers)
    proxy = peers.start(entrant.proxy, setup, place.cores.proxy)
    try:
        # Short connections as well, so that every worker gets some.
        for kind in ((), ("--close",)):
            options = [
                "--connections",
                "64",
                "--seconds",
                "1",
                "--path",
                "/small",
                *kind,
            ]
            load.run(place.cores.load, proxy.address, options)
        return measure.pss_bytes(proxy.tree())
    finally:
        proxy.stop()
