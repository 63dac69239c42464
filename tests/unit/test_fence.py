"""Chapters of the core use lower chapters only, and say which (tests/unit/fence.py)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import fence
import pytest

Copy = Callable[[], fence.Core]


@pytest.fixture(scope="module")
def core() -> fence.Core:
    return fence.read_core()


def upward(core: fence.Core) -> list[str]:
    return [core.says(arrow) for arrow in core.upward()]


def test_every_name_has_one_home(core: fence.Core) -> None:
    assert not core.faults


def test_every_chapter_names_exactly_what_it_uses(core: fence.Core) -> None:
    wrong = list(core.heads())
    assert not wrong, "python tests/unit/fence.py --write puts them right"


def test_no_arrow_points_upward(core: fence.Core) -> None:
    assert not upward(core)


def test_there_are_no_circles(core: fence.Core) -> None:
    assert not core.circles()


def test_a_header_speaks_for_its_own_chapter(core: fence.Core) -> None:
    assert not fence.foreign(core)


def test_what_a_header_declares_another_module_calls(core: fence.Core) -> None:
    assert not fence.idle(core)


def drawn(page: str) -> list[str]:
    """The chapters of the drawing in ARCHITECTURE.md, from the top."""
    (block,) = (part for part in page.split("```") if part.startswith("\n core  "))
    found: list[str] = []
    group = ""
    for line in block.splitlines():
        names = line.strip().split("  ")[0].split()
        if names and line.startswith("   "):
            found += [
                name if name.startswith("io/") else group + name for name in names
            ]
        elif names and names[0].endswith("/"):
            group = names[0]
        else:
            found += names
    return found


def test_the_drawing_is_the_spine(core: fence.Core) -> None:
    page = (fence.ROOT / "ARCHITECTURE.md").read_text("utf-8")
    # Of the methods one name stands for all.
    spine = [re.sub(r"/by\w+$", "/by*", name) for name in core.order[::-1]]
    assert drawn(page) == list(dict.fromkeys(spine))
    planted = page.replace("rewrite_answer rewrite", "rewrite rewrite_answer")
    assert drawn(planted) != list(dict.fromkeys(spine))


def test_the_floor_uses_nothing_above_it(core: fence.Core) -> None:
    inside = [b for a, b in core.arrows if a in fence.FLOOR]
    assert set(inside) <= set(fence.FLOOR)


# What the fence sees, in a copy of the sources with one fault planted.


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(fence.ROOT / "fastlb/core", tmp_path / "fastlb/core")
    for suffix in ("pyx", "pxd"):
        shutil.copy(fence.ROOT / f"fastlb/_core.{suffix}", tmp_path / "fastlb")
    for folder in ("probe", "fuzz"):
        shutil.copytree(fence.ROOT / "fastlb" / folder, tmp_path / "fastlb" / folder)
    return tmp_path


def plant(tree: Path, chapter: str, text: str) -> fence.Core:
    path = tree / f"fastlb/core/{chapter}"
    path.write_text(path.read_text() + text)
    return fence.read_core(tree)


def test_the_copy_is_as_the_sources_are(tree: Path, core: fence.Core) -> None:
    assert fence.read_core(tree).arrows == core.arrows


@pytest.mark.parametrize(
    "text",
    [
        "cdef void planted(int fd) noexcept nogil:\n    shared_end(NULL)\n"
        "    elect(NULL, NULL, 0, NULL, 0, NULL)\n",
        "cdef int planted(election *e) noexcept nogil:\n    return 0\n",
        "cdef struct planted:\n    election *e\n",
        "cdef struct planted:\n    void (*chosen)(election *e) noexcept nogil\n",
        "cdef int planted = ELECT_NO_MEMBERS\n",
        "cdef char[ELECT_ALL_IN_ERROR] planted\n",
        "cdef int planted(void *p):\n    return (<election *>p).chosen\n",
        "cdef int planted(void *p):\n    cdef election e\n    return 0\n",
        "ctypedef void (*planted)(election *e) noexcept nogil\n",
        "cdef int planted() noexcept nogil:\n    return may_retry(\n"
        "        NULL, NULL, NULL, 0, 0, 0, 0) if True else \\\n    0\n",
    ],
)
def test_an_upward_use_is_seen(tree: Path, text: str) -> None:
    core = plant(tree, "io/buffer.pyx", "\n\n" + text)
    assert ("io/buffer", "balance/elect") in core.upward()
    assert len(upward(core)) == 1
    assert any("io/buffer: uses balance/elect" in fault for fault in core.heads())


@pytest.mark.parametrize(
    "text",
    [
        "cdef int planted(int elect) noexcept nogil:\n    return elect\n",
        "cdef int planted() noexcept nogil:\n    cdef int elect = 1, n = 2\n"
        "    return elect + n\n",
        "cdef int planted(buffer *b) noexcept nogil:\n    return b.elect\n",
        "cdef struct planted:\n    int elect\n",
        '# elect(NULL)\ncdef const char *planted = b"elect("\n',
        "def planted(elect):\n    for may_retry in elect:\n        pass\n",
    ],
)
def test_what_is_only_called_the_same_is_no_use(tree: Path, text: str) -> None:
    assert not upward(plant(tree, "io/buffer.pyx", "\n\n" + text))


def test_a_circle_is_seen(tree: Path) -> None:
    # The first half of it points upward, at a name that nobody has yet.
    core = plant(
        tree,
        "io/timer.pyx",
        "\n\ncdef int planted() noexcept nogil:\n    return chunked_planted()\n",
    )
    assert not core.circles()
    core = plant(
        tree,
        "http/chunked.pyx",
        "\n\ncdef int chunked_planted() noexcept nogil:\n    return planted()\n",
    )
    assert core.circles() == [["io/timer", "http/chunked"]]


def test_an_unnamed_use_is_seen_and_one_that_is_none(
    tree: Path, core: fence.Core
) -> None:
    path = tree / "fastlb/core/http/framing.pyx"
    text = path.read_text()
    named = core.named("http/framing")
    path.write_text(text.replace(fence.head_of(named), fence.head_of(named[1:])))
    (fault,) = fence.read_core(tree).heads()
    assert fault.startswith(f"http/framing: uses {named[0]} and does not name it")
    path.write_text(
        text.replace(fence.head_of(named), fence.head_of(["shared", *named]))
    )
    (fault,) = fence.read_core(tree).heads()
    assert fault == "http/framing: names shared and does not use it"


def test_two_homes_are_seen(tree: Path) -> None:
    core = plant(
        tree, "io/timer.pyx", "\n\ncdef int elect() noexcept nogil:\n    return 0\n"
    )
    assert core.faults == ["elect: defined by io/timer and by balance/elect"]


def test_what_is_declared_for_nobody_is_seen(tree: Path) -> None:
    core = plant(tree, "io/timer.pxd", "cdef int planted() noexcept nogil\n")
    assert core.faults == ["planted: io/timer declares it, nobody defines it"]


def test_what_is_declared_and_called_within_is_seen(tree: Path) -> None:
    plant(tree, "io/timer.pxd", "cdef int planted() noexcept nogil\n")
    core = plant(
        tree, "io/timer.pyx", "\n\ncdef int planted() noexcept nogil:\n    return 0\n"
    )
    assert fence.idle(core) == {"io/timer": ["planted"]}
    (tree / "fastlb/probe/timer.pyx").write_text("def ask():\n    return planted()\n")
    assert not fence.idle(fence.read_core(tree))


def test_a_header_for_others_is_seen(tree: Path) -> None:
    core = plant(tree, "io/timer.pxd", "cdef void elect_reset(int n) noexcept nogil\n")
    core = plant(tree, "io/watch.pyx", "\n\ncdef void elect_reset(int n):\n    pass\n")
    assert fence.foreign(core)["io/timer"] == ["elect_reset"]


def test_no_word_of_the_heads_is_unknown(core: fence.Core) -> None:
    for name, chapter in core.chapters.items():
        assert set(chapter.head or []) <= set(core.chapters), name
