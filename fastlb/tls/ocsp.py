"""OCSP (RFC 6960): what is asked about a certificate, and which answers are believed.

No network here: monitor/stapling.py carries the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from fastlb.tls.issuers import extension, has_issued

# A whole OCSPResponse that says tryLater and no more.
TRY_LATER = b"\x30\x03\x0a\x01\x03"


class OcspError(Exception):
    """str(): why an answer is not believed, or there is none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A signed statement that is in force. Seconds since 1970."""

    der: bytes
    this_update_s: float
    next_update_s: float | None  # None: the responder always has a newer one
    is_good: bool
    status: str  # "good", "revoked", "unknown"


def request_for(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """OCSPRequest in DER; names and keys by SHA-1, which every responder knows.

    Without a nonce: answers made beforehand are what is offered everywhere (RFC 5019).
    """
    builder = ocsp.OCSPRequestBuilder()
    return (
        builder.add_certificate(certificate, issuer, SHA1())
        .build()
        .public_bytes(Encoding.DER)
    )


def judge(
    der: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now_s: float,
    skew_s: float,
) -> Answer:
    """The statement about this certificate; OcspError when it is not to be believed.

    skew_s: by which clocks may differ.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise OcspError(
                f"the responder says {response.response_status.name.lower()}"
            )
        check_signature(response, issuer, now_s)
        single = statement_about(response, request_for(certificate, issuer))
    except (ValueError, UnsupportedAlgorithm) as failure:
        raise OcspError(f"the answer cannot be read: {failure}") from None
    this_s = single.this_update_utc.timestamp()
    next_update = single.next_update_utc
    next_s = next_update.timestamp() if next_update is not None else None
    if this_s > now_s + skew_s:
        raise OcspError("the answer is of the future: one of the clocks is wrong")
    if next_s is not None and next_s + skew_s < now_s:
        raise OcspError("the answer is out of date")
    status = single.certificate_status
    return Answer(
        der=der,
        this_update_s=this_s,
        next_update_s=next_s,
        is_good=status is ocsp.OCSPCertStatus.GOOD,
        status=status.name.lower(),
    )


def statement_about(
    response: ocsp.OCSPResponse, request: bytes
) -> ocsp.OCSPSingleResponse:
    """Of those in the answer, the one that was asked for."""
    asked = ocsp.load_der_ocsp_request(request)
    for single in response.responses:
        if (
            single.serial_number == asked.serial_number
            and single.issuer_key_hash == asked.issuer_key_hash
            and single.issuer_name_hash == asked.issuer_name_hash
        ):
            return single
    raise OcspError("the answer is about another certificate")


def check_signature(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, now_s: float
) -> None:
    """RFC 6960 4.2.2.2: signed by the issuer, or by whom it has named for that."""
    signer = signer_of(response, issuer, now_s)
    key = signer.public_key()
    digest = response.signature_hash_algorithm
    try:
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(
                response.signature,
                response.tbs_response_bytes,
                padding.PKCS1v15(),
                digest,
            )
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(
                response.signature, response.tbs_response_bytes, ec.ECDSA(digest)
            )
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(response.signature, response.tbs_response_bytes)
        else:
            raise OcspError("the answer is signed in a way that is not known here")
    except InvalidSignature:
        raise OcspError("the signature of the answer is wrong") from None


def signer_of(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, now_s: float
) -> x509.Certificate:
    if is_named(response, issuer):
        return issuer
    now = datetime.fromtimestamp(now_s, UTC)
    for certificate in response.certificates:
        if not is_named(response, certificate):
            continue
        if not has_issued(issuer, certificate) or not may_sign(certificate):
            raise OcspError("the responder has no leave of the certificate's issuer")
        if (
            not certificate.not_valid_before_utc
            <= now
            <= certificate.not_valid_after_utc
        ):
            raise OcspError("the responder's own certificate is out of date")
        return certificate
    raise OcspError("nobody known has signed the answer")


def is_named(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    """True when the answer says that this is who signed it."""
    if response.responder_name is not None:
        return response.responder_name == certificate.subject
    known = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
    return response.responder_key_hash == known.digest


def may_sign(certificate: x509.Certificate) -> bool:
    usage = extension(certificate, x509.ExtendedKeyUsage)
    return usage is not None and ExtendedKeyUsageOID.OCSP_SIGNING in usage
