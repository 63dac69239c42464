"""The head of what a program answers, made a head of HTTP in place."""

from __future__ import annotations

from rows import rows

from fastlb import _probe


def made(raw: bytes) -> bytes | int | None:
    """The same result in one look and byte by byte."""
    whole = _probe.script_head(raw + b"rest")
    assert _probe.script_head(raw + b"rest", [1] * (len(raw) + 4)) == whole
    if not isinstance(whole, tuple):
        return int(whole) if whole is not None else None
    head, length, _ = whole
    assert length == len(raw)
    return bytes(head)


@rows(
    ("raw", "head"),
    [
        (b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n"),
        (b"\n", b"HTTP/1.1 200 OK\r\n\n"),
        (b"A: b\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"),
        (b"A: b\nC: d\n\n", b"HTTP/1.1 200 OK\r\nA: b\nC: d\n\n"),
        (b"A: b\n\r\n", b"HTTP/1.1 200 OK\r\nA: b\n\r\n"),
        (b"Status: 404 Not Here\r\n\r\n", b"HTTP/1.1 404 Not Here\r\n\r\n"),
        (b"status:404\n\n", b"HTTP/1.1 404 \r\n\n"),
        (b"Status:  404 \r\n\r\n", b"HTTP/1.1 404 \r\n\r\n"),
        (
            b"A: b\r\nSTATUS: 302 Found\r\nC: d\r\n\r\n",
            b"HTTP/1.1 302 Found\r\nA: b\r\nC: d\r\n\r\n",
        ),
        (
            b"Content-Length: 4\r\nA: b\r\nTransfer-Encoding: x\r\nStatus: 999 x\r\n"
            b"Content-length: 5\r\nStatuses: 1\r\n\r\n",
            b"HTTP/1.1 999 x\r\nA: b\r\nStatuses: 1\r\n\r\n",
        ),
        (
            b"Status: 200 " + b"x" * 201 + b"\r\nA: b\r\n\r\n",
            b"HTTP/1.1 200 \x01\r\nA: b\r\n\r\n",
        ),
    ],
)
def test_a_head_of_http_is_made(raw: bytes, head: bytes) -> None:
    assert made(raw) == head


@rows(
    ("lines", "announced"),
    [
        (b"A: b", -1),
        (b"Content-Length: 4", 4),
        (b"A: b\r\ncontent-length:\t12 \t\r\nC: d", 12),
        (b"Content-Length: 0", 0),
        (b"Content-Length: 4\r\nContent-Length: 4", -1),
        (b"Content-Length: 4\r\nA: b\r\nContent-Length: x", -1),
        (b"Content-Length: ", -1),
        (b"Content-Length:", -1),
        (b"Content-Length: +4", -1),
        (b"Content-Length: 4 4", -1),
        (b"Content-Length: 99999999999999999999", -1),
    ],
)
def test_what_its_body_should_have_is_remembered(lines: bytes, announced: int) -> None:
    for end in (b"\r\n", b"\n"):
        raw = lines.replace(b"\r\n", end) + end * 2
        assert _probe.script_head(raw)[2] == announced


@rows(
    ("raw",),
    [
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n",),
        (b"Status: abc\r\n\r\n",),
        (b"Status: 99 low\r\n\r\n",),
        (b"Status: 1000 high\r\n\r\n",),
        (b"Status: 100 Continue\r\n\r\n",),
        (b"Status: 20\r\n\r\n",),
        (b"Status:\r\n\r\n",),
        (b"Status: 200 OK\r\nStatus: 200 OK\r\n\r\n",),
    ],
)
def test_what_is_no_status_is_refused(raw: bytes) -> None:
    assert made(raw) == -502


def test_a_head_that_is_not_whole_asks_for_more() -> None:
    raw = b"A: b\r\nC: d\n\r\n"
    for length in range(len(raw)):
        assert _probe.script_head(raw[:length]) is None
