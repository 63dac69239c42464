"""What of a log goes elsewhere: by where from and where to, with how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastlb.cli.replay.lines import Asked, unescaped
from fastlb.cli.replay.whither import Key, Place

EXAMPLES_KEPT = 3
ELSEWHERE = ", asked for another path"

Places = dict[Key, Place]


@dataclass(slots=True)
class Group:
    """Requests with one way before and one way now."""

    lines: int = 0
    distinct: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, count: int, example: str) -> None:
        self.lines += count
        self.distinct += 1
        if len(self.examples) < EXAMPLES_KEPT:
            self.examples.append(example)


@dataclass(slots=True)
class Tally:
    """moved: (from, to) -> who; goes: where all of it goes now -> how many lines.

    distinct counts requests that differ in what decides. unasked: lines on which no
    request was read.
    """

    moved: dict[tuple[str, str], Group] = field(default_factory=dict)
    goes: dict[str, Group] = field(default_factory=dict)
    distinct: int = 0
    unchanged: int = 0
    unasked: int = 0


def keys_of(requests: Mapping[Asked, int]) -> list[Key]:
    """What is to be asked, each once."""
    return list(dict.fromkeys(key_of(asked) for asked in requests if asked[3]))


def key_of(asked: Asked) -> Key:
    host, port, method, target, client, user, _, _ = asked
    return host, port, method, unescaped(target), client, unescaped(user)


def places_of(keys: list[Key], place: Callable[[Key], Place]) -> Places:
    return {key: place(key) for key in keys}


def tally(
    requests: Mapping[Asked, int],
    now: Places,
    before: Places | None,
    owners: Mapping[str, frozenset[str]],
) -> Tally:
    """What goes elsewhere.

    before  where it went under the old configuration; None: what the log says counts
    owners  a member -> the balancers that have it
    """
    found = Tally(distinct=len(now))
    counted: dict[tuple[str, str], set[Key]] = {}
    for asked, count in requests.items():
        if not asked[3]:
            found.unasked += count
            continue
        key = key_of(asked)
        place, was = now[key], None if before is None else before[key]
        example = _example(key)
        found.goes.setdefault(place.name, Group()).add(count, example)
        names = (
            _against_log(place, asked[6], asked[7], owners)
            if was is None
            else _against(place, was)
        )
        if names is None:
            found.unchanged += count
            continue
        group = found.moved.setdefault(names, Group())
        seen = counted.setdefault(names, set())
        group.lines += count
        if key not in seen:
            seen.add(key)
            group.add(0, f"{example}{_paths(place, was)}")
    return found


def _against(now: Place, before: Place) -> tuple[str, str] | None:
    """(from, to) when it goes elsewhere."""
    if now.name == before.name and now.target == before.target:
        return None
    if now.name == before.name:
        return before.name, f"{now.name}{ELSEWHERE}"
    return before.name, now.name


def _against_log(
    now: Place, status: str, goes_to: str, owners: Mapping[str, frozenset[str]]
) -> tuple[str, str] | None:
    """What the line says of where it went: the balancer or member, else the status."""
    goes_to = "" if goes_to == "-" else goes_to
    if goes_to:
        # Another member of the balancer is no other way
        same = goes_to == now.name or now.name in owners.get(goes_to, ())
        return None if same else (goes_to, now.name)
    if not status.isdecimal() or not now.status or int(status) == now.status:
        return None
    if now.status == 200 and status in ("206", "304"):  # of what a handler answers
        return None
    return f"answered {status}", now.name


def _paths(now: Place, before: Place | None) -> str:
    if before is not None and now.name == before.name:
        return f" ({before.target} -> {now.target})"
    return f" ({now.target})" if now.target else ""


def _example(key: Key) -> str:
    host, _, method, target, client, _ = key
    where = "" if host in ("", "-") else host
    return f"{method} {where}{target}" + (f" from {client}" if client else "")
