"""Requests under way, as workers tell them in the slot table (request_row of
core/balance/table.pxd): numbers, and text that came from clients.

A worker that was taken over may have written anything there. Whoever reads it looks
whether a number is one of these, and shows text as letters that print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

STATES: Final = (
    "reading",
    "deciding",
    "waiting for a member",
    "connecting",
    "waiting for the answer",
    "sending",
    "tunnel",
)
"""Their places are their numbers (UNDER_WAY_* of core/flow/under_way.pyx)."""

BYTES_MAX: Final = 1 << 56  # of one request; more is a lie

Row = tuple[int, int, int, int, int, str, bytes]


@dataclass(frozen=True, slots=True)
class UnderWay:
    """since_us: CLOCK_MONOTONIC; member: slot, -1: none; vhost: index in the model of
    the worker's generation; client: its address; text: method and path"""

    since_us: int
    state: str
    member: int
    vhost: int
    sent_bytes: int
    client: str
    text: str


def under_way_of(found: Sequence[Row], now_us: int) -> list[UnderWay]:
    """found: of one worker, as Table.requests has them."""
    return [
        UnderWay(
            min(max(since_us, 0), now_us),
            STATES[state],
            member,
            vhost,
            sent if sent < BYTES_MAX else 0,
            client,
            printable(text),
        )
        for since_us, state, member, vhost, sent, client, text in found
        if state < len(STATES)
    ]


def printable(text: bytes) -> str:
    r"""ASCII that prints; any other byte as \x1b."""
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in text
    )
