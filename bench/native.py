"""The bench's C programs, compiled when first needed.

They stand beside this file (`load.c`, `member.c`, `relay.c`) and are built with the
gcc of the machine into `bench/build/`, again whenever a source is newer. Load and
member are built a second time with TLS when that is asked for: the system's OpenSSL
with its headers (`apt install libssl-dev`) is needed only then.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

BENCH = Path(__file__).resolve().parent
CHECKOUT = BENCH.parent
BUILD = BENCH / "build"


def program(name: str, with_tls: bool = False) -> str:
    """Path of the compiled program; raises CalledProcessError when gcc refuses it."""
    source = BENCH / f"{name}.c"
    target = BUILD / (f"{name}-tls" if with_tls else name)
    newest = max(p.stat().st_mtime for p in (source, BENCH / "tls.h"))
    if target.exists() and target.stat().st_mtime > newest:
        return str(target)
    BUILD.mkdir(exist_ok=True)
    fresh = target.with_suffix(f".{os.getpid()}")  # another run may be building it too
    command = ["gcc", "-O2", "-Wall", "-o", str(fresh), str(source)]
    if with_tls:
        command += ["-DWITH_TLS", "-lssl", "-lcrypto"]
    subprocess.run(command, check=True)
    fresh.replace(target)
    return str(target)
