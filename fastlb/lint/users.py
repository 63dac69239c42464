"""AuthUserFile, AuthGroupFile, AuthDBM*File: files that cannot do what they are for.

httpd says nothing at its start, and answers every request with 500; or, where a group
is kept out, with whatever is asked for: nobody is known to be in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final, NamedTuple

from fastlb.base.limits import AUTH_FILE_BYTES_MAX
from fastlb.base.regular import open_regular
from fastlb.config.tree import Node
from fastlb.facts.rewrite_maps import sdbm_pairs
from fastlb.facts.rules import AccessOp, AccessRule
from fastlb.facts.vhost import SectionKind
from fastlb.facts.words import AuthMerging
from fastlb.lint.takers import is_under
from fastlb.model.drafts import ConfDraft, Drafts, SectionDraft, ServerDraft
from fastlb.users.files import digests_of, users_of
from fastlb.users.hashes import is_digest, is_known

READ_MAX: Final = 1 << 20  # of a file that is looked through; pages of SDBM whole
DBM_NAMES: Final = ("authdbmuserfile", "authdbmgroupfile")


def lint_users(run: Drafts) -> None:
    for node, path in run.auth_files:
        try:
            with open_regular(path) as file:
                text = file.read(READ_MAX)
                size = os.fstat(file.fileno()).st_size
        except PermissionError:
            continue  # whoever checks need not be who serves
        except OSError as problem:
            if node.name.lower() in DBM_NAMES:
                _no_dbm(run, node, path.removesuffix(".pag"), problem)
                continue
            if node.name.lower() == "authgroupfile" and _admits(
                run, node, path, problem
            ):
                continue
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
        if size > AUTH_FILE_BYTES_MAX:
            run.report.warn(
                node,
                "FB0367",
                f"{node.name}: {size} bytes are more than {AUTH_FILE_BYTES_MAX}, the"
                " file is not read",
                why="requests that need it are answered with 500",
                cure="keep in it only those who use this server, or let AuthRequest ask"
                " somebody who knows them all",
                word=node.args[0],
            )
            continue
        if node.name.lower() == "authuserfile":
            _entries(run, node, text)
        elif node.name.lower() in DBM_NAMES:
            _pages(run, node, text)


def _no_dbm(run: Drafts, node: Node, path: str, problem: OSError) -> None:
    """There is no file of pages; another kind of file has the name itself."""
    if os.path.exists(path):
        _no_sdbm(run, node)
        return
    run.report.warn(
        node,
        "FB0351",
        f"{node.name}: {problem.strerror}",
        why="requests that need it are answered with 500",
        cure="make it with htdbm -cTSDBM",
        word=node.args[0],
    )


def _pages(run: Drafts, node: Node, data: bytes) -> None:
    try:
        sdbm_pairs(data)
    except ValueError:
        _no_sdbm(run, node)


def _no_sdbm(run: Drafts, node: Node) -> None:
    kind = "AuthDBMType" if node.name.lower() == "authdbmuserfile" else "AuthzDBMType"
    run.report.error(
        node,
        "FB0376",
        f"{node.name}: {node.args[0]} is no SDBM file",
        why="no other kind is read; Apache's own default may be another (Berkeley DB in"
        f" Debian), and it reads this one by {kind} SDBM",
        cure="make it anew with htdbm -cTSDBM",
        word=node.args[0],
    )


def _admits(run: Drafts, node: Node, path: str, problem: OSError) -> bool:
    """A file of groups without which somebody comes in that a rule keeps out: said."""
    rule = next((rule for rule in _rules_met(run, path) if _keeps_out(rule)), None)
    if rule is None:
        return False
    place = f" ({rule.file}:{rule.line})" if rule.line else ""
    run.report.error(
        node,
        "FB0355",
        f"{node.name}: {problem.strerror}",
        why=f"a rule keeps a group out{place}, and without the file nobody is known to"
        " be in it: all of them would come in",
        cure="make the file, be it empty, or take the rule away",
        word=node.args[0],
    )
    return True


class _Spot(NamedTuple):
    """Lines of access, and where they hold; no section: in the whole of the server."""

    server: ServerDraft
    section: SectionDraft | None
    draft: ConfDraft

    @property
    def prefix(self) -> str | None:
        """Of the paths for which it holds; None: not to be told from a path."""
        if self.section is None:
            return "/"
        is_plain = self.section.kind is SectionKind.LOCATION
        if is_plain and not (self.section.is_regex or self.section.is_glob):
            return self.section.pattern
        return None


def _rules_met(run: Drafts, path: str) -> Iterator[AccessRule]:
    """Rules that may be asked together with this file of groups."""
    spots = list(_spots(run))
    files = [spot for spot in spots if spot.draft.conf.auth_group_file == path]
    for spot in spots:
        if any(_meet(run, file, spot, path) for file in files):
            yield from spot.draft.requires
    for spot in spots:
        for rule in spot.draft.requires:
            if _names(rule, path):
                yield rule


def _names(rule: AccessRule, path: str) -> bool:
    """Is this the file of an alias by which it is meant?"""
    return rule.source == path or any(_names(inner, path) for inner in rule.rules)


def _meet(run: Drafts, file: _Spot, rule: _Spot, path: str) -> bool:
    if file.server is not rule.server and run.servers[0] not in (
        file.server,
        rule.server,
    ):
        return False
    above, below = file.prefix, rule.prefix
    if above is None or below is None or file.section is rule.section:
        return True
    if is_under(below, above):  # the rule's own file would hold instead
        return rule.draft.conf.auth_group_file in (None, path)
    if is_under(above, below):  # rules of the section that names the file, instead
        merging = file.draft.conf.auth_merging
        return not file.draft.requires or merging not in (None, AuthMerging.OFF)
    return False


def _spots(run: Drafts) -> Iterator[_Spot]:
    for server in run.servers:
        for draft in _with_ifs(server.default):
            yield _Spot(server, None, draft)
        for section in server.sections:
            for draft in _with_ifs(section.draft):
                yield _Spot(server, section, draft)


def _with_ifs(draft: ConfDraft) -> Iterator[ConfDraft]:
    yield draft
    for one in draft.ifs:
        yield from _with_ifs(one.draft)


def _keeps_out(rule: AccessRule, negated: bool = False) -> bool:
    """Does it grant because somebody is in no group?"""
    negated ^= rule.negated
    if rule.op is AccessOp.NONE_OF:
        negated = not negated
    if rule.op is AccessOp.GROUP:
        return negated
    return any(_keeps_out(inner, negated) for inner in rule.rules)


def _entries(run: Drafts, node: Node, text: bytes) -> None:
    digests = {
        name.partition(b":")[0]
        for name, stored in digests_of(text)
        if is_digest(stored)
    }
    for user, stored in users_of(text):
        if not is_known(stored) and user not in digests:
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
