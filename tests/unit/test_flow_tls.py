"""secure.pyx and tls_variables.pyx: certificates of members, SSL_* variables."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ajp_packets import answered, forwarded
from certificates import Authority, Pair, make_ca, make_pair
from flow_bench import Bench
from flow_peers import SERVER, Peer, answer, get, post

from fastlb.facts.server import Model
from fastlb.tls.contexts import Contexts
from fastlb.tls.handles import TlsHandles
from fastlb.tls.pass_phrases import PassPhrases

PROXY_TLS = "SSLProxyEngine on\nSSLProxyCACertificateFile {ca}\n"


@cache
def root() -> Authority:
    return make_ca()


@cache
def pair(kind: str) -> Pair:
    over = datetime.now(UTC) - timedelta(days=2)
    if kind == "expired":
        began = over - timedelta(days=9)
        return make_pair(root(), ["localhost"], not_before=began, not_after=over)
    if kind == "stranger":
        return make_pair(None, ["localhost"])
    return make_pair(root(), [{"good": "localhost", "misnamed": "other.test"}[kind]])


class Certificates:
    """The contexts of the models of a test, and the files that they name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca = root().write(directory)
        self.kept: list[Contexts] = []

    def handles(self, model: Model) -> TlsHandles:
        self.kept.append(Contexts(model, PassPhrases(), 0.0))
        return self.kept[-1].handles()

    def member(self, kind: str = "good") -> ssl.SSLContext:
        """What a member shows."""
        files = pair(kind).write(self.directory, kind)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.full)
        return context

    def bench(self, text: str, **more: Any) -> Bench:
        return Bench(
            text.format(ca=self.ca, dir=self.directory), tls=self.handles, **more
        )


@pytest.fixture
def certificates(tmp_path: Path) -> Iterator[Certificates]:
    yield Certificates(tmp_path)


def to_members(settings: str = "", parameters: str = "", count: int = 1) -> str:
    members = "".join(
        f"BalancerMember https://localhost:{8001 + number} {parameters}\n"
        for number in range(count)
    )
    return (
        SERVER + PROXY_TLS + settings + "\n"
        f"<Proxy balancer://b>\n{members}</Proxy>\nProxyPass / balancer://b/\n"
    )


# secure: towards a member


@pytest.mark.parametrize(
    ("settings", "kind", "accepted"),
    [
        ("", "good", True),
        ("", "misnamed", False),
        ("SSLProxyCheckPeerName off", "misnamed", True),
        ("", "expired", False),
        ("SSLProxyCheckPeerExpire off", "expired", True),
        ("SSLProxyVerify require", "good", True),
        ("SSLProxyVerify require", "stranger", False),
        ("SSLProxyVerify require\nSSLProxyCheckPeerExpire off", "expired", False),
        ("", "stranger", True),
    ],
)
def test_nothing_is_sent_before_a_certificate_was_judged(
    settings: str, kind: str, accepted: bool, certificates: Certificates
) -> None:
    with certificates.bench(to_members(settings, count=2)) as bench:
        client = bench.ask()
        member = bench.members[0].accept()
        member.shake(certificates.member(kind))
        if accepted:
            assert member.head().startswith(b"GET / ")
            member.send(answer())
            assert client.status() == 200
        else:
            assert client.status() == 500
            assert member.rest() == b""
            assert "E" in bench.members[0].facts_now["flags"]
            assert bench.members[1].is_unasked()  # as Apache: no other one is tried


def test_a_member_that_speaks_no_tls_is_sent_nothing(
    certificates: Certificates,
) -> None:
    with certificates.bench(to_members()) as bench:
        client = bench.ask()
        member = bench.members[0].accept()
        hello = member.take(1)
        member.send(answer())
        assert client.status() == 500
        assert hello + member.rest() != b""
        assert b"GET" not in member.taken


def test_a_handshake_takes_no_longer_than_an_answer(certificates: Certificates) -> None:
    with certificates.bench(to_members(), of_members={"timeout_ms": 60}) as bench:
        client = bench.ask()
        bench.members[0].accept()
        assert client.status() == 500
        assert bench.has_said("AH02003")


def test_a_connection_serves_only_the_name_it_was_made_for(
    certificates: Certificates,
) -> None:
    settings = "ProxyPreserveHost On\nSSLProxyCheckPeerName off\n"
    with certificates.bench(to_members(settings, "max=1")) as bench:
        context = certificates.member()
        client = bench.ask(get().replace(b"Host: h", b"Host: one.test"))
        one = bench.members[0].accept()
        one.shake(context)
        assert b"\r\nHost: one.test\r\n" in one.head()
        one.send(answer())
        assert client.status() == 200
        client.send(get().replace(b"Host: h", b"Host: two.test"))
        two = bench.members[0].accept()  # max=1: the idle one made way
        two.shake(context)
        assert b"\r\nHost: two.test\r\n" in two.head()
        two.send(answer())
        assert client.status() == 200
        assert one.rest() == b""
        client.send(get().replace(b"Host: h", b"Host: two.test"))
        assert b"\r\nHost: two.test\r\n" in two.head()
        two.send(answer())
        assert client.status() == 200


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("good", ssl.TLSVersion.TLSv1_3),
        ("good", ssl.TLSVersion.TLSv1_2),
        ("misnamed", ssl.TLSVersion.TLSv1_2),  # its session is there with the handshake
    ],
)
def test_only_a_session_whose_certificate_was_good_is_resumed(
    kind: str, version: ssl.TLSVersion, certificates: Certificates
) -> None:
    with certificates.bench(to_members("", "disablereuse=on retry=0")) as bench:
        context = certificates.member(kind)
        context.maximum_version = version
        for resumed in (False, kind == "good"):
            client = bench.ask()
            member = bench.members[0].accept()
            member.shake(context)
            assert isinstance(member.sock, ssl.SSLSocket)
            assert member.sock.session_reused is resumed
            if kind == "good":
                member.head()
                member.send(answer())
            assert client.status() == (200 if kind == "good" else 500)


def test_as_apache_no_connection_is_made_without_sslproxyengine(
    certificates: Certificates,
) -> None:
    text = f"Compat apache\n{SERVER}ProxyPass / https://localhost:8001/\n"
    with certificates.bench(text) as bench:
        assert bench.ask().status() == 500
        assert bench.has_said("AH01961")
        assert bench.members[0].is_unasked()


# tls_variables: of the client's connection

NAMES = (
    "SSLEngine on\nSSLCertificateFile {dir}/site.pem\nProxyPass / http://127.0.0.1:8001/\n"
    'RequestHeader set X-Protocol "%{{SSL_PROTOCOL}}s"\n'
)
FROM_PYTHON = (
    NAMES + 'RequestHeader set X-Subject "%{{SSL_CLIENT_S_DN}}s"\n'
    'RequestHeader set X-None "%{{SSL_SERVER_NONE}}s"\n'
)


def tls_client(bench: Bench, version: str = "", ciphers: str = "") -> Peer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version:
        context.maximum_version = ssl.TLSVersion[version]
    if ciphers:
        context.set_ciphers(ciphers)
    client = bench.client()
    client.shake(context, name="h")
    return client


def asked_with(bench: Bench, client: Peer) -> bytes:
    """The head that the member gets."""
    client.send(get())
    member = bench.members[0].accept()
    head = member.head()
    member.send(answer(b"", "Connection: close"))
    assert client.status() == 200
    return head


@pytest.fixture
def site(certificates: Certificates) -> Certificates:
    pair("good").write(certificates.directory, "site")
    return certificates


def test_what_the_library_knows_needs_no_python(site: Certificates) -> None:
    with site.bench(SERVER + NAMES) as bench:
        assert b"\r\nX-Protocol: TLSv1.3\r\n" in asked_with(bench, tls_client(bench))
        assert bench.services.variables == []


def test_what_python_makes_is_made_once_a_connection(site: Certificates) -> None:
    with site.bench(SERVER + FROM_PYTHON) as bench:
        for connections in (1, 2):
            client = tls_client(bench)
            for _ in range(2):
                head = asked_with(bench, client)
                assert b"\r\nX-Subject: SSL_CLIENT_S_DN\r\n" in head
                assert b"\r\nX-None: (null)\r\n" in head
            assert len(bench.services.variables) == connections


def test_variables_that_cannot_be_made_are_none(site: Certificates) -> None:
    with site.bench(SERVER + FROM_PYTHON) as bench:
        bench.services.fault = True
        head = asked_with(bench, tls_client(bench))
        assert b"\r\nX-Subject: (null)\r\n" in head
        assert bench.has_said("FB0315")


@pytest.mark.parametrize(
    ("options", "https", "subject"),
    [("", b"on", b"(null)"), ("SSLOptions +StdEnvVars\n", b"on", b"SSL_CLIENT_S_DN")],
)
def test_the_environment_has_what_ssloptions_say(
    options: str, https: bytes, subject: bytes, site: Certificates
) -> None:
    text = (
        SERVER + NAMES + options + 'RequestHeader set X-Https "%{{HTTPS}}e"\n'
        'RequestHeader set X-Subject "%{{SSL_CLIENT_S_DN}}e"\n'
    )
    with site.bench(text) as bench:
        head = asked_with(bench, tls_client(bench))
        assert b"\r\nX-Https: %b\r\n" % https in head
        assert b"\r\nX-Subject: %b\r\n" % subject in head


SHORT, LONG = "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"
SHORTS, LONGS = (f"{one}:{one.replace('-RSA-', '-ECDSA-')}" for one in (SHORT, LONG))
CIPHERS = (
    f"<Location /long>\nSSLCipherSuite {LONGS}\n</Location>\n"
    f"<Location /long/short>\nSSLCipherSuite {SHORTS}\n</Location>\n"
)


@pytest.mark.parametrize(
    ("version", "ciphers", "path", "denied"),
    [
        ("TLSv1_2", SHORTS, "/", False),
        ("TLSv1_2", LONGS, "/long", False),
        ("TLSv1_2", SHORTS, "/long", True),
        ("TLSv1_2", SHORTS, "/x/../lon%67/y", True),
        ("TLSv1_2", SHORTS, "/long/short", False),
        ("TLSv1_2", LONGS, "/long/short", True),
        ("TLSv1_3", "", "/long", False),
    ],
)
def test_a_section_takes_its_own_ciphers_alone(
    version: str, ciphers: str, path: str, denied: bool, site: Certificates
) -> None:
    with site.bench(SERVER + NAMES + CIPHERS) as bench:
        client = tls_client(bench, version, ciphers)
        client.send(get(path))
        if denied:
            assert client.status() == 403
            assert any(
                "AH02264: SSL cipher suite not renegotiated: access to /long" in line
                and "denied using cipher ECDHE-" in line
                for line in bench.services.logged
            )
            return
        member = bench.members[0].accept()
        member.head()
        member.send(answer(b"", "Connection: close"))
        assert client.status() == 200


def test_a_plain_connection_has_no_variables() -> None:
    text = (
        f"{SERVER}ProxyPass / http://127.0.0.1:8001/\n"
        'RequestHeader set X-Protocol "%{SSL_PROTOCOL}s"\n'
        'RequestHeader set X-Https "%{HTTPS}s"\n'
        "<Location /secure>\nSSLRequireSSL\n</Location>\n"
    )
    with Bench(text) as bench:
        client = bench.client()
        head = asked_with(bench, client)
        assert b"\r\nX-Protocol: (null)\r\n" in head
        assert b"\r\nX-Https: off\r\n" in head
        client.send(get("/secure"))
        assert client.status() == 403
        assert bench.has_said("AH02219")


def test_no_way_to_read_a_path_leads_past_what_tls_demands() -> None:
    text = (
        f"{SERVER}ProxyPass / http://127.0.0.1:8001/\n"
        "<Location /secure>\nSSLRequireSSL\n</Location>\n"
    )
    with Bench(text) as bench:
        for path in ("/x/..;/secure", "//secure", "/secure;a/b"):
            client = bench.client()
            client.send(get(path))
            assert client.status() == 403, path


def test_a_member_at_ajp_is_told_of_the_handshake(site: Certificates) -> None:
    text = (
        SERVER + "SSLEngine on\nSSLCertificateFile {dir}/site.pem\n"
        "ProxyPass / ajp://127.0.0.1:8001/\n"
    )
    with site.bench(text) as bench:
        client = tls_client(bench)
        client.send(get())
        member = bench.members[0].accept()
        length = int.from_bytes(member.take(4)[2:], "big")
        asked = forwarded(member.take(length))
        assert asked.is_ssl
        told = asked.attributes
        assert told["AJP_SSL_PROTOCOL"] == "TLSv1.3"
        assert str(told["ssl_cipher"]).startswith("TLS_")
        # As the bench's services make them: a number it is not.
        assert told["ssl_cert"] == "SSL_CLIENT_CERT"
        assert told["ssl_session"] == "SSL_SESSION_ID"
        assert "ssl_key_size" not in told
        member.send(answered())
        assert client.status() == 200


# a member that ends an idle connection between the look at it and the request

KEPT = answer(b"ok", "Keep-Alive: timeout=1000")


def end_of_tls(member: Peer) -> None:
    """With a close_notify before the end."""
    assert isinstance(member.sock, ssl.SSLSocket)
    with suppress(ssl.SSLError):  # of what comes after it
        member.sock.unwrap()
    member.close()


@pytest.mark.parametrize(
    ("url", "end"),
    [
        ("http://127.0.0.1:8001/", Peer.close),
        ("unix:{dir}/member|http://h/", Peer.close),
        ("https://localhost:8001/", Peer.close),
        ("https://localhost:8001/", end_of_tls),
        ("unix:{dir}/member|https://localhost/", Peer.close),
    ],
)
def test_what_comes_after_the_end_of_a_connection_is_sent_again(
    url: str,
    end: Callable[[Peer], object],
    site: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A POST, too: none of it was ever read."""
    text = (
        f"{SERVER}{PROXY_TLS}SSLEngine on\nSSLCertificateFile {{dir}}/site.pem\n"
        'RequestHeader set X-Subject "%{{SSL_CLIENT_S_DN}}s"\n'
        f'ProxyPass / "{url}"\n'
    )
    with site.bench(text) as bench:

        def accept() -> Peer:
            member = bench.members[0].accept()
            if "https:" in url:
                member.shake(site.member())
            return member

        def variables(names: Sequence[str], *_: int) -> list[None]:
            for one in idles:
                end(one)
            return [None for _ in names]

        # Called when the head is composed, after the connection was found.
        monkeypatch.setattr(bench.services, "tls_variables", variables)
        idles: list[Peer] = []
        client, second = tls_client(bench), tls_client(bench)
        client.send(get())
        idle = accept()
        idle.head()
        idle.send(KEPT)
        assert client.status() == 200
        idles.append(idle)
        second.send(post(b"x"))
        fresh = accept()
        assert fresh.message()[1] == b"x"
        fresh.send(answer())
        assert second.status() == 200
        assert idle.sock.fileno() == -1


@pytest.mark.parametrize("end", [Peer.close, end_of_tls])
@pytest.mark.parametrize("is_read", [True, False])
def test_what_was_there_before_the_end_is_not(
    end: Callable[[Peer], object], is_read: bool, certificates: Certificates
) -> None:
    with certificates.bench(to_members()) as bench:
        client = bench.ask()
        idle = bench.members[0].accept()
        idle.shake(certificates.member())
        idle.head()
        idle.send(KEPT)
        assert client.status() == 200
        client.send(post(b"x"))
        if is_read:
            idle.message()
        else:
            bench.settle()
        end(idle)
        assert client.status() == 502
        assert bench.members[0].is_unasked()
