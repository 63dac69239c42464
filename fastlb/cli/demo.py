"""`fastlb demo`: two members and a balancer in front, nothing to configure."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress

from fastlb.cli import demo_member
from fastlb.cli.options import Options
from fastlb.cli.serve import serve
from fastlb.cli.source import source_of
from fastlb.master import privileges, spawn
from fastlb.master.errors import Exit
from fastlb.master.loading import load
from fastlb.master.privileges import Identity

HOST = "127.0.0.1"
ROUTES = ("a", "b")
USAGE = """\
Usage: fastlb demo [--port number]
A balancer at work, with members of its own and nothing to configure; Ctrl-C ends it.
  --port number      : where it listens; any free port without it
Examples:
  fastlb demo
  fastlb demo --port 8080
"""

CONFIG = """\
# Written by `fastlb demo`; see docs/ for the manual of every line.
ServerRoot "{root}"
ServerName localhost
Listen {host}:{port}
PidFile fastlb.pid
ErrorLog error_log
LogLevel info
StartServers 2
ExtendedStatus On
ProxyStatus On
{identity}

<Proxy balancer://demo>
{members}
    ProxySet lbmethod=byrequests stickysession={cookie}
</Proxy>

<Location /server-status>
    SetHandler server-status
</Location>

ProxyPass /server-status !
ProxyPass / balancer://demo/
ProxyPassReverse / balancer://demo/
"""

GREETING = """\
fastlb balances http://{host}:{port}/ over two members ({members})
  curl http://{host}:{port}/                   again and again: the members take turns
  curl -c jar -b jar http://{host}:{port}/     a session stays with its member
  open http://{host}:{port}/server-status      members, counters, workers
  files: {root}
Ctrl-C ends all of it.
"""


def run(arguments: Sequence[str]) -> int:
    """The whole demo, in the foreground; the exit code."""
    if {"-h", "--help"} & {*arguments}:
        sys.stdout.write(USAGE)
        return Exit.DONE
    port = _port(arguments)
    if port is None:
        sys.stderr.write(USAGE)
        return Exit.USAGE
    with tempfile.TemporaryDirectory(prefix="fastlb-demo-") as root:
        # Workers may run as another user than the one who calls.
        os.chmod(root, 0o755)
        return _serve(root, port or _free_port())


def _port(arguments: Sequence[str]) -> int | None:
    """The port asked for; 0 for any free one; None for words that mean nothing."""
    match list(arguments):
        case []:
            return 0
        case ["--port", number] if number.isdecimal() and 0 < int(number) < 65536:
            return int(number)
        case [word] if word.startswith("--port="):
            return _port(["--port", word.removeprefix("--port=")])
        case _:
            return None


def _serve(root: str, port: int) -> int:
    members: dict[int, tuple[str, int]] = {}  # pid -> route, port
    try:
        for route in ROUTES:
            pid, member_port = _start_member(route)
            members[pid] = (route, member_port)
        return _balance(root, port, sorted(members.values()))
    finally:
        for pid in members:
            # The master may have reaped one that died before.
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGTERM)
                os.waitpid(pid, 0)


def _balance(root: str, port: int, members: Sequence[tuple[str, int]]) -> int:
    urls = [(route, f"http://{HOST}:{number}") for route, number in members]
    config_file = os.path.join(root, "fastlb.conf")
    with open(config_file, "w", encoding="utf-8") as file:
        lines = (f"    BalancerMember {url} route={route}" for route, url in urls)
        file.write(
            CONFIG.format(
                root=root,
                host=HOST,
                port=port,
                members="\n".join(lines),
                cookie=demo_member.COOKIE,
                identity=_identity_lines(_lesser()),
            )
        )
    options = Options(config_file=config_file, defines=("FOREGROUND",))
    source = source_of(options, root, config_file)
    loaded = load(source)
    assert loaded.model is not None, loaded.diagnostics
    greeting = GREETING.format(
        host=HOST,
        port=port,
        root=root,
        members=", ".join(f"{route}: {url}" for route, url in urls),
    )

    def greet() -> None:
        sys.stdout.write(greeting)
        sys.stdout.flush()

    return serve(loaded.model, source, options, "fastlb demo", greet)


def _start_member(route: str) -> tuple[int, int]:
    """Pid and port of a member in a process of its own."""
    sock = socket.create_server((HOST, 0))
    port = int(sock.getsockname()[1])
    pid = spawn.fork(
        f"demo-member-{route}",
        lambda: demo_member.run(route, sock),
        let_go=lambda: None,
        identity=_lesser(),
    )
    sock.close()
    return pid, port


def _lesser() -> Identity | None:
    """Whom members and workers become: nobody, when root has called."""
    return privileges.nobody() if os.geteuid() == 0 else None


def _identity_lines(identity: Identity | None) -> str:
    if identity is None:
        return ""
    return f"User #{identity.uid}\nGroup #{identity.gid}\n"


def _free_port() -> int:
    """A port that is free now; the balancer binds it a moment later."""
    with socket.create_server((HOST, 0)) as sock:
        return int(sock.getsockname()[1])
