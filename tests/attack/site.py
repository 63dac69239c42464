"""A fastlb to be attacked: the real command in a folder of its own, and its faults.

When the core was built with the sanitizers they are loaded before the interpreter of
the server, and of nobody else: the attacker stays fast.
"""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

import fastlb

HOST = "127.0.0.1"
DEADLINE_S = 60.0
# Root must say who its workers are.
AS_ROOT = "User #65534\nGroup #65534\n" if os.geteuid() == 0 else ""
# What must never be said, to stderr or to a log.
FAULTS = re.compile(
    r"AddressSanitizer|LeakSanitizer|runtime error:|ASSERT\(|Traceback|Segmentation"
    r"|exit signal|Assertion"
)


def is_sanitized() -> bool:
    """Was the core built with the sanitizers of gcc?"""
    # Not imported: here the sanitizers' library was not loaded before.
    found = importlib.util.find_spec("fastlb._core")
    assert found is not None and found.origin is not None
    return b"__asan_" in Path(found.origin).read_bytes()


def environment() -> dict[str, str]:
    found = {**os.environ, "PYTHONPATH": str(Path(fastlb.__file__).parent.parent)}
    if is_sanitized() and "libasan" not in found.get("LD_PRELOAD", ""):
        found["LD_PRELOAD"] = " ".join(map(library, ("libasan.so", "libubsan.so")))
    if is_sanitized():
        found.setdefault("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1")
        found.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    return found


def library(name: str) -> str:
    """Where gcc keeps its libasan.so or libubsan.so."""
    asked = ["gcc", f"-print-file-name={name}"]
    return subprocess.run(
        asked, capture_output=True, text=True, check=True
    ).stdout.strip()


class Site:
    """One fastlb. `faults` says what it has said that no fastlb may say."""

    def __init__(
        self, folder: Path, text: str, *, workers: int = 1, program: str = "fastlb"
    ) -> None:
        """program: the module whose command it is."""
        self.folder = folder
        folder.chmod(0o755)
        self.conf = folder / "httpd.conf"
        self.write(text, workers=workers)
        self._stderr = (folder / "stderr").open("wb")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", program),
                *("-f", str(self.conf), "-D", "FOREGROUND"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._stderr,
            stderr=self._stderr,
            env=environment(),
        )
        self._family: set[int] = {self.process.pid}
        self.wait_for(lambda: "resuming normal operations" in self.said(), "a start")

    def write(self, text: str, *, workers: int = 1) -> None:
        self.conf.write_text(
            f'ServerRoot "{self.folder}"\nServerName proxy.test\n'
            f"PidFile fastlb.pid\nErrorLog error.log\nStartServers {workers}\n"
            f"MaxKeepAliveRequests 0\n{AS_ROOT}{text}\n"
        )

    def wait_for(self, condition: object, what: str, pause_s: float = 0.01) -> None:
        deadline = time.monotonic() + DEADLINE_S
        assert callable(condition)
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(f"fastlb ended: {self.said()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"not in time: {what}\n{self.said()}")
            time.sleep(pause_s)

    def said(self) -> str:
        parts = []
        for name in ("stderr", "error.log"):
            with suppress(FileNotFoundError):
                parts.append((self.folder / name).read_text(errors="replace"))
        return "\n".join(parts)

    def faults(self, *, may_die: bool = False) -> str:
        """The lines around the first thing that must not be said; "" is good.

        may_die: processes are killed by the test itself.
        """
        text = self.said()
        if may_die:
            text = re.sub(r".*exit signal Killed.*", "", text)
        match = FAULTS.search(text)
        return text[max(0, match.start() - 500) : match.start() + 6000] if match else ""

    def processes(self, name: str) -> list[int]:
        """Pids of "fastlb-worker" or "fastlb-monitor"."""
        found = []
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children():
                with suppress(psutil.NoSuchProcess):
                    self._family.add(child.pid)
                    if child.name() == name:
                        found.append(child.pid)
        return found

    def cpu_seconds(self) -> float:
        """Of master and workers that live now."""
        total = 0.0
        for pid in [self.process.pid, *self.processes("fastlb-worker")]:
            with suppress(psutil.NoSuchProcess):
                used = psutil.Process(pid).cpu_times()
                total += used.user + used.system
        return total

    def stop(self) -> int:
        """End it; its exit code. Nothing of it is left."""
        self.processes("")
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(DEADLINE_S)
        finally:
            for pid in self._family:
                with suppress(ProcessLookupError, PermissionError):
                    if psutil.pid_exists(pid) and pid != self.process.pid:
                        os.kill(pid, signal.SIGKILL)
            self._stderr.close()
