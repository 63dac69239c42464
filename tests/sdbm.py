"""Files of pairs as apr makes them: SDBM."""

from __future__ import annotations

import struct

PAGE_BYTES = 1024


def page(pairs: dict[str, str]) -> bytes:
    """One page of an SDBM file: numbers from its begin, pairs from its end."""
    at, numbers, text = PAGE_BYTES, [], b""
    for key, value in pairs.items():
        at -= len(key)
        numbers.append(at)
        at -= len(value)
        numbers.append(at)
        text = value.encode() + key.encode() + text
    head = struct.pack(f"={len(numbers) + 1}h", len(numbers), *numbers)
    return head + bytes(PAGE_BYTES - len(head) - len(text)) + text
