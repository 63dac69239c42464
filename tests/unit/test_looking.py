"""Rules that look at what would become of another URL, or of this one (LA-U, -U).

What httpd makes of it stands in tests/corpus/rewrite_files.py; here: who waits, and
what bounds it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from expressions import compiled
from test_plan import Plan

from fastlb.config.expressions.errors import ExpressionError
from fastlb.config.tree import Node

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


@pytest.mark.parametrize(
    ("asked", "is_fine"),
    [
        ("/plain", True),
        ("/closed/x", False),
        ("/closed", False),
        ("closed", False),
        ("/moved", True),
        ("", True),
    ],
)
def test_expressions_ask_for_another_url(asked: str, is_fine: bool) -> None:
    plan = Plan(
        f"SetEnvIfExpr \"-U '{asked}'\" fine\nSetEnvIfExpr \"! -A '{asked}'\" no\n"
        f"<Location /a>\n<If \"-U '{asked}'\">\nSetEnv by_if\n</If>\n</Location>\n"
        f"<Location /must>\nRequire expr \"-U '{asked}'\"\n</Location>\n"
        "<Location /closed>\nRequire all denied\n</Location>\n"
        "Redirect /moved http://elsewhere.test/\nHeader set A %{fine}e%{no}e%{by_if}e\n"
        "ProxyPass / http://127.0.0.1:80/\n"
    )
    found = plan("/a?q")
    assert (found["what"], found["target"]) == ("member", b"/a?q")
    assert set(found["env"]) == ({"fine", "by_if"} if is_fine else {"no"})
    assert plan("/must")["status"] == (0 if is_fine else 403)


def test_a_file_is_looked_for_by_sections(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x")
    plan = Plan(
        f"SetEnvIfExpr \"-F '{tmp_path}/there'\" early\n"
        "<Location /a>\n"
        f"<If \"-F '{tmp_path}/there'\">\nSetEnv there\n</If>\n"
        f"<If \"-F '{tmp_path}'\">\nSetEnv folder\n</If>\n"
        f"<If \"-F '{tmp_path}/gone'\">\nSetEnv gone\n</If>\n"
        "<If \"-F 'there'\">\nSetEnv beside\n</If>\n</Location>\n"
        "Header set A %{early}e%{there}e%{folder}e%{gone}e%{beside}e\n"
        "ProxyPass / http://127.0.0.1:80/\n"
    )
    assert set(plan("/a")["env"]) == {"early", "there"}


def test_a_look_of_an_expression_waits_and_ends(users: Path) -> None:
    plan = Plan(
        "<Location /a>\nRequire expr \"-U '/b'\"\n</Location>\n"
        f"<Location /b>\n{ASKS.format(users=users)}</Location>\n"
        "<If \"-U '/x%{REQUEST_URI}'\">\nSetEnv deeper\n</If>\n"
        "ProxyPass / http://127.0.0.1:80/\n"
    )
    assert plan("/c")["status"] == 500  # looks without an end
    plan = Plan(
        "<Location /a>\nRequire expr \"-U '/b'\"\n</Location>\n"
        f"<Location /b>\n{ASKS.format(users=users)}</Location>\n"
        "ProxyPass / http://127.0.0.1:80/\n"
    )
    assert plan("/a", RIGHT)["what"] == "wait"
    assert plan("/a", RIGHT, verdicts=(GRANTED,))["what"] == "member"
    assert plan("/a", RIGHT, verdicts=(DENIED,))["status"] == 403
    assert plan("/a")["status"] == 403


def test_who_asks_too_late_is_refused() -> None:
    late = Node("CustomLog", (), "", "t.conf", 1, 0)
    with pytest.raises(ExpressionError, match="-U is not supported here") as problem:
        compiled("-U '/a'", late)
    assert "SetEnvIfExpr" in problem.value.cure
