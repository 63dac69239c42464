"""From a sound model to a running server, in this process or behind it.

What the processes of a server run is loaded here, before any is forked: the files may
be another version's by the time that one begins.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace

from fastlb.base.errors import Severity, render
from fastlb.cli.detach import detach
from fastlb.cli.options import Options
from fastlb.cli.phrases import phrases_for
from fastlb.controller import controller
from fastlb.facts.server import Model
from fastlb.master import (
    handed,
    map_seats,
    notify,
    privileges,
    rehearsal,
    takeover,
)
from fastlb.master.errors import Exit, StartError
from fastlb.master.heirloom import Heirloom
from fastlb.master.journal import Journal
from fastlb.master.loading import Source, load
from fastlb.master.master import PROGRAM, Master, Orders
from fastlb.master.program import Program
from fastlb.monitor import monitor
from fastlb.worker import worker

# What httpd says behind the sentence about the address.
NO_SOCKETS = """\
no listening sockets available, shutting down
AH00015: Unable to open logs
"""


def serve(
    model: Model,
    source: Source,
    options: Options,
    command_line: str,
    greet: Callable[[], None] | None = None,
    *,
    program: Program | None = None,
    heirloom: Heirloom | None = None,
) -> int:
    """Start and serve; the exit code. In the background the caller's process ends.

    greet is called once, when the server accepts. What fails before that is told on
    stderr. Whoever only launched the server gets Apache's exit codes, 0 or 1.
    program, heirloom: see Orders; one of a trial is only tried.
    """
    if heirloom is not None and heirloom.is_trial:
        return rehearsal.run(apply_options(model, options), heirloom, worker.run)
    try:
        phrases = takeover.phrases_of(heirloom) if heirloom else phrases_for(model)
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return error.code
    # Both are told the process that was called, which may launch another.
    notifier = notify.from_environment(os.environ, os.getpid())
    sockets = handed.from_environment(os.environ, os.getpid())
    is_detached = not options.is_foreground
    launcher = detach() if is_detached and heirloom is None else None
    journal = Journal()

    def started() -> None:
        if greet is not None:
            greet()
        if is_detached:
            journal.take_stderr()
        if launcher is not None:
            launcher.tell(Exit.DONE)

    def let_go() -> None:
        if launcher is not None:
            launcher.let_go()

    def again() -> Model:
        return apply_options(read_again(source, journal), options)

    orders = Orders(
        load=again,
        started=started,
        let_go=let_go,
        command_line=command_line,
        config_file=source.config_file,
        foreground=options.is_foreground,
        run_worker=worker.run,
        run_monitor=monitor.run,
        run_controller=controller.run,
        phrases=phrases,
        notifier=notifier,
        handed=sockets,
        program=program,
        heirloom=heirloom,
    )
    model = apply_options(model, options)
    try:
        return Master(model, orders, journal).run(model)
    except StartError as error:
        tail = NO_SOCKETS if error.code is Exit.CANNOT_BIND else ""
        sys.stderr.write(f"{error}\n{tail}")
        sys.stderr.flush()
        if launcher is not None:
            launcher.tell(Exit.REFUSED)
        return error.code


def apply_options(model: Model, options: Options) -> Model:
    """The model as the command line bends it: -X means one worker."""
    if not options.is_one_process:
        return model
    return replace(model, process=replace(model.process, start_servers=1))


def read_again(source: Source, journal: Journal) -> Model:
    """Read the configuration again; warnings go to the log, errors are StartError."""
    loaded = load(source)
    if loaded.model is None:
        raise StartError(Exit.REFUSED, render(loaded.diagnostics).rstrip("\n"))
    # What a start would refuse is no configuration to go on with.
    identity = privileges.look_up(loaded.model.process, PROGRAM)
    map_seats.look_up(loaded.model, identity, PROGRAM)
    warnings = [d for d in loaded.diagnostics if d.severity is Severity.WARNING]
    if warnings:
        told = render(warnings).rstrip("\n")
        journal.write("warn", "core", f"FB0614: the new configuration:\n{told}")
    return loaded.model
