"""A certification authority for tests: certificates, chains and revocation lists.

    ca = make_ca()                                  # a self-signed root, in memory
    middle = make_ca("middle", parent=ca)           # an intermediate authority
    pair = make_pair(middle, ["www.test"])          # leaf below it, chain to the root
    pair.write(tmp_path, "www")                     # www.crt www.key www.pem www.chain

Nothing here reads or writes outside the directory that it is given. Keys are small
and quick to make: P-256, or RSA of 2048 bits on request.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA: certificate, key, and the authorities above it, nearest first."""

    certificate: x509.Certificate
    key: Key
    parents: tuple[x509.Certificate, ...] = ()

    @property
    def root(self) -> x509.Certificate:
        """The self-signed certificate at the top."""
        return self.parents[-1] if self.parents else self.certificate

    @property
    def pem(self) -> bytes:
        """The certificate of this authority alone."""
        return pem_of(self.certificate)

    @property
    def root_pem(self) -> bytes:
        return pem_of(self.root)

    @property
    def intermediates(self) -> tuple[x509.Certificate, ...]:
        """What a server sends behind a leaf of this authority: all but the root."""
        return (self.certificate, *self.parents)[:-1]

    def write(self, directory: Path, name: str = "ca") -> Path:
        """The root as directory/name.crt, for SSLCACertificateFile and clients."""
        return _written(directory / f"{name}.crt", self.root_pem)


@dataclass(frozen=True, slots=True)
class Pair:
    """A leaf certificate with its key and the intermediates above it."""

    certificate: x509.Certificate
    key: Key
    intermediates: tuple[x509.Certificate, ...]
    root: x509.Certificate

    @property
    def pem(self) -> bytes:
        return pem_of(self.certificate)

    @property
    def chain_pem(self) -> bytes:
        """The intermediates; b"" when the root signed the leaf."""
        return pem_of(*self.intermediates)

    @property
    def key_pem(self) -> bytes:
        return key_pem(self.key)

    def write(
        self, directory: Path, name: str, pass_phrase: bytes | None = None
    ) -> PairFiles:
        """Write name.crt, .key, .chain, .pem; the key encrypted if a phrase is given.

        The .pem holds leaf, intermediates and key, as a single file for
        SSLCertificateFile or SSLProxyMachineCertificateFile does.
        """
        key = key_pem(self.key, pass_phrase)
        return PairFiles(
            certificate=_written(directory / f"{name}.crt", self.pem),
            key=_written(directory / f"{name}.key", key),
            chain=_written(directory / f"{name}.chain", self.chain_pem),
            full=_written(directory / f"{name}.pem", self.pem + self.chain_pem + key),
        )


@dataclass(frozen=True, slots=True)
class PairFiles:
    """Where `Pair.write` put what."""

    certificate: Path
    key: Path
    chain: Path  # intermediates only; empty without them
    full: Path  # leaf, intermediates, key


def make_ca(
    name: str = "fastlb test root",
    *,
    parent: Authority | None = None,
    kind: str = "ec",
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> Authority:
    """A root, or an intermediate authority below parent."""
    key = _key(kind)
    builder = _builder(name, key, parent, not_before, not_after)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    builder = builder.add_extension(_usage(is_authority=True), critical=True)
    signing = parent.key if parent is not None else key
    certificate = builder.sign(signing, _hash(signing))
    above = () if parent is None else (parent.certificate, *parent.parents)
    return Authority(certificate, key, above)


def make_pair(
    ca: Authority | None,
    names: Sequence[str] = ("localhost", "127.0.0.1", "::1"),
    *,
    kind: str = "ec",
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    subject: str | None = None,
    client: bool = False,
    ocsp: str | None = None,
    issuer: str | None = None,
    must_staple: bool = False,
) -> Pair:
    """A leaf for names (the first is the common name); ca None: signed by itself.

    names    DNS names, wildcards, or IP addresses: subjectAltName
    subject  the common name, where it is to be another; with names (): no SAN
    client   for clientAuth (else serverAuth)
    ocsp     URL of the responder in authorityInfoAccess
    issuer   URL of the issuer's certificate there
    """
    key = _key(kind)
    common = subject if subject is not None else names[0]
    builder = _builder(common, key, ca, not_before, not_after)
    if names:
        alternatives = x509.SubjectAlternativeName([_general(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    purpose = ExtendedKeyUsageOID.SERVER_AUTH
    if client:
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(_usage(is_authority=False), critical=True)
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in (
            (AuthorityInformationAccessOID.OCSP, ocsp),
            (AuthorityInformationAccessOID.CA_ISSUERS, issuer),
        )
        if url is not None
    ]
    if access:
        builder = builder.add_extension(
            x509.AuthorityInformationAccess(access), critical=False
        )
    if must_staple:
        builder = builder.add_extension(
            x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False
        )
    signing = ca.key if ca is not None else key
    certificate = builder.sign(signing, _hash(signing))
    if ca is None:
        return Pair(certificate, key, (), certificate)
    return Pair(certificate, key, ca.intermediates, ca.root)


def make_crl(
    ca: Authority,
    revoked: Iterable[x509.Certificate] = (),
    *,
    next_update: datetime | None = None,
) -> bytes:
    """A revocation list of ca in PEM; next_update: by default in a week."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.certificate.subject)
        .last_update(_now() - DAY)
        .next_update(next_update or _now() + 7 * DAY)
    )
    for certificate in revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(_now() - DAY)
            .build()
        )
        builder = builder.add_revoked_certificate(entry)
    made = builder.sign(ca.key, _hash(ca.key))
    return made.public_bytes(serialization.Encoding.PEM)


def pem_of(*certificates: x509.Certificate) -> bytes:
    """Certificates in PEM, one behind the other."""
    return b"".join(
        item.public_bytes(serialization.Encoding.PEM) for item in certificates
    )


def key_pem(
    key: CertificateIssuerPrivateKeyTypes, phrase: bytes | None = None
) -> bytes:
    """A private key in PEM (PKCS 8), encrypted if a phrase is given."""
    encryption: serialization.KeySerializationEncryption
    encryption = serialization.NoEncryption()
    if phrase is not None:
        encryption = serialization.BestAvailableEncryption(phrase)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def _builder(
    common: str,
    key: Key,
    issuer: Authority | None,
    not_before: datetime | None,
    not_after: datetime | None,
) -> x509.CertificateBuilder:
    subject = _name(common)
    public = key.public_key()
    above = issuer.key.public_key() if issuer is not None else public
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer is not None else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before or _now() - DAY)
        .not_valid_after(not_after or _now() + 365 * DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not is_authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _hash(key: Key) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _key(kind: str) -> Key:
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    bits = {"rsa": 2048, "rsa1024": 1024, "rsa3072": 3072}[kind]
    return rsa.generate_private_key(65537, bits)


@cache
def _now() -> datetime:
    """One moment for a whole run, in whole seconds, as certificates know no others."""
    return datetime.now(UTC).replace(microsecond=0)


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
