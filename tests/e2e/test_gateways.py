"""Members behind FastCGI, SCGI and uwsgi: what an application sees, and answers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateways import (
    END,
    STDERR,
    STDOUT,
    Answer,
    Call,
    Gateway,
    answer,
    record,
)
from harness import wait_for
from peers import request
from rig import Rig

SCHEMES = ("fcgi", "scgi", "uwsgi")
HELLO = b"Content-Type: text/plain\r\nX-A: b\r\n\r\nhello"


def spoken(scheme: str, output: bytes) -> bytes:
    """A program's answer as the protocol carries it; uwsgi's is HTTP."""
    if scheme == "fcgi":
        return answer(output)
    if scheme == "scgi":
        return output
    head, _, body = output.partition(b"\r\n\r\n")
    status = b"200 OK"
    lines = []
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"status:"):
            status = line[7:].strip()
        else:
            lines.append(line)
    return b"HTTP/1.1 " + b"\r\n".join([status, *lines]) + b"\r\n\r\n" + body


@contextlib.contextmanager
def gateway(scheme: str, handler: Answer, path: str = "") -> Iterator[Gateway]:
    made = Gateway(scheme, handler, path)
    try:
        yield made
    finally:
        made.stop()


def saying(scheme: str, output: bytes = HELLO) -> Answer:
    return lambda _: spoken(scheme, output)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_application_answers(rig: Rig, scheme: str) -> None:
    with gateway(scheme, saying(scheme)) as member:
        rig.start(f"ProxyPass /app/ {member.url}/x/")
        client = rig.client()
        for _ in range(3):
            client.send(request("/app/a%20b?q=1"))
            got = client.take_response()
            assert (got.status, got.body) == (200, b"hello")
            assert got.field("Content-Type") == "text/plain"
            assert got.field("X-A") == "b"
        assert len(member.calls) == 3
        env = member.calls[0].env
        assert env["REQUEST_URI"] == "/app/a%20b?q=1"
        assert env["QUERY_STRING"] == "q=1"
        assert env["REQUEST_METHOD"] == "GET"
        assert not member.calls[0].keep


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_unix_socket_serves(rig: Rig, scheme: str, tmp_path: Path) -> None:
    with gateway(scheme, saying(scheme), str(tmp_path / "s")) as member:
        rig.start(f"ProxyPass /app/ {member.url}/x/")
        assert rig.ask(request("/app/y")).body == b"hello"
        name = member.calls[0].env["SCRIPT_FILENAME"]
        assert name == f"proxy:{scheme}://localhost/x/y"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [0, 1, 8_192, 8_193, 70_000, 300_000])
def test_a_body_arrives_whole(rig: Rig, scheme: str, size: int) -> None:
    data = bytes(n * 7 & 255 for n in range(size))

    def echo(call: Call) -> bytes:
        assert call.env["CONTENT_LENGTH"] == str(size)
        return spoken(scheme, b"Content-Type: a/b\r\n\r\n" + call.body)

    with gateway(scheme, echo) as member:
        rig.start(f"ProxyPass / {member.url}/")
        got = rig.ask(request("/", method="POST", body=data))
        assert (got.status, got.body) == (200, data)
        assert member.calls[0].body == data
        assert all(n <= 65_535 for n in member.calls[0].stdin)


@pytest.mark.parametrize("size", [3, 70_000])
def test_a_chunked_body_goes_on_by_fastcgi(rig: Rig, size: int) -> None:
    """A short one has a length by then; of a long one nobody knows it, as in httpd."""
    data = b"a" * size
    with gateway("fcgi", saying("fcgi")) as member:
        rig.start(f"ProxyPass / {member.url}/")
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (size, data)
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert rig.ask(head + chunked).status == 200
        call = member.calls[0]
        assert call.body == data
        known = {"CONTENT_LENGTH": "3"} if size == 3 else {}
        told = ("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING")
        assert {n: call.env[n] for n in told if n in call.env} == (
            known or {"HTTP_TRANSFER_ENCODING": "chunked"}
        )


@pytest.mark.parametrize("scheme", ["scgi", "uwsgi"])
def test_without_a_length_the_others_are_not_asked(rig: Rig, scheme: str) -> None:
    data = b"%x\r\n%s\r\n0\r\n\r\n" % (70_000, b"a" * 70_000)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with gateway(scheme, saying(scheme)) as member:
        rig.start(f"ProxyPass / {member.url}/")
        assert rig.ask(head + data).status == 411
        assert member.calls == []
        assert rig.ask(head + b"3\r\nabc\r\n0\r\n\r\n").status == 200
        assert member.calls[0].body == b"abc"


def test_a_connection_stays_where_it_is_told_to(rig: Rig) -> None:
    with gateway("fcgi", saying("fcgi")) as member:
        rig.start(f"ProxyPass / {member.url}/ enablereuse=on")
        client = rig.client()
        for n in range(5):
            client.send(request(f"/{n}", method="POST", body=b"x" * (n * 20_000)))
            assert client.take_response().body == b"hello"
        wait_for(lambda: rig.keeps(member.connections), "it is kept")
        assert all(call.keep for call in member.calls)


def test_a_connection_that_ended_meanwhile_is_made_anew(rig: Rig) -> None:
    ends = threading.Event()

    def once(_: Call) -> bytes | None:
        return None if ends.is_set() else answer(HELLO)

    with gateway("fcgi", once) as member:
        rig.start(f"ProxyPass / {member.url}/ enablereuse=on")
        assert rig.ask(request("/")).status == 200
        ends.set()

        def third(call: Call) -> bytes | None:
            return None if member.connections == 1 else answer(HELLO)

        member.handler = third
        assert rig.ask(request("/")).status == 200
        assert member.connections == 2


HEADS = {
    "status": (b"Status: 404 Gone Away\r\n\r\nx", 404, "Gone Away", b"x"),
    "bare": (b"Status: 404\r\n\r\nx", 404, "Not Found", b"x"),
    "rare": (b"Status: 418\r\n\r\nx", 418, "", b"x"),
    "nobody's": (b"Status: 299\r\n\r\nx", 299, "", b"x"),
    "empty": (b"\r\nbody", 200, "OK", b"body"),
    "location": (b"Status: 302 Found\r\nLocation: /l\r\n\r\n", 302, "Found", b""),
    "length": (b"Content-Length: 2\r\n\r\nfour", 200, "OK", b"four"),
    "coding": (b"Transfer-Encoding: chunked\r\n\r\n4\r\n", 200, "OK", b"4\r\n"),
    "lf": (b"X-A: b\n\nx", 200, "OK", b"x"),
    "gone": (b"Status: 204 None\r\n\r\nbody", 204, "None", b""),
    "same": (b"Status: 304 Same\r\nETag: a\r\n\r\nbody", 304, "Same", b""),
}


@pytest.mark.parametrize("scheme", ["fcgi", "scgi"])
def test_what_a_program_says_first_is_its_head(rig: Rig, scheme: str) -> None:
    asked = iter(HEADS.values())
    with gateway(scheme, lambda _: spoken(scheme, next(asked)[0])) as member:
        rig.start(f"ProxyPass / {member.url}/")
        client = rig.client()
        for output, status, reason, body in HEADS.values():
            client.send(request("/"))
            got = client.take_response()
            assert (got.status, got.body) == (status, body), output
            assert got.start.split(" ", 2)[2] == reason


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_head_that_is_none_is_502(rig: Rig, scheme: str) -> None:
    broken = [
        b"X-A: b\r\nnonsense\r\n\r\nx",
        b"X A: b\r\n\r\nx",
        b"X-A: a\x01b\r\n\r\nx",
    ]
    if scheme != "uwsgi":
        broken += [b"Status: abc\r\n\r\nx", b"HTTP/1.1 200 OK\r\n\r\nx"]
    turns = iter(broken)
    with gateway(scheme, lambda _: spoken(scheme, next(turns))) as member:
        rig.start(f"ProxyPass / {member.url}/")
        for output in broken:
            assert rig.ask(request("/")).status == 502, output


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_application_that_only_closes_is_503(rig: Rig, scheme: str) -> None:
    with gateway(scheme, lambda _: None) as member:
        rig.start(f"ProxyPass / {member.url}/")
        assert rig.ask(request("/")).status == 503


RECORDS = {
    "version": (b"\x02" + answer(HELLO)[1:], "AH01068: Got bogus version 2"),
    "number": (record(STDOUT, HELLO, number=2), "AH01069: Got bogus rid 2"),
    "no head": (record(STDOUT, b"X: 1\r\n") + record(END, bytes(8)), "FB0396"),
    "nothing": (record(END, bytes(8)), "FB0396"),
}


def test_records_that_are_no_answer_are_502(rig: Rig) -> None:
    turns = iter(RECORDS.values())
    with gateway("fcgi", lambda _: next(turns)[0]) as member:
        rig.start(f"ProxyPass / {member.url}/")
        for raw, told in RECORDS.values():
            assert rig.ask(request("/")).status == 502, raw
            assert told in (rig.folder / "error.log").read_text()


def test_what_fastcgi_says_beside_the_answer_is_logged(rig: Rig) -> None:
    raw = (
        record(9, b"zz", number=0)
        + record(77, b"a")
        + record(STDERR, b"PHP message: a\nb", padding=3)
        + answer(HELLO, size=3, padding=9)
    )
    with gateway("fcgi", lambda _: raw) as member:
        rig.start(f"ProxyPass / {member.url}/")
        assert rig.ask(request("/")).body == b"hello"
        log = (rig.folder / "error.log").read_text()
        assert r"AH01071: Got error 'PHP message: a\nb'" in log
        assert "AH01072: Got bogus record 77" in log


def test_a_fastcgi_answer_that_is_cut_is_no_whole_one(rig: Rig) -> None:
    raw = record(STDOUT, HELLO + b"x" * 20_000)
    with gateway("fcgi", lambda _: raw) as member:
        rig.start(f"ProxyPass / {member.url}/")
        client = rig.client()
        client.send(request("/"))
        _, fields = client.take_head()
        assert ("Transfer-Encoding", "chunked") in fields
        assert not client.take_rest().endswith(b"0\r\n\r\n")


def test_a_fastcgi_answer_may_end_without_the_last_record(rig: Rig) -> None:
    raw = record(STDOUT, HELLO) + record(STDOUT)
    with gateway("fcgi", lambda _: raw) as member:
        rig.start(f"ProxyPass / {member.url}/")
        assert rig.ask(request("/")).body == b"hello"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_silent_application_is_not_waited_for_ever(rig: Rig, scheme: str) -> None:
    ends = threading.Event()

    def silent(_: Call) -> bytes | None:
        ends.wait(30)
        return None

    with gateway(scheme, silent) as member:
        rig.start(f"ProxyPass / {member.url}/ timeout=1")
        assert rig.ask(request("/")).status == (500 if scheme == "uwsgi" else 504)
        ends.set()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_another_member_serves_in_its_place(rig: Rig, scheme: str) -> None:
    with (
        gateway(scheme, lambda _: None) as broken,
        gateway(scheme, saying(scheme)) as sound,
    ):
        rig.start(
            f"<Proxy balancer://b>\nBalancerMember {broken.url} route=a\n"
            f"BalancerMember {sound.url} route=b\nProxySet stickysession=S\n</Proxy>\n"
            "ProxyPass / balancer://b/x/"
        )
        for n in range(4):
            got = rig.ask(request(f"/{n}"))
            assert (got.status, got.body) == (200, b"hello")
        env = sound.calls[-1].env
        assert env["BALANCER_WORKER_ROUTE"] == "b"
        assert rig.ask(request("/n", fields="Cookie: S=1.b\r\n")).status == 200
        assert sound.calls[-1].env["BALANCER_SESSION_ROUTE"] == "b"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_of_an_error_is_ours(rig: Rig, scheme: str) -> None:
    output = b"Status: 404 NF\r\nContent-Type: a/b\r\n\r\ntheirs"
    with gateway(scheme, saying(scheme, output)) as member:
        rig.start(
            f"ProxyPass / {member.url}/\nProxyErrorOverride On\n"
            'ErrorDocument 404 "ours"'
        )
        got = rig.ask(request("/"))
        assert (got.status, got.body) == (404, b"ours")


def test_an_application_makes_the_page_of_an_error(rig: Rig) -> None:
    def says(call: Call) -> bytes:
        if call.env["SCRIPT_NAME"] == "/page":
            return answer(b"Content-Type: a/b\r\n\r\nmade")
        return answer(b"Status: 404 NF\r\n\r\ntheirs")

    with gateway("fcgi", says) as member:
        rig.start(
            f"ProxyPass / {member.url}/\nProxyErrorOverride On\nErrorDocument 404 /page"
        )
        got = rig.ask(request("/x", method="POST", body=b"abc"))
        assert (got.status, got.body) == (404, b"made")
        env = member.calls[-1].env
        assert env["REQUEST_METHOD"] == "GET"
        assert "CONTENT_LENGTH" not in env


def test_a_script_makes_the_page_of_an_error(rig: Rig, tmp_path: Path) -> None:
    """SetHandler holds for an ErrorDocument, whose source is nobody's business."""
    (tmp_path / "404.php").write_text("<?php secret")
    with gateway("fcgi", lambda _: answer(b"Content-Type: a/b\r\n\r\nmade")) as member:
        rig.start(
            f'DocumentRoot "{tmp_path}"\nErrorDocument 404 /404.php?a\n'
            f'<FilesMatch "\\.php$">\nSetHandler "proxy:{member.url}"\n</FilesMatch>'
        )
        got = rig.ask(request("/nothing", method="POST", body=b"abc"))
        assert got.body == b"made"
        env = member.calls[-1].env
        assert env["SCRIPT_FILENAME"].endswith(f"{tmp_path}/404.php")
        assert (env["REQUEST_METHOD"], env["QUERY_STRING"]) == ("GET", "a")


def test_what_keeps_a_file_back_keeps_it_from_its_handler(
    rig: Rig, tmp_path: Path
) -> None:
    """A .htaccess that is not read, a link that is not to be followed."""
    for name in ("private", "never", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.php").touch()
        (tmp_path / name / "link.php").symlink_to(tmp_path / "open" / "run.php")
        (tmp_path / name / "gone.php").symlink_to("nowhere.php")
    with gateway("fcgi", saying("fcgi")) as member:
        rig.start(
            f"""DocumentRoot "{tmp_path}"
            <Directory "{tmp_path}">
            AllowOverride All
            RewriteEngine On
            RewriteRule by-rule$ {member.url}/x [P]
            </Directory>
            <Directory "{tmp_path}/never">
            Options SymLinksIfOwnerMatch
            </Directory>
            <Directory "{tmp_path}/never">
            Options -FollowSymLinks -SymLinksIfOwnerMatch
            RewriteEngine Off
            </Directory>
            <FilesMatch "\\.php$">
            SetHandler "proxy:{member.url}"
            </FilesMatch>
            <Location /fall>
            FallbackResource /private/run.php
            </Location>
            <Location /fall/never>
            FallbackResource /never/link.php
            </Location>
            <Directory "{tmp_path}/open">
            DirectoryIndex /private/run.php
            </Directory>
            ErrorDocument 410 /private/run.php
            ErrorDocument 418 /never/link.php
            ErrorDocument 402 /open/run.php
            Redirect 410 /gone
            Redirect 418 /teapot
            Redirect 402 /paid
            <Location /private/status>
            SetHandler server-status
            </Location>
            """
        )
        (tmp_path / "private" / ".htaccess").write_text("Require all denied\n")
        for target, status in {
            "/private/run.php": 500,
            "/private/none.php": 500,
            "/private/run.php/more": 500,
            "/private/by-rule": 500,
            "/private/status": 500,
            "/never/link.php": 403,
            "/never/link.php/more": 403,
            "/never/gone.php": 403,
            "/open/gone.php": 403,
            "/fall/x": 500,
            "/fall/never/x": 403,
            "/open/": 500,
            "/gone": 410,
            "/teapot": 418,
        }.items():
            assert rig.ask(request(target)).status == status, target
        assert member.calls == []
        for target in (
            *("/open/run.php", "/open/link.php", "/open/run.php/more"),
            *("/open/none.php", "/never/run.php", "/open/by-rule"),
        ):
            assert rig.ask(request(target)).body == b"hello", target
        assert rig.ask(request("/paid")).body == b"hello"


def test_sections_of_files_hold_however_the_path_is_read(
    rig: Rig, tmp_path: Path
) -> None:
    """They were asked for one reading only: another one had no handler, and no rule."""
    for name in ("a b.php", "admin.php"):
        (tmp_path / name).touch()
    with gateway("fcgi", saying("fcgi")) as member:
        rig.start(
            f"""DocumentRoot "{tmp_path}"
            Alias /all "{tmp_path}"
            SetEnvIf Request_URI "%20b\\.php/private" closed
            <FilesMatch "\\.php$">
            SetHandler "proxy:{member.url}"
            </FilesMatch>
            <Location /all>
            SetHandler "proxy:{member.url}"
            </Location>
            <Files "admin.php">
            Require all denied
            </Files>
            <Files "a b.php">
            <RequireAll>
            Require all granted
            Require not env closed
            </RequireAll>
            </Files>
            """
        )
        for target, status in {
            "/a%20b.php": 200,
            "/a%20b.php/more": 200,
            "/a%20b.php/private": 403,
            "/all/a%20b": 200,
            "/all/admin.php": 403,
            "/all/admin.php;x": 403,
            "/all/admin.php;x/more": 403,
        }.items():
            assert rig.ask(request(target)).status == status, target


@pytest.mark.parametrize("scheme", SCHEMES)
def test_head_brings_no_body(rig: Rig, scheme: str) -> None:
    with gateway(scheme, saying(scheme)) as member:
        rig.start(f"ProxyPass / {member.url}/")
        client = rig.client()
        for _ in range(2):
            client.send(request("/", method="HEAD"))
            assert client.take_response("HEAD").status == 200
        assert member.calls[0].env["REQUEST_METHOD"] == "HEAD"


def test_a_large_answer_passes_whole(rig: Rig) -> None:
    body = bytes(n * 11 & 255 for n in range(1_000_000))
    with gateway("fcgi", lambda _: answer(b"X: 1\r\n\r\n" + body)) as member:
        rig.start(f"ProxyPass / {member.url}/")
        got = rig.ask(request("/"))
        assert (got.framing, got.body) == ("chunked", body)
        old = rig.ask(b"GET / HTTP/1.0\r\n\r\n")
        assert (old.framing, old.body) == ("close", body)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_passwords_and_proxies_stay_here(rig: Rig, scheme: str) -> None:
    fields = (
        "Authorization: Basic YTpi\r\nProxy: evil\r\nX_Odd: 1\r\nX.Dot: 2\r\n"
        "Accept: a\r\nAccept: b\r\n"
    )
    with gateway(scheme, saying(scheme)) as member:
        rig.start(
            f"ProxyPass / {member.url}/\n<Location /pass>\nCGIPassAuth On\n</Location>"
        )
        rig.ask(request("/", fields=fields))
        rig.ask(request("/pass", fields=fields))
        first, second = (call.env for call in member.calls)
        assert first["HTTP_ACCEPT"] == "a, b"
        assert not {"HTTP_PROXY", "HTTP_X_ODD", "HTTP_X_DOT"} & set(first)
        assert ("HTTP_AUTHORIZATION" in first) == (scheme == "uwsgi")
        assert second["HTTP_AUTHORIZATION"] == "Basic YTpi"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_comes_back_by_connection(rig: Rig, scheme: str) -> None:
    """What a client names there is not told beside what rules have made of it."""
    fields = (
        "Connection: X-User, X-Mail, X-Own, TE\r\nX-User: admin\r\nX-Mail: a@b\r\n"
        "X-Own: 1\r\nTE: trailers\r\nUpgrade: x\r\nKeep-Alive: 5\r\n"
    )
    rules = (
        "RequestHeader unset X-User\nRequestHeader set X-Mail ours\n"
        "RequestHeader set Upgrade y\nRequestHeader unset Keep-Alive\n"
    )
    with gateway(scheme, saying(scheme)) as member:
        rig.start(f"ProxyPass / {member.url}/\n{rules}")
        assert rig.ask(request("/", fields=fields)).status == 200
        env = member.calls[0].env
        told = {n: v for n, v in env.items() if n.startswith("HTTP_")}
        assert told == {
            "HTTP_HOST": told["HTTP_HOST"],
            "HTTP_CONNECTION": "X-User, X-Mail, X-Own, TE",
            "HTTP_X_MAIL": "ours",
            "HTTP_TE": "trailers",
            "HTTP_UPGRADE": "y",
        }


@pytest.mark.parametrize("scheme", SCHEMES)
def test_header_always_is_about_what_a_program_says(rig: Rig, scheme: str) -> None:
    """As in httpd, which keeps a program's fields for errors, too; uwsgi's is HTTP."""
    output = b"Content-Type: a/b\r\nETag: e\r\nX-Made-By: x\r\nX-Set: theirs\r\n\r\nok"
    rules = (
        "Header always unset X-Made-By\nHeader always set X-Set ours\n"
        "Header set ETag mine\n"
    )
    with gateway(scheme, saying(scheme, output)) as member:
        rig.start(f"ProxyPass / {member.url}/\n{rules}")
        client = rig.client()
        client.send(request("/"))
        _, fields = client.take_head()
        made = [value for name, value in fields if name in ("X-Made-By", "X-Set")]
        assert made == (["ours", "x", "theirs"] if scheme == "uwsgi" else ["ours"])
        assert [value for name, value in fields if name == "ETag"] == ["mine"]


def test_variables_are_set_and_taken_away_last(rig: Rig) -> None:
    with gateway("fcgi", saying("fcgi")) as member:
        rig.start(
            f"""ProxyPass / {member.url}/app/
            SetEnv MINE hello
            SetEnv SERVER_NAME never
            SetEnvIf User-Agent . SEEN=1
            ProxyFCGISetEnvIf "true" NEW "x-%{{REQUEST_URI}}"
            ProxyFCGISetEnvIf "false" NOT x
            ProxyFCGISetEnvIf "true" !SERVER_ADMIN
            ProxyFCGISetEnvIf "true" EMPTY
            ProxyFCGISetEnvIf "reqenv('SCRIPT_FILENAME') =~ m#//[^/]+(/.*)#" \\
                SCRIPT_FILENAME "$1"
            <Location /generic>
            ProxyFCGIBackendType GENERIC
            </Location>
            """
        )
        rig.ask(request("/a", fields="User-Agent: me\r\n"))
        env = member.calls[0].env
        assert (env["MINE"], env["SEEN"], env["NEW"]) == ("hello", "1", "x-/a")
        assert env["SERVER_NAME"] != "never"
        assert "NOT" not in env and "SERVER_ADMIN" not in env
        assert env["EMPTY"] == ""
        assert env["SCRIPT_FILENAME"] == "/app/a"
        rig.ask(request("/generic/x"))
        assert member.calls[1].env["SCRIPT_FILENAME"] == "/app/generic/x"


def test_conditions_see_what_stands_there(rig: Rig) -> None:
    """As of httpd: fields of the head, and what was set or taken away before."""
    with gateway("fcgi", saying("fcgi")) as member:
        rig.start(
            f"""ProxyPass / {member.url}/app/
            SetEnv GONE there
            SetEnvIf Host . FOO=1
            Header set Seen "%{{Y}}e %{{GONE}}e %{{FOO}}e %{{REQUEST_URI}}e"
            ProxyFCGISetEnvIf "reqenv('HTTP_X') == 'one'" Y "y-%{{reqenv:HTTP_X}}"
            ProxyFCGISetEnvIf "true" !GONE
            ProxyFCGISetEnvIf "reqenv('GONE') == ''" Z gone
            ProxyFCGISetEnvIf "reqenv('GONE') == 'there'" Z there
            ProxyFCGISetEnvIf "true" !HTTP_X
            ProxyFCGISetEnvIf "reqenv('HTTP_X') == ''" W none
            ProxyFCGISetEnvIf "req('X') == 'one'" V field
            ProxyFCGISetEnvIf "env('FOO') == '1'" FOO two
            ProxyFCGISetEnvIf "reqenv('FOO') == 'two'" AFTER two
            ProxyFCGISetEnvIf "reqenv('NEW') == ''" NEW a
            ProxyFCGISetEnvIf "reqenv('NEW') == 'a'" U "%{{reqenv:REQUEST_URI}}"
            """
        )
        names = ("Y", "HTTP_X", "GONE", "Z", "W", "V", "FOO", "AFTER", "NEW", "U")
        got = rig.ask(request("/a?b", fields="X: one\r\n"))
        env = member.calls[0].env
        assert {n: env[n] for n in names if n in env} == {
            "Y": "y-one",
            "Z": "gone",
            "W": "none",
            "V": "field",
            "FOO": "two",
            "AFTER": "two",
            "NEW": "a",
            "U": "/a?b",
        }
        assert got.field("Seen") == "y-one (null) two (null)"


def test_uwsgi_takes_no_more_than_its_sizes_say(rig: Rig) -> None:
    with gateway("uwsgi", saying("uwsgi")) as member:
        rig.start(f"ProxyPass / {member.url}/\nLimitRequestFieldSize 100000")
        assert rig.ask(request("/", fields=f"X: {'a' * 70_000}\r\n")).status == 500
        assert "AH10259" in (rig.folder / "error.log").read_text()
        assert rig.ask(request("/", fields=f"X: {'a' * 60_000}\r\n")).status == 200
        assert member.calls[0].env["HTTP_X"] == "a" * 60_000


def test_long_fields_go_over_records(rig: Rig) -> None:
    with gateway("fcgi", saying("fcgi")) as member:
        rig.start(f"ProxyPass / {member.url}/\nLimitRequestFieldSize 300000")
        assert rig.ask(request("/", fields=f"X: {'a' * 200_000}\r\n")).status == 200
        assert member.calls[0].env["HTTP_X"] == "a" * 200_000


def test_everything_is_given_back(rig: Rig) -> None:
    """The rig looks at buffers and gauges when a test is over; here many end early."""
    with gateway("fcgi", lambda _: record(STDOUT, HELLO)) as member:
        rig.start(f"ProxyPass / {member.url}/")
        for _ in range(20):
            client = rig.client()
            client.send(request("/"))
            client.close()
        wait_for(lambda: len(member.calls) == 20, "all were asked")
