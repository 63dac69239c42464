"""The table of extensions that the core looks into (core/plan/mime.pyx).

    mask         4 bytes: slots - 1, a power of two less one
    slots        4 bytes each: where a record begins, from the table's begin; 0: none
    records      behind one another

    record       length of the extension (1 byte), the extension in lower case, and for
                 each field of MimeField
    field        1 byte: 0 nothing is said, 255 nothing holds, else the length + 1 of
                 the value that follows. Behind a type that is not empty two bytes: a
                 charset goes behind so many bytes of it, and in place of those before
                 the other

An extension's slot is its hash (core/ground/hash.pyx) & mask, or the next free one
behind it. Numbers are the machine's own; the table is good for its bytes alone.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from typing import Final

VALUE_MAX: Final = 250
"""Bytes of a type, a charset, a language: httpd has no bound but its line."""

EXTENSION_MAX: Final = 255
_HELD: Final = 2  # slots for each extension, at least

_TYPE = re.compile(r"\s*([^\s/;][^/\s;]*)\s*/\s*([^\s][^\s;]*)\s*(?:;\s*(.*))?", re.S)
_ATTRIBUTE = re.compile(
    r'\s*([^\s()<>@,;:\\"/\[\]?=]+)\s*=\s*'
    r'("(?:[^"\\\n]|\\.)*"|[^\s()<>@,;:\\"/\[\]?=]+)\s*(?:;|$)'
)


def hash_of(name: bytes) -> int:
    """FNV-1a of 64 bits."""
    value = 14695981039346656037
    for byte in name:
        value = (value ^ byte) * 1099511628211 & 0xFFFFFFFFFFFFFFFF
    return value


def analyzed(kind: str) -> tuple[str, int, int]:
    """(a type as it is sent, where another charset goes, where the rest goes on).

    What is no type with attributes is sent as it stands, and no charset goes into it:
    (kind, 0, 0).
    """
    found = _TYPE.fullmatch(kind)
    if found is None or (found[3] is not None and not found[3].strip()):
        return kind, 0, 0
    written = f"{found[1]}/{found[2]}"
    cut = resume = 0
    at, rest = 0, found[3] or ""
    while at < len(rest):
        one = _ATTRIBUTE.match(rest, at)
        if one is None:
            return kind, 0, 0
        at = one.end()
        if one[1] == "charset" and not cut:
            cut = len(written)
            written += f"; charset={one[2]}"
            resume = len(written)
        else:
            written += f"; {one[1]}={one[2]}"
    return written, cut or len(written), resume or len(written)


def pack(rows: Mapping[str, Iterable[str | bool]]) -> bytes:
    """rows: extension -> for each field its value, False: not said, True: nothing
    holds. The first field is the type."""
    size = 8
    while size < _HELD * len(rows):
        size *= 2
    slots = [0] * size
    start = 4 * (size + 1)
    records = bytearray()
    for extension, values in rows.items():
        name = extension.encode("latin-1")
        place = hash_of(name) & size - 1
        while slots[place]:
            place = place + 1 & size - 1
        slots[place] = start + len(records)
        records += bytes((len(name),)) + name
        for number, value in enumerate(values):
            records += _field(value, is_type=number == 0)
    return struct.pack(f"={size + 1}I", size - 1, *slots) + bytes(records)


def _field(value: str | bool, *, is_type: bool) -> bytes:
    if isinstance(value, bool):
        return b"\xff" if value else b"\0"
    if not is_type:
        return bytes((len(value) + 1,)) + value.encode("latin-1")
    written, cut, resume = analyzed(value)
    if len(written) > VALUE_MAX:
        written, cut, resume = value, 0, 0
    tail = bytes((cut, resume)) if written else b""
    return bytes((len(written) + 1,)) + written.encode("latin-1") + tail
