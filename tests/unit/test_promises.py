"""SECURITY.md and docs/cves.md name a test for each row, and each of them is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGES = ("SECURITY.md", "docs/cves.md")
REFERENCE = re.compile(r"`((?:[a-z_0-9/]+\.py)?(?:::test_\w+)?)`")


def rows(page: str) -> list[list[str]]:
    """The cells of every row below a heading whose last cell is "test"."""
    found, wanted = [], False
    for line in (REPOSITORY / page).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if not line.startswith("|"):
            wanted = False
        elif cells[-1] == "test":
            wanted = True
        elif wanted and not set(line) <= set("| -"):
            found.append(cells)
    return found


@cache
def functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text())
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


@pytest.mark.parametrize("page", PAGES)
def test_each_row_names_tests_that_exist(page: str) -> None:
    found = rows(page)
    assert len(found) > 15
    wrong = []
    for cells in found:
        references = REFERENCE.findall(cells[-1])
        if not references:
            wrong.append(f"no test: {cells[0]}")
        file = ""
        for reference in references:
            name, _, function = reference.partition("::")
            file = name or file
            path = REPOSITORY / "tests" / file
            if not path.is_file():
                wrong.append(f"{cells[0]}: tests/{file} is not there")
            elif function and function not in functions(path):
                wrong.append(f"{cells[0]}: {function} is not in tests/{file}")
            elif not function and not any(
                known.startswith("test_") for known in functions(path)
            ):
                wrong.append(f"{cells[0]}: tests/{file} holds no test")
    assert not wrong, "\n".join(wrong)
