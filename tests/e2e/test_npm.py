"""npm publishes and installs through fastlb and through httpd, a real registry behind.

The registry is npm's verdaccio: `npm install --prefix
tests/e2e/applications/registry`. Packages with a scope have %2f in their names, which
both pass on as it is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import HOST, Fastlb
from ports import free_port
from programs import ForeignServer, bare_environment

VERDACCIO = (
    Path(__file__).parent / "applications/registry/node_modules/verdaccio/bin/verdaccio"
)
MODULES = "/usr/lib/apache2/modules"
DEADLINE_S = 120.0
FILLING = "x" * 700_000  # a tarball of more than one buffer
REGISTRY = """\
storage: ./storage
auth: {htpasswd: {file: ./htpasswd}}
uplinks: {}
packages: {"**": {access: $all, publish: $all}}
log: {type: stdout, format: pretty, level: warn}
"""


def proxied(port: int) -> str:
    """What an operator writes; one text for both servers."""
    url = f"http://{HOST}:{port}/"
    return (
        "AllowEncodedSlashes NoDecode\nProxyPreserveHost On\n"
        f"ProxyPass / {url} nocanon\nProxyPassReverse / {url}\n"
    )


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[int]:
    """The port of an empty one."""
    port = free_port()
    (tmp_path / "registry.yaml").write_text(REGISTRY)
    words = ["node", str(VERDACCIO), "-c", "registry.yaml", "-l", f"{HOST}:{port}"]
    with began(tmp_path, port, words):
        yield port


@pytest.fixture
def apache(tmp_path: Path, registry: int) -> Iterator[int]:
    """The port of httpd with the same configuration."""
    port = free_port()
    program = shutil.which("apache2", path=os.environ["PATH"] + ":/usr/sbin")
    assert program is not None
    loads = "".join(
        f"LoadModule {name}_module {MODULES}/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", "proxy", "proxy_http")
    )
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    conf = tmp_path / "apache.conf"  # fastlb's is httpd.conf
    conf.write_text(
        f"ServerRoot {tmp_path}\nServerName test.example\nListen {HOST}:{port}\n"
        f"PidFile httpd.pid\nErrorLog httpd.log\n{loads}{user}{proxied(registry)}"
    )
    with began(tmp_path, port, [program, "-f", str(conf), "-DFOREGROUND"]):
        yield port


@contextmanager
def began(folder: Path, port: int, words: list[str]) -> Iterator[None]:
    """A program that listens, until the block ends."""
    server = ForeignServer(words, [port], folder / f"{port}.log", folder=folder)
    server.start()
    try:
        yield
    finally:
        server.stop()


def npm(folder: Path, port: int, *words: str) -> str:
    """What it says; the client judges what it gets by its hashes."""
    (folder / ".npmrc").write_text(
        f"registry=http://{HOST}:{port}/\n//{HOST}:{port}/:_authToken=any\n"
        "audit=false\nfund=false\nupdate-notifier=false\nprovenance=false\n"
    )
    done = subprocess.run(
        ["npm", *words],
        cwd=folder,
        env={**bare_environment(), "HOME": str(folder), "NO_PROXY": "*", "CI": "1"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def publish(folder: Path, port: int, name: str, **more: object) -> None:
    folder.mkdir()
    told = {"name": name, "version": "1.2.0", "main": "index.js", **more}
    (folder / "package.json").write_text(json.dumps(told))
    (folder / "index.js").write_text(f"module.exports = {name!r} // {FILLING}")
    npm(folder, port, "publish", "--access", "public")


def installed(folder: Path, port: int, name: str) -> dict[str, str]:
    """By package: the hash that npm checked."""
    folder.mkdir()
    (folder / "package.json").write_text('{"name": "site", "private": true}')
    npm(folder, port, "install", name)
    asks = f"console.log(require({name!r}))"
    done = subprocess.run(
        ["node", "-e", asks],
        cwd=folder,
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    assert done.stdout == f"{name}\n"
    lock = json.loads((folder / "package-lock.json").read_text())
    return {
        path.removeprefix("node_modules/"): one["integrity"]
        for path, one in lock["packages"].items()
        if path
    }


@pytest.mark.needs("npm", "verdaccio", "apache2")
def test_npm_publishes_and_installs(
    server: Fastlb, registry: int, apache: int, tmp_path: Path
) -> None:
    server.write(proxied(registry))
    server.start()
    publish(tmp_path / "plain", server.port, "plain-thing")
    publish(
        tmp_path / "scoped",
        server.port,
        "@our/thing",
        dependencies={"plain-thing": "^1.0.0"},
    )
    through_fastlb = installed(tmp_path / "site", server.port, "@our/thing")
    through_httpd = installed(tmp_path / "httpd-site", apache, "@our/thing")
    assert set(through_fastlb) == {"@our/thing", "plain-thing"}
    assert through_fastlb == through_httpd
    shown = npm(tmp_path / "site", server.port, "view", "@our/thing", "--json")
    tarball = json.loads(shown)["dist"]["tarball"]
    assert tarball.startswith(f"http://{HOST}:{server.port}/")
