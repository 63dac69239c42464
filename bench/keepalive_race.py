#!/usr/bin/env python3
"""What clients see when members close idle connections just as they are asked.

    python bench/keepalive_race.py                      some four minutes
    python bench/keepalive_race.py --seconds 60 --proxies fastlb --members raw
    python bench/keepalive_race.py --before DIR         and the fastlb built there

A member closes a connection that has been idle for so long. Clients ask in volleys, and
the gap between two of them ends around that moment: each request is to go out on a
connection that its member is about to close, or has just closed. What is not a whole
200 is an error; nothing is asked twice. Members, as far as they are installed:

    raw         asyncio, closes 50 ms or 1 s after its last answer, without a word
    node        node's http server, which says Keep-Alive: timeout=
    aiohttp, uvicorn, gunicorn      theirs, with keep-alive of 1 s

Nobody is told the time: how proxies are set up stands in peers/ (flag `race`).
Exit status: 0 no error through fastlb, 1 there were some.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import netns
import peers
import report
import uvloop
from clients import Client
from machine import allow_open_files, choose_cores, pinned
from members import Member, free_port

HOST = "127.0.0.1"
CLIENTS = 100
DEADLINE_S = 10.0
BODY = b"ok"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + BODY
REQUESTS = {
    "GET": b"GET / HTTP/1.1\r\nHost: race.test\r\n\r\n",
    "POST": b"POST / HTTP/1.1\r\nHost: race.test\r\nContent-Length: 3\r\n\r\na=1",
}
NODE = """
const server = require('http').createServer((asked, answer) => {
  asked.resume(); asked.on('end', () => answer.end('ok'));
});
server.keepAliveTimeout = %d;
server.listen(%d, '127.0.0.1', 511);
"""
AIOHTTP = """
from aiohttp import web
async def ok(asked):
    await asked.read()
    return web.Response(text="ok")
app = web.Application()
app.router.add_route("*", "/{any:.*}", ok)
web.run_app(app, host="127.0.0.1", port=%d, keepalive_timeout=%g, print=None,
            access_log=None)
"""
UVICORN = """
import uvicorn
async def app(scope, receive, send):
    while scope["type"] == "http" and (await receive()).get("more_body"):
        pass
    head = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": b"ok"})
uvicorn.run(app, host="127.0.0.1", port=%d, timeout_keep_alive=%d, lifespan="off",
            log_level="critical")
"""
GUNICORN = """
import sys
from gunicorn.app.wsgiapp import run
def app(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
sys.modules["race"] = sys.modules["__main__"]
sys.argv = ["gunicorn", "-k", "gthread", "--threads", "%d", "-b", "127.0.0.1:%d",
            "--keep-alive", "%d", "--log-level", "critical", "race:app"]
run()
"""


# members


class Raw(asyncio.Protocol):
    """Answers each request, and closes idle_s behind the last answer."""

    idle_s = 1.0
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.held = b""
        self.timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        self.held += data
        end = self.held.find(b"\r\n\r\n") + 4
        if end < 4 or (self.held.startswith(b"POST") and len(self.held) < end + 3):
            return
        self.held = b""
        self.transport.write(ANSWER)
        if self.timer is not None:
            self.timer.cancel()
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(self.idle_s, self.transport.close)

    def connection_lost(self, _why: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()


async def serve_raw(port: int, idle_s: float) -> None:
    Raw.idle_s = idle_s
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Raw, HOST, port, backlog=1024)
    await server.serve_forever()


def command_of(name: str, port: int, idle_s: float) -> list[str] | None:
    """None: it is not installed, or knows whole seconds only."""
    if name == "raw":
        return [sys.executable, __file__, "--serve", str(port), str(idle_s)]
    if name == "node":
        script = NODE % (idle_s * 1000, port)
        return ["node", "-e", script] if shutil.which("node") else None
    if importlib.util.find_spec(name) is None or idle_s < 1:
        return None
    scripts = {
        "aiohttp": lambda: AIOHTTP % (port, idle_s),
        "uvicorn": lambda: UVICORN % (port, idle_s),
        "gunicorn": lambda: GUNICORN % (2 * CLIENTS, port, idle_s),
    }
    return [sys.executable, "-c", scripts[name]()]


# clients


@dataclass
class Volley:
    """Requests that went out together."""

    left: int
    errors: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def end_one(self, body: bytes, _failure: str) -> None:
        self.left -= 1
        self.errors += body != BODY
        if self.left == 0:
            self.over.set()


async def race(
    port: int, request: bytes, idle_s: float, seconds: float, count: int
) -> tuple[int, int]:
    """Errors and requests."""
    loop = asyncio.get_running_loop()
    chance = random.Random(1)
    clients: list[Client] = []
    errors = asked = 0
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        clients = [one for one in clients if one.transport is not None]
        while len(clients) < count:
            clients.append((await loop.create_connection(Client, HOST, port))[1])
        began_s = time.monotonic()
        volley = Volley(count)
        for client in clients:
            client.ask(request, volley.end_one)
        try:
            await asyncio.wait_for(volley.over.wait(), DEADLINE_S)
        except TimeoutError:
            for client in clients:
                client.give_up()
        errors += volley.errors
        asked += count
        # The first answers are older than the last by what the volley took.
        took_s = min(time.monotonic() - began_s, idle_s / 2)
        await asyncio.sleep(idle_s + took_s * chance.uniform(-1.3, 0.4))
    for client in clients:
        client.leave()
    return errors, asked


# runs


def measure(
    proxy_name: str, member_name: str, idle_s: float, seconds: float, count: int
) -> dict[str, str] | None:
    """Cells of a row by method; None: not installed."""
    cores = choose_cores()
    port = free_port()
    command = command_of(member_name, port, idle_s)
    if command is None:
        return None
    with pinned(cores.load):
        member = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        setup = peers.Setup((Member("r1", f"{HOST}:{port}"),), frozenset({"race"}))
        try:
            proxy = peers.start(proxy_name, setup, cores.proxy)
        except peers.CannotStartError as why:
            print(why, file=sys.stderr)
            return None
        try:
            found = {}
            for method, request in REQUESTS.items():
                errors, asked = uvloop.run(
                    race(proxy.port, request, idle_s, seconds, count)
                )
                found[method] = f"{errors} / {asked}"
            return found
        finally:
            proxy.stop()
    finally:
        member.kill()
        member.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each cell")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--proxies", default="fastlb,nginx,haproxy,apache")
    parser.add_argument("--members", default="raw,node,aiohttp,uvicorn,gunicorn")
    parser.add_argument("--idle", default="0.05,1", help="seconds")
    parser.add_argument("--before", type=Path)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        uvloop.run(serve_raw(int(given.serve[0]), float(given.serve[1])))
        return 0
    print(f"{netns.enter()}; errors / requests", flush=True)
    allow_open_files(20000)
    proxies: Sequence[str] = given.proxies.split(",")
    if given.before:
        peers.add_checkout(given.before)
        proxies = [*proxies, "before"]
    rows = []
    for name in given.members.split(","):
        for idle_s in map(float, given.idle.split(",")):
            cells = [
                measure(proxy, name, idle_s, given.seconds, given.clients)
                for proxy in proxies
            ]
            for method in REQUESTS:
                row = [cell[method] if cell else "-" for cell in cells]
                if set(row) != {"-"}:
                    rows.append([name, f"{idle_s:g} s", method, *row])
    print(report.table(["member", "idle", "method", *proxies], rows))
    if "fastlb" not in proxies:
        return 0
    at = 3 + list(proxies).index("fastlb")
    return int(any(not row[at].startswith(("0 ", "-")) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
