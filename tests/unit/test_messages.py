"""The table of numbered messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rows import rows

from fastlb.base.messages import (
    FLOORS,
    MESSAGES,
    PARTS,
    Message,
    document,
    logged_level,
)

# What says a line; level, module and text follow: say(x, "error", "proxy", 0, "...")
SAYING = re.compile(r"\bsay\(|\blog_row\(|\.log\(|\.write\(|_log\(|_report\(|Report\(")
LEVEL = re.compile(r'"(?:emerg|alert|crit|error|warn|notice|info|debug)"')
LITERAL = re.compile(r'f?"((?:[^"\\]|\\.)*)"')
SPEAKERS = ("core", "logs", "worker", "monitor", "master", "cli")
ERRNO = r"(?:\(\{[\w.]+\}\)\{[\w.]+\}: )?"
BEGINNING = re.compile(ERRNO + r"(?:AH\d{5}|FB0\d{3}|\{'FB0\d{3}' if .*\}): ")

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"FB0[0-9]{3}")


def test_every_number_in_the_code_is_in_the_table() -> None:
    used = {
        number
        for path in (ROOT / "fastlb").rglob("*.py*")
        if path.suffix in (".py", ".pyx", ".pxd")
        and path.parent.name != "messages"
        and path.name != "errors.py"
        for number in NUMBER.findall(path.read_text())
    }
    assert sorted(used - MESSAGES.keys()) == []


@rows(("number", "message"), MESSAGES.items())
def test_a_message_has_a_floor_a_level_and_a_sentence(
    number: str, message: Message
) -> None:
    assert number[2:4] in FLOORS
    assert message.level in (
        *("emerg", "crit", "error", "warning", "notice", "info", "debug"),
    )
    assert message.meaning.endswith(".")
    assert not message.cure or message.cure.endswith(".")


def test_no_number_is_given_twice() -> None:
    given = [number for part in PARTS for number in part]
    assert sorted(given) == sorted(MESSAGES)


def test_the_list_of_messages_is_up_to_date() -> None:
    written = (ROOT / "docs" / "messages.md").read_text()
    assert written == document(), (
        "run: python -m fastlb.base.messages > docs/messages.md"
    )


def test_a_retired_number_stays_in_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Message("error", "It was.", retired=True)
    monkeypatch.setattr("fastlb.base.messages.MESSAGES", {"FB0199": gone})
    assert "| FB0199 | error | It was. (retired) |  |" in document()


def texts_said(path: Path) -> list[str]:
    """The literal beginnings of what a file says in the error log."""
    source = path.read_text()
    found = []
    for match in SAYING.finditer(source):
        # the call, to the parenthesis that closes it
        depth, end = 1, match.end()
        while depth and end < len(source):
            depth += {"(": 1, ")": -1}.get(source[end], 0)
            end += 1
        call = re.sub(r"death\.text\(.*?\)", "", source[match.end() : end])
        level = LEVEL.search(call)
        if level is not None:
            # the module's name is one word, and comes before
            words = LITERAL.findall(call[level.end() :])
            found += [word for word in words if " " in word][:1]
    return found


def test_what_is_said_in_the_error_log_has_a_number() -> None:
    said = {
        (path.relative_to(ROOT).as_posix(), text)
        for speaker in SPEAKERS
        for path in (ROOT / "fastlb" / speaker).rglob("*.py*")
        if path.suffix in (".py", ".pyx")
        for text in texts_said(path)
    }
    assert len(said) > 50, "the test finds what is said"
    bare = [(where, text) for where, text in said if not BEGINNING.match(text)]
    assert sorted(bare) == []


def test_a_line_has_the_level_of_its_number() -> None:
    assert logged_level("debug", "FB0301: x") == "error"
    assert logged_level("error", "FB0302: x") == "warn"
    assert logged_level("debug", "AH00014: x") == "debug"
    assert logged_level("info", "something") == "info"


def test_every_row_of_the_log_can_be_said() -> None:
    flow = ROOT / "fastlb/core/flow"
    table = (flow / "log_rows.pyx").read_text()
    names = re.findall(r"^cdef log_row SAY_(\w+) = log_row\(", table, re.M)
    assert len(names) > 50
    known = re.findall(r'name == "(\w+)"', (flow / "service_log.pyx").read_text())
    asked = set(re.findall(r"\{(\w+)[!:}]", table))
    # what the caller knows, and what is none of the others
    assert asked <= {*known, "number", "detail", "balancer"}
    sources = "".join(path.read_text() for path in flow.glob("*.pyx"))
    unsaid = [n for n in names if not re.search(rf"&SAY_{n}\b", sources)]
    assert not unsaid
