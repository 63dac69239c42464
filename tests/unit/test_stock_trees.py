"""What distributions ship is taken without a warning that nobody can mend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from certificates import make_ca, make_pair
from stock import DebianTree, rhel_tree

from fastlb.base.errors import Diagnostic, Severity
from fastlb.base.folding import fold
from fastlb.cli.options import parse
from fastlb.cli.source import source_of
from fastlb.master.loading import Loaded, load


def loaded(conf: Path) -> Loaded:
    return load(source_of(parse(["-f", str(conf)]), "/nowhere", "httpd.conf"))


def graver(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    return [item for item in diagnostics if item.severity is not Severity.NOTE]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RUN_USER", "RUN_GROUP", "RUN_DIR", "LOG_DIR", "LOCK_DIR", "PID_FILE"):
        monkeypatch.delenv(f"APACHE_{name}", raising=False)


@pytest.mark.needs("apache2")
def test_debians_tree_has_neither_errors_nor_warnings(tmp_path: Path) -> None:
    found = loaded(DebianTree(tmp_path / "apache2").conf)
    assert graver(found.diagnostics) == []
    assert found.model is not None
    assert len(fold(found.diagnostics)) <= 4


@pytest.mark.needs("apache2")
def test_any_module_of_debian_may_be_enabled(tmp_path: Path) -> None:
    tree = DebianTree(tmp_path / "apache2")
    names = tree.modules()
    assert len(names) > 100
    told = {}
    for name in names:
        tree.enable_what_is_fresh()
        tree.enable_module(name)
        told[name] = graver(loaded(tree.conf).diagnostics)
    assert {name: found for name, found in told.items() if found} == {}


@pytest.mark.needs("apache2")
def test_all_of_debians_modules_and_settings_may_be_enabled_at_once(
    tmp_path: Path,
) -> None:
    tree = DebianTree(tmp_path / "apache2")
    for name in tree.modules():
        tree.enable_module(name)
    for path in tree.root.glob("conf-available/*.conf"):
        tree.enable("conf", path.stem)
    found = loaded(tree.conf)
    assert graver(found.diagnostics) == []
    assert len(fold(found.diagnostics)) <= 6


def test_rhels_tree_has_neither_errors_nor_warnings(tmp_path: Path) -> None:
    make_pair(make_ca(), ["localhost"]).write(tmp_path, "localhost")
    paths = (tmp_path / "localhost.crt", tmp_path / "localhost.key")
    conf = rhel_tree(tmp_path / "httpd", *paths, (80, 443))
    found = loaded(conf)
    assert [(d.file, d.line, d.text) for d in graver(found.diagnostics)] == []
    assert found.model is not None
    assert len(fold(found.diagnostics)) <= 8
