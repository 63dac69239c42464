"""The files of TLS lines: each is opened once, and what is wrong with it said once."""

from __future__ import annotations

import os.path
import re
from datetime import datetime
from typing import Final

from cryptography import x509
from OpenSSL import SSL

from fastlb.config.registry import Scope
from fastlb.config.tls_checks import NO_ANONYMOUS, cipher_list
from fastlb.config.tree import Node
from fastlb.lint import chains
from fastlb.model.drafts import Drafts, TlsLines
from fastlb.model.resolve_server import absolute
from fastlb.model.resolve_tls import tls_values
from fastlb.tls.pem import FileTrouble, PemFile, Trouble, names_in, read_pem
from fastlb.tls.protocols import ciphers_of

SYSTEM_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where distributions keep the public authorities; the first that is there counts."""

_AUTHORITY_FILES: Final = ("sslcacertificatefile", "sslproxycacertificatefile")
_OLD_VERSIONS: Final = ("tlsv1", "tlsv1.1")
_Certificates = tuple[x509.Certificate, ...]
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.r?[0-9]+")


class TlsFiles:
    """What the files hold, by path; complaints go into the run's report."""

    def __init__(self, run: Drafts, now: datetime) -> None:
        self.run = run
        self.now = now
        self._read: dict[str, PemFile | FileTrouble] = {}
        self._roots: chains.KnownRoots | None = None
        self._chains: dict[tuple[_Certificates, _Certificates], list[chains.Fault]] = {}

    def path(self, node: Node) -> str:
        return absolute(self.run, node.args[0])

    def pem(self, node: Node) -> PemFile | None:
        """The file that a line names; None, and a complaint, when it cannot be read."""
        path = self.path(node)
        if path not in self._read:
            try:
                self._read[path] = read_pem(path)
            except FileTrouble as problem:
                self._read[path] = problem
        found = self._read[path]
        if isinstance(found, FileTrouble):
            self._trouble(node, path, found.trouble, "file")
            return None
        if found.broken:
            cure = "openssl x509 -in file -text shows what OpenSSL makes of it"
            if "DER" in found.broken:
                cure = f"openssl x509 -inform der -in {path} -out {path}.pem"
            self.fault(node, "FB0257", f"{path}: {found.broken}", cure=cure, error=True)
        return found

    def holding(self, node: Node, kind: str) -> None:
        """The file is there and has something of a kind in it.

        kind: "certificate" or "revocation list".
        """
        found = self.pem(node)
        if found is None or found.broken:
            return
        if not (found.certificates if kind == "certificate" else found.lists):
            self.fault(node, "FB0257", f"no {kind} is in {self.path(node)}", error=True)
        self.lists(node, found)

    def chain_faults(
        self, leaves: _Certificates, rest: _Certificates
    ) -> list[chains.Fault]:
        """Of a chain, which is verified once however many hosts it is for."""
        if (leaves, rest) not in self._chains:
            faults = chains.chain_faults(leaves, rest, self.is_known)
            self._chains[leaves, rest] = faults
        return self._chains[leaves, rest]

    def program(self, node: Node) -> None:
        """SSLPassPhraseDialog exec:program, perhaps with arguments behind it."""
        kind, _, command = node.args[0].partition(":")
        whole = absolute(self.run, command)
        program = absolute(self.run, command.partition(" ")[0])
        if kind != "exec" or os.path.exists(whole) or os.path.exists(program):
            return
        self.fault(
            node, "FB0238", f"{node.name}: file '{program}' does not exist", error=True
        )

    def names(self, node: Node) -> list[str] | None:
        """Names in the directory of a line; None, and a complaint, if there is none."""
        path = self.path(node)
        try:
            return names_in(path)
        except FileTrouble as problem:
            self._trouble(node, path, problem.trouble, "directory")
            return None

    def warn_of_unhashed(self, node: Node) -> None:
        """A directory of authorities is looked into by hashes of their names."""
        try:
            names = names_in(self.path(node))
        except FileTrouble:
            return  # said by names()
        if not any(_HASHED.fullmatch(name) for name in names):
            self.run.report.warn(
                node,
                "FB0277",
                f"no authority in {self.path(node)} will be found",
                why="they are looked up by links such as 5f15c80c.0",
                cure=f"run openssl rehash {self.path(node)}",
            )

    def _trouble(self, node: Node, path: str, trouble: Trouble, kind: str) -> None:
        if trouble is Trouble.FORBIDDEN:
            self.run.report.warn(
                node,
                "FB0256",
                f"{path} may not be read by this user, and was not checked",
                cure="run the check as the user who starts the server",
                word=node.args[0],
            )
            return
        ending = "does not exist or is empty" if kind == "file" else "does not exist"
        if trouble is Trouble.TOO_LONG:
            ending = "is too long to be one of certificates"
        self.fault(node, "FB0238", f"{node.name}: {kind} '{path}' {ending}", error=True)

    def fault(
        self,
        node: Node,
        number: str,
        text: str,
        *,
        why: str = "",
        cure: str = "",
        error: bool = False,
    ) -> None:
        """A complaint about a file; it points at the name of the file."""
        tell = self.run.report.error if error else self.run.report.warn
        tell(node, number, text, why=why, cure=cure, word=node.args[0])

    def ages(self, node: Node, found: PemFile) -> None:
        """Expired, not yet valid, soon to expire: of every certificate in a file."""
        for certificate in found.certificates:
            fault = chains.age_fault(certificate, self.now)
            if fault is not None:
                number = "FB0266" if fault.is_serious else "FB0267"
                self.fault(node, number, fault.text, why=fault.why, cure=fault.cure)

    def lists(self, node: Node, found: PemFile) -> None:
        """A revocation list that is out of date refuses everybody."""
        for item in found.lists:
            end = item.next_update_utc
            if end is not None and end < self.now:
                self.fault(
                    node,
                    "FB0266",
                    f"the revocation list of {chains.shown_name(item.issuer)} ended on"
                    f" {end:%Y-%m-%d}",
                    why="every certificate of that authority is refused",
                    cure="fetch the list anew",
                )

    def protocols(self, node: Node, lines: TlsLines, scope: Scope) -> None:
        """SSLProtocol or SSLProxyProtocol; lines: all that hold where it stands."""
        spoken = tls_values(self.run, scope, lines.last)
        if not spoken["versions"]:
            self.run.report.error(
                node,
                "FB0216",
                f"AH02231: No SSL protocols available [hint: {node.name}]",
                cure=f"write {node.name} all -TLSv1 -TLSv1.1",
            )
            return
        old = [word for word in node.args if word.lower().lstrip("+") in _OLD_VERSIONS]
        if old and "@SECLEVEL=0" not in (spoken["ciphers"] or ""):
            self.run.report.warn(
                node,
                "FB0269",
                f"{' and '.join(word.lstrip('+') for word in old)} will not be spoken:"
                " whoever knows nothing newer cannot connect",
                why="the TLS library refuses it at its level of security (RFC 8996)",
                cure=f"write {node.name} -all +TLSv1.2 +TLSv1.3, or end"
                f" {node.name[:-8]}CipherSuite with :@SECLEVEL=0",
                word=old[0],
            )

    def ciphers(self, own: TlsLines, prefix: str) -> None:
        """Cipher lists in which the library knows no name."""
        for name, is_suites in (("ciphersuite", False), ("ciphersuite tlsv1.3", True)):
            node = own.last.get(prefix + name)
            if node is None:
                continue
            context = SSL.Context(SSL.TLS_METHOD)
            take = (
                context.set_tls13_ciphersuites if is_suites else context.set_cipher_list
            )
            try:
                word = node.args[-1]
                take((word if is_suites else cipher_list(word)).encode("latin-1"))
            except SSL.Error:
                self._no_cipher(
                    node,
                    "AH10127: Unable to configure permitted TLSv1.3 ciphers"
                    if is_suites
                    else "AH01898: Unable to configure permitted SSL ciphers",
                )

    def section_ciphers(self, node: Node, host: str | None) -> None:
        """SSLCipherSuite of a section. host: the list of the virtual host around it."""
        try:
            wanted = set(ciphers_of(cipher_list(node.args[-1]) + NO_ANONYMOUS))
        except SSL.Error:
            self._no_cipher(
                node,
                "AH02253: Unable to reconfigure (per-directory) permitted SSL ciphers",
            )
            return
        try:
            offered = set(ciphers_of(host or "DEFAULT"))
        except SSL.Error:
            return  # that has been said of the host's line
        if not wanted & offered:
            self.run.report.warn(
                node,
                "FB0375",
                "no cipher of this list is one of the virtual host's",
                why="a handshake chooses among those of the host, and is not repeated:"
                " 403 for every client up to TLS 1.2",
                cure="write a wider SSLCipherSuite in the <VirtualHost>",
                word=node.args[-1],
            )

    def _no_cipher(self, node: Node, text: str) -> None:
        self.run.report.error(
            node,
            "FB0217",
            text,
            why=f"the TLS library knows none of {node.args[-1]}",
            cure="openssl ciphers -v lists names",
            word=node.args[-1],
        )

    def is_known(self, certificate: x509.Certificate) -> bool:
        """Whether an authority of this system, or of the configuration, issued it."""
        if self._roots is None:
            self._roots = chains.KnownRoots(self._authorities())
        return self._roots.have_issued(certificate)

    def _authorities(self) -> list[x509.Certificate]:
        found: list[x509.Certificate] = []
        bundle = next(filter(os.path.exists, SYSTEM_BUNDLES), None)
        paths = [] if bundle is None else [bundle]
        for server in self.run.servers:
            written = (server.tls.last.get(name) for name in _AUTHORITY_FILES)
            paths += [self.path(node) for node in written if node is not None]
        for path in dict.fromkeys(paths):
            try:
                found += read_pem(path).certificates
            except FileTrouble:
                continue
        return found
