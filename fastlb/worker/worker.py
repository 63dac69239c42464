"""A worker's life: make the core, accept, drain when told, leave.

The process runs one uvloop. The core keeps the data path's sockets in an epoll set of
its own; the loop watches only that set's descriptor, so that an event costs the loop
nothing. Everything a worker uses came in its heritage.

    TERM, HUP   end at once                      USR1   drain: take nothing new,
    (the master's death sends USR1)                     finish what there is, end
"""

from __future__ import annotations

import asyncio
import gc
import signal
import traceback
from collections.abc import Callable
from typing import Any

import uvloop

from fastlb._core import Core
from fastlb.base import descriptors, memory
from fastlb.worker.drain import Drain
from fastlb.worker.heritage import MESSAGE_DEAF, MESSAGE_READY, Heritage
from fastlb.worker.recycle import Recycling, with_jitter
from fastlb.worker.services import WorkerServices

TICK_S = 0.1
EXIT_DONE = 0
EXIT_FATAL = 0xF  # the core refuses this model: a successor would fail as well
GC_THRESHOLD = 50_000  # the data path makes no cycles; pages and log lines make few


def run(
    heritage: Heritage,
    make_core: Callable[[Heritage, WorkerServices], Core] | None = None,
) -> int:
    """The body of a worker's process; its exit code. Signals come in blocked."""
    gc.set_threshold(GC_THRESHOLD)
    loop = uvloop.new_event_loop()
    memory.forget_zeros(loop)
    asyncio.set_event_loop(loop)
    services = WorkerServices(heritage)
    try:
        core = (make_core or core_of)(heritage, services)
    except Exception:
        text = traceback.format_exc()
        services.log("emerg", "core", 0, "", 0, f"FB0501: worker cannot start: {text}")
        return EXIT_FATAL
    worker = Worker(heritage, loop, core, services, may_go_alone=True)
    ends_us = worker.serve()
    if ends_us is not None:
        # The loop has a buffer of 256 KiB. Its last reference goes here; a collection
        # would find it too, but write to more memory than that.
        services.detach()
        loop.set_exception_handler(None)
        loop.close()
        asyncio.set_event_loop(None)
        del worker, loop
        core.go_on_alone(heritage.ready_fd, ends_us)
    return EXIT_DONE


def core_of(heritage: Heritage, services: WorkerServices) -> Core:
    """The core for this heritage, not accepting yet."""
    core = Core(
        with_jitter(heritage.model),
        heritage.table,
        heritage.slot,
        heritage.member_slots,
        heritage.balancer_slots,
        [sock.fileno() for sock in heritage.sockets],
        heritage.log_fds,
        services,
        heritage.tls,
    )
    parts = descriptors.divide(
        descriptors.limit(),
        len(heritage.sockets),
        len(heritage.log_fds) + len(heritage.error_fds),
        len(heritage.map_doors),
    )
    core.share_descriptors(parts.clients, parts.members, parts.pipes)
    return core


class Worker:
    """Joins loop, core and the master's wishes."""

    def __init__(
        self,
        heritage: Heritage,
        loop: asyncio.AbstractEventLoop,
        core: Core,
        services: WorkerServices,
        *,
        may_go_alone: bool = False,
    ) -> None:
        self._heritage = heritage
        self._loop = loop
        self._core = core
        self._services = services
        self._again = False  # a call of on_ready is already on the loop's list
        process = heritage.model.process
        self._drain = Drain(
            loop,
            core,
            process.graceful_shutdown_timeout_s,
            may_go_alone=may_go_alone,
        )
        services.attach(core, self._drain, Recycling(loop, heritage.ready_fd))

    def serve(self) -> int | None:
        """Until drained or told to end.

        Where only tunnels are left: when they are to end (Drain.ends_us).
        """
        loop = self._loop
        loop.set_exception_handler(self._on_fault)
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, loop.stop)
        loop.add_signal_handler(signal.SIGUSR1, self._begin_drain)
        loop.add_reader(self._core.fd, self._on_ready)
        loop.call_later(TICK_S, self._on_tick)
        loop.call_soon(self._begin)
        loop.run_forever()
        # Closing the loop first would leave it watching a descriptor that is gone.
        loop.remove_reader(self._core.fd)
        if self._drain.is_lone:
            return self._drain.ends_us
        self._core.abort()
        return None

    def _begin(self) -> None:
        """In the running loop: only now can a signal be answered."""
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if self._drain.began:
            return
        self._core.accept()
        self._heritage.table.set_worker_state(self._heritage.slot, "_")
        Recycling.tell(self._loop, self._heritage.ready_fd, MESSAGE_READY)

    def _begin_drain(self) -> None:
        self._heritage.table.set_worker_state(self._heritage.slot, "G")
        self._drain.begin()
        # The master keeps what is still listened to. What is not must be closed by
        # all, or clients would connect and wait for nobody.
        for sock in self._heritage.sockets:
            sock.close()
        Recycling.tell(self._loop, self._heritage.ready_fd, MESSAGE_DEAF)

    def _on_ready(self) -> None:
        if self._core.on_ready():
            # More is waiting than one turn may take: let timers and signals run first.
            self._go_on_soon()

    def _go_on_soon(self) -> None:
        if not self._again:
            self._again = True
            self._loop.call_soon(self._on_ready_again)

    def _on_ready_again(self) -> None:
        self._again = False
        self._on_ready()

    def _on_fault(
        self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]
    ) -> None:
        """Something that nobody caught; the worker goes on."""
        fault = context.get("exception")
        text = context.get("message", "")
        if fault is not None:
            text += ": " + "".join(traceback.format_exception(fault))
        self._services.log("crit", "core", 0, "", 0, f"FB0502: {text}")

    def _on_tick(self) -> None:
        self._loop.call_later(TICK_S, self._on_tick)
        if self._core.on_tick():
            # A timeout has given others their turn; no event will tell of it.
            self._go_on_soon()
