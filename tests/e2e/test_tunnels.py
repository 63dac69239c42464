"""Tunnels behind a 101: bytes both ways, ends, what is counted.

What is asserted of heads and of the log is what httpd 2.4.71 does, where no other word
is said.
"""

from __future__ import annotations

import hashlib
import random
import socket
import threading

import psutil
import pytest
from harness import wait_for
from peers import HOST, Handler, Message, Peer, request, response
from rig import STATUS, Rig

ASK = "Upgrade: WebSocket\r\nConnection: Upgrade\r\n"
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nX-Member: m\r\n\r\n"
)
SIZE = 64 << 20
PIECE = bytes(range(256)) * 1024
GROWTH_MAX = 4 << 20


def echo(peer: Peer, first: bytes = b"") -> None:
    """Grant what is asked and send everything back, then "bye" and the end."""
    peer.take_request()
    peer.send(SWITCHED + first)
    peer.send(peer.held)
    while data := peer.sock.recv(65536):
        peer.send(data)
    peer.send(b"bye")


def opened(rig: Rig, target: str = "/", fields: str = ASK) -> Peer:
    """A client whose tunnel stands."""
    client = rig.client()
    client.send(request(target, fields=fields))
    start, _ = client.take_head()
    assert start == "HTTP/1.1 101 Switching Protocols"
    return client


def seen_by_member(*, granted: bytes = SWITCHED) -> tuple[Handler, list[Message]]:
    seen: list[Message] = []

    def handler(peer: Peer) -> None:
        while (asked := peer.take_request()) is not None:
            seen.append(asked)
            peer.send(granted)

    return handler, seen


# the heads


def test_the_client_s_own_word_goes_to_the_member(rig: Rig) -> None:
    handler, seen = seen_by_member()
    rig.serve(handler, "upgrade=websocket")
    opened(rig)
    (asked,) = seen
    assert asked.field("Upgrade") == "WebSocket"
    assert asked.field("Connection") == "Upgrade"
    assert asked.fields[-2:] == (("Connection", "Upgrade"), ("Upgrade", "WebSocket"))


def test_the_member_s_101_is_passed_on_with_its_fields(rig: Rig) -> None:
    rig.serve(echo, "upgrade=websocket", text="Header always set X-Ours yes")
    client = rig.client()
    client.send(request(fields=ASK))
    start, fields = client.take_head()
    assert start == "HTTP/1.1 101 Switching Protocols"
    assert fields == (
        ("X-Member", "m"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
    )


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ("", ASK),
        ("upgrade=websocket", ""),
        ("upgrade=websocket", "Upgrade: foo\r\nConnection: Upgrade\r\n"),
        ("upgrade=websocket", "Upgrade: foo, websocket\r\nConnection: Upgrade\r\n"),
        ("upgrade=foo,bar", ASK),
        ("upgrade=NONE", ASK),
    ],
)
def test_what_is_not_agreed_is_an_ordinary_request(
    rig: Rig, parameters: str, fields: str
) -> None:
    handler, seen = seen_by_member(granted=response(b"page"))
    rig.serve(handler, parameters)
    assert rig.ask(request(fields=fields)).body == b"page"
    assert seen[0].field("Upgrade") is None
    assert seen[0].field("Connection") == "Keep-Alive"


@pytest.mark.parametrize(
    "parameters", ["upgrade=websocket", "upgrade=foo,WEBSOCKET", "upgrade=ANY"]
)
def test_the_member_s_words_are_a_list_or_any(rig: Rig, parameters: str) -> None:
    rig.serve(echo, parameters)
    client = opened(rig)
    client.send(b"x")
    assert client.take(1) == b"x"


def test_an_old_client_cannot_change_protocols(rig: Rig) -> None:
    handler, seen = seen_by_member(granted=response(b"page"))
    rig.serve(handler, "upgrade=websocket")
    assert rig.ask(request(fields=ASK, version="1.0")).body == b"page"
    assert seen[0].field("Upgrade") is None


@pytest.mark.parametrize(
    "rule", ["RequestHeader unset Upgrade", "RequestHeader unset upgrade early"]
)
def test_a_rule_can_take_the_upgrade_out(rig: Rig, rule: str) -> None:
    handler, seen = seen_by_member(granted=response(b"page"))
    rig.serve(handler, "upgrade=websocket", text=rule)
    assert rig.ask(request(fields=ASK)).body == b"page"
    assert seen[0].field("Upgrade") is None
    assert seen[0].field("Connection") == "Keep-Alive"


def test_a_rule_cannot_ask_in_the_client_s_place(rig: Rig) -> None:
    handler, seen = seen_by_member(granted=response(b"page"))
    rig.serve(handler, text="RequestHeader set Upgrade websocket")
    assert rig.ask(request()).body == b"page"
    assert seen[0].field("Upgrade") is None


def test_force_proxy_request_1_0_asks_for_nothing(rig: Rig) -> None:
    handler, seen = seen_by_member(granted=response(b"page"))
    rig.serve(handler, "upgrade=websocket", text="SetEnv force-proxy-request-1.0 1")
    assert rig.ask(request(fields=ASK)).body == b"page"
    assert seen[0].field("Upgrade") is None
    assert seen[0].start.endswith("HTTP/1.0")


@pytest.mark.parametrize(
    ("fields", "granted", "told"),
    [
        (ASK, b"Upgrade: foo\r\n", b"Unexpected Upgrade: foo (expecting WebSocket)"),
        (ASK, b"", b"Unexpected Upgrade: n/a (expecting WebSocket)"),
        (
            "",
            b"Upgrade: websocket\r\n",
            b"Upgrade: websocket (expecting n/a)",
        ),
    ],
)
def test_an_upgrade_that_was_not_asked_for_is_502(
    rig: Rig, fields: str, granted: bytes, told: bytes
) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(b"HTTP/1.1 101 Switching Protocols\r\n" + granted + b"\r\nsecret")
        peer.take_rest()

    rig.serve(member, "upgrade=websocket")
    client = rig.client()
    client.send(request(fields=fields))
    got = client.take_response()
    assert got.status == 502
    assert told in got.body
    assert b"secret" not in got.body
    assert told.decode() in rig.error_log


def test_a_101_before_the_whole_request_is_502(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_head()
        peer.send(SWITCHED)
        peer.take_rest()

    rig.serve(member, "upgrade=websocket")
    client = rig.client()
    length = "Content-Length: 1000000\r\n"
    client.send(request(fields=ASK + length, method="POST") + b"x" * 100_000)
    assert client.take_response().status == 502


def test_another_status_is_an_ordinary_answer(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        while (asked := peer.take_request()) is not None:
            wanted = asked.field("Upgrade") is not None
            peer.send(response(b"no", "404 Not Found") if wanted else response(b"page"))

    rig.serve(member, "upgrade=websocket")
    client = rig.client()
    for _ in range(3):
        client.send(request(fields=ASK))
        assert client.take_response().status == 404
        client.send(request())
        assert client.take_response().body == b"page"
    assert rig.members[0].connections == 1


def test_a_member_s_426_says_to_what(rig: Rig) -> None:
    fields = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    handler, _ = seen_by_member(
        granted=response(b"", "426 Upgrade Required", fields=fields)
    )
    rig.serve(handler)
    got = rig.ask(request())
    assert got.status == 426
    assert got.field("Upgrade") == "websocket"


@pytest.mark.parametrize("coding", ["length", "chunked"])
def test_a_body_goes_before_the_tunnel_and_what_follows_into_it(
    rig: Rig, coding: str
) -> None:
    bodies: list[bytes] = []

    def member(peer: Peer) -> None:
        asked = peer.take_request()
        assert asked is not None
        bodies.append(asked.body)
        peer.send(SWITCHED)
        peer.send(peer.take(5))

    rig.serve(member, "upgrade=websocket")
    client = rig.client()
    if coding == "length":
        client.send(request(fields=ASK, method="POST", body=b"12345") + b"early")
    else:
        fields = ASK + "Transfer-Encoding: chunked\r\n"
        client.send(
            request(fields=fields, method="POST") + b"5\r\n12345\r\n0\r\n\r\nearly"
        )
    client.take_head()
    assert client.take(5) == b"early"
    assert bodies == [b"12345"]


def test_a_body_that_waits_for_a_100_goes_before_the_101(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_head()
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert peer.take(5) == b"12345"
        peer.send(SWITCHED)
        peer.send(peer.take(4))

    rig.serve(member, "upgrade=websocket")
    client = rig.client()
    fields = ASK + "Expect: 100-continue\r\nContent-Length: 5\r\n"
    client.send(request(fields=fields, method="POST"))
    assert client.take_head()[0] == "HTTP/1.1 100 Continue"
    client.send(b"12345word")
    assert client.take_head()[0] == "HTTP/1.1 101 Switching Protocols"
    assert client.take(4) == b"word"


def test_bytes_behind_a_refused_upgrade_are_the_next_request(rig: Rig) -> None:
    handler, seen = seen_by_member(granted=response(b"no", "404 Not Found"))
    rig.serve(handler, "upgrade=websocket")
    client = rig.client()
    client.send(request("/1", fields=ASK) + request("/2"))
    assert client.take_response().status == 404
    assert client.take_response().status == 404
    assert [one.target for one in seen] == ["/1", "/2"]


def test_a_dead_kept_connection_costs_no_tunnel(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        asked = peer.take_request()
        assert asked is not None
        if asked.field("Upgrade") is None:
            peer.send(response(b"page"))
            peer.take_request()  # the next one meets a closed door
            return
        peer.send(SWITCHED + b"here")
        peer.take_rest()

    rig.serve(member, "upgrade=websocket")
    assert rig.ask(request()).body == b"page"
    assert opened(rig).take(4) == b"here"


# bytes


def test_bytes_that_come_with_the_101_are_not_lost(rig: Rig) -> None:
    rig.serve(lambda peer: echo(peer, b"first words"), "upgrade=websocket")
    client = opened(rig)
    assert client.take(11) == b"first words"


@pytest.mark.parametrize("size", [5, 200_000])
def test_bytes_right_behind_the_request_are_not_lost(rig: Rig, size: int) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        assert peer.is_silent(0.1), "the tunnel began before its 101"
        peer.send(SWITCHED)
        while data := peer.sock.recv(65536):
            peer.send(data)

    rig.serve(member, "upgrade=websocket")
    client = rig.client()
    data = (b"early" * size)[:size]
    sender = threading.Thread(target=client.send, args=(request(fields=ASK) + data,))
    sender.start()
    client.take_head()
    assert client.take(size) == data
    sender.join()


def test_every_byte_alone_and_in_order(rig: Rig) -> None:
    rig.serve(echo, "upgrade=websocket")
    client = opened(rig)
    data = bytes(range(256))
    client.send_byte_by_byte(data)
    assert client.take(256) == data


def test_large_messages_pass_both_ways_at_once(rig: Rig) -> None:
    rig.serve(echo, "upgrade=websocket")
    client = opened(rig)

    def send() -> None:
        for _ in range(SIZE // len(PIECE)):
            client.send(PIECE)
        client.half_close()

    sender = threading.Thread(target=send)
    sender.start()
    hashed = hashlib.sha256()
    for _ in range(SIZE // len(PIECE)):
        hashed.update(client.take(len(PIECE)))
    sender.join()
    expected = hashlib.sha256(PIECE * (SIZE // len(PIECE))).hexdigest()
    assert hashed.hexdigest() == expected
    assert client.take_rest() == b"bye"


@pytest.mark.parametrize("seed", range(6))
def test_whoever_says_what_when_arrives_whole(rig: Rig, seed: int) -> None:
    """Pieces of any size from both sides at once, and each side ends when it likes."""
    said: dict[str, bytes] = {}
    heard: dict[str, bytes] = {}

    def live(name: str, peer: Peer) -> None:
        dice = random.Random(f"{seed} {name}")
        sizes = [
            dice.choice((1, 7, 125, 1500, 70_000)) for _ in range(dice.randint(0, 60))
        ]
        said[name] = dice.randbytes(sum(sizes))

        def speak() -> None:
            at = 0
            for size in sizes:
                peer.send(said[name][at : at + size])
                at += size
            peer.half_close()

        speaker = threading.Thread(target=speak)
        speaker.start()
        pieces = []
        while data := peer.sock.recv(dice.choice((1000, 100_000))):
            pieces.append(data)
        speaker.join()
        heard[name] = peer.held + b"".join(pieces)

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(SWITCHED)
        live("member", peer)

    rig.serve(member, "upgrade=websocket")
    live("client", opened(rig))
    wait_for(lambda: len(heard) == 2, "both have heard all")
    assert heard["member"] == said["client"]
    assert heard["client"] == said["member"]


def stands_still(count: list[int]) -> bool:
    before = len(count)
    threading.Event().wait(0.3)
    return before > 0 and len(count) == before


def memory(rig: Rig) -> int:
    return int(psutil.Process(rig.pid).memory_info().rss)


def test_a_member_waits_for_a_client_that_does_not_read(rig: Rig) -> None:
    sent: list[int] = []

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(SWITCHED)
        for _ in range(SIZE // len(PIECE)):
            peer.send(PIECE)
            sent.append(1)
        assert peer.take(11) == b"still there"

    rig.serve(member, "upgrade=websocket")
    client = opened(rig)
    before = memory(rig)
    wait_for(lambda: stands_still(sent), "the member waits")
    assert len(sent) * len(PIECE) < SIZE // 2
    assert memory(rig) - before < GROWTH_MAX
    # The other direction is not held up by that.
    client.send(b"still there")
    hashed = hashlib.sha256()
    for _ in range(SIZE // len(PIECE)):
        hashed.update(client.take(len(PIECE)))
    assert client.at_end()


def test_a_client_waits_for_a_member_that_does_not_read(rig: Rig) -> None:
    sent: list[int] = []
    go = threading.Event()
    got: list[int] = []

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(SWITCHED)
        assert go.wait(30)
        got.append(
            sum(len(data) for data in iter(lambda: peer.sock.recv(1 << 20), b""))
        )

    rig.serve(member, "upgrade=websocket")
    client = opened(rig)
    before = memory(rig)

    def send() -> None:
        for _ in range(SIZE // len(PIECE)):
            client.send(PIECE)
            sent.append(1)
        client.half_close()

    sender = threading.Thread(target=send)
    sender.start()
    wait_for(lambda: stands_still(sent), "the client waits")
    assert len(sent) * len(PIECE) < SIZE // 2
    assert memory(rig) - before < GROWTH_MAX
    go.set()
    sender.join()
    assert client.at_end()
    assert got == [SIZE]


@pytest.mark.sizes
def test_silent_tunnels_hold_no_buffer_but_what_their_log_line_needs(
    rig: Rig,
) -> None:
    rig.serve(echo, "upgrade=websocket")
    clients = [opened(rig) for _ in range(200)]
    for client in clients:
        client.send(b"x")
    assert [client.take(1) for client in clients] == [b"x"] * 200
    before = memory(rig)
    counts = rig.look()["counts"]
    assert counts["downstreams"] == counts["upstreams"] == 200
    assert counts["buffers"] == 200
    more = [opened(rig) for _ in range(200)]
    for client in more:
        client.send(b"x")
        assert client.take(1) == b"x"
    assert (memory(rig) - before) / 200 < 32768


# ends


def test_the_client_s_end_is_passed_on_and_the_member_may_go_on(rig: Rig) -> None:
    rig.serve(echo, "upgrade=websocket")
    client = opened(rig)
    client.send(b"last words")
    client.half_close()
    assert client.take_rest() == b"last wordsbye"


def test_the_member_s_end_is_passed_on_and_the_client_may_go_on(rig: Rig) -> None:
    heard: list[bytes] = []

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(SWITCHED + b"no more")
        peer.half_close()
        heard.append(peer.take_rest())

    rig.serve(member, "upgrade=websocket")
    client = opened(rig)
    assert client.take_rest() == b"no more"
    client.send(b"but I say")
    client.half_close()
    wait_for(lambda: heard == [b"but I say"], "the member has heard it")


@pytest.mark.parametrize("side", ["client", "member"])
def test_without_half_closing_one_end_is_both(rig: Rig, side: str) -> None:
    ended = threading.Event()

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(SWITCHED + b"words")
        if side == "member":
            peer.half_close()
        peer.take_rest()
        ended.set()

    rig.serve(member, "upgrade=websocket", text="SetEnv proxy-nohalfclose 1")
    client = opened(rig)
    assert client.take(5) == b"words"
    if side == "client":
        client.half_close()
    assert client.at_end()
    assert ended.wait(30)


def test_words_and_end_at_once_are_all_passed_on(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        peer.take(5)
        peer.send(b"answer")

    def switching(peer: Peer) -> None:
        peer.send(SWITCHED)
        member(peer)

    rig.serve(switching, "upgrade=websocket")
    client = opened(rig)
    with rig.paused():
        client.send(b"hello")
        client.half_close()
    assert client.take_rest() == b"answer"


def test_a_client_that_vanishes_ends_the_member_s_side(rig: Rig) -> None:
    ended = threading.Event()

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(SWITCHED)
        peer.take_rest()
        ended.set()

    rig.serve(member, "upgrade=websocket")
    opened(rig).reset()
    assert ended.wait(30)
    (line,) = wait_for(rig.access_lines, "the line is written")
    assert (line[1], line[5]) == ("101", "-")


def test_a_member_that_vanishes_ends_the_client_s_side(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(SWITCHED)
        peer.take(1)
        peer.reset()

    rig.serve(member, "upgrade=websocket")
    client = opened(rig)
    client.send(b"x")
    assert client.at_end()


# time


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ("upgrade=websocket timeout=1", "Timeout 1"),
        ("upgrade=websocket", "Timeout 1"),
        ("upgrade=websocket timeout=30", "ProxyWebsocketIdleTimeout 1"),
    ],
)
def test_a_silent_tunnel_ends(rig: Rig, parameters: str, text: str) -> None:
    rig.serve(echo, parameters, text=text)
    client = opened(rig)
    client.send(b"x")
    assert client.take(1) == b"x"
    assert client.at_end()
    wait_for(rig.access_lines, "the line is written")
    (line,) = rig.access_lines()
    assert line[1] == "101"
    assert 900_000 < int(line[6]) < 2_500_000
    assert "AH10224: tunnel timed out" in rig.error_log


def test_the_longer_of_the_two_time_outs_holds(rig: Rig) -> None:
    rig.serve(echo, "upgrade=websocket timeout=30", text="Timeout 1")
    client = opened(rig)
    assert client.is_silent(2.0)
    client.send(b"x")
    assert client.take(1) == b"x"


def test_one_direction_s_bytes_keep_a_tunnel_alive(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(SWITCHED)
        for _ in range(8):
            threading.Event().wait(0.3)
            peer.send(b"x")

    rig.serve(member, "upgrade=websocket", text="Timeout 1")
    client = opened(rig)
    assert client.take(8) == b"x" * 8
    assert client.at_end()


def test_a_reader_that_stands_still_ends_as_silence_does(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(SWITCHED)
        for _ in range(SIZE // len(PIECE)):
            peer.send(PIECE)

    rig.serve(member, "upgrade=websocket timeout=1", text="Timeout 1")
    opened(rig)
    wait_for(lambda: rig.count("exchanges") == 0, "the tunnel was given up")


# what is counted


def test_a_tunnel_is_counted_while_it_stands_and_logged_when_it_ends(
    rig: Rig,
) -> None:
    rig.serve(echo, "upgrade=websocket")
    client = opened(rig)
    client.send(b"y" * 1000)
    assert client.take(1000) == b"y" * 1000
    seen = rig.look()
    assert seen["members"][0]["busy"] == 1
    assert seen["worker"]["busy"] == 1
    assert rig.access_lines() == []
    client.half_close()
    client.take_rest()
    wait_for(rig.settled, "it is settled")
    (line,) = wait_for(rig.access_lines, "the line is written")
    head = len(request(fields=ASK))
    switched = len(SWITCHED)
    wanted = ["101", "1003", str(switched + 1003), str(head + 1000), "-"]
    assert line[1:6] == wanted
    assert int(line[6]) > 0
    member = rig.look()["members"][0]
    assert member["busy"] == 0
    # As every response's: from the status line's end on (ledger.pxd).
    assert member["read"] >= 1003
    assert member["transferred"] >= 1000


def test_the_log_line_knows_the_request_although_only_its_head_was_kept(
    rig: Rig,
) -> None:
    log = (
        'LogFormat "%r|%{X-Asked}i|%{BALANCER_WORKER_NAME}e|%U|%q" kept\n'
        "CustomLog kept.log kept\n"
        "<Proxy balancer://b>\nBalancerMember {url} upgrade=websocket\n</Proxy>\n"
        "ProxyPass / balancer://b/"
    )
    member = rig.member(echo)
    rig.start(log.replace("{url}", member.url))
    client = rig.client()
    client.send(request("/a%20b?q=1", fields=ASK + "X-Asked: of you\r\n"))
    client.take_head()
    others = [opened(rig) for _ in range(20)]
    client.half_close()
    client.take_rest()
    for other in others:
        other.close()
    path = rig.folder / "kept.log"
    wait_for(lambda: path.exists() and "X-" not in path.read_text(), "a log")
    text = wait_for(path.read_text, "the line is written")
    assert text.splitlines()[0] == (
        f"GET /a%20b?q=1 HTTP/1.1|of you|{member.url}|/a b|?q=1"
    )


def test_server_status_shows_a_tunnel_as_a_request_in_work(rig: Rig) -> None:
    member = rig.member(echo)
    rig.start(f"{STATUS}ProxyPass / {member.url}/ upgrade=websocket\n")
    opened(rig)
    page = rig.ask(request("/server-status?auto", fields="Connection: close\r\n"))
    lines = dict(
        line.split(": ", 1) for line in page.body.decode().splitlines() if ": " in line
    )
    assert lines["BusyWorkers"] == "2"


# members and balancers


BALANCER = """\
<Proxy balancer://b>
{members}
</Proxy>
ProxyPass / balancer://b/ {parameters}
"""


def naming(name: str) -> Handler:
    """Serves pages and sockets alike, and says who it is on both."""

    def handler(peer: Peer) -> None:
        while (asked := peer.take_request()) is not None:
            if asked.field("Upgrade") is None:
                peer.send(response(name.encode()))
                continue
            peer.send(SWITCHED + name.encode())
            peer.take_rest()
            return

    return handler


def balanced(rig: Rig, parameters: str = "", scheme: str = "http") -> None:
    words = "upgrade=websocket" if scheme == "http" else ""
    lines = []
    for name in ("a", "b"):
        member = rig.member(naming(name))
        lines.append(
            f"BalancerMember {scheme}://{HOST}:{member.port} route={name} {words}"
        )
    rig.start(BALANCER.format(members="\n".join(lines), parameters=parameters))


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_one_balancer_serves_pages_and_sockets_alike(rig: Rig, scheme: str) -> None:
    balanced(rig, scheme=scheme)
    names = []
    for _ in range(4):
        names.append(rig.ask(request()).body)
        names.append(opened(rig).take(1))
    assert names.count(b"a") == names.count(b"b") == 4


def test_a_socket_goes_where_its_session_is(rig: Rig) -> None:
    balanced(rig, "stickysession=ID")
    for name in ("b", "b", "a", "b"):
        client = opened(rig, fields=ASK + f"Cookie: ID=x.{name}\r\n")
        assert client.take(1) == name.encode()


def test_a_member_that_does_not_listen_costs_no_client_its_tunnel(rig: Rig) -> None:
    with socket.create_server((HOST, 0)) as sock:
        gone = sock.getsockname()[1]
    member = rig.member(naming("b"))
    members = (
        f"BalancerMember ws://{HOST}:{gone} loadfactor=50\n"
        f"BalancerMember ws://{HOST}:{member.port}"
    )
    rig.start(BALANCER.format(members=members, parameters=""))
    for _ in range(3):
        assert opened(rig).take(1) == b"b"


FALLBACK_OFF = """\
ProxyWebsocketFallbackToProxyHttp Off
ProxyPass /ws ws://{host}
ProxyPass /ws http://{host}/page
ProxyPass /only ws://{host}
<Proxy balancer://b>
BalancerMember ws://{host}
</Proxy>
ProxyPass /pool balancer://b
"""
FOO = "Upgrade: foo\r\nConnection: Upgrade\r\n"


@pytest.mark.parametrize(
    ("target", "fields", "status"),
    [
        ("/ws", "", 200),  # the next mapping takes it
        ("/only", "", 404),
        ("/pool", "", 426),
        ("/ws", FOO, 426),
        ("/pool", FOO, 426),
    ],
)
def test_without_fallback_a_ws_member_serves_nothing_else(
    rig: Rig, target: str, fields: str, status: int
) -> None:
    member = rig.member(naming("m"))
    rig.start(FALLBACK_OFF.format(host=f"{HOST}:{member.port}"))
    got = rig.ask(request(target, fields=fields))
    assert got.status == status
    if status == 426:
        assert got.field("Upgrade") == "WebSocket"
        assert got.field("Connection") == "Upgrade"
    assert opened(rig, target).take(1) == b"m"


def test_with_fallback_a_ws_member_serves_pages(rig: Rig) -> None:
    member = rig.member(naming("m"))
    rig.start(f"ProxyPass / ws://{HOST}:{member.port}/")
    assert rig.ask(request()).body == b"m"
