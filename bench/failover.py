#!/usr/bin/env python3
"""What clients see of members that fail: fastlb beside Apache, HAProxy and nginx.

    python bench/failover.py                        some twelve minutes
    python bench/failover.py --only killed,back --proxies fastlb,haproxy
    python bench/failover.py --quick                fastlb alone, half a minute
    python bench/failover.py --before DIR           and the fastlb built there

One of three members fails as `failures.py` says, while 300 GETs a second come in,
whatever becomes of those before them. What is not a whole 200 is an error; clients ask
nothing twice. A cell tells errors of all rounds, for how long they came, and after how
many seconds the member had its first request again (median, smallest and largest
round); where members become slow, the 99th percentile within and before. How each
proxy is set up stands in peers/ (flags `failover`, `checked`, `failon`, ...).

Exit status as compare.py's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import machine
import netns
import peers
import report
import uvloop
from clients import Paced
from failures import KEYS, QUICK_KEYS, RATE, SCENARIOS, Play, Round, Scenario
from faults import HOST, FaultyMember
from members import make_members
from report import Verdict, median_and_spread

MEMBERS = 3
WORKERS = 2
DEADLINE_S = 10.0
REQUEST = b"GET /asked HTTP/1.1\r\nHost: www.example.test\r\n\r\n"
PROXIES = "fastlb,apache,haproxy,nginx"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", metavar="KEY,...", help=f"of {', '.join(KEYS)}")
    parser.add_argument("--proxies", metavar="NAME,...", help=f"default: {PROXIES}")
    parser.add_argument("--rounds", type=int, help="default 3; quick 1")
    parser.add_argument("--quick", action="store_true", help="guard against collapse")
    parser.add_argument("--before", type=Path, metavar="DIR", help="a built checkout")
    parser.add_argument(
        "--markdown", type=Path, metavar="DIR", help="also write DIR/DAY-failover.md"
    )
    given = parser.parse_args()
    keys = given.only.split(",") if given.only else QUICK_KEYS if given.quick else KEYS
    for key in keys:
        if key not in KEYS:
            parser.error(f"unknown: {key}")
    proxies = (given.proxies or ("fastlb" if given.quick else PROXIES)).split(",")
    if given.before is not None:
        peers.add_checkout(given.before.resolve())
        proxies.append("before")
    rounds = given.rounds or (1 if given.quick else 3)
    machine.allow_open_files(20000)
    cores = machine.choose_cores()
    network = netns.enter()
    heading = report.heading(
        "Failover",
        {
            "machine": machine.describe(),
            "versions": ", ".join(f"{p} {peers.KINDS[p].version()}" for p in proxies),
            "network": network,
            "method": f"proxy on core {cores.proxy}, {WORKERS} workers; {MEMBERS} "
            f"members and clients on core {cores.load}; {RATE:g} GETs a second; "
            f"{rounds} rounds",
            "command": f"`python bench/failover.py {' '.join(sys.argv[1:])}`",
        },
    )
    print(heading, flush=True)
    os.sched_setaffinity(0, {cores.load})
    rows, verdicts = [], []
    for scenario in SCENARIOS:
        if scenario.key not in keys:
            continue
        found = compare(scenario, proxies, rounds, cores)
        cells = [cell(found[proxy], scenario) for proxy in proxies]
        rows.append([scenario.key, scenario.title, *cells])
        print(f"\n{scenario.key}: {' | '.join(cells)}", file=sys.stderr, flush=True)
        if "fastlb" in proxies:
            verdicts += judge(scenario, found["fastlb"])
    table = report.table(["", "one of three members", *proxies], rows)
    bars = f"## Bars\n\n{report.verdict_table(verdicts)}"
    print(f"\n{table}\n\n{bars}")
    if given.markdown is not None:
        print(report.write(given.markdown, "failover", [heading, table, bars]))
    return report.worst(verdicts)


def compare(
    scenario: Scenario, proxies: Sequence[str], rounds: int, cores: machine.Cores
) -> dict[str, list[Round]]:
    """The rounds of each proxy, interleaved; none of one that does not serve."""
    found: dict[str, list[Round]] = {proxy: [] for proxy in proxies}
    for _ in range(rounds):
        for proxy in proxies:
            try:
                found[proxy].append(one_round(scenario, proxy, cores))
            except peers.CannotStartError as why:
                print(why, file=sys.stderr)
    return found


def one_round(scenario: Scenario, name: str, cores: machine.Cores) -> Round:
    members = [
        FaultyMember(cores.load, member, scenario.service_ms)
        for member in make_members(MEMBERS)
    ]
    setup = peers.Setup(
        tuple(one.member for one in members),
        scenario.flags | {"failover"},
        workers=WORKERS,
    )
    try:
        for member in members:
            member.start()
        proxy = peers.start(name, setup, cores.proxy)
        try:
            return uvloop.run(played(scenario, members, proxy.port))
        finally:
            proxy.stop()
    finally:
        for member in members:
            member.kill()


async def played(
    scenario: Scenario, members: Sequence[FaultyMember], port: int
) -> Round:
    load = Paced(HOST, port, REQUEST, RATE, DEADLINE_S)
    play = Play(members, load)
    asking = asyncio.create_task(load.run())
    try:
        await play.begin()
        await scenario.script(play)
    finally:
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
        await load.finish()
    return Round(
        tuple(load.asked),
        play.faulty.member.name,
        play.fault_s,
        play.over_s,
        scenario.service_ms / 1000,
    )


# what is told of the rounds


def cell(rounds: Sequence[Round], scenario: Scenario) -> str:
    """What one proxy's clients saw, in a few words."""
    if not rounds:
        return "-"
    errors: Counter[str] = sum((one.errors for one in rounds), Counter())
    asked = sum(len(one.asked) for one in rounds)
    words = [f"{errors.total()} of {asked} failed"]
    if errors:
        kinds = ", ".join(f"{kind} {count}" for kind, count in errors.most_common())
        lasting_s = max(one.erring_s for one in rounds)
        words[0] += f" ({kinds}) for {lasting_s:.1f} s"
    if scenario.shows_p99:
        within, before = (
            1000 * median(values)
            for values in (
                [one.p99_within_s for one in rounds],
                [one.p99_before_s for one in rounds],
            )
        )
        words.append(f"p99 {within:.0f} ms ({before:.0f} before)")
    elif not math.isnan(rounds[0].over_s):
        words.append(f"back {back_text(rounds)}")
    return "; ".join(words)


def back_text(rounds: Sequence[Round]) -> str:
    backs_s = [one.back_s for one in rounds]
    seen_s = [one for one in backs_s if one is not None]
    if len(seen_s) < len(backs_s):
        return f"not in {len(backs_s) - len(seen_s)} of {len(backs_s)} rounds"
    return f"{median_and_spread(seen_s)} s"


def judge(scenario: Scenario, rounds: Sequence[Round]) -> list[Verdict]:
    """The bars of a scenario; each round has to meet them."""
    found = []
    if scenario.errors_max is not None:
        errors = sum(one.errors.total() for one in rounds)
        found.append(
            verdict(scenario, f"{errors} errors", f"<= {scenario.errors_max}", rounds,
                    errors <= scenario.errors_max)
        )  # fmt: skip
    if (limit_s := scenario.back_max_s) is not None:
        is_met = all(r.back_s is not None and r.back_s <= limit_s for r in rounds)
        found.append(
            verdict(scenario, back_text(rounds), f"<= {limit_s:g} s", rounds, is_met)
        )
    if (limit := scenario.slowdown_max) is not None:
        ratios = [one.slowdown for one in rounds]
        found.append(
            verdict(scenario, f"{median_and_spread(ratios)} x the p99 before",
                    f"<= {limit:g} x", rounds, bool(ratios) and median(ratios) <= limit)
        )  # fmt: skip
    return found


def verdict(
    scenario: Scenario, figure: str, bar: str, rounds: Sequence[Round], is_met: bool
) -> Verdict:
    what = f"a member {scenario.title}"
    return Verdict(what, figure if rounds else "-", bar, is_met if rounds else None)


if __name__ == "__main__":
    sys.exit(main())
