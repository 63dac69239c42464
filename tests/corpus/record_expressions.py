"""Ask a real Apache for the value of every expression, and write it beside it.

    python tests/corpus/record_expressions.py [expressions.json]

Needs apache2 (2.4.71 made the values that are stored). A condition is that of a
RequestHeader, a text its value, so that both are worked out when a proxied request is
about to go to its member. In the file

    requests    heads of requests, one character a byte (latin-1)
    conditions  expr, and for each request whether it holds
    texts       expr, and for each request the value as the member got it
    error       instead: what the check says of one that httpd does not take

`@PORT@` stands for the member's port, `@ROOT@` for the server's directory.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MODULES = "mpm_event authz_core authz_host env headers setenvif proxy proxy_http ssl"
LOADED = "".join(
    f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
    for name in MODULES.split()
)
CONFIG = """\
ServerRoot {root}
DefaultRuntimeDir {root}
PidFile {root}/pid
ErrorLog {root}/error.log
DocumentRoot {root}
ServerName front.test
ServerAdmin me@front.test
Listen 127.0.0.1:{port}
User www-data
Group www-data
SetEnvIf X-Env (.+) FROM_FIELD=$1
SetEnv PLAIN "value of plain"
ProxyPass /app/ http://127.0.0.1:{member}/base/
<Location /denied/>
Require all denied
</Location>
"""
ENVIRON = {**os.environ, "LC_ALL": "C", "TZ": "UTC", "IN_ENV": "from-env"}
ENVIRON.pop("NOT_IN_ENV", None)


# Each would be evaluated in the request that it makes, and so on.
SUBREQUEST = re.compile(r"-[FUA] ")


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def line_of(kind: str, number: int, text: str) -> str:
    if kind == "conditions":
        return f"RequestHeader set X-C-{number} 1 {quoted('expr=' + text)}\n"
    return f"RequestHeader set X-T-{number} {quoted('expr=[' + text + ']')}\n"


def refused(kind: str, text: str) -> str | None:
    """What the check says against one expression; None: it is taken."""
    with tempfile.TemporaryDirectory() as directory:
        conf = Path(directory, "c.conf")
        line = line_of(kind, 0, text)
        conf.write_text(
            LOADED + CONFIG.format(root=directory, port=1, member=1) + line,
            encoding="latin-1",
        )
        done = subprocess.run(
            ["/usr/sbin/apache2", "-t", "-f", str(conf)],
            capture_output=True,
            text=True,
            env=ENVIRON,
            check=False,
        )
    if done.returncode == 0:
        return None
    said = (done.stderr + done.stdout).strip().splitlines()[-1]
    return said.partition("xpression : ")[2] or said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Member(threading.Thread):
    """Takes one request after the other, and keeps their heads."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heads: list[str] = []
        self.start()

    def run(self) -> None:
        while True:
            client, _ = self.socket.accept()
            data = b""
            while b"\r\n\r\n" not in data and (more := client.recv(1 << 16)):
                data += more
            if data:
                self.heads.append(data.decode("latin-1"))
                client.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            client.close()


def ask(port: int, raw: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(raw.encode("latin-1"))
        client.shutdown(socket.SHUT_WR)
        while client.recv(1 << 16):
            pass


def play(document: dict[str, Any], root: str) -> list[dict[str, str]]:
    """The fields that the member got of each request."""
    member, port = Member(), free_port()
    lines = [
        line_of(kind, number, one["expr"])
        for kind in ("conditions", "texts")
        for number, one in enumerate(document[kind])
        if "error" not in one and not SUBREQUEST.search(one["expr"])
    ]
    os.chmod(root, 0o755)
    conf = Path(root, "c.conf")
    conf.write_text(
        LOADED
        + CONFIG.format(root=root, port=port, member=member.port)
        + "LimitRequestFields 0\n"
        + "".join(lines),
        encoding="latin-1",
    )
    server = subprocess.Popen(
        ["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", str(conf)], env=ENVIRON
    )
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        for request in document["requests"]:
            ask(port, request["raw"])
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
    found = []
    for head in member.heads:
        text = head.replace(f"127.0.0.1:{member.port}", "127.0.0.1:@PORT@")
        text = text.replace(root, "@ROOT@")
        fields = (line.partition(": ") for line in text.split("\r\n")[1:])
        found.append({name: value for name, _, value in fields})
    assert len(found) == len(document["requests"]), Path(root, "error.log").read_text()
    return found


def record(path: Path) -> None:
    document: dict[str, Any] = json.loads(path.read_text())
    said = subprocess.run(
        ["/usr/sbin/apache2", "-v"], capture_output=True, text=True, check=True
    )
    version = re.search(r"Apache/\S+", said.stdout)
    document["httpd"] = version[0] if version else ""
    with ThreadPoolExecutor(3) as pool:
        for kind in ("conditions", "texts"):
            verdicts = pool.map(
                lambda one, kind=kind: refused(kind, one["expr"]), document[kind]
            )
            for one, verdict in zip(document[kind], verdicts, strict=True):
                one.pop("error", None)
                one.pop("values", None)
                if verdict is not None:
                    one["error"] = verdict
    with tempfile.TemporaryDirectory() as root:
        seen = play(document, root)
    for number, one in enumerate(document["conditions"]):
        if "error" not in one and not SUBREQUEST.search(one["expr"]):
            one["values"] = [f"X-C-{number}" in fields for fields in seen]
    for number, one in enumerate(document["texts"]):
        if "error" not in one:
            one["values"] = [fields.get(f"X-T-{number}") for fields in seen]
    lines = [
        '{\n "httpd": ' + json.dumps(document["httpd"]) + ",",
        *(
            f' "{kind}": [\n'
            + ",\n".join(
                "  " + json.dumps(one, ensure_ascii=False) for one in document[kind]
            )
            + "\n ]"
            + ("," if kind != "texts" else "\n}")
            for kind in ("requests", "conditions", "texts")
        ),
    ]
    path.write_text("\n".join(lines) + "\n")
    taken = sum("values" in one for k in ("conditions", "texts") for one in document[k])
    print(
        f"{len(document['conditions']) + len(document['texts'])} expressions, "
        f"{taken} of them taken"
    )


if __name__ == "__main__":
    record(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "expressions.json")
