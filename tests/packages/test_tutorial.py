"""The tutorial from its first command on, with a built wheel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from console import Console

PAGE = Path(__file__).parents[2] / "docs/tutorial.md"
PIP = "pip install --quiet fastlb\n"
COMMANDS_MAX = 10


@pytest.mark.needs("wheel", "curl")
def test_a_newcomer_drains_a_member(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    assert text.count(PIP) == 1
    wheel = Path(os.environ["FASTLB_WHEEL"]).resolve()
    (tmp_path / wheel.name).symlink_to(wheel)
    for folder in (tmp_path, tmp_path.parent):
        folder.chmod(0o755)  # a worker may be another user
    text = text.replace(PIP, PIP.replace("fastlb", f"./{wheel.name}"))
    with Console(tmp_path, {}) as console:
        count = console.play(text)
    assert count <= COMMANDS_MAX
