"""ProxyPass and ProxyPassReverse lines that cannot work as written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fastlb.facts.vhost import SectionKind
from fastlb.lint.balancer_names import BalancerNames, balancers_named
from fastlb.lint.takers import Takers
from fastlb.model.drafts import (
    ConfDraft,
    Drafts,
    MappingDraft,
    SectionDraft,
    ServerDraft,
)
from fastlb.model.merge import effective_balancer, inherits_passes
from fastlb.model.report import place_of


def lint_mappings(run: Drafts) -> None:
    """Look over the mappings of each server."""
    names = BalancerNames(run)
    for server in run.servers:
        takers = Takers(mappings_of(run, server))
        for mapping in server.every_mapping():
            if mapping.exclude:
                continue
            _undefined(run, server, mapping, names)
            _slashes(run, server, mapping)
            _open_host(run, mapping)
            _joints(run, server, mapping)
        for mapping in (*server.rewrite.mappings, *server.asked, *server.handled()):
            _undefined(run, server, mapping, names)
        _shadowed(run, takers)
        _handlers(run, server, takers)
        _redirects(run, server, takers)
        _reverse_maps(run, server)


def mappings_of(run: Drafts, server: ServerDraft) -> list[MappingDraft]:
    """All that are looked at outside sections, in order."""
    inherits = not server.is_main and inherits_passes(
        run.main, server, run.process.compat
    )
    return [*(run.main.mappings if inherits else ()), *server.mappings]


def _undefined(
    run: Drafts, server: ServerDraft, mapping: MappingDraft, names: BalancerNames
) -> None:
    name = mapping.balancer
    if name is None:
        return
    users = run.servers if server.is_main else [server]
    for user in users:
        found = effective_balancer(run.main, user, name)
        if found is not None and (found.members or found.draft.is_broken):
            return
    section = _section_of(run, server, name)
    draft = server.balancers.get(name)
    if section is not None or (draft is not None and draft.is_defined):
        run.report.warn(
            mapping.node,
            "FB0290",
            f"{name} has no members",
            why="each request is answered with 503 (AH01171)",
            cure=f"write BalancerMember http://host:port inside <Proxy {name}>",
            word=mapping.target,
        )
        return
    elsewhere = name in names.everywhere
    meant = names.meant(server, name)
    run.report.warn(
        mapping.node,
        "FB0291",
        f"{mapping.node.name} to {name}, which is not defined"
        + (" in this server" if elsewhere else ""),
        why="each request is answered with 503 (AH01171)",
        cure="define it here or in the main server"
        if elsewhere
        else f"did you mean {meant}?"
        if meant
        else f"write <Proxy {name}> with a BalancerMember in it",
        word=name,
    )


def _section_of(run: Drafts, server: ServerDraft, name: str) -> SectionDraft | None:
    for section in run.sections_of(server):
        if section.kind is SectionKind.PROXY and section.pattern.rstrip("/") == name:
            return section
    return None


def _slashes(run: Drafts, server: ServerDraft, mapping: MappingDraft) -> None:
    pattern, path = mapping.pattern, mapping.target_path
    if mapping.is_regex or pattern.endswith("/") == path.endswith("/"):
        return
    if path.endswith(";"):  # of another server's language: FB0165
        return
    node = mapping.node
    written = mapping.target
    if mapping.balancer is not None and not path:
        run.report.warn(
            node,
            "FB0292",
            f"{written} without its slash behind {pattern}",
            why="Apache takes what follows for a part of the balancer's name and"
            " answers 500 to each request (AH01144); here the slash is put in",
            cure=f"write {written}/",
            word=written,
            instead=f"{written}/",
        )
        return
    probe = pattern + ("x" if pattern.endswith("/") else "/x")
    result = path + probe[len(pattern) :]
    if mapping.member is not None and not path:
        why = f"Apache asks for the host {mapping.member.target.host}x when {probe} is"
        why += " asked for; here the slash is put in"
    else:
        why = f"{probe} becomes {result}"
    run.report.warn(
        node,
        "FB0293",
        f"exactly one of {pattern} and {written} ends with a slash",
        why=why,
        cure=f"write {written}/"
        if pattern.endswith("/")
        else f"write {pattern}/ or leave out the last slash of {written}",
        word=written,
        instead=f"{written}/" if pattern.endswith("/") else None,
    )


def _open_host(run: Drafts, mapping: MappingDraft) -> None:
    """`^/(.*)$ http://h$1`: what the client writes would continue the host name."""
    if mapping.member is None or not mapping.target_path.startswith("$"):
        return
    group = re.search(r"(?<!\\)\((?!\?)(.)", mapping.pattern)
    if group is not None and group[1] == "/":
        return
    run.report.warn(
        mapping.node,
        "FB0294",
        f"{mapping.target}: there is no slash between the host and"
        f" {mapping.target_path[:2]}",
        why="in Apache the client could choose the host; here a slash is put in",
        cure=mapping.target.replace("$", "/$", 1),
        word=mapping.target,
        instead=mapping.target.replace("$", "/$", 1),
    )


def _joints(run: Drafts, server: ServerDraft, mapping: MappingDraft) -> None:
    """Member URL with a final slash: the path of the mapping begins with one too."""
    name, path = mapping.balancer, mapping.target_path
    if name is None:
        return
    found = effective_balancer(run.main, server, name)
    for member in found.members if found is not None else ():
        if member.target.path.endswith("/") and (not path or path[0] in "/$"):
            sent = member.target.path + (path if path[:1] == "/" else "/")
            run.report.warn(
                member.node,
                "FB0295",
                f"{member.target.url} ends with a slash and so does its part of"
                f" {mapping.node.name} at {place_of(mapping.node)}",
                why=f"the member is asked for {sent}x, with two slashes",
                cure=f"write {member.target.url.rstrip('/')}",
                word=member.target.path,
            )


def _shadowed(run: Drafts, takers: Takers) -> None:
    for place, later in enumerate(takers.ordered):
        if later.is_regex:
            continue
        first = takers.first(later.pattern, before=place)
        if first is not None:
            run.report.warn(
                later.node,
                "FB0296",
                f"{later.node.name} {later.pattern} can never match: before it"
                f" comes {first.node.name} {first.pattern} at"
                f" {place_of(first.node)}",
                why="the first match wins",
                cure="move this line before that one",
                word=later.pattern,
            )


def _handlers(run: Drafts, server: ServerDraft, takers: Takers) -> None:
    for section in server.sections:
        handler = section.draft.conf.handler
        if handler in (None, "none") or section.is_regex or section.is_glob:
            continue
        taker = takers.first(section.pattern)
        if taker is not None and not taker.exclude:
            run.report.note(
                section.node,
                "FB0297",
                f"{section.pattern} is proxied by {taker.node.name} {taker.pattern} at"
                f" {place_of(taker.node)}, so that SetHandler"
                f" {getattr(handler, 'text', handler)} is not reached",
                cure=f"write ProxyPass {section.pattern} ! before that line",
            )


def _redirects(run: Drafts, server: ServerDraft, takers: Takers) -> None:
    for rule in server.default.conf.redirects:
        if rule.is_regex or not rule.pattern:
            continue
        taker = takers.first(rule.pattern)
        if taker is None or taker.exclude:
            continue
        run.report.warn(
            taker.node,
            "FB0298",
            f"{taker.node.name} {taker.pattern} comes before Redirect {rule.pattern},"
            " which never fires",
            why="outside sections ProxyPass is looked at first",
            cure=f"put the Redirect inside <Location {rule.pattern}>",
        )


def _reverse_maps(run: Drafts, server: ServerDraft) -> None:
    confs = [server.default, *(s.draft for s in server.sections)]
    for conf in confs:
        seen: dict[tuple[str, str], ConfDraft] = {}
        for line in conf.reverse_maps:
            key = (line.path, line.url)
            if key not in seen:
                seen[key] = conf
                continue
            first = next(r for r in conf.reverse_maps if (r.path, r.url) == key)
            missing = _without_reverse(run, server, conf)
            run.report.warn(
                line.node,
                "FB0299",
                f"the same line stands at {place_of(first.node)}",
                why=f"{missing[0]} has none: its redirects reach the client unchanged"
                if missing
                else "the second is never looked at",
                cure=f"write ProxyPassReverse {line.path} {missing[0]}"
                if missing
                else "remove it",
            )


def _without_reverse(run: Drafts, server: ServerDraft, conf: ConfDraft) -> list[str]:
    """Members of the server's balancers that no ProxyPassReverse names."""
    urls = [line.url for line in conf.reverse_maps]
    if any(line.balancer for line in conf.reverse_maps):
        return []
    missing: list[str] = []
    for name in sorted(balancers_named(server)):
        found = effective_balancer(run.main, server, name)
        members = found.members if found is not None else []
        bare = [m.target.url for m in members if not _named(m.target.url, urls)]
        if len(bare) < len(members):
            missing += bare
    return missing


def _named(url: str, urls: Iterable[str]) -> bool:
    return any(text.rstrip("/") == url.rstrip("/") for text in urls)
