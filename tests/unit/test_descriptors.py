"""What a worker's file descriptors are for."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from fastlb.base.descriptors import USED_MAX, divide


@given(st.integers(0, USED_MAX), st.integers(1, 64), st.integers(0, 64))
def test_the_parts_add_up_and_members_have_as_many_as_clients(
    total: int, listeners: int, logs: int
) -> None:
    parts = divide(total, listeners, logs)
    assert parts.total == total
    assert parts.clients == parts.members >= 0
    assert parts.pipes >= 0 and parts.pipes % 2 == 0
    whole = parts.clients + parts.members + parts.pipes + parts.logs + parts.rest
    assert whole == total


def test_nearly_all_of_a_large_limit_is_for_connections() -> None:
    parts = divide(20_000, 2, 4)
    assert parts.clients + parts.members > 18_500
    assert divide(64, 1, 2).clients >= 10


PROGRAM = """\
import os, resource, subprocess, sys
from fastlb.base import descriptors
descriptors.raise_limit()
child = subprocess.Popen(["sleep", "30"])
descriptors.give_back(child.pid)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], descriptors.limit(),
      resource.prlimit(child.pid, resource.RLIMIT_NOFILE)[0])
descriptors.lower_limit()
print(descriptors.limit())
child.kill()
child.wait()
"""


def test_the_limit_is_raised_for_us_and_not_for_other_programs() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(hard, 4096) if hard >= 0 else 4096
    done = subprocess.run(
        ["prlimit", f"--nofile=256:{most}", sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.split() == [str(most), str(most), "256", "256"]
