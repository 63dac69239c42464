"""Which certificates are stapled, and where their answers are (SSLUseStapling).

    master   makes a context, and the memory for its answers, which it hands to the
             library together with a C function (core/io/staples.pxd)
    monitor  asks the responders and writes        (monitor/stapling.py)
    workers  inherit both; the C function copies an answer into each handshake

The memory belongs to the context: as long as a reload keeps that, answers stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.bindings._rust import _openssl
from OpenSSL import SSL

from fastlb._core import STAPLE_FUNCTIONS, Staples
from fastlb.facts.tls import Stapling, TlsServer
from fastlb.tls.issuers import OCSP, issuer_of, url_of
from fastlb.tls.library import addresses
from fastlb.tls.pem import certificates_if_any

STATUS_CALLBACK = "int (*)(SSL *, void *)"


@dataclass(frozen=True, slots=True, eq=False)
class Stapled:
    """One certificate of a context. trouble: why nothing can be asked; "" if it can."""

    name: str  # name:port:index, as Apache numbers certificates
    settings: Stapling
    certificate: x509.Certificate
    issuer: x509.Certificate | None
    url: str
    staples: Staples
    index: int
    trouble: str


def staple(
    context: SSL.Context,
    loaded: tuple[int, ...],
    settings: TlsServer,
    whose: str,
) -> tuple[Stapled, ...]:
    """Prepare the context; what the monitor has to do for it.

    loaded: address of each pair's X509 in the context, in the order of the pairs.
    """
    if settings.stapling is None:
        return ()
    staples = Staples(loaded, addresses(STAPLE_FUNCTIONS))
    lib, ffi = _openssl.lib, _openssl.ffi
    lib.SSL_CTX_set_tlsext_status_cb(
        context._context, ffi.cast(STATUS_CALLBACK, staples.callback)
    )
    lib.SSL_CTX_set_tlsext_status_arg(
        context._context, ffi.cast("void *", staples.address)
    )
    found = []
    for index, pair in enumerate(settings.pairs):
        own = certificates_if_any(pair.certificate_file)
        if not own:
            continue
        certificate, chain = own[0], own[1:]
        for path in filter(None, (settings.chain_file, settings.trust.ca_file)):
            chain += certificates_if_any(path)
        issuer = issuer_of(certificate, chain)
        url = settings.stapling.force_url or url_of(certificate, OCSP)
        found.append(
            Stapled(
                name=f"{whose}:{index}",
                settings=settings.stapling,
                certificate=certificate,
                issuer=issuer,
                url=url,
                staples=staples,
                index=index,
                trouble=trouble_of(certificate, issuer, url),
            )
        )
    return tuple(found)


def trouble_of(
    certificate: x509.Certificate, issuer: x509.Certificate | None, url: str
) -> str:
    """In Apache's words, with what to do."""
    if certificate.issuer == certificate.subject:
        return "AH02217: ssl_stapling_init_cert: it is signed by itself"
    if issuer is None:
        return (
            "AH02217: ssl_stapling_init_cert: can't retrieve issuer certificate! "
            "Put the issuer's certificate behind it in SSLCertificateFile"
        )
    if not url:
        return (
            "AH02218: ssl_stapling_init_cert: no OCSP URI in certificate and no "
            "SSLStaplingForceURL set"
        )
    if not url.startswith("http://"):
        return f"AH01940: stapling_renew_response: Unsupported uri {url}"
    return ""


def keep_answers(
    before: Iterable[Stapled], after: Iterable[Stapled], now_s: int
) -> None:
    """A context was made anew with certificates that the old one had: answers go on."""
    known = {old.certificate: old for old in before}
    for new in after:
        old = known.get(new.certificate)
        if old is None or old.staples is new.staples:
            continue
        answer = old.staples.get(old.index, now_s)
        if answer is not None:
            # The monitor judges it, and sets how long it lasts, when it begins.
            new.staples.put(new.index, answer, now_s + KEPT_S)


KEPT_S = 60
