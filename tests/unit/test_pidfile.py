"""The pid file: Apache's rules and sentences."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from rows import rows

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
    fd = pidfile.write(str(path), 4711, pytest.fail)
    assert path.read_bytes() == b"4711\n"
    assert path.stat().st_mode & 0o777 == 0o644 & ~mask()
    assert pidfile.read(str(path)) == 4711
    assert [entry.name for entry in tmp_path.iterdir()] == ["pid"]
    os.close(fd)


@rows("text", ["", "abc", "12x", "-5", "0", "9" * 40])
def test_a_file_that_holds_no_pid_is_refused_with_what_to_do(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "pid"
    path.write_text(text)
    with pytest.raises(StartError) as caught:
        pidfile.read(str(path))
    assert f"AH00058: Error retrieving pid file {path}\nAH00059:" in str(caught.value)
    assert caught.value.code == 1


def test_a_fifo_in_its_place_keeps_nobody_waiting(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    os.mkfifo(path)
    with pytest.raises(StartError, match="not a regular file: AH00058"):
        pidfile.read(str(path))
    os.close(pidfile.write(str(path), 4711, pytest.fail))
    assert pidfile.read(str(path)) == 4711


def test_overwriting_the_file_of_another_process_is_told(
    tmp_path: Path, dead_pid: int
) -> None:
    path = tmp_path / "pid"
    path.write_text(f"{dead_pid}\n")
    said: list[str] = []
    os.close(pidfile.write(str(path), 4711, said.append))
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
    fd = pidfile.write(str(path), 4711, pytest.fail)
    pidfile.remove(str(path), fd)
    assert not path.exists()
    fd = pidfile.write(str(path), 4711, pytest.fail)
    path.unlink()
    path.write_text("4711\n")  # of another server
    pidfile.remove(str(path), fd)
    assert path.exists()


@pytest.mark.parametrize("name", ["pid.{pid}", "pid"])
def test_nothing_is_written_through_a_link_that_lies_there(
    tmp_path: Path, name: str
) -> None:
    """Whoever may write the directory must not choose what the server overwrites."""
    precious = tmp_path / "precious"
    precious.write_text("as it was")
    (tmp_path / name.format(pid=os.getpid())).symlink_to(precious)
    path = tmp_path / "pid"
    os.close(pidfile.write(str(path), os.getpid(), lambda _: None))
    assert precious.read_text() == "as it was"
    assert not path.is_symlink()
    assert path.read_text() == f"{os.getpid()}\n"


def test_a_name_that_is_taken_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pid"
    names = iter(["first", "second"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(names))
    (tmp_path / "pid.first").write_text("of somebody else")
    os.close(pidfile.write(str(path), 4711, pytest.fail))
    assert (tmp_path / "pid.first").read_text() == "of somebody else"
    assert not (tmp_path / "pid.second").exists()


SERVER = """\
import os, sys
from fastlb.master import pidfile
pidfile.write(sys.argv[1], os.getpid(), print)
if os.fork() == 0:
    os.close(1)  # a worker, which goes on when its master is gone
    sys.stdin.read()
    os._exit(0)
print(flush=True)
sys.stdin.read()
"""


def test_only_the_living_process_that_wrote_the_file_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert pidfile.is_held(str(path), process.pid)
        assert not pidfile.is_held(str(path), os.getpid())
        process.kill()
        process.stdout.read()  # its end
        process.wait()
        assert not pidfile.is_held(str(path), process.pid)


def test_a_lock_of_somebody_who_only_reads_the_file_means_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pid"
    path.write_text("1\n")
    reader = (
        "import fcntl, sys; file = open(sys.argv[1])\n"
        "fcntl.lockf(file, fcntl.LOCK_SH); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", reader, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert not pidfile.is_held(str(path), process.pid)
        process.kill()


def test_a_file_that_is_not_there_is_held_by_nobody(tmp_path: Path) -> None:
    assert not pidfile.is_held(str(tmp_path / "pid"), os.getpid())


def mask() -> int:
    """The umask."""
    value = os.umask(0)
    os.umask(value)
    return value
