"""What of a master goes to the program that takes its place in the same process.

The processes of the old one are its children still: their workers go on as generations
that can no longer be filled (`Generation.is_inherited`), until one of its own accepts.
From there on all is as with a reload.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from fastlb._core import Table
from fastlb.base.version import VERSION
from fastlb.facts.server import Model, ProcessSettings
from fastlb.logs.error import error_targets
from fastlb.logs.files import NO_FD, OpenLogs
from fastlb.logs.piped import PipedLoggers
from fastlb.master import roll
from fastlb.master.account import Account
from fastlb.master.controller_seat import ControllerSeat
from fastlb.master.generation import Generation, Seat, WorkerProcess
from fastlb.master.heirloom import (
    HOLDER,
    LEAVING,
    SUCCESSOR,
    DoorLeft,
    GenerationLeft,
    Heirloom,
    LoggerLeft,
    SocketLeft,
    WorkerLeft,
)
from fastlb.master.journal import Journal
from fastlb.master.keep import Keep
from fastlb.master.listeners import Listeners
from fastlb.master.map_seats import MapSeats
from fastlb.master.monitor_seat import MonitorSeat
from fastlb.master.workers import Workers
from fastlb.tls.pass_phrases import PassPhrases

NO_SLOT = -1  # of a worker that counts into another table


@dataclass(frozen=True, slots=True)
class Standing:
    """What the master itself knows, by the names of Heirloom. settings: in force since
    the first start. pid_fd: of the pid file."""

    settings: ProcessSettings
    started_us: int
    account: Account
    told: int
    last_number: int
    pid_fd: int


@dataclass(frozen=True, slots=True)
class Estate:
    """Whoever holds something that outlives a program."""

    listeners: Listeners
    workers: Workers
    monitor: MonitorSeat
    controller: ControllerSeat
    maps: MapSeats
    journal: Journal
    table: Table
    keep: Keep
    phrases: PassPhrases

    def left(self, own: Standing, current: Generation, *, is_trial: bool) -> Heirloom:
        """For the next program; is_trial: without a descriptor."""
        settings = own.settings
        return Heirloom(
            pid=os.getpid(),
            is_trial=is_trial,
            version=VERSION,
            started_us=own.started_us,
            account=own.account,
            told=own.told,
            last_number=own.last_number,
            pid_file=settings.pid_file,
            pid_fd=-1 if is_trial else own.pid_fd,
            user=settings.user,
            group=settings.group,
            control_socket=settings.control_socket,
            digest_memory_bytes=settings.digest_memory_bytes,
            error_fd=-1 if is_trial else current.logs.error_fds[0],
            sockets=tuple(
                SocketLeft(host, port, sock.fileno())
                for (host, port), sock in self.listeners.by_address().items()
            ),
            generations=() if is_trial else tuple(self._generations_left(current)),
            monitor=self.monitor.pid or 0,
            controller=self.controller.pid or 0,
            controller_secret=self.controller.secret.hex(),
            doors=()
            if is_trial
            else tuple(DoorLeft(*each) for each in self.controller.left()),
            leaving=tuple(self.maps.pids([])),
            farewells=self.journal.farewells.pids(),
            table=self.table.told(),
            kept=-1 if is_trial else self.keep.fd,
            members=()
            if is_trial
            else tuple(roll.members_of(self.table, current.member_slots)),
            phrases=tuple(one.hex() for one in self.phrases.known),
        )

    def _generations_left(self, current: Generation) -> Iterator[GenerationLeft]:
        for one in self.workers.generations:
            yield GenerationLeft(
                number=one.number,
                seats=len(one.seats),
                is_in_force=one is current,
                member_slots=one.member_slots if one is current else (),
                workers=workers_left(one),
                keepers=tuple(self.maps.pids([one], leaving=False)),
                loggers=tuple(LoggerLeft(*each) for each in one.logs.programs.left()),
            )

    def take(
        self, left: Heirloom, model: Model, *, has_table: bool
    ) -> Generation | None:
        """Before anything of our own begins; the generation in force. model: whose
        settings hold for the old ones from now on."""
        self.monitor.pid = left.monitor or None
        self.controller.pid = left.controller or None
        self.controller.secret = bytes.fromhex(left.controller_secret)
        for door in left.doors:
            self.controller.take(door.name, door.path, door.fd)
        self.maps.take_leaving(left.leaving)
        self.journal.farewells.take(left.farewells)
        current = None
        for one in left.generations:
            logs = self._logs_taken(one, model, left.error_fd)
            generation = generation_taken(one, model, logs, has_table=has_table)
            self.workers.generations.append(generation)
            if one.is_in_force:
                current = generation
        return current

    def _logs_taken(self, one: GenerationLeft, model: Model, error_fd: int) -> OpenLogs:
        """Of the one in force the main error log is there, and stands for all others
        until those of the new generation are in force."""
        programs = PipedLoggers(self.journal.report, farewells=self.journal.farewells)
        for logger in one.loggers:
            programs.take(
                logger.target, logger.pid, logger.read_fd, logger.write_fd, logger.words
            )
        error_fds: tuple[int, ...] = ()
        if one.is_in_force:
            others = len(error_targets(model)) - 1
            copies = (
                os.dup(error_fd) if error_fd >= 0 else NO_FD for _ in range(others)
            )
            error_fds = (error_fd, *copies)
        return OpenLogs((), error_fds, programs)


def workers_left(generation: Generation) -> tuple[WorkerLeft, ...]:
    seated = [
        (place, worker)
        for seat in generation.seats
        for place, worker in ((HOLDER, seat.holder), (SUCCESSOR, seat.successor))
        if worker is not None
    ]
    leaving = [(LEAVING, worker) for worker in generation.leaving.values()]
    return tuple(
        WorkerLeft(**_facts_of(one), place=place) for place, one in (*seated, *leaving)
    )


def generation_taken(
    one: GenerationLeft, model: Model, logs: OpenLogs, *, has_table: bool
) -> Generation:
    generation = Generation(
        number=one.number,
        model=model,
        member_slots=one.member_slots if has_table else (),
        balancer_slots=(),
        logs=logs,
        seats=tuple(Seat(number) for number in range(one.seats)),
        is_inherited=True,
        keepers=set(one.keepers),
    )
    for left in one.workers:
        worker = WorkerProcess(**_facts_of(left))
        if not has_table:
            worker.slot = NO_SLOT
        if left.place == HOLDER:
            generation.seats[left.number].holder = worker
        elif left.place == SUCCESSOR:
            generation.seats[left.number].successor = worker
        else:
            generation.leaving[left.pid] = worker
    return generation


def _facts_of(worker: WorkerProcess) -> dict[str, Any]:
    return {one.name: getattr(worker, one.name) for one in fields(WorkerProcess)}
