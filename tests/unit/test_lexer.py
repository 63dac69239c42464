"""Lines and words, as httpd 2.4.71 was observed to split them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.base import limits
from fastlb.config import lexer
from fastlb.config.lexer import (
    LineTooLongError,
    expand,
    logical_lines,
    quote,
    split_words,
)

WORDS = st.text(
    st.characters(max_codepoint=255, exclude_characters="\n\r\0"), max_size=20
)


def lines(text: str) -> list[tuple[str, int]]:
    return [(line.text, line.number) for line in logical_lines(text)]


def words(text: str) -> list[str]:
    return [word.text for word in split_words(text)]


def test_a_line_is_numbered_by_its_last_physical_line() -> None:
    assert lines("a \\\n b\\\nc\nd\n") == [("a  bc", 3), ("d", 4)]


def test_empty_lines_and_comments_are_no_lines_but_count() -> None:
    assert lines("\n  # x\n\t\nListen 80\n") == [("Listen 80", 4)]


def test_a_comment_that_ends_in_a_backslash_swallows_the_next_line() -> None:
    assert lines("# comment \\\nListen 80\nb\n") == [("b", 3)]


def test_a_blank_behind_the_backslash_ends_the_line() -> None:
    assert lines("a \\ \nb\n") == [("a \\", 1), ("b", 2)]


def test_a_carriage_return_before_the_line_end_is_dropped() -> None:
    assert lines("a \\\r\nb\r\n") == [("a b", 2)]


def test_a_backslash_at_the_end_of_the_file_stays_without_a_line_end() -> None:
    assert lines("a \\") == [("a \\", 1)]


def test_a_dangling_continuation_is_the_line_so_far() -> None:
    assert lines("a \\\n") == [("a", 2)]


def test_an_empty_line_behind_two_backslashes_continues_once_more() -> None:
    assert lines("a\\\\\n\nb\n") == [("ab", 3)]


def test_a_line_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexer, "LINE_BYTES_MAX", 10)
    with pytest.raises(LineTooLongError) as caught:
        list(logical_lines("short\n12345\\\n678901\n"))
    assert caught.value.number == 3
    assert limits.LINE_BYTES_MAX == 16 * 1024 * 1024


@given(
    st.lists(
        st.text(
            st.characters(max_codepoint=255, exclude_characters="\n\r\\#"), min_size=1
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_line_broken_anywhere_reads_as_the_whole_line(parts: list[str]) -> None:
    whole = "x" + "".join(parts)
    broken = "x" + "\\\n".join(parts) + "\n"
    [line] = logical_lines(broken)
    assert line.text == whole.strip(lexer.BLANKS)
    assert (line.first, line.number) == (1, len(parts))


@rows(
    ("text", "expected"),
    [
        ('a "b c" d', ["a", "b c", "d"]),
        ('a"b c" d', ['a"b', 'c"', "d"]),
        ('"a"b', ["a", "b"]),
        (r'"a\"b" "\d" "a\\b"', ['a"b', r"\d", r"a\b"]),
        (r"'a\'b' 'a\"b'", ["a'b", r"a\"b"]),
        (r"a\\b a\"b", [r"a\b", r"a\"b"]),
        ('"not closed', ["not closed"]),
        ('a ""', ["a", ""]),
        ("host # comment", ["host", "#", "comment"]),
        ("!(.*)$", ["!(.*)$"]),
    ],
)
def test_words_split_as_apache_splits_them(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_an_open_quote_is_known_to_be_open() -> None:
    assert [word.closed for word in split_words('a "b" "c')] == [True, True, False]


def test_a_word_knows_where_it_starts() -> None:
    assert [word.offset for word in split_words('ab  "c d" e')] == [0, 4, 10]


@given(st.lists(WORDS, max_size=6))
def test_quoted_words_are_read_back(given_words: list[str]) -> None:
    assert words(" ".join(quote(word) for word in given_words)) == given_words


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_splitting_any_text_ends_and_keeps_no_blank(text: str) -> None:
    for word in split_words(text):
        assert word.quoted or not any(blank in word.text for blank in lexer.BLANKS)


def test_a_line_end_cannot_be_quoted() -> None:
    with pytest.raises(ValueError, match="line end"):
        quote("a\nb")


def test_variables_are_replaced_once() -> None:
    values = {"A": "${B}", "B": "never"}
    assert expand("x ${A}/${A} y", values.get) == ("x ${B}/${B} y", [])


def test_what_is_not_defined_stays_and_is_named() -> None:
    assert expand("${A}${B}", {"A": "1"}.get) == ("1${B}", ["B"])


@rows("text", ["$", "$X", "${X", "a $ {X}", ""])
def test_half_a_variable_is_literal(text: str) -> None:
    assert expand(text, {"X": "no"}.get) == (text, [])


def test_text_is_bytes_in_disguise() -> None:
    path = lexer.configuration_text("/t/ä")
    assert path.encode("latin-1") == "/t/ä".encode()
    assert lexer.filesystem_path(path) == "/t/ä"
