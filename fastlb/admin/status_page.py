"""The HTML page of server-status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastlb.admin import apache_names as names
from fastlb.admin import pages
from fastlb.admin.quantities import (
    bytes_words,
    clock,
    g_format,
    kbytes_words,
    short_size,
    uptime_words,
)
from fastlb.admin.reading import Reading, may_wait, queue_values
from fastlb.facts.member import Member

LINE_WIDTH = 64  # scoreboard characters a line
_WORKER_COLUMNS = (
    ("Srv", "Worker slot - generation"),
    ("PID", "OS process ID"),
    ("Acc", "Number of accesses of this worker"),
    ("M", "Mode of operation"),
    ("CPU", "CPU usage, number of seconds"),
    ("Dur", "Sum of milliseconds required to process all requests"),
    ("Conn", "Client connections open now"),
    ("Busy", "Requests being processed now"),
    ("Child", "Megabytes transferred by this worker"),
)
_QUEUE = (
    "<p>{0} requests wait for a member, {1} at most at one moment; {2} have waited,"
    " {3} ms together, {4} ms at most; {5} were turned away</p>\n"
)


def page(reading: Reading, words: list[str]) -> Iterator[str]:
    """The parts of the page, in order. words: the query's."""
    heading = names.STATUS_HEADING.format(
        name=pages.escaped(reading.host_name), address=pages.escaped(reading.local_host)
    )
    yield pages.DOCTYPE
    yield f"<html><head>\n<title>{names.STATUS_TITLE}</title>\n"
    yield f"</head><body>\n<h1>{heading}</h1>\n\n"
    yield from _server(reading)
    yield "</dl><pre>"
    board = reading.scoreboard
    for start in range(0, len(board), LINE_WIDTH):
        yield board[start : start + LINE_WIDTH] + "\n"
    yield "</pre>\n<p>Scoreboard Key:<br />\n"
    for letter, meaning, end in names.SCOREBOARD_KEY:
        yield f'"<b><code>{letter}</code></b>" {meaning}{end}\n'
    yield "</p>\n"
    if reading.model.process.extended_status:
        yield from _list(reading) if "notable" in words else _table(reading)
    for (index, members), queue in zip(reading.balancers, reading.queues, strict=True):
        yield from _balancer(reading, index, members)
        if may_wait(reading.model, index):
            yield _QUEUE.format(*queue_values(queue))
    if reading.balancers:
        yield "<hr /><table>\n"
        yield from _legend(names.BALANCER_LEGEND)
        yield "</table>"
    yield reading.signature
    yield "</body></html>\n"


def _server(reading: Reading) -> Iterator[str]:
    facts = reading.facts
    yield f"<dl><dt>Server Version: {pages.escaped(reading.vhost.server_tokens)}</dt>\n"
    yield f"<dt>Server MPM: {names.MPM}</dt>\n"
    yield f"<dt>Server Built: {pages.escaped(facts.built)}\n"
    yield "</dt></dl><hr /><dl>\n"
    yield f"<dt>Current Time: {clock(reading.now_us)}</dt>\n"
    yield f"<dt>Restart Time: {clock(facts.started_us)}</dt>\n"
    yield f"<dt>Parent Server Config. Generation: {facts.generation + 1}</dt>\n"
    yield f"<dt>Parent Server MPM Generation: {facts.generation}</dt>\n"
    yield f"<dt>Server uptime: {uptime_words(reading.uptime_s)}</dt>\n"
    yield f"<dt>Server load: {' '.join(f'{one:.2f}' for one in reading.load)}</dt>\n"
    yield f"<dt>Compat: {reading.model.compat.value}</dt>\n"
    if reading.model.process.extended_status:
        yield from _extended(reading)
    busy, graceful, idle = reading.counts
    yield (
        f"<dt>{busy} requests currently being processed, {graceful} workers gracefully"
        f" restarting, {idle} idle workers</dt>\n"
    )


def _extended(reading: Reading) -> Iterator[str]:
    totals, cpu, uptime_s = reading.totals, reading.cpu, reading.uptime_s
    accesses, bytes_out = totals["accesses"], totals["bytes_out"]
    duration_ms = totals["duration_us"] // 1000
    yield (
        f"<dt>Total accesses: {accesses} - Total Traffic:"
        f" {kbytes_words(bytes_out >> 10)} - Total Duration: {duration_ms}</dt>\n"
    )
    yield (
        f"<dt>CPU Usage: u{g_format(cpu.user)} s{g_format(cpu.system)}"
        f" cu{g_format(cpu.children_user)} cs{g_format(cpu.children_system)}"
    )
    if uptime_s and cpu.total():
        yield f" - {g_format(float(f'{100 * cpu.total() / uptime_s:.3g}'))}% CPU load"
    yield "</dt>\n"
    if uptime_s and accesses:
        rate = g_format(float(f"{accesses / uptime_s:.3g}"))
        yield (
            f"<dt>{rate} requests/sec - {bytes_words(bytes_out / uptime_s)}/second -"
            f" {bytes_words(bytes_out / accesses)}/request -"
            f" {g_format(duration_ms / accesses)} ms/request</dt>\n"
        )


def _table(reading: Reading) -> Iterator[str]:
    """One row a worker: it serves many clients, so none is named."""
    yield '\n\n<table border="0">' + _row("th", (key for key, _ in _WORKER_COLUMNS))
    for worker, cpu in zip(reading.workers, reading.cpus, strict=True):
        cells = (
            f"<b>{worker['slot']}-{worker['generation']}</b>",
            worker["pid"],
            worker["accesses"],
            _mode(worker),
            f"{cpu.user + cpu.system:.2f}",
            worker["duration_us"] // 1000,
            worker["connections"],
            worker["busy"],
            f"{worker['bytes_out'] / (1 << 20):.2f}",
        )
        yield _row("td", cells)
    yield "</table>\n <hr /> <table>\n"
    yield from _legend(_WORKER_COLUMNS)
    yield "</table>\n"


def _list(reading: Reading) -> Iterator[str]:
    yield "<hr /><h2>Server Details</h2>\n\n"
    for worker, cpu in zip(reading.workers, reading.cpus, strict=True):
        yield (
            f"<b>Server {worker['slot']}-{worker['generation']}</b> ({worker['pid']}):"
            f" {worker['accesses']} [{names.STATE_WORDS.get(_mode(worker), 'Ready')}]"
            f" u{g_format(cpu.user)} s{g_format(cpu.system)}\n"
            f" {worker['connections']} connections, {worker['busy']} busy"
            f" ({bytes_words(worker['bytes_out'])})<br />\n\n"
        )


def _mode(worker: dict[str, Any]) -> str:
    if worker["draining"]:
        return names.GRACEFUL
    if worker["busy"]:
        return names.SENDING
    return str(worker["state"])


def _balancer(
    reading: Reading, index: int, members: list[dict[str, Any]]
) -> Iterator[str]:
    balancer = reading.model.balancers[index]
    sticky = " - "
    if balancer.sticky_cookie:
        sticky = pages.escaped(balancer.sticky_cookie)
        if balancer.sticky_url and balancer.sticky_url != balancer.sticky_cookie:
            sticky += f" | {pages.escaped(balancer.sticky_url)}"
    elif balancer.own_cookie is not None:
        sticky = pages.escaped(balancer.own_cookie.name)
    heading = names.BALANCER_HEADING.format(pages.escaped(balancer.name))
    yield f"<hr />\n<h1>{heading}</h1>\n"
    yield '\n\n\n<table border="0">' + _row("th", names.BALANCER_COLUMNS)
    yield _row("td", (sticky, balancer.timeout_ms // 1000, balancer.lbmethod))
    yield '</table>\n\n\n<table border="0">' + _row("th", names.MEMBER_COLUMNS)
    for number, seen in zip(balancer.members, members, strict=True):
        yield _row("td", _member_cells(reading.model.members[number], seen))
    yield "</table>\n"


def _member_cells(member: Member, seen: dict[str, Any]) -> tuple[object, ...]:
    return (
        member.scheme,
        pages.escaped(member.host),
        _status(seen),
        pages.escaped(seen["route"]),
        pages.escaped(seen["redirect"]),
        f"{seen['load_factor'] / 100:.2f}",
        seen["lbset"],
        seen["elected"],
        seen["busy"],
        short_size(seen["transferred"]),
        short_size(seen["read"]),
    )


def _status(seen: dict[str, Any]) -> str:
    """Its flags; whoever points at them reads what its agent says, when and why it went
    out and came back, and what its last checks have found."""
    lines = [f"agent: {seen['agent'].words}"] if "agent" in seen else []
    lines += (
        f"{age_us / 1e6:.1f}s ago: {change.words}"
        for age_us, change in seen.get("changes", ())
    )
    lines += (
        f"{age_us / 1e6:.1f}s ago: {kept.result.words} ({kept.took_us / 1000:.1f} ms)"
        for age_us, kept in seen.get("checks", ())
    )
    told = "\n".join(lines)
    if not told:
        return str(seen["status"])
    return f'<span title="{pages.escaped(told)}">{seen["status"]}</span>'


def _legend(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    for key, meaning in entries:
        yield f"<tr><th>{key}</th><td>{meaning}</td></tr>\n"


def _row(kind: str, cells: Iterable[object]) -> str:
    inside = "".join(f"<{kind}>{cell}</{kind}>" for cell in cells)
    return f"<tr>{inside}</tr>\n"
