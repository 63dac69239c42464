"""What a generation needs before its first worker is forked, step by step.

The first start and every reload take the same steps in the same order. Each one can
be given back, so that a step that fails leaves everything as it was before.
"""

from __future__ import annotations

import time

from fastlb._core import Table
from fastlb.base import descriptors
from fastlb.facts.member_changes import CAUSES, Cause
from fastlb.facts.server import Model, ProcessSettings
from fastlb.facts.words import Compat
from fastlb.logs.files import OpenLogs
from fastlb.master import claims, map_seats, names
from fastlb.master.certificates import Certificates
from fastlb.master.errors import Exit, StartError
from fastlb.master.generation import Generation, Seat
from fastlb.master.journal import Journal
from fastlb.master.listeners import Address, Listeners
from fastlb.master.privileges import Identity
from fastlb.names.answer import State, ordered
from fastlb.names.period import NEVER, period_of

PROGRAM = "fastlb"
DEADLINE_S = 30.0  # for workers that neither accept nor die


class Preparation:
    """A generation on its way. step says in words what is being done."""

    def __init__(
        self,
        model: Model,
        number: int,
        *,
        listeners: Listeners,
        table: Table,
        journal: Journal,
        certificates: Certificates,
        identity: Identity | None,
        is_adjusted: bool = False,
    ) -> None:
        """is_adjusted: it is no other configuration, but the one in force as operators
        have changed it."""
        self.model = model
        self.number = number
        self.step = "preparing"
        self.deadline_s = 0.0
        self.generation: Generation | None = None
        self._listeners = listeners
        self._table = table
        self._journal = journal
        self._certificates = certificates
        self._identity = identity
        self._is_adjusted = is_adjusted
        self._bound: tuple[Address, ...] = ()
        self._logs: OpenLogs | None = None
        self._claimed = False

    def take(self, current: Generation | None) -> Generation:
        """Bind, read, open, look up, claim; StartError when a step fails.

        current: the generation in force, None at the first start.
        """
        model = self.model
        previous = current.model if current is not None else None
        self.step = "binding its addresses"
        self._bound = self._listeners.bind_missing(model.listeners, model.process)
        self.step = "opening its logs"
        self._logs = self._journal.open(model)
        self.step = "dividing its file descriptors"
        parts = descriptors_of(model, self._logs)
        if parts.clients < 1:
            raise StartError(
                Exit.CANNOT_SERVE,
                f"FB0602: too few file descriptors to serve anybody: "
                f"{parts.text(model.process.start_servers)}\n"
                "    raise the hard limit: ulimit -Hn, LimitNOFILE= of systemd",
            )
        self.step = "reading its certificates"
        contexts = self._certificates.read(
            model, current.contexts if current is not None else None
        )
        handles = self._certificates.handles(contexts)
        if previous is None:
            self._journal.follow(model, self._logs)
            for text in self._listeners.close_unnamed():
                self._journal.write("warn", "core", f"FB0615: {text}")
        self.step = "looking up its members' names"
        found = names.resolve(
            (member.peer_host for member in model.members if member.unix_path is None),
            model.process.name_servers or (),
            identity=self._identity,
        )
        self.step = "claiming slots for its members"
        self._claimed = True
        is_anew = previous is not None and not self._is_adjusted
        fresh = is_anew and model.compat is Compat.APACHE
        member_slots, balancer_slots = claims.claim(
            self._table, model, self.number, fresh=fresh
        )
        self._publish(found, member_slots)
        self._tell_of_overdue()
        self.step = "starting its map programs"
        seats = map_seats.seats_of(model, self._identity, PROGRAM)
        self.step = "starting its workers"
        self.generation = Generation(
            number=self.number,
            model=model,
            member_slots=member_slots,
            balancer_slots=balancer_slots,
            logs=self._logs,
            seats=tuple(Seat(n) for n in range(model.process.start_servers)),
            contexts=contexts,
            tls=handles,
            map_seats=seats,
        )
        return self.generation

    def give_back(self, current: Generation | None) -> None:
        """Undo every step taken. Workers of this generation are the caller's."""
        self._listeners.close(self._bound)
        if self.generation is None:
            if self._logs is not None:
                self._logs.close()
            if self._claimed:
                self._table.release_generation(self.number)
        if current is not None and self._claimed and not current.is_inherited:
            # Claiming wrote the new settings over those in force.
            claims.claim(self._table, current.model, current.number)

    def _tell_of_overdue(self) -> None:
        for pid in self._table.take_overdue():
            self._journal.write(
                "error",
                "proxy_balancer",
                f"FB0311: process {pid} kept a lock of the slot table and lives: the "
                "lock was taken over; if it is not stopped by a debugger, end it",
            )

    def _publish(self, found: names.Found, member_slots: tuple[int, ...]) -> None:
        """Write the addresses; a member without one begins in error.

        Under Compat apache it does not: the first request learns of it.
        """
        missing: dict[str, str] = {}
        now_s = time.monotonic()
        for member, slot in zip(self.model.members, member_slots, strict=True):
            if member.unix_path is not None:
                continue
            answer = found[member.peer_host]
            if answer.state is State.FOUND:
                known = [host for host, _ in self._table.addresses(slot)]
                addresses = ordered(answer.addresses, known)
                has_moved = self._table.set_addresses(
                    slot, [(host, member.peer_port) for host in addresses]
                )
                # Whatever went wrong was not there.
                is_elsewhere = has_moved or not (known or "E" in member.status)
                if is_elsewhere and self._table.mark_up(slot, CAUSES.index(Cause.NAME)):
                    self._journal.write(
                        "notice",
                        "proxy_balancer",
                        f"FB0503: member {member.url} is back: {member.peer_host} "
                        f"is known {'by another address' if known else 'now'}",
                    )
                if member.is_named:
                    period_s = period_of(member, self.model.compat)
                    holds_s = answer.ttl_s if period_s is None else period_s
                    self._table.set_renewal(
                        slot, 0 if holds_s == NEVER else int((now_s + holds_s) * 1e6)
                    )
            elif self.model.compat is Compat.APACHE:
                continue
            elif not self._table.addresses(slot):
                self._table.set_flag(slot, "E", True)
                missing[member.peer_host] = answer.why
        for host, why in missing.items():
            self._journal.write(
                "warn",
                "proxy",
                f"FB0607: DNS lookup failure for: {host}: {why}: its members begin in "
                "error, and the name is looked up until it is known",
            )


def descriptors_of(model: Model, logs: OpenLogs) -> descriptors.Division:
    """What each worker's file descriptors will be for."""
    return descriptors.divide(
        descriptors.limit(),
        len(model.listeners),
        len(logs.access_fds) + len(logs.error_fds),
        len(map_seats.programs_of(model)),
    )


def settings_that_stay(first: ProcessSettings, new: ProcessSettings) -> list[str]:
    """Warnings about what is taken at the start and cannot change with a reload."""
    names = (
        *(("PidFile", "pid_file"), ("User", "user"), ("Group", "group")),
        ("AuthDigestShmemSize", "digest_memory_bytes"),
        ("ControlSocket", "control_socket"),
    )
    return [
        f"FB0611: {directive} {getattr(new, name) or '(none)'}: the server keeps "
        f"{getattr(first, name) or '(none)'}; a stop and a start change it"
        for directive, name in names
        if getattr(first, name) != getattr(new, name)
    ]
