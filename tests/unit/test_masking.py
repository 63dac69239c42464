"""Passwords of a configuration are in nothing that is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from rights import AS_ROOT
from rows import rows

from fastlb.base.masking import masked, masked_words
from fastlb.cli.main import run

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


@rows(
    ("text", "shown"),
    [
        ("secret=x has no effect", "secret=*** has no effect"),
        ("a Secret=x; b", "a Secret=***; b"),
        ("'secret=x y' is", "'secret=***' is"),
        ("route=a secret=*** b", "route=a secret=*** b"),
        ("at http://a:b@h/ and ws://c@h", "at http://***@h/ and ws://***@h"),
        ("http://h/a@b", "http://h/a@b"),
        ("a@b secrets=1", "a@b secrets=1"),
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
    ],
)
def test_a_line_is_masked(directive: str, raw: str, shown: str) -> None:
    assert masked_words(directive, raw) == shown


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
    ]
    for text, expected in shown:
        assert expected in text
        assert WORD not in text
        assert "bWU6" not in text
