"""AuthUserFile and AuthGroupFile: files that cannot do what they are named for.

httpd says nothing at its start, and answers every request with 500.
"""

from __future__ import annotations

from typing import Final

from fastlb.base.regular import open_regular
from fastlb.config.tree import Node
from fastlb.model.drafts import Drafts
from fastlb.users.files import users_of
from fastlb.users.hashes import is_known

READ_MAX: Final = 1 << 20  # of a file that is looked through


def lint_users(run: Drafts) -> None:
    for node, path in run.auth_files:
        try:
            with open_regular(path) as file:
                text = file.read(READ_MAX)
        except PermissionError:
            continue  # whoever checks need not be who serves
        except OSError as problem:
            run.report.warn(
                node,
                "FB0351",
                f"{node.name}: {problem.strerror}",
                why="requests that need it are answered with 500, or with 401 where it"
                " holds groups",
                cure="make it with htpasswd -c",
                word=node.args[0],
            )
            continue
        if node.name.lower() == "authuserfile":
            _entries(run, node, text)


def _entries(run: Drafts, node: Node, text: bytes) -> None:
    for user, stored in users_of(text):
        if not is_known(stored):
            name = user.decode("utf-8", "replace")
            run.report.warn(
                node,
                "FB0352",
                f"the password of {name} is stored in a form that nobody knows",
                why="this user can never enter",
                cure="make it anew with htpasswd -B",
                word=node.args[0],
            )
            return
