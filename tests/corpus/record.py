"""Ask a real Apache what it makes of every case, and write its answers beside them.

    python tests/corpus/record.py [requests.json] [responses.json]

Needs apache2 (2.4.71 made the answers that are stored). A case is an object:

    name      the rule, in words
    raw       the bytes, one character each (latin-1)
    apache    written by this program: for a request the status Apache answered, or,
              when it passed the request on, what the member received; for a response
              what the client received, the body without its framing
    ours, why only where fastlb answers otherwise: its status, and the reason
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
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CONFIG = """\
ServerRoot {dir}
DefaultRuntimeDir {dir}
PidFile {dir}/pid
ErrorLog {dir}/error.log
ServerName proxy.test
Listen 127.0.0.1:{port}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
MergeSlashes Off
AllowEncodedSlashes NoDecode
ProxyPass / http://127.0.0.1:{member}/ nocanon
"""
# What Apache adds, makes anew or takes off on its way to a member, and to a client.
PROXY_FIELDS = {
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-server",
    "date",
    "server",
}


class Member:
    """Answers with `answer` and keeps the head that it received."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.answer = b""
        self.received: bytes | None = None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client: socket.socket) -> None:
        with client:
            data = b""
            while b"\r\n\r\n" not in data:
                more = client.recv(65536)
                if not more:
                    return
                data += more
            self.received = data
            client.sendall(self.answer)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass


def exchange(port: int, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(raw)
        client.shutdown(socket.SHUT_WR)
        data = b""
        while more := client.recv(65536):
            data += more
    return data


def fields_of(head: bytes) -> list[list[str]]:
    pairs = [line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:]]
    return [pair for pair in pairs if pair[0].lower() not in PROXY_FIELDS]


def ask_request(port: int, member: Member, raw: bytes) -> Any:
    member.answer = b"HTTP/1.1 299 Passed\r\nConnection: close\r\n\r\n"
    member.received = None
    answer = exchange(port, raw)
    if member.received is None:
        return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else None
    head = member.received.split(b"\r\n\r\n", 1)[0]
    forwarded = re.search(rb"\r\nX-Forwarded-Host: ([^\r]*)", head)
    return {
        "target": head.split(b" ")[1].decode("latin-1"),
        "host": forwarded[1].decode("latin-1") if forwarded else None,
        "fields": fields_of(head),
    }


def ask_response(port: int, member: Member, raw: bytes) -> Any:
    member.answer = raw
    answer = exchange(
        port, b"GET / HTTP/1.1\r\nHost: proxy.test\r\nConnection: close\r\n\r\n"
    )
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"<!DOCTYPE" in body:
        return int(answer[9:12])
    complete = True
    if b"\r\nTransfer-Encoding: chunked" in head:
        body, complete = dechunk(body)
    return {
        "status": int(head[9:12]),
        "reason": head.split(b"\r\n", 1)[0][13:].decode("latin-1"),
        "fields": fields_of(head),
        "body": body.decode("latin-1"),
        "complete": complete,
    }


def dechunk(data: bytes) -> tuple[bytes, bool]:
    body = b""
    while match := re.match(rb"([0-9a-f]+)\r\n", data):
        size = int(match[1], 16)
        if size == 0:
            return body, True
        body += data[match.end() : match.end() + size]
        data = data[match.end() + size + 2 :]
    return body, False


def main(names: list[str]) -> None:
    member = Member()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "httpd.conf")
        config.write_text(CONFIG.format(dir=folder, port=port, member=member.port))
        with subprocess.Popen(
            ["/usr/sbin/apache2", "-f", str(config), "-D", "FOREGROUND"]
        ) as apache:
            try:
                wait_for(port)
                for name in names:
                    record(HERE / name, port, member)
            finally:
                os.kill(apache.pid, signal.SIGTERM)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def record(path: Path, port: int, member: Member) -> None:
    ask = ask_request if path.name.startswith("requests") else ask_response
    cases = json.loads(path.read_text())
    for case in cases:
        case["apache"] = ask(port, member, case["raw"].encode("latin-1"))
    write(path, cases)


def write(path: Path, cases: list[dict[str, Any]]) -> None:
    """One key a line, so that a change of one answer is one changed line."""
    blocks = []
    for case in cases:
        lines = [
            f"  {json.dumps(key)}: {json.dumps(case[key])}"
            for key in ("name", "raw", "apache", "ours", "why")
            if key in case
        ]
        blocks.append(" {\n" + ",\n".join(lines) + "\n }")
    path.write_text("[\n" + ",\n".join(blocks) + "\n]\n")


if __name__ == "__main__":
    main(sys.argv[1:] or ["requests.json", "responses.json"])
