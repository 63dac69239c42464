"""Trees for tests of the model, from configuration text."""

from __future__ import annotations

import re

from fastlb.base.errors import Diagnostic
from fastlb.config.tree import Node, Tree
from fastlb.model.resolve import resolve
from fastlb.model.server import Model

NAMES = {"localhost": ("127.0.0.1",)}


def tree_of(text: str) -> Tree:
    stack: list[tuple[str, str, int, list[Node]]] = [("", "", 0, [])]
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("</"):
            name, raw, at, children = stack.pop()
            stack[-1][3].append(
                Node(name, words(raw), raw, "t.conf", at, 1, True, tuple(children))
            )
        elif line.startswith("<"):
            name, _, raw = line[1:].rstrip(">").partition(" ")
            stack.append((name, raw, number, []))
        else:
            name, _, raw = line.partition(" ")
            raw = raw.strip()
            stack[-1][3].append(Node(name, words(raw), raw, "t.conf", number, 1))
    return Tree(tuple(stack[0][3]), (("t.conf", 0, 0),), (), (), "/srv")


def words(raw: str) -> tuple[str, ...]:
    out = []
    for m in re.finditer(r'"((?:[^"\\]|\\.)*)"|(\S+)', raw):
        out.append(m[2] if m[2] is not None else m[1].replace('\\"', '"'))
    return tuple(out)


def resolve_text(
    text: str, *, lenient: bool = True
) -> tuple[Model | None, list[Diagnostic]]:
    return resolve(
        tree_of(text),
        lenient=lenient,
        environ={"HOME": "/root"},
        cpu_count=2,
        lookup=lambda name: NAMES.get(name, ()),
        host_name="host.test",
    )
