"""Directives that set fields: of the process, of a server, and of a section.

Their declarations say which field, how its words are read and what holds without them
(`config/registry.py`); here the values are put where the directive stands. Merging is
the business of `merge.py`.
"""

from __future__ import annotations

import os.path
from dataclasses import fields
from functools import cache
from typing import Any, Final

from fastlb.config.directives import declarations
from fastlb.config.lexer import configuration_text, filesystem_path
from fastlb.config.registry import Directive, Scope, scope_of
from fastlb.config.tree import Node
from fastlb.model.drafts import Drafts, Handler, Place, Values

SETTERS: Final[dict[str, Directive]] = {
    name.lower(): declared
    for declared in declarations()
    if declared.sets
    for name in (declared.name, *declared.old_names)
}


def presets(scope: Scope) -> Values:
    """Every field that directives of a scope set, as it is where none does."""
    return dict(_presets(scope))


@cache  # every virtual host asks, and every member
def _presets(scope: Scope) -> Values:
    values: Values = {}
    for declared in SETTERS.values():
        if scope_of(declared) is scope:
            names = declared.sets
            values |= dict.fromkeys((names,) if isinstance(names, str) else names)
            values |= declared.preset()
    return values


def fields_of(facts: type, values: Values) -> Values:
    """Those of the values that are fields of a class of facts."""
    return {name: values[name] for name in _names(facts) if name in values}


def shared(facts: type, *drafts: object) -> Values:
    """What drafts and nodes hold under the names of fields of a class of facts."""
    values: Values = {}
    for draft in drafts:
        kind: type = type(draft)
        values |= {name: getattr(draft, name) for name in _shared_names(facts, kind)}
    return values


@cache
def _names(facts: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(facts))


@cache
def _shared_names(facts: type, draft: type) -> tuple[str, ...]:
    return tuple(name for name in _names(facts) if hasattr(draft, name))


def set_fields(run: Drafts, place: Place, node: Node) -> None:
    declared = SETTERS[node.name.lower()]
    values: Any = declared.values(node.args)
    scope = scope_of(declared)
    if scope is Scope.SECTION:
        place.draft.say(**values)
    elif scope is Scope.SERVER:
        said = place.server.settings
        said |= values
        for name in [name for name, value in values.items() if value is None]:
            del said[name]  # of several fields a line may say less than one before
    else:
        run.process.values |= values


def _proxy_requests(run: Drafts, place: Place, node: Node) -> None:
    set_fields(run, place, node)
    place.server.forward = node


def _document_root(run: Drafts, place: Place, node: Node) -> None:
    if place.section is None:
        place.server.rewrite.document_root = absolute_text(run, node.args[0])
    if place.server.is_main and place.section is None:
        run.process.values["document_root"] = node.args[0]


def _register_http_method(run: Drafts, _place: Place, node: Node) -> None:
    known = run.process.methods
    known.extend(word for word in node.args if word not in known)


def absolute(run: Drafts, path: str) -> str:
    """A path of the configuration on this system; relative ones under ServerRoot."""
    return filesystem_path(absolute_text(run, path))


def absolute_text(run: Drafts, path: str) -> str:
    """... as the plan and requests have it: each character is a byte (latin-1)."""
    root = configuration_text(run.server_root)
    whole = os.path.normpath(os.path.join(root, path))
    # Two slashes at the front stay with normpath (POSIX leaves their meaning open); on
    # Linux they are one, and no file that is asked for has two.
    return whole[1:] if whole.startswith("//") else whole


HANDLERS: Final[dict[str, Handler]] = {
    **dict.fromkeys(SETTERS, set_fields),
    "proxyrequests": _proxy_requests,
    "documentroot": _document_root,
    "registerhttpmethod": _register_http_method,
}
