"""Logs that nobody could read: directories that are missing, or stand in the place of a
file; streams that end; programs that are not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from fastlb.config.lexer import filesystem_path
from fastlb.config.tree import Node
from fastlb.logs.error import is_syslog
from fastlb.logs.files import standard_stream
from fastlb.logs.piped import LogProgramError, command_of, is_piped
from fastlb.model.drafts import Drafts

UNREAD_IN_BACKGROUND = "FB0167"  # a note; whoever starts in the background is warned
_NAMES = ("errorlog", "customlog", "transferlog", "globallog")


def lint_logs(run: Drafts, nodes: Sequence[Node]) -> None:
    """Look over the log lines that are written. nodes: of the whole tree."""
    told: set[str] = set()
    hosts = [node.children for node in nodes if node.name.lower() == "virtualhost"]
    for node in (line for lines in (nodes, *hosts) for line in lines):
        if node.name.lower() not in _NAMES or not node.args:
            continue
        target = node.args[0]
        if standard_stream(target) is not None:
            run.report.note(
                node,
                UNREAD_IN_BACKGROUND,
                f"{target} is read by whoever starts fastlb with -D FOREGROUND",
                why="in the background these lines are lost",
                cure="write a file, or a program: |/usr/bin/program",
                word=target,
            )
            continue
        is_elsewhere = is_syslog(target) and (
            run.lenient or node.name.lower() == "errorlog"
        )
        if is_piped(target):
            _look_at_program(run, node, target)
            continue
        if is_elsewhere:
            continue
        path = filesystem_path(os.path.join(run.server_root, target))
        path = path.replace("\0", "")
        folder = os.path.dirname(path)
        if os.path.isdir(path):
            run.report.warn(
                node,
                "FB0166",
                f"{path} is a directory",
                why="the start fails: Unable to open logs",
                cure=f"write a file in it, such as {os.path.join(path, 'NAME.log')}",
                word=target,
            )
        elif folder not in told and not os.path.isdir(folder):
            told.add(folder)
            run.report.warn(
                node,
                "FB0166",
                f"the directory {folder} does not exist",
                why="the start fails: Unable to open logs",
                cure=f"mkdir -p {folder}, or write {node.name} into a directory that is"
                " there",
                word=target,
            )


def _look_at_program(run: Drafts, node: Node, target: str) -> None:
    """A shell says itself what it does not find."""
    try:
        words = command_of(target)
    except LogProgramError:
        return
    if shutil.which(words[0]) is None:
        run.report.warn(
            node,
            "FB0174",
            f"{words[0]} is no program that can be executed",
            why="the start fails: AH00104: unable to start piped log program",
            cure="install it, or write the path at which it is",
            word=target,
        )
