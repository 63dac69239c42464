"""More variables than a request has room for: no worker could begin.

Which names a configuration comes to, the core's plan alone knows (plan/build.pyx,
plan_env). It is made on trial where there are so many words that might be names; in a
process of its own, since a plan is never freed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Final

from fastlb.base.limits import VARIABLES_MAX
from fastlb.config.tree import Node, Tree
from fastlb.facts.server import Model
from fastlb.model.report import Report

OF_THE_CORE: Final = 64  # at most so many are named by the core itself
_NAMING: Final = re.compile(
    r"env|%\{|browsermatch|note|authldapurl|\(\?P?<|\bE=|deflatefilter", re.IGNORECASE
)
_WORD: Final = re.compile(r"[\w.-]+")
_SAID: Final = re.compile(r"more than \d+ environment variables .*?: (.*)", re.DOTALL)
_KIND: Final = re.compile("^\0[a-z]:")  # before the name of a note, or of a field
SAID_BYTES_MAX: Final = 4096


def lint_variables(report: Report, tree: Tree, model: Model) -> None:
    if len(_words(tree.nodes)) + OF_THE_CORE <= VARIABLES_MAX:
        return
    found = _SAID.search(_said_apart(model))
    if found is None:
        return
    name = _KIND.sub("", found[1])
    report.error(
        _naming(tree.nodes, name) or tree.nodes[0],
        "FB0378",
        f"rules and logs name more than {VARIABLES_MAX} variables; {name} is one too"
        " many",
        why="each request has room for so many, and no worker would begin",
        cure="name fewer; those of several sections may share one",
        word=name,
    )


def _every(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _every(node.children)


def _words(nodes: Iterable[Node]) -> set[str]:
    """More than the names of variables, never less."""
    found: set[str] = set()
    for node in _every(nodes):
        if _NAMING.search(node.name) or _NAMING.search(node.raw):
            found.update(_WORD.findall(node.raw))
    return found


def _naming(nodes: Iterable[Node], name: str) -> Node | None:
    """The first line with that word."""
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", re.IGNORECASE)
    return next((node for node in _every(nodes) if word.search(node.raw)), None)


def trial(model: Model) -> str:
    """What the core says of the model where it makes no plan of it; "": it does."""
    from fastlb._core import Explainer, Table

    table = Table.create(1, 1, 1)
    balancer = table.claim_balancer("b", 1, lbmethod="byrequests")
    member = table.claim_member(
        "m",
        1,
        balancer_slot=balancer,
        load_factor=100,
        lbset=0,
        status="",
        route="",
        redirect="",
        retry_ms=0,
        probe=False,
    )
    slots = (member,) * len(model.members), (balancer,) * len(model.balancers)
    try:
        Explainer(model, table, *slots)
    except ValueError as problem:
        return str(problem)
    return ""


def _said_apart(model: Model) -> str:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, trial(model).encode("utf-8", "replace")[:SAID_BYTES_MAX])
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as said:
        text = said.read()
    os.waitpid(child, 0)
    return text.decode("utf-8", "replace")
