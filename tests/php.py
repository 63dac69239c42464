"""Debian's php-fpm for tests, on a port or at a unix socket.

    php = Php(folder)                   # at php.socket
    php = Php(folder, free_port())      # at php.port
    php.start(); php.stop()

It needs no rights: whoever tests runs it; where that is root, its workers are www-data.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from ports import HOST
from programs import bare_environment
from rights import IS_ROOT

DEADLINE_S = 30.0
STOP_S = 10.0
POOL = """\
[global]
error_log = {folder}/php.log
daemonize = no
[www]
{rights}
listen = {listen}
pm = static
pm.max_children = 2
catch_workers_output = yes
security.limit_extensions =
"""
RIGHTS = """\
user = www-data
group = www-data
listen.owner = www-data
listen.group = www-data
listen.mode = 0666"""


def program() -> str | None:
    """php-fpm is named with its version on Debian."""
    found = sorted(Path("/usr/sbin").glob("php-fpm*"))
    return str(found[-1]) if found else shutil.which("php-fpm")


class Php:
    """One pool of two workers."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = port
        self.socket = folder / "php.sock"
        self._conf = folder / "php-fpm.conf"
        text = POOL.format(
            folder=folder,
            rights=RIGHTS if IS_ROOT else "",
            listen=f"{HOST}:{port}" if port else self.socket,
        )
        self._conf.write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert self._process is None
        found = program()
        assert found is not None
        # -n: no php.ini of the machine, whatever it says
        self._process = subprocess.Popen(
            [found, "-n", "-y", str(self._conf)],
            env=bare_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + DEADLINE_S
        while not self._listens():
            assert self._process.poll() is None, self._said()
            assert time.monotonic() < deadline, self._said()
            time.sleep(0.02)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_S)

    def _listens(self) -> bool:
        asked = socket.socket(socket.AF_INET if self.port else socket.AF_UNIX)
        with asked:
            try:
                asked.connect((HOST, self.port) if self.port else str(self.socket))
            except OSError:
                return False
        return True

    def _said(self) -> str:
        log = self.folder / "php.log"
        return log.read_text()[-2000:] if log.exists() else "it said nothing"
