"""WebSockets for blocking tests: one event loop, in one thread, reads and writes all.

The library's own blocking client reads and writes one TLS session in two threads, which
OpenSSL forbids: against the library's own server, with nothing between them, about one
handshake in 700 then waits for ever.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import cache
from types import TracebackType
from typing import Any, Self, TypeVar

from harness import DEADLINE_S, HOST
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

T = TypeVar("T")
Handler = Callable[[ServerConnection], Awaitable[None]]
Page = Callable[[ServerConnection, Request], Response | None]


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def _run(work: Coroutine[Any, Any, T], timeout_s: float = DEADLINE_S) -> T:
    return asyncio.run_coroutine_threadsafe(work, _loop()).result(timeout_s)


class Talker:
    """A client whose handshake is done; what waits too long raises TimeoutError."""

    def __init__(self, url: str, **options: Any) -> None:
        self._socket = _run(self._dial(url, options))

    @staticmethod
    async def _dial(url: str, options: dict[str, Any]) -> ClientConnection:
        return await connect(
            url,
            compression=None,
            ping_interval=None,
            proxy=None,
            open_timeout=DEADLINE_S,
            **options,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, message: str | bytes | Sequence[bytes]) -> None:
        _run(self._socket.send(message))

    def recv(self) -> str | bytes:
        return _run(self._socket.recv())

    def ping(self) -> None:
        """Returns when the pong has come."""

        async def play() -> None:
            await (await self._socket.ping())

        _run(play())

    def close(self, code: int = 1000, reason: str = "") -> None:
        _run(self._socket.close(code, reason))


class TalkServer:
    """A member on a free port; `handler` talks, `page` may answer instead of a 101."""

    def __init__(
        self,
        handler: Handler,
        context: ssl.SSLContext | None = None,
        page: Page | None = None,
    ) -> None:
        self._server = _run(self._serve(handler, context, page))
        self.port = int(next(iter(self._server.sockets)).getsockname()[1])

    @staticmethod
    async def _serve(
        handler: Handler, context: ssl.SSLContext | None, page: Page | None
    ) -> Server:
        return await serve(
            handler,
            HOST,
            0,
            ssl=context,
            process_request=page,
            max_size=None,
            open_timeout=DEADLINE_S,
            ping_interval=None,
        )

    def stop(self) -> None:
        """Ends the listener and all conversations."""

        async def play() -> None:
            self._server.close()
            await self._server.wait_closed()

        _run(play())
