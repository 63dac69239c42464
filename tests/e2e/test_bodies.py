"""Bodies both ways: every framing, sizes around every bound, nothing changed."""

from __future__ import annotations

import hashlib
import random
import threading
import time

import pytest
from harness import wait_for
from peers import Message, Peer, answering, chunked, request, response
from rig import Rig

BLOB = random.Random(1).randbytes(4 << 20)
AROUND = (8192, 16384, 65536, 73728, 131072, 262144, 1 << 20)
SIZES = (
    *(0, 1, 2, 100, 73_500, 73_600, 73_680, 150_000, 400_000),
    *(bound + more for bound in AROUND for more in (-1, 0, 1)),
    *(AROUND[1] - 300, AROUND[2] + 8000, 131_072 + 73_680, 3_000_000),
)
CHUNKED = "Transfer-Encoding: chunked\r\n"
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


def digested(message: Message) -> bytes:
    """What a member got: framing and content."""
    return response(message.framing.encode() + b" " + digest(message.body))


def wanted(message: Message) -> bytes:
    return BLOB[: int(message.target.rpartition("/")[2])]


# responses


def test_bodies_by_length_come_unchanged_on_kept_connections(rig: Rig) -> None:
    rig.serve(answering(lambda m: response(wanted(m))))
    client = rig.client()
    for size in SIZES:
        client.send(request(f"/{size}"))
        got = client.take_response()
        assert got.framing == "length"
        assert digest(got.body) == digest(BLOB[:size]), size
    assert rig.members[0].connections == 1


@pytest.mark.parametrize("piece", [1, 7, 1000, 8192, 65536, 70_000, 300_000, 1 << 22])
def test_chunked_bodies_come_unchanged_whatever_their_chunks(
    rig: Rig, piece: int
) -> None:
    def answer(message: Message) -> bytes:
        data = wanted(message)
        pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
        return CHUNKED_HEAD + chunked(*pieces, extension=b";x=1", trailers=b"A: b\r\n")

    rig.serve(answering(answer))
    client = rig.client()
    for size in SIZES:
        if size > 4000 * piece or (piece > 1000 and size < 1000):
            continue
        client.send(request(f"/{size}"))
        got = client.take_response()
        assert got.framing == "chunked" or size == 0
        assert digest(got.body) == digest(BLOB[:size]), size
    assert rig.members[0].connections == 1


def test_bodies_until_close_come_unchanged(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        message = peer.take_request()
        assert message is not None
        peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + wanted(message))

    rig.serve(member)
    client = rig.client()
    for size in SIZES:
        client.send(request(f"/{size}"))
        got = client.take_response()
        assert got.framing == "chunked"
        assert digest(got.body) == digest(BLOB[:size]), size
        old = rig.ask(request(f"/{size}", version="1.0"))
        assert old.framing == "close"
        assert digest(old.body) == digest(BLOB[:size]), size


@pytest.mark.parametrize("step", [1, 3, 64])
def test_a_chunked_response_may_be_split_anywhere(rig: Rig, step: int) -> None:
    data = BLOB[:300]
    whole = CHUNKED_HEAD + chunked(
        data[:1], data[1:17], data[17:], trailers=b"X-T: y\r\n", extension=b" ;e"
    )

    def member(peer: Peer) -> None:
        while peer.take_request() is not None:
            for at in range(0, len(whole), step):
                peer.send(whole[at : at + step])

    rig.serve(member)
    client = rig.client()
    for _ in range(2):
        client.send(request())
        assert client.take_response().body == data
    assert rig.members[0].connections == 1


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_what_a_member_has_sent_does_not_wait_for_more(rig: Rig, framing: str) -> None:
    """A body that pauses: the client has all that the member has sent."""
    first, rest = BLOB[:300_001], BLOB[300_001:600_000]
    heads = {
        "length": b"HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n",
        "chunked": CHUNKED_HEAD,
        "close": b"HTTP/1.1 200 OK\r\n\r\n",
    }
    go = threading.Event()

    def member(peer: Peer) -> None:
        peer.take_request()
        is_chunked = framing == "chunked"
        peer.send(heads[framing])
        peer.send(chunked(first)[:-5] if is_chunked else first)
        assert go.wait(30)
        peer.send(chunked(rest) if is_chunked else rest)

    rig.serve(member)
    client = rig.client()
    client.send(request(version="1.0"))
    client.take_head()
    assert client.take(len(first)) == first
    go.set()
    assert client.take(len(rest)) == rest
    assert client.at_end()


def test_a_large_body_that_comes_in_pieces_is_not_held_back(rig: Rig) -> None:
    """... not for the 200 ms either for which the kernel would wait for more."""
    go = threading.Semaphore(0)
    count, size = 20, 1000
    whole = 300_000 + count * size + 200_000

    def member(peer: Peer) -> None:
        peer.take_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % whole)
        peer.send(BLOB[:300_000])
        for n in range(count):
            assert go.acquire(timeout=30)
            peer.send(BLOB[n : n + size])
        peer.send(BLOB[:200_000])

    rig.serve(member)

    def took_s() -> float:
        client = rig.client()
        client.send(request())
        client.take_head()
        client.take(300_000)
        began_s = time.monotonic()
        for n in range(count):
            go.release()
            assert client.take(size) == BLOB[n : n + size]
        ended_s = time.monotonic()
        assert client.take(200_000) == BLOB[:200_000]
        return ended_s - began_s

    # the machine may have other things to do, but not each time
    assert any(took_s() < 2 for _ in range(5))


def test_more_bytes_than_announced_are_never_passed_on(rig: Rig) -> None:
    """... and never become the next client's answer."""
    spilt = response(b"spilt")

    def member(peer: Peer) -> None:
        message = peer.take_request()
        assert message is not None
        if message.target.startswith("/chunked"):
            peer.send(CHUNKED_HEAD + chunked(b"right") + spilt)
        elif message.target.startswith("/none"):
            peer.send(b"HTTP/1.1 204 No Content\r\n\r\n" + spilt)
        else:
            peer.send(response(wanted(message)) + spilt)
        peer.at_end()

    rig.serve(member)
    client = rig.client()
    for target in ("/5", "/chunked", "/none", "/0", "/100000", "/500000", "/65400"):
        client.send(request(target))
        got = client.take_response()
        if target == "/chunked":
            assert got.body == b"right"
        elif target == "/none":
            assert got.status == 204
        else:
            assert got.body == BLOB[: int(target[1:])]
        assert client.is_silent(0.02)
    assert rig.members[0].connections == 7


def test_what_comes_behind_an_answer_later_ends_the_members_connection(
    rig: Rig,
) -> None:
    go = threading.Event()

    def member(peer: Peer) -> None:
        while peer.take_request() is not None:
            peer.send(response(b"right"))
            if len(rig.members[0].peers) == 1:
                assert go.wait(30)
                peer.send(response(b"spilt"))

    rig.serve(member)
    client = rig.client()
    client.send(request())
    assert client.take_response().body == b"right"
    go.set()
    wait_for(lambda: rig.count("upstreams") == 0, "the connection is given up")
    client.send(request())
    assert client.take_response().body == b"right"
    assert rig.members[0].connections == 2


# requests


def test_bodies_by_length_reach_the_member_unchanged(rig: Rig) -> None:
    rig.serve(answering(digested))
    client = rig.client()
    for size in SIZES:
        client.send(request("/", "POST", BLOB[:size]))
        got = client.take_response()
        assert got.body == b"length " + digest(BLOB[:size]), size
    wait_for(lambda: rig.keeps(rig.members[0].connections), "it is kept")


def test_a_large_body_by_length_is_streamed(rig: Rig) -> None:
    size = 50 << 20
    seen = []

    def member(peer: Peer) -> None:
        _, fields = peer.take_head()
        assert ("Content-Length", str(size)) in fields
        hashed = hashlib.sha256()
        for _ in range(50):
            hashed.update(peer.take(1 << 20))
            seen.append(1)
        peer.send(response(hashed.hexdigest().encode()))

    rig.serve(member)
    client = rig.client()
    hashed = hashlib.sha256()
    client.send(request("/", "POST", fields=f"Content-Length: {size}\r\n"))
    for n in range(50):
        piece = BLOB[n * 1000 : n * 1000 + (1 << 20)]
        hashed.update(piece)
        client.send(piece)
        if n == 40:
            wait_for(lambda: len(seen) > 10, "the member has much of it already")
    assert client.take_response().body == hashed.hexdigest().encode()


@pytest.mark.parametrize("piece", [1, 9, 1000, 16_384, 70_000, 300_000, 1 << 22])
def test_chunked_bodies_reach_the_member_unchanged(rig: Rig, piece: int) -> None:
    """A short one gets a length, a long one is streamed in chunks."""
    rig.serve(answering(digested))
    client = rig.client()
    for size in SIZES:
        if size > 4000 * piece or (piece > 1000 and size < 1000):
            continue
        data = BLOB[:size]
        pieces = [data[at : at + piece] for at in range(0, size, piece)]
        client.send(
            request("/", "POST", fields=CHUNKED) + chunked(*pieces, extension=b";a")
        )
        framing, _, found = client.take_response().body.partition(b" ")
        assert found == digest(data), size
        if size < 16_000:
            assert framing == b"length"
        elif size > 100_000:
            assert framing == b"chunked"


def test_chunks_do_not_wait_for_those_that_follow(rig: Rig) -> None:
    """Behind the prefetch a chunk is sent on as it comes."""
    got = []

    def member(peer: Peer) -> None:
        peer.take_head()
        while True:
            size = int(peer.take_until(b"\r\n"), 16)
            got.append(peer.take(size))
            peer.take(2)
            if size == 0:
                break
        peer.send(response(digest(b"".join(got))))

    rig.serve(member)
    client = rig.client()
    client.send(request("/", "POST", fields=CHUNKED))
    sent = b""
    for at in range(0, 100_000, 20_000):
        piece = BLOB[at : at + 20_000]
        sent += piece
        client.send(chunked(piece)[:-5])
        wait_for(lambda sent=sent: b"".join(got) == sent, "the member has it all")
    client.send(b"0\r\n\r\n")
    assert client.take_response().body == digest(sent)


def test_chunks_behind_a_huge_head_keep_their_order(rig: Rig) -> None:
    """More of a body is received with the head than one buffer of the stream holds."""

    def member(peer: Peer) -> None:
        while True:
            _, fields = peer.take_head()
            if "Expect" in dict(fields):
                peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            peer.send(response(digest(peer.take_chunked())))
            if not peer.held and not peer.more():
                return

    rig.serve(member)
    filler = "".join(f"X-{n}: {'y' * 8000}\r\n" for n in range(10))
    for more in ("", "Expect: 100-continue\r\n"):
        client = rig.client()
        with rig.paused():
            client.send(request("/", "POST", fields=filler + CHUNKED + more))
            client.send(chunked(BLOB[:180_000])[:-5])
        if more:
            client.take_until(b"100 Continue\r\n\r\n")
        client.send(chunked(BLOB[180_000:360_000]))
        assert client.take_response().body == digest(BLOB[:360_000])


def test_requests_behind_a_large_chunked_body_are_not_lost(rig: Rig) -> None:
    rig.serve(answering(digested))
    client = rig.client()
    followers = b"".join(request("/", "POST", BLOB[:n]) for n in range(9000, 9020))
    writer = threading.Thread(
        target=client.send,
        args=(
            request("/", "POST", fields=CHUNKED) + chunked(BLOB[:300_000]) + followers,
        ),
    )
    writer.start()
    assert client.take_response().body == b"chunked " + digest(BLOB[:300_000])
    for n in range(9000, 9020):
        assert client.take_response().body == b"length " + digest(BLOB[:n])
    writer.join()


@pytest.mark.parametrize(
    "body",
    [
        b"x\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"-1\r\n",
        b"\r\n",
    ],
)
def test_a_broken_chunked_request_is_refused(rig: Rig, body: bytes) -> None:
    rig.serve(answering(digested))
    client = rig.client()
    client.send(request("/", "POST", fields=CHUNKED) + body + request("/next"))
    assert client.take_response().status == 400
    assert client.at_end()
    assert rig.members[0].connections == 0


def test_a_chunked_request_that_breaks_late_never_looks_whole(rig: Rig) -> None:
    ends = []

    def member(peer: Peer) -> None:
        peer.take_head()
        ends.append(peer.take_rest())

    rig.serve(member)
    client = rig.client()
    client.send(
        request("/", "POST", fields=CHUNKED) + chunked(BLOB[:100_000])[:-5] + b"zz\r\n"
    )
    assert client.take_response().status == 400
    assert client.at_end()
    wait_for(lambda: ends, "the member's connection ends")
    assert not ends[0].endswith(b"0\r\n\r\n")


# expectations


def test_a_client_that_waits_is_told_to_go_on_by_the_member(rig: Rig) -> None:
    """And the member reads the expectation in the client's own letters: some compare
    them one by one."""
    asked = ("100-continue", "100-Continue", "100-CONTINUE")
    heard: list[str] = []

    def member(peer: Peer) -> None:
        while peer.held or peer.more():
            _, fields = peer.take_head()
            heard.append(dict(fields)["Expect"])
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            peer.send(response(digest(peer.take(5))))

    rig.serve(member)
    client = rig.client()
    for word in asked:
        client.send(
            request("/", "POST", fields=f"Content-Length: 5\r\nExpect: {word}\r\n")
        )
        assert client.take_head()[0] == "HTTP/1.1 100 Continue"
        client.send(b"hello")
        got = client.take_response()
        assert (got.interim, got.body) == ((), digest(b"hello"))
    assert heard == list(asked)
    wait_for(lambda: rig.keeps(rig.members[0].connections), "it is kept")


@pytest.mark.parametrize("size", [5, 70_000, 300_000])
@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("framed", [False, True])
def test_a_member_that_never_says_go_on_gets_what_the_client_sends(
    rig: Rig, size: int, first: int, framed: bool
) -> None:
    """RFC 9110 10.1.1: nobody need wait for a 100, and nobody need send one."""
    body = BLOB[:size]
    whole = chunked(body) if framed else body
    asked = []

    def member(peer: Peer) -> None:
        while True:
            _, fields = peer.take_head()
            assert ("Expect", "100-continue") in fields
            asked.append(1)
            got = peer.take_chunked() if framed else peer.take(size)
            peer.send(response(digest(got)))
            if not peer.held and not peer.more():
                return

    rig.serve(member)
    client = rig.client()
    for turn in (1, 2):
        length = CHUNKED if framed else f"Content-Length: {size}\r\n"
        head = request("/", "POST", fields=length + "Expect: 100-continue\r\n")
        client.send(head + whole[:first])
        wait_for(lambda turn=turn: len(asked) == turn, "the member is asked")
        client.send(whole[first:])
        got = client.take_response()
        assert (got.status, got.interim, got.body) == (200, (), digest(body))
    wait_for(lambda: rig.keeps(rig.members[0].connections), "it is kept")


def test_a_permission_behind_the_first_bytes_is_passed_on(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_head()
        got = peer.take(2)
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        peer.send(response(digest(got + peer.take(3))))

    rig.serve(member)
    client = rig.client()
    fields = "Content-Length: 5\r\nExpect: 100-continue\r\n"
    client.send(request("/", "POST", fields=fields))
    client.send(b"he")
    assert client.take_head()[0] == "HTTP/1.1 100 Continue"
    client.send(b"llo")
    assert client.take_response().body == digest(b"hello")


def test_an_expectation_that_a_rule_takes_out_is_met_here(rig: Rig) -> None:
    rig.serve(answering(digested), text="RequestHeader unset Expect")
    client = rig.client()
    client.send(
        request("/", "POST", fields="Content-Length: 5\r\nExpect: 100-continue\r\n")
    )
    assert client.take_head()[0] == "HTTP/1.1 100 Continue"
    client.send(b"hello")
    assert client.take_response().body == b"length " + digest(b"hello")


def test_a_body_nobody_asked_for_is_not_awaited(rig: Rig) -> None:
    """The member refuses instead of 100: nothing but its answer reaches the client."""

    def member(peer: Peer) -> None:
        peer.take_head()
        peer.send(response(BLOB[: 3 << 20], "403 Forbidden"))
        assert peer.at_end()

    rig.serve(member)
    client = rig.client()
    client.send(
        request("/", "POST", fields="Content-Length: 5\r\nExpect: 100-continue\r\n")
    )
    got = client.take_response()
    assert (got.status, got.interim) == (403, ())
    assert got.field("Connection") == "close"
    assert digest(got.body) == digest(BLOB[: 3 << 20])
    assert client.at_end()


def test_we_tell_the_client_where_the_member_is_not_to_be_asked(rig: Rig) -> None:
    rig.serve(answering(digested), text="Proxy100Continue Off")
    client = rig.client()
    client.send(
        request("/", "POST", fields="Content-Length: 5\r\nExpect: 100-continue\r\n")
    )
    assert client.take_head()[0] == "HTTP/1.1 100 Continue"
    client.send(b"hello")
    assert client.take_response().body == b"length " + digest(b"hello")


def test_a_body_that_is_there_already_needs_no_permission(rig: Rig) -> None:
    rig.serve(answering(digested))
    client = rig.client()
    client.send(request("/", "POST", b"hello", fields="Expect: 100-continue\r\n"))
    got = client.take_response()
    assert (got.status, got.body) == (200, b"length " + digest(b"hello"))


def test_a_client_may_send_all_and_end_its_side_without_permission(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_head()
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        peer.send(response(digest(peer.take_chunked())))

    rig.serve(member)
    for size in (5, 100_000):
        client = rig.client()
        fields = CHUNKED + "Expect: 100-continue\r\n"
        with rig.paused():
            client.send(request("/", "POST", fields=fields) + chunked(BLOB[:size]))
            client.half_close()
        assert client.take_response().body == digest(BLOB[:size])


# answers before the request is whole


def test_an_answer_to_an_unfinished_upload_arrives(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        peer.take_head()
        peer.take(1000)
        peer.send(response(b"too much", "413 Payload Too Large"))

    rig.serve(member)
    client = rig.client()
    client.send(request("/", "POST", fields="Content-Length: 80000000\r\n"))
    client.send(BLOB[:2_000_000])
    got = client.take_response()
    assert (got.status, got.body) == (413, b"too much")
    assert got.field("Connection") == "close"


def test_an_upload_goes_on_behind_an_early_answer(rig: Rig) -> None:
    """A member may answer and read on: both directions are independent."""
    ends = []

    def member(peer: Peer) -> None:
        peer.take_head()
        peer.send(CHUNKED_HEAD + chunked(b"early ")[:-5])
        ends.append(digest(peer.take(3_000_000)))
        peer.send(chunked(b"and late"))

    rig.serve(member)
    client = rig.client()
    client.send(request("/", "POST", fields="Content-Length: 3000000\r\n"))
    client.send(BLOB[:50_000])
    assert client.take_head()[0] == "HTTP/1.1 200 OK"
    client.send(BLOB[50_000:3_000_000])
    assert client.take_chunked() == b"early and late"
    assert ends == [digest(BLOB[:3_000_000])]


def test_a_body_that_nobody_serves_is_not_the_next_request(rig: Rig) -> None:
    inner = request("/evil")
    good = rig.member(answering(lambda m: response(m.target.encode())))
    dead = rig.member(lambda peer: None)
    rig.start(
        f"ProxyPass /dead {dead.url}/\nProxyPass /gone !\nProxyPass / {good.url}/\n"
        "ErrorDocument 502 /document\nRedirect /gone http://else.example/\n"
    )
    for target, length in (("/dead", True), ("/gone", True), ("/gone", False)):
        client = rig.client()
        if length:
            client.send(request(target, "POST", inner))
        else:
            client.send(request(target, "POST", fields=CHUNKED) + chunked(inner))
        client.send(request("/after"))
        first = client.take_response()
        assert first.body == b"/document" or first.status == 302
        if first.field("Connection") != "close":
            assert client.take_response().body == b"/after"


def test_an_answer_reaches_a_client_that_ended_its_side_early(rig: Rig) -> None:
    rig.start(
        "<Location />\nLimitRequestBody 10\n</Location>\n"
        "ProxyPass / http://127.0.0.1:1/\n"
    )
    client = rig.client()
    with rig.paused():
        client.send(request("/", "POST", b"x" * 30_000))
        client.half_close()
    assert client.take_response().status == 413
    assert client.at_end()
