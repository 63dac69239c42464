#!/usr/bin/env python3
"""Reloads while tunnels live: how long each takes, and what each leaves behind.

    python bench/lifecycle_tunnels.py         200 reloads, 2 workers, 2 tunnels each
    python bench/lifecycle_tunnels.py --tls   the clients speak TLS
    python bench/lifecycle_tunnels.py --reloads 50 --workers 16

Two idle tunnels (WebSocket) are opened in each generation. The bars: every reload comes
into force, every tunnel answers at the end, and no process that is left with tunnels
alone holds more than 3 MiB of PSS. Exit status 0: all of them are met.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import ssl
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import machine
import peers
import psutil
from members import Member, free_port

HOST = "127.0.0.1"
TUNNELS = 2
PSS_KIB_MAX = 3 * 1024
FORCE_S = 30.0  # until a reload is given up
SETTLE_S = 15.0  # until the last generation has drained, but for its tunnels
ASK = (
    b"GET /chat HTTP/1.1\r\nHost: www.example.test\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
)
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reloads", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tls", action="store_true")
    given = parser.parse_args()
    machine.allow_open_files(20000)
    port = start_member()
    flags = {"websocket", "tls"} if given.tls else {"websocket"}
    setup = peers.Setup(
        members=(Member("echo", f"{HOST}:{port}", 1),),
        flags=frozenset(flags),
        workers=given.workers,
    )
    proxy = peers.start("fastlb", setup, machine.choose_cores().proxy)
    try:
        return measure(proxy, given.reloads, given.workers, is_tls=given.tls)
    finally:
        proxy.stop()


def measure(proxy: peers.Proxy, reloads: int, workers: int, *, is_tls: bool) -> int:
    tunnels: list[socket.socket] = []
    times_s: list[float] = []
    rss_kib = [master_kib(proxy)]
    for _ in range(reloads):
        tunnels += [open_tunnel(proxy, is_tls) for _ in range(TUNNELS)]
        times_s.append(reload(proxy))
        rss_kib.append(master_kib(proxy))
    dead = sum(not is_alive(tunnel) for tunnel in tunnels)
    left = settled(proxy, workers)
    sizes = sorted(pss_kib(pid) for pid in left)
    print(f"{len(times_s)} reloads, each with {TUNNELS} tunnels, {workers} workers")
    print(
        f"  a reload            {statistics.median(times_s):.3f} s (median), "
        f"{max(times_s):.3f} s at most; the last ten {max(times_s[-10:]):.3f} s"
    )
    print(f"  tunnels             {len(tunnels)}, of them {dead} dead")
    print(
        f"  left with tunnels   {len(sizes)} processes, PSS {sizes[0]} to {sizes[-1]} "
        f"KiB (median {sizes[len(sizes) // 2]}), {sum(sizes) / 1024:.0f} MiB in all"
    )
    print(f"  RSS of the master   {rss_kib[0]} KiB before, {rss_kib[-1]} KiB behind")
    is_met = not dead and sizes[-1] <= PSS_KIB_MAX
    print("all bars met" if is_met else "MISSED")
    return 0 if is_met else 1


def start_member() -> int:
    """A member that grants every Upgrade and echoes; its port."""
    sock = socket.create_server((HOST, free_port()), backlog=256)

    def serve(connection: socket.socket) -> None:
        with connection:
            while (asked := take_head(connection)) is not None:
                if b"upgrade: websocket" not in asked.lower():
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    continue
                connection.sendall(SWITCHED)
                while data := connection.recv(4096):
                    connection.sendall(data)
                return

    def accept() -> None:
        while True:
            connection, _ = sock.accept()
            run(lambda connection=connection: serve(connection))  # type: ignore[misc]

    run(accept)
    return int(sock.getsockname()[1])


def run(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def take_head(sock: socket.socket) -> bytes | None:
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        try:
            more = sock.recv(1)
        except OSError:
            return None
        if not more:
            return None
        got += more
    return got


def open_tunnel(proxy: peers.Proxy, is_tls: bool) -> socket.socket:
    sock = socket.create_connection((HOST, proxy.port), timeout=10)
    if is_tls:
        sock = peers.trusting().wrap_socket(sock)
    sock.sendall(ASK)
    began_s = time.monotonic()
    head = take_head(sock)
    if head is None or b" 101 " not in head:
        waited_s = time.monotonic() - began_s
        raise SystemExit(
            f"no tunnel after {waited_s:.1f} s: {head!r}\n{proxy.log_tail()}"
        )
    return sock


def is_alive(tunnel: socket.socket) -> bool:
    try:
        tunnel.sendall(b"ping")
        return tunnel.recv(4) == b"ping"
    except (OSError, ssl.SSLError):
        return False


def reload(proxy: peers.Proxy) -> float:
    """Seconds until a new generation is in force: as many more workers are there."""
    before = set(proxy.tree())
    began_s = time.monotonic()
    os.kill(proxy.process.pid, signal.SIGHUP)
    while time.monotonic() < began_s + FORCE_S:
        now = set(proxy.tree())
        fresh = [pid for pid in now - before if is_worker(pid)]
        monitors = {pid for pid in now if name_of(pid) == "fastlb-monitor"}
        # The monitor is replaced when the new generation is in force.
        if len(fresh) >= proxy.setup.workers and monitors - before == monitors:
            return time.monotonic() - began_s
        time.sleep(0.002)
    raise SystemExit(f"a reload did not come into force:\n{proxy.log_tail()}")


def settled(proxy: peers.Proxy, workers: int) -> list[int]:
    """The workers that are left with tunnels: those that take USR2."""
    ends_s = time.monotonic() + SETTLE_S
    while True:
        there = [pid for pid in proxy.tree() if is_worker(pid)]
        left = [pid for pid in there if is_lone(pid)]
        if len(there) - len(left) == workers or time.monotonic() > ends_s:
            return left
        time.sleep(0.05)


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def is_worker(pid: int) -> bool:
    return name_of(pid) == "fastlb-worker"


def is_lone(pid: int) -> bool:
    text = Path(f"/proc/{pid}/status").read_text()
    caught = int(text.split("SigCgt:")[1].split()[0], 16)
    return bool(caught >> (signal.SIGUSR2 - 1) & 1)


def pss_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+([0-9]+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1])


def master_kib(proxy: peers.Proxy) -> int:
    return int(psutil.Process(proxy.process.pid).memory_info().rss) >> 10


if __name__ == "__main__":
    sys.exit(main())
