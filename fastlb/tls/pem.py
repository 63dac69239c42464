"""PEM files: certificates, revocation lists and private keys, as they are found.

Nothing here judges: `lint/` does. A file is read once, whole, and
never written; keys are not kept beyond the check that they fit.
"""

from __future__ import annotations

import enum
import os
import re
import stat
import warnings
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

PEM_BYTES_MAX: Final = 1 << 24  # a bundle of all public authorities has 2 ** 18

_BLOCK: Final = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL
)
_CERTIFICATES: Final = (b"CERTIFICATE", b"X509 CERTIFICATE")
_LISTS: Final = (b"X509 CRL",)
_ENCRYPTED: Final = re.compile(rb"BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED", re.MULTILINE)


class Trouble(enum.Enum):
    """Why a file cannot be read."""

    ABSENT = "absent"  # or empty, or not a file
    FORBIDDEN = "forbidden"
    TOO_LONG = "too long"


class FileTrouble(Exception):
    """A file or directory that cannot be looked at."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class PemFile:
    """What stands in a file, in its order.

    broken      what of it cannot be read, one sentence; "" when all can
    key         its first private key; None: it has none, or not a readable one
    has_key     it has one, readable or not
    """

    certificates: tuple[x509.Certificate, ...] = ()
    lists: tuple[x509.CertificateRevocationList, ...] = ()
    key: PrivateKeyTypes | None = None
    has_key: bool = False
    is_encrypted: bool = False
    broken: str = ""


def read_pem(path: str) -> PemFile:
    """Read a file; FileTrouble when it cannot be opened or is empty."""
    return parse_pem(read_file(path))


def read_file(path: str) -> bytes:
    """The bytes of a regular file that is not empty; else FileTrouble."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise FileTrouble(Trouble.ABSENT)
        with open(path, "rb") as file:
            content = file.read(PEM_BYTES_MAX + 1)
    except PermissionError:
        raise FileTrouble(Trouble.FORBIDDEN) from None
    except (OSError, ValueError):  # ValueError: a NUL in the name
        raise FileTrouble(Trouble.ABSENT) from None
    if len(content) > PEM_BYTES_MAX:
        raise FileTrouble(Trouble.TOO_LONG)
    if not content:
        raise FileTrouble(Trouble.ABSENT)
    return content


def names_in(path: str) -> list[str]:
    """File names in a directory; else FileTrouble."""
    try:
        return sorted(os.listdir(path))
    except PermissionError:
        raise FileTrouble(Trouble.FORBIDDEN) from None
    except (OSError, ValueError):
        raise FileTrouble(Trouble.ABSENT) from None


def parse_pem(content: bytes) -> PemFile:
    """The blocks of a PEM text; what stands between them is passed over."""
    certificates: list[x509.Certificate] = []
    lists: list[x509.CertificateRevocationList] = []
    key: PrivateKeyTypes | None = None
    has_key = is_encrypted = False
    broken = "it is in DER, not in PEM" if content[:1] == b"\x30" else "it holds no PEM"
    for number, found in enumerate(_BLOCK.finditer(content), 1):
        label, block = found[1], found[0]
        broken = "" if number == 1 else broken
        try:
            if label in _CERTIFICATES:
                certificates.append(_certificate(block))
            elif label in _LISTS:
                lists.append(x509.load_pem_x509_crl(block))
            elif label.endswith(b"PRIVATE KEY") and not has_key:
                has_key = True
                is_encrypted = _ENCRYPTED.search(block) is not None
                if not is_encrypted:
                    key = load_pem_private_key(block, None)
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
            what = label.decode("ascii").lower()
            broken = broken or f"block {number}, a {what}, cannot be read"
    return PemFile(
        tuple(certificates), tuple(lists), key, has_key, is_encrypted, broken
    )


def _certificate(block: bytes) -> x509.Certificate:
    text = block.replace(b" X509 CERTIFICATE-", b" CERTIFICATE-")  # its old name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old serial numbers and the like
        made = x509.load_pem_x509_certificate(text)
        # They are read when they are asked for: whoever asks later need not doubt them
        _ = (
            made.subject,
            made.issuer,
            made.not_valid_before_utc,
            made.not_valid_after_utc,
        )
    return made


def belongs(certificate: x509.Certificate, key: PrivateKeyTypes) -> bool:
    """Whether a key is that of a certificate."""
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    try:
        return certificate.public_key().public_bytes(
            *form
        ) == key.public_key().public_bytes(*form)
    except (ValueError, UnsupportedAlgorithm):
        return False
