"""Sessions: resumed in any worker, over reloads; never past what a host asks for."""

from __future__ import annotations

import ssl
from collections import Counter
from pathlib import Path

import pytest
from conftest import MemberMaker
from harness import Fastlb, wait_for
from tls_site import SecurePeer, context, host, lay, pairs, s_client, secure

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
LOG = 'LogFormat "%P %{SSL_SESSION_RESUMED}x" who\nCustomLog who.log who\n'
WORKERS = 4


def conf(server: Fastlb, member: str, *lines: str, certificate: str = "site") -> str:
    return LOG + host(
        "h.example",
        *lines,
        f"ProxyPass / {member}/",
        certificate=certificate,
        port=str(server.port),
    )


def session_of(peer: SecurePeer) -> ssl.SSLSession:
    """After an exchange: the tickets of TLS 1.3 have come with it."""
    assert peer.ask().status == 200
    assert peer.sock.session is not None
    return peer.sock.session


def resumed(
    server: Fastlb, using: ssl.SSLContext, session: ssl.SSLSession, count: int
) -> int:
    """How many of so many connections the session opens; each must be served."""
    found = 0
    for _ in range(count):
        with secure(server.port, using=using, session=session) as peer:
            assert peer.ask(fields="Connection: close\r\n").status == 200
            found += bool(peer.sock.session_reused)
    return found


def first(server: Fastlb, using: ssl.SSLContext) -> ssl.SSLSession:
    with secure(server.port, using=using) as peer:
        assert not peer.sock.session_reused
        return session_of(peer)


def reload_wholly(server: Fastlb) -> None:
    """Reload; returns when the old generation accepts no more."""
    old = set(server.workers())
    server.reload()
    wait_for(lambda: not old & set(server.workers()), "the old workers have gone")


def served_by(server: Fastlb, count: int) -> Counter[str]:
    """Of the last lines of the log: workers that resumed."""
    path = server.folder / "who.log"

    def lines() -> list[str] | None:
        found = path.read_text().splitlines()
        return found if len(found) >= count else None

    logged = wait_for(lines, f"{count} lines in the log")
    return Counter(line.split()[0] for line in logged if line.endswith("Resumed"))


@pytest.mark.parametrize("version", [V12, V13])
def test_a_session_of_one_worker_is_resumed_in_the_others(
    server: Fastlb, make_member: MemberMaker, version: ssl.TLSVersion
) -> None:
    lay(server.folder)
    server.write(conf(server, make_member("m").url), workers=WORKERS)
    server.start()
    using = context(version=version)
    session = first(server, using)
    assert resumed(server, using, session, 40) == 40
    workers = served_by(server, 41)
    assert len(workers) > 1, "only one worker was asked"


@pytest.mark.parametrize("version", [V12, V13])
def test_sessions_outlive_reloads_with_the_same_and_with_another_certificate(
    server: Fastlb, make_member: MemberMaker, version: ssl.TLSVersion
) -> None:
    member = make_member("m").url
    lay(server.folder)
    server.write(conf(server, member))
    server.start()
    using = context(version=version)
    session = first(server, using)
    server.reload()
    assert resumed(server, using, session, 4) == 4
    server.write(conf(server, member, certificate="renewed"))
    reload_wholly(server)
    assert resumed(server, using, session, 4) == 4
    with secure(server.port, using=using) as peer:
        shown = peer.sock.getpeercert(binary_form=True)
    assert shown is not None
    assert ssl.DER_cert_to_PEM_cert(shown) == pairs()["renewed"].pem.decode()
    server.reload()
    assert resumed(server, using, first(server, using), 4) == 4


def test_another_rule_for_clients_ends_their_sessions_without_an_error(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("m").url
    lay(server.folder)
    server.write(conf(server, member))
    server.start()
    using = context(client="client", folder=server.folder)
    session = first(server, using)
    asking = ("SSLVerifyClient require", "SSLCACertificateFile ca.crt")
    server.write(conf(server, member, *asking))
    reload_wholly(server)
    assert resumed(server, using, session, 3) == 0


@pytest.mark.parametrize("version", [V12, V13])
def test_a_session_of_one_host_does_not_open_one_that_asks_for_certificates(
    server: Fastlb, make_member: MemberMaker, version: ssl.TLSVersion
) -> None:
    member = make_member("m").url
    lay(server.folder)
    asking = host(
        "two.test",
        "SSLVerifyClient require",
        "SSLCACertificateFile ca.crt",
        f"ProxyPass / {member}/",
        port=str(server.port),
    )
    server.write(conf(server, member) + asking)
    server.start()
    using = context(version=version)
    session = first(server, using)

    def ask_the_other() -> None:
        with secure(server.port, "two.test", using, session) as peer:
            peer.ask(name="two.test")

    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask_the_other()
    known = context(version=version, client="client", folder=server.folder)
    with secure(server.port, "two.test", known) as peer:
        assert peer.ask(name="two.test").status == 200
        shown = peer.sock.session
    # The certificate is known of the session; it opens the host that had asked for it,
    # and no other.
    with secure(server.port, "two.test", known, shown) as peer:
        assert peer.ask(name="two.test").status == 200
        assert peer.sock.session_reused
    with secure(server.port, "h.example", known, shown) as peer:
        assert peer.ask().status == 200
        assert not peer.sock.session_reused


@pytest.mark.parametrize("version", [V12, V13])
def test_without_tickets_no_session_is_kept(
    server: Fastlb, make_member: MemberMaker, version: ssl.TLSVersion
) -> None:
    lay(server.folder)
    server.write(conf(server, make_member("m").url, "SSLSessionTickets off"))
    server.start()
    using = context(version=version)
    with secure(server.port, using=using) as peer:
        assert peer.ask().status == 200
        session = peer.sock.session
    assert resumed(server, using, session, 3) == 0


@pytest.mark.needs("openssl")
def test_renegotiation_is_refused(server: Fastlb, make_member: MemberMaker) -> None:
    lay(server.folder)
    server.write(conf(server, make_member("m").url))
    server.start()
    said = s_client(server.port, "-tls1_2", "-servername", "h.example", said="R\n")
    assert "RENEGOTIATING" in said
    assert "no renegotiation" in said


@pytest.mark.needs("openssl")
def test_early_data_is_refused_and_the_request_is_served_all_the_same(
    server: Fastlb, make_member: MemberMaker, tmp_path: Path
) -> None:
    lay(server.folder)
    member = make_member("m")
    server.write(conf(server, member.url))
    server.start()
    kept = tmp_path / "session.pem"
    ask = "GET /first HTTP/1.1\r\nHost: h.example\r\nConnection: close\r\n\r\n"
    words = ("-tls1_3", "-servername", "h.example", "-ign_eof")
    said = s_client(server.port, *words, "-sess_out", str(kept), said=ask)
    assert "200 OK" in said
    assert "Max Early Data: 0" in said
    early = tmp_path / "early"
    early.write_text(ask.replace("first", "early"))
    said = s_client(
        server.port,
        *words,
        "-sess_in",
        str(kept),
        "-early_data",
        str(early),
        said=ask.replace("first", "second"),
    )
    assert "Early data was not sent" in said or "Early data was rejected" in said
    assert "200 OK" in said
    assert [seen.target for seen in member.seen] == ["/first", "/second"]
