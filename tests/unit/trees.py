"""Trees and models for tests, from configuration text."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from fastlb.base.errors import Diagnostic, Severity, sort_by_place
from fastlb.config.parser import parse
from fastlb.config.registry import collect
from fastlb.facts.server import Model
from fastlb.lint.check import checked_model

NAMES = {"localhost": ("127.0.0.1",)}
REGISTRY = collect()
SERVER_ROOT = "/srv"
ENVIRON = {"HOME": "/root"}


def resolve_file(
    path: Path, *, lenient: bool = True, environ: Mapping[str, str] = ENVIRON
) -> tuple[Model | None, list[Diagnostic]]:
    """Parse and resolve a file; the complaints of both."""
    tree, found = parse(
        str(path.resolve()),
        server_root=SERVER_ROOT,
        defines=(),
        environ=environ,
        registry=REGISTRY,
        lenient=lenient,
    )
    model, more = checked_model(
        tree,
        lenient=tree.lenient,
        environ=environ,
        cpu_count=2,
        lookup=lambda name: NAMES.get(name, ()),
        host_name="host.test",
    )
    together = sort_by_place([*found, *more])
    if any(item.is_error for item in found):
        model = None
    return model, together


def resolve_text(
    text: str, *, lenient: bool = True
) -> tuple[Model | None, list[Diagnostic]]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "t.conf")
        path.write_text(text, encoding="latin-1")
        return resolve_file(path, lenient=lenient)


def model_of(text: str, *, lenient: bool = True) -> Model:
    """The model of a text that must have no error."""
    model, found = resolve_text(text, lenient=lenient)
    assert model is not None, [item for item in found if item.is_error]
    return model


def said(text: str, severity: Severity, *, lenient: bool = True) -> list[str]:
    """`line: text` of the complaints of one severity."""
    _, found = resolve_text(text, lenient=lenient)
    return [f"{d.line}: {d.text}" for d in found if d.severity is severity]


def errors(text: str, *, lenient: bool = True) -> list[str]:
    return said(text, Severity.ERROR, lenient=lenient)


def warnings(text: str, *, lenient: bool = True) -> list[str]:
    return said(text, Severity.WARNING, lenient=lenient)


def notes(text: str) -> list[str]:
    return said(text, Severity.NOTE)
