"""A table with one balancer, for tests of the balancing chapters."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from fastlb import _core, _probe

SECOND_US = 1_000_000


class Pool:
    """Members by position; routes are n0, n1 ... unless told otherwise."""

    def __init__(
        self,
        *members: dict[str, Any],
        lbmethod: str = "byrequests",
        workers: int = 8,
        **plan: Any,
    ) -> None:
        self.table = _core.Table.create(8, 64, workers)
        self.inside = _probe.TableProbe(self.table)
        self.slot = self.table.claim_balancer("balancer://x", 1, lbmethod=lbmethod)
        self.settings = [settings_of(i, m) for i, m in enumerate(members)]
        self.slots = [self.claim(i, 1) for i in range(len(members))]
        self.probe = _probe.BalancerProbe(
            self.table, self.slot, self.slots, lbmethod=lbmethod, **plan
        )

    def claim(self, position: int, generation: int, **changes: Any) -> int:
        settings = self.settings[position] | changes
        slot: int = self.table.claim_member(
            f"balancer://x http://m{position}",
            generation,
            balancer_slot=self.slot,
            **settings,
        )
        return slot

    def elect(self, now_s: float = 0, route: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.probe.elect(
            round(now_s * SECOND_US), route.encode()
        )
        return found

    def chosen(self, now_s: float = 0, route: str = "") -> int:
        position: int = self.elect(now_s, route)["chosen"]
        return position

    def sequence(self, count: int, now_s: float = 0, route: str = "") -> list[int]:
        found: list[int] = self.probe.sequence(
            count, round(now_s * SECOND_US), route.encode()
        )
        return found

    def fail(self, position: int, now_s: float = 0, *, by_connect: bool = False) -> int:
        raised: int = self.inside.failed(
            self.slots[position], round(now_s * SECOND_US), by_connect
        )
        return raised

    def retry_in_ms(self, position: int, now_s: float) -> int:
        left: int = self.inside.retry_in_ms(
            self.slots[position], round(now_s * SECOND_US)
        )
        return left

    def set(self, position: int, letter: str, on: bool = True) -> None:
        self.table.set_flag(self.slots[position], letter, on)

    def status(self, position: int) -> str:
        status: str = self.table.member_status(self.slots[position])
        return status

    def member(self, position: int) -> dict[str, Any]:
        found: dict[str, Any] = self.table.snapshot_member(self.slots[position])
        return found

    def all(self, field: str) -> list[Any]:
        return [self.member(i)[field] for i in range(len(self.slots))]

    # other processes

    def start(self, act: Callable[[], object]) -> tuple[int, int]:
        """Run `act` in a worker of its own; its pid and its slot."""
        slot: int = self.table.claim_worker(0, 1, 0)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                self.table.be_worker(slot)
                act()
                status = 0
            finally:
                os._exit(status)
        self.table.set_worker_pid(slot, pid)
        return pid, slot

    def in_child(self, act: Callable[[], object]) -> None:
        """Run `act` in a worker that must end well."""
        pid, slot = self.start(act)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        self.table.settle_worker(slot)

    def killed(self, act: Callable[[], object]) -> int:
        """Run `act` in a worker that must die of SIGKILL within it; its slot, which
        nobody has settled."""
        pid, slot = self.start(act)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        return slot


def settings_of(position: int, member: dict[str, Any]) -> dict[str, Any]:
    settings = {
        "load_factor": 100,
        "lbset": 0,
        "status": "",
        "route": f"n{position}",
        "redirect": "",
        "retry_ms": 60_000,
        "probe": False,
        "slow_start_ms": 0,
        "places_max": 0,
    }
    assert member.keys() <= settings.keys() | {"check", "agent"}
    return settings | member


def member(load_factor: int = 100, **settings: Any) -> dict[str, Any]:
    return {"load_factor": load_factor, **settings}
