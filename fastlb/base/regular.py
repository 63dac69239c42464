"""Files that others may have put there: opened without waiting for anybody.

To open a FIFO waits for who writes to it, and a device may have no end.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO


def open_regular(path: str | bytes) -> BinaryIO:
    """For reading. Raises OSError, also for what is neither a file nor /dev/null."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    file = os.fdopen(fd, "rb")
    about = os.fstat(fd)
    if not stat.S_ISREG(about.st_mode) and not _is_null(about):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file")
    return file


def _is_null(about: os.stat_result) -> bool:
    return stat.S_ISCHR(about.st_mode) and about.st_rdev == os.stat(os.devnull).st_rdev
