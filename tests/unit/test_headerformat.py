from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.facts.rules import Piece
from fastlb.model.headerformat import LETTERS, FormatError, parse_header_format

LATIN = st.characters(max_codepoint=255)


def literal(text: bytes) -> Piece:
    return Piece(kind="literal", text=text)


@rows(
    ("text", "pieces"),
    [
        ("", ()),
        ("plain", (literal(b"plain"),)),
        ("100%%", (literal(b"100%"),)),
        ("50%", (literal(b"50%"),)),
        ("%t", (Piece(kind="t"),)),
        ("%D %t", (Piece(kind="D"), literal(b" "), Piece(kind="t"))),
        ("a%{X}eb", (literal(b"a"), Piece(kind="e", arg="X"), literal(b"b"))),
        ("%{SSL_PROTOCOL}s", (Piece(kind="s", arg="SSL_PROTOCOL"),)),
        (r"back\slash", (literal(rb"back\slash"),)),
    ],
)
def test_items_and_text_alternate(text: str, pieces: tuple[Piece, ...]) -> None:
    assert parse_header_format(text) == pieces


@rows("text", ["%Z", "a %{X}Q", "%{X}"])
def test_an_unknown_letter_is_refused_in_apaches_words(text: str) -> None:
    with pytest.raises(FormatError, match=r"^Unrecognized header format %"):
        parse_header_format(text)


@given(st.text(LATIN))
def test_text_without_percent_stays_as_it_is(text: str) -> None:
    text = text.replace("%", "")
    expected = (literal(text.encode("latin-1")),) if text else ()
    assert parse_header_format(text) == expected


@given(st.lists(st.sampled_from(LETTERS)))
def test_every_letter_gives_one_piece(letters: list[str]) -> None:
    text = "".join(f"%{{A}}{letter}" for letter in letters)
    assert [p.kind for p in parse_header_format(text)] == letters


@given(st.text(LATIN))
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        pieces = parse_header_format(text)
    except FormatError:
        return
    assert all(p.kind == "literal" or p.kind in LETTERS for p in pieces)
