"""The controller's life: answer pages and the operator's command, until told to go.

It serves what workers hand on (SCGI, controller/scgi.py) and what comes through the
control socket (HTTP, controller/http.py) with the same handlers. It changes nothing
itself: adjustments go to the master, which decides.

    TERM   there is another model: finish what is asked, and end
    USR1   the master is gone
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Final

import uvloop

from fastlb.admin.built import built
from fastlb.admin.metrics import metrics
from fastlb.admin.reading import ServerFacts
from fastlb.admin.status import server_status
from fastlb.base import memory
from fastlb.controller import http, scgi
from fastlb.controller.api import EVENTS, TRACE, api, problem_answer
from fastlb.controller.asked import Asked
from fastlb.controller.desk import Desk
from fastlb.controller.events import LINES, LISTENERS_MAX, Events, since_of
from fastlb.controller.heritage import ControllerHeritage
from fastlb.controller.manager import manager
from fastlb.controller.trace import Trace, TraceError, sought_of
from fastlb.facts.adjustments import (
    ANSWER_BYTES_MAX,
    Adjustment,
    Answer,
    number_of,
    read_answer,
)
from fastlb.logs.error import ErrorLog

PageAnswer = tuple[int, str, bytes, tuple[tuple[str, str], ...]]
Handler = Callable[[Asked, Desk], Awaitable[PageAnswer]]
Serve = Callable[
    [asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]
]

READ_S: Final = 30.0
"""For a request to be there whole."""
ADJUST_S: Final = 60.0
"""For the master, which may be in the middle of a reload."""
TAKE_S: Final = 120.0
"""For an answer to be taken: until then it lies here, and in the way of others."""
LEAVE_S: Final = 10.0
"""For what is asked to be answered, once the controller is to go."""
ASKERS_MAX: Final = 256
"""Connections at once of one door; others wait in its backlog until one ends, and
keep nobody from the other door."""


async def _status(asked: Asked, desk: Desk) -> PageAnswer:
    return server_status(asked.page_request, desk.table, desk.model, desk.facts)


async def _metrics(asked: Asked, desk: Desk) -> PageAnswer:
    return metrics(asked.page_request, desk.table, desk.model, desk.facts)


HANDLERS: Final[dict[str, Handler]] = {
    "balancer-manager": manager,
    "server-status": _status,
    "metrics": _metrics,
    "balancer-api": api,
}
_TEXT: Final = "text/plain; charset=utf-8"


def run(heritage: ControllerHeritage) -> int:
    """The body of the controller's process; its exit code. Signals come in blocked."""
    loop = uvloop.new_event_loop()
    memory.forget_zeros(loop)
    asyncio.set_event_loop(loop)
    controller = Controller(heritage, loop)
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, controller.leave)
    loop.add_signal_handler(signal.SIGUSR1, loop.stop)
    loop.call_soon(signal.pthread_sigmask, signal.SIG_SETMASK, ())
    controller.begin()
    loop.run_forever()
    os._exit(0)


def is_of_ours(client: socket.socket) -> bool:
    """Who asks for pages is a worker, which has asked who may: of the same account."""
    return http.peer_of(client) in (os.getuid(), 0)


async def _close(writer: asyncio.StreamWriter) -> None:
    """When all is taken, or nobody takes it."""
    writer.close()
    try:
        await asyncio.wait_for(writer.wait_closed(), TAKE_S)
    except TimeoutError:
        writer.transport.abort()
    except OSError:
        pass


class Controller:
    """Two listening sockets, and a line to the master."""

    def __init__(
        self, heritage: ControllerHeritage, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._heritage = heritage
        self._loop = loop
        self._errors = ErrorLog(heritage.model, heritage.error_fds)
        self._line = heritage.line
        self._unanswered: dict[int, tuple[Adjustment, asyncio.Future[Answer]]] = {}
        self._numbers = itertools.count(1)
        self._asking = asyncio.Lock()
        self._doors: dict[socket.socket, Serve] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._talking: Counter[socket.socket] = Counter()  # of each door
        self._is_leaving = False
        self._ending: asyncio.Task[None] | None = None
        self.desk = Desk(
            heritage.table,
            heritage.model,
            ServerFacts(
                generation=heritage.generation,
                started_us=heritage.started_us,
                built=built(),
                member_slots=heritage.member_slots,
                balancer_slots=heritage.balancer_slots,
                expiries=heritage.expiries,
            ),
            heritage.secret,
            self.adjust,
            self._say,
        )

        self.events = Events(self.desk)
        self._trace = Trace(self.desk, self.events.leaving)
        self._streams = {EVENTS: self._serve_events, TRACE: self._serve_trace}

    def _say(self, level: str, module: str, text: str) -> None:
        self._errors.write(level, module, 0, "", 0, text)

    def begin(self) -> None:
        self._line.setblocking(False)
        self._loop.add_reader(self._line, self._hear)
        for sock, serve in (
            (self._heritage.pages, self._serve_page),
            (self._heritage.control, self._serve_control),
        ):
            if sock is not None:
                self._doors[sock] = serve
                self._loop.add_reader(sock, self._accept, sock)

    def leave(self) -> None:
        """Take nothing new; go when all is answered."""
        if self._is_leaving:
            return
        self._is_leaving = True
        self.events.leaving.set()
        for sock in self._doors:
            self._loop.remove_reader(sock)
        self._doors.clear()
        self._ending = self._loop.create_task(self._end())

    async def _end(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LEAVE_S)
        self._loop.stop()

    # who asks

    def _accept(self, sock: socket.socket) -> None:
        """One of those that wait, if there is room."""
        if self._talking[sock] >= ASKERS_MAX:
            self._loop.remove_reader(sock)
            return
        with suppress(OSError):
            client, _ = sock.accept()
            # Of the other one its file says who may connect.
            if sock is self._heritage.pages and not is_of_ours(client):
                client.close()
                return
            client.setblocking(False)
            task = self._loop.create_task(self._talk(client, self._doors[sock]))
            self._tasks.add(task)
            self._talking[sock] += 1
            task.add_done_callback(partial(self._end_talk, sock))

    def _end_talk(self, sock: socket.socket, task: asyncio.Task[None]) -> None:
        if self._talking[sock] == ASKERS_MAX and sock in self._doors:
            self._loop.add_reader(sock, self._accept, sock)
        self._talking[sock] -= 1
        self._tasks.discard(task)

    async def _talk(self, client: socket.socket, serve: Serve) -> None:
        try:
            reader, writer = await asyncio.open_unix_connection(sock=client)
            try:
                await serve(reader, writer)
            finally:
                await _close(writer)
        except (OSError, scgi.ScgiError, asyncio.IncompleteReadError, TimeoutError):
            pass  # whoever asked has gone, or was none of ours
        except Exception:
            told = traceback.format_exc().rstrip()
            self._errors.write("error", "core", 0, "", 0, f"FB0645: {told}")

    async def _serve_page(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            asked = await asyncio.wait_for(scgi.read_request(reader), READ_S)
        except scgi.TooLargeError:
            answer: PageAnswer = 413, _TEXT, b"The body is too large.\n", ()
        else:
            answer = await self.answer(asked)
        writer.write(scgi.answer_bytes(*answer))

    async def _serve_control(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        peer = http.name_of(http.peer_of(writer.get_extra_info("socket")))
        try:
            asked = await asyncio.wait_for(http.read_request(reader, peer), READ_S)
        except http.HttpError as error:
            method, answer = "GET", problem_answer(error.status, str(error))
        else:
            is_read = asked.method in ("GET", "HEAD")
            stream = self._streams.get(asked.rest) if is_read else None
            if stream is not None:
                await stream(asked, reader, writer)
                return
            method, answer = asked.method, await self.answer(asked)
        writer.write(http.answer_bytes(*answer, is_head=method == "HEAD"))

    async def _serve_events(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        since_s = since_of(asked.query, self.events.now_s())
        if since_s is None:
            answer = problem_answer(400, "since= is a number of seconds")
        elif self.events.listeners >= LISTENERS_MAX:
            answer = problem_answer(503, f"{LISTENERS_MAX} listen already")
        else:
            writer.write(http.stream_head(LINES))
            if asked.method == "GET":
                await self.events.tell(reader, writer, since_s)
            return
        is_head = asked.method == "HEAD"
        writer.write(http.answer_bytes(*answer, is_head=is_head))
        await writer.drain()

    async def _serve_trace(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            sought = sought_of(asked.query)
        except TraceError as error:
            answer = problem_answer(400, str(error))
        else:
            if not self._trace.is_taken:
                writer.write(http.stream_head(LINES))
                if asked.method == "GET":
                    await self._trace.tell(reader, writer, sought)
                return
            answer = problem_answer(409, "another trace is going on: one at a time")
        is_head = asked.method == "HEAD"
        writer.write(http.answer_bytes(*answer, is_head=is_head))
        await writer.drain()

    async def answer(self, asked: Asked) -> PageAnswer:
        if asked.vhost_index >= 0 and not self._offers(asked):
            return 404, _TEXT, b"There is no such page.\n", ()
        return await HANDLERS[asked.handler](asked, self.desk)

    def _offers(self, asked: Asked) -> bool:
        """Does a line of the host name it (model/pages.py), and is it that host?"""
        index = asked.vhost_index
        if index >= len(self._heritage.model.vhosts):
            return False
        vhost = self._heritage.model.vhosts[index]
        return asked.host_word == vhost.page_word and asked.handler in vhost.pages

    # the master

    async def adjust(self, asked: Adjustment) -> Answer:
        """Ask the master; what became of it."""
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._unanswered[number] = asked, answer
        try:
            async with self._asking:
                await self._loop.sock_sendall(self._line, asked.asked(number))
            return await asyncio.wait_for(answer, ADJUST_S)
        except TimeoutError:
            return Answer(False, "the master does not answer: see the error log")
        finally:
            del self._unanswered[number]

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            try:
                told = self._line.recv(ANSWER_BYTES_MAX)
            except ConnectionError:
                told = b""
            if not told:
                self._loop.stop()  # the master has gone, or wants another controller
                return
            answer = read_answer(told)
            asked, waiting = self._unanswered.get(number_of(told), (None, None))
            if asked is not None:
                self.events.note(asked, answer)
            if answer.is_over:
                self.leave()  # whoever reads this answer asks the next one
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)
