"""The trees of distributions are started as they lie, and stopped."""

from __future__ import annotations

import http.client
import os
import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from certificates import make_ca, make_pair
from harness import DEADLINE_S, HOST, wait_for
from ports import free_port
from rights import IS_ROOT
from stock import DebianTree, rhel_tree


def fastlb(
    *words: object, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fastlb", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        env={**os.environ, **(environ or {})},
    )


def get(port: int, path: str = "/", tls: bool = False) -> http.client.HTTPResponse:
    connection: http.client.HTTPConnection
    if tls:
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(HOST, port, context=context)
    else:
        connection = http.client.HTTPConnection(HOST, port)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


@pytest.mark.needs("apache2")
def test_debians_tree_serves(tmp_path: Path) -> None:
    tree = DebianTree(tmp_path / "apache2")
    for name in ("proxy", "proxy_http", "info", "ldap"):
        tree.enable_module(name)
    port = free_port()
    for path in (
        tree.root / "ports.conf",
        tree.root / "sites-enabled/000-default.conf",
    ):
        path.write_text(re.sub(r"\b80\b", str(port), path.read_text(), count=1))
    run = tmp_path / "run"
    run.mkdir()
    user = {"USER": "nobody", "GROUP": "nogroup"} if IS_ROOT else {}
    environ = {
        **{f"APACHE_RUN_{name}": value for name, value in user.items()},
        "APACHE_RUN_DIR": str(run),
        "APACHE_LOG_DIR": str(run),
        "APACHE_LOCK_DIR": str(run),
        "APACHE_PID_FILE": str(run / "apache2.pid"),
    }
    started = fastlb("-f", tree.conf, "-k", "start", environ=environ)
    assert (started.returncode, started.stderr) == (0, "")
    try:
        assert get(port, "/none").status == 404
        assert get(port, "/server-status?auto").status == 200
        assert get(port, "/server-info").status == 200
        assert get(port, "/ldap-status").status == 200
    finally:
        assert fastlb("-f", tree.conf, "-k", "stop", environ=environ).returncode == 0
    wait_for(lambda: not (run / "apache2.pid").exists(), "it has ended")


def test_rhels_tree_serves(tmp_path: Path) -> None:
    make_pair(make_ca(), ["localhost"]).write(tmp_path, "localhost")
    ports = free_port(), free_port()
    paths = (tmp_path / "localhost.crt", tmp_path / "localhost.key")
    conf = rhel_tree(tmp_path / "httpd", *paths, ports)
    if not IS_ROOT:
        conf.write_text(re.sub("^(User|Group) .*\n", "", conf.read_text(), flags=re.M))
    words = ("-f", conf, "-c", "PidFile run/httpd.pid")
    started = fastlb(*words, "-k", "start")
    assert (started.returncode, started.stderr) == (0, "")
    try:
        # The tree lies where nobody but root may look for files.
        missing = 403 if IS_ROOT else 404
        assert get(ports[0], "/none").status == missing
        assert get(ports[1], "/none", tls=True).status == missing
    finally:
        assert fastlb(*words, "-k", "stop").returncode == 0
    pid_file = conf.parent.parent / "run" / "httpd.pid"
    wait_for(lambda: not pid_file.exists(), "it has ended")
