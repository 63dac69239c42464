"""AuthRequest: another server says who may, and nobody else waits for it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import signal
import socket
import threading

import pytest
from conftest import MemberMaker
from harness import HOST, Fastlb, wait_for
from peers import DEADLINE_S, Message, Peer, answering, request, response
from ports import free_port
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
        "Connection": "Keep-Alive",
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


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "302 Found"])
def test_a_refusal_goes_to_the_client_as_it_came(rig: Rig, status: str) -> None:
    fields = (
        'WWW-Authenticate: Bearer realm="x"\r\nX-Why: so\r\n'
        "Set-Cookie: csrf=1\r\nLocation: https://sign.in/?rd=x\r\n"
    )
    seen = rig_with(rig, response(b"<p>no</p>", status, fields))
    client = rig.client()
    for _ in range(2):
        client.send(request("/in"))
        got = client.take_response()
        assert got.status == int(status[:3])
        assert got.body == b"<p>no</p>"
        assert got.field("WWW-Authenticate") == 'Bearer realm="x"'
        assert got.field("X-Why") == "so"
        assert got.field("Set-Cookie") == "csrf=1"
        assert got.field("Location") == "https://sign.in/?rd=x"
    assert rig.members[1].connections == 0
    assert len(seen) == 2
    assert rig.members[0].connections == 1


def test_a_refusal_of_a_head_has_no_body(rig: Rig) -> None:
    rig_with(rig, response(b"no", "401 Unauthorized", "WWW-Authenticate: Basic\r\n"))
    client = rig.client()
    for _ in range(2):
        client.send(request("/in", "HEAD"))
        got = client.take_response("HEAD")
        assert (got.status, got.body) == (401, b"")
        assert got.field("WWW-Authenticate") == "Basic"


def test_a_refused_body_is_not_taken_for_a_request(rig: Rig) -> None:
    seen = rig_with(rig, response(b"no", "403 Forbidden"))
    client = rig.client()
    client.send(request("/in", "POST", b"GET /out HTTP/1.1\r\nHost: h\r\n\r\n"))
    assert client.take_response().status == 403
    client.send(request("/in"))
    assert client.take_response().status == 403
    assert [message.body for message in seen] == [b"", b""]


def test_a_page_of_ours_takes_the_place_of_the_body(rig: Rig) -> None:
    rig_with(
        rig,
        response(
            b"theirs",
            "401 Unauthorized",
            "WWW-Authenticate: A x=1\r\nWWW-Authenticate: B\r\nSet-Cookie: a=b\r\n"
            "Content-Type: x/y\r\nETag: q\r\n",
        ),
        '<Location /in>\nErrorDocument 401 "ours\n</Location>\n',
    )
    got = rig.ask(request("/in"))
    assert (got.status, got.body) == (401, b"ours")
    assert got.field("WWW-Authenticate") == "A x=1, B"
    assert got.field("Set-Cookie") == "a=b"
    assert got.field("ETag") is None


def test_a_page_of_a_member_takes_the_place_of_the_body(rig: Rig) -> None:
    seen = rig_with(
        rig,
        response(
            b"theirs", "401 Unauthorized", "WWW-Authenticate: A\r\nSet-Cookie: a=b\r\n"
        ),
        "<Location /in>\nErrorDocument 401 /sign-in\n</Location>\n",
    )
    got = rig.ask(request("/in", "POST", b"x" * 10))
    assert got.status == 200  # the member's, without ProxyErrorOverride, as in httpd
    assert got.body.startswith(b"X-User=None")
    assert got.field("WWW-Authenticate") == "A"
    assert got.field("Set-Cookie") == "a=b"
    assert len(seen) == 1


def test_who_is_not_known_is_sent_to_sign_in(rig: Rig) -> None:
    rig_with(
        rig,
        response(b"theirs", "401 Unauthorized", "Set-Cookie: a=b\r\n"),
        "UseCanonicalName Off\n<Location /in>\nAuthRequestSignIn "
        '"/oauth2/start?rd=%{escape:%{REQUEST_URI}}"\n</Location>\n'
        "<Location /in/elsewhere>\nAuthRequestSignIn https://sign.in/\n</Location>\n"
        "<Location /in/none>\nAuthRequestSignIn none\n</Location>\n",
    )
    got = rig.ask(request("/in/a b?c".replace(" ", "%20")))
    assert got.status == 302
    target = "http://h.example/oauth2/start?rd=/in/a%20b"
    assert got.field("Location") == target
    assert got.field("Set-Cookie") == "a=b"
    assert rig.ask(request("/in/elsewhere")).field("Location") == "https://sign.in/"
    assert rig.ask(request("/in/none")).status == 401


@pytest.mark.parametrize("wanted", [True, False])
def test_cookies_of_a_yes_go_to_the_client_where_that_is_said(
    rig: Rig, wanted: bool
) -> None:
    rig_with(
        rig,
        response(fields="Set-Cookie: s=2\r\nSet-Cookie: t=3; Path=/\r\n"),
        "<Location /in>\nAuthRequestCookies On\n</Location>\n" if wanted else "",
    )
    got = rig.ask(request("/in"))
    assert got.status == 200
    cookies = [v for name, v in got.fields if name.lower() == "set-cookie"]
    assert cookies == (["s=2", "t=3; Path=/"] if wanted else [])


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (response(status="304 Not Modified"), 500),
        (response(status="404 Not Found"), 500),
        (response(status="500 Oops"), 500),
        (b"nonsense\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nbad line\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40000 + b"\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nX-User: a", 502),
        (b"just bytes of HTTP/0.9", 502),
        (b"", 502),
        (
            b"HTTP/1.1 101 Sw\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            502,
        ),
        (b"HTTP/1.1 103 Early\r\nX-User: a\r\n\r\n" * 30, 502),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
            + b"".join(b"X-User: " + b"y" * 6000 + b"\r\n" for _ in range(3))
            + b"\r\n",
            500,
        ),
    ],
    ids=[
        *("304", "404", "500", "nonsense", "bad line", "too long", "half", "bare"),
        *("nothing", "101", "early", "too much"),
    ],
)
def test_neither_yes_nor_no_lets_nobody_in(
    rig: Rig, answer: bytes, status: int
) -> None:
    def then_leave(client: Peer) -> None:
        client.take_request()
        client.send(answer)
        if status == 502:
            client.close()

    asked = rig.member(then_leave)
    rig.serve(answering(echo), text=ASKED.format(url=asked.url))
    assert rig.ask(request("/in")).status == status
    assert rig.members[1].connections == 0
    number = "FB0354" if status == 500 else "FB0366"
    assert number in (rig.folder / "error.log").read_text()
    assert rig.ask(request("/out")).status == 200


def test_what_comes_before_the_answer_goes_nowhere(rig: Rig) -> None:
    rig_with(
        rig,
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        + response(fields="X-User: bob\r\n"),
    )
    got = rig.ask(request("/in"))
    assert (got.status, got.interim) == (200, ())
    assert got.body.startswith(b"X-User=bob")


def test_its_connection_is_kept_whatever_body_it_sends(rig: Rig) -> None:
    bodies = [
        response(b"x" * 3000),
        b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n0\r\n\r\n",
        response(status="204 No Content"),
    ]
    turn = iter(bodies * 2)
    asked = rig.member(answering(lambda _: next(turn)))
    rig.serve(answering(echo), text=ASKED.format(url=asked.url))
    for _ in range(6):
        assert rig.ask(request("/in")).status == 200
    assert asked.connections == 1


@pytest.mark.parametrize("length", [200_000, 10])
def test_what_follows_its_head_holds_nobody_up_for_ever(rig: Rig, length: int) -> None:
    """A body that is too long, and one that does not come to its end."""
    head = f"HTTP/1.1 200 OK\r\nX-User: bob\r\nContent-Length: {length}\r\n\r\n"

    def judge(client: Peer) -> None:
        client.take_request()
        with contextlib.suppress(OSError):
            client.send(head.encode() + b"x" * (100_000 if length > 10 else 5))
            client.take_rest()

    asked = rig.member(judge)
    rig.serve(answering(echo), text=f"Timeout 1\n{ASKED.format(url=asked.url)}")
    for _ in range(2):
        assert rig.ask(request("/in")).body.startswith(b"X-User=bob")
    assert asked.connections == 2


def test_a_connection_that_died_meanwhile_is_not_the_requests_fault(rig: Rig) -> None:
    def once(client: Peer) -> None:
        client.take_request()
        client.send(response(fields="X-User: bob\r\n"))
        client.close()

    asked = rig.member(once)
    rig.serve(answering(echo), text=ASKED.format(url=asked.url))
    for _ in range(5):
        got = rig.ask(request("/in", "POST", b"body"))
        assert got.body.startswith(b"X-User=bob")


def test_bodies_are_the_members_alone(rig: Rig) -> None:
    """Short, long, in chunks, and announced by Expect."""
    seen = rig_with(rig, response())
    taken: list[bytes] = []

    def take(peer: Peer) -> None:
        while peer.held or peer.more():
            _, fields = peer.take_head()
            if ("Expect", "100-continue") in fields:
                peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            taken.append(peer.take_body(fields, otherwise="none")[1])
            peer.send(response())

    rig.members[1].handler = take
    body = b"b" * 300_000
    chunked = (
        b"POST /in HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\n\r\n"
    )
    client = rig.client()
    for sent in (request("/in", "PUT", b"s"), request("/in", "PUT", body), chunked):
        client.send(sent)
        assert client.take_response().status == 200
    client.send(
        b"POST /in HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
        b"Expect: 100-continue\r\n\r\n"
    )
    assert client.take_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"last")
    assert client.take_response().status == 200
    assert taken == [b"s", body, b"abc", b"last"]
    assert [m.body for m in seen] == [b""] * 4
    assert [m.field("Expect") for m in seen] == [None] * 4


def test_conditions_of_a_copy_are_not_the_questions(rig: Rig) -> None:
    seen = rig_with(rig, response())
    fields = (
        "If-None-Match: x\r\nRange: bytes=0-1\r\nIf-Modified-Since: y\r\n"
        "X_Original_Url: lie\r\nX-Original-URL: lie\r\nx-forwarded-proto: lie\r\n"
        "X_Forwarded_For: 6.6.6.6\r\nX-Forwarded-For: 10.0.0.9\r\nX-Kept: 1\r\n"
    )
    assert rig.ask(request("/in?a=b", fields=fields)).status == 200
    (asked,) = seen
    for name in ("If-None-Match", "Range", "If-Modified-Since", "X_Original_Url"):
        assert asked.field(name) is None
    assert asked.field("X_Forwarded_For") is None
    assert asked.field("X-Forwarded-For") == "10.0.0.9, 127.0.0.1"
    assert asked.field("X-Original-URL") == "http://h.example/in?a=b"
    assert asked.field("X-Forwarded-Proto") == "http"
    assert asked.field("X-Kept") == "1"


def test_a_balancer_is_asked_and_a_dead_member_of_it_is_passed_over(rig: Rig) -> None:
    seen: list[str] = []

    def judge(message: Message) -> bytes:
        seen.append(message.start)
        return response(fields="X-User: bob\r\n")

    alive = rig.member(answering(judge))
    dead = f"http://127.0.0.1:{free_port()}"
    text = ASKED.format(url="balancer://auth") + (
        f"<Proxy balancer://auth>\nBalancerMember {dead}\n"
        f"BalancerMember {alive.url}/sub\n</Proxy>\n"
    )
    rig.serve(answering(echo), text=text)
    for _ in range(4):
        assert rig.ask(request("/in")).body.startswith(b"X-User=bob")
    assert seen == ["GET /sub/check?x HTTP/1.1"] * 4
    assert alive.connections == 1


def test_nobody_is_let_in_when_all_of_a_balancer_are_gone(rig: Rig) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    rig.serve(
        answering(echo),
        text=ASKED.format(url="balancer://auth")
        + f"<Proxy balancer://auth>\nBalancerMember {dead}\n</Proxy>\n",
    )
    assert rig.ask(request("/in")).status == 503
    assert rig.ask(request("/in")).status == 503


def test_a_socket_is_asked(rig: Rig) -> None:
    path = rig.folder / "auth.sock"
    asked = rig.member(
        answering(lambda m: response(fields=f"X-User: {m.target}\r\n")),
        path=str(path),
    )
    assert asked is not None
    rig.serve(answering(echo), text=ASKED.format(url=f"unix:{path}|http://auth.test"))
    assert rig.ask(request("/in")).body.startswith(b"X-User=/check?x ")


def test_a_path_of_ours_is_asked_of_the_member_that_has_it(rig: Rig) -> None:
    seen: list[str] = []

    def judge(message: Message) -> bytes:
        seen.append(f"{message.target} {message.field('Host')}")
        return response(fields="X-User: bob\r\n")

    asked = rig.member(answering(judge))
    member = rig.member(answering(echo))
    rig.start(
        f"ProxyPass /oauth2/ {asked.url}/o/ timeout=7\nProxyPass / {member.url}/\n"
        "<Location /in>\nAuthRequest /oauth2/auth?x=1\nAuthRequestHeader X-User\n"
        "</Location>\n"
    )
    assert rig.ask(request("/in")).body.startswith(b"X-User=bob")
    assert rig.ask(request("/oauth2/sign_in")).status == 200
    host = asked.url.removeprefix("http://")
    assert seen == [f"/o/auth?x=1 {host}", f"/o/sign_in {host}"]
    assert asked.connections == 1


def test_a_tunnel_is_guarded(rig: Rig) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    said = {"answer": response(b"no", "401 Unauthorized")}
    seen: list[Message] = []

    def judge(message: Message) -> bytes:
        seen.append(message)
        return said["answer"]

    def talk(peer: Peer) -> None:
        message = peer.take_request()
        assert message.field("Upgrade") == "websocket"
        assert message.field("X-User") == "bob"
        peer.send(f"HTTP/1.1 101 Switching Protocols\r\n{upgrade}\r\n".encode())
        peer.send(b"back" + peer.take(4))
        peer.take_rest()

    asked = rig.member(answering(judge))
    member = rig.member(talk)
    rig.start(
        f"ProxyPass / {member.url}/ upgrade=websocket\n{ASKED.format(url=asked.url)}"
    )
    client = rig.client()
    client.send(request("/in", fields=upgrade))
    assert client.take_response().status == 401
    assert member.connections == 0
    said["answer"] = response(fields="X-User: bob\r\n")
    client = rig.client()
    client.send(request("/in", fields=upgrade) + b"ping")
    client.take_until(b"\r\n\r\n")
    assert client.take(8) == b"backping"
    # Who was asked is busy no longer than it took.
    assert sum(m["busy"] for m in rig.look()["members"]) == 1
    assert all(m.field("Upgrade") is None for m in seen)


def test_who_lets_time_pass_is_no_longer_waited_for(rig: Rig) -> None:
    def silent(peer: Peer) -> None:
        peer.take_request()
        peer.take_rest()

    asked = rig.member(silent)
    rig.serve(answering(echo), text=f"Timeout 1\n{ASKED.format(url=asked.url)}")
    assert rig.ask(request("/in")).status == 502
    assert rig.members[1].connections == 0


def test_a_client_that_goes_meanwhile_leaves_nothing(rig: Rig) -> None:
    came = threading.Event()

    def silent(peer: Peer) -> None:
        peer.take_request()
        came.set()
        peer.take_rest()

    asked = rig.member(silent)
    rig.serve(answering(echo), text=ASKED.format(url=asked.url))
    client = rig.client()
    client.send(request("/in", "POST", b"body"))
    assert came.wait(DEADLINE_S)
    client.reset()
    wait_for(rig.settled, "the exchange is over")
    wait_for(lambda: rig.count("upstreams") == 0, "its connection is closed")
    assert rig.members[1].connections == 0


def test_a_worker_that_leaves_waits_for_the_answer(rig: Rig) -> None:
    came, go = threading.Event(), threading.Event()

    def slow(message: Message) -> bytes:
        came.set()
        assert go.wait(DEADLINE_S)
        return response(fields="X-User: bob\r\n")

    asked = rig.member(answering(slow))
    rig.serve(answering(echo), text=ASKED.format(url=asked.url))
    client = rig.client()
    client.send(request("/in"))
    assert came.wait(DEADLINE_S)
    rig.drain()
    go.set()
    assert client.take_response().body.startswith(b"X-User=bob")


def test_where_it_is_off_or_something_else_refuses_nobody_is_asked(rig: Rig) -> None:
    seen = rig_with(rig, response())
    assert rig.ask(request("/in/open")).status == 200
    assert rig.ask(request("/in/shut")).status == 403
    assert rig.ask(request("/out")).status == 200
    assert seen == []
    assert rig.ask(request("/in/x/..;/y")).status in (200, 400)
    assert rig.ask(request("/x/%2e%2e/in")).status in (200, 400)


@pytest.mark.parametrize("target", ["/x/..;/in/y", "/x/..%2fin"])
def test_who_may_read_the_path_otherwise_is_thought_of(rig: Rig, target: str) -> None:
    """The question of the section that such a member would serve is asked, too."""
    said = {"answer": response(status="403 Forbidden")}
    asked = rig.member(answering(lambda _: said["answer"]))
    rig.serve(answering(echo), text=ASKED.format(url=asked.url))
    got = rig.ask(request(target)).status
    assert got in (400, 403, 404)
    assert rig.members[1].connections == 0
    said["answer"] = response()
    assert rig.ask(request(target)).status == (200 if got == 403 else got)
    assert asked.connections == (got == 403)


def test_members_are_told_by_who_was_asked_about_the_path_itself(rig: Rig) -> None:
    one = rig.member(answering(lambda _: response(fields="X-User: one\r\n")))
    two = rig.member(answering(lambda _: response(fields="X-User: two\r\n")))
    member = rig.member(answering(echo))
    rig.start(
        f"ProxyPass / {member.url}/\n"
        f"<Location /a>\nAuthRequest {one.url}/\nAuthRequestHeader X-User\n"
        f"</Location>\n<Location /b>\nAuthRequest {two.url}/\n"
        "AuthRequestHeader X-User\n</Location>\n"
    )
    assert rig.ask(request("/b/x")).body.startswith(b"X-User=two")
    assert rig.ask(request("/a/..;/b/x")).body.startswith(b"X-User=one")
    assert (one.connections, two.connections) == (1, 1)


def test_a_server_that_is_gone_lets_nobody_in(rig: Rig) -> None:
    rig.serve(answering(echo), text=ASKED.format(url="http://127.0.0.1:1"))
    assert rig.ask(request("/in")).status == 503
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


# whole servers

GUARDED = """\
ProxyStatus On
<Location /status>
    SetHandler server-status
</Location>
ProxyPass /status !
<Proxy balancer://auth>
    BalancerMember {auth} retry=0
</Proxy>
ProxyPass / {member}/
<Location /in>
    AuthRequest balancer://auth/check
</Location>
"""


def test_who_dies_or_leaves_while_it_is_asked_leaves_nothing_behind(
    server: Fastlb, make_member: MemberMaker
) -> None:
    auth, member = make_member("auth"), make_member("member")
    server.write(GUARDED.format(auth=auth.url, member=member.url), workers=1)
    server.start()
    auth.hold()

    def asking() -> socket.socket:
        before = len(auth.seen)
        client = socket.create_connection((HOST, server.port), DEADLINE_S)
        client.sendall(request("/in", "POST", b"body", "Connection: close\r\n"))
        wait_for(lambda: len(auth.seen) > before, "the question")
        return client

    def busy() -> int:
        told = server.get("/status?auto").text
        return sum(map(int, re.findall(r"^ProxyBalancer.*Busy: (\d+)", told, re.M)))

    # The worker is killed: its client sees the end, and nobody stays busy for ever.
    client = asking()
    assert busy() == 1
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    with contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""
    client.close()
    wait_for(lambda: server.workers() not in ([], [worker]), "another worker")
    wait_for(lambda: busy() == 0, "nobody is busy")

    # A reload waits for the answer.
    client = asking()
    server.reload()
    assert member.seen == []
    auth.let_go()
    got = b""
    while piece := client.recv(65536):
        got += piece
    client.close()
    assert got.startswith(b"HTTP/1.1 200 ") and got.endswith(b"member")
    assert [one.body for one in member.seen] == [b"body"]
    assert all(one.body == b"" for one in auth.seen)
    wait_for(lambda: busy() == 0, "nobody is busy")
    assert server.get("/in").text == "member"
