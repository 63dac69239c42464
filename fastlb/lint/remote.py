"""ProxyRemote: what cannot be reached through another proxy."""

from __future__ import annotations

from collections.abc import Iterator

from fastlb.config.tree import Node
from fastlb.model.drafts import Drafts, ServerDraft
from fastlb.model.report import place_of
from fastlb.model.resolve_remote import (
    HTTP,
    asks_for_a_part,
    line_for,
    lines_of,
    members_of,
)

NUMBER = "FB0116"


def lint_remote(run: Drafts) -> None:
    """Each line that cannot be served, once for each reason."""
    said: set[tuple[int, str]] = set()
    for node, text, why, cure in (
        one for server in run.servers for one in _faults(run, server)
    ):
        if (id(node), text) not in said:
            said.add((id(node), text))
            run.report.error(node, NUMBER, f"{node.name}: {text}", why=why, cure=cure)


def _faults(run: Drafts, server: ServerDraft) -> Iterator[tuple[Node, str, str, str]]:
    """Line, sentence, why, cure."""
    lines = lines_of(run, server)
    members = members_of(run, server)
    for node in lines:
        for target in (member.target for member in members):
            if asks_for_a_part(node, target):
                yield (
                    node,
                    f"only some requests of {target.url} would go through it",
                    "a member is reached in one way",
                    "write scheme, host and port of the member",
                )
    heirs = run.heirs(server)
    if lines and any(user.settings.get("proxy_requests") for user in heirs):
        yield (
            lines[0],
            "what a CONNECT asks for is not reached through another proxy",
            "ProxyRequests is On",
            "let clients use that proxy, or leave ProxyRequests Off",
        )
    for member in members:
        target = member.target
        line = line_for(run, server, target)
        if line is not None and member.params["proxy_protocol"]:
            yield (
                member.node,
                f"proxyprotocol= of {target.url} would be said to the proxy before it",
                f"{line.name} at {place_of(line)} puts one there",
                "leave out proxyprotocol=, or name the host of the member in NoProxy",
            )
        if line is not None and target.scheme not in HTTP:
            yield (
                line,
                f"a member at {target.scheme}: is not reached through another proxy",
                target.url,
                "name the members that it is for, or write NoProxy",
            )
