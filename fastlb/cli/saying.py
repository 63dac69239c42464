"""What is said of a configuration: how much of it, and how it is laid out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TextIO

from fastlb.base.errors import PLAIN, Diagnostic, Severity, Style, render
from fastlb.base.folding import fold
from fastlb.base.levels import LEVELS
from fastlb.lint.logs import UNREAD_IN_BACKGROUND


def say(diagnostics: Iterable[Diagnostic], program: str, *, verbose: bool) -> None:
    """Write to stderr; verbose: every note by itself, with its place."""
    shown = list(diagnostics) if verbose else fold(diagnostics)
    sys.stderr.write(render(shown, program, style_of(sys.stderr, os.environ)))
    sys.stderr.flush()


def worth_saying(
    diagnostics: Iterable[Diagnostic], level: str | None
) -> list[Diagnostic]:
    """What -e asks for; errors always, and all of it without -e."""
    rank = len(LEVELS) if level is None else LEVELS.index(level)
    said = {Severity.ERROR}
    if rank >= LEVELS.index("warn"):
        said.add(Severity.WARNING)
    if rank >= LEVELS.index("notice"):
        said.add(Severity.NOTE)
    return [item for item in diagnostics if item.severity in said]


def in_background(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """What is to be said before the terminal is left: notes that matter then."""
    return tuple(
        replace(item, severity=Severity.WARNING)
        if item.number == UNREAD_IN_BACKGROUND
        else item
        for item in diagnostics
    )


def style_of(stream: TextIO, environ: Mapping[str, str]) -> Style:
    """Width and colour of a terminal; neither where nobody looks.

    NO_COLOR (https://no-color.org) and TERM=dumb mean none. COLUMNS says the width in
    the place of the terminal.
    """
    try:
        if not stream.isatty():
            return PLAIN
        columns = environ.get("COLUMNS", "")
        width = int(columns) if columns.isdecimal() else 0
        width = width or os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return PLAIN
    colour = not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"
    return Style(width, colour)
