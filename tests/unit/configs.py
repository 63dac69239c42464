"""What the tests of the configuration share: files in a directory, parsed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fastlb.base.errors import Diagnostic
from fastlb.config.parser import parse
from fastlb.config.registry import collect
from fastlb.config.tree import Node, Tree

REGISTRY = collect()


def read(
    directory: Path,
    text: str,
    *,
    lenient: bool = True,
    defines: Sequence[str] = (),
    environ: dict[str, str] | None = None,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
) -> tuple[Tree, list[Diagnostic]]:
    """Parse text as main.conf in directory, which is the ServerRoot too."""
    (directory / "main.conf").write_bytes(text.encode())
    return parse(
        "main.conf",
        server_root=str(directory),
        defines=defines,
        environ=environ or {},
        registry=REGISTRY,
        lenient=lenient,
        before=before,
        after=after,
    )


def sound(directory: Path, text: str, **more: dict[str, str]) -> Tree:
    """The tree of a text about which nothing is to be said."""
    tree, diagnostics = read(directory, text, environ=more.get("environ"))
    assert diagnostics == []
    return tree


def said(diagnostics: Sequence[Diagnostic]) -> list[tuple[str, int, str]]:
    """Severity, line and text of each."""
    return [(d.severity.value, d.line, d.text) for d in diagnostics]


def names(nodes: Sequence[Node]) -> list[str]:
    return [node.name for node in nodes]


def walk(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from walk(node.children)
