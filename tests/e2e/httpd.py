"""The real httpd as a second server for a test that plays the same at both.

    with running(folder, modules, text) as port: ...

The folder is one that its workers may enter, whoever they are.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from harness import DEADLINE_S, HOST, Answer, exchange, is_listening, wait_for
from ports import free_port
from rights import IS_ROOT

MODULE_DIR = "/usr/lib/apache2/modules"
BASE = ("authz_core", "authn_core", "proxy", "proxy_http")
STOP_S = 20.0


@contextmanager
def running(
    folder: Path, modules: Iterable[str], text: str, *, mpm: str = "prefork"
) -> Iterator[int]:
    """Serve a configuration until the block ends; gives its port."""
    port = free_port()
    loads = "".join(
        f"LoadModule {name}_module {MODULE_DIR}/mod_{name}.so\n"
        for name in (f"mpm_{mpm}", *BASE, *modules)
    )
    conf = folder / "apache2.conf"
    conf.write_text(
        f'{loads}ServerRoot "{folder}"\nDefaultRuntimeDir "{folder}"\n'
        f'PidFile "{folder}/apache2.pid"\nErrorLog "{folder}/apache2.log"\n'
        f"Listen {HOST}:{port}\nServerName test.example\nStartServers 2\n"
        f"{'User www-data' if IS_ROOT else ''}\n{text}\n"
    )
    program = "/usr/sbin/apache2" if Path("/usr/sbin/apache2").exists() else "apache2"
    with (folder / "apache2.said").open("wb") as said:
        process = subprocess.Popen(
            [program, "-D", "FOREGROUND", "-f", str(conf)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,  # it ends its whole process group
        )

    def is_up() -> bool:
        assert process.poll() is None, (folder / "apache2.said").read_text()
        return is_listening(port)

    try:
        wait_for(is_up, "httpd listens")
        yield port
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_S)


def get(port: int, path: str = "/") -> Answer:
    """One request on a connection of its own, whoever serves there."""
    made = http.client.HTTPConnection(HOST, port, timeout=DEADLINE_S)
    with closing(made):
        return exchange(made, "GET", path, {})
