"""What SSL* directives make of a server's context, seen from a client."""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, make_ca, make_crl, make_pair, pem_of
from cryptography.hazmat.bindings._rust import _openssl
from OpenSSL import SSL
from tls_peers import ALL, Server, Shaken, client_context, settings, shake

from fastlb.facts.tls import (
    KeyPair,
    Protocols,
    RevocationCheck,
    TlsServer,
    Trust,
    Verify,
)
from fastlb.tls.errors import TlsError
from fastlb.tls.pass_phrases import PassPhrases
from fastlb.tls.server_context import server_context, session_id_context

WHOSE = "one.test:443"
# RFC 7919 A.1: openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048
FFDHE2048 = """\
-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""


@pytest.fixture(scope="module")
def ca() -> Authority:
    return make_ca()


@pytest.fixture(scope="module")
def middle(ca: Authority) -> Authority:
    return make_ca("middle", parent=ca)


def serving(made: TlsServer, phrases: PassPhrases | None = None) -> Server:
    context = server_context(made, WHOSE, phrases or PassPhrases()).context
    return Server(context, context)


def refused(made: TlsServer, phrases: PassPhrases | None = None) -> str:
    with pytest.raises(TlsError) as caught:
        server_context(made, WHOSE, phrases or PassPhrases())
    return str(caught.value)


def only(version: ssl.TLSVersion, **more: Any) -> ssl.SSLContext:
    context = client_context()
    context.minimum_version = context.maximum_version = version
    for name, value in more.items():
        getattr(context, name)(value)
    return context


def chain_sent(server: Server) -> int:
    """Certificates that a client of ours gets."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    theirs = SSL.Connection(context, None)
    theirs.set_connect_state()
    ours = server.connection()
    for _ in range(6):
        for one, other in ((theirs, ours), (ours, theirs)):
            with contextlib.suppress(SSL.WantReadError):
                one.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(65536))
    return len(theirs.get_peer_cert_chain() or ())


def group_of(shaken: Shaken) -> str:
    found = _openssl.lib.SSL_get0_group_name(shaken.ours._ssl)
    return bytes(_openssl.ffi.string(found)).decode()


# certificates and chains


def test_the_chain_in_the_certificate_file_is_sent(
    middle: Authority, tmp_path: Path
) -> None:
    files = make_pair(middle, ["one.test"]).write(tmp_path, "one")
    server = serving(settings(files))
    shake(server, client_context(middle.root_pem))
    assert chain_sent(server) == 2


def test_a_chain_file_stands_behind_the_leaf(middle: Authority, tmp_path: Path) -> None:
    pair = make_pair(middle, ["one.test"])
    files = pair.write(tmp_path, "one")
    alone = KeyPair(str(files.certificate), str(files.key), "", 0)
    made = replace(settings(), pairs=(alone,))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(serving(made), client_context(middle.root_pem))
    server = serving(replace(made, chain_file=str(files.chain)))
    shake(server, client_context(middle.root_pem))
    assert chain_sent(server) == 2


def test_a_chain_file_takes_the_place_of_the_chain_in_the_certificate_file(
    middle: Authority, tmp_path: Path
) -> None:
    files = make_pair(middle, ["one.test"]).write(tmp_path, "one")
    chain = tmp_path / "roots"
    chain.write_bytes(files.certificate.read_bytes() + middle.pem + middle.root_pem)
    server = serving(settings(files, chain_file=str(chain)))
    assert chain_sent(server) == 3  # the leaf is not sent twice


def test_a_key_may_stand_in_the_certificate_file(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    full = str(files.full)
    made = replace(settings(), pairs=(KeyPair(full, full, "", 0),))
    shake(serving(made), client_context(ca.root_pem))


def test_a_client_gets_the_certificate_of_the_kind_it_takes(
    ca: Authority, tmp_path: Path
) -> None:
    curve, rsa = make_pair(ca, ["one.test"]), make_pair(ca, ["one.test"], kind="rsa")
    server = serving(settings(curve.write(tmp_path, "ec"), rsa.write(tmp_path, "rsa")))
    modern = only(ssl.TLSVersion.TLSv1_2, set_ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
    old = only(ssl.TLSVersion.TLSv1_2, set_ciphers="ECDHE-RSA-AES128-GCM-SHA256")
    assert shake(server, modern).presented == curve.certificate
    assert shake(server, old).presented == rsa.certificate


@pytest.mark.parametrize("order", [0, 1])
def test_each_pair_is_sent_with_its_own_chain(
    ca: Authority, middle: Authority, tmp_path: Path, order: int
) -> None:
    long = make_pair(middle, ["one.test"]).write(tmp_path, "long")
    short = make_pair(ca, ["one.test"], kind="rsa").write(tmp_path, "short")
    files = (long, short) if order else (short, long)
    server = serving(settings(*files))
    root = client_context(middle.root_pem)
    root.maximum_version = ssl.TLSVersion.TLSv1_2
    root.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    shake(server, root)


# what cannot be served


def test_a_host_without_certificates_is_refused() -> None:
    assert refused(settings()).startswith(
        "AH02572: Failed to configure at least one certificate and key for one.test:443"
    )


def test_a_file_that_is_no_certificate_is_named(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    files.full.write_text("hello")
    assert refused(settings(files)).startswith(
        "AH02562: Failed to configure certificate one.test:443:0 (with chain), "
        f"check {files.full}\n    no start line"
    )
    missing = refused(settings(files, chain_file="/nowhere"))
    assert missing.startswith("AH02561: Failed to configure certificate one.test:443:0")


def test_a_chain_file_that_is_missing_is_named(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    text = refused(settings(files, chain_file="/nowhere"))
    assert text.startswith(
        "AH01903: Failed to configure CA certificate chain! check /nowhere\n"
        "    (2)No such file or directory"
    )


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_key_of_another_certificate_is_refused(
    ca: Authority, tmp_path: Path, kind: str
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    files.key.write_bytes(make_pair(ca, ["one.test"], kind=kind).key_pem)
    assert refused(settings(files)).startswith(
        "AH02565: Certificate and private key one.test:443:0 from "
        f"{files.full} and {files.key} do not match"
    )


def test_a_key_that_is_missing_or_none_is_named(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    files.key.write_text("hello")
    head = "AH02564: Failed to configure encrypted (?) private key one.test:443:0, "
    assert refused(settings(files)).startswith(f"{head}check {files.key}")
    files.key.unlink()
    assert "(2)No such file or directory" in refused(settings(files))


# protocols and ciphers


def test_only_the_protocols_asked_for_are_spoken(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    server = serving(settings(files, protocols=Protocols(("TLSv1.3",), None, None)))
    assert shake(server).client.version() == "TLSv1.3"
    with pytest.raises((ssl.SSLError, SSL.Error)):
        shake(server, only(ssl.TLSVersion.TLSv1_2))


def test_a_version_between_two_others_can_be_left_out(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    holed = Protocols(("TLSv1.1", "TLSv1.3"), None, None)
    server = serving(settings(files, protocols=holed))
    assert shake(server).client.version() == "TLSv1.3"
    with pytest.raises((ssl.SSLError, SSL.Error)):
        shake(server, only(ssl.TLSVersion.TLSv1_2))


def test_ciphers_of_both_generations_are_those_asked_for(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    spoken = Protocols(
        ("TLSv1.2", "TLSv1.3"),
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
    )
    server = serving(settings(files, protocols=spoken))
    assert shake(server).client.cipher()[0] == "TLS_CHACHA20_POLY1305_SHA256"  # type: ignore[index]
    older = shake(server, only(ssl.TLSVersion.TLSv1_2)).client
    assert older.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"  # type: ignore[index]


def test_a_cipher_list_without_a_cipher_is_refused(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    spoken = Protocols(("TLSv1.2",), "NONSENSE", None)
    assert refused(settings(files, protocols=spoken)).startswith("AH01898: ")
    assert refused(settings(files, protocols=Protocols((), None, None))).startswith(
        "AH02231: No SSL protocols available [hint: SSLProtocol]"
    )


def test_the_order_of_ciphers_is_ours_when_asked_for(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    ours = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"
    theirs = ":".join(reversed(ours.split(":")))
    spoken = Protocols(ALL.versions, ours, None)
    for honored, expected in ((False, theirs), (True, ours)):
        server = serving(settings(files, protocols=spoken, honor_cipher_order=honored))
        client = only(ssl.TLSVersion.TLSv1_2, set_ciphers=theirs)
        cipher = shake(server, client).client.cipher()
        assert cipher is not None
        assert cipher[0] == expected.split(":", maxsplit=1)[0]


def test_a_hybrid_group_is_agreed_on_where_both_know_it(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    context = serving(settings(files)).session
    client = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    client.set_connect_state()
    ours = SSL.Connection(context, None)
    ours.set_accept_state()
    with pytest.raises(SSL.WantReadError):
        client.do_handshake()
    ours.bio_write(client.bio_read(65536))
    with pytest.raises(SSL.WantReadError):
        ours.do_handshake()
    name = _openssl.ffi.string(_openssl.lib.SSL_get0_group_name(ours._ssl))
    assert name == b"X25519MLKEM768"


def test_commands_of_openssl_are_obeyed(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    commands = (
        ("Groups", "P-384"),
        ("SignatureAlgorithms", "ECDSA+SHA256"),
        ("MinProtocol", "TLSv1.2"),
        ("MaxProtocol", "TLSv1.2"),
        ("CipherString", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("Ciphersuites", "TLS_AES_128_GCM_SHA256"),
        ("Options", "-SessionTicket,ServerPreference"),
    )
    shaken = shake(serving(settings(files, conf_commands=commands)))
    assert shaken.client.version() == "TLSv1.2"
    assert shaken.client.cipher()[0] == "ECDHE-ECDSA-AES128-GCM-SHA256"  # type: ignore[index]
    assert group_of(shaken) == "secp384r1"
    assert shaken.client.session is not None
    assert not shaken.client.session.has_ticket


@pytest.mark.parametrize(
    ("lists", "version"),
    [
        (["-ALL, TLSv1.2"], "TLSv1.2"),
        (["-all, +tlsv1.3"], "TLSv1.3"),
        (["-TLSv1.3"], "TLSv1.2"),
        (["ALL,-TLSv1.2,-SSLv3"], "TLSv1.3"),
        (["-ALL", "TLSv1.2"], "TLSv1.2"),
        (["TLSv1.2"], "TLSv1.3"),
        (["DTLSv1.2"], "TLSv1.3"),
    ],
)
def test_versions_are_listed_for_the_library(
    ca: Authority, tmp_path: Path, lists: list[str], version: str
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    commands = tuple(("Protocol", value) for value in lists)
    shaken = shake(serving(settings(files, conf_commands=commands)))
    assert shaken.client.version() == version


def test_what_sslprotocol_leaves_out_no_list_brings_back(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    spoken = Protocols(("TLSv1.2",), None, None)
    commands = (("Protocol", "ALL,TLSv1.3"),)
    made = settings(files, protocols=spoken, conf_commands=commands)
    assert shake(serving(made)).client.version() == "TLSv1.2"


@pytest.mark.parametrize(
    ("curve", "group"), [("secp384r1", "secp384r1"), ("Automatic", "x25519")]
)
def test_a_curve_has_an_older_name(
    ca: Authority, tmp_path: Path, curve: str, group: str
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    commands = (("ECDHParameters", curve), ("MaxProtocol", "TLSv1.2"))
    shaken = shake(serving(settings(files, conf_commands=commands)))
    assert group_of(shaken) == group


def test_parameters_allow_dhe(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"], kind="rsa").write(tmp_path, "one")
    old = only(ssl.TLSVersion.TLSv1_2, set_ciphers="DHE-RSA-AES128-GCM-SHA256")
    with pytest.raises((ssl.SSLError, SSL.Error)):
        shake(serving(settings(files)), old)
    path = tmp_path / "dh"
    path.write_text(FFDHE2048)
    made = settings(files, conf_commands=(("DHParameters", str(path)),))
    assert shake(serving(made), old).client.version() == "TLSv1.2"


@pytest.mark.parametrize(
    "command",
    [
        ("DHParameters", "/nowhere"),
        ("Groups", "nonsense"),
        ("MinProtocol", "SSLv9"),
        ("Protocol", "SSLv9"),
        ("Nonsense", "on"),
    ],
)
def test_a_command_the_library_refuses_is_named(
    ca: Authority, tmp_path: Path, command: tuple[str, str]
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    text = refused(settings(files, conf_commands=(command,)))
    assert text.startswith(
        f'AH02407: "SSLOpenSSLConfCmd {command[0]} {command[1]}" failed for '
    )


# clients' certificates


def asking(server: Server) -> Server:
    server.verify = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
    return server


def presenting(ca: Authority, tmp_path: Path, **more: Any) -> ssl.SSLContext:
    pair = make_pair(ca, ["client"], client=True, **more)
    files = pair.write(tmp_path, "client")
    context = client_context()
    context.load_cert_chain(files.full, files.key)
    return context


@pytest.mark.parametrize(("depth", "goes"), [(1, False), (2, True)])
def test_depth_counts_the_certificates_above_the_client(
    ca: Authority, middle: Authority, tmp_path: Path, depth: int, goes: bool
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    made = settings(
        files,
        verify=Verify.REQUIRE,
        verify_depth=depth,
        trust=Trust(ca_file=str(ca.write(tmp_path))),
    )
    client = presenting(middle, tmp_path)
    if goes:
        shake(asking(serving(made)), client)
    else:
        with pytest.raises(SSL.Error):
            shake(asking(serving(made)), client)


def test_authorities_may_be_in_a_directory(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    folder = tmp_path / "cas"
    folder.mkdir()
    number = _openssl.lib.X509_subject_name_hash(
        SSL.X509.from_cryptography(ca.certificate)._x509
    )
    (folder / f"{number:08x}.0").write_bytes(ca.pem)
    (folder / "README").write_text("not a certificate")
    made = settings(files, verify=Verify.REQUIRE, trust=Trust(ca_path=str(folder)))
    server = asking(serving(made))
    shaken = shake(server, presenting(ca, tmp_path))
    assert len(shaken.ours.get_client_ca_list()) == 1


def test_authorities_that_cannot_be_read_are_named(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    text = refused(settings(files, trust=Trust(ca_file="/nowhere")))
    assert text.startswith(
        "AH01895: Unable to configure verify locations for client authentication: "
        "/nowhere"
    )


@pytest.mark.parametrize("check", [RevocationCheck.LEAF, RevocationCheck.CHAIN])
def test_a_revoked_client_is_refused(
    ca: Authority, tmp_path: Path, check: RevocationCheck
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    good = presenting(ca, tmp_path)
    bad_pair = make_pair(ca, ["bad"], client=True)
    bad_files = bad_pair.write(tmp_path, "bad")
    bad = client_context()
    bad.load_cert_chain(bad_files.full, bad_files.key)
    crl = tmp_path / "crl"
    crl.write_bytes(make_crl(ca, [bad_pair.certificate]))
    trust = Trust(
        ca_file=str(ca.write(tmp_path)),
        revocation_file=str(crl),
        revocation_check=check,
    )
    made = settings(files, verify=Verify.REQUIRE, trust=trust)
    shake(asking(serving(made)), good)
    with pytest.raises(SSL.Error):
        shake(asking(serving(made)), bad)
    unchecked = replace(trust, revocation_check=RevocationCheck.NONE)
    shake(asking(serving(replace(made, trust=unchecked))), bad)


def test_revocations_that_cannot_be_read_are_refused(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    trust = Trust(revocation_check=RevocationCheck.LEAF)
    assert refused(settings(files, trust=trust)).startswith(
        "AH01899: Host one.test:443: CRL checking has been enabled, but neither "
        "SSLCARevocationFile nor SSLCARevocationPath is configured"
    )
    trust = replace(trust, revocation_file="/nowhere")
    assert refused(settings(files, trust=trust)).startswith("AH01901: Host one.test")


def test_clients_are_told_the_names_that_were_asked_for(
    ca: Authority, middle: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    names = tmp_path / "names"
    names.write_bytes(pem_of(middle.certificate, middle.certificate))
    trust = Trust(ca_file=str(ca.write(tmp_path)))
    for told, expected in ((None, "fastlb test root"), (str(names), "middle")):
        made = settings(files, trust=trust, dn_request_file=told)
        listed = serving(made).connection().get_client_ca_list()
        assert [name.CN for name in listed] == [expected]
    text = refused(settings(files, dn_request_file="/nowhere"))
    assert text.startswith("AH01896: ")


def test_session_ids_differ_where_clients_are_measured_otherwise() -> None:
    plain = settings()
    strict = settings(verify=Verify.REQUIRE)
    assert session_id_context(plain) != session_id_context(strict)
    assert session_id_context(plain) == session_id_context(
        settings(strict_sni=True, chain_file="/x")
    )


def test_sessions_end_after_their_time(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    context = serving(settings(files, session_timeout_s=77)).session
    assert context.get_timeout() == 77
