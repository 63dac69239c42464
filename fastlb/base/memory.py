"""Pages of memory that nobody needs, back to the system.

A worker is forked with what the master holds, and shares it as long as neither writes
there; what is given back before is nobody's.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import sys

_MADV_DONTNEED = 4
_LIBC = ctypes.CDLL(None, use_errno=True)
_PAGE = mmap.PAGESIZE
_ZEROS = bytes(_PAGE)


def trim() -> None:
    """What the allocator keeps for later, as far as whole pages are free."""
    with contextlib.suppress(AttributeError):  # there is no such thing but in glibc
        _LIBC.malloc_trim(0)


def forget_zeros(thing: object) -> int:
    """Give back those pages of a large object that hold zeros only; how many they are.

    They are read as zeros again whenever somebody looks. uvloop's loop has a quarter of
    a megabyte to receive into, and nobody receives anything there. Only for an object
    that lies in memory of this process alone, which is where the interpreter puts it.
    """
    begin = -(-id(thing) // _PAGE) * _PAGE
    end = (id(thing) + sys.getsizeof(thing)) // _PAGE * _PAGE
    pages = [
        at for at in range(begin, end, _PAGE) if ctypes.string_at(at, _PAGE) == _ZEROS
    ]
    for at in pages:
        _LIBC.madvise(ctypes.c_void_p(at), ctypes.c_size_t(_PAGE), _MADV_DONTNEED)
    return len(pages)
