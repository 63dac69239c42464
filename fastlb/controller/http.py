"""Requests through the control socket: HTTP/1.1, one a connection.

Whoever may connect is the operator, who need not be believed all the same.
"""

from __future__ import annotations

import asyncio
import pwd
import socket
import struct
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

import httptools

from fastlb.controller.asked import Asked

HEAD_BYTES_MAX: Final = 65_536
BODY_BYTES_MAX: Final = 65_536
_READ_BYTES: Final = 65_536
_UCRED: Final = struct.Struct("3i")
HANDLER: Final = "balancer-api"


class HttpError(ValueError):
    """status: of the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Request:
    """What httptools tells."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.is_whole = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_whole = True


def peer_of(sock: socket.socket) -> int:
    """The account at the other end."""
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    uid: int = _UCRED.unpack(raw)[1]
    return uid


def name_of(uid: int) -> str:
    """For the log."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


async def read_request(reader: asyncio.StreamReader, who: str) -> Asked:
    """HttpError, IncompleteReadError."""
    request = _Request()
    parser = httptools.HttpRequestParser(request)
    seen = 0
    while not request.is_whole:
        data = await reader.read(_READ_BYTES)
        if not data:
            raise asyncio.IncompleteReadError(b"", None)
        seen += len(data)
        if seen > HEAD_BYTES_MAX + BODY_BYTES_MAX or len(request.body) > BODY_BYTES_MAX:
            raise HttpError(413, "The request is too large.")
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise HttpError(400, "There is nothing to upgrade to.") from None
        except httptools.HttpParserError as error:
            raise HttpError(400, f"No request of HTTP: {error}") from None
    target = request.url.decode("latin-1")
    path, _, query = target.partition("?")
    return Asked(
        handler=HANDLER,
        method=parser.get_method().decode("latin-1"),
        path=unquote(path),
        query=query,
        headers=request.headers,
        body=bytes(request.body),
        vhost_index=-1,
        host_name="localhost",
        host_port=0,
        script="",
        rest=unquote(path),
        client="",
        user=who,
    )


def answer_bytes(
    status: int,
    content_type: str,
    body: bytes,
    fields: tuple[tuple[str, str], ...],
    *,
    is_head: bool = False,
) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Content-Type: {content_type}",
        *(f"{name}: {value}" for name, value in fields),
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
    return head if is_head else head + body


def stream_head(content_type: str) -> bytes:
    """Of an answer in chunks, which goes on as long as there is something to tell."""
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n"
        "Cache-Control: no-store\r\nTransfer-Encoding: chunked\r\n"
        "Connection: close\r\n\r\n"
    ).encode()
