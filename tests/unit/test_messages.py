"""The table of numbered messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fastlb.base.messages import FLOORS, MESSAGES, Message, document

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"FB0[0-9]{3}")


def test_every_number_in_the_code_is_in_the_table() -> None:
    used = {
        number
        for path in (ROOT / "fastlb").rglob("*.py*")
        if path.suffix in (".py", ".pyx", ".pxd")
        and path.name not in ("messages.py", "errors.py")
        for number in NUMBER.findall(path.read_text())
    }
    assert sorted(used - MESSAGES.keys()) == []


@pytest.mark.parametrize(("number", "message"), MESSAGES.items())
def test_a_message_has_a_floor_a_level_and_a_sentence(
    number: str, message: Message
) -> None:
    assert number[2:4] in FLOORS
    assert message.level in ("error", "warning", "notice", "info", "debug")
    assert message.meaning.endswith(".")
    assert not message.cure or message.cure.endswith(".")


def test_the_list_of_messages_is_up_to_date() -> None:
    written = (ROOT / "docs" / "messages.md").read_text()
    assert written == document(), (
        "run: python -m fastlb.base.messages > docs/messages.md"
    )


def test_a_retired_number_stays_in_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Message("error", "It was.", retired=True)
    monkeypatch.setattr("fastlb.base.messages.MESSAGES", {"FB0199": gone})
    assert "| FB0199 | error | It was. (retired) |  |" in document()
