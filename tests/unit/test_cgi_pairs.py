"""Variables for applications: names made of fields, and how the list is packed."""

from __future__ import annotations

import pytest
from rows import rows

from fastlb import _probe

ROOM = 400_000


@rows(
    ("name", "variable"),
    [
        (b"Accept", b"HTTP_ACCEPT"),
        (b"x-a9", b"HTTP_X_A9"),
        (b"X-Odd_Name", None),  # X_Odd-Name would be the same
        (b"X.Dot", None),
        (b"X!", None),
        (b"\xc3\xa4", None),
        (b"proxy", None),
        (b"PROXY", None),
        (b"Proxy-X", b"HTTP_PROXY_X"),
    ],
)
def test_a_field_becomes_a_variable(name: bytes, variable: bytes | None) -> None:
    found, overflow = _probe.cgi_pairs([(name, b"v", "field")])
    assert found == ([(variable, b"v")] if variable else [])
    assert not overflow


def test_a_variable_is_set_once() -> None:
    found, _ = _probe.cgi_pairs(
        [(b"A", b"1"), (b"x-y", b"2", "field"), (b"HTTP_XY", b"3")],
        sets=[(b"HTTP_X_Y", b"4"), (b"A", b"5"), (b"B", b"6")],
        unsets=[b"HTTP_XY", b"C"],
    )
    assert sorted(found) == [(b"A", b"5"), (b"B", b"6"), (b"HTTP_X_Y", b"4")]


def test_what_stands_behind_a_nul_is_no_variable() -> None:
    found, _ = _probe.cgi_pairs([(b"A", b"1\0B\0002")], sets=[(b"C", b"\0x")])
    assert found == [(b"A", b"1"), (b"C", b"")]


def test_more_than_the_list_takes_is_told() -> None:
    found, overflow = _probe.cgi_pairs([(b"A%d" % n, b"") for n in range(1600)])
    assert len(found) == 1536
    assert overflow


def test_fastcgi_says_who_asks_and_what_for() -> None:
    packed = _probe.cgi_packed("fcgi", [(b"A", b"xy"), (b"b-c", b"", "field")], ROOM)
    assert packed == (
        b"\x01\x01\0\x01\0\x08\0\0" + b"\0\x01\0\0\0\0\0\0"
        b"\x01\x04\0\x01\0\x0f\0\0" + b"\x01\x02Axy" + b"\x08\0HTTP_B_C"
        b"\x01\x04\0\x01\0\0\0\0"
    )
    kept = _probe.cgi_packed("fcgi", [], ROOM, True)
    assert kept == (
        b"\x01\x01\0\x01\0\x08\0\0" + b"\0\x01\x01\0\0\0\0\0\x01\x04\0\x01\0\0\0\0"
    )


@pytest.mark.parametrize("size", [127, 128, 65_000, 65_526, 65_527, 65_536, 300_000])
def test_a_long_value_goes_over_records(size: int) -> None:
    """Records are no larger than they may be, and what they hold is one stream."""
    variables = [(b"A", b"1"), (b"x-long", b"y" * size, "field"), (b"B", b"2")]
    packed = _probe.cgi_packed("fcgi", variables, ROOM)[16:]
    stream, at = b"", 0
    while True:
        assert packed[at : at + 4] == b"\x01\x04\0\x01"
        length = int.from_bytes(packed[at + 4 : at + 6], "big")
        stream += packed[at + 8 : at + 8 + length]
        at += 8 + length
        if not length:
            break
    assert at == len(packed)
    long = bytes([size]) if size < 128 else (size | 1 << 31).to_bytes(4, "big")
    assert stream == (
        b"\x01\x01A1" + b"\x0b" + long + b"HTTP_X_LONG" + b"y" * size + b"\x01\x01B2"
    )


def test_names_and_values_of_every_size_are_copied_whole() -> None:
    letters = bytes(97 + n % 26 for n in range(160))
    for size in range(1, 140):
        name, content = letters[:size], letters[20 : 20 + size]
        packed = _probe.cgi_packed("fcgi", [(name, content), (b"N", b"")], ROOM)
        length = bytes([size]) if size < 128 else b"\x80\0\0" + bytes([size])
        assert 2 * length + name + content + b"\x01\0N" in packed, size


def test_scgi_is_a_netstring() -> None:
    variables = [
        (b"GATEWAY_INTERFACE", b"CGI/1.1"),
        (b"CONTENT_LENGTH", b"99"),
        (b"SCGI", b"2"),
        (b"A", b"xy"),
        (b"b", b"", "field"),
    ]
    body = b"CONTENT_LENGTH\x0027\0SCGI\x001\0A\0xy\0HTTP_B\0\0"
    packed = _probe.cgi_packed("scgi", variables, ROOM, body=27)
    assert packed == b"%d:%s," % (len(body), body)


def test_uwsgi_has_sizes_of_16_bits() -> None:
    packed = _probe.cgi_packed("uwsgi", [(b"A", b"xy"), (b"b", b"", "field")], ROOM)
    assert packed == b"\0\x11\0\0" + b"\x01\0A\x02\0xy" + b"\x06\0HTTP_B\0\0"
    assert len(_probe.cgi_packed("uwsgi", [(b"A", b"x" * 65_530)], ROOM)) == 65_539
    assert _probe.cgi_packed("uwsgi", [(b"A", b"x" * 65_531)], ROOM) is False


@pytest.mark.parametrize("how", ["fcgi", "scgi", "uwsgi"])
def test_without_room_nothing_is_written_past_the_end(how: str) -> None:
    variables = [(b"A", b"xy"), (b"b-c", b"z", "field")]
    whole = _probe.cgi_packed(how, variables, ROOM)
    for room in range(len(whole)):
        assert _probe.cgi_packed(how, variables, room) is None
    assert _probe.cgi_packed(how, variables, len(whole)) == whole
