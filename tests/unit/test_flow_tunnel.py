"""tunnel.pyx, connect.pyx and lone.pyx: bytes both ways, to members and anywhere."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flow_bench import Bench
from flow_peers import HOST, SERVER, Peer, Server, answer, balancer, get, post

ANY = balancer("upgrade=any")
UPGRADE = get("/", "Upgrade: x", "Connection: upgrade")
GRANTED = b"HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
LARGE = 16 * 1024 * 1024


@contextmanager
def tunnel(
    text: str = ANY, early: bytes = b"", **more: Any
) -> Iterator[tuple[Bench, Peer, Peer]]:
    """One that stands, and has carried nothing but what its client said too early."""
    with Bench(text, **more) as bench:
        client = bench.ask(UPGRADE + early)
        member = bench.members[0].accept()
        assert b"\r\nUpgrade: x\r\n" in member.head()
        member.send(GRANTED)
        assert client.head().startswith(b"HTTP/1.1 101 ")
        yield bench, client, member


# tunnel: how it begins


@pytest.mark.parametrize(
    ("parameters", "asked"),
    [("upgrade=any", True), ("upgrade=X", True), ("upgrade=y,x", True),
     ("upgrade=y", False), ("", False)],
)  # fmt: skip
def test_a_member_is_asked_for_the_protocols_it_has(
    parameters: str, asked: bool
) -> None:
    with Bench(balancer(parameters)) as bench:
        client = bench.ask(UPGRADE)
        member = bench.members[0].accept()
        assert (b"\r\nUpgrade: x\r\n" in member.head()) is asked
        member.send(answer())
        assert client.status() == 200


@pytest.mark.parametrize(
    ("request_bytes", "granted"),
    [
        (get(), GRANTED),  # nobody asked for it
        (UPGRADE, GRANTED.replace(b"Upgrade: x", b"Upgrade: y")),
        (UPGRADE, GRANTED.replace(b"Upgrade: x\r\n", b"")),
        (UPGRADE, GRANTED.replace(b"Upgrade: x", b"Upgrade: x\r\nUpgrade: x")),
    ],
)
def test_a_101_to_anything_else_is_502(request_bytes: bytes, granted: bytes) -> None:
    with Bench(ANY) as bench:
        client = bench.ask(request_bytes)
        member = bench.members[0].serve(granted)
        assert client.status() == 502
        assert bench.has_said("AH00898")
        assert member.rest() == b""


def test_a_101_before_the_whole_request_was_sent_is_502() -> None:
    with Bench(ANY) as bench:
        fields = ("Content-Length: 90000", "Upgrade: x", "Connection: upgrade")
        client = bench.ask(post(bytes(20_000), *fields))
        member = bench.members[0].accept()
        member.send(GRANTED)
        assert client.status() == 502


def test_a_member_of_websockets_alone_demands_one() -> None:
    text = balancer("").replace("http:", "ws:")
    with Bench(text + "ProxyWebsocketFallbackToProxyHttp Off\n") as bench:
        head, _ = bench.ask().message()
        assert head.startswith(b"HTTP/1.1 426 ")
        assert b"\r\nUpgrade: WebSocket\r\n" in head
        assert bench.members[0].is_unasked()


def test_what_the_client_said_too_early_goes_first() -> None:
    with tunnel(early=b"early") as (_, client, member):
        client.send(b"later")
        assert member.take(10) == b"earlylater"


def test_what_the_member_said_with_its_head_goes_first() -> None:
    with Bench(ANY) as bench:
        client = bench.ask(UPGRADE)
        member = bench.members[0].serve(GRANTED + b"early")
        client.head()
        member.send(b"later")
        assert client.take(10) == b"earlylater"


# tunnel: bytes


def test_bytes_go_both_ways_and_leave_nothing_behind() -> None:
    with tunnel() as (bench, client, member):
        for source, sink in ((client, member), (member, client)):
            source.send(b"\0some bytes\r\n\r\n")
            assert sink.take(15) == b"\0some bytes\r\n\r\n"
        bench.settle()
        counts = bench.counts()
        assert counts["buffers"] == 1  # the head, for the log line
        assert bench.members[0].busy == 1


@pytest.mark.parametrize("inward", [True, False])
def test_nothing_is_read_while_the_other_side_takes_nothing(inward: bool) -> None:
    with tunnel(narrow=True) as (bench, client, member):
        source, sink = (client, member) if inward else (member, client)
        data = os.urandom(65536) * (LARGE // 65536)
        total = 0
        while pushed := source.push(data[total:]):
            total += pushed
            bench.settle()
        assert total < len(data)
        assert bench.counts()["buffers"] == 2
        sink.push(b"the other way is free")
        assert source.take(21) == b"the other way is free"
        assert sink.take(total) == data[:total]


@pytest.mark.parametrize("inward", [True, False])
def test_the_end_of_one_side_is_passed_on_and_the_other_goes_on(inward: bool) -> None:
    with tunnel() as (bench, client, member):
        source, sink = (client, member) if inward else (member, client)
        source.send(b"last words")
        source.shut()
        assert sink.rest() == b"last words"
        for _ in range(3):
            sink.send(b"still here")
            assert source.take(10) == b"still here"
        assert bench.counts()["exchanges"] == 1
        sink.shut()
        assert source.rest() == b""
        bench.until(lambda: bench.counts()["exchanges"] == 0)


@pytest.mark.parametrize("inward", [True, False])
def test_a_side_that_is_lost_ends_the_other(inward: bool) -> None:
    with tunnel() as (bench, client, member):
        source, sink = (client, member) if inward else (member, client)
        source.reset()
        assert sink.rest() == b""
        assert bench.counts()["exchanges"] == 0


@pytest.mark.parametrize("inward", [True, False])
def test_what_a_side_said_before_it_went_arrives(inward: bool) -> None:
    with tunnel() as (bench, client, member):
        source, sink = (client, member) if inward else (member, client)
        sink.send(b"into nothing")
        bench.settle()
        source.send(b"goodbye")
        source.close()  # over what it has not read: a reset
        sink.push(b"more")
        assert sink.rest() == b"goodbye"
        bench.until(lambda: bench.counts()["exchanges"] == 0)


def test_a_tunnel_that_is_silent_for_too_long_ends() -> None:
    text = 'CustomLog log "%>s %B"\n' + ANY
    with tunnel(text, of_hosts={"websocket_idle_ms": 60}) as (bench, client, member):
        member.send(b"four")
        assert client.rest() == b"four"
        assert member.rest() == b""
        assert bench.has_said("AH10224")
        assert bench.log_lines() == ["101 4"]


def test_a_tunnel_keeps_a_worker_and_says_that_it_is_all() -> None:
    with tunnel() as (bench, client, member):
        idle = bench.client()
        bench.core.drain()
        bench.tick()
        assert bench.services.told == []
        idle.close()
        bench.settle()
        bench.tick()
        assert bench.services.told == ["lone"]
        client.send(b"some")
        assert member.take(4) == b"some"
        client.close()
        member.close()
        bench.until(lambda: "drained" in bench.services.told)


# connect

PROXY = SERVER + "ProxyRequests On\n"
FORWARD = PROXY + "AllowCONNECT 1-65535\n"
DENIED = "<Proxy {}>\nRequire all denied\n</Proxy>\n"


def connect(authority: str, *fields: str) -> bytes:
    return get(authority, *fields, method="CONNECT")


class Elsewhere:
    """A server that no configuration names."""

    def __init__(self, bench: Bench) -> None:
        self.server = Server(bench)
        self.authority = f"{HOST}:{self.server.port}"


def test_a_tunnel_to_where_the_client_says() -> None:
    with Bench(FORWARD) as bench:
        there = Elsewhere(bench)
        client = bench.ask(connect(there.authority) + b"early")
        peer = there.server.accept()
        assert client.head().startswith(b"HTTP/1.0 200 ")
        assert peer.take(5) == b"early"
        peer.send(b"hello")
        assert client.take(5) == b"hello"
        client.shut()
        assert peer.rest() == b""
        peer.shut()
        assert client.rest() == b""


@pytest.mark.parametrize(
    ("text", "fields", "status"),
    [
        (SERVER, (), 405),
        (PROXY + "AllowCONNECT 1\n", (), 403),
        (FORWARD + DENIED.format("*"), (), 403),
        (FORWARD + DENIED.format("127.0.0.1:*"), (), 403),
        (FORWARD + DENIED.format("localhost:*"), (), 403),
        (FORWARD, ("Content-Length: 5",), 400),
        (FORWARD, ("Transfer-Encoding: chunked",), 400),
    ],
)
def test_a_connect_that_is_refused(
    text: str, fields: tuple[str, ...], status: int
) -> None:
    with Bench(text) as bench:
        there = Elsewhere(bench)
        client = bench.ask(connect(there.authority, *fields))
        assert client.status() == status
        assert there.server.is_unasked()


@pytest.mark.parametrize("spelling", ["0x7f000001", "0X7F000001", "[::ffff:127.0.0.1]"])
def test_an_address_is_the_same_in_any_spelling(spelling: str) -> None:
    denied = FORWARD + DENIED.format("127.0.0.1:*")
    for text, served in ((FORWARD, True), (denied, False)):
        with Bench(text) as bench:
            there = Elsewhere(bench)
            client = bench.ask(connect(f"{spelling}:{there.server.port}"))
            assert client.status() == (200 if served else 403)
            assert there.server.is_unasked() is not served


def test_a_rule_for_a_spelling_holds_for_it() -> None:
    with Bench(FORWARD + DENIED.format("0x7f000001:*")) as bench:
        there = Elsewhere(bench)
        for host, status in (("0x7f000001", 403), (HOST, 200)):
            client = bench.ask(connect(f"{host}:{there.server.port}"))
            assert client.status() == status


def asked(bench: Bench) -> tuple[int, int]:
    """Connection and request of the look-up that was begun last."""
    bench.until(lambda: bool(bench.services.addresses))
    host, _, connection, request = bench.services.addresses[-1]
    assert host == "name.test"
    return connection, request


def test_a_name_is_asked_for_and_its_addresses_tried_in_order() -> None:
    with Bench(FORWARD) as bench:
        there, dead = Elsewhere(bench), Elsewhere(bench)
        dead.server.sock.close()
        client = bench.ask(connect(f"name.test:{there.server.port}"))
        dead_port = int(dead.authority.partition(":")[2])
        found = [(HOST, dead_port), (HOST, there.server.port)]
        bench.core.address_answer(*asked(bench), found)
        assert client.status() == 200
        there.server.accept()
        assert bench.has_said("AH00939")


def test_an_address_that_rules_deny_is_left_out() -> None:
    with Bench(FORWARD + DENIED.format("127.0.0.2:*")) as bench:
        there = Elsewhere(bench)
        for host, status in (("127.0.0.2", 403), (HOST, 200)):
            client = bench.ask(connect(f"name.test:{there.server.port}"))
            bench.services.addresses.clear()
            bench.core.address_answer(*asked(bench), [(host, there.server.port)])
            assert client.status() == status


def test_a_name_that_leads_nowhere_or_takes_too_long() -> None:
    with Bench(FORWARD, of_hosts={"timeout_ms": 60}) as bench:
        client = bench.ask(connect("name.test:443"))
        bench.core.address_answer(*asked(bench), [])
        assert client.status() == 502
        late = bench.ask(connect("name.test:443"))
        bench.services.addresses.clear()
        connection, request = asked(bench)
        assert late.status() == 502
        bench.core.address_answer(connection, request, [(HOST, 1)])
        bench.core.address_answer(10**6, 0, [(HOST, 1)])  # no such connection
        assert late.is_silent()


# lone


def lone(bench: Bench, tunnels: int, ends_us: int = 0) -> int:
    """A worker in a process of its own that serves so many tunnels, and is lone then.

    Returns the pipe on which it says so.
    """
    reader, writer = os.pipe()

    def life() -> None:
        os.close(reader)
        bench.core.accept()
        bench.until(lambda: row(bench)["tunnels"] == tunnels)
        bench.core.drain()
        bench.until(lambda: "lone" in bench.services.told)
        bench.core.go_on_alone(writer, ends_us)

    bench.leave_to_child(life)
    os.close(writer)
    return reader


def row(bench: Bench) -> dict[str, Any]:
    return bench.table.snapshot_workers()[0]


@contextmanager
def lone_tunnels(
    count: int, **more: Any
) -> Iterator[tuple[Bench, list[tuple[Peer, Peer]], int]]:
    with Bench(ANY, accepting=False, **more) as bench:
        reader = lone(bench, count)
        ends = []
        for _ in range(count):
            client = bench.knock()
            client.send(UPGRADE)
            member = bench.members[0].accept()
            member.head()
            member.send(GRANTED)
            client.head()
            ends.append((client, member))
        assert os.read(reader, 1) == b"L"
        try:
            yield bench, ends, reader
        finally:
            os.close(reader)


def test_a_lone_worker_serves_its_tunnels_and_ends_with_the_last() -> None:
    with lone_tunnels(2) as (bench, ends, reader):
        for client, member in ends:
            client.send(b"a" * 100_000)
            assert member.take(100_000) == b"a" * 100_000
            member.send(b"back")
            member.shut()
            assert client.rest() == b"back"
            client.close()
        assert bench.child_status() == 0
        assert os.read(reader, 9) == b""


def test_a_lone_worker_ends_at_once_when_it_is_told_to() -> None:
    with lone_tunnels(1) as (bench, ends, _):
        os.kill(bench.child, signal.SIGTERM)
        assert bench.child_status() == 0
        assert ends[0][0].rest() == ends[0][1].rest() == b""


def test_a_lone_worker_tells_of_tunnels_that_it_closed() -> None:
    with lone_tunnels(1) as (bench, _, reader):
        os.kill(bench.child, signal.SIGUSR2)
        assert bench.child_status() == 0
        assert os.read(reader, 9) == b"X"


def test_a_lone_worker_tells_of_tunnels_that_timed_out() -> None:
    with lone_tunnels(1, of_hosts={"websocket_idle_ms": 200}) as (bench, _, reader):
        assert bench.child_status() == 0
        assert os.read(reader, 9) == b"T"
