"""Headers of the PROXY protocol, read and written."""

from __future__ import annotations

import ipaddress

import pytest
from fastlb._probe import preface_made, preface_of
from hypothesis import given
from hypothesis import strategies as st

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
IS_NONE, TOO_LONG, LACKS, FAMILY, ADDRESS, PORT, BYTES, COMMAND, PROTOCOL = range(9)
LINE_MAX = 107
BYTES_MAX = 2048


def version_2(command: int, family: int, rest: bytes) -> bytes:
    return SIGNATURE + bytes([command, family]) + len(rest).to_bytes(2, "big") + rest


FOUR = version_2(0x21, 0x11, bytes([192, 0, 2, 1, 192, 0, 2, 2, 1, 2, 0, 80]))
SIX = version_2(0x21, 0x21, ipaddress.ip_address("2001:db8::1").packed * 2 + bytes(4))
LINE = b"PROXY TCP4 192.0.2.1 192.0.2.2 258 80\r\n"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (LINE, (len(LINE), "192.0.2.1", 258)),
        (b"PROXY TCP6 2001:DB8::1 ::1 1 2\r\n", (32, "2001:db8::1", 1)),
        (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", (37, "192.0.2.1", 1)),
        (b"PROXY UNKNOWN\r\n", (15, "", 0)),
        (b"PROXY UNKNOWN a b c d\r\n", (23, "", 0)),
        (b"PROXY UNKNOWN " + b"a" * 91 + b"\r\n", (LINE_MAX, "", 0)),
        (b"PROXY   TCP4  192.0.2.1  x  65535\r\n", (35, "192.0.2.1", 65535)),
        (FOUR, (28, "192.0.2.1", 258)),
        (SIX, (52, "2001:db8::1", 0)),
        (version_2(0x20, 0, b""), (16, "", 0)),
        (version_2(0x20, 0x11, b"much else"), (25, "", 0)),
        (version_2(0x21, 0x11, FOUR[16:] + b"\3\0\1x"), (32, "192.0.2.1", 258)),
        (version_2(0x21, 0x11, FOUR[16:].ljust(2032)), (BYTES_MAX, "192.0.2.1", 258)),
    ],
)
def test_a_header_is_found_in_any_pieces(
    data: bytes, found: tuple[int, str, int]
) -> None:
    assert preface_of(data) == found
    assert preface_of(data + b"GET / HTTP/1.1\r\n") == found
    for size in range(len(data)):
        assert preface_of(data[:size]) == "more"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"G", IS_NONE),
        (b"PROXZ", IS_NONE),
        (b"\r\n\r\nx", IS_NONE),
        (b"\x16\x03\x01", IS_NONE),
        (version_2(0x11, 0x11, bytes(12)), IS_NONE),
        (version_2(0x31, 0x11, bytes(12)), IS_NONE),
        (version_2(0x21, 0x11, bytes(11)), IS_NONE),
        (version_2(0x21, 0x21, bytes(35)), IS_NONE),
        (b"PROXY TCP4 " + b"1" * 96, TOO_LONG),
        (b"PROXY TCP4 1\r1", TOO_LONG),
        (b"PROXY UNKNOWN " + b"a" * 92 + b"\r", TOO_LONG),
        (b"PROXY \r\n", LACKS),
        (b"PROXY TCP4\r\n", LACKS),
        (b"PROXY TCP4 192.0.2.1\r\n", LACKS),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 \r\n", LACKS),
        (b"PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n", FAMILY),
        (b"PROXY UNKNOWNS\r\n", FAMILY),
        (b"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n", ADDRESS),
        (b"PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n", ADDRESS),
        (b"PROXY TCP4 ::1 192.0.2.2 1 2\r\n", ADDRESS),
        (b"PROXY TCP6 192.0.2.1 ::1 1 2\r\n", ADDRESS),
        (b"PROXY TCP6 fe80::1%lo ::1 1 2\r\n", ADDRESS),
        (b"PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n", ADDRESS),
        (b"PROXY TCP4 " + b"1" * 60 + b" 192.0.2.2 1 2\r\n", ADDRESS),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 x 2\r\n", PORT),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n", PORT),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n", PORT),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 99999999999999999999 2\r\n", PORT),
        (version_2(0x21, 0x11, bytes(2033)), BYTES),
        (version_2(0x22, 0x11, bytes(12)), COMMAND),
        (version_2(0x21, 0x12, bytes(12)), PROTOCOL),
        (version_2(0x21, 0x31, bytes(216)), PROTOCOL),
        (version_2(0x21, 0x00, b""), PROTOCOL),
    ],
)
def test_what_is_refused(data: bytes, why: int) -> None:
    assert preface_of(data) == why


@given(st.binary(max_size=120), st.sampled_from([b"", b"PROXY ", SIGNATURE + b"\x21"]))
def test_any_bytes_have_an_end(data: bytes, begin: bytes) -> None:
    data = begin + data
    found = preface_of(data)
    if isinstance(found, tuple):
        assert 15 <= found[0] <= len(data)
    elif found == "more":
        assert len(data) < BYTES_MAX


ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
PORTS = st.integers(0, 65535)


@given(ADDRESSES, PORTS, ADDRESSES, PORTS, st.sampled_from([1, 2]))
def test_what_is_written_is_read(
    client: ipaddress.IPv4Address | ipaddress.IPv6Address,
    port: int,
    here: ipaddress.IPv4Address | ipaddress.IPv6Address,
    local_port: int,
    version: int,
) -> None:
    packed = [
        b"\0" * 10 + b"\xff\xff" + one.packed if one.version == 4 else one.packed
        for one in (client, here)
    ]
    made = preface_made(version, packed[0], port, packed[1], local_port)
    assert len(made) <= LINE_MAX
    found = preface_of(made)
    assert isinstance(found, tuple)
    length, address, found_port = found
    known = ipaddress.ip_address(address)
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped:
        known = known.ipv4_mapped
    if isinstance(client, ipaddress.IPv6Address) and client.ipv4_mapped:
        client = client.ipv4_mapped
    assert (length, known, found_port) == (len(made), client, port)


def test_a_line_names_one_family() -> None:
    four, six = b"\0" * 10 + b"\xff\xff\xc0\0\2\1", b"\x20\1\r\xb8" + b"\0" * 11 + b"\1"
    assert preface_made(1, four, 7, four, 80) == (
        b"PROXY TCP4 192.0.2.1 192.0.2.1 7 80\r\n"
    )
    assert preface_made(1, four, 7, six, 80) == (
        b"PROXY TCP6 ::ffff:c000:201 2001:db8::1 7 80\r\n"
    )
