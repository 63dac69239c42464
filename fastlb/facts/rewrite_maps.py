"""Maps of mod_rewrite: what their files hold.

A file is read as a whole: here by the check, for what [P] may lead to; by each worker
when it starts and when the file has changed, in core/plan/map_file.pyx.
"""

from __future__ import annotations

import enum
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fastlb.facts.vhost import VHost

MAP_BYTES_MAX: Final = 64 << 20
"""Of a file; a larger one is refused, or not read again."""
_PAGE: Final = 1024
"""Of an SDBM file: numbers of pairs first, their bytes from the end."""


class MapKind(enum.Enum):
    """Where a map looks."""

    TXT = "txt"
    RND = "rnd"
    INT = "int"
    SDBM = "dbm=sdbm"
    PRG = "prg"


FUNCTIONS: Final = ("tolower", "toupper", "escape", "unescape")
"""Of int:, in the order of the core."""


@dataclass(frozen=True, slots=True)
class RewriteMap:
    """One RewriteMap.

    source  an absolute path, or the name of a function
    args    what a program gets on its command line, behind its path
    user    whom the program becomes, and the group; None: those of the workers
    """

    name: str
    kind: MapKind
    source: str
    args: tuple[str, ...] = ()
    user: str | None = None
    group: str | None = None


def maps_by_program(vhosts: Iterable[VHost]) -> tuple[RewriteMap, ...]:
    """Those whose program runs: a host's whose engine is on, as httpd starts them.

    Equal ones share a program. Their order is their number, here and in the core.
    """
    return tuple(
        dict.fromkeys(
            known
            for vhost in vhosts
            if vhost.rewrite is not None and vhost.rewrite.engine
            for known in vhost.rewrite.maps
            if known.kind is MapKind.PRG
        )
    )


def pairs_of(kind: MapKind, source: str) -> dict[bytes, bytes]:
    """Keys and values of a map with a file; the first of equal keys counts.

    Raises OSError, and ValueError for what is no such file.
    """
    path = f"{source}.pag" if kind is MapKind.SDBM else source
    # Whoever has put a pipe there would stop us.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ValueError(f"{path} is no regular file")
        if about.st_size > MAP_BYTES_MAX:
            raise ValueError(f"{path} is larger than {MAP_BYTES_MAX >> 20} MiB")
        data = file.read(MAP_BYTES_MAX)
    return sdbm_pairs(data) if kind is MapKind.SDBM else _text_pairs(data)


def _text_pairs(data: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for line in data.split(b"\n"):
        if line[:1] in (b"#", b"") or line[:1].isspace():
            continue
        words = line.split(None, 2)
        if len(words) > 1:
            found.setdefault(words[0], words[1])
    return found


def sdbm_pairs(data: bytes) -> dict[bytes, bytes]:
    """What a file of pages holds. Raises ValueError."""
    found: dict[bytes, bytes] = {}
    for at in range(0, len(data), _PAGE):
        page = data[at : at + _PAGE]
        if len(page) < _PAGE:
            raise ValueError("the file ends within a page")
        (count,) = struct.unpack_from("=h", page)
        if not 0 <= count <= _PAGE // 2 - 1 or count % 2:
            raise ValueError("it is no SDBM file")
        offsets = struct.unpack_from(f"={count}h", page, 2)
        end = _PAGE
        for key_at, value_at in zip(offsets[::2], offsets[1::2], strict=True):
            if not 0 <= value_at <= key_at <= end:
                raise ValueError("it is no SDBM file")
            found.setdefault(page[key_at:end], page[value_at:key_at])
            end = value_at
    return found
