"""A model with a table and the core's Explainer over them: nothing is opened."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fastlb._core import Explainer, Table
from fastlb.config.tree import Node, Tree
from fastlb.facts.rules import AuthRequest
from fastlb.facts.server import Model
from fastlb.facts.vhost import Line
from fastlb.master import claims
from fastlb.worker.passwords import Passwords, Verdict
from fastlb.worker.services import is_allowed

GENERATION = 1
LOOK_UPS_MAX = 16  # rounds of names that access asks for


@dataclass(slots=True)
class Standing:
    """What requests are explained with. There is one in a process at a time."""

    model: Model
    table: Table
    explainer: Explainer
    member_slots: tuple[int, ...]
    texts: dict[Line, str] = field(default_factory=dict)  # a line as it is written
    as_of: str = "on a server that has just started"  # who has counted

    def ask(
        self, head: bytes, listener: int, remote: bytes, local: bytes, **more: Any
    ) -> dict[str, Any]:
        """The core's answer; what access asks for is looked up meanwhile.

        elsewhere: each AuthRequest that would have to say yes
        """
        names: dict[int, bool] = {}
        verdicts: list[int] = []
        elsewhere: list[AuthRequest] = []
        passwords = Passwords()
        chance = time.monotonic_ns()
        client = more.pop("client")
        for _ in range(LOOK_UPS_MAX):
            told = self.explainer.explain(
                head,
                listener,
                remote,
                local,
                names=names,
                chance=chance,
                verdicts=verdicts,
                **more,
            )
            if told["what"] != "wait":
                break
            if "asked" in told:
                elsewhere.append(told["asked"])
                verdicts.append(Verdict.GRANTED)  # nobody is asked here
                continue
            if "question" in told:
                verdicts.append(passwords.find(told["question"])[0])
                continue
            names[told["number"]] = is_allowed(told["names"], told["forward"], client)
        told["elsewhere"] = elsewhere
        return told


def stand(model: Model, tree: Tree) -> Standing:
    """The model as a server would have it that has just started."""
    table = Table.create(len(model.balancers) + 1, len(model.members) + 1, 4)
    members, balancers = claims.claim(table, model, GENERATION)
    explainer = Explainer(model, table, members, balancers)
    standing = Standing(model, table, explainer, members)
    _read_texts(tree.nodes, standing.texts)
    return standing


def _read_texts(nodes: Iterable[Node], texts: dict[Line, str]) -> None:
    for node in nodes:
        text = f"{node.name} {node.raw}".rstrip()
        texts[node.file, node.line] = f"<{text}>" if node.is_section else text
        _read_texts(node.children, texts)
