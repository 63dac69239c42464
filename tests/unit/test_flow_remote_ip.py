"""remote_ip.pyx and PROXY headers: who asks, where proxies stand before us."""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
from pathlib import Path

import pytest
from flow_bench import Bench
from flow_peers import ONE, SERVER, Peer, answer, balancer, get
from test_flow_tls import Certificates, pair, to_members

from fastlb.facts.vhost import ReadLimit

LOG = 'LogFormat "%a %{c}a %{remote}p %>s" who\nCustomLog x who\n'
PROXIED = f"RemoteIPProxyProtocol On\n{LOG}{ONE}"
LINE = b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n"
NAMED = (
    "RemoteIPHeader X-Real-IP\nRemoteIPInternalProxy 127.0.0.1\n"
    f"{ONE}<Location />\nRequire host example.org\n</Location>\n"
)


def lines(bench: Bench) -> list[str]:
    bench.tick()
    return bench.log_lines()


def serve(bench: Bench, client: Peer) -> bytes:
    """What the member gets; the client has its answer."""
    member = bench.members[0].accept()
    head = member.head()
    member.send(answer(b"ok", "Connection: close"))
    assert client.status() == 200
    return head


def test_a_connection_is_its_clients() -> None:
    with Bench(PROXIED) as bench:
        client = bench.ask(LINE + get())
        assert b"\r\nX-Forwarded-For: 192.0.2.7\r\n" in serve(bench, client)
        client.send(get())
        assert b"\r\nX-Forwarded-For: 192.0.2.7\r\n" in serve(bench, client)
        assert lines(bench) == ["192.0.2.7 127.0.0.1 4711 200"] * 2


def test_a_header_comes_in_any_pieces() -> None:
    with Bench(PROXIED) as bench:
        client = bench.client()
        for byte in LINE:
            client.send(bytes([byte]))
            bench.settle()
        assert client.is_silent()
        client.send(get())
        serve(bench, client)


def test_who_says_nothing_is_not_waited_for() -> None:
    times = {"read_header": ReadLimit(first_s=1, most_s=1)}
    with Bench(PROXIED, of_hosts=times) as bench:
        silent, slow = bench.client(), bench.client()
        slow.send(LINE[:9])
        assert silent.rest() == slow.rest() == b""
        assert not bench.services.logged


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (get(), "FB0320"),
        (b"PROXY X\r\n", "AH03499"),
        (b"PROXY TCP4\r\n", "AH03497"),
        (b"PROXY TCP4 x 192.0.2.1 1 2\r\n", "AH03500"),
        (b"PROXY TCP4 192.0.2.1 192.0.2.1 x 2\r\n", "AH03501"),
        (b"PROXY " + b"x" * 200, "AH10185"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", "AH10186"),
        (b"\r\n\r\n\0\r\nQUIT\n\x2f\x11\0\0", "AH03507"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x12\0\0", "AH10183"),
    ],
)
def test_what_is_none_closes_the_connection(sent: bytes, said: str) -> None:
    with Bench(PROXIED) as bench:
        client = bench.ask(sent)
        assert client.rest() == b""
        assert bench.has_said(said)


def test_the_line_that_was_refused_is_told() -> None:
    with Bench(PROXIED) as bench:
        assert bench.ask(b"PROXY TCP5 a b\r\n").rest() == b""
        assert bench.services.logged == [
            "error remoteip AH03499: RemoteIPProxyProtocol: unknown family 'TCP5' in"
            " header 'PROXY TCP5 a b'"
        ]


def test_a_client_that_goes_says_nothing() -> None:
    with Bench(PROXIED) as bench:
        bench.client().close()
        bench.until(lambda: bench.counts()["downstreams"] == 0)
        assert not bench.services.logged


def test_who_is_excepted_begins_as_usual() -> None:
    with Bench(f"RemoteIPProxyProtocolExceptions 127.0.0.0/8\n{PROXIED}") as bench:
        serve(bench, bench.ask())
        assert bench.ask(LINE).status() == 400


def test_a_header_stands_before_tls(tmp_path: Path) -> None:
    files = Certificates(tmp_path)
    pair("good").write(tmp_path, "site")
    text = (
        f"{SERVER}SSLEngine on\nSSLCertificateFile {{dir}}/site.pem\n"
        "RemoteIPProxyProtocol On\nProxyPass / http://127.0.0.1:8001/\n"
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with files.bench(text) as bench:
        client = bench.client()
        client.send(LINE)
        client.shake(context, name="h")
        client.send(get())
        assert b"\r\nX-Forwarded-For: 192.0.2.7\r\n" in serve(bench, client)


def test_a_name_is_of_one_client_alone() -> None:
    """The verdict on a name holds for the requests of its address, and an answer that
    comes late for none of another's."""
    with Bench(NAMED, of_hosts={"timeout_ms": 60}) as bench:
        first = bench.ask(get("/", "X-Real-IP: 10.0.0.1"))
        bench.until(lambda: len(bench.services.hosts) == 1)
        _, _, address, *asked = bench.services.hosts[0]
        assert address == "10.0.0.1"
        bench.core.host_answer(*asked, True)
        serve(bench, first)
        first.send(get("/", "X-Real-IP: 10.0.0.2"))
        bench.until(lambda: len(bench.services.hosts) == 2)
        bench.core.host_answer(*asked, True)  # of the request before
        assert first.is_silent()
        _, _, address, *asked = bench.services.hosts[1]
        assert address == "10.0.0.2"
        bench.core.host_answer(*asked, False)
        assert first.status() == 403


def test_fields_are_taken_out_where_they_stand() -> None:
    """Whatever is looked up by its number in a head is still found there."""
    text = f"RemoteIPHeader X-Real-IP\nRemoteIPInternalProxy 127.0.0.1\n{LOG}{ONE}"
    with Bench(text) as bench:
        sent = ("X-Real-IP: 10.0.0.1", "Cookie: a=1", "X-Real-IP: 10.0.0.2", "Via: x")
        head = serve(bench, bench.ask(get("/", *sent)))
        assert b"\r\nCookie: a=1\r\n" in head
        assert b"\r\nVia: x\r\n" in head
        assert b"\r\nX-Real-IP: 10.0.0.1\r\n" in head
        assert b"10.0.0.2" in head.partition(b"X-Forwarded-For")[2]
        assert lines(bench) == ["10.0.0.2 127.0.0.1 0 200"]


def test_what_a_refused_head_is_logged_with_is_the_connections() -> None:
    text = f"RemoteIPHeader X-Real-IP\n{LOG}{ONE}"
    with Bench(text) as bench:
        client = bench.ask(get("/", "X-Real-IP: 198.51.100.7"))
        serve(bench, client)
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        assert client.status() == 400
        first, second = lines(bench)
        assert first == "198.51.100.7 127.0.0.1 0 200"
        assert second.startswith("127.0.0.1 127.0.0.1 ")


def test_pages_of_ours_see_the_list_of_proxies() -> None:
    text = (
        "RemoteIPHeader X-Real-IP\nRemoteIPProxiesHeader X-By\n"
        f"{SERVER}<Location />\nSetHandler server-info\n</Location>\n"
    )
    with Bench(text) as bench:
        assert bench.ask(get("/", "X-Real-IP: 198.51.100.7")).status() == 200
        _, request = bench.services.handled[0]
        assert request.client_host == "198.51.100.7"
        assert (b"X-By", b"127.0.0.1") in request.headers


# proxyprotocol=: whom a member is told of


def begun(member: Peer) -> bytes:
    """The PROXY header of version 1 that a member's connection begins with."""
    assert member.has(lambda received: b"\r\n" in received)
    return member.take(member.received.index(b"\r\n") + 2)


def test_a_member_is_told_the_client() -> None:
    with Bench(balancer("proxyprotocol=v1")) as bench:
        client = bench.ask()
        for _ in range(2):
            member = bench.members[0].accept()
            told = begun(member).decode().split()
            assert told[:4] == ["PROXY", "TCP4", "127.0.0.1", "127.0.0.1"]
            assert told[4:] == [str(client.sock.getsockname()[1]), str(bench.port())]
            assert b"\r\nConnection: close\r\n" in member.head()
            member.send(answer())
            assert client.status() == 200
            client.send(get())  # on a connection of its own
        begun(bench.members[0].accept())


def test_who_was_named_to_us_is_named_on() -> None:
    """Version 2, for one of another family than ours."""
    text = f"RemoteIPHeader X-Real-IP\n{balancer('proxyprotocol=v2')}"
    with Bench(text) as bench:
        client = bench.ask(get("/", "X-Real-IP: 2001:db8::7"))
        member = bench.members[0].accept()
        told = member.take(52)
        assert told[:16] == b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24"
        assert told[16:32] == ipaddress.ip_address("2001:db8::7").packed
        assert told[32:48] == b"\0" * 10 + b"\xff\xff\x7f\0\0\1"
        assert told[48:50] == b"\0\0"  # the port is not known
        assert member.head().startswith(b"GET / ")
        member.send(answer())
        assert client.status() == 200


def test_a_member_is_told_before_tls(tmp_path: Path) -> None:
    files = Certificates(tmp_path)
    with files.bench(to_members(parameters="proxyprotocol=v1")) as bench:
        client = bench.ask()
        member = bench.members[0].accept()
        told = bytearray()

        def is_told() -> bool:
            """Byte by byte: what follows is the handshake's."""
            with contextlib.suppress(BlockingIOError):
                while not told.endswith(b"\r\n"):
                    told.extend(member.sock.recv(1))
            return told.endswith(b"\r\n")

        bench.until(is_told)
        assert told.startswith(b"PROXY TCP4 127.0.0.1 ")
        member.shake(files.member())
        assert member.head().startswith(b"GET / ")
        member.send(answer())
        assert client.status() == 200
