"""The place of the monitor: one process, filled again whenever it is empty.

The monitor holds no state (monitor/monitor.py), so a new configuration simply means
a new one: the old one is told to go and its successor knows the new model.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress

from fastlb._core import Table
from fastlb.master import claims, spawn
from fastlb.master.generation import Generation
from fastlb.master.privileges import Identity
from fastlb.master.reap import BackOff, Death
from fastlb.monitor.heritage import MonitorHeritage

FORK_FAILED_DELAY_S = 1.0


class MonitorSeat:
    """pid: of the monitor, None while there is none. due_s: when it is filled."""

    def __init__(
        self,
        table: Table,
        identity: Identity | None,
        run: Callable[[MonitorHeritage], int],
        let_go: Callable[[Generation], None],
    ) -> None:
        self._table = table
        self._identity = identity
        self._run = run
        self._let_go = let_go
        self._born_s = 0.0
        self._back_off = BackOff()
        self.pid: int | None = None
        self.due_s: float | None = None

    def replace(self, now_s: float) -> None:
        """There is a new model: whoever sits here knows the old one."""
        if self.pid is None:
            self.due_s = now_s
        else:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def bury(self, death: Death, now_s: float) -> None:
        """The seat is empty; one that did not go by itself may have to wait."""
        self.pid = None
        self.due_s = now_s
        if not death.is_orderly():
            self.due_s += self._back_off.delay_s(now_s - self._born_s)

    def fill(self, current: Generation, now_s: float) -> None:
        """Fork if it is time."""
        if self.pid is not None or self.due_s is None or self.due_s > now_s:
            return
        heritage = self._heritage(current)
        self.due_s = None
        self._born_s = now_s
        self._table.claim_monitor()

        def let_go() -> None:
            heritage.load()
            self._table.be_monitor()
            self._let_go(current)

        try:
            self.pid = spawn.fork(
                "fastlb-monitor",
                lambda: self._run(heritage),
                let_go=let_go,
                identity=self._identity,
            )
        except OSError:
            self.due_s = now_s + FORK_FAILED_DELAY_S
            return
        self._table.set_monitor_pid(self.pid)

    def _heritage(self, current: Generation) -> MonitorHeritage:
        model = current.model
        probed = (
            index
            for index, member in enumerate(model.members)
            if claims.is_probed(model, member) and member.health is None
        )
        return MonitorHeritage(
            model=model,
            table=self._table,
            member_slots=current.member_slots,
            probed=frozenset(probed),
            error_fds=current.logs.error_fds,
            expiries=current.contexts.expiries if current.contexts else (),
            stapled=current.contexts.stapled() if current.contexts else (),
            member_contexts=tuple(
                made.context if made is not None else None
                for made in (current.contexts.members if current.contexts else ())
            ),
        )
