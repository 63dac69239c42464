"""SSL_* variables: what %{...}s, %{...}x and +StdEnvVars tell of a connection.

Names, and the form of each value, are mod_ssl's; None is what it prints as "(null)".
As there, names are taken in any case, but for those of distinguished names.
Source: httpd 2.4.71, as recorded in tests/unit/data/tls_variables.
"""

from __future__ import annotations

import base64
import functools
import re
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography import x509

from fastlb.base.version import VERSION
from fastlb.tls import dn
from fastlb.tls.der import content, elements
from fastlb.tls.facts import ConnectionFacts
from fastlb.tls.issuers import extension
from fastlb.tls.library import library_version

# Parts of a name by mod_ssl's letters. SP is ST as old certificates call it.
PARTS = {
    "C": "2.5.4.6",
    "ST": "2.5.4.8",
    "SP": "2.5.4.8",
    "L": "2.5.4.7",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "CN": "2.5.4.3",
    "T": "2.5.4.12",
    "I": "2.5.4.43",
    "G": "2.5.4.42",
    "S": "2.5.4.4",
    "D": "2.5.4.13",
    "UID": "0.9.2342.19200300.100.1.1",
    "Email": "1.2.840.113549.1.9.1",
}
PART = re.compile(r"_([A-Za-z]+?)(?:_(\d*))?(_RAW)?")
ALTERNATIVE = re.compile(r"(EMAIL|DNS|OTHER_MSUPN|OTHER_DNSSRV)_(\d+)")
OTHER_NAMES = {
    "OTHER_MSUPN": "1.3.6.1.4.1.311.20.2.3",
    "OTHER_DNSSRV": "1.3.6.1.5.5.7.8.7",
}
MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
DAY_S = 86400
EXTENSION = "PEER_EXTENSION "
"""Before the number of an extension of the client's certificate (PeerExtList)."""
TEXTS = (0x0C, 0x16, 0x1A, 0x1E)  # UTF8String, IA5String, VisibleString, BMPString
WEAK_BITS = 56  # ciphers below it were made for export


def variable(
    name: str, facts: ConnectionFacts | None, now_s: float | None = None
) -> str | None:
    """The value of a variable; facts None: the connection is not TLS.

    now_s: seconds since 1970, for what remains of a certificate; None: the clock's.
    Nothing is escaped here. Bytes that are no UTF-8 come as surrogates
    (surrogateescape).
    """
    upper = name.upper()
    if name.startswith(EXTENSION):
        return extension_texts(facts, name.removeprefix(EXTENSION))
    if upper == "HTTPS":
        return "off" if facts is None else "on"
    if upper in VERSIONS:
        return VERSIONS[upper]()
    if facts is None or not upper.startswith("SSL_"):
        return None
    of_connection = CONNECTION.get(upper.removeprefix("SSL_"))
    if of_connection is not None:
        return of_connection(facts)
    side, _, rest = name[len("SSL_") :].partition("_")
    if side.upper() == "CLIENT":
        return of_client(rest, facts, now_s)
    if side.upper() == "SERVER" and facts.server is not None:
        return of_certificate(rest, facts.server, now_s)
    return None


def of_client(rest: str, facts: ConnectionFacts, now_s: float | None) -> str | None:
    upper = rest.upper()
    if upper == "VERIFY":
        return verdict(facts)
    if facts.client is None:
        return None
    if upper.startswith("CERT_CHAIN_"):
        return of_chain(upper.removeprefix("CERT_CHAIN_"), facts.client_chain)
    if upper == "CERT_RFC4523_CEA":
        certificate = parse_certificate(facts.client)
        issuer = dn.rfc2253(certificate.issuer.public_bytes(), escape_high=True)
        return (
            f"{{ serialNumber {certificate.serial_number}, "
            f'issuer rdnSequence:"{issuer}" }}'
        )
    return of_certificate(rest, facts.client, now_s)


def of_certificate(rest: str, der: bytes, now_s: float | None) -> str | None:
    """What can be told of either side's certificate."""
    upper = rest.upper()
    if upper == "CERT":
        return pem(der)
    certificate = parse_certificate(der)
    simple = CERTIFICATE.get(upper)
    if simple is not None:
        return simple(certificate)
    if upper == "V_REMAIN":
        return days_left(certificate, now_s)
    if rest == "S_DN LINE":
        return dn.line(certificate.subject.public_bytes())
    if rest.startswith("S_DN"):
        return of_name(rest[len("S_DN") :], certificate.subject)
    if rest.startswith("I_DN"):
        return of_name(rest[len("I_DN") :], certificate.issuer)
    if upper.startswith("SAN_"):
        return alternative(upper.removeprefix("SAN_"), certificate)
    return None


def extension_texts(facts: ConnectionFacts | None, oid: str) -> str | None:
    """Of each extension of this number, one after the other, a NUL behind each. One
    that is no DisplayText (RFC 5280 4.2.1.4), or an empty one, has no text, as in
    mod_ssl, which reads up to a NUL."""
    if facts is None or facts.client is None:
        return None
    found = ""
    try:
        for one in parse_certificate(facts.client).extensions:
            if one.oid.dotted_string == oid:
                found += display_text(one.value.public_bytes())
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None  # what cannot be read has none
    return found


def display_text(der: bytes) -> str:
    """Of an extension's value, with a NUL behind it; "" where there is none."""
    for tag, value, _ in elements(der):
        text = dn.utf8_of_string(tag, value) if tag in TEXTS else None
        kept = (text or b"").partition(b"\0")[0]
        return kept.decode("utf-8", "surrogateescape") + "\0" if kept else ""
    return ""


def verdict(facts: ConnectionFacts) -> str:
    """SSL_CLIENT_VERIFY. Apache's GENEROUS does not come, there neither."""
    if facts.verify_result != 0:
        return f"FAILED:{facts.verify_text}"
    return "NONE" if facts.client is None else "SUCCESS"


def of_chain(index: str, chain: tuple[bytes, ...]) -> str | None:
    if not index.isdecimal() or int(index) >= len(chain):
        return None
    return pem(chain[int(index)])


def of_name(word: str, name: x509.Name) -> str | None:
    """All of a name, or a part: _CN; _CN_1, the second of several; _CN_RAW, Latin-1."""
    if not word:
        return dn.rfc2253(name.public_bytes())
    match = PART.fullmatch(word)
    if match is None:
        return None
    letters, index, is_raw = match.groups()
    oid = PARTS.get(letters)
    if oid is None:
        return None
    found = [part for part in dn.attributes(name.public_bytes()) if part.oid == oid]
    wanted = int(index or 0)
    if wanted >= len(found):
        return None
    return dn.raw(found[wanted]) if is_raw else dn.plain(found[wanted])


def alternative(word: str, certificate: x509.Certificate) -> str | None:
    """Of subjectAltName (RFC 5280 4.2.1.6), the nth of its kind."""
    match = ALTERNATIVE.fullmatch(word)
    if match is None:
        return None
    kind, index = match.group(1), int(match.group(2))
    names = extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        return None
    if kind == "EMAIL":
        found = names.get_values_for_type(x509.RFC822Name)
    elif kind == "DNS":
        found = names.get_values_for_type(x509.DNSName)
    else:
        found = [
            content(other.value).decode("utf-8", "surrogateescape")
            for other in names.get_values_for_type(x509.OtherName)
            if other.type_id.dotted_string == OTHER_NAMES[kind]
        ]
    if index >= len(found):
        return None
    return dn.printed(found[index].encode("utf-8", "surrogateescape"))


def moment(when: datetime) -> str:
    """As ASN1_TIME_print: "Feb  9 08:07:06 2024 GMT"."""
    month = MONTHS[3 * when.month - 3 : 3 * when.month]
    return f"{month} {when.day:2d} {when:%H:%M:%S} {when.year} GMT"


def days_left(certificate: x509.Certificate, now_s: float | None) -> str:
    """Whole days; 0 when it has expired."""
    now = datetime.now(UTC).timestamp() if now_s is None else now_s
    left_s = certificate.not_valid_after_utc.timestamp() - now
    return str(max(0, int(left_s // DAY_S)))


def serial(certificate: x509.Certificate) -> str:
    """Hexadecimal, two digits a byte."""
    digits = f"{certificate.serial_number:X}"
    return digits if len(digits) % 2 == 0 else f"0{digits}"


def pem(der: bytes) -> str:
    lines = textwrap.wrap(base64.b64encode(der).decode("ascii"), 64)
    middle = "\n".join(lines)
    return f"-----BEGIN CERTIFICATE-----\n{middle}\n-----END CERTIFICATE-----\n"


@functools.lru_cache(maxsize=64)
def parse_certificate(der: bytes) -> x509.Certificate:
    """A client that asks again is asked about again."""
    return x509.load_der_x509_certificate(der)


def ours() -> str:
    return f"fastlb/{VERSION}"


def library() -> str:
    """ "OpenSSL/3.5.4", from "OpenSSL 3.5.4 30 Sep 2025"."""
    return "/".join(library_version().split()[:2])


VERSIONS: dict[str, Callable[[], str]] = {
    "SSL_VERSION_INTERFACE": ours,
    "SSL_VERSION_LIBRARY": library,
    "SSL_VERSION_LIBRARY_INTERFACE": library,
}
CONNECTION: dict[str, Callable[[ConnectionFacts], str | None]] = {
    "PROTOCOL": lambda facts: facts.protocol,
    "CIPHER": lambda facts: facts.cipher,
    "CIPHER_EXPORT": lambda facts: str(facts.cipher_bits < WEAK_BITS).lower(),
    "CIPHER_USEKEYSIZE": lambda facts: str(facts.cipher_bits),
    "CIPHER_ALGKEYSIZE": lambda facts: str(facts.cipher_algorithm_bits),
    "SESSION_ID": lambda facts: facts.session_id.hex() or None,
    "SESSION_RESUMED": lambda facts: "Resumed" if facts.is_resumed else "Initial",
    # RFC 5746 is part of TLS 1.3, and clients of TLS 1.2 have it; we never renegotiate.
    "SECURE_RENEG": lambda _: "true",
    "COMPRESS_METHOD": lambda _: "NULL",
    "TLS_SNI": lambda facts: facts.server_name,
}
CERTIFICATE: dict[str, Callable[[x509.Certificate], str | None]] = {
    "M_VERSION": lambda found: str(found.version.value + 1),
    "M_SERIAL": serial,
    "V_START": lambda found: moment(found.not_valid_before_utc),
    "V_END": lambda found: moment(found.not_valid_after_utc),
    "A_SIG": lambda found: dn.long_name(found.signature_algorithm_oid.dotted_string),
    "A_KEY": lambda found: dn.long_name(found.public_key_algorithm_oid.dotted_string),
}
