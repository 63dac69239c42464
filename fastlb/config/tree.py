"""The tree: what stands in the files, with places, before anything is interpreted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """One directive, or one section with what it encloses.

    Conditional sections (IfModule, IfDefine, IfVersion, IfFile) and Include are
    already resolved: they never appear; nor do Define, UnDefine, LoadModule and
    ServerRoot. Variables are expanded. Text is latin-1: one character is one byte of
    the file (see lexer.py).
    """

    name: str  # the registry's spelling; for a section without brackets: "Proxy"
    args: tuple[str, ...]  # words after quoting is undone
    raw: str  # the rest of the line, trimmed, quotes kept
    file: str
    line: int  # of its last physical line, as Apache counts
    column: int  # of the first argument, 1-based; 0 when there is none
    is_section: bool = False
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """All top-level nodes in reading order, and what was met on the way."""

    nodes: tuple[Node, ...]
    files: tuple[tuple[str, int, int], ...]  # path, depth, line of its Include
    defines: tuple[tuple[str, str | None], ...]
    modules: tuple[str, ...]  # identifiers of LoadModule lines
    server_root: str
    compat: str = "better"  # or "apache": the last Compat line
    lenient: bool = True  # False: --strict or Compat apache
