"""Rules that look at what would become of another URL, or of this one (LA-U, -U).

What httpd makes of it stands in tests/corpus/rewrite_files.py; here: who waits, and
what bounds it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from test_plan import Plan
from trees import errors

RIGHT = "Authorization: Basic YW5uOnNlY3JldA=="
GRANTED, DENIED = 1, 2
ASKS = "AuthType Basic\nAuthName x\nAuthUserFile {users}\nRequire valid-user\n"
RULES = (
    "RewriteEngine on\nRewriteRule . - [E=RU:%{{LA-U:REMOTE_USER}}]\n"
    "RequestHeader set X-U %{{RU}}e\nProxyPass / http://127.0.0.1:80/\n"
    "<Proxy *>\n" + ASKS + "</Proxy>\n"
)


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_text("ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
    return path


def test_a_look_waits_for_the_password_and_nobody_asks_twice(users: Path) -> None:
    plan = Plan(RULES.format(users=users))
    assert plan("/x", RIGHT)["what"] == "wait"
    found = plan("/x", RIGHT, verdicts=(GRANTED,))
    assert (found["what"], found["env"]["RU"]) == ("member", b"ann")
    found = plan("/x", RIGHT, verdicts=(DENIED,))
    assert (found["status"], found["env"]["RU"]) == (401, b"ann")


@pytest.mark.parametrize("path", ["/a;b/x", "/a%2e/x", "/a%20b"])
def test_another_reading_of_a_path_looks_for_itself(users: Path, path: str) -> None:
    plan = Plan(RULES.format(users=users))
    found = plan(path, RIGHT, verdicts=(GRANTED,))
    assert (found["what"], found["env"]["RU"]) == ("member", b"ann")
    assert plan(path, RIGHT, verdicts=(DENIED,))["status"] == 401


@pytest.mark.parametrize(
    "rules",
    [
        "RewriteCond /x%{REQUEST_URI} -U\nRewriteRule . - [E=RU:1]\n",
        "RewriteCond /b -U\nRewriteRule ^/a - [E=RU:1]\n"
        "RewriteCond /a -U\nRewriteRule ^/b - [E=RU:1]\n"
        "RewriteCond /%{ENV:RU}x -U\nRewriteRule . - [E=RU:%{REQUEST_URI}x]\n",
    ],
)
def test_looks_without_an_end_end(rules: str) -> None:
    plan = Plan(f"RewriteEngine on\n{rules}ProxyPass / http://127.0.0.1:80/\n")
    found = plan("/a")
    assert (found["what"], found["status"]) == ("error", 500)


def test_what_a_look_makes_is_its_own() -> None:
    plan = Plan(
        "RewriteEngine on\nRewriteCond /in -U\nRewriteRule ^/a - [E=RU:1]\n"
        "RewriteRule ^/in /b [PT,E=x:1,CO=n:v:.a.test]\n"
        "Header set X-U %{RU}e\nHeader set X-X %{x}e\n"
        "ProxyPass /a/ http://127.0.0.1:80/\nProxyPass /b http://127.0.0.1:81/\n"
    )
    found = plan("/a/y?q")
    assert (found["what"], found["target"]) == ("member", b"/y?q")
    assert found["env"] == {"RU": b"1"}
    assert found["cookies"] == []


def test_a_query_and_a_path_that_waits_are_those_of_the_client(users: Path) -> None:
    plan = Plan(RULES.format(users=users))
    found = plan("/a%20b?c=%26", RIGHT, verdicts=(GRANTED,))
    assert found["target"] == b"/a%20b?c=%26"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("RewriteCond %{REQUEST_FILENAME} -F", "-F is not supported"),
        ("RewriteCond %{LA-F:REQUEST_FILENAME} x", "write %{LA-U:REQUEST_FILENAME}"),
        (
            "<Location /x>\nRewriteCond %{LA-U:ENV:a} x\n</Location>",
            "not supported in a section",
        ),
    ],
)
def test_what_is_not_known_is_refused_with_a_sentence(line: str, sentence: str) -> None:
    found = errors(f"RewriteEngine on\n{line}\n")
    assert any(sentence in one for one in found), found
