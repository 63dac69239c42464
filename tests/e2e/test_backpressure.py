"""The faster side waits; what waits in the worker is bounded."""

from __future__ import annotations

import hashlib
import threading

import psutil
import pytest
from harness import wait_for
from peers import Peer, request, response
from rig import Rig

SIZE = 200 << 20
PIECE = bytes(range(256)) * 4096
GROWTH_MAX = 8 << 20  # of the worker, per transfer; the kernel's buffers not counted
CHUNK = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)


def memory(rig: Rig) -> int:
    return int(psutil.Process(rig.pid).memory_info().rss)


def stands_still(count: list[int]) -> bool:
    """True when nothing was added for a while."""
    before = len(count)
    threading.Event().wait(0.3)
    return before > 0 and len(count) == before


def expected() -> str:
    hashed = hashlib.sha256()
    for _ in range(SIZE // len(PIECE)):
        hashed.update(PIECE)
    return hashed.hexdigest()


@pytest.mark.sizes
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_member_is_paused_while_a_client_does_not_read(
    rig: Rig, framing: str
) -> None:
    sent: list[int] = []

    def member(peer: Peer) -> None:
        peer.take_request()
        heads = {
            "length": b"Content-Length: %d\r\n\r\n" % SIZE,
            "chunked": b"Transfer-Encoding: chunked\r\n\r\n",
            "close": b"Connection: close\r\n\r\n",
        }
        peer.send(b"HTTP/1.1 200 OK\r\n" + heads[framing])
        for _ in range(SIZE // len(PIECE)):
            peer.send(CHUNK if framing == "chunked" else PIECE)
            sent.append(1)
        if framing == "chunked":
            peer.send(b"0\r\n\r\n")

    rig.serve(member)
    client = rig.client()
    before = memory(rig)
    client.send(request(version="1.0"))
    client.take_head()
    wait_for(lambda: stands_still(sent), "the member is paused")
    assert len(sent) * len(PIECE) < SIZE // 2
    assert memory(rig) - before < GROWTH_MAX
    hashed = hashlib.sha256()
    for _ in range(SIZE // len(PIECE)):
        hashed.update(client.take(len(PIECE)))
    assert hashed.hexdigest() == expected()
    assert client.at_end()
    assert memory(rig) - before < GROWTH_MAX


@pytest.mark.sizes
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_client_is_paused_while_a_member_does_not_read(
    rig: Rig, framing: str
) -> None:
    sent: list[int] = []
    go = threading.Event()

    def member(peer: Peer) -> None:
        peer.take_head()
        assert go.wait(20)
        if framing == "length":
            hashed = hashlib.sha256()
            for _ in range(SIZE // len(PIECE)):
                hashed.update(peer.take(len(PIECE)))
            peer.send(response(hashed.hexdigest().encode()))
        else:
            peer.send(
                response(hashlib.sha256(peer.take_chunked()).hexdigest().encode())
            )

    def upload() -> None:
        for _ in range(SIZE // len(PIECE)):
            client.send(CHUNK if framing == "chunked" else PIECE)
            sent.append(1)
        if framing == "chunked":
            client.send(b"0\r\n\r\n")

    rig.serve(member, "timeout=30")
    client = rig.client()
    client.sock.settimeout(30)
    before = memory(rig)
    length = f"Content-Length: {SIZE}\r\n"
    coding = "Transfer-Encoding: chunked\r\n"
    fields = length if framing == "length" else coding
    client.send(request("/", "POST", fields=fields))
    writer = threading.Thread(target=upload)
    writer.start()
    wait_for(lambda: stands_still(sent), "the client is paused")
    assert len(sent) * len(PIECE) < SIZE // 2
    assert memory(rig) - before < GROWTH_MAX
    go.set()
    assert client.take_response().body == expected().encode()
    writer.join()
    assert memory(rig) - before < GROWTH_MAX


def test_a_slow_client_gives_the_members_connection_back_early(rig: Rig) -> None:
    """What fits into one buffer is taken over, and the member serves others."""
    body = b"x" * 60_000

    def member(peer: Peer) -> None:
        while peer.take_request() is not None:
            peer.send(response(body))

    rig.serve(member, "max=1")
    slow = rig.client(receive_bytes=2048)
    slow.send(request() * 60)
    wait_for(lambda: len(rig.members[0].peers) == 1, "it is asked")
    quick = rig.client()
    for _ in range(5):
        quick.send(request())
        assert quick.take_response().body == body
    for _ in range(60):
        assert slow.take_response().body == body


def test_other_clients_are_served_while_one_downloads(rig: Rig) -> None:
    """A fast transfer does not keep the worker from the others."""
    over = threading.Event()

    def member(peer: Peer) -> None:
        message = peer.take_request()
        assert message is not None
        if message.target == "/small":
            peer.send(response(b"small", fields="Connection: close\r\n"))
            return
        peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while not over.is_set():
            peer.send(PIECE)

    rig.serve(member)
    large = rig.client()
    large.send(request("/large"))

    def drink() -> None:
        while not over.is_set():
            if not large.sock.recv(1 << 20):
                return

    reader = threading.Thread(target=drink)
    reader.start()
    for _ in range(50):
        assert rig.ask(request("/small")).body == b"small"
    over.set()
    reader.join()


@pytest.mark.sizes
def test_a_pipeline_that_is_not_read_does_not_grow_the_worker(rig: Rig) -> None:
    body = b"x" * 100_000

    def member(peer: Peer) -> None:
        while peer.take_request() is not None:
            peer.send(response(body))

    rig.serve(member, text="MaxKeepAliveRequests 0")
    client = rig.client(receive_bytes=4096)
    before = memory(rig)
    count = 20_000
    done: list[int] = []

    def write() -> None:
        data = request()
        for _ in range(count // 100):
            client.send(data * 100)
        done.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    for n in range(300):
        assert client.take_response().body == body, n
    assert memory(rig) - before < GROWTH_MAX
    client.reset()
    writer_ended = threading.Event()

    def ended() -> bool:
        return not writer.is_alive() or writer_ended.is_set()

    wait_for(ended, "the writer has been told")
