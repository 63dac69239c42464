"""-l and -L: what is built in, in httpd's form."""

from __future__ import annotations

from collections.abc import Iterator

from fastlb.config import registry
from fastlb.config.registry import Context, Directive

SECTIONS = "<Directory>, <Files>, <Location>, or <If>"


def module_lines() -> Iterator[str]:
    """-l: the modules whose directives we know, by Apache's file names."""
    yield "Compiled in modules:"
    for name in registry.modules_of(registry.collect()):
        yield f"  {name}"


def directive_lines() -> Iterator[str]:
    """-L: every directive with its module, a phrase and where it may stand."""
    for item in registry.collect():
        opening = "<" if item.is_section else ""
        yield f"{opening}{item.name} ({item.module})"
        if item.help:
            yield f"\t{item.help}"
        yield f"\tAllowed in *.conf {_places(item)}"


def _places(item: Directive) -> str:
    if Context.DIRECTORY not in item.contexts:
        return f"only outside {SECTIONS}"
    if item.contexts == Context.DIRECTORY:
        return f"only inside {SECTIONS}"
    return "anywhere"
