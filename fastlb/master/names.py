"""Addresses of members: looked up once before a generation starts.

The look-ups run side by side in a process of their own with a deadline: what the C
library asks cannot be interrupted, the master must neither wait for it nor hold a
thread when it forks, and the bytes of name servers are no business of root's. A member
without an address begins in error and the monitor goes on trying.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import time
from collections.abc import Iterable, Mapping, Sequence

from fastlb.base.addresses import literal_of
from fastlb.master import spawn
from fastlb.master.privileges import Identity
from fastlb.names.answer import NAME_TTL_MAX_S, NAME_TTL_MIN_S, Answer, State

LOOK_UPS_AT_ONCE = 64
DEADLINE_S = 5.0
FOUND_BYTES_MAX = 16 * 1024 * 1024  # a line of 400 bytes for each of 40000 names
TOO_LATE = Answer(State.SILENT, why=f"no answer within {DEADLINE_S:g}s")
Found = Mapping[str, Answer]  # by host


def resolve(
    hosts: Iterable[str],
    servers: Sequence[tuple[str, int]] = (),
    *,
    identity: Identity | None = None,
    deadline_s: float = DEADLINE_S,
) -> Found:
    """What is known of each host in time. servers: those of Resolver."""
    found: dict[str, Answer] = {}
    names = []
    for host in dict.fromkeys(hosts):
        if literal_of(host) is not None:
            found[host] = Answer(State.FOUND, (host,))
        else:
            found[host] = TOO_LATE
            names.append(host)
    if names:
        found.update(_ask_process(names, servers, identity, deadline_s))
    return found


async def look_up_all(
    names: Sequence[str], servers: Sequence[tuple[str, int]], writer: int
) -> None:
    """One line of JSON for each name as it is known."""
    from fastlb.names.resolver import Resolver

    resolver = Resolver(servers)
    places = asyncio.Semaphore(LOOK_UPS_AT_ONCE)

    async def look_up(name: str) -> None:
        async with places:
            answer = await resolver.look_up(name)
        words = [name, answer.state.value, answer.addresses, answer.ttl_s, answer.why]
        os.write(writer, json.dumps(words).encode() + b"\n")

    await asyncio.gather(*map(look_up, names))


def _ask_process(
    names: Sequence[str],
    servers: Sequence[tuple[str, int]],
    identity: Identity | None,
    deadline_s: float,
) -> Found:
    reader, writer = os.pipe2(os.O_CLOEXEC)

    def let_go() -> None:
        import fastlb.names.resolver  # noqa: F401 - while it may be read

        os.close(reader)

    def body() -> int:
        asyncio.run(look_up_all(names, servers, writer))
        os._exit(0)  # what the C library asks runs in threads that do not end

    try:
        pid = spawn.fork("fastlb-names", body, let_go=let_go, identity=identity)
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    try:
        text = _read_until(reader, time.monotonic() + deadline_s)
    finally:
        os.close(reader)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return _read_found(text, names)


def _read_found(text: bytes, names: Sequence[str]) -> Found:
    """Lines of look_up_all. Whoever took that process over writes what he likes: what
    is none of its lines is passed over."""
    asked = frozenset(names)
    found = {}
    for line in text.split(b"\n")[:-1]:
        try:
            name, state, told, ttl_s, why = json.loads(line)
            addresses = tuple(one for one in map(literal_of, told) if one is not None)
            answer = Answer(State(state), addresses, ttl_s, str(why))
            is_sound = name in asked and NAME_TTL_MIN_S <= ttl_s <= NAME_TTL_MAX_S
        except (ValueError, TypeError, AttributeError, RecursionError):
            continue
        if is_sound and bool(addresses) == (answer.state is State.FOUND):
            found[name] = answer
    return found


def _read_until(reader: int, deadline: float) -> bytes:
    """What comes until the other end closes or the time is over."""
    text = bytearray()
    poll = select.poll()  # select(2) knows no descriptor beyond 1023
    poll.register(reader, select.POLLIN)
    while (left := deadline - time.monotonic()) > 0 and len(text) < FOUND_BYTES_MAX:
        if not poll.poll(left * 1000):
            break
        piece = os.read(reader, 65536)
        if not piece:
            break
        text += piece
    return bytes(text)
