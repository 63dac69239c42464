"""lbmethod=bychoice with real members: what every method has to respect."""

from __future__ import annotations

import threading

import pytest
from harness import wait_for
from peers import answering, request, response
from rig import Rig
from test_failover import named, nobody, pool

CHOICE = "ProxySet lbmethod=bychoice"


def test_idle_members_share_by_their_factors(rig: Rig) -> None:
    light, heavy = rig.member(named("light")), rig.member(named("heavy"))
    rig.start(pool(light.url, f"{heavy.url} loadfactor=9", settings=CHOICE))
    bodies = [rig.ask(request()).body for _ in range(200)]
    # 20 are expected; that so many or so few are drawn has a chance below 1e-6
    assert 2 <= bodies.count(b"light") <= 45


def test_of_two_the_one_with_nothing_under_way_serves(rig: Rig) -> None:
    release = threading.Event()

    def holding(name: bytes) -> object:
        def answer(message: object) -> bytes:
            if getattr(message, "target", "") == "/hold":
                release.wait(30)
            return response(name)

        return answering(answer)

    rig.start(
        pool(
            rig.member(holding(b"a")).url,
            rig.member(holding(b"b")).url,
            settings=CHOICE,
        )
    )
    holder = rig.client()
    holder.send(request("/hold"))
    wait_for(lambda: sum(m["busy"] for m in rig.look()["members"]) == 1, "it is held")
    others = {rig.ask(request()).body for _ in range(20)}
    release.set()
    held = holder.take_response().body
    assert others == {b"a", b"b"} - {held}


def test_the_next_member_is_asked_when_the_drawn_one_is_not_there(rig: Rig) -> None:
    good = rig.member(named("good"))
    rig.start(pool(f"{nobody()} retry=600", good.url, settings=CHOICE))
    assert {rig.ask(request()).body for _ in range(20)} == {b"good"}
    assert rig.error_log.count("AH00957") <= 1
    assert all(m["busy"] == 0 for m in rig.look()["members"])


@pytest.mark.parametrize("route", ["a", "b"])
def test_a_session_stays_with_its_member(rig: Rig, route: str) -> None:
    a, b = rig.member(named("a")), rig.member(named("b"))
    rig.start(
        pool(
            f"{a.url} route=a",
            f"{b.url} route=b",
            settings=f"{CHOICE} stickysession=S",
        )
    )
    asked = request(fields=f"Cookie: S=x.{route}\r\n")
    assert {rig.ask(asked).body for _ in range(20)} == {route.encode()}
