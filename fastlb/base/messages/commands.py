"""The command line, and the commands beside the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastlb.base.messages.message import Message

COMMANDS: Final[Mapping[str, Message]] = {
    "FB0701": Message(
        "warning",
        "The check has asked for a member's name, and nobody knows it.",
        "Correct the name, or check where the server will run.",
    ),
    "FB0702": Message(
        "notice", "No name server has answered whether members' names are known."
    ),
    "FB0730": Message(
        "error",
        "Lines of an access log cannot be written: its disk is full, or its program has"
        " gone or does not read fast enough. Requests go on; it is said once.",
        "Make room, or look at the program; FB0731 tells how many lines are missing.",
    ),
    "FB0731": Message(
        "notice", "An access log has lost no line for two seconds, after FB0730."
    ),
    "FB0900": Message(
        "notice",
        "A directive has its name of httpd 2.2 and before; it means the same.",
        "Write the name that the message gives; fastlb lint --fix does.",
    ),
    "FB0901": Message(
        "error",
        "What the system has to know for a start is not known to it: a user, a group.",
        "Make it, or name another one.",
    ),
    "FB0902": Message(
        "warning",
        "A #@ lint line cannot be read.",
        "Write #@ lint ignore FB0123, above the directive that is meant; or"
        " ignore-file.",
    ),
}
