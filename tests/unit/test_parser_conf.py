"""The configurations in conf/ are manuals: nothing is to be said about them."""

from __future__ import annotations

from pathlib import Path

import pytest
from configs import REGISTRY

from fastlb.base.errors import Severity, render
from fastlb.config.parser import parse
from fastlb.model.resolve import resolve

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "conf").rglob("*.conf"))


def test_there_are_such_files() -> None:
    assert {"fastlb.conf", "sticky.conf", "logging.conf", "status.conf"} <= {
        path.name for path in FILES
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_printed_configuration_is_clean_under_strict(path: Path) -> None:
    listen = [] if path.name == "fastlb.conf" else ["Listen 8080"]
    tree, diagnostics = parse(
        str(path),
        server_root=str(ROOT),
        defines=[],
        environ={},
        registry=REGISTRY,
        lenient=False,
        before=listen,
    )
    model, more = resolve(tree, lenient=False, environ={}, cpu_count=1)
    found = [d for d in [*diagnostics, *more] if d.severity is not Severity.NOTE]
    assert render(found) == ""
    assert model is not None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_printed_configuration_fits_a_terminal(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert len(line) <= 88 or line.startswith("LogFormat"), line
