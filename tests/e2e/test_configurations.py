"""Configurations of real applications: taken, answered as httpd does, and explained.

Each of tests/corpus/configurations/ is served by a worker with stand-ins for what it
names; every request must bring what httpd brought, as record_configurations.py there
has written it down, and go the way that `fastlb explain` tells.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peers import HOST
from rig import START_DEADLINE_S, RigServer

from fastlb.cli.explain.asked import Asked
from fastlb.cli.explain.standing import Standing, stand
from fastlb.cli.explain.way import Way, way_of
from fastlb.master.loading import Source, load

CORPUS = Path(__file__).parents[1] / "corpus"
sys.path.insert(0, str(CORPUS))

from stage import Stage, lines_of  # noqa: E402 - found through the line above

CONFIGURATIONS = sorted((CORPUS / "configurations").glob("*.conf"))


@contextlib.contextmanager
def serving(server: RigServer, stage: Stage) -> Iterator[str]:
    """A worker with that configuration; the path of its file."""
    conf = stage.folder / "httpd.conf"
    conf.write_text(
        f'ServerRoot "{stage.folder}"\nErrorLog "{stage.folder}/logs/error.log"\n'
        f"Define APACHE_LOG_DIR {stage.folder}/logs\nServerName stage.example.org\n"
        f"{stage.laid}"
    )
    control = socket.socket(socket.AF_UNIX)
    control.settimeout(START_DEADLINE_S)
    control.connect(server.path)
    order = {
        "conf": str(conf),
        "folder": str(stage.folder),
        "stderr": str(stage.folder / "stderr"),
        "names": {},
    }
    with control, control.makefile("rb") as replies:
        control.sendall(json.dumps(order).encode() + b"\n")
        said = json.loads(replies.readline() or b"{}")
        assert "pid" in said, said.get("refused", "the worker is lost")
        yield str(conf)
        control.sendall(b"end\n")
        assert json.loads(replies.readline()) == {"bye": True}


def explained(standing: Standing, stage: Stage, spec: dict[str, Any]) -> Way:
    scheme, _, rest = spec["url"].partition("://")
    authority, _, path = rest.partition("/")
    host, _, port = authority.partition(":")
    own = stage.ports[port or {"http": "80", "https": "443"}[scheme]]
    asked = Asked(
        f"{scheme}://{host}:{own}/{path}",
        method=spec.get("method", "GET"),
        fields=tuple(lines_of(spec)),
        client=HOST,
        local=HOST,
    )
    return way_of(standing, asked)


def test_there_are_many() -> None:
    assert len(CONFIGURATIONS) >= 120
    for path in CONFIGURATIONS:
        spec = json.loads(path.with_suffix(".json").read_text())
        assert spec["after"]
        assert all("httpd" in request for request in spec["requests"]), path.stem


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_a_configuration_is_served_as_httpd_serves_it(
    rig_server: RigServer, tmp_path: Path, path: Path
) -> None:
    spec = json.loads(path.with_suffix(".json").read_text())
    stage = Stage(path.read_text(), tmp_path, spec.get("files", {}))
    try:
        with serving(rig_server, stage) as conf:
            loaded = load(Source(conf, str(tmp_path), (), (), (), {}))
            assert loaded.model is not None, loaded.diagnostics
            standing = stand(loaded.model, loaded.tree)
            for request in spec["requests"]:
                played = stage.play(request)
                case = f"{request.get('method', 'GET')} {request['url']}"
                assert played == {**request["httpd"], **request.get("ours", {})}, case
                agrees(explained(standing, stage, request), played, stage, request)
    finally:
        stage.end()


def agrees(
    way: Way, played: dict[str, Any], stage: Stage, spec: dict[str, Any]
) -> None:
    """What was explained is what has happened."""
    case = f"{spec['url']}: {way}"
    assert (way.outcome == "member") is ("asked" in played), case
    if way.outcome != "member":
        assert way.status == played["status"], case
        if way.outcome == "redirect":
            assert f"Location: {stage.written(way.goes_to)}" in played["fields"], case
        return
    start, *fields = way.sent
    assert stage.written(start) == f"{played['asked']} HTTP/1.1", case
    sent = [line.partition(": ") for line in fields]
    told = sorted(
        stage.written(f"{name.lower()}: {value.strip()}")
        for name, _, value in sent
        if name.lower() != "connection"
    )
    assert told == played["saw"], case
