"""question.pyx: a member is asked whether a request may pass."""

from __future__ import annotations

import pytest
from flow_bench import Bench
from flow_peers import SERVER, answer, get, post
from hypothesis import given, settings
from hypothesis import strategies as st

ASKING = (
    SERVER
    + """\
<Proxy balancer://auth>
BalancerMember http://127.0.0.1:8001 {parameters}
</Proxy>
<Proxy balancer://b>
BalancerMember http://127.0.0.1:8002
</Proxy>
CustomLog log "%r %>s %{{BALANCER_NAME}}e"
ProxyPass / balancer://b/
<Location />
AuthRequest balancer://auth/check
AuthRequestHeader X-User
</Location>
"""
)
PLAIN = ASKING.format(parameters="")


def test_a_question_is_a_try_of_its_own() -> None:
    with Bench(PLAIN) as bench:
        auth, member = bench.members
        client = bench.ask(post(b"body"))
        asked = auth.accept()
        head, body = asked.message()
        assert head.startswith(b"GET /check HTTP/1.1\r\n")
        assert body == b""
        assert (auth.busy, member.busy) == (1, 0)
        asked.send(answer(b"yes", "X-User: bob"))
        serving = member.accept()
        head, body = serving.message()
        assert b"\r\nX-User: bob\r\n" in head and body == b"body"
        assert (auth.busy, member.busy) == (0, 1)
        assert auth.facts_now["elected"] == 1
        serving.send(answer())
        assert client.status() == 200
        assert bench.log_lines() == ["POST / HTTP/1.1 200 balancer://b"]
        # Both connections serve the next request.
        client.send(get())
        asked.message()
        asked.send(answer(status="403 Forbidden"))
        assert client.status() == 403
        assert serving.is_silent()
        assert bench.log_lines() == ["GET / HTTP/1.1 403 balancer://auth"]
        assert bench.has_said("FB0353")


def test_who_is_asked_knows_the_request_by_its_ids() -> None:
    ids = "RequestID Keep\nTraceContext On\n"
    trace = b"4bf92f3577b34da6a3ce929d0e0e4736"
    with Bench(ids + PLAIN) as bench:
        auth, member = bench.members
        for number, (field, state) in enumerate(
            [(b"00-%b-00f067aa0ba902b7-01" % trace, True), (b"00-none", False)]
        ):
            bench.ask(
                get(
                    "/",
                    f"X-Request-ID: mine-{number}",
                    f"traceparent: {field.decode()}",
                    "tracestate: a=b",
                    "Connection: close",
                )
            )
            heads = []
            for server in (auth, member):
                peer = server.accept()
                heads.append(peer.message()[0])
                peer.send(answer(b"yes", "Connection: close"))
            for head in heads:
                assert head.count(b"\r\nX-Request-ID: mine-%d\r\n" % number) == 1
                assert head.lower().count(b"x-request-id:") == 1
                assert head.lower().count(b"traceparent:") == 1
                assert (b"tracestate: a=b" in head) is state
                assert (trace in head) is state
            traces = {head.partition(b"traceparent: ")[2][:55] for head in heads}
            assert len(traces) == 1 and field not in traces


@pytest.mark.parametrize(
    "said",
    [
        answer(b"yes" * 9, "X-User: bob"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-User: bob\r\n\r\n"
        b"3\r\nyes\r\n0\r\n\r\n",
        b"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 204 N\r\nX-User: bob\r\n\r\n",
    ],
    ids=["length", "chunked", "interim"],
)
def test_an_answer_to_a_question_comes_in_any_pieces(said: bytes) -> None:
    with Bench(PLAIN) as bench:
        auth, member = bench.members
        client = bench.ask()
        asked = auth.accept()
        asked.message()
        for byte in said:
            assert member.is_unasked()
            asked.send(bytes([byte]))
            bench.settle()
        serving = member.accept()
        assert b"\r\nX-User: bob\r\n" in serving.message()[0]
        serving.send(answer())
        assert client.status() == 200
        client.send(get())
        asked.message()  # on the connection that was there
        asked.send(answer(status="403 No"))
        assert client.status() == 403


def test_a_question_that_waits_for_room_goes_on() -> None:
    with Bench(ASKING.format(parameters="max=1 acquire=10000")) as bench:
        auth, member = bench.members
        first, second = bench.ask(get("/1")), bench.ask(get("/2"))
        asked = auth.accept()
        serving = None
        for client in (first, second):
            asked.message()
            asked.send(answer())
            serving = serving or member.accept()
            serving.message()
            serving.send(answer())
            assert client.status() == 200
        assert auth.maybe_accept() is None


def test_a_question_goes_with_its_client() -> None:
    with Bench(PLAIN) as bench:
        auth, member = bench.members
        client = bench.ask()
        asked = auth.accept()
        asked.message()
        client.reset()
        bench.until(lambda: not bench.counts()["exchanges"], "its end")
        assert auth.busy == 0

        def is_ended() -> bool:
            asked.look()
            return asked.ended

        bench.until(is_ended, "the end of its connection")
        assert member.is_unasked()


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 401 No\r\n", b"HTTP/1.1 "),
                *(b"HTTP/1.1 302 F\r\n", b"HTTP/1.1 100 C\r\n\r\n", b"X-User: a\r\n"),
                *(b"Set-Cookie: a=\0b\r\n", b"Content-Length: 3\r\n", b"\r\n\r\n"),
                *(
                    b"Transfer-Encoding: chunked\r\n",
                    b"\r\n",
                    b"0\r\n\r\n",
                    b"3\r\nabc",
                ),
                *(b"Connection: close, x-user\r\n", b"Content-Length: 9\r\n", b"\xff"),
                *(b"WWW-Authenticate: B\r\n", b"Location: /x\r\n", b"Upgrade: h2c\r\n"),
            ]
        ),
        max_size=9,
    )
)
def test_whatever_is_answered_to_a_question_nobody_else_passes(
    pieces: list[bytes],
) -> None:
    """Only a whole 2xx head lets in, and what a member gets is one head."""
    said = b"".join(pieces)
    with Bench(PLAIN) as bench:
        auth, member = bench.members
        client = bench.ask()
        asked = auth.accept()
        asked.message()
        asked.send(said)
        asked.shut()
        serving = None

        def is_decided() -> bool:
            nonlocal serving
            serving = serving or member.maybe_accept()
            client.look()
            return serving is not None or client.received != b"" or client.ended

        bench.until(is_decided, "a decision")
        if serving is not None:
            heads = [head.lstrip(b"\r\n") for head in said.split(b"\r\n\r\n")]
            finals = [h for h in heads if h and not h.startswith(b"HTTP/1.1 100")]
            assert finals[0].startswith(b"HTTP/1.1 200")
            serving.message()
            serving.send(answer())
            assert client.status() == 200
        else:
            assert not bytes(client.received).startswith(b"HTTP/1.1 200")
