"""AuthRequest: another server says who may, and nobody else waits for it."""

from __future__ import annotations

import base64
import hashlib

import pytest
from peers import Message, answering, request, response
from rig import Rig

ASKED = """\
<Location /in>
  AuthRequest {url}/check?x
  AuthRequestHeader X-User x-groups
</Location>
<Location /in/open>
  AuthRequest off
</Location>
<Location /in/shut>
  Require all denied
</Location>
"""


def echo(message: Message) -> bytes:
    names = ("X-User", "X-Groups", "X-Other", "Cookie")
    told = [f"{name}={message.field(name)}" for name in names]
    return response(" ".join(told).encode())


def rig_with(rig: Rig, answer: bytes, text: str = "") -> list[Message]:
    seen: list[Message] = []

    def judge(message: Message) -> bytes:
        seen.append(message)
        return answer

    asked = rig.member(answering(judge))
    rig.serve(answering(echo), text=ASKED.format(url=asked.url) + text)
    return seen


def test_who_is_let_in_brings_fields_for_the_member(rig: Rig) -> None:
    seen = rig_with(
        rig,
        response(
            b"ignored",
            "202 Accepted",
            "X-User: bob\r\nX-Groups: a, b\r\nX-Other: c\r\n",
        ),
    )
    fields = "Cookie: s=1\r\nX-User: admin\r\nConnection: X-Gone\r\nX-Gone: 1\r\n"
    got = rig.ask(request("/in/a%20b?q=1", "POST", b"body", fields))
    assert (got.status, got.body) == (
        200,
        b"X-User=bob X-Groups=a, b X-Other=None Cookie=s=1",
    )
    (asked,) = seen
    assert asked.start == "GET /check?x HTTP/1.1"
    for name, value in {
        "X-Original-URI": "/in/a%20b?q=1",
        "X-Original-Method": "POST",
        "X-Forwarded-Method": "POST",
        "X-Forwarded-Uri": "/in/a%20b?q=1",
        "X-Forwarded-Host": "h.example",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-For": "127.0.0.1",
        "Cookie": "s=1",
        "Content-Length": None,
        "X-Gone": None,
        "Connection": "close",
    }.items():
        assert asked.field(name) == value, name


def test_a_client_cannot_bring_them_itself(rig: Rig) -> None:
    rig_with(rig, response(status="204 No Content"))
    got = rig.ask(request("/in", fields="X-User: admin\r\nx-groups: root\r\n"))
    assert got.body == b"X-User=None X-Groups=None X-Other=None Cookie=None"


def test_nor_what_a_member_reads_as_the_same_name(rig: Rig) -> None:
    """Gateways make HTTP_X_USER of X-User and of X_User."""
    came: list[Message] = []

    def keep(message: Message) -> bytes:
        came.append(message)
        return response(b"in")

    asked = rig.member(answering(lambda _: response(status="204 No Content")))
    rig.serve(answering(keep), text=ASKED.format(url=asked.url))
    sent = "X_User: admin\r\nX_GROUPS: root\r\nX_Use: 1\r\n"
    assert rig.ask(request("/in", fields=sent)).body == b"in"
    (got,) = came
    assert got.field("X_User") is None
    assert got.field("X_GROUPS") is None
    assert got.field("X_Use") == "1"


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_refusal_goes_to_the_client_with_its_fields(rig: Rig, status: str) -> None:
    seen = rig_with(
        rig,
        response(b"no", status, 'WWW-Authenticate: Bearer realm="x"\r\nX-Why: so\r\n'),
    )
    got = rig.ask(request("/in"))
    assert got.status == int(status[:3])
    assert got.field("WWW-Authenticate") == 'Bearer realm="x"'
    assert got.field("X-Why") == "so"
    assert rig.members[1].connections == 0
    assert len(seen) == 1


@pytest.mark.parametrize(
    "answer",
    [
        response(status="302 Found", fields="Location: /login\r\n"),
        response(status="500 Oops"),
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad line\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-User: " + b"y" * 20000 + b"\r\n\r\n",
    ],
    ids=["302", "500", "nonsense", "bad line", "too long", "too much"],
)
def test_neither_yes_nor_no_is_500(rig: Rig, answer: bytes) -> None:
    seen = rig_with(rig, answer)
    assert rig.ask(request("/in")).status == 500
    assert len(seen) == 1
    assert rig.members[1].connections == 0
    assert "FB0354" in (rig.folder / "error.log").read_text()


def test_where_it_is_off_or_something_else_refuses_nobody_is_asked(rig: Rig) -> None:
    seen = rig_with(rig, response())
    assert rig.ask(request("/in/open")).status == 200
    assert rig.ask(request("/in/shut")).status == 403
    assert rig.ask(request("/out")).status == 200
    assert seen == []
    assert rig.ask(request("/in/x/..;/y")).status in (200, 400)
    assert rig.ask(request("/x/%2e%2e/in")).status in (200, 400)


def test_a_server_that_is_gone_lets_nobody_in(rig: Rig) -> None:
    rig.serve(answering(echo), text=ASKED.format(url="http://127.0.0.1:1"))
    assert rig.ask(request("/in")).status == 500
    assert rig.ask(request("/out")).status == 200


def test_who_is_kept_out_here_is_kept_out_whatever_is_said_there(rig: Rig) -> None:
    """What Require waits for is not forgotten for the other server's sake."""
    word = base64.b64encode(hashlib.sha1(b"apple").digest()).decode()
    (rig.folder / "users").write_text(f"eve:{{SHA}}{word}\n")
    (rig.folder / "groups").write_text("banned: eve\n")
    rig_with(
        rig,
        response(b"yes"),
        "<Location /in>\nAuthType Basic\nAuthName x\nAuthUserFile users\n"
        "AuthGroupFile groups\n<RequireAll>\nRequire valid-user\n"
        "Require not group banned\n</RequireAll>\n</Location>\n",
    )
    word = base64.b64encode(b"eve:apple").decode()
    sent = request("/in", fields=f"Authorization: Basic {word}\r\n")
    assert rig.ask(sent).status == 401
