"""Second pass: the raw tree against the registry.

Known name, allowed place, number of arguments, value: in this order, as Apache
does, and every directive by itself, so that one run finds all mistakes. What is
wrong does not get into the tree: whoever resolves it need not complain again.

Misspellings of published tutorials whose meaning is plain are taken with a warning
while `lenient`; the tree then holds what they mean:
- `MaxRequestPerChild` (and MaxConnectionsPerChild inside <Proxy>) becomes a
  MaxConnectionsPerChild at the front of the top level, so that one written properly
  wins;
- `Stickysession X` inside <Proxy> becomes `ProxySet stickysession=X`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastlb.base.errors import Diagnostic, Severity
from fastlb.base.limits import DIAGNOSTICS_MAX
from fastlb.config.lexer import Word, split_words
from fastlb.config.reading import (
    TRAILING_COMMENT,
    TRAILING_CURE,
    TRAILING_WHY,
    Draft,
)
from fastlb.config.registry import (
    Args,
    Complaint,
    Context,
    Directive,
    Registry,
    Status,
)
from fastlb.config.tree import Node

_INVALID = (
    "Invalid command '{}', perhaps misspelled or defined by a module not included in"
    " the server configuration"
)
_RECYCLED = "it counts connections of a worker process of fastlb, and says nothing about members"
_SERVER_ONLY_IN_PROXY = ("MaxConnectionsPerChild",)


class Checker:
    """Makes nodes of drafts; complaints into `diagnostics`."""

    def __init__(self, registry: Registry, lenient: bool) -> None:
        self.registry = registry
        self.lenient = lenient
        self.diagnostics: list[Diagnostic] = []
        self.hoisted: list[Node] = []
        self._noted: dict[str, int] = {}

    def check(self, drafts: Sequence[Draft]) -> tuple[Node, ...]:
        """The top-level nodes; what was hoisted stands first."""
        nodes = self._nodes(drafts, ())
        return (*self.hoisted, *nodes)

    def _nodes(
        self, drafts: Sequence[Draft], around: tuple[str, ...]
    ) -> tuple[Node, ...]:
        """around: names of the enclosing sections in the registry's spelling."""
        found: list[Node] = []
        for draft in drafts:
            node = self._node(draft, around)
            if node is not None:
                found.append(node)
        return tuple(found)

    def _node(self, draft: Draft, around: tuple[str, ...]) -> Node | None:
        declared = self.registry.find(draft.name, draft.is_section)
        if declared is None:
            return self._unknown(draft, around)
        words = split_words(draft.raw)
        texts = tuple(word.text for word in words)
        problem = self._place_problem(declared, around)
        if problem is not None:
            taken = self._misplaced_but_plain(declared, draft, texts, around)
            if not taken:
                self._report(draft, declared.name, problem)
            self._nodes(draft.children, (*around, declared.name))
            return None
        sound = self._arguments_are_sound(declared, draft, words, texts)
        sound = self._explain_use(declared, draft) and sound
        children = self._nodes(draft.children, (*around, declared.name))
        if not sound:
            return None
        return Node(
            declared.name,
            texts,
            draft.raw,
            draft.file,
            draft.line,
            draft.column if words else 0,
            draft.is_section,
            children,
        )

    # -- place

    def _place_problem(
        self, declared: Directive, around: tuple[str, ...]
    ) -> Complaint | None:
        """Where Apache would not have it, with Apache's sentence."""
        context = _context(around)
        if context not in declared.contexts:
            return self._wrong_context(declared, context, around)
        for section in reversed(around):
            if section in declared.not_in:
                return Complaint(
                    f"{declared.shown_name} cannot occur within <{section}> section",
                    number="FB0106",
                )
        return None

    def _wrong_context(
        self, declared: Directive, context: Context, around: tuple[str, ...]
    ) -> Complaint:
        name = declared.name
        if declared.misplaced and context is not Context.DIRECTORY:
            return Complaint(declared.misplaced, number="FB0106")
        if context is Context.VHOST and Context.SERVER in declared.contexts:
            return Complaint(
                f"{declared.shown_name} cannot occur within <VirtualHost> section",
                "it belongs to the whole server",
                "move it outside every section",
                "FB0106",
            )
        shown = f"<{name}" if declared.is_section else name
        where = f"in <{around[-1]}> context" if around else "here"
        cure = ""
        if Context.SERVER in declared.contexts and around:
            cure = "move it outside every section"
            if Context.VHOST in declared.contexts and "VirtualHost" in around:
                cure = f"move it outside <{around[-1]}>"
        elif not around:
            cure = 'put it into a section, such as <Location "/">'
        return Complaint(
            f"{shown} not allowed {where}",
            _allowed_places(declared),
            cure,
            "FB0106",
        )

    def _misplaced_but_plain(
        self,
        declared: Directive,
        draft: Draft,
        words: tuple[str, ...],
        around: tuple[str, ...],
    ) -> bool:
        """MaxConnectionsPerChild inside <Proxy>: taken for the server."""
        plain = declared.name in _SERVER_ONLY_IN_PROXY and "Proxy" in around
        if not (plain and self.lenient):
            return False
        if declared.count_problem(words) or self._value_problem(declared, words):
            return False
        self._warn(
            draft,
            declared.name,
            "FB0122",
            f"{declared.name} not allowed in <Proxy> context",
            f"taken for the whole server: {_RECYCLED}",
            "move it outside every section, or delete it",
        )
        self._hoist(declared, draft, words)
        return True

    def _hoist(self, declared: Directive, draft: Draft, words: tuple[str, ...]) -> None:
        self.hoisted.append(
            Node(declared.name, words, draft.raw, draft.file, draft.line, draft.column)
        )

    # -- unknown words

    def _unknown(self, draft: Draft, around: tuple[str, ...]) -> Node | None:
        lowered = draft.name.lower()
        if not draft.is_section and self.lenient:
            if lowered == "maxrequestperchild":
                return self._max_request_per_child(draft, around)
            if lowered == "stickysession" and around[-1:] == ("Proxy",):
                return self._sticky_session(draft)
        shown = f"<{draft.name}" if draft.is_section else draft.name
        why, cure = self._hint(draft, around)
        self._report(
            draft, "", Complaint(_INVALID.format(shown), why, cure, "FB0105", word=-1)
        )
        self._nodes(draft.children, (*around, draft.name))
        return None

    def _max_request_per_child(
        self, draft: Draft, around: tuple[str, ...]
    ) -> Node | None:
        declared = self.registry.command("MaxConnectionsPerChild")
        words = tuple(word.text for word in split_words(draft.raw))
        if declared is None:
            return None
        problem = declared.count_problem(words)
        complaint = (
            Complaint(problem, number="FB0108", word=-1)
            if problem
            else self._value_problem(declared, words)
        )
        if complaint is not None:
            self._report(draft, declared.name, complaint)
            return None
        where = "for the whole server, outside <Proxy>, " if "Proxy" in around else ""
        self._warn(
            draft,
            "",
            "FB0120",
            "MaxRequestPerChild is not a directive; taken as MaxConnectionsPerChild",
            f"Apache refuses it; {_RECYCLED}",
            f"write MaxConnectionsPerChild {words[0]} {where}or delete it",
        )
        self._hoist(declared, draft, words)
        return None

    def _sticky_session(self, draft: Draft) -> Node | None:
        words = tuple(word.text for word in split_words(draft.raw))
        declared = self.registry.command("ProxySet")
        if declared is None or len(words) != 1:
            self._report(
                draft,
                "",
                Complaint(
                    _INVALID.format(draft.name),
                    "",
                    "write ProxySet stickysession=NAME",
                    "FB0105",
                    word=-1,
                ),
            )
            return None
        pair = f"stickysession={words[0]}"
        self._warn(
            draft,
            "",
            "FB0121",
            f"{draft.name} is not a directive; taken as ProxySet {pair}",
            "Apache refuses it; stickysession is a key of the balancer",
            f"write ProxySet {pair}",
        )
        return Node(declared.name, (pair,), pair, draft.file, draft.line, draft.column)

    def _hint(self, draft: Draft, around: tuple[str, ...]) -> tuple[str, str]:
        """Why a word is unknown, and what to write instead."""
        name, raw = draft.name, draft.raw
        lowered = name.lower()
        if lowered == "maxrequestperchild":
            return _RECYCLED, (
                "did you mean MaxConnectionsPerChild? It stands outside every section"
            )
        if lowered == "stickysession":
            return "", f"did you mean ProxySet stickysession={raw or 'NAME'}?"
        if name.startswith(("[", "```", "~~~")):
            return "it is markup of the page that this was copied from", "delete it"
        if raw.endswith((";", "{")) or name.endswith((";", "{")) or name == "}":
            return (
                "it looks like the language of another server",
                "write it as an Apache directive; see docs/directives.md",
            )
        if re.match(r"[a-z]+=", lowered):
            return "a key stands without its directive", f"write ProxySet {name}"
        best = self.registry.suggestion(name, draft.is_section)
        if best is None and not draft.is_section:
            return "", "fastlb -L lists every directive"
        return "", f"did you mean {best}?" if best else ""

    # -- arguments

    def _arguments_are_sound(
        self,
        declared: Directive,
        draft: Draft,
        words: list[Word],
        texts: tuple[str, ...],
    ) -> bool:
        if draft.is_section and not draft.closed:
            text = f"<{declared.name}> directive missing closing '>'"
            self._report(draft, declared.name, Complaint(text, number="FB0102"))
            return False
        self._warn_odd_words(declared, draft, words)
        problem = declared.count_problem(texts)
        if problem is not None:
            cure = f"write {declared.name} {declared.syntax}".rstrip()
            if draft.is_section:
                cure = f"write <{declared.name} {declared.syntax}>"
            self._report(
                draft,
                declared.name,
                Complaint(problem, "", cure, "FB0108", word=-1),
            )
            return False
        complaint = self._value_problem(declared, texts)
        if complaint is None:
            return True
        self._report(draft, declared.name, complaint, words)
        return complaint.severity is not Severity.ERROR

    def _value_problem(
        self, declared: Directive, words: tuple[str, ...]
    ) -> Complaint | None:
        return declared.check(declared.name, words) if declared.check else None

    def _warn_odd_words(
        self, declared: Directive, draft: Draft, words: list[Word]
    ) -> None:
        """What Apache takes and hardly anybody means."""
        comment = next((w for w in words if w.text[:1] == "#" and not w.quoted), None)
        # In RewriteRule and the like a word may well begin with #.
        if comment is not None and declared.status is not Status.REFUSED:
            identity = declared.name in ("User", "Group") and comment is words[0]
            if not identity:
                self._warn(
                    draft,
                    declared.name,
                    "FB0119",
                    TRAILING_COMMENT,
                    TRAILING_WHY,
                    TRAILING_CURE,
                    self._column(draft, comment),
                )
        elif declared.args is Args.FLAG and len(words) > 1:
            self._warn(
                draft,
                declared.name,
                "FB0135",
                f"what follows {words[0].text} is ignored, as in Apache",
                "",
                f"write {declared.name} {words[0].text}",
                self._column(draft, words[1]),
            )
        for word in words:
            if not word.closed:
                self._warn(
                    draft,
                    declared.name,
                    "FB0131",
                    "a quotation mark is not closed: the argument runs to the end of"
                    " the line",
                    "",
                    "close it, or escape a quotation mark that belongs to the text",
                    self._column(draft, word),
                )

    # -- what use of a directive causes

    def _explain_use(self, declared: Directive, draft: Draft) -> bool:
        """Say once what we do with it; False: it is refused."""
        if declared.name == "Error" and not draft.is_section:
            self._error_directive(draft)
            return False
        severity = declared.use_severity
        if severity is None:
            return True
        number = {
            Status.REFUSED: "FB0116",
            Status.LATER: "FB0117",
        }.get(declared.status, "FB0118")
        if severity is Severity.NOTE:
            if declared.name in self._noted:
                return True
            self._noted[declared.name] = 1
        text = f"{declared.shown_name}: {declared.reason}"
        self._add(draft, declared.name, number, severity, text, "", declared.cure)
        return severity is not Severity.ERROR

    def _error_directive(self, draft: Draft) -> None:
        words = split_words(draft.raw)
        text = words[0].text if len(words) == 1 else draft.raw
        self._report(
            draft,
            "",
            Complaint(
                text or "The Error directive was used with no message.",
                "the file stops here with an Error directive",
                number="FB0111",
                word=-1,
            ),
        )

    # -- reporting

    def _column(self, draft: Draft, word: Word) -> int:
        return draft.column + word.offset if draft.column else 0

    def _report(
        self,
        draft: Draft,
        directive: str,
        complaint: Complaint,
        words: Sequence[Word] = (),
    ) -> None:
        column = draft.start
        if 0 <= complaint.word < len(words):
            column = self._column(draft, words[complaint.word])
        self._add(
            draft,
            directive,
            complaint.number,
            complaint.severity,
            complaint.text,
            complaint.why,
            complaint.cure,
            column,
        )

    def _warn(
        self,
        draft: Draft,
        directive: str,
        number: str,
        text: str,
        why: str,
        cure: str,
        column: int | None = None,
    ) -> None:
        self._add(draft, directive, number, Severity.WARNING, text, why, cure, column)

    def _add(
        self,
        draft: Draft,
        directive: str,
        number: str,
        severity: Severity,
        text: str,
        why: str,
        cure: str,
        column: int | None = None,
    ) -> None:
        if len(self.diagnostics) >= DIAGNOSTICS_MAX:
            return
        self.diagnostics.append(
            Diagnostic(
                severity,
                number,
                draft.file,
                draft.line,
                draft.start if column is None else column,
                directive,
                text,
                why,
                cure,
            )
        )


def _context(around: tuple[str, ...]) -> Context:
    if not around:
        return Context.SERVER
    return Context.VHOST if around[-1] == "VirtualHost" else Context.DIRECTORY


def _allowed_places(declared: Directive) -> str:
    places = [
        text
        for context, text in (
            (Context.SERVER, "outside every section"),
            (Context.VHOST, "in <VirtualHost>"),
            (Context.DIRECTORY, "in <Location>, <Proxy> and the like"),
        )
        if context in declared.contexts
    ]
    return f"it may stand {' or '.join(places)}"
