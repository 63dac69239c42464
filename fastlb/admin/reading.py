"""One look at the workers and the machine, from which the status is written, beside the
state document.

A worker serves many connections, so the scoreboard has one character per request that
MaxRequestWorkers allows in work: W for each that is, G on a worker that drains, S for a
worker that starts; what is left is `_` while anybody accepts, else `.`. Tunnels are W
beyond that number: they are under way, but no request is in work. Without such a bound
each worker that accepts always has UNBOUND_IDLE places more. So BusyWorkers and
IdleWorkers mean to an operator what they mean with Apache's event MPM; connections
between requests hold no place, there as here (`ConnsTotal` counts them).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from fastlb.admin import apache_names as names
from fastlb.admin import pages
from fastlb.facts.server import Model
from fastlb.facts.vhost import VHost

if TYPE_CHECKING:
    from fastlb._core import Request, Table

UNBOUND_IDLE = 64  # one line of the page


class Expires(Protocol):
    """When a certificate of a file ends, in seconds since 1970 (tls/expiry.py)."""

    @property
    def file(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def ends_s(self) -> float: ...


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the page shows of the running server besides table and model.

    started_us  wall clock of the start, microseconds since 1970
    built       when the core was compiled, ISO form
    member_slots, balancer_slots  the table's slot of each model index
    expiries    of the certificates in use
    """

    generation: int
    started_us: int
    built: str
    member_slots: Sequence[int]
    balancer_slots: Sequence[int]
    expiries: Sequence[Expires] = ()


class CpuTimes(NamedTuple):
    """Seconds used by processes, and by children they have waited for."""

    user: float = 0.0
    system: float = 0.0
    children_user: float = 0.0
    children_system: float = 0.0

    def total(self) -> float:
        return sum(self)


class System:
    """What is asked of the machine; tests put their own in its place."""

    def now_us(self) -> int:
        """Wall clock, microseconds since 1970."""
        return time.time_ns() // 1000

    def monotonic_us(self) -> int:
        """CLOCK_MONOTONIC, as times of the table."""
        return time.monotonic_ns() // 1000

    def load(self) -> tuple[float, float, float]:
        """Load averages over 1, 5 and 15 minutes."""
        return os.getloadavg()

    def cpu(self, pid: int) -> CpuTimes:
        """Nothing for a process that has just ended."""
        # Here, not above: of all that is loaded the controller alone has it.
        import psutil

        try:
            spent = psutil.Process(pid).cpu_times()
        except psutil.Error:
            return CpuTimes()
        return CpuTimes(*(getattr(spent, name) for name in CpuTimes._fields))


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at what is no part of the state document."""

    host_name: str
    local_host: str
    signature: str
    vhost: VHost
    model: Model
    facts: ServerFacts
    now_us: int
    load: tuple[float, float, float]
    workers: list[dict[str, Any]]
    cpus: list[CpuTimes]
    totals: dict[str, int]
    scoreboard: str

    @property
    def uptime_s(self) -> int:
        return max(self.now_us - self.facts.started_us, 0) // 1_000_000

    @property
    def counts(self) -> tuple[int, int, int]:
        """Places that are busy, on draining workers, idle."""
        board = self.scoreboard
        graceful, idle = board.count(names.GRACEFUL), board.count(names.WAITING)
        off = board.count(names.FREE) + board.count(names.STARTING)
        return len(board) - graceful - idle - off, graceful, idle

    @property
    def cpu(self) -> CpuTimes:
        return CpuTimes(*map(sum, zip(*self.cpus, strict=True)))


def scoreboard(workers: Iterable[dict[str, Any]], max_request_workers: int) -> str:
    """One character per place, in the order of the workers.

    max_request_workers 0: no bound. Beyond it there are only tunnels, and one place
    each for workers that start or drain with nothing in work.
    """
    parts: list[str] = []
    accepting: list[int] = []
    in_work = 0
    for worker in workers:
        busy = worker["busy"]
        in_work += max(busy - worker["tunnels"], 0)
        if worker["state"] == names.STARTING:
            parts.append(names.STARTING)
        elif worker["draining"] or worker["state"] == names.GRACEFUL:
            parts.append(names.GRACEFUL * max(busy, 1))
        else:
            accepting.append(len(parts))
            parts.append(names.SENDING * busy)
    if max_request_workers:
        free = max(max_request_workers - in_work, 0)
    else:
        free = UNBOUND_IDLE * len(accepting)
    if not accepting:
        return "".join(parts) + names.FREE * free
    each, more = divmod(free, len(accepting))
    for place, index in enumerate(accepting):
        parts[index] += names.WAITING * (each + (place < more))
    return "".join(parts)


def may_wait(model: Model, balancer: int) -> bool:
    """Whether requests of that balancer may wait for a member."""
    settings = model.balancers[balancer]
    return bool(settings.timeout_ms) or any(
        model.members[index].max for index in settings.members
    )


def read(
    request: Request, table: Table, model: Model, facts: ServerFacts, system: System
) -> Reading:
    """Ask table and machine once."""
    vhost = model.vhosts[request.vhost_index]
    workers = table.snapshot_workers()
    return Reading(
        host_name=request.host_name,
        local_host=request.local_host,
        signature=pages.signature(
            vhost, request.path, request.host_name, request.host_port, rule="<hr>"
        ),
        vhost=vhost,
        model=model,
        facts=facts,
        now_us=system.now_us(),
        load=system.load(),
        workers=workers,
        cpus=[system.cpu(worker["pid"]) for worker in workers],
        totals=table.totals(),
        scoreboard=scoreboard(workers, model.process.max_request_workers),
    )
