"""Certificates of the cases: the same names, numbers and dates in every run.

Keys are made anew by each process, so nothing recorded may depend on them.

    ca.crt        the authority that cases believe; ca.crl what it has revoked
    front         front.test, one.test, two.test, *.wild.test and alias.test
    rsa           the same with an RSA key
    second        second.test only
    member        127.0.0.1 and localhost;  misnamed, old, own: what is wrong with it
    address       127.0.0.1 in subjectAltName alone;  common: localhost as CN alone
    number        127.0.0.1 as CN alone
    mixed         localhost as CN, another name in subjectAltName
    client        a person, with a long name;  stranger, expired, revoked: unwelcome

Each NAME is laid down as NAME.pem: certificate and key in one file.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FROM = datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC)
UNTIL = datetime(2124, 5, 6, 7, 8, 9, tzinfo=UTC)
_making = Lock()
OVER = datetime(2024, 3, 1, tzinfo=UTC)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
WORDS = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
    "T": NameOID.TITLE,
    "I": NameOID.INITIALS,
    "G": NameOID.GIVEN_NAME,
    "S": NameOID.SURNAME,
    "UID": NameOID.USER_ID,
    "Email": NameOID.EMAIL_ADDRESS,
}


@dataclass(frozen=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def whole(self) -> bytes:
        return self.pem + self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def name(*parts: str) -> x509.Name:
    """Parts like "CN=front.test", in their order."""
    split = (part.split("=", 1) for part in parts)
    return x509.Name([x509.NameAttribute(WORDS[word], value) for word, value in split])


def _general(text: str) -> x509.GeneralName:
    if "@" in text:
        return x509.RFC822Name(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def made(
    serial: int,
    subject: x509.Name,
    issuer: Identity | None,
    also: Sequence[str] = (),
    *,
    until: datetime = UNTIL,
    key: Key | None = None,
    client: bool = False,
    authority: bool = False,
    told: Sequence[tuple[str, bytes]] = (),
) -> Identity:
    """Signed by issuer, or by itself; also: names in subjectAltName; told: more
    extensions, with their DER."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else own
    builder = (
        x509.CertificateBuilder()
        .serial_number(serial)
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .not_valid_before(FROM)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
    )
    if also:
        names = x509.SubjectAlternativeName([_general(one) for one in also])
        builder = builder.add_extension(names, critical=False)
    for number, der in told:
        more = x509.UnrecognizedExtension(x509.ObjectIdentifier(number), der)
        builder = builder.add_extension(more, critical=False)
    if not authority:
        usage = ExtendedKeyUsageOID
        purpose = usage.CLIENT_AUTH if client else usage.SERVER_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), False)
    return Identity(builder.sign(signer, hashes.SHA256()), own)


def identities() -> dict[str, Identity]:
    """All of them by name; servers are started side by side, and share them."""
    with _making:
        return _identities()


@cache
def _identities() -> dict[str, Identity]:
    ca = made(1, name("C=XX", "O=Conformance", "CN=Root"), None, authority=True)
    far = made(2, name("CN=Far root"), None, authority=True)
    fronts = ("front.test", "one.test", "two.test", "alias.test", "*.wild.test")
    front = name("C=XX", "O=Conformance", "OU=Front", "CN=front.test")
    person = name(
        "C=XX",
        "ST=Some state",
        "L=A place",
        "O=Conformance, Inc.",
        "OU=First unit",
        "OU=Second unit",
        'CN=Kl\u00e4re "K" Person',
        "T=Dr",
        "G=Kl\u00e4re",
        "S=Person",
        "UID=kp",
        "Email=klaere@person.test",
    )
    addresses = ("127.0.0.1", "localhost")
    return {
        "ca": ca,
        "front": made(0x0F1E2D, front, ca, fronts),
        "rsa": made(4, front, ca, fronts, key=rsa.generate_private_key(65537, 2048)),
        "second": made(5, name("CN=second.test"), ca, ("second.test",)),
        "member": made(6, name("CN=127.0.0.1"), ca, addresses),
        "named": made(7, name("CN=named"), ca, ("front.test", "localhost")),
        "misnamed": made(8, name("CN=other.test"), ca, ("other.test",)),
        "old": made(9, name("CN=127.0.0.1"), ca, addresses, until=OVER),
        "own": made(10, name("CN=127.0.0.1"), None, addresses),
        "common": made(11, name("CN=localhost"), ca),
        "address": made(12, name("CN=address"), ca, ("127.0.0.1",)),
        "number": made(16, name("CN=127.0.0.1"), ca),
        "mixed": made(17, name("CN=localhost"), ca, ("other.test",)),
        "client": made(
            0xC0FFEE,
            person,
            ca,
            ("klaere@person.test", "k@person.test", "kp.person.test"),
            client=True,
            told=[
                ("1.3.6.1.4.1.32473.1", b"\x0c\x06a word"),
                ("1.3.6.1.4.1.32473.2", b"\x16\x05a\x01~\xc3\xa4"),
                ("1.3.6.1.4.1.32473.3", b"\x02\x01\x05"),
                ("1.3.6.1.4.1.32473.4", b"\x0c\x03a\x00b"),
                ("1.3.6.1.4.1.32473.5", b"\x13\x01a"),
                ("1.3.6.1.4.1.32473.6", b"\x0c\x00"),
                ("1.3.6.1.4.1.32473.7", b"\x1e\x04\x00a\x00b"),
                ("2.16.840.1.113730.1.13", b"\x16\x09a comment"),
            ],
        ),
        "stranger": made(13, name("CN=Stranger"), far, client=True),
        "expired": made(14, name("CN=Expired"), ca, until=OVER, client=True),
        "revoked": made(15, name("CN=Revoked"), ca, client=True),
    }


def revocations() -> bytes:
    """What ca has revoked."""
    known = identities()
    gone = (
        x509.RevokedCertificateBuilder()
        .serial_number(known["revoked"].certificate.serial_number)
        .revocation_date(FROM)
        .build()
    )
    made_list = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(known["ca"].certificate.subject)
        .last_update(FROM)
        .next_update(UNTIL - timedelta(days=1))
        .add_revoked_certificate(gone)
        .sign(known["ca"].key, hashes.SHA256())
    )
    return made_list.public_bytes(serialization.Encoding.PEM)


def lay_down(folder: Path) -> None:
    """Write all of them into folder, readable by whoever serves."""
    folder.mkdir(exist_ok=True)
    for one, identity in identities().items():
        (folder / f"{one}.pem").write_bytes(identity.whole)
        (folder / f"{one}.crt").write_bytes(identity.pem)
    (folder / "ca.crl").write_bytes(revocations())


def common_name(certificate: bytes) -> str:
    """Of a certificate in DER form."""
    subject = x509.load_der_x509_certificate(certificate).subject
    return str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
