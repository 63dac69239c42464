"""Rewriting, merged: what a virtual host inherits.

As httpd merges: options that are not said are inherited, rules only where an option
says so; a host in which no line of mod_rewrite stands has none.
"""

from __future__ import annotations

from fastlb.facts.mapping import Mapping
from fastlb.facts.rewrite import (
    RewriteDir,
    RewriteDirectory,
    RewriteRule,
    RewriteServer,
)
from fastlb.facts.rewrite_maps import RewriteMap
from fastlb.model.drafts import DirectoryDraft, RewriteDraft, ServerDraft
from fastlb.model.globs import is_glob


def rewrite_dir(draft: RewriteDraft | None) -> RewriteDir | None:
    """What a section says; None: nothing."""
    if draft is None or not draft.is_touched:
        return None
    return RewriteDir(
        engine=draft.engine,
        options=frozenset(draft.options) if draft.has_options else None,
        base=draft.base,
        directory=draft.directory,
        rules=tuple(draft.rules),
    )


def rewrite_server(
    main: ServerDraft,
    server: ServerDraft,
    targets: tuple[Mapping, ...],
    document_root: str,
) -> RewriteServer | None:
    """The rules of a server with those it inherits; None: it has nothing of it."""
    base, own = main.rewrite, server.rewrite
    touched = (main, server)
    if not any(
        one.rewrite.is_touched
        or one.rewrite.directories
        or any(s.draft.rewrite for s in one.sections)
        for one in touched
    ):
        return None
    engine = base.engine if own.engine is None else own.engine
    options = own.options if own.has_options else base.options
    rules: list[RewriteRule] = list(own.rules)
    if not server.is_main:
        rules = _inherited(base, own, options)
    maps = _maps(main, server, options)
    root = own.document_root or base.document_root or document_root
    return RewriteServer(
        engine=bool(engine),
        options=frozenset(options),
        rules=tuple(rules),
        targets=targets,
        maps=maps,
        directories=_directories(main, server),
        document_root=root.rstrip("/"),
    )


def _directories(
    main: ServerDraft, server: ServerDraft
) -> tuple[RewriteDirectory, ...]:
    """Shorter paths before longer ones, then expressions, then <Files>, as httpd
    merges them: those that stand in a <Directory> last."""
    drafts = list(main.rewrite.directories)
    if not server.is_main:
        drafts += server.rewrite.directories
    drafts.sort(key=_order)
    found = []
    for one in drafts:
        said = rewrite_dir(one.draft)
        if said is not None:
            glob = not one.is_regex and is_glob(one.pattern)
            found.append(
                RewriteDirectory(one.pattern, one.is_regex, glob, one.files, said)
            )
    return tuple(found)


def _order(one: DirectoryDraft) -> tuple[bool, bool, int]:
    depth = 1 << 20 if one.is_regex else one.pattern.count("/")
    return one.files is not None, one.files is not None and bool(one.pattern), depth


def _maps(
    main: ServerDraft, server: ServerDraft, options: set[str]
) -> tuple[RewriteMap, ...]:
    """Its own; inherited with the rules. A host without a line of it has the main
    server's."""
    base, own = main.rewrite, server.rewrite
    if not own.is_touched:
        return tuple(base.maps.values())
    downwards = base.options if "ignoreinherit" not in options else set()
    if {"inherit", "inheritbefore"} & options or {
        "inheritdown",
        "inheritdownbefore",
    } & downwards:
        return tuple({**base.maps, **own.maps}.values())
    return tuple(own.maps.values())


def _inherited(
    base: RewriteDraft, own: RewriteDraft, options: set[str]
) -> list[RewriteRule]:
    if not own.is_touched:
        return []
    downwards = base.options if "ignoreinherit" not in options else set()
    if "inherit" in options or "inheritdown" in downwards:
        return [*own.rules, *base.rules]
    if "inheritbefore" in options or "inheritdownbefore" in downwards:
        return [*base.rules, *own.rules]
    return list(own.rules)
