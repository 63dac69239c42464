"""A close that the server decides upon takes no answer with it.

A client may have sent its next request by then. Closed over it, the socket would be
reset, and a reset may take the answer that is still on its way.
"""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import termios
import threading

import pytest
from harness import wait_for
from peers import Peer, answering, request, response
from rig import Rig

OK = answering(lambda asked: response(asked.target.encode()))


def unacknowledged(sock: socket.socket) -> int:
    """Bytes sent that the other side's kernel has not taken yet (SIOCOUTQ)."""
    held = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    return int(struct.unpack("i", held)[0])


def is_reset_by(peer: Peer, data: bytes) -> bool:
    """Does the other side answer more bytes with a reset?"""
    poll = select.poll()
    poll.register(peer.sock, select.POLLERR)
    peer.send(data)
    wait_for(
        lambda: bool(poll.poll(0)) or not unacknowledged(peer.sock), "an end of it"
    )
    return bool(poll.poll(0))


@pytest.mark.parametrize(
    ("asked", "text", "status"),
    [
        (request("/", fields="Expect: \r\n"), "", 417),
        (request("/"), "KeepAlive Off", 200),
        (request("/"), "MaxKeepAliveRequests 1", 200),
        (request("/"), 'SetEnvIf Request_Method "GET" nokeepalive', 200),
        (request("/", method="POST", body=b"x" * 40), "LimitRequestBody 10", 413),
    ],
)
def test_a_request_behind_the_last_one_resets_nothing(
    rig: Rig, asked: bytes, text: str, status: int
) -> None:
    rig.serve(OK, text=text)
    client = rig.client()
    client.send(asked)
    answer = client.take_response()
    if answer.field("Connection") is None:  # the limit counts those behind the first
        client.send(asked)
        answer = client.take_response()
    assert (answer.status, answer.field("Connection")) == (status, "close")
    assert client.at_end()
    assert not is_reset_by(client, request("/behind"))


def test_a_worker_that_drains_resets_nothing(rig: Rig) -> None:
    asked, go = threading.Event(), threading.Event()

    def member(peer: Peer) -> None:
        if peer.take_request() is not None:
            asked.set()
            go.wait(20)
            peer.send(response(b"late"))

    rig.serve(member)
    client = rig.client()
    client.send(request("/"))
    assert asked.wait(20)
    rig.drain()
    go.set()
    answer = client.take_response()
    assert (answer.body, answer.field("Connection")) == (b"late", "close")
    assert client.at_end()
    assert not is_reset_by(client, request("/behind"))


def test_a_client_that_says_its_last_is_not_waited_for(rig: Rig) -> None:
    """What such a client sends behind it has no reader (RFC 9112 9.6), so that its
    connection is over at once: most of a load of short connections is of this kind."""
    rig.serve(OK)
    client = rig.client()
    client.send(request("/", fields="Connection: close\r\n"))
    assert client.take_response().status == 200
    assert client.at_end()
    wait_for(lambda: rig.count("downstreams") == 0, "it is closed")
    assert is_reset_by(client, request("/behind"))
