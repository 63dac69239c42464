"""What Apache swallows although it cannot work (product.md 3)."""

from __future__ import annotations

from fastlb.model.drafts import Run


def lint(run: Run) -> None:
    """Look over the drafts."""
