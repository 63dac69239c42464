"""gateways.pyx: members at fcgi://, scgi:// and uwsgi://, turn by turn.

What applications see and answer at large is tests/e2e/test_gateways.py.
"""

from __future__ import annotations

import contextlib
import socket

import pytest
from flow_bench import Bench
from flow_peers import SERVER, Peer, get, post
from gateways import END, STDERR, STDOUT, TAKE, Call, answer, pairs, record

from tests.rows import rows

HELLO = b"Status: 201 Made\r\nX-A: b\r\n\r\nhello"


def direct(scheme: str, parameters: str = "") -> str:
    return f"{SERVER}ProxyPass / {scheme}://127.0.0.1:8001/app/ {parameters}\n"


def take_record(member: Peer) -> tuple[int, bytes]:
    head = member.take(8)
    assert head[0] == 1 and head[2:4] == b"\0\1", head
    content = member.take(int.from_bytes(head[4:6], "big"))
    member.take(head[6])
    return head[1], content


def take_parameters(member: Peer) -> dict[str, str]:
    assert take_record(member)[0] == 1
    kind, content = take_record(member)
    assert (kind, take_record(member)) == (4, (4, b""))
    return dict(pairs(content))


def test_an_application_gets_what_cgi_says() -> None:
    with Bench(direct("fcgi")) as bench:
        client = bench.ask(get("/a%20b?q=1", "X-A: 1", "Proxy: evil"))
        member = bench.members[0].accept()
        env = take_parameters(member)
        assert take_record(member) == (5, b"")
        assert env["SCRIPT_NAME"] == "/a b"
        assert env["SCRIPT_FILENAME"].endswith("/app/a%20b")
        assert (env["QUERY_STRING"], env["HTTP_X_A"]) == ("q=1", "1")
        assert "HTTP_PROXY" not in env
        member.send(answer(HELLO))
        assert client.status() == 201


@pytest.mark.parametrize("scheme", ["fcgi", "scgi", "uwsgi"])
@pytest.mark.parametrize("path", ["", "/mem"])
def test_the_path_of_a_balanced_member_comes_once(scheme: str, path: str) -> None:
    text = (
        f"{SERVER}<Proxy balancer://b>\nBalancerMember {scheme}://127.0.0.1:8001{path}\n"
        "</Proxy>\nProxyPass /b/ balancer://b/in/\n"
    )
    with Bench(text) as bench:
        bench.ask(get("/b/x?q"))
        member = bench.members[0].accept()
        if scheme == "fcgi":
            env = take_parameters(member)
        else:
            env = take_packed(scheme, member).env
        name = f"{scheme}://127.0.0.1:8001{path}/in/x"
        assert env["SCRIPT_FILENAME"] == f"proxy:{name}"


@rows(("size",), [(1,), (8_192,), (8_193,), (200_000,)])
def test_fastcgi_gets_a_body_in_records(size: int) -> None:
    data = bytes(97 + n % 26 for n in range(size))
    with Bench(direct("fcgi")) as bench:
        client = bench.ask(post(data))
        member = bench.members[0].accept()
        assert take_parameters(member)["CONTENT_LENGTH"] == str(size)
        came = b""
        while content := take_record(member)[1]:
            came += content
        assert came == data
        member.send(answer(HELLO))
        assert client.status() == 201


def take_packed(scheme: str, member: Peer) -> Call:
    """What SCGI or uwsgi brings, when all of it has come."""
    found: list[Call] = []

    def came() -> bool:
        member.look()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(member.received)
            ours.shutdown(socket.SHUT_WR)
            with contextlib.suppress(EOFError, ValueError):
                call = TAKE[scheme](theirs)
                assert call is not None
                found.append(call)
        return bool(found)

    member.bench.until(came, member)
    member.received.clear()
    return found[0]


@pytest.mark.parametrize("scheme", ["fcgi", "scgi", "uwsgi"])
@pytest.mark.parametrize("data", [b"", b"abcde"])
def test_a_body_with_trailers_has_a_length(scheme: str, data: bytes) -> None:
    """All of it has come before the application is asked."""
    chunk = b"%x\r\n%s\r\n" % (len(data), data) if data else b""
    with Bench(direct(scheme)) as bench:
        client = bench.ask(
            post(
                chunk + b"0\r\nX-Sum: 1\r\n\r\n",
                "Transfer-Encoding: chunked",
                "Trailer: X-Sum",
            )
        )
        member = bench.members[0].accept()
        if scheme == "fcgi":
            env, came = take_parameters(member), b""
            while content := take_record(member)[1]:
                came += content
        else:
            call = take_packed(scheme, member)
            env, came = call.env, call.body
        assert came == data
        assert env["CONTENT_LENGTH"] == str(len(data))
        assert "HTTP_TRANSFER_ENCODING" not in env
        if scheme == "fcgi":
            member.send(answer(HELLO))
            assert client.status() == 201


@pytest.mark.parametrize("scheme", ["fcgi", "scgi"])
def test_a_programs_answer_is_one_of_http(scheme: str) -> None:
    """Byte by byte as in one piece."""
    raw = HELLO
    if scheme == "fcgi":
        pieces = [HELLO[at : at + 5] for at in range(0, len(HELLO), 5)]
        raw = b"".join(record(STDOUT, one, padding=3) for one in pieces)
        raw += record(END, bytes(8))
    with Bench(direct(scheme)) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        for n in range(len(raw)):
            member.send(raw[n : n + 1])
            bench.settle()
        member.close()
        assert client.head().startswith(b"HTTP/1.1 201 Made\r\n")


def test_what_is_no_answer_ends_the_connection() -> None:
    for raw in (b"HTTP/1.1 200 OK\r\n\r\n", record(STDOUT) + record(END, bytes(8))):
        with Bench(direct("fcgi", "enablereuse=on")) as bench:
            client = bench.ask(get())
            member = bench.members[0].accept()
            member.send(raw)
            assert client.status() == 502
            bench.settle()
            assert bench.counts()["upstreams"] == 0


@pytest.mark.parametrize("scheme", ["scgi", "uwsgi"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("coded", [False, True])
def test_less_than_was_announced_is_no_whole_answer(
    scheme: str, version: str, coded: bool
) -> None:
    """The end of the connection is that of a body, unless the application has said that
    more was to come."""
    first = b"Status: 200 OK\r\n" if scheme == "scgi" else b"HTTP/1.1 200 OK\r\n"
    text = "SetOutputFilter DEFLATE\n" if coded else ""
    with Bench(direct(scheme) + text) as bench:
        asked = get("/", "Accept-Encoding: gzip")
        client = bench.ask(asked.replace(b"HTTP/1.1", f"HTTP/{version}".encode()))
        member = bench.members[0].accept()
        bench.settle()
        member.look()
        member.send(first + b"Content-Length: 900\r\n\r\n" + b"four" * 200)
        bench.settle()
        member.close()
        head, _, body = client.rest().partition(b"\r\n\r\n")
        assert (b"\r\nContent-Length: 900" in head) is (scheme == "uwsgi" and not coded)
        if scheme == "uwsgi" and not coded:
            assert body == b"four" * 200
        elif version == "1.1":
            assert b"\r\nTransfer-Encoding: chunked" in head
            assert not body.endswith(b"0\r\n\r\n")
        else:
            assert client.was_reset


def test_more_than_was_announced_is_passed_on_as_by_httpd() -> None:
    with Bench(direct("scgi")) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        bench.settle()
        member.look()
        member.send(b"Content-Length: 2\r\n\r\nfour")
        member.close()
        assert client.head().startswith(b"HTTP/1.1 200 OK\r\n")
        assert client.take(14) == b"4\r\nfour\r\n0\r\n\r\n"


@pytest.mark.parametrize("kind", [STDERR, 77])
def test_what_is_said_beside_an_answer_is_bounded(kind: int) -> None:
    """A hundred lines of a request are enough; what is left out is said once."""
    with Bench(direct("fcgi")) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_parameters(member)
        many = b"".join(record(kind, b"oh no") for _ in range(300))
        member.send(many)
        bench.settle()
        member.send(many + answer(HELLO))
        assert client.status() == 201
        logged = bench.services.logged
        told = [line for line in logged if "AH01071" in line or "AH01072" in line]
        assert len(told) == 100
        assert len([line for line in logged if "FB0398" in line]) == 1


def test_a_long_word_of_an_application_is_cut_and_looks_so() -> None:
    with Bench(direct("fcgi")) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_parameters(member)
        member.send(record(STDERR, b"x" * 9000) + answer(HELLO))
        assert client.status() == 201
        (line,) = [line for line in bench.services.logged if "AH01071" in line]
        assert line.count("x") <= 8200
        assert line.endswith("...'")


@pytest.mark.parametrize("data", [b"", b"abcde", b"a" * 9000, b"a" * 40_000])
def test_a_kept_connection_is_replaced_though_a_body_went_out(data: bytes) -> None:
    """As at http://, be it that a body has gone out with the head."""
    with Bench(direct("fcgi", "enablereuse=on")) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_parameters(member)
        take_record(member)
        member.send(answer(HELLO))
        assert client.status() == 201
        client.send(post(data, method="PUT"))
        take_parameters(member)
        bench.settle()
        member.close()
        again = bench.members[0].accept()
        assert take_parameters(again)["CONTENT_LENGTH"] == str(len(data))
        came = b""
        while content := take_record(again)[1]:
            came += content
        assert came == data
        again.send(answer(HELLO))
        assert client.status() == 201


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
@pytest.mark.parametrize("data", [b"", b"abcde"])
def test_who_has_said_something_is_not_asked_once_more(
    method: str, data: bytes
) -> None:
    """The kept connection was alive: the application may have begun."""
    with Bench(direct("fcgi", "enablereuse=on")) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_parameters(member)
        take_record(member)
        member.send(answer(HELLO))
        assert client.status() == 201
        client.send(post(data, method=method))
        take_parameters(member)
        member.send(record(STDERR, b"oh no"))
        bench.until(
            lambda: any("oh no" in line for line in bench.services.logged), "it is told"
        )
        member.close()
        assert client.status() in {500, 503}
        assert bench.members[0].is_unasked()


@pytest.mark.parametrize(
    ("scheme", "status", "is_lost"),
    [("fcgi", 504, False), ("scgi", 504, False), ("uwsgi", 500, True)],
)
@pytest.mark.parametrize("ping_ms", [0, 5_000])
def test_who_is_silent_is_waited_for_as_by_httpd(
    scheme: str, status: int, is_lost: bool, ping_ms: int
) -> None:
    """A slow request is no member's fault, and is not asked of another one. ping= says
    nothing of it."""
    members = "".join(
        f"BalancerMember {scheme}://127.0.0.1:{port} {parameters}\n"
        for port, parameters in ((8001, ""), (8002, "status=+H"))
    )
    text = f"<Proxy balancer://b>\n{members}</Proxy>\nProxyPass / balancer://b/\n"
    said = {"timeout_ms": 50, "ping_ms": ping_ms}
    with Bench(SERVER + text, of_members=said) as bench:
        client = bench.ask(get())
        bench.members[0].accept()
        assert client.status() == status
        assert bench.members[1].is_unasked()
        assert ("Err" in bench.members[0].facts_now["status"]) is is_lost


def test_a_connection_is_kept_behind_a_whole_answer() -> None:
    with Bench(direct("fcgi", "enablereuse=on")) as bench:
        client = bench.ask(get())
        member = bench.members[0].accept()
        take_parameters(member)
        take_record(member)
        member.send(answer(HELLO))
        assert client.status() == 201
        client.send(get())
        assert take_parameters(member)["REQUEST_METHOD"] == "GET"
        member.send(answer(HELLO))
        assert client.status() == 201
