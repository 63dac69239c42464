"""Agents beside members (agentcheck=): what one is, and what it has said.

The words are those of HAProxy's agent-check. What an agent has said lies in the slot
table (address_record of core/balance/table.pxd), where the monitor writes it: so it
holds over reloads, and until the agent says something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastlb.base.addresses import literal_of

INTERVAL_MS: Final = 2000
"""agentinterval= that nobody writes."""

PERCENT_MAX: Final = 25_600  # as HAProxy
MOST_MAX: Final = 1_000_000  # connections that one may allow


@dataclass(frozen=True, slots=True)
class AgentCheck:
    """Where a member's agent is asked, and how often."""

    host: str  # a name or a literal; "": where the member is
    port: int
    interval_ms: int

    @property
    def is_named(self) -> bool:
        return bool(self.host) and literal_of(self.host) is None


@dataclass(frozen=True, slots=True)
class AgentState:
    """What holds by the words of an agent.

    percent: of the share that is configured; most: connections at once, 0: max= decides
    """

    is_down: bool = False  # down, fail, stopped
    drains: bool = False  # drain; so it does with a share of nothing
    in_maintenance: bool = False  # maint
    percent: int = 100
    most: int = 0

    @property
    def standing(self) -> tuple[bool, ...]:
        """Whether it serves, and whom."""
        drains = self.drains or self.percent == 0
        return self.is_down, drains, self.in_maintenance

    @property
    def words(self) -> str:
        """As the log and the server-status page tell it."""
        said = [
            word
            for word, holds in (
                ("maintenance", self.in_maintenance),
                ("down", self.is_down),
                ("draining", self.drains or self.percent == 0),
                (f"{self.percent} % of its share", self.percent not in (0, 100)),
                (f"at most {self.most} connections", bool(self.most)),
            )
            if holds
        ]
        return ", ".join(said) or "in service"
