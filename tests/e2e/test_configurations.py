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

from fastlb.base.masking import masked_field
from fastlb.cli.explain.asked import Asked
from fastlb.cli.explain.standing import Standing, stand
from fastlb.cli.explain.way import Way, way_of
from fastlb.facts.server import Model
from fastlb.facts.vhost import Line
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
        f'DocumentRoot "{stage.folder}/none"\n'
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
            for request in mappings_asked(standing.model, stage):
                way = explained(standing, stage, request)
                agrees(way, stage.play(request), stage, request)
                assert request["mapping"] in named(way), f"{request}: {way}"
    finally:
        stage.end()


def mappings_asked(model: Model, stage: Stage) -> Iterator[dict[str, Any]]:
    """A request for each ProxyPass: one whose path begins as it says; of a regular
    expression (which nobody can turn round) for the root."""
    written = {int(own): port for port, own in stage.ports.items()}
    for vhost in model.vhosts:
        ports = [
            listener.port
            for entry in model.address_sets
            for listener in model.listeners
            if vhost.index in entry.vhosts and entry.port in (None, listener.port)
        ]
        if vhost.index == 0 and not vhost.file:
            ports = [listener.port for listener in model.listeners]
        for port in [port for port in ports if port in written][:1]:
            scheme = "https" if vhost.tls is not None else "http"
            origin = f"{scheme}://{vhost.server_name}:{written[port]}"
            inside = [section.conf.mapping for section in vhost.sections]
            for mapping in (*vhost.mappings, *(m for m in inside if m is not None)):
                path = "/" if mapping.is_regex else mapping.pattern
                yield {
                    "url": f"{origin}{path}{'' if path.endswith('/') else '/'}x",
                    "mapping": (mapping.file, mapping.line),
                }


def named(way: Way) -> set[Line]:
    """Places of all that was said of mappings; of a request that never came so far (it
    was moved, or is not allowed) whatever is asked for."""
    told = [step for step in way.steps if step.kind == "mapping"]
    if not told or way.outcome != "member":
        return Anything()
    return {line for step in told for line in (step.line, *(s.line for s in step.lost))}


class Anything(set[Line]):
    def __contains__(self, _: object) -> bool:
        return True


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
    has_places(way)
    start, *fields = way.sent
    assert stage.written(start) == f"{played['asked']} HTTP/1.1", case
    sent = [line.partition(": ") for line in fields]
    told = sorted(
        stage.written(f"{name.lower()}: {value.strip()}")
        for name, _, value in sent
        if name.lower() != "connection"
    )
    assert told == sorted(map(masked_field, played["saw"])), case
    names = {line.partition(":")[0] for line in played["saw"]}
    for step in way.steps:
        if step.kind == "request head" and step.text.startswith("without "):
            assert step.text.removeprefix("without ").lower() not in names, case


def has_places(way: Way) -> None:
    """Whatever a line of the configuration has decided says which."""
    for step in way.steps:
        if step.kind in ("listener", "section", "rewrite", "mapping", "balancer"):
            assert step.line[1] or step.text in ("none", "nothing more"), step
        if step.kind in ("session", "member", "request header", "redirect"):
            assert step.line[1], step
        if step.kind == "member":
            assert step.state in ("", "ok"), step
            assert all(item.why and item.line[1] for item in step.lost), step
