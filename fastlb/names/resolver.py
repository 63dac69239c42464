"""The addresses of a name, as the C library would find them, and how long they hold.

    hosts: files dns           of nsswitch.conf
             |    `- question.py, with search and ndots of resolv.conf
             `- settings.py: /etc/hosts

Sources that only the C library knows (mdns, sssd, a container manager's) tell no time:
their answers hold NAME_PERIOD_S. It is asked where one of them stands before `dns`, or
where name servers do not know a name.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from fastlb.names.answer import (
    NAME_PERIOD_S,
    NAME_TTL_MAX_S,
    NAME_TTL_MIN_S,
    NO_SUCH_NAME,
    Answer,
    State,
    ordered,
)
from fastlb.names.question import BadName, NoAnswer, Told, ask
from fastlb.names.settings import Asking, Server, System

HOSTS_PERIOD_S = 5.0  # of /etc/hosts: one stat
LOOK_UP_TIMEOUT_S = 30.0
THREADS_MAX = 64  # as many as look-ups at once: a slow name takes no other's
OTHER_KIND_S = 1.0  # that addresses of one kind are waited for when others are there
# Modules that know nothing that name servers are asked for: they may stand before dns.
BESIDE_DNS = frozenset(("mymachines", "myhostname", "resolve", "files", "dns"))
MULTICAST = ".local"
Infos = Sequence[tuple[int, int, int, str, tuple[Any, ...]]]  # of getaddrinfo


class Resolver:
    """servers: those that the configuration names in place of resolv.conf's."""

    def __init__(
        self, servers: Sequence[Server] = (), system: System | None = None
    ) -> None:
        self._servers = tuple(servers)
        self._system = system if system is not None else System()
        self._turn = 0
        self._good: Server | None = None  # who answered last
        self._threads = ThreadPoolExecutor(THREADS_MAX, "names")  # made when needed
        self._asked: dict[str, asyncio.Future[Infos]] = {}  # of the C library

    async def look_up(
        self, host: str, known: Sequence[str] = (), timeout_s: float = LOOK_UP_TIMEOUT_S
    ) -> Answer:
        """known: its addresses so far. They keep their places, and those of a kind
        about which nobody could say anything this time stay."""
        try:
            return await asyncio.wait_for(self._look_up(host, known), timeout_s)
        except TimeoutError:
            return Answer(State.SILENT, why=f"no answer within {timeout_s:g}s")
        except Exception as error:  # a fault of ours is not the name's
            return Answer(State.SILENT, why=f"{type(error).__name__}: {error}")

    async def _look_up(self, host: str, known: Sequence[str]) -> Answer:
        sources = self._sources(host)
        last = Answer(State.UNKNOWN, why=NO_SUCH_NAME)
        for source in sources:
            if source == "files":
                found = self._system.hosts.now().get(host.rstrip(".").lower())
                answer = (
                    _found(found, HOSTS_PERIOD_S, known)
                    if found
                    else Answer(State.UNKNOWN, why=NO_SUCH_NAME)
                )
            elif source == "dns":
                answer = await self._ask(host, known)
            else:
                answer = await self._system_says(host, known)
            if answer.state is State.FOUND:
                return answer
            # What one could not say is not denied by another.
            if last.state is not State.SILENT:
                last = answer
        return last

    def _sources(self, host: str) -> list[str]:
        """files, dns, and "system": the C library, with all that it knows."""
        if self._servers:
            return ["files", "dns"]
        named = self._system.sources.now()
        others = [name for name in named if name not in ("files", "dns", "resolve")]
        before = named[: named.index("dns")] if "dns" in named else named
        if "dns" not in named and "resolve" not in named:
            return ["files", "system"] if others else ["files"]
        for name in before:
            is_multicast = name.startswith("mdns")
            if is_multicast and host.rstrip(".").lower().endswith(MULTICAST):
                return ["system"]
            if name not in BESIDE_DNS and not is_multicast:
                return ["system"]
        order = ["files", "dns"]
        if "files" not in named:
            order = ["dns"]
        elif "dns" in named and named.index("dns") < named.index("files"):
            order = ["dns", "files"]
        return [*order, "system"] if others else order

    async def _ask(self, host: str, known: Sequence[str]) -> Answer:
        asking = self._system.asking.now()
        silent: Answer | None = None
        for name in candidates(host, asking):
            answer = await self._ask_for(name, asking, known)
            if answer.state is State.FOUND:
                return answer
            if answer.state is State.SILENT:
                silent = silent or answer
                if not answer.why.endswith("SERVFAIL"):
                    # Nobody is there: another name of the list must not win for that.
                    break
        return silent or Answer(State.UNKNOWN, why=NO_SUCH_NAME)

    async def _ask_for(self, name: str, asking: Asking, known: Sequence[str]) -> Answer:
        servers = self._order(asking)
        kinds = ("A", "AAAA") if asking.asks_for_v6 else ("A",)
        told = await both(
            [asyncio.ensure_future(ask(name, kind, servers, asking)) for kind in kinds]
        )
        addresses: list[str] = []
        ttl_s = NAME_TTL_MAX_S
        failure: NoAnswer | None = None
        for kind, one in zip(kinds, told, strict=True):
            if isinstance(one, Told):
                self._good = one.server
                if one.addresses:
                    addresses += one.addresses
                    ttl_s = min(ttl_s, one.ttl_s)
            elif isinstance(one, NoAnswer):
                failure = one
                addresses += [
                    address for address in known if (":" in address) == (kind == "AAAA")
                ]
            elif isinstance(one, BadName):
                return Answer(State.UNKNOWN, why=str(one))
            else:
                raise one
        if any(isinstance(one, Told) and one.addresses for one in told):
            return _found(addresses, ttl_s, known)
        if failure is not None:
            return Answer(State.SILENT, why=str(failure))
        return Answer(State.UNKNOWN, why=NO_SUCH_NAME)

    async def _system_says(self, host: str, known: Sequence[str]) -> Answer:
        """What the C library says, in a thread that nobody can stop.

        Whoever gives up leaves it running. The next one waits for the same thread, so
        that a slow name has one of them and the others have theirs.
        """
        loop = asyncio.get_running_loop()
        told = self._asked.get(host)
        if told is None:
            call = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
            told = loop.run_in_executor(self._threads, call)
            self._asked[host] = told
            told.add_done_callback(lambda _: self._asked.pop(host, None))
            told.add_done_callback(lambda one: one.cancelled() or one.exception())
        try:
            infos = await asyncio.shield(told)
        except socket.gaierror as error:
            if error.errno in (socket.EAI_AGAIN, socket.EAI_SYSTEM, socket.EAI_MEMORY):
                return Answer(State.SILENT, why=error.strerror or str(error))
            return Answer(State.UNKNOWN, why=NO_SUCH_NAME)
        except (OSError, UnicodeError) as error:
            return Answer(State.UNKNOWN, why=str(error))
        return _found([str(info[4][0]) for info in infos], NAME_PERIOD_S, known)

    def _order(self, asking: Asking) -> tuple[Server, ...]:
        servers = self._servers or asking.servers
        if asking.rotates:
            self._turn = (self._turn + 1) % len(servers)
            return servers[self._turn :] + servers[: self._turn]
        if self._good in servers:
            # Whoever does not answer would otherwise cost each look-up its timeout.
            first = servers.index(self._good)
            return servers[first:] + servers[:first]
        return servers


async def both(asked: Sequence[asyncio.Future[Told]]) -> list[Told | BaseException]:
    """What each of them brings. Once there are addresses, the rest must be quick: there
    are networks that drop every question about IPv6."""
    try:
        done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        if waiting:
            is_found = any(
                one.exception() is None and one.result().addresses for one in done
            )
            await asyncio.wait(waiting, timeout=OTHER_KIND_S if is_found else None)
    finally:
        for one in asked:
            one.cancel()
    return [
        NoAnswer("no answer in time")
        if not one.done() or one.cancelled()
        else one.exception() or one.result()
        for one in asked
    ]


def candidates(host: str, asking: Asking) -> list[str]:
    """Names to ask for, in order (resolv.conf(5): search, ndots)."""
    if host.endswith("."):
        return [host]
    longer = [f"{host}.{domain}." for domain in asking.search]
    if host.count(".") >= asking.ndots:
        return [f"{host}.", *longer]
    return [*longer, f"{host}."]


def _found(addresses: Iterable[str], ttl_s: float, known: Sequence[str]) -> Answer:
    return Answer(
        State.FOUND,
        ordered(addresses, known),
        min(max(ttl_s, NAME_TTL_MIN_S), NAME_TTL_MAX_S),
    )
