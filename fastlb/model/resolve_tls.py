"""SSL* and SSLProxy*: from lines to `TlsServer` and `TlsMember`.

The lines of a server (and of a <Proxy>) are kept as they stand, the last of each
name; merging is laying one set over the other, as mod_ssl does it field by field. What
each means, and what holds without it, its declaration says.
Source: httpd 2.4.71 mod_ssl, as observed with -D DUMP_CERTS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from fastlb.config.checks import File
from fastlb.config.registry import Scope, scope_of
from fastlb.config.tree import Node
from fastlb.facts.tls import (
    KeyPair,
    Protocols,
    SniPolicy,
    Stapling,
    TlsMember,
    TlsServer,
    Trust,
    Verify,
)
from fastlb.facts.words import Compat
from fastlb.model.drafts import (
    Drafts,
    Handler,
    Place,
    SectionHandshake,
    ServerDraft,
    TlsLines,
    Values,
)
from fastlb.model.expressions import taken
from fastlb.model.proxy_sections import section_matches
from fastlb.model.resolve_server import SETTERS, absolute, fields_of, presets

DH_COMMAND: Final = "dhparameters"  # the command of SSLOpenSSLConfCmd with a file


def server_tls(run: Drafts, own: ServerDraft) -> TlsServer | None:
    """How a server speaks TLS to clients; None: it does not."""
    lines = server_lines(run, own)
    if not is_tls(run, own, lines):
        return None
    values = tls_values(run, Scope.CLIENTS, lines.last)
    values |= _asked_in_sections(run, own, values)
    stapling = Stapling(**fields_of(Stapling, values))
    values |= {
        "pairs": key_pairs(run, lines),
        "protocols": Protocols(**fields_of(Protocols, values)),
        "trust": Trust(**fields_of(Trust, values)),
        "conf_commands": tuple(_command_words(run, node) for node in lines.commands),
        "stapling": stapling if values["use_stapling"] else None,
    }
    return TlsServer(**fields_of(TlsServer, values))


def _asked_in_sections(run: Drafts, own: ServerDraft, values: Values) -> Values:
    """Where a section wants a certificate the handshake asks for one, since nobody
    knows yet what the request will be for; who has none gets in everywhere else.

    One handshake has one depth: all sections that ask come to the same (check_sections
    refuses others), and the least is taken whatever they say.
    """
    sections = _said_in_sections(run, own)
    if values["verify"] is not Verify.NONE or not any(
        said.asks for said in sections.values()
    ):
        return {}
    depths = [said.depth_under(values["verify_depth"]) for said in sections.values()]
    return {"verify": Verify.OPTIONAL, "verify_depth": min(depths)}


@dataclass(slots=True)
class _SectionSays:
    """What one section says of certificates, and where."""

    verify: Verify | None = None
    verify_node: Node | None = None
    depth: int | None = None
    depth_node: Node | None = None

    @property
    def asks(self) -> bool:
        return self.verify not in (None, Verify.NONE)

    def depth_under(self, host: int) -> int:
        """Its own, else the host's."""
        return host if self.depth is None else self.depth


def _said_in_sections(run: Drafts, own: ServerDraft) -> dict[int, _SectionSays]:
    """The sections that hold for a server, by their drafts' identity; those that ask
    nobody whatever stands around them are left out.

    One with a depth alone counts: another, around it, may ask.
    """
    sections: dict[int, _SectionSays] = {}
    for line in run.section_handshakes:
        if line.server is not own and not line.server.is_main:
            continue
        said = sections.setdefault(id(line.section), _SectionSays())
        values = dict(SETTERS[line.node.name.lower()].values(line.node.args))
        if "verify" in values:
            said.verify, said.verify_node = values["verify"], line.node
        else:
            said.depth, said.depth_node = values["verify_depth"], line.node
    return {key: said for key, said in sections.items() if said.verify != Verify.NONE}


def check_sections(run: Drafts) -> None:
    """What sections say of certificates, and a handshake for the host cannot."""
    told: set[int] = set()
    noted: set[int] = set()
    for server in run.servers:
        lines = server_lines(run, server)
        if not is_tls(run, server, lines):
            continue
        host = tls_values(run, Scope.CLIENTS, lines.last)
        sections = list(_said_in_sections(run, server).values())
        for said in sections:
            node = said.verify_node
            if node is None or said.verify is None:
                continue
            if (
                said.verify is Verify.OPTIONAL_NO_CA
                and host["verify"] is not Verify.OPTIONAL_NO_CA
                and id(node) not in told
            ):
                told.add(id(node))
                _refuse_in_section(
                    run, node, f"{node.name} {said.verify.value}", _BEFORE_THE_PATH
                )
            elif host["verify"] is Verify.NONE:
                _note_asking(run, node, noted)
        _check_depths(run, host, sections, told)


def _check_depths(
    run: Drafts, host: Values, sections: list[_SectionSays], told: set[int]
) -> None:
    """One handshake has one depth, and no section takes a certificate that is signed
    over more steps than it says: they agree, or are refused.

    A host that asks lets none in that is deeper than its own depth; what a section
    allows beyond that opens nothing.
    """
    of_host: int = host["verify_depth"]
    if host["verify"] is not Verify.NONE:
        deepest = of_host
    elif any(said.asks for said in sections):
        deepest = max(said.depth_under(of_host) for said in sections)
    else:
        return
    for said in sections:
        depth = said.depth_under(of_host)
        node = said.depth_node or said.verify_node
        if node is None or depth >= deepest or id(node) in told:
            continue
        told.add(id(node))
        what = f"SSLVerifyDepth {depth}"
        if said.depth_node is None:
            what = f"{node.name} with the host's SSLVerifyDepth, {depth},"
        _refuse_in_section(
            run,
            node,
            what,
            f"elsewhere in the host {deepest} is allowed, and the handshake is over"
            " when the path is known",
            cure=f"write SSLVerifyDepth {depth} in the <VirtualHost> and in each of its"
            " sections that has one, or give what needs another depth a virtual host of"
            " its own",
        )


def _note_asking(run: Drafts, node: Node, told: set[int]) -> None:
    if id(node) in told:
        return
    told.add(id(node))
    run.report.note(
        node,
        "FB0218",
        f"{node.name} in a section: every handshake of the host asks for a certificate",
        why="the path is not known yet; who shows none is refused in the section alone",
    )


_BEFORE_THE_PATH: Final = (
    "the handshake is over when the path is known, and renegotiation is never done"
    " (TLS 1.3 has none)"
)


def _refuse_in_section(
    run: Drafts,
    node: Node,
    what: str,
    why: str,
    *,
    cure: str = "write it in the <VirtualHost>, or give what it guards a virtual host"
    " of its own",
) -> None:
    run.report.error(
        node,
        "FB0218",
        f"{what} inside a section would need a second handshake",
        why=why,
        cure=cure,
    )


def tls_values(run: Drafts, scope: Scope, last: Mapping[str, Node]) -> Values:
    """What lines say by the fields of the scope, as in presets where they are silent.

    last: the lines that count, as in TlsLines.
    """
    values = presets(scope)
    for node in last.values():
        declared = SETTERS[node.name.lower()]
        if scope_of(declared) is not scope:
            continue
        said = dict(declared.values(node.args))
        if isinstance(declared.check, File):
            said = {name: absolute(run, path) for name, path in said.items()}
        values |= said
    return values


def is_tls(run: Drafts, server: ServerDraft, lines: TlsLines) -> bool:
    """SSLEngine; where it is not written, a Listen of protocol https turns it on, if
    there is a certificate: without one the server speaks plain, on port 443 as well."""
    written = tls_values(run, Scope.CLIENTS, lines.last)["ssl_engine"]
    if written is not None:
        return bool(written)
    return bool(lines.certificates) and _listens_https(run, server)


def _listens_https(run: Drafts, server: ServerDraft) -> bool:
    """Of the first Listen with the very address and port of the server.

    `Listen 443` and <VirtualHost *:443> agree; neither agrees with 10.0.0.1:443 (as
    observed).
    """
    for host, port in server.addresses:
        for listen_host, listen_port, protocol, _ in run.listens:
            if (listen_host or "*", listen_port) == (host, port):
                return protocol == "https"
    return False


def member_tls(run: Drafts, server: ServerDraft, target: str) -> TlsMember:
    """How members behind a target are spoken to, for requests of a server.

    target: "balancer://name" or the URL of a direct member: what <Proxy> sections are
    compared with

    Differs from Apache: of several sections the later is laid over the earlier; there,
    and under Compat apache, the last with a SSLProxy line hides what the others say.
    """
    base = server_lines(run, server).last
    last = base
    for section in run.sections_of(server):
        if section.tls.last and section_matches(section, target) is True:
            below = base if run.process.compat is Compat.APACHE else last
            last = below | section.tls.last
    values = tls_values(run, Scope.MEMBERS, last)
    # ssl_engine_io.c: CheckPeerCN off alone switches the check of names off, too
    name, common = values["peer_name"], values["peer_cn"]
    checks_name = name is not False and (common is not False or name is True)
    values |= {
        "protocols": Protocols(**fields_of(Protocols, values)),
        "trust": Trust(**fields_of(Trust, values)),
        "check_name": checks_name,
        "check_cn": not checks_name and common is True,
    }
    return TlsMember(**fields_of(TlsMember, values))


def server_lines(run: Drafts, server: ServerDraft) -> TlsLines:
    """The main server's lines with the virtual host's over them.

    Of certificates the virtual host's first takes the place of the main server's
    first, and so on; what it has not is inherited (as observed with -D DUMP_CERTS).
    """
    main, own = run.main.tls, server.tls
    if server.is_main:
        return own
    return TlsLines(
        last=main.last | own.last,
        certificates=_laid_over(main.certificates, own.certificates),
        keys=_laid_over(main.keys, own.keys),
        commands=main.commands + own.commands,
    )


def _laid_over(base: list[Node], over: list[Node]) -> list[Node]:
    pairs = zip_longest(over, base)
    return [mine or theirs for mine, theirs in pairs if mine or theirs]


def key_pairs(run: Drafts, lines: TlsLines) -> tuple[KeyPair, ...]:
    """Certificates with their keys: the nth key belongs to the nth certificate."""
    pairs = []
    for index, node in enumerate(lines.certificates):
        key = lines.keys[index] if index < len(lines.keys) else node
        pairs.append(
            KeyPair(
                certificate_file=absolute(run, node.args[0]),
                key_file=absolute(run, key.args[0]),
                file=node.file,
                line=node.line,
            )
        )
    return tuple(dict.fromkeys(pairs))


def sni_groups(run: Drafts, hosts: Sequence[TlsServer | None]) -> list[int]:
    """VHost.tls_group of each server: equal numbers may serve for one another.

    Source: SSLVHostSNIPolicy of httpd 2.4.71, as observed with each setting in turn:
    names of files are compared, not what is in them; a chain file, tickets and the
    order of ciphers do not count.
    """
    policy = tls_values(run, Scope.CLIENTS, run.main.tls.last)["sni_policy"]
    numbers: dict[object, int] = {}
    groups = []
    for index, tls in enumerate(hosts):
        if tls is None:
            groups.append(-1)
            continue
        key = _likeness(policy, index, tls)
        groups.append(numbers.setdefault(key, len(numbers)))
    return groups


def _likeness(policy: SniPolicy, index: int, tls: TlsServer) -> object:
    """What two virtual hosts must have in common."""
    if policy is SniPolicy.INSECURE:
        return None
    if policy is SniPolicy.STRICT:
        return index
    told = (tls.dn_request_file, tls.dn_request_path)
    clients = (tls.verify, tls.verify_depth, tls.trust, told, tls.conf_commands)
    if policy is SniPolicy.AUTH_ONLY:
        return clients
    pairs = frozenset((pair.certificate_file, pair.key_file) for pair in tls.pairs)
    return clients, tls.protocols, pairs


def _command_words(run: Drafts, node: Node) -> tuple[str, str]:
    name, value = node.args[:2]
    return name, absolute(run, value) if name.lower() == DH_COMMAND else value


def connect_ports(run: Drafts, server: ServerDraft) -> tuple[tuple[int, int], ...]:
    """AllowCONNECT as ranges, first and last port; by default 443 and 563.

    Lines add up, those of the main server and the virtual host's (as observed).
    """
    lines = list(run.main.connect_ports)
    if not server.is_main:
        lines += server.connect_ports
    if not lines:
        return (443, 443), (563, 563)
    words = [word.partition("-") for node in lines for word in node.args]
    return tuple((int(low), int(high or low)) for low, _, high in words)


def _line(_run: Drafts, place: Place, node: Node) -> None:
    """A directive of which the last line counts."""
    lines = place.server.tls if place.section is None else place.section.tls
    name = node.name.lower()
    if name.endswith("ciphersuite") and node.args[0].lower() == "tlsv1.3":
        name += " tlsv1.3"
    lines.last[name] = node


def _each(lines: Callable[[ServerDraft], list[Node]]) -> Handler:
    """A directive of which every line counts."""
    return lambda _run, place, node: lines(place.server).append(node)


def _ciphers(run: Drafts, place: Place, node: Node) -> None:
    """SSLCipherSuite, of a host or a section."""
    if place.draft is place.server.default:
        _line(run, place, node)
        return
    said = dict(SETTERS[node.name.lower()].values(node.args))
    if "suites" in said:
        run.report.error(
            node,
            "FB0218",
            "TLSv1.3 ciphers cannot be set inside a directory context",
            why=_BEFORE_THE_PATH,
            cure="write it in the <VirtualHost>",
        )
        return
    run.section_ciphers.append((place.server, node))
    place.draft.say(tls_ciphers=said["ciphers"])


def _verify(run: Drafts, place: Place, node: Node) -> None:
    """SSLVerifyClient and SSLVerifyDepth, of a host or a section."""
    if place.draft is place.server.default:
        _line(run, place, node)
        return
    run.section_handshakes.append(SectionHandshake(place.server, place.draft, node))
    values = dict(SETTERS[node.name.lower()].values(node.args))
    if "verify" in values:
        place.draft.say(tls_verify=values["verify"])


def _require(run: Drafts, place: Place, node: Node) -> None:
    """`SSLRequire expression`: all lines must hold."""
    expression = taken(
        run,
        node,
        node.raw,
        number="FB0304",
        words="SSLRequire: ",
        by_length=True,
    )
    place.draft.add("tls_requires", expression)


def _user(_run: Drafts, place: Place, node: Node) -> None:
    """`SSLUserName variable`."""
    place.draft.say(tls_user=node.args[0])


def _options(_run: Drafts, place: Place, node: Node) -> None:
    """SSLOptions: words with signs change what holds, words without replace it."""
    conf = place.draft.conf
    said = {
        "stdenvvars": conf.std_env_vars,
        "exportcertdata": conf.export_cert_data,
        "fakebasicauth": conf.fake_basic_auth,
    }
    if any(word[0] not in "+-" for word in node.args):
        said = dict.fromkeys(said, False)
    for word in node.args:
        bare = word.lstrip("+-").lower()
        if bare in said:
            said[bare] = not word.startswith("-")
    place.draft.say(
        std_env_vars=said["stdenvvars"],
        export_cert_data=said["exportcertdata"],
        fake_basic_auth=said["fakebasicauth"],
    )


HANDLERS: Final[dict[str, Handler]] = {
    **{
        name: _line
        for name, declared in SETTERS.items()
        if scope_of(declared) in (Scope.CLIENTS, Scope.MEMBERS)
    },
    "sslverifyclient": _verify,
    "sslverifydepth": _verify,
    "sslciphersuite": _ciphers,
    "sslrequire": _require,
    "sslusername": _user,
    "sslcertificatefile": _each(lambda server: server.tls.certificates),
    "sslcertificatekeyfile": _each(lambda server: server.tls.keys),
    "sslopensslconfcmd": _each(lambda server: server.tls.commands),
    "ssloptions": _options,
    "allowconnect": _each(lambda server: server.connect_ports),
    "proxyblock": _each(lambda server: server.proxy_blocks),
}
