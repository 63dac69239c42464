"""Everything has a bound, and whoever goes beyond it is told."""

from __future__ import annotations

import threading
from contextlib import closing, suppress

import psutil
import pytest
from harness import wait_for
from peers import CutError, Message, Peer, answering, chunked, request, response
from rig import Rig

CHUNKED = "Transfer-Encoding: chunked\r\n"


def fine(peer: Peer) -> None:
    with suppress(CutError):
        answering(lambda _: response(b"fine"))(peer)


def test_a_request_line_has_a_bound(rig: Rig) -> None:
    rig.serve(fine, text="LimitRequestLine 100")
    longest = "/" + "x" * (100 - len("GET / HTTP/1.1"))
    assert rig.ask(request(longest)).status == 200
    assert rig.ask(request(longest + "x")).status == 414


def test_a_request_line_without_end_is_refused_early(rig: Rig) -> None:
    rig.serve(fine)
    client = rig.client()
    client.send(b"GET /" + b"x" * 9000)
    assert client.take_response().status == 414
    assert client.at_end()


def test_a_field_has_a_bound(rig: Rig) -> None:
    rig.serve(fine, text="LimitRequestFieldSize 100")
    fits = "X: " + "x" * 97 + "\r\n"
    assert rig.ask(request(fields=fits)).status == 200
    got = rig.ask(request(fields="X: " + "x" * 200 + "\r\n"))
    assert got.status == 400
    assert b"Size of a request header field exceeds server limit" in got.body


def test_the_number_of_fields_has_a_bound(rig: Rig) -> None:
    rig.serve(fine, text="LimitRequestFields 10")
    assert rig.ask(request(fields="A: b\r\n" * 9)).status == 200
    assert rig.ask(request(fields="A: b\r\n" * 10)).status == 400


def named(count: int) -> str:
    """A Connection that names fields, all of which are there."""
    names = [f"X-{n}" for n in range(count)]
    fields = "".join(f"{name}: v\r\n" for name in names)
    return f"Connection: {', '.join(names)}\r\n{fields}"


def test_no_field_that_a_request_names_in_connection_travels(rig: Rig) -> None:
    seen = []

    def answer(message: Message) -> bytes:
        seen.extend(name for name, _ in message.fields if name.startswith("X-"))
        return response(b"fine")

    rig.serve(answering(answer), text="ProxyAddHeaders Off")
    assert rig.ask(request(fields=named(64))).status == 200
    assert seen == []
    assert rig.ask(request(fields=named(65))).status == 400
    assert seen == []


@pytest.mark.parametrize("interim", [False, True])
def test_no_field_that_an_answer_names_in_connection_travels(
    rig: Rig, interim: bool
) -> None:
    def answer(message: Message) -> bytes:
        fields = named(int(message.target[1:]))
        early = f"HTTP/1.1 103 Early Hints\r\n{fields}\r\n".encode() if interim else b""
        return early + response(b"fine", fields="" if interim else fields)

    rig.serve(answering(answer))
    client = rig.client()
    client.send(request("/64"))
    while not (head := client.take_head())[0].startswith("HTTP/1.1 200"):
        assert not [name for name, _ in head[1] if name.startswith("X-")]
    assert not [name for name, _ in head[1] if name.startswith("X-")]
    assert rig.ask(request("/65")).status == 502


def test_fields_that_never_end_are_refused(rig: Rig) -> None:
    rig.serve(fine)
    client = rig.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n")
    line = b"X: " + b"y" * 8000 + b"\r\n"
    for _ in range(300):
        try:
            client.send(line)
        except OSError:
            break
    assert client.take_response().status == 400


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("limit", [10, 20_000, 200_000])
def test_a_body_has_a_bound(rig: Rig, limit: int, is_chunked: bool) -> None:
    rig.serve(fine, text=f"LimitRequestBody {limit}")

    def post(size: int) -> bytes:
        body = b"x" * size
        if is_chunked:
            return request("/", "POST", fields=CHUNKED) + chunked(body)
        return request("/", "POST", body)

    assert rig.ask(post(limit)).status == 200
    assert rig.ask(post(limit + 1)).status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"5;" + b"x" * 2000,
        b"0" * 2000,
        b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 5000,
        b"ffffffffffffffff1\r\n",
    ],
)
def test_what_frames_chunks_has_a_bound(rig: Rig, body: bytes) -> None:
    rig.serve(fine)
    client = rig.client()
    client.send(request("/", "POST", fields=CHUNKED) + body)
    assert client.take_response().status == 400
    assert client.at_end()


def test_a_members_head_has_a_bound(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        line = b"X: " + b"y" * 8000 + b"\r\n"
        peer.send(b"HTTP/1.1 200 OK\r\n")
        for _ in range(400):
            peer.send(line)

    rig.serve(member)
    assert rig.ask(request()).status == 502


def test_a_large_head_passes_both_ways(rig: Rig) -> None:
    fields = "".join(f"X-{n}: {'z' * 7000}\r\n" for n in range(60))
    rig.serve(answering(lambda m: response(str(len(m.fields)).encode(), fields=fields)))
    client = rig.client()
    for _ in range(2):
        client.send(request(fields=fields))
        got = client.take_response()
        assert got.status == 200
        assert int(got.body) > 60
        assert len([1 for name, _ in got.fields if name.startswith("X-")]) == 60


def test_a_worker_without_descriptors_waits_for_some(rig: Rig) -> None:
    """Clients wait in the backlog; nobody is refused, and the worker does not spin."""
    rig.serve(fine)
    # The connection to the member is there: what becomes free is for clients alone,
    # whichever of them the worker meets first.
    with closing(rig.client()) as before:
        before.send(request(fields="Connection: close\r\n"))
        assert before.take_response().status == 200
    process = psutil.Process(rig.pid)
    spare = 12
    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds() + spare,) * 2)
    clients = [rig.client() for _ in range(spare * 2)]
    wait_for(lambda: "AH00014" in rig.error_log, "it is told")
    took_s = process.cpu_times().user + process.cpu_times().system
    assert clients[-1].is_silent(0.5)
    assert process.cpu_times().user + process.cpu_times().system - took_s < 0.25
    for served, client in enumerate(clients):
        # The first ones leave, as a client does that has no more to ask.
        if served:
            client.send(request(fields="Connection: close\r\n"))
            assert client.take_response().status == 200
        client.close()
    assert rig.error_log.count("AH00014") < 100


def test_a_member_is_not_blamed_for_what_the_worker_lacks(rig: Rig) -> None:
    member = rig.member(fine)
    rig.start(
        f"<Proxy balancer://pool>\nBalancerMember {member.url} retry=60\n</Proxy>\n"
        "ProxyPass / balancer://pool/\n"
    )
    first, second = rig.client(), rig.client()
    wait_for(lambda: rig.count("downstreams") == 2, "both are accepted")
    process = psutil.Process(rig.pid)
    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds(), 4096))
    first.send(request())
    assert first.take_response().status == 503
    process.rlimit(psutil.RLIMIT_NOFILE, (4096, 4096))
    second.send(request())
    assert second.take_response().status == 200


def test_apaches_prefork_serves_so_many_connections(rig: Rig) -> None:
    """A client beyond it waits in the backlog, and is served when another leaves."""
    text = "Compat apache\nServerLimit 4\nMaxRequestWorkers 4"
    rig.serve(fine, text=text)
    clients = [rig.client() for _ in range(4)]
    for client in clients:
        client.send(request())
        assert client.take_response().status == 200
    late = rig.client()
    late.send(request())
    assert late.is_silent(0.3)
    assert rig.count("downstreams") == 4
    clients[0].close()
    assert late.take_response().status == 200
    wait_for(lambda: rig.count("downstreams") == 4, "still four")


def test_what_follows_a_refused_head_resets_no_answer(rig: Rig) -> None:
    """The rest of it may be on its way: the answer must not be thrown away for that."""
    rig.serve(answering(lambda _: response(b"ok")))
    client = rig.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h.example\r\nbad line\r\n\r\n")
    assert client.take_response().status == 400
    for _ in range(20):
        client.send(b"and the rest\r\n")
        threading.Event().wait(0.001)
    assert client.sock.recv(10) == b""
