"""Log programs: started by the master, restarted when they die, ended by input."""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fastlb.logs import piped
from fastlb.logs.piped import LogProgramError, PipedLoggers, command_of, is_piped

WAIT_S = 10.0


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Bench:
    """Loggers with a clock that is told, and what they reported."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.reports: list[tuple[str, str, int, str]] = []
        self.loggers = PipedLoggers(
            lambda *line: self.reports.append(line),
            now=self.clock,
        )

    def reap(self) -> int:
        """Wait for the one program that ends, and tell the loggers."""
        (pid,) = self.loggers.pids()
        _, status = os.waitpid(pid, 0)
        assert self.loggers.note_death(pid, status)
        return pid


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.loggers.close()
    for pid in made.loggers.pids():
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s, "not in time"
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("|/bin/rotate -l 'a b' 5", ["/bin/rotate", "-l", "a b", "5"]),
        ("||/bin/rotate x", ["/bin/rotate", "x"]),
        ("|$a | b > c", ["/bin/sh", "-c", "a | b > c"]),
    ],
)
def test_words_of_a_command(target: str, words: list[str]) -> None:
    assert is_piped(target) and command_of(target) == words


@pytest.mark.parametrize("target", ["|", "||  ", "|'open"])
def test_a_command_that_is_none_is_refused(target: str) -> None:
    with pytest.raises(LogProgramError):
        command_of(target)


def test_lines_reach_the_program_and_it_ends_with_its_last_writer(
    bench: Bench, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    fd = bench.loggers.open(f"|$cat > {out}")
    (pid,) = bench.loggers.pids()
    os.write(fd, b"one\n")
    bench.loggers.close()
    os.write(fd, b"two\n")
    os.close(fd)
    _, status = os.waitpid(pid, 0)
    assert bench.loggers.note_death(pid, status)
    assert out.read_bytes() == b"one\ntwo\n"
    assert bench.reports == [] and bench.loggers.pids() == ()


def test_one_program_serves_all_logs_that_name_it(bench: Bench) -> None:
    fds = [bench.loggers.open("|cat") for _ in range(2)]
    assert len(bench.loggers.pids()) == 1 and fds[0] != fds[1]
    for fd in fds:
        os.close(fd)


def test_a_program_that_dies_is_replaced_and_loses_no_line(
    bench: Bench, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    fd = bench.loggers.open(f"|$read x; echo $x >> {out}; exit 3")
    bench.clock.now_s += 5
    os.write(fd, b"one\n")
    first = bench.reap()
    assert bench.loggers.pids() and bench.loggers.pids() != (first,)
    bench.clock.now_s += 5
    os.write(fd, b"two\n")
    bench.reap()
    assert out.read_bytes() == b"one\ntwo\n"
    level, module, _, text = bench.reports[0]
    assert (level, module) == ("error", "core")
    assert "AH00106: piped log program" in text and "exit code 3" in text
    os.close(fd)


def test_a_program_that_dies_at_once_waits_longer_each_time(bench: Bench) -> None:
    fd = bench.loggers.open("|false")
    for pause_s in (1.0, 2.0, 4.0):
        bench.reap()
        assert bench.loggers.pids() == ()
        assert bench.loggers.restart_due() == pytest.approx(pause_s)
        bench.clock.now_s += pause_s
        assert bench.loggers.restart_due() is None
        assert bench.loggers.pids()
    os.close(fd)


def test_a_long_life_forgives_earlier_deaths(bench: Bench) -> None:
    fd = bench.loggers.open("|$read x")
    os.write(fd, b"a\n")
    bench.reap()
    assert bench.loggers.restart_due() == pytest.approx(1.0)
    bench.clock.now_s += 1
    bench.loggers.restart_due()
    bench.clock.now_s += piped.QUICK_DEATH_S
    os.write(fd, b"b\n")
    bench.reap()
    assert bench.loggers.pids()
    os.close(fd)


def test_a_killed_program_is_named_with_its_signal(bench: Bench) -> None:
    fd = bench.loggers.open("|cat")
    (pid,) = bench.loggers.pids()
    bench.clock.now_s += 5
    os.kill(pid, signal.SIGKILL)
    bench.reap()
    assert "signal 9" in bench.reports[0][3]
    os.close(fd)


def test_a_program_that_does_not_exist_is_refused_with_apaches_words(
    bench: Bench,
) -> None:
    gc.collect()  # what other tests have left is closed now, and not meanwhile
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(LogProgramError) as refused:
        bench.loggers.open("|/no/such/program x")
    assert str(refused.value) == (
        "(2)No such file or directory: "
        "AH00104: unable to start piped log program '/no/such/program x'"
    )
    with pytest.raises(LogProgramError) as refused:
        bench.loggers.open("|/no/such/program x", is_error=True)
    assert str(refused.value) == (
        "(2)No such file or directory: "
        "AH00089: Couldn't start ErrorLog process '/no/such/program x'."
    )
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_program_that_vanished_is_tried_again(bench: Bench, tmp_path: Path) -> None:
    program = tmp_path / "logger"
    program.write_text("#!/bin/sh\nread x\n")
    program.chmod(0o755)
    fd = bench.loggers.open(f"|{program}")
    bench.clock.now_s += 5
    text = program.read_text()
    wait_until(lambda: bool(bench.loggers.pids()))
    os.write(fd, b"x\n")
    program.unlink()
    bench.reap()
    assert bench.loggers.pids() == ()
    assert "AH00104" in bench.reports[-1][3] and bench.reports[-1][2] == 2
    program.write_text(text)
    program.chmod(0o755)
    bench.clock.now_s += piped.PAUSE_MIN_S
    assert bench.loggers.restart_due() is None
    assert bench.loggers.pids()
    os.close(fd)


def test_a_stranger_is_not_ours(bench: Bench) -> None:
    assert not bench.loggers.note_death(os.getpid(), 0)


def test_a_program_that_does_not_read_cannot_stop_the_writer(bench: Bench) -> None:
    fd = bench.loggers.open("|sleep 60")
    with pytest.raises(BlockingIOError):
        while True:
            os.write(fd, b"x" * 65536)
    os.close(fd)


def test_a_pipe_is_as_large_as_the_system_lets_it_be(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit, real = 512 << 10, fcntl.fcntl

    def narrow(fd: int, command: int, *rest: int) -> int:
        if command == fcntl.F_SETPIPE_SZ and rest[0] > limit:
            raise PermissionError
        return real(fd, command, *rest)

    monkeypatch.setattr(fcntl, "fcntl", narrow)
    for target, size in (("|sleep 60", 256 << 10), ("|sleep 61", 65536)):
        fd = bench.loggers.open(target)
        assert real(fd, fcntl.F_GETPIPE_SZ) == size
        os.close(fd)
        limit = 0


def test_the_program_has_its_own_group_and_default_signals(
    bench: Bench, tmp_path: Path
) -> None:
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        fd = bench.loggers.open("|cat")
    finally:
        signal.signal(signal.SIGPIPE, before)
    (pid,) = bench.loggers.pids()
    assert os.getpgid(pid) == pid
    status = Path(f"/proc/{pid}/status").read_text()
    ignored = next(line for line in status.splitlines() if line.startswith("SigIgn"))
    assert int(ignored.split()[1], 16) & (1 << signal.SIGPIPE - 1) == 0
    os.close(fd)


def test_a_program_is_handed_on_and_started_again_by_whoever_has_it(
    bench: Bench, tmp_path: Path
) -> None:
    there = tmp_path / "log"
    fd = bench.loggers.open(f"|$exec cat >> {there}")
    [(target, pid, reader, writer, words)] = bench.loggers.left()
    assert bench.loggers.pids() == (pid,)
    next_one = Bench()
    next_one.loggers.take(target, pid, os.dup(reader), os.dup(writer), words)
    bench.loggers.close()
    assert bench.loggers.left() == []
    next_one.clock.now_s += 60
    os.kill(pid, signal.SIGKILL)
    assert bench.loggers.note_death(next_one.reap(), signal.SIGKILL)
    [(_, other, _, _, _)] = next_one.loggers.left()
    assert other not in (0, pid)
    os.write(fd, b"line\n")
    os.close(fd)
    next_one.loggers.close()
    next_one.reap()
    assert there.read_bytes() == b"line\n"
