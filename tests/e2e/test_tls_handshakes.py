"""Handshakes of the slow, the broken and the hostile: each harms only itself."""

from __future__ import annotations

import os
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import psutil
import pytest
from conftest import MemberMaker
from harness import Fastlb, Member, wait_for
from peers import Peer
from ports import free_port
from tls_site import (
    Begun,
    SecurePeer,
    connect,
    context,
    host,
    in_records,
    lay,
    s_client,
    secure,
)

TIMEOUT_S = 1
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
GET = b"GET / HTTP/1.1\r\nHost: h.example\r\n\r\n"


@pytest.fixture(scope="module")
def member() -> Iterator[Member]:
    made = Member("m")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, member: Member) -> Iterator[Fastlb]:
    """One worker that serves all tests here, and must outlive them."""
    folder = tmp_path_factory.mktemp("site")
    folder.chmod(0o755)
    lay(folder)
    made = Fastlb(folder, free_port())
    text = f"Timeout {TIMEOUT_S}\nKeepAliveTimeout 60\n"
    proxied = f"ProxyPass / {member.url}/"
    made.write(text + host("h.example", proxied, port=str(made.port)), workers=1)
    made.start()
    workers = made.workers()
    yield made
    assert made.workers() == workers, "the worker died"
    made.stop()
    wait_for(lambda: not made.left_over(), "every process has ended")


@pytest.fixture
def other(site: Fastlb) -> Iterator[SecurePeer]:
    """A connection that must go on being served."""
    with secure(site.port) as peer:
        assert peer.ask().status == 200
        yield peer
        assert peer.ask().status == 200


def is_over(sock: socket.socket) -> bool:
    """The server ends the connection, whatever it says before."""
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize("version", [V12, V13])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_client_hello_in_many_records_is_one(
    site: Fastlb, other: SecurePeer, version: ssl.TLSVersion, size: int
) -> None:
    begun = Begun.at(site.port, using=context(version=version))
    begun.sock.sendall(in_records(begun.step(), size))
    begun.hear()
    begun.finish()
    assert begun.ask(GET).startswith(b"HTTP/1.1 200")
    begun.close()


def test_a_handshake_byte_by_byte_succeeds(site: Fastlb, other: SecurePeer) -> None:
    begun = Begun.at(site.port)
    Peer(begun.sock).send_byte_by_byte(begun.step())
    begun.hear()
    while said := begun.step():
        Peer(begun.sock).send_byte_by_byte(said)
    assert other.ask().status == 200
    assert begun.ask(GET).startswith(b"HTTP/1.1 200")
    begun.close()


def test_a_client_hello_in_two_packets_waits_for_the_second(
    site: Fastlb, other: SecurePeer
) -> None:
    begun = Begun.at(site.port)
    hello = begun.step()
    begun.sock.sendall(hello[:40])
    assert other.ask().status == 200
    begun.sock.sendall(hello[40:])
    begun.hear()
    begun.finish()
    assert begun.ask(GET).startswith(b"HTTP/1.1 200")
    begun.close()


def hello_bytes(server: Fastlb, name: str | None = "h.example") -> bytes:
    begun = Begun.at(server.port, name)
    begun.close()
    return begun.step()


def with_long_name(hello: bytes, size: int) -> bytes:
    """The hello with a server name of so many bytes in its place."""
    old = b"h.example"
    at = hello.index(old)
    body = bytearray(hello)
    body[at : at + len(old)] = b"x" * size
    more = size - len(old)

    def add(where: int, width: int) -> None:
        value = int.from_bytes(body[where : where + width], "big") + more
        body[where : where + width] = value.to_bytes(width, "big")

    add(at - 2, 2)  # the name
    add(at - 5, 2)  # the list
    add(at - 7, 2)  # the extension
    add(at - 11, 2)  # all extensions: the name's is the first
    add(6, 3)  # the message
    add(3, 2)  # the record
    return bytes(body)


Attack = Callable[[Fastlb], bytes]
ATTACKS: dict[str, Attack] = {
    "zeros": lambda _: b"\0" * 600,
    "random bytes": lambda _: os.urandom(2000),
    "ssl 2": lambda _: b"\x80\x2e\x01\x00\x02" + b"\0" * 50,
    "an alert": lambda _: b"\x15\x03\x01\x00\x02\x02\x28",
    "application data": lambda _: b"\x17\x03\x03\x00\x10" + b"a" * 16,
    "an empty record": lambda _: b"\x16\x03\x01\x00\x00" * 9,
    "a record too long": lambda _: b"\x16\x03\x01\xff\xff" + b"\1" * 60000,
    "a message too long": lambda _: (
        (b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + b"a" * 16380) * 3
    ),
    "a server's hello": lambda server: hello_bytes(server).replace(b"\1", b"\2", 1),
    "10 kB of name": lambda server: with_long_name(hello_bytes(server), 10000),
    "lengths that lie": lambda server: (
        hello_bytes(server)[:43] + b"\xff" * 200 + hello_bytes(server)[243:]
    ),
    "a hello with garbage behind it": lambda server: (
        hello_bytes(server) + os.urandom(500)
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_no_handshake_is_ended(
    site: Fastlb, other: SecurePeer, attack: str
) -> None:
    sock = connect(site.port)
    sock.sendall(ATTACKS[attack](site))
    assert other.ask().status == 200
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
    assert is_over(sock)
    sock.close()


def test_silence_in_the_handshake_ends_with_the_timeout(
    site: Fastlb, other: SecurePeer
) -> None:
    waiting = [Begun.at(site.port) for _ in range(3)]
    hellos = [one.step() for one in waiting]
    waiting[1].sock.sendall(hellos[1][:99])
    waiting[2].sock.sendall(hellos[2])
    assert other.ask().status == 200
    for one in waiting:
        assert is_over(one.sock)
        one.close()


def test_a_client_that_does_not_read_in_the_handshake_is_timed_out(
    site: Fastlb, other: SecurePeer
) -> None:
    """The server's flight waits in buffers; nothing is held beyond the time-out."""
    [worker] = site.workers()
    begun = [Begun.at(site.port) for _ in range(20)]
    for one in begun:
        one.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        one.sock.sendall(one.step())
    assert other.ask().status == 200
    established = psutil.CONN_ESTABLISHED

    def open_ones() -> int:
        found = psutil.Process(worker).net_connections(kind="tcp")
        return sum(
            one.status == established and one.laddr.port == site.port for one in found
        )

    wait_for(lambda: open_ones() == 1, "only the good connection is left")
    for one in begun:
        one.close()


STAGES = ("before a byte", "within the hello", "after the hello", "established")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_client_may_leave_at_every_stage(
    site: Fastlb, other: SecurePeer, stage: str, reset: bool
) -> None:
    for _ in range(5):
        begun = Begun.at(site.port)
        if stage != "before a byte":
            hello = begun.step()
            begun.sock.sendall(hello[:50] if stage == STAGES[1] else hello)
        if stage == "established":
            begun.hear()
            begun.finish()
            begun.tls.write(GET[:9])
            begun.sock.sendall(begun.outgoing.read())
        if reset:
            linger = struct.pack("ii", 1, 0)
            begun.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        begun.close()
        assert other.ask().status == 200


def test_a_plain_request_is_told_so_and_harms_nobody(
    site: Fastlb, other: SecurePeer
) -> None:
    peer = Peer(connect(site.port))
    peer.send(GET)
    answer = peer.take_response()
    assert answer.status == 400
    assert b"speaking plain HTTP to an SSL-enabled server port" in answer.body
    assert peer.at_end()
    peer.close()
    assert other.ask().status == 200


def test_the_alert_of_a_refused_client_arrives_behind_its_request(
    server: Fastlb, member: Member
) -> None:
    """In TLS 1.3 the client is done first, and its request follows at once. A close
    over unread bytes would reset the connection and take the alert with it."""
    lay(server.folder)
    asking = ("SSLVerifyClient require", "SSLCACertificateFile ca.crt")
    proxied = f"ProxyPass / {member.url}/"
    server.write(host("h.example", *asking, proxied, port=str(server.port)), workers=1)
    server.start()
    lost = []
    for number in range(50):
        with closing(connect(server.port)) as sock:
            chosen = context(version=V13)
            tls = chosen.wrap_socket(sock, server_hostname="h.example")
            try:
                tls.sendall(GET)
                tls.recv(1)
            except ssl.SSLError as error:
                if "CERTIFICATE_REQUIRED" in str(error):
                    continue
                lost.append((number, str(error)))
            except ConnectionError as error:
                lost.append((number, str(error)))
            finally:
                tls.close()
    assert not lost


def test_a_plain_request_in_pieces_is_answered_too(
    site: Fastlb, other: SecurePeer
) -> None:
    peer = Peer(connect(site.port))
    with closing(peer):
        peer.send_byte_by_byte(GET)
        assert peer.take_response().status == 400


@pytest.mark.needs("openssl")
@pytest.mark.parametrize(
    ("lines", "words", "right"),
    [
        (("SSLProtocol TLSv1.2",), ("-tls1_3",), False),
        (("SSLProtocol TLSv1.2",), ("-tls1_2",), True),
        (("SSLProtocol -all +TLSv1.3",), ("-tls1_2",), False),
        (("SSLProtocol -all +TLSv1.3",), ("-tls1_3",), True),
        (("SSLCipherSuite ECDHE+AESGCM",), ("-tls1_2", "-cipher", "AES128-SHA"), False),
        (("SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256",), ("-tls1_3",), True),
    ],
)
def test_versions_and_ciphers_are_limited(
    server: Fastlb,
    make_member: MemberMaker,
    lines: tuple[str, ...],
    words: tuple[str, ...],
    right: bool,
) -> None:
    lay(server.folder)
    proxied = f"ProxyPass / {make_member('m').url}/"
    server.write(host("h.example", *lines, proxied, port=str(server.port)), workers=1)
    server.start()
    said = s_client(server.port, "-servername", "h.example", *words)
    assert ("Verification" in said and "Cipher is (NONE)" not in said) == right, said


@pytest.mark.needs("openssl")
def test_each_client_gets_the_certificate_it_can_verify_and_its_chain(
    server: Fastlb, make_member: MemberMaker
) -> None:
    lay(server.folder)
    text = host(
        "h.example",
        "SSLCertificateFile site-rsa.pem",
        f"ProxyPass / {make_member('m').url}/",
        port=str(server.port),
    )
    server.write(text, workers=1)
    server.start()
    asked = ("-servername", "h.example", "-showcerts", "-tls1_2", "-CAfile")
    asked = (*asked, str(server.folder / "ca.crt"))
    rsa = s_client(server.port, *asked, "-cipher", "aRSA")
    ecdsa = s_client(server.port, *asked, "-cipher", "aECDSA")
    for said, kind in ((rsa, "RSA"), (ecdsa, "ECDSA")):
        assert "Verification: OK" in said
        assert f"Peer signature type: {kind}" in said
        assert said.count("BEGIN CERTIFICATE") == 2  # the leaf and its issuer
    assert "CN = intermediate" in rsa


def test_the_end_of_a_connection_is_announced(site: Fastlb, other: SecurePeer) -> None:
    with secure(site.port) as peer:
        assert peer.ask(fields="Connection: close\r\n").status == 200
        assert peer.at_notified_end()
    with secure(site.port) as peer:
        assert peer.ask(fields="Bad Field: x\r\n").status == 400
        assert peer.at_notified_end()


@pytest.mark.parametrize("notified", [True, False], ids=["close_notify", "cut"])
def test_a_client_may_end_with_a_request_under_way(
    site: Fastlb, other: SecurePeer, member: Member, notified: bool
) -> None:
    seen = len(member.seen)
    member.hold()
    begun = Begun.at(site.port)
    begun.sock.sendall(begun.step())
    begun.hear()
    begun.finish()
    begun.tls.write(GET)
    if notified:
        with pytest.raises(ssl.SSLWantReadError):
            begun.tls.unwrap()
    begun.sock.sendall(begun.outgoing.read())
    wait_for(lambda: len(member.seen) > seen, "the member has got the request")
    begun.close()
    member.let_go()
    assert other.ask().status == 200


@pytest.mark.sizes
def test_many_handshakes_leave_no_memory_behind(
    site: Fastlb, other: SecurePeer
) -> None:
    """Full ones, resumed ones and broken ones."""
    [worker] = site.workers()
    using = context()
    with secure(site.port, using=using) as peer:
        assert peer.ask().status == 200
        session = peer.sock.session
    garbage = ATTACKS["random bytes"](site)

    def many(count: int) -> int:
        for number in range(count):
            reuse = session if number % 2 else None
            with secure(site.port, using=using, session=reuse) as peer:
                if number % 10 == 0:
                    assert peer.ask().status == 200
            if number % 5 == 0:
                sock = connect(site.port)
                sock.sendall(garbage)
                sock.close()
        return int(psutil.Process(worker).memory_info().rss)

    many(200)
    before = many(200)
    assert many(800) - before < 1 << 20
