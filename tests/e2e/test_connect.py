"""CONNECT: off unless asked for, and then only where allowed.

Statuses, words and heads are those of httpd 2.4.71.
"""

from __future__ import annotations

import socket
import threading

import pytest
from harness import wait_for
from peers import HOST, Peer, ScriptedMember, request, response
from rig import Rig

OPEN = """\
ProxyRequests On
AllowCONNECT {ports}
<Proxy *>
Require all granted
</Proxy>
{more}
"""
ESTABLISHED = "HTTP/1.0 200 Connection Established"


def echo(peer: Peer) -> None:
    """A server of any protocol that speaks first."""
    peer.send(b"welcome ")
    while data := peer.sock.recv(65536):
        peer.send(data)
    peer.send(b" bye")


@pytest.fixture
def far(rig: Rig) -> ScriptedMember:
    """What clients want to reach."""
    return rig.member(echo)


def ask(target: str, fields: str = "", version: str = "1.1") -> bytes:
    return request(target, "CONNECT", fields=fields, version=version)


def reached(rig: Rig, target: str) -> Peer:
    client = rig.client()
    client.send(ask(target))
    start, _ = client.take_head()
    assert start == ESTABLISHED
    assert client.take(8) == b"welcome "
    return client


def test_a_tunnel_comes_from_the_written_source_address(rig: Rig) -> None:
    seen: list[str] = []

    def handler(peer: Peer) -> None:
        seen.append(peer.sock.getpeername()[0])
        echo(peer)

    member = rig.member(handler)
    rig.start(OPEN.format(ports=member.port, more="ProxySourceAddress 127.0.0.7"))
    reached(rig, f"{HOST}:{member.port}")
    assert seen == ["127.0.0.7"]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_client_reaches_what_is_allowed(
    rig: Rig, far: ScriptedMember, version: str
) -> None:
    rig.start(OPEN.format(ports=far.port, more=""))
    client = rig.client()
    client.send(ask(f"{HOST}:{far.port}", version=version))
    start, fields = client.take_head()
    assert start == ESTABLISHED
    assert [name for name, _ in fields] == ["Proxy-agent"]
    client.send(b"hello")
    client.half_close()
    assert client.take_rest() == b"welcome hello bye"


def test_a_name_is_looked_up(rig: Rig, far: ScriptedMember) -> None:
    rig.start(OPEN.format(ports=f"1-{far.port}", more=""))
    client = reached(rig, f"localhost:{far.port}")
    client.send(b"x")
    assert client.take(1) == b"x"


def test_bytes_right_behind_the_request_go_into_the_tunnel(
    rig: Rig, far: ScriptedMember
) -> None:
    rig.start(OPEN.format(ports=far.port, more=""))
    client = rig.client()
    client.send(ask(f"{HOST}:{far.port}") + b"early")
    client.take_head()
    assert client.take(13) == b"welcome early"


def test_without_proxy_requests_it_is_405(rig: Rig, far: ScriptedMember) -> None:
    rig.start(f"AllowCONNECT {far.port}")
    assert rig.ask(ask(f"{HOST}:{far.port}")).status == 405
    assert far.connections == 0


def test_another_port_is_403_with_the_reason(rig: Rig, far: ScriptedMember) -> None:
    rig.start(OPEN.format(ports="443 8000-8100", more=""))
    got = rig.ask(ask(f"{HOST}:{far.port}"))
    assert got.start == "HTTP/1.1 403 Proxy Error"
    assert b"Reason: <strong>Connect to remote machine blocked</strong>" in got.body
    assert far.connections == 0
    assert "AH00898: Connect to remote machine blocked returned by" in rig.error_log


@pytest.mark.parametrize("pattern", ["*", "{target}", "~ :{port}$"])
def test_who_is_not_required_is_403(
    rig: Rig, far: ScriptedMember, pattern: str
) -> None:
    target = f"{HOST}:{far.port}"
    place = pattern.format(target=target, port=far.port)
    denied = f"<Proxy {place}>\nRequire ip 192.0.2.1\n</Proxy>"
    rig.start(OPEN.format(ports=far.port, more=denied))
    assert rig.ask(ask(target)).status == 403
    assert far.connections == 0
    assert "AH01630: client denied by server configuration" in rig.error_log


DENIED = "<Proxy {place}>\nRequire all denied\n</Proxy>"
GRANTED = "<Proxy {place}>\nRequire all granted\n</Proxy>"
UNSAFE = "HttpProtocolOptions Unsafe\n"


@pytest.mark.parametrize(
    ("host", "pattern"),
    [
        ("LOCALHOST", "localhost:*"),
        ("localhost.", "localhost:*"),
        ("localhost", "LocalHost:*"),
        ("localhost", "127.0.0.1:*"),
        ("LocalHost.", "~ ^127[.]0[.]0[.]1:"),
        ("127.0.0.1", "localhost:*"),
        ("127.0.0.1", "[::1]"),
        ("[::1]", "[::1]:*"),
        ("[0:0::1]", "[::1]:*"),
        ("[::1]", "[0:0:0:0:0:0:0:1]"),
        ("127.0.0.1", "[::ffff:127.0.0.1]:*"),
        ("127.0.0.2", "127.0.0.1"),
        ("[::ffff:127.0.0.1]", "127.0.0.1:*"),
        ("[::FFFF:7f00:1]", "localhost:"),
        ("[::ffff:127.0.0.1]", "~ ^.::ffff:"),
        ("0.0.0.0", "localhost:*"),
        ("[::]", "127.0.0.1:*"),
        ("0x7f000001", "127.0.0.1:*"),
        ("2130706433", "127.0.0.1:*"),
        ("127.1", "localhost:*"),
        ("0177.0.0.1", "127.0.0.1:*"),
        ("127.000.000.001", "127.0.0.1:*"),
    ],
)
def test_a_rule_holds_for_what_is_reached_however_it_is_spelled(
    rig: Rig, far: ScriptedMember, host: str, pattern: str
) -> None:
    more = UNSAFE + DENIED.format(place=f'"{pattern}"')
    if pattern.startswith("~"):
        more = UNSAFE + DENIED.format(place=f'~ "{pattern[2:]}"')
    rig.start(OPEN.format(ports=far.port, more=more))
    assert rig.ask(ask(f"{host}:{far.port}")).status == 403
    assert far.connections == 0
    assert "AH01630: client denied by server configuration" in rig.error_log


def test_leading_zeros_of_a_port_mean_nothing(rig: Rig, far: ScriptedMember) -> None:
    more = DENIED.format(place=f'"*:{far.port}"')
    rig.start(OPEN.format(ports=far.port, more=more))
    assert rig.ask(ask(f"{HOST}:0{far.port}")).status == 403
    assert far.connections == 0


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "Localhost"])
def test_a_grant_holds_for_what_it_names_however_it_is_spelled(
    rig: Rig, far: ScriptedMember, host: str
) -> None:
    """... and needs no other for the addresses."""
    more = DENIED.format(place="*") + "\n" + GRANTED.format(place='"localhost:*"')
    rig.start(OPEN.format(ports=far.port, more=more))
    reached(rig, f"{host}:{far.port}")
    assert rig.ask(ask(f"test.example:{far.port}")).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]"])
def test_a_grant_for_an_address_is_one_for_its_spellings(
    rig: Rig, far: ScriptedMember, host: str
) -> None:
    more = DENIED.format(place="*") + "\n" + GRANTED.format(place='"127.0.0.1:*"')
    rig.start(OPEN.format(ports=far.port, more=more))
    reached(rig, f"{host}:{far.port}")


def test_a_grant_for_a_name_is_none_for_an_address_that_is_denied(
    rig: Rig, far: ScriptedMember
) -> None:
    """Who owns the name chooses its address."""
    more = DENIED.format(place='"127.*"') + "\n" + GRANTED.format(place='"localhost:*"')
    rig.start(OPEN.format(ports=far.port, more=more))
    assert rig.ask(ask(f"localhost:{far.port}")).status == 403
    assert far.connections == 0


def test_a_refusal_is_never_a_page_with_a_200_of_its_own(rig: Rig) -> None:
    """Any 2xx would tell the client that its tunnel stands (RFC 9110 9.3.6)."""
    page = rig.member(page_of)
    more = f"ErrorDocument 403 /error.html\nProxyPass /error.html {page.url}/e"
    rig.start(OPEN.format(ports=443, more=more))
    got = rig.ask(ask(f"{HOST}:22"))
    assert got.status == 403
    assert b"Connect to remote machine blocked" in got.body
    assert page.connections == 0


def test_access_is_judged_before_the_port_is_told(rig: Rig) -> None:
    denied = "<Proxy *>\nRequire all denied\n</Proxy>"
    rig.start(OPEN.format(ports=443, more=denied))
    got = rig.ask(ask(f"{HOST}:22"))
    assert got.start == "HTTP/1.1 403 Forbidden"


def test_a_name_that_is_nobody_s_is_502(rig: Rig) -> None:
    rig.start(OPEN.format(ports=443, more=""))
    got = rig.ask(ask("nosuch.invalid:443"))
    assert got.status == 502
    assert b"DNS lookup failure for: nosuch.invalid" in got.body
    assert "AH02327: failed to resolve hostname 'nosuch.invalid'" in rig.error_log


def test_a_port_where_nobody_listens_is_503(rig: Rig) -> None:
    with socket.create_server((HOST, 0)) as sock:
        port = sock.getsockname()[1]
    rig.start(OPEN.format(ports=port, more=""))
    assert rig.ask(ask(f"{HOST}:{port}")).status == 503
    assert "AH00939: CONNECT: attempt to connect to" in rig.error_log


@pytest.mark.parametrize("target", ["localhost", "/path", "u@localhost:443", "h:0"])
def test_a_target_without_host_and_port_is_400(rig: Rig, target: str) -> None:
    rig.start(OPEN.format(ports=443, more=""))
    assert rig.ask(ask(target)).status == 400


@pytest.mark.parametrize(
    "fields", ["Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"]
)
def test_a_body_is_400_because_nobody_knows_where_the_tunnel_begins(
    rig: Rig, far: ScriptedMember, fields: str
) -> None:
    rig.start(OPEN.format(ports=far.port, more=""))
    client = rig.client()
    client.send(ask(f"{HOST}:{far.port}", fields) + b"abcGET / HTTP/1.1\r\n\r\n")
    assert client.take_response().status == 400
    assert client.at_end()
    assert far.connections == 0


def test_the_connection_serves_on_after_a_refusal(
    rig: Rig, far: ScriptedMember
) -> None:
    rig.start(OPEN.format(ports=far.port, more=""))
    client = rig.client()
    client.send(ask(f"{HOST}:22"))
    assert client.take_response().status == 403
    client.send(ask(f"localhost:{far.port}"))
    assert client.take_head()[0] == ESTABLISHED


def test_it_ends_in_silence_and_is_logged(rig: Rig, far: ScriptedMember) -> None:
    rig.start(OPEN.format(ports=far.port, more="Timeout 1"))
    client = reached(rig, f"{HOST}:{far.port}")
    assert client.at_end()
    (line,) = wait_for(rig.access_lines, "the line is written")
    assert line[0] == f"CONNECT {HOST}:{far.port} HTTP/1.1"
    assert line[1:3] == ["200", "8"]
    assert "AH10224: tunnel timed out" in rig.error_log


def test_a_client_that_leaves_while_its_name_is_looked_up_harms_nobody(
    rig: Rig, far: ScriptedMember
) -> None:
    rig.start(OPEN.format(ports=f"443 {far.port}", more=""))
    for _ in range(20):
        client = rig.client()
        client.send(ask("nosuch.invalid:443"))
        client.reset()
    client = reached(rig, f"localhost:{far.port}")
    client.send(b"x")
    assert client.take(1) == b"x"


def test_pages_go_on_as_ever_and_other_servers_are_not_forwarded_to(
    rig: Rig, far: ScriptedMember
) -> None:
    page = rig.member(page_of)
    rig.start(OPEN.format(ports=443, more=f"ProxyPass / {page.url}/"))
    assert rig.ask(request()).body == b"page"
    ours = (
        f"http://{HOST}:{rig.port}/",
        "http://test.example/",
        "http://TEST.example/",
    )
    for target in ours:
        assert rig.ask(request(target)).body == b"page"
    others = (f"http://{HOST}:{far.port}/", "http://other.example/", "http://[::1]/")
    for target in others:
        assert rig.ask(request(target)).status == 501
    assert far.connections == 0


def page_of(peer: Peer) -> None:
    while peer.take_request() is not None:
        peer.send(response(b"page"))


def test_many_tunnels_at_once(rig: Rig, far: ScriptedMember) -> None:
    rig.start(OPEN.format(ports=far.port, more=""))
    clients: list[Peer] = []
    errors: list[BaseException] = []

    def one(host: str) -> None:
        try:
            clients.append(reached(rig, f"{host}:{far.port}"))
        except BaseException as error:
            errors.append(error)

    hosts = ["localhost", HOST] * 10
    threads = [threading.Thread(target=one, args=(host,)) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert rig.look()["worker"]["busy"] == 20
    for client in clients:
        client.send(b"y" * 100_000)
    for client in clients:
        assert client.take(100_000) == b"y" * 100_000
