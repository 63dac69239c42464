"""Connections to members: kept, bounded, queued for, never trusted when stale."""

from __future__ import annotations

import contextlib
import random
import threading
import time

import pytest
from harness import wait_for
from peers import CutError, Message, Peer, SilenceError, answering, request, response
from rig import Rig


def echo(message: Message) -> bytes:
    return response(f"{message.method} {message.target}".encode())


class Gate:
    """A member that answers each held request when it is let go."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.answered: list[str] = []
        self._go: dict[str, threading.Event] = {}

    def _event(self, target: str) -> threading.Event:
        return self._go.setdefault(target, threading.Event())

    def let_go(self, *targets: str) -> None:
        for target in targets:
            self._event(target).set()

    def serve(self, peer: Peer) -> None:
        while (message := peer.take_request()) is not None:
            self.seen.append(message.target)
            assert self._event(message.target).wait(10)
            peer.send(echo(message))
            self.answered.append(message.target)


def ask_all(rig: Rig, *targets: str) -> list[Peer]:
    """One client for each target; their exchanges have begun, in this order."""
    clients = []
    for target in targets:
        client = rig.client()
        client.send(request(target))
        clients.append(client)
        wait_for(lambda: rig.count("exchanges") == len(clients), "it has begun")
    return clients


# stale connections


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_the_member_closed_is_not_used(rig: Rig, method: str) -> None:
    def member(peer: Peer) -> None:
        message = peer.take_request()
        assert message is not None
        peer.send(echo(message))

    rig.serve(member)
    client = rig.client()
    for n in range(5):
        client.send(request(f"/{n}", method, b""))
        assert client.take_response().body == f"{method} /{n}".encode()
        wait_for(lambda: rig.count("upstreams") == 0, "its end is seen")
    assert rig.members[0].connections == 5


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("last_word", ["end", "junk"])
def test_an_end_that_comes_with_the_request_is_seen_before_it(
    rig: Rig, method: str, last_word: str
) -> None:
    """The client's event stands before the member's in one batch."""

    def member(peer: Peer) -> None:
        while (message := peer.take_request()) is not None:
            peer.send(echo(message))

    rig.serve(member)
    client = rig.client()
    client.send(request("/first"))
    assert client.take_response().body == b"GET /first"
    (first,) = rig.members[0].peers
    with rig.paused():
        client.send(request("/second", method, b""))
        if last_word == "junk":
            first.send(response(b"junk"))
        else:
            first.half_close()
    assert client.take_response().body == f"{method} /second".encode()
    assert rig.members[0].connections == 2


def test_an_idempotent_request_is_sent_again_when_its_connection_dies(
    rig: Rig,
) -> None:
    """The member takes the second request of a connection and hangs up."""
    heard = []

    def member(peer: Peer) -> None:
        message = peer.take_request()
        assert message is not None
        if message.target == "/b":
            body = b"" if message.method == "HEAD" else b"ok"
            peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        else:
            peer.send(echo(message))
            heard.append(peer.take_head()[0].split(" ")[0])

    rig.serve(member)
    client = rig.client()
    methods = ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"]
    for method in methods:
        client.send(request("/a", "POST", b""))
        assert client.take_response().body == b"POST /a"
        client.send(request("/b", method, b"x" if method == "PUT" else None))
        assert client.take_response(method).status == 200
        wait_for(lambda: rig.count("exchanges") == 0, "settled")
    assert heard == methods


def test_a_request_that_may_have_been_served_is_not_sent_again(rig: Rig) -> None:
    heard = []

    def member(peer: Peer) -> None:
        message = peer.take_request()
        assert message is not None
        peer.send(echo(message))
        if peer.held or peer.more():
            heard.append(peer.take_head()[0])

    rig.serve(member)
    client = rig.client()
    client.send(request("/a"))
    assert client.take_response().body == b"GET /a"
    client.send(request("/b", "POST", b""))
    assert client.take_response().status == 502
    assert len(heard) == 1
    assert rig.members[0].connections == 1


def test_a_chunked_body_is_whole_when_it_is_sent_again(rig: Rig) -> None:
    got = []

    def member(peer: Peer) -> None:
        is_first = len(rig.members[0].peers) == 1
        message = peer.take_request()
        assert message is not None
        if message.method == "PUT":
            got.append(message.body)
        peer.send(response(b"ok", fields="Keep-Alive: timeout=60\r\n"))
        if is_first:
            peer.take_head()
            peer.reset()

    made = rig.member(member, receive_bytes=4096)
    rig.start(f"ProxyPass / {made.url}/\n")
    client = rig.client()
    client.send(request("/a"))
    assert client.take_response().body == b"ok"
    body = bytes(range(250)) * 240
    with rig.paused():  # so that all of it is received before the member is asked
        client.send(request("/b", "PUT", fields="Transfer-Encoding: chunked\r\n"))
        client.send(b"%x\r\n%s\r\n" % (len(body), body))
    wait_for(lambda: made.connections == 2, "it is sent again")
    client.send(b"0\r\n\r\n")
    assert client.take_response().status == 200
    assert got == [body]


IDLE_S = 0.05


def test_posts_at_the_moment_at_which_a_member_closes_are_answered(rig: Rig) -> None:
    """None is sent twice, and none is lost: they go out on a connection that is clearly
    younger than what this member keeps, or on a new one."""
    seen = []

    def member(peer: Peer) -> None:
        peer.sock.settimeout(IDLE_S)
        with contextlib.suppress(SilenceError, CutError):
            while (message := peer.take_request()) is not None:
                seen.append(message.target)
                peer.send(echo(message))

    rig.serve(member)
    client = rig.client()
    chance = random.Random(1)
    targets = [f"/{n}" for n in range(100)]
    for target in targets:
        client.send(request(target, "POST", b"x"))
        assert client.take_response().body == f"POST {target}".encode()
        time.sleep(IDLE_S * chance.uniform(0.6, 1.1))
    assert seen == targets


# what is kept


def test_large_answers_do_not_cost_the_connection(rig: Rig) -> None:
    rig.serve(answering(lambda m: response(b"x" * int(m.target[1:]))))
    client = rig.client()
    for size in (73_000, 74_000, 100_000, 150_000, 1 << 20, 200_000, 3 << 20):
        client.send(request(f"/{size}"))
        assert len(client.take_response().body) == size
    assert rig.members[0].connections == 1


def test_disablereuse_opens_one_connection_a_request(rig: Rig) -> None:
    closes = []

    def answer(message: Message) -> bytes:
        closes.append(message.field("Connection"))
        return echo(message)

    rig.serve(answering(answer), "disablereuse=on")
    client = rig.client()
    for _ in range(3):
        client.send(request())
        assert client.take_response().status == 200
    assert rig.members[0].connections == 3
    assert closes == ["close"] * 3
    wait_for(lambda: rig.count("upstreams") == 0, "none is kept")


def test_ttl_bounds_how_long_an_idle_connection_is_kept(rig: Rig) -> None:
    rig.serve(answering(echo), "ttl=1")
    client = rig.client()
    client.send(request())
    assert client.take_response().status == 200
    assert rig.count("upstreams") == 1
    wait_for(lambda: rig.count("upstreams") == 0, "it has been closed")
    client.send(request())
    assert client.take_response().status == 200
    assert rig.members[0].connections == 2


def test_a_member_that_says_close_is_taken_at_its_word(rig: Rig) -> None:
    rig.serve(answering(lambda _: response(b"last", fields="Connection: close\r\n")))
    client = rig.client()
    for _ in range(3):
        client.send(request())
        assert client.take_response().field("Connection") is None
    assert rig.members[0].connections == 3


def test_a_burst_leaves_no_more_than_smax_behind(rig: Rig) -> None:
    gate = Gate()
    rig.serve(gate.serve, "smax=2")
    targets = [f"/{n}" for n in range(6)]
    clients = ask_all(rig, *targets)
    wait_for(lambda: len(gate.seen) == 6, "all are asked at once")
    gate.let_go(*targets)
    for client in clients:
        assert client.take_response().status == 200
    wait_for(lambda: rig.count("upstreams") == 2, "two are kept")


# max= and its queue


def test_max_bounds_connections_and_queues_the_rest_in_order(rig: Rig) -> None:
    gate = Gate()
    rig.serve(gate.serve, "max=2")
    targets = [f"/{n}" for n in range(8)]
    clients = ask_all(rig, *targets)
    for n in range(8):
        wait_for(lambda n=n: len(gate.seen) >= min(n + 2, 8), "the next is asked")
        assert len(gate.seen) == min(n + 2, 8)
        gate.let_go(targets[n])
        assert clients[n].take_response().body == f"GET /{n}".encode()
    assert gate.seen == targets
    assert rig.members[0].connections == 2


def test_who_needs_a_new_connection_does_not_wait_for_idle_ones(rig: Rig) -> None:
    """A kept connection dies under /one, which may not use another kept one; the only
    place was given to /two meanwhile, and stands idle behind it."""
    begun: list[str] = []
    left = threading.Event()

    def member(peer: Peer) -> None:
        while (asked := peer.take_request()) is not None:
            begun.append(asked.target)
            if begun == ["/warm", "/one"]:
                left.wait(20)
                return
            peer.send(response(asked.target.encode()))

    rig.serve(member, "max=1")
    first, second = rig.client(), rig.client()
    first.send(request("/warm"))
    assert first.take_response().body == b"/warm"
    first.send(request("/one"))
    wait_for(lambda: begun == ["/warm", "/one"], "the first one is asked")
    second.send(request("/two"))
    wait_for(lambda: rig.count("exchanges") == 2, "the second one waits")
    left.set()
    assert second.take_response().body == b"/two"
    assert first.take_response().body == b"/one"


def test_max_holds_for_connections_that_are_not_reused(rig: Rig) -> None:
    gate = Gate()
    rig.serve(gate.serve, "max=1 disablereuse=on")
    targets = [f"/{n}" for n in range(4)]
    clients = ask_all(rig, *targets)
    gate.let_go(*targets)
    for n, client in enumerate(clients):
        assert client.take_response().body == f"GET /{n}".encode()
    assert rig.members[0].connections == 4


def test_acquire_bounds_the_wait_in_the_queue(rig: Rig) -> None:
    gate = Gate()
    rig.serve(gate.serve, "max=1 acquire=200")
    first, second = ask_all(rig, "/first", "/second")
    assert second.take_response().status == 503
    gate.let_go("/first")
    assert first.take_response().status == 200
    assert "AH00941" in rig.error_log
    # Who had its turn in time is not bounded by acquire= any more.
    gate.let_go("/third")
    first.send(request("/third"))
    assert first.take_response().status == 200


def test_the_wait_in_the_queue_does_not_shorten_the_answers_time(rig: Rig) -> None:
    gate = Gate()
    rig.serve(gate.serve, "max=1 acquire=300")
    first, second = ask_all(rig, "/first", "/second")
    gate.let_go("/first")
    assert first.take_response().status == 200
    wait_for(lambda: "/second" in gate.seen, "its turn has come")
    assert second.is_silent(0.5)
    gate.let_go("/second")
    assert second.take_response().body == b"GET /second"


def test_a_client_that_leaves_the_queue_leaves_no_hole(rig: Rig) -> None:
    gate = Gate()
    rig.serve(gate.serve, "max=1")
    first, second, third = ask_all(rig, "/first", "/second", "/third")
    second.reset()
    wait_for(lambda: rig.count("exchanges") == 2, "it has left")
    gate.let_go("/first", "/third")
    assert first.take_response().status == 200
    assert third.take_response().body == b"GET /third"
    assert gate.seen == ["/first", "/third"]


def test_a_turn_is_passed_on_when_its_client_has_just_left(rig: Rig) -> None:
    gate = Gate()
    rig.serve(gate.serve, "max=1")
    first, second, third = ask_all(rig, "/first", "/second", "/third")
    with rig.paused():
        gate.let_go("/first", "/third")
        wait_for(lambda: gate.answered, "the member has answered")
        second.reset()
    assert first.take_response().status == 200
    assert third.take_response().body == b"GET /third"


def test_a_queue_goes_on_when_the_connection_ahead_times_out(rig: Rig) -> None:
    gate = Gate()
    rig.serve(gate.serve, "max=1 timeout=1")
    first, second = ask_all(rig, "/first", "/second")
    gate.let_go("/second")
    assert first.take_response().status == 502
    assert second.take_response().body == b"GET /second"
    gate.let_go("/first")


def test_a_queue_behind_a_member_that_is_gone_does_not_hang(rig: Rig) -> None:
    path = rig.folder / "member.sock"
    gate = Gate()
    member = rig.member(gate.serve, path=str(path))
    rig.start(f"ProxyPass / {member.url} max=1 disablereuse=on\n")
    clients = ask_all(rig, "/0", "/1", "/2", "/3")
    path.unlink()
    gate.let_go("/0")
    assert clients[0].take_response().status == 200
    assert [client.take_response().status for client in clients[1:]] == [503] * 3


def test_nobody_overtakes_the_queue(rig: Rig) -> None:
    """A connection that comes free belongs to whoever has waited longest."""
    gate = Gate()
    rig.serve(gate.serve, "max=1")
    late = rig.client()
    gate.let_go("/warm")
    late.send(request("/warm"))
    assert late.take_response().status == 200
    first, second = ask_all(rig, "/first", "/second")
    with rig.paused():
        gate.let_go("/first", "/second", "/late")
        wait_for(lambda: len(gate.answered) == 2, "the member has answered")
        late.send(request("/late"))
    for client in (first, second, late):
        assert client.take_response().status == 200
    assert gate.seen == ["/warm", "/first", "/second", "/late"]


# where connections come from


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("127.0.0.1", "127.0.0.7"),
        pytest.param("::1", "::1", marks=pytest.mark.needs("ipv6")),
    ],
)
def test_connections_come_from_the_written_source_address(
    rig: Rig, host: str, source: str
) -> None:
    seen: list[str] = []

    def handler(peer: Peer) -> None:
        seen.append(peer.sock.getpeername()[0])
        while (message := peer.take_request()) is not None:
            peer.send(echo(message))

    member = rig.member(handler, host=host)
    rig.start(f"ProxySourceAddress {source}\nProxyPass / {member.url}/\n")
    assert rig.ask(request("/a")).body == b"GET /a"
    assert seen == [source]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("192.0.2.1", "(99)Cannot assign requested address"),
        ("::1", "(97)Address family not supported by protocol"),
    ],
)
def test_a_source_address_that_is_unavailable_blames_no_member(
    rig: Rig, source: str, why: str
) -> None:
    member = rig.member(answering(echo))
    rig.start(
        f"ProxySourceAddress {source}\n"
        f"<Proxy balancer://b>\nBalancerMember {member.url}\n</Proxy>\n"
        "ProxyPass / balancer://b/\n"
    )
    for _ in range(2):
        assert " 503 " in rig.ask(request("/a")).start
    assert "E" not in rig.look()["members"][0]["flags"]
    said = f"failed to bind socket to local address {source} (ProxySourceAddress)"
    assert any(
        why in line and "AH00956" in line and said in line
        for line in rig.error_log.splitlines()
    )
    assert "AH00957" in rig.error_log
