"""Passwords of a configuration are in nothing that is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rights import AS_ROOT
from rows import rows

from fastlb.base.masking import masked, masked_about, masked_field, masked_words
from fastlb.cli.main import run
from fastlb.config.lexer import BLANKS, quote, split_words

SITE = """\
Listen 8123
ServerName h
ProxyRemote http "http://p.test:1" me:{0}
NoProxy 10.0.0.1
ProxyPass /a/ ajp://10.0.0.1:1/ secret={0}
ProxyPass /b/ http://10.0.0.2:1/
"""
FAULTS = """\
Listen 8123
ServerName h
ProxyPass /a/ ajp://h:1/ secret={0}{1}
ProxyPass /b/ http://h:1/ secret={0}
ProxyPass /c/ http://h:1/ "secret=two {0}"
ProxyPass /d/ http://me:{0}@h:1/
ProxyRemote * ftp://me:{0}@h:1 me:{0}
ProxyRemote http://h:1/x http://p.test me:{0}
ProxyPass /e/ http://h:1/
<Proxy http://h:1>
ProxySet SECRET={0}{1}
</Proxy>
"""
WORD = "s3cr3t"
MARKS = ("Zq7", "Wk9", "Jx5")
# What a reader of lines, of URLs or of sentences may take for the end of a secret.
LETTERS = "a'\"\\ \t;,@:/?#=%$|&*()<>[]-\xa0\xe4"
PLACES = (  # users like addresses: a / in the secret makes them hosts
    ("ProxyPass", "/a/ ajp://10.0.0.1:1/ {} max=1", "secret={}"),
    ("ProxyPass", "/a/ {} max=1", "http://10.0.0.9:{}@10.0.0.1:1/"),
    ("ProxyRemote", "* http://10.0.0.3:1 {}", "me:{}"),
    ("ProxyRemote", "* {}", "http://10.0.0.9:{}@10.0.0.3:1"),
    ("RequestHeader", "set Authorization {}", "Basic {}"),
    ("RequestHeader", "set X-Api-Key {}", "{}"),
    ("Header", "always set X-Token {} env=a", "{}"),
    ("SetEnv", "DB_PASSWORD {}", "{}"),
    ("SetEnvIf", "Host a {}", "DB_PASSWORD={}"),
    ("AuthLDAPBindPassword", "{}", "{}"),
    ("AuthBasicFake", "me {}", "{}"),
    ("RewriteRule", "^/a {}", "http://10.0.0.9:{}@10.0.0.1:1/"),
    ("RewriteRule", "^/a - {}", "[E=API_TOKEN:{}]"),
)


def hostile() -> st.SearchStrategy[str]:
    between = st.text(LETTERS, max_size=3)
    return st.tuples(between, between, between).map(
        lambda parts: "".join(a + b for a, b in zip(parts, MARKS, strict=True))
    )


def unquoted(word: str) -> str:
    """As somebody writes it who knows of no quotes."""
    return "".join(char for char in word if char not in BLANKS) or "-"


@rows(
    ("text", "shown"),
    [
        ("secret=x has no effect", "secret=*** has no effect"),
        ("a Secret=x; b", "a Secret=*** b"),
        ("'secret=x y' is", "'secret=***' is"),
        ("route=a secret=*** b", "route=a secret=*** b"),
        ("at http://a:b@h/ and ws://c@h", "at http://***@h/ and ws://***@h"),
        ("http://h/a@b", "http://h/a@b"),
        ("at http://a:b/c@d@h/", "at http://***@h/"),
        ("of a:b/c@d@h", "of ***@h"),
        ("'secret=it's mine' is", "'secret=***' is"),
        ('"secret=a"b" is', '"secret=***" is'),
        ('secret=a;b,c"d is', "secret=*** is"),
        ("a@b secure=1", "a@b secure=1"),
        (
            'RequestHeader set Authorization "Basic a b',
            'RequestHeader set Authorization "***',
        ),
    ],
)
def test_a_sentence_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert masked(shown) == shown


@rows(
    ("directive", "raw", "shown"),
    [
        ("ProxyRemote", "* http://p", "* http://p"),
        ("ProxyRemote", "* http://p a:b", "* http://p ***"),
        ("proxyremotematch", "\"a b\" 'http://p' 'a b:c'", "\"a b\" 'http://p' ***"),
        ("AuthLDAPBindPassword", "exec:x", "***"),
        ("ProxyPass", "/ ajp://h/ secret=x max=1", "/ ajp://h/ secret=*** max=1"),
        ("ProxyPass", '/ ajp://h/ secret="x y" a=b', "/ ajp://h/ secret=***"),
        ("ProxyPass", "/@a http://h/@a", "/@a http://h/@a"),
        ("ProxyPass", "/ unix:/run/a|http://h/", "/ unix:/run/a|http://h/"),
        ("RequestHeader", 'set Authorization "Basic x"', "set Authorization ***"),
        ("RequestHeader", 'set A "expr=%{B}" early', 'set A "expr=%{B}" early'),
        ("RequestHeader", "unset Authorization", "unset Authorization"),
        ("Header", "set X-Token %{T}e env=a", "set X-Token %{T}e env=a"),
        ("SetEnvIf", "Authorization (.*) TOKEN=$1", "Authorization (.*) TOKEN=$1"),
        ("RewriteRule", "^ - [E=TOKEN:%1,L]", "^ - [E=TOKEN:%1,L]"),
        ("RewriteRule", "^ - [E=TOKEN:abc,L]", "^ - [E=TOKEN:***"),
        ("OIDCClientSecret", "abc", "***"),
    ],
)
def test_a_line_is_masked(directive: str, raw: str, shown: str) -> None:
    assert masked_words(directive, raw) == shown


@settings(deadline=None)
@given(st.sampled_from(PLACES), hostile(), st.sampled_from((quote, unquoted)))
def test_no_letter_of_a_secret_ends_it(
    place: tuple[str, str, str], secret: str, written: Callable[[str], str]
) -> None:
    directive, line, word = place
    raw = line.format(written(word.format(secret))).strip(BLANKS)
    assert not seen(masked_words(directive, raw))
    for one in (raw, *(word.text for word in split_words(raw))):
        for text in (f"{one} has no effect", f"'{one}' is wrong", f'"{one}" is not'):
            assert not seen(masked_about(text, directive, raw))


def seen(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text]


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sampled_from(PLACES), hostile(), st.sampled_from((quote, unquoted)))
def test_no_command_shows_a_part_of_a_secret(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    place: tuple[str, str, str],
    secret: str,
    written: Callable[[str], str],
) -> None:
    directive, line, word = place
    if word.startswith("[E="):
        secret = re.sub("[],]", "", secret)  # what follows is a flag
    inside = f"{directive} {line.format(written(word.format(secret)))}\n"
    if directive.startswith("Auth"):
        inside = f"<Location />\n{inside}</Location>\n"
    conf = tmp_path / "conf"
    other = "ProxyPass /b/ http://10.0.0.2:1/\nRewriteEngine On\n"
    text = f"{AS_ROOT}Listen 8123\nServerName h\n{other}{inside}"
    conf.write_text(text, "latin-1")
    for words in (
        ("-t", "-v", "-f", str(conf)),
        ("-t", "-D", "DUMP_CONFIG", "-f", str(conf)),
        ("explain", "--all", "-f", str(conf), "http://h/a/x"),
        ("explain", "--json", "-f", str(conf), "http://h/b/x"),
    ):
        assert not seen(told(capsys, *words)), words


def test_a_field_that_a_rule_has_set_is_masked() -> None:
    assert masked_field("Authorization: Basic abc") == "Authorization: ***"
    assert masked_field("X-Api-Token: abc") == "X-Api-Token: ***"
    assert masked_field("Accept: a") == "Accept: a"
    assert masked_field("GET /token HTTP/1.1") == "GET /token HTTP/1.1"


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    run([*words], "fastlb")
    shown = capsys.readouterr()
    return shown.out + shown.err


def test_nothing_shows_a_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (
        ("a", SITE.format(WORD)),
        ("b", SITE.format(WORD * 2)),
        ("faults", FAULTS.format(WORD, "x" * 64)),
    ):
        (tmp_path / name).write_text(AS_ROOT + text)
    a, b, faults = (str(tmp_path / name) for name in ("a", "b", "faults"))
    shown = [
        (told(capsys, "-t", "-v", "-f", faults), "FB0130"),
        (told(capsys, "-t", "-v", "-f", faults), "FB0230"),
        (told(capsys, "diff", a, b), "secret"),
        (told(capsys, "explain", "-f", a, "http://h/a/x"), "secret=***"),
        (told(capsys, "explain", "-f", a, "http://h/b/x"), "Proxy-Authorization: ***"),
        (told(capsys, "explain", "--json", "-f", a, "http://h/b/x"), "***"),
        (told(capsys, "-t", "-D", "DUMP_CONFIG", "-f", a), "secret=***"),
    ]
    for text, expected in shown:
        assert expected in text
        assert WORD not in text
        assert "bWU6" not in text
