"""Pages of the manual whose commands are played as they stand there."""

from __future__ import annotations

from pathlib import Path

import pytest
from console import Console, command_in

ROOT = Path(__file__).parents[2]


@pytest.mark.needs("curl")
def test_a_day_of_an_operator(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path.parent):
        folder.chmod(0o755)  # a worker may be another user
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    with Console(tmp_path, command_in(tmp_path, ROOT)) as console:
        assert console.play(text) > 30
