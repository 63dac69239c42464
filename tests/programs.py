"""Programs that are not ours, as tests run them."""

from __future__ import annotations

import os


def bare_environment() -> dict[str, str]:
    """curl and others stand still where a sanitizer is loaded before them."""
    return {name: v for name, v in os.environ.items() if name != "LD_PRELOAD"}
