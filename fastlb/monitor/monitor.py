"""The monitor's life: look at every watch a few times a second, until told to go.

It owns no state that matters: killed at any time, its successor starts from the
table. Only what is due makes a system call.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Coroutine, Sequence
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol, TypeVar

import uvloop

from fastlb.base import memory
from fastlb.facts.words import Compat
from fastlb.logs.error import ErrorLog
from fastlb.monitor.health import HealthWatch, target_as_apache, target_of
from fastlb.monitor.heartbeats import heartbeats_of
from fastlb.monitor.heritage import MonitorHeritage
from fastlb.monitor.names import LooksUp, Name, names_of
from fastlb.monitor.probe import Attempts, Probe
from fastlb.tls.expiry import DAY_S, warnings_of

if TYPE_CHECKING:
    from fastlb.monitor.agents import AgentWatch
    from fastlb.monitor.stapling import StapleWatch

TURN_S = 0.1
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
    loop.run_forever()
    # Look-ups under way run in threads that cannot be stopped: leave without them.
    os._exit(0)


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
        probed = heritage.probed
        slots = list(zip(heritage.model.members, heritage.member_slots, strict=True))
        self.probes = [
            Probe(member, slot, heritage.table)
            for index, (member, slot) in enumerate(slots)
            if index in probed
        ]
        self.checks = health_watches(heritage, loop)
        self.agents = agent_watches(heritage, now_s)
        self.staples = staple_watches(heritage, now_s)
        for watch in self.staples:
            if watch.stapled.trouble:
                self._tell_of(watch)
        model = heritage.model
        self.heartbeats = heartbeats_of(model, slots, heritage.table, self._tell)
        self.names = names_of(slots, model.compat, heritage.table, now_s)
        self.resolver: LooksUp | None = None
        if heritage.asks_names:
            from fastlb.names.resolver import Resolver  # for those who need it

            self.resolver = Resolver(model.process.name_servers or ())

    def turn(self) -> None:
        """Start what is due, then sleep a turn."""
        now_s = self._loop.time()
        for name in due(self.names, now_s, LOOK_UPS_AT_ONCE - len(self._look_ups)):
            self._start(self._resolve(name), self._look_ups)
        self._attempts.end_overdue(now_s)
        for probe in due(self.probes, now_s, PROBES_AT_ONCE - len(self._attempts)):
            self._attempts.begin(probe)
        for check in due(self.checks, now_s, CHECKS_AT_ONCE - len(self._checks)):
            self._start(self._check(check), self._checks)
        for agent in due(self.agents, now_s, AGENTS_AT_ONCE - len(self._agents)):
            self._start(self._ask(agent), self._agents)
        for watch in due(self.staples, now_s, STAPLES_AT_ONCE - len(self._staples)):
            self._start(self._staple(watch), self._staples)
        self._loop.call_later(TURN_S, self.turn)

    def tell_of_expiries(self) -> None:
        """Now, and once a day."""
        for text in warnings_of(self._expiries, time.time()):
            self._errors.write("warn", "ssl", 0, "", 0, f"FB0505: {text}")
        self._loop.call_later(DAY_S, self.tell_of_expiries)

    def _tell(self, level: str, text: str) -> None:
        self._errors.write(level, "heartmonitor", 0, "", 0, text)

    def _log(self, module: str, text: str) -> None:
        self._errors.write("info", module, 0, "", 0, text)

    def _start(
        self, work: Coroutine[None, None, None], beside: set[asyncio.Task[None]]
    ) -> None:
        task = self._loop.create_task(work)
        beside.add(task)
        task.add_done_callback(beside.discard)

    def _end_probe(self, probe: Probe, reached: bool) -> None:
        since_s, now_s = probe.out_since_s, self._loop.time()
        if probe.end(reached, now_s):
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


class Watch(Protocol):
    """What is looked at with each turn. due_s: by the loop's clock."""

    due_s: float

    def is_due(self, now_s: float) -> bool: ...


W = TypeVar("W", bound=Watch)


def due(watches: Sequence[W], now_s: float, room: int) -> list[W]:
    """As many as there is room for; whoever has waited longest comes first, so that
    those that take long and are soon due again leave room for the others."""
    found = [watch for watch in watches if watch.is_due(now_s)]
    found.sort(key=attrgetter("due_s"))
    return found[: max(room, 0)]


def health_watches(
    heritage: MonitorHeritage, loop: asyncio.AbstractEventLoop
) -> list[HealthWatch]:
    """One for each member that is checked by the clock."""
    model, contexts = heritage.model, heritage.member_contexts
    if all(member.health is None for member in model.members):
        return []
    from fastlb.monitor.checks import conducted, inquiry_of  # for those who have checks

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
    from fastlb.monitor.agents import AgentWatch  # for those who have agents

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
