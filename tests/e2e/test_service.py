"""fastlb as a service: what the manager that starts it is told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import MemberMaker
from harness import HOST, Fastlb, wait_for
from ports import free_port
from service_manager import POOL, ServiceManager


def test_a_manager_follows_reloads_and_the_end(
    server: Fastlb, manager: ServiceManager, make_member: MemberMaker
) -> None:
    server.write(POOL.format(url=make_member("a").url))
    server.start(environ=manager.environ)
    told = manager.wait_for("READY")
    assert told["MAINPID"] == str(server.pid)
    assert told["STATUS"] == "serves 1 host, 1 member, 2 workers"

    asked_us = time.monotonic_ns() // 1000
    with server.conf.open("a") as conf:
        conf.write("Timeout 77\n")
    server.reload()
    told = manager.wait_for("READY", "RELOADING", "READY")
    assert asked_us <= int(manager.told[1]["MONOTONIC_USEC"])
    assert int(manager.told[1]["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert told["STATUS"].startswith("serves 1 host, 1 member, 2 workers; reloaded: ")
    assert "Timeout: 60 s -> 77 s" in told["STATUS"]

    server.stop()
    told = manager.wait_for("READY", "RELOADING", "READY", "STOPPING")
    assert told["STATUS"] == "ends every connection"


def test_a_manager_learns_why_a_reload_was_refused(
    server: Fastlb, manager: ServiceManager
) -> None:
    server.write("")
    server.start(environ=manager.environ)
    with server.conf.open("a") as conf:
        conf.write("Bogus yes\n")
    ended = server.command("-k", "graceful")
    assert ended.returncode == 1  # its configuration cannot be read
    os.kill(server.pid, signal.SIGHUP)
    told = manager.wait_for("READY", "RELOADING", "READY")
    assert told["STATUS"].startswith(
        "goes on as before: the reload was refused while reading the configuration: "
    )
    assert "Bogus" in told["STATUS"]


def test_a_manager_sees_a_graceful_stop_begin(
    server: Fastlb, manager: ServiceManager, make_member: MemberMaker
) -> None:
    member = make_member("a")
    server.write(POOL.format(url=member.url))
    server.start(environ=manager.environ)
    member.hold()
    with server.connection() as connection:
        connection.request("GET", "/")
        wait_for(lambda: member.seen, "the member has the request")
        os.kill(server.pid, signal.SIGWINCH)
        told = manager.wait_for("READY", "STOPPING")
        assert told["STATUS"] == "finishes what it has, and takes nothing new"
        member.let_go()
        assert connection.getresponse().read() == b"a"
    assert server.process is not None
    assert server.process.wait(30) == 0
    manager.wait_for("READY", "STOPPING", "STOPPING")


def test_a_server_in_the_background_says_which_process_it_is(
    server: Fastlb, manager: ServiceManager
) -> None:
    server.write("")
    launched = subprocess.run(
        [sys.executable, "-m", "fastlb", "-f", str(server.conf), "-k", "start"],
        env={**os.environ, **manager.environ},
        timeout=30,
        check=True,
    )
    assert launched.returncode == 0
    # Told before the launcher ended, whose pid the manager knows.
    assert manager.words() == ["READY"]
    assert manager.told[0]["MAINPID"] == str(server.pid)


def test_neither_workers_nor_programs_speak_for_the_server(
    server: Fastlb, manager: ServiceManager, tmp_path: Path
) -> None:
    seen = tmp_path / "environ"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\nenv > {seen}.new\nmv {seen}.new {seen}\ncat\n")
    program.chmod(0o755)
    server.write(
        f'CustomLog "|{program}" "%h"\n'
        'Header always set X-Socket "expr=(%{osenv:NOTIFY_SOCKET})"\n'
    )
    server.start(environ={**manager.environ, "WATCHDOG_USEC": "60000000"})
    wait_for(seen.exists, "the log program has begun")
    assert "NOTIFY_SOCKET" not in seen.read_text()
    assert "WATCHDOG" not in seen.read_text()
    assert server.get().field("X-Socket") == "()"


def test_a_watchdog_hears_from_a_server_that_has_nothing_to_do(
    server: Fastlb, manager: ServiceManager
) -> None:
    server.write("")
    server.start(environ={**manager.environ, "WATCHDOG_USEC": "200000"})
    wait_for(
        lambda: sum("WATCHDOG" in one for one in manager.hear()) > 10, "the watchdog"
    )


def test_a_manager_that_takes_nothing_keeps_no_server_from_serving(
    server: Fastlb, manager: ServiceManager, make_member: MemberMaker
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                other.sendto(b"FULL=1", manager.address)
    server.write(POOL.format(url=make_member("a").url))
    server.start(environ=manager.environ)
    server.reload()
    assert server.get().text == "a"
    wait_for(lambda: manager.words()[-1] == "READY", "the last words are heard")


# Becomes the server with the sockets of these ports from descriptor 3 on. What is open
# here lies above, and is closed with the rest.
HANDS_OVER = """\
import fcntl, os, socket, sys
count = int(sys.argv[1])
for place, port in enumerate(sys.argv[2 : 2 + count]):
    sock = socket.create_server(("127.0.0.1", int(port)))
    high = fcntl.fcntl(sock.detach(), fcntl.F_DUPFD_CLOEXEC, 100)
    os.dup2(high, 3 + place)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(count))
os.execvp(sys.argv[2 + count], sys.argv[2 + count :])
"""


def hands_over(*ports: int) -> tuple[str, ...]:
    words = (str(len(ports)), *map(str, ports))
    return (sys.executable, "-c", HANDS_OVER, *words)


def inodes_listening(pid: int) -> set[str]:
    """The sockets that this process holds and somebody listens on, by inode."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines())
    listening = {row[9] for row in rows if row[3] == "0A"}
    links = (os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir())
    return {link[8:-1] for link in links if link.startswith("socket:")} & listening


def test_sockets_that_are_handed_over_stay_over_reloads(
    server: Fastlb, make_member: MemberMaker
) -> None:
    nobodys = free_port()
    server.write(POOL.format(url=make_member("a").url))
    server.start(through=hands_over(server.port, nobodys))
    told = server.wait_for_log("FB0615")
    assert told.endswith(
        f"the socket 4 at 127.0.0.1:{nobodys}, which was handed over at the start, is "
        "closed: no Listen names it"
    )
    held = inodes_listening(server.pid)
    assert len(held) == 1
    assert all(inodes_listening(pid) == held for pid in server.workers())
    before = server.workers()
    server.reload()
    wait_for(lambda: not set(before) & set(server.workers()), "the old ones have gone")
    assert server.get().text == "a"
    assert inodes_listening(server.pid) == held
    assert all(inodes_listening(pid) == held for pid in server.workers())
    assert server.error_log.count("FB0615") == 1


@pytest.mark.needs("systemd-socket-activate")
def test_a_request_that_comes_before_the_server_is_answered(
    server: Fastlb, make_member: MemberMaker
) -> None:
    server.write(POOL.format(url=make_member("a").url))
    with subprocess.Popen(
        [
            *("systemd-socket-activate", "-l", f"{HOST}:{server.port}"),
            *("-E", "PATH", "-E", "PYTHONPATH", sys.executable, "-m", "fastlb"),
            *("-f", str(server.conf), "-D", "FOREGROUND"),
        ],
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for(lambda: inodes_listening(process.pid), "its socket is open")
            assert server.get().text == "a"
            assert server.pid == process.pid
            server.reload()
            assert server.get().text == "a"
            assert "FB0615" not in server.error_log
        finally:
            server.workers()
            process.terminate()
            assert process.wait(30) == 0
