"""Runs `load.c`, and its result as a type."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import machine
from native import program

FAILURE_KINDS = (
    "status", "short", "uncoded", "misrouted", "refused", "reset", "eof", "bad",
    "timeout", "handshake",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LoadResult:
    """One run of the load. `window_*`, latencies and `cpu_s` are of the window only;
    everything else covers the whole run with warm-up and end."""

    started: int
    ok: int
    failed: int
    failures: dict[str, int]  # kind -> count, only what happened
    window_requests: int
    window_bytes: int
    elapsed_s: float
    p50_us: float
    p99_us: float
    cpu_s: float | None  # of all watched processes; None when one of them ended
    clean_closes: int
    idle_closes: int
    idle_resets: int
    connects: int
    first_failure_ns: int  # CLOCK_MONOTONIC; 0: none
    last_failure_ns: int
    members: dict[str, int]  # answers by member
    handshakes: int = 0  # of TLS, that succeeded
    resumed: int = 0  # ... of them without a certificate
    tls: str = ""  # protocol, cipher and group of the first
    certificates: dict[str, int] = field(default_factory=dict)  # full ones, by serial
    sequence: tuple[str, ...] = ()
    first_failures: tuple[dict[str, Any], ...] = field(default=())  # as load.c says

    def failure_text(self) -> str:
        if not self.failed:
            return "0"
        kinds = ", ".join(f"{n} {kind}" for kind, n in self.failures.items())
        return f"{self.failed} ({kinds})"


def parse(text: str) -> LoadResult:
    raw = json.loads(text.strip().splitlines()[-1])
    clocks = list(raw["cpu_ns"].values())
    return LoadResult(
        started=raw["started"],
        ok=raw["ok"],
        failed=raw["failed"],
        failures={kind: raw[kind] for kind in FAILURE_KINDS if raw[kind]},
        window_requests=raw["window_requests"],
        window_bytes=raw["window_bytes"],
        elapsed_s=raw["elapsed_s"],
        p50_us=raw["p50_us"],
        p99_us=raw["p99_us"],
        cpu_s=None if min(clocks, default=0) < 0 else sum(clocks) / 1e9,
        clean_closes=raw["clean_closes"],
        idle_closes=raw["idle_closes"],
        idle_resets=raw["idle_resets"],
        connects=raw["connects"],
        first_failure_ns=raw["first_failure_ns"],
        last_failure_ns=raw["last_failure_ns"],
        members=raw["members"],
        handshakes=raw["handshakes"],
        resumed=raw["resumed"],
        tls=raw["tls"],
        certificates=raw["certificates"],
        sequence=tuple(raw["sequence"]),
        first_failures=tuple(raw["failures"]),
    )


class Load:
    """A running load. Options are those of `load.c` (run it bare to see them)."""

    def __init__(self, core: int | None, address: str, options: Sequence[str]) -> None:
        client = program("load", with_tls="--tls" in options)
        command = [client, "--connect", address, *options]
        with machine.pinned(core):
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def wait_for(self, line: str) -> None:
        """Until the load prints that line; RuntimeError when it ends without."""
        assert self.process.stdout is not None
        for got in self.process.stdout:
            if got.strip() == line:
                return
        raise RuntimeError(f"the load ended before it said {line!r}")

    def finish(self, timeout_s: float = 120) -> LoadResult:
        """Wait until it ends by itself."""
        out, _ = self.process.communicate(timeout=timeout_s)
        if self.process.returncode:
            raise RuntimeError(f"load: exit status {self.process.returncode}")
        return parse(out)

    def stop(self) -> LoadResult:
        """End it: no new request, those on their way are waited for."""
        self.process.terminate()
        return self.finish()


def run(core: int, address: str, options: Sequence[str]) -> LoadResult:
    return Load(core, address, options).finish()


def monotonic_ns() -> int:
    """The clock in which `load.c` and `member.c` give their times."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
