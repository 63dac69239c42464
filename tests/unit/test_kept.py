"""kept.pyx: for how long an idle connection to a member is sure to be there."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb import _probe

SECOND_US = 1_000_000
ANY_US = 10_000  # KEPT_ANY_US
IDLE_US = st.integers(0, 3600 * SECOND_US)


@rows(
    ("value", "said_s"),
    [
        (b"timeout=5", 5),
        (b"timeout=5, max=100", 5),
        (b"max=100, Timeout=60", 60),
        (b" ,, timeout=3 , timeout=4", 4),
        (b"max=100", 0),
        (b"timeout=", 0),
        (b"timeout=0", 0),
        (b"timeout=-1", 0),
        (b"timeout=1.5", 0),
        (b"timeout=86400", 86400),
        (b"timeout=86401", 0),
        (b"timeout=99999999999999999999999", 0),
        (b"timeout", 0),
        (b"300", 0),
        (b"", 0),
    ],
)
def test_what_a_field_keep_alive_says(value: bytes, said_s: int) -> None:
    kept = _probe.KeptProbe()
    assert kept.hear(value) == said_s * SECOND_US


def test_the_last_field_counts() -> None:
    kept = _probe.KeptProbe()
    for value, said_s in ((b"timeout=5", 5), (b"timeout=15", 15), (b"max=3", 15)):
        assert kept.hear(value) == said_s * SECOND_US


def test_a_quarter_of_what_is_known_is_not_used() -> None:
    kept = _probe.KeptProbe()
    assert kept.for_us() == ANY_US
    kept.saw_open(8 * SECOND_US)
    assert kept.for_us() == 6 * SECOND_US
    kept.saw_end(10 * SECOND_US)
    assert kept.for_us() == 7.5 * SECOND_US
    kept.hear(b"timeout=4")
    assert kept.for_us() == 3 * SECOND_US
    kept.saw_end(SECOND_US)  # sooner than it says
    assert kept.for_us() == 0.75 * SECOND_US


def test_a_member_that_was_started_anew_is_known_again_soon() -> None:
    """It closed what had just become idle; what lives for long after that is no sign of
    a limit, and each one seen doubles what is used at least."""
    kept = _probe.KeptProbe()
    kept.saw_end(1_000)
    age_us, seen = 1_000, 0
    while kept.for_us() < SECOND_US:
        age_us = age_us * 2 + 2
        kept.saw_open(age_us)
        seen += 1
    assert seen < 14


def test_a_member_that_looks_from_time_to_time_closes_between_once_and_twice() -> None:
    kept = _probe.KeptProbe()
    for age_ms in (1700, 1300, 1999, 1000, 1650):
        kept.saw_open(age_ms * 1000 - 1)
        kept.saw_end(age_ms * 1000)
    assert kept.for_us() == 750_000


@given(st.lists(st.tuples(st.booleans(), IDLE_US)), st.integers(1, 86400))
def test_whatever_is_seen_is_kept_to_and_something_is_always_used(
    seen: list[tuple[bool, int]], said_s: int
) -> None:
    kept = _probe.KeptProbe()
    kept.hear(b"timeout=%d" % said_s)
    for is_open, idle_us in seen:
        (kept.saw_open if is_open else kept.saw_end)(idle_us)
        assert 0 < kept.for_us() <= said_s * SECOND_US - said_s * SECOND_US // 4
    if seen and not seen[-1][0]:
        assert kept.for_us() <= max(seen[-1][1], 1)


# what its socket knows of a request that was lost


@contextlib.contextmanager
def connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as ours,
    ):
        theirs, _ = server.accept()
        with theirs:
            ours.settimeout(20)
            theirs.settimeout(20)
            # Something went before, in both directions.
            ours.sendall(b"first")
            assert theirs.recv(100) == b"first"
            theirs.sendall(b"answer")
            assert ours.recv(100) == b"answer"
            yield ours, theirs


def test_bytes_that_came_after_the_end_went_unheard() -> None:
    with connected() as (ours, theirs):
        theirs.close()
        ours.sendall(b"request")
        assert ours.recv(100) == b""
        assert _probe.went_unheard(ours.fileno(), 7)
        assert not _probe.went_unheard(ours.fileno(), 6)  # others were sent meanwhile
        assert not _probe.went_unheard(ours.fileno(), 0)


@pytest.mark.parametrize("read", [7, 3])
def test_bytes_that_were_there_before_the_end_may_have_been_heard(read: int) -> None:
    """Whether the peer ends with a FIN, or with a reset because it has left some."""
    with connected() as (ours, theirs):
        ours.sendall(b"request")
        assert theirs.recv(read)
        theirs.close()
        if read == 7:
            assert ours.recv(100) == b""
            assert not _probe.went_unheard(ours.fileno(), 7)
        else:
            # A reset tells nothing, and is nothing that the core asks of.
            with pytest.raises(ConnectionResetError):
                ours.recv(100)


def test_whoever_has_only_shut_its_side_may_still_read() -> None:
    """As one that lingers: its machine has taken the bytes."""
    with connected() as (ours, theirs):
        ours.sendall(b"request")
        theirs.shutdown(socket.SHUT_WR)
        assert ours.recv(100) == b""
        assert not _probe.went_unheard(ours.fileno(), 7)
