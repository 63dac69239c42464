"""DER, as far as names and sessions need it: tag, length, content (X.690 8, 10)."""

from __future__ import annotations

from collections.abc import Iterator


def elements(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Tag, content, and the whole element, one after the other; ValueError."""
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise ValueError("DER ends in a header")
        tag, size, begin = data[at], data[at + 1], at + 2
        if size & 0x80:
            width = size & 0x7F
            size = int.from_bytes(data[begin : begin + width], "big")
            begin += width
        if begin + size > len(data):
            raise ValueError("DER ends in an element")
        yield tag, data[begin : begin + size], data[at : begin + size]
        at = begin + size


def content(data: bytes) -> bytes:
    """Of the one element that data is."""
    return next(elements(data))[1]


def dotted(identifier: bytes) -> str:
    """The content of an OBJECT IDENTIFIER as numbers: "2.5.4.3"."""
    arcs: list[int] = []
    value = 0
    for byte in identifier:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    if not arcs:
        return ""
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))
