"""Who issued a certificate, and what it says of where to ask."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

OCSP, ISSUER = Access.OCSP, Access.CA_ISSUERS


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
    try:
        access = certificate.extensions.get_extension_for_class(
            x509.AuthorityInformationAccess
        ).value
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ):
        return ""
    for description in access:
        location = description.access_location
        if description.access_method == what and isinstance(
            location, x509.UniformResourceIdentifier
        ):
            return location.value
    return ""
