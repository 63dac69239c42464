"""Record which members Apache httpd elects: writes elections_httpd.json.

    python tests/unit/data/record_elections.py [path of apache2]

Each scenario is a balancer, a list of routes asked for by cookie (null: none), and
the members whose port is closed. httpd serves the requests one after the other; what
is kept is the position of the member whose answer came back. test_byrequests.py,
test_bytraffic.py and test_bybusyness.py play the same scenarios through the compiled
election.

Under bytraffic the bytes that httpd counted are kept too: [sent, received] of the
member that served. Under bybusyness a step can be "hold" (a request whose answer is
kept back) or the number of an earlier step (that answer is let go).
"""

from __future__ import annotations

import http.client
import json
import queue
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

OUT = Path(__file__).with_name("elections_httpd.json")
MODULES = [
    "mpm_event",
    "authz_core",
    "proxy",
    "proxy_http",
    "proxy_balancer",
    "lbmethod_byrequests",
    "lbmethod_bytraffic",
    "lbmethod_bybusyness",
    "slotmem_shm",
]


def member(loadfactor: float = 1, **more: Any) -> dict[str, Any]:
    return {"loadfactor": loadfactor, **more}


SCENARIOS: list[dict[str, Any]] = [
    {"name": "weights 1:2:3", "members": [member(1), member(2), member(3)]},
    {"name": "weights 1:3", "members": [member(1), member(3)]},
    {"name": "equal weights", "members": [member(), member(), member()]},
    {"name": "fractions", "members": [member(1.5), member(2.5), member(1)]},
    {"name": "weights 1:10:100", "members": [member(1), member(10), member(100)]},
    {
        "name": "a standby waits while others serve",
        "members": [member(1), member(2), member(5, status="+H")],
    },
    {
        "name": "a standby serves when all others are disabled",
        "members": [
            member(1, status="+D"),
            member(1, status="+D"),
            member(status="+H"),
        ],
    },
    {
        "name": "a spare stands in for a disabled member",
        "members": [member(1, status="+D"), member(1), member(2, status="+R")],
    },
    {
        "name": "a spare stands in for a draining member",
        "members": [member(1, status="+N"), member(1), member(2, status="+R")],
    },
    {
        "name": "one spare of two is drafted for one disabled member",
        "members": [
            member(1),
            member(1, status="+D"),
            member(1, status="+R"),
            member(1, status="+R"),
        ],
    },
    {
        "name": "the second lbset waits",
        "members": [member(1, lbset=1), member(1, lbset=0), member(2, lbset=0)],
    },
    {
        "name": "the second lbset serves when the first is stopped",
        "members": [
            member(1, lbset=0, status="+S"),
            member(1, lbset=1),
            member(3, lbset=1),
        ],
    },
    {
        "name": "a standby of set 0 comes before members of set 1",
        "members": [
            member(1, lbset=0, status="+D"),
            member(1, lbset=0, status="+H"),
            member(1, lbset=1),
        ],
    },
    {
        "name": "a closed port goes into error and the others share",
        "members": [member(1), member(2), member(3)],
        "down": [2],
    },
    {
        "name": "failover reaches the standby",
        "members": [member(1), member(1), member(1, status="+H")],
        "down": [0, 1],
    },
    {
        "name": "sticky hits count in the schedule",
        "members": [member(1), member(2), member(3)],
        "routes": ["n0", None, "n0", None, None, "n2", None, None, "n1", None] * 2,
    },
    {
        "name": "sticky hits let a standby gather lbstatus",
        "members": [member(1), member(1), member(1, status="+H")],
        "routes": ["n0", "n1", "n0", None, None, "n2", None, None, "n2", None] * 2,
    },
    {
        "name": "an unknown route is balanced",
        "members": [member(1), member(2)],
        "routes": ["n9", None, "n9", "n1", "N0", "n0", "n0.n1", None],
    },
    {
        "name": "a session of a disabled member follows its redirect",
        "members": [
            member(1, status="+D", redirect="n1"),
            member(1),
            member(2),
        ],
        "routes": ["n0", "n0", None, None, "n2", "n0", None, None],
    },
    {
        "name": "a draining member keeps its sessions",
        "members": [member(1, status="+N"), member(1), member(2)],
        "routes": ["n0", None, None, "n0", "n0", None, None, None, "n1", None],
    },
    {
        "name": "nofailover answers 503 for a known route",
        "members": [member(1, status="+D"), member(1), member(2)],
        "routes": ["n0", "n9", None, "n1", "n0", None],
        "nofailover": True,
    },
    {
        "name": "bytraffic with equal bodies",
        "lbmethod": "bytraffic",
        "members": [member(1, body=3000), member(1, body=3000), member(1, body=3000)],
    },
    {
        "name": "bytraffic with factors 1:2:3",
        "lbmethod": "bytraffic",
        "members": [member(1, body=6000), member(2, body=6000), member(3, body=6000)],
    },
    {
        "name": "bytraffic with unequal bodies",
        "lbmethod": "bytraffic",
        "members": [member(1, body=40000), member(1, body=9000), member(2, body=1)],
    },
    {
        "name": "bytraffic with sticky sessions",
        "lbmethod": "bytraffic",
        "members": [member(1, body=2000), member(1, body=2000)],
        "routes": ["n0", "n0", "n0", *[None] * 6, "n1", *[None] * 4],
    },
    {
        "name": "bytraffic with a standby, a spare and a disabled member",
        "lbmethod": "bytraffic",
        "members": [
            member(1, body=900, status="+D"),
            member(1, body=900),
            member(1, body=900, status="+H"),
            member(2, body=900, status="+R"),
        ],
    },
    {
        "name": "bybusyness one by one",
        "lbmethod": "bybusyness",
        "members": [member(1), member(2), member(3)],
    },
    {
        "name": "bybusyness with everything under way",
        "lbmethod": "bybusyness",
        "members": [member(1), member(3)],
        "routes": ["hold"] * 8,
    },
    {
        "name": "bybusyness with some answers let go",
        "lbmethod": "bybusyness",
        "members": [member(1), member(2), member(3)],
        "routes": [*["hold"] * 5, 0, 1, None, None, "hold", 4, *["hold"] * 3, None],
    },
    {
        "name": "bybusyness with sticky sessions",
        "lbmethod": "bybusyness",
        "members": [member(1), member(1), member(1, status="+H")],
        "routes": ["n0", "hold", None, "n2", "n1", "hold", None, 1, None, None],
    },
]

SETTINGS = ("loadfactor", "lbset", "status", "redirect")


class Member(ThreadingHTTPServer):
    """Answers with its port; the answer to /hold waits for its release."""

    daemon_threads = True
    arrived: queue.Queue[tuple[Member, threading.Event]] = queue.Queue()

    def __init__(self, body: int) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.body = str(self.server_port).encode().ljust(body)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Member

    def do_GET(self) -> None:
        if self.path == "/hold":
            released = threading.Event()
            Member.arrived.put((self.server, released))
            released.wait(60)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def closed_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def configuration(
    scenario: dict[str, Any], folder: Path, port: int, ports: list[int]
) -> str:
    lines = [
        f"ServerRoot {folder}",
        f"PidFile {folder}/pid",
        f"ErrorLog {folder}/error.log",
        f"DefaultRuntimeDir {folder}",
        "ServerName localhost",
        f"Listen 127.0.0.1:{port}",
        *(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
            for name in MODULES
        ),
        "StartServers 1",
        "<Proxy balancer://x>",
    ]
    for i, m in enumerate(scenario["members"]):
        settings = " ".join(f"{k}={m[k]}" for k in SETTINGS if k in m)
        lines.append(
            f"BalancerMember http://127.0.0.1:{ports[i]} route=n{i} {settings}"
        )
    method = scenario.get("lbmethod", "byrequests")
    lines.append(f"ProxySet stickysession=ROUTEID lbmethod={method}")
    if scenario.get("nofailover"):
        lines.append("ProxySet nofailover=On")
    lines += [
        "</Proxy>",
        "<Location /manager>",
        "SetHandler balancer-manager",
        "</Location>",
        "ProxyPass /manager !",
        "ProxyPass / balancer://x/",
    ]
    return "\n".join(lines) + "\n"


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise


class Player:
    """The client of one scenario."""

    def __init__(self, port: int, members: list[Member]) -> None:
        self.port = port
        self.ports = [m.server_port for m in members]
        self.held: dict[int, tuple[http.client.HTTPConnection, threading.Event]] = {}

    def ask(self, path: str, route: str | None = None) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        # without a Referer of its own host the manager ignores parameters
        headers = {"Referer": f"http://127.0.0.1:{self.port}/"}
        if route is not None:
            headers["Cookie"] = f"ROUTEID=.{route}"
        connection.request("GET", path, headers=headers)
        return connection

    def serve(self, route: str | None) -> int:
        connection = self.ask("/", route)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return -1 if response.status == 503 else self.ports.index(int(body))

    def hold(self, step: int) -> int:
        connection = self.ask("/hold")
        member, released = Member.arrived.get(timeout=20)
        self.held[step] = connection, released
        return self.ports.index(member.server_port)

    def release(self, step: int) -> None:
        connection, released = self.held.pop(step)
        released.set()
        connection.getresponse().read()
        connection.close()

    def counted(self, name: str) -> list[int]:
        """What httpd counts for each member."""
        connection = self.ask("/manager?xml=1")
        page = connection.getresponse().read().decode()
        connection.close()
        return [int(n) for n in re.findall(f"<httpd:{name}>([0-9]+)<", page)]

    def settle(self) -> None:
        """Wait until httpd has seen the end of what was answered."""
        deadline = time.monotonic() + 10
        while sum(self.counted("busy")) != len(self.held):
            if time.monotonic() > deadline:
                sys.exit("httpd counts requests that have ended")

    def bytes(self) -> list[list[int]]:
        sent, received = self.counted("transferred"), self.counted("read")
        return [list(pair) for pair in zip(sent, received, strict=True)]


def play(apache: str, scenario: dict[str, Any]) -> dict[str, Any]:
    members = [Member(m.get("body", 0)) for m in scenario["members"]]
    for i in scenario.get("down", []):
        members[i].shutdown()
        members[i].server_close()
    port = closed_port()
    chosen: list[int | None] = []
    served: list[list[int]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        file = folder / "httpd.conf"
        ports = [m.server_port for m in members]
        file.write_text(configuration(scenario, folder, port, ports))
        process = subprocess.Popen([apache, "-X", "-f", str(file)])
        try:
            wait_for(port)
            player = Player(port, members)
            before = [[0, 0] for _ in members]
            for number, step in enumerate(scenario["routes"]):
                if step == "hold":
                    chosen.append(player.hold(number))
                elif isinstance(step, int):
                    player.release(step)
                    chosen.append(None)
                else:
                    chosen.append(player.serve(step))
                if "lbmethod" not in scenario:
                    continue
                player.settle()
                after, one = player.bytes(), chosen[-1]
                if one is not None:
                    served.append(
                        [x - y for x, y in zip(after[one], before[one], strict=True)]
                    )
                before = after
            for number in list(player.held):
                player.release(number)
        finally:
            process.terminate()
            process.wait()
    for i, server in enumerate(members):
        if i not in scenario.get("down", []):
            server.shutdown()
            server.server_close()
    recorded: dict[str, Any] = {"chosen": chosen}
    if scenario.get("lbmethod") == "bytraffic":
        recorded["bytes"] = served
    return recorded


def main() -> None:
    apache = sys.argv[1] if len(sys.argv) > 1 else shutil.which("apache2")
    if apache is None:
        sys.exit("apache2 is not installed")
    version = subprocess.run(
        [apache, "-v"], check=True, capture_output=True, text=True
    ).stdout.splitlines()[0]
    recorded = []
    for scenario in SCENARIOS:
        scenario.setdefault("routes", [None] * 20)
        recorded.append({**scenario, **play(apache, scenario)})
        print(scenario["name"], recorded[-1]["chosen"], flush=True)
    OUT.write_text(
        json.dumps({"server": version, "scenarios": recorded}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
