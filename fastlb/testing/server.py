"""A fastlb for a test: a process of its own, which serves when start() returns."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType

from fastlb.testing.client import Answer, exchange
from fastlb.testing.ports import HOST

DEADLINE_S = 30.0
PAUSE_S = 0.05
NO_FIELDS: Mapping[str, str] = MappingProxyType({})
EXPECTATION = "#@ expect"


class RefusedError(AssertionError):
    """The server does not serve this configuration; the text says why."""


class Server:
    """One configuration and the server of it.

    folder    of its own: configuration, error log, pid file
    shown     how messages name the configuration
    root      the ServerRoot of a configuration that names none
    """

    def __init__(self, folder: Path, shown: str, root: Path, port: int) -> None:
        self.folder = folder
        self.shown = shown
        self._root = root
        self._port = port
        self.has_served = False
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of the port that the configuration calls {port}, without a slash."""
        return f"http://{HOST}:{self._port}"

    @property
    def config(self) -> Path:
        return self.folder / "httpd.conf"

    @property
    def error_log(self) -> str:
        return _text(self.folder / "error.log")

    def start(self, text: str, *, strict: bool = False) -> None:
        """Serve this configuration. RefusedError where that is impossible.

        strict: a warning is a reason to refuse it.
        """
        self.config.write_text(text, "utf-8")
        if strict or EXPECTATION in text:
            self._check(strict)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(str(self.folder / "notify"))
            told.settimeout(PAUSE_S)
            with (self.folder / "said").open("wb") as said:
                self._process = subprocess.Popen(
                    self._words("-D", "FOREGROUND"),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")},
                    start_new_session=True,  # Ctrl-C is pytest's
                )
            self._wait_until_ready(told)

    def reload(self, text: str) -> None:
        """Serve another configuration, without a moment in which nothing serves."""
        before = self.config.read_text("utf-8")
        self.config.write_text(text, "utf-8")
        try:
            self._run("-k", "graceful")
        except RefusedError:
            self.config.write_text(before, "utf-8")  # which it still serves
            raise

    def stop(self) -> None:
        """End it; nothing of it is left."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def get(self, path: str = "/", fields: Mapping[str, str] = NO_FIELDS) -> Answer:
        return self.request("GET", path, fields)

    def request(
        self,
        method: str,
        path: str = "/",
        fields: Mapping[str, str] = NO_FIELDS,
        body: bytes | None = None,
    ) -> Answer:
        """One request to {port}, on a connection of its own."""
        made = http.client.HTTPConnection(HOST, self._port, timeout=DEADLINE_S)
        with closing(made):
            return exchange(made, method, path, dict(fields), body)

    def said(self) -> str:
        """What it has said so far, on its terminal and in its error log."""
        text = _text(self.folder / "said") + self.error_log
        return text.replace(str(self.config), self.shown)

    def _check(self, strict: bool) -> None:
        self._run("-t", "-v", *(["--strict"] if strict else []))

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            self._words(*words), capture_output=True, text=True, check=False
        )
        if done.returncode:
            self._refuse(done.stdout + done.stderr)

    def _words(self, *words: str) -> list[str]:
        """The command line. A test's own places stand behind what the file says."""
        before = ["ServerName localhost", "StartServers 1"]
        if os.geteuid() == 0:
            before.append("User nobody")
        after = [
            f'PidFile "{self.folder}/fastlb.pid"',
            f'ErrorLog "{self.folder}/error.log"',
            f'DefaultRuntimeDir "{self.folder}"',
        ]
        return [
            *(sys.executable, "-m", "fastlb", "-f", str(self.config)),
            *("-d", str(self._root)),
            *(word for line in before for word in ("-C", line)),
            *(word for line in after for word in ("-c", line)),
            *words,
        ]

    def _wait_until_ready(self, told: socket.socket) -> None:
        assert self._process is not None
        ends_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < ends_s:
            with suppress(TimeoutError):
                if told.recv(4096).startswith(b"READY=1"):
                    self.has_served = True
                    return
            if self._process.poll() is not None:
                self._refuse(self.said())
        self.stop()
        self._refuse(f"it does not serve after {DEADLINE_S} s\n{self.said()}")

    def _refuse(self, why: str) -> None:
        text = why.replace(str(self.config), self.shown).strip()
        raise RefusedError(f"fastlb refuses {self.shown}:\n{text}\n\n{self.listing()}")

    def listing(self) -> str:
        """The configuration with the numbers of its lines, which messages name."""
        lines = self.config.read_text("utf-8").splitlines()
        return "\n".join(f"{n:4} {line}" for n, line in enumerate(lines, 1))


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""
