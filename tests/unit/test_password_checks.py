"""Threads that check passwords."""

from __future__ import annotations

import subprocess
import sys

NICE = """\
import os, sys
from concurrent.futures import ThreadPoolExecutor
from fastlb.worker.passwords import behind_others

os.nice(19)
if os.getuid() == 0:
    os.setuid(65534)
pool = ThreadPoolExecutor(1, initializer=behind_others)
print(pool.submit(os.getpriority, os.PRIO_PROCESS, 0).result())
"""


def test_a_server_that_is_very_nice_checks_passwords_all_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NICE],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "19\n", done.stderr
