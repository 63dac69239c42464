"""What one program leaves to the next: read whole, or refused with a reason."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest
from rows import rows

from fastlb.master import heirloom
from fastlb.master.account import RELOAD, UPGRADE, Account
from fastlb.master.heirloom import (
    FORMAT,
    VARIABLE,
    GenerationLeft,
    Heirloom,
    HeirloomError,
    LoggerLeft,
    SocketLeft,
    WorkerLeft,
    from_environment,
    read,
    seal,
)

NO_SEAT = asdict(
    GenerationLeft(
        number=1,
        seats=0,
        is_in_force=False,
        member_slots=(),
        workers=(WorkerLeft(1, 0, 0, 3, 0.0, place="holder"),),
        keepers=(),
        loggers=(),
    )
)


@pytest.fixture
def fds() -> Iterator[list[int]]:
    """Six that are open."""
    found = [fd for _ in range(3) for fd in os.pipe()]
    yield found
    for fd in found:
        os.close(fd)


def heirloom_of(fds: list[int], **changes: Any) -> Heirloom:
    worker = WorkerLeft(
        place="leaving",
        pid=11,
        number=0,
        slot=3,
        pipe=fds[0],
        born_s=1.5,
        ready=True,
        silent=False,
        deaf=True,
        lone=True,
        closes_tunnels=False,
        tunnels_closed=1,
        tunnels_silent=2,
    )
    left = Heirloom(
        pid=os.getpid(),
        is_trial=False,
        version="0.1.0",
        started_us=5,
        account=Account(os.getpid(), 7.0, 2, 3, 3, True, "é\udc80", UPGRADE),
        told=1,
        last_number=2,
        pid_file="/run/\udcff.pid",
        pid_fd=fds[1],
        user="www-data",
        group=None,
        control_socket=None,
        digest_memory_bytes=91,
        error_fd=fds[2],
        sockets=(SocketLeft("", 80, fds[3]),),
        generations=(
            GenerationLeft(
                2,
                1,
                True,
                (4, 5),
                (worker,),
                (12,),
                (LoggerLeft("|x", 13, fds[4], fds[5], ("a", "b")),),
            ),
        ),
        monitor=14,
        controller=18,
        controller_secret="ff",
        doors=(),
        leaving=(15,),
        farewells=(16, 17),
        table={"layout": 1, "held": [[2, "ff", "1"]]},
        kept=-1,
        members=({"key": "b m", "elected": 9},),
        phrases=("00ff",),
    )
    return replace(left, **changes)


def sealed(words: object) -> int:
    fd = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    os.write(fd, words if isinstance(words, bytes) else json.dumps(words).encode())
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, heirloom.SEALS)
    return fd


def test_what_is_left_is_found(fds: list[int]) -> None:
    left = heirloom_of(fds)
    fd = seal(left)
    assert not os.get_inheritable(fd)
    os.set_inheritable(fds[0], True)
    environ = {VARIABLE: str(fd), "A": "b"}
    assert from_environment(environ) == left
    # Nothing of it goes further.
    assert environ == {"A": "b"}
    assert not os.get_inheritable(fds[0])
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_without_the_variable_there_is_none() -> None:
    assert from_environment({}) is None


def test_a_trial_is_for_a_child_and_names_no_descriptor(fds: list[int]) -> None:
    left = heirloom_of(fds, is_trial=True)
    assert list(left.descriptors()) == []
    with pytest.raises(HeirloomError, match="that of process"):
        from_environment({VARIABLE: str(seal(left))})
    left = replace(left, pid=os.getppid())
    assert from_environment({VARIABLE: str(seal(left))}) == left


@rows("value", ["", "x", "-1", "0", "2", "٣", "1e3", "9" * 40, "999999999"])
def test_a_variable_that_names_none_is_refused(value: str) -> None:
    with pytest.raises(HeirloomError):
        from_environment({VARIABLE: value})


def test_what_anybody_could_write_is_refused(fds: list[int]) -> None:
    for fd in (os.dup(fds[0]), os.memfd_create("test", os.MFD_ALLOW_SEALING)):
        with pytest.raises(HeirloomError):
            from_environment({VARIABLE: str(fd)})


def test_that_of_another_process_is_refused(fds: list[int]) -> None:
    fd = seal(heirloom_of(fds, pid=1))
    with pytest.raises(HeirloomError, match="that of process 1"):
        from_environment({VARIABLE: str(fd)})


def test_a_descriptor_that_is_not_open_is_refused(fds: list[int]) -> None:
    fd = seal(heirloom_of(fds, kept=987_654))
    with pytest.raises(HeirloomError, match="descriptor 987654: Bad file"):
        from_environment({VARIABLE: str(fd)})


@rows(
    ("change", "why"),
    [
        ({"format": FORMAT + 1}, "another form"),
        ({"format": None}, "another form"),
        ({"pid": "1"}, "is no int"),
        ({"pid": True}, "is no int"),
        ({"is_trial": 0}, "is no bool"),
        ({"user": 0}, "is no str"),
        ({"sockets": None}, "is no tuple"),
        ({"sockets": [[]]}, "is no SocketLeft"),
        ({"sockets": [{"host": "", "port": 80}]}, "'fd'"),
        ({"generations": [{"number": 1}]}, "not whole"),
        ({"account": {}}, "not whole"),
        ({"table": []}, "is no dict"),
        ({"members": [1]}, "is no dict"),
        ({"generations": [NO_SEAT]}, "no place"),
        ({"pid_fd": 1}, "a standard stream"),
        ({"sockets": [{"host": "", "port": 80, "fd": -1}]}, "a standard stream"),
    ],
)
def test_what_is_not_whole_is_refused(change: dict[str, Any], why: str) -> None:
    left = heirloom_of([3, 4, 5, 6, 7, 8])
    fd = sealed({"format": FORMAT, **asdict(left), **change})
    with pytest.raises(HeirloomError, match=why):
        read(fd)
    os.close(fd)


def test_what_an_older_version_does_not_know_has_its_default(fds: list[int]) -> None:
    words = {"format": FORMAT, **asdict(heirloom_of(fds))}
    del words["account"]["asked_for"]
    fd = sealed(words)
    assert read(fd).account.asked_for == RELOAD
    os.close(fd)


def test_a_descriptor_is_named_once() -> None:
    fd = seal(heirloom_of([3, 4, 5, 6, 7, 7]))
    with pytest.raises(HeirloomError, match="twice"):
        read(fd)
    os.close(fd)


@rows("text", [b"", b"{", b"[]", b"1", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(text: bytes) -> None:
    fd = sealed(text)
    with pytest.raises(HeirloomError):
        read(fd)
    os.close(fd)
