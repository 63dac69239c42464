"""Rewriting, merged: what a virtual host inherits, and where [P] leads.

As httpd merges: options that are not said are inherited, rules only where an option
says so; a host in which no line of mod_rewrite stands has none.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastlb.facts.mapping import Mapping
from fastlb.facts.rewrite import RewriteDir, RewriteRule, RewriteServer
from fastlb.model.drafts import (
    Drafts,
    MappingDraft,
    MemberDraft,
    RewriteDraft,
    RewriteTarget,
    ServerDraft,
    balancer_of,
)
from fastlb.model.resolve_params import direct_params, member_target
from fastlb.model.targets import (
    WEBSOCKET_SCHEMES,
    is_balancer_url,
    split_balancer_url,
)


def bind_targets(run: Drafts) -> None:
    """Give each [P] its balancer or member, once all of them are known."""
    for server in (run.main, *run.vhosts):
        seen: set[str] = set()
        for target in rewrite_targets(server):
            with run.report.mistakes_at(target.node):
                mapping = _mapping(run, server, target)
                if mapping.target not in seen:
                    seen.add(mapping.target)
                    server.rewrite.mappings.append(mapping)


def rewrite_targets(server: ServerDraft) -> Iterable[RewriteTarget]:
    """Where the rules of a server and of its sections lead."""
    yield from server.rewrite.targets
    for section in server.sections:
        if section.draft.rewrite is not None:
            yield from section.draft.rewrite.targets


def _mapping(run: Drafts, server: ServerDraft, target: RewriteTarget) -> MappingDraft:
    draft = MappingDraft("/", False, target.url, target.node)
    if is_balancer_url(target.url):
        draft.balancer, _ = split_balancer_url(target.url)
        draft.target = draft.balancer
        balancer_of(server, draft.balancer, target.node)
        return draft
    parsed = member_target(target.url, "RewriteRule")
    # Such a worker of Apache's keeps no connections, whose URL may be any.
    is_open = not run.lenient and parsed.scheme not in WEBSOCKET_SCHEMES
    params = direct_params(server, parsed, disable_reuse=is_open)
    wanted = MemberDraft(parsed, params, target.node)
    for owner in (server, run.main):
        for member in owner.direct_members:
            if member.target.authority_url == parsed.authority_url:
                draft.member = member
                draft.target = parsed.authority_url
                return draft
    server.direct_members.append(wanted)
    draft.member = wanted
    draft.target = parsed.authority_url
    return draft


def rewrite_dir(draft: RewriteDraft | None) -> RewriteDir | None:
    """What a section says; None: nothing."""
    if draft is None or not draft.is_touched:
        return None
    return RewriteDir(
        engine=draft.engine,
        options=frozenset(draft.options) if draft.has_options else None,
        base=draft.base,
        directory=draft.directory,
        rules=tuple(draft.rules),
    )


def rewrite_server(
    main: ServerDraft, server: ServerDraft, targets: tuple[Mapping, ...]
) -> RewriteServer | None:
    """The rules of a server with those it inherits; None: it has nothing of it."""
    base, own = main.rewrite, server.rewrite
    touched = (main, server)
    if not any(
        one.rewrite.is_touched or any(s.draft.rewrite for s in one.sections)
        for one in touched
    ):
        return None
    engine = base.engine if own.engine is None else own.engine
    options = own.options if own.has_options else base.options
    rules: list[RewriteRule] = list(own.rules)
    if not server.is_main:
        rules = _inherited(base, own, options)
    return RewriteServer(bool(engine), frozenset(options), tuple(rules), targets)


def _inherited(
    base: RewriteDraft, own: RewriteDraft, options: set[str]
) -> list[RewriteRule]:
    if not own.is_touched:
        return []
    downwards = base.options if "ignoreinherit" not in options else set()
    if "inherit" in options or "inheritdown" in downwards:
        return [*own.rules, *base.rules]
    if "inheritbefore" in options or "inheritdownbefore" in downwards:
        return [*base.rules, *own.rules]
    return list(own.rules)
