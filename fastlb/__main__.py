"""`python -m fastlb`: the same as the command `fastlb`."""

from __future__ import annotations

import sys

from fastlb.cli.entry import entry

if __name__ == "__main__":
    sys.exit(entry())
