"""A stock Debian Apache with all that it does is replaced by fastlb, unchanged.

The same configuration is served by httpd and then by fastlb, with the same Tomcat and
php-fpm behind it, and both are asked the same 300 things.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from debian_site import SECRET, DebianSite, lay_application
from harness import is_listening, wait_for
from php import Php, program
from ports import free_port
from programs import bare_environment
from site_asked import ask, comparable, requests
from tomcat import Tomcat

STOP_S = 20.0


@contextlib.contextmanager
def served(site: DebianSite, port: int, *command: str) -> Iterator[None]:
    environ = {**bare_environment(), **site.environ}
    said = site.run / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )

    def is_up() -> bool:
        assert process.poll() is None, said.read_text()
        return is_listening(port)

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
        wait_for(lambda: not is_listening(port), "nobody listens any more")


@pytest.fixture
def site() -> Iterator[tuple[DebianSite, int]]:
    with TemporaryDirectory(prefix="fastlb-site-") as name:
        root = Path(name)
        root.chmod(0o755)  # workers are others
        yield from _site(root)


def _site(root: Path) -> Iterator[tuple[DebianSite, int]]:
    port = free_port()
    php = Php(root / "php")
    tomcat = Tomcat(root / "tomcat", secret=SECRET, route="one")
    lay_application(tomcat.webapps)
    try:
        php.start()
        tomcat.start()
        yield DebianSite(root, port, php.socket, tomcat.ajp, free_port()), port
    finally:
        tomcat.stop()
        php.stop()


@pytest.mark.needs("apache2", "tomcat10", program() or "php-fpm")
def test_the_same_is_answered(site: tuple[DebianSite, int]) -> None:
    tree, port = site
    asked = requests()
    root = str(tree.tree.root)
    with served(
        tree, port, "apache2", "-d", root, "-f", str(tree.conf), "-DFOREGROUND"
    ):
        wanted = [comparable(one, ask(port, one)) for one in asked]
    here = (sys.executable, "-m", "fastlb", "-f", str(tree.conf), "-DFOREGROUND")
    with served(tree, port, *here):
        found = [comparable(one, ask(port, one)) for one in asked]
    different = [
        f"{one}\n  httpd: {first}\n  here:  {second}"
        for one, first, second in zip(asked, wanted, found, strict=True)
        if first != second
    ]
    assert not different, f"{len(different)} differ\n" + "\n".join(different)[:20000]
