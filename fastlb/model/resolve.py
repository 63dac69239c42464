"""Resolve: the tree becomes the model.

The nodes are walked once, in file order; each directive's handler puts what it says
into a draft (`drafts.py`). The drafts are looked over (`lint/check.py`), merged and
frozen (`freeze.py`). Complaints are collected, so that the operator reads all of them
in one run.

    resolve.py --+-- resolve_server.py   scalars of process, server, section
                 +-- resolve_vhosts.py   Listen, <VirtualHost>, names
                 +-- resolve_mappings.py ProxyPass, ProxyPassMatch
                 +-- resolve_members.py  <Proxy>, BalancerMember, ProxySet
                 +-- resolve_health.py   ProxyHCExpr, ProxyHCTemplate, hcmethod=
                 +-- resolve_rules.py    Header, RequestHeader, SetEnv, SetEnvIf
                 +-- resolve_answers.py  ProxyPassReverse, Redirect, ErrorDocument
                 +-- resolve_filters.py  SetOutputFilter, AddOutputFilterByType
                 +-- resolve_html.py     ProxyHTML*
                 +-- resolve_rewrite.py  RewriteRule and its kin
                 +-- resolve_access.py   Require, Order
                 +-- resolve_providers.py AuthBasicProvider, <AuthnProviderAlias>
                 +-- resolve_labels.py   mod_mime, mod_expires
                 +-- resolve_ldap.py     AuthLDAP*
                 +-- resolve_elsewhere.py AuthRequest
                 +-- resolve_files.py    <Directory>, <Files>, Alias, DirectoryIndex
                 +-- resolve_listing.py  IndexOptions, IndexIgnore, AddIcon
                 +-- resolve_gateways.py  ProxyFCGISetEnvIf
                 +-- resolve_logs.py     CustomLog, LogFormat, LogLevel
                 +-- resolve_remoteip.py RemoteIP*
                 +-- resolve_tls.py      SSL*, SSLProxy*, AllowCONNECT
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from fastlb.base.addresses import look_up
from fastlb.config.tree import Node, Tree
from fastlb.facts.regex import GROUPS_MAX
from fastlb.facts.vhost import SectionKind
from fastlb.facts.words import Compat
from fastlb.model import (
    resolve_access,
    resolve_answers,
    resolve_elsewhere,
    resolve_files,
    resolve_filters,
    resolve_gateways,
    resolve_health,
    resolve_html,
    resolve_labels,
    resolve_ldap,
    resolve_listing,
    resolve_logs,
    resolve_mappings,
    resolve_members,
    resolve_providers,
    resolve_remote,
    resolve_remoteip,
    resolve_rewrite,
    resolve_rules,
    resolve_server,
    resolve_tls,
    resolve_vhosts,
)
from fastlb.model.drafts import (
    ConfDraft,
    Drafts,
    Handler,
    IfDraft,
    Place,
    SectionDraft,
)
from fastlb.model.expressions import taken
from fastlb.model.globs import is_glob
from fastlb.model.proxy_sections import without_usual_port
from fastlb.model.rejoin import rejoin
from fastlb.model.report import Mistake, Report
from fastlb.model.resolve_elsewhere import bind_asked
from fastlb.model.resolve_params import balancer_target
from fastlb.model.resolve_tls import check_sections
from fastlb.model.rewrite_targets import bind_targets
from fastlb.model.targets import is_balancer_url

HANDLERS: Final[dict[str, Handler]] = {
    **resolve_server.HANDLERS,
    **resolve_vhosts.HANDLERS,
    **resolve_mappings.HANDLERS,
    **resolve_members.HANDLERS,
    **resolve_health.HANDLERS,
    **resolve_rules.HANDLERS,
    **resolve_answers.HANDLERS,
    **resolve_filters.HANDLERS,
    **resolve_html.HANDLERS,
    **resolve_rewrite.HANDLERS,
    **resolve_access.HANDLERS,
    **resolve_providers.HANDLERS,
    **resolve_labels.HANDLERS,
    **resolve_ldap.HANDLERS,
    **resolve_elsewhere.HANDLERS,
    **resolve_files.HANDLERS,
    **resolve_listing.HANDLERS,
    **resolve_gateways.HANDLERS,
    **resolve_logs.HANDLERS,
    **resolve_remoteip.HANDLERS,
    **resolve_tls.HANDLERS,
    **resolve_remote.HANDLERS,
}

_SECTIONS: Final = {
    "location": SectionKind.LOCATION,
    "locationmatch": SectionKind.LOCATION_MATCH,
    "proxy": SectionKind.PROXY,
    "proxymatch": SectionKind.PROXY_MATCH,
}
_MAY_BE_EMPTY: Final = (
    *("proxypass", "proxypassmatch", "balancermember", "proxyset"),
    *("requireall", "requireany", "requirenone", "sslrequiressl", "sslrequire"),
)
"""Directives without words, or whose handlers count them."""


def draft(
    tree: Tree,
    *,
    lenient: bool,
    environ: Mapping[str, str],
    cpu_count: int,
    lookup: Callable[[str], tuple[str, ...]] = look_up,
) -> Drafts:
    """What a tree says, in drafts; what is wrong with it is in the run's report.

    lenient     take the mistakes of published guides whose meaning is plain, with a
                warning; False: refuse them as Apache does (`Compat apache`)
    environ     for PassEnv
    cpu_count   the default of StartServers
    lookup      resolves names in <VirtualHost> and Listen
    """
    run = Drafts(
        report=Report(),
        lenient=lenient,
        environ=environ,
        cpu_count=cpu_count,
        server_root=tree.server_root,
        config_file=tree.files[0][0] if tree.files else "",
        modules=tree.modules,
        lookup=lookup,
    )
    if not lenient:
        run.process.values["compat"] = Compat.APACHE
    main = Place(run.main, run.main.default)
    _walk(run, main, tree.nodes)
    bind_asked(run)
    check_sections(run)
    bind_targets(run)
    return run


def _walk(run: Drafts, place: Place, nodes: tuple[Node, ...]) -> None:
    if run.lenient and place.section is None:
        nodes = rejoin(nodes, run.report)
    for node in nodes:
        with run.report.mistakes_at(node):
            _take(run, place, node)


def _take(run: Drafts, place: Place, node: Node) -> None:
    name = node.name.lower()
    if name == "virtualhost":
        server = resolve_vhosts.virtual_host(run, node)
        run.vhosts.append(server)
        _walk(run, Place(server, server.default), node.children)
    elif name in _SECTIONS:
        _section(run, place, node, _SECTIONS[name])
    elif name in ("if", "elseif", "else"):
        _if(run, place, node)
    elif name in ("limit", "limitexcept"):
        _limit(run, place, node)
    elif name in resolve_providers.ALIASES:
        resolve_providers.alias(run, place, node, _walk)
    elif name in resolve_files.KINDS:
        resolve_files.section(run, place, node, _walk)
    else:
        handler = HANDLERS.get(name)
        # Whatever has no handler was explained or refused by the registry
        if handler is not None and (node.args or name in _MAY_BE_EMPTY):
            handler(run, place, node)
            place.draft.note_line(node)


def _limit(run: Drafts, place: Place, node: Node) -> None:
    """<Limit>, <LimitExcept>: what is within them is said for some methods."""
    draft = place.draft
    before = draft.limits
    draft.limits = (*before, resolve_access.method_limit(node))
    _walk(run, place, node.children)
    draft.limits = before


def _if(run: Drafts, place: Place, node: Node) -> None:
    """<If>, <ElseIf>, <Else>; the last two continue the one before them."""
    is_else = node.name.lower() != "if"
    before = place.draft.ifs[-1] if place.draft.ifs else None
    if is_else and (before is None or before.condition is None):
        raise Mistake(
            "FB0304",
            "<Else> or <ElseIf> section without previous <If> or <ElseIf> section in"
            " same scope",
        )
    if place.draft.limits:
        raise Mistake(
            "FB0304",
            f"<{node.name}> within <Limit> is not supported",
            cure="write the <Limit> within it",
        )
    condition = None
    if node.name.lower() != "else":
        words = "Cannot parse condition clause: "
        condition = taken(run, node, node.args[0], number="FB0304", words=words)
    item = IfDraft(condition, is_else, ConfDraft(), node)
    place.draft.ifs.append(item)
    section = SectionDraft(SectionKind.IF, "", False, False, item.draft, node)
    inner = replace(place, draft=item.draft, section=section)
    _walk(run, inner, node.children)


def _section(run: Drafts, place: Place, node: Node, kind: SectionKind) -> None:
    words = list(node.args)
    is_regex = kind in (SectionKind.LOCATION_MATCH, SectionKind.PROXY_MATCH)
    if words and words[0] == "~":
        del words[0]
        is_regex = True
    if not words:
        raise Mistake("FB0203", f"<{kind.value} > block must specify a path")
    pattern = words[0]
    if is_regex:
        complaint = "Regex could not be compiled"
        names = run.take_regex(node, pattern, complaint=complaint).names
        for name, number in names:
            if number > GROUPS_MAX:
                raise Mistake(
                    "FB0222",
                    f"The group {name} is number {number} of its expression",
                    why=f"groups up to {GROUPS_MAX} can set a variable",
                    cure="write (?: for groups that nothing refers to",
                    word=pattern,
                )
    draft = SectionDraft(
        kind=kind,
        pattern=pattern,
        is_regex=is_regex,
        is_glob=not is_regex and is_glob(pattern),
        draft=ConfDraft(),
        node=node,
    )
    balancer = None
    if kind is SectionKind.PROXY and is_balancer_url(pattern) and not draft.is_glob:
        balancer, path = balancer_target(pattern, "<Proxy>")
        # The name is compared in lower case, as it is kept everywhere else
        draft.pattern = balancer + path
    elif kind is SectionKind.PROXY and not is_regex:
        draft.pattern = without_usual_port(pattern)
    inner = Place(place.server, draft.draft, draft, balancer)
    place.server.sections.append(draft)
    if kind is SectionKind.PROXY:
        with run.report.mistakes_at(node):
            said = replace(node, args=(pattern, *words[1:]))
            resolve_members.section_params(run, inner, said)
    _walk(run, inner, node.children)
