"""Text to tree: everything that can be said about files before they are understood.

Two passes: `reading.py` (files, includes, conditions) and `checking.py` (names,
places, arguments). Nothing is bound, opened for writing or changed; root is not
needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from fastlb.base.errors import Diagnostic, Severity, sort_by_place
from fastlb.base.limits import DIAGNOSTICS_MAX
from fastlb.config.checking import Checker
from fastlb.config.draft import Draft
from fastlb.config.lexer import configuration_text, split_words
from fastlb.config.reading import Reader
from fastlb.config.registry import Registry
from fastlb.config.tree import Tree


def parse(
    path: str,
    *,
    server_root: str,
    defines: Iterable[str],
    before: Sequence[str] = (),
    after: Sequence[str] = (),
    environ: Mapping[str, str],
    registry: Registry,
    lenient: bool = True,
    root_is_found: bool = False,
    edited: Mapping[str, bytes] = MappingProxyType({}),
) -> tuple[Tree, list[Diagnostic]]:
    """Read a configuration whole.

    path         the file of -f, absolute or under server_root
    server_root  of -d or built in; a ServerRoot line changes it from there on
    defines      names of -D
    before, after  directives of -C and -c
    environ      for ${NAME} that is not defined
    lenient      False for --strict: mistakes of published tutorials are errors.
                 `Compat apache`, wherever it stands, has the same effect
    root_is_found  server_root is that of the tree in which the file lies: a ServerRoot
                 line that names no directory of this system is warned of only
    edited       what files would hold, by real path: read in their place

    Returns the tree and all complaints, sorted by file and line. With an error among
    them the tree lacks what was wrong, and is good only for finding more. Raises
    nothing about the configuration.
    """
    reader = Reader(registry, os.path.abspath(server_root), defines, environ)
    reader.edited = edited
    reader.root_is_found = root_is_found and lenient
    reader.read_lines(before)
    reader.read_main(os.path.join(reader.server_root, path))
    reader.read_lines(after)
    reader.finish()
    compat = _compat(reader.drafts)
    lenient = lenient and compat != "apache"
    checker = Checker(registry, lenient, compat)
    nodes = checker.check(reader.drafts)
    tree = Tree(
        nodes,
        tuple(reader.files),
        tuple(reader.defines.items()),
        tuple(reader.modules),
        configuration_text(reader.server_root),
        compat,
        lenient,
    )
    order = [name for name, _, _ in reader.files]
    found = sort_by_place([*reader.diagnostics, *checker.diagnostics], order)
    return tree, _most(found)


def _most(found: list[Diagnostic]) -> list[Diagnostic]:
    """As many as are printed, the gravest first, in the order in which they stand."""
    if len(found) <= DIAGNOSTICS_MAX:
        return found
    order = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    graded = sorted(range(len(found)), key=lambda n: order.index(found[n].severity))
    kept = sorted(graded[:DIAGNOSTICS_MAX])
    return [found[n] for n in kept] + _rest(
        [found[n] for n in graded[DIAGNOSTICS_MAX:]]
    )


def _rest(left_out: Sequence[Diagnostic]) -> list[Diagnostic]:
    """One complaint that stands for those that are too many to print."""
    if not left_out:
        return []
    text = f"{len(left_out)} more complaints are not shown"
    severity = left_out[0].severity  # the gravest of them
    return [Diagnostic(severity, "FB0136", "", 0, 0, "", text)]


def _compat(drafts: Sequence[Draft]) -> str:
    """The last sound `Compat` line at the top level: it must act before the check."""
    chosen = "better"
    for draft in drafts:
        if draft.name.lower() == "compat" and not draft.is_section:
            words = [word.text.lower() for word in split_words(draft.raw)]
            if words in (["apache"], ["better"]):
                chosen = words[0]
    return chosen
