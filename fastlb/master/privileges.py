"""User and group of the workers: taken on once, with no way back.

The master stays what it was started as: it opens sockets, keys and logs. A worker
gives up root before it reads its first byte.
"""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass

from fastlb.facts.server import ProcessSettings
from fastlb.master.errors import Exit, StartError

NO_ID = 0xFFFF_FFFF  # (uid_t)-1
NOBODY_ID = 65534  # where the system has no account of that name
USUAL_ACCOUNTS = ("www-data", "apache", "http", "wwwrun", "www", "nobody")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a worker becomes."""

    uid: int
    gid: int
    user_name: str | None  # None: a bare number without an account


def look_up(settings: ProcessSettings, program: str) -> Identity | None:
    """The identity that User and Group name; None to keep the present one.

    Names are checked whoever starts the server; they are used only by root, and root
    must name a User: StartError when it does not, or names one that is root itself.
    program: the name that messages begin with.
    """
    uid, gid, name = os.getuid(), os.getgid(), None
    if settings.user is not None:
        uid, account_gid, name = _user(settings.user, program)
        gid = account_gid if account_gid is not None else gid
    if settings.group is not None:
        gid = _group(settings.group, program)
    if os.geteuid() != 0:
        return None
    if settings.user is None:
        what = f"Group {settings.group} without" if settings.group else "no"
        raise _refused(f"{program}: {what} User: workers must not run as root")
    if uid == 0:
        raise _refused(f"{program}: User {settings.user}: workers must not run as root")
    if name is None and settings.group is None:
        # Without an account to say otherwise they would keep the group of root.
        raise _refused(
            f"{program}: User {settings.user} is no account: without a Group workers "
            "would keep that of root"
        )
    if name is not None:
        # A worker asks anew; the library's modules for it are here then, for all.
        os.getgrouplist(name, gid)
    return Identity(uid, gid, name)


def is_another(settings: ProcessSettings, program: str) -> bool:
    """Whether User and Group name somebody whom this process is not. StartError as
    look_up."""
    uid, gid = os.getuid(), None
    if settings.user is not None:
        uid, gid, _ = _user(settings.user, program)
    if settings.group is not None:
        gid = _group(settings.group, program)
    return uid != os.getuid() or gid not in (None, os.getgid(), *os.getgroups())


def nobody() -> Identity:
    """Whom a process becomes that needs nothing of anybody."""
    try:
        account = pwd.getpwnam("nobody")
    except KeyError:
        return Identity(NOBODY_ID, NOBODY_ID, None)
    return Identity(account.pw_uid, account.pw_gid, account.pw_name)


def cure() -> str:
    """What root has to write: the first account for the purpose that there is."""
    for name in USUAL_ACCOUNTS:
        try:
            account = pwd.getpwnam(name)
            group = grp.getgrgid(account.pw_gid).gr_name
        except KeyError:
            continue
        return f"write User {name} and, on a line of its own, Group {group}"
    return f"write User #{NOBODY_ID} and, on a line of its own, Group #{NOBODY_ID}"


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


def _refused(what: str) -> StartError:
    return StartError(
        Exit.REFUSED,
        f"{what}\n    whoever took over a worker would own the machine\n    {cure()}",
    )


def _number(text: str) -> int:
    """An id; ValueError for anything else.

    The system reads the largest one, (id)-1, as "leave it as it is": a worker that
    was given it would stay root.
    """
    if not text.isdecimal() or not text.isascii() or int(text) >= NO_ID:
        raise ValueError(text)
    return int(text)


def _user(name: str, program: str) -> tuple[int, int | None, str | None]:
    try:
        if name.startswith("#"):
            uid = _number(name[1:])
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
        if name.startswith("#"):
            return _number(name[1:])
        return grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise StartError(
            Exit.REFUSED, f"AH00544: {program}: bad group name {name}"
        ) from None
