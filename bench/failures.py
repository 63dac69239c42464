"""How members fail in the comparison of failover: scripts, and what clients saw."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from clients import Asked, Paced
from faults import FaultyMember, name_in

LEAD_S = 1.5  # of service by all members before anything fails
BACK_WAIT_S = 6.0  # how long a member's return is waited for
LOOK_S = 0.02
READY_S = 10.0
RATE = 300.0  # requests a second
SERVICE_MS = 10.0
SLOWNESS = 10
P99 = 0.99


@dataclass
class Play:
    """What a script has in hand. Its second member is the one that fails."""

    members: Sequence[FaultyMember]
    load: Paced
    fault_s: float = math.nan
    over_s: float = math.nan  # it serves again as before

    @property
    def faulty(self) -> FaultyMember:
        return self.members[1]

    async def begin(self) -> None:
        """Until every member serves, and a while longer."""
        names = {one.member.name for one in self.members}
        await self._until(lambda: {name_in(a.body) for a in self.load.asked} >= names)
        await asyncio.sleep(LEAD_S)

    def fail(self, order: str) -> None:
        self.fault_s = self.faulty.order(order)

    def mend(self) -> None:
        self.over_s = self.faulty.order("ok")

    async def until_back(self) -> None:
        """Until it serves, or will not."""
        name = self.faulty.member.name
        await self._until(
            lambda: first_served_s(self.load.asked, name, self.over_s) is not None,
            BACK_WAIT_S,
            is_needed=False,
        )

    async def _until(
        self,
        condition: Callable[[], bool],
        limit_s: float = READY_S,
        *,
        is_needed: bool = True,
    ) -> None:
        for _ in range(int(limit_s / LOOK_S)):
            if condition():
                return
            await asyncio.sleep(LOOK_S)
        if is_needed:
            raise RuntimeError("a member gets no requests")


# what a round says


@dataclass(frozen=True, slots=True)
class Round:
    """What clients saw in one run of a script."""

    asked: tuple[Asked, ...]
    faulty: str
    fault_s: float
    over_s: float
    service_s: float

    @property
    def errors(self) -> Counter[str]:
        return Counter(one.failure for one in self.asked if one.failure)

    @property
    def erring_s(self) -> float:
        """From the fault until the last request that failed went out."""
        failed = [one.at_s for one in self.asked if one.failure]
        return max(0.0, max(failed) - self.fault_s) if failed else 0.0

    @property
    def back_s(self) -> float | None:
        """From when it served again until its first request; None: it got none."""
        end_s = first_served_s(self.asked, self.faulty, self.over_s)
        if end_s is None:
            return None
        return max(0.0, end_s - self.service_s - self.over_s)

    @property
    def p99_before_s(self) -> float:
        return quantile([a.took_s for a in self.asked if a.end_s < self.fault_s], P99)

    @property
    def p99_within_s(self) -> float:
        within = [
            a.took_s
            for a in self.asked
            if a.end_s >= self.fault_s and not a.at_s >= self.over_s
        ]
        return quantile(within, P99)

    @property
    def slowdown(self) -> float:
        return self.p99_within_s / self.p99_before_s


def first_served_s(asked: Sequence[Asked], name: str, since_s: float) -> float | None:
    """When the member had answered for the first time since then; None: it has not."""
    ends_s = [
        one.end_s
        for one in asked
        if not one.failure and one.end_s > since_s and name_in(one.body) == name
    ]
    return min(ends_s, default=None)


def quantile(values: Sequence[float], share: float) -> float:
    """The least value that so large a share does not exceed; NaN of none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


# scripts


async def stopped(play: Play) -> None:
    play.fail("refuse")
    await asyncio.sleep(3)


async def killed(play: Play) -> None:
    for _ in range(4):
        ended_s = play.faulty.kill()
        if math.isnan(play.fault_s):
            play.fault_s = ended_s
        await asyncio.sleep(0.5)
        await asyncio.to_thread(play.faulty.start)
        await asyncio.sleep(1.5)


def for_a_while(order: str, seconds: float) -> Callable[[Play], Awaitable[None]]:
    async def script(play: Play) -> None:
        play.fail(order)
        await asyncio.sleep(seconds)
        play.mend()
        await play.until_back()

    return script


async def flaps(play: Play) -> None:
    for _ in range(10):
        ended_s = play.faulty.order("gone")
        if math.isnan(play.fault_s):
            play.fault_s = ended_s
        await asyncio.sleep(0.3)
        play.mend()
        await asyncio.sleep(0.3)
    await play.until_back()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script, what proxies are told for it, and what fastlb has to reach."""

    key: str
    title: str
    script: Callable[[Play], Awaitable[None]]
    flags: frozenset[str] = frozenset()
    service_ms: float = SERVICE_MS
    errors_max: int | None = None
    back_max_s: float | None = None
    slowdown_max: float | None = None
    shows_p99: bool = False


SCENARIOS = (
    Scenario("stopped", "is stopped, and refuses", stopped, errors_max=0),
    Scenario(
        "killed",
        "is killed with GETs under way, 4 times",
        killed,
        service_ms=40,
        errors_max=0,
    ),
    Scenario("back", "listens again after 2 s", for_a_while("gone", 2), back_max_s=1.0),
    Scenario(
        "checked",
        "... with a check each second",
        for_a_while("gone", 2),
        frozenset({"checked"}),
        back_max_s=2.5,
    ),
    Scenario(
        "silent",
        "takes what comes and is silent for 3 s",
        for_a_while("silent", 3),
        frozenset({"impatient"}),
    ),
    Scenario("half", "answers half and resets for 2 s", for_a_while("half", 2)),
    Scenario(
        "status",
        "answers 503 for 3 s",
        for_a_while("status 503", 3),
        frozenset({"checked", "failon"}),
    ),
    Scenario(
        "slow",
        "is 10 times as slow for 8 s",
        for_a_while(f"slow {SLOWNESS}", 8),
        frozenset({"quickest"}),
        slowdown_max=1.5,
        shows_p99=True,
    ),
    Scenario(
        "in-turn",
        "... and members serve in turn",
        for_a_while(f"slow {SLOWNESS}", 8),
        shows_p99=True,
    ),
    Scenario("flaps", "is there and gone each 0.3 s", flaps),
)
KEYS = tuple(one.key for one in SCENARIOS)
QUICK_KEYS = ("stopped", "killed", "back")
