r"""From text to terminals.

A mode says what is read: outside of everything blanks only separate, within quotes they
count; behind `%{` stands a name, behind its `:` text up to `}`, and a regular
expression goes to its delimiter, whatever stands in it.

    outside   words, operators, and what begins one of the others
    quoted    "..." or '...', and the whole of a text like "expr=..."
    name      behind %{
    argument  behind the : of %{name:
    pattern   behind / or m#

The longest terminal wins, of equal ones the first that is listed.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import Any, Final, TypeAlias

from lark import Token
from lark.lexer import Lexer

WORDS: Final = {
    "==": "EQUAL",
    "=": "EQUAL",
    "!=": "UNEQUAL",
    "<": "LESS",
    "<=": "AT_MOST",
    ">": "MORE",
    ">=": "AT_LEAST",
    "=~": "MATCHES",
    "!~": "MATCHES_NOT",
    "and": "AND",
    "&&": "AND",
    "or": "OR",
    "||": "OR",
    "not": "NOT",
    "!": "NOT",
    "-in": "IN",
    "in": "IN",
    "true": "TRUE",
    "false": "FALSE",
    ".": "JOIN",
    **{
        sign: "NUMBERS"
        for op in ("eq", "ne", "lt", "le", "gt", "ge")
        for sign in (op, f"-{op}")
    },
    "(": "OPEN",
    ")": "CLOSE",
    "{": "OPEN_LIST",
    "}": "CLOSE_LIST",
    ",": "COMMA",
    ":": "COLON",
}
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SIGNED: Final = re.compile(r"-[A-Za-z_][A-Za-z_0-9]*")
_NUMBER: Final = re.compile(r"-?[0-9]+")
_BLANK: Final = re.compile(r"[ \t\n]+")
_SIGN: Final = re.compile(r"==|=~|=|!=|!~|!|<=|<|>=|>|&&|\|\||[(){},:.]")
_REGEX_BEGINS: Final = re.compile(r"m[/#$%^|?!'\",;:._-]|/")
_PLAIN: Final = re.compile(r"[A-Za-z0-9 /_.-]+")  # letters that begin and end nothing
_ESCAPE: Final = re.compile(r"\\(?:([0-7]{1,3})(?![0-9])|([0-9]+)|(.))", re.S)
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
END_OF_TEXT: Final = "Unterminated string or variable"
DEPTH_MAX: Final = 32  # of %{a:%{b:...}}; httpd gives up at 20 when it evaluates one

Scanned: TypeAlias = Generator[Token, None, int]
"""Terminals, and in the end the offset behind them."""


class ScanError(ValueError):
    """httpd's sentence, and the offset that it is about."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(text)
        self.at = at


class Scanner(Lexer):
    """What Lark asks for terminals. is_text: the whole is what quotes would hold."""

    def __init__(self, _conf: object, *, is_text: bool = False) -> None:
        self.is_text = is_text

    # Lark wraps lexers of this, its older, form.
    def lex(self, data: Any) -> Iterator[Token]:  # type: ignore[override]
        text = str(data)
        if self.is_text:
            at = yield from _within(text, 0, "")
            assert at == len(text)
        else:
            yield from _outside(text)


class TextScanner(Scanner):
    def __init__(self, conf: object) -> None:
        super().__init__(conf, is_text=True)


def _outside(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        letter = text[at]
        if blank := _BLANK.match(text, at):
            at = blank.end()
        elif letter in "\"'":
            yield Token("QUOTE", letter, at)
            at = yield from _within(text, at + 1, letter)
            yield Token("QUOTE_END", letter, at)
            at += 1
        elif text.startswith("%{", at):
            at = yield from _variable(text, at)
        elif letter == "$" and text[at + 1 : at + 2].isdecimal():
            yield Token("GROUP", text[at + 1], at)
            at += 2
        else:
            at = yield from _plain(text, at)


def _plain(text: str, at: int) -> Scanned:
    """A pattern, or the longest of the other terminals."""
    name, pattern = _NAME.match(text, at), _REGEX_BEGINS.match(text, at)
    if pattern and (name is None or pattern.end() >= name.end()):
        return (yield from _pattern(text, at, pattern.end()))
    for terminal, found in (
        ("", _SIGN.match(text, at)),
        ("NUMBER", _NUMBER.match(text, at)),
        ("SIGNED", _SIGNED.match(text, at)),
        ("ID", name),
    ):
        if found is None:
            continue
        word = found[0]
        kind = WORDS.get(word, terminal)
        if kind == "SIGNED":
            kind = "UNARY" if len(word) == 2 else "BINARY"
        yield Token(kind, word, at)
        return found.end()
    raise ScanError(f"Parse error near '{text[at]}'", at)


def _pattern(text: str, at: int, begin: int) -> Scanned:
    end = text.find(text[begin - 1], begin)
    if end < 0:
        raise ScanError("syntax error, unexpected $end", at)
    ignores = text[end + 1 : end + 2] == "i"
    yield Token("REGEX_I" if ignores else "REGEX", text[begin:end], at)
    return end + 1 + ignores


def _within(text: str, at: int, delimiter: str, depth: int = 0) -> Scanned:
    """Text with holes up to its delimiter, "" the end of the text, not included.

    In quotes the other quote is a letter; in an argument none may stand, there httpd's
    scanner ends, and httpd with it.
    """
    begin = at
    kept: list[str] = []
    is_argument = delimiter == "}"
    while at < len(text) and (not delimiter or text[at] != delimiter):
        letter = text[at]
        hole = text.startswith("%{", at) or (
            letter == "$" and text[at + 1 : at + 2] in tuple("0123456789")
        )
        if hole:
            if kept:
                yield Token("TEXT", "".join(kept), begin)
                kept = []
            if letter == "$":
                yield Token("GROUP", text[at + 1], at)
                at += 2
            else:
                at = yield from _variable(text, at, depth + 1)
            begin = at
            continue
        if letter == "\\":
            plain, at = _escaped(text, at)
            kept.append(plain)
            continue
        if letter == "\n" and delimiter:
            raise ScanError(END_OF_TEXT, at)
        if is_argument and letter in "\"'":
            raise ScanError("flex scanner jammed", at)
        letters = _PLAIN.match(text, at)
        end = letters.end() if letters is not None else at + 1
        kept.append(text[at:end])
        at = end
    if at == len(text) and delimiter:
        raise ScanError(END_OF_TEXT, at)
    if kept:
        yield Token("TEXT", "".join(kept), begin)
    return at


def _escaped(text: str, at: int) -> tuple[str, int]:
    found = _ESCAPE.match(text, at)
    if found is None:
        raise ScanError("flex scanner jammed", at)
    octal, wrong, letter = found.groups()
    if wrong:
        raise ScanError("Bad escape sequence", at)
    if octal:
        if int(octal, 8) > 255:
            raise ScanError("Escape sequence out of bound", at)
        return chr(int(octal, 8)), found.end()
    return _LETTERS.get(letter, letter), found.end()


def _variable(text: str, at: int, depth: int = 0) -> Scanned:
    """%{NAME} or %{name:text}."""
    if depth > DEPTH_MAX:
        raise ScanError("Recursion limit reached", at)
    yield Token("VAR_BEGIN", "%{", at)
    at += 2
    if name := _NAME.match(text, at):
        yield Token("ID", name[0], at)
        at = name.end()
    if text.startswith("}", at):
        yield Token("VAR_END", "}", at)
        return at + 1
    if text.startswith(":", at):
        yield Token("COLON", ":", at)
        at = yield from _within(text, at + 1, "}", depth)
        yield Token("VAR_END", "}", at)
        return at + 1
    if at == len(text):
        raise ScanError(END_OF_TEXT, at)
    raise ScanError(f"Invalid character in variable name '{text[at]}'", at)
