"""User and group of the workers."""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import replace

import pytest
from test_listeners import settings

from fastlb.master import privileges, spawn
from fastlb.master.errors import StartError
from fastlb.master.privileges import Identity

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def started_by_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def look_up(user: str | None, group: str | None) -> Identity | None:
    return privileges.look_up(replace(settings(), user=user, group=group), "fastlb")


def test_nothing_named_keeps_the_identity_of_an_ordinary_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert look_up(None, None) is None
    assert look_up(None, "#64998") is None


@pytest.mark.usefixtures("started_by_root")
@pytest.mark.parametrize("group", [None, "#64998"])
def test_root_is_told_what_to_write_when_it_names_no_user(group: str | None) -> None:
    with pytest.raises(StartError) as refused:
        look_up(None, group)
    assert "workers must not run as root" in str(refused.value)
    said = re.search(r"write User (\S+) and.* Group (\S+)$", str(refused.value))
    assert said is not None
    identity = look_up(*said.groups())  # it can be written as it stands
    assert identity is not None
    assert identity.uid != 0


@pytest.mark.usefixtures("started_by_root")
def test_a_system_without_the_usual_accounts_has_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(name: str) -> pwd.struct_passwd:
        raise KeyError(name)

    monkeypatch.setattr(pwd, "getpwnam", none)
    assert privileges.cure().startswith("write User #65534 and")
    assert privileges.nobody() == Identity(65534, 65534, None)


@pytest.mark.parametrize(
    "user", ["no-such-user", "#x", "#", "#-1", "#+5", "#1_0", "#4294967295"]
)
def test_an_unknown_user_is_refused_whoever_starts(user: str) -> None:
    with pytest.raises(
        StartError, match=f"AH00543: fastlb: bad user name {re.escape(user)}"
    ):
        look_up(user, None)


@pytest.mark.parametrize("group", ["nope", "#-1", "#4294967295"])
def test_an_unknown_group_is_refused_whoever_starts(group: str) -> None:
    with pytest.raises(StartError, match=f"AH00544: fastlb: bad group name {group}"):
        look_up(None, group)


@pytest.mark.usefixtures("started_by_root")
def test_names_and_numbers_mean_the_same() -> None:
    by_name = look_up("nobody", None)
    assert by_name == Identity(NOBODY.pw_uid, NOBODY.pw_gid, "nobody")
    assert look_up(f"#{NOBODY.pw_uid}", f"#{NOBODY.pw_gid}") == by_name


@pytest.mark.usefixtures("started_by_root")
def test_a_number_without_an_account_is_taken() -> None:
    assert look_up("#64999", "#64998") == Identity(64999, 64998, None)


@pytest.mark.usefixtures("started_by_root")
def test_a_number_without_an_account_does_not_keep_the_group_of_root() -> None:
    with pytest.raises(StartError, match="User #64999 is no account"):
        look_up("#64999", None)


@pytest.mark.usefixtures("started_by_root")
@pytest.mark.parametrize("user", ["root", "#0", "#00"])
def test_workers_never_run_as_root(user: str) -> None:
    with pytest.raises(StartError, match=f"User {user}: workers must not run as root"):
        look_up(user, "#64998")


def test_an_ordinary_user_keeps_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert look_up("nobody", None) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
@pytest.mark.parametrize("name", ["nobody", None])
def test_there_is_no_way_back(name: str | None) -> None:
    identity = Identity(NOBODY.pw_uid, NOBODY.pw_gid, name)

    def body() -> int:
        assert os.getresuid() == (NOBODY.pw_uid,) * 3
        assert os.getresgid() == (NOBODY.pw_gid,) * 3
        assert 0 not in os.getgroups()
        try:
            os.setuid(0)
        except PermissionError:
            return 42
        return 1

    pid = spawn.fork("test", body, let_go=lambda: None, identity=identity)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 42
