"""`fastlb demo`: one command, two members, a session that stays."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest
from harness import HOST, exchange, is_listening, wait_for
from ports import free_port


@pytest.fixture
def demo() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The demo on a free port, once it has said what to open."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "fastlb", "demo", "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    assert f"http://{HOST}:{port}/" in first
    yield process, port
    process.kill()
    process.wait()
    process.stdout.close()


def get(port: int, path: str = "/", **fields: str) -> tuple[int, str, str | None]:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        got = exchange(connection, "GET", path, fields)
        return got.status, got.text, got.field("Set-Cookie")
    finally:
        connection.close()


def member_of(text: str) -> str:
    found = re.match(r"member (\w) ", text)
    assert found is not None, text
    return found[1]


def test_members_take_turns_and_a_session_stays_with_its_member(
    demo: tuple[subprocess.Popen[str], int],
) -> None:
    _, port = demo
    names = [member_of(get(port)[1]) for _ in range(4)]
    assert names[0] != names[1]
    assert names == names[:2] * 2
    _, text, cookie = get(port)
    assert cookie is not None
    session = cookie.split(";")[0]
    again = [member_of(get(port, Cookie=session)[1]) for _ in range(4)]
    assert again == [member_of(text)] * 4


def test_the_status_page_shows_the_members(
    demo: tuple[subprocess.Popen[str], int],
) -> None:
    _, port = demo
    status, text, _ = get(port, "/server-status?auto")
    assert status == 200
    assert text.count("]Status: Init Ok \n") == 2


def test_control_c_ends_all_of_it(demo: tuple[subprocess.Popen[str], int]) -> None:
    process, port = demo
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 4
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    wait_for(lambda: not any(c.is_running() for c in children), "all have ended")
    assert not is_listening(port)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up root")
def test_nothing_that_serves_is_root(demo: tuple[subprocess.Popen[str], int]) -> None:
    process, port = demo
    assert get(port)[0] == 200

    def nobody_is_root() -> bool:
        # One that has just been forked is still about to give up its rights.
        return not any(
            0 in (*child.uids(), *child.gids())
            for child in psutil.Process(process.pid).children()
        )

    wait_for(nobody_is_root, "all have given up their rights")


@pytest.mark.parametrize("words", [["--port"], ["--port", "x"], ["--bogus"], ["1"]])
def test_wrong_words_end_with_two(words: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "fastlb", "demo", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: fastlb demo [--port number]\n")
