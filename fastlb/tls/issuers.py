"""What a certificate says in its extensions, and who issued it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

OCSP, ISSUER = Access.OCSP, Access.CA_ISSUERS
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


def extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    """An extension's value; None when it is not there, or cannot be read."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ):
        return None


def has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether one certificate was signed with the key of the other."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def issuer_of(
    certificate: x509.Certificate, candidates: Iterable[x509.Certificate]
) -> x509.Certificate | None:
    """The one that signed it."""
    return next((one for one in candidates if has_issued(one, certificate)), None)


def url_of(certificate: x509.Certificate, what: x509.ObjectIdentifier) -> str:
    """Where OCSP answers, or the ISSUER's certificate, are; "" (RFC 5280 4.2.2.1)."""
    for description in extension(certificate, x509.AuthorityInformationAccess) or ():
        location = description.access_location
        if description.access_method == what and isinstance(
            location, x509.UniformResourceIdentifier
        ):
            return location.value
    return ""
