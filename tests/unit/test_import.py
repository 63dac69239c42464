"""Who has imported a compiled module ends as whoever has not."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "fastlb").rglob("*.pyx"))


@pytest.mark.parametrize("module", ["_core", "_pcre2", "_probe"])
def test_the_interpreter_ends_in_order(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import fastlb.{module}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_package_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    there = {
        ".".join(path.relative_to(ROOT).parent.parts)
        for path in (ROOT / "fastlb").rglob("__init__.py")
    }
    assert set(project["tool"]["setuptools"]["packages"]) == there


LOADED_LATER = {
    "fastlb.controller.openapi": "a command of the sources",
    "fastlb.monitor.stapling": "by the master, with certificates to be stapled",
}


def test_what_is_forked_has_been_loaded() -> None:
    """Files of the program may be another version's by then."""
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for part in ("admin", "controller", "monitor", "worker")
        for path in (ROOT / "fastlb" / part).rglob("*.py")
        if path.stem != "__init__"
    }
    code = "import sys, fastlb.cli.serve; print(*sys.modules)"
    told = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    assert names - {*told.split()} == {*LOADED_LATER}


ASSIGNMENT = re.compile(r"^(?:cdef \w+ )?(\w+ = .*(?:\n[ )}\]].*)*)", re.M)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)


def comprehensions(source: str) -> list[str]:
    """Assignments at a module's own level that hold one."""
    found = [match[1] for match in ASSIGNMENT.finditer(source) if "for" in match[0]]
    return [
        one
        for one in found
        if any(isinstance(node, COMPREHENSIONS) for node in ast.walk(ast.parse(one)))
    ]


def test_no_module_keeps_the_variables_of_a_comprehension() -> None:
    # Cython 3.3 counts None wrongly for these (service_log.pyx): few are not noticed
    assert SOURCES
    for path in SOURCES:
        assert not comprehensions(path.read_text("utf-8")), path


def test_a_planted_one_is_found() -> None:
    assert comprehensions("cdef dict A = {\n    x: 1\n    for x in (1, 2)\n}\n")
    assert comprehensions("A = [x for x in (1, 2)]\n")
    assert not comprehensions("cdef dict f():\n    return {x: 1 for x in (1, 2)}\n")
    assert not comprehensions("A = f()\n\nfor x in A:\n    pass\n")
