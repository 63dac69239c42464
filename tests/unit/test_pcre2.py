"""Patterns: what PCRE2 takes and refuses, and matches as the data path makes them."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb import _pcre2, _probe
from fastlb._pcre2 import Pattern, PatternError, PatternLimitError
from fastlb.facts.regex import compile_pcre, cure_of, why_refused

NESTED = b"a" * 40 + b"!"
LIMITS = (
    *("too many steps", "matching depth limit exceeded"),
    *("heap limit exceeded", "JIT stack limit reached"),
)


@rows(
    ("pattern", "reason", "offset"),
    [
        (b"(", "missing closing parenthesis", 1),
        (b"a**", "quantifier does not follow a repeatable item", 2),
        (b"[b-a]", "range out of order in character class", 3),
        (b"(?<1n>a)", "subpattern name must start with a non-digit", 3),
        (b"\\", "\\ at end of pattern", 1),
        (b"(?<=a*)b", "lookbehind assertion is not fixed length", 0),
    ],
)
def test_a_refusal_has_a_reason_and_a_place(
    pattern: bytes, reason: str, offset: int
) -> None:
    with pytest.raises(PatternError) as caught:
        Pattern(pattern)
    assert (caught.value.reason, caught.value.offset) == (reason, offset)
    assert str(caught.value) == f"{reason} at offset {offset}"


def test_a_refusal_names_what_was_read() -> None:
    why, cure = why_refused("^/a(b")
    assert why == "missing closing parenthesis at offset 5"
    assert cure == "correct the expression behind ^/a(b"
    assert why_refused("a") == ("", "")
    at_once = PatternError("x", 0)
    assert cure_of(at_once, "y") == "correct the beginning of the expression"


def test_spans_of_groups() -> None:
    assert Pattern(b"(a)|(b)(c)?").search(b"xb") == ((1, 2), (-1, -1), (1, 2), (-1, -1))
    assert Pattern(b"a").search(b"b") is None
    assert Pattern(b"").search(b"") == ((0, 0),)


def test_facts_of_a_pattern() -> None:
    text = b"(?<x>a)(b)(?<y>c)(?:d)(?P<x>e)"
    found = Pattern(text, True)
    assert found.group_count == 4
    assert found.names == (("x", 1), ("y", 3), ("x", 4))
    assert (found.pattern, found.ignore_case) == (text, True)
    assert not found.check_utf
    assert Pattern(b"(*UTF)a").check_utf


def test_a_search_that_takes_too_long_says_so() -> None:
    with pytest.raises(PatternLimitError, match="too many steps"):
        Pattern(b"^(a+)+$").search(NESTED)


def test_a_pattern_is_compiled_once_and_kept_while_it_is_held() -> None:
    held = compile_pcre("^/kept$")
    assert compile_pcre("^/kept$") is held
    assert compile_pcre("^/kept$", ignore_case=True) is not held
    compiled = _pcre2.compiled_count()
    assert compile_pcre("^/kept$") is held
    assert _pcre2.compiled_count() == compiled
    del held
    gc.collect()
    compile_pcre("^/kept$")
    assert _pcre2.compiled_count() == compiled + 1


# as the data path matches


def test_the_data_path_finds_the_same_spans() -> None:
    pattern = Pattern(rb"(?i)^/([^/]*)/(x)?(.*)$")
    assert _probe.regex_spans(pattern, b"/a/b") == [(0, 4), (1, 2), (-1, -1), (3, 4)]
    assert _probe.regex_spans(pattern, b"a") == 0
    assert _probe.regex_spans(Pattern(b""), b"") == [(0, 0)]


@rows("first", [b"", b"(*NO_JIT)"])
def test_a_match_is_given_up(first: bytes) -> None:
    pattern = Pattern(first + b"^(a+)+$")
    assert pattern.jit == (first == b"")
    assert _probe.regex_spans(pattern, NESTED) == "too many steps"
    deep = Pattern(first + b"^(?:(a)|b|c)*+d|^((?:a|b)(?:a|b)*?)*$")
    found = _probe.regex_spans(deep, b"ab" * 200_000 + b"!")
    assert found in LIMITS


def test_a_pattern_cannot_raise_its_own_limit() -> None:
    pattern = Pattern(b"(*LIMIT_MATCH=4000000000)^(a+)+$")
    assert _probe.regex_spans(pattern, NESTED) == "too many steps"


def test_what_is_not_utf_is_undecided_where_the_pattern_asks_for_utf() -> None:
    pattern = Pattern(b"(*UTF)^..$")
    assert _probe.regex_spans(pattern, "éa".encode()) == [(0, 3)]
    assert "UTF-8 error" in str(_probe.regex_spans(pattern, b"\xe9a"))


def test_the_start_of_a_match_is_never_behind_its_end() -> None:
    spans = _probe.regex_spans(Pattern(rb"(a)b\Kc"), b"abc")
    assert spans == [(2, 3), (0, 1)]


def test_groups_beyond_the_bound_are_left_out() -> None:
    many = Pattern(b"(.)" * 100)
    spans = _probe.regex_spans(many, b"x" * 100)
    assert isinstance(spans, list)
    assert spans == [(0, 100)] + [(n, n + 1) for n in range(31)]


@given(
    st.text("ab()|*+?^$[].\\dK{1,}<=!:-/", max_size=14),
    st.binary(max_size=40),
    st.booleans(),
)
def test_both_ways_find_the_same(text: str, subject: bytes, ignore_case: bool) -> None:
    try:
        pattern = Pattern(text.encode(), ignore_case)
    except PatternError:
        return
    try:
        want = pattern.search(subject)
    except PatternLimitError:
        return
    got = _probe.regex_spans(pattern, subject)
    if isinstance(got, str):
        return
    if want is None:
        assert got == 0
        return
    assert isinstance(got, list)
    assert got[1:] == list(want[1:32])
    assert all(0 <= a <= b <= len(subject) or (a, b) == (-1, -1) for a, b in got)


@rows(
    ("pattern", "subject"),
    [
        # PCRE2's own limit would let each of these run for tenths of a second or more
        (b".(?R)", b"a" * 8190),
        (b"\\X(?R)", b"a1 " * 2730),
        (b"^.*?.*?[^c]*+[de]", b"ab" * 4095),
        (b"a.*?.*?[^c]*+[de]", b"ab" * 4095),
        (b"\\X{2,}^", b"a1 " * 2730),
        (b"(?:x+x+)+y", (b"x" * 17 + b"z") * 455),
        (b"(a?){20}(a?)*(?:a|a)+[^a]$", b"a" * 300),
    ],
)
def test_a_bound_holds_for_the_whole_match(pattern: bytes, subject: bytes) -> None:
    began = time.thread_time()
    found = _probe.regex_spans(Pattern(pattern), subject)
    assert found == 0 or isinstance(found, str)
    # 20 ms on a quiet machine; builds that check everything take their time
    assert time.thread_time() - began < 1


def test_what_short_subjects_need_is_found_with_and_without_steps() -> None:
    counted = Pattern(b"(?:(?1)|x)?(b(?:c|d)*)(?<n>e)?$")
    assert counted.fast_address == 0
    plain = Pattern(b"(?:b(?:c|d)*|x)?(b(?:c|d)*)(?<n>e)?$")
    assert plain.fast_address != 0
    for subject in (b"", b"bcde", b"xb", b"a" * 400 + b"bcdcd", b"a" * 300 + b"xbe"):
        want = counted.search(subject)
        assert _probe.regex_spans(counted, subject) == (list(want) if want else 0)
        want = plain.search(subject)
        assert _probe.regex_spans(plain, subject) == (list(want) if want else 0)


def test_an_anchored_pattern_is_known() -> None:
    assert [
        Pattern(one).anchored
        for one in (b"^a", b"\\Aa", b".*a", b"a", b"^a|b", b"(?:^a)")
    ] == [True, True, True, False, False, True]


FORBIDDEN = """\
import ctypes, sys
PR_SET_MDWE = 65  # no memory that is written is ever executed (Linux 6.3)
if ctypes.CDLL(None).prctl(PR_SET_MDWE, 1, 0, 0, 0):
    sys.exit(77)
from fastlb import _probe
from fastlb._pcre2 import Pattern
pattern = Pattern(b"^(a+)+$")
assert not pattern.jit
assert _probe.regex_spans(pattern, b"aaa") == [(0, 3), (0, 3)]
assert _probe.regex_spans(pattern, b"b") == 0
assert _probe.regex_spans(pattern, b"a" * 40 + b"!") == "too many steps"
"""


def test_where_code_cannot_be_made_at_run_time_patterns_are_interpreted() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORBIDDEN],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip("the kernel knows no PR_SET_MDWE")
    assert done.returncode == 0, done.stderr
