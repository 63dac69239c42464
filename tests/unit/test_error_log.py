"""The error log's line form, filters and limits."""

from __future__ import annotations

import dataclasses
import os
import re
import socket
import syslog
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.base.levels import Level
from fastlb.facts.error_format import NO_ERROR_FORMATS
from fastlb.facts.rules import LogTarget
from fastlb.facts.server import Model
from fastlb.facts.vhost import VHost
from fastlb.logs import error
from fastlb.logs.error import ErrorLog
from fastlb.logs.error_line import moment

NOON_NS = 1_795_262_451_692_956_123  # 21 November 2026, 12:00:51.692956 UTC


def model(*vhosts: dict[str, Any]) -> Model:
    """A model of which the error log reads only some fields of each host."""
    blank = dict.fromkeys(field.name for field in dataclasses.fields(VHost))
    given = {"error_log": "e.log", "log_level": Level.WARN, "log_levels": ()}
    given |= {"error_formats": NO_ERROR_FORMATS, "server_name": "main.test"}
    made = tuple(VHost(**(blank | given | v)) for v in vhosts or ({},))
    parts = dict.fromkeys(field.name for field in dataclasses.fields(Model))
    return Model(**(parts | {"vhosts": made}))  # type: ignore[arg-type]


class Written:
    """An error log on files in a folder, with a clock that is told."""

    def __init__(self, folder: Path, *vhosts: dict[str, Any]) -> None:
        self.now_ns = NOON_NS
        self.syslog: list[tuple[int, str]] = []
        the_model = model(*vhosts)
        self.paths = [
            folder / f"{index}"
            for index, _ in enumerate(error.error_targets(the_model))
        ]
        self.fds = [
            -1
            if error.is_syslog(one.target)
            else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            for one, path in zip(
                error.error_targets(the_model), self.paths, strict=True
            )
        ]
        self.log = ErrorLog(
            the_model,
            self.fds,
            now_ns=lambda: self.now_ns,
            to_syslog=lambda priority, line: self.syslog.append((priority, line)),
        )

    def lines(self, index: int = 0) -> list[str]:
        return self.paths[index].read_text("ascii").splitlines()


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_line_has_apaches_fields_in_apaches_order(tmp_path: Path) -> None:
    out = Written(tmp_path)
    text = "AH00957: http: attempt to connect to 127.0.0.1:1 (127.0.0.1:1) failed"
    out.log.write("error", "proxy", 0, "127.0.0.1:39488", 111, text, referer="http://r")
    ids = rf"\[pid {os.getpid()}:tid \d+\]"
    assert re.fullmatch(
        r"\[Sat Nov 21 12:00:51\.692956 2026\] \[proxy:error\] "
        + ids
        + r" \(111\)Connection refused: \[client 127\.0\.0\.1:39488\] "
        + re.escape(text)
        + ", referer: http://r",
        out.lines()[0],
    )


def test_moments_as_formats_ask_for_them() -> None:
    assert moment(NOON_NS, "") == "Sat Nov 21 12:00:51 2026"
    assert moment(NOON_NS, "us") == "Sat Nov 21 12:00:51.692956 2026"
    assert moment(NOON_NS, "cU") == "2026-11-21 12:00:51"
    assert moment(NOON_NS, "uc") == "2026-11-21 12:00:51.692956"


def test_what_is_not_known_leaves_no_trace_in_the_line(tmp_path: Path) -> None:
    out = Written(tmp_path)
    out.log.write("emerg", "", 0, "", 0, "stop")
    out.log.write("error", "mod_proxy.c", 0, "", 70007, "slow")
    out.log.write("error", "proxy", 0, "10.0.0.1:80", 0, "x", remote=True)
    lines = [line.partition("] ")[2] for line in out.lines()]
    assert lines[0].startswith("[:emerg] [pid ") and lines[0].endswith("] stop")
    assert lines[1].startswith("[proxy:error]")
    assert lines[1].endswith("] (70007)The timeout specified has expired: slow")
    assert lines[2].endswith(" [remote 10.0.0.1:80] x")


@pytest.mark.parametrize(
    ("level", "module", "wanted"),
    [
        ("emerg", "core", True),
        ("warn", "core", True),
        ("info", "core", False),
        ("notice", "core", True),
        ("debug", "proxy", True),
        ("debug", "mod_proxy.c", True),
        ("trace1", "proxy", False),
        ("warn", "ssl", False),
        ("notice", "ssl", True),
    ],
)
def test_level_by_module_and_notices_always(
    tmp_path: Path, level: str, module: str, wanted: bool
) -> None:
    levels = (("proxy_module", Level.DEBUG), ("ssl", Level.ERROR))
    out = Written(tmp_path, {"log_level": Level.WARN, "log_levels": levels})
    assert out.log.is_wanted(level, module) is wanted
    out.log.write(level, module, 0, "", 0, "x")
    assert bool(out.lines()) is wanted


def test_each_host_writes_to_its_own_log_at_its_own_level(tmp_path: Path) -> None:
    out = Written(
        tmp_path,
        {},
        {"error_log": "b.log", "log_level": Level.DEBUG},
        {"error_log": "e.log"},
    )
    for vhost_index in range(3):
        out.log.write("debug", "proxy", vhost_index, "", 0, f"d{vhost_index}")
        out.log.write("error", "proxy", vhost_index, "", 0, f"e{vhost_index}")
    assert [line[-2:] for line in out.lines(0)] == ["e0", "e2"]
    assert [line[-2:] for line in out.lines(1)] == ["d1", "e1"]


def test_distinct_targets_are_opened_once(tmp_path: Path) -> None:
    hosts = ({"error_log": "a"}, {"error_log": "|b"}, {"error_log": "a"})
    assert error.error_targets(model(*hosts)) == (LogTarget("a"), LogTarget("|b"))


@given(text=st.text(), client=st.text(max_size=20))
def test_no_text_makes_a_second_line_or_leaves_ascii(
    tmp_path_factory: pytest.TempPathFactory, text: str, client: str
) -> None:
    out = Written(tmp_path_factory.mktemp("log"))
    out.log.write("error", "proxy", 0, client, 0, text, referer=text)
    raw = out.paths[0].read_bytes()
    assert raw.count(b"\n") == 1 and raw.endswith(b"\n")
    assert all(0x20 <= byte < 0x7F for byte in raw[:-1])
    for fd in out.fds:
        os.close(fd)


def test_escapes_are_apaches() -> None:
    assert error.escape('a\tb\r\nc"d\\e\x01é') == r'a\tb\r\nc"d\\e\x01\xc3\xa9'


def test_a_long_message_is_cut(tmp_path: Path) -> None:
    out = Written(tmp_path)
    out.log.write("error", "proxy", 0, "", 0, "x" * 20000)
    assert len(out.paths[0].read_bytes()) == error.LINE_BYTES_MAX


def test_what_clients_provoke_is_limited_and_the_rest_is_counted(
    tmp_path: Path,
) -> None:
    out = Written(tmp_path)
    most = error.MESSAGES_PER_WINDOW
    for number in range(most + 7):
        out.log.write("error", "core", 0, f"10.0.0.{number}:1", 0, "AH01630: denied: x")
    out.log.write("error", "core", 0, "10.0.0.1:1", 0, "AH00127: another number")
    out.log.write("error", "core", 0, "", 0, "AH01630: about nobody")
    assert len(out.lines()) == most + 2
    out.now_ns += error.WINDOW_NS
    out.log.write("error", "core", 0, "10.0.0.9:1", 0, "AH01630: denied: y")
    assert out.lines()[-1].endswith(
        "AH01630: denied: y (7 more like this were not written)"
    )


def test_a_clock_set_back_does_not_silence_the_log(tmp_path: Path) -> None:
    out = Written(tmp_path)
    for _ in range(error.MESSAGES_PER_WINDOW + 1):
        out.log.write("error", "core", 0, "c:1", 0, "AH1: x")
    out.now_ns -= 3600 * error.WINDOW_NS
    out.log.write("error", "core", 0, "c:1", 0, "AH1: x")
    assert len(out.lines()) == error.MESSAGES_PER_WINDOW + 1


def test_syslog_gets_facility_and_level_but_no_time(tmp_path: Path) -> None:
    out = Written(
        tmp_path, {"error_log": "syslog:local3:edge", "log_level": Level.TRACE8}
    )
    out.log.write("error", "proxy", 0, "", 0, "x")
    out.log.write("trace5", "proxy", 0, "", 0, "y")
    (error_at, line), (trace_at, _) = out.syslog
    assert error_at == syslog.LOG_LOCAL3 | syslog.LOG_ERR
    assert trace_at == syslog.LOG_LOCAL3 | syslog.LOG_DEBUG
    assert line.startswith("[proxy:error] [pid ")


@rows(
    ("target", "is_one"),
    [("syslog", True), ("syslog:user", True), ("syslogs", False), ("logs/e", False)],
)
def test_which_targets_are_syslog(target: str, is_one: bool) -> None:
    assert error.is_syslog(target) is is_one


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    read_fd, write_fd = os.pipe2(os.O_NONBLOCK)
    log = ErrorLog(model(), [write_fd], now_ns=lambda: NOON_NS)
    while True:
        try:
            os.write(write_fd, b"x" * 4096)
        except BlockingIOError:
            break
    log.write("error", "proxy", 0, "", 0, "no room")
    os.close(read_fd)
    log.write("error", "proxy", 0, "", 0, "nobody reads")
    os.close(write_fd)


def test_the_next_line_tells_how_many_are_missing(tmp_path: Path) -> None:
    written = Written(tmp_path)
    good = os.dup(written.fds[0])
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, written.fds[0])
    for _ in range(2):
        written.log.write("error", "core", 0, "", 0, "lost")
    os.dup2(good, written.fds[0])
    for text in ("told", "plain"):
        written.log.write("error", "core", 0, "", 0, text)
    told, plain = written.paths[0].read_text().splitlines()
    assert told.endswith("told (2 lines before this one could not be written)")
    assert plain.endswith(" plain")
    os.close(good)
    os.close(full)


def test_a_socket_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    written = Written(tmp_path)
    ours, theirs = socket.socketpair()
    os.dup2(ours.fileno(), written.fds[0])
    for number in range(400):
        written.log.write("error", "core", 0, "", 0, f"{number} {'x' * 4000}")
    assert theirs.recv(100).startswith(b"[")
    ours.close()
    theirs.close()


def test_before_the_logs_are_open_the_text_goes_to_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error.to_stderr("AH00015: Unable to open logs")
    error.to_stderr("AH00091: could not open", 13)
    assert capsys.readouterr().err == (
        "AH00015: Unable to open logs\n(13)Permission denied: AH00091: could not open\n"
    )
