"""Clients that leave at any moment: everything behind them is let go."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from harness import wait_for
from peers import CutError, Peer, answering, chunked, request, response
from rig import Rig

CHUNKED = "Transfer-Encoding: chunked\r\n"


class Watched:
    """A member that does as told and notes how its connections end."""

    def __init__(self, act: Callable[[Peer], None]) -> None:
        self.act = act
        self.asked = 0
        self.ended = 0

    def serve(self, peer: Peer) -> None:
        try:
            peer.take_head()
            self.asked += 1
            self.act(peer)
            peer.take_rest()
        except (OSError, CutError):
            pass
        finally:
            self.ended += 1


def answer_nothing(_: Peer) -> None:
    pass


def answer_without_end(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    while True:
        peer.send(b"x" * 1_000_000)


def answer_chunks_without_end(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        peer.send(chunked(b"x" * 100_000)[:-5])


@pytest.mark.parametrize("leave", [Peer.reset, Peer.close])
@pytest.mark.parametrize("act", [answer_without_end, answer_chunks_without_end])
def test_a_client_that_leaves_within_the_answer_ends_both_sides(
    rig: Rig, act: Callable[[Peer], None], leave: Callable[[Peer], None]
) -> None:
    member = Watched(act)
    rig.serve(member.serve)
    client = rig.client()
    client.send(request("/long"))
    client.take_head()
    client.take(1_000_000)
    leave(client)
    wait_for(rig.settled, "the exchange is over")
    wait_for(lambda: member.ended == 1, "the member's connection ends")
    assert rig.count("upstreams") == 0
    line = wait_for(rig.access_lines, "it is logged")[0]
    assert line[:2] == ["GET /long HTTP/1.1", "200"]
    assert line[5] == "X"
    assert int(line[3]) > 1_000_000


@pytest.mark.parametrize("leave", [Peer.reset, Peer.close])
@pytest.mark.parametrize("fields", ["Content-Length: 10000000\r\n", CHUNKED])
def test_a_client_that_leaves_within_its_body_ends_both_sides(
    rig: Rig, fields: str, leave: Callable[[Peer], None]
) -> None:
    member = Watched(answer_nothing)
    rig.serve(member.serve)
    client = rig.client()
    body = chunked(b"x" * 100_000)[:-5]
    client.send(request("/", "POST", fields=fields) + body)
    wait_for(lambda: member.asked, "the member has the head")
    leave(client)
    wait_for(rig.settled, "the exchange is over")
    wait_for(lambda: member.ended == 1, "the member's connection ends")
    assert rig.count("upstreams") == 0
    _, status, _, _, _, how, _ = wait_for(rig.access_lines, "it is logged")[0]
    # Who only closed may still be there to read that its body was not whole.
    assert how == "X" or (leave is Peer.close and status == "400")


def test_a_client_that_resets_while_the_member_thinks_ends_both_sides(
    rig: Rig,
) -> None:
    member = Watched(answer_nothing)
    rig.serve(member.serve)
    client = rig.client()
    client.send(request())
    wait_for(lambda: member.asked, "the member is asked")
    client.reset()
    wait_for(rig.settled, "the exchange is over")
    wait_for(lambda: member.ended == 1, "the member's connection ends")


@pytest.mark.parametrize("leave", [Peer.reset, Peer.close])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: h\r\n",
        request("/", "POST", fields="Content-Length: 100\r\n"),
        request("/", "POST", fields=CHUNKED) + b"5\r\nhel",
        request("/", "POST", fields=CHUNKED + "Expect: 100-continue\r\n"),
    ],
)
def test_a_client_may_leave_before_its_request_is_whole(
    rig: Rig, data: bytes, leave: Callable[[Peer], None]
) -> None:
    rig.serve(Watched(answer_nothing).serve)
    for _ in range(3):
        client = rig.client()
        client.send(data)
        wait_for(lambda: rig.count("accepted") > 0, "it is there")
        leave(client)
    wait_for(rig.settled, "all have gone")


def test_a_client_that_leaves_behind_its_request_is_not_waited_for(rig: Rig) -> None:
    """It may be half-closed, so it is served; that it has gone is seen then."""
    go = threading.Event()

    def member(peer: Peer) -> None:
        while peer.take_request() is not None:
            assert go.wait(30)
            peer.send(response(b"x" * 500_000))

    rig.serve(member)
    client = rig.client()
    client.send(request() * 3)
    wait_for(lambda: rig.members[0].peers, "the member is asked")
    client.close()
    go.set()
    wait_for(rig.settled, "the exchange is over")


def test_many_come_and_go_and_nothing_is_left(rig: Rig) -> None:
    rig.serve(answering(lambda m: response(m.body * 100)))
    data = request("/", "POST", b"y" * 2000) * 3
    for n in range(300):
        client = rig.client()
        client.send(data[: 1 + n * 20])
        if n % 3 == 0:
            client.take_until(b"HTTP/1.1") if n > 120 else None
        if n % 2:
            client.reset()
        else:
            client.close()
    wait_for(rig.settled, "all have gone")
