"""What a known password costs, in nanoseconds: python bench/micro/password.py

Needs the probe (FASTLB_PROBE=1 python setup.py build_ext --inplace). A request with
Authorization in front of Require valid-user is admitted over and over: the field is
found and decoded, the verdict looked up. Once in each turn of the loop the file is
looked at as well, which is one call of the system.
"""

from __future__ import annotations

import base64
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "unit"))

from test_plan import Plan

COUNT = 100_000
ROUNDS = 9
TARGET_NS = 1000


def main() -> None:
    with tempfile.NamedTemporaryFile() as users:
        plan = Plan(
            "ProxyPass / http://127.0.0.1:1/\n<Location />\nAuthType Basic\n"
            f"AuthName x\nAuthUserFile {users.name}\nRequire valid-user\n</Location>\n"
        )
        word = base64.b64encode(b"somebody:a password of some length").decode()
        fields = ("User-Agent: bench", "Accept: */*", f"Authorization: Basic {word}")
        assert plan("/", *fields)["what"] == "wait"
        plan.probe.keep()
        assert plan("/", *fields)["what"] == "member"
        for name, turns in (("in one turn", False), ("a turn each", True)):
            rounds = [plan.probe.admit(COUNT, turns) for _ in range(ROUNDS)]
            best, median = min(rounds), statistics.median(rounds)
            print(f"{name:20} best {best:7.1f} ns  median {median:7.1f} ns")
        if median > TARGET_NS:
            raise SystemExit(f"more than {TARGET_NS} ns")


if __name__ == "__main__":
    main()
