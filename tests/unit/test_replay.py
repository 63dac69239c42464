"""`fastlb replay`: lines of every form, and what of them goes elsewhere."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rights import AS_ROOT
from rows import rows

from fastlb.cli.main import run
from fastlb.cli.replay.lines import (
    FORMATS,
    Asked,
    FormatError,
    of_format,
    of_json,
    unescaped,
)

CONF = f"""\
ServerRoot {{root}}
ServerName main.test
Listen 80
PidFile pid
{AS_ROOT}<Proxy balancer://api>
BalancerMember http://127.0.0.1:9001
BalancerMember http://127.0.0.1:9002
</Proxy>
<VirtualHost *:80>
ServerName main.test
RedirectMatch 302 ^/old(.*) /api$1
<Location /inner>
Require ip 10.0.0.0/8
</Location>
<Location /users>
AuthType Basic
AuthName x
AuthUserFile {{root}}/users
Require valid-user
</Location>
<Location /names>
Require host example.com
</Location>
<Location /status>
SetHandler server-status
</Location>
ProxyPass /status !
ProxyPass /api balancer://api/v1
ProxyPass /direct http://127.0.0.1:9003/
ProxyPass /inner http://127.0.0.1:9003/
ProxyPass /users http://127.0.0.1:9003/
ProxyPass /names http://127.0.0.1:9003/
</VirtualHost>
<VirtualHost *:80>
ServerName other.test
ProxyPass / http://127.0.0.1:9004/
</VirtualHost>
"""
TIME = "[30/Nov/2026:18:00:00 +0000]"


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "new.conf"
    path.write_text(CONF.format(root=tmp_path))
    (tmp_path / "users").write_text("")
    return path


def replay(
    conf: Path,
    text: str,
    capsys: pytest.CaptureFixture[str],
    *words: str,
    code: int | None = None,
) -> dict[str, Any]:
    log = conf.parent / "access.log"
    log.write_text(text, "latin-1")
    ended = run(["replay", "--json", "-f", str(conf), *words, str(log)], "fastlb")
    said = capsys.readouterr()
    assert code in (None, ended), said.err
    document: dict[str, Any] = json.loads(said.out) if said.out else {}
    return document


def line(
    request: str, status: int = 200, *, host: str = "main.test:80", **more: str
) -> str:
    client, user = more.get("client", "10.0.0.1"), more.get("user", "-")
    return f'{host} {client} - {user} {TIME} "{request}" {status} 12 "-" "curl"\n'


def ways(document: dict[str, Any]) -> dict[str, str]:
    return {one["from"]: one["to"] for one in document["moved"]}


# --- lines


GET = ("", "", "GET", "/a?b", "10.0.0.1", "-", "200", "")


@rows(
    ("form", "text", "asked"),
    [
        ("common", f'10.0.0.1 - - {TIME} "GET /a?b HTTP/1.1" 200 5', GET),
        (
            "combined",
            f'10.0.0.1 - - {TIME} "GET /a?b HTTP/1.1" 200 - "x \\"y\\"" "a b"\r\n',
            GET,
        ),
        (
            "vhost_combined",
            f'[::1]:8080 ::1 - joe {TIME} "POST / HTTP/2.0" 503 5 "-" "a"',
            ("[::1]", "8080", "POST", "/", "::1", "joe", "503", ""),
        ),
        (
            "vhost_common",
            f'h.test 10.0.0.1 - - {TIME} "GET /a?b HTTP/1.1" 200 5',
            ("h.test", *GET[1:]),
        ),
        (
            "common",
            f'10.0.0.1 - - {TIME} "-" 408 -',
            ("", "", "-", "", *GET[4:6], "408", ""),
        ),
        (
            "common",
            f'10.0.0.1 - - {TIME} "\\x16\\x03" 400 -',
            ("", "", "\\x16\\x03", "", *GET[4:6], "400", ""),
        ),
        (
            '%h \\"%r\\" %>s %{BALANCER_NAME}e %D',
            '10.0.0.1 "GET /a?b HTTP/1.1" 200 balancer://x 55',
            ("", "", "GET", "/a?b", "10.0.0.1", "", "200", "balancer://x"),
        ),
        (
            "%{Host}i|%m|%U|%q|%a|%s|%{BALANCER_WORKER_NAME}e",
            "h.test|GET|/a|?b|10.0.0.1|200|http://m:1",
            ("h.test", "", "GET", "/a?b", "10.0.0.1", "", "200", "http://m:1"),
        ),
        (
            "%400,501{User-agent}i %{X-Forwarded-For}i %m %U%q %%",
            "- 10.0.0.1 GET /a?b %",
            ("", "", "GET", "/a?b", "10.0.0.1", "", "", ""),
        ),
        ("common", "nonsense", None),
        ("common", "", None),
        ("common", f'10.0.0.1 - - {TIME} "GET /a?b HTTP/1.1', None),
    ],
)
def test_a_line_is_read_by_its_format(
    form: str, text: str, asked: Asked | None
) -> None:
    assert of_format(FORMATS.get(form, form))(text) == asked


@rows(
    ("said", "asked"),
    [
        (
            {
                "host": "h:81",
                "request": "GET /a HTTP/1.1",
                "status": 200,
                "client": "::1",
            },
            ("h", "81", "GET", "/a", "::1", "", "200", ""),
        ),
        (
            {"method": "GET", "path": "/a", "query": "b", "balancer": "balancer://x"},
            ("", "", "GET", "/a?b", "", "", "", "balancer://x"),
        ),
        (
            {
                "request": {
                    "method": "GET",
                    "uri": "/a",
                    "host": "h",
                    "remote_ip": "::1",
                }
            },
            ("h", "", "GET", "/a", "::1", "", "", ""),
        ),
        (
            {"RequestMethod": "GET", "RequestPath": "/ä", "upstream_addr": "-"},
            ("", "", "GET", "/ä", "", "", "", ""),
        ),
        ({"request": "-"}, None),
        ({"request": []}, None),
        ([], None),
        (5, None),
    ],
)
def test_a_line_of_json_is_read_by_its_keys(said: object, asked: Asked | None) -> None:
    text = json.dumps(said, ensure_ascii=False).encode().decode("latin-1")
    assert of_json(text) == asked


def test_a_format_that_names_no_request_is_refused() -> None:
    with pytest.raises(FormatError):
        of_format("%h %>s")


@given(st.text('\\"xn01af \t\r%', max_size=30))
def test_any_line_is_read_or_is_broken(text: str) -> None:
    of_format(FORMATS["combined"])(text)
    of_json(text)
    of_json("{" + text + "}")
    unescaped(text)


def test_what_httpd_has_escaped_is_as_it_was() -> None:
    assert unescaped(r"/a\"b\\c\x41\xe4\n") == '/a"b\\cA\xe4\n'


# --- against the log


@rows(
    ("request", "more", "now"),
    [
        ("GET /api/x HTTP/1.1", {}, "balancer://api"),
        ("GET /direct/x HTTP/1.1", {}, "http://127.0.0.1:9003/"),
        ("GET /x HTTP/1.1", {"host": "other.test:80"}, "http://127.0.0.1:9004/"),
        ("GET /x HTTP/1.1", {"host": "elsewhere.test:8443"}, "file"),
        ("POST /x HTTP/1.1", {}, "file"),
        ("GET /old/y HTTP/1.1", {}, "302"),
        ("GET /inner HTTP/1.1", {"client": "10.1.2.3"}, "http://127.0.0.1:9003/"),
        ("GET /inner HTTP/1.1", {"client": "192.168.0.1"}, "403"),
        ("GET /inner HTTP/1.1", {"client": "a.name.test"}, "403"),
        ("GET /users HTTP/1.1", {}, "401"),
        ("GET /users HTTP/1.1", {"user": "joe"}, "http://127.0.0.1:9003/"),
        ("GET /names HTTP/1.1", {}, "http://127.0.0.1:9003/"),
        ("GET /status HTTP/1.1", {}, "handler server-status"),
        ('GET /\\xc3\\xa4\\" HTTP/1.0', {}, "file"),
        ("GET /a\\nb HTTP/1.0", {}, "400"),
    ],
)
def test_each_line_goes_where_the_configuration_sends_it(
    tmp_path_factory: pytest.TempPathFactory,
    request: str,
    more: dict[str, str],
    now: str,
) -> None:
    root = tmp_path_factory.mktemp("x")
    (root / "new.conf").write_text(CONF.format(root=root))
    (root / "users").write_text("")
    (root / "log").write_text(line(request, **more))
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", said)
        run(
            ["replay", "--json", "-f", f"{root}/new.conf", f"{root}/log"],
            "fastlb",
        )
    document = json.loads(said.getvalue())
    assert [one["to"] for one in document["goes"]] == [now]


def test_a_status_that_changes_is_a_move(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = line("GET /api HTTP/1.1") + line("GET /api HTTP/1.1", 404)
    text += line("GET /old HTTP/1.1", 302) + line("GET /status HTTP/1.1", 304)
    document = replay(conf, text, capsys, code=0)
    assert (document["lines"], document["unchanged"], document["moved"]) == (4, 4, [])
    text += 3 * line("GET /old HTTP/1.1", 200)
    document = replay(conf, text, capsys, code=1)
    assert ways(document) == {"answered 200": "302"}
    assert document["moved"][0]["lines"] == 3
    assert document["moved"][0]["distinct"] == 1
    assert document["moved"][0]["examples"] == [
        "GET main.test/old from 10.0.0.1 (http://main.test/api)"
    ]


def test_a_member_of_the_same_balancer_is_no_move(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    form = "%m %U %{BALANCER_WORKER_NAME}e"
    text = (
        "GET /api http://127.0.0.1:9001\nGET /api http://127.0.0.1:9002\n"
        "GET /api -\nGET /direct http://127.0.0.1:9003/\n"
    )
    assert replay(conf, text, capsys, "--format", form, code=0)["unchanged"] == 4
    text += "GET /api http://127.0.0.1:9003\nGET /x http://127.0.0.1:9001\n"
    document = replay(conf, text, capsys, "--format", form, code=1)
    assert ways(document) == {
        "http://127.0.0.1:9003": "balancer://api",
        "http://127.0.0.1:9001": "file",
    }
    form = "%m %U %{BALANCER_NAME}e"
    document = replay(conf, "GET /api balancer://b\n", capsys, "--format", form)
    assert ways(document) == {"balancer://b": "balancer://api"}


# --- against another configuration


def test_what_a_reload_would_move_is_told(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = conf.parent / "old.conf"
    text = conf.read_text()
    text = text.replace("balancer://api/v1", "balancer://api/v0")
    text = text.replace("/direct http://127.0.0.1:9003/", "/direct balancer://api/")
    old.write_text(text)
    log = line("GET /api/x HTTP/1.1", 500) + 2 * line("GET /direct HTTP/1.1")
    log += line("GET /nowhere HTTP/1.1")
    document = replay(conf, log, capsys, "--old", str(old), code=1)
    assert document["unchanged"] == 1
    assert [(one["from"], one["to"], one["lines"]) for one in document["moved"]] == [
        ("balancer://api", "http://127.0.0.1:9003/", 2),
        ("balancer://api", "balancer://api, asked for another path", 1),
    ]
    assert document["moved"][1]["examples"] == [
        "GET main.test/api/x from 10.0.0.1 (/v0/x -> /v1/x)"
    ]
    same = replay(conf, log, capsys, "--old", str(conf), code=0)
    assert same["unchanged"] == 4


# --- files


def test_what_is_no_log_is_not_the_same(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = line("GET /api HTTP/1.1")
    assert replay(conf, sound + "ProxyPass\n" * 9, capsys, code=0)["broken"] == 9
    assert replay(conf, sound + "ProxyPass\n" * 10, capsys, code=2)["broken"] == 10


def test_broken_lines_are_counted_and_shown(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = line("GET /api HTTP/1.1") + "what \x1b[31m is this\n\n" + line("-", 408)
    text += "x" * 100_000 + "\n"
    document = replay(conf, text, capsys, code=0)
    assert document["lines"] == 5
    assert document["broken"] == 3  # the long one comes in two pieces
    assert document["unasked"] == 1
    assert document["broken_examples"][0] == "what \x1b[31m is this"
    run(["replay", "-f", str(conf), str(conf.parent / "access.log")], "fastlb")
    said = capsys.readouterr().out
    assert "3 lines cannot be read, such as:\n  what \\x1b[31m is this\n" in said
    assert "where all of them go now:\n  balancer://api  1\n" in said


def test_gzip_json_and_standard_input_are_read(
    conf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = conf.parent / "log.gz"
    whole = gzip.compress((line("GET /api HTTP/1.1") * 100).encode())
    packed.write_bytes(whole)
    again = ["replay", "--json", "-f", str(conf), str(packed)]
    assert run(again, "fastlb") == 0
    assert json.loads(capsys.readouterr().out)["lines"] == 100
    document = replay(conf, '{"method": "GET", "uri": "/api"}\n', capsys, code=0)
    assert document["goes"][0]["to"] == "balancer://api"
    given = io.TextIOWrapper(io.BytesIO(line("GET /api HTTP/1.1").encode()))
    monkeypatch.setattr(sys, "stdin", given)
    assert run(["replay", "-f", str(conf), "-"], "fastlb") == 0


@pytest.mark.parametrize(
    ("spoil", "least"),
    [
        (lambda whole: whole[:-9], 1),
        (lambda whole: whole[:20], 0),  # of a beginning without a line
        (lambda whole: whole[:-400] + bytes(392) + whole[-8:], 1),
        (lambda whole: whole[:10] + b"\7" + whole[11:], 0),  # no kind of block
    ],
)
def test_a_log_that_is_damaged_is_not_said_to_be_the_same(
    spoil: Callable[[bytes], bytes],
    least: int,
    conf: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = "".join(line(f"GET /api/{n * n * n} HTTP/1.1") for n in range(9000))
    packed = conf.parent / "log.gz"
    packed.write_bytes(spoil(gzip.compress(lines.encode())))
    assert run(["replay", "--json", "-f", str(conf), str(packed)], "fastlb") == 2
    out, err = capsys.readouterr()
    assert f"fastlb replay: {packed}: it is read to where it is damaged: " in err
    if least:
        document = json.loads(out)
        assert document["lines"] > 0 and document["broken"] <= 1
        assert len(document["damaged"]) == 1
    else:
        assert out == ""


def test_the_format_is_found_out_or_named(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(conf.read_text() + 'LogFormat "<%m> %U" odd\nLogFormat %h empty\n')
    assert replay(conf, "<GET> /api\n", capsys, code=0)["broken"] == 0
    assert replay(conf, "<GET> /api\n", capsys, "--format", "odd")["broken"] == 0
    assert replay(conf, "<GET> /api\n", capsys, "--format", "common")["broken"] == 1
    assert replay(conf, "", capsys, code=0)["lines"] == 0


@rows(
    ("text", "words", "said"),
    [
        ("what\n", (), "no known format fits"),
        ("x\n", ("--format", "nobody"), "no LogFormat is called nobody"),
        ("x\n", ("--format", "%h"), "neither %r nor"),
        ("x\n", ("--old", "/nowhere"), "Could not open"),
        ("x\n", ("--format", "common", "/nowhere.log"), "/nowhere.log"),
        ("x\n", ("-c", "Nonsense"), "Invalid command"),
    ],
)
def test_what_is_wrong_ends_with_2(
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    words: tuple[str, ...],
    said: str,
) -> None:
    root = tmp_path_factory.mktemp("x")
    (root / "new.conf").write_text(CONF.format(root=root))
    (root / "log").write_text(text)
    err = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", err)
        ended = run(
            ["replay", "-f", f"{root}/new.conf", f"{root}/log", *words], "fastlb"
        )
    assert (ended, said in err.getvalue()) == (2, True), err.getvalue()
