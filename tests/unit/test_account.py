"""What the master says of itself beside its pid file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rows import rows

from fastlb.master import account
from fastlb.master.account import Account

SAID = Account(7, 12.5, 2, 4, 3, False, "refused", account.UPGRADE, account.UPGRADE)


def test_what_is_written_is_read_by_whoever_knows_the_pid(tmp_path: Path) -> None:
    pid_file = str(tmp_path / "pid")
    assert account.read(pid_file, 7) is None
    account.write(pid_file, SAID)
    assert account.read(pid_file, 7) == SAID
    assert account.read(pid_file, 8) is None
    assert (tmp_path / "pid.state").stat().st_mode & 0o777 == 0o600
    account.remove(pid_file)
    account.remove(pid_file)
    assert list(tmp_path.iterdir()) == []


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    pid_file = str(tmp_path / "pid")
    account.write(pid_file, Account(7, 1.0, text="\xe9" * account.BYTES_MAX))
    found = account.read(pid_file, 7)
    assert found is not None
    assert len(found.text) <= account.TEXT_MAX


def test_a_directory_that_cannot_be_written_stops_nobody() -> None:
    account.write("/proc/none/pid", SAID)


@rows("text", ["", "{", "[]", "7", '{"pid": 7}', '{"pid": 7, "since_s": "x"}'])
def test_what_is_no_account_is_none(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / "pid.state").write_text(text)
    assert account.read(str(folder / "pid"), 7) is None


def test_that_of_an_older_version_says_less(tmp_path: Path) -> None:
    path = tmp_path / "pid.state"
    path.write_text(json.dumps({"pid": 7, "since_s": 12.5, "asked": 4}))
    assert account.read(str(tmp_path / "pid"), 7) == Account(7, 12.5, asked=4)


def test_a_field_of_another_kind_is_none(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    account.write(str(pid_file), SAID)
    path = tmp_path / "pid.state"
    words = json.loads(path.read_text())
    path.write_text(json.dumps(words | {"asked": "4"}))
    assert account.read(str(pid_file), 7) is None
