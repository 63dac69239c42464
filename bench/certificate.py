"""Certificates of the bench, made when needed: the same for every proxy.

Self-signed: who serves them and how long a chain is costs all alike, and no client or
proxy here verifies. The serial number is what `load.c` counts handshakes by.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

HOST = "www.example.test"
VALID = datetime.timedelta(days=90)  # beyond the 30 days that fastlb warns of


@dataclass(frozen=True, slots=True)
class Certificate:
    serial: int
    certificate: bytes  # PEM
    key: bytes  # PEM

    def write(self, folder: Path) -> None:
        """`server.crt`, `server.key`, and both in `server.pem`; each replaced whole."""
        both = self.certificate + self.key
        for name, text in (
            ("server.crt", self.certificate),
            ("server.key", self.key),
            ("server.pem", both),
        ):
            fresh = folder / f"{name}.new"
            fresh.write_bytes(text)
            fresh.replace(folder / name)


@cache
def make(kind: str, serial: int = 1, host: str = HOST) -> Certificate:
    """A certificate with a P-256 key (`ec`) or an RSA key of 2048 bits (`rsa`)."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind == "ec":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begin)
        .not_valid_after(begin + VALID)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
        .sign(key, hashes.SHA256())
    )
    return Certificate(
        serial,
        made.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
