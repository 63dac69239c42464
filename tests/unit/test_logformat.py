from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.facts.rules import Piece
from fastlb.model.headerformat import FormatError
from fastlb.model.logformat import COMMON, LETTERS, LONG_ITEMS, parse_log_format

LATIN = st.characters(max_codepoint=255)


def literal(text: bytes) -> Piece:
    return Piece(kind="literal", text=text)


@rows(
    ("text", "pieces"),
    [
        ("", ()),
        ("%h", (Piece(kind="h"),)),
        ("a%%b", (literal(b"a%b"),)),
        (r"a\tb\nc\\d\q", (literal(b"a\tb\nc\\d\\q"),)),
        ("%>s", (Piece(kind="s"),)),
        ("%<s", (Piece(kind="s"),)),
        ("%{Referer}i", (Piece(kind="i", arg="Referer"),)),
        (
            "%400,501{User-agent}i",
            (Piece(kind="i", arg="User-agent", statuses=(400, 501)),),
        ),
        (
            "%!200,304,302{Referer}i",
            (Piece(kind="i", arg="Referer", statuses=(200, 304, 302), negated=True),),
        ),
        ("%{%Y-%m-%d}t", (Piece(kind="t", arg="%Y-%m-%d"),)),
        ("%{begin:msec_frac}t", (Piece(kind="t", arg="begin:msec_frac"),)),
        ("%{X}^ti", (Piece(kind="^ti", arg="X"),)),
        ("%^FB", (Piece(kind="^FB"),)),
        ("%{ms}T", (Piece(kind="T", arg="ms"),)),
    ],
)
def test_items_carry_their_modifiers(text: str, pieces: tuple[Piece, ...]) -> None:
    assert parse_log_format(text) == pieces


def test_common_format_has_its_letters() -> None:
    kinds = [p.kind for p in parse_log_format(COMMON) if p.kind != "literal"]
    assert kinds == ["h", "l", "u", "t", "r", "s", "b"]


def test_an_unknown_letter_is_refused_in_apaches_words() -> None:
    with pytest.raises(FormatError, match=r"^Unrecognized LogFormat directive %Z$"):
        parse_log_format("%h %Z")


@rows("text", ["%", "%{a}", "%>", "%200"])
def test_an_unfinished_item_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"^Ran off end of LogFormat"):
        parse_log_format(text)


@given(st.lists(st.sampled_from([*sorted(LETTERS), *LONG_ITEMS])))
def test_every_letter_gives_one_piece(letters: list[str]) -> None:
    text = "".join(f"%{{A}}{letter}" for letter in letters)
    assert [p.kind for p in parse_log_format(text)] == letters


@given(st.text(LATIN))
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        pieces = parse_log_format(text)
    except FormatError:
        return
    known = {"literal", *LETTERS, *LONG_ITEMS}
    assert all(p.kind in known for p in pieces)
