"""lbmethod=byresponsetime with real members, one of them slow."""

from __future__ import annotations

import threading
import time

from harness import wait_for
from peers import answering, request, response
from rig import Rig
from test_failover import named, pool

METHOD = "ProxySet lbmethod=byresponsetime"
SLOW_S = 0.1


def slow(name: bytes) -> object:
    """Ten times as long as the others take, and more."""

    def answer(_: object) -> bytes:
        time.sleep(SLOW_S)
        return response(name)

    return answering(answer)


def test_a_slow_member_is_spared(rig: Rig) -> None:
    members = [named("a"), named("b"), slow(b"slow")]
    rig.start(pool(*(rig.member(one).url for one in members), settings=METHOD))
    bodies = [rig.ask(request()).body for _ in range(200)]
    # its first answer is waited for; the next look is seconds away
    assert 1 <= bodies.count(b"slow") <= 5
    assert bodies.count(b"a") > 20
    assert bodies.count(b"b") > 20


def test_what_is_known_of_a_member_is_told(rig: Rig) -> None:
    rig.start(
        pool(rig.member(slow(b"slow")).url, rig.member(named("a")).url, settings=METHOD)
    )
    for _ in range(20):
        rig.ask(request())
    first, second = rig.look()["members"]
    assert first["response_us"] >= SLOW_S * 1e6 > second["response_us"] > 0


def test_a_member_that_hangs_gets_no_crowd(rig: Rig) -> None:
    """Nothing is known of it but that it has not answered yet."""
    release = threading.Event()

    def hang(_: object) -> bytes:
        release.wait(30)
        return response(b"late")

    hanging, quick = rig.member(answering(hang)), rig.member(named("a"))
    rig.start(pool(hanging.url, quick.url, settings=METHOD))
    clients = [rig.client() for _ in range(40)]

    def is_served(count: int) -> bool:
        first, second = rig.look()["members"]
        return first["elected"] + second["elected"] == count and second["busy"] == 0

    for number, client in enumerate(clients, 1):
        client.send(request())
        wait_for(lambda n=number: is_served(n), "the quick one has answered")
    release.set()
    bodies = [client.take_response().body for client in clients]
    assert bodies.count(b"late") == 1
