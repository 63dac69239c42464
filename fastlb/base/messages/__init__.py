"""Every numbered message. A number is given once and for life.

Numbers go by floor: FB01xx configuration text, 02xx model, 03xx core, 04xx logs and
admin, 05xx worker and monitor, 06xx master, 07xx command line, 08xx rewriting, 09xx
commands beside the server. A changed text keeps its number; a changed meaning gets a
new one; a number that is no longer used stays here with `retired=True`.
`docs/messages.md` is made from this table (`python -m fastlb.base.messages`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastlb.base.messages.commands import COMMANDS
from fastlb.base.messages.config import CONFIG
from fastlb.base.messages.core import CORE
from fastlb.base.messages.master import MASTER
from fastlb.base.messages.message import Message
from fastlb.base.messages.model import MODEL
from fastlb.base.messages.rewriting import REWRITING
from fastlb.base.messages.worker import WORKER

FLOORS = {
    "01": "Configuration text",
    "02": "Model",
    "03": "Core",
    "04": "Logs and admin pages",
    "05": "Workers and monitor",
    "06": "Master",
    "07": "Command line, and logs",
    "08": "Rewriting",
    "09": "Commands beside the server",
}

PARTS = (CONFIG, MODEL, REWRITING, CORE, WORKER, MASTER, COMMANDS)
MESSAGES: Mapping[str, Message] = MappingProxyType(
    {number: message for part in PARTS for number, message in part.items()}
)


def logged_level(level: str, text: str) -> str:
    """LogLevel's word for a line: its number's own; level where it has none of ours."""
    message = MESSAGES.get(text[:6])
    if message is None:
        return level
    return "warn" if message.level == "warning" else message.level


def document() -> str:
    """The text of docs/messages.md."""
    lines = [
        "# Messages",
        "",
        "Made from `fastlb/base/messages/` by `python -m fastlb.base.messages`.",
        "A number is given once and for life.",
    ]
    for prefix, title in FLOORS.items():
        rows = [
            (number, message)
            for number, message in sorted(MESSAGES.items())
            if number[2:4] == prefix
        ]
        if not rows:
            continue
        lines += ["", f"## {title}", "", "| number | level | meaning | what to do |"]
        lines.append("|---|---|---|---|")
        for number, message in rows:
            meaning = message.meaning + (" (retired)" if message.retired else "")
            lines.append(f"| {number} | {message.level} | {meaning} | {message.cure} |")
    return "\n".join(lines) + "\n"
