"""The server name of a ClientHello, found before the library sees it."""

from __future__ import annotations

import contextlib
import ssl

from fastlb._probe import client_hello_of
from hypothesis import given
from hypothesis import strategies as st


def hello_of(name: str | None) -> bytes:
    """What Python's own TLS sends first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    session = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


def in_records_of(size: int, message: bytes) -> bytes:
    """The same message cut into records of size bytes."""
    pieces = [message[i : i + size] for i in range(0, len(message), size)]
    return b"".join(b"\x16\x03\x01" + len(p).to_bytes(2, "big") + p for p in pieces)


WITH_NAME = hello_of("www.example.org")


def test_the_name_is_found() -> None:
    assert client_hello_of(WITH_NAME) == ("whole", b"www.example.org")


def test_a_hello_without_a_name_is_whole() -> None:
    assert client_hello_of(hello_of(None)) == ("whole", None)


def test_every_beginning_asks_for_more() -> None:
    for length in range(1, len(WITH_NAME)):
        assert client_hello_of(WITH_NAME[:length]) == ("more", None)


@given(st.integers(1, 600))
def test_records_of_any_size_are_joined(size: int) -> None:
    data = in_records_of(size, WITH_NAME[5:])
    assert client_hello_of(data[:16384]) == ("whole", b"www.example.org")


def test_what_follows_the_message_does_not_matter() -> None:
    assert client_hello_of(WITH_NAME + b"\x17\x03\x03") == ("whole", b"www.example.org")


def test_a_plain_request_is_told_apart() -> None:
    assert client_hello_of(b"GET / HTTP/1.1\r\n") == ("plain", None)


def test_other_bytes_are_left_to_the_library() -> None:
    assert client_hello_of(b"\x15\x03\x01\x00\x02\x02\x28") == ("whole", None)
    assert client_hello_of(b"\x80\x2e\x01") == ("whole", None)
    assert client_hello_of(b"\x16\x03\x01\x00\x00\x16") == ("whole", None)
    assert client_hello_of(b"\x16\x03\x01\x00\x01\x02") == ("whole", None)


def test_a_hello_longer_than_is_looked_at_is_left_to_the_library() -> None:
    message = b"\x01" + (60000).to_bytes(3, "big") + bytes(60000)
    assert client_hello_of(in_records_of(16000, message)[:16384]) == ("whole", None)


def test_a_name_too_long_for_dns_is_no_name() -> None:
    message = bytearray(WITH_NAME[5:])
    at = message.index(b"www.example.org")
    message[at - 2 : at] = (4000).to_bytes(2, "big")
    assert client_hello_of(in_records_of(16000, bytes(message)))[1] is None


@given(st.data())
def test_no_change_of_bytes_reads_beyond_the_message(data: st.DataObject) -> None:
    hello = bytearray(WITH_NAME)
    for _ in range(data.draw(st.integers(1, 8))):
        hello[data.draw(st.integers(0, len(hello) - 1))] = data.draw(
            st.integers(0, 255)
        )
    kind, name = client_hello_of(bytes(hello))
    assert kind in ("whole", "more", "plain")
    assert name is None or name in hello.replace(b"\x16\x03\x01", b"") or name in hello


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_judged(data: bytes) -> None:
    kind, _ = client_hello_of(data)
    assert kind in ("whole", "more", "plain")
