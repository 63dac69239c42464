"""A context for virtual hosts with SSLEngine on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from cryptography.hazmat.bindings._rust import _openssl
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from fastlb.facts.tls import KeyPair, TlsServer
from fastlb.tls.errors import TlsError, failing
from fastlb.tls.keys import use_key
from fastlb.tls.library import address_of
from fastlb.tls.pass_phrases import KeyPlace, PassPhrases
from fastlb.tls.pem import certificates_in
from fastlb.tls.protocols import obey, restrict
from fastlb.tls.trust import believe, name_authorities

# SSL_MODE_*: partial writes, moving write buffer, release buffers of idle connections
MODES = 0x1 | 0x2 | 0x10
MODE_NO_AUTO_CHAIN = 0x8
# An end without close_notify is an end, as in httpd: many peers never send one, and
# HTTP knows by itself where all but the oldest kind of body ends.
NEVER = SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION | SSL.OP_IGNORE_UNEXPECTED_EOF


@dataclass(frozen=True, slots=True)
class ServerContext:
    """loaded: address of the X509 of each pair in the context."""

    context: SSL.Context
    loaded: tuple[int, ...]


def server_context(
    settings: TlsServer, whose: str, phrases: PassPhrases
) -> ServerContext:
    """Ready to be shared by every worker; TlsError when a file or a setting fails it.

    whose: name:port of a virtual host that asks for it, for messages and phrases.
    What has to be asked of a connection (the client's certificate) is the core's, and
    so are the callbacks. Early data is off by the library's default.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_mode(MODES)
    context.set_options(NEVER)
    if settings.honor_cipher_order:
        context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
    if not settings.session_tickets:
        context.set_options(SSL.OP_NO_TICKET)
    # A cache in the library would be one for each worker: sessions are in tickets.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_session_id(session_id_context(settings))
    context.set_timeout(settings.session_timeout_s)
    restrict(context, settings.protocols, whose)
    believe(context, settings.trust, settings.verify_depth, whose, "SSL")
    if settings.trust.ca_file is None and settings.trust.ca_path is None:
        # Else the library looks, in every handshake, for a chain that cannot be there.
        context.set_mode(MODE_NO_AUTO_CHAIN)
    name_authorities(context, settings)
    loaded = use_pairs(context, settings, whose, phrases)
    obey(context, settings.conf_commands, whose)
    return ServerContext(context, loaded)


def session_id_context(settings: TlsServer) -> bytes:
    """32 bytes: a session is only taken up where clients are asked for the same.

    Source: RFC 8446 4.6.1; CVE-2025-23048 of httpd.
    """
    return hashlib.sha256(repr(policy(settings)).encode()).digest()


def policy(settings: TlsServer) -> TlsServer:
    """Without certificates, and without what no session depends on."""
    return replace(
        settings,
        pairs=(),
        chain_file=None,
        strict_sni=False,
        stapling=None,
        pass_phrase="",
    )


def use_pairs(
    context: SSL.Context, settings: TlsServer, whose: str, phrases: PassPhrases
) -> tuple[int, ...]:
    """Certificates, what stands behind them, and their keys."""
    loaded = []
    if not settings.pairs:
        raise TlsError(
            "AH02572: Failed to configure at least one certificate and key for "
            f"{whose}",
            "",
            "write SSLCertificateFile and SSLCertificateKeyFile",
        )
    for number, pair in enumerate(settings.pairs):
        place = KeyPlace(whose, number, pair.key_file)
        use_certificate(context, pair, place, has_chain=settings.chain_file is None)
        file = pair.certificate_file
        use_key(context, place, file, settings.pass_phrase, phrases)
        loaded.append(address_of_current(context))
    if settings.chain_file is not None:
        use_chain_file(context, settings.chain_file, settings.pairs)
    return tuple(loaded)


def address_of_current(context: SSL.Context) -> int:
    """Of the certificate that was taken last: the library tells it of a connection."""
    ssl = _openssl.lib.SSL_new(context._context)
    try:
        return address_of(_openssl.lib.SSL_get_certificate(ssl))
    finally:
        _openssl.lib.SSL_free(ssl)


def use_certificate(
    context: SSL.Context, pair: KeyPair, place: KeyPlace, *, has_chain: bool
) -> None:
    """The leaf; and what follows it in the file, unless SSLCertificateChainFile is
    written, which then holds the whole chain (as in mod_ssl)."""
    file = pair.certificate_file
    number, what = ("AH02562", " (with chain)") if has_chain else ("AH02561", "")
    with failing(
        f"{number}: Failed to configure certificate {place}{what}, check {file}",
        "the file must hold PEM certificates, the server's own first",
    ):
        if has_chain:
            context.use_certificate_chain_file(file)
        else:
            context.use_certificate_file(file)


def use_chain_file(context: SSL.Context, path: str, pairs: tuple[KeyPair, ...]) -> None:
    """SSLCertificateChainFile: one chain behind whichever certificate is sent."""
    with failing(
        f"AH01903: Failed to configure CA certificate chain! check {path}",
        "the file must hold PEM certificates, issuer after issuer",
        of=(OSError, ValueError, SSL.Error),
    ):
        own = {first_der(pair.certificate_file) for pair in pairs}
        for certificate in certificates_in(path):
            if certificate.public_bytes(Encoding.DER) not in own:
                context.add_extra_chain_cert(certificate)


def first_der(path: str) -> bytes:
    return certificates_in(path)[0].public_bytes(Encoding.DER)
