"""A member for `fastlb demo`: a small HTTP server that says who it is.

It answers every request with a line about itself, keeps connections open, and gives
each visitor a session cookie that ends in its route, as an application server does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import uuid
from http.cookies import CookieError, SimpleCookie
from typing import cast

import httptools
import uvloop

COOKIE = "SESSION"


def run(name: str, sock: socket.socket) -> int:
    """Serve on a listening socket until TERM; the body of a process of its own."""
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    count = [0]
    loop.run_until_complete(loop.create_server(lambda: Visitor(name, count), sock=sock))
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    loop.call_soon(signal.pthread_sigmask, signal.SIG_SETMASK, ())
    loop.run_forever()
    return 0


class Visitor(asyncio.Protocol):
    """One connection. count[0] is the member's number of requests."""

    def __init__(self, name: str, count: list[int]) -> None:
        self._name = name
        self._count = count
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.WriteTransport | None = None
        self._cookie = ""
        self._target = b""

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods but not the base class.
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._close()

    # what httptools calls

    def on_message_begin(self) -> None:
        self._cookie = ""
        self._target = b""

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"cookie":
            self._cookie = value.decode("latin-1")

    def on_message_complete(self) -> None:
        self._count[0] += 1
        session = self._session()
        known = session or f"{uuid.uuid4().hex[:8]}.{self._name}"
        text = (
            f"member {self._name} (pid {os.getpid()}), its request number "
            f"{self._count[0]}, session {known}\n"
        )
        fields = [
            "HTTP/1.1 200 OK",
            "Content-Type: text/plain; charset=utf-8",
            f"Content-Length: {len(text)}",
        ]
        if session is None:
            fields.append(f"Set-Cookie: {COOKIE}={known}; Path=/; HttpOnly")
        if self._transport is not None:
            self._transport.write(("\r\n".join(fields) + "\r\n\r\n" + text).encode())
        if not self._parser.should_keep_alive():
            self._close()

    def _session(self) -> str | None:
        """The visitor's session; None for a new one, or one of the other member."""
        try:
            morsel = SimpleCookie(self._cookie).get(COOKIE)
        except CookieError:
            return None
        if morsel is None or not morsel.value.endswith(f".{self._name}"):
            return None
        return morsel.value

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
