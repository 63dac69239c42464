"""A program that is to take the place of another one is tried beside it first.

It takes the steps of a start up to a worker that accepts, with addresses, logs and a
table of its own: what is wrong with it, or with its configuration, is found while the
old one serves. Programs of logs and maps are not started, and no name is looked up.

What is tried is what will be executed only while its files stay as they are, so the
answer names them: whoever replaces a package meanwhile is told to ask again.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass

from fastlb.base.version import VERSION
from fastlb.facts.server import Model
from fastlb.logs.error import error_targets
from fastlb.logs.files import OpenLogs
from fastlb.logs.piped import PipedLoggers
from fastlb.master import claims, listeners, map_seats, privileges, reap, takeover
from fastlb.master.certificates import Certificates
from fastlb.master.errors import Exit, StartError
from fastlb.master.generation import Generation, Seat
from fastlb.master.heirloom import Heirloom
from fastlb.master.workers import Means, Workers
from fastlb.tls import stamps
from fastlb.tls.stamps import Stamps
from fastlb.worker.heritage import Heritage

PROGRAM = "fastlb"
ACCEPT_S = 30.0  # for the worker
ANSWER = "FASTLB-REHEARSAL "  # begins the last line


@dataclass(frozen=True, slots=True)
class Answer:
    """files: of the modules that were read."""

    version: str
    files: Stamps = ()


def run(model: Model, heirloom: Heirloom, run_worker: Callable[[Heritage], int]) -> int:
    """The exit code; what went wrong is on stderr, the answer on stdout."""
    read_before = module_files()
    try:
        rehearse(model, heirloom, run_worker)
        changed = first_changed(read_before)
        if changed:
            raise StartError(Exit.CANNOT_SERVE, f"{changed} has changed meanwhile")
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return error.code
    answer = Answer(VERSION, module_files())
    sys.stdout.write(f"{ANSWER}{json.dumps(asdict(answer))}\n")
    sys.stdout.flush()
    return Exit.DONE


def answer_of(said: str) -> tuple[Answer | None, str]:
    """None: there is none; and what was said beside."""
    before, found, text = said.rpartition(ANSWER)
    if not found:
        return None, said
    try:
        words = json.loads(text)
        files = tuple(
            (str(path), int(changed_ns), int(size), int(inode))
            for path, changed_ns, size, inode in words.get("files", ())
        )
        return Answer(str(words["version"]), files), before
    except (ValueError, TypeError, KeyError, AttributeError):
        return None, said


def module_files() -> Stamps:
    """Of everything that this process has imported from a file."""
    files = {getattr(one, "__file__", None) for one in [*sys.modules.values()]}
    there = {file for file in files if isinstance(file, str) and os.path.isfile(file)}
    return stamps.of_paths(sorted(there))


def first_changed(files: Stamps) -> str:
    """The path of one that is another file by now, or none; "": all are the same."""
    return next((one[0] for one in files if stamps.of_file(one[0]) != one), "")


def rehearse(
    model: Model, heirloom: Heirloom, run_worker: Callable[[Heritage], int]
) -> None:
    """StartError where a start would fail."""
    settings = takeover.first_settings(model.process, heirloom)
    identity = privileges.look_up(settings, PROGRAM)
    phrases = takeover.phrases_of(heirloom)
    _bind_new(model, heirloom)
    table = claims.create_table(model)
    member_slots, balancer_slots = claims.claim(table, model, 0)
    contexts = Certificates(phrases).read(model, None)
    generation = Generation(
        number=0,
        model=model,
        member_slots=member_slots,
        balancer_slots=balancer_slots,
        logs=_logs(model),
        seats=(Seat(0),),
        contexts=contexts,
        tls=Certificates.handles(contexts),
        map_seats=map_seats.seats_of(model, identity, PROGRAM),
    )
    with ExitStack() as stack:
        doors = tuple(stack.enter_context(_own_door()) for _ in model.listeners)
        workers = Workers(
            Means(
                table=table,
                identity=identity,
                started_us=heirloom.started_us,
                foreground=True,
                sockets_of=lambda _: doors,
                let_go=lambda _: None,
                run=run_worker,
                clock_s=time.monotonic,
            ),
            lambda _level, _module, text: print(text, file=sys.stderr),
        )
        workers.generations.append(generation)
        workers.fill(generation)
        _wait(workers, generation)


def _bind_new(model: Model, heirloom: Heirloom) -> None:
    """What is not open yet can be bound."""
    known = {(one.host, one.port) for one in heirloom.sockets}
    for listener in model.listeners:
        address = (listener.host, listener.port)
        if address not in known:
            known.add(address)
            listeners.bind(listener, model.process).close()


def _own_door() -> socket.socket:
    """A listening socket that nobody knows."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    made.bind("")  # the system finds a name for it
    made.listen(1)
    return made


def _logs(model: Model) -> OpenLogs:
    """Access logs that keep nothing, error logs that are what we say."""
    return OpenLogs(
        tuple(os.open(os.devnull, os.O_WRONLY) for _ in model.log_targets),
        tuple(os.dup(2) for _ in error_targets(model)),
        PipedLoggers(lambda *_: None),
    )


def _wait(workers: Workers, generation: Generation) -> None:
    worker = generation.seats[0].holder
    if worker is None:
        raise StartError(Exit.CANNOT_SERVE, "no worker can be forked")
    poll = select.poll()
    poll.register(worker.pipe, select.POLLIN)
    ends_s = time.monotonic() + ACCEPT_S
    while not worker.ready and not worker.silent:
        left_s = ends_s - time.monotonic()
        if left_s <= 0 or not poll.poll(left_s * 1000):
            break
        workers.hear(worker.pipe)
    if not worker.silent:
        os.kill(worker.pid, signal.SIGKILL)
    _, status = os.waitpid(worker.pid, 0)
    if worker.silent and not worker.ready:
        death = reap.from_status(worker.pid, status)
        raise StartError(
            Exit.CANNOT_SERVE, f"workers cannot start: {death.text('the worker')}"
        )
    if not worker.ready:
        raise StartError(
            Exit.CANNOT_SERVE, f"a worker does not accept within {ACCEPT_S:.0f}s"
        )
