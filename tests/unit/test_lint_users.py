"""Files of users and groups, looked at by the check."""

from __future__ import annotations

from pathlib import Path

import pytest
from sdbm import page
from trees import resolve_file

SITE = """\
Listen 80
{before}
<Location /a>
  AuthType Basic
  AuthName x
  AuthUserFile {users}
  AuthGroupFile {groups}
  {rules}
</Location>
"""


def numbers(folder: Path, rules: str, *, groups: str, before: str = "") -> list[str]:
    users = folder / "users"
    users.write_text("me:{SHA}rXguzax3D8brmmLkT5CHP7l/sms=\n")
    conf = folder / "t.conf"
    text = SITE.format(users=users, groups=folder / groups, rules=rules, before=before)
    conf.write_text(text)
    _, found = resolve_file(conf)
    return [item.number for item in found if item.number in ("FB0351", "FB0355")]


NOT_GROUP = "<RequireAll>\nRequire valid-user\nRequire not group banned\n</RequireAll>"


@pytest.mark.parametrize(
    ("rules", "number"),
    [
        ("Require group staff", "FB0351"),
        (NOT_GROUP, "FB0355"),
        (f'<If "true">\n{NOT_GROUP}\n</If>', "FB0355"),
        (
            "<RequireAll>\nRequire valid-user\n<RequireNone>\nRequire group banned\n"
            "</RequireNone>\n</RequireAll>",
            "FB0355",
        ),
    ],
)
def test_without_its_file_nobody_comes_in_whom_a_rule_keeps_out(
    tmp_path: Path, rules: str, number: str
) -> None:
    assert numbers(tmp_path, rules, groups="none-such") == [number]
    (tmp_path / "there").touch()
    assert not numbers(tmp_path, rules, groups="there")


@pytest.mark.parametrize(
    ("section", "rules", "number"),
    [
        ("LocationMatch b", "Require valid-user", "FB0355"),
        ("Location /b", "Require valid-user", "FB0351"),
        ("Location /a/b", "Require valid-user", "FB0355"),
        ("Location /", "Require valid-user", "FB0351"),
        ("Location /", "AuthMerging And\nRequire valid-user", "FB0355"),
        ("Location /", "", "FB0355"),
    ],
)
def test_the_rule_may_stand_elsewhere_than_the_file(
    tmp_path: Path, section: str, rules: str, number: str
) -> None:
    end = section.split(maxsplit=1)[0]
    elsewhere = f"<{section}>\n{NOT_GROUP}\n</{end}>"
    assert numbers(tmp_path, rules, groups="none-such", before=elsewhere) == [number]


def test_a_rule_with_a_file_of_its_own_asks_no_other(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    own = f"AuthGroupFile {tmp_path}/there\n{NOT_GROUP}"
    found = numbers(
        tmp_path,
        "Require group staff",
        groups="none-such",
        before=f"<Location /a/b>\n{own}\n</Location>",
    )
    assert found == ["FB0351"]


def test_pairs_are_read_from_sdbm_alone(tmp_path: Path) -> None:
    for made, severity in (
        ("users.pag", None),
        ("users", "FB0376"),
        ("others", "FB0351"),
    ):
        folder = tmp_path / made.replace(".", "_")
        folder.mkdir()
        (folder / made).write_bytes(page({"bob": "x"}))
        conf = folder / "t.conf"
        conf.write_text(
            "Listen 80\n<Location />\nAuthType Basic\nAuthName x\n"
            f"AuthBasicProvider dbm\nAuthDBMUserFile {folder}/users\n"
            "Require valid-user\n</Location>\n"
        )
        _, found = resolve_file(conf)
        wanted = ("FB0376", "FB0351")
        told = [item.number for item in found if item.number in wanted]
        assert told == ([severity] if severity else [])
    (tmp_path / "users_pag/users.pag").write_bytes(b"x" * 1024)
    _, found = resolve_file(tmp_path / "users_pag/t.conf")
    assert [item.number for item in found if item.is_error] == ["FB0376"]
