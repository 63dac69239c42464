"""A generation: the workers forked from one model, and the seats they hold.

A seat is a place that must be filled: `StartServers` of them. Its holder serves; its
successor, while there is one, was forked because the holder asked to be recycled. A
worker that was told to drain has left its seat and is only waited for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastlb.facts.server import Model
from fastlb.logs.files import OpenLogs
from fastlb.master.map_seats import MapSeat
from fastlb.master.reap import BackOff
from fastlb.tls.handles import TlsHandles

if TYPE_CHECKING:
    from fastlb.tls.contexts import Contexts

LEAVING_PER_SEAT_MAX = 8  # workers that drain; beyond it recycling waits


@dataclass(slots=True, eq=False)
class WorkerProcess:
    """One worker as the master sees it."""

    pid: int
    number: int  # of its seat
    slot: int  # in the table
    pipe: int  # what the worker writes to us; closed with the worker
    born_s: float  # monotonic
    ready: bool = False
    silent: bool = False  # it closed its pipe: nothing more will come
    deaf: bool = False  # it listens no more
    lone: bool = False  # it has drained, but for tunnels
    closes_tunnels: bool = False  # ... and was told to close these
    tunnels_closed: int = 0
    tunnels_silent: int = 0  # that timed out after it was alone

    def close_pipe(self) -> None:
        os.close(self.pipe)


@dataclass(slots=True, eq=False)
class Seat:
    number: int
    holder: WorkerProcess | None = None
    successor: WorkerProcess | None = None
    wants_successor: bool = False
    due_s: float | None = None  # monotonic; when a fork is to be made for it
    back_off: BackOff = field(default_factory=BackOff)


@dataclass(slots=True, eq=False)
class Generation:
    """One model being served."""

    number: int
    model: Model
    member_slots: tuple[int, ...]
    balancer_slots: tuple[int, ...]
    logs: OpenLogs
    seats: tuple[Seat, ...]
    contexts: Contexts | None = None  # to them tls points; None: no TLS
    tls: TlsHandles | None = None
    leaving: dict[int, WorkerProcess] = field(default_factory=dict)
    map_seats: tuple[MapSeat, ...] = ()  # programs of RewriteMap, until its end
    is_inherited: bool = False  # of another program: no process of it can be forked
    keepers: set[int] = field(default_factory=set)  # ... its keepers of such programs

    def seated(self) -> Iterator[WorkerProcess]:
        """Holders and successors."""
        for seat in self.seats:
            if seat.holder is not None:
                yield seat.holder
            if seat.successor is not None:
                yield seat.successor

    def workers(self) -> list[WorkerProcess]:
        return [*self.seated(), *self.leaving.values()]

    def is_serving(self) -> bool:
        """True when every seat has a worker that accepts."""
        return all(seat.holder is not None and seat.holder.ready for seat in self.seats)

    def step_back(self, following: Generation) -> None:
        """Another one is in force, and no worker of this one is forked any more.

        Hundreds may be left with tunnels, so the master lets go of what it had made
        for this one: its files, certificates, settings. What still asks for settings
        finds those in force.
        """
        self.logs.close_files()
        self.contexts = self.tls = None
        self.model = following.model

    def may_recycle(self) -> bool:
        drains = sum(not worker.lone for worker in self.leaving.values())
        return drains < LEAVING_PER_SEAT_MAX * len(self.seats)


@dataclass(frozen=True, slots=True)
class Vacancy:
    """What the death of a worker means for its generation."""

    seat: Seat | None  # to be filled again; None: nobody waits for this worker
    was_ready: bool


def bury(generation: Generation, worker: WorkerProcess) -> Vacancy:
    """Take a dead worker out of the generation; a successor moves up."""
    if generation.leaving.pop(worker.pid, None) is not None:
        return Vacancy(None, worker.ready)
    seat = generation.seats[worker.number]
    if seat.successor is worker:
        seat.successor = None
        return Vacancy(seat, worker.ready)
    seat.holder, seat.successor = seat.successor, None
    seat.wants_successor = False
    return Vacancy(seat if seat.holder is None else None, worker.ready)


def step_down(generation: Generation, seat: Seat) -> WorkerProcess | None:
    """The holder leaves its seat to drain; its successor takes it."""
    holder = seat.holder
    if holder is not None:
        generation.leaving[holder.pid] = holder
    seat.holder, seat.successor = seat.successor, None
    seat.wants_successor = False
    return holder
