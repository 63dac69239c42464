"""Lines of the error log in forms of ErrorLogFormat: what httpd 2.4 wrote by them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows
from test_error_log import NOON_NS, Written

from fastlb.facts.error_format import About, ErrorFormats, Item
from fastlb.logs.error_line import Line, line_of
from fastlb.model.errorformat import LETTERS, parse_error_format
from fastlb.model.headerformat import FormatError

DENIED = "AH01630: client denied by server configuration: /d"
CLIENT = "127.0.0.1:33834"
SAID: dict[Item, str] = {
    ("a", "c"): CLIENT,
    ("A", ""): "127.0.0.1:18181",
    ("k", ""): "0",
    ("L", ""): "R27",
    ("L", "c"): "C11",
    ("L", "C"): "C11",
    ("V", ""): "asked.test",
    ("e", "V"): "vv",
    ("i", "User-Agent"): 'a"b\\c\udcc3\udca9',
}


def line(about: About | None, client: str = CLIENT) -> Line:
    return Line(
        now_ns=NOON_NS,
        level="error",
        rank=3,
        module="authz_core",
        pid=7,
        thread=8,
        error="",
        client=client,
        is_remote=False,
        host="main.test",
        text=DENIED,
        about=about,
    )


OF_REQUEST = line(About(SAID, True, True, True))
OF_NOBODY = line(None, "")


def said(text: str, about: Line = OF_REQUEST) -> str:
    return line_of(about, parse_error_format(text, is_line=True))


@rows(
    ("text", "whole"),
    [
        ("%M", "M"),
        ("M:%M", "M:M"),
        ("%M%%", "M%"),
        ("%%% %M", "%M"),
        ("%-l %M  two", "error M  two"),
        ("%l|%m|%-m|%P|%T|%M|", "error|authz_core|authz_core|7|8|M|"),
        # A field that lacks something is left out, with the blank before it.
        ("%E|%-E|%-F|%M", "M"),
        ("[%-E] [%m] %M", "[-] [authz_core] M"),
        ("[%E] a[%E]b c %M", " c M"),
        (" [%E] %M", " M"),
        ("%M %E tail", "M tail"),
        ("a %M|%E|x y", "a y"),
        ("%-{Nope}i%E|%M z", "M z"),
        ("ref:%{Nope}i x% y %M", " xy M"),
        ("a% %{Nope}i% b %M", "ab M"),
        ("%M% , referer: %{Nope}i", "M, referer:"),
        # From a level on.
        ("%7F %3m %M", " authz_core M"),
        ("%-7E|%M", "M"),
        ("x%7E %-7m %M", " M"),
        ("%7M", "M"),
        # Escapes, and blanks that begin nothing.
        (r"a\nb\tc\d\x\"e\\ %M", 'a\nb\tcdx"e\\ M'),
        (r"[client\ %a] [%{c}a] %M", f"[client {CLIENT}] [{CLIENT}] M"),
        ("[%A] %M", "[127.0.0.1:18181] M"),
        (r"[no\ %{Nope}i] %M", " M"),
        # The request's own.
        ("%{User-Agent}i %-{Nope}i %M", r'a"b\\c\xc3\xa9 - M'),
        ("%v %V %k %L %{c}L %-{C}L %M", "main.test asked.test 0 R27 C11 - M"),
        ("%{V}e %-{None}e %{x}n %M", "vv - M"),
        ("%-{V}e %{nope}L %M", "vv M"),
    ],
)
def test_a_line_about_a_request(text: str, whole: str) -> None:
    before, _, behind = whole.rpartition("M")
    if whole == "a y":
        assert said(text) == whole
    else:
        assert said(text) == f"{before}{DENIED}{behind}"


@rows(
    ("text", "before"),
    [
        (r"[client\ %a] [%{c}a] [%A] %M", " "),
        ("%{User-Agent}i|%{Nope}i|%M", ""),
        ("%v|%M", "main.test|"),
        ("%v|%V|%k|%L|%{c}L|%{C}L|%M", ""),
        ("%-{V}e %m %M", "- authz_core "),
    ],
)
def test_a_line_about_nobody(text: str, before: str) -> None:
    assert said(text, OF_NOBODY) == before + DENIED


def test_a_line_about_a_client_that_has_asked_nothing() -> None:
    about = line(About({("L", "C"): "C11", ("k", ""): "0"}, False, False, True))
    assert said("%a %k %{C}L %-L %-{x}i %M", about) == f"{CLIENT} 0 C11 - - {DENIED}"


@rows(
    ("text", "of_request", "whole"),
    [
        ("C %-l %-m %k %-L %{c}L %{C}L", False, "C - - 0 - C11 C11"),
        ("%v %-V %-E %-{User-Agent}i %a", False, f"main.test - - - {CLIENT}"),
        ("R %-l %-m %k %L %{c}L %-{C}L", True, "R - - 0 R27 C11 -"),
        ("UA:'%+{User-Agent}i'", True, r"""UA:'a"b\\c\xc3\xa9'"""),
        ("[R:%L] '%+{Referer}i'", True, ""),
    ],
)
def test_a_line_that_goes_before(text: str, of_request: bool, whole: str) -> None:
    form = parse_error_format(text, is_line=False)
    assert line_of(OF_REQUEST.before(of_request=of_request), form) == whole


@rows(
    ("text", "is_line", "why"),
    [
        ("x", True, "main ErrorLogFormat must contain message format string '%M'"),
        ("%", True, "Ran off end of error log format"),
        ("%{a", True, "Ran off end of error log format"),
        ("%{M}", True, "Ran off end of error log format"),
        ("%Q %M", True, "Unrecognized error log format directive %Q"),
        (
            "%+{Nope}i %M",
            True,
            "'[+]' flag cannot be used in the main error log",
        ),
        ("%M", False, "%M cannot be used in once-per-request or once-per-connection"),
        ("%7{a}i", False, "loglevel cannot be used as a condition in once-per-request"),
    ],
)
def test_what_httpd_refuses(text: str, is_line: bool, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        parse_error_format(text, is_line=is_line)


@given(text=st.text("%{}+-07 \\n" + "".join(LETTERS), max_size=12))
def test_no_form_makes_more_than_its_parts(text: str) -> None:
    try:
        form = parse_error_format(f"{text}%M", is_line=True)
    except FormatError:
        return
    for about in (OF_REQUEST, OF_NOBODY):
        line_of(about, form)
    assert all(piece.kind in {"", *LETTERS} for piece in form)


def test_lines_that_go_before_are_written_once(tmp_path: Path) -> None:
    forms = ErrorFormats(
        parse_error_format("[%L] %M", is_line=True),
        request=(
            parse_error_format("[%L] pid:%P tid:%T", is_line=False),
            parse_error_format("[%L] '%+{Referer}i'", is_line=False),
        ),
        connection=(parse_error_format("[%{c}L] %A", is_line=False),),
    )
    out = Written(tmp_path, {"error_formats": forms})
    first = About({("L", ""): "R", ("L", "c"): "C", ("A", ""): "h:1"}, True, True, True)
    for about in (first, first._replace(is_first_of_connection=False)):
        assert out.log.write("error", "core", 0, CLIENT, 0, "x", about=about)
    later = first._replace(is_first_of_request=False, is_first_of_connection=False)
    out.log.write("error", "core", 0, CLIENT, 0, "y\n", about=later)
    assert not out.log.write("debug", "core", 0, CLIENT, 0, "z", about=first)
    of_request = f"[R] pid:{os.getpid()} tid:{threading.get_native_id()}"
    assert out.lines() == [
        "[C] h:1",
        of_request,
        "[R] x",
        of_request,
        "[R] x",
        r"[R] y\n",
    ]
