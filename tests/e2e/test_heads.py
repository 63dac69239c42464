"""Large heads: counted as they come, and only so many of them at once."""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from harness import wait_for
from peers import Peer, answering, request, response
from rig import Rig

BEGIN = b"GET / HTTP/1.1\r\nHost: h\r\n"
LARGE = "LimitRequestFieldSize 2000000\nTimeout 30"
PADDED = b"X: " + b"y" * 7990 + b"\r\n"
MIB = 1 << 20


def benchmark() -> Any:
    """bench/heads.py, which is no package."""
    path = Path(__file__).parents[2] / "bench/heads.py"
    spec = importlib.util.spec_from_file_location("bench_heads", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = benchmark()


def fine(peer: Peer) -> None:
    answering(lambda asked: response(str(len(asked.fields)).encode()))(peer)


@pytest.mark.parametrize(
    ("text", "sent", "status"),
    [
        ("LimitRequestLine 100", b"GET /" + b"x" * 96, 414),
        ("LimitRequestLine 100", b"GET /" + b"x" * 96 + b" HTTP/1.1\r\nA: b\r\n", 414),
        ("LimitRequestFieldSize 100", BEGIN + b"X: " + b"y" * 98, 400),
        ("LimitRequestFieldSize 100", BEGIN + b"X: a\r\n " + b"y" * 100, 400),
        ("LimitRequestFields 10", BEGIN + b"A: b\r\n" * 10, 400),
        ("LimitRequestFields 10", BEGIN + b"A b\r\n" + b"A: b\r\n" * 10, 400),
    ],
)
def test_a_head_is_refused_before_it_is_complete(
    rig: Rig, text: str, sent: bytes, status: int
) -> None:
    rig.serve(fine, text=text)
    client = rig.client()
    client.send(sent)
    assert client.take_response().status == status
    assert client.at_end()


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_head_in_pieces_is_counted_as_a_whole_one(rig: Rig, size: int) -> None:
    rig.serve(fine, text="LimitRequestFields 10\nLimitRequestFieldSize 60")
    fields = b"A: " + b"b" * 40 + b"\r\n  " + b"c" * 10 + b"\r\n"
    client = rig.client()
    for _ in range(2):
        data = BEGIN + fields * 9 + b"\r\n"
        for start in range(0, len(data), size):
            client.send(data[start : start + size])
        assert client.take_response().status == 200


def test_only_so_many_large_heads_are_read_at_once(rig: Rig) -> None:
    """The others wait, without being read, and small ones do not wait for them."""
    rig.serve(fine, text="Timeout 30")
    clients = [rig.client() for _ in range(80)]
    for client in clients:
        client.sock.setblocking(False)
    sent = [0] * len(clients)
    data = BEGIN + PADDED * 8

    def all_are_full() -> bool:
        for number, client in enumerate(clients):
            try:
                sent[number] += client.sock.send(data[sent[number] :])
            except BlockingIOError:
                continue
        return rig.count("large_heads") == 48

    wait_for(all_are_full, "as many as there may be")
    assert rig.ask(request()).status == 200
    for client in clients[:60]:
        client.close()
    for number in range(60, 80):
        clients[number].sock.settimeout(10)
        clients[number].send(data[sent[number] :] + b"\r\n")
        assert clients[number].take_response().status == 200


def test_the_largest_heads_go_one_after_the_other(rig: Rig) -> None:
    rig.serve(fine, text=LARGE)
    head = BEGIN + b"X: " + b"y" * 900_000 + b"\r\n\r\n"
    clients = [rig.client() for _ in range(16)]
    statuses: list[int] = []

    def ask(client: Peer) -> None:
        client.sock.settimeout(30)
        client.send(head)
        statuses.append(client.take_response().status)

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert statuses == [200] * len(clients)
    wait_for(lambda: rig.count("large_heads") == 0, "no place is held")


def test_who_waits_for_a_place_too_long_is_told(rig: Rig) -> None:
    gone = threading.Event()

    def member(peer: Peer) -> None:
        peer.take_request()
        assert gone.wait(10)
        peer.send(response(b"late"))

    rig.serve(member, text="Timeout 1\nProxyTimeout 30\nLimitRequestFieldSize 2000000")
    head = BEGIN + b"X: " + b"y" * 300_000 + b"\r\n\r\n"
    first, second = rig.client(), rig.client()
    first.send(head)
    wait_for(lambda: rig.count("in_work") == 1, "the only place is taken")
    second.send(head[:-4])
    assert second.take_response().status == 503
    gone.set()
    assert first.take_response().body == b"late"


@pytest.mark.sizes
@pytest.mark.parametrize("name", ["defaults", "raised", "answered"])
def test_heads_of_a_mebibyte_from_300_clients_take_a_bounded_amount_of_memory(
    name: str,
) -> None:
    (kind,) = [one for one in bench.kinds() if one.name == name]
    found = bench.measure(kind)
    assert found.sent > 100 * MIB  # as much as the sockets took
    assert found.growth <= bench.GROWTH_MAX
