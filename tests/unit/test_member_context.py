"""What SSLProxy* directives make of a context towards members."""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, make_ca, make_crl, make_pair
from cryptography import x509
from OpenSSL import SSL
from tls_peers import MEMBER

from fastlb.facts.tls import Protocols, RevocationCheck, TlsMember, Trust
from fastlb.tls.errors import TlsError
from fastlb.tls.member_context import member_context

WHOSE = "https://one.test:8443"


@pytest.fixture(scope="module")
def ca() -> Authority:
    return make_ca()


def member(ca: Authority, tmp_path: Path, **more: Any) -> ssl.SSLContext:
    """A server that asks for a certificate of ca."""
    files = make_pair(ca, ["one.test"], **more).write(tmp_path, "member")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.full, files.key)
    context.load_verify_locations(cadata=ca.root_pem.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def speak(made: TlsMember, theirs: ssl.SSLContext, *, verify: bool = False) -> Any:
    """Both ends; the certificate is verified as the core does when asked to."""
    ours = SSL.Connection(member_context(made, WHOSE), None)
    ours.set_connect_state()
    if verify:
        ours.set_verify(SSL.VERIFY_PEER)
    to_us, to_them = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = theirs.wrap_bio(to_them, to_us, server_side=True)
    wants = [ours.do_handshake, server.do_handshake]
    for _ in range(20):
        for step in list(wants):
            try:
                step()
                wants.remove(step)
            except (SSL.WantReadError, ssl.SSLWantReadError):
                pass
            finally:
                with contextlib.suppress(SSL.WantReadError):
                    to_them.write(ours.bio_read(65536))
                data = to_us.read()
                if data:
                    ours.bio_write(data)
        if not wants:
            return ours, server
    raise AssertionError("the handshake does not end")


def refused(made: TlsMember) -> str:
    with pytest.raises(TlsError) as caught:
        member_context(made, WHOSE)
    return str(caught.value)


def test_a_member_of_a_trusted_authority_verifies(
    ca: Authority, tmp_path: Path
) -> None:
    trusting = replace(MEMBER, trust=Trust(ca_file=str(ca.write(tmp_path))))
    speak(trusting, member(ca, tmp_path), verify=True)
    with pytest.raises(SSL.Error):
        speak(MEMBER, member(ca, tmp_path), verify=True)
    speak(MEMBER, member(ca, tmp_path))


@pytest.mark.parametrize(("depth", "goes"), [(1, False), (2, True)])
def test_depth_counts_the_certificates_above_the_member(
    ca: Authority, tmp_path: Path, depth: int, goes: bool
) -> None:
    middle = make_ca("middle", parent=ca)
    trust = Trust(ca_file=str(ca.write(tmp_path)))
    made = replace(MEMBER, trust=trust, verify_depth=depth)
    theirs = member(middle, tmp_path)
    if goes:
        speak(made, theirs, verify=True)
    else:
        with pytest.raises(SSL.Error):
            speak(made, theirs, verify=True)


def test_a_revoked_member_does_not_verify(ca: Authority, tmp_path: Path) -> None:
    theirs = member(ca, tmp_path)
    pem = (tmp_path / "member.crt").read_text()
    crl = tmp_path / "crl"
    crl.write_bytes(make_crl(ca, [x509.load_pem_x509_certificate(pem.encode())]))
    trust = Trust(
        ca_file=str(ca.write(tmp_path)),
        revocation_file=str(crl),
        revocation_check=RevocationCheck.LEAF,
    )
    with pytest.raises(SSL.Error):
        speak(replace(MEMBER, trust=trust), theirs, verify=True)
    assert refused(
        replace(MEMBER, trust=replace(trust, revocation_file=None))
    ).startswith(
        f"AH01899: Host {WHOSE}: CRL checking has been enabled, but neither "
        "SSLProxyCARevocationFile nor SSLProxyCARevocationPath is configured"
    )


def test_only_the_protocols_asked_for_are_spoken(ca: Authority, tmp_path: Path) -> None:
    old = replace(MEMBER, protocols=Protocols(("TLSv1.2",), None, None))
    ours, _ = speak(old, member(ca, tmp_path))
    assert ours.get_protocol_version_name() == "TLSv1.2"


# the certificate that is shown to members


def shown(made: TlsMember, theirs: ssl.SSLContext) -> bytes | None:
    _, server = speak(made, theirs)
    der: bytes | None = server.getpeercert(binary_form=True)
    return der


def test_a_member_that_asks_is_shown_the_machine_s_certificate(
    ca: Authority, tmp_path: Path
) -> None:
    theirs = member(ca, tmp_path)
    pair = make_pair(ca, ["machine"], client=True)
    files = pair.write(tmp_path, "machine")
    assert shown(MEMBER, theirs) is None
    made = replace(MEMBER, machine_certificate_file=str(files.full))
    assert shown(made, theirs) == ssl.PEM_cert_to_DER_cert(pair.pem.decode())


def test_its_issuers_are_sent_from_the_chain_file(
    ca: Authority, tmp_path: Path
) -> None:
    middle = make_ca("middle", parent=ca)
    theirs = member(ca, tmp_path)
    pair = make_pair(middle, ["machine"], client=True)
    files = pair.write(tmp_path, "machine")
    files.full.write_bytes(pair.pem + pair.key_pem)
    chain = tmp_path / "chain"
    chain.write_bytes(ca.pem + make_ca("other").pem + middle.pem)
    made = replace(MEMBER, machine_certificate_file=str(files.full))
    with pytest.raises(ssl.SSLCertVerificationError):
        shown(made, theirs)
    made = replace(made, machine_chain_file=str(chain))
    assert shown(made, theirs) is not None
    assert refused(replace(made, machine_chain_file="/nowhere")).startswith(
        "AH02208: SSL proxy client cert initialization failed: /nowhere"
    )


def test_a_directory_may_hold_it(ca: Authority, tmp_path: Path) -> None:
    folder = tmp_path / "machine"
    folder.mkdir()
    (folder / "README").write_text("nothing")
    pair = make_pair(ca, ["machine"], client=True)
    pair.write(folder, "x")
    made = replace(MEMBER, machine_certificate_path=str(folder))
    assert shown(made, member(ca, tmp_path)) is not None


def test_a_certificate_without_an_open_key_is_refused(
    ca: Authority, tmp_path: Path
) -> None:
    pair = make_pair(ca, ["machine"], client=True)
    files = pair.write(tmp_path, "machine", b"phrase")
    head = "AH02252: incomplete client cert configured for SSL proxy"
    for path in (files.full, files.certificate, "/nowhere"):
        made = replace(MEMBER, machine_certificate_file=str(path))
        assert refused(made).startswith(head)
    other = make_pair(ca, ["other"], client=True)
    files.full.write_bytes(pair.pem + other.key_pem)
    made = replace(MEMBER, machine_certificate_file=str(files.full))
    assert refused(made).startswith(
        "AH02326: proxy client certificate and private key do not match"
    )
