"""Programs of RewriteMap: asked beside the requests, replaced when they fail."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from harness import HOST, Fastlb, wait_for
from test_websockets import Chat

PROGRAM = """#!/bin/sh
while IFS= read -r key; do
    case $key in
    die) exit 3 ;;
    slow) sleep 2 ;;
    twice) echo one; echo two; continue ;;
    long) head -c 200000 /dev/zero | tr '\\0' x; echo; continue ;;
    null) echo nUlL; continue ;;
    empty) echo; continue ;;
    pid) key=$$ ;;
    who) key=$(id -u) ;;
    esac
    echo "<$key+$1>"
done
"""


@pytest.fixture
def chat() -> Iterator[Chat]:
    made = Chat()
    yield made
    made.stop()


@pytest.fixture
def program() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        path = Path(name) / "map"
        path.write_text(PROGRAM)
        path.chmod(0o755)
        yield path


def written(chat: Chat, program: Path, more: str = "") -> str:
    return (
        f'RewriteEngine on\nRewriteMap m "prg:{program} a"\n{more}'
        "RewriteRule ^/map/(.*) /to/${m:$1|no} [R,NE]\n"
        "RewriteRule ^/env - [E=seen:${m:one}]\n"
        f"ProxyPass / http://{HOST}:{chat.port}/\n"
    )


def leads(server: Fastlb, key: str) -> str:
    found = server.get(f"/map/{key}")
    if found.status != 302:
        return str(found.status)
    return (found.field("Location") or "").rpartition("/to/")[2]


def programs(path: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(path) in process.cmdline() and process.status() != "zombie":
                found.append(process)
    return found


def pid_of(server: Fastlb) -> int:
    return int(leads(server, "pid").strip("<>").split("+")[0])


def test_a_program_answers(server: Fastlb, chat: Chat, program: Path) -> None:
    server.write(written(chat, program), workers=2)
    server.start()
    for key in ("one", "two", "one"):
        assert leads(server, key) == f"<{key}+a>"
    assert leads(server, "null") == "no"
    assert leads(server, "empty") == ""
    assert leads(server, "a%0ab") == "no"
    assert server.get("/page").text == "a page\n"
    # One for all workers, as httpd has it; and no line in the log.
    assert len({pid_of(server) for _ in range(10)}) == 1
    assert len(programs(program)) == 1
    assert "FB081" not in server.error_log
    if os.getuid() == 0:
        who = leads(server, "who").strip("<>").split("+")[0]
        worker = next(
            p
            for p in psutil.Process(server.pid).children()
            if p.name() == "fastlb-worker"
        )
        assert who == str(worker.uids().real)
    server.stop()
    wait_for(lambda: not programs(program), "the end of the program")


def test_a_slow_program_holds_nobody_up(
    server: Fastlb, chat: Chat, program: Path
) -> None:
    server.write(written(chat, program), workers=1)
    server.start()
    slow: list[str] = []
    waiting = threading.Thread(target=lambda: slow.append(leads(server, "slow")))
    waiting.start()
    rounds = 0
    longest = 0.0
    while waiting.is_alive():
        began = time.monotonic()
        assert server.get("/page").status == 200
        longest = max(longest, time.monotonic() - began)
        rounds += 1
    waiting.join()
    assert slow == ["<slow+a>"]
    assert rounds > 3
    assert longest < 1.5, longest


def test_many_at_once_get_their_own_answers(
    server: Fastlb, chat: Chat, program: Path
) -> None:
    server.write(written(chat, program), workers=2)
    server.start()
    wrong: list[str] = []

    def ask(number: int) -> None:
        for turn in range(20):
            key = f"k{number}-{turn}"
            found = leads(server, key)
            if found != f"<{key}+a>":
                wrong.append(f"{key}: {found}")

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("key", ["die", "long"])
def test_a_program_that_fails_is_a_fault_and_is_replaced(
    server: Fastlb, chat: Chat, program: Path, key: str
) -> None:
    server.write(written(chat, program), workers=1)
    server.start()
    before = pid_of(server)
    # Not what stands for "not found": a rule may protect something by it.
    assert leads(server, key) == "503"
    wait_for(lambda: leads(server, "one") == "<one+a>", "another program")
    assert pid_of(server) != before
    assert "FB0810: /map/" in server.error_log
    assert server.error_log.count("FB0811: RewriteMap m: the program") == 1


def test_a_line_too_many_is_nobodys_answer(
    server: Fastlb, chat: Chat, program: Path
) -> None:
    server.write(written(chat, program), workers=1)
    server.start()
    assert leads(server, "twice") == "one"
    wait_for(lambda: leads(server, "one") == "<one+a>", "an answer of its own")
    assert "has said something that nobody asked for" in server.error_log


def keepers(server: Fastlb) -> list[psutil.Process]:
    return [
        one
        for one in psutil.Process(server.pid).children()
        if one.name() == "fastlb-map"
    ]


def test_a_reload_and_an_end_leave_no_program(
    server: Fastlb, chat: Chat, program: Path
) -> None:
    server.write(written(chat, program), workers=1)
    server.start()
    before = pid_of(server)
    server.write(written(chat, program).replace(' a"', ' b"'), workers=1)
    server.reload()
    wait_for(lambda: leads(server, "one") == "<one+b>", "the new program")
    wait_for(lambda: not psutil.pid_exists(before), "the end of the old program")
    assert len(programs(program)) == 1
    # Whoever keeps it may be killed; so may a worker.
    wait_for(lambda: len(keepers(server)) == 1, "the end of the old keeper")
    keepers(server)[0].kill()
    wait_for(lambda: leads(server, "one") == "<one+b>", "another keeper")
    wait_for(lambda: len(programs(program)) == 1, "one program")
    for worker in psutil.Process(server.pid).children():
        if worker.name() == "fastlb-worker":
            worker.kill()
    wait_for(lambda: leads(server, "one") == "<one+b>", "another worker")
    server.stop()
    wait_for(lambda: not programs(program), "the end of the program")


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")
def test_a_program_is_whom_its_line_names(
    server: Fastlb, chat: Chat, program: Path
) -> None:
    plain = written(chat, program)
    line = f'"prg:{program} a"'
    server.write(plain.replace(line, f"{line} nobody"), workers=1)
    server.start()
    nobody = pwd.getpwnam("nobody").pw_uid
    assert leads(server, "who") == f"<{nobody}+a>"
    # Nobody who is not there, and not root: the server goes on as it is.
    for user in ("no-such-user", "root", "nobody:no-such-group"):
        refusals = server.error_log.count("FB0606")
        server.write(plain.replace(line, f"{line} {user}"), workers=1)
        os.kill(server.pid, signal.SIGHUP)
        wait_for(
            lambda many=refusals: server.error_log.count("FB0606") > many, "a refusal"
        )
        assert leads(server, "who") == f"<{nobody}+a>"
    assert len(programs(program)) == 1


def test_a_graceful_stop_lets_the_program_answer(
    server: Fastlb, chat: Chat, program: Path
) -> None:
    server.write(written(chat, program), workers=1)
    server.start()
    slow: list[str] = []
    waiting = threading.Thread(target=lambda: slow.append(leads(server, "slow")))
    waiting.start()
    wait_for(lambda: any(p.children() for p in programs(program)), "the program sleeps")
    server.stop(signal.SIGWINCH)
    waiting.join()
    assert slow == ["<slow+a>"]
    wait_for(lambda: not programs(program), "the end of the program")


def test_the_death_of_the_master_ends_it(
    server: Fastlb, chat: Chat, program: Path
) -> None:
    server.write(written(chat, program), workers=1)
    server.start()
    assert leads(server, "one") == "<one+a>"
    server.workers()
    os.kill(server.pid, signal.SIGKILL)
    assert server.process is not None
    server.process.wait()
    wait_for(lambda: not server.left_over(), "the end of workers and keeper")
    wait_for(lambda: not programs(program), "the end of the program")
    (server.folder / "fastlb.pid").unlink()
