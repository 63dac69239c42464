"""What was changed of a member or a balancer while the server runs, and what the
configuration says of it.

A model knows what its files say of that (`configured`, model/adjusted.py). What holds
at once stands in the slot table, where a process of an older model finds it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from fastlb.facts.agent import AgentState
from fastlb.facts.balancer import Balancer
from fastlb.facts.member import Member
from fastlb.facts.said import ADDED_FILE, said_of_balancer, said_of_member, told
from fastlb.facts.server import Model

_LETTERS: Final = "NDSHRI"
"""Flags that somebody sets; others say how it goes."""


class Adjusted(NamedTuple):
    """One key: what holds, and what the configuration says."""

    key: str
    value: str
    configured: str

    @property
    def words(self) -> str:
        return told(self.key, self.value, self.configured)


def adjusted_of_member(
    member: Member, seen: Mapping[str, Any], agent: AgentState | None
) -> list[Adjusted]:
    """seen: Table.snapshot_member. Of one that stands in no file: nothing."""
    if is_added(member):
        return []
    said = said_of_member(member)
    configured = said | dict(member.configured)
    configured["status"] = _letters(configured["status"])
    now = said | {
        "loadfactor": f"{seen['load_factor'] / 100:g}",
        "lbset": str(seen["lbset"]),
        "route": seen["route"],
        "redirect": seen["redirect"],
        "status": _status(seen["flags"], configured["status"], agent),
    }
    return _differing(now, configured)


def adjusted_of_balancer(balancer: Balancer) -> list[Adjusted]:
    if not balancer.configured:
        return []
    said = said_of_balancer(balancer)
    return _differing(said, said | dict(balancer.configured))


def is_added(member: Member) -> bool:
    """It stands in no file."""
    return member.file == ADDED_FILE


def removed(model: Model) -> dict[str, list[Member]]:
    """Members that stand in a file and were taken out, by the balancer's key."""
    serving = model.serving()
    found: dict[str, list[Member]] = {}
    for index, member in enumerate(model.members):
        if index not in serving and member.balancer_index >= 0:
            key = model.balancers[member.balancer_index].key
            found.setdefault(key, []).append(member)
    return found


def _differing(now: Mapping[str, str], configured: Mapping[str, str]) -> list[Adjusted]:
    return [
        Adjusted(key, value, configured[key])
        for key, value in now.items()
        if value != configured[key]
    ]


def _letters(flags: str) -> str:
    return "".join(letter for letter in _LETTERS if letter in flags)


def _status(flags: str, configured: str, agent: AgentState | None) -> str:
    """Without what its agent says, which nobody has changed."""
    by_agent = set(_by_agent(agent)) if agent is not None else set()
    return "".join(
        letter
        for letter in _LETTERS
        if letter in (configured if letter in by_agent else flags)
    )


def _by_agent(agent: AgentState) -> Iterator[str]:
    _, drains, is_in_maintenance = agent.standing
    if drains:
        yield "N"
    if is_in_maintenance:
        yield "D"
