"""Every numbered message. A number is given once and for life.

Numbers go by floor: FB01xx configuration text, 02xx model, 03xx core, 04xx logs and
admin, 05xx worker and monitor, 06xx master, 07xx command line. A changed text keeps
its number; a changed meaning gets a new one; a number that is no longer used stays
here with `retired=True`. `docs/messages.md` is made from this table
(`python -m fastlb.base.messages`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Message:
    """What a number means.

    level    error, warning, notice, info or debug: the usual one
    meaning  what has happened, one sentence
    cure     what the operator does next; "" when nothing is to be done
    """

    level: str
    meaning: str
    cure: str = ""
    retired: bool = False


FLOORS = {
    "01": "Configuration text",
    "02": "Model",
    "03": "Core",
    "04": "Logs and admin pages",
    "05": "Workers and monitor",
    "06": "Master",
    "07": "Command line",
}

_CONFIG = {
    "FB0101": Message(
        "error",
        "Sections are not closed in the order in which they were opened.",
        "Close each section in the file in which it begins.",
    ),
    "FB0102": Message(
        "error",
        "A section's line lacks its closing >.",
        "Write the whole head of a section on one line: <Location /path>.",
    ),
    "FB0103": Message(
        "error",
        "A file cannot be opened, or Include finds nothing.",
        "Correct the path, or use IncludeOptional where nothing is sound.",
    ),
    "FB0104": Message(
        "error",
        "Files include one another too deeply, or too many files are included.",
        "Look for a file that includes itself.",
    ),
    "FB0105": Message(
        "error",
        "A word is not the name of a directive.",
        "Take the suggested spelling; fastlb -L lists all names.",
    ),
    "FB0106": Message(
        "error",
        "A directive stands where it may not.",
        "Move it to one of the places that the message names.",
    ),
    "FB0107": Message(
        "error",
        "A value is not one that the directive takes.",
        "See the directive in docs/directives.md.",
    ),
    "FB0108": Message(
        "error",
        "A directive has too few or too many arguments.",
        "Put quotes around an argument that holds blanks.",
    ),
    "FB0109": Message(
        "warning",
        "${NAME} is neither defined nor in the environment and stays as it is.",
        "Define it above its use, or export it before the start.",
    ),
    "FB0110": Message("error", "A name in Define or UnDefine holds a colon."),
    "FB0111": Message("error", "An Error directive stops the configuration."),
    "FB0112": Message("notice", "LoadModule names a module that fastlb does not have."),
    "FB0113": Message("warning", "LoadModule names a module for the second time."),
    "FB0114": Message("warning", "LoadModule names a module that nobody knows."),
    "FB0115": Message(
        "error",
        "LoadModule names a module that routes or protects requests.",
        "Let another server do its work, then delete the line.",
    ),
    "FB0116": Message(
        "error",
        "A directive of Apache is refused, because ignoring it would change answers.",
        "Say it otherwise, or delete the line.",
    ),
    "FB0117": Message(
        "warning",
        "A directive is planned and not served yet; an error where that is unsafe.",
    ),
    "FB0118": Message("notice", "A directive is taken and changes nothing."),
    "FB0119": Message(
        "warning",
        "A word that begins with # stands behind a directive as an argument.",
        "Put comments on lines of their own.",
    ),
    "FB0120": Message(
        "warning",
        "MaxRequestPerChild is taken as MaxConnectionsPerChild.",
        "Write MaxConnectionsPerChild outside every section.",
    ),
    "FB0121": Message(
        "warning",
        "Stickysession as a directive is taken as a key of ProxySet.",
        "Write ProxySet stickysession=NAME.",
    ),
    "FB0122": Message(
        "warning",
        "A directive of the whole server stands inside <Proxy> and is taken for it.",
        "Move it outside every section.",
    ),
    "FB0123": Message("error", "The condition of a section cannot be read."),
    "FB0124": Message("error", "ServerRoot is not a directory."),
    "FB0125": Message("error", "A line with its continuations is too long."),
    "FB0126": Message(
        "error",
        "SSLEngine on: TLS is not served yet, and the port would speak plain text.",
        "Let TLS end in front of fastlb.",
    ),
    "FB0128": Message(
        "notice",
        "<IfModule> is false for a module that LoadModule names.",
    ),
    "FB0131": Message("warning", "A quotation mark is not closed on its line."),
    "FB0135": Message("warning", "Words behind On or Off are ignored."),
}

MESSAGES: Mapping[str, Message] = MappingProxyType({**_CONFIG})


def document() -> str:
    """The text of docs/messages.md."""
    lines = [
        "# Messages",
        "",
        "Made from `fastlb/base/messages.py` by `python -m fastlb.base.messages`.",
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


if __name__ == "__main__":
    print(document(), end="")
