"""route.pyx, attempt.pyx and exchange.pyx: who is asked, who next, how it ends."""

from __future__ import annotations

import pytest
from flow_bench import Bench, served
from flow_peers import ONE, SERVER, Server, answer, balancer, get, post

TWO = balancer("", "")
LOG = 'CustomLog log "%r %>s %B"\n'

# route: what is asked for, before a member is


@pytest.mark.parametrize(
    ("settings", "request_bytes", "status"),
    [
        ("TraceEnable Off", get(method="TRACE"), 405),
        ("ProxyRequests On", get("http://elsewhere.test/"), 501),
        ("RegisterHttpMethod KNOWN\nHttpProtocolOptions RegisteredMethods",
         get(method="FOO"), 501),
        ("<Location />\nRequire all denied\n</Location>", get(), 403),
        ("<Proxy *>\nRequire all denied\n</Proxy>", get(), 403),
        ("<Location />\nLimitRequestBody 10\n</Location>", post(b"x" * 11), 413),
        ("<Location />\nRedirect https://h/new\n</Location>", get(), 302),
        ("", get(method=["CONNECT", "h:80"][0]), 400),
        ("", get(method="TRACE"), 200),
    ],
)  # fmt: skip
def test_what_is_answered_before_a_member_is_asked(
    settings: str, request_bytes: bytes, status: int
) -> None:
    with Bench(f"{ONE}{settings}\n") as bench:
        client = bench.ask(request_bytes)
        if status == 200:  # it is the member that answers
            bench.members[0].serve()
        assert client.status() == status
        assert bench.members[0].is_unasked()


def test_more_sections_than_one_request_may_have_are_an_error() -> None:
    sections = "".join(
        f'<LocationMatch "^/a{{0,{number}}}">\n</LocationMatch>\n'
        for number in range(70)
    )
    with Bench(ONE + sections) as bench:
        assert bench.ask().status() == 500
        assert bench.has_said("FB0314")


def test_a_target_that_climbs_is_not_asked_for() -> None:
    text = f'{SERVER}ProxyPassMatch "^/app(.*)$" http://127.0.0.1:8001/x/$1\n'
    with Bench(text) as bench:
        assert bench.ask(get("/app../secret")).status() == 403
        assert bench.has_said("FB0313")


NAMED = ONE + "<Location />\nRequire host example.org\n</Location>\n"


def test_a_name_is_looked_up_beside_the_requests_once_a_connection() -> None:
    with Bench(NAMED) as bench:
        client = bench.ask()
        bench.until(lambda: bool(bench.services.hosts))
        names, forward, address, *asked = bench.services.hosts[0]
        assert (names, forward, address) == (("example.org",), False, "127.0.0.1")
        assert bench.members[0].is_unasked()
        bench.core.host_answer(*asked, True)
        member = bench.members[0].serve()
        assert client.status() == 200
        client.send(get())
        member.message()
        member.send(answer())
        assert client.status() == 200
        assert len(bench.services.hosts) == 1


def test_a_look_up_that_finds_another_name_or_takes_too_long_is_a_denial() -> None:
    with Bench(NAMED, of_hosts={"timeout_ms": 60}) as bench:
        client, late = bench.ask(), bench.ask()
        bench.until(lambda: len(bench.services.hosts) == 2)
        (_, _, _, *first), (_, _, _, *second) = bench.services.hosts
        bench.core.host_answer(*first, False)
        assert client.status() == 403
        assert late.status() == 403
        bench.core.host_answer(*second, True)
        bench.core.host_answer(
            (10**6, 0), first[1], True
        )  # there is no such connection
        assert late.is_silent()


# route: the first member and the next


def test_the_second_member_is_asked_in_the_turn_in_which_the_first_is_lost() -> None:
    with Bench(TWO) as bench:
        first, second = bench.members
        first.refuse()
        client = bench.ask()
        bench.settle()  # without a tick
        member = second.maybe_accept()
        assert member is not None
        assert "E" in first.facts_now["flags"]
        assert (first.busy, second.busy) == (1, 1)  # as Apache: until the end
        member.message()
        member.send(answer())
        assert client.status() == 200
        assert (first.busy, second.busy) == (0, 0)
        assert (first.facts_now["elected"], second.facts_now["elected"]) == (1, 1)


@pytest.mark.parametrize("count", [1, 2, 19])
def test_503_when_all_refuse(count: int) -> None:
    with Bench(balancer(*[""] * count, settings="forcerecovery=off")) as bench:
        for member in bench.members:
            member.refuse()
        assert bench.ask().status() == 503
        assert [member.busy for member in bench.members] == [0] * count
        assert all("E" in member.facts_now["flags"] for member in bench.members)
        assert bench.ask().status() == 503
        assert bench.has_said("AH01170")


def test_when_all_are_in_error_the_log_says_that_they_have_another_chance() -> None:
    with Bench() as bench:
        (member,) = bench.members
        member.refuse()
        assert bench.ask().status() == 503
        assert not bench.has_said("AH01165")
        member.move()
        client = bench.ask()
        member.serve(answer())
        assert client.status() == 200
        assert bench.has_said("AH01165")


@pytest.mark.parametrize("count", [2, 9, 80])
def test_all_that_were_tried_are_busy_until_the_end(count: int) -> None:
    with Bench(balancer(*[""] * count)) as bench:
        for member in bench.members[:-1]:
            member.refuse()
        client = bench.ask()
        serving = bench.members[-1].accept()
        assert [member.busy for member in bench.members] == [1] * count
        serving.message()
        serving.send(answer())
        assert client.status() == 200
        assert [member.busy for member in bench.members] == [0] * count


@pytest.mark.parametrize(
    ("settings", "cookie"),
    [
        ("maxattempts=0", ""),
        ("nofailover=on stickysession=S", "Cookie: S=x.one"),
    ],
)
def test_nobody_else_is_asked_where_that_is_forbidden(
    settings: str, cookie: str
) -> None:
    fields = (cookie,) if cookie else ()
    with Bench(balancer("route=one", "route=two", settings=settings)) as bench:
        bench.members[0].refuse()
        assert bench.ask(get("/", *fields)).status() == 503
        assert bench.members[1].is_unasked()


@pytest.mark.parametrize(
    "request_bytes",
    [
        get("/", "Cookie: a=1; S=x.two"),
        get("/", "Cookie: a=1", "Cookie: S=x.two"),
        get("/;s=x.two"),
    ],
)
def test_who_names_a_route_is_served_there(request_bytes: bytes) -> None:
    text = balancer("route=one", "route=two", settings="stickysession=S|s")
    with Bench(text) as bench:
        client = bench.ask()
        bench.members[0].serve()
        assert client.status() == 200
        for _ in range(3):
            client = bench.ask(request_bytes)
            bench.members[1].serve(answer(b"", "Connection: close"))
            assert client.status() == 200


def test_a_member_that_is_down_is_not_asked_directly_either() -> None:
    with Bench(f"{SERVER}ProxyPass / http://127.0.0.1:8001/\n") as bench:
        bench.table.set_flag(bench.members[0].slot, "D", True)
        assert bench.ask().status() == 503
        assert bench.has_said("AH00940")


def in_error(bench: Bench) -> Server:
    """The first member after it refused a request; now it would serve."""
    member = bench.members[0]
    member.refuse()
    assert bench.ask().status() == 503
    member.move()
    return member


def test_with_timeout_a_request_waits_until_anybody_can_be_asked() -> None:
    with Bench(balancer("", settings="timeout=10 forcerecovery=off")) as bench:
        member = in_error(bench)
        client, gone = bench.ask(), bench.ask()
        assert client.is_silent()
        gone.reset()
        bench.settle()
        bench.tick()
        assert member.is_unasked()
        bench.table.set_flag(member.slot, "E", False)
        assert member.is_unasked()  # elections are made anew on a tick
        bench.tick()
        member.serve()
        assert client.status() == 200
        assert member.is_unasked()


@pytest.mark.parametrize("ticks_in_vain", [0, 1])
def test_those_who_wait_for_anybody_are_served_in_order(ticks_in_vain: int) -> None:
    text = balancer("max=1", settings="timeout=10 forcerecovery=off")
    with Bench(text) as bench:
        member = in_error(bench)
        clients = [bench.ask(get(f"/{number}")) for number in range(4)]
        clients[1].reset()
        clients[3].reset()  # from the middle, and from the end
        clients += [bench.ask(get("/4"))]
        bench.settle()
        for _ in range(ticks_in_vain):
            bench.tick()
        bench.table.set_flag(member.slot, "E", False)
        bench.tick()
        peer = member.accept()
        for number in (0, 2, 4):
            assert peer.head().startswith(b"GET /%d " % number)
            peer.send(answer())
            assert clients[number].status() == 200


def test_a_balancer_waits_no_longer_than_its_timeout() -> None:
    text = balancer("", settings="timeout=1 forcerecovery=off")
    with Bench(text, of_balancers={"timeout_ms": 30}) as bench:
        in_error(bench)
        assert bench.ask().status() == 503


@pytest.mark.parametrize(
    ("settings", "flags"), [("", False), ("failontimeout=on", True)]
)
def test_a_member_that_is_too_slow(settings: str, flags: bool) -> None:
    text = balancer("", "", settings=settings)
    with Bench(text, of_members={"timeout_ms": 60}) as bench:
        client = bench.ask()
        member = bench.members[0].accept()
        assert client.status() == 502  # it may have done what was asked
        assert member.head().startswith(b"GET ")
        assert member.rest() == b""
        assert ("E" in bench.members[0].facts_now["flags"]) is flags
        assert bench.members[1].is_unasked()


# exchange: its beginning


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h h\r\n\r\n", 400),
        (b"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505),
        (get("/", "Content-Length: 1", "Content-Length: 2"), 400),
        (get("/", "Transfer-Encoding: gzip"), 400),
        (get("/", "Expect: more"), 417),
        (get("/", "Connection: " + ", ".join(f"a{n}" for n in range(65))), 400),
    ],
)
def test_a_head_that_is_refused_is_the_last_of_its_connection(
    request_bytes: bytes, status: int
) -> None:
    with Bench() as bench:
        client = bench.ask(request_bytes)
        head, _ = client.message()
        assert int(head.split()[1]) == status
        assert b"\r\nConnection: close\r\n" in head
        assert client.rest() == b""
        assert bench.members[0].is_unasked()


def test_the_authority_of_the_target_replaces_host() -> None:
    two = "".join(
        f"<VirtualHost *:80>\nServerName {name}\n"
        f"ProxyPass / http://127.0.0.1:{port}/\n</VirtualHost>\n"
        for name, port in (("one.test", 8001), ("two.test", 8002))
    )
    with Bench(SERVER + two) as bench:
        client = bench.ask(b"GET http://two.test/x HTTP/1.1\r\nHost: one.test\r\n\r\n")
        member = bench.members[1].accept()
        assert member.head().startswith(b"GET /x ")
        member.send(answer())
        assert client.status() == 200


# exchange: its end


def test_a_request_is_busy_counted_and_logged_until_its_answer_has_gone() -> None:
    with served(LOG + ONE) as (bench, client, member):
        assert (bench.members[0].busy, bench.counts()["exchanges"]) == (1, 1)
        assert bench.log_lines() == []
        member.message()
        member.send(answer(b"four"))
        assert client.status() == 200
        assert (bench.members[0].busy, bench.counts()["exchanges"]) == (0, 0)
        assert bench.log_lines() == ["GET / HTTP/1.1 200 4"]
        facts = bench.members[0].facts_now
        assert facts["elected"] == 1
        assert bench.table.totals()["accesses"] == 1


def test_with_a_client_that_breaks_off_its_member_is_left() -> None:
    with served(LOG + ONE) as (bench, client, member):
        client.reset()
        assert member.head().startswith(b"GET ")
        assert member.rest() == b""
        assert bench.members[0].busy == 0
        assert bench.log_lines() == ["GET / HTTP/1.1 400 0"]


def test_a_client_that_only_ends_its_side_is_answered() -> None:
    with served() as (bench, client, member):
        client.shut()
        bench.settle()
        member.message()
        member.send(answer())
        assert client.status() == 200
        assert client.rest() == b""


def test_draining_answers_close() -> None:
    with served() as (bench, client, member):
        bench.core.drain()
        member.message()
        member.send(answer())
        head, _ = client.message()
        assert b"\r\nConnection: close\r\n" in head
        assert client.rest() == b""
        client.close()
        bench.until(lambda: bench.services.told == ["drained"])
