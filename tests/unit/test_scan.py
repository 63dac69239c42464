"""scan.h: each scan stops at the first byte that its plain definition names."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb import _probe

STOPS = {
    "value": re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]"),
    "target": re.compile(rb"[\x00-\x20#\x7f]"),
    "colon": re.compile(rb":"),
}
EMPTY_LINE = re.compile(rb"\n\r?\n")


def expected(what: str, data: bytes) -> int | None:
    if what == "empty line":
        found = EMPTY_LINE.search(data)
        return found.end() if found else None
    found = STOPS[what].search(data)
    return found.start() if found else len(data)


@rows("what", STOPS)
def test_every_byte_is_classified_inside_and_outside_a_block(what: str) -> None:
    for byte in range(256):
        for at in (0, 7, 15, 16, 20):
            for length in (at + 1, 40):
                data = b"a" * at + bytes([byte]) + b"a" * (length - at - 1)
                assert _probe.scan(what, data) == expected(what, data), (byte, at)


def test_an_empty_line_is_found_at_every_offset() -> None:
    for at in range(40):
        for line in (b"\n\n", b"\n\r\n", b"\r\n\r\n"):
            for behind in (0, 1, 17, 33):
                data = b"x" * at + line + b"y" * behind
                assert _probe.scan("empty line", data) == at + len(line)


def test_half_an_empty_line_is_none() -> None:
    for at in range(40):
        for line in (b"\n", b"\n\r", b"\r\n\r", b"\n\ra\n", b"\na\n"):
            data = b"x" * at + line
            assert _probe.scan("empty line", data) is None


@given(st.lists(st.sampled_from([b"\r", b"\n", b"a", b":", b"\t", b"\x7f"])))
def test_any_mixture_is_scanned_as_defined(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    for what in (*STOPS, "empty line"):
        assert _probe.scan(what, data) == expected(what, data)
