"""The writer keeps within its room, and the exit makes legal lines of anything."""

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastlb import _probe

anything = st.one_of(
    st.binary(max_size=80),
    st.lists(
        st.sampled_from((b"\r\n", b"\0", b"\t", b"\x7f", b"\xff", b"abc", b" ", b"#%")),
        max_size=12,
    ).map(b"".join),
)
ENOUGH = 400


@given(anything)
def test_a_value_is_one_line(data: bytes) -> None:
    made, full = _probe.compose("value", data, ENOUGH)
    assert not full
    assert re.fullmatch(rb"[\t -~\x80-\xff]*", made)
    # Each byte keeps its place; what may not be sent is a blank.
    assert len(made) == len(data)
    assert all(a in (b, 32) for a, b in zip(made, data, strict=True))


@given(anything)
def test_a_name_is_a_token(data: bytes) -> None:
    made, _ = _probe.compose("name", data, ENOUGH)
    assert re.fullmatch(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]*", made)
    assert len(made) == len(data)


@given(anything)
def test_a_target_is_legal_and_means_the_same(data: bytes) -> None:
    made, full = _probe.compose("target", data, ENOUGH)
    assert not full
    assert re.fullmatch(rb"[!\"$-~]*", made)
    assert unquote_to_bytes(made) == unquote_to_bytes(data)


@pytest.mark.parametrize("how", _probe.COMPOSE_WAYS)
@given(data=anything, number=st.integers(0, 2**63), room=st.integers(0, 90))
def test_nothing_is_written_past_the_end(
    how: str, data: bytes, number: int, room: int
) -> None:
    """The page behind the room cannot be written: one byte more is the end."""
    if how in ("number", "hex"):
        data = str(number).encode()
    whole, _ = _probe.compose(how, data, ENOUGH)
    made, full = _probe.compose(how, data, room)
    assert full == (len(whole) > room)
    if not full:
        assert made == whole


@given(st.binary(max_size=40), st.integers(0, 42))
def test_a_terminated_copy_has_room_for_its_end(data: bytes, room: int) -> None:
    fits = len(data) < room
    assert _probe.is_terminated(data, room) == (data + b"\0" if fits else None)


@given(st.binary(max_size=70))
def test_the_scan_of_a_target_stops_where_it_must(data: bytes) -> None:
    odd = re.search(rb"[^!-~]|#", data)
    assert _probe.scan("visible", data) == (odd.start() if odd else len(data))
