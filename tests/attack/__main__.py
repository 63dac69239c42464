"""The command: attacks in turns for so many minutes, or one of them for so many inputs.

Exit status 0: nobody found anything. What was found is in tests/corpus/attack and on
stderr, with the seed that makes it again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from .runs import RUNS, Found, Tally, play

ROUND_S_MAX = 120.0
FINDINGS_MAX = 3  # then it ends: what is broken is broken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0, help="in all")
    parser.add_argument("--inputs", type=int, default=0, help="of each attack")
    any_seed = random.SystemRandom().getrandbits(32)
    parser.add_argument("--seed", type=int, default=any_seed)
    parser.add_argument("--only", choices=sorted(RUNS), action="append")
    parser.add_argument("--round", type=int, default=20000, help="inputs of one round")
    told = parser.parse_args()
    names = told.only or list(RUNS)
    minutes = told.minutes or (0.0 if told.inputs else 1.0)
    print(f"seed {told.seed}, {' '.join(names)}", flush=True)
    ends = time.monotonic() + minutes * 60 if minutes else float("inf")
    tallies = {name: Tally() for name in names}
    seed = told.seed
    found: list[Found] = []
    while time.monotonic() < ends:
        due = [
            name
            for name in names
            if not told.inputs or tallies[name].inputs < told.inputs
        ]
        if not due:
            break
        for name in due:
            left = told.inputs - tallies[name].inputs if told.inputs else told.round
            part = min(max(5.0, (ends - time.monotonic()) / len(due)), ROUND_S_MAX)
            more = play(name, seed, min(told.round, left), part, tallies[name])
            print(f"{name}: seed {seed}: {tallies[name]}", flush=True)
            for one in more:
                print(f"FOUND {one}", file=sys.stderr, flush=True)
            found += more
        if len(found) >= FINDINGS_MAX:
            break
        seed += 1
    print(f"{len(found)} findings")
    return 1 if found else 0


sys.exit(main())
