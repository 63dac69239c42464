"""A member that fails as it is told to: a process of its own for each.

    ok          answers each request with its name, service_ms after it came
    refuse      nothing listens any more, and connections end behind their answers: it
                was stopped
    gone        ... and are reset with whatever is under way: its host went
    silent      takes connections and requests, and answers none
    half        half of an answer, then a reset
    status N    whole answers with that status
    slow N      answers after N times service_ms

`python faults.py NAME PORT SERVICE_MS` reads such lines from stdin and prints the time
of each (CLOCK_MONOTONIC, in ns) when it is in force. Requests for HEALTH are answered
as all others are.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from typing import cast

import machine
import uvloop
from members import Member

HOST = "127.0.0.1"
HEALTH = "/health"
BODY_BYTES = 2048
BACKLOG = 1024
HALF_S = 0.005  # between half an answer and the reset, so that the half is read


def body_of(name: str) -> bytes:
    return name.encode().ljust(BODY_BYTES, b".")


def name_in(body: bytes) -> str:
    """The member whose answer this is."""
    return body.rstrip(b".").decode()


class Conduct:
    """What the member does at present."""

    def __init__(self, name: str, service_s: float) -> None:
        self.body = body_of(name)
        self.service_s = service_s
        self.mode = "ok"
        self.number = 0
        self.connections: set[Connection] = set()

    @property
    def wait_s(self) -> float:
        return self.service_s * (self.number if self.mode == "slow" else 1)

    def answer(self) -> bytes:
        status = f"{self.number} Failed" if self.mode == "status" else "200 OK"
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(self.body)}\r\n"
        if self.mode == "refuse":
            head += "Connection: close\r\n"
        return f"{head}\r\n".encode() + self.body


class Connection(asyncio.Protocol):
    """One connection of a proxy's, or of a check."""

    transport: asyncio.Transport

    def __init__(self, conduct: Conduct) -> None:
        self.conduct = conduct
        self.held = b""
        self.under_way = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.conduct.connections.add(self)

    def connection_lost(self, _why: Exception | None) -> None:
        self.conduct.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        *requests, self.held = (self.held + data).split(b"\r\n\r\n")
        for _ in requests:
            self.under_way += 1
            if self.conduct.mode != "silent":
                loop = asyncio.get_running_loop()
                loop.call_later(self.conduct.wait_s, self.answer)

    def answer(self) -> None:
        if self.transport.is_closing() or self.conduct.mode == "silent":
            return
        self.under_way -= 1
        answer = self.conduct.answer()
        if self.conduct.mode == "half":
            self.transport.write(answer[: len(answer) // 2])
            asyncio.get_running_loop().call_later(HALF_S, self.transport.abort)
            return
        self.transport.write(answer)
        if self.conduct.mode == "refuse":
            self.transport.close()


async def serve(name: str, port: int, service_s: float) -> None:
    loop = asyncio.get_running_loop()
    conduct = Conduct(name, service_s)

    async def listen() -> asyncio.Server:
        return await loop.create_server(
            lambda: Connection(conduct), HOST, port, backlog=BACKLOG
        )

    server: asyncio.Server | None = await listen()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    print(time.monotonic_ns(), flush=True)
    while words := (await lines.readline()).decode().split():
        conduct.mode = words[0]
        conduct.number = int(words[1]) if len(words) > 1 else 0
        stays = conduct.mode not in ("refuse", "gone")
        if stays and server is None:
            server = await listen()
        elif not stays and server is not None:
            server.close()
            server = None
        end_connections(conduct)
        print(time.monotonic_ns(), flush=True)


def end_connections(conduct: Conduct) -> None:
    for connection in list(conduct.connections):
        if conduct.mode == "gone":
            connection.transport.abort()
        elif conduct.mode == "refuse" and not connection.under_way:
            connection.transport.close()


class FaultyMember:
    """The process of one member. Orders return the time at which they are in force,
    in seconds of time.monotonic()."""

    def __init__(self, core: int, member: Member, service_ms: float) -> None:
        port = member.address.rpartition(":")[2]
        self.member = member
        self._core = core
        self._command = [sys.executable, __file__, member.name, port, str(service_ms)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> float:
        with machine.pinned(self._core):
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        return self._told()

    def order(self, line: str) -> float:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._told()

    def kill(self) -> float:
        """As `kill -9`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
            self._process = None
        return time.monotonic()

    def _told(self) -> float:
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"member {self.member.name} ended")
        return int(line) / 1e9


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) / 1000))
