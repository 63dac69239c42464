"""Range and the conditions of a request (core/http/ranges.pyx, conditions.pyx)."""

from __future__ import annotations

from fastlb._probe import judge_conditions, read_ranges
from hypothesis import given
from hypothesis import strategies as st

NOW = 784_200_000
OLD = 784_111_777
TEXT = b"Sun, 06 Nov 1994 08:49:37 GMT"
SPEC = st.one_of(
    st.tuples(st.integers(0, 120), st.integers(0, 120)).map(
        lambda pair: f"{pair[0]}-{pair[1]}"
    ),
    st.integers(0, 120).map(lambda n: f"{n}-"),
    st.integers(0, 120).map(lambda n: f"-{n}"),
)


@given(st.lists(SPEC, max_size=8), st.integers(1, 100))
def test_what_is_sent_lies_within_and_is_what_was_asked_for(
    specs: list[str], size: int
) -> None:
    found, _, _ = read_ranges(f"bytes={','.join(specs)}".encode(), size)
    wanted: set[int] = set()
    sound = True
    for spec in specs:
        first, _, last = spec.partition("-")
        if not first:
            sound = sound and last != "0"
            wanted |= set(range(max(0, size - int(last)), size))
        else:
            sound = sound and (not last or int(first) <= int(last))
            wanted |= set(range(int(first), min(size, int(last or size) + 1)))
            if spec == "0-":
                break
    if not isinstance(found, list):
        return  # too much was asked for, or nothing that is there
    assert sound
    sent = [n for first, last in found for n in range(first, last + 1)]
    assert set(sent) == (set(range(size)) if "0-" in specs else wanted)
    assert len(sent) <= size


def test_lists_of_ranges() -> None:
    for text, found in (
        ("bytes=0-4", [(0, 4)]),
        ("bytes=0-4,5-9", [(0, 9)]),
        ("bytes=5-9,0-4", [(0, 9)]),
        ("bytes=1-2,0-,5-6", [(0, 99)]),
        ("bytes=-5", [(95, 99)]),
        ("bytes=100-", "none"),
        ("bytes=", "whole"),
        ("bytes=1-2, 4-5", "whole"),
        ("lines=1-2", "whole"),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 98, 2)), None),
    ):
        got = read_ranges(text.encode(), 100)[0]
        assert got == found if found is not None else len(got) == 49, text
    # The last byte is the first here: that is not "0-", which ends the list.
    assert read_ranges(b"bytes=-1,-0", 1)[0] == "whole"


def test_no_more_than_a_thousand_ranges_are_read() -> None:
    for count, whole in ((1000, False), (1001, True)):
        text = "bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(1, count + 1))
        assert (read_ranges(text.encode(), 10_000)[0] == "whole") == whole


@given(st.binary(max_size=80), st.integers(1, 2**62))
def test_any_bytes_are_ranges_within_or_none(data: bytes, size: int) -> None:
    for text in (data, b"bytes=" + data):
        found = read_ranges(text, size)[0]
        if isinstance(found, list):
            assert all(0 <= first <= last < size for first, last in found)


def judged(tag: bytes | None = b'"a"', **asked: bytes) -> tuple[int, bool]:
    named = {name.replace("_", "-"): said for name, said in asked.items()}
    return judge_conditions(named, tag, OLD, NOW)


def test_conditions_that_httpd_knows() -> None:
    for status, asked in (
        (200, {}),
        (200, {"If_Match": b'"a"'}),
        (412, {"If_Match": b'"b"'}),
        (412, {"If_Match": b'W/"a"'}),
        (304, {"If_None_Match": b'W/"a"'}),
        (304, {"If_None_Match": b'"b", "a"'}),
        (304, {"If_None_Match": b"*"}),
        (412, {"If_None_Match": b"*", "method": b"POST"}),
        (304, {"If_Modified_Since": TEXT}),
        (200, {"If_Modified_Since": TEXT, "If_None_Match": b'"b"'}),
        (412, {"If_Unmodified_Since": b"Sat, 05 Nov 1994 08:49:37 GMT"}),
        (200, {"If_Unmodified_Since": TEXT}),
    ):
        assert judged(**asked)[0] == status, asked  # type: ignore[arg-type]


def test_a_range_is_looked_at_for_what_if_range_says() -> None:
    for meant, said in (
        (True, b'"a"'),
        (False, b'"b"'),
        (False, b'W/"a"'),
        (True, TEXT),
        (False, b"Sat, 05 Nov 1994 08:49:37 GMT"),
        (False, b""),
    ):
        assert judged(If_Range=said, Range=b"")[1] == meant, said


@given(
    st.dictionaries(
        st.sampled_from(
            ("If_Match", "If_None_Match", "If_Modified_Since", "If_Range", "Range")
        ),
        st.text('"W/*ab, ', max_size=12).map(str.encode),
    ),
    st.sampled_from((b'"a"', b'W/"a"', None)),
)
def test_any_fields_are_judged(asked: dict[str, bytes], tag: bytes | None) -> None:
    assert judged(tag, **asked)[0] in (200, 304, 412)
