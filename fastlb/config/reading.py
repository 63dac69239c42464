"""First pass: files to a raw tree.

What acts while a file is read acts here, in file order, as in Apache: variables,
Define, Include, LoadModule, ServerRoot and the conditional sections. Everything else
is only put where it belongs; `checking.py` looks at it later.

Unlike Apache the reader goes on after an error: it closes what the file seems to
have meant and collects every complaint.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fastlb.base.errors import COMMAND_LINE, Diagnostic, Phase, Severity
from fastlb.base.limits import (
    DIAGNOSTICS_MAX,
    FILES_MAX,
    INCLUDE_DEPTH_MAX,
    SECTION_DEPTH_MAX,
)
from fastlb.config import conditions, modules
from fastlb.config.include import IncludeError, files_of
from fastlb.config.lexer import (
    LineTooLongError,
    LogicalLine,
    configuration_text,
    expand,
    filesystem_path,
    logical_lines,
    next_word,
    split_words,
)
from fastlb.config.registry import Directive, Registry

Trail = tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Draft:
    """A directive or section as it was read, not yet looked at.

    name     as written, without brackets
    raw      the rest of the line, trimmed; of a section without its last `>`
    start    column of the name on the line; 0 when the line was continued
    column   of the first argument; 0 when a continuation or `${}` hides it
    closed   False: a section's line has no `>`
    """

    name: str
    raw: str
    file: str
    line: int
    start: int
    column: int
    is_section: bool = False
    closed: bool = True
    children: list[Draft] = field(default_factory=list)


@dataclass(slots=True)
class _Frame:
    """A section that is open in the file being read.

    draft None: a conditional section. reading False: it, or one around it, is
    false, and what it encloses is not looked at.
    """

    name: str
    line: int
    draft: Draft | None
    reading: bool


@dataclass(slots=True)
class _File:
    """The file being read: its name, how it was reached, what is open in it."""

    name: str
    trail: Trail
    top: list[Draft]
    frames: list[_Frame] = field(default_factory=list)

    @property
    def children(self) -> list[Draft]:
        """Where the next directive goes."""
        for frame in reversed(self.frames):
            if frame.draft is not None:
                return frame.draft.children
        return self.top

    @property
    def is_reading(self) -> bool:
        return not self.frames or self.frames[-1].reading


class Reader:
    """Reads files into `drafts`; complaints into `diagnostics`."""

    def __init__(
        self,
        registry: Registry,
        server_root: str,
        defines: Iterable[str],
        environ: Mapping[str, str],
    ) -> None:
        self.registry = registry
        self.server_root = server_root
        self.defines: dict[str, str | None] = dict.fromkeys(defines)
        self.environ = environ
        self.drafts: list[Draft] = []
        self.diagnostics: list[Diagnostic] = []
        self.modules: list[str] = []
        self.files: list[tuple[str, int, int]] = []
        self._module_places: dict[str, tuple[str, int]] = {}
        self._warned: set[tuple[str, int, str]] = set()
        self._here = ("", 0, 0)
        self._trail: Trail = ()
        self._acts: dict[str, Callable[[_File, Draft, tuple[str, ...]], None]] = {
            "include": self._include,
            "includeoptional": self._include,
            "define": self._define,
            "undefine": self._undefine,
            "loadmodule": self._load_module,
            "serverroot": self._server_root,
        }

    # -- entry points

    def read_main(self, path: str) -> None:
        """The file of -f; an absolute path of the system."""
        self._read_path(path, (), self.drafts, 0)

    def read_lines(self, lines: Sequence[str]) -> None:
        """Directives of -C or -c; all of them together make one file."""
        if not lines:
            return
        text = "\n".join(configuration_text(line) for line in lines) + "\n"
        self._read_text(text, COMMAND_LINE, (), self.drafts)

    # -- files

    def _read_path(
        self, path: str, trail: Trail, children: list[Draft], include_line: int
    ) -> None:
        shown = configuration_text(path)
        if len(self.files) >= FILES_MAX:
            self._complain("FB0104", f"More than {FILES_MAX} files are included")
            return
        try:
            with open(path, "rb") as file:
                text = file.read().decode("latin-1")
        except OSError as problem:
            self._complain(
                "FB0103",
                f"Could not open configuration file {shown}: {problem.strerror}",
            )
            return
        self.files.append((shown, len(trail), include_line))
        self._read_text(text, shown, trail, children)

    def _read_text(
        self, text: str, name: str, trail: Trail, children: list[Draft]
    ) -> None:
        before = self._here, self._trail
        file = _File(name, trail, children)
        self._trail = trail
        last = 1
        try:
            for line in logical_lines(text):
                last = line.number
                self._here = (name, line.number, 0)
                self._read_line(file, line)
        except LineTooLongError as problem:
            self._here = (name, problem.number, 0)
            text = f"Error reading {name} at line {problem.number}: {problem}"
            self._complain("FB0125", text)
        self._here = (name, last, 0)
        self._end_of_file(file)
        self._here, self._trail = before

    def _end_of_file(self, file: _File) -> None:
        for frame in reversed(file.frames):
            if frame.draft is None:
                text = f"Expected </{frame.name}> before end of configuration"
                why = f"<{frame.name}> was opened on line {frame.line}"
            else:
                text = f"{file.name}:{frame.line}: <{frame.name}> was not closed."
                why = "a section must end in the file in which it begins"
            self._complain("FB0101", text, frame.name, why, f"add </{frame.name}>")

    # -- lines

    def _read_line(self, file: _File, line: LogicalLine) -> None:
        if not file.is_reading:
            self._skip_line(file, line)
            return
        text, missing = expand(line.text, self._lookup)
        for name in missing:
            self._undefined(name)
        command, after = next_word(text, 0)
        name = command.text
        if name.startswith("</"):
            self._close(file, text)
            return
        plain = text == line.text and line.first == line.number
        column = line.indent + after + 1 if plain and after < len(text) else 0
        start = line.indent + 1 if line.first == line.number else 0
        draft = Draft(name, text[after:], file.name, line.number, start, column)
        self._here = (file.name, line.number, column)
        if name.startswith("<"):
            self._open(file, draft)
            return
        act = self._acts.get(name.lower())
        if act is None:
            file.children.append(draft)
            return
        words = tuple(word.text for word in split_words(draft.raw))
        declared = self.registry.command(name)
        problem = declared.count_problem(words) if declared else None
        if problem is not None:
            self._complain("FB0108", problem, declared.name if declared else name)
            return
        self._warn_trailing_comment(draft, words)
        act(file, draft, words)

    def _skip_line(self, file: _File, line: LogicalLine) -> None:
        """In a false section only brackets count, and they must balance."""
        text = line.text
        if text.startswith("</"):
            self._close(file, text)
        elif text.startswith("<"):
            name = next_word(text, 0)[0].text[1:].removesuffix(">")
            file.frames.append(_Frame(name, line.number, None, False))

    def _open(self, file: _File, draft: Draft) -> None:
        """A line that begins with `<`: a section, perhaps a conditional one."""
        written = draft.name[1:]
        head, bracket, _ = f"{written} {draft.raw}".rpartition(">")
        if written.endswith(">") and not draft.raw:
            written, head, bracket = written[:-1], written, ">"
        draft.closed = bool(bracket)
        name, _, argument = head.partition(" ") if bracket else (written, "", draft.raw)
        draft.name, draft.raw = name, argument.strip()
        draft.is_section = True
        reading = True
        if len(file.frames) >= SECTION_DEPTH_MAX:
            self._complain("FB0101", f"<{name}> is nested too deeply", name)
        kept: Draft | None = draft
        if name.lower() in conditions.NAMES:
            kept = None
            reading = self._condition(draft)
        else:
            file.children.append(draft)
        file.frames.append(_Frame(name, draft.line, kept, reading))

    def _close(self, file: _File, text: str) -> None:
        """`</Name>`; the case of the name does not count."""
        word = next_word(text, 0)[0].text
        name = word[2:].removesuffix(">")
        if not word.endswith(">"):
            self._complain("FB0102", f"</{name}> directive missing closing '>'", name)
        if not file.frames:
            self._complain(
                "FB0101",
                f"</{name}> without matching <{name}> section",
                name,
                cure=f"delete it, or open <{name}> in this file before it",
            )
            return
        if file.frames[-1].name.lower() == name.lower():
            file.frames.pop()
            return
        expected = file.frames[-1]
        self._complain(
            "FB0101",
            f"Expected </{expected.name}> but saw </{name}>",
            name,
            f"<{expected.name}> was opened on line {expected.line}",
            f"close it first with </{expected.name}>",
        )
        if name.lower() in (frame.name.lower() for frame in file.frames):
            while file.frames.pop().name.lower() != name.lower():
                pass

    def _condition(self, draft: Draft) -> bool:
        declared = self.registry.section(draft.name)
        name = declared.name if declared else draft.name
        if not draft.closed:
            text = f"<{name}> directive missing closing '>'"
            self._complain("FB0102", text, name)
            return False
        world = conditions.World(
            self.registry, self.defines, tuple(self.modules), self.server_root
        )
        try:
            truth = conditions.holds(draft.name.lower(), draft.raw, world)
        except conditions.ConditionError as problem:
            text = str(problem)
            if text.startswith("directive "):
                text = f"<{name}> {text}"
            self._complain("FB0123", text, name)
            return False
        if not truth and name == "IfModule":
            self._note_skipped_module(draft)
        return truth

    # -- directives that act at once

    def _include(self, file: _File, draft: Draft, words: tuple[str, ...]) -> None:
        optional = draft.name.lower() == "includeoptional"
        path = self._absolute(words[0])
        trail = (*file.trail, (file.name, draft.line))
        if len(trail) > INCLUDE_DEPTH_MAX:
            self._complain(
                "FB0104",
                f"Exceeded maximum include depth of {INCLUDE_DEPTH_MAX}, There appears"
                " to be a recursion.",
                draft.name,
                "the rest of this file is read without what it includes",
            )
            return
        try:
            paths = files_of(path, optional)
        except IncludeError as problem:
            self._complain("FB0103", str(problem), draft.name)
            return
        for found in paths:
            self._here = (file.name, draft.line, draft.column)
            self._read_path(found, trail, file.children, draft.line)
            if len(self.diagnostics) >= DIAGNOSTICS_MAX:
                return

    def _define(self, file: _File, draft: Draft, words: tuple[str, ...]) -> None:
        if ":" in words[0]:
            text = "Variable name must not contain ':'"
            self._complain("FB0110", text, "Define")
            return
        self.defines[words[0]] = words[1] if len(words) > 1 else None

    def _undefine(self, file: _File, draft: Draft, words: tuple[str, ...]) -> None:
        if ":" in words[0]:
            text = "Variable name must not contain ':'"
            self._complain("FB0110", text, "UnDefine")
            return
        self.defines.pop(words[0], None)

    def _server_root(self, file: _File, draft: Draft, words: tuple[str, ...]) -> None:
        path = filesystem_path(words[0])
        if "\0" in path or not os.path.isdir(path):
            self._complain(
                "FB0124",
                "ServerRoot must be a valid directory",
                "ServerRoot",
                f"'{words[0]}' is none",
            )
            return
        self.server_root = os.path.abspath(path)

    def _load_module(self, file: _File, draft: Draft, words: tuple[str, ...]) -> None:
        identifier, path = words
        if identifier in self._module_places:
            first = "{}:{}".format(*self._module_places[identifier])
            text = f"AH01574: module {identifier} is already loaded, skipping"
            self._warn("FB0113", text, "LoadModule", f"it was loaded at {first}")
            return
        self._module_places[identifier] = (file.name, draft.line)
        self.modules.append(identifier)
        verdict = modules.verdict(identifier)
        name = identifier.removesuffix("_module")
        if verdict is modules.Verdict.OUT_OF_SCOPE:
            self._complain(
                "FB0112",
                f"mod_{name} is not part of fastlb",
                "LoadModule",
                "its directives are refused, or taken and explained, each at its place",
                severity=Severity.NOTE,
            )
        elif verdict is modules.Verdict.REFUSED:
            self._complain(
                "FB0115",
                f"mod_{name} routes or protects requests, and fastlb does not have it",
                "LoadModule",
                "a server without it would do something else than this file says",
                "delete the line when another server does its work",
            )
        elif verdict is modules.Verdict.UNKNOWN:
            self._warn(
                "FB0114",
                f"{identifier} ({path}) is not a module that fastlb knows",
                "LoadModule",
                "the line is noted and nothing is loaded; its directives are refused",
            )

    # -- small things

    def _absolute(self, word: str) -> str:
        return os.path.join(self.server_root, filesystem_path(word))

    def _lookup(self, name: str) -> str | None:
        value = self.defines.get(name)
        if value is not None:
            return value
        from_environment = self.environ.get(filesystem_path(name))
        if from_environment is None:
            return None
        return configuration_text(from_environment)

    def _undefined(self, name: str) -> None:
        """AH00111, once a line; a name with `:` is rewrite-map syntax."""
        file, line, _ = self._here
        if ":" in name or (file, line, name) in self._warned:
            return
        self._warned.add((file, line, name))
        flag = "it is defined, but without a value" if name in self.defines else ""
        text = f"AH00111: Config variable ${{{name}}} is not defined"
        cure = f"write Define {name} value above, or export {name}"
        self._warn("FB0109", text, "", flag, cure)

    def _note_skipped_module(self, draft: Draft) -> None:
        """The file loads a module, then asks for it, and here it is not there."""
        words = split_words(draft.raw)
        name = modules.base_name(words[0].text)
        if name in modules.PROCESS_MODELS or f"{name}_module" not in self.modules:
            return
        self._complain(
            "FB0128",
            f"<IfModule {words[0].text}> is false here, since fastlb has no mod_{name}",
            "IfModule",
            "what it encloses is skipped; Apache would read it",
            severity=Severity.NOTE,
        )

    def _warn_trailing_comment(self, draft: Draft, words: tuple[str, ...]) -> None:
        if any(word.startswith("#") for word in words):
            self._warn(
                "FB0119", TRAILING_COMMENT, draft.name, TRAILING_WHY, TRAILING_CURE
            )

    def _warn(
        self, number: str, text: str, directive: str = "", why: str = "", cure: str = ""
    ) -> None:
        self._complain(number, text, directive, why, cure, Severity.WARNING)

    def _complain(
        self,
        number: str,
        text: str,
        directive: str = "",
        why: str = "",
        cure: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        if len(self.diagnostics) >= DIAGNOSTICS_MAX:
            return
        file, line, column = self._here
        self.diagnostics.append(
            Diagnostic(
                severity,
                number,
                file,
                line,
                column,
                self._spelling(directive),
                text,
                why,
                cure,
                Phase.READING,
                self._trail,
            )
        )

    def _spelling(self, name: str) -> str:
        declared: Directive | None = self.registry.command(name)
        return declared.name if declared else name


TRAILING_COMMENT = "an argument begins with #: there are no comments behind a directive"
TRAILING_WHY = "the # and the words behind it are further arguments, as in Apache"
TRAILING_CURE = "put the comment on a line of its own"
