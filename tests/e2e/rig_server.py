"""A process that forks workers for tests: one worker a test, ready in milliseconds.

    python rig_server.py SOCKET

Each connection to SOCKET is one worker. The test sends one line of JSON, the worker's
configuration file, and gets one line back when it accepts. After that a line is a
command, answered by a line; the end of the connection ends the worker. What a worker
says before it goes is "bye": a connection that ends without it has lost its worker.

The worker is the real one (fastlb.worker) with its loop; only the master is missing,
so that a test can ask the core for its counters and hold a debugger to one process.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import sys
import time
from typing import Any

import uvloop

from fastlb._core import Core
from fastlb._pcre2 import compiled_count
from fastlb.config.registry import collect
from fastlb.controller import controller
from fastlb.controller.heritage import ControllerHeritage
from fastlb.facts.controller import abstract_name, adopt_pages_path, pages_path
from fastlb.logs import files
from fastlb.master import claims
from fastlb.master.certificates import Certificates
from fastlb.master.listeners import bind
from fastlb.master.loading import Source, load
from fastlb.monitor import stapling  # noqa: F401 - what a worker with TLS needs is
from fastlb.tls import contexts, facts, variables  # noqa: F401 - loaded before the fork
from fastlb.tls.pass_phrases import PassPhrases
from fastlb.worker import services as services_of_worker
from fastlb.worker.heritage import Heritage
from fastlb.worker.services import WorkerServices
from fastlb.worker.worker import Worker, core_of

GENERATION = 1
SAY_DEADLINE_S = 30.0


def reap(*_: object) -> None:
    """Write down how workers ended: one that is lost says no word itself."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            code = os.waitstatus_to_exitcode(ended[1])
            with open(sys.argv[1] + ".ended", "a") as told:
                told.write(f"{ended[0]} {code}\n")


def main() -> None:
    signal.signal(signal.SIGCHLD, reap)
    collect()  # made before the fork
    with socket.socket(socket.AF_UNIX) as listening:
        # Its name is there only when it listens.
        listening.bind(sys.argv[1] + ".new")
        listening.listen(64)
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        while True:
            control, _ = listening.accept()
            with control:
                if os.fork() == 0:
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    listening.close()
                    run_worker(control)
                    os._exit(0)


def run_worker(control: socket.socket) -> None:
    # The event loop makes it a socket that never waits; with a time it takes answers of
    # any length.
    control.settimeout(SAY_DEADLINE_S)
    order = json.loads(control.makefile("rb").readline())
    errors = os.open(order["stderr"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(errors, 2)
    adopt_pages_path(f"/fastlb-rig-{os.getpid()}-{secrets.token_hex(8)}")
    loaded = load(Source(order["conf"], order["folder"], (), (), (), {}))
    if loaded.model is None:
        complaints = "\n".join(str(one) for one in loaded.diagnostics)
        control.sendall(json.dumps({"refused": complaints}).encode() + b"\n")
        return
    model = loaded.model
    compiled = compiled_count()
    certificates = Certificates(PassPhrases(None))
    table = claims.create_table(model)
    member_slots, balancer_slots = claims.claim(table, model, GENERATION)
    for member, slot in zip(model.members, member_slots, strict=True):
        if member.unix_path is None:
            table.set_addresses(slot, [(member.peer_host, member.peer_port)])
    logs = files.open_logs(model, lambda *_: None)
    made = certificates.read(model, None)
    heritage = Heritage(
        number=0,
        generation=GENERATION,
        slot=table.claim_worker(os.getpid(), GENERATION, 0),
        model=model,
        table=table,
        member_slots=member_slots,
        balancer_slots=balancer_slots,
        sockets=tuple(bind(one, model.process) for one in model.listeners),
        log_fds=logs.access_fds,
        error_fds=logs.error_fds,
        ready_fd=os.open(os.devnull, os.O_WRONLY),
        started_us=time.time_ns() // 1000,
        foreground=True,
        tls=certificates.handles(made),
    )
    lines: list[socket.socket] = []  # to the controller, which ends with this process
    if any(member.is_controller for member in model.members):
        lines.append(begin_controller(heritage))
    if order["names"]:
        stand_in_for_names(order["names"])
    loop = uvloop.new_event_loop()
    services = WorkerServices(heritage)
    core = core_of(heritage, services)
    worker = Worker(heritage, loop, core, services)
    loop.add_reader(
        control.fileno(),
        lambda: obey(control, loop.stop, core, heritage, worker, compiled),
    )
    loop.call_soon(say, control, {"pid": os.getpid()})
    worker.serve()
    say(control, {"bye": True})


def begin_controller(heritage: Heritage) -> socket.socket:
    """Who answers pages; it ends when nobody has what is returned."""
    pages = socket.socket(socket.AF_UNIX)
    pages.bind(abstract_name(pages_path()))
    pages.listen()
    pages.setblocking(False)
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        for sock in heritage.sockets:
            sock.close()
        controller.run(
            ControllerHeritage(
                model=heritage.model,
                table=heritage.table,
                generation=heritage.generation,
                member_slots=heritage.member_slots,
                balancer_slots=heritage.balancer_slots,
                error_fds=heritage.error_fds,
                started_us=heritage.started_us,
                secret=bytes(32),
                pages=pages,
                control=None,
                line=its,
            )
        )
    pages.close()
    its.close()
    return ours


def stand_in_for_names(names: dict[str, str | None]) -> None:
    def name_of(client: str, both_ways: bool) -> str:
        name = names[client]
        while name is None:
            time.sleep(1)
        return name

    services_of_worker.name_of = name_of


def say(control: socket.socket, what: dict[str, Any]) -> None:
    control.sendall(json.dumps(what).encode() + b"\n")


def obey(  # noqa: PLR0917 - what commands may ask of
    control: socket.socket,
    stop: Any,
    core: Core,
    heritage: Heritage,
    worker: Worker,
    compiled: int,
) -> None:
    word = control.recv(64).strip()
    table = heritage.table
    if word == b"look":
        (slot,) = table.snapshot_workers()
        say(
            control,
            {
                "counts": core.counts(),
                "members": [table.snapshot_member(n) for n in heritage.member_slots],
                "worker": slot,
                "totals": table.totals(),
                "patterns compiled": compiled_count() - compiled,
            },
        )
    elif word == b"drain":
        worker._begin_drain()
        say(control, {})
    else:
        stop()


main()
