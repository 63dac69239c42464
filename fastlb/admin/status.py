"""`SetHandler server-status`: the page, and `?auto` for monitoring agents.

Both are written from one `Reading`. Query words: auto, notable, refresh=N (a Refresh
field). What Apache does not say closes the lines of `?auto`, so that those before are
exactly Apache's: requests that wait for members (may_wait), connections, tunnels,
requests that wait for others, `Compat:`.
The data of the tests were recorded from httpd 2.4.71.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from fastlb.admin import apache_names as names
from fastlb.admin import pages
from fastlb.admin.quantities import clock, g_format, uptime_words
from fastlb.admin.reading import (
    Reading,
    ServerFacts,
    System,
    may_wait,
    queue_values,
    read,
)
from fastlb.admin.status_page import page
from fastlb.facts.server import Model

if TYPE_CHECKING:
    from fastlb._core import Request, Table

__all__ = ["Answer", "ServerFacts", "server_status"]

HTML_TYPE = "text/html; charset=ISO-8859-1"
AUTO_TYPE = "text/plain; charset=ISO-8859-1"

Answer = tuple[int, str, bytes, tuple[tuple[str, str], ...]]
"""Status, content type, body, more header fields."""

REFRESH_DEFAULT_S = 10
_REFRESH = "refresh"
_REFRESH_DIGITS_MAX = 9


def server_status(
    request: Request,
    table: Table,
    model: Model,
    facts: ServerFacts,
    system: System | None = None,
) -> Answer:
    """Answer one request for the status. Methods but GET and HEAD: 404, as Apache."""
    if request.method not in ("GET", "HEAD"):
        return not_found(request, model)
    reading = read(request, table, model, facts, system or System())
    fields = _refresh(request.query)
    words = request.query.split("&")
    if "auto" in words:
        text = "".join(f"{line}\n" for line in _auto(reading))
        return 200, AUTO_TYPE, _encode(text), fields
    text = "".join(page(reading, words))
    return 200, HTML_TYPE, _encode(text), fields


def not_found(request: Request, model: Model) -> Answer:
    """404, with the page that an unmapped path gets."""
    body = pages.error_page(
        model.vhosts[request.vhost_index],
        404,
        "",
        request.path,
        host=request.host_name,
        port=request.host_port,
    )
    return 404, pages.CONTENT_TYPE, body, ()


def _refresh(query: str) -> tuple[tuple[str, str], ...]:
    """The Refresh field that `refresh` or `refresh=N` asks for (mod_status.c).

    The word is looked for anywhere in the query, and what is no number is 10 s.
    """
    _, word, rest = query.partition(_REFRESH)
    if not word:
        return ()
    written = rest[1 : 1 + _REFRESH_DIGITS_MAX] if rest.startswith("=") else ""
    digits = "".join(takewhile("0123456789".__contains__, written))
    return (("Refresh", str(int(digits or 0) or REFRESH_DEFAULT_S)),)


def _auto(reading: Reading) -> Iterator[str]:
    yield _plain(reading.host_name)
    yield from _fields(names.AUTO_SERVER, _server_values(reading))
    if reading.model.process.extended_status:
        yield from _fields(names.AUTO_EXTENDED, _extended_values(reading))
    yield from _fields(names.AUTO_WORKERS, (*reading.counts, reading.scoreboard))
    for number, (index, members) in enumerate(reading.balancers):
        balancer = reading.model.balancers[index]
        yield f"{names.AUTO_BALANCER.format(number)}: {balancer.name}"
        for place, (member, seen) in enumerate(
            zip(balancer.members, members, strict=True)
        ):
            values = (
                reading.model.members[member].url,
                seen["status"],
                seen["elected"],
                seen["busy"],
                f"{seen['transferred'] >> 10}K",
                f"{seen['read'] >> 10}K",
            )
            for field, value in zip(names.AUTO_MEMBER_FIELDS, values, strict=True):
                key = names.AUTO_MEMBER.format(number, place, field)
                yield f"{key}: {_plain(str(value))}"
    for number, ((index, _), queue) in enumerate(
        zip(reading.balancers, reading.queues, strict=True)
    ):
        if may_wait(reading.model, index):
            keys = (names.AUTO_QUEUE.format(number, f) for f in names.AUTO_QUEUE_FIELDS)
            yield from _fields(tuple(keys), queue_values(queue))
    yield from _fields(names.AUTO_OWN, _own_values(reading))


def _own_values(reading: Reading) -> tuple[object, ...]:
    workers = reading.workers
    return (
        sum(worker["connections"] for worker in workers),
        sum(worker["tunnels"] for worker in workers),
        sum(worker["waiting"] for worker in workers),
        reading.model.compat.value,
    )


def _fields(keys: Sequence[str], values: Sequence[object | None]) -> Iterator[str]:
    """Lines `key: value`; a value of None has no line."""
    for key, value in zip(keys, values, strict=True):
        if value is not None:
            yield f"{key}: {value}"


def _server_values(reading: Reading) -> tuple[object, ...]:
    generation = reading.facts.generation
    return (
        reading.vhost.server_tokens,
        names.MPM,
        reading.facts.built,
        clock(reading.now_us),
        clock(reading.facts.started_us),
        generation + 1,
        generation,
        reading.uptime_s,
        uptime_words(reading.uptime_s).strip(),
        *(f"{one:.2f}" for one in reading.load),
    )


def _extended_values(reading: Reading) -> tuple[object | None, ...]:
    totals, cpu, uptime_s = reading.totals, reading.cpu, reading.uptime_s
    accesses, bytes_out = totals["accesses"], totals["bytes_out"]
    duration_ms = totals["duration_us"] // 1000
    load = 100 * cpu.total() / uptime_s if uptime_s else 0
    return (
        accesses,
        bytes_out >> 10,
        duration_ms,
        g_format(cpu.user),
        g_format(cpu.system),
        g_format(cpu.children_user),
        g_format(cpu.children_system),
        g_format(load) if load else None,
        uptime_s,
        g_format(accesses / uptime_s) if uptime_s else None,
        g_format(bytes_out / uptime_s) if uptime_s else None,
        g_format(bytes_out / accesses) if accesses else None,
        g_format(duration_ms / accesses) if accesses else None,
    )


def _plain(text: str) -> str:
    """One line stays one line, whatever a client sent as Host."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _encode(text: str) -> bytes:
    return text.encode("latin-1", "xmlcharrefreplace")
