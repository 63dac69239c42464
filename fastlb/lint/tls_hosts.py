"""Files and settings of TLS that cannot work as written, or will soon not.

Every file that an SSL* line names is opened: the check is the last moment at which a
wrong certificate harms nobody. What may not be read is said and passed over, so that
anybody may run the check. Apache's sentences of httpd 2.4.71; its `-t` looks for the
files, and at what is in them only when it starts.

    tls_hosts.py --+-- tls_members.py  SSLProxy*
                   +-- tls_trust.py    what is said alike of both
                   +-- tls_files.py    one file once, and what is wrong with it
                   +-- chains.py       what there is to say about certificates
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from cryptography import x509

from fastlb.config.registry import Scope
from fastlb.config.tree import Node
from fastlb.facts.tls import TlsServer, Verify
from fastlb.lint import chains
from fastlb.lint.tls_files import TlsFiles
from fastlb.lint.tls_members import lint_tls_members
from fastlb.lint.tls_trust import no_authorities, revocation
from fastlb.model.drafts import Drafts, ServerDraft, TlsLines
from fastlb.model.report import place_of
from fastlb.model.resolve_tls import DH_COMMAND, server_lines, server_tls
from fastlb.model.resolve_vhosts import address_sets, own_name
from fastlb.tls.pem import PemFile, belongs

_CERTIFICATE_FILES: Final = (
    *("sslcertificatechainfile", "sslcacertificatefile", "sslcadnrequestfile"),
    *("sslproxycacertificatefile", "sslproxymachinecertificatefile"),
    "sslproxymachinecertificatechainfile",
)
_DIRECTORIES: Final = (
    *("sslcacertificatepath", "sslcarevocationpath", "sslcadnrequestpath"),
    *("sslproxycacertificatepath", "sslproxycarevocationpath"),
    "sslproxymachinecertificatepath",
)


def lint_tls_hosts(run: Drafts, now: datetime) -> None:
    """Look over everything about TLS and report."""
    files = TlsFiles(run, now)
    servers = run.servers
    for server in servers:
        _paths(files, server.tls)
        for section in server.sections:
            _paths(files, section.tls)
    hosts = [server_tls(run, server) for server in servers]
    for server, tls in zip(servers, hosts, strict=True):
        lines = server_lines(run, server)
        _ports(run, server, tls)
        if tls is None:
            _plain(run, server)
            continue
        _certificates(files, server, lines, tls)
        _clients(run, server, lines, tls)
        versions = lines.last.get("sslprotocol")
        if versions is not None:
            files.protocols(versions, lines, Scope.CLIENTS)
        files.ciphers(lines, "ssl")
        for owner, node in run.section_ciphers:
            if owner is server or owner.is_main:
                files.section_ciphers(node, tls.protocols.ciphers)
    _addresses(run, hosts)
    lint_tls_members(files)


def _paths(files: TlsFiles, lines: TlsLines) -> None:
    """Each file and directory is there; Apache's -t finds this as well."""
    for node in lines.certificates:
        files.holding(node, "certificate")
    for node in lines.keys:
        files.pem(node)
    for node in lines.commands:
        if node.args[0].lower() == DH_COMMAND:
            files.pem(replace(node, args=node.args[1:]))
    for name in _CERTIFICATE_FILES:
        if name in lines.last:
            files.holding(lines.last[name], "certificate")
    for name in ("sslcarevocationfile", "sslproxycarevocationfile"):
        if name in lines.last:
            files.holding(lines.last[name], "revocation list")
    if "sslpassphrasedialog" in lines.last:
        files.program(lines.last["sslpassphrasedialog"])
    for name in _DIRECTORIES:
        if name in lines.last:
            files.names(lines.last[name])
    for name in ("sslcacertificatepath", "sslproxycacertificatepath"):
        if name in lines.last:
            files.warn_of_unhashed(lines.last[name])


def host_name(run: Drafts, server: ServerDraft) -> str:
    """name:port as mod_ssl's messages have it."""
    name = own_name(server, run.main) or "localhost"
    ports = [port for _, port in server.addresses if port is not None]
    port = server.settings.get("server_port") or (ports[0] if ports else 443)
    return f"{name}:{port}"


def _certificates(
    files: TlsFiles, server: ServerDraft, lines: TlsLines, tls: TlsServer
) -> None:
    """Each certificate of a virtual host with its key and its chain."""
    run = files.run
    if not tls.pairs:
        _no_certificate(run, server, lines)
    chain = lines.last.get("sslcertificatechainfile")
    behind = None if chain is None else files.pem(chain)
    if chain is not None and behind is not None:
        files.ages(chain, behind)
    leaves: dict[Node, x509.Certificate] = {}
    for index, node in enumerate(lines.certificates):
        found = files.pem(node)
        if found is None or not found.certificates:
            continue  # _paths has said so
        key_node = lines.keys[index] if index < len(lines.keys) else node
        _key(files, node, key_node, found, tls.pass_phrase)
        _leaf(files, node, found.certificates[0], server, tls)
        files.ages(node, found)
        leaves[node] = found.certificates[0]
        if chain is None:
            _chain(files, node, found.certificates[:1], found.certificates[1:])
    if chain is not None and behind is not None and behind.certificates and leaves:
        _chain(files, chain, tuple(leaves.values()), behind.certificates)


def _no_certificate(run: Drafts, server: ServerDraft, lines: TlsLines) -> None:
    engine = lines.last.get("sslengine")
    why = "Apache's check passes here, and its start fails"
    cure = "write SSLCertificateFile and SSLCertificateKeyFile"
    if server.is_main and run.vhosts:
        cure = "move SSLEngine on into the <VirtualHost> that has the certificate"
    node = engine or server.node
    assert node is not None  # the main server has no address for Listen to agree with
    run.report.error(
        node,
        "FB0274",
        "AH02572: Failed to configure at least one certificate and key for"
        f" {host_name(run, server)}",
        why=why,
        cure=cure,
    )


def _key(
    files: TlsFiles, node: Node, key_node: Node, found: PemFile, dialog: str
) -> None:
    """The key is there, can be opened, and belongs to the certificate."""
    report = files.run.report
    held = found if key_node is node else files.pem(key_node)
    if held is None or held.broken:
        return
    path = files.path(key_node)
    if not held.has_key:
        text = f"no private key is in {path}"
        cure = "write SSLCertificateKeyFile" if key_node is node else ""
        files.fault(key_node, "FB0258", text, cure=cure, error=True)
    elif held.is_encrypted:
        if dialog == "builtin":
            report.warn(
                key_node,
                "FB0259",
                f"the key in {path} is encrypted",
                why="each start asks for its phrase on the terminal, and fails where"
                " there is none",
                cure="write SSLPassPhraseDialog exec:/path/to/program, or decrypt it",
            )
    elif held.key is not None and not belongs(found.certificates[0], held.key):
        files.fault(
            key_node,
            "FB0258",
            f"AH02565: Certificate and private key from {files.path(node)} and {path}"
            " do not match",
            why="each SSLCertificateKeyFile belongs to the SSLCertificateFile of the"
            " same place in their order",
            cure=f"the certificate is at {place_of(node)}",
            error=True,
        )


def _leaf(
    files: TlsFiles,
    node: Node,
    leaf: x509.Certificate,
    server: ServerDraft,
    tls: TlsServer,
) -> None:
    """What it is for, and how strong it is."""
    run = files.run
    if chains.is_authority(leaf):
        run.report.warn(
            node,
            "FB0269",
            f"AH01906: {host_name(run, server)} server certificate is a CA certificate"
            " (BasicConstraints: CA == TRUE !?)",
            why="many clients refuse it as a server's",
            cure="put the server's own certificate first in the file",
        )
    weak = chains.weakness(leaf)
    if weak is not None:
        # @SECLEVEL= in the cipher list is how OpenSSL is told to take it all the same
        is_refused = "@SECLEVEL=" not in (tls.protocols.ciphers or "")
        files.fault(
            node, "FB0269", weak.text, why=weak.why, cure=weak.cure, error=is_refused
        )
    names = chains.names_of(leaf)
    wanted = [server.settings.get("server_name", ""), *server.aliases]
    missing = [
        name
        for name in dict.fromkeys(wanted)
        if name not in ("", "*") and not chains.covers(names, name)
    ]
    if missing:
        whole = len(missing) == len([name for name in wanted if name not in ("", "*")])
        run.report.warn(
            node,
            "FB0268",
            f"AH01909: {host_name(run, server)} server certificate does NOT include an"
            " ID which matches the server name"
            if whole or missing[0] == wanted[0]
            else f"the certificate does not cover {', '.join(missing)}",
            why=f"it is for {', '.join(names) or 'no name'}; not for"
            f" {', '.join(missing)}",
            cure="let it be issued for all names of the virtual host",
        )


def _chain(
    files: TlsFiles,
    node: Node,
    leaves: tuple[x509.Certificate, ...],
    rest: tuple[x509.Certificate, ...],
) -> None:
    """A chain file stands behind all certificates of its virtual host."""
    for fault in files.chain_faults(leaves, rest):
        tell = files.run.report.warn if fault.is_serious else files.run.report.note
        tell(node, "FB0265", fault.text, why=fault.why, cure=fault.cure)


def _clients(run: Drafts, server: ServerDraft, lines: TlsLines, tls: TlsServer) -> None:
    """Certificates of clients: whom to believe, and what was revoked."""
    node = lines.last.get("sslverifyclient")
    asks = tls.verify in (Verify.REQUIRE, Verify.OPTIONAL)
    if node is not None and asks and not (tls.trust.ca_file or tls.trust.ca_path):
        no_authorities(run.report, node, "SSL")
    revocation(run.report, lines, "SSL", host_name(run, server), tls.trust)


def _addresses(run: Drafts, hosts: list[TlsServer | None]) -> None:
    """Which of several virtual hosts of one address a handshake can be for."""
    for entry in address_sets(run.vhosts):
        first, *others = entry.vhosts
        shown = f"{entry.host}:{entry.port or '*'}"
        head = run.vhosts[first - 1]
        for index in others:
            server = run.vhosts[index - 1]
            assert server.node is not None and head.node is not None
            if (hosts[index] is None) != (hosts[first] is None):
                speaks = "plain HTTP" if hosts[first] is None else "TLS"
                run.report.warn(
                    server.node,
                    "FB0288",
                    f"SSLEngine differs from that of {place_of(head.node)}, the first"
                    f" virtual host of {shown}",
                    why=f"the first one decides: {speaks} is spoken there",
                    cure="give TLS a port of its own",
                )
            elif hosts[index] is not None and not (
                server.settings.get("server_name") or server.aliases
            ):
                run.report.warn(
                    server.node,
                    "FB0275",
                    "a virtual host with SSLEngine on, and without ServerName",
                    why=f"no handshake can be for it: without a name it is for"
                    f" {place_of(head.node)}, the first virtual host of {shown}",
                    cure="write ServerName",
                )


def _ports(run: Drafts, server: ServerDraft, tls: TlsServer | None) -> None:
    """TLS on port 80, or plain HTTP on 443: clients expect the other."""
    for _, port in server.addresses:
        if server.node is None or port != (80 if tls is not None else 443):
            continue
        name = host_name(run, server)
        if tls is not None:
            text = f"AH01915: Init: ({name}) You configured HTTPS(443) on the standard"
            text += " HTTP(80) port!"
        else:
            text = f"AH01916: Init: ({name}) You configured HTTP(80) on the standard"
            text += " HTTPS(443) port!"
        run.report.warn(
            server.node,
            "FB0209",
            text,
            why="browsers speak plain HTTP to port 80 and TLS to port 443",
            cure="write SSLEngine on, or another port"
            if tls is None
            else "write <VirtualHost *:443> and Listen 443",
        )
        return


def _plain(run: Drafts, server: ServerDraft) -> None:
    """Certificates, and no TLS."""
    own = server.tls
    if server.is_main or not own.certificates or "sslengine" in own.last:
        return
    run.report.warn(
        own.certificates[0],
        "FB0219",
        "a certificate is written, and SSLEngine is not on",
        why="the virtual host speaks plain HTTP",
        cure="write SSLEngine on",
    )
