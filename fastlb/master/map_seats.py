"""Programs of RewriteMap: a keeper for each, forked with its generation.

A keeper (monitor/map_keeper.py) is the map's user from its first line on, so the
program is, too; whoever may ask it got the door of its seat in its heritage. The door
outlives a keeper that dies: questions wait in it for the next one.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fastlb.facts.rewrite_maps import RewriteMap, maps_by_program
from fastlb.facts.server import Model, ProcessSettings
from fastlb.master import privileges, spawn
from fastlb.master.errors import Exit, StartError
from fastlb.master.privileges import Identity
from fastlb.master.reap import BackOff, Death
from fastlb.monitor.map_keeper import MapHeritage, run

if TYPE_CHECKING:
    from fastlb.master.generation import Generation

FORK_FAILED_DELAY_S = 1.0


@dataclass(slots=True, eq=False)
class MapSeat:
    """The place of one keeper. doors: the workers' ends, one for each of their seats;
    halls: the keeper's."""

    known: RewriteMap
    identity: Identity | None
    doors: tuple[socket.socket, ...]
    halls: tuple[socket.socket, ...]
    pid: int | None = None
    due_s: float = 0.0
    born_s: float = 0.0
    back_off: BackOff = field(default_factory=BackOff)

    def close(self) -> None:
        self.close_doors()
        self.close_halls()

    def close_doors(self, but: int | None = None) -> None:
        """but: a worker's seat."""
        for number, door in enumerate(self.doors):
            if number != but:
                door.close()

    def close_halls(self) -> None:
        for hall in self.halls:
            hall.close()


def seats_of(model: Model, usual: Identity | None, program: str) -> tuple[MapSeat, ...]:
    """A seat for each program, empty. usual: whom workers become.

    StartError where a map's user or group does not exist, or cannot be taken on.
    """
    found = [(k, identity_of(model, k, usual, program)) for k in programs_of(model)]
    seats = []
    for known, identity in found:
        pairs = [
            socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            for _ in range(model.process.start_servers)
        ]
        for door, _ in pairs:
            door.setblocking(False)
        doors, halls = zip(*pairs, strict=True)
        seats.append(MapSeat(known, identity, doors, halls))
    return tuple(seats)


def look_up(model: Model, usual: Identity | None, program: str) -> None:
    """For the check, whoever makes it. StartError where an account does not exist, or
    is root."""
    for known in programs_of(model):
        wanted_by(model, known, usual, program)


def programs_of(model: Model) -> tuple[RewriteMap, ...]:
    """By the number that workers know them by."""
    return maps_by_program(model.vhosts)


def identity_of(
    model: Model, known: RewriteMap, usual: Identity | None, program: str
) -> Identity | None:
    """Whom a program becomes; None: it stays what the server is."""
    wanted = wanted_by(model, known, usual, program)
    if known.user is None and known.group is None:
        return wanted
    if wanted is None and privileges.is_another(settings_of(model, known), program):
        raise StartError(
            Exit.CANNOT_SERVE,
            f"RewriteMap {known.name}: only root can start a program as another user",
        )
    return wanted


def settings_of(model: Model, known: RewriteMap) -> ProcessSettings:
    """User and Group, as a map has them."""
    return replace(
        model.process,
        user=known.user if known.user is not None else model.process.user,
        group=known.group
        if known.group is not None
        else (None if known.user is not None else model.process.group),
    )


def wanted_by(
    model: Model, known: RewriteMap, usual: Identity | None, program: str
) -> Identity | None:
    """Whom its line names. StartError: an account does not exist, or is root."""
    if known.user is None and known.group is None:
        return usual
    try:
        return privileges.look_up(settings_of(model, known), program)
    except StartError as error:
        raise StartError(
            Exit.CANNOT_SERVE, f"RewriteMap {known.name}: {error}"
        ) from error


class MapSeats:
    """The keepers of all generations."""

    def __init__(self, let_go: Callable[[Generation, MapSeat], None]) -> None:
        self._let_go = let_go
        self._leaving: set[int] = set()

    def fill(self, generation: Generation, now_s: float) -> list[float]:
        """Fork for every seat that is due; the moments at which others will be."""
        moments = []
        for seat in generation.map_seats:
            if seat.pid is None and seat.due_s <= now_s:
                self._fork(generation, seat, now_s)
            if seat.pid is None:
                moments.append(seat.due_s)
        return moments

    def _fork(self, generation: Generation, seat: MapSeat, now_s: float) -> None:
        heritage = MapHeritage(
            seat.known, seat.halls, generation.model, generation.logs.error_fds
        )
        seat.born_s = now_s
        try:
            seat.pid = spawn.fork(
                "fastlb-map",
                lambda: run(heritage),
                let_go=lambda: self._let_go(generation, seat),
                identity=seat.identity,
            )
        except OSError:
            seat.due_s = now_s + FORK_FAILED_DELAY_S

    def bury(
        self, death: Death, generations: list[Generation], now_s: float
    ) -> RewriteMap | None:
        """Whose keeper it was; None: nobody's, or one that was told to go."""
        self._leaving.discard(death.pid)
        for generation in generations:
            generation.keepers.discard(death.pid)
            for seat in generation.map_seats:
                if seat.pid == death.pid:
                    seat.pid = None
                    seat.due_s = now_s + max(
                        seat.back_off.delay_s(now_s - seat.born_s), 0.0
                    )
                    return seat.known
        return None

    def end(self, generation: Generation) -> None:
        """Nobody of this generation asks any more."""
        for seat in generation.map_seats:
            seat.close()
        for pid in self.pids([generation], leaving=False):
            self._leaving.add(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        generation.map_seats = ()
        generation.keepers.clear()

    def pids(self, generations: list[Generation], *, leaving: bool = True) -> list[int]:
        """leaving: also those that were told to go."""
        seated = [
            seat.pid
            for generation in generations
            for seat in generation.map_seats
            if seat.pid is not None
        ]
        inherited = [pid for one in generations for pid in one.keepers]
        return [*seated, *inherited, *(self._leaving if leaving else ())]

    def take_leaving(self, pids: Iterable[int]) -> None:
        """Processes that another program had told to go."""
        self._leaving.update(pids)
