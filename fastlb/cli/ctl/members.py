"""Which member an operator means, and what is shown of members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from fastlb.facts.said import told

Member = dict[str, Any]


class UnclearError(Exception):
    """The text names none, or several; it says which there are."""


def chosen(text: str, members: Sequence[Member]) -> Member:
    """By URL, host:port, or either behind `balancer/`, or `balancer/route`."""
    there = [one for one in members if one["balancer"] is not None]
    found = [one for one in there if text in names_of(one)]
    if len(found) == 1:
        return found[0]
    why = f"{text} is more than one:" if found else f"no member is {text}; there are:"
    listed = [f"  {full_name(one)}" for one in found]
    listed = listed or [f"  {full_name(one)}{_by_route(one)}" for one in there]
    raise UnclearError(
        "\n".join([why, *listed] if listed else [f"no member is {text}"])
    )


def of_balancer(text: str, members: Sequence[Member]) -> list[Member]:
    """Those of the balancer of that name, whichever host has it."""
    name = text.removeprefix("balancer://").strip("/")
    found = [one for one in members if one["balancer"] == name]
    if not found:
        names = dict.fromkeys(one["balancer"] for one in members)
        there = ", ".join(one for one in names if one is not None)
        raise UnclearError(f"no balancer {name} has members; there are: {there}")
    return found


def names_of(member: Member) -> Iterator[str]:
    url, balancer = member["url"], member["balancer"]
    near = (url, urlsplit(url).netloc)
    yield from near
    for name in (*near, member["route"]):
        if name:
            yield f"{balancer}/{name}"
            yield f"{balancer}@{member['host']}/{name}"


def full_name(member: Member) -> str:
    at = f"@{member['host']}" if member["host"] else ""
    return f"{member['balancer']}{at}/{member['url']}"


def _by_route(member: Member) -> str:
    """How it may be named as well."""
    if not member["route"]:
        return ""
    at = f"@{member['host']}" if member["host"] else ""
    return f" ({member['balancer']}{at}/{member['route']})"


def table(members: Iterable[Member]) -> list[str]:
    """A line for each, under a head. What was changed has its column where there is
    something."""
    rows = [HEAD, *(_row(one) for one in members)]
    if not any(row[_CHANGED] for row in rows[1:]):
        rows = [row[:_CHANGED] + row[_CHANGED + 1 :] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if at in _NUMBERS else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


HEAD = (
    *("BALANCER", "MEMBER", "STATE", "SINCE", "WEIGHT", "BUSY", "REQUESTS", "ERRORS"),
    *("P50", "P99", "CHANGED", "REASON"),
)
_CHANGED = HEAD.index("CHANGED")
_NUMBERS = range(HEAD.index("SINCE"), _CHANGED)


def _row(member: Member) -> tuple[str, ...]:
    outcomes = member["outcomes"]
    return (
        member["balancer"] or "-",
        member["url"],
        member["state"].replace("_", " "),
        _long(member["out_for_seconds"]),
        f"{member['weight']:g}",
        str(member["in_flight"]),
        str(sum(outcomes.values())),
        str(outcomes["none"] + outcomes["5xx"]),
        _short(member["answer_p50_seconds"]),
        _short(member["answer_p99_seconds"]),
        _changed(member),
        member["out_reason"] or "",
    )


def _changed(member: Member) -> str:
    """Against the configuration."""
    said = [told(**one) for one in member["adjusted"]]
    return ", ".join(["added"] * member["added"] + said)


def _short(seconds: float | None) -> str:
    """Of an answer."""
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.3g}ms" if seconds < 1 else f"{seconds:.3g}s"


def _long(seconds: float | None) -> str:
    """For how long it has been so."""
    if seconds is None:
        return "-"
    whole = int(seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"
