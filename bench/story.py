"""What the users of locustfile.py live through, and who is to blame for what.

A session lives in its member's memory. It *need not break* unless that member was
killed after the login; every other break is the proxy's fault.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

# A POST on its way to a member that dies may not be sent again: its failure is nobody's
# fault when the death falls into the request, give or take the death's own news.
NEWS_S = 0.1

FAULTS_KEPT = 20


@dataclass(frozen=True, slots=True)
class Session:
    member: str
    began: float  # time.monotonic(), before the login was sent


@dataclass
class Story:
    """Deaths as the runner caused them, and what the users saw."""

    clock: Callable[[], float] = time.monotonic
    deaths: list[tuple[str, float]] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)  # while all were up
    elections: Counter[str] = field(default_factory=Counter)  # those without a session
    logins: int = 0
    excused: int = 0  # sessions lost with their member
    excused_posts: int = 0
    faults: list[str] = field(default_factory=list)
    fault_count: int = 0

    def killed(self, member: str) -> None:
        """To be called right before the kill."""
        self.deaths.append((member, self.clock()))
        self.down.add(member)

    def returned(self, member: str) -> None:
        self.down.discard(member)

    def saw(self, member: str, *, is_election: bool) -> None:
        """An answer from the member; is_election: no session asked for one."""
        if not self.down:
            self.answers[member] += 1
            if is_election:
                self.elections[member] += 1

    def may_break(self, session: Session) -> bool:
        return any(
            member == session.member and at >= session.began
            for member, at in self.deaths
        )

    def may_lose_post(self, began: float) -> bool:
        now = self.clock()
        return any(began - NEWS_S <= at <= now for _, at in self.deaths)

    def broke(self, session: Session, how: str) -> bool:
        """A session's request went wrong; whether that is excused."""
        if self.may_break(session):
            self.excused += 1
            return True
        self.fault(f"session of {session.member}: {how}")
        return False

    def fault(self, what: str) -> None:
        self.fault_count += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(what)
