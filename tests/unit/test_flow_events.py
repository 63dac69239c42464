"""events.pyx, engine.pyx: whatever a worker is doing, it can end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flow_bench import Bench
from flow_peers import ONE, SERVER, Peer, answer, balancer, get, post
from test_flow_route import NAMED, in_error

LARGE = 4 * 1024 * 1024


def silent(bench: Bench) -> None:
    bench.client()


def half_a_head(bench: Bench) -> None:
    bench.ask(b"GET / HT")


def waits_for_a_slot(bench: Bench) -> None:
    bench.ask()
    bench.ask()
    bench.members[0].accept()
    bench.settle()
    assert bench.counts()["waiting"] == 1


def waits_for_a_connection(bench: Bench) -> None:
    for _ in range(3):
        bench.ask()
    bench.members[0].accept()
    assert bench.members[0].is_unasked()


def waits_for_anybody(bench: Bench) -> None:
    in_error(bench)
    bench.ask()
    bench.ask()


def waits_for_a_name(bench: Bench) -> None:
    bench.ask()
    bench.until(lambda: bool(bench.services.hosts))


def waits_for_an_address(bench: Bench) -> None:
    bench.ask(get("name.test:443", method="CONNECT"))
    bench.until(lambda: bool(bench.services.addresses))


def half_a_body(bench: Bench) -> None:
    bench.ask(post(bytes(100_000), "Content-Length: 100001"))
    bench.members[0].accept().head()


def waits_for_an_answer(bench: Bench) -> None:
    bench.ask()
    bench.members[0].accept().message()


def half_an_answer(bench: Bench) -> None:
    bench.ask()
    bench.members[0].serve(answer(bytes(LARGE))[:100_000])


def unread_answer(bench: Bench) -> None:
    bench.ask()
    bench.members[0].serve(b"").push(answer(bytes(LARGE)))


def idle_connections(bench: Bench) -> None:
    client = bench.ask()
    bench.members[0].serve()
    assert client.status() == 200


def tunnel(bench: Bench) -> None:
    bench.ask(get("/", "Upgrade: x", "Connection: upgrade"))
    head = b"HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    bench.members[0].serve(head + b"some")


def lingers(bench: Bench) -> None:
    client: Peer = bench.ask(b"nothing that is known\r\n\r\n")
    assert client.status() == 400


@pytest.mark.parametrize(
    ("text", "busy_with"),
    [
        (ONE, silent),
        (ONE, half_a_head),
        (f"MaxRequestWorkers 1\n{ONE}", waits_for_a_slot),
        (balancer("max=1"), waits_for_a_connection),
        (balancer("", settings="timeout=9 forcerecovery=off"), waits_for_anybody),
        (NAMED, waits_for_a_name),
        (f"{SERVER}ProxyRequests On\n", waits_for_an_address),
        (ONE, half_a_body),
        (ONE, waits_for_an_answer),
        (ONE, half_an_answer),
        (ONE, unread_answer),
        (ONE, idle_connections),
        (balancer("upgrade=any"), tunnel),
        (ONE, lingers),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_abort_leaves_nothing(text: str, busy_with: Callable[[Bench], None]) -> None:
    with Bench('CustomLog log "%r"\n' + text, narrow=True) as bench:
        busy_with(bench)
        bench.settle()
        requests = bench.counts()["exchanges"]
        bench.log_lines()
        bench.core.abort()
        assert not any(bench.passing().values())
        assert bench.counts()["watches"] == 0
        assert len(bench.log_lines()) == requests  # what was under way is written down
        for peer in bench.peers:
            peer.rest()
