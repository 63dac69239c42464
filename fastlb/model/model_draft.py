"""A model while an operator's changes are put on it (model/adjusted.py).

Balancers are found by key and their members by URL in one step, and the model is made
once, at the end: a thousand changes of a thousand members cost a thousand steps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastlb.facts.adjustments import AdjustmentError
from fastlb.facts.balancer import Balancer
from fastlb.facts.health import HealthCondition
from fastlb.facts.member import Member
from fastlb.facts.server import Model
from fastlb.facts.words import Compat


class ModelDraft:
    """members: in the model's order, as they are by now."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.members: list[Member] = list(model.members)
        self._balancers: list[Balancer] = list(model.balancers)
        self._places: dict[str, list[int]] = {}
        for place, one in enumerate(self._balancers):
            self._places.setdefault(one.key, []).append(place)
        self._listed: dict[str, dict[str, int]] = {}  # of those that were looked at

    @property
    def compat(self) -> Compat:
        return self._model.compat

    def condition(self, key: str, name: str) -> HealthCondition:
        """A ProxyHCExpr of the host that has the balancer; AdjustmentError."""
        host = self._model.host_of(key)
        for one in host.health_conditions if host is not None else ():
            if one.name.lower() == name.lower():
                return one
        raise AdjustmentError(f"there is no ProxyHCExpr {name}")

    def place(self, key: str) -> int:
        """Of a balancer, as the first host that has it sees it; AdjustmentError."""
        places = self._places.get(key)
        if places is None:
            raise AdjustmentError(f"there is no {key or 'balancer without a name'}")
        return places[0]

    def balancer(self, key: str) -> Balancer:
        return self._balancers[self.place(key)]

    def listed(self, key: str) -> dict[str, int]:
        """Members of a balancer: URL and index, in order; AdjustmentError."""
        found = self._listed.get(key)
        if found is None:
            indexes = self.balancer(key).members
            found = {self.members[index].url: index for index in indexes}
            self._listed[key] = found
        return found

    def find(self, key: str, url: str) -> int:
        """Index of a balancer's member; AdjustmentError."""
        index = self.listed(key).get(url)
        if index is None:
            raise AdjustmentError(f"{self.balancer(key).name} has no member {url}")
        return index

    def set_up(self, key: str, **values: Any) -> None:
        """Give a balancer other settings, for each host that has it."""
        for place in self._places[key]:
            self._balancers[place] = replace(self._balancers[place], **values)

    def add(self, key: str, member: Member) -> None:
        self.listed(key)[member.url] = len(self.members)
        self.members.append(member)

    def take_out(self, key: str, url: str) -> None:
        """Of its balancer; its place among all stays, as others have theirs."""
        del self.listed(key)[url]

    def model(self) -> Model:
        for key, listed in self._listed.items():
            self.set_up(key, members=tuple(listed.values()))
        return replace(
            self._model,
            members=tuple(self.members),
            balancers=tuple(self._balancers),
        )
