"""Where [P] leads: to members and balancers that are known at start.

What a request alone determines is refused: whoever sends it would choose where it goes.
rewrite_hosts.py tells what a request can choose from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fastlb.config.tree import Node
from fastlb.model.drafts import (
    Drafts,
    MappingDraft,
    MemberDraft,
    RewriteTarget,
    ServerDraft,
    balancer_of,
)
from fastlb.model.resolve_params import (
    NowhereError,
    direct_params,
    located,
    member_target,
)
from fastlb.model.rewrite_hosts import urls_of
from fastlb.model.targets import (
    WEBSOCKET_SCHEMES,
    at_its_root,
    is_balancer_url,
    split_balancer_url,
)


def bind_targets(run: Drafts) -> None:
    """Give each [P], and each SetHandler, its balancer or member, once all of them are
    known."""
    for server in (run.main, *run.vhosts):
        known: dict[str, MappingDraft] = {}
        for target in rewrite_targets(server):
            with run.report.mistakes_at(target.node):
                found = dict(_leads_to(run, server, target))
                rule = target.rules[target.at]
                target.rules[target.at] = replace(rule, targets=tuple(found))
                known = {**found, **known}
        server.rewrite.mappings += known.values()
        for draft, node in server.handlers:
            with run.report.mistakes_at(node):
                url = (draft.conf.handler_head or "").partition(":")[2]
                draft.handled = _mapping(run, server, url, node, "SetHandler")


def _leads_to(
    run: Drafts, server: ServerDraft, target: RewriteTarget
) -> Iterable[tuple[str, MappingDraft]]:
    urls = urls_of(run, server, target)
    if not urls:
        nowhere = NowhereError(
            "FB0812",
            "RewriteRule: [P]: the host comes from a map that holds none",
            cure="write hosts into its file, and reload",
        )
        _warn_of_nowhere(run, target.node, nowhere)
    for url in urls:
        try:
            mapping = _mapping(run, server, url, target.node)
        except NowhereError as mistake:
            _warn_of_nowhere(run, target.node, mistake)
            continue
        yield mapping.target, mapping


def _warn_of_nowhere(run: Drafts, node: Node, mistake: NowhereError) -> None:
    """As httpd, which looks at it when a request comes: there may never be one."""
    run.report.warn(
        node,
        "FB0812",
        str(mistake),
        why="each request that comes by it gets 500",
        cure=mistake.details.get("cure", ""),
    )


def rewrite_targets(server: ServerDraft) -> Iterable[RewriteTarget]:
    """Where the rules of a server and of its sections lead."""
    yield from server.rewrite.targets
    for section in server.sections:
        if section.draft.rewrite is not None:
            yield from section.draft.rewrite.targets


def _mapping(
    run: Drafts,
    server: ServerDraft,
    url: str,
    node: Node,
    name: str = "RewriteRule",
) -> MappingDraft:
    draft = MappingDraft("/", False, url, node)
    if is_balancer_url(url):
        draft.balancer, _ = split_balancer_url(url)
        draft.target = draft.balancer
        balancer_of(server, draft.balancer, node)
        return draft
    asked = member_target(url, name)
    draft.target = asked.authority_url
    parsed = located(run, server, asked)
    # Such a worker of Apache's keeps no connections, whose URL may be any. Differs from
    # Apache: one that a rule leads to does.
    keeps = run.lenient and name == "RewriteRule"
    is_open = not keeps and parsed.scheme not in WEBSOCKET_SCHEMES
    params = direct_params(run, server, at_its_root(parsed), disable_reuse=is_open)
    wanted = MemberDraft(parsed, params, node)
    for owner in (server, run.main):
        for member in owner.direct_at.get(parsed.authority_url, ()):
            draft.member = member
            return draft
    server.add_direct(wanted)
    draft.member = wanted
    return draft
