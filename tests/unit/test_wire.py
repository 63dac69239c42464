"""Heartbeats as bytes: what is sent can be read, and nothing breaks a reader."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.heartbeat.wire import (
    COUNT_MAX,
    Beat,
    Seen,
    datagram,
    file_line,
    read_datagram,
    read_file,
)

ports = st.none() | st.integers(1, 65535).filter(lambda port: port != 80)
beats = st.builds(Beat, st.integers(0, COUNT_MAX), st.integers(0, COUNT_MAX), ports)


def test_a_datagram_is_that_of_mod_heartbeat() -> None:
    assert datagram(Beat(75, 3)) == b"v=1&ready=75&busy=3"
    assert datagram(Beat(75, 3, 8080)) == b"v=1&ready=75&busy=3&port=8080"


def test_a_line_is_that_of_mod_heartmonitor() -> None:
    line = file_line(Seen("192.0.2.11", Beat(75, 3), 1))
    assert line == "192.0.2.11 &ready=75&busy=3&lastseen=1&port=80\n"


@given(beats)
def test_what_is_sent_is_read(beat: Beat) -> None:
    assert read_datagram(datagram(beat)) == beat


@given(st.lists(st.builds(Seen, st.ip_addresses().map(str), beats, st.integers(0, 99))))
def test_what_is_written_is_read(seen: list[Seen]) -> None:
    data = "".join(map(file_line, seen)).encode()
    assert list(read_file(b"# ours\n\n" + data)) == seen


@rows(
    "data",
    [
        b"v=1&busy=3&ready=75",
        b"ready=75&&v=1&busy=3&other=x",
        b"%76=1&r%65ady=7%35&busy=3",
        b"v&ready=75&busy=3",
        b"v=2&ready=75&busy=3&port=80",
        b"v=1&ready=1&ready=75&busy=3",
    ],
)
def test_what_is_one_datagram_in_other_words(data: bytes) -> None:
    assert read_datagram(data) == Beat(75, 3)


@rows(
    "data",
    [
        b"",
        b"v=1&ready=75",
        b"ready=75&busy=3",
        b"v=1&ready=x&busy=3",
        b"v=1&ready=-1&busy=3",
        b"v=1&ready=&busy=3",
        b"v=1&ready=99999999999&busy=3",
        b"v=1&ready=\xb2&busy=3",
        b"v=1&ready=1&busy=1&port=x",
        b"v=1&ready=1&busy=1&" + b"x" * 1000,
    ],
)
def test_what_is_no_heartbeat(data: bytes) -> None:
    assert read_datagram(data) is None


def test_a_number_is_bounded() -> None:
    assert read_datagram(b"v=1&ready=4294967295&busy=0") == Beat(COUNT_MAX, 0)


@given(st.binary(max_size=1200) | st.text("vreadybus=&%0123+ \n#").map(str.encode))
def test_no_bytes_break_a_reader(data: bytes) -> None:
    beat = read_datagram(data)
    found = [seen.beat for seen in read_file(data)] + [beat] * (beat is not None)
    for one in found:
        assert one is not None
        assert 0 <= one.ready <= COUNT_MAX
        assert 0 <= one.busy <= COUNT_MAX
