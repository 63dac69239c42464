"""Servers that are not ours end with all that they have started."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest
from ports import HOST, free_port
from programs import ForeignServer

DEADLINE_S = 20.0
CHILD = 'sleep 600 & echo $! > "$0"'


def lives(child: Path) -> bool:
    try:
        status = psutil.Process(int(child.read_text())).status()
    except psutil.NoSuchProcess:
        return False
    return status != psutil.STATUS_ZOMBIE  # whose end nobody has taken note of


def ends(child: Path) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while lives(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not lives(child)


def test_who_has_ended_leaves_nobody(tmp_path: Path) -> None:
    port, child = free_port(), tmp_path / "child"
    serve = f'exec "{sys.executable}" -m http.server --bind {HOST} {port}'
    words = ["sh", "-c", f"{CHILD}; {serve}", str(child)]
    server = ForeignServer(words, [port], tmp_path / "log")
    server.start()
    assert lives(child)
    server.stop()
    assert ends(child)
    server.stop()


def test_who_does_not_start_leaves_nobody(tmp_path: Path) -> None:
    child = tmp_path / "child"
    words = ["sh", "-c", f"{CHILD}; echo alas", str(child)]
    server = ForeignServer(words, [free_port()], tmp_path / "log")
    with pytest.raises(AssertionError, match="it has ended\nalas"):
        server.start()
    assert ends(child)
