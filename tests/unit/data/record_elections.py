"""Record which members Apache httpd elects: writes elections_httpd.json.

    python tests/unit/data/record_elections.py [path of apache2]

Each scenario is a balancer, a list of routes asked for by cookie (null: none), and
the members whose port is closed. httpd serves the requests one after the other; what
is kept is the position of the member whose answer came back. test_byrequests.py plays
the same scenarios through the compiled election.
"""

from __future__ import annotations

import http.client
import json
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
]


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = str(self.server.server_port).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

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
        settings = " ".join(f"{k}={v}" for k, v in m.items())
        lines.append(
            f"BalancerMember http://127.0.0.1:{ports[i]} route=n{i} {settings}"
        )
    lines.append("ProxySet stickysession=ROUTEID")
    if scenario.get("nofailover"):
        lines.append("ProxySet nofailover=On")
    lines += ["</Proxy>", "ProxyPass / balancer://x/"]
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


def play(apache: str, scenario: dict[str, Any]) -> list[int]:
    servers = [
        ThreadingHTTPServer(("127.0.0.1", 0), Answer) for _ in scenario["members"]
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    ports = [s.server_port for s in servers]
    for i in scenario.get("down", []):
        servers[i].shutdown()
        servers[i].server_close()
    port = closed_port()
    chosen = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        file = folder / "httpd.conf"
        file.write_text(configuration(scenario, folder, port, ports))
        process = subprocess.Popen([apache, "-X", "-f", str(file)])
        try:
            wait_for(port)
            for route in scenario["routes"]:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                headers = {} if route is None else {"Cookie": f"ROUTEID=.{route}"}
                connection.request("GET", "/", headers=headers)
                response = connection.getresponse()
                body = response.read()
                if response.status == 503:
                    chosen.append(-1)
                else:
                    chosen.append(ports.index(int(body)))
                connection.close()
        finally:
            process.terminate()
            process.wait()
    for i, server in enumerate(servers):
        if i not in scenario.get("down", []):
            server.shutdown()
            server.server_close()
    return chosen


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
        recorded.append({**scenario, "chosen": play(apache, scenario)})
        print(scenario["name"], recorded[-1]["chosen"], flush=True)
    OUT.write_text(
        json.dumps({"server": version, "scenarios": recorded}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
