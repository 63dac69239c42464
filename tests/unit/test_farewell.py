"""Log programs that nobody writes to any more."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest

from fastlb.logs.farewell import (
    KILL_AFTER_S,
    PATIENCE_AT_STOP_S,
    PATIENCE_S,
    Farewells,
)

Program = subprocess.Popen[bytes]


@pytest.fixture
def program() -> Iterator[Callable[[str], Program]]:
    """program(script): a shell in a process group of its own, once it runs."""
    made: list[Program] = []

    def make(script: str) -> Program:
        one = subprocess.Popen(
            ["/bin/sh", "-c", f"{script}"], stdout=subprocess.PIPE, process_group=0
        )
        made.append(one)
        assert one.stdout is not None
        one.stdout.readline()
        return one

    yield make
    for one in made:
        if one.returncode is None:
            one.kill()
            one.wait()
        assert one.stdout is not None
        one.stdout.close()


@pytest.fixture
def clock() -> list[float]:
    return [100.0]


def test_a_program_has_time_then_it_is_told_then_it_is_ended(
    program: Callable[[str], Program], clock: list[float]
) -> None:
    farewells = Farewells(lambda: clock[0])
    deaf = program("trap '' TERM; echo; while :; do sleep 1; done")
    farewells.take([deaf.pid])
    assert farewells.act() == PATIENCE_S
    clock[0] += PATIENCE_S
    assert farewells.act() == KILL_AFTER_S
    assert deaf.poll() is None
    clock[0] += KILL_AFTER_S
    farewells.act()
    assert deaf.wait(10) == -signal.SIGKILL
    assert farewells.note_death(deaf.pid)
    assert not farewells.note_death(deaf.pid)
    assert farewells.act() is None


def test_at_the_end_it_is_waited_for(
    program: Callable[[str], Program],
) -> None:
    farewells = Farewells()
    willing = program("echo; exec sleep 0.1")
    farewells.take([willing.pid])
    farewells.wait()
    willing.returncode = 0  # it was reaped
    with pytest.raises(ProcessLookupError):
        os.kill(willing.pid, 0)


def test_the_whole_group_is_told(
    program: Callable[[str], Program], clock: list[float]
) -> None:
    farewells = Farewells(lambda: clock[0])
    shell = program("sleep 600 & echo; wait; exit 3")
    farewells.take([shell.pid])
    clock[0] += PATIENCE_AT_STOP_S
    assert farewells.act() == PATIENCE_S - PATIENCE_AT_STOP_S
    clock[0] += PATIENCE_S
    farewells.act()
    assert shell.wait(10) == -signal.SIGTERM
    assert shell.stdout is not None
    assert shell.stdout.read() == b""  # the end: nobody holds it
