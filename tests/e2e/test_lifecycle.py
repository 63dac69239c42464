"""Start, stop, and who is told what."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest
from conftest import MemberMaker
from harness import HOST, Fastlb, Load, is_listening, wait_for
from ports import free_port

POOL = """\
<Proxy balancer://pool>
    BalancerMember {url}
</Proxy>
ProxyPass / balancer://pool/
"""


@pytest.fixture
def ready(server: Fastlb, make_member: MemberMaker) -> Fastlb:
    """A server with one member, configured, not started."""
    server.write(POOL.format(url=make_member("a").url))
    return server


def test_a_server_in_the_foreground_serves_and_ends_with_zero(ready: Fastlb) -> None:
    ready.start()
    assert ready.get().text == "a"
    assert ready.process is not None
    assert ready.pid == ready.process.pid
    assert len(ready.workers()) == 2
    assert len(wait_for(ready.monitors, "the monitor")) == 1
    assert ready.stop() == 0
    assert "AH00169: caught SIGTERM, shutting down" in ready.error_log


def test_the_log_says_what_serves_and_how_it_was_called(ready: Fastlb) -> None:
    ready.start()
    assert "AH00163: fastlb/" in ready.error_log
    assert f"AH00094: Command line: 'fastlb -f {ready.conf}" in ready.error_log


def test_one_process_is_enough_for_x(ready: Fastlb) -> None:
    ready.start("-X")
    assert len(ready.workers()) == 1
    assert ready.get().text == "a"


def test_start_returns_when_it_serves_and_stop_ends_it(ready: Fastlb) -> None:
    assert ready.command("-k", "start").returncode == 0
    assert ready.get().text == "a"
    again = ready.command("-k", "start")
    assert (again.returncode, again.stdout) == (
        0,
        f"httpd (pid {ready.pid}) already running\n",
    )
    ready.workers()
    assert ready.command("-k", "stop").returncode == 0
    wait_for(lambda: not ready.left_over(), "the server has ended")


def test_no_verb_starts(ready: Fastlb) -> None:
    assert ready.command().returncode == 0
    assert ready.get().text == "a"


def test_a_server_in_the_background_has_no_terminal(ready: Fastlb) -> None:
    ready.command("-k", "start")
    master = psutil.Process(ready.pid)
    assert master.terminal() is None
    assert os.getsid(ready.pid) != os.getsid(0)
    assert os.readlink(f"/proc/{ready.pid}/fd/0") == "/dev/null"
    assert os.readlink(f"/proc/{ready.pid}/fd/2") == str(ready.folder / "error.log")


def test_a_server_may_be_started_without_any_output(ready: Fastlb) -> None:
    words = shlex.join([sys.executable, "-m", "fastlb", "-f", str(ready.conf)])
    subprocess.run(["sh", "-c", f"{words} <&- >&- 2>&-"], timeout=30, check=True)
    assert ready.get().text == "a"
    wait_for(ready.monitors, "the monitor")
    assert "FB0610" not in ready.error_log


def test_an_address_in_use_is_told_before_the_prompt_is_back(ready: Fastlb) -> None:
    with socket.create_server((HOST, ready.port)):
        background = ready.command("-k", "start")
        foreground = ready.command("-D", "FOREGROUND")
    assert background.returncode == 1
    assert foreground.returncode == 3
    for result in (background, foreground):
        assert result.stderr.startswith(
            "(98)Address already in use: AH00072: make_sock: could not bind to "
            f"address {HOST}:{ready.port}\n"
        )
        assert result.stderr.endswith(
            "no listening sockets available, shutting down\n"
            "AH00015: Unable to open logs\n"
        )
    assert not (ready.folder / "fastlb.pid").exists()


def test_a_log_that_cannot_be_opened_is_told_before_the_prompt_is_back(
    ready: Fastlb,
) -> None:
    with ready.conf.open("a") as conf:
        conf.write("ErrorLog nowhere/error.log\n")
    result = ready.command("-k", "start")
    assert result.returncode == 1
    assert "AH02291: Cannot access directory" in result.stderr
    assert "AH00015: Unable to open logs" in result.stderr


def test_a_pid_file_of_a_dead_server_does_not_matter(ready: Fastlb) -> None:
    (ready.folder / "fastlb.pid").write_text("4194303\n")
    ready.start()
    assert "AH00098: pid file" in ready.error_log
    assert ready.get().text == "a"


@pytest.mark.parametrize("verb", ["restart", "graceful"])
def test_a_verb_reloads_a_running_server(ready: Fastlb, verb: str) -> None:
    ready.start()
    assert ready.command("-k", verb).returncode == 0
    wait_for(lambda: ready.generations() == 2, "the new generation serves")
    assert ready.get().text == "a"


def test_a_verb_starts_a_server_that_does_not_run(ready: Fastlb) -> None:
    result = ready.command("-k", "restart")
    assert (result.returncode, result.stdout) == (
        0,
        "httpd not running, trying to start\n",
    )
    assert ready.get().text == "a"


def test_control_c_ends_everything(ready: Fastlb) -> None:
    ready.start()
    assert ready.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("number", [signal.SIGWINCH, signal.SIGQUIT])
def test_a_graceful_stop_finishes_the_request_on_its_way(
    server: Fastlb, make_member: MemberMaker, number: signal.Signals
) -> None:
    member = make_member("a")
    server.write(POOL.format(url=member.url))
    server.start()
    member.hold()
    with server.connection() as connection:
        connection.request("GET", "/")
        wait_for(lambda: member.seen, "the member has the request")
        os.kill(server.pid, number)
        server.wait_for_log("AH00170: caught SIGWINCH, shutting down gracefully")
        wait_for(lambda: not is_listening(server.port), "nothing listens")
        member.let_go()
        got = connection.getresponse()
        assert (got.status, got.read()) == (200, b"a")
    assert server.process is not None
    assert server.process.wait(10) == 0


def test_a_graceful_stop_ends_at_its_limit(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("a")
    server.write(POOL.format(url=member.url) + "GracefulShutdownTimeout 1\n")
    server.start()
    member.hold()
    with server.connection() as connection:
        connection.request("GET", "/")
        wait_for(lambda: member.seen, "the member has the request")
        began_s = time.monotonic()
        os.kill(server.pid, signal.SIGWINCH)
        assert server.process is not None
        assert server.process.wait(10) == 0
        assert 0.9 <= time.monotonic() - began_s < 20


def test_a_term_during_a_graceful_stop_ends_at_once(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("a")
    server.write(POOL.format(url=member.url))
    server.start()
    member.hold()
    with server.connection() as connection:
        connection.request("GET", "/")
        wait_for(lambda: member.seen, "the member has the request")
        os.kill(server.pid, signal.SIGWINCH)
        server.wait_for_log("AH00170")
        assert server.process is not None  # the pid file may be gone, as httpd's is
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0


def test_nothing_waits_for_a_master_that_was_killed(ready: Fastlb) -> None:
    ready.start()
    ready.workers()
    os.kill(ready.pid, signal.SIGKILL)
    assert ready.process is not None
    ready.process.wait()
    wait_for(lambda: not ready.left_over(), "workers and monitor have gone as well")
    assert not is_listening(ready.port)
    (ready.folder / "fastlb.pid").unlink()


# deaths of workers


def test_a_killed_worker_is_replaced_at_once(ready: Fastlb) -> None:
    ready.start()
    before = ready.workers()
    for victim in before:
        os.kill(victim, signal.SIGKILL)
    wait_for(lambda: len(set(ready.workers()) - set(before)) == 2, "two new workers")
    wait_for(lambda: ready.get().status == 200, "the new workers serve")
    ready.wait_for_log("AH00052: child pid [0-9]+ exit signal Killed")


def test_a_killed_monitor_is_replaced(ready: Fastlb) -> None:
    ready.start()
    (before,) = wait_for(ready.monitors, "the monitor")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: ready.monitors() not in ([], [before]), "a new monitor")


def test_workers_are_killed_again_and_again_and_the_rest_goes_on(
    ready: Fastlb,
) -> None:
    ready.start()
    for _ in range(10):
        victims = wait_for(ready.workers, "a worker to kill")
        os.kill(victims[0], signal.SIGKILL)
        wait_for(lambda victims=victims: victims[0] not in ready.workers(), "its end")
        assert ready.get().text == "a"


# recycling


@pytest.mark.parametrize("keep", [False, True])
def test_recycling_under_load_loses_no_request(ready: Fastlb, keep: bool) -> None:
    with ready.conf.open("a") as conf:
        conf.write("MaxConnectionsPerChild 20\nMaxKeepAliveRequests 5\n")
    ready.start()
    first = set(ready.workers())
    with Load(ready, keep=keep) as load:
        load.wait_for_more(600)
    assert load.failures == []
    wait_for(lambda: not first & set(ready.workers()), "the first workers have gone")
    assert "exit signal" not in ready.error_log


def test_a_new_server_can_take_the_port_of_a_stopped_one(ready: Fastlb) -> None:
    ready.start()
    assert ready.get().text == "a"
    ready.stop()
    (ready.folder / "error.log").unlink()
    ready.start()
    assert ready.get().text == "a"


def test_two_servers_do_not_share_a_port(ready: Fastlb) -> None:
    ready.start()
    with ready.conf.open("a") as conf:
        conf.write(f"PidFile other.pid\nListen {HOST}:{free_port()}\n")
    result = ready.command("-D", "FOREGROUND")
    assert result.returncode == 3
    assert "AH00072" in result.stderr
    assert ready.get().text == "a"


# a life cycle that tells the truth


def test_another_server_takes_the_place_of_one_that_finishes(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("a")
    server.write(POOL.format(url=member.url))
    server.start()
    assert server.process is not None
    first = server.process
    member.hold()
    with server.connection() as connection:
        connection.request("GET", "/slow")
        wait_for(lambda: member.seen, "the member has the request")
        stopped = server.command("-k", "graceful-stop")
        assert (stopped.returncode, stopped.stderr) == (0, "")
        assert not (server.folder / "fastlb.pid").exists()
        started = server.command("-k", "start")
        assert (started.returncode, started.stdout) == (0, "")
        assert server.pid != first.pid
        assert first.poll() is None
        member.let_go()
        got = connection.getresponse()
        assert (got.status, got.read()) == (200, b"a")
    assert first.wait(30) == 0
    assert server.get().text == "a"
    assert (server.folder / "fastlb.pid").exists()
    assert server.command("-k", "stop").returncode == 0
    assert not is_listening(server.port)


def test_stop_ends_when_the_server_has_ended(ready: Fastlb) -> None:
    assert ready.command("-k", "start").returncode == 0
    assert ready.command("-k", "stop").returncode == 0
    assert not is_listening(ready.port)
    assert list(ready.folder.glob("fastlb.pid*")) == []
    again = ready.command("-k", "start")
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.parametrize("verb", ["restart", "graceful"])
def test_a_reload_says_what_has_changed(
    server: Fastlb, make_member: MemberMaker, verb: str
) -> None:
    a, b = make_member("a"), make_member("b")
    server.write(f"ProxyPass / {a.url}/")
    assert server.command("-k", "start").returncode == 0
    same = server.command("-k", verb)
    assert (same.returncode, same.stdout) == (0, "fastlb: reloaded: nothing changed\n")
    server.write(f"ProxyPass / {b.url}/\nTimeout 7")
    told = server.command("-k", verb)
    assert (told.returncode, told.stderr) == (0, "")
    assert server.get().text == "b"  # it serves already
    assert b.url in told.stdout
    assert "Timeout" in told.stdout or "timeout" in told.stdout


def test_a_reload_that_is_refused_fails_and_says_why(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("a")
    server.write(f"ProxyPass / {member.url}/")
    assert server.command("-k", "start").returncode == 0
    with socket.create_server((HOST, 0)) as busy:
        port = busy.getsockname()[1]
        server.write(f"ProxyPass / {member.url}/\nListen {HOST}:{port}")
        told = server.command("-k", "graceful")
        assert told.returncode == 1
        assert f"could not bind to address {HOST}:{port}" in told.stderr
        assert "the server goes on as before" in told.stderr
        assert server.get().text == "a"
        status = server.command("-k", "status")
        assert status.returncode == 0
        assert "last reload: refused while binding its addresses" in status.stdout
    assert server.command("-k", "graceful").returncode == 0


def test_status_says_whether_it_runs(ready: Fastlb) -> None:
    told = ready.command("-k", "status")
    assert (told.returncode, told.stdout) == (3, "fastlb: not running\n")
    assert ready.command("-k", "start").returncode == 0
    told = ready.command("-k", "status")
    assert told.returncode == 0
    assert told.stdout.startswith(f"fastlb: running (pid {ready.pid}) since 20")


def test_a_pid_that_is_a_strangers_is_left_alone(ready: Fastlb) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as stranger:
        pid_file = ready.folder / "fastlb.pid"
        pid_file.write_text(f"{stranger.pid}\n")
        for verb in ("stop", "graceful-stop"):
            told = ready.command("-k", verb)
            assert told.stdout == f"httpd (pid {stranger.pid}?) not running\n"
        assert ready.command("-k", "status").returncode == 3
        assert stranger.poll() is None
        assert ready.command("-k", "start").returncode == 0
        assert ready.pid != stranger.pid
        assert ready.get().text == "a"
        assert stranger.poll() is None
        stranger.kill()
