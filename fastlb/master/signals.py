"""Signals of the master: a handler only queues, the story reads the queue.

Signals and workers' pipes are waited for in one place, `Signals.wait`, so that the
master never misses one while it looks at the other.
"""

from __future__ import annotations

import enum
import os
import select
import signal
from collections.abc import Iterable
from types import FrameType


class Command(enum.Enum):
    """What a signal asks of the master."""

    STOP = "stop"
    RELOAD = "reload"
    DRAIN_AND_STOP = "graceful-stop"
    UPGRADE = "upgrade"
    TELL = "tell"  # of its members, into a file (roll.py); others ignore the signal


COMMANDS = {
    signal.SIGTERM: Command.STOP,
    signal.SIGINT: Command.STOP,
    signal.SIGHUP: Command.RELOAD,
    signal.SIGUSR1: Command.RELOAD,
    signal.SIGWINCH: Command.DRAIN_AND_STOP,
    signal.SIGQUIT: Command.DRAIN_AND_STOP,
    signal.SIGUSR2: Command.UPGRADE,
    signal.SIGURG: Command.TELL,
}


class Signals:
    """Owns the handlers and the wake-up pipe. Only the main thread may use it."""

    def __init__(self, *, ignore_winch: bool) -> None:
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._queued: list[signal.Signals] = []
        for number in COMMANDS:
            signal.signal(number, self._queue)
        if ignore_winch:
            # A terminal that is resized sends WINCH too.
            signal.signal(signal.SIGWINCH, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, self._queue)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def wait(self, pipes: Iterable[int], seconds: float | None) -> list[int]:
        """Sleep until a signal, a readable pipe or the time; the readable pipes.

        A signal that came before the call ends it at once: its byte waits in the
        wake-up pipe.
        """
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        for pipe in pipes:
            poll.register(pipe, select.POLLIN)
        timeout_ms = None if seconds is None else max(0, int(seconds * 1000) + 1)
        ready = [fd for fd, _ in poll.poll(timeout_ms)]
        if self._reader in ready:
            ready.remove(self._reader)
            os.read(self._reader, 4096)
        return ready

    def take(self) -> list[Command]:
        """What was asked since the last call, in order of arrival."""
        taken, self._queued = self._queued, []
        return [COMMANDS[number] for number in taken if number in COMMANDS]

    def close(self) -> None:
        """The server has ended: what still comes asks for nothing that is not done."""
        signal.set_wakeup_fd(-1)
        for number in COMMANDS:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.close_pipes()

    def close_pipes(self) -> None:
        """In a forked process: let go of the master's end."""
        os.close(self._reader)
        os.close(self._writer)

    def _queue(self, number: int, _frame: FrameType | None) -> None:
        self._queued.append(signal.Signals(number))


def block_all() -> set[signal.Signals | int]:
    """Hold every signal back, over a fork; returns the mask to restore."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()))


def restore(mask: set[signal.Signals | int]) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def forget_after_fork() -> None:
    """After the fork: none of the master's handlers may run here."""
    signal.set_wakeup_fd(-1)
    for number in (*COMMANDS, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    # Control-C reaches the whole terminal group; what to do about it is the master's
    # decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    signal.signal(signal.SIGWINCH, signal.SIG_IGN)
