"""Members by name: what is asked of name servers, and where requests go then."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import name_server
import psutil
import pytest
from conftest import MemberMaker
from dns.rcode import SERVFAIL
from harness import Fastlb, Load, Member, is_listening, wait_for
from name_server import NameServer
from ports import free_port

OTHER_HOST = "127.0.0.2"
THIRD_HOST = "127.0.0.3"
OLD = "127.0.0.4"  # where nothing else of a test's is
TTL_S = 1
# What it may take beyond TTL + 1 s on a machine that does other things as well.
SLACK_S = 3.0

# A server of the operator's that is slow to say that it does not know must not hold up
# the tests that wait for it.
QUICK = {"RES_OPTIONS": "timeout:1 attempts:1"}


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with NameServer() as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)


def start(server: Fastlb, name_servers: str, text: str, workers: int = 2) -> None:
    server.write(f"Resolver {name_servers}\n{text}", workers=workers)
    server.start()


def at(dns: NameServer) -> str:
    return f"127.0.0.1:{dns.port}"


def pool(*members: str, settings: str = "") -> str:
    lines = "".join(f"BalancerMember {one}\n" for one in members)
    return f"<Proxy balancer://p>\n{lines}{settings}\n</Proxy>\nProxyPass / balancer://p/\n"


def connections_to(server: Fastlb, host: str) -> int:
    """That the workers have, to a member there."""
    found = 0
    for pid in server.workers():
        for one in psutil.Process(pid).net_connections(kind="tcp"):
            found += bool(
                one.raddr and one.raddr.ip == host and one.status == "ESTABLISHED"
            )
    return found


def until_seen(member: Member) -> float:
    """Seconds until a request comes to it."""
    began_s = time.monotonic()
    wait_for(lambda: member.seen, f"a request comes to {member.url}")
    return time.monotonic() - began_s


@pytest.mark.parametrize("params", ["", "disablereuse=On", "addressttl=1"])
def test_a_member_that_moves_loses_nothing(
    server: Fastlb, dns: NameServer, make_member: MemberMaker, params: str
) -> None:
    old = make_member("old", host=OLD)
    new = make_member("new", host=OTHER_HOST, port=old.port)
    ttl_s = TTL_S if not params else 600
    dns.tell("app.test", old.host, ttl=ttl_s)
    start(server, at(dns), f"ProxyPass / http://app.test:{old.port}/ {params}\n")
    with Load(server, threads=4, keep=True) as load:
        assert not new.seen
        dns.tell("app.test", new.host, ttl=ttl_s)
        assert until_seen(new) < TTL_S + 1 + SLACK_S
        # Nothing is left of the old one when all workers know; then it may go.
        wait_for(lambda: not connections_to(server, OLD), "none to the old one is left")
        seen = len(old.seen)
        load.wait_for_more(100)
        assert len(old.seen) == seen
        old.stop()
        load.wait_for_more(100)
    assert load.failures == []
    line = server.wait_for_log("FB0507")
    assert "proxy:notice" in line
    assert f"app.test has moved: {old.host} -> {new.host}" in line


def test_idle_connections_to_the_old_address_end(
    server: Fastlb, dns: NameServer, make_member: MemberMaker
) -> None:
    """Also where no request comes that would find them."""
    old = make_member("old", host=OLD)
    dns.tell("app.test", old.host, ttl=TTL_S)
    start(server, at(dns), f"ProxyPass / http://app.test:{old.port}/\n", workers=1)
    assert server.get().text == "old"
    assert connections_to(server, OLD) == 1
    dns.tell("app.test", OTHER_HOST, ttl=TTL_S)
    wait_for(lambda: connections_to(server, OLD) == 0, "it has ended")
    assert len(old.seen) == 1


def test_a_request_under_way_finishes_where_it_began(
    server: Fastlb, dns: NameServer, make_member: MemberMaker
) -> None:
    old = make_member("old", host=OLD)
    new = make_member("new", host=OTHER_HOST, port=old.port)
    dns.tell("app.test", old.host, ttl=TTL_S)
    start(server, at(dns), f"ProxyPass / http://app.test:{old.port}/\n", workers=1)
    old.hold()
    answers: list[str] = []
    asks = threading.Thread(target=lambda: answers.append(server.get("/slow").text))
    asks.start()
    until_seen(old)
    dns.tell("app.test", new.host, ttl=TTL_S)
    server.wait_for_log("FB0507")
    wait_for(lambda: server.get().text == "new", "the new one is asked")
    old.let_go()
    asks.join(30)
    assert answers == ["old"]
    wait_for(lambda: connections_to(server, OLD) == 0, "it is not kept")


def test_a_server_that_dies_and_comes_back_elsewhere_is_covered_by_another(
    server: Fastlb, dns: NameServer, make_member: MemberMaker
) -> None:
    other = make_member("other", host=THIRD_HOST)
    old = make_member("old", host=OLD)
    new = make_member("new", host=OTHER_HOST, port=old.port)
    dns.tell("app.test", old.host, ttl=TTL_S)
    start(server, at(dns), pool(f"http://app.test:{old.port} retry=600", other.url))
    with Load(server, threads=4) as load:
        old.stop()
        server.wait_for_log("AH00959")
        dns.tell("app.test", new.host, ttl=TTL_S)
        # retry= would keep it out for ten minutes: that was another server
        assert until_seen(new) < TTL_S + 1 + SLACK_S
        load.wait_for_more(50)
    assert load.failures == []


def test_connections_that_hang_at_the_old_address_go_on_at_the_new(
    server: Fastlb, dns: NameServer, make_member: MemberMaker
) -> None:
    """A connect that began before the name moved says nothing about the new address."""
    with socket.socket() as full:
        full.bind((OLD, 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        for one in fillers:
            one.setblocking(False)
            one.connect_ex((OLD, port))
        new = make_member("new", host=OTHER_HOST, port=port)
        dns.tell("app.test", OLD, ttl=TTL_S)
        target = f"http://app.test:{port}/ connectiontimeout=8 retry=600"
        start(server, at(dns), f"ProxyPass / {target}\n", workers=1)
        answers: list[str] = []
        asks = threading.Thread(target=lambda: answers.append(server.get().text))
        asks.start()
        wait_for(lambda: dns.questions, "it is asked for")
        dns.tell("app.test", new.host, ttl=TTL_S)
        asks.join(30)
        assert answers == ["new"]
        for one in fillers:
            one.close()
    assert "FB0507" in server.error_log
    assert "AH00959" not in server.error_log


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        (name_server.not_at_all, "timed out"),
        (name_server.with_code(SERVFAIL), "SERVFAIL"),
    ],
)
def test_addresses_are_kept_while_nobody_says_others(
    server: Fastlb,
    dns: NameServer,
    make_member: MemberMaker,
    manner: name_server.Manner,
    why: str,
) -> None:
    member = make_member("member")
    dns.tell("app.test", member.host, ttl=TTL_S)
    start(server, at(dns), f"ProxyPass / http://app.test:{member.port}/\n")
    with Load(server, threads=2) as load:
        dns.manner = manner
        line = server.wait_for_log(f"FB0508: app.test: .*({why})")
        assert "proxy:warn" in line
        asked = len(dns.questions)
        wait_for(lambda: len(dns.questions) > asked + 1, "it is asked for again")
        dns.manner = name_server.rightly
        assert "proxy:notice" in server.wait_for_log("FB0509: app.test")
        load.wait_for_more(20)
    assert load.failures == []
    assert server.error_log.count("FB0508") == 1
    assert "FB0507" not in server.error_log


def test_the_monitor_that_comes_later_goes_on(
    server: Fastlb, dns: NameServer, make_member: MemberMaker
) -> None:
    old = make_member("old")
    new = make_member("new", host=OTHER_HOST, port=old.port)
    dns.tell("app.test", old.host, ttl=TTL_S)
    start(server, at(dns), f"ProxyPass / http://app.test:{old.port}/\n")
    (first,) = wait_for(server.monitors, "there is a monitor")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: server.monitors() not in ([], [first]), "there is another one")
    assert server.get().text == "old"
    dns.tell("app.test", new.host, ttl=TTL_S)
    server.wait_for_log("FB0507: app.test has moved")
    wait_for(lambda: server.get().text == "new", "the new one is asked")


def test_a_reload_takes_what_has_changed(
    server: Fastlb, dns: NameServer, make_member: MemberMaker
) -> None:
    old = make_member("old", host=OLD)
    new = make_member("new", host=OTHER_HOST, port=old.port)
    dns.tell("app.test", old.host, ttl=600)
    start(server, at(dns), f"ProxyPass / http://app.test:{old.port}/ retry=600\n")
    assert server.get().text == "old"
    dns.tell("app.test", new.host, ttl=600)
    server.reload()
    assert server.get().text == "new"


def test_an_unknown_name_has_its_own_words_and_is_found_later(
    server: Fastlb, dns: NameServer, make_member: MemberMaker
) -> None:
    late = make_member("late")
    port = free_port()
    assert not is_listening(port)
    start(
        server,
        at(dns),
        f"<Proxy balancer://r>\nBalancerMember http://127.0.0.1:{port}\n</Proxy>\n"
        f"ProxyPass /refused balancer://r/\n"
        f"ProxyPass / http://late.test:{late.port}/\n",
    )
    said = server.wait_for_log("FB0607")
    assert "late.test: no such name: its members begin in error" in said
    assert "looked up until it is known" in said
    assert server.get().status == 500
    assert server.get("/refused").status == 503
    log = server.error_log
    assert "AH00898: DNS lookup failure for: late.test returned by /" in log
    assert "probed in the background until it listens again" in log
    (refused,) = (one for one in log.splitlines() if "AH00957" in one)
    assert "Connection refused" in refused
    dns.tell("late.test", late.host)
    server.wait_for_log(f"FB0504: .*late.test is now known as {late.host}")
    wait_for(lambda: server.get().text == "late", "it serves")


def test_a_member_of_a_balancer_whose_name_nobody_knows_is_not_said_to_listen(
    server: Fastlb, dns: NameServer
) -> None:
    text = pool(
        f"http://never.test:{free_port()}", settings="ProxySet forcerecovery=On"
    )
    start(server, at(dns), text, workers=1)
    assert server.get().status == 503
    wait_for(lambda: server.get().status and "FB0322" in server.error_log, "it is told")
    line = server.wait_for_log("FB0322")
    assert "is out: nobody knows its name; its name is looked up until it is" in line
    assert "AH00959" not in server.error_log
    assert "listens again" not in server.error_log
    assert "AH01114" not in server.error_log


@contextmanager
def dnsmasq(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The real one, with names that stand in a file."""
    process = subprocess.Popen(
        [
            *("dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts"),
            *(f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces"),
            *(f"--addn-hosts={folder / 'names'}", "--local=/test/", "--local-ttl=1"),
            *(
                "--conf-file=/dev/null",
                "--pid-file=",
                "--user=",
                "--cname=www.test,app.test",
            ),
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: is_listening(port), "dnsmasq listens")
        yield process
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.needs("dnsmasq")
def test_beside_dnsmasq(
    server: Fastlb, make_member: MemberMaker, tmp_path: Path
) -> None:
    """An alias, several addresses, a name server that goes and comes."""
    port = free_port()
    names = tmp_path / "names"
    old = make_member("old")
    new = make_member("new", host=OTHER_HOST, port=old.port)
    names.write_text(f"{old.host} app.test\n")
    names.chmod(0o644)
    with dnsmasq(tmp_path, port) as process:
        target = f"http://www.test:{old.port}/"
        start(server, f"127.0.0.1:{port}", f"ProxyPass / {target}\n")
        with Load(server, threads=2) as load:
            names.write_text(f"{new.host} app.test\n")
            process.send_signal(signal.SIGHUP)
            assert until_seen(new) < TTL_S + 1 + SLACK_S
            load.wait_for_more(50)
        assert load.failures == []
    server.wait_for_log("FB0508: www.test: 127.0.0.1: Connection refused")
    assert server.get().text == "new"
    with dnsmasq(tmp_path, port):
        server.wait_for_log("FB0509: www.test")
    assert server.get().text == "new"
