"""What resolving has to say: every complaint is collected, none stops it.

A complaint gives Apache's own sentence first (operators search for it), then why it
matters and what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypedDict, Unpack

from fastlb.base.errors import Diagnostic, Severity, sort_by_place
from fastlb.base.masking import masked_users, secrets_of
from fastlb.config.fixes import of_node
from fastlb.config.suggest import nearest
from fastlb.config.tree import Node


class Details(TypedDict, total=False):
    """word: the argument that is meant; the column points at it. instead: what
    `fastlb lint --fix` writes in its place; None: the cure wants somebody's judgement.
    """

    why: str
    cure: str
    word: str
    instead: str | None


class Mistake(Exception):
    """A line cannot be taken: `resolve` goes on with the next one."""

    def __init__(self, number: str, text: str, **details: Unpack[Details]) -> None:
        super().__init__(text)
        self.number = number
        self.details = details


class Report:
    """Collects diagnostics while a tree is resolved."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def error(
        self, node: Node, number: str, text: str, **details: Unpack[Details]
    ) -> None:
        """Something that Apache refuses too, or that fastlb cannot serve."""
        self._add(Severity.ERROR, node, number, text, **details)

    def warn(
        self, node: Node, number: str, text: str, **details: Unpack[Details]
    ) -> None:
        """Something that is taken, but not (or not only) as it was meant."""
        self._add(Severity.WARNING, node, number, text, **details)

    def note(
        self, node: Node, number: str, text: str, **details: Unpack[Details]
    ) -> None:
        """Worth knowing; never changes the exit status."""
        self._add(Severity.NOTE, node, number, text, **details)

    @contextmanager
    def mistakes_at(self, node: Node) -> Iterator[None]:
        """A Mistake ends what is done inside, and is an error at this line."""
        try:
            yield
        except Mistake as mistake:
            self.error(node, mistake.number, str(mistake), **mistake.details)

    def has_errors(self) -> bool:
        return any(item.is_error for item in self.diagnostics)

    def sorted(self, files: Sequence[str]) -> list[Diagnostic]:
        """The diagnostics in the order in which the files were read, then by line."""
        return sort_by_place(self.diagnostics, files)

    def _add(
        self,
        severity: Severity,
        node: Node,
        number: str,
        text: str,
        *,
        why: str = "",
        cure: str = "",
        word: str = "",
        instead: str | None = None,
    ) -> None:
        # What may be one in any sentence a Diagnostic hides by itself
        secrets = secrets_of(node.name, node.raw)
        self.diagnostics.append(
            Diagnostic(
                severity=severity,
                number=number,
                file=node.file,
                line=node.line,
                column=column_of(node, word),
                directive=node.name,
                text=masked_users(text, secrets),
                why=masked_users(why, secrets),
                cure=masked_users(cure, secrets),
                fixes=() if instead is None else of_node(node, word, instead),
            )
        )


def column_of(node: Node, word: str) -> int:
    """The column of an argument, or of the first one when it is not found."""
    if not word or not node.column:
        return node.column
    place = node.raw.find(word)
    return node.column + place if place > 0 else node.column


def place_of(node: Node) -> str:
    """`file:line`, as it stands in messages that name a second place."""
    return f"{node.file}:{node.line}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean x?` with the nearest known word, or ""."""
    best = nearest(word, known)
    return f"did you mean {best}?" if best else ""
