"""What a member did lately, as lists for a page or a program (docs/statistics.md)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fastlb.facts.history import SPANS, Ring, Sample, samples_of

if TYPE_CHECKING:
    from fastlb._core import Table

Column = list[float | None]


def history(
    table: Table,
    slot: int,
    span: str,
    *,
    monotonic_s: float | None = None,
    wall_s: float | None = None,
) -> dict[str, Any]:
    """Of the member with that slot: span, step_s, and lists of one length.

    span         "10m", "2h", "24h"; KeyError: there is no such
    monotonic_s, wall_s    both clocks at one moment; None: now

    t: when each interval began, in seconds since 1970, the oldest first; the last one
    is the last that has ended. requests_per_s, errors_per_s, in_flight, usable: None
    where nothing is known. p50_ms, p99_ms: None also where there was no answer.
    """
    ring = SPANS[span]
    if monotonic_s is None:
        monotonic_s = time.monotonic()
    if wall_s is None:
        wall_s = time.time()
    under_way = int(monotonic_s) // ring.step_s
    first = under_way - ring.count
    began_s = wall_s - monotonic_s
    samples = _aligned(table, slot, ring, first)
    return {
        "span": span,
        "step_s": ring.step_s,
        "t": [
            round(began_s + number * ring.step_s, 3)
            for number in range(first, under_way)
        ],
        "requests_per_s": [_rate(s, s.requests, ring) if s else None for s in samples],
        "errors_per_s": [_rate(s, s.errors, ring) if s else None for s in samples],
        "in_flight": [s.in_flight if s else None for s in samples],
        "p50_ms": [_ms(s.p50_us) if s else None for s in samples],
        "p99_ms": [_ms(s.p99_us) if s else None for s in samples],
        "usable": [round(s.usable, 2) if s else None for s in samples],
    }


def _aligned(table: Table, slot: int, ring: Ring, first: int) -> list[Sample | None]:
    """Of ring.count intervals from that number on, whatever the table has of them."""
    found: list[Sample | None] = [None] * ring.count
    kept = table.history(slot, ring.number)
    if kept is None:
        return found
    behind, data = kept
    samples = list(samples_of(data))
    for at, sample in enumerate(samples, behind - len(samples) - first):
        if 0 <= at < ring.count:
            found[at] = sample
    return found


def _rate(sample: Sample, count: int, ring: Ring) -> float:
    return round(count / (sample.span * ring.step_s), 2)


def _ms(us: int | None) -> float | None:
    return None if us is None else us / 1000
