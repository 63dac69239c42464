"""What a chapter of the core defines and what it uses, read from its Cython.

This is no parser: it knows the declarations, and the scopes of functions, and takes
every other name for a use. A test can pay for that, and runs in a moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

TOKEN = re.compile(
    r'(?P<text>[bruf]?(?:"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\\n])*"|'
    r"'(?:\\.|[^'\\\n])*'))"
    r"|(?P<comment>\#[^\n]*)|(?P<name>[A-Za-z_]\w*)|(?P<number>\d\w*)"
    r"|(?P<break>\\\n)|(?P<line>\n)|(?P<other>\S)",
    re.S,
)
# No name of ours is one of these; they stand where a type or a declaration does.
RESERVED = """
    cdef cpdef def ctypedef struct union enum class extern cimport import from inline
    const volatile unsigned signed char short int long float double void bint size_t
    ssize_t noexcept nogil gil except public api packed readonly object bytes str dict
    list tuple and or not in is if elif else while for return break continue pass with
    global raise try finally lambda yield as None True False NULL self sizeof range
"""
WORDS = frozenset(RESERVED.split())
KINDS = {"struct", "union", "enum"}
OPEN, CLOSE = "([{", ")]}"


@dataclass
class Line:
    """A logical line: its place, its depth, its tokens without strings."""

    number: int
    indent: int
    tokens: list[str]

    def starts(self, *words: str) -> bool:
        return tuple(self.tokens[: len(words)]) == words


@dataclass
class Chapter:
    name: str
    defines: dict[str, int] = field(default_factory=dict)  # -> line
    declares: set[str] = field(default_factory=set)  # functions in its .pxd
    uses: dict[str, int] = field(default_factory=dict)  # every free name -> line
    head: list[str] | None = None  # of `# uses:`


def lines_of(text: str) -> Iterator[Line]:
    depth, number, indent = 0, 1, 0
    tokens: list[str] = []
    start = 1
    for match in TOKEN.finditer(text):
        kind, token = match.lastgroup, match[0]
        if kind == "line":
            number += 1
            if depth == 0 and tokens:
                yield Line(start, indent, tokens)
                tokens = []
            continue
        if kind == "break":
            number += 1
            continue
        if kind != "comment":
            if not tokens:
                start = number
                indent = match.start() - (text.rfind("\n", 0, match.start()) + 1)
            depth += (token in OPEN) - (token in CLOSE)
            tokens.append('""' if kind == "text" else token)
        number += token.count("\n")
    if tokens:
        yield Line(start, indent, tokens)


def parts(tokens: list[str], at: str = ",") -> list[list[str]]:
    """Split where no bracket is open."""
    found: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in OPEN) - (token in CLOSE)
        if token == at and depth == 0:
            found.append([])
        else:
            found[-1].append(token)
    return found


def is_name(token: str) -> bool:
    return (token[0].isalpha() or token[0] == "_") and token not in WORDS


def free(tokens: list[str]) -> Iterator[str]:
    """Names that are looked up: not those behind a dot, nor c"x" and b"x"."""
    for i, token in enumerate(tokens):
        if not is_name(token) or (i and tokens[i - 1] == "."):
            continue
        if token in ("c", "b", "r") and tokens[i + 1 : i + 2] == ['""']:
            continue
        yield token


def declared(tokens: list[str]) -> tuple[str, list[str]]:
    """The name that one declarator declares (or ""), and its types and sizes."""
    left = parts(tokens, "=")[0]
    beside = tokens[len(left) :]
    for i in range(len(left) - 2):
        if left[i : i + 2] == ["(", "*"] and is_name(left[i + 2]):  # (*name)(...)
            inside, _, _ = parameters(left[i + 4 :])
            types = [t for part in inside for t in parameter(part)[1]]
            return left[i + 2], left[:i] + types + beside
    depth, at = 0, -1
    for i, token in enumerate(left):
        depth += (token in OPEN) - (token in CLOSE)
        if depth == 0 and is_name(token) and (i == 0 or left[i - 1] != "."):
            at = i
    if at < 0:
        return "", tokens
    return left[at], left[:at] + left[at + 1 :] + beside


def parameter(tokens: list[str]) -> tuple[str, list[str]]:
    """As declared; a type alone has no name."""
    if tokens[-1:] == ["*"] or (len(tokens) == 1 and tokens[0] not in WORDS):
        return "", tokens
    return declared(tokens)


def parameters(tokens: list[str]) -> tuple[list[list[str]], list[str], list[str]]:
    """The parameters of a function's line, what stands before and what behind."""
    at = tokens.index("(")
    depth = 0
    for end in range(at, len(tokens)):
        depth += (tokens[end] in OPEN) - (tokens[end] in CLOSE)
        if depth == 0:
            break
    return parts(tokens[at + 1 : end]), tokens[:at], tokens[end + 1 :]


def is_function(line: Line) -> bool:
    tokens = line.tokens
    if tokens[0] == "def":
        return True
    if "(" not in tokens or tokens[0] == "ctypedef":
        return False
    at = tokens.index("(")
    return (
        is_name(tokens[at - 1])
        and "=" not in tokens[:at]
        and tokens[at + 1 : at + 2] != ["*"]
        and "." not in tokens[:at]
    )


def bound_in(body: list[Line]) -> set[str]:
    """Names that a function makes its own: declared, assigned, imported, counted."""
    found: set[str] = set()
    shared: set[str] = set()
    for line in body:
        tokens = line.tokens
        if tokens[0] == "global":
            shared.update(tokens[1:])
        elif tokens[0] == "cdef":
            found.update(declared(part)[0] for part in parts(tokens[1:]))
            continue
        elif tokens[0] in ("import", "from", "def"):
            found.update(t for t in tokens[1:] if is_name(t))
        for i, token in enumerate(tokens):
            if token == "for":
                targets = tokens[i + 1 : tokens.index("in", i)]
                found.update(t for t in targets if is_name(t))
            elif token == "as":
                found.add(tokens[i + 1])
        sides = parts(tokens, "=")
        if [] in sides:
            continue  # "=="
        for side in sides[:-1]:
            for target in parts(side):
                name = [t for t in target if t not in ("(", ")")]
                if len(name) == 1 and is_name(name[0]):
                    found.add(name[0])
    return found - shared


def blocks(lines: list[Line]) -> Iterator[tuple[Line, list[Line]]]:
    """Each line with those that stand deeper behind it."""
    i = 0
    while i < len(lines):
        end = i + 1
        while end < len(lines) and lines[end].indent > lines[i].indent:
            end += 1
        yield lines[i], lines[i + 1 : end]
        i = end


class Reader:
    """Reads the files of one chapter."""

    def __init__(self, chapter: Chapter, is_header: bool) -> None:
        self.chapter = chapter
        self.is_header = is_header

    def define(self, name: str, line: Line) -> None:
        if name:
            self.chapter.defines.setdefault(name, line.number)

    def use(self, tokens: Iterable[str], line: Line, local: set[str]) -> None:
        for name in free(list(tokens)):
            if name not in local:
                self.chapter.uses.setdefault(name, line.number)

    def read(self, lines: list[Line]) -> None:
        for line, body in blocks(lines):
            self.block(line, body)

    def block(self, line: Line, body: list[Line]) -> None:
        tokens = line.tokens
        if tokens[0] in ("from", "import", "cimport", "include") or tokens == ['""']:
            return
        if tokens[0] == "cdef" and tokens[1:2] == ["extern"]:
            self.extern(body)
        elif set(tokens[:3]) & KINDS:
            self.struct(line, body)
        elif tokens[0] == "class" or tokens[:2] == ["cdef", "class"]:
            name = tokens[tokens.index("class") + 1]
            if self.is_header:
                self.chapter.declares.add(name)
            else:
                self.define(name, line)
            self.klass(body)
        elif tokens[0] == "ctypedef":
            self.variable(tokens[1:], line)
        elif tokens[0] in ("cdef", "cpdef", "def") and is_function(line):
            self.function(line, body, True)
        elif tokens[0] == "cdef":
            self.variable(tokens[1:], line)
        else:
            # Statements of the module: names that they bind are its own.
            for one in [line, *body]:
                if one.tokens[1:2] == ["="] and one.tokens[0] not in WORDS:
                    self.define(one.tokens[0], one)
                self.use(one.tokens, one, set())

    def variable(self, tokens: list[str], line: Line, is_ours: bool = True) -> None:
        for part in parts(tokens):
            name, types = declared(part)
            if is_ours:
                self.define(name, line)
            self.use(types, line, set())

    def extern(self, body: list[Line]) -> None:
        for line, inner in blocks(body):
            tokens = line.tokens
            if set(tokens[:3]) & KINDS:
                self.struct(line, inner)
            elif tokens[0] == "ctypedef":
                self.variable(tokens[1:], line)
            elif tokens == ['""']:
                pass
            elif is_function(self.plain(line)):
                plain = self.plain(line)
                self.define(plain.tokens[plain.tokens.index("(") - 1], line)
                self.prototype(plain)
            else:
                self.variable(self.plain(line).tokens, line)

    @staticmethod
    def plain(line: Line) -> Line:
        """Without the C name in quotes."""
        return Line(line.number, line.indent, [t for t in line.tokens if t != '""'])

    def struct(self, line: Line, body: list[Line]) -> None:
        tokens = [t for t in line.tokens if t != ":" and t not in WORDS]
        if not body:
            # A forward declaration names what another chapter defines.
            self.use(tokens, line, set())
            return
        self.define(tokens[0] if tokens and is_name(tokens[0]) else "", line)
        for one in body:
            if one.tokens[0] in ("cdef", "pass", '""'):
                continue
            if "enum" in line.tokens:
                for part in parts(one.tokens):
                    name, value = declared(part)
                    self.define(name, one)
                    self.use(value, one, set())
            else:
                self.variable(one.tokens, one, False)

    def prototype(self, line: Line) -> set[str]:
        """Uses of a function's line; the names of its parameters."""
        inside, before, behind = parameters(line.tokens)
        names = set()
        for part in inside:
            if not part:
                continue
            is_python = line.tokens[0] == "def"
            name, types = (declared if is_python else parameter)(part)
            names.add(name)
            self.use(types, line, set())
        self.use(before[:-1], line, set())
        self.use(behind, line, names)
        return names

    def function(self, line: Line, body: list[Line], at_top: bool) -> None:
        name = line.tokens[line.tokens.index("(") - 1]
        local = self.prototype(line)
        if not body and self.is_header:
            if at_top:
                self.chapter.declares.add(name)
            return
        if at_top:
            self.define(name, line)
        local |= bound_in(body)
        for one in body:
            if one.tokens[0] == "cdef":
                for part in parts(one.tokens[1:]):
                    types = declared(part)[1]
                    at = types.index("=") if "=" in types else len(types)
                    self.use(types[:at], one, set())
                    self.use(types[at:], one, local)
            elif one.tokens[0] not in ("import", "from"):
                self.use(one.tokens, one, local)

    def klass(self, body: list[Line]) -> None:
        for line, inner in blocks(body):
            if line.tokens[0] in ("cdef", "cpdef", "def") and is_function(line):
                self.function(line, inner, False)
            elif line.tokens[0] == "cdef":
                for part in parts(line.tokens[1:]):
                    self.use(declared(part)[1], line, set())
