from __future__ import annotations

import fnmatch

from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb._pcre2 import PatternError
from fastlb.facts.regex import compile_pcre
from fastlb.model.globs import glob_to_regex, is_glob
from fastlb.model.proxy_sections import pattern_matches

LETTERS = st.text("ab/.*?x", max_size=8)


def matches(pattern: str, text: str, *, slash: bool = False) -> bool:
    regex = compile_pcre(glob_to_regex(pattern, slash_is_special=slash))
    return regex.search(text.encode()) is not None


@given(LETTERS, LETTERS)
def test_stars_and_question_marks_are_those_of_fnmatch(pattern: str, text: str) -> None:
    assert matches(pattern, text) == fnmatch.fnmatchcase(text, pattern)


@rows(
    ("pattern", "text", "crosses", "stays"),
    [
        ("/a/*/c", "/a/b/c", True, True),
        ("/a/*/c", "/a/b/x/c", True, False),
        ("/a?c", "/a/c", True, False),
        ("/[!a]", "/b", True, True),
        ("/[^a]", "/a", False, False),
        ("/[a-c]x", "/bx", True, True),
        (r"/\*", "/*", True, True),
        (r"/\*", "/a", False, False),
        ("/[", "/[", True, True),
    ],
)
def test_wildcards_cross_slashes_only_in_proxy(
    pattern: str, text: str, crosses: bool, stays: bool
) -> None:
    assert matches(pattern, text) is crosses
    assert matches(pattern, text, slash=True) is stays


def test_what_makes_a_glob() -> None:
    assert [is_glob(text) for text in ("/a", "/a*", "/?", "/[a]", "/\\*")] == [
        False,
        True,
        True,
        True,
        True,
    ]


@rows(
    ("pattern", "is_regex", "target", "verdict"),
    [
        ("balancer://b", False, "balancer://b/", True),
        ("balancer://b/", False, "balancer://b", True),
        ("balancer://b/", False, "balancer://b$1", True),
        ("balancer://b", False, "balancer://bb/", True),
        ("balancer://b/x", False, "balancer://b/", None),
        ("balancer://c", False, "balancer://b/", False),
        ("*", False, "http://h/", True),
        ("http://*/x*", False, "http://h/", None),
        ("http://*", False, "balancer://b/", False),
        ("^balancer://b/", True, "balancer://b", True),
        ("html$", True, "http://h/", None),
        ("^https:", True, "http://h/", False),
        ("^http://h/.*[.]jsp", True, "http://h/", None),
        ("^http://h/x|secret", True, "http://other/", None),
        ("^http://h/xy?", True, "http://h/x", True),
        ("^http://h/xy?z", True, "http://h/xa", None),
        ("http://h/[a-z]*.jsp", False, "http://h/", None),
    ],
)
def test_a_proxy_section_holds_for_a_whole_mapping_or_for_some_requests(
    pattern: str, is_regex: bool, target: str, verdict: bool | None
) -> None:
    glob = not is_regex and is_glob(pattern)
    assert pattern_matches(pattern, is_regex, glob, target) is verdict


PATTERNS = st.lists(
    st.sampled_from(
        ("^", "h", "/", "a", "b", ".", "*", "?", "$", "|", "(", ")", "\\/")
    ),
    max_size=7,
).map("".join)
ENDS = st.text("hab/.", max_size=5)


@given(PATTERNS, st.booleans(), st.sampled_from(("h:///", "h:///a", "h://a/b")), ENDS)
def test_what_is_decided_for_all_requests_is_so_for_each(
    pattern: str, is_regex: bool, target: str, end: str
) -> None:
    glob = not is_regex and is_glob(pattern)
    try:
        regex = compile_pcre(pattern if is_regex else glob_to_regex(pattern))
    except PatternError:
        return
    verdict = pattern_matches(pattern, is_regex, glob, target)
    url = target + end
    if is_regex or glob:
        matched = regex.search(url.encode()) is not None
    else:
        matched = url.startswith(pattern)
    assert verdict in (None, matched)
