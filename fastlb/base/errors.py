"""Complaints with a place.

A `Diagnostic` is one thing an operator has to know about a configuration: where,
what (Apache's sentence first, where Apache has one), why it matters, what to do.
The control plane collects them; nothing is printed here. `render` gives the text
for stderr.
"""

from __future__ import annotations

import contextlib
import enum
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from fastlb.base.masking import masked

COMMAND_LINE = "-c/-C directives"  # Apache's name for the file of -C and -c


class Severity(enum.Enum):
    """How much a complaint matters; the value is the word operators read."""

    ERROR = "error"  # Apache would refuse it: nothing starts
    WARNING = "warning"  # taken, but it goes on otherwise than asked
    NOTE = "note"  # worth knowing; never changes the exit status


class Phase(enum.Enum):
    """When Apache would have found it; decides the form of its first line."""

    READING = "reading"  # structure, Include, LoadModule, Define
    PROCESSING = "processing"  # unknown words, contexts, arguments


@dataclass(frozen=True, slots=True)
class Fix:
    """A cure that needs no judgement: `old` at a place of a file becomes `new`.

    line, column  a physical line and the byte of it, both 1-based, where `old` begins
    new           a line end in it begins a line with the same indent
    """

    file: str
    line: int
    column: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One complaint.

    file, line    place; line counts from 1 (0: no line), of the directive's last
                  physical line, as in Apache
    column        1-based, of the word that is meant; 0: unknown
    directive     the registry's spelling, "" when there is none
    text          one sentence; Apache's, where operators may match on it
    why, cure     one sentence each, without a full stop; may be ""
    trail         for errors in included files: the (file, line) of each Include,
                  outermost first
    moment        counts up in the order of finding, within the phase of reading
    about         the short name of what it is about; "": the directive
    fixes         the cure, where it is mechanical: all of them, or none
    """

    severity: Severity
    number: str  # "FB0107", a key of messages.MESSAGES
    file: str
    line: int
    column: int
    directive: str
    text: str
    why: str = ""
    cure: str = ""
    phase: Phase = Phase.PROCESSING
    trail: tuple[tuple[str, int], ...] = ()
    moment: int = field(default=0, compare=False)
    about: str = field(default="", compare=False)
    fixes: tuple[Fix, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("text", "why", "cure"):
            object.__setattr__(self, name, masked(getattr(self, name)))

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(item.is_error for item in diagnostics)


def as_strict(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What `-t --strict` makes of them: every warning is an error."""
    return [
        replace(item, severity=Severity.ERROR)
        if item.severity is Severity.WARNING
        else item
        for item in diagnostics
    ]


def sort_by_place(
    diagnostics: Iterable[Diagnostic], files: Sequence[str] = ()
) -> list[Diagnostic]:
    """By file in the order of reading (files), then line, column and severity.

    Files that are not in `files` come last, by name. Equal ones are kept once.
    """
    order = {name: index for index, name in reversed(list(enumerate(files)))}
    rank = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    return sorted(
        dict.fromkeys(diagnostics),
        key=lambda d: (
            order.get(d.file, len(order)),
            d.file,
            d.line,
            d.column,
            rank[d.severity],
        ),
    )


@dataclass(frozen=True, slots=True)
class Style:
    """How text is laid out. width: of the terminal; 0: lines stay as they are."""

    width: int = 0
    colour: bool = False


PLAIN = Style()


def render(
    diagnostics: Sequence[Diagnostic], program: str = "fastlb", style: Style = PLAIN
) -> str:
    """The text for stderr, every line ended with a newline; "" for none.

    With an error in it the text begins as Apache's does, because scripts match on
    that; then every other diagnostic in our own form, and a count.
    """
    if not diagnostics:
        return ""
    lines: list[str] = []
    errors = [item for item in diagnostics if item.is_error]
    first = min(errors, key=_when_found) if errors else None
    if first is not None:
        lines += [readable(line) for line in _apache_form(first, program)]
        lines += _laid_out((_number_line(first), *_advice_lines(first)), style)
    for item in diagnostics:
        if item is not first:
            lines += _laid_out((_own_line(item), *_advice_lines(item)), style)
    if len(diagnostics) > 1:
        warnings = sum(item.severity is Severity.WARNING for item in diagnostics)
        lines.append(f"{_count(len(errors), 'error')}, {_count(warnings, 'warning')}")
    return "".join(f"{line}\n" for line in lines)


_WIDTH_MIN = 40  # of a narrower terminal the lines are left alone
_SEVERITY = re.compile(r"(error|warning|note) (FB\d{4})(?=:)")
_COLOURS = {"error": "1;31", "warning": "1;33", "note": "1;36"}


def _laid_out(lines: Iterable[str], style: Style) -> list[str]:
    """The lines as the terminal has room for them; the first may say how grave."""
    found: list[str] = []
    for line in map(readable, lines):
        if style.width >= _WIDTH_MIN and len(line) > style.width:
            found += textwrap.wrap(
                line,
                style.width,
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        else:
            found.append(line)
    if style.colour:
        for index, line in enumerate(found):
            coloured, count = _SEVERITY.subn(_coloured, line, count=1)
            if count:
                found[index] = coloured
                break
    return found


def _coloured(match: re.Match[str]) -> str:
    return f"\x1b[{_COLOURS[match[1]]}m{match[1]}\x1b[0m {match[2]}"


def _apache_form(item: Diagnostic, program: str) -> list[str]:
    """Apache's one or two lines for its first (and only) error.

    Source: httpd 2.4.71 as observed.
    """
    if not item.file:
        return [f"{program}: {item.text}"]
    if item.phase is not Phase.READING:
        return [f"AH00526: Syntax error on line {item.line} of {item.file}:", item.text]
    if item.line == 0:
        return [f"{program}: {item.text}"]
    if item.file == COMMAND_LINE and not item.trail:
        return [f"{program}: Syntax error in -C/-c directive: {item.text}"]
    places = [*item.trail, (item.file, item.line)]
    nested = "".join(
        f"Syntax error on line {line} of {file}: " for file, line in places
    )
    return [f"{program}: {nested}{item.text}"]


def _when_found(item: Diagnostic) -> tuple[bool, int, list[int]]:
    """Orders complaints as Apache would meet them, included files in their place."""
    reading = item.phase is Phase.READING
    lines = [line for _, line in (*item.trail, (item.file, item.line))]
    return not reading, item.moment, lines


def _own_line(item: Diagnostic) -> str:
    """`file:line:column: error FB0107: Directive: text`."""
    place = item.file
    if item.line:
        place += f":{item.line}"
        if item.column:
            place += f":{item.column}"
    head = f"{place}: " if place else ""
    subject = _subject(item)
    prefix = f"{subject}: " if subject else ""
    return f"{head}{item.severity.value} {item.number}: {prefix}{item.text}"


def _number_line(item: Diagnostic) -> str:
    """What Apache's lines do not say: `FB0107: Directive, column 7`."""
    subject = _subject(item)
    named = f": {subject}" if subject else ""
    column = f", column {item.column}" if item.column else ""
    return f"    {item.number}{named}{column}"


def _subject(item: Diagnostic) -> str:
    """The directive, unless the text begins with it."""
    name = item.directive
    return "" if item.text.startswith((name, f"<{name}", f"'{name}")) else name


def _advice_lines(item: Diagnostic) -> list[str]:
    """Why it matters, then what to do, below the line that says what."""
    return [f"    {line}" for line in (item.why, item.cure) if line]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def readable(line: str) -> str:
    """Configuration text is latin-1 (one character a byte): show it as UTF-8.

    Control characters are shown as printable() does, so that no file can drive a
    terminal.
    """
    with contextlib.suppress(UnicodeError):
        line = line.encode("latin-1").decode("utf-8")
    return printable(line)


def printable(text: str) -> str:
    """Text as a terminal may have it: control characters as \\xHH."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\t" else f"\\x{ord(char):02x}"
        for char in text
    )
