"""Documents name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

from fence import read_core
from rows import rows

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/invariants.md")
FOLDERS = ("", "fastlb", "fastlb/core", "fastlb/core/http", "fastlb/core/io")
NAME = re.compile(r"`([\w./-]+\.(?:pyx|pxd|pyi|py|h|md|conf))`")
LINK = re.compile(r"\]\(([\w./-]+)\)")
SAMPLES = frozenset({"first.conf", "httpd.conf"})  # the reader's own files


def named(document: str) -> set[str]:
    text = (ROOT / document).read_text("utf-8")
    return set(NAME.findall(text)) | set(LINK.findall(text))


def is_there(name: str) -> bool:
    if any((ROOT / folder / name).exists() for folder in FOLDERS):
        return True
    return "/" not in name and any((ROOT / "fastlb").rglob(name))


WAY = "the bytes of a request head"
CHAPTER = re.compile(r"\b(?:flow|io|http|plan|balance)/\w+")


def way_of_a_head(text: str) -> list[list[str]]:
    """The chapters of each line, and of those that go on with it."""
    (block,) = (part for part in text.split("```") if part.startswith(f"\n {WAY}"))
    found: list[list[str]] = []
    for line in block.splitlines()[2:]:
        if re.match(r" \S", line):
            found.append([])
        found[-1].extend(CHAPTER.findall(line))
    return found


def test_a_request_head_goes_down_the_spine_as_the_page_says() -> None:
    core = read_core()
    steps = way_of_a_head((ROOT / "ARCHITECTURE.md").read_text("utf-8"))
    assert len(steps) > 5
    for (chapter, *called), below in zip(steps, [*steps[1:], [""]], strict=True):
        assert {*called, below[0]} - {""} <= set(core.named(chapter)), chapter


@rows("document", DOCUMENTS)
def test_every_file_that_a_document_names_exists(document: str) -> None:
    missing = {name for name in named(document) - SAMPLES if not is_there(name)}
    assert not missing


def test_the_way_of_a_request_names_files_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    names = set(re.findall(r"(?:core|config|model|master|worker)/[\w/]+\.\w+", text))
    assert len(names) > 20
    assert not {name for name in names if not is_there(name)}
