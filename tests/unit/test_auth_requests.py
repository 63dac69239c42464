"""AuthRequest: what is asked, and what of an answer is believed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.facts.rules import AuthRequest
from fastlb.worker.auth_requests import passed_on, question, read

ASKED = AuthRequest("127.0.0.1", 9, "/check", "auth.test:9")
HEAD = b"HTTP/1.1 200 OK\r\nX-User: bob \r\nX-Empty:\r\n\r\n"


def asked(*headers: tuple[bytes, bytes]) -> list[str]:
    request: Any = SimpleNamespace(
        method="PUT",
        target="/a?b",
        headers=list(headers),
        client_host="192.0.2.1",
        host_name="h.test",
    )
    head = question(ASKED, request, "https").decode("latin-1")
    assert head.endswith("\r\n\r\n")
    return head.removesuffix("\r\n\r\n").split("\r\n")


def test_what_is_asked() -> None:
    assert asked() == [
        "GET /check HTTP/1.1",
        "Host: auth.test:9",
        "Connection: close",
        "X-Original-URI: /a?b",
        "X-Original-Method: PUT",
        "X-Forwarded-Method: PUT",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: h.test",
        "X-Forwarded-Uri: /a?b",
        "X-Forwarded-For: 192.0.2.1",
    ]


@rows(
    "name",
    [
        *(b"Host", b"Connection", b"content-length", b"Transfer-Encoding", b"Expect"),
        *(b"X-Forwarded-Proto", b"X-Original-URI", b"Upgrade", b"Named"),
    ],
)
def test_what_is_of_this_connection_stays_here(name: bytes) -> None:
    lines = asked((name, b"secret"), (b"Connection", b"a, Named ,b"), (b"Kept", b"k"))
    assert not any(line.endswith(" secret") for line in lines[2:] if "Host" not in line)
    assert "Kept: k" in lines and lines[2] == "Connection: close"


def test_addresses_of_proxies_before_are_kept() -> None:
    assert "X-Forwarded-For: 10.0.0.1, 192.0.2.1" in asked(
        (b"X-Forwarded-For", b"10.0.0.1")
    )


def test_a_head_is_read() -> None:
    assert read(HEAD) == (200, [("X-User", "bob"), ("X-Empty", "")])


@rows(
    "head",
    [
        *(b"", b"\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 2000\r\n\r\n"),
        *(b"HTTP/1.1 200 OK\nX: y\r\n\r\n", b"HTTP/1.1 200 OK\r\nX : y\r\n\r\n"),
        *(b"HTTP/1.1 200 OK\r\n X: y\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"),
        *(b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", b"HTTP/1.1 200 OK\r\nX\r\n\r\n"),
    ],
)
def test_what_is_no_head_is_no_answer(head: bytes) -> None:
    assert read(head) is None


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_not(head: bytes) -> None:
    for data in (head, b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n"):
        told = read(data)
        if told is not None:
            text = passed_on((403, told[1]), ())
            assert b"\r" not in text and b"\n" not in text
            assert text.count(b"\0") % 2 == 0


def test_a_member_gets_what_is_named_and_a_client_what_is_not_of_the_body() -> None:
    fields = [("X-User", "bob"), ("Content-Length", "3"), ("Set-Cookie", "a=b")]
    assert passed_on((204, fields), ["x-user"]) == b"X-User\0bob\0"
    assert passed_on((403, fields), ["x-user"]) == b"X-User\0bob\0Set-Cookie\0a=b\0"
