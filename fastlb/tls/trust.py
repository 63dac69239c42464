"""Whom a context believes: authorities, what they revoked, how long a chain may be."""

from __future__ import annotations

import os

from cryptography import x509
from OpenSSL import SSL, crypto

from fastlb.facts.tls import RevocationCheck, TlsServer, Trust
from fastlb.tls.errors import TlsError, failing
from fastlb.tls.pem import certificates_if_any, certificates_in
from fastlb.tls.stamps import listing

FLAGS = {
    RevocationCheck.LEAF: crypto.X509StoreFlags.CRL_CHECK,
    RevocationCheck.CHAIN: (
        crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL
    ),
}


def believe(
    context: SSL.Context, trust: Trust, depth: int, whose: str, prefix: str
) -> None:
    """Load authorities and revocations. prefix: of the directives, "SSL", "SSLProxy".

    Apache counts the certificates above the leaf, its root among them; the library
    only those between the two.

    Differs from Apache: a depth of 0 is taken as 1; there it means that nothing but
    the certificate itself may be among the authorities.
    """
    context.set_verify_depth(max(0, depth - 1))
    if trust.ca_file is not None or trust.ca_path is not None:
        with failing(
            "AH01895: Unable to configure verify locations for client "
            f"authentication: {trust.ca_file or trust.ca_path}",
            f"{prefix}CACertificateFile takes a file of PEM certificates, "
            f"{prefix}CACertificatePath a directory made by openssl rehash",
        ):
            context.load_verify_locations(trust.ca_file, trust.ca_path)
    flags = FLAGS.get(trust.revocation_check)
    if flags is None:
        return
    if trust.revocation_file is None and trust.revocation_path is None:
        raise TlsError(
            f"AH01899: Host {whose}: CRL checking has been enabled, but neither "
            f"{prefix}CARevocationFile nor {prefix}CARevocationPath is configured"
        )
    store = context.get_cert_store()
    assert store is not None  # a context is made with one
    with failing(
        f"AH01901: Host {whose}: unable to configure X.509 CRL storage for "
        f"certificate revocation: {trust.revocation_file or trust.revocation_path}",
        of=(crypto.Error,),
    ):
        store.load_locations(trust.revocation_file, trust.revocation_path)
        store.set_flags(flags)


def name_authorities(context: SSL.Context, settings: TlsServer) -> None:
    """Tell clients whose certificates are asked for (SSLCADNRequest*)."""
    if settings.dn_request_file is None and settings.dn_request_path is None:
        file, folder = settings.trust.ca_file, settings.trust.ca_path
    else:
        file, folder = settings.dn_request_file, settings.dn_request_path
    paths = [file] if file is not None else []
    if folder is not None:
        paths += (os.path.join(folder, name) for name in listing(folder))
    known: set[bytes] = set()
    for path in paths:
        for certificate in certificates_of(path, is_needed=path == file):
            name = certificate.subject.public_bytes()
            if name not in known:
                known.add(name)
                context.add_client_ca(certificate)


def certificates_of(path: str, *, is_needed: bool) -> list[x509.Certificate]:
    """All of a PEM file; a file of a directory may be anything, and gives none then."""
    if not is_needed:
        return certificates_if_any(path)
    with failing(
        "AH01896: Unable to determine list of acceptable CA certificates for "
        f"client authentication: {path}",
        of=(OSError, ValueError),
    ):
        return certificates_in(path)
