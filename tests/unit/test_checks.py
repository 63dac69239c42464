"""One check of a member's health, against members that answer anything."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import rows
from trees import model_of

from fastlb.facts.health import CheckResult, HealthMethod, Phase, Reason
from fastlb.facts.member import Member
from fastlb.facts.words import Compat
from fastlb.monitor.checks import (
    BODY_BYTES_MAX,
    BODY_KEPT_BYTES_MAX,
    HEAD_BYTES_MAX,
    READ_BYTES,
    AnswerReader,
    HealthAnswer,
    Inquiry,
    conducted,
    inquiry_of,
)
from fastlb.monitor.handshake import accept_of
from fastlb.monitor.health import target_of
from fastlb.monitor.wire import CPING, CPONG, WireError

CONF = """\
Listen 80
<Proxy balancer://b>
    BalancerMember {url} {params}
</Proxy>
ProxyPass / balancer://b/
"""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def inquiry(params: str = "", url: str = "http://127.0.0.1:1") -> Inquiry:
    method = "" if "hcmethod" in params else "hcmethod=GET "
    text = CONF.format(url=url, params=f"{method}{params}")
    (member,) = model_of(text).members
    assert member.health is not None
    return inquiry_of(
        member,
        member.health,
        target_of(member, member.health),
        server_ms=5000,
        compat=Compat.BETTER,
    )


async def checked(
    serve: Serve,
    asked: Inquiry,
    path: str | None = None,
    context: ssl.SSLContext | None = None,
) -> tuple[CheckResult, int]:
    """Check a member that serves so, at a port or a socket of the file system."""
    serving: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def work() -> None:
            try:
                await serve(reader, writer)
            except (asyncio.IncompleteReadError, OSError):
                pass
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

        serving.add(asyncio.get_running_loop().create_task(work()))

    if path is None:
        server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=context)
        addresses = [server.sockets[0].getsockname()[:2]]
    else:
        server = await asyncio.start_unix_server(begin, path)
        addresses = []
    async with server:
        found = await conducted(asyncio.get_running_loop(), asked, addresses)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
    return found


def asked_of(serve: Serve, params: str = "", limit_s: float = 5.0) -> CheckResult:
    """What a check finds of a member that serves so."""
    asked = replace(inquiry(params), limit_s=limit_s)
    result, took_us = asyncio.run(checked(serve, asked))
    assert 0 <= took_us < (limit_s + 5) * 1e6
    return result


def saying(
    data: bytes, *, ends: bool = True, heard: list[bytes] | None = None
) -> Serve:
    """Read a request, say this, and end the connection or keep it open."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        if not ends:
            await reader.read()

    return serve


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


# what is sent


@rows(
    ("params", "request_"),
    [
        ("hcmethod=GET", b"GET / HTTP/1.0\r\nHost: h:81\r\n\r\n"),
        ("hcmethod=GET hcuri=/h?x", b"GET /h?x HTTP/1.0\r\nHost: h:81\r\n\r\n"),
        ("hcmethod=HEAD hcuri=/h", b"HEAD /h HTTP/1.0\r\nHost: h:81\r\n\r\n"),
        ("hcmethod=OPTIONS hcuri=/h", b"OPTIONS * HTTP/1.0\r\nHost: h:81\r\n\r\n"),
        ("hcmethod=GET11", b"GET / HTTP/1.1\r\nHost: h:81\r\n\r\n"),
        ("hcmethod=options11", b"OPTIONS * HTTP/1.1\r\nHost: h:81\r\n\r\n"),
        (
            'hcmethod=GET "hcheaders=X-A: b c|X-D:e"',
            b"GET / HTTP/1.0\r\nHost: h:81\r\nX-A: b c\r\nX-D: e\r\n\r\n",
        ),
        (
            'hcmethod=GET11 "hcheaders=host: a.test"',
            b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n",
        ),
    ],
)
def test_what_is_sent(params: str, request_: bytes) -> None:
    assert inquiry(params, "http://h:81").request() == request_


def test_an_address_of_ipv6_has_its_brackets() -> None:
    assert b"Host: [::1]:82\r\n" in inquiry(url="http://[::1]:82").request()


@rows(
    ("params", "limit_s", "connect_limit_s"),
    [
        ("", 5.0, 5.0),  # the server's
        ("timeout=30", 10.0, 10.0),
        ("timeout=3", 3.0, 3.0),
        ("hctimeout=20", 20.0, 20.0),
        ("hctimeout=1500ms connectiontimeout=1", 1.5, 1.0),
    ],
)
def test_how_long_it_may_take(
    params: str, limit_s: float, connect_limit_s: float
) -> None:
    found = inquiry(params)
    assert (found.limit_s, found.connect_limit_s) == (limit_s, connect_limit_s)


# handshakes


def switched(head: bytes) -> bytes:
    """The answer to a handshake."""
    found = re.search(rb"\r\nSec-WebSocket-Key: (\S+)\r\n", head)
    assert found is not None
    return (
        b"HTTP/1.1 101 x\r\nUpgrade: WebSocket\r\nConnection: a, Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_of(found[1].decode()) + b"\r\n\r\n"
    )


def switching(change: Callable[[bytes], bytes] = bytes) -> Serve:
    """Answers a handshake, its answer changed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(change(switched(await reader.readuntil(b"\r\n\r\n"))))
        await writer.drain()

    return serve


def heard_of(params: str) -> tuple[CheckResult, bytes, bytes]:
    """What a check finds of who answers a handshake, its head, and what follows."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer, peer.makefile("rb") as reader:
                head = b"".join(iter(reader.readline, b"\r\n")) + b"\r\n"
                peer.sendall(switched(head))
                heard.extend((head, reader.read()))

        thread = threading.Thread(target=serve)
        thread.start()

        async def check() -> CheckResult:
            loop = asyncio.get_running_loop()
            place = ("127.0.0.1", server.getsockname()[1])
            return (await conducted(loop, inquiry(params), [place]))[0]

        found = asyncio.run(check())
        thread.join(30)
    head, rest = heard
    return found, head, rest


def test_the_key_of_the_rfc_is_answered_as_there() -> None:
    assert accept_of("dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_handshake_passes_when_its_key_is_answered() -> None:
    params = 'hcmethod=websocket hcuri=/ws "hcheaders=Host: a.test"'
    found, head, rest = heard_of(params)
    assert found == CheckResult(Phase.VERDICT, Reason.NONE, 101)
    assert head.startswith(b"GET /ws HTTP/1.1\r\nHost: a.test\r\n")
    for line in (b"Connection: Upgrade", b"Upgrade: websocket"):
        assert b"\r\n" + line + b"\r\n" in head
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in head
    # a close frame, masked
    assert rest[:2] == b"\x88\x82"
    assert (
        bytes(a ^ b for a, b in zip(rest[2:6], rest[6:], strict=False)) == b"\x03\xe8"
    )


def test_each_key_is_another() -> None:
    assert len({heard_of("hcmethod=WEBSOCKET")[1] for _ in range(3)}) == 3


def test_its_options_may_stand_in_several_lines() -> None:
    lines = b"keep-alive\r\nConnection: Upgrade"
    found = asked_of(
        switching(lambda said: said.replace(b"a, Upgrade", lines)), "hcmethod=WEBSOCKET"
    )
    assert found.has_passed


@rows(
    ("old", "new"),
    [
        (b"WebSocket", b"h2c"),
        (b"a, Upgrade", b"close"),
        (b"a, Upgrade", b"upgraded"),
        (b"Accept: ", b"Accept: A"),
        (b"Sec-WebSocket-Accept", b"Sec-WebSocket-Except"),
    ],
)
def test_a_101_that_answers_something_else_fails(old: bytes, new: bytes) -> None:
    found = asked_of(
        switching(lambda said: said.replace(old, new)), "hcmethod=WEBSOCKET"
    )
    assert found.reason in (Reason.NO_WEBSOCKET, Reason.NO_HTTP)
    assert not found.has_passed


@rows(
    ("answer", "reason"),
    [
        (OK, Reason.STATUS),
        (b"HTTP/1.1 426 x\r\nContent-Length: 0\r\n\r\n", Reason.STATUS),
        (b"HTTP/1.1 101 x\r\n\r\n", Reason.NO_WEBSOCKET),
        (b"\x81\x01a", Reason.NO_HTTP),
        (b"", Reason.CLOSED),
    ],
)
def test_what_is_no_answer_to_a_handshake(answer: bytes, reason: Reason) -> None:
    assert asked_of(saying(answer), "hcmethod=WEBSOCKET").reason is reason


# what is found


@rows(
    ("answer", "reason", "status"),
    [
        (OK, Reason.NONE, 200),
        (b"HTTP/1.0 204 No Content\r\n\r\n", Reason.NONE, 204),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", Reason.NONE, 302),
        (b"HTTP/1.1 399 x\r\nContent-Length: 0\r\n\r\n", Reason.NONE, 399),
        (b"HTTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n", Reason.STATUS, 400),
        (b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n", Reason.STATUS, 500),
        (
            b"HTTP/1.1 101 x\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
            Reason.STATUS,
            101,
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", Reason.NONE, 200),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, Reason.NONE, 200),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nok\r\n0\r\n\r\n",
            Reason.NONE,
            200,
        ),
        (OK + b"HTTP/1.1 500 x\r\n\r\n", Reason.NONE, 200),
        (OK + b"\0\0\0", Reason.NONE, 200),
        # half of it, or none
        (b"", Reason.CLOSED, 0),
        (b"HTTP/1.1 200 OK\r\n", Reason.CLOSED, 0),
        (b"HTTP/1.1 100 Continue\r\n\r\n", Reason.CLOSED, 0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", Reason.CLOSED, 200),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
            Reason.CLOSED,
            200,
        ),
        # something else
        (b"SSH-2.0-OpenSSH\r\n", Reason.NO_HTTP, 0),
        (b"HTTP/1.1 abc\r\n\r\n", Reason.NO_HTTP, 0),
        (b"HTTP/1.1 200 OK\r\nno field\r\n\r\n", Reason.NO_HTTP, 0),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok",
            Reason.NO_HTTP,
            0,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            Reason.NO_HTTP,
            200,
        ),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000, Reason.TOO_LARGE, 0),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30_000, Reason.TOO_LARGE, 0),
        (b"HTTP/1.1 100 x\r\n\r\n" * 30_000, Reason.TOO_LARGE, 0),
    ],
)
def test_what_is_found(answer: bytes, reason: Reason, status: int) -> None:
    found = asked_of(saying(answer))
    assert (found.reason, found.status) == (reason, status)


def test_a_head_is_enough_where_no_body_is_asked_for() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    for method in ("HEAD", "OPTIONS", "HEAD11"):
        found = asked_of(saying(head, ends=False), f"hcmethod={method}")
        assert found.has_passed


def test_a_member_that_says_nothing_fails_in_time() -> None:
    found = asked_of(silent, limit_s=0.2)
    assert found == CheckResult(Phase.HEAD, Reason.TIMEOUT)


def test_a_head_that_comes_letter_by_letter_fails_in_time() -> None:
    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for letter in b"HTTP/1.1 200 OK\r\n" * 1000:
            writer.write(bytes([letter]))
            await writer.drain()
            await asyncio.sleep(0.02)

    began_s = time.monotonic()
    found = asked_of(slow, limit_s=0.3)
    assert found.reason is Reason.TIMEOUT
    assert time.monotonic() - began_s < 5


def test_of_an_endless_body_enough_is_read() -> None:
    sent = 0

    async def endless(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    found = asked_of(endless)
    assert found.has_passed
    assert sent < BODY_BYTES_MAX + 16 * 2**20  # and what the kernel holds


@rows(
    ("begin", "letters"),
    [(b"1;", b"x"), (b"0\r\nA: ", b"x"), (b"0\r\n", b"A: x\r\n")],
)
def test_what_belongs_to_no_body_has_an_end_too(begin: bytes, letters: bytes) -> None:
    """Extensions of a chunk, a trailer, many trailers."""
    answer = HealthAnswer()
    reader = AnswerReader(answer, "GET")
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + begin)
    piece = letters * 10_000
    fed = 0
    while not reader.is_whole:
        reader.feed(piece)
        fed += len(piece)
        assert fed <= BODY_BYTES_MAX + len(piece)
    assert answer.fields == [(b"Transfer-Encoding", b"chunked")]


def test_a_request_that_nobody_takes_fails_in_time() -> None:
    async def deaf(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(10)

    assert asked_of(deaf, limit_s=0.2).reason is Reason.TIMEOUT


def test_a_connection_that_is_reset() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    found = asked_of(reset)
    assert (found.phase, found.reason) == (Phase.HEAD, Reason.CLOSED)


@pytest.mark.parametrize(
    ("said", "reason"),
    [(CPONG, Reason.NONE), (b"AB\0\1\5", Reason.NO_CPONG), (b"AB", Reason.NO_CPONG)],
)
def test_a_container_is_asked_by_cping(said: bytes, reason: Reason) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(5) == CPING
        writer.write(said)

    asked = inquiry("hcmethod=CPING", "ajp://127.0.0.1:1")
    found, _ = asyncio.run(checked(serve, asked))
    assert found.reason is reason


def check_at(member: Member, addresses: list[tuple[str, int]]) -> CheckResult:
    async def work() -> CheckResult:
        asked = replace(inquiry("hcmethod=TCP"), member=member)
        found, _ = await conducted(asyncio.get_running_loop(), asked, addresses)
        return found

    return asyncio.run(work())


def test_connections() -> None:
    member = inquiry().member
    with socket.create_server(("127.0.0.1", 0)) as sock:
        taken = sock.getsockname()[:2]
        assert check_at(member, [taken]).has_passed
    assert check_at(member, [taken]) == CheckResult(Phase.CONNECT, Reason.REFUSED)
    assert check_at(member, []) == CheckResult(Phase.ADDRESS, Reason.NO_ADDRESS)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        assert check_at(member, [taken, sock.getsockname()[:2]]).has_passed


def test_a_socket_of_the_file_system(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")
    asked = inquiry("hcuri=/h", f"unix:{path}|http://app.test")
    found, _ = asyncio.run(checked(saying(OK), asked, path))
    assert found.has_passed


# the reader by itself


def read(data: bytes, cuts: list[int], verb: str = "GET") -> Any:
    """What is read of an answer that comes in these pieces."""
    answer = HealthAnswer()
    reader = AnswerReader(answer, verb)
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    try:
        for piece in [*filter(None, pieces), b""]:
            if reader.is_whole:
                break
            for start in range(0, len(piece), READ_BYTES):
                reader.feed(piece[start : start + READ_BYTES])
            if not piece:
                reader.feed(b"")
    except WireError as problem:
        return problem.reason
    return answer.status, answer.fields, bytes(answer.body)


WHOLE = b"HTTP/1.1 200 OK\r\nA: b\r\nEmpty:\r\nA:  c \r\nContent-Length: 5\r\n\r\nhello"


@given(st.lists(st.integers(0, len(WHOLE)), max_size=8).map(sorted))
def test_pieces_make_no_difference(cuts: list[int]) -> None:
    status, fields, body = read(WHOLE, cuts)
    assert (status, body) == (200, b"hello")
    assert dict(fields)[b"A"] == b"c"
    assert (b"Empty", b"") in fields


def test_of_fields_of_one_name_the_first_counts() -> None:
    answer = HealthAnswer()
    AnswerReader(answer, "GET").feed(WHOLE)
    assert answer.value(b"a") == b"b"
    assert answer.value(b"none") == b""


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [
                *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 500 x\r\n", b"\r\n", b"\n", b"\0"),
                *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"abc"),
                *(b"3\r\nabc\r\n", b"0\r\n\r\n", b"Upgrade: x\r\n", b"A" * 70_000),
                *(b"Connection: upgrade\r\n", b"HTTP/1.1 101 x\r\n", b"A:b\r\n"),
                *(b"HTTP/1.1 103 x\r\n", b":", b"\xff", b"FFFFFFFFFFFFFFFFFF\r\n"),
            ]
        ),
        max_size=12,
    )
)
def test_whatever_comes_is_read_or_refused(pieces: list[bytes]) -> None:
    found = read(b"".join(pieces), [])
    if isinstance(found, tuple):
        status, fields, body = found
        assert 100 <= status <= 999
        assert len(body) <= BODY_KEPT_BYTES_MAX
        assert sum(map(len, sum(fields, ()))) <= HEAD_BYTES_MAX + READ_BYTES
    else:
        assert isinstance(found, Reason)


def test_every_method_has_a_verb() -> None:
    assert {method.verb for method in HealthMethod if method.is_http} == {
        *("OPTIONS", "HEAD", "GET"),
    }
