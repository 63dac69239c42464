"""What Apache swallows although it cannot work, or not as it was meant.

Everything here is a warning (an error under `-t --strict`) or a note. Sources:
product.md 3, pitfalls.md 1 and 2. `lint_balancers.py` looks at balancers and their
members, `lint_mappings.py` at what goes where, `lint_rules.py` at Header lines,
`lint_tls.py` at certificates, `lint_forward.py` at ProxyRequests; this file at servers.
"""

from __future__ import annotations

from datetime import datetime

from fastlb.config.tree import Node
from fastlb.model.drafts import Run, ServerDraft, TlsLines
from fastlb.model.lint_balancers import lint_balancers
from fastlb.model.lint_forward import lint_forward
from fastlb.model.lint_mappings import lint_mappings
from fastlb.model.report import did_you_mean, place_of
from fastlb.model.targets import TLS_SCHEMES


def lint(run: Run, now: datetime) -> None:
    """Look over all drafts and report. now: for what expires."""
    servers = [run.main, *run.vhosts]
    _listeners(run)
    _vhosts(run)
    for server in servers:
        _logs(run, server)
    lint_balancers(run)
    lint_mappings(run)
    lint_forward(run)
    if _mentions_tls(run):
        # Its libraries are large: whoever has no TLS is spared them
        from fastlb.model.lint_tls import lint_tls

        lint_tls(run, now)


def _mentions_tls(run: Run) -> bool:
    servers = [run.main, *run.vhosts]
    lines = [
        *(server.tls for server in servers),
        *(section.tls for server in servers for section in server.sections),
    ]
    return (
        any(item != TlsLines() for item in lines)
        or any(protocol == "https" for _, _, protocol, _ in run.listens)
        or any(
            member.target.scheme in TLS_SCHEMES
            for server in servers
            for member in (
                *server.workers,
                *(
                    m
                    for balancer in server.balancers.values()
                    for m in balancer.members
                ),
            )
        )
    )


def _listeners(run: Run) -> None:
    if run.listens or not run.config_file:
        return
    run.report.warn(
        Node("", (), "", run.config_file, 0, 0),
        "FB0206",
        "no Listen stands in the configuration",
        why="the start ends with 'no listening sockets available, shutting down'",
        cure="write Listen 8080",
    )


def _vhosts(run: Run) -> None:
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


def _logs(run: Run, server: ServerDraft) -> None:
    known = {**run.main.formats, **server.formats}
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
