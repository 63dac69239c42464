"""The server becomes another version of itself, and nobody outside sees it."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import MemberMaker
from harness import HOST, Fastlb, Load, exchange, wait_for
from service_manager import ServiceManager
from test_control import ctl
from test_digest_logins import Login, line
from test_manager_page import Site
from test_many_reloads import ASK, STATUS, Echo, is_alive, take_head
from versions import Versions

HELD = """\
<Proxy balancer://pool>
    BalancerMember {member}
</Proxy>
<Location /balancer-manager>
    SetHandler balancer-manager
</Location>
<Location /counted>
    AuthType Digest
    AuthName "the vault"
    AuthUserFile users
    AuthDigestNcCheck On
    Require valid-user
</Location>
ProxyPass /balancer-manager !
ProxyPass / balancer://pool/
"""
UPGRADES = 3  # bench/lifecycle.py makes more of them
CONF = """\
{status}
CustomLog "|$exec cat >> {folder}/piped.log" "%U"
<Proxy balancer://pool>
    BalancerMember {a}
    BalancerMember {b}
</Proxy>
<Proxy balancer://echo>
    BalancerMember {echo}
</Proxy>
ProxyPass /chat balancer://echo/chat
ProxyPass / balancer://pool/
"""
REPLACED = """

_files = module_files
_calls = []


def module_files():
    # Somebody installs over it just after this call.
    found = _files()
    _calls.append(1)
    if len(_calls) == {call}:
        os.utime(__file__)
    return found
"""
BROKEN = {
    "0.2.0": ({"master/workers.py": "\nclass Workers(:\n"}, "SyntaxError"),
    "0.2.1": (
        {"worker/worker.py": "\n\ndef core_of(*_):\n    raise OSError\n"},
        "FB0501: worker cannot start",
    ),
    "0.2.2": (
        {"worker/worker.py": "\n\ndef run(*_):\n    return 3\n"},
        "workers cannot start: .* ended with exit code 3",
    ),
    "0.2.3": (
        {"master/heirloom.py": "\n\nFORMAT = 0\n"},
        "FASTLB_HEIRLOOM: it has another form",
    ),
    "0.2.4": (
        {"master/rehearsal.py": REPLACED.format(call=1)},
        "rehearsal.py has changed meanwhile",  # while it is tried
    ),
    "0.2.5": (
        {"master/rehearsal.py": REPLACED.format(call=2)},
        "rehearsal.py has changed meanwhile",  # before it is executed
    ),
}
DIES_LATER = """

def run(heritage: Heritage, *_: object) -> int:
    while heritage.generation:
        return 3
    os.write(heritage.ready_fd, MESSAGE_READY)
    return 0


import os
"""


@pytest.fixture
def tmp_path(open_folder: Path) -> Path:
    """Workers read the users' file."""
    return open_folder


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path)


class Posts:
    """A thread that sends bodies, one after the other on kept connections."""

    def __init__(self, server: Fastlb) -> None:
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.done = 0
        self.failures: list[str] = []

    def __enter__(self) -> Posts:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        body = b"b" * 20000
        while not self._over.is_set():
            with self._server.connection() as connection:
                try:
                    got = exchange(connection, "POST", "/form", {}, body)
                except OSError as error:
                    self.failures.append(repr(error))
                    return
                if got.status != 200:
                    self.failures.append(str(got))
                self.done += 1


def upgrade(server: Fastlb) -> subprocess.CompletedProcess[str]:
    return server.command("-k", "upgrade")


def counted(server: Fastlb, name: str = "Elected") -> int:
    text = server.get("/status?auto").text
    return sum(int(n) for n in re.findall(rf"\]{name}: ([0-9]+)", text))


def counters(server: Fastlb) -> dict[str, float]:
    """What only rises, as ?json tells it."""
    told = json.loads(server.get("/status?json").text)
    names = ("requests", "request_seconds", "sent_bytes", "connections")
    found: dict[str, float] = {name: told["totals"][name] for name in names}
    for balancer in told["balancers"]:
        found[f"{balancer['name']} elections"] = balancer["elections"]
        for member in balancer["members"]:
            for name in ("elected", "sent_bytes", "received_bytes"):
                found[f"{member['url']} {name}"] = member[name]
            for name, count in member["outcomes"].items():
                found[f"{member['url']} {name}"] = count
    return found


def fallen(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: after[name] for name in before if after[name] < before[name]}


def test_upgrades_lose_nothing(
    server: Fastlb, make_member: MemberMaker, versions: Versions
) -> None:
    a, b, echo = make_member("a"), make_member("b"), Echo()
    text = CONF.format(
        status=STATUS, folder=server.folder, a=a.url, b=b.url, echo=echo.url
    )
    server.write(text)
    server.start(environ=versions.environ)
    pid, since = server.pid, server.command("-k", "status").stdout.split(",")[0]
    tunnel = socket.create_connection((HOST, server.port), timeout=10)
    tunnel.sendall(ASK)
    assert take_head(tunnel).startswith(b"HTTP/1.1 101")

    with (
        Load(server, threads=2) as new,
        Load(server, threads=2, keep=True) as kept,
        Posts(server) as posts,
    ):
        for number in range(1, UPGRADES + 1):
            versions.install(f"0.1.{number}")
            before = counters(server)
            said = upgrade(server)
            assert (said.returncode, said.stderr) == (0, "")
            assert said.stdout == (
                f"fastlb: upgraded: 0.1.{number - 1} -> 0.1.{number}, "
                "serves 1 host, 3 members, 2 workers\n"
            )
            new.wait_for_more(20)
            kept.wait_for_more(20)
            assert fallen(before, counters(server)) == {}
    assert new.failures + kept.failures + posts.failures == []
    assert is_alive(tunnel)

    # The same process, the same server, the same counts.
    assert server.pid == pid
    status = server.command("-k", "status").stdout
    assert status.split(",")[0] == since
    assert f"\nlast upgrade: 0.1.{UPGRADES - 1} -> 0.1.{UPGRADES}, serves" in status
    asked = new.done + kept.done + posts.done
    assert len(a.seen) + len(b.seen) == asked
    assert counted(server) == asked + 1
    assert counted(server, "Busy") == 1
    assert len(server.monitors()) == 1

    # A program with another table goes on from what was counted.
    versions.install(
        "0.3.0",
        {"master/takeover.py": "\n\ndef table_of(_):\n    return None\n"},
    )
    assert upgrade(server).returncode == 0
    assert "FB0624" in server.error_log
    assert counted(server) == asked + 1
    assert server.get("/last").status == 200
    assert counted(server) == asked + 2

    assert is_alive(tunnel)
    tunnel.close()
    wait_for(lambda: len(server.workers()) == 2, "the old workers have ended")
    piped = server.folder / "piped.log"
    wait_for(
        lambda: (
            sum(line != "/status" for line in piped.read_text().splitlines())
            == asked + 2
        ),
        "each request has its line",
    )
    before = counters(server)
    server.reload()
    assert server.get().status == 200
    assert "\nlast reload: " in server.command("-k", "status").stdout
    assert fallen(before, counters(server)) == {}
    echo.stop()


def test_a_program_that_cannot_serve_is_refused(
    server: Fastlb, make_member: MemberMaker, versions: Versions
) -> None:
    member = make_member("a")
    server.write(f"ProxyPass / {member.url}/\n")
    server.start(environ=versions.environ)
    workers = server.workers()
    for version, (changes, why) in BROKEN.items():
        versions.install(version, changes)
        said = upgrade(server)
        assert said.returncode == 1
        assert re.search(why, said.stderr), said.stderr
        assert "upgrade refused while trying the program" in said.stderr
        assert said.stderr.endswith("the server goes on as before\n")
    assert server.get().text == "a"
    assert server.workers() == workers

    # Whoever asks while it is tried is answered too.
    versions.install("0.2.2")
    asked = server.error_log.count("FB0620")
    os.kill(server.pid, signal.SIGUSR2)
    wait_for(lambda: server.error_log.count("FB0620") > asked, "it is tried")
    os.kill(server.pid, signal.SIGUSR2)
    refused = len(BROKEN) + 2
    wait_for(lambda: server.error_log.count("FB0622") == refused, "both are refused")

    # A reload that was asked for before has its own answer.
    reloads = server.error_log.count("FB0604")
    os.kill(server.pid, signal.SIGSTOP)
    os.kill(server.pid, signal.SIGHUP)
    os.kill(server.pid, signal.SIGUSR2)
    os.kill(server.pid, signal.SIGCONT)
    refused += 1
    wait_for(lambda: server.error_log.count("FB0622") == refused, "it is refused")
    assert server.error_log.count("FB0604") == reloads + 1
    wait_for(lambda: not set(server.workers()) & set(workers), "the old ones end")
    workers = server.workers()

    # Nor one that is sound, with a configuration that is not.
    versions.install("0.1.1")
    good = server.conf.read_text()
    server.conf.write_text(f"{good}Bogus yes\n")
    os.kill(server.pid, signal.SIGUSR2)
    server.wait_for_log("Invalid command 'Bogus'")
    assert server.error_log.count("FB0622") == refused + 1
    assert server.workers() == workers
    server.conf.write_text(good)
    status = server.command("-k", "status").stdout
    assert "\nlast upgrade: refused while trying the program" in status

    # What goes wrong only later finds the old workers still there.
    versions.install("0.2.6", {"worker/worker.py": DIES_LATER})
    said = upgrade(server)
    assert said.returncode == 1
    assert "upgrade refused while starting its workers" in said.stderr
    server.wait_for_log("FB0622.*the workers of the program before go on")
    assert server.get().text == "a"
    assert server.workers() == workers
    versions.install("0.1.1")
    said = upgrade(server)
    assert said.stdout.startswith("fastlb: upgraded: 0.2.6 -> 0.1.1, serves 1 host")
    assert server.get().text == "a"
    wait_for(lambda: not set(server.workers()) & set(workers), "the old ones end")


def test_files_that_are_replaced_while_it_runs_are_not_its_own(
    server: Fastlb, make_member: MemberMaker, versions: Versions
) -> None:
    plain = f"ProxyPass / {make_member('a').url}/\n"
    server.write(plain)
    server.start(environ=versions.environ)
    broken = ("controller/controller.py", "monitor/checks.py", "worker/passwords.py")
    versions.install("0.3.0", dict.fromkeys(broken, "\nraise ImportError\n"))
    (server.folder / "users").write_text("ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n")
    member = make_member("b")
    server.write(
        f"<Proxy balancer://b>\nBalancerMember {member.url} hcmethod=TCP"
        " hcinterval=1\n</Proxy>\nProxyPass / balancer://b/\n<Location />\n"
        "AuthType Basic\nAuthName x\nAuthUserFile users\nRequire valid-user\n"
        "</Location>\n"
    )
    server.reload()
    said = base64.b64encode(b"ann:test").decode()
    assert server.get(Authorization=f"Basic {said}").text == "b"

    def has_passed_a_check() -> bool:
        (told,) = json.loads(ctl(server, "members", "--json"))
        return any(one["passed"] for one in told["checks"])

    wait_for(has_passed_a_check, "a check passes")


def test_a_detached_server_and_its_manager(
    server: Fastlb,
    manager: ServiceManager,
    make_member: MemberMaker,
    versions: Versions,
) -> None:
    (server.folder / "users").write_text(line("bob", "one"))
    server.write(HELD.format(member=make_member("a").url))
    environ = {**os.environ, **versions.environ, **manager.environ}
    subprocess.run(
        [sys.executable, "-m", "fastlb", "-f", str(server.conf)],
        env={**environ, "WATCHDOG_USEC": "60000000"},
        check=True,
        timeout=60,
    )
    pid = server.pid
    # What a client holds of the server goes on.
    login, nonce = Login(server.port, "/counted"), Site(server.port).nonce()
    assert login.ask() == 200
    versions.install("0.1.1")
    said = upgrade(server)
    assert said.returncode == 0, said.stderr
    assert login.ask() == 200
    assert login.ask(1) == 401  # it was used before
    assert Site(server.port).nonce() == nonce
    told = manager.wait_for("READY", "RELOADING", "READY")
    assert told["MAINPID"] == str(pid) == str(server.pid)
    assert "upgraded: 0.1.0 -> 0.1.1" in told["STATUS"]
    assert server.get().text == "a"
    server.stop()
    said = upgrade(server)
    assert (said.returncode, said.stdout) == (1, "")
    assert "there is no server to upgrade" in said.stderr
