"""labels.pyx: what is said of an answer beside what its maker says."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from flow_bench import Bench
from flow_peers import ONE, answer, get


def fields(settings: str, path: str, *said: str, status: str = "200 OK") -> list[str]:
    """The answer's lines about types and keeping, of a member that says so much."""
    with Bench(f"{ONE}{settings}\n") as bench:
        client = bench.ask(get(path))
        member = bench.members[0].accept()
        member.head()
        member.send(answer(b"body", *said, status=status))
        head = client.message()[0].decode("latin-1")
    wanted = ("content-type", "content-enc", "content-lang", "expires", "cache-control")
    lines = [line for line in head.split("\r\n") if line.lower().startswith(wanted)]
    return sorted(lines)


def test_nothing_is_said_where_nothing_is_configured() -> None:
    assert fields("", "/a.html") == []
    assert fields("", "/a.html", "Content-Type: text/html") == [
        "Content-Type: text/html"
    ]


def test_a_charset_goes_behind_rules_and_a_type_before_them() -> None:
    text = """AddType text/html .own
AddDefaultCharset utf-8
Header edit Content-Type ^text/html$ text/plain"""
    assert fields(text, "/a.own") == ["Content-Type: text/plain; charset=utf-8"]
    assert fields(text, "/a", "Content-Type: text/html") == [
        "Content-Type: text/plain; charset=utf-8"
    ]


def test_an_if_says_it_for_some() -> None:
    text = """<If "%{REQUEST_URI} == '/x'">
AddDefaultCharset utf-8
</If>"""
    for path, more in (("/x", "; charset=utf-8"), ("/y", "")):
        assert fields(text, path, "Content-Type: text/html") == [
            f"Content-Type: text/html{more}"
        ]


def test_a_type_of_a_rule_is_before_forcetype_and_has_its_charset() -> None:
    text = """RewriteEngine On
RewriteRule ^/rule - [T=text/plain]
ForceType image/png
AddDefaultCharset utf-8"""
    assert fields(text, "/rule") == ["Content-Type: text/plain; charset=utf-8"]
    assert fields(text, "/x") == ["Content-Type: image/png"]


def test_how_long_it_may_be_kept_begins_with_the_request() -> None:
    text = "ExpiresActive On\nExpiresDefault A7200"
    lines = fields(text, "/", "Content-Type: a/b", "Cache-Control: public")
    assert lines[0] == "Cache-Control: public, max-age=7200"
    until = parsedate_to_datetime(lines[2].partition(": ")[2]).timestamp()
    assert abs(until - time.time() - 7200) < 60


def test_the_longest_extension_and_one_that_is_longer() -> None:
    text = f"AddLanguage fr .{'x' * 254}"
    assert fields(text, "/a." + "x" * 254) == ["Content-Language: fr"]
    for name in ("x" * 253, "x" * 255, "x" * 256, "." * 300):
        assert fields(text, "/a." + name) == []


def test_languages_and_encodings_may_need_more_room_than_scratch() -> None:
    text = "AddLanguage fr .fr\nAddEncoding x-gzip .x"
    for count in (64, 65, 1600):  # of 128 extensions no one looks at those behind
        assert fields(text, "/a" + ".fr.x" * count) == [
            f"Content-Encoding: {', '.join(['x-gzip'] * 64)}",
            f"Content-Language: {','.join(['fr'] * 64)}",
        ]


def test_a_plan_is_made_with_a_file_of_types() -> None:
    assert fields(
        "LoadModule mime_module x\nTypesConfig /etc/mime.types", "/a.png"
    ) == ["Content-Type: image/png"]
