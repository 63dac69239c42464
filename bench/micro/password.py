"""What a known login costs, in nanoseconds: python bench/micro/password.py

Needs the probe (FASTLB_PROBE=1 python setup.py build_ext --inplace). A request with
Authorization in front of Require valid-user is admitted over and over: the field is
found and read, the verdict looked up; of Digest the proof is worked out as well. Once
in each turn of the loop the file is looked at, which is one call of the system; of a
directory there is none.
"""

from __future__ import annotations

import base64
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "unit"))

from test_digest import challenge_of, hash_of, proof
from test_plan import Plan

COUNT = 100_000
ROUNDS = 9
TARGET_NS = 1000
TEXT = (
    "ProxyPass / http://127.0.0.1:1/\n<Location />\nAuthType {}\n"
    'AuthName "the vault"\n{}\nRequire valid-user\n</Location>\n'
)
BASIC = base64.b64encode(b"somebody:a password of some length").decode()


def cpu_ns(plan: Plan, *, turns: bool) -> float:
    """Processor time of one admission: what else runs here does not count."""
    began = time.process_time_ns()
    plan.probe.admit(COUNT, turns)
    return (time.process_time_ns() - began) / COUNT


def measured(name: str, plan: Plan, authorization: str, found: bytes) -> float:
    """Print the figures; returns the largest median."""
    fields = ("User-Agent: bench", "Accept: */*", authorization)
    assert plan("/", *fields)["what"] == "wait"
    plan.probe.keep(found)
    assert plan("/", *fields)["what"] == "member"
    medians = []
    for how, turns in (("in one turn", False), ("a turn each", True)):
        rounds = [cpu_ns(plan, turns=turns) for _ in range(ROUNDS)]
        best, median = min(rounds), statistics.median(rounds)
        label = f"{name}, {how}"
        print(f"{label:24} best {best:7.1f} ns  median {median:7.1f} ns")
        medians.append(median)
    return max(medians)


def main() -> None:
    with tempfile.NamedTemporaryFile() as users:
        file = f"AuthUserFile {users.name}"
        basic = f"Authorization: Basic {BASIC}"
        worst = measured("Basic", Plan(TEXT.format("Basic", file)), basic, b"")
        directory = "AuthBasicProvider ldap\nAuthLDAPURL ldap://127.0.0.1/dc=x?uid"
        plan = Plan(TEXT.format("Basic", directory))
        worst = max(worst, measured("directory", plan, basic, b""))
        plan = Plan(TEXT.format("Digest", file))
        digest = proof(challenge_of(plan("/")), "/")
        worst = max(worst, measured("Digest", plan, digest, hash_of()))
    if worst > TARGET_NS:
        raise SystemExit(f"more than {TARGET_NS} ns")


if __name__ == "__main__":
    main()
