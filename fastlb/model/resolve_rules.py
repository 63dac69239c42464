"""Rules."""

from __future__ import annotations

from typing import Final

from fastlb.model.drafts import Handler

HANDLERS: Final[dict[str, Handler]] = {}
