"""The master, from start to end.

It binds, forks a generation, waits until every worker accepts, and from then on
sleeps until a signal, a worker's message, a death or a moment comes; `turn` is that
whole life. It never reads from a client and runs no event loop: it must not die, so
it does little.

    STARTING --all accept--> SERVING --WINCH--> DRAINING --all gone-----> ENDED
                                |                  | TERM, or time over     ^
                                `------TERM--------+--> STOPPING -all gone--'

A start is a reload from nothing: both prepare a generation and wait until it accepts
(`_next`). Only then is it in force (`_current`) and the one before told to drain.
"""

from __future__ import annotations

import enum
import os
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fastlb.base import descriptors
from fastlb.base.version import VERSION
from fastlb.controller.heritage import ControllerHeritage
from fastlb.facts.adjustments import ANSWER_TEXT_MAX
from fastlb.facts.server import Model
from fastlb.master import (
    account,
    claims,
    pidfile,
    privileges,
    reap,
    roll,
    spawn,
    takeover,
)
from fastlb.master.account import Account
from fastlb.master.adjusting import Adjusting
from fastlb.master.certificates import Certificates, renewed
from fastlb.master.controller_seat import ControllerSeat
from fastlb.master.errors import Exit, StartError
from fastlb.master.estate import Estate, Standing
from fastlb.master.generation import Generation
from fastlb.master.handed import HandedSockets
from fastlb.master.heirloom import Heirloom
from fastlb.master.journal import Journal, send_stderr_to
from fastlb.master.keep import Keep
from fastlb.master.listeners import Listeners
from fastlb.master.map_seats import MapSeat, MapSeats
from fastlb.master.monitor_seat import MonitorSeat
from fastlb.master.notify import Notifier
from fastlb.master.preparation import (
    DEADLINE_S,
    Preparation,
    descriptors_of,
    settings_that_stay,
)
from fastlb.master.program import Program
from fastlb.master.reap import Death
from fastlb.master.signals import Command, Signals, block_all, restore
from fastlb.master.stop import Stopping
from fastlb.master.upgrade import Trial, Upgrade
from fastlb.master.workers import Means, Workers
from fastlb.model.changes import changes, log_line
from fastlb.monitor.heritage import MonitorHeritage
from fastlb.tls.pass_phrases import PassPhrases
from fastlb.worker.heritage import Heritage

PROGRAM = "fastlb"
DEAF_S = 5.0  # for workers to close what they listen on, before a place is given up
UNDONE_S = 5.0  # ... for those of a refused reload to end, before the next begins
FAULT_PAUSE_S = 0.1  # so that a fault that repeats does not fill the log


class Phase(enum.Enum):
    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"
    STOPPING = "stopping"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Orders:
    """What is decided once, for the master's whole life.

    load          reads the configuration again: the new model, or StartError with
                  what the operator has to read
    started       called once, when every worker accepts
    let_go        called in every forked process: closes what only the master may hold
    command_line  for the log
    config_file   for whoever asks which one it is
    phrases       pass phrases that were typed before the terminal was left
    notifier      who hears of it outside, such as systemd
    handed        listening sockets that were there before the master
    program       what an upgrade executes, None: nobody knows
    heirloom      of the program whose place this one takes, None: it is the first
    """

    load: Callable[[], Model]
    started: Callable[[], None]
    let_go: Callable[[], None]
    command_line: str
    config_file: str
    foreground: bool
    run_worker: Callable[[Heritage], int]
    run_monitor: Callable[[MonitorHeritage], int]
    run_controller: Callable[[ControllerHeritage], int]
    phrases: PassPhrases = field(default_factory=PassPhrases)
    notifier: Notifier = field(default_factory=Notifier)
    handed: HandedSockets = field(default_factory=HandedSockets)
    program: Program | None = None
    heirloom: Heirloom | None = None


class Master:
    """One server. `run` returns its exit code; StartError when it never served."""

    def __init__(self, model: Model, orders: Orders, journal: Journal) -> None:
        self._orders = orders
        self._journal = journal
        self._clock_s = time.monotonic
        self._exit = Exit.DONE
        self.phase = Phase.STARTING
        left = orders.heirloom
        # what was in force at the start
        self._first = takeover.first_settings(model.process, left)
        self._pid_fd: int | None = None  # holds the lock by which we are found
        self._account = Account(os.getpid(), time.time())
        self._told = 0  # how often of its members
        self._reading = 0  # of the reloads asked for, those that this one answers
        self._listeners = Listeners(
            orders.handed, takeover.sockets_of(left) if left else {}
        )
        self._certificates = Certificates(orders.phrases, self._clock_s)
        table = takeover.table_of(left) if left else None
        self._table = table or claims.create_table(model)
        self._keep = Keep()
        self._keep.put(self._table.take_descriptors())
        descriptors.raise_limit()
        self._signals = Signals(ignore_winch=orders.foreground and os.isatty(0))
        self._identity = privileges.look_up(self._first, PROGRAM)
        self._started_us = left.started_us if left else time.time_ns() // 1000
        self._workers = Workers(
            Means(
                table=self._table,
                identity=self._identity,
                started_us=self._started_us,
                foreground=orders.foreground,
                sockets_of=lambda gen: self._listeners.sockets(gen.model.listeners),
                let_go=self._let_go,
                run=orders.run_worker,
                clock_s=self._clock_s,
            ),
            journal.write,
        )
        self._monitor = MonitorSeat(
            self._table,
            self._identity,
            orders.run_monitor,
            lambda generation: self._let_go(generation, keep_sockets=False),
        )
        self._controller = ControllerSeat(
            self._table,
            self._identity,
            orders.run_controller,
            lambda generation: self._let_go(
                generation, keep_sockets=False, is_controller=True
            ),
            self._started_us,
        )
        self._adjusting = Adjusting(
            self._table,
            lambda level, text: journal.write(level, "core", text),
            self._in_words,
        )
        self._maps = MapSeats(
            lambda generation, seat: self._let_go(
                generation, keep_sockets=False, keeper=seat
            )
        )
        self._current: Generation | None = None
        self._next: Preparation | None = None
        self._last_number = -1
        self._reload_wanted = False
        self._undone: Generation | None = None  # of the last reload that was refused
        self._undone_by_s = 0.0
        self._stopping: Stopping | None = None
        self._drain_ends_s: float | None = None
        self._deaf_by_s = 0.0  # ... and by when nobody listens any more
        self._moments: list[float] = []  # monotonic; when something is to be done
        self._upgrade = Upgrade(orders.program, self._clock_s)
        self._estate = Estate(
            listeners=self._listeners,
            workers=self._workers,
            monitor=self._monitor,
            controller=self._controller,
            maps=self._maps,
            journal=journal,
            table=self._table,
            keep=self._keep,
            phrases=orders.phrases,
        )
        self._is_table_new = table is None
        if left is not None:
            self._take_over(left, model)

    # the story

    def run(self, model: Model) -> int:
        """Serve until told to end."""
        try:
            if self._orders.heirloom is not None:
                self._begin_as_next(self._orders.heirloom, model)
            else:
                self._start(model)
            while self.phase is not Phase.ENDED:
                self._turn_and_live()
        finally:
            self._end()
        return self._exit

    def _turn_and_live(self) -> None:
        """A turn; a fault of ours in it must not end the server."""
        try:
            self.turn()
        except StartError:
            raise
        except Exception:
            if self.phase is Phase.STARTING:
                raise
            self._journal.write(
                "crit", "core", f"FB0610: {traceback.format_exc().rstrip()}"
            )
            time.sleep(FAULT_PAUSE_S)

    def turn(self) -> None:
        """Sleep until something happens, and answer it."""
        asks = self._controller.pipes() if self._is_watched() else []
        pipes = [*self._workers.pipes(), *asks]
        for pipe in self._signals.wait(pipes, self._wait_s()):
            if pipe in asks:
                self._hear_controller()
            else:
                self._workers.hear(pipe)
        for command in self._signals.take():
            self._obey(command)
        for death in reap.reap():
            self._bury(death)
        self._advance()

    def _start(self, model: Model) -> None:
        if not model.listeners:
            raise StartError(
                Exit.REFUSED,
                "no listening sockets available, shutting down\n"
                "AH00015: Unable to open logs\n"
                "    write a Listen line, such as Listen 8080",
            )
        self._adjusting.recall(self._first.pid_file)
        self._prepare(self._adjusting.put_on(model))
        self._pid_fd = pidfile.write(
            self._first.pid_file,
            os.getpid(),
            lambda text: self._journal.write("warn", "core", text),
        )
        self._open_doors()
        self._tell(pid=os.getpid())
        self._call_the_roll()
        self._advance()

    def _open_doors(self) -> None:
        for text in self._controller.listen(
            self._first.pid_file, self._first.control_socket
        ):
            self._journal.write("error", "core", f"FB0641: {text}")

    def _end(self) -> None:
        """Leave nothing behind, whatever happened."""
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._listeners.close_every()
        for generation in self._workers.generations:
            generation.logs.close()
        self._journal.close()
        self._journal.farewells.wait()
        self._leave_pid_file()
        self._keep.close()
        self._signals.close()

    # signals

    def _obey(self, command: Command) -> None:
        if self.phase in (Phase.STOPPING, Phase.ENDED):
            return
        if command is Command.TELL:
            self._told += 1
            self._call_the_roll()
        elif command is Command.RELOAD:
            if self.phase in (Phase.STARTING, Phase.SERVING):
                self._journal.write(
                    "notice",
                    "mpm_fastlb",
                    "AH00171: Graceful restart requested, doing restart",
                )
                self._reload_wanted = True
                self._tell(asked=self._account.asked + 1, asked_for=account.RELOAD)
        elif command is Command.UPGRADE:
            if self.phase is Phase.SERVING:
                self._journal.write("notice", "core", "FB0620: upgrade requested")
                self._upgrade.is_wanted = True
                self._tell(asked=self._account.asked + 1, asked_for=account.UPGRADE)
        elif command is Command.STOP or self._current is None:
            self._journal.write(
                "notice", "mpm_fastlb", "AH00169: caught SIGTERM, shutting down"
            )
            self._stop()
        elif self.phase is not Phase.DRAINING:
            self._journal.write(
                "notice",
                "mpm_fastlb",
                "AH00170: caught SIGWINCH, shutting down gracefully",
            )
            self._drain_and_stop(self._current.model)

    def _stop(self) -> None:
        self.phase = Phase.STOPPING
        self._next = None
        self._listeners.close_every()
        self._orders.notifier.stopping("ends every connection")
        self._stopping = Stopping(self._clock_s())

    def _drain_and_stop(self, model: Model) -> None:
        self.phase = Phase.DRAINING
        self._next = None
        self._listeners.close_every()
        self._orders.notifier.stopping("finishes what it has, and takes nothing new")
        self._deaf_by_s = self._clock_s() + DEAF_S
        limit_s = model.process.graceful_shutdown_timeout_s
        self._drain_ends_s = self._clock_s() + limit_s if limit_s else None
        for generation in self._workers.generations:
            self._workers.drain(generation)

    # one generation after the other

    def _prepare(self, model: Model) -> None:
        """Take every step up to the fork of a new generation's workers."""
        self._last_number += 1
        self._next = Preparation(
            model,
            self._last_number,
            listeners=self._listeners,
            table=self._table,
            journal=self._journal,
            certificates=self._certificates,
            identity=self._identity,
            is_adjusted=self._adjusting.waiting is not None,
        )
        generation = self._next.take(self._current)
        self._next.deadline_s = self._clock_s() + DEADLINE_S
        self._workers.generations.append(generation)
        spawn.freeze()

    def _begin_reload(self) -> None:
        """The steps of a reload that need no waiting."""
        self._reload_wanted = False
        self._reading = self._account.asked
        self._orders.notifier.reloading(self._clock_s())
        spawn.thaw()
        try:
            model = self._orders.load()
        except StartError as error:
            self._refuse("reading the configuration", str(error))
            return
        except Exception:
            # Whatever a file can provoke: the server that runs is worth more.
            self._refuse("reading the configuration", traceback.format_exc())
            return
        for text in settings_that_stay(self._first, model.process):
            self._journal.write("warn", "core", text)
        self._prepare_or_fail(self._adjusting.put_on(model))

    def _prepare_or_fail(self, model: Model) -> None:
        try:
            self._prepare(model)
        except Exception as error:
            self._fail_next(why_not(error))

    def _hear_controller(self) -> None:
        if self._controller.is_awaited and self._current is not None:
            self._controller.begin(self._current, self._clock_s())
            return
        for refused in self._adjusting.queue(self._controller.hear()):
            self._controller.tell(*refused, self._controller.number)

    def _adjust(self, current: Generation) -> None:
        """Do the next of what operators have asked for."""
        done = self._adjusting.act(current, self._controller.number)
        if isinstance(done, Model):
            spawn.thaw()
            self._prepare_or_fail(done)
        else:
            self._controller.tell(*done, self._controller.number)

    def _look_at_next(self, following: Preparation) -> None:
        """Commit the next generation when all of it accepts; give up in time."""
        if following.generation is None:
            return
        if following.generation.is_serving():
            try:
                self._commit(following.generation)
            except Exception as error:
                if self._next is not following:  # it is in force
                    raise
                self._fail_next(why_not(error))
        elif self._clock_s() > following.deadline_s:
            self._fail_next(
                StartError(
                    Exit.CANNOT_SERVE,
                    f"workers do not accept within {DEADLINE_S:.0f}s",
                )
            )

    def _commit(self, generation: Generation) -> None:
        """From here on the new generation is the server; the old one drains."""
        before = self._current
        is_upgrade = before is not None and before.is_inherited
        known = before if before is not None and not is_upgrade else None
        found = changes(known.model, generation.model) if known else None
        fresh = renewed(before.contexts if before else None, generation.contexts)
        self._current, self._next = generation, None
        is_adjusted = self._adjusting.waiting is not None
        self._adjusting.commit()
        if is_adjusted:
            self._controller.tell(*self._adjusting.done(generation))
        for other in self._workers.generations:
            if other is not generation:
                self._workers.drain(other)
        self._listeners.keep_only(generation.model.listeners)
        self._monitor.replace(self._clock_s())
        self._controller.replace(self._clock_s())
        self._journal.follow(generation.model, generation.logs)
        for other in self._workers.generations:
            if other is not generation:
                other.step_back(generation)
        self._journal.write(
            "notice",
            "mpm_fastlb",
            f"AH00163: {generation.model.vhosts[0].server_tokens} configured -- "
            "resuming normal operations",
        )
        self._journal.write(
            "notice", "core", f"AH00094: Command line: '{self._orders.command_line}'"
        )
        parts = descriptors_of(generation.model, generation.logs)
        self._journal.write(
            "notice", "mpm_fastlb", f"FB0601: {parts.text(len(generation.seats))}"
        )
        if found is not None:
            said = log_line(found)
            self._journal.write("notice", "core", f"FB0604: reloaded: {said}")
            self._notify(f"{serving(generation)}; reloaded: {said}")
            if not is_adjusted:
                self._answer(account.RELOAD, is_sound=True, text=said)
            for name in fresh:
                self._journal.write(
                    "notice", "ssl", f"FB0605: {name}: new certificates"
                )
        elif is_upgrade and self._orders.heirloom is not None:
            said = (
                f"{self._orders.heirloom.version} -> {VERSION}, {serving(generation)}"
            )
            self._journal.write("notice", "core", f"FB0621: upgraded: {said}")
            self._notify(f"{serving(generation)}; upgraded: {said}")
            self._answer(account.UPGRADE, is_sound=True, text=said)
            self._orders.started()
        else:
            self._table.note_reload(True, time.time_ns() // 1000)
            self.phase = Phase.SERVING
            self._notify(serving(generation))
            self._orders.started()

    def _fail_next(self, error: StartError) -> None:
        """Everything as before. At the first start there is no before: StartError."""
        following = self._next
        assert following is not None
        self._next = None
        step = following.step
        if following.generation is not None:
            self._workers.abort(following.generation)
            self._undone = following.generation
            self._undone_by_s = self._clock_s() + UNDONE_S
        try:
            following.give_back(self._current)
        finally:
            if self._adjusting.waiting is not None:
                why = f"refused while {step}: {error}"
                self._controller.tell(*self._adjusting.failed(why))
            elif self._current is not None:
                self._refuse(step, str(error))
        if self._current is None:
            raise error

    def _is_undone(self) -> bool:
        """Are the workers of a refused reload gone? Until then they listen where only
        it did, and the next one could not bind there."""
        return (
            self._undone is None
            or not self._undone.workers()
            or self._clock_s() >= self._undone_by_s
        )

    # what systemd and -k hear

    def _notify(self, status: str) -> None:
        """Before whoever launched us or asks by -k sees an end of it."""
        self._orders.notifier.ready(os.getpid(), status)

    def _tell(self, **changes: Any) -> None:
        self._account = replace(self._account, **changes)
        if self._pid_fd is not None:
            account.write(self._first.pid_file, self._account)

    def _in_words(self) -> dict[str, Any]:
        """The account, for the controller."""
        words = asdict(self._account)
        words["text"] = self._account.text[:ANSWER_TEXT_MAX]
        if self._current is not None:
            words["generation"] = self._current.number
        words["config_file"] = self._orders.config_file
        return {"account": words}

    def _call_the_roll(self) -> None:
        """Tell of the members of what is in force."""
        if self._pid_fd is not None:
            slots = self._current.member_slots if self._current else ()
            members = roll.members_of(self._table, slots)
            roll.write(self._first.pid_file, os.getpid(), self._told, members)

    def _answer(self, what: str, *, is_sound: bool, text: str) -> None:
        """The reload, or upgrade, that was read last is over."""
        assert self._current is not None
        self._table.note_reload(is_sound, time.time_ns() // 1000)
        self._tell(
            answered=max(self._account.answered, self._reading),
            generation=self._current.number,
            is_sound=is_sound,
            text=text,
            answered_for=what,
        )

    def _leave_pid_file(self) -> None:
        if self._pid_fd is not None:
            self._controller.close()
            account.remove(self._first.pid_file)
            roll.remove(self._first.pid_file)
            pidfile.remove(self._first.pid_file, self._pid_fd)
            self._pid_fd = None

    def _refuse(self, step: str, why: str, *, is_upgrade: bool = False) -> None:
        is_late = self._current is not None and self._current.is_inherited
        what = account.UPGRADE if is_upgrade or is_late else account.RELOAD
        self._notify(
            f"goes on as before: the {what} was refused while {step}: {why}",
        )
        self._answer(what, is_sound=False, text=f"refused while {step}: {why}")
        if is_late:
            said = (
                f"FB0622: upgrade refused while {step}; the workers of the program "
                f"before go on: {why}"
            )
        elif is_upgrade:
            said = (
                f"FB0622: upgrade refused while {step}; the server goes on as before: "
                f"{why}"
            )
        else:
            said = (
                f"FB0606: reload refused while {step}; the server goes on as before: "
                f"{why}"
            )
        self._journal.write("error", "core", said)

    # another program

    def _is_between(self) -> bool:
        """May this program be exchanged now?"""
        return self.phase is Phase.SERVING and self._next is None

    def _try_out(self) -> None:
        try:
            self._upgrade.try_out(self._heirloom(is_trial=True), self._account.asked)
        except OSError as error:
            self._reading = self._upgrade.reading
            self._refuse("executing the program", str(error), is_upgrade=True)

    def _follow(self, trial: Trial) -> None:
        """Do what it has shown to be right."""
        self._reading = self._upgrade.reading
        if trial.answer is None:
            self._refuse("trying the program", trial.said, is_upgrade=True)
            return
        if trial.said:
            self._journal.write(
                "warn", "core", f"FB0623: the program to come says:\n{trial.said}"
            )
        self._become_next()

    def _become_next(self) -> None:
        """This is the end of this program, unless the system refuses."""
        notifier = self._orders.notifier
        notifier.reloading(self._clock_s())
        # Without handlers a signal would end the next one before it has its own.
        mask = block_all()
        try:
            self._upgrade.become(
                self._heirloom(is_trial=False), notifier.environment(os.getpid())
            )
        except OSError as error:
            self._refuse("executing the program", str(error), is_upgrade=True)
        finally:
            restore(mask)

    def _heirloom(self, *, is_trial: bool) -> Heirloom:
        assert self._current is not None
        assert self._pid_fd is not None
        own = Standing(
            settings=self._first,
            started_us=self._started_us,
            account=self._account,
            told=self._told,
            last_number=self._last_number,
            pid_fd=self._pid_fd,
        )
        return self._estate.left(own, self._current, is_trial=is_trial)

    def _take_over(self, left: Heirloom, model: Model) -> None:
        """What another program has left, before anything of our own begins."""
        self._account = left.account
        self._reading = left.account.asked
        self._told = left.told
        self._last_number = left.last_number
        self._pid_fd = left.pid_fd
        self._current = self._estate.take(left, model, has_table=not self._is_table_new)
        if self._current is not None:
            self._journal.follow(model, self._current.logs)
        self.phase = Phase.SERVING
        restore(set())

    def _begin_as_next(self, left: Heirloom, model: Model) -> None:
        """A reload, but that nothing of the generation in force is ours."""
        self._tell()
        for text in settings_that_stay(self._first, model.process):
            self._journal.write("warn", "core", text)
        if self._is_table_new:
            self._journal.write(
                "warn",
                "core",
                "FB0624: the table of the program before is laid out otherwise: its "
                "members are as they stood, and what its workers count from now on is "
                "lost",
            )
        if not left.doors:
            self._open_doors()
        self._adjusting.recall(self._first.pid_file)
        try:
            self._prepare(self._adjusting.put_on(model))
            if self._is_table_new and self._next is not None:
                generation = self._next.generation
                assert generation is not None
                takeover.learn(self._table, generation.member_slots, left.members)
        except Exception as error:
            self._fail_next(why_not(error))
        self._advance()

    # deaths

    def _bury(self, death: Death) -> None:
        if self._upgrade.bury(death):
            return
        if death.pid == self._monitor.pid:
            self._monitor.bury(death, self._clock_s())
            if self.phase is Phase.SERVING and not death.is_orderly():
                self._journal.write("notice", "core", death.text("the monitor"))
            return
        if death.pid == self._controller.pid:
            self._controller.bury(death, self._clock_s())
            self._adjusting.forget_queue()
            if self.phase is Phase.SERVING and not death.is_orderly():
                self._journal.write("notice", "core", death.text("the controller"))
            return
        is_asked = self.phase in (Phase.STOPPING, Phase.DRAINING)
        if self._maps.bury(death, self._workers.generations, self._clock_s()):
            if self.phase is not Phase.STOPPING and not death.is_orderly():
                self._journal.write(
                    "notice", "core", death.text("the keeper of a map's program")
                )
            return
        generation = self._workers.bury(death, is_asked=is_asked)
        if generation is None:
            if self._journal.farewells.note_death(death.pid):
                return
            for other in self._workers.generations:
                if other.logs.programs.note_death(death.pid, death.status):
                    break
        elif self._next is not None and generation is self._next.generation:
            if death.is_fatal() or generation_is_hopeless(generation):
                self._fail_next(
                    StartError(
                        Exit.CANNOT_SERVE,
                        f"workers cannot start: {death.text('the worker')}",
                    )
                )
        elif generation is self._current and death.is_fatal():
            self._journal.write(
                "alert",
                "mpm_fastlb",
                f"AH00050: Child {death.pid} returned a Fatal error... "
                "Server is exiting!",
            )
            self._exit = Exit.CANNOT_SERVE
            if self.phase is Phase.SERVING:
                self._stop()

    # time

    def _advance(self) -> None:
        """What follows from where everything stands now."""
        self._retire()
        if self._next is not None:
            self._look_at_next(self._next)
        self._moments = []
        # After that: what was asked for meanwhile begins with the end of this one, and
        # nothing else would wake us for it.
        upgrade = self._upgrade
        if upgrade.tried is not None and self._is_between():
            self._follow(upgrade.verdict())
        if (
            self._reload_wanted
            and self._next is None
            and self._current is not None
            and not upgrade.is_under_way
        ):
            if self._is_undone():
                self._begin_reload()
            else:
                self._moments.append(self._undone_by_s)
        # Not while a reload waits: the upgrade's answer would be taken for its own.
        if (
            upgrade.is_wanted
            and not upgrade.is_under_way
            and not self._reload_wanted
            and self._is_between()
        ):
            self._try_out()
        while self._may_adjust():
            assert self._current is not None
            self._adjust(self._current)
        if self.phase is not Phase.STOPPING:
            for generation in self._workers.generations:
                self._moments += self._maps.fill(generation, self._clock_s())
        if self.phase in (Phase.STARTING, Phase.SERVING):
            for generation in self._in_force():
                self._moments += self._workers.fill(generation)
        if self._is_watched() and self._current is not None:
            self._monitor.fill(self._current, self._clock_s())
            self._controller.fill(self._clock_s())
        late_s = self._upgrade.act()
        if late_s is not None:
            self._moments.append(late_s)
        if self._current is not None and self.phase is Phase.SERVING:
            self._workers.bound_lone(self._current.model.process.max_tunnel_servers)
        now_s = self._clock_s()
        for generation in self._workers.generations:
            wait_s = generation.logs.programs.restart_due()
            if wait_s is not None:
                self._moments.append(now_s + wait_s)
        wait_s = self._journal.farewells.act()
        if wait_s is not None:
            self._moments.append(now_s + wait_s)
        due_s = self._orders.notifier.act(now_s)
        if due_s is not None:
            self._moments.append(due_s)
        if self.phase is Phase.DRAINING:
            self._look_at_drain()
        if self._stopping is not None:
            self._stopping.act(self._clock_s(), self._pids(), self._journal.write)
            if not self._pids() or self._stopping.is_over():
                self.phase = Phase.ENDED

    def _may_adjust(self) -> bool:
        """One thing after the other: what takes new workers waits for those before."""
        return (
            self._adjusting.is_asked()
            and self.phase is Phase.SERVING
            and self._next is None
            and not self._reload_wanted
            and self._is_undone()
        )

    def _look_at_drain(self) -> None:
        if self._pid_fd is not None and self._is_deaf():
            # As in httpd, another server may take the place while this one finishes:
            # its addresses are free, and the pid file names nobody.
            self._leave_pid_file()
        ends_s = self._drain_ends_s
        is_late = ends_s is not None and self._clock_s() >= ends_s
        if is_late or not self._workers.every():
            self._stop()

    def _is_deaf(self) -> bool:
        """No worker listens; one that does not say so in time is not waited for."""
        if self._clock_s() >= self._deaf_by_s:
            return True
        return all(worker.deaf for worker in self._workers.every())

    def _retire(self) -> None:
        """A generation ends with its last worker; its programs, when only tunnels are
        left."""
        for generation in list(self._workers.generations):
            if generation in self._in_force():
                continue
            if generation.workers():
                if all(worker.lone for worker in generation.workers()):
                    self._maps.end(generation)
                continue
            self._workers.generations.remove(generation)
            self._maps.end(generation)
            generation.logs.close()
            if self.phase in (Phase.STARTING, Phase.SERVING):
                self._table.release_generation(generation.number)

    def _wait_s(self) -> float | None:
        """Seconds until the next moment that matters; None: only events do."""
        now_s = self._clock_s()
        moments = list(self._moments)
        if self._is_watched():
            due = (self._monitor.due_s, self._controller.due_s)
            moments += [due_s for due_s in due if due_s is not None]
        if self._next is not None:
            moments.append(self._next.deadline_s)
        if self._drain_ends_s is not None and self.phase is Phase.DRAINING:
            moments.append(self._drain_ends_s)
        if self._pid_fd is not None and self.phase is Phase.DRAINING:
            moments.append(self._deaf_by_s)
        waits = [max(0.0, moment - now_s) for moment in moments]
        if self._stopping is not None:
            waits = [self._stopping.wait_s(now_s)]
        return min(waits, default=None)

    # who there is

    def _is_watched(self) -> bool:
        """Is there to be a monitor? Of another program's settings we know nothing."""
        return (
            self.phase is Phase.SERVING
            and self._current is not None
            and not self._current.is_inherited
        )

    def _in_force(self) -> list[Generation]:
        """The generations whose seats are kept filled."""
        following = self._next.generation if self._next is not None else None
        return [gen for gen in (self._current, following) if gen is not None]

    def _pids(self) -> list[int]:
        pids = [worker.pid for worker in self._workers.every()]
        pids += self._maps.pids(self._workers.generations)
        others = (self._monitor.pid, self._controller.pid, self._upgrade.pid)
        return [*pids, *(pid for pid in others if pid is not None)]

    # in a forked process

    def _let_go(
        self,
        generation: Generation,
        *,
        keep_sockets: bool = True,
        keeper: MapSeat | None = None,
        is_controller: bool = False,
    ) -> None:
        """Close what a worker (or the monitor, or a keeper) of this generation must not
        hold.

        A listening socket that nobody in this process accepts from would keep a
        closed address open and let connections wait in it for ever.
        """
        self._orders.let_go()
        self._signals.close_pipes()
        if not is_controller:
            self._controller.close_in_fork()
        if self._pid_fd is not None:
            os.close(self._pid_fd)
        if not self._orders.foreground:
            send_stderr_to(generation.logs.error_fds[0])
        for pipe in self._workers.pipes():
            os.close(pipe)
        own = self._listeners.sockets(generation.model.listeners)
        for sock in self._listeners.every():
            if not keep_sockets or sock not in own:
                sock.close()
        generation.logs.programs.let_go()
        for other in self._workers.generations:
            for seat in other.map_seats:
                # A door that somebody holds keeps a keeper waiting for questions.
                if other is not generation or not keep_sockets:
                    seat.close_doors()
                if seat is not keeper:
                    seat.close_halls()
            if other is not generation:
                other.logs.close()


def why_not(error: Exception) -> StartError:
    """What the operator reads. Of a fault of ours, where it is: the server that runs is
    worth more than a reload."""
    if isinstance(error, StartError):
        return error
    if isinstance(error, OSError):
        return StartError(Exit.CANNOT_SERVE, str(error))
    told = "".join(traceback.format_exception(error)).rstrip()
    return StartError(Exit.CANNOT_SERVE, told)


def serving(generation: Generation) -> str:
    """What there is of it, in words."""
    model = generation.model
    counts = (
        (len(model.vhosts), "host"),
        (len(model.written_members), "member"),
        (len(generation.seats), "worker"),
    )
    told = (f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts)
    return f"serves {', '.join(told)}"


def generation_is_hopeless(generation: Generation) -> bool:
    """True when a worker died at once again and again before it ever accepted."""
    return any(seat.back_off.deaths_at_once >= 3 for seat in generation.seats)
