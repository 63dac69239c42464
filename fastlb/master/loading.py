"""From the command line's words to a model: the same code for -t, start and reload.

Checking needs no root, binds nothing and changes nothing.
"""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastlb.base.errors import Diagnostic, as_strict, has_errors, sort_by_place
from fastlb.config import registry
from fastlb.config.parser import parse
from fastlb.config.tree import Tree
from fastlb.facts.server import Model, ProcessSettings
from fastlb.lint.check import checked_model
from fastlb.model.freeze import process_settings
from fastlb.model.resolve import draft


@dataclass(frozen=True, slots=True)
class Source:
    """Where a configuration comes from; holds for the life of a server.

    before, after: directives of -C and -c. environ: what ${NAME} and PassEnv see,
    taken once, so that a reload means what the start meant. root_is_found: server_root
    is that of the tree around the file, which nobody named. remarks: what was found
    out about where it comes from. edited: what files are to hold, by real path,
    before they are written.
    """

    config_file: str
    server_root: str
    defines: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    environ: Mapping[str, str]
    strict: bool = False
    root_is_found: bool = False
    remarks: tuple[Diagnostic, ...] = ()
    edited: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """model is None when a diagnostic is an error. tree: also then, as far as read."""

    model: Model | None
    tree: Tree
    diagnostics: tuple[Diagnostic, ...]


def load(source: Source) -> Loaded:
    """Read, check and resolve; every complaint of the run is in diagnostics."""
    # Of ten thousand lines a tenth of the time went into looking for garbage, of which
    # there is none: what is made is kept, or goes with its last reference.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _load(source)
    finally:
        if was_enabled:
            gc.enable()


def _load(source: Source) -> Loaded:
    tree, complaints = read(source)
    model, more = checked_model(
        tree,
        lenient=tree.lenient,
        environ=source.environ,
        cpu_count=cpu_count(),
        host_name=socket.gethostname(),
    )
    if any(item.is_error and item.directive == "Listen" for item in complaints):
        # There is one, and what is wrong with it is told
        more = [item for item in more if item.number != "FB0206"]
    files = [path for path, _, _ in tree.files]
    diagnostics = sort_by_place([*source.remarks, *complaints, *more], files)
    if source.strict:
        diagnostics = as_strict(diagnostics)
    sound = model if not has_errors(diagnostics) else None
    return Loaded(sound, tree, tuple(diagnostics))


def process_of(source: Source) -> ProcessSettings:
    """As far as files say them, whatever else is wrong with what they say: where a
    server is asked that began with them."""
    tree, _ = read(source)
    run = draft(
        tree,
        lenient=tree.lenient,
        environ=source.environ,
        cpu_count=cpu_count(),
    )
    return process_settings(run)


def read(source: Source) -> tuple[Tree, list[Diagnostic]]:
    """The tree as far as it can be read, and what is wrong with it."""
    return parse(
        source.config_file,
        server_root=source.server_root,
        defines=source.defines,
        before=source.before,
        after=source.after,
        environ=source.environ,
        registry=registry.collect(),
        lenient=not source.strict,
        root_is_found=source.root_is_found,
        edited=source.edited,
    )


def cpu_count() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0))
