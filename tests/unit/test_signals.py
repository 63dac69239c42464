"""Signals of the master: queued, in order, never lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from fastlb.master.signals import COMMANDS, Command, Signals, block_all, restore


@pytest.fixture
def signals() -> Iterator[Signals]:
    numbers = (*COMMANDS, signal.SIGCHLD, signal.SIGPIPE)
    before = {number: signal.getsignal(number) for number in numbers}
    made = Signals(ignore_winch=False)
    yield made
    made.close()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_commands_are_taken_in_order_and_once(signals: Signals) -> None:
    for number in (signal.SIGHUP, signal.SIGWINCH, signal.SIGTERM):
        os.kill(os.getpid(), number)
    assert signals.take() == [Command.RELOAD, Command.DRAIN_AND_STOP, Command.STOP]
    assert signals.take() == []


@pytest.mark.parametrize(
    ("number", "command"),
    [
        (signal.SIGINT, Command.STOP),
        (signal.SIGUSR1, Command.RELOAD),
        (signal.SIGQUIT, Command.DRAIN_AND_STOP),
    ],
)
def test_signals_with_the_same_meaning(
    signals: Signals, number: signal.Signals, command: Command
) -> None:
    os.kill(os.getpid(), number)
    assert signals.take() == [command]


def test_a_signal_that_came_before_ends_the_wait(signals: Signals) -> None:
    os.kill(os.getpid(), signal.SIGHUP)
    began_s = time.monotonic()
    assert signals.wait([], 30) == []
    assert time.monotonic() - began_s < 5


def test_a_signal_during_the_wait_ends_it(signals: Signals) -> None:
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGHUP))
    timer.start()
    began_s = time.monotonic()
    while not (commands := signals.take()):
        signals.wait([], 30)
    assert commands == [Command.RELOAD]
    assert time.monotonic() - began_s < 5
    timer.join()


def test_a_pipe_with_something_in_it_is_named(signals: Signals) -> None:
    reader, writer = os.pipe()
    assert signals.wait([reader], 0.0) == []
    os.write(writer, b"R")
    assert signals.wait([reader], 30) == [reader]
    os.close(reader)
    os.close(writer)


def test_a_child_that_ended_ends_the_wait_and_asks_for_nothing(
    signals: Signals,
) -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    signals.wait([], 30)
    assert signals.take() == []
    os.waitpid(pid, 0)


def test_a_resized_terminal_does_not_stop_a_server_in_front_of_it() -> None:
    numbers = (*COMMANDS, signal.SIGCHLD, signal.SIGPIPE)
    before = {number: signal.getsignal(number) for number in numbers}
    signals = Signals(ignore_winch=True)
    os.kill(os.getpid(), signal.SIGWINCH)
    assert signals.take() == []
    signals.close()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_signals_are_held_back_over_a_fork(signals: Signals) -> None:
    mask = block_all()
    # To this thread, as a master has one only: those of other tests hold nothing back.
    signal.pthread_kill(threading.get_ident(), signal.SIGHUP)
    assert signals.take() == []
    restore(mask)
    assert signals.take() == [Command.RELOAD]
