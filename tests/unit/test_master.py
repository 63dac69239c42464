"""The master's decisions about workers that do not do as they should.

The master runs in a process of its own; its workers are small functions.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ports import free_port
from rights import AS_ROOT
from trees import model_of

from fastlb.facts.server import Model
from fastlb.master import claims, listeners, master, names, privileges, spawn
from fastlb.master.errors import Exit, StartError
from fastlb.master.journal import Journal
from fastlb.master.master import Master, Orders
from fastlb.worker.heritage import MESSAGE_READY, MESSAGE_RECYCLE, Heritage

CONF = """\
ServerRoot {root}
Listen 127.0.0.1:{port}
PidFile pid
ErrorLog error.log
StartServers 1
"""
CONF += AS_ROOT
FATAL = 0xF
DEADLINE_S = 60.0  # for a master to end
WorkerBody = Callable[[Heritage], int]


@pytest.fixture(autouse=True)
def _same_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bodies below signal their master, which nobody's processes may not."""
    monkeypatch.setattr(privileges, "take_on", lambda _: None)


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return model_of(CONF.format(root=tmp_path, port=free_port()))


def idle(_heritage: object) -> int:
    """Wait for a signal that ends the process."""
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, lambda *_: os._exit(0))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    while True:
        signal.pause()


def serve(heritage: Heritage) -> int:
    """Say that it accepts, and do so until told to end."""
    os.write(heritage.ready_fd, MESSAGE_READY)
    return idle(heritage)


def run(model: Model, worker: WorkerBody, *, load: Callable[[], Model]) -> int:
    """The exit code of a master with such workers."""

    def body() -> int:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        orders = Orders(
            load=load,
            started=lambda: None,
            let_go=lambda: None,
            command_line="test",
            config_file="/srv/t.conf",
            foreground=True,
            run_worker=worker,
            run_monitor=idle,
            run_controller=idle,
        )
        try:
            return Master(model, orders, Journal()).run(model)
        except StartError as error:
            Path(model.process.server_root, "refused").write_text(str(error))
            return int(error.code)

    pid = spawn.fork("master", body, let_go=lambda: None, identity=None)
    ends_s = time.monotonic() + DEADLINE_S
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > ends_s:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
            raise AssertionError(f"the master does not end\n{log_of(model)}")
        time.sleep(0.005)


def until(holds: Callable[[], bool]) -> None:
    """In a worker: wait for it, or for half of what the test waits."""
    ends_s = time.monotonic() + DEADLINE_S / 2
    while not holds() and time.monotonic() < ends_s:
        time.sleep(0.005)


def log_of(model: Model) -> str:
    return Path(model.process.server_root, "error.log").read_text()


def refusal_of(model: Model) -> str:
    return Path(model.process.server_root, "refused").read_text()


def tell_master(heritage: Heritage, number: signal.Signals) -> None:
    os.kill(os.getppid(), number)


def test_workers_that_cannot_start_end_the_start(model: Model) -> None:
    assert run(model, lambda _: FATAL, load=lambda: model) == Exit.CANNOT_SERVE
    assert "workers cannot start" in refusal_of(model)
    assert not Path(model.process.pid_file).exists()


def test_workers_that_die_again_and_again_end_the_start(model: Model) -> None:
    assert run(model, lambda _: 1, load=lambda: model) == Exit.CANNOT_SERVE
    assert "ended with exit code 1" in refusal_of(model)


def test_workers_that_neither_accept_nor_die_end_the_start(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master, "DEADLINE_S", 0.3)
    assert run(model, idle, load=lambda: model) == Exit.CANNOT_SERVE
    assert "do not accept within" in refusal_of(model)


def test_a_fatal_worker_in_service_ends_the_server(model: Model) -> None:
    def worker(heritage: Heritage) -> int:
        os.write(heritage.ready_fd, MESSAGE_READY)
        return FATAL

    # It may die before the master has read that it accepts: then it never started.
    assert run(model, worker, load=lambda: model) == Exit.CANNOT_SERVE


def test_a_model_without_addresses_is_refused(model: Model) -> None:
    deaf = replace(model, listeners=())
    assert run(deaf, serve, load=lambda: deaf) == Exit.REFUSED
    assert "no listening sockets available, shutting down" in refusal_of(model)


def test_a_reload_whose_workers_cannot_start_changes_nothing(model: Model) -> None:
    def worker(heritage: Heritage) -> int:
        if heritage.generation == 0:
            os.write(heritage.ready_fd, MESSAGE_READY)
            tell_master(heritage, signal.SIGHUP)
            return idle(heritage)
        if heritage.generation == 1:
            return FATAL
        # The reload after the failed one gets as far as this.
        tell_master(heritage, signal.SIGTERM)
        return idle(heritage)

    loads = []

    def load() -> Model:
        loads.append(1)
        if len(loads) == 1:
            os.kill(os.getpid(), signal.SIGHUP)
        return model

    assert run(model, worker, load=load) == 0
    log = log_of(model)
    assert "reload refused while starting its workers; the server goes on" in log
    assert log.count("AH00171") == 2
    assert log.count("AH00163") == 1


def test_a_fault_while_reading_does_not_end_the_server(model: Model) -> None:
    def worker(heritage: Heritage) -> int:
        os.write(heritage.ready_fd, MESSAGE_READY)
        tell_master(heritage, signal.SIGHUP)
        return idle(heritage)

    def load() -> Model:
        os.kill(os.getpid(), signal.SIGTERM)
        raise RuntimeError("a fault of ours")

    assert run(model, worker, load=load) == 0
    assert "reload refused while reading the configuration" in log_of(model)


@pytest.mark.parametrize(
    ("where", "name", "step"),
    [
        (names, "resolve", "looking up its members' names"),
        (claims, "claim", "claiming slots for its members"),
        (listeners, "bind", "binding its addresses"),
        (spawn, "freeze", "starting its workers"),
        (master, "changes", "starting its workers"),
    ],
)
def test_a_fault_in_a_reload_does_not_end_the_server(
    model: Model, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, step: str
) -> None:
    """It is told, the server goes on, and the next reload is taken."""
    right = getattr(where, name)
    calls = []

    def wrong_once(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == (1 if where is master else 2):
            os.kill(os.getpid(), signal.SIGHUP)
            raise RuntimeError("a fault of ours")
        return right(*args, **kwargs)

    monkeypatch.setattr(where, name, wrong_once)
    more = replace(model.listeners[0], port=free_port())
    another = replace(model, listeners=(*model.listeners, more))

    def worker(heritage: Heritage) -> int:
        os.write(heritage.ready_fd, MESSAGE_READY)
        if heritage.generation == 0:
            tell_master(heritage, signal.SIGHUP)
        if heritage.generation == 2:
            until(lambda: "FB0604" in log_of(model))
            tell_master(heritage, signal.SIGTERM)
        return idle(heritage)

    assert run(model, worker, load=lambda: another) == 0
    log = log_of(model)
    assert f"FB0606: reload refused while {step}; the server goes on" in log
    assert "RuntimeError: a fault of ours" in log
    assert log.count("AH00163") == 2


def test_the_next_reload_waits_for_the_workers_of_a_refused_one(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They listen where only the refused one did, until they end."""
    right = master.changes
    calls = []

    def wrong_once(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            os.kill(os.getpid(), signal.SIGHUP)
            raise RuntimeError("a fault of ours")
        return right(*args)

    monkeypatch.setattr(master, "changes", wrong_once)
    more = replace(model.listeners[0], port=free_port())
    another = replace(model, listeners=(*model.listeners, more))

    def worker(heritage: Heritage) -> int:
        if heritage.generation == 1:

            def leave(*_: object) -> None:
                until(lambda: log_of(model).count("AH00171") == 2)
                os._exit(0)

            signal.signal(signal.SIGTERM, leave)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.write(heritage.ready_fd, MESSAGE_READY)
        if heritage.generation == 0:
            tell_master(heritage, signal.SIGHUP)
        elif heritage.generation == 1:
            while True:
                signal.pause()
        else:
            until(lambda: "FB0604" in log_of(model))
            tell_master(heritage, signal.SIGTERM)
        return idle(heritage)

    assert run(model, worker, load=lambda: another) == 0
    log = log_of(model)
    assert log.count("FB0606") == 1
    assert log.count("AH00163") == 2


def test_a_holder_drains_only_when_its_successor_accepts(model: Model) -> None:
    folder = Path(model.process.server_root)

    def worker(heritage: Heritage) -> int:
        os.write(heritage.ready_fd, MESSAGE_READY)
        first = not (folder / "first").exists()
        if first:
            (folder / "first").touch()

            def drained(*_: object) -> None:
                # The successor has written its name before it said that it accepts.
                ok = (folder / "second").exists()
                # Whole when it is there: its successor ends both as soon as it is.
                (folder / "said").write_text("right" if ok else "wrong")
                (folder / "said").rename(folder / "order")
                os._exit(0)

            signal.signal(signal.SIGUSR1, drained)
            signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
            os.write(heritage.ready_fd, MESSAGE_RECYCLE)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            while True:
                signal.pause()
        return idle(heritage)

    def successor_first(heritage: Heritage) -> int:
        if (folder / "first").exists():
            (folder / "second").touch()
            ends_s = time.monotonic() + 10
            os.write(heritage.ready_fd, MESSAGE_READY)
            while not (folder / "order").exists() and time.monotonic() < ends_s:
                time.sleep(0.01)
            tell_master(heritage, signal.SIGTERM)
            return idle(heritage)
        return worker(heritage)

    assert run(model, successor_first, load=lambda: model) == 0
    assert (folder / "order").read_text() == "right"
