"""`SetHandler server-status`: the page, `?auto` for monitoring agents, and `?json`.

The last is the state document (state.py); the others are written from it and from a
`Reading`, which has what it does not tell.
Query words: auto, json, notable, refresh=N (a Refresh field). What Apache does not say
closes the lines of `?auto`, so that those before are exactly Apache's: requests that
wait for members (may_wait), connections, tunnels, requests that wait for others,
`Compat:`.
The data of the tests were recorded from httpd 2.4.71.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from fastlb.admin import apache_names as names
from fastlb.admin import pages
from fastlb.admin.html_page import CONTENT_TYPE, SECURITY
from fastlb.admin.quantities import clock, g_format, uptime_words
from fastlb.admin.reading import Reading, ServerFacts, System, read
from fastlb.admin.state import state
from fastlb.admin.status_page import page
from fastlb.facts.server import Model

if TYPE_CHECKING:
    from fastlb._core import Request, Table

JSON_TYPE = "application/json"
AUTO_TYPE = "text/plain; charset=ISO-8859-1"

REFRESH_DEFAULT_S = 10
_REFRESH = "refresh"
_REFRESH_DIGITS_MAX = 9


def server_status(
    request: Request,
    table: Table,
    model: Model,
    facts: ServerFacts,
    system: System | None = None,
) -> pages.Answer:
    """Answer one request for the status. Methods but GET and HEAD: 404, as Apache."""
    if request.method not in ("GET", "HEAD"):
        return pages.not_found(request, model)
    fields = _refresh(request.query)
    words = request.query.split("&")
    system = system or System()
    told = _told(request, table, model, facts, system)
    if "json" in words:
        text = json.dumps(told, separators=(",", ":"))
        return 200, JSON_TYPE, f"{text}\n".encode(), fields
    reading = read(request, table, model, facts, system)
    if "auto" in words:
        text = "".join(f"{line}\n" for line in _auto(reading, told))
        return 200, AUTO_TYPE, text.encode("latin-1", "xmlcharrefreplace"), fields
    text = "".join(page(reading, told, words))
    body = text.encode("utf-8", "replace")
    return 200, CONTENT_TYPE, body, (SECURITY, *fields)


def _told(
    request: Request, table: Table, model: Model, facts: ServerFacts, system: System
) -> dict[str, Any]:
    """The state document, with members only under ProxyStatus On."""
    vhost_index = request.vhost_index
    told = state(table, model, facts, vhost_index=vhost_index, system=system)
    if not model.vhosts[vhost_index].proxy_status:
        requests = [one | {"member": None} for one in told["requests"]]
        told |= {"balancers": [], "members": [], "requests": requests}
    return told


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


def _auto(reading: Reading, told: dict[str, Any]) -> Iterator[str]:
    yield _plain(reading.host_name)
    yield from _fields(names.AUTO_SERVER, _server_values(reading))
    if reading.model.process.extended_status:
        yield from _fields(names.AUTO_EXTENDED, _extended_values(reading))
    yield from _fields(names.AUTO_WORKERS, (*reading.counts, reading.scoreboard))
    for number, balancer in enumerate(told["balancers"]):
        name = f"balancer://{balancer['name']}"
        yield f"{names.AUTO_BALANCER.format(number)}: {name}"
        for place, member in enumerate(balancer["members"]):
            values = (
                member["url"],
                f"{member['status']} ",
                member["elected"],
                member["in_flight"],
                f"{member['sent_bytes'] >> 10}K",
                f"{member['received_bytes'] >> 10}K",
            )
            for field, value in zip(names.AUTO_MEMBER_FIELDS, values, strict=True):
                key = names.AUTO_MEMBER.format(number, place, field)
                yield f"{key}: {_plain(str(value))}"
    for number, balancer in enumerate(told["balancers"]):
        if balancer["may_wait"]:
            keys = (names.AUTO_QUEUE.format(number, f) for f in names.AUTO_QUEUE_FIELDS)
            yield from _fields(tuple(keys), _queue_values(balancer["queue"]))
    yield from _fields(names.AUTO_OWN, _own_values(reading))


def _queue_values(queue: dict[str, Any]) -> tuple[int, ...]:
    """In the order of AUTO_QUEUE_FIELDS; of times, milliseconds."""
    return (
        queue["waiting"],
        queue["waiting_most"],
        queue["waited"],
        round(queue["waited_seconds"] * 1e6) // 1000,
        round(queue["longest_wait_seconds"] * 1e6) // 1000,
        queue["turned_away"],
    )


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
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "?" for c in text)
