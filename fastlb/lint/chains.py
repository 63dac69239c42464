"""What there is to say about a certificate and those behind it.

Pure: certificates in, sentences out. Source: RFC 5280, RFC 9525 (names), RFC 8446
4.4.2 (order of a chain).
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import NameOID

from fastlb.tls.expiry import soon
from fastlb.tls.issuers import ISSUER, extension, has_issued, issuer_of, url_of

RSA_BITS_MIN: Final = 2048
EC_BITS_MIN: Final = 224
WEAK_HASHES: Final = ("md5", "sha1")


@dataclass(frozen=True, slots=True)
class Fault:
    """One sentence, why it matters, what to do. is_serious: clients will refuse."""

    text: str
    why: str
    cure: str
    is_serious: bool = True


def chain_faults(
    leaves: Sequence[x509.Certificate],
    rest: Sequence[x509.Certificate],
    is_known: Callable[[x509.Certificate], bool],
) -> list[Fault]:
    """Of leaves and what is sent behind each: order, strangers, roots, gaps.

    is_known: whether an authority that clients may be expected to know issued it.
    """
    rest = [item for item in rest if item not in leaves]
    found: list[Fault] = []
    useful: list[x509.Certificate] = []
    for leaf in leaves:
        ordered = _in_order(leaf, rest)
        useful += ordered
        given = [item for item in rest if item in ordered]
        if given != ordered[1:]:
            found.append(
                Fault(
                    "the chain is in the wrong order",
                    "each certificate must stand behind the one that it issued",
                    "write " + ", then ".join(shown(item) for item in ordered),
                )
            )
        top = ordered[-1]
        if is_self_signed(top):
            if len(ordered) > 1:
                found.append(_root(top))
        elif not is_known(top):
            found.append(_gap(top))
    found += (
        Fault(
            f"{shown(item)} did not issue any certificate before it in the chain",
            "it is sent in each handshake, and no client can use it",
            "take it out",
        )
        for item in rest
        if item not in useful
    )
    return list(dict.fromkeys(found))


def _root(top: x509.Certificate) -> Fault:
    return Fault(
        f"the chain holds the root, {shown(top)}",
        "clients know it or do not believe it; sending it changes nothing",
        "take it out",
        is_serious=False,
    )


def _gap(top: x509.Certificate) -> Fault:
    issuer = shown_name(top.issuer)
    address = url_of(top, ISSUER)
    if address:
        return Fault(
            f"the intermediate certificate {issuer} is missing",
            "clients that do not fetch it themselves refuse the connection",
            f"append it to the certificate file (it is at {address})",
        )
    return Fault(
        f"{shown(top)} was issued by {issuer}, which this system does not know",
        "clients must know it, or find it in the chain",
        "append it to the certificate file if it is an intermediate one",
        is_serious=False,
    )


def _in_order(
    leaf: x509.Certificate, rest: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """The leaf and, as far as they are there, its issuer and so on."""
    ordered = [leaf]
    left = list(rest)
    while not is_self_signed(ordered[-1]):
        issuer = issuer_of(ordered[-1], left)
        if issuer is None:
            break
        left.remove(issuer)
        ordered.append(issuer)
    return ordered


class KnownRoots:
    """Authorities that clients may be expected to know."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._by_name: dict[bytes, list[x509.Certificate]] = {}
        for item in certificates:
            self._by_name.setdefault(item.subject.public_bytes(), []).append(item)

    def have_issued(self, certificate: x509.Certificate) -> bool:
        """Whether one of them issued a certificate."""
        candidates = self._by_name.get(certificate.issuer.public_bytes(), ())
        return issuer_of(certificate, candidates) is not None


def is_self_signed(certificate: x509.Certificate) -> bool:
    return has_issued(certificate, certificate)


def age_fault(certificate: x509.Certificate, now: datetime) -> Fault | None:
    """Expired, not yet valid, or soon to expire."""
    what, end = shown(certificate), certificate.not_valid_after_utc
    start = certificate.not_valid_before_utc
    if end < now:
        return Fault(
            f"{what} expired on {end:%Y-%m-%d}",
            "clients refuse the connection",
            "renew it",
        )
    if start > now:
        return Fault(
            f"{what} is not valid before {start:%Y-%m-%d %H:%M} UTC",
            "clients refuse the connection until then",
            "look at the clock of this machine, or wait",
        )
    left = soon((end - now).total_seconds())
    if left is not None:
        return Fault(f"{what} expires {left}, on {end:%Y-%m-%d}", "", "renew it", False)
    return None


def weakness(certificate: x509.Certificate) -> Fault | None:
    """A key or signature that the TLS library refuses (its security level 2)."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    kind, bits, least = "", 0, 0
    if isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)):
        kind = "RSA" if isinstance(key, rsa.RSAPublicKey) else "DSA"
        bits, least = key.key_size, RSA_BITS_MIN
    elif isinstance(key, ec.EllipticCurvePublicKey):
        kind, bits, least = "ECDSA", key.key_size, EC_BITS_MIN
    if bits < least:
        return Fault(
            f"{shown(certificate)} has a {kind} key of {bits} bits",
            "the TLS library refuses keys that can be broken",
            f"make a new key, of {least} bits at least",
        )
    try:
        hashed = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    is_weak = hashed is not None and hashed.name in WEAK_HASHES
    if is_weak and hashed is not None and not is_self_signed(certificate):
        return Fault(
            f"{shown(certificate)} is signed with {hashed.name.upper()}",
            "such signatures can be forged, and clients refuse them",
            "let the authority issue it anew",
        )
    return None


def is_authority(certificate: x509.Certificate) -> bool:
    found = extension(certificate, x509.BasicConstraints)
    return found is not None and found.ca


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """DNS names and addresses it is for, in lower case; without any, its CN."""
    found: list[str] = []
    alternatives = extension(certificate, x509.SubjectAlternativeName)
    if alternatives is not None:
        found = [
            name.lower() for name in alternatives.get_values_for_type(x509.DNSName)
        ]
        addresses = alternatives.get_values_for_type(x509.IPAddress)
        found += [str(address) for address in addresses]
    return tuple(found) or tuple(name.lower() for name in common_names(certificate))


def common_names(certificate: x509.Certificate) -> list[str]:
    attributes = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [str(item.value) for item in attributes]


def covers(names: Iterable[str], wanted: str) -> bool:
    """Whether one of a certificate's names is for a host name, or a ServerAlias.

    `*` of a certificate stands for one label. A ServerAlias with * or ? can only be
    covered when the certificate has the very same pattern, or a single label in front
    of it is open on both sides.
    """
    wanted = wanted.lower().rstrip(".")
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(wanted.strip("[]"))) in names
    _, _, parent = wanted.partition(".")
    open_label = not set(parent) & set("*?")
    for name in names:
        if name == wanted:
            return True
        if name.startswith("*.") and open_label and name[2:] == parent:
            return True
    return False


def shown(certificate: x509.Certificate) -> str:
    """How messages name a certificate: its common name, or all of its subject."""
    return shown_name(certificate.subject)


def shown_name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    text = str(common[0].value) if common else name.rfc4514_string()
    return f"'{text}'"
