"""Which chapter of the core defines a name and which chapters use it.

A chapter is a name under fastlb/core: its .pyx holds what it does, its .pxd the data
that it is about; some have only one of them. All are included into one translation
unit, so the compiler sees one namespace. What it cannot check is read from the sources
here.

    python tests/unit/fence.py          what is wrong, as the test says it
    python tests/unit/fence.py --write  write the `# uses:` head of every chapter

A head stands behind the docstring, and names every chapter but those of FLOOR:

    # uses: io/buffer, io/writer,
    #       http/head
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from chapters import Chapter, Reader, lines_of  # beside this file

ROOT = Path(__file__).parents[2]
# What every chapter may use unnamed: the kernel's interface, bounds, ASSERT, atomics.
# They are declarations without a body, and use nothing themselves but each other.
FLOOR = ("sys", "limits", "debug", "atomics")

HEAD = re.compile(r"^# uses:((?:.*,\n#)*.*)\n", re.M)


@dataclass
class Core:
    """The chapters from the bottom of the spine to its top."""

    root: Path
    chapters: dict[str, Chapter] = field(default_factory=dict)
    files: dict[str, list[Path]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    home: dict[str, str] = field(default_factory=dict)  # name -> chapter
    arrows: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)

    @property
    def order(self) -> list[str]:
        return list(self.chapters)

    def named(self, chapter: str) -> list[str]:
        """What a chapter must name: all that it uses, in the order of the spine."""
        return [
            other
            for other in self.chapters
            if (chapter, other) in self.arrows and other not in FLOOR
        ]

    def upward(self) -> list[tuple[str, str]]:
        rank = {name: i for i, name in enumerate(self.chapters)}
        return [arrow for arrow in self.arrows if rank[arrow[1]] > rank[arrow[0]]]

    def says(self, arrow: tuple[str, str]) -> str:
        names = self.arrows[arrow]
        return (
            f"{arrow[0]} -> {arrow[1]} ("
            + ", ".join(f"{name}, line {line}" for name, line in sorted(names.items()))
            + ")"
        )

    def circles(self) -> list[list[str]]:
        """Chapters that reach each other (Tarjan), in the order of the spine."""
        index: dict[str, int] = {}
        low: dict[str, int] = {}
        stack: list[str] = []
        found: list[list[str]] = []
        follow: dict[str, list[str]] = {name: [] for name in self.chapters}
        for a, b in self.arrows:
            follow[a].append(b)

        def visit(name: str) -> None:
            index[name] = low[name] = len(index)
            stack.append(name)
            for other in follow[name]:
                if other not in index:
                    visit(other)
                    low[name] = min(low[name], low[other])
                elif other in stack:
                    low[name] = min(low[name], index[other])
            if low[name] == index[name]:
                group = stack[stack.index(name) :]
                del stack[stack.index(name) :]
                if len(group) > 1:
                    found.append([c for c in self.chapters if c in group])

        for name in self.chapters:
            if name not in index:
                visit(name)
        return found

    def heads(self) -> Iterator[str]:
        """What is wrong with `# uses:` lines."""
        for name, chapter in self.chapters.items():
            must = self.named(name)
            said = chapter.head or []
            if said == must:
                continue
            for other in must:
                if other not in said:
                    why = self.says((name, other))
                    yield f"{name}: uses {other} and does not name it: {why}"
            for other in said:
                if other not in must:
                    yield f"{name}: names {other} and does not use it"
            if sorted(said) == sorted(must):
                yield f"{name}: the order is that of the spine: {', '.join(must)}"


def head_of(names: list[str]) -> str:
    """The head that names them; empty when there are none."""
    if not names:
        return ""
    lines = textwrap.wrap(", ".join(names), 78, break_on_hyphens=False)
    return "# uses: " + "\n#       ".join(lines) + "\n"


def spine_of(root: Path) -> list[str]:
    """Chapters in their order: that of the bodies; one without a body stands right
    behind the header before it that has one."""
    listed = {
        suffix: re.findall(
            rf'^include "core/(.+?)\.{suffix}"',
            (root / f"fastlb/_core.{suffix}").read_text(),
            re.M,
        )
        for suffix in ("pyx", "pxd")
    }
    order = list(listed["pyx"])
    at = 0
    for name in listed["pxd"]:
        if name in listed["pyx"]:
            at = order.index(name) + 1
        else:
            order.insert(at, name)
            at += 1
    return order


@cache
def read_file(text: str, is_header: bool) -> Chapter:
    """Kept, because tests read the same sources with a fault in one of them."""
    found = Chapter("")
    Reader(found, is_header).read(list(lines_of(text)))
    return found


def read_core(root: Path = ROOT) -> Core:
    core = Core(root)
    for name in spine_of(root):
        chapter = core.chapters[name] = Chapter(name)
        core.files[name] = []
        for suffix in ("pyx", "pxd"):
            path = root / f"fastlb/core/{name}.{suffix}"
            if not path.exists():
                continue
            core.files[name].append(path)
            text = path.read_text()
            found = HEAD.search(text)
            if found and len(core.files[name]) > 1:
                core.faults.append(f"{name}.pxd: the head stands in the .pyx")
            elif found:
                words = found[1].replace("#", " ").replace(",", " ")
                chapter.head = words.split()
            read = read_file(text, suffix == "pxd")
            chapter.defines = read.defines | chapter.defines
            chapter.declares |= read.declares
            chapter.uses = read.uses | chapter.uses
    for name, chapter in core.chapters.items():
        for defined in chapter.defines:
            other = core.home.setdefault(defined, name)
            if other != name:
                core.faults.append(f"{defined}: defined by {other} and by {name}")
    for name, chapter in core.chapters.items():
        for declared_here in chapter.declares - set(core.home):
            core.faults.append(
                f"{declared_here}: {name} declares it, nobody defines it"
            )
        for used, line in chapter.uses.items():
            home = core.home.get(used)
            if home is not None and home != name:
                core.arrows.setdefault((name, home), {})[used] = line
    return core


def foreign(core: Core) -> dict[str, list[str]]:
    """What a header declares for another chapter: its name -> names."""
    found = {
        name: sorted(f for f in chapter.declares if core.home.get(f, name) != name)
        for name, chapter in core.chapters.items()
    }
    return {name: names for name, names in found.items() if names}


def idle(core: Core) -> dict[str, list[str]]:
    """Functions that a header declares and no other module calls. Cython exports them,
    and chapters of one module need no header to call each other."""
    others = " ".join(
        path.read_text()
        for folder in ("probe", "fuzz")
        for path in (core.root / "fastlb" / folder).glob("*.pyx")
    )
    called = set(re.findall(r"\w+", others))
    found = {
        name: sorted(chapter.declares - called)
        for name, chapter in core.chapters.items()
    }
    return {name: names for name, names in found.items() if names}


def write(core: Core) -> None:
    """Put the heads right."""
    for name, files in core.files.items():
        text = old = files[0].read_text()
        head = head_of(core.named(name))
        found = HEAD.search(text)
        if found:
            text = text[: found.start()] + head + text[found.end() :]
        elif head:
            first = re.match(r'""".*?"""\n|(?:#[^\n]*\n)*', text, re.S)
            at = first.end() if first else 0
            text = text[:at] + ("#\n" if text[:1] == "#" else "") + head + text[at:]
        if text != old:
            files[0].write_text(text)


if __name__ == "__main__":
    whole = read_core()
    if "--write" in sys.argv:
        write(whole)
        whole = read_core()
    for fault in [*whole.faults, *whole.heads()]:
        print(fault)
    print("upward:", *map(whole.says, whole.upward()), sep="\n    ")
    print("circles:", *map(" ".join, whole.circles()), sep="\n    ")
    print("declared for others:", *foreign(whole).items(), sep="\n    ")
    print("declared for nobody:", *idle(whole).items(), sep="\n    ")
