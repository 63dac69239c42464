#!/usr/bin/env python3
"""What a request costs: fastlb beside nginx, HAProxy, Apache httpd and a raw relay.

    python bench/compare.py                     everything, about 30 minutes
    python bench/compare.py --quick             guard against collapse, half a minute
    python bench/compare.py --only small64,1m --rounds 5 --markdown bench/results
    python bench/compare.py --only tls          what the group holds, see scenarios.py
    python bench/compare.py --before DIR        and the fastlb built there, at most 2%
                                                cheaper than this one

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
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import certificate
import load
import machine
import measure
import netns
import peers
import report
import run
from members import MemberProcess, accepted, make_members
from memory import compare_idle, compare_workers
from report import Verdict, median_and_spread, table, verdict_table, worst
from run import MIB, Findings, Place, Plan
from scenarios import (
    GROUPS,
    IDLE_SCENARIOS,
    KEYS,
    QUICK_KEYS,
    QUICK_LIMITS,
    QUICK_PROXIES,
    SCENARIOS,
    Bar,
    Entrant,
    Scenario,
    beside_before,
)

WARMUP_S = 0.3
KEPT_AT_LEAST = 10  # requests on a connection to an application


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


def main() -> int:
    plan = read_arguments()
    machine.allow_open_files(20000)
    place = Place(
        machine.choose_cores(), netns.enter(), make_members(3), make_members(3)
    )
    heading = describe(plan, place)
    print(heading, flush=True)
    findings = Findings()
    scenarios = [s for s in SCENARIOS if s.key in plan.keys]
    if "before" in plan.proxies:
        scenarios = [beside_before(s) for s in scenarios]
    with ExitStack() as ending:
        core = place.cores.load
        ending.callback(MemberProcess(core, place.members).stop)
        if any("https" in e.flags for s in scenarios for e in s.entrants):
            secure = MemberProcess(core, place.secure_members, certificate.make("ec"))
            ending.callback(secure.stop)
        for scenario in scenarios:
            compare(scenario, plan, place, findings)
        for idle in IDLE_SCENARIOS:
            if idle.key in plan.keys:
                compare_idle(idle, plan, place, findings)
        if "worker" in plan.keys:
            compare_workers(plan, place, findings)
    bars = "## Bars\n\n" + verdict_table(findings.verdicts) + "\n"
    print("\n" + bars)
    if plan.markdown is not None:
        parts = [heading, bars, *findings.sections]
        print(report.write(plan.markdown, plan.name, parts))
    if findings.failed_requests:
        print(f"fastlb failed {findings.failed_requests} requests")
        return 1
    return worst(findings.verdicts)


def read_arguments() -> Plan:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="guard against collapse")
    parser.add_argument(
        "--only", metavar="KEY,...", help=f"of {', '.join((*KEYS, *GROUPS))}"
    )
    parser.add_argument("--proxies", metavar="NAME,...", help="default: all installed")
    parser.add_argument(
        "--before", type=Path, metavar="DIR", help="a checkout of fastlb, built"
    )
    parser.add_argument("--rounds", type=int, help="default 7; quick 3")
    parser.add_argument("--seconds", type=float, help="of a round; default 3; quick 1")
    parser.add_argument(
        "--markdown", type=Path, metavar="DIR", help="also write DIR/DATE-NAME.md"
    )
    parser.add_argument("--name", default="compare", help="of that file")
    given = parser.parse_args()
    if given.before is not None:
        peers.add_checkout(given.before.resolve())
    keys = QUICK_KEYS if given.quick else KEYS
    proxies = QUICK_PROXIES if given.quick else tuple(peers.KINDS)
    if given.only:
        words = given.only.split(",")
        keys = tuple(key for word in words for key in GROUPS.get(word, (word,)))
    if given.proxies:
        proxies = (*given.proxies.split(","), *(["before"] if given.before else ()))
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
        name=given.name,
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
                    run.start_entrant(entrant, place, running)
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
            before = accepted(place.members)
            result = load.run(place.cores.load, proxy.address, options)
            if proxy.tree() != pids or result.cpu_s is None:
                raise RuntimeError(
                    f"{entrant.label}: a process came or went in a round"
                )
            if result.window_requests == 0:
                raise RuntimeError(
                    f"{entrant.label}: nothing was answered: {result.failure_text()}"
                )
            check_handshakes(scenario, entrant, result)
            check_connections(entrant, result, accepted(place.members) - before)
            if result.failures.get("uncoded"):
                # What was not compressed cost nothing: beside it nobody is dear.
                raise RuntimeError(
                    f"{entrant.label}: {result.failures['uncoded']} answers of "
                    f"{scenario.key} were not coded"
                )
            rounds[entrant].results.append(result)
            if number == count - 1:
                rounds[entrant].pss_bytes = measure.pss_bytes(pids)


def check_connections(entrant: Entrant, result: load.LoadResult, opened: int) -> None:
    """RuntimeError when applications were called on connections of their own, which
    costs a proxy more than what is compared."""
    if "fcgi" in entrant.flags and opened > result.window_requests // KEPT_AT_LEAST:
        raise RuntimeError(
            f"{entrant.label}: {opened} connections to members for "
            f"{result.window_requests} requests"
        )


def check_handshakes(
    scenario: Scenario, entrant: Entrant, result: load.LoadResult
) -> None:
    """RuntimeError when sessions were resumed that should not be, or the reverse."""
    full = result.handshakes - result.resumed
    # A first session for each connection, and none to resume after a failure.
    expected = scenario.connections + result.failed
    if full > expected if scenario.resumes else result.resumed:
        raise RuntimeError(
            f"{entrant.label}: {result.resumed} of {result.handshakes} handshakes "
            f"resumed a session in {scenario.key}"
        )


def traffic_table(scenario: Scenario, rounds: dict[Entrant, Series]) -> str:
    head = ["proxy", "CPU µs/request"]
    if scenario.per_gigabyte:
        head.append("CPU s/GB")
    head += ["x nginx", "req/s", "p50 µs", "p99 µs", "core", "failed", "PSS MiB"]
    protocols = {r.tls for s in rounds.values() for r in s.results if r.tls}
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
    spoken = f"\n\nspoken: {', '.join(sorted(protocols))}" if protocols else ""
    return table(head, rows) + spoken


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
    others = [rounds[other] for other in bar.others if other in rounds]
    if bar.subject not in rounds or len(others) < len(bar.others):
        wanted = f"<= {bar.limit:g}" + (" µs more" if bar.is_difference else " x")
        return Verdict(what, "-", wanted, None)
    subject = rounds[bar.subject]
    # The best of them: the one that this one looks worst beside.
    other = min(others, key=lambda series: median(series.cpu_us()))
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
    return (Bar(text, Entrant("fastlb"), (Entrant("relay"),), limit),)


if __name__ == "__main__":
    sys.exit(main())
