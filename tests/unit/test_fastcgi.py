"""Records of FastCGI: whole, byte by byte and in random pieces."""

from __future__ import annotations

import random

from gateways import END, STDERR, STDOUT, answer, record
from rows import rows

from fastlb import _probe

Decoded = tuple[bytes, bytes, list[int], str, int, bool]


def decode(raw: bytes) -> Decoded:
    """The same result whole, byte by byte and in random pieces."""
    whole: Decoded = _probe.fastcgi_decoded([raw])
    bytewise = _probe.fastcgi_decoded([raw[i : i + 1] for i in range(len(raw))])
    assert bytewise == whole
    chance = random.Random(raw)
    for _ in range(3):
        cuts = sorted(chance.randrange(len(raw) + 1) for _ in range(4))
        ends = [*cuts, len(raw)]
        pieces = [raw[a:b] for a, b in zip([0, *cuts], ends, strict=True)]
        assert _probe.fastcgi_decoded(pieces) == whole
    return whole


@rows(
    ("raw", "output", "errors"),
    [
        (answer(b"abc"), b"abc", b""),
        (answer(b""), b"", b""),
        (answer(b"abcdefgh", size=3, padding=7), b"abcdefgh", b""),
        (answer(b"abc", b"oh\nno"), b"abc", b"oh\nno"),
        (
            record(STDOUT, b"a")
            + record(STDERR, b"x", padding=255)
            + answer(b"b", b"yz"),
            b"ab",
            b"xyz",
        ),
        (record(9, b"zz", number=0, padding=1) + answer(b"a"), b"a", b""),
        (record(11, b"", number=0) + answer(b"a"), b"a", b""),
    ],
)
def test_the_output_is_put_together(raw: bytes, output: bytes, errors: bytes) -> None:
    assert decode(raw) == (output, errors, [], "ended", len(raw), True)


def test_the_answer_may_end_without_an_empty_record() -> None:
    raw = record(STDOUT, b"abc") + record(END, bytes(8), padding=3)
    assert decode(raw) == (b"abc", b"", [], "ended", len(raw), False)


def test_what_follows_the_end_is_not_looked_at() -> None:
    raw = answer(b"abc")
    assert _probe.fastcgi_decoded([raw + b"more"])[4] == len(raw)


def test_an_answer_that_is_not_whole_asks_for_more() -> None:
    raw = answer(b"abc", b"e", padding=2)
    for length in range(len(raw)):
        output, _, _, end, used, _ = decode(raw[:length])
        assert (end, used) == ("more", length)
        assert b"abc".startswith(output)


def test_a_record_that_nobody_knows_is_skipped() -> None:
    raw = record(77, b"abc", padding=1) + record(78) + answer(b"x")
    assert decode(raw) == (b"x", b"", [77, 78], "ended", len(raw), True)


@rows(
    ("raw", "end", "odd"),
    [
        (b"\x02" + record(STDOUT, b"abc")[1:], "version", 2),
        (b"HTTP/1.1 400 Bad", "version", 72),
        (record(STDOUT, b"abc", number=2), "number", 2),
        (record(STDOUT, b"abc", number=0), "number", 0),
        (record(END, bytes(8), number=256), "number", 256),
    ],
)
def test_what_is_no_answer_to_us_is_refused(raw: bytes, end: str, odd: int) -> None:
    assert decode(raw) == (b"", b"", [odd], end, 8, False)


def test_a_body_goes_in_records() -> None:
    assert _probe.fastcgi_body(b"", 100) == b"\x01\x05\0\x01\0\0\0\0"
    assert (
        _probe.fastcgi_body(b"abc", 100)
        == b"\x01\x05\0\x01\0\x03\0\0abc\x01\x05\0\x01\0\0\0\0"
    )
    large = _probe.fastcgi_body(b"a" * 70_000, 80_000)
    assert len(large) == 70_000 + 24
    assert large[:8] == b"\x01\x05\0\x01\xff\xff\0\0"
    assert large[8 + 65_535 :][:8] == b"\x01\x05\0\x01\x11\x71\0\0"
    assert _probe.fastcgi_body(b"abc", 18) is None
    assert _probe.fastcgi_stdin_head(0x1234) == b"\x01\x05\0\x01\x12\x34\0\0"
