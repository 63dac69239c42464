"""A file imports from lower floors only; packages of one floor not from each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from rows import rows

ROOT = Path(__file__).parents[2]
FLOORS = (
    ("base", "_pcre2", "lbmethod"),
    ("facts",),
    ("config",),
    ("model",),
    ("_core", "_probe", "_fuzz"),
    ("tls", "logs", "admin", "users", "names", "heartbeat"),
    ("lint",),
    ("worker", "monitor", "controller"),
    ("master",),
    ("cli",),
    ("testing",),
    ("pytest_plugin", "__main__"),
)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
CIMPORT = re.compile(r"^\s*(?:from\s+fastlb\.(\w+)|(?:c?import)\s+fastlb\.(\w+))", re.M)
SPINES = ("_core", "_probe", "_fuzz")  # with the chapters that they include


def package_of(path: Path) -> str | None:
    """The package (or module) of a file under fastlb/; None for fastlb itself."""
    parts = path.relative_to(ROOT / "fastlb").parts
    name = parts[0] if len(parts) > 1 else path.stem
    if name in ("core", "probe", "fuzz"):
        return f"_{name}"
    return None if name == "__init__" else name


def imported(path: Path) -> Iterator[str]:
    """Packages of fastlb that a file imports, wherever in it."""
    text = path.read_text("utf-8")
    if path.suffix not in (".py", ".pyi"):
        for first, second in CIMPORT.findall(text):
            yield first or second
        return
    for node in ast.walk(ast.parse(text)):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            modules = (
                [f"fastlb.{alias.name}" for alias in node.names]
                if module == "fastlb"
                else [module]
            )
        for module in modules:
            top, _, rest = module.partition(".")
            if top == "fastlb" and rest:
                yield rest.partition(".")[0]


FILES = sorted(
    path
    for suffix in ("*.py", "*.pyi", "*.pyx", "*.pxd")
    for path in (ROOT / "fastlb").rglob(suffix)
)


CHAPTERS = [
    path.relative_to(ROOT / "fastlb").as_posix()
    for path in FILES
    if package_of(path) == "_core" and path.parent != ROOT / "fastlb"
]
IMPORT_IN_CORE = re.compile(
    r"^\s*(?:from\s+(fastlb[\w.]*)|c?import\s+(fastlb[\w.]*))", re.M
)


def test_of_the_lower_floors_the_core_uses_words_and_patterns() -> None:
    # everything else reaches it as a model, through core/plan/plan_begin.pyx
    used = {
        first or second
        for chapter in CHAPTERS
        for first, second in IMPORT_IN_CORE.findall(
            (ROOT / "fastlb" / chapter).read_text("utf-8")
        )
    }
    assert used == {
        "fastlb.facts.regex",
        "fastlb.facts",
        "fastlb.facts.rewrite",
        "fastlb.facts.rewrite_maps",
        "fastlb.facts.variables",
        "fastlb.lbmethod",  # declarations for other packages: a header in C
    }


@rows("suffix", ["pyx", "pxd"])
def test_every_chapter_is_in_the_spine_once(suffix: str) -> None:
    spine = (ROOT / f"fastlb/_core.{suffix}").read_text("utf-8")
    included = re.findall(r'^include "(.+?)"', spine, re.M)
    assert sorted(included) == [c for c in CHAPTERS if c.endswith(suffix)]


RESTS_ON_FACTS = ("tls", "logs", "admin", "users", "worker", "monitor", *SPINES)


def test_who_serves_knows_the_facts_and_not_how_they_are_read() -> None:
    assert not {
        path: found
        for path in FILES
        if package_of(path) in RESTS_ON_FACTS
        and (found := {"config", "model"} & set(imported(path)))
    }


def test_the_probe_compiles_nothing_of_the_core() -> None:
    """What tests call is what ships."""
    spine = (ROOT / "fastlb/_probe.pyx").read_text("utf-8")
    included = re.findall(r'^include "(.+?)"', spine, re.M)
    assert included
    assert all(one.startswith("probe/") for one in included)
    assert not (ROOT / "fastlb/_probe.pxd").exists()


def test_every_package_has_a_floor() -> None:
    packages = {package_of(path) for path in FILES} - {None}
    assert packages <= set(FLOOR_OF)
    assert {"config", "model", "master", "cli"} <= packages


@rows("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "fastlb")))
def test_imports_point_downward(path: Path) -> None:
    here = package_of(path)
    if here is None:
        assert not set(imported(path))
        return
    wrong = {
        there
        for there in imported(path)
        if there != here
        and not (here in SPINES and there in SPINES)
        and not FLOOR_OF[there] < FLOOR_OF[here]
    }
    assert not wrong
