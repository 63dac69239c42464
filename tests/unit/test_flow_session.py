"""session.pyx: a session by a cookie of the balancer's own (stickycookie=)."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from fastlb._probe import own_cookie_of
from flow_bench import Bench
from flow_peers import Peer, answer, balancer, get
from rows import rows
from trees import model_of

LINE = re.compile(rb"\r\nSet-Cookie: (LB=([0-9a-f]{64}))([^\r]*)\r\n")


def sticky(*members: str, cookie: str = "LB", more: str = "") -> str:
    return balancer(*members, settings=f'"stickycookie={cookie}" {more}')


TWO = sticky("", "")


def serve(
    bench: Bench, request: bytes, member: int | None = None, *fields: str
) -> tuple[int, bytes, bytes]:
    """A request of a client of its own: who served it, with which head, and the head
    of the answer. member: who must be asked."""
    before = [int(one.facts_now["elected"]) for one in bench.members]
    client = bench.ask(request)

    def elected() -> list[int]:
        now = [int(one.facts_now["elected"]) for one in bench.members]
        return [n for n, was in enumerate(before) if now[n] != was]

    bench.until(lambda: bool(elected()), "an election")
    [number] = elected() if member is None else [member]
    peer = bench.members[number].accept()
    asked = peer.head()
    peer.send(answer(b"", "Connection: close", *fields))
    peer.close()
    head = client.message()[0]
    client.close()
    return number, asked, head


def cookie_of(head: bytes) -> str | None:
    found = LINE.search(head)
    return None if found is None else found[1].decode()


def begun(bench: Bench) -> tuple[int, str]:
    """A new session: its member and its cookie."""
    member, _, head = serve(bench, get())
    cookie = cookie_of(head)
    assert cookie is not None
    return member, cookie


def with_cookie(cookie: str) -> bytes:
    return get("/", f"Cookie: {cookie}")


def test_the_first_answer_sets_it_and_the_others_do_not() -> None:
    with Bench(TWO) as bench:
        member, cookie = begun(bench)
        for _ in range(5):
            number, _, head = serve(bench, with_cookie(cookie))
            assert number == member
            assert b"Set-Cookie" not in head
        assert begun(bench)[0] != member  # byrequests: the other one's turn


def test_attributes_are_the_usual_ones() -> None:
    with Bench(TWO) as bench:
        head = serve(bench, get())[2]
        found = LINE.search(head)
        assert found is not None
        assert found[3] == b"; Path=/; HttpOnly; SameSite=Lax"


def test_it_stands_behind_those_of_the_member_and_rules_see_it() -> None:
    text = TWO + "Header edit Set-Cookie ^(LB=.*)$ $1;Priority=High\n"
    with Bench(text) as bench:
        head = serve(bench, get(), None, "Set-Cookie: A=1")[2]
        mine = head.index(b"Set-Cookie: LB=")
        assert head.index(b"Set-Cookie: A=1\r\n") < mine
        assert b";Priority=High\r\n" in head[mine:]


def test_members_never_see_it() -> None:
    with Bench(TWO) as bench:
        _, cookie = begun(bench)
        _, asked, _ = serve(bench, get("/", f"Cookie: a=b; {cookie}; c=d"))
        assert b"\r\nCookie: a=b; c=d\r\n" in asked
        _, asked, _ = serve(bench, get("/", f"Cookie: {cookie}"))
        assert b"ookie" not in asked
        # nor what is none of ours under its name
        _, asked, _ = serve(bench, get("/", "Cookie: LB=forged", "Cookie: e=f"))
        assert b"LB" not in asked
        assert b"\r\nCookie: e=f\r\n" in asked


@rows(
    "said",
    [
        "LB=",
        "LB=x",
        "LB=" + "0" * 64,
        "LB={0}0",
        "LB={1}",
        "lb={0}",
    ],
)
def test_what_is_not_ours_begins_a_session(said: str) -> None:
    with Bench(TWO) as bench:
        member, cookie = begun(bench)
        value = cookie.partition("=")[2]
        forged = ("1" if value[0] != "1" else "2") + value[1:]
        number, _, head = serve(bench, with_cookie(said.format(value, forged)))
        assert number != member
        assert cookie_of(head) is not None


def test_a_second_field_may_have_it() -> None:
    with Bench(TWO) as bench:
        member, cookie = begun(bench)
        request = get("/", "Cookie: a=b", f"Cookie: {cookie}")
        assert serve(bench, request)[0] == member


def test_another_member_takes_the_session_over() -> None:
    with Bench(TWO) as bench:
        member, cookie = begun(bench)
        bench.table.set_flag(bench.members[member].slot, "D", True)
        number, _, head = serve(bench, with_cookie(cookie))
        assert number != member
        other = cookie_of(head)
        assert other is not None and other != cookie
        bench.table.set_flag(bench.members[member].slot, "D", False)
        # it stays where it is now
        assert serve(bench, with_cookie(other))[0] == number
        assert b"Set-Cookie" not in serve(bench, with_cookie(other))[2]


def test_another_try_names_who_has_answered() -> None:
    with Bench(TWO) as bench:
        member, cookie = begun(bench)
        bench.members[member].refuse()
        _, _, head = serve(bench, with_cookie(cookie), 1 - member)
        assert own_value(head) == own_cookie_of(0, 1 - member, made_at(head))


def own_value(head: bytes) -> bytes:
    found = LINE.search(head)
    assert found is not None
    return found[2]


def made_at(head: bytes) -> int:
    return int(own_value(head)[:16], 16)


def test_nofailover_holds_for_it() -> None:
    with Bench(sticky("", "", more="nofailover=On")) as bench:
        member, cookie = begun(bench)
        bench.table.set_flag(bench.members[member].slot, "D", True)
        client = bench.ask(with_cookie(cookie))
        assert client.status() == 503
        assert b"Set-Cookie" not in client.taken


def test_a_member_that_drains_keeps_its_sessions() -> None:
    with Bench(TWO) as bench:
        member, cookie = begun(bench)
        bench.table.set_flag(bench.members[member].slot, "N", True)
        assert serve(bench, with_cookie(cookie))[0] == member
        assert begun(bench)[0] != member
        assert begun(bench)[0] != member


def test_a_standby_keeps_the_session_that_it_took_over() -> None:
    with Bench(sticky("", "status=+H")) as bench:
        bench.table.set_flag(bench.members[0].slot, "D", True)
        member, cookie = begun(bench)
        assert member == 1
        bench.table.set_flag(bench.members[0].slot, "D", False)
        assert serve(bench, with_cookie(cookie))[0] == 1
        assert begun(bench)[0] == 0


def test_redirect_names_who_goes_on() -> None:
    with Bench(sticky("route=a redirect=c", "route=b", "route=c")) as bench:
        while True:
            member, cookie = begun(bench)
            if member == 0:
                break
        bench.table.set_flag(bench.members[0].slot, "D", True)
        number, _, head = serve(bench, with_cookie(cookie))
        assert number == 2
        assert own_value(head) == own_cookie_of(0, 2, made_at(head))


def test_half_of_max_age_makes_it_anew() -> None:
    with Bench(sticky("", "", cookie="LB;Max-Age=1000")) as bench:
        now_s = int(time.time())
        for age_s, is_set in ((0, False), (490, False), (510, True), (990, True)):
            value = own_cookie_of(0, 1, now_s - age_s).decode()
            number, _, head = serve(bench, with_cookie(f"LB={value}"))
            assert number == 1
            assert (cookie_of(head) is not None) == is_set
            if is_set:
                assert own_value(head) == own_cookie_of(0, 1, made_at(head))
                assert abs(made_at(head) - now_s) < 60
                assert b"; Max-Age=1000; " in head
        # over: the other one's turn
        value = own_cookie_of(0, 1, now_s - 1001).decode()
        number, _, head = serve(bench, with_cookie(f"LB={value}"))
        assert number == 0
        assert cookie_of(head) is not None


def test_variables_tell_of_it() -> None:
    text = TWO + (
        'Header set X-Told "%{BALANCER_SESSION_STICKY}e %{BALANCER_SESSION_ROUTE}e'
        ' %{BALANCER_WORKER_ROUTE}e %{BALANCER_ROUTE_CHANGED}e"\n'
    )
    with Bench(text) as bench:
        member, _, head = serve(bench, get())
        route = bench.model.members[member].route
        assert re.fullmatch(r"[0-9a-f]{16}", route)
        assert f"\r\nX-Told: (null) (null) {route} 1\r\n".encode() in head
        cookie = cookie_of(head)
        assert cookie is not None
        _, _, head = serve(bench, with_cookie(cookie))
        assert f"\r\nX-Told: LB {route} {route} (null)\r\n".encode() in head


def test_an_answer_of_our_own_sets_none() -> None:
    with Bench(TWO) as bench:
        for one in bench.members:
            one.refuse()
        client = bench.ask()
        assert client.status() == 503
        assert b"Set-Cookie" not in client.taken


def test_a_tunnel_begins_with_it() -> None:
    with Bench(sticky("upgrade=websocket")) as bench:
        client = bench.ask(get("/", "Upgrade: websocket", "Connection: Upgrade"))
        peer = bench.members[0].accept()
        peer.head()
        peer.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\n\r\n"
        )
        assert cookie_of(client.head()) is not None
        peer.close()
        client.close()


def test_a_question_does_not_show_it() -> None:
    text = sticky("", "") + "<Location />\nAuthRequest balancer://b/ask\n</Location>\n"
    with Bench(text) as bench:
        cookie = own_cookie_of(0, 0, int(time.time())).decode()
        client = bench.ask(get("/", f"Cookie: LB={cookie}; a=b"))
        for _ in range(2):  # the question, and the request itself
            peer: Peer = bench.members[0].accept()
            assert b"\r\nCookie: a=b\r\n" in peer.head()
            peer.send(answer(b"", "Connection: close"))
            peer.close()
        assert client.status() == 200
        assert b"Set-Cookie" not in client.taken


@pytest.mark.parametrize("name", ["http://127.0.0.1:8001", "ws://127.0.0.1:8001"])
def test_a_made_route_is_the_same_wherever_the_member_is(
    tmp_path: Path, name: str
) -> None:
    text = (
        "Listen 80\nServerName h\n<Proxy balancer://x>\n"
        f'BalancerMember {name}\nProxySet "stickycookie=LB"\n</Proxy>\n'
        "ProxyPass / balancer://x/\n"
    )
    assert model_of(text).members[0].route == model_of(TWO).members[0].route
