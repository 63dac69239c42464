"""SSLProxy*: settings that cannot work, or not for those whom they are meant for."""

from __future__ import annotations

from fastlb.config.registry import Scope
from fastlb.config.tree import Node
from fastlb.facts.tls import Trust, Verify
from fastlb.lint.tls_files import TlsFiles
from fastlb.lint.tls_trust import no_authorities, revocation
from fastlb.model.drafts import Drafts, MemberDraft, SectionDraft, ServerDraft, TlsLines
from fastlb.model.merge import effective_balancer
from fastlb.model.proxy_sections import section_matches
from fastlb.model.resolve_server import fields_of
from fastlb.model.resolve_tls import member_tls, server_lines, tls_values
from fastlb.model.targets import TLS_SCHEMES
from fastlb.tls.pem import belongs


def lint_tls_members(files: TlsFiles) -> None:
    """Look over the lines of every server and <Proxy>, and over their members."""
    run = files.run
    for server in run.servers:
        _lines(files, server.tls, server_lines(run, server))
        for section in server.sections:
            whole = TlsLines(server_lines(run, server).last | section.tls.last)
            _lines(files, section.tls, whole)
        _engines(run, server)
        for section in server.sections:
            if section.tls.last:
                _reach(run, server, section)


def _lines(files: TlsFiles, own: TlsLines, whole: TlsLines) -> None:
    """Complaints stand where one of the own lines is; whole: what holds with them."""
    run, last = files.run, own.last
    values = tls_values(run, Scope.MEMBERS, whole.last)
    trust = Trust(**fields_of(Trust, values))
    verify = last.get("sslproxyverify")
    asks = values["verify"] in (Verify.REQUIRE, Verify.OPTIONAL)
    if verify is not None and asks and not (trust.ca_file or trust.ca_path):
        no_authorities(run.report, verify, "SSLProxy")
    revocation(run.report, own, "SSLProxy", "of members", trust)
    versions = last.get("sslproxyprotocol")
    if versions is not None:
        files.protocols(versions, whole, Scope.MEMBERS)
    files.ciphers(own, "sslproxy")
    _machine(files, last.get("sslproxymachinecertificatefile"))
    chain = last.get("sslproxymachinecertificatechainfile")
    found = None if chain is None else files.pem(chain)
    if chain is not None and found is not None:
        files.ages(chain, found)


def _machine(files: TlsFiles, node: Node | None) -> None:
    """Certificate and key in one file."""
    found = None if node is None else files.pem(node)
    if node is None or found is None or found.broken:
        return
    files.ages(node, found)
    key = found.key
    if key is None or not any(belongs(item, key) for item in found.certificates):
        files.fault(
            node,
            "FB0258",
            "AH02252: incomplete client cert configured for SSL proxy (missing or"
            " encrypted private key?)",
            why="the file must hold a certificate and its key, not encrypted",
            error=True,
        )


def _engines(run: Drafts, server: ServerDraft) -> None:
    """https and wss members without SSLProxyEngine: one complaint a balancer."""
    for name in server.balancers:
        found = effective_balancer(run.main, server, name)
        for member in found.members if found is not None else ():
            if member.target.scheme in TLS_SCHEMES:
                if not member_tls(run, server, name).engine:
                    _no_engine(run, member)
                break
    for mapping in server.every_target():
        direct = mapping.member
        if (
            direct is not None
            and direct.target.scheme in TLS_SCHEMES
            and not member_tls(run, server, mapping.target).engine
        ):
            _no_engine(run, MemberDraft(direct.target, direct.params, mapping.node))


def _no_engine(run: Drafts, member: MemberDraft) -> None:
    run.report.warn(
        member.node,
        "FB0276",
        f"{member.target.url} without SSLProxyEngine on",
        why="TLS is spoken to it all the same; Apache answers each request with 500"
        " (AH01961), and so does Compat apache",
        cure="write SSLProxyEngine on in the virtual host",
        word=member.target.url,
    )


def _reach(run: Drafts, server: ServerDraft, section: SectionDraft) -> None:
    """A <Proxy> with SSLProxy* is compared with what mappings name as their target."""
    verdicts = [
        section_matches(section, mapping.target)
        for user in run.heirs(server)
        for mapping in user.every_target()
    ]
    node = next(iter(section.tls.last.values()))
    if None in verdicts and True not in verdicts:
        run.report.error(
            node,
            "FB0278",
            f"<{section.kind.value} {section.pattern}> holds for a part of the paths"
            " of its members only",
            why="a member is spoken to in one way, whatever is asked for",
            cure="end the pattern behind the name of the host or balancer",
        )
    elif verdicts and True not in verdicts and section.pattern.startswith("http"):
        run.report.warn(
            node,
            "FB0278",
            f"no ProxyPass has a target that <{section.kind.value} {section.pattern}>"
            " holds for",
            why="requests to members of a balancer are compared with balancer://name",
            cure="write the lines into <Proxy balancer://name>",
        )
