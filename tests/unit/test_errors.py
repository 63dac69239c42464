"""Diagnostics, how they are sorted and how they are printed."""

from __future__ import annotations

from dataclasses import replace

from fastlb.base.errors import (
    Diagnostic,
    Phase,
    Severity,
    Style,
    as_strict,
    has_errors,
    render,
    sort_by_place,
)
from fastlb.base.folding import fold

WRONG = Diagnostic(
    Severity.ERROR, "FB0107", "a.conf", 4, 7, "Timeout", "Timeout: bad", "why", "cure"
)
ODD = replace(WRONG, severity=Severity.WARNING, line=2, text="odd", why="", cure="")


def test_nothing_to_say_is_no_text() -> None:
    assert render([]) == ""


def test_an_error_begins_as_apache_begins_and_goes_on_in_our_form() -> None:
    assert render([WRONG]) == (
        "AH00526: Syntax error on line 4 of a.conf:\n"
        "Timeout: bad\n"
        "    FB0107, column 7\n"
        "    why\n"
        "    cure\n"
    )
    other = replace(WRONG, line=9, text="worse", why="", cure="")
    assert render([WRONG, other]).splitlines()[-2:] == [
        "a.conf:9:7: error FB0107: Timeout: worse",
        "2 errors, 0 warnings",
    ]


def test_the_directive_is_named_once() -> None:
    assert "warning FB0107: Timeout: x\n" in render([replace(ODD, text="x")])
    sections = replace(ODD, text="<Timeout> x")
    assert "warning FB0107: <Timeout> x\n" in render([sections])
    assert "\n    FB0107: Timeout, column 7\n" in render([replace(WRONG, text="x")])


def test_warnings_alone_have_no_line_of_apaches() -> None:
    assert render([ODD]) == "a.conf:2:7: warning FB0107: Timeout: odd\n"


def test_several_are_counted() -> None:
    assert render([ODD, WRONG]).splitlines()[-1] == "1 error, 1 warning"
    note = replace(ODD, severity=Severity.NOTE)
    assert render([note, note, ODD]).splitlines()[-1] == "0 errors, 1 warning"


def test_what_apache_would_have_found_first_stands_first() -> None:
    reading = replace(WRONG, line=9, phase=Phase.READING, text="first")
    first = render([WRONG, reading], "httpd").splitlines()[0]
    assert first == "httpd: Syntax error on line 9 of a.conf: first"


def test_a_file_that_cannot_be_opened_has_no_line() -> None:
    reading = replace(WRONG, line=0, phase=Phase.READING)
    assert render([reading]).splitlines()[0] == "fastlb: Timeout: bad"


def test_bytes_of_the_file_are_shown_as_text() -> None:
    shown = render([replace(ODD, text="größe".encode().decode("latin-1"))])
    assert "größe" in shown
    assert "gr\xf6\xdfe" in render([replace(ODD, text="gr\xf6\xdfe")])


def test_no_file_can_drive_the_terminal() -> None:
    assert "a\\x1b[2Jb\\x0a" in render([replace(ODD, text="a\x1b[2Jb\n")])


def test_lines_are_as_long_as_the_terminal_is_wide() -> None:
    long = replace(ODD, text="a word " * 20, why="some more " * 20)
    lines = render([long], style=Style(width=60)).splitlines()
    assert max(map(len, lines)) <= 60
    assert all(line.startswith("    ") for line in lines[1:])
    assert "".join(lines).split() == render([long]).split()
    assert render([long], style=Style(width=10)) == render([long])


def test_only_the_word_of_severity_is_coloured() -> None:
    text = render([replace(ODD, text="error FB0107: x")], style=Style(colour=True))
    assert text == (
        "a.conf:2:7: \x1b[1;33mwarning\x1b[0m FB0107: Timeout: error FB0107: x\n"
    )


def test_notes_are_one_line_for_each_kind() -> None:
    first = replace(ODD, severity=Severity.NOTE, number="FB0118", about="<Files>")
    notes = [replace(first, line=n, about=f"D{n % 12}") for n in range(30)]
    alone = replace(first, number="FB0205", cure="cure")
    *others, many, one = fold([first, WRONG, *notes, ODD, alone])
    assert others == [WRONG, ODD]
    assert many.text == (
        "A directive is taken and changes nothing: <Files>, D0, D1, D2, D3, D4, D5, D6,"
        " D7, D8 and 3 more (-t -v shows each)"
    )
    assert render([one]) == "a.conf:2:7: note FB0205: Timeout: odd; cure\n"
    places = fold([replace(first, line=7), replace(first, line=9)])
    assert "a.conf:7, a.conf:9" in places[0].text


def test_order_is_by_file_as_read_then_by_place() -> None:
    other = replace(WRONG, file="b.conf", line=1)
    stray = replace(WRONG, file="0.conf")
    ordered = sort_by_place([stray, WRONG, ODD, other, WRONG], ["b.conf", "a.conf"])
    assert ordered == [other, ODD, WRONG, stray]


def test_a_file_read_twice_keeps_its_first_rank() -> None:
    other = replace(WRONG, file="b.conf")
    files = ["a.conf", "b.conf", "a.conf"]
    assert sort_by_place([other, WRONG], files) == [WRONG, other]


def test_strict_makes_warnings_errors_and_leaves_notes() -> None:
    note = replace(ODD, severity=Severity.NOTE)
    assert not has_errors([ODD, note])
    strict = as_strict([ODD, note, WRONG])
    assert [d.severity.value for d in strict] == ["error", "note", "error"]
    assert has_errors(strict)
