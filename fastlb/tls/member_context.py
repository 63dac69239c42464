"""A context for https and wss members."""

from __future__ import annotations

import os

from cryptography import x509
from OpenSSL import SSL

from fastlb.facts.tls import TlsMember
from fastlb.tls.errors import TlsError, failing, reason
from fastlb.tls.pem import belongs, certificates_in, read_pem
from fastlb.tls.protocols import restrict
from fastlb.tls.server_context import MODES, NEVER
from fastlb.tls.stamps import listing
from fastlb.tls.trust import believe

CHAIN_CERTIFICATES_MAX = 10


def member_context(settings: TlsMember, whose: str) -> SSL.Context:
    """Shared by the members of equal settings; TlsError as server_context.

    Names, verification and sessions are the core's.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_mode(MODES)
    context.set_options(NEVER)
    # Sessions are kept by the core, one for each member.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    restrict(context, settings.protocols, whose)
    believe(context, settings.trust, settings.verify_depth, whose, "SSLProxy")
    use_machine_certificate(context, settings)
    return context


def use_machine_certificate(context: SSL.Context, settings: TlsMember) -> None:
    """SSLProxyMachineCertificate*: the first certificate that has its key beside it.

    Differs from Apache: one is used for every member of these settings; Apache tries
    to find one by the names of authorities that the member tells.
    """
    paths: list[str] = []
    if settings.machine_certificate_file is not None:
        paths.append(settings.machine_certificate_file)
    folder = settings.machine_certificate_path
    if folder is not None:
        paths += (os.path.join(folder, name) for name in listing(folder))
    if not paths:
        return
    for path in paths:
        certificate = use_pair(
            context, path, is_named=path == settings.machine_certificate_file
        )
        if certificate is not None:
            if settings.machine_chain_file is not None:
                use_chain(context, certificate, settings.machine_chain_file)
            return
    raise TlsError(
        f"AH02252: incomplete client cert configured for SSL proxy "
        f"(missing or encrypted private key?): {paths[0]}",
        "",
        "SSLProxyMachineCertificateFile takes one PEM file with the certificate and "
        "its key, which must not be encrypted",
    )


def use_pair(
    context: SSL.Context, path: str, *, is_named: bool
) -> x509.Certificate | None:
    """Certificate and key of one file; None when it holds no pair."""
    try:
        found = read_pem(path)
        if found.is_encrypted:
            return None
        if found.key is None or not found.certificates:
            raise ValueError(found.broken or "the file holds no pair")
    except (OSError, ValueError) as failure:
        if not is_named:
            return None
        raise TlsError(
            f"AH02252: incomplete client cert configured for SSL proxy "
            f"(missing or encrypted private key?): {path}",
            reason(failure),
        ) from None
    for certificate in found.certificates:
        if belongs(certificate, found.key):
            context.use_certificate(certificate)
            context.use_privatekey(found.key)  # type: ignore[arg-type] # has its own
            return certificate
    raise TlsError(
        f"AH02326: proxy client certificate and private key do not match: {path}"
    )


def use_chain(context: SSL.Context, leaf: x509.Certificate, path: str) -> None:
    """Send the leaf's issuers that stand in the file, each behind what it issued."""
    with failing(
        f"AH02208: SSL proxy client cert initialization failed: {path}",
        "SSLProxyMachineCertificateChainFile takes PEM certificates",
        of=(OSError, ValueError),
    ):
        pool = certificates_in(path)
    last = leaf
    for _ in range(CHAIN_CERTIFICATES_MAX):
        issuer = next((c for c in pool if c.subject == last.issuer), None)
        if issuer is None or issuer == last or last.issuer == last.subject:
            return
        context.add_extra_chain_cert(issuer)
        last = issuer
