"""Everybody may take some time and not more."""

from __future__ import annotations

import time

import pytest
from harness import wait_for
from peers import Peer, answering, request, response
from rig import Rig

CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def silent(peer: Peer) -> None:
    """Takes the request, and the connection's end, and says nothing."""
    peer.take_head()
    peer.take_rest()


def took_s(began_s: float) -> float:
    return time.monotonic() - began_s


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ("timeout=1", "Timeout 30"),
        ("", "ProxyTimeout 1\nTimeout 30"),
        ("", "Timeout 1"),
    ],
)
def test_a_member_has_its_time_to_answer(rig: Rig, parameters: str, text: str) -> None:
    rig.serve(silent, parameters, text)
    began_s = time.monotonic()
    got = rig.ask(request())
    assert got.status == 502
    assert 0.9 < took_s(began_s) < 5
    assert "AH01102" in rig.error_log


def test_a_timeout_is_the_members_fault_only_with_failontimeout(rig: Rig) -> None:
    slow = rig.member(silent)
    also = rig.member(silent)
    rig.start(
        f"<Proxy balancer://a>\nBalancerMember {slow.url} timeout=1\n</Proxy>\n"
        f"<Proxy balancer://b>\nBalancerMember {also.url} timeout=1 retry=60\n"
        "ProxySet failontimeout=on\n</Proxy>\n"
        "ProxyPass /a balancer://a\nProxyPass /b balancer://b\n"
    )
    clients = [rig.client(), rig.client()]
    for client, target in zip(clients, ("/a", "/b"), strict=True):
        client.send(request(target))
    for client in clients:
        assert client.take_response().status == 502
    assert ["E" in member["flags"] for member in rig.look()["members"]] == [False, True]


def test_a_member_that_pauses_within_a_body_is_cut_off(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(CHUNKED_HEAD + b"5\r\nhello\r\n")
        peer.at_end()

    rig.serve(member, "timeout=1")
    client = rig.client()
    client.send(request())
    client.take_head()
    assert client.take(10) == b"5\r\nhello\r\n"
    began_s = time.monotonic()
    assert client.at_end()
    assert 0.5 < took_s(began_s) < 5


def test_time_counts_from_the_last_byte_and_not_from_the_first(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(CHUNKED_HEAD)
        for _ in range(5):
            # paced by the clock on purpose: this is what is tested
            assert peer.is_silent(0.4)
            peer.send(b"1\r\nx\r\n")
        peer.send(b"0\r\n\r\n")

    rig.serve(member, "timeout=1")
    assert rig.ask(request()).body == b"xxxxx"


def test_a_head_that_does_not_come_is_a_408(rig: Rig) -> None:
    rig.serve(answering(lambda _: response()), text="Timeout 1")
    client = rig.client()
    client.send(request()[:-2])
    began_s = time.monotonic()
    assert client.take_response().status == 408
    assert 0.9 < took_s(began_s) < 5
    assert client.at_end()


def test_a_head_that_trickles_in_gets_no_more_time(rig: Rig) -> None:
    rig.serve(answering(lambda _: response()), text="Timeout 1")
    client = rig.client()
    began_s = time.monotonic()
    client.send(b"GET / HTTP/1.1\r\n")
    while client.is_silent(0.05):
        client.send(b"X: y\r\n")
        assert took_s(began_s) < 3
    assert client.take_response().status == 408


@pytest.mark.parametrize(
    "framing", ["Content-Length: 10\r\n", "Transfer-Encoding: chunked\r\n"]
)
def test_a_body_that_does_not_come_is_a_408(rig: Rig, framing: str) -> None:
    rig.serve(answering(lambda _: response()), text="Timeout 1")
    client = rig.client()
    client.send(request("/", "POST", fields=framing) + b"5\r\n")
    assert client.take_response().status == 408
    assert client.at_end()


def test_a_body_that_stops_late_takes_the_members_request_with_it(rig: Rig) -> None:
    got = []

    def member(peer: Peer) -> None:
        peer.take_head()
        got.append(len(peer.take_rest()))

    rig.serve(member, text="Timeout 1")
    client = rig.client()
    client.send(request("/", "POST", fields="Content-Length: 500000\r\n"))
    client.send(b"x" * 200_000)
    assert client.take_response().status == 408
    wait_for(lambda: got == [200_000], "the member sees the end")


def test_a_silent_kept_connection_is_closed_after_its_time(rig: Rig) -> None:
    rig.serve(answering(lambda _: response()), text="KeepAliveTimeout 300ms")
    client = rig.client()
    for _ in range(2):
        client.send(request())
        assert client.take_response().status == 200
        assert client.is_silent(0.15)
    began_s = time.monotonic()
    assert client.at_end()
    assert took_s(began_s) < 4


def test_a_connection_without_a_request_has_the_time_of_a_request(rig: Rig) -> None:
    rig.serve(answering(lambda _: response()), text="Timeout 1\nKeepAliveTimeout 100ms")
    client = rig.client()
    began_s = time.monotonic()
    assert client.at_end()
    assert 0.9 < took_s(began_s) < 5


def test_a_client_that_does_not_read_is_cut_off(rig: Rig) -> None:
    gone = []

    def member(peer: Peer) -> None:
        peer.take_request()
        try:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            for _ in range(100):
                peer.send(b"x" * 1_000_000)
        except OSError:
            gone.append(1)

    rig.serve(member, text="Timeout 1")
    client = rig.client(receive_bytes=4096)
    client.send(request())
    wait_for(lambda: gone, "the member's connection ends")
    wait_for(rig.settled, "and the exchange")
    assert rig.access_lines()[0][5] == "X"


def test_a_slow_client_does_not_cost_the_member_its_time(rig: Rig) -> None:
    """The member has sent all; that the client takes longer is not its fault."""
    body = b"x" * 8_000_000
    rig.serve(answering(lambda _: response(body)), "timeout=1", "Timeout 10")
    client = rig.client(receive_bytes=4096)
    client.send(request())
    client.take_head()
    assert client.sock.recv(1)
    began_s = time.monotonic()
    wait_for(lambda: took_s(began_s) > 1.5, "longer than the member's time")
    assert len(client.take(7_900_000)) == 7_900_000


def test_ping_bounds_the_wait_for_a_100(rig: Rig) -> None:
    rig.serve(silent, "ping=300ms timeout=20")
    began_s = time.monotonic()
    assert rig.ask(request("/", "POST", b"body")).status == 503
    assert took_s(began_s) < 5
