"""Starts `member.c`: the servers behind the proxies."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import machine
from certificate import Certificate
from native import program


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    address: str  # HOST:PORT
    weight: int = 1

    @property
    def spec(self) -> str:
        return f"{self.address}:{self.name}"


def accepted(members: tuple[Member, ...]) -> int:
    """Connections that their process has had so far; asking is one, too."""
    with closing(HTTPConnection(members[0].address, timeout=10)) as connection:
        connection.request("GET", "/accepted")
        return int(connection.getresponse().read())


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def make_members(count: int) -> tuple[Member, ...]:
    """Members r1, r2, ... on free ports, equal weights; nothing is started."""
    return tuple(Member(f"r{i + 1}", f"127.0.0.1:{free_port()}") for i in range(count))


class MemberProcess:
    """One process that serves the members given; with a certificate by HTTPS."""

    def __init__(
        self,
        core: int | None,
        members: tuple[Member, ...],
        certificate: Certificate | None = None,
    ) -> None:
        command = [program("member", with_tls=certificate is not None)]
        self.folder = tempfile.TemporaryDirectory(prefix="bench-member-")
        if certificate is not None:
            folder = Path(self.folder.name)
            certificate.write(folder)
            command += ["--tls", f"{folder}/server.crt", f"{folder}/server.key"]
        command += [m.spec for m in members]
        with machine.pinned(core):
            # Unbuffered, so that `select` below sees every line not yet read.
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
        self.listening_ns = [self._time_of("listening") for _ in members][-1]

    def _time_of(self, event: str, timeout_s: float = 10) -> int:
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], timeout_s)[0]:
            raise TimeoutError(f"member: no {event!r} within {timeout_s:g} s")
        line = self.process.stdout.readline().decode()
        if not line.startswith(event):
            raise RuntimeError(f"member: expected {event!r}, got {line!r}")
        return int(line.split()[1])

    def first_request_ns(self, timeout_s: float) -> int:
        """When its first request came (CLOCK_MONOTONIC); TimeoutError without one."""
        return self._time_of("request", timeout_s)

    def kill(self) -> None:
        """As `kill -9`: connections are reset, requests on their way are lost."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self.folder.cleanup()
