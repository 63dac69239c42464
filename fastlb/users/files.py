"""Files of users and of groups, read anew when they have changed."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from fastlb.base.limits import AUTH_FILE_BYTES_MAX
from fastlb.base.regular import open_regular
from fastlb.facts.dbm import DbmFile
from fastlb.facts.rewrite_maps import sdbm_pairs

Stamp = tuple[int, ...]
Kind = Callable[[bytes], Iterator[tuple[bytes, bytes]]]
RACY_NS: Final = 50_000_000
"""A file that was written so short a time ago may be written again unseen: clocks of
file systems stand still for some milliseconds."""


def stamp_of(found: os.stat_result) -> Stamp:
    return (
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """What was read of one file. With is_large nothing was: AUTH_FILE_BYTES_MAX."""

    stamp: Stamp
    entries: dict[bytes, bytes]
    settled: bool  # it was not written while it was read, or just before
    is_large: bool = False


class Files:
    """What files hold, as long as they are what they were."""

    def __init__(self) -> None:
        self._kept: dict[tuple[bytes, Kind], Kept] = {}

    def users(self, file: bytes | DbmFile) -> Kept:
        """Name -> hash. Raises OSError."""
        if isinstance(file, DbmFile):
            return self._read(os.fsencode(file.pages), dbm_hashes_of)
        return self._read(file, users_of)

    def groups(self, path: bytes) -> Kept:
        """Group in lower case -> its users, each between two ends of a line."""
        return self._read(path, groups_of)

    def dbm_groups(self, file: DbmFile) -> Kept:
        """User, or "user:realm" -> groups, with commas between them."""
        return self._read(os.fsencode(file.pages), dbm_groups_of)

    def digests(self, file: bytes | DbmFile) -> Kept:
        """ "name:realm" -> hash, as htdigest writes them."""
        if isinstance(file, DbmFile):
            return self._read(os.fsencode(file.pages), dbm_hashes_of)
        return self._read(file, digests_of)

    def _read(self, path: bytes, kind: Kind) -> Kept:
        kept = self._kept.get((path, kind))
        stamp = stamp_of(os.stat(path))
        if kept is not None and kept.stamp == stamp and kept.settled:
            return kept
        with open_regular(path) as file:
            found = os.fstat(file.fileno())
            text = file.read(AUTH_FILE_BYTES_MAX + 1)
            after = os.fstat(file.fileno())
        is_large = len(text) > AUTH_FILE_BYTES_MAX
        age_ns = time.time_ns() - max(after.st_mtime_ns, after.st_ctime_ns)
        kept = Kept(
            stamp_of(found),
            dict(kind(text)) if not is_large else {},
            stamp_of(found) == stamp_of(after) and not 0 <= age_ns < RACY_NS,
            is_large,
        )
        self._kept[path, kind] = kept
        return kept


def lines_of(text: bytes) -> Iterator[bytes]:
    """As httpd reads lines: stripped, a backslash at the end joins the next."""
    for line in text.replace(b"\\\r\n", b"").replace(b"\\\n", b"").split(b"\n"):
        stripped = line.strip(b" \t\r\v\f")
        if stripped and not stripped.startswith(b"#"):
            yield stripped


def users_of(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """name:hash[:...]. The first line of a name holds, so it comes last."""
    for line in reversed(list(lines_of(text))):
        name, colon, rest = line.partition(b":")
        yield name, rest.lstrip(b":").partition(b":")[0] if colon else b""


def digests_of(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """name:realm:hash. The first line of a name in a realm holds, so it comes last."""
    for line in reversed(list(lines_of(text))):
        name, _, rest = line.partition(b":")
        realm, _, rest = rest.lstrip(b":").partition(b":")
        yield name + b":" + realm, rest.lstrip(b":").partition(b":")[0]


def groups_of(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """name: user user ... Lines of one group are one."""
    joined: dict[bytes, bytes] = {}
    for line in lines_of(text):
        name, _, users = line.partition(b":")
        name = name.rstrip().lower()
        words = (word.strip(b"\"'") for word in users.split())
        joined[name] = joined.get(name, b"\n") + b"".join(w + b"\n" for w in words)
    return iter(joined.items())


def dbm_hashes_of(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """User, or user:realm, and what stands before a first colon of its value."""
    for key, value in _dbm_pairs(data):
        yield key, value.partition(b":")[0]


def dbm_groups_of(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The same with the groups: what stands behind a first colon, where there is one,
    up to a second."""
    for key, value in _dbm_pairs(data):
        first, colon, rest = value.partition(b":")
        yield key, rest.partition(b":")[0] if colon else first


def _dbm_pairs(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """As strings of C. Raises OSError for what is no SDBM file."""
    try:
        pairs = sdbm_pairs(data)
    except ValueError as problem:
        raise OSError(errno.EINVAL, str(problem)) from None
    for key, value in pairs.items():
        yield key, value.partition(b"\0")[0]
