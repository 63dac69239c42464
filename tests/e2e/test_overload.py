"""Members with places that count over all workers, and requests that wait for one."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import struct
import threading
import time
from pathlib import Path

import httpd
import pytest
from conftest import MemberMaker
from harness import Answer, Fastlb, Load, Member, Seen, answer, wait_for

WORKERS = 4
GLOBAL = "max={} maxscope=global"
RESET = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # on close


class Counting:
    """A member that knows how many requests it has at one moment, and takes a while."""

    def __init__(self, takes_s: float = 0.004) -> None:
        self.takes_s = takes_s
        self.now = self.greatest = self.served = 0
        self._lock = threading.Lock()

    def __call__(self, _: Seen) -> bytes:
        with self._lock:
            self.now += 1
            self.greatest = max(self.greatest, self.now)
        time.sleep(self.takes_s)
        with self._lock:
            self.now -= 1
            self.served += 1
        return answer(b"counted")


def pool(*members: str, settings: str = "timeout=30") -> str:
    lines = "\n".join(f"BalancerMember {member}" for member in members)
    return (
        f"<Proxy balancer://b>\n{lines}\nProxySet {settings}\n</Proxy>\n"
        '<Location "/server-status">\nSetHandler server-status\n</Location>\n'
        "ProxyPass /server-status !\nProxyPass / balancer://b/\nProxyStatus On\n"
    )


def told(server: Fastlb) -> dict[str, int]:
    """What server-status says of the balancer's queue."""
    lines = server.get("/server-status?auto").text.splitlines()
    pairs = [line.partition(": ")[::2] for line in lines]
    start = "ProxyBalancer[0]"
    return {
        key.removeprefix(start): int(value)
        for key, value in pairs
        if key.startswith((f"{start}Wait", f"{start}Turned"))
    }


class Clients:
    """Each asks once, on a thread of its own."""

    def __init__(self, server: Fastlb, count: int) -> None:
        self.answers: list[Answer | Exception] = []
        self._server = server
        self._threads = [
            threading.Thread(target=self._ask, daemon=True) for _ in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        try:
            self.answers.append(self._server.get())
        except (OSError, http.client.HTTPException) as error:
            self.answers.append(error)

    def statuses(self) -> list[int]:
        for thread in self._threads:
            thread.join(60)
        return sorted(
            one.status if isinstance(one, Answer) else 0 for one in self.answers
        )


@pytest.mark.parametrize("method", ["byrequests", "bychoice"])
def test_four_workers_together_never_ask_a_member_for_more_than_max(
    server: Fastlb, make_member: MemberMaker, method: str
) -> None:
    counts = [Counting(), Counting()]
    first, second = (make_member(f"m{n}", one) for n, one in enumerate(counts))
    text = pool(
        f"{first.url} {GLOBAL.format(2)}",
        f"{second.url} {GLOBAL.format(3)}",
        settings=f"timeout=60 lbmethod={method}",
    )
    server.write(text, workers=WORKERS)
    server.start()
    with Load(server, threads=24) as load:
        load.wait_for_more(1500)
    assert load.failures == []
    assert [one.greatest for one in counts] == [2, 3]
    seen = told(server)
    assert seen["Waiting"] == 0
    assert seen["Waits"] > 100
    assert seen["WaitingMost"] <= 24
    assert seen["TurnedAway"] == 0


def test_every_worker_gets_its_turn(server: Fastlb, make_member: MemberMaker) -> None:
    """One place, and more who want it than it serves: nobody waits for long."""
    member = make_member("m", Counting(0.002))
    server.write(pool(f"{member.url} {GLOBAL.format(1)}"), workers=WORKERS)
    server.start()
    with Load(server, threads=8, keep=True) as load:
        load.wait_for_more(800)
    assert load.failures == []
    assert told(server)["WaitMsMost"] < 5000


def test_a_worker_that_is_killed_leaves_its_places(
    server: Fastlb, make_member: MemberMaker
) -> None:
    counting = Counting(0.05)
    member = make_member("m", counting)
    server.write(pool(f"{member.url} {GLOBAL.format(2)}"), workers=WORKERS)
    server.start()
    for _ in range(3):
        clients = Clients(server, 12)
        wait_for(lambda: counting.now > 0, "requests are under way")
        os.kill(server.workers()[0], signal.SIGKILL)
        assert set(clients.statuses()) <= {0, 200}
        wait_for(lambda: len(server.workers()) == WORKERS, "another worker is there")
    assert counting.greatest <= 2 + 3  # what the dead had asked for goes on there
    after = Clients(server, 12)
    assert after.statuses() == [200] * 12
    wait_for(lambda: told(server)["Waiting"] == 0, "nobody waits")


def test_a_reload_loses_nobody_who_waits(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("m")
    server.write(pool(f"{member.url} {GLOBAL.format(1)}"), workers=2)
    server.start()
    member.hold()
    clients = Clients(server, 10)
    wait_for(lambda: told(server).get("Waiting") == 9, "the others wait")
    server.reload()
    late = Clients(server, 3)
    wait_for(lambda: told(server).get("Waiting") == 12, "both generations' wait")
    member.let_go()
    assert clients.statuses() == [200] * 10
    assert late.statuses() == [200] * 3


def test_beyond_the_queue_clients_are_told_when_to_come_again(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("m")
    text = pool(f"{member.url} {GLOBAL.format(1)}", settings="timeout=30 maxqueue=3")
    server.write(text, workers=WORKERS)
    server.start()
    member.hold()
    clients = Clients(server, 4)
    wait_for(lambda: told(server)["Waiting"] == 3, "three wait")
    late = server.get()
    assert (late.status, late.field("Retry-After")) == (503, "5")
    member.let_go()
    assert clients.statuses() == [200] * 4
    seen = told(server)
    assert (seen["Waiting"], seen["WaitingMost"], seen["TurnedAway"]) == (0, 3, 1)
    server.wait_for_log("FB0330")


def test_clients_that_leave_are_not_counted(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("m")
    server.write(pool(f"{member.url} {GLOBAL.format(1)}"), workers=WORKERS)
    server.start()
    member.hold()
    clients = Clients(server, 1)
    wait_for(lambda: len(member.seen) == 1, "the only place is taken")
    with server.connection() as connection:
        connection.request("GET", "/gone")
        wait_for(lambda: told(server)["Waiting"] == 1, "it waits")
        connection.sock.setsockopt(*RESET)
    wait_for(lambda: told(server)["Waiting"] == 0, "it has gone")
    member.let_go()
    assert clients.statuses() == [200]
    assert [one.target for one in member.seen] == ["/"]


def story_of_a_wait(port: int, member: Member) -> list[int]:
    """One request has the member's only connection; another one, that waits for it in
    vain; and the first one's answer."""
    answers: list[Answer] = []
    asked = len(member.seen)
    member.hold()
    first = threading.Thread(target=lambda: answers.append(httpd.get(port)))
    first.start()
    wait_for(lambda: len(member.seen) == asked + 1, "the member has the first one")
    began_s = time.monotonic()
    second = httpd.get(port)
    took_s = time.monotonic() - began_s
    assert len(member.seen) == asked + 1
    member.let_go()
    first.join(60)
    assert took_s >= 0.2
    return [second.status, answers[0].status, httpd.get(port).status]


@pytest.mark.needs("apache2")
@pytest.mark.parametrize("mpm", ["event", "worker"])
def test_acquire_ends_a_wait_as_in_httpd(
    server: Fastlb, make_member: MemberMaker, tmp_path: Path, mpm: str
) -> None:
    member = make_member("m")
    text = f"ProxyPass / {member.url}/ max=1 acquire=200\n"
    folder = tmp_path / "httpd"
    folder.mkdir()
    one_process = "StartServers 1\nServerLimit 1\nThreadsPerChild 8\n"
    one_process += "MaxRequestWorkers 8\nMinSpareThreads 1\nMaxSpareThreads 8\n"
    with httpd.running(folder, (), one_process + text, mpm=mpm) as port:
        theirs = story_of_a_wait(port, member)
    server.write(text, workers=1)
    server.start()
    assert story_of_a_wait(server.port, member) == theirs
    assert theirs[:2] == [503, 200]
