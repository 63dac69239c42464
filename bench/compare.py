#!/usr/bin/env python3
"""What a request costs: fastlb beside nginx, HAProxy, Apache httpd and a raw relay.

    python bench/compare.py                     everything, about 15 minutes
    python bench/compare.py --quick             guard against collapse, half a minute
    python bench/compare.py --only small64,1m --rounds 5 --markdown bench/results

One worker each, the proxy on one core, load and members on another. Rounds are
interleaved (A B C A B C ...), so that a slow minute of the machine meets everybody;
a figure is the median of its rounds, a ratio the median of the rounds' own ratios.
CPU is the run time of all the proxy's processes (see measure.py).

Exit status: 0 all bars met, 1 a bar missed or a request through fastlb failed, 3
something could not be measured.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import load
import machine
import measure
import netns
import peers
import report
from members import Member, MemberProcess, make_members
from report import Verdict, median_and_spread, table, verdict_table, worst
from scenarios import (
    IDLE_CONNECTIONS,
    IDLE_ENTRANTS,
    IDLE_PSS_KIB_MAX,
    KEYS,
    QUICK_KEYS,
    QUICK_LIMITS,
    QUICK_PROXIES,
    SCENARIOS,
    WORKER_ENTRANTS,
    WORKER_PSS_MIB_MAX,
    Bar,
    Entrant,
    Scenario,
)

WARMUP_S = 0.3
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """What this run does, from the command line."""

    keys: tuple[str, ...]
    proxies: tuple[str, ...]
    rounds: int
    seconds: float
    markdown: Path | None
    is_quick: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where it runs."""

    cores: machine.Cores
    network: str
    members: tuple[Member, ...]


@dataclass
class Series:
    """One entrant's rounds in one scenario."""

    results: list[load.LoadResult] = field(default_factory=list)
    pss_bytes: int = 0

    def cpu_us(self) -> list[float]:
        return [
            (r.cpu_s or float("nan")) * 1e6 / r.window_requests for r in self.results
        ]

    def cpu_s_per_gb(self) -> list[float]:
        return [(r.cpu_s or float("nan")) * 1e9 / r.window_bytes for r in self.results]

    def failed(self) -> int:
        return sum(r.failed for r in self.results)


@dataclass
class Findings:
    """What is printed at the end."""

    sections: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    failed_requests: int = 0  # of fastlb only


def main() -> int:
    plan = read_arguments()
    machine.allow_open_files(20000)
    place = Place(machine.choose_cores(), netns.enter(), make_members(3))
    heading = describe(plan, place)
    print(heading, flush=True)
    findings = Findings()
    backs = MemberProcess(place.cores.load, place.members)
    try:
        for scenario in SCENARIOS:
            if scenario.key in plan.keys:
                compare(scenario, plan, place, findings)
        if "idle" in plan.keys:
            compare_idle(plan, place, findings)
        if "worker" in plan.keys:
            compare_workers(plan, place, findings)
    finally:
        backs.stop()
    bars = "## Bars\n\n" + verdict_table(findings.verdicts) + "\n"
    print("\n" + bars)
    if plan.markdown is not None:
        parts = [heading, bars, *findings.sections]
        print(report.write(plan.markdown, "compare", parts))
    if findings.failed_requests:
        print(f"fastlb failed {findings.failed_requests} requests")
        return 1
    return worst(findings.verdicts)


def read_arguments() -> Plan:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="guard against collapse")
    parser.add_argument("--only", metavar="KEY,...", help=f"of {', '.join(KEYS)}")
    parser.add_argument("--proxies", metavar="NAME,...", help="default: all installed")
    parser.add_argument("--rounds", type=int, help="default 7; quick 3")
    parser.add_argument("--seconds", type=float, help="of a round; default 3; quick 1")
    parser.add_argument(
        "--markdown", type=Path, metavar="DIR", help="also write DIR/DATE-compare.md"
    )
    given = parser.parse_args()
    keys = QUICK_KEYS if given.quick else KEYS
    proxies = QUICK_PROXIES if given.quick else tuple(peers.KINDS)
    if given.only:
        keys = tuple(given.only.split(","))
    if given.proxies:
        proxies = tuple(given.proxies.split(","))
    for word in [k for k in keys if k not in KEYS] + [
        p for p in proxies if p not in peers.KINDS
    ]:
        parser.error(f"unknown: {word}")
    return Plan(
        keys=keys,
        proxies=proxies,
        rounds=given.rounds or (3 if given.quick else 7),
        seconds=given.seconds or (1.0 if given.quick else 3.0),
        markdown=given.markdown,
        is_quick=given.quick,
    )


def describe(plan: Plan, place: Place) -> str:
    versions = ", ".join(
        f"{name} {peers.KINDS[name].version()}" for name in plan.proxies
    )
    cores = place.cores
    where = (
        f"proxy on core {cores.proxy}, load and members on core {cores.load}"
        if cores.are_apart
        else "everything on ONE core: costs per request hold, rates do not"
    )
    return report.heading(
        "Comparison",
        {
            "machine": machine.describe(),
            "versions": versions,
            "network": place.network,
            "method": f"{where}; one worker each, {len(place.members)} members in one "
            f"process; {plan.rounds} interleaved rounds of {plan.seconds:g} s after "
            f"{WARMUP_S:g} s of warm-up; medians (smallest-largest round); ratios are "
            "medians of the rounds' own ratios",
            "command": f"`python bench/compare.py {' '.join(sys.argv[1:])}`",
        },
    )


# ---- traffic ----


def compare(scenario: Scenario, plan: Plan, place: Place, findings: Findings) -> None:
    """Start the entrants, run the rounds, add a section and the bars' verdicts."""
    rounds: dict[Entrant, Series] = defaultdict(Series)
    for _ in range(scenario.starts):
        running: dict[Entrant, peers.Proxy] = {}
        try:
            for entrant in scenario.entrants:
                if entrant.proxy in plan.proxies:
                    start_entrant(entrant, place, running)
            run_rounds(scenario, plan, place, running, rounds)
        finally:
            for proxy in running.values():
                proxy.stop()
    whole = max((len(series.results) for series in rounds.values()), default=0)
    rounds = {e: s for e, s in rounds.items() if len(s.results) == whole}
    section = (
        f"## {scenario.key}: {scenario.title}\n\n{traffic_table(scenario, rounds)}"
    )
    print("\n" + section, flush=True)
    findings.sections.append(section)
    findings.failed_requests += sum(
        series.failed() for entrant, series in rounds.items() if entrant.is_ours
    )
    bars = quick_bars(scenario) if plan.is_quick else scenario.bars
    findings.verdicts += [judge(bar, rounds) for bar in bars]


def start_entrant(
    entrant: Entrant, place: Place, running: dict[Entrant, peers.Proxy]
) -> None:
    setup = peers.Setup(place.members, entrant.flags)
    try:
        running[entrant] = peers.start(entrant.proxy, setup, place.cores.proxy)
    except peers.CannotStartError as error:
        print(f"\n{entrant.label}: not measured: {error}", file=sys.stderr, flush=True)


def run_rounds(
    scenario: Scenario,
    plan: Plan,
    place: Place,
    running: dict[Entrant, peers.Proxy],
    rounds: dict[Entrant, Series],
) -> None:
    """Add each entrant's rounds; fewer a start where there are several starts."""
    count = plan.rounds if scenario.starts == 1 else max(1, plan.rounds // 3)
    for number in range(count):
        for entrant, proxy in running.items():
            pids = proxy.tree()
            options = [
                *("--connections", str(scenario.connections)),
                *("--seconds", str(plan.seconds), "--warmup", str(WARMUP_S)),
                *("--pids", ",".join(map(str, pids))),
                *scenario.options,
            ]
            if "--routes" in options and "sticky" not in entrant.flags:
                options.append("--no-route-check")
            result = load.run(place.cores.load, proxy.address, options)
            if proxy.tree() != pids or result.cpu_s is None:
                raise RuntimeError(
                    f"{entrant.label}: a process came or went in a round"
                )
            if result.window_requests == 0:
                raise RuntimeError(
                    f"{entrant.label}: nothing was answered: {result.failure_text()}"
                )
            rounds[entrant].results.append(result)
            if number == count - 1:
                rounds[entrant].pss_bytes = measure.pss_bytes(pids)


def traffic_table(scenario: Scenario, rounds: dict[Entrant, Series]) -> str:
    head = ["proxy", "CPU µs/request"]
    if scenario.per_gigabyte:
        head.append("CPU s/GB")
    head += ["x nginx", "req/s", "p50 µs", "p99 µs", "core", "failed", "PSS MiB"]
    nginx = next((s for e, s in rounds.items() if e.proxy == "nginx"), None)
    rows = []
    for entrant, series in rounds.items():
        row = [entrant.label, median_and_spread(series.cpu_us())]
        if scenario.per_gigabyte:
            row.append(median_and_spread(series.cpu_s_per_gb(), 3))
        results = series.results
        row += [
            f"{median(paired(series, nginx)):.2f}" if nginx else "-",
            f"{median(r.window_requests / r.elapsed_s for r in results):.0f}",
            f"{median(r.p50_us for r in results):.0f}",
            f"{median(r.p99_us for r in results):.0f}",
            f"{median((r.cpu_s or 0) / r.elapsed_s for r in results):.0%}",
            failures_of(results),
            f"{series.pss_bytes / MIB:.1f}",
        ]
        rows.append(row)
    return table(head, rows)


def paired(series: Series, other: Series) -> list[float]:
    """The CPU ratio within each round."""
    pairs = zip(series.cpu_us(), other.cpu_us(), strict=True)
    return [a / b for a, b in pairs]


def failures_of(results: Sequence[load.LoadResult]) -> str:
    total: dict[str, int] = defaultdict(int)
    for result in results:
        for kind, count in result.failures.items():
            total[kind] += count
    return ", ".join(f"{count} {kind}" for kind, count in total.items()) or "0"


def judge(bar: Bar, rounds: dict[Entrant, Series]) -> Verdict:
    what = f"{bar.subject.label}, {bar.text}"
    if bar.subject not in rounds or bar.other not in rounds:
        wanted = f"<= {bar.limit:g}" + (" µs more" if bar.is_difference else " x")
        return Verdict(what, "-", wanted, None)
    subject, other = rounds[bar.subject], rounds[bar.other]
    if bar.is_difference:
        pairs = zip(subject.cpu_us(), other.cpu_us(), strict=True)
        values, unit, wanted = [a - b for a, b in pairs], "µs", "µs more"
    else:
        values, unit, wanted = paired(subject, other), "x", "x"
    return Verdict(
        what,
        f"{median(values):.2f} {unit} ({min(values):.2f} to {max(values):.2f})",
        f"<= {bar.limit:.2f} {wanted}",
        median(values) <= bar.limit,
    )


def quick_bars(scenario: Scenario) -> tuple[Bar, ...]:
    limit = QUICK_LIMITS.get(scenario.key)
    if limit is None:
        return ()
    text = f"{scenario.key}: raw relay (collapse guard)"
    return (Bar(text, Entrant("fastlb"), Entrant("relay"), limit),)


# ---- memory ----


def compare_idle(plan: Plan, place: Place, findings: Findings) -> None:
    """PSS of idle kept-alive connections, and whether each still serves afterwards."""
    rows = []
    verdict = Verdict(
        f"{IDLE_CONNECTIONS} idle connections", "-", idle_bar_text(), None
    )
    for entrant in IDLE_ENTRANTS:
        if entrant.proxy not in plan.proxies:
            continue
        running: dict[Entrant, peers.Proxy] = {}
        start_entrant(entrant, place, running)
        if entrant not in running:
            continue
        proxy = running[entrant]
        try:
            each_kib, result = measure_idle(proxy, place)
        finally:
            proxy.stop()
        closed = result.idle_closes + result.idle_resets + result.clean_closes
        rows.append(
            (entrant.label, f"{each_kib:.2f}", str(closed), result.failure_text())
        )
        if entrant.is_ours:
            findings.failed_requests += result.failed
            verdict = Verdict(
                f"{IDLE_CONNECTIONS} idle connections",
                f"{each_kib:.2f} KiB each, {closed} closed",
                idle_bar_text(),
                each_kib <= IDLE_PSS_KIB_MAX and closed == 0 and result.failed == 0,
            )
    section = (
        f"## idle: {IDLE_CONNECTIONS} idle kept-alive connections (one request before, "
        "one after)\n\n"
        + table(("proxy", "PSS KiB each", "closed early", "failed"), rows)
    )
    print("\n" + section, flush=True)
    findings.sections.append(section)
    findings.verdicts.append(verdict)


def idle_bar_text() -> str:
    return f"<= {IDLE_PSS_KIB_MAX} KiB each, 0 closed"


def measure_idle(proxy: peers.Proxy, place: Place) -> tuple[float, load.LoadResult]:
    """KiB of PSS a connection, and the load's result."""
    warm = ["--connections", "64", "--seconds", "1", "--path", "/small"]
    load.run(place.cores.load, proxy.address, warm)
    before = measure.pss_bytes(proxy.tree())
    holding = load.Load(
        place.cores.load,
        proxy.address,
        [
            *("--connections", str(IDLE_CONNECTIONS), "--in-flight", "64"),
            *("--hold", "4", "--path", "/small"),
        ],
    )
    holding.wait_for("held")
    time.sleep(1)  # whatever a proxy does a moment after the last byte, it has done
    after = measure.pss_bytes(proxy.tree())
    return (after - before) / 1024 / IDLE_CONNECTIONS, holding.finish()


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


if __name__ == "__main__":
    sys.exit(main())
