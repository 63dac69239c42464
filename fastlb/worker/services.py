"""What the core may call upward: pages, logs, and the two moments of its own end.

The core knows only the protocol `Services` of _core.pyi. Nothing here is on the way of
an ordinary request.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastlb._core import Core, Request
from fastlb.admin import pages
from fastlb.admin.built import built
from fastlb.admin.info import ldap_status, server_info
from fastlb.admin.reading import ServerFacts
from fastlb.base.addresses import look_up
from fastlb.facts.error_format import About, Item
from fastlb.logs.error import ErrorLog
from fastlb.worker.drain import Drain
from fastlb.worker.heritage import Heritage
from fastlb.worker.map_programs import MapPrograms
from fastlb.worker.passwords import Passwords, Question
from fastlb.worker.recycle import Recycling

LOOK_UPS_MAX = 32  # at once; others wait for their turn
NAME_LOOK_UPS_MAX = 16  # of them for logs alone: no request waits behind one


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
            expiries=heritage.expiries,
        )
        self._handlers: dict[str, Callable[[Request], pages.Answer]] = {
            "server-info": lambda asked: server_info(asked, self._model, self._facts),
            "ldap-status": lambda asked: ldap_status(asked, self._model),
        }
        self._look_ups = ThreadPoolExecutor(LOOK_UPS_MAX, "look-up")
        self._name_look_ups = ThreadPoolExecutor(NAME_LOOK_UPS_MAX, "name")
        self._maps = ThreadPoolExecutor(1, "map")
        self._passwords = Passwords(self._say_of_directory)
        self._programs = MapPrograms(heritage.map_doors)
        self._core: Core | None = None
        self._drain: Drain | None = None
        self._recycling: Recycling | None = None

    def attach(self, core: Core, drain: Drain, recycling: Recycling) -> None:
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

    def signature(
        self, vhost_index: int, path: str, host_name: str, host_port: int
    ) -> bytes:
        vhost = self._model.vhosts[vhost_index]
        line = pages.signature(vhost, path, host_name, host_port, rule="")
        return line.lstrip("\n").encode("latin-1", "xmlcharrefreplace")

    def handle(self, name: str, request: Request) -> pages.Answer:
        handler = self._handlers.get(name)
        if handler is not None:
            return handler(request)
        return pages.not_found(request, self._model)

    def ask_host(
        self,
        names: Sequence[str],
        forward: bool,
        client: str,
        asker: tuple[int, int],
        names_number: int,
    ) -> None:
        def tell(core: Core, allowed: bool | None) -> None:
            core.host_answer(asker, names_number, bool(allowed))

        self._find(self._look_ups, tell, is_allowed, names, forward, client)

    def ask_address(self, host: str, port: int, connection: int, request: int) -> None:
        def tell(core: Core, found: list[tuple[str, int]] | None) -> None:
            core.address_answer(connection, request, found or [])

        self._find(self._look_ups, tell, addresses_of, host, port)

    def ask_verdict(self, question: Question, connection: int, request: int) -> bool:
        return self._passwords.ask(question, (connection, request), self._answer)

    def ask_map(self, number: int, key: bytes, connection: int, request: int) -> bool:
        return self._programs.ask(number, key, (connection, request), self._answer)

    def _answer(
        self, connection: int, request: int, verdict: int, keep: bool, found: bytes
    ) -> None:
        if self._core is not None:
            self._core.verdict_answer(connection, request, verdict, keep, found)

    def _say_of_directory(self, text: str) -> None:
        self._errors.write("error", "authnz_ldap", 0, "", 0, text)

    def read_map(self, number: int, vhost_index: int) -> bool:
        core = self._core
        if core is None:
            return False

        def tell(core: Core, is_read: bool | None) -> None:
            core.map_taken(number, vhost_index, bool(is_read))

        self._find(self._maps, tell, core.map_read, number)
        return True

    def ask_name(self, client: str, both_ways: bool, place: int, number: int) -> None:
        def tell(core: Core, name: str | None) -> None:
            core.name_answer(place, number, name or "")

        self._find(self._name_look_ups, tell, name_of, client, both_ways)

    def _find(
        self,
        pool: ThreadPoolExecutor,
        tell: Callable[[Core, Any], None],
        look: Callable[..., object],
        *asked: object,
    ) -> None:
        """Look up in a thread: a name server that is slow holds nobody else up.

        tell: gets what look returned; None when it failed
        """

        def answer(future: asyncio.Future[object]) -> None:
            is_lost = future.cancelled() or future.exception() is not None
            if self._core is not None:
                tell(self._core, None if is_lost else future.result())

        loop = asyncio.get_running_loop()
        loop.run_in_executor(pool, look, *asked).add_done_callback(answer)

    def log(  # noqa: PLR0917 - the core calls it by position
        self,
        level: str,
        module: str,
        vhost_index: int,
        client: str,
        error_number: int,
        text: str,
        about: tuple[Mapping[Item, str], bool, bool, bool] | None = None,
    ) -> bool:
        return self._errors.write(
            level,
            module,
            vhost_index,
            client,
            error_number,
            text,
            about=About(*about) if about is not None else None,
        )

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
        self._maps.shutdown(wait=False)
        self._passwords.shutdown()
        if self._drain is not None:
            self._drain.lone()

    def recycle(self) -> None:
        if self._recycling is not None:
            self._recycling.ask()


def is_allowed(names: Sequence[str], forward: bool, client: str) -> bool:
    """Require forward-dns: a name that leads to client; host: both ways agree.

    Blocks.
    """
    if forward:
        return any(client in look_up(name) for name in names)
    host = host_of(client)
    return host is not None and any(is_within(host, name) for name in names)


def addresses_of(host: str, port: int) -> list[tuple[str, int]]:
    """(literal address, port) pairs in the resolver's order. Blocks."""
    return [(address, port) for address in look_up(host)]


def host_of(client: str) -> str | None:
    """The client's name if that name leads back to it (Apache: double lookup)."""
    return name_of(client, both_ways=True)


def name_of(client: str, both_ways: bool) -> str | None:
    """The name of an address; both_ways: if it leads back to it. Blocks."""
    try:
        host, _, _ = socket.gethostbyaddr(client)
    except (OSError, UnicodeError):
        return None
    return host.lower() if not both_ways or client in look_up(host) else None


def is_within(host: str, name: str) -> bool:
    """True for the name itself and everything below it: example.org, .example.org."""
    domain = name.lower().lstrip(".")
    return host == domain or host.endswith("." + domain)
