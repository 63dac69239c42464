"""Requests as workers hand them on: SCGI, one a connection.

A netstring of NUL-ended names and values, the body behind it; the answer is a head of
CGI's fields and a body, which ends with the connection. Bounds are those of what a
worker lets through; whoever else comes through the door is cut short by them.
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from fastlb.controller.asked import Asked

HEAD_BYTES_MAX: Final = 262_144
BODY_BYTES_MAX: Final = 65_536
_LENGTH_DIGITS: Final = 7


class ScgiError(ValueError):
    """No request; there is nobody to be told."""


class TooLargeError(ValueError):
    """A body of more than BODY_BYTES_MAX."""


async def read_request(reader: asyncio.StreamReader) -> Asked:
    """ScgiError, TooLargeError, IncompleteReadError."""
    digits = await _until_colon(reader)
    size = int(digits)
    if size > HEAD_BYTES_MAX:
        raise ScgiError("head")
    head = await reader.readexactly(size + 1)
    if head[-1:] != b",":
        raise ScgiError("netstring")
    fields = pairs_of(head[:-1])
    length = fields.get("CONTENT_LENGTH", "0") or "0"
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        raise ScgiError("length")
    if int(length) > BODY_BYTES_MAX:
        raise TooLargeError
    return asked_of(fields, await reader.readexactly(int(length)))


async def _until_colon(reader: asyncio.StreamReader) -> bytes:
    digits = bytearray()
    while (byte := await reader.readexactly(1)) != b":":
        digits += byte
        if not byte.isdigit() or len(digits) > _LENGTH_DIGITS:
            raise ScgiError("length")
    if not digits:
        raise ScgiError("length")
    return bytes(digits)


def pairs_of(head: bytes) -> dict[str, str]:
    """Names and values; of one that comes twice the last."""
    parts = head.split(b"\0")
    if len(parts) % 2 != 1 or parts[-1]:
        raise ScgiError("pairs")
    texts = [part.decode("latin-1") for part in parts[:-1]]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def asked_of(fields: dict[str, str], body: bytes) -> Asked:
    """What a handler sees of it. ScgiError where no worker of ours has written it."""
    # proxy:scgi://fastlb-controller/INDEX-KEY/HANDLER
    whole = fields.get("SCRIPT_FILENAME", "").removeprefix("proxy:")
    _, word, handler = (urlsplit(whole).path.split("/") + [""] * 3)[:3]
    vhost = word.partition("-")[0]
    if not (vhost.isascii() and vhost.isdigit() and len(vhost) < 9):
        raise ScgiError("host")
    target = fields.get("REQUEST_URI", "/")
    path, _, _ = target.partition("?")
    port = fields.get("SERVER_PORT", "0")
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in fields.items()
        if name.startswith("HTTP_")
    }
    if "CONTENT_TYPE" in fields:
        headers["content-type"] = fields["CONTENT_TYPE"]
    return Asked(
        handler=handler,
        method=fields.get("REQUEST_METHOD", "GET"),
        path=unquote_to_bytes(path).decode("utf-8", "replace"),
        query=fields.get("QUERY_STRING", ""),
        headers=headers,
        body=body,
        vhost_index=int(vhost),
        host_name=fields.get("SERVER_NAME", ""),
        host_port=int(port) if port.isascii() and port.isdigit() else 0,
        script=fields.get("SCRIPT_NAME", ""),
        rest=fields.get("PATH_INFO", ""),
        client=fields.get("REMOTE_ADDR", ""),
        user=fields.get("REMOTE_USER", ""),
        local_host=fields.get("SERVER_ADDR", ""),
        host_word=word,
    )


def answer_bytes(
    status: int, content_type: str, body: bytes, fields: tuple[tuple[str, str], ...]
) -> bytes:
    """As a gateway's application answers. No field of ours holds a line's end."""
    lines = [f"Status: {status}", f"Content-Type: {content_type}"]
    lines += [f"{name}: {value}" for name, value in fields]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body
