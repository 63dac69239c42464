"""fastlb as a service: what the manager that starts it is told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import MemberMaker
from harness import Fastlb, wait_for
from service_manager import ServiceManager, service_manager

POOL = """\
<Proxy balancer://pool>
    BalancerMember {url}
</Proxy>
ProxyPass / balancer://pool/
"""


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ServiceManager]:
    with service_manager(tmp_path) as made:
        yield made


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
