"""The version of fastlb, as `Server` and `-v` show it. pyproject.toml repeats it."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
