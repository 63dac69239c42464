"""What a member says passes at once: events, long polls, slow streams."""

from __future__ import annotations

import threading
import time

import pytest
from harness import wait_for
from peers import Peer, request
from rig import Rig

EVENTS = 5
STREAM = "Content-Type: text/event-stream\r\n"
FRAMINGS = {
    "chunked": ("1.1", "Transfer-Encoding: chunked\r\n"),
    "close": ("1.1", "Connection: close\r\n"),
    "old": ("1.0", ""),
}


def event(number: int) -> bytes:
    return b"id: %d\ndata: something happened\n\n" % number


def framed(data: bytes, framing: str) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data) if framing == "chunked" else data


class Source:
    """A member that sends an event only when it is told to."""

    def __init__(self, framing: str) -> None:
        self.framing = framing
        self.next = threading.Semaphore(0)

    def __call__(self, peer: Peer) -> None:
        peer.take_request()
        version, fields = FRAMINGS[self.framing]
        peer.send(f"HTTP/{version} 200 OK\r\n{STREAM}{fields}\r\n".encode())
        for number in range(EVENTS):
            assert self.next.acquire(timeout=20)
            peer.send(framed(event(number), self.framing))
        if self.framing == "chunked":
            peer.send(b"0\r\n\r\n")


@pytest.mark.parametrize("flush", ["", "flushpackets=on", "flushpackets=auto"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("framing", FRAMINGS)
def test_each_event_arrives_before_the_next_is_sent(
    rig: Rig, framing: str, version: str, flush: str
) -> None:
    source = Source(framing)
    rig.serve(source, flush)
    client = rig.client()
    client.send(request(version=version, fields="Connection: close\r\n"))
    _, fields = client.take_head()
    assert ("Content-Type", "text/event-stream") in fields
    is_chunked = ("Transfer-Encoding", "chunked") in fields
    assert is_chunked == (version == "1.1")
    for number in range(EVENTS):
        source.next.release()
        wanted = framed(event(number), "chunked" if is_chunked else "close")
        assert client.take(len(wanted)) == wanted
    assert client.take_rest() == (b"0\r\n\r\n" if is_chunked else b"")


@pytest.mark.parametrize("size", [1, 4000, 40_000, 400_000])
def test_pieces_of_a_known_length_are_not_held_back_either(rig: Rig, size: int) -> None:
    go = threading.Semaphore(0)

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (size * 4))
        for _ in range(4):
            assert go.acquire(timeout=20)
            peer.send(b"x" * size)

    rig.serve(member)
    late = set(range(4))
    for _ in range(10):  # the machine may have other things to do, but not each time
        client = rig.client()
        client.send(request())
        client.take_head()
        for piece in range(4):
            go.release()
            begun = time.monotonic()
            assert client.take(size) == b"x" * size
            if time.monotonic() - begun < 0.15:
                late.discard(piece)
        if not late:
            return
    assert not late


def test_the_head_comes_before_the_first_byte_of_the_body(rig: Rig) -> None:
    source = Source("chunked")
    rig.serve(source)
    client = rig.client()
    client.send(request())
    assert client.take_head()[0] == "HTTP/1.1 200 OK"
    for _ in range(EVENTS):
        source.next.release()
    assert client.take_chunked() == b"".join(event(n) for n in range(EVENTS))


def test_a_long_poll_waits_as_long_as_the_member_s_time_out_says(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        threading.Event().wait(1.3)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews")

    rig.serve(member, "timeout=4", text="Timeout 1\nKeepAliveTimeout 1")
    client = rig.client()
    client.send(request())
    assert client.take_response().body == b"news"


def test_a_stream_may_last_longer_than_any_time_out(rig: Rig) -> None:
    pieces = 4

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(pieces):
            threading.Event().wait(0.35)
            peer.send(framed(event(number), "chunked"))
        peer.send(b"0\r\n\r\n")

    rig.serve(member, "timeout=1", text="Timeout 1\nKeepAliveTimeout 1")
    client = rig.client()
    client.send(request())
    got = client.take_response()
    assert got.body == b"".join(event(number) for number in range(pieces))
    client.send(request())
    assert client.take_response().status == 200


def test_a_stream_that_falls_silent_ends_by_the_member_s_time_out(rig: Rig) -> None:
    source = Source("chunked")
    rig.serve(source, "timeout=1")
    client = rig.client()
    client.send(request())
    client.take_head()
    assert client.at_end()
    source.next.release(EVENTS)
    wait_for(lambda: "AH01110" in rig.error_log, "it is told")


def test_a_client_that_leaves_ends_the_member_s_stream(rig: Rig) -> None:
    ended = threading.Event()

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        peer.send(framed(event(0), "chunked"))
        peer.take_rest()
        ended.set()

    rig.serve(member)
    client = rig.client()
    client.send(request())
    client.take_until(b"\n\n")
    client.reset()
    assert ended.wait(30)
