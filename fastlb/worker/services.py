"""What the core may call upward: pages, logs, and the two moments of its own end.

The core knows only the protocol `Services` of _core.pyi. Nothing here is on the way of
an ordinary request.
"""

from __future__ import annotations

import asyncio
import encodings.idna  # noqa: F401 - workers import nothing after the fork
import os
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from fastlb import _core
from fastlb._core import Request
from fastlb.admin import pages, status
from fastlb.admin.reading import ServerFacts
from fastlb.logs.error import ErrorLog
from fastlb.worker.drain import Drain
from fastlb.worker.heritage import Heritage
from fastlb.worker.recycle import Recycling

Answer = status.Answer
LOOK_UPS_MAX = 32  # at once; others wait for their turn
NAME_LOOK_UPS_MAX = 16  # of them for logs alone: no request waits behind one
# Read while the master imports this: a worker's user may not see the file.
CORE_BUILT_S = os.stat(_core.__file__).st_mtime


class LookUps(Protocol):
    """Who is told what a look-up found."""

    def host_answer(
        self, connection: int, names_number: int, allowed: bool
    ) -> None: ...

    def address_answer(
        self, connection: int, request: int, addresses: Sequence[tuple[str, int]]
    ) -> None: ...

    def name_answer(self, place: int, number: int, name: str) -> None: ...


class WorkerServices:
    """The worker's side of the seam."""

    def __init__(self, heritage: Heritage) -> None:
        self._model = heritage.model
        self._table = heritage.table
        self._errors = ErrorLog(heritage.model, heritage.error_fds)
        self._facts = ServerFacts(
            generation=heritage.generation,
            started_us=heritage.started_us,
            built=built(),
            member_slots=heritage.member_slots,
            balancer_slots=heritage.balancer_slots,
        )
        self._handlers: dict[str, Callable[[Request], Answer]] = {
            "server-status": self._server_status,
        }
        self._look_ups = ThreadPoolExecutor(LOOK_UPS_MAX, "look-up")
        self._name_look_ups = ThreadPoolExecutor(NAME_LOOK_UPS_MAX, "name")
        self._core: LookUps | None = None
        self._drain: Drain | None = None
        self._recycling: Recycling | None = None

    def attach(self, core: LookUps, drain: Drain, recycling: Recycling) -> None:
        """The core is made before the loop's side of the worker: joined here."""
        self._core = core
        self._drain = drain
        self._recycling = recycling

    def detach(self) -> None:
        """The loop is to go."""
        self._drain = None
        self._recycling = None

    # Services of _core.pyi

    def error_page(  # noqa: PLR0917 - the core calls it by position
        self,
        vhost_index: int,
        status: int,
        detail: str,
        path: str,
        reason: str,
        second_status: int,
        host_name: str,
        host_port: int,
    ) -> tuple[str, bytes]:
        body = pages.error_page(
            self._model.vhosts[vhost_index],
            status,
            detail,
            path,
            reason=reason or None,
            second_status=second_status,
            host=host_name,
            port=host_port,
        )
        return reason or pages.reason_of(status, detail), body

    def handle(self, name: str, request: Request) -> Answer:
        handler = self._handlers.get(name)
        if handler is not None:
            return handler(request)
        return status.not_found(request, self._model)

    def ask_host(
        self,
        names: Sequence[str],
        forward: bool,
        client: str,
        connection: int,
        names_number: int,
    ) -> None:
        """Look up in a thread: a name server that is slow holds nobody else up."""
        loop = asyncio.get_running_loop()

        def answer(future: asyncio.Future[bool]) -> None:
            allowed = not future.cancelled() and future.exception() is None
            if self._core is not None:
                self._core.host_answer(
                    connection, names_number, allowed and future.result()
                )

        future = loop.run_in_executor(
            self._look_ups, is_allowed, names, forward, client
        )
        future.add_done_callback(answer)

    def ask_address(self, host: str, port: int, connection: int, request: int) -> None:
        """As ask_host, for CONNECT: the addresses of a name."""
        loop = asyncio.get_running_loop()

        def answer(future: asyncio.Future[list[tuple[str, int]]]) -> None:
            lost = future.cancelled() or future.exception() is not None
            if self._core is not None:
                self._core.address_answer(
                    connection, request, [] if lost else future.result()
                )

        future = loop.run_in_executor(self._look_ups, addresses_of, host, port)
        future.add_done_callback(answer)

    def ask_name(self, client: str, both_ways: bool, place: int, number: int) -> None:
        """As ask_host, for log lines: the client's name."""
        loop = asyncio.get_running_loop()

        def answer(future: asyncio.Future[str | None]) -> None:
            lost = future.cancelled() or future.exception() is not None
            if self._core is not None:
                self._core.name_answer(
                    place, number, "" if lost else future.result() or ""
                )

        future = loop.run_in_executor(self._name_look_ups, name_of, client, both_ways)
        future.add_done_callback(answer)

    def log(  # noqa: PLR0917 - the core calls it by position
        self,
        level: str,
        module: str,
        vhost_index: int,
        client: str,
        error_number: int,
        text: str,
    ) -> None:
        self._errors.write(level, module, vhost_index, client, error_number, text)

    def tls_variables(
        self, names: Sequence[str], ssl: int, vhost_index: int
    ) -> Sequence[bytes | None]:
        # The master has loaded them: a server without TLS does without the library.
        from fastlb.tls.facts import facts_of
        from fastlb.tls.variables import variable

        facts = facts_of(ssl)
        values = (variable(name, facts) for name in names)
        return [
            value.encode("utf-8", "surrogateescape") if value is not None else None
            for value in values
        ]

    def drained(self) -> None:
        if self._drain is not None:
            self._drain.done()

    def lone(self) -> None:
        self._look_ups.shutdown(wait=False)
        self._name_look_ups.shutdown(wait=False)
        if self._drain is not None:
            self._drain.lone()

    def recycle(self) -> None:
        if self._recycling is not None:
            self._recycling.ask()

    def _server_status(self, request: Request) -> Answer:
        return status.server_status(request, self._table, self._model, self._facts)


def built() -> str:
    """When the core was compiled, as Apache prints it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(CORE_BUILT_S))


def is_allowed(names: Sequence[str], forward: bool, client: str) -> bool:
    """Require forward-dns: a name that leads to client; host: both ways agree.

    Blocks.
    """
    if forward:
        return any(leads_to(name, client) for name in names)
    host = host_of(client)
    return host is not None and any(is_within(host, name) for name in names)


def addresses_of(host: str, port: int) -> list[tuple[str, int]]:
    """(literal address, port) pairs in the resolver's order. Blocks."""
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [(str(info[4][0]), port) for info in infos]


def leads_to(name: str, client: str) -> bool:
    """True when the name has the client's address. Blocks."""
    try:
        infos = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(info[4][0] == client for info in infos)


def host_of(client: str) -> str | None:
    """The client's name if that name leads back to it (Apache: double lookup)."""
    return name_of(client, both_ways=True)


def name_of(client: str, both_ways: bool) -> str | None:
    """The name of an address; both_ways: if it leads back to it. Blocks."""
    try:
        host, _, _ = socket.gethostbyaddr(client)
    except (OSError, UnicodeError):
        return None
    return host.lower() if not both_ways or leads_to(host, client) else None


def is_within(host: str, name: str) -> bool:
    """True for the name itself and everything below it: example.org, .example.org."""
    domain = name.lower().lstrip(".")
    return host == domain or host.endswith("." + domain)
