"""`envvars` as Debian puts it beside apache2.conf: read, never run.

apache2ctl lets a shell read it, and what it exports is what `${NAME}` means in the
configuration. Here a small part of the shell's language is read as text:

    export NAME=value    NAME=value    export NAME    unset NAME    : ${NAME:=value}
    if [ word = word ]; then ... elif ... else ... fi    also != -n -z -e -f -d

with quotes, `$NAME`, `${NAME}` and its forms `:-` `-` `:=` `=` `:+` `+` `#` `##` `%`
`%%`. Whatever else a line asks for (a command, a pipe, `$(...)`) is not done: the line
is given back, for somebody to say so.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

BYTES_MAX = 65536

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER = re.compile(
    r"\$(?:([A-Za-z_][A-Za-z0-9_]*)"
    r"|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-=+]|##?|%%?)((?:[^{}$]|\$\{[^{}]*\}|\$)*))?\})"
)
# Words of the shell, blanks between them gone: a word may hold quoted parts.
_TOKEN = re.compile(
    r"""[ \t]*(?:
        (?P<end>;|\#.*|$)
      | (?P<word>(?:'[^']*'|"(?:[^"\\`]|\\.)*"|\$\{(?:[^{}]|\$\{[^{}]*\})*\}
                 |\\.|[^\s;'"\\&|<>()`])+)
    )""",
    re.VERBOSE,
)
_BRACKETS = re.compile(r"(?:^|;)\s*(if|fi)\b")
_QUIET = frozenset({"umask", "ulimit", ":", "true", "set"})  # change no variable
_TESTS = {"-e": os.path.exists, "-f": os.path.isfile, "-d": os.path.isdir}


class _NotUnderstoodError(Exception):
    """The line holds more of the shell's language than is read here."""


@dataclass(frozen=True, slots=True)
class Variables:
    """exported: what a program started behind the file sees of it.

    skipped: (line, text) of what was not understood, and not done.
    """

    exported: Mapping[str, str]
    skipped: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class _Branch:
    """An `if` that is open."""

    reads: bool  # the branch that stands here is obeyed
    decided: bool  # no later branch can be


@dataclass(slots=True)
class _Shell:
    values: dict[str, str]
    exported: set[str]
    branches: list[_Branch] = field(default_factory=list)

    @property
    def reads(self) -> bool:
        return all(branch.reads for branch in self.branches)

    def obey(self, words: list[str]) -> None:
        """One command."""
        while words and words[0] in ("then", "else", "fi"):
            self._turn(words.pop(0))
        if not words:
            return
        if words[0] in ("if", "elif"):
            self._decide(words[0], words[1:])
        elif self.reads:
            self._do(words)

    def _turn(self, word: str) -> None:
        if word == "then":
            return
        if not self.branches:
            raise _NotUnderstoodError
        if word == "fi":
            self.branches.pop()
            return
        branch = self.branches[-1]
        branch.reads, branch.decided = not branch.decided, True

    def _decide(self, word: str, condition: list[str]) -> None:
        if word == "if":
            self.branches.append(_Branch(False, not self.reads))
        elif not self.branches:
            raise _NotUnderstoodError
        branch = self.branches[-1]
        branch.reads = False
        if branch.decided:
            return
        # A condition that cannot be read decides that none of its branches is.
        branch.decided = True
        branch.reads = branch.decided = self._holds(condition)

    def _holds(self, words: list[str]) -> bool:
        if words[:1] == ["["] and words[-1:] == ["]"]:
            words = words[1:-1]
        elif words[:1] == ["test"]:
            words = words[1:]
        else:
            raise _NotUnderstoodError
        negated = words[:1] == ["!"]
        match [self.expand(word) for word in words[negated:]]:
            case [left, "=" | "==", right]:
                truth = left == right
            case [left, "!=", right]:
                truth = left != right
            case ["-n", text] | [text]:
                truth = text != ""
            case ["-z", text]:
                truth = text == ""
            case [("-e" | "-f" | "-d") as test, path]:
                truth = "\0" not in path and _TESTS[test](path)
            case _:
                raise _NotUnderstoodError
        return truth is not negated

    def _do(self, words: list[str]) -> None:
        if words[0] == "unset":
            for name in words[1:]:
                self.values.pop(name, None)
                self.exported.discard(name)
            return
        if words[0] == ":":
            for word in words[1:]:
                self.expand(word)
            return
        if words[0] in _QUIET:
            return
        if words[0] != "export":
            for word in words:
                self._assign(word, self.expand(_value_of(word)))
            return
        # As a command's words, they are expanded before the first is assigned.
        given = [(word, self.expand(_value_of(word))) for word in words[1:]]
        for word, value in given:
            name = word.partition("=")[0]
            if "=" in word:
                self._assign(word, value)
            elif _NAME.fullmatch(name) is None:
                raise _NotUnderstoodError
            self.exported.add(name)

    def _assign(self, word: str, value: str) -> None:
        assigned = _ASSIGNMENT.match(word)
        if assigned is None:
            raise _NotUnderstoodError
        self.values[assigned[1]] = value

    def expand(self, word: str) -> str:
        """A word with its quotes taken off and its variables put in."""
        parts: list[str] = []
        index = 0
        quote = ""
        while index < len(word):
            char = word[index]
            if char == quote or (not quote and char in "'\""):
                quote = "" if quote else char
                index += 1
            elif char == "\\" and quote != "'" and index + 1 < len(word):
                parts.append(word[index + 1])
                index += 2
            elif char == "$" and quote != "'":
                parameter = _PARAMETER.match(word, index)
                if parameter is None:
                    raise _NotUnderstoodError
                parts.append(self._value(parameter))
                index = parameter.end()
            else:
                parts.append(char)
                index += 1
        return "".join(parts)

    def _value(self, parameter: re.Match[str]) -> str:
        plain, name, form, raw = parameter.groups()
        name = plain or name
        value = self.values.get(name)
        if form is None:
            return value or ""
        missing = value is None or (form[0] == ":" and value == "")
        other = self.expand(raw)
        match form.lstrip(":"):
            case "-":
                return other if missing else value or ""
            case "=":
                if missing:
                    self.values[name] = other
                return self.values[name]
            case "+":
                return "" if missing else other
            case _:
                return _cut(value or "", form, other)


def _value_of(word: str) -> str:
    return word.partition("=")[2]


def _cut(value: str, form: str, pattern: str) -> str:
    """`#` and `##` take the shortest, the longest beginning off; `%` and `%%` ends."""
    ends = range(len(value) + 1)
    places = ends if form in ("#", "%%") else reversed(ends)
    for place in places:
        front, back = value[:place], value[place:]
        cut, left = (front, back) if form[0] == "#" else (back, front)
        if fnmatch.fnmatchcase(cut, pattern):
            return left
    return value


def read(text: str, environ: Mapping[str, str]) -> Variables:
    """What the text exports; environ: what was exported before."""
    shell = _Shell(dict(environ), set(environ))
    skipped: list[tuple[int, str]] = []
    number = 0
    pending = ""
    for line in text.split("\n"):
        number += 1
        pending += line
        if pending.endswith("\\"):
            pending = pending[:-1]
            continue
        if not _obey_line(shell, pending):
            skipped.append((number, pending.strip()))
        pending = ""
    exported = {
        name: shell.values[name] for name in shell.exported if name in shell.values
    }
    return Variables(exported, tuple(skipped))


def _obey_line(shell: _Shell, line: str) -> bool:
    """Do what a line says; False when something of it was not understood."""
    try:
        commands = _commands(line)
    except _NotUnderstoodError:
        was_read = shell.reads
        # Where a branch begins and ends must be known all the same.
        for word in _BRACKETS.findall(line):
            if word == "if":
                shell.branches.append(_Branch(False, True))
            elif shell.branches:
                shell.branches.pop()
        return not was_read
    understood = True
    for words in commands:
        try:
            shell.obey(words)
        except _NotUnderstoodError:
            understood = False
    return understood


def read_file(path: str, environ: Mapping[str, str]) -> Variables | None:
    """Of the file, or None when there is none that can be read."""
    try:
        with open(path, "rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError:
        return None
    if len(data) > BYTES_MAX:
        return Variables({}, ((0, f"more than {BYTES_MAX} bytes"),))
    return read(os.fsdecode(data), environ)


def _commands(line: str) -> list[list[str]]:
    """The commands of a line, each as its words, quotes left on."""
    found: list[list[str]] = [[]]
    position = 0
    while True:
        token = _TOKEN.match(line, position)
        if token is None:
            raise _NotUnderstoodError
        position = token.end()
        if token["word"] is not None:
            found[-1].append(token["word"])
        elif token["end"] == ";":
            found.append([])
        else:
            return [words for words in found if words]
