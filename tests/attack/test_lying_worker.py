"""A worker that was taken over writes random bytes over all that it can write.

The master lives, settles, claims, reloads and reads; new workers elect exactly; nobody
writes where he should not. FASTLB_ATTACK_SEED and FASTLB_ATTACK_ROUNDS make another or
a longer run.
"""

from __future__ import annotations

import ctypes
import hashlib
import http.client
import os
import random
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from rights import AS_ROOT

from fastlb import _core, _probe
from fastlb.config.directives.balancer_params import LBMETHODS
from fastlb.facts.history import samples_of
from fastlb.facts.under_way import STATES, under_way_of
from tests.ports import free_ports

from . import liar
from .site import HOST, Site

SEED = int(os.environ.get("FASTLB_ATTACK_SEED", "2026"))
ROUNDS = int(os.environ.get("FASTLB_ATTACK_ROUNDS", "0"))
METHODS = LBMETHODS
FACTORS = (100, 300)
CYCLE = [1, 0, 1, 1]  # Apache's sequence for these factors
GAUGE_MAX = 1 << 24
COUNT_MAX = 1 << 56
NOW_US = 10**12


class World:
    """A table as a master has it: a balancer of each method, some workers."""

    def __init__(self) -> None:
        self.table = _core.Table.create(8, 64, 64)
        self.inside = _probe.TableProbe(self.table)
        self.generation = 0
        self.now_us = 0
        self.slots: dict[str, list[int]] = {}
        self.balancers: dict[str, int] = {}
        self.living: list[int] = []
        self.reload()
        for _ in range(20):  # more than one line of shares
            self.living.append(self.table.claim_worker(1, 0, 0))

    def reload(self) -> None:
        """Claim for a new generation; the one before has gone."""
        self.generation += 1
        for method in METHODS:
            self.balancers[method] = self.table.claim_balancer(
                f"balancer://{method}", self.generation, lbmethod=method
            )
            self.slots[method] = [
                self.table.claim_member(
                    f"balancer://{method} http://m{i}",
                    self.generation,
                    balancer_slot=self.balancers[method],
                    load_factor=factor,
                    lbset=0,
                    status="",
                    route=f"n{i}",
                    redirect="",
                    retry_ms=60_000,
                    probe=False,
                )
                for i, factor in enumerate(FACTORS)
            ]
        self.table.release_generation(self.generation - 1)
        assert self.table.take_overdue() == []

    def probe(self, method: str) -> _probe.BalancerProbe:
        return _probe.BalancerProbe(
            self.table, self.balancers[method], self.slots[method], lbmethod=method
        )

    def written_by_the_master(self) -> bytes:
        """Book and directory."""
        digest = hashlib.sha256()
        parts = self.inside.parts()
        for name in ("book", "directory"):
            first, size, _ = parts[name]
            digest.update(ctypes.string_at(first, size))
        return digest.digest()

    def look(self) -> None:
        """Read everything, as the status page and the master do."""
        self.now_us += 1_000_000
        self.table.note_history(self.now_us)
        for method in METHODS:
            found = self.table.snapshot_balancer(self.balancers[method])
            assert found["members"] == self.slots[method]
            assert found["lbmethod"] == method
            assert 0 <= found["queued"] <= GAUGE_MAX * len(self.living)
            for count in ("waits", "waited_us", "longest_us", "turned_away"):
                assert 0 <= found[count] < COUNT_MAX
            for i, slot in enumerate(self.slots[method]):
                member = self.table.snapshot_member(slot)
                assert member["key"] == f"balancer://{method} http://m{i}"
                assert member["route"] == f"n{i}"
                assert member["load_factor"] == FACTORS[i]
                assert member["places"] == 0  # of none
                assert set(member["flags"]) <= set("OE")
                self.table.addresses(slot)
                ring = self.now_us // 1_000_000 % 3  # all three, one look each
                _, samples = self.table.history(slot, ring) or (0, b"")
                assert all(s is None or 0 <= s.usable <= 1 for s in samples_of(samples))
        for worker in self.table.snapshot_workers():
            assert len(worker["state"]) == 1
            assert 0 <= worker["connections"] <= GAUGE_MAX
            assert 0 <= worker["accesses"] < COUNT_MAX
        for _, _, rows in self.table.requests():
            for one in under_way_of(rows, NOW_US):
                assert 0 <= one.since_us <= NOW_US
                assert one.state in STATES
                assert one.text.isascii() and len(one.client) <= 45
        assert all(value >= 0 for value in self.table.totals().values())


def scribble(world: World, draw: random.Random, how: str) -> None:
    """In the child: everything of the table that this process can write."""
    first, size, writing = world.inside.parts()["field"]
    spans = {span for span in liar.shared_writable() if span == (first, size)}
    assert spans
    assert writing == first
    if how == "in an election":
        liar.lie(draw, list(spans))
        world.inside.set_owner(world.balancers["byrequests"], world.inside.own())
        os.kill(os.getpid(), signal.SIGKILL)
    liar.lie(draw, list(spans))
    if how == "in somebody's name":
        for balancer in world.balancers.values():
            serial = draw.randrange(1, 40)
            number = draw.choice([draw.randrange(30), 0xFFFFFFFF, 0xFFFFFFFE])
            world.inside.set_owner(balancer, serial << 32 | number)
    os.kill(os.getpid(), signal.SIGKILL)


def elect_again(world: World, found: list[str]) -> None:
    """Each method, from whatever state the field is in."""
    for method in METHODS:
        probe = world.probe(method)
        first = probe.elect()
        assert first["chosen"] in (0, 1)
        found += [name for name in ("began_anew",) if first[name]]
        assert probe.elect()["lock"] == "free"
    # whatever it was, the state is one that elections can have made: an even share
    chosen = world.probe("byrequests").sequence(400)
    assert abs(chosen.count(1) - 300) <= 1
    assert chosen[-4:].count(1) == 3


def test_the_master_believes_nothing_that_a_worker_wrote() -> None:
    world = World()
    guard = bytearray(os.urandom(1 << 20))
    before = bytes(guard)
    found: list[str] = []
    for number in range(ROUNDS or 300):
        draw = random.Random(SEED * 100_003 + number)
        how = draw.choice(["plainly", "in an election", "in somebody's name"])
        print(f"seed {SEED}, round {number}: {how}")
        slot = world.table.claim_worker(0, world.generation, 0)
        written = world.written_by_the_master()
        pid = os.fork()
        if pid == 0:
            try:
                world.table.be_worker(slot)
                scribble(world, draw, how)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        assert world.written_by_the_master() == written
        world.table.set_worker_pid(slot, pid)
        settled = world.table.settle_worker(slot)
        assert 0 <= settled["busy"] <= GAUGE_MAX * 64
        assert 0 <= settled["connections"] <= GAUGE_MAX
        assert 0 <= settled["locks"] <= len(METHODS)
        world.look()
        elect_again(world, found)
        world.reload()
        world.look()
        if number % 10 == 0:
            # others come and go; what they count is theirs alone
            world.table.settle_worker(world.living.pop(0))
            fresh = world.table.claim_worker(1, world.generation, 0)
            world.living.append(fresh)
            shown = {w["slot"]: w for w in world.table.snapshot_workers()}[fresh]
            assert (shown["connections"], shown["accesses"], shown["busy"]) == (0, 0, 0)
    for slot in world.living:
        world.table.settle_worker(slot)
    for method in METHODS:
        for slot in world.slots[method]:
            assert world.table.snapshot_member(slot)["busy"] == 0
    assert found
    assert bytes(guard) == before
    world.table.close()


# --- with real processes

CONF = """\
{rights}
ProxyStatus On
LogLevel info
Listen {host}:{port}
<Location /status>
    SetHandler server-status
</Location>
ProxyPass /status !
<Proxy balancer://requests>
    BalancerMember {a}
    BalancerMember {b} loadfactor=3
</Proxy>
<Proxy balancer://busyness>
    BalancerMember {a}
    BalancerMember {b}
    ProxySet lbmethod=bybusyness
</Proxy>
<Proxy balancer://traffic>
    BalancerMember {a}
    BalancerMember {b}
    ProxySet lbmethod=bytraffic
</Proxy>
ProxyPass /requests/ balancer://requests/
ProxyPass /busyness/ balancer://busyness/
ProxyPass /traffic/ balancer://traffic/
"""


@contextmanager
def member(name: bytes) -> Iterator[str]:
    """A server that answers with its name; its URL."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(name)))
            self.end_headers()
            self.wfile.write(name)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def ask(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], tuple[Site, int]]]:
    with (
        tempfile.TemporaryDirectory() as name,
        member(b"a") as a,
        member(b"b") as b,
    ):
        folder = Path(name)
        orders = folder / "orders"
        orders.mkdir()
        orders.chmod(0o777)
        monkeypatch.setenv("LIAR_FOLDER", str(orders))
        (port,) = free_ports(1)
        text = CONF.format(rights=AS_ROOT, host=HOST, port=port, a=a, b=b)
        made: list[Site] = []

        def start() -> tuple[Site, int]:
            made.append(Site(folder, text, workers=2, program="tests.attack.liar"))
            return made[0], port

        yield start
        for one in made:
            assert one.stop() == 0


def test_a_real_master_outlives_workers_that_lie(
    site: Callable[[], tuple[Site, int]],
) -> None:
    made, port = site()
    orders = made.folder / "orders"
    master = made.process.pid

    def generations() -> int:
        return made.said().count("resuming normal operations")

    for number in range(ROUNDS or 25):
        draw = random.Random(SEED * 7919 + number)
        victim = draw.choice(made.processes("fastlb-worker"))
        how = draw.choice(["die", "live", "linger"])
        print(f"seed {SEED}, round {number}: worker {victim} lies, then: {how}")
        order = orders / f"new-{victim}"
        order.write_text(f"{draw.getrandbits(32)} {how}")
        order.rename(orders / f"lie-{victim}")
        done = orders / f"lied-{victim}"
        made.wait_for(lambda done=done: done.exists(), "the worker lies")
        before = generations()
        os.kill(master, signal.SIGHUP)
        made.wait_for(
            lambda before=before: generations() > before, "a new generation serves"
        )
        for path in ("/requests/", "/busyness/", "/traffic/", "/status?auto"):
            assert ask(port, path)[0] == 200
        if how == "live":
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        made.wait_for(
            lambda: len(made.processes("fastlb-worker")) == 2, "two workers and no more"
        )
        assert made.process.poll() is None
        assert made.process.pid == master
        faults = made.faults(may_die=True)
        assert not faults, faults

    # Nobody lies any more, and all is as it should be; a member of which it was said
    # that it fails is probed before it is used again.
    def shares_are_even() -> bool:
        chosen = [ask(port, "/requests/")[1] for _ in range(40)]
        return abs(chosen.count(b"b") - 30) <= 1

    made.wait_for(shares_are_even, "each member has its share")
    for path in ("/busyness/", "/traffic/"):
        assert {ask(port, path)[1] for _ in range(20)} <= {b"a", b"b"}

    def settled() -> bool:
        told = ask(port, "/status?auto")[1].decode().splitlines()
        busy = [line for line in told if "Busy: " in line]
        return len(busy) == 6 and all(line.endswith("Busy: 0") for line in busy)

    made.wait_for(settled, "no member is busy")
