"""ProxyRequests On: a server that connects its clients to others.

Of a forward proxy only CONNECT is served. Who may use it is what `<Proxy>` sections
say about a target "host:port": <Location> does not hold for CONNECT, in Apache (as
observed) or here, since there is no path to compare.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastlb.config.tree import Node
from fastlb.facts.rules import AccessOp, AccessRule, MethodLimit, OldAccess, OldWord
from fastlb.facts.vhost import SectionKind
from fastlb.facts.words import Order, Satisfy, Word
from fastlb.model.drafts import Drafts, SectionDraft, ServerDraft
from fastlb.model.proxy_sections import section_matches
from fastlb.model.resolve_access import access_rule

_ANY_TARGET = "192.0.2.1:443"  # an address that no section names (RFC 5737)


def lint_forward(run: Drafts) -> None:
    """Each server that writes ProxyRequests On, or ProxyBlock with it."""
    for server in run.servers:
        node = server.forward
        if node is None or server.settings.get("proxy_requests") is not True:
            continue
        # Whoever writes for which ports CONNECT is, means CONNECT
        knows = server.connect_ports or run.main.connect_ports
        say = run.report.note if knows else run.report.warn
        say(
            node,
            "FB0286",
            "of a forward proxy only CONNECT is served",
            why="a GET of another server's http:// URL is refused",
            cure="write AllowCONNECT 443 563 where that is meant",
        )
        if not any(_guards(item) for item in run.sections_of(server)):
            _open(run, server, node)
    for server in run.servers:
        for node in server.proxy_blocks:
            if any(user.settings.get("proxy_requests") for user in run.heirs(server)):
                run.report.error(
                    node,
                    "FB0287",
                    "ProxyBlock is not served, and ProxyRequests is On",
                    why="ignoring it would open what it blocks",
                    cure="write Require all denied inside <Proxy host:port>",
                )


def _guards(section: SectionDraft) -> bool:
    """A <Proxy> for any target that does not let everybody in by a CONNECT."""
    if not section.is_proxy or section_matches(section, _ANY_TARGET) is not True:
        return False
    rule = access_rule(section.draft)
    old = section.draft.conf.old_access
    asks = rule is not None and not _admits(rule)
    if old is None:
        return asks
    if _said(old.satisfies, Satisfy.ALL) is Satisfy.ANY:
        return asks and not _admits_old(old)
    return asks or not _admits_old(old)


def _holds(limits: Sequence[MethodLimit]) -> bool:
    """Is what stands within these <Limit>s said for CONNECT?"""
    return all(("CONNECT" in limit.names) is not limit.others for limit in limits)


def _applies(rule: AccessRule) -> bool:
    if rule.rules:
        return any(map(_applies, rule.rules))
    return _holds(rule.limits)


def _admits(rule: AccessRule) -> bool:
    """Does it let in whoever sends a CONNECT?"""
    if not _applies(rule):
        return True
    if rule.op is AccessOp.ANY_OF:
        return any(_admits(inner) for inner in rule.rules if _applies(inner))
    if rule.op is AccessOp.ALL_OF:
        return all(map(_admits, rule.rules))
    return rule.op is AccessOp.GRANTED and not rule.negated


def _said(words: Sequence[OldWord], usual: Word) -> Word:
    return next((word.word for word in reversed(words) if _holds(word.limits)), usual)


def _admits_old(old: OldAccess) -> bool:
    everybody = any(
        rule.op is AccessOp.GRANTED and _holds(rule.limits) for rule in old.allow
    )
    denies = any(_holds(rule.limits) for rule in old.deny)
    if _said(old.orders, Order.DENY_ALLOW) is Order.DENY_ALLOW:
        return everybody or not denies
    return everybody and not denies


def _open(run: Drafts, server: ServerDraft, node: Node) -> None:
    elsewhere = any(
        section.kind in (SectionKind.LOCATION, SectionKind.LOCATION_MATCH)
        and access_rule(section.draft) is not None
        for section in run.sections_of(server)
    )
    why = "anybody who reaches this server connects through it to wherever it can go"
    if elsewhere:
        why += "; a Require in <Location> does not hold for CONNECT"
    run.report.warn(
        node,
        "FB0285",
        "ProxyRequests On without a Require: an OPEN PROXY",
        why=why,
        cure="write <Proxy *> with Require ip 10.0.0.0/8 in it, or ProxyRequests Off",
    )
