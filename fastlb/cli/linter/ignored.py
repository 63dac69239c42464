"""`#@ lint ignore FB0123` above a directive, `#@ lint ignore-file FB0123` anywhere.

Such a line is a comment to httpd, and -t does not look at it: what it says is left out
of `fastlb lint` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fastlb.base.errors import Diagnostic, Severity
from fastlb.base.messages import MESSAGES
from fastlb.cli.explain.expect import MARK
from fastlb.config.lexer import LineTooLongError, filesystem_path, logical_lines

FORM = "#@ lint ignore FB0123"


@dataclass(slots=True)
class Ignored:
    """(file, line, code) that nobody wants to hear of; line 0: of the whole file."""

    places: set[tuple[str, int, str]] = field(default_factory=set)
    wrong: list[Diagnostic] = field(default_factory=list)

    def __contains__(self, item: Diagnostic) -> bool:
        return not self.places.isdisjoint(
            {(item.file, item.line, item.number), (item.file, 0, item.number)}
        )


def ignored_in(files: Iterable[str]) -> Ignored:
    found = Ignored()
    for path in dict.fromkeys(files):
        try:
            with open(filesystem_path(path), "rb") as file:
                data = file.read()
        except OSError:
            continue
        for line, words in _lines(data):
            codes = [code for word in words[1:] for code in word.split(",") if code]
            known = words[:1] in (["ignore"], ["ignore-file"]) and codes
            strange = [code for code in codes if code not in MESSAGES]
            if not known or strange:
                found.wrong.append(_wrong(path, line, words, strange))
                continue
            place = 0 if words[0] == "ignore-file" else _directive_below(data, line)
            found.places |= {(path, place, code) for code in codes}
    return found


def _lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """(line, words behind `#@ lint`)"""
    if b"#@" not in data:
        return
    for match in MARK.finditer(data):
        if match[1] == b"lint":
            line = data.count(b"\n", 0, match.start()) + 1
            yield line, match[2].decode("latin-1").split()


def _directive_below(data: bytes, comment: int) -> int:
    """The line by which messages call the directive that follows; -1: none does."""
    try:
        for line in logical_lines(data.decode("latin-1")):
            if line.first > comment:
                return line.number
    except LineTooLongError:
        pass
    return -1


def _wrong(path: str, line: int, words: list[str], strange: list[str]) -> Diagnostic:
    why = f"there is no message {strange[0]}" if strange else ""
    text = f"#@ lint {' '.join(words)}: it is not understood"
    return Diagnostic(
        Severity.WARNING, "FB0902", path, line, 0, "", text, why, f"write {FORM}"
    )
