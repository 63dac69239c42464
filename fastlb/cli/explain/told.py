"""What the core told, as text: bytes, heads and statuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


def text_of_bytes(data: Any) -> str:
    return "" if data is None else bytes(data).decode("latin-1")


def lines_of(head: bytes) -> tuple[str, ...]:
    return tuple(text_of_bytes(head).rstrip("\r\n").split("\r\n"))


def status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
