"""The HTML page of server-status.

First what an operator looks for: how the server is, and which member is out and why.
Then the workers, what they are at, and at the end what the words mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from fastlb.admin import apache_names as names
from fastlb.admin.adjustments import Adjusted
from fastlb.admin.html_page import END, Column, begin, details, listed, pairs, table
from fastlb.admin.pages import escaped
from fastlb.admin.quantities import (
    bytes_words,
    clock,
    duration_words,
    g_format,
    uptime_words,
)
from fastlb.admin.reading import Reading
from fastlb.facts.outcomes import BOUNDS_S

Told = dict[str, Any]
"""A part of the state document."""

_MEMBER_COLUMNS: Final = (
    Column("Member", "its URL"),
    Column("State", "whether it serves, and why not; beside it Apache's words"),
    Column("Route", "route=, by which sessions name it; -> redirect="),
    Column("Weight", "loadfactor=, its share of the requests", is_number=True),
    Column("Set", "lbset=; higher ones serve when lower ones cannot", is_number=True),
    Column("Elected", "how often it was elected", is_number=True),
    Column("In flight", "requests that it has now", is_number=True),
    Column("Sent", "bytes sent to it", is_number=True),
    Column("Received", "bytes received from it", is_number=True),
    Column("5xx", "requests that ended so, or without a status", is_number=True),
    Column("p50", "half of its answers took no longer", is_number=True),
    Column("p99", "99 of 100 answers took no longer", is_number=True),
)
_WORKER_COLUMNS: Final = (
    Column("Worker", "its slot and its generation"),
    Column("PID", "its process", is_number=True),
    Column("State", "starting, serving or draining"),
    Column("In flight", "requests under way, tunnels among them", is_number=True),
    Column("Tunnels", "WebSocket and CONNECT", is_number=True),
    Column("Waiting", "requests that wait for MaxRequestWorkers", is_number=True),
    Column("Connections", "of clients, open now", is_number=True),
    Column("Requests", "answered by it", is_number=True),
    Column("Sent", "bytes of answers, to clients", is_number=True),
    Column("CPU", "seconds that it has used", is_number=True),
)
_REQUEST_COLUMNS: Final = (
    Column("Request", "method and path, without what follows ? or ;"),
    Column("Age", "since its first byte", is_number=True),
    Column("State", "reading, deciding, waiting, connecting, sending or tunnel"),
    Column("Client", "its address"),
    Column("Host", "the virtual host"),
    Column("Member", "that is asked"),
    Column("Sent", "bytes to the client", is_number=True),
    Column("Worker", "its slot", is_number=True),
)
STATES: Final = {
    "serving": ("good", "serving"),
    "draining": ("wait", "draining: sessions only"),
    "standby": ("wait", "hot standby"),
    "spare": ("wait", "hot spare"),
    "stopped": ("bad", "stopped"),
    "shut_down": ("bad", "shut down"),
    "disabled": ("bad", "disabled"),
    "agent_down": ("bad", "down by its agent"),
    "unchecked": ("bad", "not checked yet"),
    "unhealthy": ("bad", "unhealthy"),
    "ejected": ("bad", "ejected"),
    "error": ("bad", "in error"),
    "unknown": ("bad", "out"),
}
"""Colour and words of a member's `state`."""

ASKED_BY: Final = {
    "request": "a request",
    "connection": "a connection of the monitor",
    "health check": "a health check",
    "agent": "its agent",
}


def page(reading: Reading, told: Told, words: list[str]) -> Iterator[str]:
    """The parts of the page, in order. told: the state document; words: the query's."""
    is_extended = reading.model.process.extended_status
    yield from begin(names.STATUS_TITLE)
    heading = names.STATUS_HEADING.format(
        name=escaped(reading.host_name), address=escaped(reading.local_host)
    )
    yield f"<h1>{heading}</h1>\n"
    yield from pairs(_summary(reading, told))
    yield from _balancers(reading, told)
    yield '<h2 id="workers">Workers</h2>\n'
    yield from pairs(_machine(reading))
    yield from _scoreboard(reading)
    if is_extended:
        yield from _workers(reading, told, is_list="notable" in words)
        yield from _requests(told["requests"], is_list="notable" in words)
    yield "<h2>Legends</h2>\n"
    yield from _legends()
    yield reading.signature
    yield END


# The server -------------------------------------------------------------------------


def _summary(reading: Reading, told: Told) -> Iterator[tuple[str, str]]:
    totals, uptime_s = told["totals"], reading.uptime_s
    workers = told["server"]["workers"]
    yield "Version", escaped(reading.vhost.server_tokens)
    yield "Up", uptime_words(uptime_s).strip() or "just now"
    yield "Generation", str(reading.facts.generation)
    if reading.model.process.extended_status:
        yield "Requests", _count(totals["requests"])
        if uptime_s:
            yield "Rate", f"{g_format(_rounded(totals['requests'] / uptime_s))}/s"
            yield "Sent", f"{bytes_words(totals['sent_bytes'] / uptime_s)}/s"
    yield "In flight", _count(totals["in_flight"])
    if totals["waiting"]:
        yield "Waiting", f'<span class="wait">{_count(totals["waiting"])}</span>'
    draining = sum(worker["draining"] for worker in workers)
    drains = f", {draining} draining" if draining else ""
    yield "Workers", f"{len(workers) - draining}{drains}"


def _machine(reading: Reading) -> Iterator[tuple[str, str]]:
    """What Apache's page tells beside that."""
    facts, cpu, totals = reading.facts, reading.cpu, reading.totals
    yield "Built", escaped(facts.built)
    yield "Current time", escaped(clock(reading.now_us))
    yield "Restart time", escaped(clock(facts.started_us))
    yield "Load", " ".join(f"{one:.2f}" for one in reading.load)
    yield "Compat", reading.model.compat.value
    if reading.model.process.extended_status:
        yield "Connections since the start", _count(totals["connections"])
        yield "Traffic", bytes_words(totals["bytes_out"])
        if totals["accesses"]:
            mean_s = totals["duration_us"] / 1e6 / totals["accesses"]
            yield "Mean request", duration_words(mean_s)
        spent = f"user {g_format(cpu.user)} s, system {g_format(cpu.system)} s"
        if reading.uptime_s:
            share = 100 * cpu.total() / reading.uptime_s
            spent += f", {g_format(_rounded(share))} %"
        yield "CPU", spent


# Balancers and members --------------------------------------------------------------


def _balancers(reading: Reading, told: Told) -> Iterator[str]:
    yield "<h2>Balancers</h2>\n"
    if not reading.vhost.proxy_status:
        yield "<p>They are shown with <code>ProxyStatus On</code>.</p>\n"
        return
    if not told["balancers"]:
        yield "<p>This host has none.</p>\n"
    for number, balancer in enumerate(told["balancers"]):
        yield from _balancer(balancer, f"balancer-{number}")
    if told["members"]:
        yield '<h3 id="direct">Members in no balancer</h3>\n'
        yield from _members(told["members"], "direct")


def _balancer(balancer: Told, anchor: str) -> Iterator[str]:
    members = balancer["members"]
    usable = sum(member["usable"] for member in members)
    colour = "good" if usable == len(members) else "wait" if usable else "bad"
    host = f" of {escaped(balancer['host'])}" if balancer["host"] else ""
    name = f"balancer://{escaped(balancer['name'])}"
    yield f'<h3 id="{anchor}">{name}{host}</h3>\n'
    yield "<p>"
    yield f'<span class="{colour}">{usable} of {len(members)} members may serve</span>'
    yield f"; method {escaped(balancer['method'])}; {_session(balancer)}"
    yield from _retries(balancer)
    queue = balancer["queue"]
    if queue["waiting"] or queue["waited"] or queue["turned_away"]:
        yield _queue(queue)
    if balancer["adjusted"]:
        yield f"; {_changed(balancer)}"
    if gone := [escaped(one["url"]) for one in balancer["removed"]]:
        yield f"; taken out while running: {', '.join(gone)}"
    yield "</p>\n"
    if members:
        yield from _members(members, anchor)


def _session(balancer: Told) -> str:
    """By what requests of one session are known."""
    own, cookie = balancer["own_cookie"], balancer["sticky_cookie"]
    parameter = balancer["sticky_parameter"]
    said = [one for one in (cookie, parameter if parameter != cookie else "") if one]
    if own:
        said.append(own)
    if not said:
        return "no sticky sessions"
    return f"sticky sessions by {escaped(' or '.join(said))}"


def _retries(balancer: Told) -> Iterator[str]:
    count, refused = sum(balancer["retries"].values()), balancer["retries_refused"]
    if count or refused:
        yield f"; sent to one more member {_times(count)}"
        yield f", {_times(refused)} the budget was used up" if refused else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{_count(count)} times"


def _queue(queue: Told) -> str:
    return (
        f"; {_count(queue['waiting'])} requests wait for a member,"
        f" {_count(queue['waiting_most'])} at most at one moment;"
        f" {_count(queue['waited'])} have waited,"
        f" {duration_words(queue['longest_wait_seconds'])} at most;"
        f" {_count(queue['turned_away'])} were turned away"
    )


def _members(members: list[Told], anchor: str) -> Iterator[str]:
    rows = (
        ("" if member["usable"] else "out", _member_cells(member)) for member in members
    )
    yield from table(_MEMBER_COLUMNS, rows, labelled_by=anchor)


def _member_cells(member: Told) -> tuple[str, ...]:
    outcomes = member["outcomes"]
    route = escaped(member["route"])
    if member["redirect"]:
        route += f" -&gt; {escaped(member['redirect'])}"
    most = member["in_flight_max"]
    return (
        escaped(member["url"]),
        "".join(_standing(member)),
        route,
        f"{member['weight']:.2f}",
        str(member["lbset"]),
        _count(member["elected"]),
        _count(member["in_flight"]) + (f" of {_count(most)}" if most else ""),
        bytes_words(member["sent_bytes"]),
        bytes_words(member["received_bytes"]),
        _count(outcomes["5xx"] + outcomes["none"]),
        _time(member["answer_p50_seconds"]),
        _time(member["answer_p99_seconds"]),
    )


def _standing(member: Told) -> Iterator[str]:
    """Its state in words, why it is out and until when, and what led to that."""
    colour, words = STATES[member["state"]]
    yield f'<span class="{colour}">{words}</span>'
    yield f' <small class="soft">{escaped(member["status"])}</small>'
    if member["out_reason"]:
        since_s = member["out_for_seconds"]
        yield "<br>out" if since_s is None else f"<br>out for {duration_words(since_s)}"
        yield f": {escaped(member['out_reason'])}"
    if member["asked_again_by"]:
        yield f"<br>asked again by {ASKED_BY[member['asked_again_by']]}"
        if member["asked_again_in_seconds"] is not None:
            yield f" in {duration_words(member['asked_again_in_seconds'])}"
    if member["agent"]:
        yield f"<br>agent: {escaped(member['agent'])}"
    if member["added"]:
        yield "<br>added while running"
    if member["adjusted"]:
        yield f"<br>{_changed(member)}"
    if member["changes"]:
        yield from details("changes", listed(_changes(member)))
    if member["checks"]:
        yield from details("checks", listed(_checks(member)))


def _changed(one: Told) -> str:
    """What somebody has said while running of a member or a balancer."""
    words = ", ".join(Adjusted(**key).words for key in one["adjusted"])
    return f'<span class="wait">changed</span>: {escaped(words)}'


def _changes(member: Told) -> Iterator[str]:
    for one in member["changes"]:
        side = "out" if one["went_out"] else "back"
        yield (
            f"{duration_words(one['seconds_ago'])} ago: {side}: {escaped(one['words'])}"
            f" (process {one['pid']})"
        )


def _checks(member: Told) -> Iterator[str]:
    for one in member["checks"]:
        colour = "good" if one["passed"] else "bad"
        yield (
            f"{duration_words(one['seconds_ago'])} ago:"
            f' <span class="{colour}">{escaped(one["words"])}</span>'
            f" ({duration_words(one['took_seconds'])})"
        )


# Workers ----------------------------------------------------------------------------


def _scoreboard(reading: Reading) -> Iterator[str]:
    busy, graceful, idle = reading.counts
    places = "place" if busy == 1 else "places"
    said = f"{busy} {places} busy, {graceful} on draining workers, {idle} idle"
    yield f"<p>{said}</p>\n"
    yield f'<pre role="img" aria-label="{said}">{reading.scoreboard}</pre>\n'


def _workers(reading: Reading, told: Told, *, is_list: bool) -> Iterator[str]:
    """It serves many clients, so none is named."""
    rows = [
        _worker_cells(worker, cpu.user + cpu.system)
        for worker, cpu in zip(told["server"]["workers"], reading.cpus, strict=True)
    ]
    yield from _rows(_WORKER_COLUMNS, rows, labelled_by="workers", is_list=is_list)


def _rows(
    columns: Sequence[Column],
    rows: Iterable[tuple[str, ...]],
    *,
    labelled_by: str,
    is_list: bool,
) -> Iterator[str]:
    """is_list: without a table of them (?notable)."""
    if not is_list:
        plain = (("", cells) for cells in rows)
        yield from table(columns, plain, labelled_by=labelled_by)
        return
    named = [column.name for column in columns]
    yield from listed(
        ", ".join(f"{name} {cell}" for name, cell in zip(named, cells, strict=True))
        for cells in rows
    )


def _worker_cells(worker: Told, cpu_s: float) -> tuple[str, ...]:
    return (
        f"{worker['slot']}-{worker['generation']}",
        str(worker["pid"]),
        worker["state"],
        _count(worker["in_flight"]),
        _count(worker["tunnels"]),
        _count(worker["waiting"]),
        _count(worker["connections_open"]),
        _count(worker["requests"]),
        bytes_words(worker["sent_bytes"]),
        f"{cpu_s:.2f}",
    )


# Requests ---------------------------------------------------------------------------


def _requests(requests: list[Told], *, is_list: bool) -> Iterator[str]:
    yield '<h2 id="requests">Requests under way</h2>\n'
    if not requests:
        yield "<p>None for longer than a moment.</p>\n"
        return
    rows = (
        (
            escaped(one["request"]) or "-",
            duration_words(one["age_seconds"]),
            one["state"],
            escaped(one["client"]),
            escaped(one["host"] or ""),
            escaped(one["member"] or ""),
            bytes_words(one["sent_bytes"]),
            str(one["worker"]),
        )
        for one in requests
    )
    yield from _rows(_REQUEST_COLUMNS, rows, labelled_by="requests", is_list=is_list)


# Legends and words ------------------------------------------------------------------


def _legends() -> Iterator[str]:
    board = (f"<code>{one}</code> {about}" for one, about in names.SCOREBOARD_KEY)
    yield from details("Scoreboard", listed(board))
    for what, columns in (
        ("Members", _MEMBER_COLUMNS),
        ("Workers", _WORKER_COLUMNS),
        ("Requests under way", _REQUEST_COLUMNS),
    ):
        yield from details(
            what,
            listed(f"<b>{one.name}</b>: {escaped(one.about)}" for one in columns),
        )


def _count(number: int) -> str:
    return f"{number:,}"


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    at_least = "≥ " if seconds >= BOUNDS_S[-1] else ""
    return f"{at_least}{duration_words(seconds)}"
