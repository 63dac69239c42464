"""RequestReadTimeout: rates, and whose time it is (conformance has the answers)."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from harness import wait_for
from peers import CutError, Peer, answering, request, response
from rig import Rig

HALF = b"GET / HTTP/1.1\r\nHost: h\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"


def fine(peer: Peer) -> None:
    with suppress(CutError):
        answering(lambda asked: response(str(len(asked.body)).encode()))(peer)


def took_s(began_s: float) -> float:
    return time.monotonic() - began_s


def slowly(client: Peer, data: bytes, size: int, pause_s: float) -> None:
    """Paced by the clock on purpose: this is what is tested."""
    for start in range(0, len(data), size):
        client.send(data[start : start + size])
        time.sleep(pause_s)


def test_a_head_has_its_time(rig: Rig) -> None:
    rig.serve(fine, text="RequestReadTimeout header=1\nTimeout 60")
    began_s = time.monotonic()
    clients = {data: rig.client() for data in (b"", b"GET /", HALF)}
    for data, client in clients.items():
        client.send(data)
    for data, client in clients.items():
        if data == HALF:
            assert client.take_response().status == 408
        assert client.at_end()
        assert 0.9 < took_s(began_s) < 20
    wait_for(
        lambda: rig.error_log.count("AH01382: Request header read timeout") == 2,
        "it is told of those that have begun",
    )
    wait_for(lambda: len(rig.access_lines()) == 2, "and in the access log")
    assert [line[1] for line in rig.access_lines()] == ["408", "408"]
    assert sorted(line[0] for line in rig.access_lines())[0] == "-"


def test_bytes_give_time_up_to_the_second_number(rig: Rig) -> None:
    text = "RequestReadTimeout header=1-3,MinRate=100\nTimeout 60"
    rig.serve(fine, text=text)
    client = rig.client()
    began_s = time.monotonic()
    client.send(HALF + b"X: " + b"y" * 1000 + b"\r\n")
    other = rig.client()
    slowly(other, HALF + b"X: " + b"y" * 200 + b"\r\n\r\n", 25, 0.2)
    assert other.take_response().status == 200
    assert client.take_response().status == 408
    assert 2.9 < took_s(began_s) < 20


def test_a_kept_connection_begins_its_time_with_the_first_byte(rig: Rig) -> None:
    rig.serve(fine, text="RequestReadTimeout header=1\nKeepAliveTimeout 20")
    client = rig.client()
    for _ in range(2):
        client.send(request())
        assert client.take_response().status == 200
        assert client.is_silent(1.2)
    client.send(HALF)
    began_s = time.monotonic()
    assert client.take_response().status == 408
    assert 0.9 < took_s(began_s) < 20


@pytest.mark.parametrize("size", [9, 100_000])
def test_a_body_has_its_time_and_its_rate(rig: Rig, size: int) -> None:
    rig.serve(fine, text="RequestReadTimeout body=1,MinRate=100000\nTimeout 60")
    client = rig.client()
    began_s = time.monotonic()
    client.send(POST % size + b"x" * (size // 2))
    assert client.take_response().status == 408
    assert 0.9 < took_s(began_s) < 20
    assert client.at_end()
    assert "AH01382: Request body read timeout" in rig.error_log


def test_a_member_that_does_not_read_costs_the_client_no_time(rig: Rig) -> None:
    size = 30_000_000

    def member(peer: Peer) -> None:
        peer.take_head()
        # paced by the clock on purpose: longer than the client's time
        time.sleep(1.5)
        taken = len(peer.held)
        while taken < size:
            taken += len(peer.sock.recv(1 << 20))
        peer.send(response(b"all"))

    rig.serve(member, text="RequestReadTimeout body=1\nTimeout 60")
    client = rig.client()
    client.send(POST % size)
    client.send(b"x" * size)
    assert client.take_response().body == b"all"


def test_zero_is_no_limit(rig: Rig) -> None:
    rig.serve(fine, text="RequestReadTimeout header=0 body=0\nTimeout 60")
    client = rig.client()
    client.send(HALF)
    assert client.is_silent(1.3)
    client.send(b"\r\n")
    assert client.take_response().status == 200


def test_slow_clients_do_not_keep_a_good_one_waiting(rig: Rig) -> None:
    text = "RequestReadTimeout header=5 body=5\nMaxRequestWorkers 10"
    rig.serve(fine, text=text)
    slow = [rig.client() for _ in range(200)]
    for number, client in enumerate(slow):
        client.send(HALF if number % 2 else b"")
    wait_for(lambda: rig.count("downstreams") == 200, "all of them are accepted")
    for _ in range(20):
        began_s = time.monotonic()
        assert rig.ask(request()).status == 200
        assert took_s(began_s) < 2
    for client in slow[1::2]:
        assert client.take_response().status == 408
