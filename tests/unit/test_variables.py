"""SSL_* variables have the values that httpd gave for the same certificates."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from certificates import make_ca, make_pair
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID
from rows import rows

from fastlb.tls.facts import ConnectionFacts
from fastlb.tls.variables import variable

# Recorded from httpd 2.4.71 (Header always set X "%{NAME}s") with SSLVerifyClient
# optional_no_ca; "none": no certificate, TLS 1.2, no server name. Line ends of PEM are
# blanks there.
DATA = Path(__file__).parent / "data" / "tls_variables"
RECORDED: dict[str, dict[str, str | None]] = json.loads(
    (DATA / "httpd-2.4.71.json").read_text("utf-8")
)
CASES = [(case, name) for case, values in RECORDED.items() for name in values]


def ders(name: str) -> list[bytes]:
    found = x509.load_pem_x509_certificates((DATA / name).read_bytes())
    return [certificate.public_bytes(Encoding.DER) for certificate in found]


def facts(case: str, **changes: Any) -> ConnectionFacts:
    """Of the connection that was recorded."""
    values: dict[str, Any] = {
        "protocol": "TLSv1.3",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "cipher_bits": 256,
        "cipher_algorithm_bits": 256,
        "server_name": "server.example",
        "is_resumed": False,
        "session_id": b"",
        "verify_result": 0,
        "verify_text": "ok",
        "server": ders("server.pem")[0],
    }
    if case == "none":
        values |= {
            "protocol": "TLSv1.2",
            "cipher": "ECDHE-ECDSA-AES256-GCM-SHA384",
            "server_name": None,
        }
    else:
        client, *chain = ders(case)
        values |= {"client": client, "client_chain": tuple(chain)}
    if case == "self.pem":
        values |= {"verify_result": 18, "verify_text": "self-signed certificate"}
    return ConnectionFacts(**(values | changes))


@rows(("case", "name"), CASES)
def test_values_are_those_of_httpd(case: str, name: str) -> None:
    expected = RECORDED[case][name]
    value = variable(name, facts(case))
    if expected is None or value is None:
        assert value == expected
        return
    recorded = expected.encode("latin-1" if "RAW" in name else "utf-8")
    assert value.replace("\n", " ").encode("utf-8", "surrogateescape") == recorded


def test_a_session_has_its_number_in_hexadecimal() -> None:
    assert variable("SSL_SESSION_ID", facts("none", session_id=b"\x0a\xff")) == "0aff"
    assert variable("SSL_SESSION_ID", facts("none")) is None
    assert variable("SSL_SESSION_RESUMED", facts("none", is_resumed=True)) == "Resumed"


def test_days_that_remain_are_whole_and_never_negative() -> None:
    then = datetime(2049, 11, 29, 0, 0, 0, tzinfo=UTC).timestamp()
    assert variable("SSL_CLIENT_V_REMAIN", facts("client.pem"), then) == "2"
    late = datetime(2050, 1, 1, tzinfo=UTC).timestamp()
    assert variable("SSL_CLIENT_V_REMAIN", facts("client.pem"), late) == "0"
    assert int(variable("SSL_SERVER_V_REMAIN", facts("none")) or 0) > 0


def test_the_program_and_its_library_name_themselves() -> None:
    assert (variable("SSL_VERSION_INTERFACE", None) or "").startswith("fastlb/")
    assert (variable("SSL_VERSION_LIBRARY", None) or "").startswith("OpenSSL/")


def test_a_plain_connection_has_no_more_than_that() -> None:
    assert variable("HTTPS", None) == "off"
    assert variable("SSL_PROTOCOL", None) is None
    assert variable("SSL_CLIENT_S_DN", None) is None


def test_a_cipher_made_for_export_is_called_one() -> None:
    assert variable("SSL_CIPHER_EXPORT", facts("none", cipher_bits=40)) == "true"


def test_a_certificate_without_alternatives_has_none() -> None:
    pair = make_pair(make_ca(), (), subject="alone")
    der = pair.certificate.public_bytes(Encoding.DER)
    assert variable("SSL_CLIENT_SAN_DNS_0", facts("none", client=der)) is None


def test_alternatives_that_cannot_be_read_are_none() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    x400 = x509.UnrecognizedExtension(
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\x30\x04\xa3\x02\x05\x00"
    )
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now)
        .add_extension(x400, critical=False)
        .sign(key, hashes.SHA256())
    )
    seen = facts("none", client=made.public_bytes(Encoding.DER))
    assert variable("SSL_CLIENT_SAN_DNS_0", seen) is None


def test_words_behind_a_known_name_are_not_known() -> None:
    for name in ("SSL_SERVER_NONSENSE", "SSL_SERVER_S_DN_CN_1_2", "SSL_OTHER_CERT"):
        assert variable(name, facts("client.pem")) is None
