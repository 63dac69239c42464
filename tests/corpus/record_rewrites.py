"""Ask a real Apache what its rules make of every request of rewrite_sets.py.

    python tests/corpus/record_rewrites.py

Needs apache2 (2.4.71 made the outcomes that are stored). An outcome is the status; of a
request that a member got its number and the target that it was asked for; Location,
cookies, and the variables a, b and c as the answer's fields showed them. Ports and the
server's directory are written as placeholders.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from rewrite_sets import SETS

HERE = Path(__file__).parent
USERS = "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"  # secret
MAP = """\
#!/bin/sh
while IFS= read -r key; do
    case $key in
    null) echo nUlL ;;
    empty) echo ;;
    return) printf 'a\\r\\n' ;;
    long) head -c 3000 /dev/zero | tr '\\0' x; echo ;;
    *) echo "[$key]" ;;
    esac
done
"""
MODULES = (
    "mpm_event proxy proxy_http proxy_wstunnel proxy_balancer slotmem_shm headers"
    " lbmethod_byrequests authz_core setenvif rewrite alias env authn_core authn_file"
    " authz_user auth_basic"
)
MAIN = """\
ServerRoot {dir}
DefaultRuntimeDir {dir}
PidFile {dir}/pid
ErrorLog {dir}/error.log
Listen 127.0.0.1:{port}
{loads}
ServerName main.test
"""
COMMON = """\
DocumentRoot {root}
Header always set X-a "%{a}e"
Header always set X-b "%{b}e"
Header always set X-c "%{c}e"
"""


def host_of(number: int) -> str:
    return f"s{number}.test"


def configuration() -> str:
    """All sets as virtual hosts, with placeholders."""
    hosts = (
        f"<VirtualHost *:{{port}}>\nServerName {host_of(number)}\n{text}\n"
        "</VirtualHost>\n"
        for number, (_, text, _) in enumerate(SETS)
    )
    return COMMON + "".join(hosts)


def filled(text: str, values: dict[str, object]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def head_of(number: int, asked: str) -> bytes:
    target, *fields = asked.split(" | ")
    fields = [field for field in fields if field]
    lines = [f"GET {target} HTTP/1.1", f"Host: {host_of(number)}", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def lay_files(root: Path) -> None:
    (root / "dir").mkdir(parents=True)
    (root / "there.txt").write_text("there\n")
    (root / "empty.txt").write_text("")
    (root / "dir/in.txt").write_text("in\n")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root.parent / "users").write_text(USERS)
    (root.parent / "map").write_text(MAP)
    (root.parent / "map").chmod(0o755)
    (root / "link").symlink_to("there.txt")
    for path in (root, root / "dir"):
        path.chmod(0o755)


class Member:
    """Answers with what it was asked for: X-Type in the type that it says, or in none;
    /status/204 with that status."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.socket.getsockname()[1]
        self.target = ""
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            client, _ = self.socket.accept()
            with client:
                data = b""
                while b"\r\n\r\n" not in data:
                    more = client.recv(65536)
                    if not more:
                        break
                    data += more
                self.target = data.split(b"\r\n")[0].decode("latin-1").split(" ")[1]
                status = re.match(r"/status/(\d+)", self.target)
                said = re.search(rb"\r\nX-Type: ([^\r]*)", data)
                client.sendall(
                    b"HTTP/1.1 %s OK\r\n%sContent-Length: 0\r\n"
                    b"Connection: close\r\n\r\n"
                    % (
                        status[1].encode() if status else b"200",
                        b"Content-Type: %s\r\n" % said[1] if said else b"",
                    )
                )


def answered(port: int, head: bytes) -> list[str]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(head)
        data = b""
        while b"\r\n\r\n" not in data:
            more = client.recv(65536)
            if not more:
                break
            data += more
    return data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")


def outcome(lines: list[str], members: list[Member], hide: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"status": int(lines[0].split()[1])}
    for number, member in enumerate(members):
        if member.target:
            found["member"] = number
            found["target"] = hide(member.target)
    for line in lines[1:]:
        name, _, content = line.partition(": ")
        if name == "Location":
            found["location"] = hide(content)
        elif name == "Set-Cookie":
            content = re.sub(r"expires=[^;]*", "expires=*", content)
            found.setdefault("cookies", []).append(content)
        elif name in ("X-a", "X-b", "X-c") and content != "(null)":
            found[name[2:]] = hide(content)
        elif name == "Content-Type" and "member" in found:
            found["type"] = content
        elif name == "Vary":
            found["vary"] = content
    return found


def record(directory: Path) -> Iterator[dict[str, Any]]:
    members = [Member(), Member()]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = directory / "files"
    lay_files(root)
    values: dict[str, object] = {
        "dir": directory,
        "root": root,
        "users": directory / "users",
        "map": directory / "map",
        "port": port,
        "m0": members[0].port,
        "m1": members[1].port,
        "loads": "\n".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
            for name in MODULES.split()
        ),
    }
    text = filled(MAIN + configuration(), values)
    path = directory / "httpd.conf"
    path.write_text(text)
    server = subprocess.Popen(["/usr/sbin/apache2", "-f", str(path), "-X"])
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)

        def hide(said: str) -> str:
            for name in ("root", "m0", "m1", "port"):
                said = said.replace(str(values[name]), f"{{{name}}}")
            return said

        for number, (name, _, requests) in enumerate(SETS):
            outcomes = []
            for asked in requests:
                for member in members:
                    member.target = ""
                lines = answered(port, head_of(number, asked))
                outcomes.append(outcome(lines, members, hide))
            yield {"name": name, "outcomes": outcomes}
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        found = list(record(directory))
    text = ",\n".join(json.dumps(one) for one in found)
    (HERE / "rewrites.json").write_text(f"[\n{text}\n]\n")
    print(sum(len(one["outcomes"]) for one in found), "outcomes")


if __name__ == "__main__":
    main()
