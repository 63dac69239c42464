"""What a group of an expression can hold."""

from __future__ import annotations

import re
import string

from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.model.regex_values import VALUES_MAX, groups_of

LETTERS = " ".join(string.ascii_lowercase)
DIGITS = " ".join(string.digits)


@rows(
    ("pattern", "number", "words"),
    [
        ("^(www|api)\\.example", 1, "www api"),
        ("^((?:a|b)c)$", 1, "ac bc"),
        ("(a(b|c))", 1, "ab ac"),
        ("(a(b|c))", 2, "b c"),
        ("x([0-9])", 1, DIGITS),
        ("x(\\d)", 1, DIGITS),
        ("(?<n>a|b)(?P<m>c)(?'o'd)", 3, "d"),
        ("(ab?)", 1, "a ab"),
        ("(ab??c)", 1, "ac abc"),
        ("(a{2})", 1, "aa"),
        ("([a\\b]|c)", 1, "a \b c"),
        ("([\\b])", 1, "\b"),
        ("([+\\b-])", 1, "+ \b -"),
        ("(a{1,3})", 1, "a aa aaa"),
        ("([a-cx-z_.-])", 1, "a b c x y z _ . -"),
        ("([]a])", 1, "] a"),
        ("([\\]\\d-])", 1, f"] - {DIGITS}"),
        ("(?i)(a)", 1, "a"),
        ("(?i:(a))", 1, "a"),
        ("(?=(a|b))(..)", 1, "a b"),
        ("(a(?!b))", 1, "a"),
        ("(127\\.0\\.0\\.1)", 1, "127.0.0.1"),
        ("(^a$)", 1, "a"),
        ("(a{b)", 1, "a{b"),
        ("a|b", 0, "a b"),
        # anything
        ("(.*)", 1, None),
        ("([^/]+)", 1, None),
        ("(a+)", 1, None),
        ("(a{2,})", 1, None),
        ("([a-z]{3})", 1, None),
        ("(\\w\\w)", 1, None),
        ("(\\S)", 1, None),
        ("([[:alpha:]])", 1, None),
        ("(a)(b\\1)", 2, None),
        ("([\\A-z])", 1, None),
        ("([\\Z])", 1, None),
        ("(a{,2}b)", 1, None),
        ("(\\x41)", 1, None),
        ("(?x)( a )", 1, None),
        ("(?|(a)|(b))", 1, None),
        ("(a)", 2, None),
        ("(a", 1, None),
        ("a)", 0, None),
    ],
)
def test_words(pattern: str, number: int, words: str | None) -> None:
    group = groups_of(pattern).get(number)
    found = None if group is None else group.values
    assert found == (None if words is None else set(words.split(" ")))


def test_a_backspace_may_begin_a_range() -> None:
    assert groups_of("([\\b-z])")[1].values == set(map(chr, range(8, ord("z") + 1)))


def test_who_need_not_take_part_is_told() -> None:
    for pattern in ("(a)?b", "(?:(a)|b)", "(a)|b", "(?:x(a))*"):
        assert groups_of(pattern)[1].is_repeated, pattern
    for pattern in ("(a)b", "(?:x(a))", "((a|b)c)"):
        assert not groups_of(pattern)[1].is_repeated, pattern


PIECES = st.sampled_from(
    (
        *("a", "b", "\\.", "[a-c]", "[a\\b]", "[\\b-c]", "\\b", "\\d", "(", ")"),
        *("(?:", "|", "?", "{1,2}", "{,2}", "^", "$"),
    )
)


@given(st.lists(PIECES, max_size=12).map("".join), st.text("ab.c1\b", max_size=6))
def test_no_capture_is_missed(pattern: str, subject: str) -> None:
    try:
        compiled = re.compile(pattern, re.ASCII)
    except re.error:
        return
    groups = groups_of(pattern)
    found = compiled.search(subject)
    if found is None:
        return
    for number, group in groups.items():
        if group.values is None:
            continue
        assert len(group.values) <= VALUES_MAX
        captured = found[number]
        if captured is None:
            assert group.is_repeated
        else:
            assert captured in group.values
