"""Looking up members' names at the start, with a deadline."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Sequence

import pytest
from name_server import NameServer, not_at_all

from fastlb.master import names
from fastlb.names.answer import Answer, State


def test_literals_need_no_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_ask_process", pytest.fail)
    found = names.resolve(["192.0.2.1", "2001:db8::1"])
    assert {host: answer.addresses for host, answer in found.items()} == {
        "192.0.2.1": ("192.0.2.1",),
        "2001:db8::1": ("2001:db8::1",),
    }


def test_names_are_found_with_their_time_and_others_are_not() -> None:
    with NameServer() as dns:
        dns.tell("app.test", "192.0.2.1", ttl=17)
        asked = ["app.test", "nowhere.test", "localhost", "app.test"]
        found = names.resolve(asked, [dns.address])
    assert found["app.test"] == Answer(State.FOUND, ("192.0.2.1",), 17)
    assert found["nowhere.test"].state is State.UNKNOWN
    assert set(found["localhost"].addresses) <= {"127.0.0.1", "::1"}
    assert found["localhost"].addresses


def test_a_slow_name_does_not_hold_up_the_others() -> None:
    with NameServer() as dns:
        dns.tell("fast.test", "192.0.2.7")
        dns.manner = lambda question, right: (
            not_at_all(question, right)
            if "slow" in str(question.question[0].name)
            else [right.to_wire()]
        )
        began_s = time.monotonic()
        found = names.resolve(["slow.test", "fast.test"], [dns.address], deadline_s=2)
        assert time.monotonic() - began_s < 9
    assert found["fast.test"].addresses == ("192.0.2.7",)
    assert found["slow.test"] == names.TOO_LATE


def test_a_name_that_cannot_be_encoded_is_not_known() -> None:
    with NameServer() as dns:
        asked: Sequence[str] = ["a" * 300]
        assert names.resolve(asked, [dns.address])[asked[0]].state is State.UNKNOWN


def test_nothing_stays_open_when_no_process_can_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room() -> int:
        raise BlockingIOError(errno.EAGAIN, "too many processes")

    monkeypatch.setattr(os, "fork", no_room)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(BlockingIOError):
        names.resolve(["app.test"])
    assert os.listdir("/proc/self/fd") == before


def test_descriptors_beyond_1023_are_waited_for() -> None:
    with NameServer() as dns, contextlib.ExitStack() as held:
        dns.tell("app.test", "192.0.2.1")
        fd = 0
        while fd < 1024:
            fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            held.callback(os.close, fd)
        found = names.resolve(["app.test"], [dns.address])
    assert found["app.test"].addresses == ("192.0.2.1",)


@pytest.mark.parametrize(
    "line",
    [
        b"no json",
        b"[" * 10_000,
        b"7",
        b"[1, 2]",
        b'["app.test", "found", ["192.0.2.1"], NaN, ""]',
        b'["app.test", "found", ["192.0.2.1"], 1e99, ""]',
        b'["app.test", "found", ["192.0.2.1"], "30", ""]',
        b'["app.test", "found", [], 30, ""]',
        b'["app.test", "found", ["elsewhere"], 30, ""]',
        b'["app.test", "found", 7, 30, ""]',
        b'["app.test", "odd", [], 30, ""]',
        b'["other.test", "found", ["192.0.2.1"], 30, ""]',
        b'[["app.test"], "found", ["192.0.2.1"], 30, ""]',
    ],
)
def test_what_is_no_answer_is_passed_over(
    line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strangers' bytes are read in the process that asks: it may be theirs."""

    async def say(_names: object, _servers: object, writer: int) -> None:
        os.write(writer, line + b'\n["app.test", "unknown", [], 30, "why"]\n')

    monkeypatch.setattr(names, "look_up_all", say)
    found = names.resolve(["app.test", "silent.test"])
    assert found == {
        "app.test": Answer(State.UNKNOWN, why="why"),
        "silent.test": names.TOO_LATE,
    }
