"""A Django project behind Debian's uWSGI, which speaks all the gateways' protocols."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from harness import wait_for
from peers import Peer, request
from rig import Rig
from uwsgi import Uwsgi

pytestmark = pytest.mark.needs("django")

SCHEMES = ("uwsgi", "scgi", "fcgi")
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module", name="site")
def a_site() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fastlb-django-", dir="/tmp") as folder:
        Uwsgi.prepare(Path(folder))
        yield Path(folder)


@pytest.fixture(scope="module", name="app")
def an_application(site: Path) -> Iterator[Uwsgi]:
    made = Uwsgi(site, "one")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module", name="other")
def another(site: Path) -> Iterator[Uwsgi]:
    made = Uwsgi(site, "two")
    made.start()
    yield made
    made.stop()


def below_app(url: str, scheme: str) -> str:
    """As documents of the applications have it: PATH_INFO is what they look at."""
    return (
        f"<Location /app/>\nProxyPass {url}/\n"
        f"SetEnvIf Request_URI . proxy-{scheme}-pathinfo=1\n</Location>\n"
    )


class Visitor:
    """A client that keeps its cookies and its connection."""

    def __init__(self, rig: Rig) -> None:
        self._client: Peer = rig.client()
        self.cookies: dict[str, str] = {}

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        fields: str = "",
    ) -> Any:
        if self.cookies:
            told = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
            fields += f"Cookie: {told}\r\n"
        self._client.send(request(path, method=method, body=body, fields=fields))
        got = self._client.take_response(method)
        for name, value in got.fields:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return got


def letters(size: int) -> bytes:
    return bytes(97 + n % 26 for n in range(1000)) * (size // 1000)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_application_is_told_where_it_is(rig: Rig, app: Uwsgi, scheme: str) -> None:
    rig.start(below_app(app.url(scheme), scheme))
    got = rig.ask(request("/app/told/a/b.c?q=1&r=%20", fields="X-Own: 1\r\n"))
    assert got.status == 200, got
    told = json.loads(got.body)
    assert told["SCRIPT_NAME"] == "/app"
    assert told["PATH_INFO"] == "/told/a/b.c"
    assert told["QUERY_STRING"] == "q=1&r=%20"
    assert told["REQUEST_METHOD"] == "GET"
    assert told["HTTP_X_OWN"] == "1"
    assert told["REMOTE_ADDR"] == "127.0.0.1"
    assert told["SERVER_PORT"] == "80"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_somebody_logs_in_and_out(rig: Rig, app: Uwsgi, scheme: str) -> None:
    rig.start(below_app(app.url(scheme), scheme))
    visitor = Visitor(rig)
    first = visitor.ask("/app/admin/")
    assert first.status == 302
    place = first.field("Location")
    assert place == "/app/admin/login/?next=/app/admin/"
    form = visitor.ask(place)
    assert form.status == 200
    found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', form.body)
    assert found is not None
    words = {
        "csrfmiddlewaretoken": found[1].decode(),
        "username": "ada",
        "password": "love lace",
        "next": "/app/admin/",
    }
    wrong = {**words, "password": "no"}
    refused = visitor.ask(place, "POST", urlencode(wrong).encode(), FORM)
    assert refused.status == 200 and b"errornote" in refused.body
    entered = visitor.ask(place, "POST", urlencode(words).encode(), FORM)
    assert (entered.status, entered.field("Location")) == (302, "/app/admin/")
    assert "sessionid" in visitor.cookies
    page = visitor.ask("/app/admin/")
    assert page.status == 200 and b"Site administration" in page.body
    sheet = re.search(rb'href="(/app/static/admin/css/base.css)"', page.body)
    assert sheet is not None
    style = visitor.ask(sheet[1].decode())
    assert (style.status, style.field("Content-Type")) == (200, "text/css")
    assert b"body {" in style.body
    assert visitor.ask("/app/admin/auth/user/").body.count(b"ada") > 0
    visitor.cookies.clear()
    assert visitor.ask("/app/admin/").status == 302


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_file_is_not_sent_again(rig: Rig, app: Uwsgi, scheme: str) -> None:
    rig.start(below_app(app.url(scheme), scheme))
    visitor = Visitor(rig)
    whole = visitor.ask("/app/static/admin/css/base.css")
    when = whole.field("Last-Modified")
    same = visitor.ask(
        "/app/static/admin/css/base.css", fields=f"If-Modified-Since: {when}\r\n"
    )
    assert (same.status, same.body) == (304, b"")
    head = visitor.ask("/app/static/admin/css/base.css", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert visitor.ask("/app/name").body == b"one"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [0, 1000, 70_000, 5_000_000])
def test_uploads_arrive_whole(rig: Rig, app: Uwsgi, scheme: str, size: int) -> None:
    rig.start(below_app(app.url(scheme), scheme))
    data = letters(size)
    digest = hashlib.sha256(data).hexdigest()
    visitor = Visitor(rig)
    mark = "----x"
    form = (
        (
            f'--{mark}\r\nContent-Disposition: form-data; name="title"\r\n\r\nT\r\n'
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n'
            f"Content-Type: a/b\r\n\r\n"
        ).encode()
        + data
        + f"\r\n--{mark}--\r\n".encode()
    )
    kind = f"Content-Type: multipart/form-data; boundary={mark}\r\n"
    got = visitor.ask("/app/upload", "POST", form, kind)
    assert (got.status, got.body.decode()) == (200, f"T {digest}")
    got = visitor.ask("/app/body", "PUT", data, "Content-Type: a/b\r\n")
    assert (got.status, got.body.decode()) == (200, f"PUT {size} {digest}")


def test_a_chunked_upload_arrives_whole_by_fastcgi(rig: Rig, app: Uwsgi) -> None:
    """uWSGI reads no more than CONTENT_LENGTH says: what came whole has one."""
    rig.start(below_app(app.url("fcgi"), "fcgi"))
    head = "POST /app/body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = letters(3000)
    got = rig.ask(head.encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data), "POST")
    assert got.body.decode() == f"POST 3000 {hashlib.sha256(data).hexdigest()}"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [256, 65_536, 1 << 20, 20 << 20])
def test_large_answers_arrive_whole(
    rig: Rig, app: Uwsgi, scheme: str, size: int
) -> None:
    rig.start(below_app(app.url(scheme), scheme))
    visitor = Visitor(rig)
    for _ in range(2):
        got = visitor.ask(f"/app/large?size={size}")
        assert (got.status, len(got.body)) == (200, size)
        assert got.body == bytes(range(256)) * (size // 256)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pieces_come_as_they_are_made(rig: Rig, app: Uwsgi, scheme: str) -> None:
    rig.start(below_app(app.url(scheme), scheme))
    signal = app.folder / f"go-{scheme}"
    client = rig.client()
    client.send(request(f"/app/stream?until={signal.name}"))
    _, fields = client.take_head()
    assert ("Transfer-Encoding", "chunked") in fields
    assert client.take(len(b"3\r\none\r\n")) == b"3\r\none\r\n"
    signal.touch()
    assert client.take_until(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_client_that_leaves_leaves_nothing_behind(
    rig: Rig, app: Uwsgi, scheme: str
) -> None:
    rig.start(below_app(app.url(scheme), scheme))
    signal = app.folder / f"left-{scheme}"
    client = rig.client()
    client.send(request(f"/app/stream?until={signal.name}"))
    client.take_head()
    client.reset()
    wait_for(lambda: rig.count("exchanges") == 0, "the exchange is over")
    signal.touch()
    assert rig.ask(request("/app/name")).body == b"one"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_an_application_says_of_faults(rig: Rig, app: Uwsgi, scheme: str) -> None:
    rig.start(
        below_app(app.url(scheme), scheme)
        + "Header always unset X-Made-By\nHeader unset X-Made-By\n"
    )
    visitor = Visitor(rig)
    for status in (201, 404, 410, 503):
        got = visitor.ask(f"/app/status?is={status}")
        assert (got.status, got.body) == (status, b"theirs")
        assert got.field("X-Made-By") is None
        assert visitor.cookies == {"one": "1", "two": "2"}
    got = visitor.ask("/app/fails")
    assert got.status == 500
    assert b"it fails" in got.body


@pytest.mark.parametrize("scheme", SCHEMES)
def test_sessions_stick_to_their_member(
    rig: Rig, app: Uwsgi, other: Uwsgi, scheme: str
) -> None:
    """The recipe of httpd's documents, and fail-over to the one that is left."""
    rig.start(
        "Header add Set-Cookie "
        '"ROUTE=.%{BALANCER_WORKER_ROUTE}e; path=/" env=BALANCER_ROUTE_CHANGED\n'
        f"<Proxy balancer://b>\nBalancerMember {app.url(scheme)} route=1\n"
        f"BalancerMember {other.url(scheme)} route=2\n"
        "ProxySet stickysession=ROUTE\n</Proxy>\n" + below_app("balancer://b", scheme)
    )
    found = set()
    for _ in range(4):
        visitor = Visitor(rig)
        name = visitor.ask("/app/name").body
        assert visitor.cookies["ROUTE"] == {b"one": ".1", b"two": ".2"}[name]
        found.add(name)
        for _ in range(5):
            assert visitor.ask("/app/name").body == name
    assert found == {b"one", b"two"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_another_member_serves_when_one_has_gone(
    rig: Rig, site: Path, other: Uwsgi, scheme: str
) -> None:
    leaving = Uwsgi(site, "leaving")
    leaving.start()
    try:
        # It may take a while until it has stopped.
        rig.start(
            "KeepAliveTimeout 60\n<Proxy balancer://b>\n"
            f"BalancerMember {leaving.url(scheme)} route=1\n"
            f"BalancerMember {other.url(scheme)} route=2 status=+H\n"
            "ProxySet stickysession=ROUTE\n</Proxy>\n"
            + below_app("balancer://b", scheme)
        )
        visitor = Visitor(rig)
        visitor.cookies["ROUTE"] = ".1"
        assert visitor.ask("/app/name").body == b"leaving"
        leaving.stop()
        for _ in range(5):
            assert visitor.ask("/app/name").body == b"two"
    finally:
        leaving.stop()


def test_a_path_with_escapes_is_the_one_that_was_asked_for(
    rig: Rig, app: Uwsgi
) -> None:
    rig.start(below_app(app.url("uwsgi"), "uwsgi"))
    name = "ä b+c"
    got = rig.ask(request(f"/app/told/{quote(name)}"))
    assert json.loads(got.body)["PATH_INFO"] == f"/told/{name}"
