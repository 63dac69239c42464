"""PEM files: certificates, revocation lists and private keys, as they are found.

The only file that reads them; what the library opens by itself, as authorities and
keys that are not encrypted, it reads by its own rules. Nothing here judges: `lint/`
does, and whoever makes a context.
"""

from __future__ import annotations

import enum
import os
import re
import stat
import warnings
from collections.abc import Iterator
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

from fastlb.tls.pass_phrases import is_encrypted

PEM_BYTES_MAX: Final = 1 << 24  # a bundle of all public authorities has 2 ** 18

_BLOCK: Final = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL
)
_CERTIFICATES: Final = (b"CERTIFICATE", b"X509 CERTIFICATE")
_LISTS: Final = (b"X509 CRL",)


class Trouble(enum.Enum):
    """Why a file cannot be read."""

    ABSENT = "it is empty, or no file"
    FORBIDDEN = "it may not be read"
    TOO_LONG = "it is too long to be one of certificates"


class FileTrouble(OSError):
    """A file or directory that cannot be looked at; cause: the system's refusal."""

    def __init__(self, trouble: Trouble, cause: OSError | None = None) -> None:
        if cause is None:
            super().__init__(trouble.value)
        else:
            super().__init__(cause.errno, cause.strerror)
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
    except FileTrouble:
        raise
    except PermissionError as failure:
        raise FileTrouble(Trouble.FORBIDDEN, failure) from None
    except OSError as failure:
        raise FileTrouble(Trouble.ABSENT, failure) from None
    except ValueError:  # a NUL in the name
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


def certificates_in(path: str) -> list[x509.Certificate]:
    """All of a file that must hold some; OSError, or ValueError says what is wrong.

    One that cannot be read is the whole file's fault; of keys nothing is said.
    """
    found = [
        _certificate(block)
        for label, block in _blocks(read_file(path))
        if label in _CERTIFICATES
    ]
    if not found:
        raise ValueError("no certificate is in it")
    return found


def certificates_if_any(path: str) -> list[x509.Certificate]:
    """The same; [] where somebody else tells what is wrong."""
    try:
        return certificates_in(path)
    except (OSError, ValueError):
        return []


def private_key(content: bytes, phrase: bytes | None) -> PrivateKeyTypes:
    """The first in it. ValueError or TypeError: the phrase is another."""
    return load_pem_private_key(content, phrase)


def _blocks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(label, the whole block)."""
    for found in _BLOCK.finditer(content):
        yield found[1], found[0]


def parse_pem(content: bytes) -> PemFile:
    """The blocks of a PEM text; what stands between them is passed over."""
    certificates: list[x509.Certificate] = []
    lists: list[x509.CertificateRevocationList] = []
    key: PrivateKeyTypes | None = None
    has_key = needs_phrase = False
    broken = "it is in DER, not in PEM" if content[:1] == b"\x30" else "it holds no PEM"
    for number, (label, block) in enumerate(_blocks(content), 1):
        broken = "" if number == 1 else broken
        try:
            if label in _CERTIFICATES:
                certificates.append(_certificate(block))
            elif label in _LISTS:
                lists.append(x509.load_pem_x509_crl(block))
            elif label.endswith(b"PRIVATE KEY") and not has_key:
                has_key = True
                needs_phrase = is_encrypted(block)
                if not needs_phrase:
                    key = private_key(block, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            what = label.decode("ascii").lower()
            broken = broken or f"block {number}, a {what}, cannot be read"
    return PemFile(
        tuple(certificates), tuple(lists), key, has_key, needs_phrase, broken
    )


def _certificate(block: bytes) -> x509.Certificate:
    """ValueError: it cannot be read."""
    text = block.replace(b" X509 CERTIFICATE-", b" CERTIFICATE-")  # its old name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old serial numbers and the like
            made = x509.load_pem_x509_certificate(text)
            # They are read when they are asked for: whoever asks later need not doubt
            _ = (
                made.subject,
                made.issuer,
                made.not_valid_before_utc,
                made.not_valid_after_utc,
            )
    except (UnsupportedAlgorithm, x509.InvalidVersion) as failure:
        raise ValueError(str(failure)) from None
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
