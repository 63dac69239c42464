"""AuthType Basic: who gets in, and nobody who waits for another's password."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path

import bcrypt
import pytest
from harness import wait_for
from peers import Message, answering, request, response
from rig import Rig

CLOSED = """\
<Location /in>
  AuthType Basic
  AuthName "the vault"
  AuthUserFile users
  {require}
</Location>
"""


def echo(message: Message) -> bytes:
    sent = message.field("Authorization") or "-"
    return response(f"{message.target} {sent}".encode())


def hashed(password: bytes, rounds: int = 4) -> bytes:
    return bcrypt.hashpw(password, bcrypt.gensalt(rounds)).replace(b"$2b$", b"$2y$")


def credentials(user: str, password: str) -> str:
    word = base64.b64encode(f"{user}:{password}".encode()).decode()
    return f"Authorization: Basic {word}\r\n"


def users_in(rig: Rig, **passwords: bytes) -> Path:
    path = rig.folder / "users"
    text = b"".join(name.encode() + b":" + p + b"\n" for name, p in passwords.items())
    fresh = path.with_suffix(".new")
    fresh.write_bytes(text)
    os.replace(fresh, path)
    return path


def vault(rig: Rig, require: str = "Require valid-user", **passwords: bytes) -> Rig:
    users_in(rig, **(passwords or {"bob": hashed(b"secret"), "eve": hashed(b"apple")}))
    rig.serve(
        answering(echo),
        text=CLOSED.format(require=require)
        + "MaxKeepAliveRequests 0\nCustomLog u.log '%u %U'",
    )
    return rig


def test_who_says_nothing_is_asked(rig: Rig) -> None:
    got = vault(rig).ask(request("/in"))
    assert got.status == 401
    assert got.field("WWW-Authenticate") == 'Basic realm="the vault"'
    assert rig.ask(request("/out")).status == 200


def test_the_right_password_lets_in_and_goes_on_to_the_member(rig: Rig) -> None:
    vault(rig)
    sent = credentials("bob", "secret")
    for _ in range(3):
        got = rig.ask(request("/in", fields=sent))
        assert got.status == 200
        assert got.body.decode() == f"/in {sent.split(': ')[1].strip()}"
    wait_for(lambda: (rig.folder / "u.log").read_text() == "bob /in\n" * 3, "the log")


@pytest.mark.parametrize(
    ("user", "password", "line"),
    [
        ("bob", "wrong", 'AH01617: user bob: authentication failure for "/in"'),
        ("joe", "secret", "AH01618: user joe not found: /in"),
        ("", "", "AH01618: user  not found: /in"),
    ],
)
def test_the_wrong_one_does_not(rig: Rig, user: str, password: str, line: str) -> None:
    got = vault(rig).ask(request("/in", fields=credentials(user, password)))
    assert got.status == 401
    assert got.field("WWW-Authenticate") == 'Basic realm="the vault"'
    assert line in (rig.folder / "error.log").read_text()


def test_require_user_names_them(rig: Rig) -> None:
    vault(rig, "Require user eve joe")
    assert rig.ask(request("/in", fields=credentials("eve", "apple"))).status == 200
    assert rig.ask(request("/in", fields=credentials("bob", "secret"))).status == 401
    log = (rig.folder / "error.log").read_text()
    assert 'AH01631: user bob: authorization failure for "/in"' in log


def test_groups(rig: Rig) -> None:
    (rig.folder / "groups").write_text("# who\nStaff: eve\nstaff : bob\nguests: joe\n")
    vault(rig, "AuthGroupFile groups\nRequire group admins STAFF")
    for user, password in (("eve", "apple"), ("bob", "secret"), ("bob", "secret")):
        got = rig.ask(request("/in", fields=credentials(user, password)))
        assert got.status == 200
    (rig.folder / "groups").write_text("guests: bob\n")
    assert rig.ask(request("/in", fields=credentials("bob", "secret"))).status == 401


def test_many_lines_about_groups(rig: Rig) -> None:
    (rig.folder / "groups").write_text("g30: bob\n")
    lines = "\n".join(f"Require group g{number}" for number in range(31))
    vault(rig, f"AuthGroupFile groups\n{lines}")
    assert rig.ask(request("/in", fields=credentials("bob", "secret"))).status == 200
    assert rig.ask(request("/in", fields=credentials("eve", "apple"))).status == 401


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE"])
def test_what_goes_no_further_is_asked_as_well(rig: Rig, method: str) -> None:
    vault(rig)
    fields = "Max-Forwards: 0\r\n"
    assert rig.ask(request("/out", method, fields=fields)).status == 200
    assert rig.ask(request("/in", method, fields=fields)).status == 401
    fields += credentials("bob", "secret")
    assert rig.ask(request("/in", method, fields=fields)).status == 200


@pytest.mark.parametrize("path", ["/in", "/in/..%5Cout", "/in/..;/out"])
def test_what_is_asked_under_one_reading_of_a_path_is_answered(
    rig: Rig, path: str
) -> None:
    """A member may read /in/..\\out as /out, which is open."""
    (rig.folder / "groups").write_text("banned: eve\n")
    vault(
        rig,
        "AuthGroupFile groups\n<RequireAll>\nRequire valid-user\n"
        "Require not group banned\n</RequireAll>",
    )
    sent = request(path, fields=credentials("eve", "apple"))
    assert [rig.ask(sent).status for _ in range(2)] == [401, 401]
    sent = request(path, fields=credentials("bob", "secret"))
    assert rig.ask(sent).status == 200


def test_a_file_that_has_no_end_holds_nobody_up(rig: Rig) -> None:
    """Neither the check nor a worker waits for who writes to a FIFO."""
    vault(rig)
    path = rig.folder / "users"
    path.unlink()
    os.mkfifo(path)
    sent = request("/in", fields=credentials("bob", "secret"))
    for _ in range(4):
        assert rig.ask(sent).status == 500
    users_in(rig, bob=hashed(b"secret"))
    assert rig.ask(sent).status == 200


def test_a_changed_file_holds_for_the_next_request(rig: Rig) -> None:
    vault(rig)
    sent = request("/in", fields=credentials("bob", "secret"))
    other = request("/in", fields=credentials("bob", "other"))
    client = rig.client()
    for data, status in ((sent, 200), (other, 401), (sent, 200)):
        client.send(data)
        assert client.take_response().status == status
    users_in(rig, bob=hashed(b"other"))
    for data, status in ((sent, 401), (other, 200), (sent, 401)):
        client.send(data)
        assert client.take_response().status == status
    os.unlink(rig.folder / "users")
    client.send(other)
    assert client.take_response().status == 500


def test_a_password_that_is_checked_delays_nobody(rig: Rig) -> None:
    """bcrypt of 2 ** 13 rounds takes most of a second. A loop that waited for it would
    answer a request before and one behind it."""
    vault(rig, bob=hashed(b"secret", 13))
    rig.ask(request("/out"))
    slow, quick = rig.client(), rig.client()
    slow.send(request("/in", fields=credentials("bob", "secret")))
    ends = time.monotonic() + 30
    count = 0
    slow.sock.setblocking(False)
    while not slow.held and time.monotonic() < ends:
        quick.send(request("/out"))
        assert quick.take_response().status == 200
        count += 1
        try:
            slow.held += slow.sock.recv(65536)
        except BlockingIOError:
            continue
    assert slow.held.startswith(b"HTTP/1.1 200")
    assert count >= 10


def test_too_many_at_once_are_turned_away(rig: Rig) -> None:
    vault(rig, **dict.fromkeys((f"u{i}" for i in range(100)), hashed(b"x", 9)))
    clients = [rig.client() for _ in range(100)]
    for number, client in enumerate(clients):
        client.send(request("/in", fields=credentials(f"u{number}", "x")))
    got = [client.take_response().status for client in clients]
    assert set(got) == {200, 503}
    assert got.count(200) >= 64


def test_the_same_question_is_asked_once(rig: Rig) -> None:
    vault(rig, bob=hashed(b"secret", 12))
    clients = [rig.client() for _ in range(40)]
    began = time.monotonic()
    for client in clients:
        client.send(request("/in", fields=credentials("bob", "secret")))
    assert {client.take_response().status for client in clients} == {200}
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "sent",
    [
        "Basic",
        "Basic ",
        "Basic ====",
        "Basic \xff\xfe",
        "Bearer abc",
        "Basicx Ym9iOnNlY3JldA==",
        "Basic " + base64.b64encode(b"bob:secret\0x").decode(),
        "Basic " + base64.b64encode(b"bob\0:secret").decode(),
        "Basic " + base64.b64encode(b"b" * 300 + b":secret").decode(),
        "Basic " + base64.b64encode(b"bob:" + b"s" * 600).decode(),
        "Basic " + base64.b64encode(b"bob:secret").decode() + "\r\n"
        "Authorization: Basic " + base64.b64encode(b"eve:apple").decode(),
    ],
)
def test_what_is_no_password(rig: Rig, sent: str) -> None:
    vault(rig)
    got = rig.ask(request("/in", fields=f"Authorization: {sent}\r\n"))
    assert got.status == 401


def test_the_client_may_go_while_its_password_is_checked(rig: Rig) -> None:
    vault(rig, bob=hashed(b"secret", 10))
    client = rig.client()
    client.send(request("/in", fields=credentials("bob", "secret")))
    client.close()
    assert rig.ask(request("/in", fields=credentials("bob", "secret"))).status == 200
