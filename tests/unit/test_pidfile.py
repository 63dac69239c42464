"""The pid file: Apache's rules and sentences."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastlb.master import pidfile
from fastlb.master.errors import StartError


@pytest.fixture
def dead_pid() -> int:
    """A pid that was a process a moment ago."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_missing_file_means_no_server(tmp_path: Path) -> None:
    assert pidfile.read(str(tmp_path / "pid")) is None


def test_the_file_holds_the_pid_in_decimal_and_a_newline(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    pidfile.write(str(path), 4711, pytest.fail)
    assert path.read_bytes() == b"4711\n"
    assert pidfile.read(str(path)) == 4711
    assert [entry.name for entry in tmp_path.iterdir()] == ["pid"]


@pytest.mark.parametrize("text", ["", "abc", "12x", "-5", "0", "9" * 40])
def test_a_file_that_holds_no_pid_is_refused_with_what_to_do(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "pid"
    path.write_text(text)
    with pytest.raises(StartError) as caught:
        pidfile.read(str(path))
    assert f"AH00058: Error retrieving pid file {path}\nAH00059:" in str(caught.value)
    assert caught.value.code == 1


def test_overwriting_the_file_of_another_process_is_told(
    tmp_path: Path, dead_pid: int
) -> None:
    path = tmp_path / "pid"
    path.write_text(f"{dead_pid}\n")
    said: list[str] = []
    pidfile.write(str(path), 4711, said.append)
    assert said == [
        f"AH00098: pid file {path} overwritten -- "
        "Unclean shutdown of previous Apache run?"
    ]
    assert pidfile.read(str(path)) == 4711


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "pid"
    with pytest.raises(StartError, match=f"AH00099: could not create {path}"):
        pidfile.write(str(path), 1, pytest.fail)


def test_only_its_own_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text("4711\n")
    pidfile.remove(str(path), 4712)
    assert path.exists()
    pidfile.remove(str(path), 4711)
    assert not path.exists()
    pidfile.remove(str(path), 4711)


def test_a_process_is_running_until_it_has_ended(dead_pid: int) -> None:
    assert pidfile.is_running(os.getpid())
    assert pidfile.is_running(1)
    assert not pidfile.is_running(dead_pid)
