"""Where [P] leads: to members and balancers that are known at start.

What a request alone determines is refused: whoever sends it would choose where it goes.
A host out of a map with a file is one of those that the file holds at start, the name
that a client calls us is one of the virtual host's, and a scheme one of those that
members speak.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from fastlb.config.tree import Node
from fastlb.facts.rewrite import PartKind
from fastlb.facts.rewrite_maps import MapKind, pairs_of
from fastlb.model.drafts import (
    Drafts,
    MappingDraft,
    MemberDraft,
    RewriteTarget,
    ServerDraft,
    balancer_of,
)
from fastlb.model.globs import is_glob
from fastlb.model.report import Mistake
from fastlb.model.resolve_params import NowhereError, direct_params, member_target
from fastlb.model.targets import (
    WEBSOCKET_SCHEMES,
    is_balancer_url,
    split_balancer_url,
)

TARGET_HEAD: Final = re.compile(
    r"((?:unix:[^|$%]*\|)?[A-Za-z][A-Za-z0-9+.-]*://[^/?$%\\]+)(.*)", re.DOTALL
)
"""Scheme and authority of a substitution, as far as they are written."""
TARGET_VARIES: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?\$\{"
    r"|[A-Za-z][A-Za-z0-9+.-]*://%\{(?:HTTP_HOST|SERVER_NAME|HTTP:Host)\}(?:[:/]|$)"
    r"|(?:http|ws)?(?:%\{[^}]*\}|[%$][0-9])://[A-Za-z0-9_.\[-]"
)
"""Substitutions whose scheme or host is one of some that are known."""
OWN_NAMES: Final = frozenset(("HTTP_HOST", "SERVER_NAME", "HTTP:Host"))
SCHEMES: Final = ("http", "https", *WEBSOCKET_SCHEMES)
MAP_HOSTS_MAX: Final = 1000


def bind_targets(run: Drafts) -> None:
    """Give each [P], and each SetHandler, its balancer or member, once all of them are
    known."""
    for server in (run.main, *run.vhosts):
        seen: set[str] = set()
        for target in rewrite_targets(server):
            with run.report.mistakes_at(target.node):
                for url in _urls(server, run.main, target):
                    try:
                        mapping = _mapping(run, server, url, target.node)
                    except NowhereError as mistake:
                        _warn_of_nowhere(run, target.node, mistake)
                        continue
                    if mapping.target not in seen:
                        seen.add(mapping.target)
                        server.rewrite.mappings.append(mapping)
        for draft, node in server.handlers:
            with run.report.mistakes_at(node):
                url = (draft.conf.handler_head or "").partition(":")[2]
                draft.handled = _mapping(run, server, url, node, "SetHandler")


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


def _urls(server: ServerDraft, main: ServerDraft, target: RewriteTarget) -> list[str]:
    """What is written, or what the values of a map make of it."""
    if target.url:
        return [target.url]
    texts = [""]
    for index, part in enumerate(target.parts):
        behind = target.parts[index + 1 : index + 2]
        if behind and behind[0].text.startswith("://") and "://" not in texts[0]:
            texts = [scheme for scheme in SCHEMES if scheme.startswith(texts[0])]
        elif part.kind is PartKind.VARIABLE and part.text in OWN_NAMES:
            texts = [text + name for text in texts for name in _names(server)]
        elif part.kind is PartKind.MAP:
            values = _values(server, main, part.text)
            if part.default and all(p.kind is PartKind.LITERAL for p in part.default):
                values.append("".join(p.text for p in part.default))
            texts = [text + value for text in texts for value in values]
        elif part.kind is PartKind.LITERAL:
            texts = [text + part.text for text in texts]
        else:
            texts = [f"{text}$" for text in texts]  # what follows is the request's
            break
    heads = (TARGET_HEAD.match(text) for text in texts)
    found = list(dict.fromkeys(head[1] for head in heads if head is not None))
    if not found:
        raise Mistake(
            "FB0805",
            "RewriteRule: [P]: the host must be written, or stand in a map with a file",
            why="whoever sends the request would choose where it goes",
            cure="write scheme, host and port",
        )
    return found


def _names(server: ServerDraft) -> list[str]:
    """What the virtual host is called, names that stand for many left out."""
    said = server.settings.get("server_name")
    names = [said.lower()] if said else []
    names += (name for name in server.aliases if not is_glob(name))
    return list(dict.fromkeys(names))


def _values(server: ServerDraft, main: ServerDraft, name: str) -> list[str]:
    """What a look-up in a map can give."""
    known = server.rewrite.maps.get(name) or main.rewrite.maps.get(name)
    if known is None or known.kind in (MapKind.INT, MapKind.PRG):
        return []
    try:
        pairs = pairs_of(known.kind, known.source)
    except (OSError, ValueError) as problem:
        raise Mistake("FB0808", f"RewriteMap {name}: {problem}") from problem
    parts = (part for v in pairs.values() for part in v.decode("latin-1").split("|"))
    values = list(dict.fromkeys(parts))
    if len(values) > MAP_HOSTS_MAX:
        raise Mistake(
            "FB0808",
            f"RewriteMap {name}: more than {MAP_HOSTS_MAX} hosts that [P] may lead to",
            cure="make several maps",
        )
    return values


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
    parsed = member_target(url, name)
    # Such a worker of Apache's keeps no connections, whose URL may be any. Differs from
    # Apache: one that a rule leads to does.
    keeps = run.lenient and name == "RewriteRule"
    is_open = not keeps and parsed.scheme not in WEBSOCKET_SCHEMES
    params = direct_params(server, parsed, disable_reuse=is_open)
    wanted = MemberDraft(parsed, params, node)
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
