"""monitor/heartbeats.py: who was heard, and what members get of it."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from trees import model_of

from fastlb._core import Table
from fastlb.heartbeat.wire import Beat
from fastlb.monitor.heartbeats import (
    FORGOTTEN_S,
    Heartbeats,
    Servers,
    address_text,
    heartbeats_of,
    join,
    listening,
)

CONF = """\
Listen 80
{text}
<Proxy balancer://b>
    BalancerMember http://192.0.2.1:8080
    BalancerMember http://192.0.2.1:8081
    BalancerMember http://192.0.2.2:8080
    ProxySet lbmethod=heartbeat
</Proxy>
ProxyPass / balancer://b/
"""
ADDRESSES = (("192.0.2.1", 8080), ("192.0.2.1", 8081), ("192.0.2.2", 8080))


class Heard:
    """Heartbeats over a table of three members; said: levels and texts."""

    def __init__(self, text: str = "HeartbeatListen 127.0.0.1:9") -> None:
        self.said: list[tuple[str, str]] = []
        model = model_of(CONF.format(text=text))
        self.table = Table.create(4, 8, 4)
        balancer = self.table.claim_balancer("b", 1, lbmethod="heartbeat")
        self.slots = []
        for member, address in zip(model.members, ADDRESSES, strict=True):
            slot = self.table.claim_member(
                member.url,
                1,
                balancer_slot=balancer,
                load_factor=100,
                lbset=0,
                status="",
                route="",
                redirect="",
                retry_ms=0,
                probe=False,
            )
            self.table.set_addresses(slot, [address])
            self.slots.append(slot)
        found = heartbeats_of(
            model,
            list(zip(model.members, self.slots, strict=True)),
            self.table,
            lambda level, said: self.said.append((level, said)),
        )
        assert found is not None
        self.heartbeats: Heartbeats = found

    def hear(self, data: bytes, address: str, now_s: float = 1.0) -> None:
        self.heartbeats.hear(data, address, now_s)
        self.heartbeats.spread()

    @property
    def known(self) -> list[tuple[int, int, int]]:
        return [self.table.heartbeat(slot) for slot in self.slots]

    @contextmanager
    def running(self) -> Iterator[asyncio.AbstractEventLoop]:
        loop = asyncio.new_event_loop()
        try:
            self.heartbeats.begin(loop)
            yield loop
        finally:
            loop.close()
            if self.heartbeats._sock is not None:
                self.heartbeats._sock.close()


def test_a_sender_is_every_member_at_its_address() -> None:
    heard = Heard()
    heard.hear(b"v=1&ready=7&busy=2", "192.0.2.1", 5.0)
    said = (7, 2, 5_000_000)
    assert heard.known == [said, said, (0, 0, 0)]


def test_a_port_says_which_of_them_is_meant() -> None:
    heard = Heard()
    heard.hear(b"v=1&ready=7&busy=2&port=8081", "192.0.2.1", 5.0)
    heard.hear(b"v=1&ready=1&busy=2", "192.0.2.1", 6.0)
    assert heard.known[:2] == [(1, 2, 6_000_000), (7, 2, 5_000_000)]


def test_nobody_speaks_for_another_address() -> None:
    heard = Heard()
    heard.hear(b"v=1&ready=7&busy=2", "192.0.2.3")
    assert heard.known == [(0, 0, 0)] * 3


def test_what_is_no_heartbeat_is_told_once_a_minute() -> None:
    heard = Heard()
    for second in (1, 2, 59):
        heard.hear(b"v=1", "192.0.2.1", second)
    heard.hear(b"v=1", "192.0.2.2", 62)
    assert heard.said == [
        ("warn", "AH02087: malformed message from 192.0.2.1"),
        ("warn", "AH02087: malformed message from 192.0.2.2"),
    ]


def test_as_many_servers_are_kept_as_the_directive_says() -> None:
    heard = Heard("HeartbeatListen 127.0.0.1:9\nHeartbeatMaxServers 10")
    for number in range(12):
        heard.hear(b"v=1&ready=7&busy=2", f"192.0.2.{number + 100}")
    assert [text[:6] for _, text in heard.said] == ["FB0513"]
    heard.heartbeats.servers.forget(1.0 + FORGOTTEN_S + 1)
    heard.hear(b"v=1&ready=7&busy=2", "192.0.2.1", 32)
    assert heard.known[0] == (7, 2, 32_000_000)


def test_servers_that_are_silent_are_forgotten() -> None:
    servers = Servers(10)
    servers.hear("192.0.2.1", Beat(1, 1), 100.0)
    servers.forget(100.0 + FORGOTTEN_S)
    assert servers.of("192.0.2.1", 80) is not None
    servers.forget(100.1 + FORGOTTEN_S)
    assert servers.of("192.0.2.1", 80) is None


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%lo", "fe80::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("no address", "no address"),
    ],
)
def test_an_address_has_one_spelling(host: str, text: str) -> None:
    assert address_text(host) == text


@pytest.mark.parametrize(
    "host", ["127.0.0.1", pytest.param("::1", marks=pytest.mark.needs("ipv6"))]
)
def test_datagrams_are_heard_where_the_directive_says(host: str) -> None:
    heard = Heard()
    heard.table.set_addresses(heard.slots[0], [("127.0.0.1", 1), ("::1", 1)])
    heard.heartbeats._sock = sock = listening(host, 0)
    loop = asyncio.new_event_loop()
    with sock, socket.socket(sock.family, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"v=1&ready=7&busy=2", sock.getsockname()[:2])
        sender.sendto(b"x" * 2000, sock.getsockname()[:2])
        heard.heartbeats.receive(loop)
    loop.close()
    heard.heartbeats.spread()
    assert heard.known[0][:2] == (7, 2)
    assert [text[:7] for _, text in heard.said] == ["AH02087"]


@pytest.mark.parametrize("group", ["239.255.77.7", "ff02::77"])
def test_the_group_of_a_multicast_address_is_joined(group: str) -> None:
    """Which takes a route to it, so that no socket is asked here."""
    joined: list[tuple[int, int, bytes]] = []

    class Recording:
        def setsockopt(self, *option: int | bytes) -> None:
            joined.append(cast(tuple[int, int, bytes], option))

    address = ipaddress.ip_address(group)
    join(cast(socket.socket, Recording()), address)
    [(level, _, value)] = joined
    assert level in (socket.IPPROTO_IP, socket.IPPROTO_IPV6)
    assert value == address.packed + b"\0\0\0\0"


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("239.0.0.1:27999", ("239.0.0.1", 27999)),
        ("localhost:27999", ("localhost", 27999)),
        ("[::1]:27999", ("::1", 27999)),
    ],
)
def test_where_heartbeats_are_heard(word: str, place: tuple[str, int]) -> None:
    model = model_of(f"Listen 80\nHeartbeatListen {word}\n")
    assert model.process.heartbeat_listen == place


def test_an_address_that_cannot_be_had_is_told() -> None:
    heard = Heard("HeartbeatListen 192.0.2.77:27999")
    with heard.running():
        pass
    [(level, text)] = heard.said
    assert level == "error"
    assert text.startswith("FB0512: HeartbeatListen 192.0.2.77:27999: ")


# the file


def stored(folder: Path, more: str = "") -> Heard:
    return Heard(f'HeartbeatStorage "{folder}/hb.dat"\n{more}')


def test_the_file_of_another_server_is_read(tmp_path: Path) -> None:
    file = tmp_path / "hb.dat"
    file.write_text(
        "# one\n192.0.2.1 &ready=75&busy=3&lastseen=1&port=80\n"
        "192.0.2.2 &ready=9&busy=1&lastseen=99&port=80\n"
    )
    heard = stored(tmp_path)
    begun_us = int(time.monotonic() * 1e6)
    with heard.running():
        pass
    first, second, forgotten = heard.known
    assert first == second
    assert first[:2] == (75, 3)
    assert begun_us - 3_000_000 < first[2] < begun_us
    assert forgotten == (0, 0, 0)


def test_the_age_of_the_file_counts(tmp_path: Path) -> None:
    file = tmp_path / "hb.dat"
    file.write_text("192.0.2.1 &ready=75&busy=3&lastseen=1&port=80\n")
    os.utime(file, (time.time() - 20, time.time() - 20))
    heard = stored(tmp_path)
    with heard.running():
        pass
    assert heard.known[0][2] < int((time.monotonic() - 20) * 1e6)


def test_a_file_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    heard = stored(tmp_path)
    with heard.running() as loop:
        heard.heartbeats.turn(loop)
    assert [text[:6] for _, text in heard.said] == ["FB0514"]


def test_what_is_heard_is_written_for_others(tmp_path: Path) -> None:
    sock = listening("127.0.0.1", 0)
    port = sock.getsockname()[1]
    sock.close()
    heard = stored(tmp_path, f"HeartbeatMaxServers 0\nHeartbeatListen 127.0.0.1:{port}")
    now_s = time.monotonic()
    heard.hear(b"v=1&ready=75&busy=3", "192.0.2.11", now_s)
    heard.hear(b"v=1&ready=5&busy=0&port=8081", "192.0.2.12", now_s)
    with heard.running():
        pass
    file = tmp_path / "hb.dat"
    assert file.read_text() == (
        "192.0.2.11 &ready=75&busy=3&lastseen=0&port=80\n"
        "192.0.2.12 &ready=5&busy=0&lastseen=0&port=8081\n"
    )
    assert file.stat().st_mode & 0o777 == 0o444
    assert os.listdir(tmp_path) == ["hb.dat"]
    other = stored(tmp_path)
    with other.running():
        pass
    assert other.said == []


def test_without_a_balancer_that_asks_nothing_is_done() -> None:
    model = model_of("Listen 80\nProxyPass / http://192.0.2.1/\n")
    table = Table.create(4, 8, 4)
    assert heartbeats_of(model, [], table, lambda *_: None) is None
