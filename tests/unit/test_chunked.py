"""The chunked coding: whole, byte by byte and in random pieces."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb import _probe

LINE_BYTES_MAX = 1024  # CHUNK_LINE_BYTES_MAX
TRAILER_BYTES_MAX = 16384


def decode(raw: bytes) -> tuple[bytes, int, str]:
    """The same result whole, byte by byte and in random pieces."""
    whole = _probe.decode_chunks([raw])
    bytewise = _probe.decode_chunks([raw[i : i + 1] for i in range(len(raw))])
    assert bytewise == whole
    chance = random.Random(raw)
    for _ in range(3):
        cuts = sorted(chance.randrange(len(raw) + 1) for _ in range(4))
        ends = [*cuts, len(raw)]
        pieces = [raw[a:b] for a, b in zip([0, *cuts], ends, strict=True)]
        assert _probe.decode_chunks(pieces) == whole
    return whole


@rows(
    ("raw", "payload"),
    [
        (b"0\r\n\r\n", b""),
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"3\r\nabc\r\n2\r\nde\r\n000\r\n\r\n", b"abcde"),
        (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"a;x\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"0000003\r\n\r\n\r\r\n0\r\n\r\n", b"\r\n\r"),
        (b'3;a="b c";d\r\nabc\r\n0;e\r\n\r\n', b"abc"),
        (b"3 \t\r\nabc\r\n0 ;x\r\n\r\n", b"abc"),
        (b"3\r\nabc\r\n0\r\nA: 1\r\nB:\r\n\r\n", b"abc"),
    ],
)
def test_a_good_body_is_its_data(raw: bytes, payload: bytes) -> None:
    assert decode(raw) == (payload, len(raw), "done")


def test_bytes_behind_the_body_are_not_touched() -> None:
    raw = b"3\r\nabc\r\n0\r\n\r\n"
    assert decode(raw + b"GET / HTTP/1.1\r\n") == (b"abc", len(raw), "done")


def test_a_body_that_is_not_complete_asks_for_more() -> None:
    raw = b"3;x\r\nabc\r\n0\r\nA: 1\r\n\r\n"
    for length in range(len(raw)):
        payload, consumed, end = decode(raw[:length])
        assert (consumed, end) == (length, "more")
        assert b"abc".startswith(payload)


@rows(
    "raw",
    [
        b"\r\n",
        b"3\n",
        b"3\r\r",
        b"3 x",
        b" 3",
        b"\t3",
        b"+3",
        b"-3",
        b"0x3",
        b"g",
        b";a",
        b"3;a\n",
        b"3;a\x01",
        b"3;a\x7f",
        b"3;a\rb",
        b"3\r\nabcX",
        b"3\r\nabc\n",
        b"3\r\nabc\rX",
        b"0\r\n\n",
        b"0\r\nX\r\n",
        b"0\r\nX : 1",
        b"0\r\n: 1",
        b"0\r\n X: 1",
        b"0\r\nX: 1\n",
        b"0\r\nX: 1\rY",
        b"0\r\nX: \x00",
        b"0\r\nX: 1\r\n Y",
        b"0\r\n\rX",
    ],
)
def test_what_is_not_exactly_right_is_refused_at_that_byte(raw: bytes) -> None:
    _, consumed, end = decode(raw)
    assert end == "broken"
    assert consumed <= len(raw)
    assert decode(raw + b"\r\n0\r\n\r\n")[1:] == (consumed, "broken")


def test_payload_before_the_fault_is_kept() -> None:
    assert decode(b"3\r\nabcX\r\n") == (b"abc", 7, "broken")


def test_the_size_has_63_bits() -> None:
    assert decode(b"7fffffffffffffff\r\nabc")[2] == "more"
    assert decode(b"07fffffffffffffff\r\nabc")[2] == "more"
    assert decode(b"8000000000000000\r\n")[2] == "broken"
    assert decode(b"10000000000000000\r\n")[2] == "broken"
    assert decode(b"f" * 40 + b"\r\n")[2] == "broken"


def test_a_size_line_is_bounded() -> None:
    for line in (b"0" * LINE_BYTES_MAX, b"1;" + b"a" * (LINE_BYTES_MAX - 2)):
        assert decode(line)[2] == "more"
        assert decode(line + b"0")[2] == "broken"
    spaces = b"1" + b" " * (LINE_BYTES_MAX - 1)
    assert decode(spaces)[2] == "more"
    assert decode(spaces + b" ")[2] == "broken"


def test_the_bound_is_for_each_line() -> None:
    chunk = b"1;" + b"a" * 600 + b"\r\nx\r\n"
    assert _probe.decode_chunks([chunk * 4 + b"0\r\n\r\n"])[::2] == (b"xxxx", "done")


def test_trailers_are_bounded_together() -> None:
    line = b"X: " + b"a" * 995 + b"\r\n"
    assert _probe.decode_chunks([b"0\r\n" + line * 16 + b"\r\n"])[2] == "done"
    assert _probe.decode_chunks([b"0\r\n" + line * 17 + b"\r\n"])[2] == "broken"
    assert len(line) * 16 < TRAILER_BYTES_MAX < len(line) * 17


@given(st.lists(st.binary(min_size=1, max_size=70), max_size=6), st.data())
def test_what_was_encoded_is_what_is_decoded(
    parts: list[bytes], data: st.DataObject
) -> None:
    raw = b"".join(_probe.chunk_head(len(part)) + part + b"\r\n" for part in parts)
    raw += _probe.chunk_head(0) + b"\r\n"
    assert decode(raw + data.draw(st.binary(max_size=5))) == (
        b"".join(parts),
        len(raw),
        "done",
    )


@given(st.integers(0, 2**64 - 1))
def test_a_chunk_head_is_the_size_in_hexadecimal(size: int) -> None:
    assert _probe.chunk_head(size) == b"%x\r\n" % size
