"""Lines of its input for syslog: the program of a CustomLog "syslog:...".

    python to_syslog.py PRIORITY TAG

It stands alone, so that it starts at once: nothing of fastlb is imported.
"""

from __future__ import annotations

import sys
import syslog
from collections.abc import Iterable


def pass_on(lines: Iterable[bytes], priority: int, tag: str) -> None:
    """Each line is a message."""
    syslog.openlog(tag, syslog.LOG_PID)
    for line in lines:
        text = line.rstrip(b"\n").decode("utf-8", "backslashreplace")
        syslog.syslog(priority, text.replace("\0", "\\0"))


if __name__ == "__main__":
    pass_on(sys.stdin.buffer, int(sys.argv[1]), sys.argv[2])
