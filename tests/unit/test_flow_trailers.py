"""trailers.pyx: what follows a chunked body, kept as it comes, framed behind ours."""

from __future__ import annotations

import pytest
from flow_bench import Bench
from flow_peers import ONE, post
from test_flow_request import CHUNKED, chunk, of
from test_flow_response import OK_CHUNKED, served

LINES = b"X-One: 1\r\nHost: no\r\nX-Two:2\r\nX-Mine: 1\r\n"
PASSED = b"X-One: 1\r\nX-Two: 2\r\n"
MINE = f"{ONE}RequestHeader unset X-Mine\nHeader unset X-Mine\n"


@pytest.mark.parametrize("size", [0, 10, 20_000, 300_000])
@pytest.mark.parametrize("parts", [1, 7])
def test_trailers_of_a_request_follow_its_body(size: int, parts: int) -> None:
    behind = b"0\r\n" + LINES + b"\r\n"
    with Bench(MINE) as bench:
        client = bench.ask(post(chunk(of(size)) if size else b"", CHUNKED))
        step = len(behind) // parts + 1
        for at in range(0, len(behind), step):
            bench.settle()
            client.send(behind[at : at + step])
        member = bench.members[0].accept()
        assert f"\r\n{CHUNKED}\r\n".encode() in member.head()
        got = member.through(b"0\r\n" + PASSED + b"\r\n")
        assert b"X-Mine" not in got
        assert b"Host" not in got


@pytest.mark.parametrize("size", [0, 10, 60_000])
@pytest.mark.parametrize("parts", [1, 7])
def test_trailers_of_an_answer_follow_its_body(size: int, parts: int) -> None:
    behind = (chunk(of(size)) if size else b"") + b"0\r\n" + LINES + b"\r\n"
    with served(MINE) as (bench, client, member):
        member.message()
        member.send(OK_CHUNKED)
        step = len(behind) // parts + 1
        for at in range(0, len(behind), step):
            bench.settle()
            member.send(behind[at : at + step])
        assert f"\r\n{CHUNKED}\r\n".encode() in client.head()
        got = client.through(b"0\r\n" + PASSED + b"\r\n")
        assert b"X-Mine" not in got
        assert client.is_silent()


def test_trailers_are_bounded() -> None:
    """Those of an answer whose head has gone end it; the client sees that it is cut."""
    many = b"".join(b"X-%d: 1\r\n" % n for n in range(129))
    with served(MINE) as (bench, client, member):
        member.message()
        member.send(OK_CHUNKED + chunk(of(10)))
        client.head()
        bench.settle()
        member.send(b"0\r\n" + many + b"\r\n")
        assert b"0\r\n\r\n" not in client.rest()
