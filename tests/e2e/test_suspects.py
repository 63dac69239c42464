from __future__ import annotations

import hashlib
import random
import socket
import threading
import time

from harness import wait_for
from peers import Peer, answering, chunked, request, response
from rig import Rig

BLOB = random.Random(1).randbytes(4 << 20)


def test_large_bodies_do_not_cost_the_members_connection(rig: Rig) -> None:
    rig.serve(answering(lambda m: response(BLOB[: int(m.target[1:])])))
    client = rig.client()
    for size in (100_000, 150_000, 1 << 20, 200_000):
        client.send(request(f"/{size}"))
        assert client.take_response().body == BLOB[:size]
    assert rig.members[0].connections == 1


def test_an_early_refusal_is_not_mixed_with_a_100(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_head()
        peer.send(response(BLOB[: 3 << 20], "403 Forbidden"))

    rig.serve(member)
    client = rig.client()
    client.send(
        request("/", "POST", fields="Content-Length: 5\r\nExpect: 100-continue\r\n")
    )
    got = client.take_response()
    assert got.status == 403
    assert got.body == BLOB[: 3 << 20]
    assert client.at_end()


def test_body_of_failed_request_is_not_the_next_request(rig: Rig) -> None:
    good = rig.member(answering(lambda m: response(b"document " + m.target.encode())))
    dead = rig.member(lambda peer: None)
    rig.start(
        f"ProxyPass /dead {dead.url}/\nProxyPass / {good.url}/\n"
        "ErrorDocument 502 /err\n"
    )
    client = rig.client()
    inner = request("/evil")
    client.send(request("/dead", "POST", inner) + request("/after"))
    got = client.take_response()
    assert got.body == b"document /err"
    got = client.take_response()
    assert got.body == b"document /after"


def test_expect_with_a_large_head_and_an_eager_chunked_body(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_head()
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        peer.send(response(hashlib.sha256(peer.take_chunked()).hexdigest().encode()))

    rig.serve(member)
    fields = "".join(f"X-{n}: {'y' * 8000}\r\n" for n in range(10))
    fields += "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
    body = BLOB[:180_000]
    client = rig.client()
    with rig.paused():
        client.send(request("/", "POST", fields=fields) + chunked(body))
    got = client.take_response()
    assert got.body == hashlib.sha256(body).hexdigest().encode()


def test_a_chunked_body_is_whole_after_a_stale_connection(rig: Rig) -> None:
    """The member closes a reused connection in the middle of a request."""
    got = []

    def member(peer: Peer) -> None:
        first = len(rig.members[0].peers) == 1
        m = peer.take_request()
        assert m is not None
        if m.method == "PUT":
            got.append(m.body)
        peer.send(response(b"ok"))
        if first:
            peer.take_head()
            peer.reset()

    m = rig.member(member, receive_bytes=4096)
    rig.start(f"ProxyPass / {m.url}/\n")
    client = rig.client()
    client.send(request("/a"))
    assert client.take_response().body == b"ok"
    body = BLOB[:60_000]
    client.send(
        request("/b", "PUT", fields="Transfer-Encoding: chunked\r\n")
        + chunked(body)[:-5]
    )
    wait_for(lambda: len(rig.members[0].peers) == 2, "second connection")
    client.send(b"0\r\n\r\n")
    a = client.take_response()
    assert a.status == 200
    assert got == [body]


def test_lost_wakeup(rig: Rig) -> None:
    go = threading.Event()
    answered = []

    def member(peer: Peer) -> None:
        while (m := peer.take_request()) is not None:
            if m.target == "/hold":
                go.wait(10)
            peer.send(response(m.target.encode()))
            answered.append(m)

    rig.serve(member, "max=1")
    first, second, third = rig.client(), rig.client(), rig.client()
    first.send(request("/hold"))
    wait_for(lambda: rig.members[0].peers, "")
    second.send(request("/second"))
    wait_for(lambda: rig.count("exchanges") == 2, "")
    third.send(request("/third"))
    wait_for(lambda: rig.count("exchanges") == 3, "")
    with rig.paused():
        go.set()
        wait_for(lambda: answered, "the member has answered")
        second.reset()
    assert first.take_response().body == b"/hold"
    assert third.take_response().body == b"/third"


def test_early_speaker(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.send(response(b"early", "503 Busy"))
        peer.take_request()
        time.sleep(0.2)

    rig.serve(member, "timeout=2")
    got = rig.ask(request("/"))
    assert (got.status, got.body) == (503, b"early")


def test_half_closed_with_unread_body(rig: Rig) -> None:
    rig.start(
        "<Location /x>\nLimitRequestBody 10\n</Location>\nProxyPass /x http://127.0.0.1:1/\n"
    )
    for _ in range(5):
        client = rig.client()
        with rig.paused():
            client.send(request("/x", "POST", b"x" * 30_000))
            client.half_close()
        got = client.take_response()
        assert got.status == 413
        assert client.at_end()


def test_timer_wakes_waiters(rig: Rig) -> None:
    """what a timer queues is served without another event"""

    def member(peer: Peer) -> None:
        while (m := peer.take_request()) is not None:
            if m.target == "/hang":
                peer.at_end()
                return
            peer.send(response(m.target.encode()))

    rig.serve(member, "max=1 timeout=1")
    first, second = rig.client(), rig.client()
    first.send(request("/hang"))
    wait_for(lambda: rig.members[0].peers, "")
    second.send(request("/second"))
    assert first.take_response().status == 502
    assert second.take_response().body == b"/second"


def test_keepalive_promise_when_the_upload_is_cut(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_head()
        peer.take(1000)
        peer.send(response(b"no", "403 Forbidden"))
        peer.sock.shutdown(socket.SHUT_RD)
        peer.close()

    rig.serve(member)
    client = rig.client()
    client.send(
        request("/", "POST", fields="Content-Length: 8000000\r\n") + BLOB[:2_000_000]
    )
    got = client.take_response()
    assert got.status == 403
    assert got.field("Connection") == "close"
