"""What is known about an established connection, taken from the library once.

The only file that reads a connection of the core's by its address: the core makes
connections itself, so pyOpenSSL has no object for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.bindings._rust import _openssl
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import crypto

from fastlb.tls.der import content, elements

_lib, _ffi = _openssl.lib, _openssl.ffi
SESSION_BYTES_MAX = 65536
SESSION_ID_FIELD = 3  # version, protocol, cipher, session id


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """client_chain: what the client sent behind its certificate, in its order; empty
    in a resumed session, which keeps only the certificate itself."""

    protocol: str  # "TLSv1.3"
    cipher: str  # OpenSSL's name
    cipher_bits: int  # in use
    cipher_algorithm_bits: int
    server_name: str | None  # SNI
    is_resumed: bool
    session_id: bytes  # b"" when the session has none
    verify_result: int  # X509_V_*; 0: nothing is wrong
    verify_text: str  # the library's sentence for it
    client: bytes | None = None  # DER
    client_chain: tuple[bytes, ...] = ()
    server: bytes | None = None


def facts_of(ssl_address: int) -> ConnectionFacts:
    """Of the SSL at this address, which must live, and be established, meanwhile."""
    ssl = _ffi.cast("SSL *", ssl_address)
    cipher = _lib.SSL_get_current_cipher(ssl)
    algorithm_bits = _ffi.new("int *")
    bits = _lib.SSL_CIPHER_get_bits(cipher, algorithm_bits)
    name = _lib.SSL_get_servername(ssl, _lib.TLSEXT_NAMETYPE_host_name)
    result = _lib.SSL_get_verify_result(ssl)
    return ConnectionFacts(
        protocol=text_of(_lib.SSL_get_version(ssl)),
        cipher=text_of(_lib.SSL_CIPHER_get_name(cipher)),
        cipher_bits=bits,
        cipher_algorithm_bits=algorithm_bits[0],
        server_name=None if name == _ffi.NULL else text_of(name),
        is_resumed=bool(_lib.SSL_session_reused(ssl)),
        session_id=session_id_of(ssl),
        verify_result=result,
        verify_text=text_of(_lib.X509_verify_cert_error_string(result)),
        client=take_der(_lib.SSL_get_peer_certificate(ssl)),
        client_chain=chain_of(ssl),
        server=der_of_borrowed(_lib.SSL_get_certificate(ssl)),
    )


def chain_of(ssl: Any) -> tuple[bytes, ...]:
    chain = _lib.SSL_get_peer_cert_chain(ssl)
    if chain == _ffi.NULL:
        return ()
    found = (
        der_of_borrowed(_lib.sk_X509_value(chain, index))
        for index in range(_lib.sk_X509_num(chain))
    )
    return tuple(der for der in found if der is not None)


def der_of_borrowed(certificate: Any) -> bytes | None:
    """DER of a certificate that belongs to the connection."""
    if certificate != _ffi.NULL:
        _lib.X509_up_ref(certificate)
    return take_der(certificate)


def take_der(certificate: Any) -> bytes | None:
    """DER of a certificate of which one reference is ours: it is given back."""
    if certificate == _ffi.NULL:
        return None
    wrapped = crypto.X509._from_raw_x509_ptr(certificate)
    return wrapped.to_cryptography().public_bytes(Encoding.DER)


def session_id_of(ssl: Any) -> bytes:
    """The library has no call for it here: it stands in the session's DER form."""
    session = _lib.SSL_get_session(ssl)
    if session == _ffi.NULL:
        return b""
    size = _lib.i2d_SSL_SESSION(session, _ffi.NULL)
    if not 0 < size <= SESSION_BYTES_MAX:
        return b""
    buffer = _ffi.new("unsigned char[]", size)
    where = _ffi.new("unsigned char **", buffer)
    _lib.i2d_SSL_SESSION(session, where)
    fields = elements(content(bytes(_ffi.buffer(buffer, size))))
    for number, (_, value, _) in enumerate(fields):
        if number == SESSION_ID_FIELD:
            return value
    return b""


def text_of(pointer: Any) -> str:
    """A C string; what a peer may have chosen is kept byte for byte."""
    return bytes(_ffi.string(pointer)).decode("utf-8", "surrogateescape")
