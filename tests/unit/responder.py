"""An OCSP responder for tests: what it says is decided by the test."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from certificates import Authority, Pair
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def answer(
    pair: Pair,
    ca: Authority,
    *,
    signer: tuple[x509.Certificate, object] | None = None,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    this_update: datetime | None = None,
    next_update: datetime | None = None,
    by_key: bool = True,
) -> bytes:
    """About pair, signed by ca or by a responder whose certificate is sent along."""
    certificate, key = signer or (ca.certificate, ca.key)
    builder = ocsp.OCSPResponseBuilder().add_response(
        pair.certificate,
        ca.certificate,
        hashes.SHA1(),
        status,
        this_update or now() - HOUR,
        next_update or now() + 10 * HOUR,
        now() - HOUR if status is ocsp.OCSPCertStatus.REVOKED else None,
        None,
    )
    encoding = ocsp.OCSPResponderEncoding
    builder = builder.responder_id(
        encoding.HASH if by_key else encoding.NAME, certificate
    )
    if signer is not None:
        builder = builder.certificates([certificate])
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]


def delegate(
    ca: Authority, *, may_sign: bool = True, not_after: datetime | None = None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A responder's own certificate, with or without leave to sign answers."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = ExtendedKeyUsageOID.OCSP_SIGNING
    if not may_sign:
        usage = ExtendedKeyUsageOID.SERVER_AUTH
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "responder")]))
        .issuer_name(ca.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now() - 48 * HOUR)
        .not_valid_after(not_after or now() + HOUR)
        .add_extension(x509.ExtendedKeyUsage([usage]), False)
        .sign(ca.key, hashes.SHA256())
    )
    return certificate, key


@contextmanager
def responder(say: Callable[[bytes], tuple[int, bytes]]) -> Iterator[str]:
    """The URL of a server that answers POST with what say makes of the request."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            status, body = say(self.rfile.read(size))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ocsp?x=1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
