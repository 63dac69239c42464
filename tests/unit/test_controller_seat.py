"""The operator's socket is made where nothing else stands, and for its owner alone."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from fastlb.master.controller_seat import listening


def test_only_its_owner_may_connect(tmp_path: Path) -> None:
    path = str(tmp_path / "ctl")
    with listening(path):
        about = os.lstat(path)
        assert stat.S_ISSOCK(about.st_mode)
        assert stat.S_IMODE(about.st_mode) == 0o600
    assert os.listdir(tmp_path) == ["ctl"]


def test_one_that_a_server_has_left_is_taken_over(tmp_path: Path) -> None:
    path = str(tmp_path / "ctl")
    for name in ("ctl", "ct~"):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(tmp_path / name))
    with listening(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(path)


def test_who_comes_all_at_once_waits(tmp_path: Path) -> None:
    path = str(tmp_path / "ctl")
    with listening(path), ExitStack() as clients:
        for _ in range(400):
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            client.connect(path)  # BlockingIOError: it is full


@pytest.mark.parametrize("name", ["ctl", "ct~"])
def test_a_file_of_somebody_is_kept(tmp_path: Path, name: str) -> None:
    other = tmp_path / name
    other.write_text("mine")
    with pytest.raises(OSError, match="is no socket"):
        listening(str(tmp_path / "ctl"))
    assert other.read_text() == "mine"
