"""names/packet.py: beside another reader, and for whatever a name server sends."""

from __future__ import annotations

import contextlib
import ipaddress
import struct
from collections.abc import Callable
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import dns.wire
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fastlb.names import packet
from fastlb.names.packet import BadName, Malformed, Reply

NUMBER = 0x1234
ASKED = packet.question("app.test.", "A", NUMBER)
LABELS = st.sampled_from(["app", "b", "APP", "x-y", "test"])
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(lambda all_: ".".join(all_) + ".")


def answer_of(*records: str, flags: int = dns.flags.RA) -> dns.message.Message:
    """records: lines as in a zone's file."""
    answer = dns.message.make_response(dns.message.from_wire(ASKED))
    answer.flags |= flags
    for line in records:
        name, ttl, *others = line.split(" ", 4)
        answer.answer.append(dns.rrset.from_text(name, int(ttl), *others))
    return answer


@pytest.mark.parametrize("kind", ["A", "AAAA"])
@pytest.mark.parametrize("payload", [0, 1232])
def test_a_question_is_what_others_read(kind: str, payload: int) -> None:
    read = dns.message.from_wire(packet.question("App.test", kind, 77, payload=payload))
    right = dns.message.make_query("App.test", kind, use_edns=0 if payload else None)
    right.id = 77
    assert read == right
    assert read.payload == payload
    assert read.flags == dns.flags.RD


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", "a" * 64, "größe.test", "a\0b", "a." * 127 + "bb"]
)
def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    with pytest.raises(BadName):
        packet.question(name, "A", 1)
    packet.question("a." * 126 + "b", "A", 1)


def test_who_answers_is_known_by_the_front() -> None:
    right = answer_of("app.test. 60 IN A 192.0.2.1").to_wire()
    assert packet.answers(right, ASKED)
    assert packet.answers(right.replace(b"\3app\4test", b"\3APP\4TeSt", 1), ASKED)
    assert not packet.answers(ASKED, ASKED)
    for place, value in ((0, 0x13), (1, 0x35), (2, 0x01), (2, 0xA1), (5, 2), (13, 98)):
        wrong = bytearray(right)
        wrong[place] = value
        assert not packet.answers(bytes(wrong), ASKED), (place, value)
    for end in range(26):  # of the question
        assert not packet.answers(right[:end], ASKED)
    for code, is_answer in enumerate((False, True, True, False, True, True, False)):
        bare = struct.pack("!6H", NUMBER, packet.QR | code, 0, 0, 0, 0)
        assert packet.answers(bare, ASKED) is is_answer


@given(
    st.lists(
        st.tuples(
            NAMES,
            st.integers(0, 2**31 - 1),
            st.one_of(
                st.ip_addresses(v=4).map(lambda one: f"A {one}"),
                st.ip_addresses(v=6).map(lambda one: f"AAAA {one}"),
                NAMES.map(lambda name: f"CNAME {name}"),
                st.just("TXT text"),
                st.just("MX 1 app.test."),
            ),
        ),
        max_size=12,
    ),
    st.sampled_from([0, dns.flags.RA]),
)
def test_sound_answers_say_what_another_reader_says(
    records: list[tuple[str, int, str]], flags: int
) -> None:
    renamed = [name for name, _, said in records if said.startswith("CNAME")]
    # Of two other names of one name either reader may take either (RFC 1034 3.6.2).
    assume(len(set(renamed)) == len(renamed))
    lines = [f"{name} {ttl} IN {said}" for name, ttl, said in records]
    message = answer_of(*lines, flags=flags)
    wire = message.to_wire()
    told = packet.read(wire)
    try:
        right = dns.message.from_wire(wire).resolve_chaining()  # type: ignore[attr-defined]
    except dns.exception.DNSException:
        assert told == Reply(0, fault=packet.ENDLESS)
        return
    if right.answer is None:
        is_lame = bool(right.cnames) and not flags
        assert told == Reply(0, fault=packet.ENDLESS if is_lame else "")
        return
    said = {ipaddress.ip_address(str(one)) for one in right.answer}
    assert set(map(ipaddress.ip_address, told.addresses)) == said
    assert told.ttl_s == right.minimum_ttl


@given(st.binary(max_size=300), st.integers(0, 3))
def test_whatever_a_server_sends_is_an_answer_or_none(data: bytes, more: int) -> None:
    front = answer_of().to_wire()
    counted = front[:6] + struct.pack("!HHH", more, 0, 0) + front[12:]
    for wire in (data, front + data, counted + data):
        if not packet.answers(wire, ASKED):
            continue
        try:
            told = packet.read(wire)
        except Malformed:
            continue
        assert told.ttl_s >= 0
        assert all(map(ipaddress.ip_address, told.addresses))


@given(st.data())
def test_a_byte_that_changed_is_an_answer_or_none(data: st.DataObject) -> None:
    message = answer_of(
        "app.test. 60 IN CNAME blue.test.", "blue.test. 9 IN A 192.0.2.1"
    )
    message.use_edns(0)
    wire = bytearray(message.to_wire())
    for _ in range(data.draw(st.integers(1, 3))):
        wire[data.draw(st.integers(26, len(wire) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Malformed):
        packet.read(bytes(wire))


def test_every_end_is_noticed() -> None:
    wire = answer_of("app.test. 60 IN A 192.0.2.1").to_wire()
    for end in range(26, len(wire)):
        with pytest.raises(Malformed):
            packet.read(wire[:end])
    with pytest.raises(Malformed):
        packet.read(wire + b"x")


def test_a_code_is_read_with_its_upper_bits() -> None:
    message = answer_of()
    message.use_edns(0)
    message.set_rcode(dns.rcode.BADVERS)
    assert packet.read(message.to_wire()).code == 16


def front(records: int) -> bytearray:
    data = bytearray(answer_of().to_wire())
    struct.pack_into("!H", data, 6, records)
    return data


def record(owner: bytes, kind: int = 1, said: bytes = bytes(4)) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, 60, len(said)) + said


class Counted(bytes):
    """How often something of it is looked at."""

    count = 0

    def __getitem__(self, key: Any) -> Any:
        self.count += 1
        return super().__getitem__(key)


def within_each_other(kind: int, size: int) -> bytearray:
    """Long names, one within the other, and as many of them as there is room for."""
    data = front(0)
    places = [len(data)]
    data += record(b"\1a" * 120 + b"\0")
    count = 1
    while True:
        owner = b"\1b" + struct.pack("!H", 0xC000 | places[-1])
        one = record(owner, kind, owner if kind == 5 else bytes(4))
        if len(data) + len(one) > size:
            break
        if len(places) < 6:
            places.append(len(data))
        data += one
        count += 1
    struct.pack_into("!H", data, 6, count)
    return data


def from_everywhere(kind: int, size: int) -> bytearray:
    """Names that begin at each label of long ones."""
    data = front(0)
    places = []
    count = 0
    while len(places) < packet.RECORDS_MAX and len(data) < 0x3F00:
        places += range(len(data), len(data) + 240, 2)
        data += record(b"\1a" * 126 + b"\0")
        count += 1
    for place in places:
        owner = struct.pack("!H", 0xC000 | place)
        one = record(owner, kind, owner if kind == 5 else bytes(4))
        if len(data) + len(one) <= size:
            data += one
            count += 1
    struct.pack_into("!H", data, 6, count)
    return data


@pytest.mark.parametrize("made", [within_each_other, from_everywhere])
@pytest.mark.parametrize("kind", [1, 5, 28, 41, 99])
@pytest.mark.parametrize("size", [4096, 65_535])
def test_each_label_is_read_once(
    made: Callable[[int, int], bytearray], kind: int, size: int
) -> None:
    """However many names lead there: else a name server holds up all the others."""
    data = Counted(made(kind, size))
    try:
        packet.read(data)
    except Malformed:
        assert kind == 28
    assert data.count < 2 * len(data)


PIECES = st.one_of(
    st.sampled_from([b"\0", b"\1a", b"\1B", b"\2xy", b"\x40", b"\x3f" + b"l" * 63]),
    st.integers(0, 40).map(lambda at: bytes([0xC0, at])),
)


def name_at(names: packet.Names, at: int) -> tuple[bytes, int] | None:
    try:
        return names.read(at)
    except (Malformed, IndexError):
        return None


@given(
    st.lists(PIECES, max_size=20).map(b"".join),
    st.lists(st.integers(0, 40), max_size=8),
)
def test_a_name_is_the_same_whatever_was_read_before(
    data: bytes, places: list[int]
) -> None:
    names = packet.Names(data)
    for at in places:
        assert name_at(names, at) == name_at(packet.Names(data), at)


@given(st.lists(PIECES, max_size=20).map(b"".join), st.integers(0, 40))
def test_a_name_is_what_another_reader_reads(data: bytes, at: int) -> None:
    found = name_at(packet.Names(data), at)
    if found is None:
        return
    parser = dns.wire.Parser(data)
    parser.seek(at)
    try:
        read = dns.name.from_wire_parser(parser)
    except dns.exception.DNSException:
        return  # it takes no pointer to what a part of the name itself stands in
    assert (read.to_wire().lower(), parser.current) == found


def test_a_name_in_a_circle_is_none() -> None:
    for owner in (b"\xc0\x1c", b"\1a\xc0\x1c", b"\xff\xff", b"\x80", b"\x40" * 70):
        with pytest.raises(Malformed):
            packet.read(bytes(front(1) + record(owner)))


def test_what_stands_behind_many_records_is_not_looked_at() -> None:
    owner = b"\xc0\x0c"
    many = packet.RECORDS_MAX + 5
    data = front(many)
    for number in range(many):
        data += record(owner, said=struct.pack("!I", 0xC0000200 + number))
    assert len(packet.read(bytes(data)).addresses) == packet.RECORDS_MAX
