"""Did you mean."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.config.suggest import distance, nearest

SHORT = st.text("abcd", max_size=8)


@rows(
    ("left", "right", "mistakes"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("abc", "abd", 1),
        ("abc", "acb", 1),
        ("abc", "ab", 1),
        ("tiemout", "timeout", 1),
        ("abc", "xyz", 3),
    ],
)
def test_mistakes_are_counted(left: str, right: str, mistakes: int) -> None:
    assert distance(left, right, 3) == mistakes


@given(SHORT, SHORT)
def test_the_count_is_the_same_in_both_directions(left: str, right: str) -> None:
    assert distance(left, right, 9) == distance(right, left, 9)


@given(SHORT, SHORT, st.integers(0, 8))
def test_the_bound_never_changes_an_answer_below_it(
    left: str, right: str, limit: int
) -> None:
    assert distance(left, right, limit) == min(distance(left, right, 9), limit + 1)


def test_the_nearest_word_wins_in_any_case() -> None:
    assert nearest("keepaliev", ["KeepAlive", "KeepAliveTimeout"]) == "KeepAlive"
    assert nearest("MaxRequestPerChild", ["MaxRequestsPerChild"])


def test_nothing_near_is_nothing() -> None:
    assert nearest("Frobnicate", ["Listen", "Timeout"]) is None
    assert nearest("ab", ["xy"]) is None


def test_of_equally_near_words_the_first_wins() -> None:
    assert nearest("aad", ["aab", "aac"]) == "aab"


@given(SHORT.filter(bool))
def test_a_word_is_its_own_nearest(word: str) -> None:
    assert nearest(word, ["zzzz", word]) == word
