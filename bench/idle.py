#!/usr/bin/env python3
"""How a good request fares beside clients that hold connections and ask nothing.

    python bench/idle.py                    10 000 idle clients, half a minute

Under the MaxRequestWorkers 150 of Debian's mpm_event.conf:

    idle    half of the clients say nothing at all, half are kept alive after a request;
            then good requests on connections of their own, one after the other
    kept    5000 connections that are kept alive, each served in turn, twice

The clients come from several addresses of the loopback network. Two numbers of
descriptors bound a run: this program needs one for each client, and so do the workers.
`tests/e2e/test_idle.py` runs it with fewer.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import socket
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import heads

CLIENTS = 10_000
KEPT = 5_000
ADDRESSES = 8  # 127.0.0.2 and on: each has ports of its own
GOOD = 200
LATENCY_MAX_S = 0.050
TEXT = "MaxRequestWorkers 150\nKeepAliveTimeout 120\nTimeout 120"
REQUEST = b"GET /good HTTP/1.1\r\nHost: h\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Idle:
    """What good requests took beside idle clients, in seconds, sorted."""

    clients: int
    took_s: Sequence[float]

    @property
    def median_s(self) -> float:
        return statistics.median(self.took_s)


@dataclass(frozen=True, slots=True)
class Kept:
    """Of connections that were kept alive: how many were served each time."""

    connections: int
    served: tuple[int, ...]
    took_s: float


def raise_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def client(port: int, number: int) -> socket.socket:
    sock = socket.socket()
    sock.settimeout(20)
    sock.bind((f"127.0.0.{2 + number % ADDRESSES}", 0))
    sock.connect((heads.HOST, port))
    return sock


def is_served(sock: socket.socket) -> bool:
    """One request on a connection that stays open."""
    answer = b""
    try:
        sock.sendall(REQUEST)
        while not answer.endswith(b"\r\n\r\ngood"):
            piece = sock.recv(4096)
            if not piece:
                return False
            answer += piece
    except OSError:
        return False
    return answer.startswith(b"HTTP/1.1 200")


def measure_idle(count: int, good: int = GOOD, workers: int = 2) -> Idle:
    member = heads.Member()
    try:
        with (
            heads.served(TEXT, workers, member.port) as (port, _),
            contextlib.ExitStack() as stack,
        ):
            for number in range(count):
                sock = stack.enter_context(client(port, number))
                if number % 2 and not is_served(sock):
                    raise RuntimeError(f"client {number} was not served")
            took_s = sorted(heads.ask(port) for _ in range(good))
            return Idle(count, took_s)
    finally:
        member.close()


def measure_kept(count: int, rounds: int = 2, workers: int = 2) -> Kept:
    member = heads.Member()
    try:
        with (
            heads.served(TEXT, workers, member.port) as (port, _),
            contextlib.ExitStack() as stack,
        ):
            sockets = [
                stack.enter_context(client(port, number)) for number in range(count)
            ]
            began_s = time.monotonic()
            served = tuple(
                sum(is_served(sock) for sock in sockets) for _ in range(rounds)
            )
            return Kept(count, served, time.monotonic() - began_s)
    finally:
        member.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--kept", type=int, default=KEPT)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    raise_limit()
    idle = measure_idle(given.clients, workers=given.workers)
    print(
        f"{idle.clients} idle clients, {len(idle.took_s)} good requests: median "
        f"{idle.median_s * 1000:.2f} ms, slowest {idle.took_s[-1] * 1000:.2f} ms, the "
        f"bar is {LATENCY_MAX_S * 1000:.0f} ms",
        flush=True,
    )
    kept = measure_kept(given.kept, workers=given.workers)
    print(
        f"{kept.connections} kept connections: {kept.served[0]} and {kept.served[1]}"
        f" served in turn, {kept.took_s:.1f} s"
    )
    is_good = idle.took_s[-1] <= LATENCY_MAX_S
    return 0 if is_good and set(kept.served) == {kept.connections} else 1


if __name__ == "__main__":
    sys.exit(main())
