"""What breaks, and what goes on: members, workers, names, programs."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from conftest import MemberMaker
from harness import Fastlb, Load, Member, wait_for
from peers import HOST, answering, request, response
from rig import Rig

POOL = """\
ExtendedStatus On
ProxyStatus On
<Location /status>
    SetHandler server-status
</Location>
ProxyPass /status !
<Proxy balancer://pool>
{members}
</Proxy>
ProxyPass / balancer://pool/
"""


def pool(*members: str, settings: str = "") -> str:
    lines = [f"    BalancerMember {m}" for m in members]
    return POOL.format(members="\n".join([*lines, settings]))


def status_of(server: Fastlb) -> dict[str, str]:
    """The fields of server-status?auto."""
    lines = server.get("/status?auto").text.splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def values(fields: dict[str, str], name: str) -> list[str]:
    """One field of every member, in order."""
    return [value for key, value in fields.items() if re.search(rf"\]{name}$", key)]


@pytest.fixture
def pair(make_member: MemberMaker) -> tuple[Member, Member]:
    return make_member("a"), make_member("b")


# members


def test_a_member_that_has_gone_costs_no_request_and_comes_back_by_itself(
    server: Fastlb, pair: tuple[Member, Member]
) -> None:
    """It goes while it has none: what it takes along with it nobody can give back."""
    a, b = pair
    server.write(pool(a.url, b.url))
    server.start()
    with Load(server, threads=2) as load:
        with load.paused():
            a.stop()
        load.wait_for_more(100)
        assert "Init Err " in values(status_of(server), "Status")
        a.start()
        # Apache would not ask before retry=60 is over.
        before = len(a.seen)
        wait_for(lambda: len(a.seen) > before, "the member serves again")
    assert load.failures == []
    server.wait_for_log(
        rf":notice\] .*FB0322: balancer://\w+: member {re.escape(a.url)} is out: "
        "connection refused; it is probed in the background until it listens again"
    )
    server.wait_for_log(
        rf":notice\] .*FB0503: member {re.escape(a.url)} is back: it takes connections"
    )
    back, out = re.findall(
        r"<li>(.*ago: (?:out|back): .*)</li>", server.get("/status").text
    )
    assert "ago: back: it takes connections again (process" in back
    assert "ago: out: connection refused (process" in out
    # Nothing is said twice, nor that it is out for a time in which it is not.
    assert server.error_log.count("FB0322") == server.error_log.count("FB0503") == 1
    assert "FB0323" not in server.error_log
    assert "for 60s" not in server.error_log


def established(port: int, workers: list[int]) -> list[int]:
    """How many connections to that port each worker has."""
    return [
        sum(
            one.status == psutil.CONN_ESTABLISHED and bool(one.raddr)
            and one.raddr.port == port
            for one in psutil.Process(pid).net_connections("tcp")
        )
        for pid in workers
    ]  # fmt: skip


def test_a_member_that_goes_out_loses_its_idle_connections_in_all_workers(
    server: Fastlb, pair: tuple[Member, Member]
) -> None:
    """It keeps them, and takes no new one."""
    _, b = pair
    connections = []
    listening = socket.create_server((HOST, 0), backlog=64)
    port = listening.getsockname()[1]

    def serve(connection: socket.socket) -> None:
        while connection.recv(65536):
            connection.sendall(response(b"stays"))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connections.append(listening.accept()[0])
                threading.Thread(target=serve, args=(connections[-1],)).start()

    threading.Thread(target=accept, daemon=True).start()
    server.write(pool(f"http://{HOST}:{port}", f"{b.url} status=+H"))
    server.start()
    workers = server.workers()

    def all_have_one() -> bool:
        assert server.get().text == "stays"
        return all(established(port, workers))

    wait_for(all_have_one, "an idle connection of each worker")
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    with server.connection() as client:
        # A new connection is needed for what must not be sent twice.
        def is_out() -> bool:
            time.sleep(0.02)
            client.request("POST", "/", b"x")
            return client.getresponse().read() == b"b"

        wait_for(is_out, "the member is out")
    wait_for(
        lambda: not any(established(port, workers)), "its idle connections are closed"
    )
    for connection in connections:
        connection.close()


def test_a_written_retry_is_kept_to_the_letter(
    server: Fastlb, pair: tuple[Member, Member]
) -> None:
    a, b = pair
    server.write(pool(f"{a.url} retry=1", b.url))
    server.start()
    a.stop()
    out_s = time.monotonic()
    assert [server.get().text for _ in range(4)] == ["b"] * 4
    a.start()
    wait_for(lambda: server.get().text == "a", "the member serves again")
    # Counted from the failed connection, which came later.
    assert 0.95 <= time.monotonic() - out_s < 20  # not retry=60
    name = re.escape(a.url)
    server.wait_for_log(rf"FB0322: .*{name} is out: connection refused; next try in")
    server.wait_for_log(
        rf"FB0323: .*{name} is back: retry=1 had passed, it was tried again and took"
    )


def test_nobody_there_is_a_503_and_not_a_wait(
    server: Fastlb, pair: tuple[Member, Member]
) -> None:
    a, b = pair
    server.write(pool(a.url, b.url))
    server.start()
    a.stop()
    b.stop()
    began_s = time.monotonic()
    assert [server.get().status for _ in range(3)] == [503] * 3
    assert time.monotonic() - began_s < 20  # retry=60 is not waited for
    b.start()
    wait_for(lambda: server.get().text == "b", "the member serves again")


def test_a_name_that_is_not_known_does_not_stop_the_start(
    server: Fastlb, make_member: MemberMaker
) -> None:
    server.write(pool("http://nowhere.invalid:80", make_member("a").url))
    server.start()
    assert [server.get().text for _ in range(4)] == ["a"] * 4
    assert values(status_of(server), "Status")[0] == "Init Err "
    assert "DNS lookup failure for: nowhere.invalid" in server.error_log


def test_a_reload_keeps_what_is_known_about_members(
    server: Fastlb, pair: tuple[Member, Member]
) -> None:
    a, b = pair
    text = pool(f"{a.url} retry=600", b.url)
    server.write(text)
    server.start()
    a.stop()
    assert [server.get().text for _ in range(6)] == ["b"] * 6
    before = status_of(server)
    server.reload()
    after = status_of(server)
    assert values(after, "Status") == ["Init Err ", "Init Ok "]
    assert values(after, "Elected") == values(before, "Elected")


def test_compat_apache_starts_afresh_with_a_reload(
    server: Fastlb, pair: tuple[Member, Member]
) -> None:
    a, b = pair
    server.write("Compat apache\n" + pool(f"{a.url} retry=600", b.url))
    server.start()
    a.stop()
    assert [server.get().text for _ in range(6)] == ["b"] * 6
    a.start()
    server.reload()
    fields = status_of(server)
    assert values(fields, "Status") == ["Init Ok ", "Init Ok "]
    assert values(fields, "Elected") == ["0", "0"]


# workers


def test_only_what_a_killed_worker_had_in_hand_is_lost(
    server: Fastlb, pair: tuple[Member, Member]
) -> None:
    a, b = pair
    server.write(pool(a.url, b.url))
    server.start()
    with Load(server, threads=4) as load:
        for _ in range(5):
            victim = wait_for(server.workers, "a worker")[0]
            os.kill(victim, signal.SIGKILL)
            wait_for(
                lambda gone=victim: gone not in server.workers(), "the worker's end"
            )
            wait_for(lambda: len(server.workers()) == 2, "its successor")
    # Each kill may end at most what the four threads had on their way.
    assert len(load.failures) <= 5 * 4
    wait_for(
        lambda: values(status_of(server), "Busy") == ["0", "0"], "busy is zero again"
    )


def test_a_worker_killed_with_requests_in_hand_leaves_no_busy_behind(
    server: Fastlb, pair: tuple[Member, Member]
) -> None:
    a, b = pair
    server.write(pool(a.url, b.url), workers=1)
    server.start()
    a.hold()
    b.hold()
    with server.connection() as one, server.connection() as two:
        one.request("GET", "/")
        two.request("GET", "/")
        wait_for(lambda: a.seen and b.seen, "both members have a request")
        (victim,) = server.workers()
        os.kill(victim, signal.SIGKILL)
        server.wait_for_log("left behind and was settled: .*busy")
    a.let_go()
    b.let_go()
    wait_for(lambda: server.get().status == 200, "the new worker serves")
    assert values(status_of(server), "Busy") == ["0", "0"]


# rights


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up root")
def test_workers_and_monitor_give_up_root_and_the_master_keeps_it(
    server: Fastlb, make_member: MemberMaker
) -> None:
    server.write(
        pool(make_member("a").url) + "User nobody\nGroup nogroup\n", identity=False
    )
    server.start()
    assert server.get().text == "a"
    uid = pwd.getpwnam("nobody").pw_uid
    for pid in (*server.workers(), *wait_for(server.monitors, "the monitor")):
        assert psutil.Process(pid).uids() == (uid, uid, uid)
        assert 0 not in psutil.Process(pid).gids()
    assert psutil.Process(server.pid).uids().real == 0
    assert server.get("/status").status == 200
    server.reload()
    assert server.get().text == "a"
    # Whatever a worker uses was imported while it was still readable.
    assert "Traceback" not in server.error_log


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
@pytest.mark.parametrize("lines", ["", "Group #64998\n", "User root\n", "User #0\n"])
def test_workers_that_would_be_root_are_refused(
    lines: str, server: Fastlb, make_member: MemberMaker
) -> None:
    server.write(pool(make_member("a").url) + lines, identity=False)
    for words in (["-t"], ["-k", "start"]):
        result = server.command(*words)
        assert result.returncode == 1
        assert "must not run as root" in result.stderr
        assert "    write User " in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_a_reload_to_workers_that_would_be_root_is_refused(
    server: Fastlb, make_member: MemberMaker
) -> None:
    text = pool(make_member("a").url)
    server.write(text)
    server.start()
    server.write(text, identity=False)
    os.kill(server.pid, signal.SIGHUP)
    server.wait_for_log("reload refused while reading .*workers must not run as root")
    assert server.get().text == "a"


def test_an_unknown_user_is_refused(server: Fastlb, make_member: MemberMaker) -> None:
    server.write(pool(make_member("a").url) + "User none-such\n")
    result = server.command("-k", "start")
    assert result.returncode == 1
    assert "bad user name none-such" in result.stderr


# log programs


def test_a_log_program_gets_every_line_over_reloads_and_ends(
    server: Fastlb, make_member: MemberMaker
) -> None:
    program = server.folder / "collect.sh"
    program.write_text(f'#!/bin/sh\nexec cat >> "{server.folder}/collected.log"\n')
    program.chmod(0o755)
    server.write(pool(make_member("a").url) + f'CustomLog "|{program}" "%U"\n')
    server.start()
    server.get("/one")
    server.reload()
    server.get("/two")
    server.stop()
    collected = server.folder / "collected.log"
    wait_for(
        lambda: collected.exists() and collected.read_text() == "/one\n/two\n",
        "both lines",
    )


@pytest.mark.parametrize("directive", ['CustomLog "{}" "%U"', 'ErrorLog "{}"'])
def test_a_log_program_that_ignores_its_end_does_not_outlive_the_server(
    server: Fastlb, make_member: MemberMaker, directive: str
) -> None:
    line = directive.format("|$sleep 600; sleep 601")
    server.write(pool(make_member("a").url) + line + '\nCustomLog "|/bin/cat" "%U"\n')
    if directive.startswith("ErrorLog"):
        result = server.command("-k", "start")
        assert result.returncode == 0, result.stderr
    else:
        server.start()
    assert server.get().text == "a"
    programs = [
        child
        for child in psutil.Process(server.pid).children(recursive=True)
        if child.name() in ("sh", "sleep", "cat")
    ]
    assert {program.name() for program in programs} == {"sh", "sleep", "cat"}
    server.known_pids |= {program.pid for program in programs}
    server.stop()
    wait_for(lambda: not server.left_over(), "all have ended")


def test_workers_hold_nothing_but_the_writing_end_of_a_log_program(
    server: Fastlb, make_member: MemberMaker
) -> None:
    server.write(
        pool(make_member("a").url)
        + 'CustomLog "|/bin/cat" "%U"\nCustomLog "|$exec cat" "%U"\n'
    )
    server.start()
    children = psutil.Process(server.pid).children()
    inputs = {
        os.readlink(f"/proc/{child.pid}/fd/0")
        for child in children
        if child.name() == "cat"
    }
    assert len(inputs) == 2
    for pid in (*server.workers(), *wait_for(server.monitors, "the monitor")):
        held = [
            fd
            for fd in os.listdir(f"/proc/{pid}/fd")
            if os.readlink(f"/proc/{pid}/fd/{fd}") in inputs
        ]
        assert len(held) == 2
        for fd in held:
            flags = Path(f"/proc/{pid}/fdinfo/{fd}").read_text().split("flags:")[1]
            assert int(flags.split()[0], 8) & os.O_ACCMODE == os.O_WRONLY


def room_for(pid: int, size: int | None) -> None:
    """Let the files of a process grow to so many bytes, as a full disk would."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


def test_a_full_disk_tears_no_line(rig: Rig) -> None:
    rig.serve(
        answering(lambda _: response()), text='CustomLog plain.log "begin %U end"\n'
    )
    log = rig.folder / "plain.log"
    client = rig.client()

    def get(path: str) -> None:
        client.send(request(path))
        assert client.take_response().status == 200

    get("/first")
    wait_for(lambda: log.read_text() == "begin /first end\n", "its line")
    room_for(rig.pid, len("begin /first end\n") + 7)
    get("/lost")
    get("/lost")
    rig.look()  # lines are written behind their answers, before the worker's next turn
    room_for(rig.pid, None)
    get("/last")
    wait_for(lambda: "/last" in log.read_text(), "the last line")
    assert log.read_text() == "begin /first end\nbegin /last end\n"


def test_a_full_disk_tears_no_line_of_the_error_log(tmp_path: Path) -> None:
    script = (
        "import os, resource, sys\n"
        "from fastlb.logs.error import ErrorLog\n"
        "fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)\n"
        "def write(text): ErrorLog._write_line(fd, text)\n"
        "write('first')\n"
        "hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9, hard))\n"
        "write('lost')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\n"
        "write('last')\n"
    )
    log = tmp_path / "error.log"
    subprocess.run([sys.executable, "-c", script, log], check=True)
    assert log.read_text() == "first\nlast\n"


def test_lines_of_several_workers_are_whole_in_a_log_program(
    server: Fastlb, make_member: MemberMaker
) -> None:
    collected = server.folder / "collected.log"
    server.write(
        pool(make_member("a").url)
        + f'CustomLog "|$exec cat > {collected}" "begin %U {"x" * 1500} end"\n',
        workers=3,
    )
    server.start()
    with Load(server, threads=8, keep=True) as load:
        load.wait_for_more(600)
    server.stop()
    lines = collected.read_text().splitlines()
    assert len(lines) == load.done
    assert {line[:6] + line[-4:] for line in lines} == {"begin  end"}
