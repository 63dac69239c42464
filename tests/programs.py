"""Programs that are not ours, as tests run them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from ports import HOST

Place = int | Path  # where a server listens: a port of HOST, or a unix socket


def bare_environment() -> dict[str, str]:
    """curl and others stand still where a sanitizer is loaded before them."""
    return {name: v for name, v in os.environ.items() if name != "LD_PRELOAD"}


class ForeignServer:
    """A server that is not ours: it listens when start() returns, and stop() ends it
    with all that it has started. Then start() again: the same places.

    words      the program and its arguments
    places     all of them must be listened at
    log        what it says is added to it
    folder     where it runs; None: where the tests do
    user       "name:group", for one that tests start as root and that must not be
    """

    START_S = 60.0
    STOP_S = 20.0

    def __init__(
        self,
        words: Sequence[str],
        places: Sequence[Place],
        log: Path,
        *,
        folder: Path | None = None,
        user: str = "",
    ) -> None:
        self._words = list(words)
        self._places = list(places)
        self._log_file = log
        self._folder = folder
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert self._process is None, "it runs"
        user, _, group = self._user.partition(":")
        with self._log_file.open("ab") as said:
            self._process = subprocess.Popen(
                self._words,
                cwd=self._folder,
                env=bare_environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
                user=user or None,
                group=group or None,
                extra_groups=[] if user else None,
            )
        try:
            self._await(self._process)
        except BaseException:
            self.stop()
            raise

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.START_S
        while not all(map(listens, self._places)):
            assert process.poll() is None, f"it has ended\n{self.said()}"
            assert time.monotonic() < deadline, f"it does not listen\n{self.said()}"
            time.sleep(0.02)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self.STOP_S)
        with contextlib.suppress(ProcessLookupError):  # all have ended with it
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(self.STOP_S)

    def said(self) -> str:
        """The end of what it has said so far."""
        text = self._log_file.read_text(errors="replace")
        return text[-2000:] or "it said nothing"


def listens(place: Place) -> bool:
    family = socket.AF_UNIX if isinstance(place, Path) else socket.AF_INET
    with socket.socket(family) as sock:
        sock.settimeout(1)
        try:
            sock.connect(str(place) if isinstance(place, Path) else (HOST, place))
        except OSError:
            return False
    return True
