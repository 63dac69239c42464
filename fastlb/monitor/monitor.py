"""The monitor's life: begin what is due a few times a second, until told to go.

It owns no state that matters: killed at any time, its successor starts from the
table. Only what is due makes a system call, and only watches that are due, or whose
member's flags have changed, are looked at.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import uvloop

from fastlb._core import Knocks, Looks
from fastlb.base import memory
from fastlb.facts.history import STEP_MIN_S
from fastlb.facts.words import Compat
from fastlb.logs.error import ErrorLog
from fastlb.monitor.agents import AgentWatch
from fastlb.monitor.checks import conducted, inquiry_of
from fastlb.monitor.health import HealthWatch, target_as_apache, target_of
from fastlb.monitor.heartbeats import heartbeats_of
from fastlb.monitor.heritage import MonitorHeritage
from fastlb.monitor.names import LooksUp, Name, names_of
from fastlb.monitor.probe import Attempts, Probe
from fastlb.monitor.schedule import Schedule, Watch
from fastlb.monitor.verdict import DELAY_MAX_S, DELAY_MIN_S, SHARE
from fastlb.tls.expiry import DAY_S, warnings_of

if TYPE_CHECKING:
    from fastlb.monitor.stapling import StapleWatch

TURN_S = 0.1
HISTORY_LATE_S = 0.002  # behind the second: the loop counts milliseconds
PROBES_AT_ONCE = 1024  # of members that say nothing each waits for seconds
CHECKS_AT_ONCE = 256
AGENTS_AT_ONCE = 256
STAPLES_AT_ONCE = 64
LOOK_UPS_AT_ONCE = 64


def run(heritage: MonitorHeritage) -> int:
    """The body of the monitor's process; its exit code."""
    loop = uvloop.new_event_loop()
    memory.forget_zeros(loop)
    asyncio.set_event_loop(loop)
    monitor = Monitor(heritage, loop)
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP):
        loop.add_signal_handler(number, loop.stop)
    loop.call_soon(signal.pthread_sigmask, signal.SIG_SETMASK, ())
    loop.call_soon(monitor.turn)
    if monitor.heartbeats is not None:
        loop.call_soon(monitor.heartbeats.begin, loop)
    loop.call_soon(monitor.tell_of_expiries)
    if heritage.keeps_history:
        loop.call_soon(monitor.keep_history)
    loop.run_forever()
    # Look-ups under way run in threads that cannot be stopped: leave without them.
    os._exit(0)


W = TypeVar("W", bound=Watch)


class Monitor:
    """All watches of one model."""

    def __init__(
        self, heritage: MonitorHeritage, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._loop = loop
        self._errors = ErrorLog(heritage.model, heritage.error_fds)
        self._table = heritage.table
        self._expiries = heritage.expiries
        # Apart: while name servers or responders are silent, probes go on.
        self._attempts = Attempts(loop, self._end_probe)
        self._checks: set[asyncio.Task[None]] = set()
        self._agents: set[asyncio.Task[None]] = set()
        self._staples: set[asyncio.Task[None]] = set()
        self._look_ups: set[asyncio.Task[None]] = set()
        now_s = loop.time()
        table, model = heritage.table, heritage.model
        slots = list(zip(model.members, heritage.member_slots, strict=True))
        probes = {
            slot: Probe(member, slot, table)
            for index, (member, slot) in enumerate(slots)
            if index in heritage.probed
        }
        checks = {watch.slot: watch for watch in health_watches(heritage, loop)}
        names = names_of(slots, model.compat, table, now_s)
        staples = staple_watches(heritage, now_s)
        for watch in staples:
            if watch.stapled.trouble:
                self._tell_of(watch)
        by_name = {slot: name for name in names for slot in name.slots}
        self._probes = probes
        self.probes = Schedule(probes.values(), probes)
        self._knocks = Knocks(
            table,
            least_us=int(DELAY_MIN_S * 1e6),
            most_us=int(DELAY_MAX_S * 1e6),
            share=SHARE,
        )
        self.checks = Schedule(checks.values(), checks)
        self.agents = Schedule(agent_watches(heritage, now_s))
        self.staples = Schedule(staples)
        self.names = Schedule(names, by_name)
        self.heartbeats = heartbeats_of(model, slots, table, self._tell)
        self._looks = Looks(table, list({*probes, *checks, *by_name}))
        self.resolver: LooksUp | None = None
        if heritage.asks_names:
            from fastlb.names.resolver import Resolver  # for those who need it

            self.resolver = Resolver(model.process.name_servers or ())

    def turn(self) -> None:
        """Start what is due, then sleep a turn."""
        now_s = self._loop.time()
        for slot in self._looks.changed():
            self.names.look_at(slot, now_s)
            self.probes.look_at(slot, now_s)
            self.checks.look_at(slot, now_s)
        room = LOOK_UPS_AT_ONCE - len(self._look_ups)
        for name in self.names.due(now_s, room):
            self._start(self._resolve(name), self._look_ups, name, self.names)
        self._attempts.end_overdue(now_s)
        self._knock(now_s)
        for probe in self.probes.due(now_s, PROBES_AT_ONCE - len(self._attempts)):
            self._attempts.begin(probe)
        for check in self.checks.due(now_s, CHECKS_AT_ONCE - len(self._checks)):
            self._start(self._check(check), self._checks, check, self.checks)
        for agent in self.agents.due(now_s, AGENTS_AT_ONCE - len(self._agents)):
            self._start(self._ask(agent), self._agents, agent, self.agents)
        for watch in self.staples.due(now_s, STAPLES_AT_ONCE - len(self._staples)):
            self._start(self._staple(watch), self._staples, watch, self.staples)
        self._loop.call_later(TURN_S, self.turn)

    def tell_of_expiries(self) -> None:
        """Now, and once a day."""
        for text in warnings_of(self._expiries, time.time()):
            self._errors.write("warn", "ssl", 0, "", 0, f"FB0505: {text}")
        self._loop.call_later(DAY_S, self.tell_of_expiries)

    def keep_history(self) -> None:
        """Now, and behind the end of each second."""
        now_us = time.monotonic_ns() // 1000
        self._table.note_history(now_us)
        left_s = STEP_MIN_S - now_us / 1e6 % STEP_MIN_S
        self._loop.call_later(left_s + HISTORY_LATE_S, self.keep_history)

    def _tell(self, level: str, text: str) -> None:
        self._errors.write(level, "heartmonitor", 0, "", 0, text)

    def _log(self, module: str, text: str) -> None:
        self._errors.write("info", module, 0, "", 0, text)

    def _start(
        self,
        work: Coroutine[None, None, None],
        beside: set[asyncio.Task[None]],
        watch: W,
        schedule: Schedule[W],
    ) -> None:
        """Begin an attempt of a watch, which is in its schedule again when it ends."""

        def end(task: asyncio.Task[None]) -> None:
            beside.discard(task)
            schedule.look(watch, self._loop.time())

        task = self._loop.create_task(work)
        beside.add(task)
        task.add_done_callback(end)

    def _knock(self, now_s: float) -> None:
        """Ask those again that have refused before."""
        room = PROBES_AT_ONCE - len(self._attempts)
        for slot, fd, nth, number in self._knocks.turn(int(now_s * 1e6), room):
            probe = self._probes[slot]
            if fd >= 0:
                self._attempts.go_on(probe, fd, nth, number)
            else:
                probe.leave()
                self.probes.look(probe, now_s)

    def _end_probe(self, probe: Probe, reached: bool) -> None:
        since_s, now_s = probe.out_since_s, self._loop.time()
        is_back = probe.end(reached, now_s)
        if not reached and since_s is not None and probe.is_plain:
            probe.begin()
            since_us, due_us = int(since_s * 1e6), int(probe.due_s * 1e6)
            self._knocks.add(probe.slot, since_us, due_us)
        else:
            self.probes.look(probe, now_s)
        if is_back:
            out_s = now_s - since_s if since_s is not None else 0.0
            self._log(
                "proxy_balancer",
                f"FB0503: member {probe.member.url} is back: it takes connections "
                f"again, {out_s:.1f}s after it went out",
            )

    async def _check(self, watch: HealthWatch) -> None:
        for line in await watch.attempt(self._loop):
            self._errors.write(line.level, "proxy_hcheck", 0, "", 0, line.text)

    async def _ask(self, watch: AgentWatch) -> None:
        for line in await watch.attempt(self._loop, self.resolver):
            self._errors.write(line.level, "proxy_balancer", 0, "", 0, line.text)

    def _tell_of(self, watch: StapleWatch) -> None:
        stapled = watch.stapled
        for text in (
            f"{stapled.trouble} ({stapled.name})",
            f"AH02604: Unable to configure certificate {stapled.name} for stapling",
        ):
            self._errors.write("error", "ssl", 0, "", 0, text)

    async def _staple(self, watch: StapleWatch) -> None:
        report = await watch.attempt(self._loop)
        if report is not None:
            self._errors.write(report.level, "ssl", 0, "", 0, report.text)

    async def _resolve(self, name: Name) -> None:
        assert self.resolver is not None  # there are names
        for line in await name.attempt(self.resolver, self._loop):
            self._errors.write(line.level, "proxy", 0, "", 0, line.text)


def health_watches(
    heritage: MonitorHeritage, loop: asyncio.AbstractEventLoop
) -> list[HealthWatch]:
    """One for each member that is checked by the clock."""
    model, contexts = heritage.model, heritage.member_contexts
    if all(member.health is None for member in model.members):
        return []
    main = model.vhosts[0]
    target = target_as_apache if model.compat is Compat.APACHE else target_of
    watches = []
    slots = zip(model.members, heritage.member_slots, strict=True)
    for index, (member, slot) in enumerate(slots):
        check = member.health
        if check is None:
            continue
        inquiry = inquiry_of(
            member,
            check,
            target(member, check),
            server_ms=main.proxy_timeout_ms or main.timeout_ms,
            compat=model.compat,
            context=contexts[index] if contexts else None,
        )
        watches.append(
            HealthWatch(
                member,
                check,
                slot,
                heritage.table,
                compat=model.compat,
                conduct=partial(conducted, loop, inquiry),
                now_s=loop.time(),
                chance=random.random,
            )
        )
    return watches


def agent_watches(heritage: MonitorHeritage, now_s: float) -> list[AgentWatch]:
    """One for each member that has an agent."""
    members = heritage.model.members
    if all(member.agent is None for member in members):
        return []
    return [
        AgentWatch(
            member,
            member.agent,
            slot,
            heritage.table,
            now_s=now_s,
            chance=random.random,
        )
        for member, slot in zip(members, heritage.member_slots, strict=True)
        if member.agent is not None
    ]


def staple_watches(heritage: MonitorHeritage, now_s: float) -> list[StapleWatch]:
    """One for each certificate that is stapled; the library is loaded only for them."""
    if not heritage.stapled:
        return []
    from fastlb.monitor.stapling import StapleWatch  # the master has loaded it

    watches = []
    for stapled in heritage.stapled:
        watch = StapleWatch(stapled, heritage.model.compat, now_s)
        watch.begin(now_s)
        watches.append(watch)
    return watches
