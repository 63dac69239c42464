"""ProxyRequests On: a server that connects its clients to others.

Of a forward proxy only CONNECT is served. Who may use it is what `<Proxy>` sections
say about a target "host:port": <Location> does not hold for CONNECT, in Apache (as
observed) or here, since there is no path to compare.
"""

from __future__ import annotations

from fastlb.config.tree import Node
from fastlb.facts.rules import AccessOp
from fastlb.facts.vhost import SectionKind
from fastlb.model.drafts import Drafts, SectionDraft, ServerDraft
from fastlb.model.proxy_sections import pattern_matches
from fastlb.model.resolve_access import access_rule

_ANY_TARGET = "192.0.2.1:443"  # an address that no section names (RFC 5737)


def lint_forward(run: Drafts) -> None:
    """Each server that writes ProxyRequests On, or ProxyBlock with it."""
    for server in (run.main, *run.vhosts):
        node = server.forward
        if node is None or server.settings.get("proxy_requests") is not True:
            continue
        run.report.note(
            node,
            "FB0286",
            "of a forward proxy only CONNECT is served",
            why="a GET of another server's http:// URL is refused",
        )
        if not any(_guards(item) for item in _sections(run, server)):
            _open(run, server, node)
    for server in (run.main, *run.vhosts):
        for node in server.proxy_blocks:
            users = [run.main, *run.vhosts] if server.is_main else [server, run.main]
            if any(user.settings.get("proxy_requests") for user in users):
                run.report.error(
                    node,
                    "FB0287",
                    "ProxyBlock is not served, and ProxyRequests is On",
                    why="ignoring it would open what it blocks",
                    cure="write Require all denied inside <Proxy host:port>",
                )


def _sections(run: Drafts, server: ServerDraft) -> list[SectionDraft]:
    return run.main.sections + (server.sections if not server.is_main else [])


def _guards(section: SectionDraft) -> bool:
    """A <Proxy> for any target that does not let everybody in."""
    if section.kind not in (SectionKind.PROXY, SectionKind.PROXY_MATCH):
        return False
    rule = access_rule(section.draft)
    if rule is None or rule.op is AccessOp.GRANTED:
        return False
    return (
        pattern_matches(section.pattern, section.is_regex, section.is_glob, _ANY_TARGET)
        is True
    )


def _open(run: Drafts, server: ServerDraft, node: Node) -> None:
    elsewhere = any(
        section.kind in (SectionKind.LOCATION, SectionKind.LOCATION_MATCH)
        and access_rule(section.draft) is not None
        for section in _sections(run, server)
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
