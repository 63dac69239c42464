"""again.pyx: a request whose member fails, and who is asked next."""

from __future__ import annotations

import pytest
from flow_bench import Bench
from flow_peers import HOST, SERVER, Server, answer, balancer, get, post

TWO = balancer("", "")
LOUD = "LogLevel proxy_balancer:info\n"
NO = answer(b"no", status="503 No")
KEY = "Idempotency-Key: 1"


def retrying(*parameters: str, settings: str = "") -> str:
    return balancer(*parameters, settings=f"retryonstatus=502,503 {settings}".rstrip())


def counted(bench: Bench) -> dict[str, int]:
    """What was sent again, by rule; without those that are zero."""
    (slot,) = {member.facts_now["balancer_slot"] for member in bench.members}
    found = bench.table.snapshot_balancer(slot)["sent_again"]
    return {rule: count for rule, count in found.items() if count}


def lose(member: Server, *, reset: bool = False) -> None:
    """Take a request, and end the connection."""
    peer = member.accept()
    peer.head()
    if reset:
        peer.reset()
    else:
        peer.close()


# without an answer


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    ("request_bytes", "rule"),
    [
        (get(), "idempotent"),
        (get(method="DELETE"), "idempotent"),
        (post(b"body", method="PUT"), "idempotent"),
        (post(b"body", KEY), "keyed"),
        (post(b"body", "Idempotency-Key: x", method="PATCH"), "keyed"),
    ],
)
def test_what_may_be_sent_twice_is_given_to_another_member(
    request_bytes: bytes, rule: str, reset: bool
) -> None:
    with Bench(LOUD + TWO) as bench:
        client = bench.ask(request_bytes)
        lose(bench.members[0], reset=reset)
        member = bench.members[1].accept()
        head, body = member.message()
        assert head.split()[0] == request_bytes.split()[0]
        assert body == (b"" if rule == "idempotent" and not body else b"body")
        assert (bench.members[0].busy, bench.members[1].busy) == (1, 1)
        member.send(answer())
        assert client.status() == 200
        assert "E" not in bench.members[0].facts_now["flags"]
        assert counted(bench) == {rule: 1}
        (told,) = [line for line in bench.services.logged if "FB0360" in line]
        assert "which gave no answer: " in told
        assert told.startswith("info proxy_balancer ")


@pytest.mark.parametrize(
    "request_bytes",
    [post(b"body"), get(method="PATCH"), post(b"b", "Idempotency-Key:")],
)
def test_what_must_not_be_sent_twice_is_not(request_bytes: bytes) -> None:
    with Bench(TWO) as bench:
        client = bench.ask(request_bytes)
        lose(bench.members[0])
        assert client.status() == 502
        assert bench.members[1].is_unasked()
        assert counted(bench) == {}


def test_nor_a_head_whose_body_was_held_back() -> None:
    """It was sent, though its body waits for a 100: whoever takes a member down with it
    does not take the next one."""
    with Bench(TWO) as bench:
        client = bench.client()
        client.send(post(b"body", "Expect: 100-continue").partition(b"\r\n\r\n")[0])
        client.send(b"\r\n\r\n")
        lose(bench.members[0])
        assert client.status() == 502
        assert bench.members[1].is_unasked()


def test_a_head_whose_body_was_held_back_goes_to_one_more_where_it_may() -> None:
    with Bench(balancer("", "", "")) as bench:
        client = bench.client()
        whole = post(b"body", "Expect: 100-continue", method="PUT")
        client.send(whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        for member in bench.members[:2]:
            lose(member)
        assert client.status() == 502
        assert bench.members[2].is_unasked()
        assert counted(bench) == {"idempotent": 1}


def test_nor_what_has_gone_by_without_being_kept() -> None:
    with Bench(TWO) as bench:
        client = bench.client()
        client.send(post(b"x" * 80_000, method="PUT"))
        peer = bench.members[0].accept()
        peer.take(80_000)
        peer.close()
        assert client.status() == 502
        assert bench.members[1].is_unasked()


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 103 Early\r\n\r\n"])
def test_nor_what_an_answer_has_begun_to(begun: bytes) -> None:
    with Bench(TWO) as bench:
        client = bench.ask()
        peer = bench.members[0].accept()
        peer.head()
        peer.send(begun)
        peer.close()
        while (status := client.status()) == 103:
            pass
        assert status == 502
        assert bench.members[1].is_unasked()


def test_a_request_that_takes_its_member_down_does_not_take_them_all() -> None:
    with Bench(balancer("", "", "")) as bench:
        client = bench.ask()
        lose(bench.members[0])
        lose(bench.members[1])
        assert client.status() == 502
        assert bench.members[2].is_unasked()


def test_maxattempts_and_nofailover_bind() -> None:
    with Bench(balancer("", "", settings="maxattempts=0")) as bench:
        client = bench.ask()
        lose(bench.members[0])
        assert client.status() == 502
    text = balancer("route=a", "route=b", settings="stickysession=S nofailover=on")
    with Bench(text) as bench:
        client = bench.ask(get("/", "Cookie: S=x.a"))
        lose(bench.members[0])
        assert client.status() == 502
        assert bench.members[1].is_unasked()


def test_when_nobody_else_can_serve_the_error_is_told() -> None:
    with Bench(balancer("", "status=+D")) as bench:
        client = bench.ask()
        lose(bench.members[0])
        assert client.status() == 502
        assert counted(bench) == {}  # and no budget was spent


def test_compat_apache_asks_nobody_else() -> None:
    with Bench("Compat apache\n" + TWO) as bench:
        client = bench.ask()
        lose(bench.members[0])
        assert client.status() == 502
        assert bench.members[1].is_unasked()


def test_a_question_of_who_may_is_asked_of_another_member() -> None:
    text = (
        f"{SERVER}<Proxy balancer://who>\nBalancerMember http://{HOST}:8001\n"
        f"BalancerMember http://{HOST}:8002\n</Proxy>\n"
        f"ProxyPass / http://{HOST}:8003/\n"
        "<Location />\nAuthRequest balancer://who/ask\n</Location>\n"
    )
    with Bench(text) as bench:
        client = bench.ask(post(b"body"))
        lose(bench.members[0])
        bench.members[1].serve(answer(b""))
        bench.members[2].serve()
        assert client.status() == 200


# refused: nothing was sent


def test_what_was_not_sent_costs_no_budget() -> None:
    with Bench(balancer("retry=0", "", settings="retrybudget=0%")) as bench:
        for _ in range(40):
            bench.members[0].refuse()
            client = bench.ask(post(b"body"))
            bench.members[1].serve(answer(b"", "Connection: close"))
            assert client.status() == 200
        assert set(counted(bench)) == {"unsent"}


# only what is sent is told, counted and paid for


def test_a_request_for_which_nobody_is_left_was_not_sent_again() -> None:
    text = balancer("", "", settings="maxattempts=5 forcerecovery=off")
    with Bench(LOUD + text) as bench:
        for member in bench.members:
            member.refuse()
        assert bench.ask().status() == 503
        assert counted(bench) == {"unsent": 1}
        (told,) = [line for line in bench.services.logged if "FB0360" in line]
        assert f"than {bench.model.members[0].url}, which was not reached: " in told


def test_nor_is_one_that_a_spare_would_not_take() -> None:
    """Spares stand in for members that are out, and this one is not."""
    with Bench(LOUD + balancer("", "status=+R")) as bench:
        for _ in range(12):
            client = bench.ask(get("/", "Connection: close"))
            lose(bench.members[0])
            assert client.status() == 502
        assert counted(bench) == {}
        assert not bench.has_said("FB0360")


def test_who_waits_for_a_place_is_told_when_it_is_sent() -> None:
    text = balancer("", "max=1 maxscope=global", settings="timeout=30")
    with Bench(LOUD + text) as bench:
        busy = bench.ask(get("/busy"))
        first = bench.members[0].serve()
        assert busy.status() == 200
        busy.send(get("/busy"))
        second = bench.members[1].accept()
        bench.members[0].refuse()
        first.close()
        bench.settle()
        client = bench.ask(post(b"x"))
        assert client.is_silent()
        assert counted(bench) == {}
        assert not bench.has_said("FB0360")
        second.head()
        second.send(answer())
        second.message()
        second.send(answer())
        assert client.status() == 200
        assert counted(bench) == {"unsent": 1}
        assert bench.has_said("FB0360")


# the budget


def test_a_budget_that_is_used_up_ends_it_and_is_told_once() -> None:
    with Bench(TWO) as bench:
        statuses = []
        for _ in range(26):
            client = bench.ask(get("/", "Connection: close"))
            while not client.ended:
                for member in bench.members:
                    peer = member.maybe_accept()
                    if peer is not None:
                        peer.head()
                        if member is bench.members[0]:
                            peer.close()
                        else:
                            peer.send(answer(b"", "Connection: close"))
                bench.wait()
                client.look()
            statuses.append(int(bytes(client.received).split()[1]))
        found = counted(bench)
        assert found == {"idempotent": 10, "spent": 3}
        assert statuses.count(502) == 3
        told = [line for line in bench.services.logged if "FB0361" in line]
        assert len(told) == 1
        assert "10 requests were sent again within 10 s" in told[0]
        assert told[0].startswith("warning proxy_balancer ")


@pytest.mark.parametrize("settings", ["retrybudget=0%", "retrybudget=0"])
def test_without_a_budget_nothing_that_was_sent_is_sent_again(settings: str) -> None:
    with Bench(balancer("", "", settings=settings)) as bench:
        client = bench.ask()
        lose(bench.members[0])
        assert client.status() == 502
        assert counted(bench) == {"spent": 1}


# an answer that is one of retryonstatus=


def test_an_answer_of_these_statuses_is_not_passed_on() -> None:
    with Bench(LOUD + retrying("", "", "")) as bench:
        client = bench.ask(get("/", "Cookie: a=b"))
        bench.members[0].serve(NO)
        bench.members[1].serve(answer(status="502 No"))
        member = bench.members[2].accept()
        assert b"Cookie: a=b\r\n" in member.head()
        member.send(answer(b"yes"))
        assert client.message()[1] == b"yes"
        assert counted(bench) == {"status": 2}
        told = [line for line in bench.services.logged if "FB0360" in line]
        assert "which has answered with 503: its method is idempotent" in told[0]
        assert "which has answered with 502: " in told[1]
        assert [member.busy for member in bench.members] == [0, 0, 0]


def test_the_last_answer_goes_through_as_it_is() -> None:
    with Bench(retrying("", "")) as bench:
        client = bench.ask()
        bench.members[0].serve(NO)
        bench.members[1].serve(answer(b"not I", "X: y", status="503 Nor I"))
        head, body = client.message()
        assert head.startswith(b"HTTP/1.1 503 Nor I\r\n")
        assert b"X: y\r\n" in head
        assert body == b"not I"


@pytest.mark.parametrize(
    ("settings", "request_bytes"),
    [
        ("", post(b"body")),
        ("maxattempts=0", get()),
        ("retrybudget=0%", get()),
        ("stickysession=S nofailover=on", get("/", "Cookie: S=x.a")),
    ],
)
def test_it_goes_through_where_the_request_must_not_be_sent_again(
    settings: str, request_bytes: bytes
) -> None:
    with Bench(retrying("route=a", "route=b", settings=settings)) as bench:
        client = bench.ask(request_bytes)
        bench.members[0].serve(NO)
        assert client.message()[1] == b"no"
        assert bench.members[1].is_unasked()


def test_it_goes_through_when_something_has_gone_to_the_client() -> None:
    with Bench(retrying("", "")) as bench:
        client = bench.ask()
        peer = bench.members[0].accept()
        peer.head()
        peer.send(b"HTTP/1.1 103 Early\r\n\r\n" + NO)
        assert b" 103 " in client.head()
        assert client.message()[1] == b"no"


def test_other_statuses_and_other_balancers_are_as_ever() -> None:
    with Bench(retrying("", "")) as bench:
        client = bench.ask()
        bench.members[0].serve(answer(b"no", status="500 No"))
        assert client.status() == 500
    with Bench(TWO) as bench:
        client = bench.ask()
        bench.members[0].serve(NO)
        assert client.status() == 503


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (NO, True),
        (answer(b"", status="503 No"), True),
        (answer(b"", "Connection: close", status="503 No"), False),
        (b"HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\nhalf", False),
        (b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
        (b"HTTP/1.1 503 No\r\n\r\nbody until the end", False),
        (NO + b"more", False),
    ],
)
def test_a_connection_serves_again_whose_answer_was_whole(
    said: bytes, kept: bool
) -> None:
    with Bench(retrying("", "")) as bench:
        client = bench.ask()
        peer = bench.members[0].serve(said)
        bench.members[1].serve()
        assert client.status() == 200
        assert (peer.is_silent() and not peer.ended) is kept
        assert bench.counts()["upstreams"] == 1 + kept


def test_failonstatus_puts_it_out_all_the_same() -> None:
    with Bench(retrying("", "", settings="failonstatus=503")) as bench:
        client = bench.ask()
        bench.members[0].serve(NO)
        bench.members[1].serve()
        assert client.status() == 200
        assert "E" in bench.members[0].facts_now["flags"]


def test_a_body_that_was_kept_goes_along() -> None:
    with Bench(retrying("", "")) as bench:
        client = bench.ask(post(b"x" * 30_000, KEY))
        for member in bench.members:
            peer = member.accept()
            assert peer.message()[1] == b"x" * 30_000
            peer.send(NO if member is bench.members[0] else answer())
        assert client.status() == 200


def test_the_answer_to_half_a_request_goes_through() -> None:
    with Bench(retrying("", "")) as bench:
        client = bench.ask(post(b"x" * 20_000, "Content-Length: 30000", method="PUT"))
        peer = bench.members[0].accept()
        peer.head()
        peer.send(NO)
        assert client.message()[1] == b"no"
        assert bench.members[1].is_unasked()


def test_the_next_member_may_refuse_and_then_the_first_is_asked_again() -> None:
    with Bench(retrying("", "", settings="maxattempts=5")) as bench:
        bench.members[1].refuse()
        client = bench.ask()
        peer = bench.members[0].serve(NO)
        peer.head()
        peer.send(answer(b"still no", status="503 No"))
        assert client.message()[1] == b"still no"


# a kept connection that had ended


def test_a_kept_connection_that_ends_under_a_request_spends_if_it_was_read() -> None:
    with Bench(balancer("", settings="retrybudget=0%")) as bench:
        client = bench.ask()
        member = bench.members[0].serve()
        assert client.status() == 200
        client.send(get())
        member.head()
        member.close()
        assert client.status() == 502
        assert counted(bench) == {"spent": 1}
