"""Forking: what happens between one process and two.

Every signal is held back over the fork, so that none of the master's handlers runs
in the new process, and none meant for it is lost. The new process closes what is the
master's alone, gives up privileges, and never returns from here.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from fastlb._core import fill_holes, free_holes
from fastlb.base import memory
from fastlb.master import privileges, signals
from fastlb.master.privileges import Identity
from fastlb.master.reap import EXIT_FATAL

EXIT_FAILED = 1

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
_LIBC = ctypes.CDLL(None, use_errno=True)


def freeze() -> None:
    """Before a generation is forked: put all that exists out of the collector's reach.

    A collection in a worker would otherwise write to every object's header and so
    copy the pages that all processes share. Nor is what was frozen before looked at
    again: that would take the master's pages from the older generations. And what the
    new processes make is kept out of the gaps between objects that they share.
    """
    gc.collect()
    memory.trim()
    gc.freeze()
    fill_holes()


def thaw() -> None:
    """Before another configuration is read: the master needs what is free itself."""
    free_holes()


def fork(
    name: str,
    body: Callable[[], int],
    *,
    let_go: Callable[[], None],
    identity: Identity | None,
) -> int:
    """Run body in a new process; its pid. body's result is the exit code.

    name      as ps shows it, 15 bytes at most
    let_go    closes, in the new process, what only the master may hold
    identity  whom the process becomes before body; None: stays what it is
    """
    sys.stdout.flush()
    sys.stderr.flush()
    mask = signals.block_all()
    master_pid = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        signals.restore(mask)
        raise
    if pid == 0:
        _run_forked(name, body, let_go, identity, master_pid)
    signals.restore(mask)
    return pid


def _run_forked(
    name: str,
    body: Callable[[], int],
    let_go: Callable[[], None],
    identity: Identity | None,
    master_pid: int,
) -> NoReturn:
    """Never returns. Signals stay blocked: body unblocks them when it can answer."""
    code = EXIT_FATAL
    try:
        signals.forget_after_fork()
        let_go()
        if identity is not None:
            privileges.take_on(identity)
        _LIBC.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)
        # Set after the change of user, which clears it. A worker whose master is
        # gone drains: it frees the port and finishes what it has.
        _LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGUSR1), 0, 0, 0)
        if os.getppid() == master_pid:
            code = EXIT_FAILED
            code = body()
    except BaseException:  # nothing may climb into the master's frames
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
