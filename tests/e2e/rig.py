"""One worker under test: its configuration, its members, its clients, its counters.

A rig is looked after when its test is over: clients and members leave, and then
nothing may be left in the worker - no connection, exchange or buffer, no busy gauge.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from harness import wait_for
from peers import DEADLINE_S, HOST, Handler, Peer, ScriptedMember
from ports import free_port

import fastlb

START_DEADLINE_S = 30.0


class WorkerLostError(AssertionError):
    """The worker's process ended by itself."""


STATUS = """\
ProxyStatus On
<Location /server-status>
    SetHandler server-status
</Location>
ProxyPass /server-status !
"""
"""Before other mappings; its controller is a process more."""


class RigServer:
    """The process that forks (rig_server.py); one a session."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "rig")
        program = str(Path(__file__).with_name("rig_server.py"))
        # The fastlb of the tests themselves, installed or not.
        root = Path(fastlb.__file__).parent.parent
        self._process = subprocess.Popen(
            [sys.executable, program, self.path],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        wait_for(self._is_there, "the rig server listens", START_DEADLINE_S)

    def _is_there(self) -> bool:
        assert self._process.poll() is None, "the rig server ended"
        return os.path.exists(self.path)

    def ended(self) -> str:
        """Pid and exit status (negative: the signal) of each worker that is gone."""
        told = Path(self.path + ".ended")
        return told.read_text() if told.exists() else ""

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE_S)


class Rig:
    """A worker that is started when its first client comes, or by start()."""

    def __init__(self, server: RigServer, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.text = ""
        # What clients' addresses are called, in place of the system's word; None: the
        # name server does not answer.
        self.names: dict[str, str | None] = {}
        self.pid = 0
        self.members: list[ScriptedMember] = []
        self.clients: list[Peer] = []
        self._server = server
        self._control: socket.socket | None = None
        self._replies: Any = None
        self._drains = False  # it leaves by itself, behind its last client

    # setting up

    def member(self, handler: Handler, **how: Any) -> ScriptedMember:
        made = ScriptedMember(handler, **how)
        self.members.append(made)
        return made

    def serve(self, handler: Handler, parameters: str = "", text: str = "") -> Rig:
        """The plainest of configurations: one member behind /."""
        member = self.member(handler)
        self.start(f"ProxyPass / {member.url}/ {parameters}\n{text}")
        return self

    def start(self, text: str) -> None:
        conf = self.folder / "httpd.conf"
        conf.write_text(
            f'ServerRoot "{self.folder}"\nServerName test.example\n'
            f'DocumentRoot "{self.folder}/none"\n'
            f"Listen {HOST}:{self.port}\nErrorLog error.log\nLogLevel info\n"
            f'LogFormat "%r|%>s|%b|%O|%I|%X|%D" e2e\nCustomLog access.log e2e\n'
            f"<Location /server-info>\nSetHandler server-info\n</Location>\n"
            f"ProxyPass /server-info !\n{text}\n"
        )
        control = socket.socket(socket.AF_UNIX)
        control.settimeout(START_DEADLINE_S)
        control.connect(self._server.path)
        self._control = control
        self._replies = control.makefile("rb")
        order = {
            "conf": str(conf),
            "folder": str(self.folder),
            "stderr": str(self.folder / "stderr"),
            "names": self.names,
        }
        control.sendall(json.dumps(order).encode() + b"\n")
        said = self._reply()
        assert "refused" not in said, said["refused"]
        self.pid = said["pid"]

    # playing

    def client(self, *, receive_bytes: int = 0, host: str = HOST) -> Peer:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family)
        if receive_bytes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        sock.settimeout(DEADLINE_S)
        sock.connect((host, self.port))
        made = Peer(sock)
        self.clients.append(made)
        return made

    def ask(self, data: bytes, method: str = "GET") -> Any:
        """One request on a connection of its own; the whole response."""
        client = self.client()
        client.send(data)
        got = client.take_response(method)
        client.close()
        return got

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """What happens meanwhile the worker finds all at once, as if it were busy."""
        os.kill(self.pid, signal.SIGSTOP)
        wait_for(
            lambda: psutil.Process(self.pid).status() == psutil.STATUS_STOPPED,
            "the worker stands still",
        )
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    # looking

    def _reply(self) -> dict[str, Any]:
        line = self._replies.readline()
        if not line:
            raise WorkerLostError(f"{self.said()}\n{self._how_it_ended()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def _how_it_ended(self) -> str:
        """The end of the worker; of the last ones, when it has not told its pid yet."""
        mine = f"{self.pid} " if self.pid else ""

        def ends() -> list[str]:
            lines = self._server.ended().splitlines()
            return [one for one in lines if one.startswith(mine)][-5:]

        with contextlib.suppress(AssertionError):
            wait_for(ends, "its end is told", 10.0)
        return f"pid and exit status: {ends()}"

    def said(self) -> str:
        """What the worker wrote to stderr and to its error log."""
        parts = []
        for name in ("stderr", "error.log"):
            path = self.folder / name
            if path.exists():
                parts.append(f"{name}:\n{path.read_text()[-6000:]}")
        return "\n".join(parts)

    def traceback(self) -> str:
        """The first one in the error log, and what it says after that."""
        return "Traceback" + self.error_log.partition("Traceback")[2][:3000]

    @property
    def error_log(self) -> str:
        path = self.folder / "error.log"
        return path.read_text() if path.exists() else ""

    def access_lines(self) -> list[list[str]]:
        """Fields of each access log line: %r %>s %b %O %I %X %D."""
        path = self.folder / "access.log"
        text = path.read_text() if path.exists() else ""
        return [line.split("|") for line in text.splitlines()]

    def look(self) -> dict[str, Any]:
        assert self._control is not None
        self._control.sendall(b"look\n")
        return self._reply()

    def count(self, what: str) -> int:
        return int(self.look()["counts"][what])

    def keeps(self, taken: int) -> bool:
        """Nothing is under way, and of the connections that members have taken none was
        spoilt. (A request that must not be sent twice takes no connection that has been
        idle for long, and on a slow machine everything takes long.)"""
        counts = self.look()["counts"]
        return counts["exchanges"] == 0 and counts["upstreams"] == taken > 0

    def settled(self) -> bool:
        """No client connection and no exchange, and every gauge agrees."""
        seen = self.look()
        return (
            seen["counts"]["downstreams"] == 0
            and seen["counts"]["exchanges"] == 0
            and seen["worker"]["connections"] == 0
            and seen["worker"]["busy"] == 0
            and all(member["busy"] == 0 for member in seen["members"])
        )

    def drain(self) -> None:
        assert self._control is not None
        self._control.sendall(b"drain\n")
        self._reply()
        self._drains = True

    # ending

    def end(self) -> None:
        """Everybody leaves; nothing may be left over."""
        for client in self.clients:
            client.close()
        if self._control is None:
            self._stop_members()
            return
        try:
            if not self._drains:
                wait_for(self.settled, "every exchange has been settled")
            self._stop_members()
            if not self._drains:
                wait_for(self._is_empty, "nothing is left in the worker")
                self._control.sendall(b"end\n")
            assert self._reply() == {"bye": True}
        except AssertionError as error:
            seen = ""
            with contextlib.suppress(Exception):
                seen = str(self.look())
            raise AssertionError(f"{error}\n{seen}\n{self.said()}") from None
        finally:
            self._replies.close()
            self._control.close()
        stderr = self.folder / "stderr"
        assert not stderr.exists() or not stderr.read_text(), self.said()
        assert "Traceback" not in self.error_log, self.traceback()
        errors = [error for member in self.members for error in member.errors]
        assert not errors, errors

    def _stop_members(self) -> None:
        for member in self.members:
            member.stop()

    def _is_empty(self) -> bool:
        counts = self.look()["counts"]
        what = ("upstreams", "buffers", "pieces", "downstreams")
        return not any(counts[k] for k in what)
