"""ajp.pyx, codecs.pyx, coded.pyx: members at ajp://, and what goes wrong with them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from ajp_packets import (
    CPING,
    CPONG,
    Forwarded,
    answered,
    ended,
    forwarded,
    headers,
    packet,
    piece,
    string,
    wanted,
)
from flow_bench import Bench
from flow_peers import SERVER, Peer, get, post

from tests.rows import rows


def balancer(*parameters: str, text: str = "") -> str:
    lines = "\n".join(
        f"BalancerMember ajp://127.0.0.1:{8001 + number} {parameter}"
        for number, parameter in enumerate(parameters)
    )
    return (
        f"{SERVER}{text}\n<Proxy balancer://b>\n{lines}\n</Proxy>\n"
        "ProxyPass / balancer://b/\n"
    )


ONE = balancer("")
DIRECT = f"{SERVER}ProxyPass / ajp://127.0.0.1:8001/\n"
TWO = balancer("", "status=+H")


def take_packet(member: Peer) -> bytes:
    head = member.take(4)
    assert head[:2] == b"\x124", head
    return member.take(int.from_bytes(head[2:], "big"))


def take_request(member: Peer) -> Forwarded:
    return forwarded(take_packet(member))


def take_piece(member: Peer) -> bytes:
    content = take_packet(member)
    length = int.from_bytes(content[:2], "big")
    assert len(content) == length + 2
    return content[2:]


def letters(size: int) -> bytes:
    return bytes(97 + n % 26 for n in range(size))


def chunks(told: bytes) -> Iterator[bytes]:
    while told:
        size, _, told = told.partition(b"\r\n")
        yield told[: int(size, 16)]
        told = told[int(size, 16) + 2 :]


def upstreams(bench: Bench) -> int:
    bench.settle()
    return bench.counts()["upstreams"]


# what a request says


def test_a_request_is_forwarded_as_httpd_does() -> None:
    with Bench(balancer("secret=words route=r")) as bench:
        client = bench.ask(
            get(
                "/a%20b;x=1?q=r",
                "Cookie: a=b",
                "X-Own: 1",
                "Connection: close, X-No",
                "X-No: 1",
                "Accept: */*",
                method="REPORT",
            )
        )
        member = bench.members[0].accept()
        asked = take_request(member)
        assert (asked.method, asked.protocol) == ("REPORT", "HTTP/1.1")
        assert (asked.uri, asked.server, asked.is_ssl) == ("/a%20b;x=1", "h", False)
        assert asked.remote == "127.0.0.1"
        assert asked.remote_host is None
        assert asked.port == bench.port()
        assert asked.fields == [
            ("host", "h"),
            ("cookie", "a=b"),
            ("x-own", "1"),
            ("accept", "*/*"),
        ]
        port = client.sock.getsockname()[1]
        assert asked.attributes == {
            "secret": "words",
            "query_string": "q=r",
            "AJP_REMOTE_PORT": str(port),
            "AJP_LOCAL_ADDR": "127.0.0.1",
        }
        member.send(answered())
        assert client.status() == 200


def test_variables_of_its_name_are_attributes() -> None:
    text = 'SetEnv AJP_ONE first\nSetEnvIf Host "(.*)" AJP_TWO=$1\nSetEnv OTHER x'
    with Bench(balancer("", text=text)) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        told = take_request(member).attributes
        assert (told["ONE"], told["TWO"]) == ("first", "h")
        assert "OTHER" not in told
        member.send(answered())
        assert client.status() == 200


def test_a_method_without_a_number_is_named() -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get(method="PATCH"))
        member = bench.members[0].accept()
        assert take_request(member).method == "PATCH"
        member.send(answered())
        assert client.status() == 200


def test_a_request_that_is_no_packet_is_refused() -> None:
    with Bench(balancer("iobuffersize=16384")) as bench:
        client = bench.ask(get("/", *(f"X-{n}: {'a' * 4000}" for n in range(5))))
        assert client.status() == 400
    with Bench(balancer("iobuffersize=32768")) as bench:
        client = bench.ask(get("/", *(f"X-{n}: {'a' * 4000}" for n in range(5))))
        member = bench.members[0].accept()
        assert len(take_request(member).fields) == 6
        member.send(answered())
        assert client.status() == 200


# bodies of requests


def test_the_first_piece_of_a_body_is_not_waited_for() -> None:
    with Bench(ONE) as bench:
        body = letters(20_000)
        client = bench.ask(post(body))
        member = bench.members[0].accept()
        asked = take_request(member)
        assert ("content-length", "20000") in asked.fields
        got = take_piece(member)
        assert len(got) == 8186
        assert member.is_silent()
        member.send(wanted(5000))
        got += take_piece(member)
        assert len(got) == 13_186
        member.send(wanted())
        got += take_piece(member)
        assert got == body
        member.send(wanted())
        assert take_piece(member) == b""
        member.send(answered())
        assert client.status() == 200
        assert upstreams(bench) == 1


def test_a_chunked_body_waits_to_be_asked_for() -> None:
    with Bench(ONE) as bench:
        body = letters(30_000)
        client = bench.ask(get("/", "Transfer-Encoding: chunked", method="POST"))
        client.send(b"7530\r\n" + body)
        member = bench.members[0].accept()
        assert ("transfer-encoding", "chunked") in take_request(member).fields
        assert member.is_silent()
        got = b""
        while len(got) < len(body):
            member.send(wanted())
            got += take_piece(member)
        assert got == body
        member.send(wanted())
        assert member.is_silent()  # the body may go on
        client.send(b"\r\n0\r\n\r\n")
        assert take_piece(member) == b""
        member.send(answered())
        assert client.status() == 200
        assert upstreams(bench) == 1


def test_who_asks_again_behind_the_end_is_lost() -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(wanted())
        assert take_piece(member) == b""
        member.send(wanted())
        assert client.status() == 502
        assert member.rest() == b""


def test_a_piece_that_was_asked_for_and_not_taken_ends_the_connection() -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get("/", "Content-Length: 40000", method="POST"))
        client.send(letters(20_000))
        member = bench.members[0].accept()
        take_request(member)
        got = len(take_piece(member))
        while got < 20_000:
            member.send(wanted())
            got += len(take_piece(member))
        member.send(wanted())  # the client has given no more
        member.send(answered())
        assert client.status() == 200
        assert member.rest() == b""


# answers


@rows("cut", [0, 1, 5, 17, 40])
def test_an_answer_comes_in_whatever_pieces(cut: int) -> None:
    whole = headers(200, [("Content-Length", "300"), ("X-A", "b")])
    whole += piece(letters(200)) + piece(letters(300)[200:]) + ended()
    with Bench(ONE) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        for turn in range(2):
            take_request(member)
            if cut:
                for n in range(0, len(whole), cut):
                    member.send(whole[n : n + cut])
                    bench.settle()
            else:
                member.send(whole)
            head, body = client.message()
            assert b"\r\nX-A: b\r\n" in head
            assert body == letters(300)
            if not turn:
                client.send(get())


def test_an_answer_of_unknown_length_is_chunked_or_ends_the_connection() -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(headers() + piece(b"abc") + piece(b"de") + ended())
        assert b"\r\nTransfer-Encoding: chunked\r\n" in client.head()
        client.bench.until(lambda: client.has(lambda got: got.endswith(b"0\r\n\r\n")))
        assert bytes(client.received) == b"5\r\nabcde\r\n0\r\n\r\n"
        client.received.clear()
        client.send(b"GET / HTTP/1.0\r\nHost: h\r\n\r\n")
        take_request(member)
        member.send(headers() + piece(b"abc") + ended())
        assert client.rest().endswith(b"\r\n\r\nabc")


@rows("method,status", [("HEAD", 200), ("GET", 304), ("GET", 204)])
def test_an_answer_without_a_body_keeps_the_connection(
    method: str, status: int
) -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get(method=method))
        member = bench.members[0].accept()
        take_request(member)
        member.send(headers(status, [("Content-Length", "5")]) + piece(b"never"))
        member.send(ended())
        assert client.head().split()[1] == str(status).encode()
        assert client.is_silent()
        assert upstreams(bench) == 1


def test_end_response_says_whether_the_connection_goes_on() -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(headers(200, [("Content-Length", "0")]) + ended(reuse=False))
        assert client.status() == 200
        assert member.rest() == b""


def test_what_is_small_waits_for_more_unless_it_is_to_be_seen() -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(headers() + piece(b"abc"))
        assert client.is_silent()
        member.send(piece(b""))  # a flush
        assert client.head().endswith(b"\r\n\r\n")
        assert client.take(8) == b"3\r\nabc\r\n"
        member.send(piece(b"de"))
        assert client.is_silent()
        member.send(ended())
        assert client.take(12) == b"2\r\nde\r\n0\r\n\r\n"
    for said in ("on", "auto"):
        with Bench(balancer(f"flushpackets={said}")) as bench:
            client = bench.ask(get())
            member = bench.members[0].accept()
            take_request(member)
            member.send(headers())
            client.head()
            member.send(piece(b"abc"))
            assert client.take(8) == b"3\r\nabc\r\n"
            member.send(ended())
            assert client.take(5) == b"0\r\n\r\n"


def test_who_has_all_that_was_promised_does_not_wait_for_the_end() -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(headers(200, [("Content-Length", "3")]) + piece(b"abc"))
        assert client.message()[1] == b"abc"
        member.close()
        bench.settle()
        client.send(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(answered(b"other"))
        assert client.message()[1] == b"other"


@pytest.mark.parametrize("ends", ["silence", "close"])
def test_what_filters_keep_of_an_answer_comes_without_its_end(ends: str) -> None:
    """All that was promised has come, END_RESPONSE never does: what a filter has not
    given yet, and the end of the body, are the client's before the next answer."""
    text = "SetOutputFilter DEFLATE\n"
    with Bench(
        balancer("", text=text),
        of_members={"timeout_ms": 50 if ends == "silence" else 0},
    ) as bench:
        client = bench.ask(get("/", "Accept-Encoding: gzip"))
        member = bench.members[0].accept()
        take_request(member)
        body = letters(9000)
        said = headers(200, [("Content-Length", "9000"), ("Content-Type", "text/html")])
        member.send(said + piece(body[:8000]))
        bench.settle()
        member.send(piece(body[8000:]))
        bench.settle()
        if ends == "close":
            member.close()
        assert b"\r\nTransfer-Encoding: chunked\r\n" in client.head()
        told = b""
        while not told.endswith(b"\r\n0\r\n\r\n"):
            told += client.take(1)
        assert gzip.decompress(b"".join(chunks(told))) == body
        client.send(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(answered(b"other"))
        assert client.message()[1] == b"other"


# what no member of sound mind sends

BAD = {
    "no magic": b"HTTP/1.1 200 OK\r\n\r\n",
    "half a magic": b"AX\x00\x01\x05",
    "an empty packet": b"AB\x00\x00",
    "a packet that is too long": b"AB\x20\x00" + b"\x04" * 8192,
    "an unknown type": packet(b"\x63ab"),
    "a pong that nobody asked for": CPONG,
    "a body before its head": piece(b"abc"),
    "an end before its head": ended(),
    "a head of nothing": packet(b"\x04"),
    "a status of 99": headers(99),
    "a string beyond its packet": packet(b"\x04\x00\xc8\x00\xff" + b"OK\x00\x00\x00"),
    "a string without its end": packet(b"\x04\x00\xc8\x00\x02OKx\x00\x00"),
    "fewer fields than it says": packet(
        b"\x04\x00\xc8" + string("OK") + b"\x00\x02" + string("A") + string("b")
    ),
    "a field with an unknown number": packet(
        b"\x04\x00\xc8" + string("OK") + b"\x00\x01\xa0\x3f" + string("b")
    ),
    "a name that is none": headers(200, [("a b", "c")]),
    "a name that is empty": headers(200, [("", "c")]),
    "a second head within a value": headers(200, [("A", "b\r\nSet-Cookie: c=d")]),
    "two lengths": headers(200, [("Content-Length", "1"), ("Content-Length", "2")])
    + piece(b"a")
    + ended(),
    "a length that is none": headers(200, [("Content-Length", "-1")]) + ended(),
    "a piece beyond its packet": headers() + packet(b"\x03\x10\x00abc"),
    "too little": headers(200, [("Content-Length", "9")]) + piece(b"a") + ended(),
    "a second head": headers() + headers() + ended(),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_packet_is_502_and_ends_the_connection(name: str) -> None:
    with Bench(DIRECT) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(BAD[name])
        assert client.status() == 502
        assert member.rest() == b""
        assert b"Set-Cookie" not in client.taken


def test_a_body_that_breaks_within_is_seen_by_the_client() -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(headers() + piece(letters(5000)))
        client.head()
        member.send(b"ABxx\x63")
        assert not client.rest().endswith(b"0\r\n\r\n")
        assert member.rest() == b""


def test_more_than_was_promised_is_never_passed_on() -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(
            headers(200, [("Content-Length", "3")]) + piece(b"abcdef") + ended()
        )
        assert client.message()[1] == b"abc"
        assert member.rest() == b""
        assert client.is_silent()


# who is asked next


@pytest.mark.parametrize("compat", ["", "Compat apache\n"])
def test_what_takes_a_member_down_goes_to_one_more_and_not_to_all(compat: str) -> None:
    with Bench(balancer("", "", "", text=compat)) as bench:
        client = bench.ask(get())
        for member in bench.members[: 3 if compat else 2]:
            peer = member.accept()
            take_request(peer)
            peer.close()
        assert client.status() == 503
        assert bench.members[2].is_unasked() or compat


def test_a_member_that_is_lost_is_followed_by_another_one() -> None:
    with Bench(TWO) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.close()
        spare = bench.members[1].accept()
        take_request(spare)
        spare.send(answered(b"spare"))
        assert client.message()[1] == b"spare"
        assert "Err" in bench.members[0].facts_now["status"]


def test_what_has_taken_a_part_of_a_body_is_not_followed() -> None:
    with Bench(TWO) as bench:
        client = bench.ask(post(b"abc", method="PUT"))
        member = bench.members[0].accept()
        take_request(member)
        take_piece(member)
        member.close()
        assert client.status() == 500
        assert bench.members[1].is_unasked()


def test_a_member_is_asked_whether_it_is_there() -> None:
    with Bench(balancer("ping=5")) as bench:
        client = bench.ask(post(b"abc"))
        member = bench.members[0].accept()
        assert member.take(5) == CPING
        assert member.is_silent()
        member.send(CPONG)
        take_request(member)
        assert take_piece(member) == b"abc"
        member.send(answered())
        assert client.status() == 200
        client.send(get())
        assert member.take(5) == CPING
        member.send(CPONG)
        take_request(member)
        member.send(answered())
        assert client.status() == 200


def test_a_ping_without_an_answer_is_tried_once_more() -> None:
    with Bench(TWO, of_members={"ping_ms": 50}) as bench:
        client = bench.ask(post(b"abc"))
        first = bench.members[0].accept()
        assert first.take(5) == CPING
        second = bench.members[0].accept()  # when its time is over
        assert first.rest() == b""
        assert second.take(5) == CPING
        second.close()
        spare = bench.members[1].accept()
        assert spare.take(5) == CPING
        spare.send(CPONG)
        take_request(spare)
        assert take_piece(spare) == b"abc"
        spare.send(answered(b"spare"))
        assert client.message()[1] == b"spare"


def test_a_kept_connection_that_died_is_replaced() -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(answered())
        client.message()
        client.send(get())
        take_request(member)
        member.reset()
        again = bench.members[0].accept()
        take_request(again)
        again.send(answered(b"again"))
        assert client.message()[1] == b"again"


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("chunked", [False, True])
def test_who_has_asked_for_the_body_is_not_asked_once_more(
    method: str, chunked: bool
) -> None:
    """The kept connection was alive: the container has begun to read."""
    asked = post(letters(5), method=method)
    if chunked:
        asked = post(
            b"5\r\nabcde\r\n0\r\n\r\n", "Transfer-Encoding: chunked", method=method
        )
    with Bench(ONE) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(answered())
        client.message()
        client.send(asked)
        take_request(member)
        if not chunked:
            take_piece(member)
        member.send(wanted())
        take_piece(member)
        member.close()
        assert client.status() in {500, 503}
        assert bench.members[0].is_unasked()


def test_who_has_answered_a_ping_is_not_asked_once_more() -> None:
    with Bench(balancer("ping=5")) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_pinged(member)
        member.send(answered())
        client.message()
        client.send(get())
        take_pinged(member)
        member.close()
        assert client.status() == 503
        assert bench.members[0].is_unasked()


def take_pinged(member: Peer) -> Forwarded:
    assert member.take(5) == CPING
    member.send(CPONG)
    return take_request(member)


def test_a_question_is_asked_of_such_a_member() -> None:
    text = (
        f"{SERVER}<Location /app>\nAuthRequest /auth\nAuthRequestHeader X-User\n"
        "</Location>\n"
        "ProxyPass /auth ajp://127.0.0.1:8001/auth\n"
        "ProxyPass / ajp://127.0.0.1:8002/\n"
    )
    with Bench(text) as bench:
        client = bench.ask(get("/app", "Cookie: a=b"))
        judge = bench.members[0].accept()
        asked = take_request(judge)
        assert (asked.method, asked.uri) == ("GET", "/auth")
        assert ("x-original-uri", "/app") in asked.fields
        assert ("cookie", "a=b") in asked.fields
        judge.send(answered(b"", ("X-User", "bob")))
        member = bench.members[1].accept()
        assert ("x-user", "bob") in take_request(member).fields
        member.send(answered(b"in"))
        assert client.message()[1] == b"in"


# where such a member stands


@rows(
    "text",
    [
        "RewriteEngine On\nRewriteRule ^/(.*) ajp://127.0.0.1:8001/$1 [P]\n"
        "ProxyPass /unused ajp://127.0.0.1:8001/\n",
        "ProxyPassMatch ^/(.*)$ ajp://127.0.0.1:8001/$1\n",
        "<Location />\nProxyPass ajp://127.0.0.1:8001/\n</Location>\n",
    ],
)
def test_it_is_named_wherever_a_member_is(text: str) -> None:
    with Bench(SERVER + text) as bench:
        client = bench.ask(get("/x"))
        member = bench.members[0].accept()
        assert take_request(member).uri == "/x"
        member.send(answered())
        assert client.status() == 200


def test_it_listens_at_a_unix_socket(tmp_path: Path) -> None:
    text = f"{SERVER}ProxyPass / unix:{tmp_path}/s|ajp://localhost/\n"
    with Bench(text) as bench:
        client = bench.ask(get("/x"))
        member = bench.members[0].accept()
        assert take_request(member).uri == "/x"
        member.send(answered())
        assert client.status() == 200


def test_it_has_the_page_of_an_error() -> None:
    text = (
        f"{SERVER}ErrorDocument 404 /sorry\nRedirect 404 /gone\n"
        "ProxyPass /gone !\nProxyPass / ajp://127.0.0.1:8001/\n"
    )
    with Bench(text) as bench:
        client = bench.ask(post(b"abc", path="/gone"))
        member = bench.members[0].accept()
        asked = take_request(member)
        assert (asked.method, asked.uri) == ("GET", "/sorry")
        assert not any("content" in name for name, _ in asked.fields)
        member.send(answered(b"sorry"))
        assert client.message()[1] == b"sorry"


def test_a_page_of_its_own_is_overridden() -> None:
    with Bench(ONE + "ProxyErrorOverride On\n") as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(answered(b"not for clients", status=500))
        head, body = client.message()
        assert head.startswith(b"HTTP/1.1 500 ")
        assert body != b"not for clients"


def test_no_upgrade_is_asked_of_it() -> None:
    with Bench(balancer("upgrade=ANY")) as bench:
        client = bench.ask(get("/", "Connection: Upgrade", "Upgrade: websocket"))
        member = bench.members[0].accept()
        assert "upgrade" not in dict(take_request(member).fields)
        member.send(headers(101, [("Upgrade", "websocket")]))
        assert client.status() == 502


# time


def test_a_silent_member_is_lost() -> None:
    with Bench(TWO, of_members={"timeout_ms": 50}) as bench:
        client = bench.ask(get())
        take_request(bench.members[0].accept())
        spare = bench.members[1].accept()
        take_request(spare)
        spare.send(answered(b"spare"))
        assert client.message()[1] == b"spare"


def test_who_has_answered_a_ping_is_only_slow() -> None:
    with Bench(TWO, of_members={"timeout_ms": 50, "ping_ms": 5000}) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        assert member.take(5) == CPING
        member.send(CPONG)
        take_request(member)
        assert client.status() == 504
        assert bench.members[1].is_unasked()
        assert "Err" not in bench.members[0].facts_now["status"]


def test_half_a_head_and_silence_is_an_answer_that_is_lost() -> None:
    with Bench(DIRECT, of_members={"timeout_ms": 50}) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(headers()[:9])
        assert client.status() == 503


def test_half_a_body_and_silence_is_seen_by_the_client() -> None:
    with Bench(DIRECT, of_members={"timeout_ms": 50}) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_request(member)
        member.send(headers(200, [("Content-Length", "9")]) + piece(b"abc"))
        client.rest()
        assert not client.taken.endswith(b"\r\n\r\n" + b"abc" * 3)


def test_a_client_is_told_to_go_on_when_the_member_takes_a_body() -> None:
    with Bench(ONE) as bench:
        fields = ("Expect: 100-continue", "Content-Length: 30000")
        client = bench.ask(get("/", *fields, method="PUT"))
        member = bench.members[0].accept()
        take_request(member)
        assert client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(letters(30_000))
        got = take_piece(member)
        while len(got) < 30_000:
            member.send(wanted())
            got += take_piece(member)
        assert got == letters(30_000)
        member.send(answered())
        assert client.status() == 200


def test_a_client_that_leaves_ends_what_was_asked_for_it() -> None:
    with Bench(ONE) as bench:
        client = bench.ask(get("/", "Content-Length: 30000", method="PUT"))
        client.send(letters(20_000))
        member = bench.members[0].accept()
        take_request(member)
        take_piece(member)
        client.reset()
        assert member.rest() == b""
