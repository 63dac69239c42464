"""ejected.pyx: what becomes of requests puts their member out."""

from __future__ import annotations

import pytest
from flow_bench import Bench
from flow_peers import Server, answer, balancer, get

BAD = answer(b"no", status="500 No")


def ejecting(*parameters: str, settings: str = "ejecton=failures:3") -> str:
    return balancer(*(parameters or ("", "")), settings=settings)


def is_out(member: Server) -> bool:
    return "E" in member.facts_now["flags"]


def ask(bench: Bench, said: bytes, *, of: int = 0) -> None:
    """Requests until that member has answered one so; the other ones answer well."""
    while not ask_once(bench, said, of):
        pass


def ask_once(bench: Bench, said: bytes, of: int) -> bool:
    client = bench.ask(get("/", "Connection: close"))
    is_of = False

    def is_answered() -> bool:
        nonlocal is_of
        for number, member in enumerate(bench.members):
            peer = member.maybe_accept()
            if peer is not None:
                peer.head()
                is_of |= number == of
                well = answer(b"", "Connection: close")
                peer.push(said if number == of else well)
                peer.close()
        client.look()
        return client.ended

    bench.until(is_answered, "an answer")
    return is_of


def test_a_member_that_fails_requests_is_out_for_a_while() -> None:
    with Bench(ejecting(settings="ejecton=failures:3 ejecttime=7")) as bench:
        first, second = bench.members
        for _ in range(2):
            ask(bench, BAD)
        assert not is_out(first)
        ask(bench, BAD)
        assert is_out(first)
        assert first.facts_now["ejections"] == 1
        (told,) = [line for line in bench.services.logged if "FB0362" in line]
        assert told.startswith("notice proxy_balancer ")
        assert "is ejected for 7s (1 x ejecttime=7s): 3 requests in a row" in told
        assert "the last one with 500; out are 1 of 2 members (ejectmax=50%: 1)" in told
        for _ in range(3):
            client = bench.ask()
            second.serve(answer(b"", "Connection: close"))
            assert client.status() == 200


def test_an_answer_in_between_is_worth_a_row() -> None:
    with Bench(ejecting()) as bench:
        for said in (BAD, BAD, answer(), BAD, BAD, answer(status="404 No"), BAD, BAD):
            ask(bench, said)
        assert not is_out(bench.members[0])


@pytest.mark.parametrize(
    ("said", "evidence"),
    [
        (answer(status="500 No"), "the last one with 500"),
        (answer(status="502 No"), "the last one with 502"),
        (answer(status="503 No"), "the last one with 503"),
        (answer(status="504 No"), "the last one with 504"),
        (answer(status="501 No"), ""),
        (answer(status="505 No"), ""),
        (answer(status="429 No"), ""),
        (b"", "the last one: it has ended the connection instead of an answer"),
        (b"HTTP/1.1 2", "the last one: what it sent is no answer"),
        (b"SSH-2.0-openssh\r\n\r\n", "the last one: what it sent is no answer"),
    ],
)
def test_what_counts_as_a_failure(said: bytes, evidence: str) -> None:
    with Bench(ejecting(settings="ejecton=failures:2")) as bench:
        for _ in range(2):
            ask(bench, said)
        assert is_out(bench.members[0]) is bool(evidence)
        told = [line for line in bench.services.logged if "FB0362" in line]
        assert [evidence in line for line in told] == [True] * bool(evidence)


def test_a_member_that_is_silent_for_too_long_fails() -> None:
    text = ejecting(settings="ejecton=failures:1")
    with Bench(text, of_members={"timeout_ms": 60}) as bench:
        client = bench.ask()
        peer = bench.members[0].accept()
        assert client.status() == 502
        assert peer.head()
        assert is_out(bench.members[0])
        assert bench.has_said("FB0362")


def test_a_refused_connection_fails_and_is_out_for_longer_than_a_probe() -> None:
    with Bench(ejecting(settings="ejecton=failures:1")) as bench:
        bench.members[0].refuse()
        client = bench.ask()
        bench.members[1].serve()
        assert client.status() == 200
        assert is_out(bench.members[0])
        assert not bench.members[0].facts_now["probe_clears"]


def test_a_share_of_requests_is_enough() -> None:
    with Bench(ejecting(settings="ejecton=errors:50%/60s/4")) as bench:
        for said in (BAD, answer(), BAD):
            ask(bench, said)
        assert not is_out(bench.members[0])
        ask(bench, BAD)
        assert is_out(bench.members[0])
        (told,) = [line for line in bench.services.logged if "FB0362" in line]
        assert "3 of 4 requests within " in told
        assert "have failed, 75% (ejecton=errors:50%/60s)" in told


def test_when_too_many_would_be_out_it_serves_on_and_the_log_says_so() -> None:
    with Bench(ejecting("", "", "")) as bench:
        for _ in range(3):
            ask(bench, BAD, of=0)
        for _ in range(6):
            ask(bench, BAD, of=1)
        assert [is_out(one) for one in bench.members] == [True, False, False]
        told = [line for line in bench.services.logged if "FB0363" in line]
        assert len(told) == 2
        assert "out would be 2 of 3 members (ejectmax=50%: 1)" in told[0]


def test_one_that_is_back_is_told_so() -> None:
    with Bench(
        ejecting(settings="ejecton=failures:1"), of_balancers={"eject_time_ms": 60}
    ) as bench:
        ask(bench, BAD)
        assert is_out(bench.members[0])
        bench.pause(80)
        ask(bench, answer())
        assert not is_out(bench.members[0])
        (told,) = [line for line in bench.services.logged if "FB0323" in line]
        assert "is back: it was ejected, is asked again" in told


def test_what_is_sent_again_counts_where_it_failed() -> None:
    with Bench(ejecting(settings="ejecton=failures:2 retryonstatus=503")) as bench:
        for _ in range(2):
            ask(bench, answer(status="503 No"))
        assert is_out(bench.members[0])


def test_without_ejecton_nobody_is_ejected() -> None:
    with Bench(ejecting(settings="ejecttime=5 ejectmax=100%")) as bench:
        for _ in range(30):
            ask(bench, BAD)
        assert not is_out(bench.members[0])
