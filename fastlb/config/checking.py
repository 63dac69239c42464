"""Second pass: the raw tree against the registry.

Known name, allowed place, number of arguments, value: in this order, as Apache
does, and every directive by itself, so that one run finds all mistakes. What is
wrong does not get into the tree: whoever resolves it need not complain again.

While `lenient`, the tree holds what a misspelled directive means:
- `MaxRequestPerChild` (and MaxConnectionsPerChild inside <Proxy>) becomes a
  MaxConnectionsPerChild at the front of the top level, so that one written properly
  wins;
- `Stickysession X` inside <Proxy> becomes `ProxySet stickysession=X`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fastlb.base.errors import Diagnostic, Severity
from fastlb.base.limits import COMPLAINTS_KEPT
from fastlb.base.masking import masked_users, secrets_of
from fastlb.config import fixes, hints
from fastlb.config.draft import Draft
from fastlb.config.fixes import Fixes
from fastlb.config.lexer import Word, split_words
from fastlb.config.registry import (
    Args,
    Complaint,
    Context,
    Directive,
    Registry,
    Status,
    trailing_comment,
)
from fastlb.config.tree import Node

Sections = tuple[str, ...]  # the enclosing ones, outermost first, without brackets


class Checker:
    """Makes nodes of drafts; complaints into `diagnostics`."""

    def __init__(
        self, registry: Registry, lenient: bool, compat: str = "better"
    ) -> None:
        self.registry = registry
        self.lenient = lenient
        self.compat = compat
        self.diagnostics: list[Diagnostic] = []
        self._hoisted: list[Node] = []

    def check(self, drafts: Sequence[Draft]) -> tuple[Node, ...]:
        """The top-level nodes; what was hoisted stands first."""
        nodes = self._nodes(drafts, ())
        return (*self._hoisted, *nodes)

    def _nodes(self, drafts: Sequence[Draft], around: Sections) -> tuple[Node, ...]:
        found = (self._node(draft, around) for draft in drafts)
        return tuple(node for node in found if node is not None)

    def _node(self, draft: Draft, around: Sections) -> Node | None:
        words = split_words(draft.raw)
        texts = tuple(word.text for word in words)
        declared = self.registry.find(draft.name, draft.is_section)
        if declared is None:
            return self._unknown(draft, texts, around)
        if self.compat == "apache" and declared.is_own:
            self._report(draft, declared.name, hints.own_word(declared.name))
            return None
        if declared.old_names and draft.name.lower() != declared.name.lower():
            self._report(draft, declared.name, hints.old_name(draft.name, declared))
        inside = (*around, declared.name)
        problem = _place_problem(declared, around)
        if problem is not None:
            if not self._is_taken(declared, draft, texts, around):
                self._report(draft, declared.name, problem)
            self._nodes(draft.children, inside)
            return None
        sound = self._arguments_are_sound(declared, draft, words, texts)
        sound = self._use_is_sound(declared, draft) and sound
        children = self._nodes(draft.children, inside)
        return _node(declared, draft, texts, children) if sound else None

    # -- misspellings and misplacements that are taken

    def _unknown(self, draft: Draft, words: Sections, around: Sections) -> Node | None:
        lowered = draft.name.lower()
        if self.lenient and not draft.is_section:
            if lowered == "maxrequestperchild" and self._recycles(draft, words, around):
                return None
            in_proxy = around[-1:] == ("Proxy",)
            if lowered == "stickysession" and in_proxy and len(words) == 1:
                return self._sticky_session(draft, words[0])
        problem = hints.unknown_word(
            self.registry, draft.name, draft.raw, draft.is_section
        )
        meant = self._surely_meant(draft, words, around)
        renamed = fixes.of_name(draft, meant) if meant else ()
        self._report(draft, "", problem, fixes=renamed)
        self._nodes(draft.children, (*around, draft.name))
        return None

    def _surely_meant(self, draft: Draft, words: Sections, around: Sections) -> str:
        """The name of which this one is a misspelling, and which would be sound."""
        name = self.registry.surely_meant(draft.name, draft.is_section)
        if name is None:
            return ""
        declared = self.registry.find(name, draft.is_section)
        assert declared is not None
        sound = _place_problem(declared, around) is None and _is_sound(declared, words)
        return name if sound else ""

    def _recycles(self, draft: Draft, words: Sections, around: Sections) -> bool:
        declared = self.registry.expected("MaxConnectionsPerChild")
        if not _is_sound(declared, words):
            return False
        in_proxy = "Proxy" in around
        taken = hints.taken_recycling(words, in_proxy)
        renamed = () if in_proxy else fixes.of_name(draft, declared.name)
        self._report(draft, "", taken, fixes=renamed)
        self._hoisted.append(_node(declared, draft, words))
        return True

    def _is_taken(
        self, declared: Directive, draft: Draft, words: Sections, around: Sections
    ) -> bool:
        """MaxConnectionsPerChild inside <Proxy>."""
        recycling = declared.name == "MaxConnectionsPerChild" and "Proxy" in around
        if not (recycling and self.lenient and _is_sound(declared, words)):
            return False
        self._report(draft, declared.name, hints.taken_for_server(declared.name))
        self._hoisted.append(_node(declared, draft, words))
        return True

    def _sticky_session(self, draft: Draft, cookie: str) -> Node:
        pair = f"stickysession={cookie}"
        taken = hints.taken_sticky(draft.name, pair)
        name = fixes.of_name(draft, "ProxySet")
        words = split_words(draft.raw)
        value = fixes.of_word(draft, words[0], pair)
        self._report(draft, "", taken, fixes=(*name, *value) if name and value else ())
        place = (draft.file, draft.line, draft.column)
        return Node("ProxySet", (pair,), pair, *place)

    # -- arguments

    def _arguments_are_sound(
        self,
        declared: Directive,
        draft: Draft,
        words: list[Word],
        texts: tuple[str, ...],
    ) -> bool:
        name = declared.name
        if not draft.closed:
            text = f"<{name}> directive missing closing '>'"
            self._report(draft, name, Complaint(text, number="FB0102"))
            return False
        self._warn_odd_words(declared, draft, words)
        problem = declared.count_problem(texts)
        if problem is not None:
            written = f"{name} {declared.syntax}".rstrip()
            cure = f"write <{written}>" if draft.is_section else f"write {written}"
            cure = hints.semicolon_cure(words) or cure
            self._report(draft, name, Complaint(problem, "", cure, "FB0108"))
            return False
        complaint = declared.value_problem(texts)
        if complaint is None:
            return True
        if complaint.severity is Severity.ERROR and not complaint.cure:
            complaint = replace(complaint, cure=hints.semicolon_cure(words))
            bare = _without_semicolon(words)
            if complaint.cure and _is_sound(declared, bare):
                mended = fixes.of_word(draft, words[-1], bare[-1])
                self._report(draft, name, complaint, words, mended)
                return False
        self._report(draft, name, complaint, words)
        return complaint.severity is not Severity.ERROR

    def _warn_odd_words(
        self, declared: Directive, draft: Draft, words: list[Word]
    ) -> None:
        """What Apache takes and hardly anybody means."""
        name = declared.name
        if name in hints.ENDS_WITH_ITS_LINE and hints.semicolon_cure(words):
            bare = fixes.of_word(draft, words[-1], words[-1].text[:-1])
            self._report(draft, name, hints.semicolon(words), words, bare)
        comment = trailing_comment(declared, words)
        if comment is not None:
            moved = fixes.of_comment(draft, words[comment.word].offset)
            self._report(draft, name, comment, words, moved)
        elif declared.args is Args.FLAG and len(words) > 1:
            ignored = Complaint(
                f"what follows {words[0].text} is ignored, as in Apache",
                "",
                f"write {name} {words[0].text}",
                "FB0135",
                Severity.WARNING,
                1,
            )
            rest = fixes.of_rest(draft, words[1].offset)
            self._report(draft, name, ignored, words, rest)
        if words and not words[-1].closed:
            unclosed = Complaint(
                "a quotation mark is not closed: the argument runs to the end of the"
                " line",
                "",
                "close it, or put a quotation mark that belongs to the text inside"
                " quotes of the other kind",
                "FB0131",
                Severity.WARNING,
                len(words) - 1,
            )
            self._report(draft, name, unclosed, words, _closed(draft, words[-1]))

    # -- what use of a directive causes

    def _use_is_sound(self, declared: Directive, draft: Draft) -> bool:
        """Say what we do with it; False: it is refused."""
        if declared.name == "Error" and not draft.is_section:
            self._report(draft, "", _error_directive(draft))
            return False
        severity = declared.use_severity
        if severity is None:
            return True
        numbers = {Status.REFUSED: "FB0116", Status.UNSUPPORTED: "FB0117"}
        number = numbers.get(declared.status, "FB0118")
        text = f"{declared.shown_name}: {declared.reason}"
        use = Complaint(
            text, "", declared.cure, number, severity, about=declared.shown_name
        )
        self._report(draft, declared.name, use)
        return severity is not Severity.ERROR

    def _report(
        self,
        draft: Draft,
        directive: str,
        complaint: Complaint,
        words: Sequence[Word] = (),
        fixes: Fixes = (),
    ) -> None:
        """Give a complaint its place; words: to find the column of the word meant."""
        if len(self.diagnostics) > COMPLAINTS_KEPT:
            return
        column = draft.start
        if 0 <= complaint.word < len(words):
            offset = words[complaint.word].offset
            column = draft.column + offset if draft.column else 0
        # What may be one in any sentence a Diagnostic hides by itself
        secrets = secrets_of(draft.name, draft.raw)
        self.diagnostics.append(
            Diagnostic(
                complaint.severity,
                complaint.number,
                draft.file,
                draft.line,
                column,
                directive,
                masked_users(complaint.text, secrets),
                masked_users(complaint.why, secrets),
                masked_users(complaint.cure, secrets),
                trail=draft.trail,
                about=complaint.about,
                fixes=fixes or _instead(draft, complaint, words),
            )
        )


def _instead(draft: Draft, complaint: Complaint, words: Sequence[Word]) -> Fixes:
    """What the check itself says that it ought to be."""
    if complaint.instead is None:
        return ()
    if complaint.word < 0:
        return fixes.of_name(draft, complaint.instead)
    if complaint.word >= len(words):
        return ()
    return fixes.of_word(draft, words[complaint.word], complaint.instead)


def _closed(draft: Draft, word: Word) -> Fixes:
    """The mark that is missing at the end of the line, where it closes the word."""
    whole = draft.raw[word.offset :] + draft.raw[word.offset]
    again = split_words(whole)
    if [(one.text, one.closed) for one in again] != [(word.text, True)]:
        return ()
    return fixes.of_rest(draft, word.offset, whole)


def _without_semicolon(words: Sequence[Word]) -> tuple[str, ...]:
    return tuple(word.text for word in words[:-1]) + tuple(
        word.text.removesuffix(";") for word in words[-1:]
    )


def _node(
    declared: Directive,
    draft: Draft,
    words: tuple[str, ...],
    children: tuple[Node, ...] = (),
) -> Node:
    return Node(
        declared.name,
        words,
        draft.raw,
        draft.file,
        draft.line,
        draft.column if words else 0,
        declared.is_section,
        children,
    )


def _is_sound(declared: Directive, words: tuple[str, ...]) -> bool:
    return declared.count_problem(words) is None and not declared.value_problem(words)


def _place_problem(declared: Directive, around: Sections) -> Complaint | None:
    """Where Apache would not have it, with Apache's sentence."""
    context = _context(around)
    if context not in declared.contexts:
        return _wrong_context(declared, context, around)
    for section in reversed(around):
        if section in declared.not_in:
            text = f"{declared.shown_name} cannot occur within <{section}> section"
            return Complaint(text, number="FB0106")
    return None


def _wrong_context(
    declared: Directive, context: Context, around: Sections
) -> Complaint:
    if declared.misplaced and context not in Context.DIRECTORY:
        return Complaint(declared.misplaced, number="FB0106")
    if context is Context.VHOST and Context.SERVER in declared.contexts:
        return Complaint(
            f"{declared.shown_name} cannot occur within <VirtualHost> section",
            "it belongs to the whole server",
            "move it outside every section",
            "FB0106",
        )
    shown = f"<{declared.name}" if declared.is_section else declared.name
    where = f"in <{around[-1]}> context" if around else "here"
    return Complaint(
        f"{shown} not allowed {where}",
        f"it may stand {_allowed_places(declared)}",
        _way_out(declared, around),
        "FB0106",
    )


def _way_out(declared: Directive, around: Sections) -> str:
    if not around or around == ("VirtualHost",):
        return 'put it into a section, such as <Location "/">'
    if Context.VHOST in declared.contexts and "VirtualHost" in around:
        return f"move it outside <{around[around.index('VirtualHost') + 1]}>"
    return "move it outside every section"


def _context(around: Sections) -> Context:
    if not around:
        return Context.SERVER
    if around[-1] == "VirtualHost":
        return Context.VHOST
    return Context.PROXY if around[-1] in ("Proxy", "ProxyMatch") else Context.SECTION


def _allowed_places(declared: Directive) -> str:
    places = [
        text
        for context, text in (
            (Context.SERVER, "outside every section"),
            (Context.VHOST, "in <VirtualHost>"),
            (Context.SECTION, "in <Location> and the like"),
            (Context.PROXY, "in <Proxy>"),
        )
        if context in declared.contexts
    ]
    return " or ".join(places)


def _error_directive(draft: Draft) -> Complaint:
    """The text of an `Error` line as it stands; quotes around the whole are taken off.

    Escapes inside are kept, as observed.
    """
    text = draft.raw
    if text[:1] in ('"', "'") and text.endswith(text[0]):
        text = text[1:-1]
    return Complaint(
        text or "The Error directive was used with no message.",
        "the file stops here with an Error directive",
        number="FB0111",
    )
