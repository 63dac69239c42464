"""Clients have their part of the file descriptors, and members find theirs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
from conftest import MemberMaker
from harness import Fastlb, wait_for
from peers import HOST, Peer, answering, request, response
from rig import Rig

EVENT = "LoadModule mpm_event_module modules/mod_mpm_event.so\nCompat apache\n"


@contextmanager
def connected(port: int, count: int) -> Iterator[list[Peer]]:
    with ExitStack() as open_ones:
        yield [
            Peer(
                open_ones.enter_context(
                    socket.create_connection((HOST, port), timeout=20)
                )
            )
            for _ in range(count)
        ]


def fine(peer: Peer) -> None:
    answering(lambda asked: response(asked.target.encode()))(peer)


def limits_of(pid: int) -> list[str]:
    """Soft and hard limit of open files, as anybody may read them."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    (line,) = [one for one in lines if one.startswith("Max open files")]
    return line.split()[3:5]


def of_clients(pid: int, port: int) -> int:
    """Connections of clients that the process has accepted."""
    held = psutil.Process(pid).net_connections(kind="tcp")
    return sum(
        one.status == psutil.CONN_ESTABLISHED and one.laddr[1] == port for one in held
    )


def test_silent_clients_leave_a_descriptor_for_the_member(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("m")
    server.write(f"ProxyPass / {member.url}/", workers=1)
    server.start(descriptors=(32, 64))
    line = server.wait_for_log("FB0601")
    assert "64 file descriptors for each of 1 workers" in line
    part = int(line.split(" for clients")[0].split()[-1])
    (pid,) = server.workers()
    with connected(server.port, 60) as clients:
        wait_for(lambda: of_clients(pid, server.port) == part, "all of their part")
        clients[0].send(request("/"))
        assert clients[0].take_response().status == 200
        late = clients[-1]
        late.send(request("/late"))
        assert late.is_silent(0.3)
        # A server-status page reads /proc, and a log may be opened anew.
        assert psutil.Process(pid).num_fds() < 64 - 4
        for client in clients[:50]:
            client.close()
        assert late.take_response().status == 200
    assert "AH00014" not in server.error_log
    assert "AH00957" not in server.error_log


def test_idle_connections_to_members_make_room_for_others(
    server: Fastlb, make_member: MemberMaker
) -> None:
    members = [make_member(str(number)) for number in range(24)]
    server.write(
        "\n".join(f"ProxyPass /{m.name}/ {m.url}/" for m in members), workers=1
    )
    server.start(descriptors=(64, 64))
    for _ in range(2):
        for member in members:
            assert server.get(f"/{member.name}/").text == member.name
    assert "AH00957" not in server.error_log


def test_too_few_descriptors_are_told_at_the_start(
    server: Fastlb, make_member: MemberMaker
) -> None:
    server.write("ProxyPass / http://127.0.0.1:9/")
    with pytest.raises(AssertionError, match="FB0602"):
        server.start(descriptors=(30, 30))


def test_a_log_program_has_the_limit_that_the_start_was_given(
    server: Fastlb, make_member: MemberMaker
) -> None:
    server.write("ProxyPass / http://127.0.0.1:9/\nCustomLog '|cat' '%r'")
    server.start(descriptors=(256, 1024))
    (program,) = [
        child
        for child in psutil.Process(server.pid).children()
        if child.name() == "cat"
    ]
    assert limits_of(program.pid) == ["256", "1024"]
    assert limits_of(server.workers()[0]) == ["1024", "1024"]


def test_max_client_connections_bounds_all_of_them(rig: Rig) -> None:
    rig.serve(fine, text="MaxClientConnections 5")
    clients = [rig.client() for _ in range(5)]
    wait_for(lambda: rig.count("downstreams") == 5, "all are accepted")
    late = rig.client()
    late.send(request("/late"))
    assert late.is_silent(0.3)
    clients[0].send(request("/"))
    assert clients[0].take_response().status == 200
    # It has become one that is kept alive, and gives its place.
    assert late.take_response().body == b"/late"
    assert clients[0].at_end()
    wait_for(lambda: rig.count("downstreams") <= 5, "no more than that")


def test_max_client_connections_is_over_all_workers(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("m")
    server.write(f"ProxyPass / {member.url}/\nMaxClientConnections 12", workers=3)
    server.start()

    def accepted() -> int:
        return sum(of_clients(pid, server.port) for pid in server.workers())

    with connected(server.port, 30):
        wait_for(lambda: accepted() >= 12, "as many as there may be")
        # Two workers that accept at the same moment may both see the last place.
        assert accepted() <= 12 + 2


def test_the_longest_idle_connections_go_first(rig: Rig) -> None:
    rig.serve(fine, text="MaxClientConnections 10\nKeepAliveTimeout 60")
    clients = [rig.client() for _ in range(9)]
    wait_for(lambda: rig.count("downstreams") == 9, "all are accepted")
    # Silent from the beginning: not between two requests.
    silent, kept = clients[:2], clients[2:]
    order = [3, 0, 5, 1, 6, 4, 2]
    for number in order:
        kept[number].send(request(f"/{number}"))
        assert kept[number].take_response().status == 200
        assert kept[number].is_silent(0.01)
    more = []
    for number in order[:4]:
        more.append(rig.client())
        more[-1].send(request("/more"))
        assert more[-1].take_response().body == b"/more"
        assert kept[number].at_end()
    for number in order[4:]:
        kept[number].send(request("/still"))
        assert kept[number].take_response().body == b"/still"
    for client in silent:
        client.send(request("/silent"))
        assert client.take_response().body == b"/silent"


def test_no_kept_connection_is_closed_while_there_is_room(rig: Rig) -> None:
    rig.serve(fine, text="MaxClientConnections 100\nKeepAliveTimeout 60")
    clients = [rig.client() for _ in range(90)]
    for _ in range(2):
        for client in clients:
            client.send(request("/"))
            assert client.take_response().status == 200


@pytest.mark.parametrize(("factor", "most"), [("1", 4), ("2", 6), ("3.5", 9)])
def test_apaches_event_mpm_has_a_formula(rig: Rig, factor: str, most: int) -> None:
    text = f"{EVENT}MaxRequestWorkers 2\nAsyncRequestWorkerFactor {factor}"
    rig.serve(fine, text=text)
    clients = [rig.client() for _ in range(most + 3)]
    wait_for(lambda: rig.count("downstreams") == most, "the formula's number")
    clients[-1].send(request("/late"))
    assert clients[-1].is_silent(0.3)
    assert rig.count("downstreams") == most
    for client in clients[:3]:
        client.close()
    assert clients[-1].take_response().body == b"/late"


def test_apaches_event_mpm_takes_nobody_while_no_thread_is_idle(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        peer.take_rest()

    rig.serve(member, text=f"{EVENT}MaxRequestWorkers 2")
    busy = [rig.client() for _ in range(2)]
    for client in busy:
        client.send(request("/"))
    wait_for(lambda: rig.count("in_work") == 2, "both threads are busy")
    late = rig.client()
    late.send(request("/server-info"))
    assert late.is_silent(0.3)
    assert rig.count("downstreams") == 2
    for client in busy:
        client.reset()
    assert late.take_response().status == 200
