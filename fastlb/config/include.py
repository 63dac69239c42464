"""Which files an Include means.

`*`, `?` and `[...]` may stand in any component; a dot in front must be written; the
matches of each component are taken in byte order. A directory means every file in
it and below, in byte order. As observed with httpd 2.4.71.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from fastlb.base.globs import glob_body
from fastlb.base.limits import DIRECTORY_DEPTH_MAX
from fastlb.config.lexer import configuration_text

_OPTIONAL = "Include/IncludeOptional: "


class IncludeError(Exception):
    """Nothing to read, or it cannot be read; the text is Apache's sentence."""


def files_of(path: str, optional: bool) -> list[str]:
    """The files to read, in order; path is absolute and in the system's encoding.

    Raises IncludeError. optional: nothing found is an empty list.
    """
    if "\0" in path:
        raise IncludeError(f"Invalid config file path {configuration_text(path)}")
    if not has_wildcard(path):
        if not os.path.lexists(path) and optional:
            return []
        return list(_walk(path, 0))
    found: list[str] = []
    root, *components = path.split("/")
    for match in _matches(root + "/", components, optional):
        found += _walk(match, 0)
    return found


def has_wildcard(text: str) -> bool:
    """Whether the text holds *, ? or a closed [...]; a backslash takes its meaning."""
    unescaped = re.sub(r"\\.", "", text)
    return bool(re.search(r"[*?]|\[[^\]]*\]", unescaped))


def component_pattern(component: str) -> re.Pattern[str]:
    """fnmatch for one path component: `[!a]` and `[^a]` exclude, backslash escapes."""
    visible = "" if component.startswith((".", "\\.")) else r"(?!\.)"
    try:
        return re.compile(visible + glob_body(component), re.DOTALL)
    except re.error:
        return re.compile(re.escape(component))


def _matches(directory: str, components: list[str], optional: bool) -> Iterator[str]:
    """Paths under directory that the components name, in order."""
    plain = 0
    while plain < len(components) and not has_wildcard(components[plain]):
        plain += 1
    directory = os.path.join(directory, *components[:plain])
    if plain == len(components):
        if os.path.lexists(directory):
            yield directory
        return
    wildcard, rest = components[plain], components[plain + 1 :]
    shown = configuration_text(directory.rstrip("/") or "/")
    try:
        names = os.listdir(directory)
    except OSError as problem:
        if optional:
            return
        text = f"{_OPTIONAL}Could not open directory {shown}: {problem.strerror}"
        raise IncludeError(text) from problem
    matcher = component_pattern(wildcard)
    candidates = [name for name in names if matcher.fullmatch(name)]
    if rest:
        candidates = [
            name for name in candidates if os.path.isdir(os.path.join(directory, name))
        ]
    if not candidates and not optional:
        raise IncludeError(
            f"{_OPTIONAL}No matches for the wildcard"
            f" '{configuration_text(wildcard)}' in '{shown}', failing"
        )
    for name in sorted(candidates, key=os.fsencode):
        match = os.path.join(directory, name)
        if rest:
            yield from _matches(match, rest, optional)
        else:
            yield match


def _walk(path: str, depth: int) -> Iterator[str]:
    """The file itself, or every file below a directory, in byte order."""
    if not os.path.isdir(path):
        yield path
        return
    shown = configuration_text(path)
    if depth >= DIRECTORY_DEPTH_MAX:
        raise IncludeError(
            f"Directory {shown} exceeds the maximum include directory nesting level of"
            f" {DIRECTORY_DEPTH_MAX}. You have probably a recursion somewhere."
        )
    try:
        names = os.listdir(path)
    except OSError as problem:
        text = f"Could not open config directory {shown}: {problem.strerror}"
        raise IncludeError(text) from problem
    for name in sorted(names, key=os.fsencode):
        yield from _walk(os.path.join(path, name), depth + 1)
