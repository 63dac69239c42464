"""Facts of a connection, read from the library by its address."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificates import Authority, make_ca, make_pair
from cryptography.hazmat.bindings._rust import _openssl
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from tls_peers import Server, Shaken, client_context, settings, shake

from fastlb.facts.tls import Trust, Verify
from fastlb.tls.facts import ConnectionFacts, facts_of
from fastlb.tls.library import address_of
from fastlb.tls.pass_phrases import PassPhrases
from fastlb.tls.server_context import server_context


@pytest.fixture(scope="module")
def ca() -> Authority:
    return make_ca()


def server_for(ca: Authority, tmp_path: Path) -> Server:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    trust = Trust(ca_file=str(ca.write(tmp_path)))
    made = settings(files, verify=Verify.OPTIONAL, verify_depth=2, trust=trust)
    context = server_context(made, "one.test:443", PassPhrases()).context
    return Server(context, context, verify=SSL.VERIFY_PEER)


def facts(shaken: Shaken) -> ConnectionFacts:
    return facts_of(address_of(shaken.ours._ssl))


def test_a_connection_without_a_client_certificate(
    ca: Authority, tmp_path: Path
) -> None:
    shaken = shake(server_for(ca, tmp_path))
    found = facts(shaken)
    assert (found.protocol, found.cipher, found.cipher_bits) == (
        "TLSv1.3",
        "TLS_AES_256_GCM_SHA384",
        256,
    )
    assert found.server_name == "one.test"
    assert (found.client, found.client_chain) == (None, ())
    assert found.server == shaken.presented.public_bytes(Encoding.DER)
    assert (found.is_resumed, found.verify_result) == (False, 0)


def test_a_client_s_certificate_and_chain_are_there_once(
    ca: Authority, tmp_path: Path
) -> None:
    middle = make_ca("middle", parent=ca)
    pair = make_pair(middle, ["client"], client=True)
    files = pair.write(tmp_path, "client")
    client = client_context()
    client.load_cert_chain(files.full, files.key)
    server = server_for(ca, tmp_path)
    shaken = shake(server, client)
    found = facts(shaken)
    assert found.client == pair.certificate.public_bytes(Encoding.DER)
    assert found.client_chain == (middle.certificate.public_bytes(Encoding.DER),)
    resumed = facts(shake(server, client, session=shaken.client.session))
    assert resumed.is_resumed
    assert len(resumed.session_id) == 32
    assert (resumed.client, resumed.client_chain) == (found.client, ())


def test_asking_often_takes_no_reference_away(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["client"], client=True).write(tmp_path, "client")
    client = client_context()
    client.load_cert_chain(files.full, files.key)
    shaken = shake(server_for(ca, tmp_path), client)
    first = facts(shaken)
    for _ in range(50):
        assert facts(shaken) == first
    certificate = shaken.ours.get_peer_certificate()
    assert certificate is not None
    name = _openssl.lib.X509_get_subject_name(certificate._x509)
    assert name != _openssl.ffi.NULL
