"""Checks of a member's health, by the clock: when they are made, and what follows.

What is known of a member lies in the table, so that whoever follows this monitor goes
on where it ended: counts, since when the member is out, and the last ten results, from
which the line about a change is written.

A member in error (E) that requests have put out is checked sooner, as members without
checks are probed: it is back when hcpasses= checks have passed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Final

from fastlb._core import Table
from fastlb.facts.health import (
    Begin,
    CheckResult,
    Health,
    HealthCheck,
    HealthMethod,
    KeptResult,
    Phase,
    Reason,
    health_of,
)
from fastlb.facts.member import Member
from fastlb.facts.member_changes import CAUSES, Cause
from fastlb.facts.words import Compat
from fastlb.monitor.names import Clock, Line
from fastlb.monitor.verdict import (
    Change,
    Standing,
    check_delay_s,
    gathered_s,
    judged,
    judged_as_apache,
    probe_delay_s,
)

EVIDENCE_MAX: Final = 3  # results that a line tells
CHECKS: Final = CAUSES.index(Cause.CHECKS)
STOPPED: Final = "S"  # by the operator: not even asked, as in Apache
Conduct = Callable[[Sequence[tuple[str, int]]], Awaitable[tuple[CheckResult, int]]]
"""Checks once, at one of these addresses: what it found, and the microseconds that it
took."""


class HealthWatch:
    """The watch over one member. due_s: of its next check, by the loop's clock."""

    def __init__(
        self,
        member: Member,
        check: HealthCheck,
        slot: int,
        table: Table,
        *,
        compat: Compat,
        conduct: Conduct,
        now_s: float,
        chance: Callable[[], float],
    ) -> None:
        self.member = member
        self.slot = slot
        self.running = False
        self._check = check
        self._table = table
        self._is_apache = compat is Compat.APACHE
        self._conduct = conduct
        self._chance = chance
        self._born_s = now_s
        self._error_since_s: float | None = None
        self.due_s = self._first_due_s(now_s)

    def _first_due_s(self, now_s: float) -> float:
        health = self._health(now_s)
        interval_s = self._check.interval_ms / 1000
        if health.results:
            # Whoever checked before has done so then.
            return min(health.results[-1].at_us / 1e6, now_s) + self._delay_s()
        if self._is_apache:
            return now_s + interval_s
        if self._check.begin is Begin.UP:
            return now_s + self._chance() * interval_s
        return now_s

    def _delay_s(self, *, is_first: bool = False) -> float:
        chance = 0.5 if self._is_apache else self._chance()
        return check_delay_s(
            self._check.interval_ms,
            chance,
            is_first=is_first and not self._is_apache,
        )

    def _health(self, now_s: float) -> Health:
        return health_of(self._table.health(self.slot), int(now_s * 1e6))

    def is_due(self, now_s: float) -> bool:
        if self.running:
            return False
        flags = self._table.member_flags(self.slot)
        if STOPPED in flags:
            return False
        if "E" not in flags:
            self._error_since_s = None
        elif self._error_since_s is None:
            self._error_since_s = now_s
            self._hurry(now_s)
        return now_s >= self.due_s

    def _hurry(self, now_s: float) -> None:
        """In error by a connection that failed: no sooner is it asked by requests."""
        if self._error_since_s is None:
            return
        if self._table.snapshot_member(self.slot)["probe_clears"]:
            down_s = now_s - self._error_since_s
            self.due_s = min(self.due_s, now_s + probe_delay_s(down_s))

    async def attempt(self, clock: Clock) -> list[Line]:
        """Check once; what is to be said of it."""
        self.running = True
        try:
            result, took_us = await self._conduct(self._table.addresses(self.slot))
        except Exception:
            # A fault of ours is no pass; it is told where the monitor's faults are.
            self._note(CheckResult(Phase.VERDICT, Reason.FAULT), 0, clock.time())
            raise
        finally:
            self.running = False
            now_s = clock.time()
            checks = self._table.standing(self.slot)[2]
            due_s = now_s + self._delay_s(is_first=checks == 0)
            self.due_s = (
                due_s if self._is_apache else gathered_s(due_s, self._check.interval_ms)
            )
            self._hurry(now_s)
        return self._note(result, took_us, now_s)

    def _note(self, result: CheckResult, took_us: int, now_s: float) -> list[Line]:
        """Write down a result and what follows from it."""
        passes, fails, _, out_since_us, *flags = self._table.standing(self.slot)
        before = Standing(passes, fails, *flags)
        judge = judged_as_apache if self._is_apache else judged
        after, change = judge(before, self._check, has_passed=result.has_passed)
        now_us = int(now_s * 1e6)
        was_out_since_us = out_since_us = min(max(out_since_us, 0), now_us)
        if change is Change.OUT:
            out_since_us = now_us
        elif not after.is_out:
            out_since_us = 0
        # Before the flags: a successor that finds one set finds why.
        self._table.note_check(
            self.slot,
            *result.numbers,
            now_us,
            took_us,
            passes=after.passes,
            fails=after.fails,
            out_since_us=out_since_us,
        )
        if change is Change.OUT:
            self._table.set_flag(self.slot, "C", True)
            self._table.note_change(self.slot, True, CHECKS, self._fails_of(before))
        elif change is Change.BACK or (before.is_unproven and result.has_passed):
            self._table.set_flag(self.slot, "C", False)
            passes = self._check.passes
            was_in_error = self._table.mark_up(self.slot, CHECKS, passes)
            if not was_in_error and not before.is_unproven:
                self._table.note_change(self.slot, False, CHECKS, passes)
        return self._lines(change, before, was_out_since_us, now_s)

    def _fails_of(self, before: Standing) -> int:
        """In a row, that put it out."""
        return 1 if before.is_unproven else self._check.fails

    def _lines(
        self, change: Change, before: Standing, out_since_us: int, now_s: float
    ) -> list[Line]:
        if change is Change.NONE or (change is Change.BACK and before.is_unproven):
            return []
        results = self._health(now_s).results
        if change is Change.OUT:
            count = self._fails_of(before)
            said = evidence(results, count, passed=False)
            text = f"is out: {checks_in_a_row(count)} failed: {self.asked}: {said}"
            return [Line("notice", f"FB0510: member {self.member.url} {text}")]
        since_s = out_since_us / 1e6 or self._error_since_s or self._born_s
        said = evidence(results, self._check.passes, passed=True)
        text = (
            f"is back: {checks_in_a_row(self._check.passes)} passed: {self.asked}"
            f"{f': {said}' if said else ''} (out for {now_s - since_s:.1f}s)"
        )
        return [Line("notice", f"FB0511: member {self.member.url} {text}")]

    @property
    def asked(self) -> str:
        """What a check asks, in words."""
        method = self._check.method
        if not method.is_http:
            return method.value
        verb = "WebSocket" if method is HealthMethod.WEBSOCKET else method.verb
        return f"{verb} {target_of(self.member, self._check)}"


def target_of(member: Member, check: HealthCheck) -> str:
    """The request target: hcuri= behind the path of the URL, with one slash between."""
    if check.method.verb == "OPTIONS":
        return "*"
    path, uri = member.path, check.uri
    if not uri or not path:
        joined = path + uri
    else:
        joined = f"{path.rstrip('/')}/{uri.lstrip('/')}"
    return joined if joined.startswith("/") else f"/{joined}"


def target_as_apache(member: Member, check: HealthCheck) -> str:
    """Compat apache: a slash more where there are two parts, and none where is none."""
    if check.method.verb == "OPTIONS":
        return "*"
    between = "/" if member.path and check.uri else ""
    return f"{member.path}{between}{check.uri}"


def checks_in_a_row(count: int) -> str:
    return "1 check" if count == 1 else f"{count} checks in a row"


def evidence(results: tuple[KeptResult, ...], count: int, *, passed: bool) -> str:
    """The last of these results in words, equal ones once."""
    last = [kept for kept in results if kept.result.has_passed is passed]
    said = [words_of(kept) for kept in last[-min(count, EVIDENCE_MAX) :]]
    return "; ".join(text for text, _ in groupby(said) if text)


def words_of(kept: KeptResult) -> str:
    result = kept.result
    if result.has_passed:
        return f"status {result.status}" if result.status else ""
    if result.reason is Reason.TIMEOUT:
        return f"{result.words} after {kept.took_us / 1e6:.1f}s"
    return result.words
