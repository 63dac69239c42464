"""User and group of the workers: taken on once, with no way back.

The master stays what it was started as: it opens sockets, keys and logs. A worker
gives up root before it reads its first byte.
"""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass

from fastlb.master.errors import Exit, StartError
from fastlb.model.server import ProcessSettings


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a worker becomes."""

    uid: int
    gid: int
    user_name: str | None  # None: a bare number without an account


def look_up(settings: ProcessSettings, program: str) -> Identity | None:
    """The identity that User and Group name; None to keep the present one.

    Names are checked whoever starts the server; they are used only by root
    (spec: operations.md 3). program: the name that messages begin with.
    """
    uid, gid, name = os.getuid(), os.getgid(), None
    if settings.user is not None:
        uid, account_gid, name = _user(settings.user, program)
        gid = account_gid if account_gid is not None else gid
    if settings.group is not None:
        gid = _group(settings.group, program)
    if os.geteuid() != 0 or (settings.user is None and settings.group is None):
        return None
    if uid == 0 and settings.user is not None:
        raise StartError(
            Exit.REFUSED,
            f"{program}: User {settings.user}: workers must not run as root\n"
            "    whoever took over a worker would own the machine\n"
            "    name an account without privileges, such as User www-data",
        )
    return Identity(uid, gid, name)


def take_on(identity: Identity) -> None:
    """Become identity for good; OSError when the system refuses.

    The order matters: after setresuid nothing else could be changed. All three ids
    are set, so that no saved one is left to go back to.
    """
    if identity.user_name is not None:
        os.initgroups(identity.user_name, identity.gid)
    else:
        os.setgroups([identity.gid])
    os.setresgid(identity.gid, identity.gid, identity.gid)
    os.setresuid(identity.uid, identity.uid, identity.uid)
    if identity.uid != 0 and 0 in os.getresuid():
        raise PermissionError("the process could become root again")


def _user(name: str, program: str) -> tuple[int, int | None, str | None]:
    try:
        if name.startswith("#"):
            uid = int(name[1:])
            try:
                account = pwd.getpwuid(uid)
            except KeyError:
                return uid, None, None
        else:
            account = pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise StartError(
            Exit.REFUSED, f"AH00543: {program}: bad user name {name}"
        ) from None
    return account.pw_uid, account.pw_gid, account.pw_name


def _group(name: str, program: str) -> int:
    try:
        return int(name[1:]) if name.startswith("#") else grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise StartError(
            Exit.REFUSED, f"AH00544: {program}: bad group name {name}"
        ) from None
