"""A site in Debian's own tree, served by httpd or by fastlb: the same files for both.

    site = StockSite(root, port, modules, text)
    with site.by_httpd(): ...
    with site.by_fastlb(): ...

The tree is `/etc/apache2` of the package; what is added is one site and the modules
that `a2enmod` would link for it. The root is one that others may enter: workers are
others.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import is_listening, wait_for
from ports import free_port
from programs import bare_environment
from rights import IS_ROOT
from stock import DebianTree

STOP_S = 20.0


class StockSite:
    """`conf` and `environ` are what both servers get; `run` holds what they write."""

    def __init__(
        self, root: Path, port: int, modules: Iterable[str], text: str
    ) -> None:
        self.port = port
        self.run = root / "run"
        self.run.mkdir()
        self.tree = DebianTree(root / "apache2")
        for name in modules:
            self.tree.enable_module(name)
        ports = self.tree.root / "ports.conf"
        # Listen 443, of which the package has two, is another site's as well.
        said = re.sub(r"\b80\b", str(port), ports.read_text(), count=1)
        ports.write_text(re.sub(r"\b443\b", str(free_port()), said))
        (self.tree.root / "sites-enabled/000-default.conf").unlink()
        (self.tree.root / "sites-available/site.conf").write_text(text)
        self.tree.enable("sites", "site")
        user = {"USER": "www-data", "GROUP": "www-data"} if IS_ROOT else {}
        self.environ = {
            **{f"APACHE_RUN_{name}": value for name, value in user.items()},
            "APACHE_RUN_DIR": str(self.run),
            "APACHE_LOG_DIR": str(self.run),
            "APACHE_LOCK_DIR": str(self.run),
            "APACHE_PID_FILE": str(self.run / "apache2.pid"),
        }

    @property
    def conf(self) -> Path:
        return self.tree.conf

    def checked(self) -> subprocess.CompletedProcess[str]:
        """By fastlb -t."""
        return subprocess.run(
            [sys.executable, "-m", "fastlb", "-t", "-f", str(self.conf)],
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            timeout=STOP_S,
            check=False,
        )

    @contextmanager
    def by_httpd(self) -> Iterator[None]:
        with self._by("apache2", "-d", str(self.tree.root)):
            yield

    @contextmanager
    def by_fastlb(self) -> Iterator[None]:
        with self._by(sys.executable, "-m", "fastlb"):
            yield

    @contextmanager
    def _by(self, *program: str) -> Iterator[None]:
        said = self.run / "said"
        with said.open("wb") as out:
            process = subprocess.Popen(
                [*program, "-f", str(self.conf), "-DFOREGROUND"],
                env={**bare_environment(), **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

        def is_up() -> bool:
            assert process.poll() is None, said.read_text()
            return is_listening(self.port)

        try:
            wait_for(is_up, "it listens")
            yield
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_S)
            wait_for(lambda: not is_listening(self.port), "nobody listens any more")
