"""When the core was compiled."""

from __future__ import annotations

import os
import time

from fastlb import _core

# Read while the master imports this: a worker's user may not see the file.
_CORE_BUILT_S = os.stat(_core.__file__).st_mtime


def built() -> str:
    """As Apache prints it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(_CORE_BUILT_S))
