"""The opening handshake of WebSocket (RFC 6455 4), as a check of health makes it."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Final, Protocol

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3
_CLOSE_1000: Final = b"\x03\xe8"
_CLOSE_MASKED: Final = b"\x88\x82"  # FIN and opcode 8; masked, two bytes


class Answered(Protocol):
    """Fields of an answer, and the first value of one; b"": it has none."""

    fields: list[tuple[bytes, bytes]]

    def value(self, name: bytes) -> bytes: ...


def new_key() -> str:
    return base64.b64encode(os.urandom(16)).decode()


def handshake_of(key: str) -> list[tuple[str, str]]:
    return [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Version", "13"),
    ]


def accept_of(key: str) -> bytes:
    digest = hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest)


def is_handshake(answer: Answered, key: str) -> bool:
    """Of a 101 (4.1): who has read the key, and changes to what was asked for."""
    lines = [value for name, value in answer.fields if name.lower() == b"connection"]
    options = b",".join(lines).lower().split(b",")
    return (
        answer.value(b"upgrade").lower() == b"websocket"
        and b"upgrade" in [one.strip(b" \t") for one in options]
        and answer.value(b"sec-websocket-accept") == accept_of(key)
    )


def farewell() -> bytes:
    """A close frame of a client (5.5.1): normal closure."""
    mask = os.urandom(4)
    masked = bytes(one ^ key for one, key in zip(_CLOSE_1000, mask, strict=False))
    return _CLOSE_MASKED + mask + masked
