"""Framing: the table at the head of framing.pyx, row by row."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb import _probe


def of_request(
    *fields: bytes, version: bytes = b"1.1", compat_apache: bool = False
) -> Any:
    lines = b"".join(field + b"\r\n" for field in fields)
    raw = b"POST / HTTP/" + version + b"\r\n" + lines + b"\r\n"
    found = _probe.parse_request(raw, compat_apache=compat_apache)
    assert isinstance(found, dict), found
    return found["framing"]


def of_response(
    *fields: bytes, status: int = 200, method: str = "GET", version: bytes = b"1.1"
) -> Any:
    lines = b"".join(field + b"\r\n" for field in fields)
    raw = b"HTTP/" + version + b" %d OK\r\n" % status + lines + b"\r\n"
    found = _probe.parse_response(raw, method)
    assert isinstance(found, dict), found
    return found["framing"]


def body(kind: str, length: int = 0, close_after: bool = False) -> dict[str, Any]:
    return {"body": kind, "length": length, "close_after": close_after}


REFUSED = (-400, "framing")
SEVERAL_CODINGS = (-501, "framing")
BAD_GATEWAY = (-502, "framing")
CHUNKED = b"Transfer-Encoding: chunked"


def test_a_request_that_says_nothing_has_no_body() -> None:
    assert of_request() == body("none")


def test_a_response_that_says_nothing_lasts_until_close() -> None:
    assert of_response() == body("until close")


@rows(
    ("value", "length"),
    [(b"0", 0), (b"3", 3), (b"0003", 3), (b"9223372036854775807", 2**63 - 1)],
)
def test_a_content_length_is_digits(value: bytes, length: int) -> None:
    field = b"Content-Length: " + value
    assert of_request(field) == body("length", length)
    assert of_response(field) == body("length", length)


@rows(
    "value",
    [
        b"",
        b"+1",
        b"-1",
        b"0x1",
        b"1,1",
        b"1 1",
        b"a",
        b"9223372036854775808",
        b"9" * 99,
    ],
)
def test_anything_else_is_refused(value: bytes) -> None:
    field = b"Content-Length: " + value
    for fields in ((field,), (field, CHUNKED)):
        assert of_request(*fields) == REFUSED
        assert of_response(*fields) == BAD_GATEWAY


@rows("second", [b"3", b"4"])
def test_a_content_length_given_twice_is_refused(second: bytes) -> None:
    fields = (b"Content-Length: 3", b"X: 1", b"content-length: " + second)
    assert of_request(*fields) == REFUSED
    assert of_response(*fields) == BAD_GATEWAY
    assert of_response(*fields, method="HEAD") == BAD_GATEWAY


@rows("coding", [b"chunked", b"CHUNKED", b" chunked\t"])
def test_chunked_is_taken_in_any_case(coding: bytes) -> None:
    field = b"Transfer-Encoding:" + coding
    assert of_request(field) == body("chunked")
    assert of_response(field) == body("chunked")


def test_a_request_with_a_coding_and_a_length_is_refused() -> None:
    doubtful = body("chunked", close_after=True)
    for fields in ((CHUNKED, b"Content-Length: 3"), (b"Content-Length: 3", CHUNKED)):
        assert of_request(*fields) == REFUSED
        assert of_request(*fields, compat_apache=True) == doubtful
        assert of_response(*fields) == doubtful


def test_a_coding_from_1_0_is_refused() -> None:
    doubtful = body("chunked", close_after=True)
    assert of_request(CHUNKED, version=b"1.0") == REFUSED
    assert of_request(CHUNKED, version=b"1.0", compat_apache=True) == doubtful
    assert of_response(CHUNKED, version=b"1.0") == doubtful


@rows(
    "fields",
    [
        (b"Transfer-Encoding: gzip, chunked",),
        (b"Transfer-Encoding: gzip,chunked",),
        (b"Transfer-Encoding: gzip\t, chunked ",),
        (b"Transfer-Encoding: gzip", CHUNKED),
        (b"Transfer-Encoding: gzip", b"X: 1", b"Content-Length: 1", CHUNKED),
    ],
)
def test_codings_that_are_not_known_are_501(fields: tuple[bytes, ...]) -> None:
    assert of_request(*fields) == SEVERAL_CODINGS
    assert of_response(*fields) == BAD_GATEWAY


@rows(
    "fields",
    [
        (b"Transfer-Encoding:",),
        (b"Transfer-Encoding: identity",),
        (b"Transfer-Encoding: gzip",),
        (b"Transfer-Encoding: xchunked",),
        (b"Transfer-Encoding: chunked, chunked",),
        (b"Transfer-Encoding: chunked, gzip, chunked",),
        (b"Transfer-Encoding: ,chunked",),
        (b"Transfer-Encoding: gzip,, chunked",),
        (b"Transfer-Encoding: gzip;q=1, chunked",),
        (b"Transfer-Encoding: gzip chunked",),
        (CHUNKED, CHUNKED),
        (b"Transfer-Encoding: chunked, gzip",),
        (b"Transfer-Encoding: chunked,",),
        (b"Transfer-Encoding: chunked;a=b",),
        (b'Transfer-Encoding: "chunked"',),
        (CHUNKED, b"Transfer-Encoding: gzip"),
        (CHUNKED, b"Transfer-Encoding:"),
    ],
)
def test_other_codings_are_refused(fields: tuple[bytes, ...]) -> None:
    assert of_request(*fields) == REFUSED
    assert of_response(*fields) == BAD_GATEWAY
    assert of_request(*fields, b"Content-Length: 3") == REFUSED


@rows("field", [CHUNKED, b"Content-Length: 5"])
def test_answers_without_a_body(field: bytes) -> None:
    for status in (100, 101, 103, 204, 304):
        assert of_response(field, status=status)["body"] == "none"
    assert of_response(field, method="HEAD")["body"] == "none"
    assert of_response(field, method="CONNECT")["body"] == "none"
    assert of_response(field, status=404, method="CONNECT")["body"] != "none"


@given(st.integers(0, 2**63 - 1))
def test_every_length_is_read_as_written(length: int) -> None:
    assert of_request(b"Content-Length: %d" % length)["length"] == length
