"""Opening the files, programs and standard streams that logs go to."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import syslog
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from rows import rows
from trees import model_of

from fastlb.facts.rules import LogTarget
from fastlb.facts.server import Model, ProcessSettings
from fastlb.facts.vhost import VHost
from fastlb.logs import to_syslog
from fastlb.logs.files import (
    NO_FD,
    LogOpenError,
    OpenLogs,
    log_path,
    open_logs,
    open_targets,
    standard_stream,
)
from fastlb.logs.piped import LogProgramError, PipedLoggers


def model(root: Path, access: tuple[str, ...], *errors: str) -> Model:
    """A model of which only ServerRoot and the log targets are read."""

    def blank(kind: type) -> dict[str, Any]:
        return dict.fromkeys(field.name for field in dataclasses.fields(kind))

    process = ProcessSettings(
        **(blank(ProcessSettings) | {"server_root": str(root)})  # type: ignore[arg-type]
    )
    hosts = tuple(VHost(**(blank(VHost) | {"error_log": e})) for e in errors)
    changes = {
        "process": process,
        "vhosts": hosts,
        "log_targets": tuple(LogTarget(a) for a in access),
    }
    return Model(**(blank(Model) | changes))  # type: ignore[arg-type]


def report(*_line: object) -> None:
    raise AssertionError("no program was to fail")


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def test_relative_paths_are_under_server_root(tmp_path: Path) -> None:
    assert log_path("logs/a", "/srv") == "/srv/logs/a"
    assert log_path("/var/a", "/srv") == "/var/a"
    (fd,) = open_targets([LogTarget("a.log")], str(tmp_path), PipedLoggers(report))
    os.write(fd, b"one\n")
    os.close(fd)
    assert (tmp_path / "a.log").read_bytes() == b"one\n"


def test_files_are_appended_to_and_not_inherited_by_programs(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"old\n")
    (fd,) = open_targets([LogTarget("a.log")], str(tmp_path), PipedLoggers(report))
    assert not os.get_inheritable(fd)
    os.write(fd, b"new\n")
    os.close(fd)
    assert (tmp_path / "a.log").read_bytes() == b"old\nnew\n"


def test_opening_again_follows_a_rotated_file(tmp_path: Path) -> None:
    the_model = model(tmp_path, ("a.log",), "e.log")
    before = open_logs(the_model, report)
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    after = open_logs(the_model, report)
    os.write(before.access_fds[0], b"older generation\n")
    os.write(after.access_fds[0], b"newer generation\n")
    assert (tmp_path / "a.log.1").read_bytes() == b"older generation\n"
    assert (tmp_path / "a.log").read_bytes() == b"newer generation\n"
    before.close()
    after.close()


def test_logs_of_a_model_are_opened_in_its_order(tmp_path: Path) -> None:
    the_model = model(tmp_path, ("b", "a"), "e0", "syslog:user", "e0", "e1")
    logs = open_logs(the_model, report)
    assert isinstance(logs, OpenLogs)
    for index, fd in enumerate(logs.access_fds):
        os.write(fd, b"%d" % index)
    assert (tmp_path / "b").read_bytes() == b"0"
    assert (tmp_path / "a").read_bytes() == b"1"
    assert len(logs.error_fds) == 3 and logs.error_fds[1] == NO_FD
    fds = (*logs.access_fds, logs.error_fds[0], logs.error_fds[2])
    logs.close()
    assert not any(is_open(fd) for fd in fds)


def test_standard_streams_need_no_opening(tmp_path: Path) -> None:
    targets = [LogTarget("/dev/stdout"), LogTarget("/dev/stderr")]
    fds = open_targets(targets, str(tmp_path), PipedLoggers(report))
    for fd, standard in zip(fds, (1, 2), strict=True):
        assert os.path.sameopenfile(fd, standard)
        os.close(fd)


def test_names_of_the_standard_streams() -> None:
    for number, name in ((1, "stdout"), (2, "stderr")):
        for target in (f"/dev/{name}", f"/dev/fd/{number}", f"/proc/self/fd/{number}"):
            assert standard_stream(target) == number, target
    for target in ("/dev/fd/3", "/proc/self/fd/0", "/dev/fd/11", "dev/stdout", "|cat"):
        assert standard_stream(target) is None, target


def test_an_output_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    """In a process of its own, whose output is a pipe."""
    script = (
        "import os\n"
        "from fastlb.facts.rules import LogTarget\n"
        "from fastlb.logs.files import open_targets\n"
        "from fastlb.logs.piped import PipedLoggers\n"
        "targets = [LogTarget('/proc/self/fd/1')]\n"
        "(fd,) = open_targets(targets, '/', PipedLoggers(print))\n"
        "assert os.get_blocking(1) and not os.get_blocking(fd)\n"
        "os.write(fd, b'line\\n')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True
    )
    assert ended.stdout == b"line\n"


def test_a_pipe_is_opened_before_anybody_reads_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    targets = [LogTarget("pipe")]
    # Who waits is let go on, so that the test fails and does not hang.
    late: list[int] = []
    flags = os.O_RDONLY | os.O_NONBLOCK
    timer = threading.Timer(10, lambda: late.append(os.open(tmp_path / "pipe", flags)))
    timer.start()
    (fd,) = open_targets(targets, str(tmp_path), PipedLoggers(report))
    timer.cancel()
    timer.join()
    assert late == []
    assert os.get_blocking(fd) is False
    os.write(fd, b"a line\n")
    with open(tmp_path / "pipe", "rb", buffering=0) as reader:
        os.write(fd, b"another\n")
        assert reader.read(100) == b"a line\nanother\n"
    os.write(fd, b"to nobody\n")  # whoever reads may start anew
    os.close(fd)


def test_lines_for_syslog_go_through_a_program(tmp_path: Path) -> None:
    programs = PipedLoggers(report)
    targets = [LogTarget("syslog:local2:site")]
    (fd,) = open_targets(targets, str(tmp_path), programs)
    (pid,) = programs.pids()
    place, deadline = Path(f"/proc/{pid}/cmdline"), time.monotonic() + 30
    while b"to_syslog.py" not in (line := place.read_bytes()):
        assert time.monotonic() < deadline, line
    priority = syslog.LOG_LOCAL2 | syslog.LOG_INFO
    assert line.endswith(b"/to_syslog.py\0%d\0site\0" % priority)
    os.close(fd)
    programs.close()
    assert os.waitpid(pid, 0) == (pid, 0)


def test_each_line_is_a_message_of_syslog(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[object, ...]] = []
    monkeypatch.setattr(syslog, "openlog", lambda *words: said.append(words))
    monkeypatch.setattr(syslog, "syslog", lambda *words: said.append(words))
    to_syslog.pass_on([b"one\n", b"\xfftwo\0"], 150, "site")
    assert said == [("site", syslog.LOG_PID), (150, "one"), (150, "\\xfftwo\\0")]


def test_where_a_syslog_is_meant(tmp_path: Path) -> None:
    for line, target in (
        ("CustomLog syslog:user %h", "syslog:user"),
        ("CustomLog syslog %h", "syslog"),
        ("Compat apache\nCustomLog syslog:user %h", "/srv/syslog:user"),
        ("CustomLog syslogs %h", "/srv/syslogs"),
    ):
        [found] = model_of(f"Listen 80\n{line}").log_targets
        assert found.target == target, line


@rows(
    ("target", "is_error", "text"),
    [
        (
            "no/x",
            True,
            "(2)No such file or directory: AH02291: Cannot access directory",
        ),
        ("no/x", False, "(2)No such file or directory: AH02297: Cannot access"),
        (".", True, "(21)Is a directory: AH00091: fastlb: could not open error log"),
        (".", False, "(21)Is a directory: AH00649: could not open transfer log file"),
    ],
)
def test_a_refusal_says_which_file_and_why(
    tmp_path: Path, target: str, is_error: bool, text: str
) -> None:
    with pytest.raises(LogOpenError) as refused:
        open_targets(
            [LogTarget(target)], str(tmp_path), PipedLoggers(report), is_error=is_error
        )
    assert str(refused.value).startswith(text) and str(tmp_path) in str(refused.value)


def test_when_one_log_fails_none_stays_open(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(LogOpenError):
        open_logs(model(tmp_path, ("a", "no/b"), "e"), report)
    with pytest.raises(LogProgramError):
        open_logs(model(tmp_path, ("a", "|/no/such/program"), "e"), report)
    assert set(os.listdir("/proc/self/fd")) == before
