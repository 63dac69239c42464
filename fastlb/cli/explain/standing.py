"""A model with a table and the core's Explainer over them: nothing is opened."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastlb._core import Explainer, Table
from fastlb.base.masking import masked_words, secrets_of
from fastlb.cli.explain.asked import AskedError
from fastlb.cli.explain.step import NOWHERE
from fastlb.config.tree import Node, Tree
from fastlb.facts.agent import AgentState
from fastlb.facts.member import Member
from fastlb.facts.rules import AuthRequest
from fastlb.facts.server import Model
from fastlb.facts.vhost import Line, VHost
from fastlb.master import claims
from fastlb.master.roll import Roll
from fastlb.worker.passwords import Passwords, Verdict
from fastlb.worker.services import is_allowed

GENERATION = 1
LOOK_UPS_MAX = 16  # rounds of names that access asks for


@dataclass(slots=True)
class Standing:
    """What requests are explained with. There is one in a process at a time."""

    model: Model
    tree: Tree
    table: Table
    explainer: Explainer
    member_slots: tuple[int, ...]
    texts: dict[Line, str] = field(default_factory=dict)  # a line as it is written
    secrets: set[str] = field(default_factory=set)  # what no line of it may show
    as_of: str = "on a server that has just started"  # who has counted
    worker: int = -1  # whose the requests are that are under way; -1: none are

    def place(self, name: str, vhost: VHost, containing: str = "") -> Line:
        """Where a directive stands last in this host, or else in the main server."""
        here: Line = NOWHERE
        for node in self.tree.nodes:
            is_this = node.is_section and (node.file, node.line) == (
                vhost.file,
                vhost.line,
            )
            for one in node.children if is_this else ():
                if one.name == name and containing in one.raw:
                    here = one.file, one.line
        return here if here is not NOWHERE else self._outside(name, containing)

    def _outside(self, name: str, containing: str) -> Line:
        found = [n for n in self.tree.nodes if n.name == name and containing in n.raw]
        return (found[-1].file, found[-1].line) if found else NOWHERE

    def balancer_lines(self, name: str, parameter: str) -> tuple[Line, Line]:
        """Its <Proxy> section, and the line that says a parameter of it; NOWHERE."""
        section = said = NOWHERE
        for node in _every(self.tree.nodes):
            is_its = node.is_section and node.name == "Proxy" and node.args == (name,)
            if is_its and section is NOWHERE:
                section = node.file, node.line
            inside = node.children if is_its else (node,) if name in node.args else ()
            for one in inside:
                if f"{parameter}=" in one.raw.lower():
                    said = one.file, one.line
        return section, said

    def learn(self, roll: Roll) -> list[str]:
        """From here on it is as the server that runs; the members that it has not."""
        unknown: list[str] = []
        for index, member in enumerate(self.model.members):
            told = roll.members.get(member.key)
            if member.is_controller:
                continue  # the server that runs has another
            if told is None:
                unknown.append(member.url)
            else:
                self._learn(index, told)
        self.as_of = f"as the server stands now, pid {roll.pid}"
        return unknown

    def mark(self, wanted: str, letter: str) -> None:
        """Take a member for disabled (D), or for one in error (E). AskedError."""
        found = [
            index
            for index, member in enumerate(self.model.members)
            if wanted in self._names_of(member)
        ]
        if not found:
            known = ", ".join(member.url for member in self.model.written_members)
            raise AskedError(f"no member is called {wanted}; there are: {known}")
        for index in found:
            told = self.table.snapshot_member(self.member_slots[index])
            flags = "".join(set(told["flags"]) | {letter})
            told |= {"flags": flags}
            if letter == "E":
                told |= {"error_time_us": time.monotonic_ns() // 1000}
                told |= {"probe_clears": told["probed"]}
            self._learn(index, told)

    def _names_of(self, member: Member) -> Iterator[str]:
        """What `fastlb ctl` takes, and a route alone."""
        near = (member.url, f"{member.host}:{member.port}", member.route)
        yield from near
        if member.balancer_index >= 0:
            balancer = self.model.balancers[member.balancer_index]
            name = balancer.name.removeprefix("balancer://")
            yield from (f"{name}/{each}" for each in near if each)

    def _learn(self, index: int, told: Mapping[str, Any]) -> None:
        if self.worker < 0:
            self.worker = self.table.claim_worker(os.getpid(), GENERATION, 0)
        slot = self.member_slots[index]
        self.table.learn(slot, self.worker, told)
        if "agent" in told:
            self.table.set_agent(slot, AgentState(*told["agent"]))
        if "addresses" in told:
            addresses = [(str(host), int(port)) for host, port in told["addresses"]]
            self.table.set_addresses(slot, addresses)
            self.table.set_renewal(slot, told["renewal_us"])

    def ask(
        self, head: bytes, listener: int, remote: bytes, local: bytes, **more: Any
    ) -> dict[str, Any]:
        """The core's answer; what access asks for is looked up meanwhile.

        elsewhere: each AuthRequest that would have to say yes
        """
        names: dict[int, bool] = {}
        verdicts: list[tuple[int, bytes]] = []
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
                verdicts.append((Verdict.GRANTED, b""))  # nobody is asked here
                continue
            if "program" in told:
                break  # nobody starts it here
            if "question" in told:
                found = passwords.find(told["question"])
                verdicts.append((found.verdict, found.beside))
                continue
            names[told["number"]] = is_allowed(told["names"], told["forward"], client)
        told["elsewhere"] = elsewhere
        return told


def stand(model: Model, tree: Tree) -> Standing:
    """The model as a server would have it that has just started."""
    table = Table.create(
        len(model.balancers) + 1,
        len(model.members) + 1,
        4,
        vhosts_max=len(model.vhosts),
    )
    members, balancers = claims.claim(table, model, GENERATION)
    for member, slot in zip(model.members, members, strict=True):
        if "C" not in member.status:
            # As after a first check that has passed.
            table.set_flag(slot, "C", False)
    explainer = Explainer(model, table, members, balancers)
    standing = Standing(model, tree, table, explainer, members)
    for node in _every(tree.nodes):
        text = f"{node.name} {masked_words(node.name, node.raw)}".rstrip()
        standing.texts[node.file, node.line] = f"<{text}>" if node.is_section else text
        standing.secrets |= secrets_of(node.name, node.raw)
    return standing


def _every(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _every(node.children)
