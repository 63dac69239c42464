"""Rules that look at what would become of another URL, or of this one (LA-U, -U).

What httpd makes of it stands in tests/corpus/rewrite_files.py; here: who waits, and
what bounds it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from test_plan import Plan

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


def test_rules_look_at_files(tmp_path: Path) -> None:
    for name in ("open", "closed", "locked"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").touch()
    plan = Plan(
        f"DocumentRoot {tmp_path}\n<Directory {tmp_path}/closed>\n"
        f"Require all denied\n</Directory>\n<Directory {tmp_path}/locked>\n"
        "AuthType Basic\nAuthName x\nAuthUserFile /users\nRequire valid-user\n"
        "</Directory>\nRewriteEngine on\n"
        f"RewriteCond {tmp_path}/%{{HTTP:X-F}} -F\nRewriteRule ^/f - [R=406]\n"
        "<Location /m>\nRewriteCond %{LA-U:ENV:none} ^$\n"
        f"RewriteCond {tmp_path}/%{{HTTP:X-F}} !-F\nRewriteRule ^ - [R=410]\n"
        "</Location>\nProxyPass /m http://127.0.0.1:80/\n"
    )
    for name, there in (
        *(("open/f", True), ("open/f/more", True), ("open/../open/f", True)),
        *(("open", False), ("open/none", False), ("closed/f", False)),
        *(("locked/f", False), ("../" * 40, False), ("x" * 5000, False)),
    ):
        field = f"X-F: {name}"
        assert (plan("/f", field)["status"] == 406) is there, name
        assert (plan("/m", field)["status"] == 410) is not there, name
