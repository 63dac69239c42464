"""heartbeat/sender.py and `fastlb heartbeat`: what a member says of itself."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from rows import rows

from fastlb.cli.heartbeat import printed_by
from fastlb.heartbeat import Heartbeat
from fastlb.heartbeat.sender import address_of
from fastlb.heartbeat.wire import Beat, read_datagram

DEADLINE_S = 30.0


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(DEADLINE_S)
        yield sock


def to(listener: socket.socket) -> str:
    return f"127.0.0.1:{listener.getsockname()[1]}"


def heard(listener: socket.socket) -> Beat | None:
    return read_datagram(listener.recv(2000))


def test_an_application_says_how_much_it_has_to_do(listener: socket.socket) -> None:
    with Heartbeat(to(listener), capacity=8, port=8000, every_s=0.01) as heartbeat:
        assert heard(listener) == Beat(8, 0, 8000)
        with heartbeat.working(), heartbeat.working():
            while heard(listener) != Beat(6, 2, 8000):
                pass
        while heard(listener) != Beat(8, 0, 8000):
            pass


def test_or_it_counts_by_itself(listener: socket.socket) -> None:
    with Heartbeat(to(listener), counts=lambda: (-1, 5)):
        assert heard(listener) == Beat(0, 5)


def test_nothing_is_sent_behind_stop(listener: socket.socket) -> None:
    heartbeat = Heartbeat(to(listener), every_s=0.01)
    heartbeat.start()
    heartbeat.start()
    heard(listener)
    heartbeat.stop()
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            listener.recv(2000)
    assert heartbeat.beat() == Beat(1, 0)


def test_a_request_that_fails_is_over_too() -> None:
    heartbeat = Heartbeat("127.0.0.1:9", capacity=1)
    with pytest.raises(ZeroDivisionError), heartbeat.working():
        assert heartbeat.beat() == Beat(0, 1)
        raise ZeroDivisionError
    assert heartbeat.beat() == Beat(1, 0)


@rows(
    "text", ["", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:x", "h:1", ":1"]
)
def test_where_it_goes_is_an_address(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        address_of(text)


def test_ipv6_stands_in_brackets() -> None:
    assert address_of("[ff02::9]:27999") == (socket.AF_INET6, ("ff02::9", 27999))


@pytest.mark.parametrize(
    ("command", "printed"),
    [("echo 7 3", (7, 3)), ("echo x", (0, 0)), ("exit 1", (0, 0)), ("echo 7", (0, 0))],
)
def test_a_command_tells_both_numbers(command: str, printed: tuple[int, int]) -> None:
    assert printed_by(command) == printed


def test_the_command_sends_until_it_is_ended(listener: socket.socket) -> None:
    words = ["heartbeat", "--to", to(listener), "--ready", "5", "--every", "0.01"]
    with subprocess.Popen([sys.executable, "-m", "fastlb", *words]) as process:
        assert heard(listener) == Beat(5, 1)
        assert heard(listener) == Beat(5, 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0


def test_the_command_says_what_is_wrong() -> None:
    words = [sys.executable, "-m", "fastlb", "heartbeat", "--to", "nowhere"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "fastlb heartbeat: 'nowhere' is no ADDRESS:PORT\n"
