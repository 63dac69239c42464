"""State documents -> the lines of a screen.

Rates are those between two looks; of one look alone they are means since the start. A
member's requests are its outcomes (docs/state.md), or its elections where none are
counted (ExtendedStatus Off).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fastlb.admin.quantities import bytes_words, duration_words
from fastlb.base.errors import printable
from fastlb.cli.top.ask import Look

FAILED: Final = ("none", "5xx")  # outcomes that are errors
HEADS: Final = (
    *("BALANCER", "MEMBER", "STATE", "REQ/S", "ERR/S", "P50", "P99", "NOW", "WHY"),
)
LEFT: Final = frozenset({"BALANCER", "MEMBER", "STATE", "WHY"})
OUT, PLAIN, BOLD = range(3)  # how a line is to look
BALANCER_MAX, MEMBER_MAX = 20, 44


@dataclass(frozen=True, slots=True)
class Row:
    """A member. p50_s, p99_s: None: nothing has been answered."""

    balancer: str
    url: str
    state: str
    usable: bool
    why: str
    rate: float
    error_rate: float
    p50_s: float | None
    p99_s: float | None
    in_flight: int


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    look: int = PLAIN


Key = Callable[[Row], Any]
ORDERS: Final = MappingProxyType(
    {
        "file": lambda row: 0,
        "rate": lambda row: -row.rate,
        "errors": lambda row: -row.error_rate,
        "p99": lambda row: -(row.p99_s or 0),
        "now": lambda row: -row.in_flight,
        "state": lambda row: (row.usable, row.state),
    }
)


def rows(now: Look, before: Look | None = None) -> list[Row]:
    """Of all members, in the order of the file."""
    earlier = {} if before is None else dict(_members(before.document))
    span = _span(now, before)
    return [
        _row(place[0], member, earlier.get(place) if span.is_pair else None, span.s)
        for place, member in _members(now.document)
    ]


def lines(
    now: Look, before: Look | None, order: str, *, width: int, height: int, foot: str
) -> list[Line]:
    """As many as fit; height 0: all of them, and nothing is cut off at width 0."""
    found = sorted(rows(now, before), key=ORDERS[order])
    told = [*_head(now, before), Line("")]
    table = list(_table(found))
    room = len(table) if height <= 0 else max(height - len(told) - 1, 1)
    shown = table[:room]
    if len(table) > room:
        more = len(table) - room + 1
        shown = [*table[: room - 1], Line(f"... and {more} more members")]
    told += shown
    if foot:
        told += [Line("")] * max(height - len(told) - 1, 0)
        told.append(Line(foot, BOLD))
    return [Line(line.text[: width or None], line.look) for line in told]


@dataclass(frozen=True, slots=True)
class _Span:
    s: float
    is_pair: bool  # between two looks at one server


def _span(now: Look, before: Look | None) -> _Span:
    """Of what the counters are differences. A server that was started anew begins."""
    server = now.document["server"]
    if before is not None:
        was = before.document["server"]["started_unix_seconds"]
        if was == server["started_unix_seconds"] and now.at_s > before.at_s:
            return _Span(now.at_s - before.at_s, True)
    return _Span(max(float(server["uptime_seconds"]), 1.0), False)


def _members(
    document: Mapping[str, Any],
) -> Iterator[tuple[tuple[str, str, str, int], dict[str, Any]]]:
    """((balancer, its host, URL, which of that URL), member)"""
    seen: dict[tuple[str, str, str], int] = {}
    groups = [
        (one["name"], one["host"], one["members"]) for one in document["balancers"]
    ]
    for name, host, members in (*groups, ("", "", document["members"])):
        for member in members:
            place = (name, host, member["url"])
            number = seen[place] = seen.get(place, -1) + 1
            yield (*place, number), member


def _row(
    balancer: str,
    member: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    took_s: float,
) -> Row:
    asked, failed = _counts(member)
    # One that has come with a reload has counted since then
    was_asked, was_failed = _counts(before) if before is not None else (0, 0)
    why = member["out_reason"] or ""
    if why and member["out_for_seconds"] is not None:
        why += f", for {duration_words(member['out_for_seconds'])}"
    return Row(
        balancer or "-",
        member["url"],
        member["state"],
        bool(member["usable"]),
        why,
        max(asked - was_asked, 0) / took_s,
        max(failed - was_failed, 0) / took_s,
        member["answer_p50_seconds"],
        member["answer_p99_seconds"],
        member["in_flight"],
    )


def _counts(member: Mapping[str, Any]) -> tuple[int, int]:
    """(requests, those that failed)"""
    outcomes = member["outcomes"] or {}
    failed = sum(outcomes.get(name, 0) for name in FAILED)
    return sum(outcomes.values()) or member["elected"], failed


def _head(now: Look, before: Look | None) -> list[Line]:
    """What the server does."""
    server, totals = now.document["server"], now.document["totals"]
    span = _span(now, before)
    was = before.document["totals"] if before is not None and span.is_pair else {}

    def rate(name: str) -> float:
        return float(max(totals[name] - was.get(name, 0), 0)) / span.s

    since = "" if span.is_pair else " since the start"
    workers = sum(one["state"] == "serving" for one in server["workers"])
    up = duration_words(server["uptime_seconds"])
    return [
        Line(
            f"fastlb {server['version']}, up {up},"
            f" generation {server['generation']}, {workers} workers",
            BOLD,
        ),
        Line(
            f"{rate('requests'):.1f} requests/s and"
            f" {bytes_words(rate('sent_bytes'))}/s{since},"
            f" {totals['in_flight']} in flight, {totals['waiting']} waiting,"
            f" {totals['connections_open']} clients"
        ),
    ]


def _table(found: Iterable[Row]) -> Iterator[Line]:
    """The head of the columns and a line for each member."""
    cells = [(row, _cells(row)) for row in found]
    widths = [
        max([len(head), *(len(texts[column]) for _, texts in cells)])
        for column, head in enumerate(HEADS)
    ]
    yield Line(_joined(HEADS, widths), BOLD)
    for row, texts in cells:
        yield Line(_joined(texts, widths), PLAIN if row.usable else OUT)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        _cut(printable(row.balancer), BALANCER_MAX),
        _cut(printable(row.url), MEMBER_MAX),
        row.state,
        f"{row.rate:.1f}",
        f"{row.error_rate:.1f}",
        _time(row.p50_s),
        _time(row.p99_s),
        str(row.in_flight),
        printable(row.why),
    )


def _joined(texts: Iterable[str], widths: Iterable[int]) -> str:
    parts = [
        f"{text:{width}}" if head in LEFT else f"{text:>{width}}"
        for head, text, width in zip(HEADS, texts, widths, strict=True)
    ]
    return "  ".join(parts).rstrip()


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else duration_words(seconds)


def _cut(text: str, width: int) -> str:
    """The end of a URL tells more than its middle."""
    if len(text) <= width:
        return text
    return f"{text[: width // 2 - 1]}…{text[-(width - width // 2) :]}"
