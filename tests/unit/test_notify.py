"""What a manager of services is told, and that it can hold up nothing."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rows import rows

from fastlb.master.notify import (
    AGAIN_S,
    STATUS_MAX,
    UNSENT_MAX,
    Notifier,
    from_environment,
)

PID = 4711


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        yield sock


def told(manager: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(manager.recv(4096).decode())
        except BlockingIOError:
            return found


def notifier_at(manager: socket.socket, **more: str) -> Notifier:
    return from_environment({"NOTIFY_SOCKET": manager.getsockname(), **more}, PID)


def test_each_step_of_a_server_is_one_datagram(manager: socket.socket) -> None:
    notifier = notifier_at(manager)
    notifier.ready(PID, "serves 1 host")
    notifier.reloading(12.25)
    notifier.stopping("stops")
    assert told(manager) == [
        f"READY=1\nMAINPID={PID}\nSTATUS=serves 1 host",
        "RELOADING=1\nMONOTONIC_USEC=12250000",
        "STOPPING=1\nSTATUS=stops",
    ]


def test_an_abstract_socket_is_one_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("")  # a name that the kernel gives
        name = manager.getsockname()
        assert name[0] == 0
        environ = {"NOTIFY_SOCKET": f"@{name[1:].decode()}"}
        from_environment(environ, PID).stopping("")
        assert manager.recv(100, socket.MSG_DONTWAIT).startswith(b"STOPPING=1")


def test_a_status_begins_no_other_variable(manager: socket.socket) -> None:
    notifier_at(manager).ready(PID, "refused:\nSTOPPING=1\r\n  x" + "y" * 9999)
    (datagram,) = told(manager)
    *_, status = datagram.split("\n")
    assert status.startswith("STATUS=refused: STOPPING=1 xyy")
    assert len(status) == len("STATUS=") + STATUS_MAX
    assert datagram.count("\n") == 2


def test_what_cannot_be_encoded_is_told_all_the_same(manager: socket.socket) -> None:
    notifier_at(manager).ready(PID, "caf\udce9")
    assert told(manager) == [f"READY=1\nMAINPID={PID}\nSTATUS=caf?"]


def test_no_process_that_is_started_inherits_the_socket() -> None:
    environ = {
        "NOTIFY_SOCKET": "/run/x",
        "WATCHDOG_USEC": "1",
        "WATCHDOG_PID": "2",
        "HOME": "/",
    }
    from_environment(environ, PID)
    assert environ == {"HOME": "/"}


@rows(("address",), [("",), ("vsock:2:3",), ("relative",), ("/nobody/listens",)])
def test_without_a_socket_nothing_is_told(address: str) -> None:
    notifier = from_environment({"NOTIFY_SOCKET": address}, PID)
    notifier.ready(PID, "")
    assert notifier.act(0.0) is None


def test_a_name_that_no_socket_can_have_is_nobody() -> None:
    notifier = from_environment({"NOTIFY_SOCKET": "/" + "x" * 200}, PID)
    notifier.ready(PID, "")
    assert notifier.act(0.0) is None


def test_a_manager_that_takes_nothing_holds_up_nobody(manager: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        sent = 0
        while True:
            try:
                other.sendto(b"x", manager.getsockname())
            except BlockingIOError:
                break
            sent += 1
    notifier = notifier_at(manager)
    began_s = time.monotonic()
    for number in range(UNSENT_MAX + 3):
        notifier.ready(PID, str(number))
    assert notifier.act(100.0) == 100.0 + AGAIN_S
    assert time.monotonic() - began_s < 5
    assert told(manager) == ["x"] * sent
    # ... and hears the last words when it listens again.
    assert notifier.act(101.0) is None
    assert [text.rsplit("=")[-1] for text in told(manager)] == [
        str(number) for number in range(3, UNSENT_MAX + 3)
    ]


def test_a_watchdog_hears_twice_in_its_time(manager: socket.socket) -> None:
    notifier = notifier_at(manager, WATCHDOG_USEC="20000000", WATCHDOG_PID=str(PID))
    assert notifier.act(100.0) == 110.0
    assert notifier.act(105.0) == 110.0
    assert notifier.act(110.0) == 120.0
    assert told(manager) == ["WATCHDOG=1", "WATCHDOG=1"]


@rows(
    ("period_us", "pid"),
    [("20000000", "1"), ("0", str(PID)), ("x", str(PID)), ("", str(PID)), ("-5", "")],
)
def test_a_watchdog_of_somebody_else_hears_nothing(period_us: str, pid: str) -> None:
    environ = {
        "NOTIFY_SOCKET": "/nobody",
        "WATCHDOG_USEC": period_us,
        "WATCHDOG_PID": pid,
    }
    assert from_environment(environ, PID).act(1.0) is None


@rows("address", ["/run/notify", "@name"])
def test_the_program_that_comes_next_is_told_the_same(address: str) -> None:
    given = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000"}
    notifier = from_environment(dict(given), PID)
    assert notifier.environment(PID) == {**given, "WATCHDOG_PID": str(PID)}
    unwatched = from_environment({"NOTIFY_SOCKET": address}, PID)
    assert unwatched.environment(PID) == {"NOTIFY_SOCKET": address}
    assert Notifier().environment(PID) == {}
