"""<Macro> and Use: text that is written once and read in several places (mod_macro).

Names and their case, what is an error and in which words: as httpd 2.4.71, observed.
Lines of a macro keep the place at which they are written, so complaints point there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fastlb.config.lexer import LogicalLine

LINES_MAX = 200_000  # that macros bring into a configuration; they may use each other


class MacroError(Exception):
    """It cannot be defined or used so; the text is Apache's sentence."""


@dataclass(slots=True)
class Macro:
    """name: in lower case. lines: as written, parameters and ${} not yet replaced."""

    name: str
    parameters: tuple[str, ...]
    file: str
    line: int
    lines: list[LogicalLine] = field(default_factory=list)

    @property
    def shown(self) -> str:
        return f"macro '{self.name}' (defined on line {self.line} of \"{self.file}\")"

    def used_with(self, values: Sequence[str]) -> Iterator[LogicalLine]:
        """Its lines with the values in the place of parameters; MacroError."""
        wanted = len(self.parameters)
        if len(values) != wanted:
            raise MacroError(
                f"{self.shown} used with {len(values)} arguments instead of {wanted}"
            )
        # At one place the longest name wins; what was put in is not read again.
        names = sorted(self.parameters, key=len, reverse=True)
        pattern = re.compile("|".join(map(re.escape, names))) if names else None
        by_name = {
            name: _put_in(name, value)
            for name, value in zip(self.parameters, values, strict=True)
        }
        for line in self.lines:
            text = line.text
            if pattern is not None:
                text = pattern.sub(lambda found: by_name[found[0]], text)
            # columns are those of no file
            yield LogicalLine(text, line.number, 0, line.indent)


def _put_in(name: str, value: str) -> str:
    """What stands in the place of a parameter: of `@name` its value as one word."""
    if not name.startswith("@") or value == name:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def begin(words: Sequence[str], file: str, line: int) -> Macro:
    """Of the words behind `<Macro`; MacroError."""
    if not words or not words[0]:
        raise MacroError("<Macro macro definition: empty name")
    macro = Macro(words[0].lower(), tuple(words[1:]), file, line)
    for number, name in enumerate(macro.parameters, 1):
        first = macro.parameters.index(name) + 1
        if not name:
            raise MacroError(f"{macro.shown}: empty argument #{number} name")
        if first != number:
            raise MacroError(
                f"argument name conflict in {macro.shown}: argument '{name}':"
                f" #{first} and #{number}, change argument names!"
            )
    return macro
