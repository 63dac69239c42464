"""The bench's C programs, compiled when first needed.

They stand beside this file (`load.c`, `member.c`, `relay.c`) and are built with the
gcc of the machine into `bench/build/`, again whenever the source is newer.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

BENCH = Path(__file__).resolve().parent
CHECKOUT = BENCH.parent
BUILD = BENCH / "build"


def program(name: str) -> str:
    """Path of the compiled program; raises CalledProcessError when gcc refuses it."""
    source, target = BENCH / f"{name}.c", BUILD / name
    if target.exists() and target.stat().st_mtime > source.stat().st_mtime:
        return str(target)
    BUILD.mkdir(exist_ok=True)
    fresh = BUILD / f"{name}.{os.getpid()}"  # another run may be building it too
    subprocess.run(["gcc", "-O2", "-Wall", "-o", fresh, source], check=True)
    fresh.replace(target)
    return str(target)
