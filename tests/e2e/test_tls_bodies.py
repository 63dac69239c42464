"""Messages over TLS: large ones, slow ones, many at once, and when they end."""

from __future__ import annotations

import os
import signal
import ssl
from collections.abc import Callable, Iterator

import psutil
import pytest
from harness import HOST, Fastlb, wait_for
from peers import Handler, Message, Peer, ScriptedMember, chunked, request, response
from ports import free_port
from tls_site import SecurePeer, context, curl, host, lay, secure

LARGE = 3 << 20
HUGE = 32 << 20
BUFFERS_MAX = 8 << 20
PATTERN = bytes(range(256)) * 4096
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
KEEP_ALIVE_S = 1


def pattern(size: int) -> bytes:
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


def answer(asked: Message, peer: Peer) -> bool:
    """One answer as the target says; False: close."""
    target = asked.target
    if target == "/chunked":
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        peer.send(head + chunked(b"one", pattern(70000), b"x"))
    elif target == "/close":
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + pattern(100000))
        return False
    elif target in ("/204", "/304"):
        peer.send(f"HTTP/1.1 {target[1:]} Said\r\n\r\n".encode())
    elif target == "/huge":
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {HUGE}\r\n\r\n".encode())
        for _ in range(HUGE // len(PATTERN)):
            peer.send(PATTERN)
    elif target == "/cut":
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort")
        return False
    elif asked.method == "HEAD":
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n".encode())
    elif target == "/large":
        peer.send(response(pattern(LARGE)))
    else:
        peer.send(response(asked.body or target.encode()))
    return True


def serve(peer: Peer) -> None:
    while peer.held or peer.more():
        start, fields = peer.take_head()
        if ("expect", "100-continue") in ((n.lower(), v.lower()) for n, v in fields):
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        framing, body = peer.take_body(fields, otherwise="none")
        if not answer(Message(start, fields, body, framing), peer):
            return


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fastlb]:
    """One worker; a second listener that takes three requests a process."""
    folder = tmp_path_factory.mktemp("site")
    folder.chmod(0o755)
    lay(folder)
    member = ScriptedMember(serve)
    made = Fastlb(folder, free_port())
    text = host("h.example", f"ProxyPass / {member.url}/", port=str(made.port))
    made.write(f"KeepAliveTimeout {KEEP_ALIVE_S}\n{text}", workers=1)
    made.start()
    workers = made.workers()
    yield made
    assert made.workers() == workers, "the worker died"
    made.stop()
    wait_for(lambda: not made.left_over(), "every process has ended")
    member.stop()
    assert member.errors == []


@pytest.fixture(params=[V12, V13], ids=["1.2", "1.3"])
def peer(site: Fastlb, request: pytest.FixtureRequest) -> Iterator[SecurePeer]:
    with secure(site.port, using=context(version=request.param)) as made:
        yield made


def test_large_bodies_pass_both_ways(peer: SecurePeer) -> None:
    assert peer.ask("/large").body == pattern(LARGE)
    sent = pattern(LARGE)
    peer.send(request("/echo", "POST", sent))
    assert peer.take_response().body == sent
    peer.send(
        request("/echo", "POST", fields="Transfer-Encoding: chunked\r\n")
        + chunked(sent[:10], sent[10:90000], sent[90000:])
    )
    assert peer.take_response().body == sent


def test_pipelined_requests_are_answered_in_their_order(peer: SecurePeer) -> None:
    targets = [f"/{number}" for number in range(20)]
    peer.send(b"".join(request(target) for target in targets))
    got = [peer.take_response().body.decode() for _ in targets]
    assert got == targets


def test_requests_in_single_bytes_are_read(peer: SecurePeer) -> None:
    peer.send_byte_by_byte(request("/slow", "POST", b"abc"))
    assert peer.take_response().body == b"abc"


def test_a_body_that_waits_for_leave_gets_it(peer: SecurePeer) -> None:
    more = "Expect: 100-continue\r\nContent-Length: 5\r\n"
    peer.send(request("/echo", "POST", fields=more))
    assert peer.take_head()[0] == "HTTP/1.1 100 Continue"
    peer.send(b"hello")
    assert peer.take_response().body == b"hello"


@pytest.mark.parametrize("target", ["/204", "/304"])
def test_answers_without_a_body_leave_the_connection_usable(
    peer: SecurePeer, target: str
) -> None:
    assert peer.ask(target).body == b""
    head = peer.ask(method="HEAD")
    assert (head.field("Content-Length"), head.body) == (str(LARGE), b"")
    assert peer.ask("/next").body == b"/next"


def test_chunked_and_until_close_keep_their_ends(peer: SecurePeer) -> None:
    got = peer.ask("/chunked")
    assert (got.framing, len(got.body)) == ("chunked", 70004)
    got = peer.ask("/close")
    assert got.body == pattern(100000)
    if got.framing == "close":
        assert peer.at_notified_end()


def test_an_answer_cut_by_the_member_is_cut_for_the_client(peer: SecurePeer) -> None:
    """Never with a close_notify behind what looks whole."""
    peer.send(request("/cut"))
    with pytest.raises((AssertionError, ssl.SSLError, ConnectionError)):
        peer.take_response()


def test_a_silent_connection_is_ended_with_notice(peer: SecurePeer) -> None:
    assert peer.ask().status == 200
    assert peer.at_notified_end()


@pytest.mark.sizes
def test_a_slow_reader_holds_up_the_member_not_the_memory(site: Fastlb) -> None:
    [worker] = site.workers()
    before = psutil.Process(worker).memory_info().rss
    with secure(site.port) as peer:
        peer.send(request("/huge"))
        peer.take_head()
        peer.take(1 << 20)
        grown = psutil.Process(worker).memory_info().rss - before
        assert grown < BUFFERS_MAX
        with secure(site.port) as other:
            assert other.ask("/other").body == b"/other"
        left = HUGE - (1 << 20)
        while left:
            left -= len(peer.take(min(left, 1 << 20)))
        assert peer.ask("/next").body == b"/next"
    assert psutil.Process(worker).memory_info().rss - before < BUFFERS_MAX


@pytest.mark.needs("curl")
def test_curl_sends_and_fetches(site: Fastlb) -> None:
    where = (
        *("--cacert", str(site.folder / "ca.crt")),
        *("--resolve", f"h.example:{site.port}:{HOST}"),
    )
    url = f"https://h.example:{site.port}"
    body = site.folder / "body"
    body.write_bytes(pattern(LARGE))
    for version in ("--tlsv1.3", "--tls-max=1.2"):
        words = version.split("=")
        done = curl(
            *where,
            *words,
            "--data-binary",
            f"@{body}",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code} %{size_download}",
            f"{url}/echo",
        )
        assert (done.returncode, done.stdout) == (0, f"200 {LARGE}"), done.stderr
    done = curl(*where, f"{url}/[1-9]")
    assert done.stdout == "".join(f"/{n}" for n in range(1, 10))


def test_workers_are_recycled_and_killed_without_a_failed_answer(
    server: Fastlb, scripted: Callable[[Handler], ScriptedMember]
) -> None:
    lay(server.folder)
    member = scripted(serve)
    text = host("h.example", f"ProxyPass / {member.url}/", port=str(server.port))
    server.write(f"MaxConnectionsPerChild 20\n{text}")
    server.start()
    first = set(server.workers())
    for number in range(100):
        with secure(server.port) as peer:
            assert peer.ask(f"/{number}").body == f"/{number}".encode()
    wait_for(lambda: not first & set(server.workers()), "the first ones have gone")
    victim = server.workers()[0]
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: victim not in server.workers(), "the killed one is gone")
    wait_for(lambda: len(server.workers()) >= 2, "another takes its place")
    for number in range(20):
        with secure(server.port) as peer:
            assert peer.ask(f"/{number}").body == f"/{number}".encode()
