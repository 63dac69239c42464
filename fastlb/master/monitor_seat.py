"""The place of the monitor: one process, filled again whenever it is empty.

The monitor holds no state (monitor/monitor.py), so a new configuration simply means
a new one: the old one is told to go and its successor knows the new model.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from fastlb._core import Table
from fastlb.master import claims
from fastlb.master.generation import Generation
from fastlb.master.lone_seat import LoneSeat
from fastlb.master.privileges import Identity
from fastlb.monitor.heritage import MonitorHeritage


class MonitorSeat(LoneSeat):
    """Of the monitor."""

    def __init__(
        self,
        table: Table,
        identity: Identity | None,
        run: Callable[[MonitorHeritage], int],
        let_go: Callable[[Generation], None],
    ) -> None:
        super().__init__()
        self._table = table
        self._identity = identity
        self._run = run
        self._let_go = let_go

    def fill(self, current: Generation, now_s: float) -> None:
        """Fork if it is time."""
        if not self.is_due(now_s):
            return
        heritage = self._heritage(current)
        # A fault of it is the monitor's, which says so, and no end of the server.
        with suppress(Exception):
            heritage.load()
        self._table.claim_monitor()

        def let_go() -> None:
            heritage.load()
            self._table.be_monitor()
            self._let_go(current)

        def run() -> int:
            return self._run(heritage)

        if self.sit("fastlb-monitor", run, let_go, self._identity, now_s):
            assert self.pid is not None
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
