"""Logs that nobody could read are told of before the start."""

from __future__ import annotations

from pathlib import Path

from trees import resolve_file

from fastlb.base.errors import Severity


def told(tmp_path: Path, *lines: str) -> list[tuple[Severity, str, int]]:
    conf = tmp_path / "t.conf"
    conf.write_text("\n".join(("Listen 80", *lines)) + "\n")
    _, found = resolve_file(conf)
    return [
        (item.severity, item.number, item.line)
        for item in found
        if item.number in ("FB0166", "FB0167", "FB0174")
    ]


def test_a_missing_directory_is_told_once(tmp_path: Path) -> None:
    lines = (
        f"ErrorLog {tmp_path}/none/error.log",
        f"<VirtualHost *:80>\nCustomLog {tmp_path}/none/a.log %h\n</VirtualHost>",
        f"CustomLog {tmp_path}/other/a.log %h",
        f"CustomLog {tmp_path}/a.log %h",
        f'TransferLog "|/bin/cat {tmp_path}/none/log 5"',
        "ErrorLog syslog:local7",
    )
    assert told(tmp_path, *lines) == [
        (Severity.WARNING, "FB0166", 2),
        (Severity.WARNING, "FB0166", 6),
    ]


def test_a_log_that_is_a_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    lines = (
        f"ErrorLog {tmp_path}/logs",
        f"CustomLog {tmp_path}/logs/ %h",
        f"CustomLog {tmp_path}/logs/a.log %h",
    )
    assert told(tmp_path, *lines) == [
        (Severity.WARNING, "FB0166", 2),
        (Severity.WARNING, "FB0166", 3),
    ]


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    lines = (
        'ErrorLog "|/nope/prog x"',
        f'CustomLog "||{tmp_path}/plain" %h',
        'CustomLog "|$nope | nope" %h',  # a shell's
        'CustomLog "|cat -n" %h',
    )
    assert told(tmp_path, *lines) == [
        (Severity.WARNING, "FB0174", 2),
        (Severity.WARNING, "FB0174", 3),
    ]


def test_standard_streams_are_noted(tmp_path: Path) -> None:
    lines = ("ErrorLog /dev/stderr", "CustomLog /dev/stdout %h")
    assert told(tmp_path, *lines) == [
        (Severity.NOTE, "FB0167", 2),
        (Severity.NOTE, "FB0167", 3),
    ]
