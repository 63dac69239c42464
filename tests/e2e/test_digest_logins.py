"""AuthType Digest with curl as the client: over workers, reloads, a changed file."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import MemberMaker
from harness import Fastlb, wait_for
from peers import Message, answering, request, response
from programs import bare_environment
from rig import Rig

REALM = "the vault"
TEXT = """\
LogLevel info
<Location /in>
  AuthType Digest
  AuthName "the vault"
  AuthUserFile users
  Require valid-user
</Location>
<Location /in/once>
  AuthDigestNonceLifetime 0
</Location>
<Location /in/counted>
  AuthDigestNcCheck On
</Location>
<Location /in/eve>
  Require user eve
</Location>
<Location /server-info/in>
  AuthType Digest
  AuthName "the vault"
  AuthUserFile users
  Require valid-user
</Location>
CustomLog u.log "%u %U %>s"
"""


def line(user: str, password: str, realm: str = REALM) -> str:
    text = f"{user}:{realm}:{password}"
    return f"{user}:{realm}:{md5(text)}\n"


def users_in(rig: Rig, *lines: str) -> Path:
    path = rig.folder / "users"
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(lines))
    os.replace(fresh, path)
    return path


class Login:
    """A client that has one nonce, and counts."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.path = path
        self.count = 0
        self.told = self.info = ""
        self.body = b""
        assert self._send("") == 401

    def _send(self, field: str) -> int:
        with socket.create_connection(("127.0.0.1", self.port), 20) as sock:
            sock.sendall(request(self.path, fields=f"{field}Connection: close\r\n"))
            head, _, self.body = b"".join(
                iter(lambda: sock.recv(65536), b"")
            ).partition(b"\r\n\r\n")
        fields = dict(
            one.split(": ", 1) for one in head.decode("latin-1").split("\r\n")[1:]
        )
        self.info = fields.get("Authentication-Info", "")
        if "WWW-Authenticate" in fields:
            self.told, self.count = fields["WWW-Authenticate"], 0
        return int(head.split()[1])

    def ask(self, count: int | None = None) -> int:
        self.count = count or self.count + 1
        said = dict(re.findall(r'(\w+)="([^"]*)"', self.told))
        nc, secret = f"{self.count:08x}", line("bob", "one").split(":")[2].strip()
        target = md5(f"GET:{self.path}")
        proof = md5(f"{secret}:{said['nonce']}:{nc}:c:auth:{target}")
        opaque = f', opaque="{said["opaque"]}"' if "opaque" in said else ""
        return self._send(
            f'Authorization: Digest username="bob", realm="{REALM}", '
            f'nonce="{said["nonce"]}", uri="{self.path}", cnonce="c", nc={nc}, '
            f'qop=auth, response="{proof}"{opaque}\r\n'
        )


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def echo(message: Message) -> bytes:
    return response((message.field("Authorization") or "-").encode())


@pytest.fixture
def vault(rig: Rig) -> Rig:
    users_in(rig, line("bob", "one"), line("eve", "two"))
    rig.serve(answering(echo), text=TEXT)
    return rig


@pytest.fixture
def users() -> Iterator[Path]:
    """A file that workers may read whoever they are."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder) / "users"


def curl(
    rig: Rig, *paths: str, user: str = "bob:one", more: tuple[str, ...] = ()
) -> str:
    """The statuses of all answers, of one connection and one login."""
    urls = [f"http://127.0.0.1:{rig.port}{path}" for path in paths]
    ran = subprocess.run(
        ["curl", "-sS", "--max-time", "20", "--digest", "-u", user, *more]
        + ["-o", "/dev/null"] * len(urls)
        + ["-w", "%{http_code}/%{num_connects} ", *urls],
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return " ".join(word.partition("/")[0] for word in ran.stdout.split())


@pytest.mark.needs("curl")
def test_curl_gets_in(vault: Rig) -> None:
    assert curl(vault, "/in", "/in/x?a=%20b", "/in/once", "/in/counted") == (
        "200 200 200 200"
    )
    assert curl(vault, "/in", user="bob:two") == "401"
    assert curl(vault, "/in", user="zoe:one") == "401"
    assert curl(vault, "/in/eve") == "401"
    assert curl(vault, "/in/eve", user="eve:two") == "200"
    log = (vault.folder / "error.log").read_text()
    assert "AH01794: user bob: password mismatch: /in" in log
    assert "AH01790: user `zoe' in realm `the vault' not found: /in" in log
    assert 'AH01631: user bob: authorization failure for "/in/eve"' in log
    logged = vault.folder / "u.log"
    wait_for(lambda: "bob /in/x 200" in logged.read_text(), "the log")


@pytest.mark.needs("curl")
def test_methods_and_bodies(vault: Rig) -> None:
    assert curl(vault, "/in", more=("-d", "x" * 5000)) == "200"
    assert curl(vault, "/in", more=("-I",)) == "200"
    assert curl(vault, "/in", more=("-X", "PUT", "-d", "x")) == "200"


def test_what_one_worker_gave_another_takes_and_a_reload_keeps_it(
    server: Fastlb, make_member: MemberMaker, users: Path
) -> None:
    """Each request on a connection of its own, so that both workers see some."""
    users.write_text(line("bob", "one"))
    text = TEXT.replace("AuthUserFile users", f'AuthUserFile "{users}"')
    text += f"ProxyPass / {make_member('a').url}/\n"
    server.write(text, workers=2)
    server.start()
    logins = {path: Login(server.port, path) for path in ("/in", "/in/counted")}
    for _ in range(8):
        assert [login.ask() for login in logins.values()] == [200, 200]
    once = Login(server.port, "/in/once")
    for _ in range(4):
        assert once.ask() == 200
        assert once.ask() == 401
        assert "stale=true" in once.told
    old = server.workers()
    server.write(text + "Timeout 77\n", workers=2)
    server.reload()
    wait_for(lambda: not set(old) & set(server.workers()), "the old workers have gone")
    assert [login.ask() for login in logins.values()] == [200, 200]
    assert logins["/in/counted"].ask(count=1) == 401
    assert "stale" not in logins["/in/counted"].told
    assert once.ask() == 200


@pytest.mark.needs("curl")
def test_a_changed_file_holds_for_the_next_request(vault: Rig) -> None:
    assert curl(vault, "/in", "/in") == "200 200"
    users_in(vault, line("bob", "three"))
    assert curl(vault, "/in") == "401"
    assert curl(vault, "/in", user="bob:three") == "200"
    os.unlink(vault.folder / "users")
    assert curl(vault, "/in", user="bob:three") == "500"


def test_the_server_proves_itself_where_it_answers(vault: Rig) -> None:
    login = Login(vault.port, "/server-info/in")
    assert login.ask() == 200
    assert login.info.startswith('rspauth="') and "nc=00000001" in login.info


def test_a_member_gets_what_the_client_said(vault: Rig) -> None:
    login = Login(vault.port, "/in")
    assert login.ask() == 200
    assert login.body.startswith(b'Digest username="bob", realm="the vault"')
    assert login.info == ""


@pytest.mark.needs("curl")
def test_a_file_beyond_the_bound(vault: Rig) -> None:
    os.truncate(vault.folder / "users", (16 << 20) + 1)
    assert curl(vault, "/in") == "500"
    log = (vault.folder / "error.log").read_text()
    assert "is not read: it is larger than 16777216 bytes" in log


def test_who_asks_in_another_way(vault: Rig) -> None:
    got = vault.ask(request("/in", fields="Authorization: Basic Ym9iOm9uZQ==\r\n"))
    assert got.status == 401
    assert (got.field("WWW-Authenticate") or "").startswith("Digest ")
    log = (vault.folder / "error.log").read_text()
    assert "AH01781: client used wrong authentication scheme: /in" in log
