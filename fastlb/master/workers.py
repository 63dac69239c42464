"""Every worker of every generation: forked, heard, told, buried.

What a worker says comes through its own pipe, one byte a message
(worker/heritage.py); what it is told goes by signal. When a worker ends, its pipe
closes and its shares are taken off every gauge of the table.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

from fastlb._core import Table, TableError
from fastlb.master import spawn
from fastlb.master.generation import (
    Generation,
    Seat,
    WorkerProcess,
    bury,
    step_down,
)
from fastlb.master.privileges import Identity
from fastlb.master.reap import EXIT_SICK, Death
from fastlb.worker.heritage import (
    MESSAGE_DEAF,
    MESSAGE_LONE,
    MESSAGE_READY,
    MESSAGE_RECYCLE,
    MESSAGE_TUNNEL_CLOSED,
    MESSAGE_TUNNEL_SILENT,
    Heritage,
)

LogLine = Callable[[str, str, str], None]  # level, module, text

DRAIN_SIGNAL = signal.SIGUSR1
CLOSE_TUNNELS_SIGNAL = signal.SIGUSR2  # only for one that has said it is lone
FORK_FAILED_DELAY_S = 10.0  # as Apache, when fork(2) itself fails
SLOT_DELAY_S = 0.25  # every worker slot is taken by draining workers


@dataclass(frozen=True, slots=True)
class Means:
    """What forking a worker takes, apart from its generation."""

    table: Table
    identity: Identity | None
    started_us: int
    foreground: bool
    sockets_of: Callable[[Generation], tuple[socket.socket, ...]]
    let_go: Callable[[Generation], None]  # in the worker: what is not its own
    run: Callable[[Heritage], int]
    clock_s: Callable[[], float]  # monotonic


class Workers:
    """All generations, the newest last; a generation goes with its last worker."""

    def __init__(self, means: Means, log: LogLine) -> None:
        self._means = means
        self._log = log
        self.generations: list[Generation] = []

    # who there is

    def every(self) -> list[WorkerProcess]:
        return [w for generation in self.generations for w in generation.workers()]

    def pipes(self) -> list[int]:
        return [worker.pipe for worker in self.every() if not worker.silent]

    def find(self, pid: int) -> tuple[Generation, WorkerProcess] | None:
        for generation in self.generations:
            for worker in generation.workers():
                if worker.pid == pid:
                    return generation, worker
        return None

    # forking

    def fill(self, generation: Generation) -> list[float]:
        """Fork for every seat that is due; the moments at which others will be."""
        now_s = self._means.clock_s()
        moments: list[float] = []
        if generation.is_inherited:
            return moments
        for seat in generation.seats:
            if not self._needs_fork(generation, seat):
                continue
            if seat.due_s is None or seat.due_s <= now_s:
                self._fork(generation, seat)
            if seat.due_s is not None:
                moments.append(seat.due_s)
        return moments

    def _needs_fork(self, generation: Generation, seat: Seat) -> bool:
        if seat.holder is None:
            return True
        return (
            seat.wants_successor and seat.successor is None and generation.may_recycle()
        )

    def _fork(self, generation: Generation, seat: Seat) -> None:
        means = self._means
        seat.due_s = None
        try:
            slot = means.table.claim_worker(0, generation.number, seat.number)
        except TableError:
            seat.due_s = means.clock_s() + SLOT_DELAY_S
            return
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        heritage = Heritage(
            number=seat.number,
            generation=generation.number,
            slot=slot,
            model=generation.model,
            table=means.table,
            member_slots=generation.member_slots,
            balancer_slots=generation.balancer_slots,
            sockets=means.sockets_of(generation),
            log_fds=generation.logs.access_fds,
            error_fds=generation.logs.error_fds,
            ready_fd=writer,
            started_us=means.started_us,
            foreground=means.foreground,
            tls=generation.tls,
            map_doors=tuple(one.doors[seat.number] for one in generation.map_seats),
            expiries=generation.contexts.expiries if generation.contexts else (),
        )

        def let_go() -> None:
            means.table.be_worker(slot)
            os.close(reader)
            means.let_go(generation)
            for one in generation.map_seats:
                one.close_doors(but=seat.number)

        try:
            pid = spawn.fork(
                "fastlb-worker",
                lambda: means.run(heritage),
                let_go=let_go,
                identity=means.identity,
            )
        except OSError as error:
            means.table.settle_worker(slot)
            os.close(reader)
            os.close(writer)
            seat.due_s = means.clock_s() + FORK_FAILED_DELAY_S
            self._log(
                "error",
                "mpm_fastlb",
                f"({error.errno}){error.strerror}: AH00159: "
                "fork: Unable to fork new process",
            )
            return
        os.close(writer)
        means.table.set_worker_pid(slot, pid)
        worker = WorkerProcess(pid, seat.number, slot, reader, means.clock_s())
        if seat.holder is None:
            seat.holder = worker
        else:
            seat.successor = worker

    # hearing

    def hear(self, pipe: int) -> None:
        """Read what a worker said. An end of the stream says nothing: wait(2) does."""
        for generation in self.generations:
            for worker in generation.workers():
                if worker.pipe == pipe:
                    with contextlib.suppress(BlockingIOError):
                        self._obey(generation, worker, os.read(pipe, 4096))
                    return

    def _obey(self, generation: Generation, worker: WorkerProcess, text: bytes) -> None:
        if not text:
            worker.silent = True
        if MESSAGE_READY in text:
            worker.ready = True
        if MESSAGE_DEAF in text:
            worker.deaf = True
        if MESSAGE_LONE in text:
            worker.lone = True
        worker.tunnels_closed += text.count(MESSAGE_TUNNEL_CLOSED)
        worker.tunnels_silent += text.count(MESSAGE_TUNNEL_SILENT)
        if worker.pid in generation.leaving:
            return
        seat = generation.seats[worker.number]
        if MESSAGE_RECYCLE in text:
            seat.wants_successor = True
        if worker.ready and seat.successor is worker:
            predecessor = step_down(generation, seat)
            if predecessor is not None:
                tell(predecessor, DRAIN_SIGNAL)

    # ending

    def drain(self, generation: Generation) -> None:
        """Tell all of them to finish what they have and take nothing new."""
        self._send_away(generation, DRAIN_SIGNAL)

    def bound_lone(self, most: int) -> None:
        """Of the workers that are left with tunnels no more than these; 0: any number.

        The oldest close their tunnels, spread over time by themselves.
        """
        lone = [
            (generation, worker)
            for generation in self.generations
            for worker in generation.leaving.values()
            if worker.lone and not worker.closes_tunnels
        ]
        too_many = max(0, len(lone) - most) if most else 0
        for generation, worker in lone[:too_many]:
            worker.closes_tunnels = True
            tell(worker, CLOSE_TUNNELS_SIGNAL)
            self._log(
                "notice",
                "core",
                f"FB0608: worker {worker.number} (pid {worker.pid}) of generation "
                f"{generation.number} closes its tunnels: there are more than "
                f"{most} such workers (MaxTunnelServers)",
            )

    def abort(self, generation: Generation) -> None:
        """Tell all of them to end at once."""
        self._send_away(generation, signal.SIGTERM)

    def _send_away(self, generation: Generation, number: signal.Signals) -> None:
        for seat in generation.seats:
            seat.due_s = None
            for worker in (seat.holder, seat.successor):
                if worker is not None:
                    generation.leaving[worker.pid] = worker
                    tell(worker, number)
            seat.holder = seat.successor = None

    def bury(self, death: Death, *, is_asked: bool) -> Generation | None:
        """Settle a worker that ended; its generation, None if it was no worker.

        is_asked: every worker has been told to end.
        """
        found = self.find(death.pid)
        if found is None:
            return None
        generation, worker = found
        # One that counts into the table of another program is not settled in ours.
        settled = (
            self._means.table.settle_worker(worker.slot) if worker.slot >= 0 else {}
        )
        self._hear_last_words(generation, worker)
        worker.close_pipe()
        vacancy = bury(generation, worker)
        if vacancy.seat is not None:
            now_s = self._means.clock_s()
            delay_s = vacancy.seat.back_off.delay_s(
                now_s - worker.born_s, was_ready=vacancy.was_ready
            )
            if death.exit_code == EXIT_SICK:
                delay_s = max(delay_s, 1.0)
            vacancy.seat.due_s = now_s + delay_s
        if not (death.is_orderly() and (is_asked or vacancy.seat is None)):
            self._tell_of(death, worker, settled)
        return generation

    def _hear_last_words(self, generation: Generation, worker: WorkerProcess) -> None:
        if not worker.lone:
            return
        with contextlib.suppress(BlockingIOError):
            while text := os.read(worker.pipe, 4096):
                self._obey(generation, worker, text)
        counts = [
            f"{count} tunnels {what}"
            for count, what in (
                (worker.tunnels_closed, "were closed to make room"),
                (worker.tunnels_silent, "had been silent too long"),
            )
            if count
        ]
        if counts:
            self._log(
                "notice",
                "core",
                f"FB0609: worker {worker.number} (pid {worker.pid}), of generation "
                f"{generation.number}, has ended: {', '.join(counts)}",
            )

    def _tell_of(
        self, death: Death, worker: WorkerProcess, settled: dict[str, int]
    ) -> None:
        self._log("notice", "core", death.text(f"worker {worker.number}"))
        taken = ", ".join(f"{count} {what}" for what, count in settled.items() if count)
        if taken:
            self._log(
                "notice",
                "core",
                f"FB0612: worker {worker.number} (pid {worker.pid}) left behind and "
                f"was settled: {taken}",
            )


def tell(worker: WorkerProcess, number: signal.Signals) -> None:
    """Send a signal to a worker that may have gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker.pid, number)
