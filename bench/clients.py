"""Clients that keep their connection, and ask for one thing at a time.

What is not a whole 200 is a failure, told in a word: the status, `end` where the
connection ended without a whole answer, `timeout`, `refused`. Nothing is asked twice.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

GOOD = b"HTTP/1.1 200"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.I)
LAST = re.compile(rb"\r\nconnection: *close\r\n", re.I)

Told = Callable[[bytes, str], None]
"""How it ended: the body of the answer, and "" or what failed."""


def whole_body(held: bytes) -> bytes | None:
    """The body of an answer that says its length, once it is there."""
    at = held.find(b"\r\n\r\n") + 4
    found = LENGTH.search(held, 0, at) if at >= 4 else None
    if found is None or len(held) < at + int(found[1]):
        return None
    return held[at:]


class Client(asyncio.Protocol):
    """A connection to the proxy that is kept alive."""

    transport: asyncio.Transport | None = None
    told: Told | None = None
    held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes, told: Told) -> None:
        self.told, self.held = told, b""
        if self.transport is None:
            self.end(b"", "end")
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.held += data
        if not self.held.startswith(GOOD[: len(self.held)]):
            if len(self.held) >= len(GOOD):
                self.end(b"", self.held[9:12].decode("latin-1"))
        elif (body := whole_body(self.held)) is not None:
            if LAST.search(self.held):
                self.leave()
            self.end(body, "")

    def connection_lost(self, _why: Exception | None) -> None:
        self.transport = None
        self.end(b"", "end")

    def give_up(self) -> None:
        if self.told is not None:
            self.end(b"", "timeout")

    def end(self, body: bytes, failure: str) -> None:
        told, self.told = self.told, None
        if failure:
            self.leave()
        if told is not None:
            told(body, failure)

    def leave(self) -> None:
        transport, self.transport = self.transport, None
        if transport is not None:
            transport.abort()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, and what became of it."""

    at_s: float  # of time.monotonic()
    end_s: float
    body: bytes
    failure: str

    @property
    def took_s(self) -> float:
        return self.end_s - self.at_s


class Paced:
    """So many requests a second, whatever becomes of those before them."""

    def __init__(
        self, host: str, port: int, request: bytes, rate: float, deadline_s: float
    ) -> None:
        self._place = host, port
        self._request = request
        self._rate = rate
        self._deadline_s = deadline_s
        self._idle: list[Client] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self.asked: list[Asked] = []

    async def run(self) -> None:
        """Until it is cancelled."""
        next_s = time.monotonic()
        while True:
            next_s += 1 / self._rate
            task = asyncio.create_task(self._one())
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))

    async def finish(self) -> None:
        """Wait for what is under way, and end the connections."""
        await asyncio.gather(*self._under_way)
        for client in self._idle:
            client.leave()

    async def _one(self) -> None:
        loop = asyncio.get_running_loop()
        began_s = time.monotonic()
        ended = loop.create_future()

        def told(body: bytes, failure: str) -> None:
            ended.set_result((body, failure))

        try:
            client = await self._client()
        except OSError:
            told(b"", "refused")
        else:
            client.ask(self._request, told)
            timer = loop.call_later(self._deadline_s, client.give_up)
            await ended
            timer.cancel()
            if client.transport is not None:
                self._idle.append(client)
        body, failure = ended.result()
        self.asked.append(Asked(began_s, time.monotonic(), body, failure))

    async def _client(self) -> Client:
        while self._idle:
            client = self._idle.pop()
            if client.transport is not None:
                return client
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Client, *self._place))[1]
