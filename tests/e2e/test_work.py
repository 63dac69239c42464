"""MaxRequestWorkers bounds requests in work, and nobody else (core/flow/work.pyx)."""

from __future__ import annotations

import socket
import threading
import time

import psutil
import pytest
from conftest import MemberMaker
from harness import Fastlb, Seen, answer, wait_for
from peers import HOST, Message, Peer, answering, request, response
from rig import Rig

TWO = "MaxRequestWorkers 2"
ASK = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
)


class Held:
    """A member that takes requests and answers one whenever it is let."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.turns = threading.Semaphore(0)

    def __call__(self, peer: Peer) -> None:
        def one(asked: Message) -> bytes:
            self.seen.append(asked.target)
            assert self.turns.acquire(timeout=30)
            return response(asked.target.encode())

        answering(one)(peer)

    def wait_for(self, count: int) -> None:
        wait_for(lambda: len(self.seen) >= count, f"{count} requests have come")


def fine(peer: Peer) -> None:
    answering(lambda asked: response(asked.target.encode()))(peer)


def sent(rig: Rig, target: str) -> Peer:
    client = rig.client()
    client.send(request(target))
    return client


def test_what_is_beyond_it_waits_unread_and_is_served_in_order(rig: Rig) -> None:
    held = Held()
    rig.serve(held, text=TWO)
    clients = [sent(rig, "/0"), sent(rig, "/1")]
    wait_for(lambda: len(held.seen) == 2, "two are in work")
    for number in range(2, 8):
        clients.append(sent(rig, f"/{number}"))
        wait_for(lambda: rig.count("waiting") == len(clients) - 2, "it waits")
    # Two heads, and what goes to the member: nobody who waits holds a buffer.
    assert rig.count("buffers") <= 4
    assert rig.count("in_work") == 2
    assert sorted(held.seen) == ["/0", "/1"]
    for number, client in enumerate(clients):
        held.turns.release()
        held.wait_for(min(number + 3, 8))
        assert held.seen[2:] == [f"/{n}" for n in range(2, len(held.seen))]
        if number > 1:
            assert client.take_response().body == f"/{number}".encode()
    assert "AH00161" in rig.error_log


def test_connections_between_requests_are_not_counted(rig: Rig) -> None:
    rig.serve(fine, text=TWO)
    clients = [rig.client() for _ in range(40)]
    for _ in range(2):
        for number, client in enumerate(clients):
            client.send(request(f"/{number}"))
            assert client.take_response().body == f"/{number}".encode()
    assert rig.count("downstreams") == 40


def test_half_a_head_is_no_request_in_work(rig: Rig) -> None:
    rig.serve(fine, text=TWO)
    slow = [rig.client() for _ in range(10)]
    for client in slow:
        client.send(request("/slow")[:-2])
    wait_for(lambda: rig.count("buffers") == 10, "all of them are read")
    assert rig.ask(request("/good")).body == b"/good"
    for client in slow:
        client.send(b"\r\n")
        assert client.take_response().status == 200


def test_waiting_costs_no_time_and_ends_when_a_client_goes(rig: Rig) -> None:
    held = Held()
    rig.serve(held, text=TWO)
    first = [sent(rig, "/0"), sent(rig, "/1")]
    wait_for(lambda: len(held.seen) == 2, "two are in work")
    waiting = [sent(rig, f"/{n}") for n in range(2, 6)]
    wait_for(lambda: rig.count("waiting") == 4, "the others wait")
    process = psutil.Process(rig.pid)
    took_s = sum(process.cpu_times()[:2])
    assert waiting[0].is_silent(0.5)
    assert sum(process.cpu_times()[:2]) - took_s < 0.25
    for client in waiting[:3]:
        client.reset()
    wait_for(lambda: rig.count("waiting") == 1, "a client that is gone does not wait")
    for _ in range(3):
        held.turns.release()
    for client, target in zip([*first, waiting[3]], (0, 1, 5), strict=True):
        assert client.take_response().body == f"/{target}".encode()
    assert sorted(held.seen) == ["/0", "/1", "/5"]


def test_a_pipelined_request_waits_with_its_connection(rig: Rig) -> None:
    held = Held()
    rig.serve(held, text="MaxRequestWorkers 1")
    client = rig.client()
    client.send(request("/0") + request("/1") + request("/2"))
    wait_for(lambda: held.seen == ["/0"], "the first is in work")
    other = sent(rig, "/other")
    wait_for(lambda: rig.count("waiting") == 1, "another came between")
    for number in range(4):
        held.turns.release()
        held.wait_for(min(number + 2, 4))
    assert held.seen == ["/0", "/other", "/1", "/2"]
    assert [client.take_response().body for _ in range(3)] == [b"/0", b"/1", b"/2"]
    assert other.take_response().body == b"/other"


def test_who_waits_with_half_a_head_lets_others_go_first(rig: Rig) -> None:
    held = Held()
    rig.serve(held, text="MaxRequestWorkers 1\nTimeout 30")
    first = sent(rig, "/0")
    wait_for(lambda: held.seen == ["/0"], "one is in work")
    half = rig.client()
    half.send(b"GET /half HTTP/1.1\r\n")
    wait_for(lambda: rig.count("waiting") == 1, "it waits, unread")
    late = sent(rig, "/late")
    wait_for(lambda: rig.count("waiting") == 2, "so does another")
    held.turns.release()
    held.turns.release()
    assert first.take_response().body == b"/0"
    assert late.take_response().body == b"/late"
    half.send(b"Host: h\r\n\r\n")
    held.turns.release()
    assert half.take_response().body == b"/half"


@pytest.mark.parametrize("compat", [False, True])
def test_tunnels_hold_no_place_but_apaches_do(rig: Rig, compat: bool) -> None:
    def member(peer: Peer) -> None:
        asked = peer.take_request()
        if asked is None:
            return
        if asked.field("Upgrade") is None:
            peer.send(response(b"fine"))
            fine(peer)
            return
        peer.send(SWITCHED)
        peer.take_rest()

    more = "Compat apache\nServerLimit 1\n" if compat else ""
    rig.serve(member, "upgrade=websocket", f"{TWO}\n{more}")
    tunnels = [rig.client() for _ in range(2)]
    for client in tunnels:
        client.send(request(fields=ASK))
        assert client.take_head()[0].split()[1] == "101"
    late = sent(rig, "/")
    if compat:
        assert late.is_silent(0.3)
        tunnels[0].close()
    assert late.take_response().status == 200
    assert rig.look()["worker"]["tunnels"] == 2 - compat


class Crowded:
    """Answers after a moment, and knows how many it was asked at once."""

    def __init__(self, pause_s: float) -> None:
        self.pause_s = pause_s
        self.now = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, _asked: Seen) -> bytes:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        # paced by the clock on purpose: requests are to meet
        time.sleep(self.pause_s)
        with self.lock:
            self.now -= 1
        return answer(b"fine")


@pytest.mark.parametrize(("most", "workers"), [(8, 4), (3, 4), (1, 2)])
def test_all_workers_share_the_bound_and_everybody_is_served(
    server: Fastlb, make_member: MemberMaker, most: int, workers: int
) -> None:
    crowded = Crowded(0.01)
    member = make_member("m", crowded)
    server.write(
        f"ProxyPass / {member.url}/ disablereuse=on\nMaxRequestWorkers {most}",
        workers=workers,
    )
    server.start()
    served = [0] * 24
    wrong: list[object] = []

    def ask(number: int) -> None:
        with socket.create_connection((HOST, server.port), timeout=30) as sock:
            peer = Peer(sock)
            for _ in range(5):
                peer.send(request("/"))
                if peer.take_response().status != 200:
                    wrong.append(number)
                served[number] += 1

    clients = [threading.Thread(target=ask, args=(n,)) for n in range(len(served))]
    for client in clients:
        client.start()
    for client in clients:
        client.join(60)
    assert not wrong
    assert served == [5] * len(served)
    assert crowded.most <= most


def test_one_worker_may_have_all_of_it_while_others_need_none(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("m")
    member.hold()
    server.write(f"ProxyPass / {member.url}/\nMaxRequestWorkers 6", workers=2)
    server.start()
    stopped, _ = server.workers()
    process = psutil.Process(stopped)
    process.suspend()
    clients = []
    try:
        for number in range(8):
            sock = socket.create_connection((HOST, server.port), timeout=10)
            clients.append(Peer(sock))
            clients[-1].send(request(f"/{number}"))
        wait_for(lambda: len(member.seen) == 6, "six are in work")
        process.resume()
        # The other worker has nothing free, and takes what is given up.
        clients.append(Peer(socket.create_connection((HOST, server.port), timeout=10)))
        clients[-1].send(request("/late"))
        assert clients[-1].is_silent(0.3)
        assert len(member.seen) == 6
        member.let_go()
        for client in clients:
            assert client.take_response().status == 200
    finally:
        process.resume()
        for client in clients:
            client.close()


def test_a_worker_that_dies_gives_its_part_back(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("m")
    member.hold()
    server.write(f"ProxyPass / {member.url}/\nMaxRequestWorkers 2", workers=2)
    server.start()
    first, second = server.workers()
    psutil.Process(second).suspend()
    clients = [Peer(socket.create_connection((HOST, server.port))) for _ in range(2)]
    for client in clients:
        client.send(request())
    wait_for(lambda: len(member.seen) == 2, "all of it is in work")
    psutil.Process(second).resume()
    psutil.Process(first).kill()
    wait_for(lambda: len(server.workers()) == 2, "a successor")
    member.let_go()
    assert server.get().status == 200
    for client in clients:
        client.close()
