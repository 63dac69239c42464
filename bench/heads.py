#!/usr/bin/env python3
"""What heads of requests take in memory when many clients send large ones.

    python bench/heads.py                   300 clients, heads of 1 MiB: half a minute

Each client sends as much of its head as the server takes, in three ways:

    defaults    lines of 8000 bytes under the default limits, without an end
    raised      one field of 1 MiB, which LimitRequestFieldSize allows, without an end
    answered    the same, whole; the member takes requests and never answers

For each of them: PSS of all workers before and with the clients, and how long an
ordinary request takes beside them. `tests/e2e/test_heads.py` runs it too.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
CHECKOUT = Path(__file__).resolve().parent.parent
MIB = 1 << 20
GROWTH_MAX = 25 * MIB
CLIENTS = 300
HEAD_BYTES = MIB
START_S = 30.0
QUIET_S = 1.0  # nothing has moved for so long: the server takes no more
PUSH_S = 20.0
RAISED = "LimitRequestFieldSize 2000000"
BEGIN = b"GET /slow HTTP/1.1\r\nHost: h\r\n"
GOOD = b"GET /good HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
GOOD_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    text: str  # directives
    head: bytes


@dataclass(frozen=True, slots=True)
class Found:
    before: int  # bytes of PSS, all workers
    after: int
    sent: int  # by all clients, into their sockets
    answer_s: float  # an ordinary request beside them

    @property
    def growth(self) -> int:
        return self.after - self.before


def kinds(head_bytes: int = HEAD_BYTES) -> list[Kind]:
    line = b"X: " + b"y" * 7995 + b"\r\n"
    lines = BEGIN + line * (head_bytes // len(line))
    field = BEGIN + b"X: " + b"y" * (head_bytes - len(BEGIN) - 16)
    return [
        Kind("defaults", "", lines),
        Kind("raised", RAISED, field),
        Kind("answered", RAISED, field + b"\r\n\r\n"),
    ]


class Member:
    """Answers /good at once, and nothing else ever."""

    def __init__(self) -> None:
        self._sock = socket.create_server((HOST, 0), backlog=512)
        self.port = int(self._sock.getsockname()[1])
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._sock.accept()
                self._open.append(connection)
                threading.Thread(
                    target=self._serve, args=(connection,), daemon=True
                ).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := connection.recv(65536):
                if data.startswith(b"GET /good"):
                    connection.sendall(GOOD_ANSWER)

    def close(self) -> None:
        self._sock.close()
        for connection in self._open:
            connection.close()


@contextlib.contextmanager
def served(
    text: str, workers: int, member_port: int | None
) -> Iterator[tuple[int, int]]:
    """A server: its port and the master's pid. Without a port of a member text says
    where requests go."""
    with socket.create_server((HOST, 0)) as free:
        port = int(free.getsockname()[1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        log = folder / "error.log"
        mapping = ""
        if member_port is not None:
            mapping = f"ProxyPass / http://{HOST}:{member_port}/\n"
        user = "User nobody\nGroup nogroup\n" if os.getuid() == 0 else ""
        conf = folder / "httpd.conf"
        conf.write_text(
            f'ServerRoot "{name}"\nServerName bench.test\nListen {HOST}:{port}\n'
            f"PidFile fastlb.pid\nErrorLog error.log\nStartServers {workers}\n{user}"
            f"{mapping}{text}\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "fastlb", "-f", str(conf), "-D", "FOREGROUND"],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )
        try:
            ends_s = time.monotonic() + START_S
            while not log.exists() or "resuming normal" not in log.read_text():
                if process.poll() is not None or time.monotonic() > ends_s:
                    raise RuntimeError("the server did not start")
                time.sleep(0.02)
            yield port, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def workers_of(master: int) -> list[int]:
    return children_of(master, "fastlb-worker")


def children_of(master: int, wanted: str) -> list[int]:
    found = []
    for path in Path(f"/proc/{master}/task").iterdir():
        for pid in (path / "children").read_text().split():
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            if name == wanted:
                found.append(int(pid))
    return found


def pss(pids: list[int]) -> int:
    """Bytes, proportional where pages are shared."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def push(sockets: list[socket.socket], head: bytes) -> int:
    """Send to all of them until nobody takes any more; bytes sent."""
    left = {sock: memoryview(head) for sock in sockets}
    total = 0
    ends_s = time.monotonic() + PUSH_S
    with selectors.DefaultSelector() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_WRITE)
        while selector.get_map() and time.monotonic() < ends_s:
            ready = selector.select(QUIET_S)
            if not ready:
                break
            for key, _ in ready:
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                try:
                    count = sock.send(left[sock][:262144])
                except BlockingIOError:
                    continue
                except OSError:  # refused: its answer has come
                    selector.unregister(sock)
                    continue
                total += count
                left[sock] = left[sock][count:]
                if not left[sock]:
                    selector.unregister(sock)
    return total


def ask(port: int) -> float:
    """Seconds that an ordinary request takes."""
    began_s = time.monotonic()
    with socket.create_connection((HOST, port), timeout=20) as sock:
        sock.sendall(GOOD)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"answered {answer[:80]!r}")
    return time.monotonic() - began_s


def measure(kind: Kind, clients: int = CLIENTS, workers: int = 2) -> Found:
    member = Member()
    try:
        with (
            served(kind.text, workers, member.port) as (port, master),
            contextlib.ExitStack() as stack,
        ):
            for _ in range(4 * workers):
                ask(port)
            pids = workers_of(master)
            before = pss(pids)
            sockets = [
                stack.enter_context(socket.create_connection((HOST, port), timeout=20))
                for _ in range(clients)
            ]
            for sock in sockets:
                sock.setblocking(False)
            sent = push(sockets, kind.head)
            after = pss(pids)
            return Found(before, after, sent, ask(port))
    finally:
        member.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--head-bytes", type=int, default=HEAD_BYTES)
    given = parser.parse_args()
    worst = 0
    print("kind        PSS before   with clients   growth   sent   an ordinary request")
    for kind in kinds(given.head_bytes):
        found = measure(kind, given.clients, given.workers)
        worst = max(worst, found.growth)
        print(
            f"{kind.name:10} {found.before / MIB:7.1f} MiB"
            f" {found.after / MIB:10.1f} MiB {found.growth / MIB:5.1f} MiB"
            f" {found.sent / MIB:4.0f} MiB"
            f" {found.answer_s * 1000:8.1f} ms",
            flush=True,
        )
    print(
        f"largest growth: {worst / MIB:.1f} MiB, the bar is {GROWTH_MAX / MIB:.0f} MiB"
    )
    return 0 if worst <= GROWTH_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
