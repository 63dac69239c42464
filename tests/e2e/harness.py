"""Real processes for tests: fastlb in its own directory, members that remember.

Nothing here sleeps for luck: every wait is for a condition, with a deadline, and says
what it waited for when the deadline passes.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import psutil
from rights import AS_ROOT

from fastlb.testing.client import Answer, exchange
from fastlb.testing.members import Answerer, Member, Seen, answer, read_request

# what tests take from here
__all__ = [
    "Answer",
    "Answerer",
    "DeadlineError",
    "Fastlb",
    "Load",
    "Member",
    "Seen",
    "answer",
    "exchange",
    "has_listener",
    "is_listening",
    "read_request",
    "wait_for",
]

T = TypeVar("T")

HOST = "127.0.0.1"
DEADLINE_S = 30.0  # long for whoever waits in vain, and nothing for others
PAUSE_S = 0.01


class DeadlineError(AssertionError):
    """A condition did not become true in time."""


def wait_for(
    condition: Callable[[], T | None], what: str, deadline_s: float = DEADLINE_S
) -> T:
    """The first true value of condition; what says in words what is awaited."""
    ends_s = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > ends_s:
            raise DeadlineError(f"not within {deadline_s}s: {what}")
        time.sleep(PAUSE_S)


def is_listening(port: int, host: str = HOST) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def has_listener(pid: int) -> bool:
    """True while the process holds a listening socket; False when it has ended."""
    with suppress(psutil.NoSuchProcess):
        held = psutil.Process(pid).net_connections(kind="tcp")
        return any(one.status == psutil.CONN_LISTEN for one in held)
    return False


# the server


def accepts(pid: int) -> bool:
    """Does it listen anywhere, and is it not stopped?"""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_STOPPED and any(
            one.status == psutil.CONN_LISTEN for one in process.net_connections("inet")
        )
    return False


@dataclass(slots=True)
class Fastlb:
    """One fastlb: its directory, its configuration file, its master process."""

    folder: Path
    port: int
    process: subprocess.Popen[str] | None = None
    known_pids: set[int] = field(default_factory=set)
    deaf_pids: set[int] = field(default_factory=set)  # workers that accept nothing

    @property
    def conf(self) -> Path:
        return self.folder / "httpd.conf"

    @property
    def error_log(self) -> str:
        path = self.folder / "error.log"
        return path.read_text() if path.exists() else ""

    @property
    def pid(self) -> int:
        """The master's pid, as its pid file says."""
        return int((self.folder / "fastlb.pid").read_text())

    def write(self, text: str, *, workers: int = 2, identity: bool = True) -> None:
        """The configuration: what every test needs, then text.

        identity: False for a test that names the User of the workers itself.
        """
        self.conf.write_text(
            f'ServerRoot "{self.folder}"\n'
            f"ServerName test.example\n"
            f"Listen {HOST}:{self.port}\n"
            f"PidFile fastlb.pid\n"
            f"ErrorLog error.log\n"
            f"LogLevel info\n"
            f"StartServers {workers}\n"
            f"{AS_ROOT if identity else ''}"
            f"{text}\n"
        )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run fastlb with these words (and -f) until it ends."""
        return subprocess.run(
            [sys.executable, "-m", "fastlb", "-f", str(self.conf), *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def start(
        self,
        *arguments: str,
        descriptors: tuple[int, int] | None = None,
        environ: Mapping[str, str] = MappingProxyType({}),
        through: Sequence[str] = (),
    ) -> None:
        """Run in the foreground; returns when it serves.

        descriptors: the soft and the hard limit of open files that it is given.
        environ: what its environment has beside ours.
        through: a command that becomes the server, whose words follow its own.
        """
        words = list(through)
        if descriptors is not None:
            soft, hard = descriptors
            words = [*words, "prlimit", f"--nofile={soft}:{hard}"]
        self.process = subprocess.Popen(
            [
                *(*words, sys.executable, "-m", "fastlb", "-f", str(self.conf)),
                *("-D", "FOREGROUND", *arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environ},
        )
        wait_for(self._has_started, "the server serves")

    def _has_started(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            assert self.process.stderr is not None
            raise AssertionError(
                f"fastlb ended with {self.process.returncode}: "
                f"{self.process.stderr.read()}\n{self.error_log}"
            )
        return self.generations() > 0

    def generations(self) -> int:
        """How many generations have begun to serve so far."""
        return self.error_log.count("resuming normal operations")

    def reload(self, number: signal.Signals = signal.SIGHUP) -> None:
        """Tell it to reload; returns when the new generation serves."""
        before = self.generations()
        old = [pid for pid in self.workers() if pid not in self.deaf_pids]
        os.kill(self.pid, number)
        wait_for(lambda: self.generations() > before, "the new generation serves")
        # ... alone: who was told to drain may take one more until it has heard of it
        wait_for(lambda: not any(map(accepts, old)), "the old one accepts no more")
        self.deaf_pids.update(old)

    def workers(self) -> list[int]:
        """Pids of the workers that are there now, draining ones too."""
        return self._children("fastlb-worker")

    def monitors(self) -> list[int]:
        return self._children("fastlb-monitor")

    def controllers(self) -> list[int]:
        return self._children("fastlb-control")

    def _children(self, name: str) -> list[int]:
        found = []
        with suppress(psutil.NoSuchProcess, OSError, ValueError):
            for child in psutil.Process(self.pid).children():
                self.known_pids.add(child.pid)
                with suppress(psutil.NoSuchProcess):
                    if child.name() == name:
                        found.append(child.pid)
        return sorted(found)

    def wait_for_log(self, pattern: str, deadline_s: float = DEADLINE_S) -> str:
        """The first line of the error log that matches."""
        expression = re.compile(pattern)

        def line() -> str | None:
            lines = self.error_log.splitlines()
            return next((one for one in lines if expression.search(one)), None)

        return wait_for(line, f"a line like {pattern!r} in the error log", deadline_s)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it and wait; the exit code of a server in the foreground, else 0."""
        self.workers()
        with suppress(OSError, ValueError):
            os.kill(self.pid, number)
        if self.process is None:
            wait_for(lambda: not self.left_over(), "the server has ended")
            return 0
        code = self.process.wait(DEADLINE_S)
        stderr = self.process.stderr
        assert stderr is not None
        if not stderr.closed:
            os.set_blocking(stderr.fileno(), False)  # others may hold it open
            said = stderr.read() or ""
            stderr.close()
            assert "ASSERT(" not in said, said
        return code

    def left_over(self) -> list[int]:
        """Processes of this server that still run."""
        with suppress(OSError, ValueError):
            self.known_pids.add(self.pid)
        return [pid for pid in self.known_pids if psutil.pid_exists(pid)]

    def get(self, path: str = "/", **fields: str) -> Answer:
        """One request on a connection of its own."""
        with self.connection() as connection:
            return exchange(connection, "GET", path, fields)

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        made = http.client.HTTPConnection(HOST, self.port, timeout=DEADLINE_S)
        try:
            yield made
        finally:
            made.close()


# load


class Load:
    """Threads that send requests until told to end, and count what fails.

    keep: each thread keeps its connection, opening a new one only where the server
    has announced the end of the old one; else one connection a request.
    Within paused() no request is under way.
    """

    def __init__(self, server: Fastlb, *, threads: int = 4, keep: bool = False) -> None:
        self._server = server
        self._keep = keep
        self._over = threading.Event()
        self._may_ask = threading.Event()
        self._may_ask.set()
        self._under_way = 0
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, daemon=True) for _ in range(threads)
        ]
        self.done = 0
        self.failures: list[str] = []

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        self.wait_for_more(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(DEADLINE_S)

    def wait_for_more(self, count: int) -> None:
        """Until count more requests have been answered (or one has failed)."""
        goal = self.done + count
        wait_for(
            lambda: self.done >= goal or bool(self.failures),
            f"{count} more answers, failures: {self.failures}",
        )

    @contextmanager
    def paused(self) -> Iterator[None]:
        with self._lock:
            self._may_ask.clear()
        wait_for(lambda: self._under_way == 0, "no request is under way")
        try:
            yield
        finally:
            self._may_ask.set()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One request; it begins when it may."""
        while True:
            self._may_ask.wait()
            with self._lock:
                if self._may_ask.is_set():
                    self._under_way += 1
                    break
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def _work(self) -> None:
        while not self._over.is_set():
            with self._server.connection() as connection:
                self._use(connection)

    def _use(self, connection: http.client.HTTPConnection) -> None:
        headers = {} if self._keep else {"Connection": "close"}
        while not self._over.is_set():
            try:
                with self._turn():
                    got = exchange(connection, "GET", "/", headers)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                return
            if got.status != 200:
                self.failures.append(f"{got.status} {got.text[:200]}")
            self.done += 1
            if not self._keep or got.field("Connection") == "close":
                return
