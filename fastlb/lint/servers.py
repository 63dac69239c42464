"""Servers: sockets that nobody listens on, names that nobody gets, formats unknown."""

from __future__ import annotations

from fastlb.config.tree import Node
from fastlb.model.drafts import Drafts, ServerDraft
from fastlb.model.logformat import JSON
from fastlb.model.report import did_you_mean, place_of


def lint_servers(run: Drafts) -> None:
    """Look over the main server and the virtual hosts."""
    _listeners(run)
    _vhosts(run)
    for server in run.servers:
        _logs(run, server)


def _listeners(run: Drafts) -> None:
    if run.listens or not run.config_file:
        return
    run.report.warn(
        Node("", (), "", run.config_file, 0, 0),
        "FB0206",
        "no Listen stands in the configuration",
        why="the start ends with 'no listening sockets available, shutting down'",
        cure="write Listen 8080",
    )


def _vhosts(run: Drafts) -> None:
    ports = {port for _, port, _, _ in run.listens}
    first_by_name: dict[tuple[str, int | None, str], Node] = {}
    for server in run.vhosts:
        node = server.node
        assert node is not None
        for host, port in server.addresses:
            if port is not None and ports and port not in ports:
                run.report.warn(
                    node,
                    "FB0207",
                    f"nothing listens on port {port} of <VirtualHost {node.raw}>",
                    why="a virtual host opens no socket of its own",
                    cure=f"write Listen {port}",
                )
                continue
            name = (server.settings.get("server_name", "")).lower()
            known = first_by_name.setdefault((host, port, name), node)
            if known is not node and name:
                run.report.warn(
                    node,
                    "FB0208",
                    f"{name} is served by the <VirtualHost> at {place_of(known)}",
                    why="the first with a name wins; this one gets no request for it",
                    cure="merge the two, or give this one another ServerName",
                )


def _logs(run: Drafts, server: ServerDraft) -> None:
    known = {**run.main.formats, **server.formats}
    if run.lenient:
        known.setdefault(JSON, ())
    for log in server.logs:
        name = log.format_text
        if name is None or "%" in name or name in known:
            continue
        run.report.warn(
            log.node,
            "FB0254",
            f"the log format {name!r} is not defined",
            why="each line of the log would be that word",
            cure=did_you_mean(name, known)
            or 'write LogFormat "%h %l %u %t \\"%r\\" %>s %b" ' + name,
            word=name,
        )
