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

from fastlb.base.errors import COMMAND_LINE, Diagnostic, Phase, Severity
from fastlb.base.limits import (
    COMPLAINTS_KEPT,
    FILES_MAX,
    INCLUDE_DEPTH_MAX,
    SECTION_DEPTH_MAX,
)
from fastlb.config import conditions, fixes, macros, modules
from fastlb.config.draft import Draft, Frame, OpenFile, Trail
from fastlb.config.fixes import Fixes
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
from fastlb.config.macros import Macro, MacroError
from fastlb.config.registry import Complaint, Refused, Registry, trailing_comment

_Act = Callable[[OpenFile, Draft, tuple[str, ...]], None]


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
        self.edited: Mapping[str, bytes] = {}  # what files are to hold, by real path
        self.root_is_found = False  # ServerRoot may fail: this one is known
        self.drafts: list[Draft] = []
        self.diagnostics: list[Diagnostic] = []
        self.modules: list[str] = []
        self.files: list[tuple[str, int, int]] = []
        self._module_places: dict[str, tuple[str, int]] = {}
        self._surely_loaded: set[str] = set()  # by a line that no condition guards
        self._warned: set[tuple[str, int, str]] = set()
        self._here = ("", 0, 0)  # file, line, column that a complaint is about
        self._trail: Trail = ()
        # Of an <IfModule>: where its first directive stands that would be refused.
        self._skipped: dict[str, tuple[tuple[tuple[str, int, int], Trail], str]] = {}
        self._is_recursive = False  # includes are no longer followed
        self._acts: dict[str, _Act] = {
            "include": self._include,
            "includeoptional": self._include,
            "define": self._define,
            "undefine": self._define,
            "loadmodule": self._load_module,
            "serverroot": self._server_root,
            "use": self._use,
            "undefmacro": self._undefine_macro,
        }
        self.macros: dict[str, Macro] = {}
        self._defining: Macro | None = None  # whose lines are being collected
        self._macros_within = 0  # <Macro> sections that are open in its lines
        self._using: list[str] = []
        self._macro_lines = 0

    # -- entry points

    def read_main(self, path: str) -> None:
        """The file of -f; an absolute path of the system."""
        self._read_path(path, OpenFile("", (), self.drafts), 0)

    def read_lines(self, lines: Sequence[str]) -> None:
        """Directives of -C or -c; all of them together make one file."""
        if not lines:
            return
        text = "\n".join(configuration_text(line) for line in lines) + "\n"
        self._read_text(text, OpenFile(COMMAND_LINE, (), self.drafts))

    # -- files

    def _read_path(self, path: str, around: OpenFile, include_line: int) -> None:
        """Read a file into `around`, the file whose line include_line names it."""
        shown = configuration_text(path)
        trail = (*around.trail, (around.name, include_line)) if include_line else ()
        if len(self.files) >= FILES_MAX:
            text = f"More than {FILES_MAX} files are included"
            self._complain(Complaint(text, number="FB0104"))
            return
        try:
            text = self._bytes_of(path).decode("latin-1")
        except OSError as problem:
            reason = problem.strerror
            text = f"Could not open configuration file {shown}: {reason}"
            self._complain(Complaint(text, number="FB0103"))
            return
        self.files.append((shown, len(trail), include_line))
        file = OpenFile(shown, trail, around.children, around.sections)
        self._read_text(text, file)

    def _bytes_of(self, path: str) -> bytes:
        edited = self.edited.get(os.path.realpath(path)) if self.edited else None
        if edited is not None:
            return edited
        with open(path, "rb") as stream:
            return stream.read()

    def _read_text(self, text: str, file: OpenFile) -> None:
        before = self._here, self._trail
        self._trail = file.trail
        last = 1
        try:
            for line in logical_lines(text):
                last = line.number
                self._here = (file.name, last, 0)
                self._read_line(file, line)
        except LineTooLongError as problem:
            last = problem.number
            self._here = (file.name, last, 0)
            text = f"Error reading {file.name} at line {last}: {problem}"
            self._complain(Complaint(text, number="FB0125"))
        self._here = (file.name, last, 0)
        self._end_of_file(file)
        self._here, self._trail = before

    def _end_of_file(self, file: OpenFile) -> None:
        """Complain about each section that is still open, at its own line.

        Apache takes it when a conditional section that was true is left open, and
        whatever is open inside it: so do we, with a warning.
        """
        if self._defining is not None:
            self._here = (file.name, self._defining.line, 0)
            text = f"{self._defining.shown}: expected token not found: </Macro>"
            self._complain(Complaint(text, "", "add </Macro>", "FB0101"), "Macro")
            self._defining = None
        taken = False
        skipped = [frame for frame in reversed(file.frames) if not frame.reading]
        for frame in (*skipped, *(f for f in file.frames if f.reading)):
            taken = taken or frame.is_true_condition
            if not frame.reading:
                text = f"Expected </{frame.name}> before end of configuration"
            else:
                text = f"{file.name}:{frame.line}: <{frame.name}> was not closed."
            why = "a section must end in the file in which it begins"
            severity = Severity.WARNING if taken and frame.reading else Severity.ERROR
            self._here = (file.name, self._apaches_line(file, frame.line), 0)
            cure = f"add </{frame.name}>"
            self._complain(Complaint(text, why, cure, "FB0101", severity))

    @staticmethod
    def _apaches_line(file: OpenFile, line: int) -> int:
        """Inside a false section Apache's messages name the line where it began."""
        outermost = next((f.line for f in file.frames if not f.reading), line)
        return min(outermost, line)

    # -- lines

    def _read_line(self, file: OpenFile, line: LogicalLine) -> None:
        if self._defining is not None:
            self._collect(self._defining, line)
            return
        if not file.is_reading:
            self._skip_line(file, line)
            return
        text, missing = expand(line.text, self._lookup)
        for name in missing:
            self._warn_of_undefined(name)
        command, after = next_word(text, 0)
        name = command.text
        if name.startswith("</"):
            self._close(file, name)
            return
        plain = text == line.text and line.first == line.number
        column = line.indent + after + 1 if plain and after < len(text) else 0
        start = line.indent + 1 if line.first == line.number else 0
        place = (file.name, line.number, start, column, file.trail)
        draft = Draft(name, text[after:], *place)
        self._here = (file.name, line.number, column)
        act = self._acts.get(name.lower())
        if name.startswith("<"):
            self._open(file, draft)
        elif act is None:
            file.children.append(draft)
        else:
            self._act(act, file, draft)

    def _act(self, act: _Act, file: OpenFile, draft: Draft) -> None:
        """A directive that acts at once, if its arguments can be counted on."""
        declared = self.registry.expected(draft.name)
        words = split_words(draft.raw)
        texts = tuple(word.text for word in words)
        comment = trailing_comment(declared, words)
        if comment is not None:
            moved = fixes.of_comment(draft, words[comment.word].offset)
            self._complain(comment, declared.name, moved)
        problem = declared.count_problem(texts)
        if problem is not None:
            self._complain(Complaint(problem, number="FB0108"), declared.name)
            return
        try:
            act(file, draft, texts)
        except Refused as refused:
            gone = refused.complaint.instead == ""
            idle = fixes.of_line(draft) if gone else ()
            self._complain(refused.complaint, declared.name, idle)

    def _skip_line(self, file: OpenFile, line: LogicalLine) -> None:
        """In a false section only brackets count, and they must balance."""
        word = next_word(line.text, 0)[0].text
        if word.startswith("</"):
            self._close(file, word)
            return
        is_section = word.startswith("<")
        name = word.removeprefix("<").removesuffix(">")
        around = file.frames[-1]
        if around.unloaded:
            self._look_at_skipped(line, name, is_section, around)
        if is_section:
            frame = Frame(name, line.number, None, False, around.unloaded)
            file.frames.append(frame)

    def _open(self, file: OpenFile, draft: Draft) -> None:
        """A line that begins with `<`: a section, perhaps a conditional one.

        It ends at the last `>` of the line; what follows is ignored, as in Apache.
        """
        head, draft.closed = draft.name[1:], False
        if ">" in draft.raw:
            draft.raw, draft.closed = draft.raw.rpartition(">")[0].strip(), True
        elif head.endswith(">"):
            head, draft.closed = head[:-1], True
        draft.name, draft.is_section = head, True
        if head.lower() == "macro":
            self._begin_macro(file, draft)
            return
        if file.sections >= SECTION_DEPTH_MAX:
            text = f"<{head}> is nested too deeply"
            self._complain(Complaint(text, number="FB0101"))
            file.frames.append(Frame(head, draft.line, None, False))
            return
        if head.lower() in conditions.NAMES:
            reading = self._condition(draft)
            frame = Frame(head, draft.line, None, reading)
            if not reading and head.lower() == "ifmodule":
                for word in split_words(draft.raw)[:1]:
                    if modules.is_unloaded(word.text, tuple(self.modules)):
                        frame.unloaded = word.text
            file.frames.append(frame)
            return
        file.children.append(draft)
        file.frames.append(Frame(head, draft.line, draft, True))

    def _close(self, file: OpenFile, word: str) -> None:
        """`</Name>`; the case of the name does not count."""
        name = word[2:].removesuffix(">")
        if not word.endswith(">"):
            text = f"</{name}> directive missing closing '>'"
            self._complain(Complaint(text, number="FB0102"))
        if not file.frames:
            text = f"</{name}> without matching <{name}> section"
            cure = f"delete it, or open <{name}> in this file before it"
            self._complain(Complaint(text, "", cure, "FB0101"))
            return
        expected = file.frames[-1]
        if expected.name.lower() == name.lower():
            file.frames.pop()
            return
        text = f"Expected </{expected.name}> but saw </{name}>"
        if expected.is_true_condition:
            text = f"</{name}> without matching <{name}> section"
        line = self._here[1]
        why = f"<{expected.name}> was opened on line {expected.line}"
        if not expected.reading:
            why += f"; </{name}> stands on line {line}"
        cure = f"close it first with </{expected.name}>"
        self._here = (file.name, self._apaches_line(file, line), 0)
        self._complain(Complaint(text, why, cure, "FB0101"))
        if name.lower() in (frame.name.lower() for frame in file.frames):
            while file.frames.pop().name.lower() != name.lower():
                pass

    def _condition(self, draft: Draft) -> bool:
        declared = self.registry.section(draft.name)
        name = declared.name if declared else draft.name
        if not draft.closed:
            text = f"<{name}> directive missing closing '>'"
            self._complain(Complaint(text, number="FB0102"))
            return False
        world = conditions.World(
            self.registry, self.defines, tuple(self.modules), self.server_root
        )
        try:
            truth = conditions.holds(draft.name.lower(), draft.raw, world)
        except conditions.ConditionError as problem:
            text = str(problem).replace(conditions.SECTION, f"<{name}>")
            self._complain(Complaint(text, number="FB0123"))
            return False
        return truth

    # -- directives that act at once

    def _include(self, file: OpenFile, draft: Draft, words: tuple[str, ...]) -> None:
        optional = draft.name.lower() == "includeoptional"
        path = os.path.join(self.server_root, filesystem_path(words[0]))
        if self._is_recursive:
            return
        if len(file.trail) >= INCLUDE_DEPTH_MAX:
            self._is_recursive = True
            text = (
                f"Exceeded maximum include depth of {INCLUDE_DEPTH_MAX}, There appears"
                " to be a recursion."
            )
            raise Refused(Complaint(text, number="FB0104"))
        try:
            paths = files_of(path, optional)
        except IncludeError as problem:
            raise Refused(Complaint(str(problem), number="FB0103")) from problem
        for found in paths:
            self._here = (file.name, draft.line, draft.column)
            self._read_path(found, file, draft.line)

    def _define(self, file: OpenFile, draft: Draft, words: tuple[str, ...]) -> None:
        """Define and UnDefine."""
        if ":" in words[0]:
            text = "Variable name must not contain ':'"
            raise Refused(Complaint(text, number="FB0110"))
        if draft.name.lower() == "undefine":
            self.defines.pop(words[0], None)
            return
        # An empty value is none at all, as in Apache: ${name} then stays as it is.
        self.defines[words[0]] = (words[1] or None) if len(words) > 1 else None

    def _server_root(
        self, file: OpenFile, draft: Draft, words: tuple[str, ...]
    ) -> None:
        path = filesystem_path(words[0])
        if "\0" in path or not os.path.isdir(path):
            text = "ServerRoot must be a valid directory"
            why, cure, severity = f"'{words[0]}' is none", "", Severity.ERROR
            if self.root_is_found:
                root = configuration_text(self.server_root)
                why += f"; {root} is taken, where the tree of this file begins"
                cure, severity = f"write ServerRoot {root}", Severity.WARNING
            raise Refused(Complaint(text, why, cure, "FB0124", severity))
        self.server_root = os.path.abspath(path)

    def _load_module(
        self, file: OpenFile, draft: Draft, words: tuple[str, ...]
    ) -> None:
        identifier, path = words
        first = self._module_places.setdefault(identifier, (file.name, draft.line))
        if identifier in self.modules:
            text = f"AH01574: module {identifier} is already loaded, skipping"
            why = f"it was loaded at {first[0]}:{first[1]}"
            idle = identifier in self._surely_loaded and first != self._here[:2]
            raise Refused(
                Complaint(
                    text,
                    why,
                    "",
                    "FB0113",
                    Severity.WARNING,
                    instead="" if idle else None,
                )
            )
        self.modules.append(identifier)
        if file.sections == 0:
            self._surely_loaded.add(identifier)
        complaint = modules.load_complaint(identifier, path)
        if complaint is not None:
            raise Refused(complaint)

    # -- macros

    def _begin_macro(self, file: OpenFile, draft: Draft) -> None:
        words = [word.text for word in split_words(draft.raw)]
        self._macros_within = 0
        try:
            self._defining = macros.begin(words, file.name, draft.line)
        except MacroError as problem:
            self._complain(Complaint(str(problem), number="FB0168"), "Macro")
            self._defining = Macro("", (), file.name, draft.line)
            return
        known = self.macros.get(self._defining.name)
        if known is not None:
            text = (
                f"AH02802: macro '{known.name}' multiply defined: defined on line"
                f' {known.line} of "{known.file}", redefined on line'
                f' {draft.line} of "{file.name}"'
            )
            self._complain(
                Complaint(text, number="FB0168", severity=Severity.WARNING), "Macro"
            )

    def _collect(self, macro: Macro, line: LogicalLine) -> None:
        word = next_word(line.text, 0)[0].text.lower()
        if word == "</macro>" and self._macros_within == 0:
            self._defining = None
            if macro.name:
                self.macros[macro.name] = macro
            return
        self._macros_within += (word == "<macro") - (word == "</macro>")
        macro.lines.append(line)

    def _use(self, file: OpenFile, draft: Draft, words: tuple[str, ...]) -> None:
        """Read the lines of a macro as if they stood here."""
        try:
            macro = self._macro("Use", words[0])
            if macro.name in self._using or len(file.trail) >= INCLUDE_DEPTH_MAX:
                text = f"recursive use of macro '{macro.name}' is invalid"
                raise MacroError(text)
            lines = list(macro.used_with(words[1:]))
            self._macro_lines += len(lines)
            if self._macro_lines > macros.LINES_MAX:
                raise MacroError(f"macros make more than {macros.LINES_MAX} lines")
        except MacroError as problem:
            self._complain(Complaint(str(problem), number="FB0168"), "Use")
            return
        before = self._here, self._trail
        trail = (*file.trail, (file.name, draft.line))
        inner = OpenFile(macro.file, trail, file.top, file.depth, file.frames)
        self._using.append(macro.name)
        self._trail = trail
        for line in lines:
            self._here = (macro.file, line.number, 0)
            self._read_line(inner, line)
        self._using.pop()
        self._here, self._trail = before

    def _undefine_macro(
        self, _file: OpenFile, _draft: Draft, words: tuple[str, ...]
    ) -> None:
        try:
            del self.macros[self._macro("UndefMacro", words[0]).name]
        except MacroError as problem:
            self._complain(Complaint(str(problem), number="FB0168"), "UndefMacro")

    def _macro(self, directive: str, name: str) -> Macro:
        if not self.macros:
            raise MacroError(f"no macro defined before {directive}")
        if name.lower() not in self.macros:
            raise MacroError(f"macro '{name.lower()}' undefined")
        return self.macros[name.lower()]

    # -- small things

    def _lookup(self, name: str) -> str | None:
        """Of `${name}`: Define with a value, else the environment."""
        value = self.defines.get(name)
        if value is not None:
            return value
        from_environment = self.environ.get(filesystem_path(name))
        if from_environment is None:
            return None
        return configuration_text(from_environment)

    def _warn_of_undefined(self, name: str) -> None:
        """AH00111, once a line; a name with `:` is rewrite-map syntax."""
        file, line, _ = self._here
        if ":" in name or (file, line, name) in self._warned:
            return
        self._warned.add((file, line, name))
        why = "it is defined, but without a value" if name in self.defines else ""
        text = f"AH00111: Config variable ${{{name}}} is not defined"
        cure = f"write Define {name} value above, or export {name}"
        self._complain(Complaint(text, why, cure, "FB0109", Severity.WARNING))

    def _look_at_skipped(
        self, line: LogicalLine, name: str, is_section: bool, around: Frame
    ) -> None:
        """A directive that would be refused stands where nothing is read."""
        declared = self.registry.find(name, is_section)
        if declared is None or declared.use_severity is not Severity.ERROR:
            return
        place = (self._here[0], line.number, 0), self._trail
        self._skipped.setdefault(around.unloaded, (place, declared.shown_name))

    def finish(self) -> None:
        """Say what was skipped and matters, when the last file has been read.

        With LoadModule lines the file tells which modules there are. Without any it
        may have been written for an httpd that has them built in.
        """
        severity = Severity.NOTE if self.modules else Severity.WARNING
        for written, (place, shown) in self._skipped.items():
            name = modules.base_name(written)
            self._here, self._trail = place
            self._complain(
                Complaint(
                    f"{shown} in <IfModule {written}> is not read: no LoadModule names"
                    f" mod_{name}",
                    "an httpd that has the module built in would obey it",
                    f"delete the section, or write LoadModule {name}_module and see"
                    " what is said",
                    "FB0129",
                    severity,
                )
            )

    def _complain(
        self, complaint: Complaint, directive: str = "", fixes: Fixes = ()
    ) -> None:
        """Give a complaint the place that is being read."""
        if len(self.diagnostics) > COMPLAINTS_KEPT:
            return
        self.diagnostics.append(
            Diagnostic(
                complaint.severity,
                complaint.number,
                *self._here,
                directive,
                complaint.text,
                complaint.why,
                complaint.cure,
                Phase.READING,
                self._trail,
                len(self.diagnostics),
                complaint.about,
                fixes,
            )
        )
