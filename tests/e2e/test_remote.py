"""ProxyRemote: members behind tinyproxy and squid, beside httpd."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import MemberMaker
from harness import (
    HOST,
    Fastlb,
    Member,
    Seen,
    answer,
    exchange,
    is_listening,
    wait_for,
)
from httpd import running as httpd
from ports import free_port
from tls_site import lay

from fastlb.testing.members import LISTEN_BACKLOG

DIRECT = "127.0.0.5"


class SecureMember(Member):
    """It speaks TLS, with the certificate of localhost."""

    def __init__(self, folder: Path) -> None:
        super().__init__("secure")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "member.pem")

    def start(self) -> None:
        plain = socket.create_server((self.host, self.port), backlog=LISTEN_BACKLOG)
        self._sock = self._context.wrap_socket(plain, server_side=True)
        self._acceptor = self._run(self._accept, self._sock)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SecureMember]:
    lay(tmp_path)
    made = SecureMember(tmp_path)
    made.start()
    yield made
    made.stop()


@contextmanager
def running(port: int, *words: str, folder: Path) -> Iterator[None]:
    with open(folder / "proxy.log", "wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder)
        try:
            wait_for(lambda: is_listening(port), f"{words[0]} listens")
            yield
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def tinyproxy(folder: Path, port: int, tunnels: int, *more: str) -> Iterator[None]:
    conf = folder / "tinyproxy.conf"
    lines = (
        *(f"Port {port}", f"Listen {HOST}", "Timeout 60", f"ConnectPort {tunnels}"),
        *(f'LogFile "{folder}/tinyproxy.log"', 'ViaProxyName "tiny"', *more),
    )
    conf.write_text("".join(f"{line}\n" for line in lines))
    with running(port, "tinyproxy", "-d", "-c", str(conf), folder=folder):
        yield


@contextmanager
def squid(folder: Path, port: int, tunnels: int) -> Iterator[None]:
    own = folder / "squid"
    own.mkdir()
    os.chmod(own, 0o777)
    conf = folder / "squid.conf"
    conf.write_text(
        f"http_port {HOST}:{port}\nhttp_access allow all\ncache deny all\n"
        f"pid_filename {own}/pid\naccess_log none\ncache_log {own}/log\n"
        f"coredump_dir {own}\nvisible_hostname squid.test\nshutdown_lifetime 0\n"
        "pinger_enable off\nnetdb_filename none\n"
    )
    del tunnels
    with running(port, "squid", "-N", "-f", str(conf), folder=folder):
        yield


PROXIES = {"tinyproxy": tinyproxy, "squid": squid}
PAIRS = [pytest.param(name, marks=pytest.mark.needs(name), id=name) for name in PROXIES]


@pytest.mark.parametrize("name", PAIRS)
def test_members_are_reached_through_a_real_proxy(
    server: Fastlb,
    make_member: MemberMaker,
    site: SecureMember,
    tmp_path: Path,
    name: str,
) -> None:
    """Plain ones by their whole URL, those with TLS by a tunnel, others directly."""
    plain, direct = make_member("plain"), make_member("direct", host=DIRECT)
    port = free_port()
    with PROXIES[name](tmp_path, port, site.port):
        server.write(
            f"SSLProxyEngine On\nSSLProxyCACertificateFile ca.crt\n"
            f"ProxyRemote * http://{HOST}:{port}\nNoProxy {DIRECT}\n"
            f"ProxyPass /secure/ https://localhost:{site.port}/\n"
            f"ProxyPass /direct/ {direct.url}/\nProxyPass / {plain.url}/\n"
        )
        server.start()
        for _ in range(3):
            assert server.get("/x").text == "plain"
            assert server.get("/direct/x").text == "direct"
            assert server.get("/secure/x").text == "secure"
        assert plain.seen[0].target == "/x"
        assert plain.seen[0].field("Via") is not None
        assert direct.seen[0].field("Via") is None
        # inside the tunnel nobody has put anything in
        assert site.seen[0].field("Via") is None
    assert server.get("/x").status == 503
    assert server.get("/direct/x").text == "direct"


@pytest.mark.needs("tinyproxy")
def test_a_proxy_that_wants_to_know_who_asks(
    server: Fastlb, make_member: MemberMaker, site: SecureMember, tmp_path: Path
) -> None:
    plain, other = make_member("plain"), make_member("other", host=DIRECT)
    port = free_port()
    with tinyproxy(tmp_path, port, site.port, "BasicAuth me secret"):
        text = (
            f"SSLProxyEngine On\nSSLProxyCACertificateFile ca.crt\n"
            f"ProxyRemote * http://{HOST}:{port} {{0}}\nNoProxy {DIRECT}\n"
            f"<Proxy balancer://b>\nBalancerMember https://localhost:{site.port}\n"
            f"BalancerMember {other.url} status=+H\n</Proxy>\n"
            f"ProxyPass /secure/ balancer://b/\nProxyPass / {plain.url}/\n"
        )
        server.write(text.replace("{0}", "me:secret"))
        server.start()
        assert server.get("/x").text == "plain"
        assert server.get("/secure/x").text == "secure"
        assert "Proxy-Authorization" not in dict(site.seen[0].fields)
        server.write(text.replace("{0}", "me:wrong"))
        server.reload()
        assert server.get("/x").status in (401, 407)
        # there is no tunnel: another member is asked
        assert server.get("/secure/x").text == "other"
        assert "FB0317" in server.error_log


@pytest.mark.needs("apache2")
def test_the_proxy_gets_what_httpd_sends_it(
    server: Fastlb, make_member: MemberMaker, tmp_path: Path
) -> None:
    def echo(request: Seen) -> bytes:
        return answer(request.method.encode())

    proxy = make_member("proxy", echo)
    lines = (
        f"ProxyRemote http://app.test:81 {proxy.url} me:pw\n"
        f"ProxyRemote http {proxy.url}\n"
        "ProxyPass /a/ http://app.test:81/in/\nProxyPass / http://other.test/\n"
    )
    server.write(lines)
    server.start()
    asked = [
        ("/a/x?y=1", {}),
        ("/b", {}),
        ("/b", {"Proxy-Authorization": "Basic eA=="}),
    ]
    folder = tmp_path / "httpd"
    folder.mkdir()
    folder.chmod(0o755)
    with httpd(folder, (), lines) as port:
        for path, fields in asked:
            for one in (server.port, port):
                assert Fastlb(tmp_path, one).get(path, **fields).text == "GET"
    ours, theirs = proxy.seen[::2], proxy.seen[1::2]
    for one, two in zip(ours, theirs, strict=True):
        assert one.target == two.target
        assert one.target.startswith("http://")
        for name in ("Host", "Proxy-Authorization", "Connection"):
            assert one.field(name) == two.field(name)


MANY_VARIABLES = "".join(f"SetEnvIf Host none VAR_{n}\n" for n in range(300))
"""More than a worker can hold: it does not start."""


@pytest.mark.parametrize("is_pool", [False, True])
@pytest.mark.parametrize("fails", [True, False])
def test_a_reload_that_brings_a_proxy_is_none_of_the_old_workers(
    server: Fastlb, make_member: MemberMaker, is_pool: bool, fails: bool
) -> None:
    """They speak to the member itself, whatever comes of the reload."""
    plain, proxy = make_member("plain"), make_member("proxy")
    text = f"ProxyPass / {plain.url}/ disablereuse=On\n"
    if is_pool:
        text = (
            f"<Proxy balancer://b>\nBalancerMember {plain.url} disablereuse=On\n"
            "</Proxy>\nProxyPass / balancer://b/\n"
        )
    server.write(text, workers=1)
    server.start()
    with server.connection() as connection:
        assert exchange(connection, "GET", "/x", {}).text == "plain"
        text += f"ProxyRemote * {proxy.url}\n"
        server.write(text + MANY_VARIABLES * fails, workers=1)
        if fails:
            os.kill(server.pid, signal.SIGHUP)
            server.wait_for_log("the server goes on as before")
        else:
            server.reload()
        assert exchange(connection, "GET", "/x", {}).text == "plain"
    for _ in range(3):
        assert server.get("/y").text == ("plain" if fails else "proxy")
