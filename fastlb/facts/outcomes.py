"""How requests ended, as the table counts it for each member (balance/ledger.pxd)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

CLASSES: Final = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
"""Of statuses; none: the client has seen no status."""

ANSWERED: Final = slice(2, None)
"""Of CLASSES, those of answers; what is none, and a tunnel, ends when somebody leaves.
"""

BOUNDS_S: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0),
)
"""Seconds; what took longer than the last one is counted behind it."""


def quantile_s(counts: Sequence[int], share: float) -> float | None:
    """Seconds within which that share of the requests ended, None where there are none.

    An estimate: within two bounds they are taken to be spread evenly, and what took
    longer than the last bound took as long as that (as histogram_quantile of
    Prometheus). counts: by time, as Table.outcomes has them of one class.
    """
    total = sum(counts)
    if not total:
        return None
    rank = share * total
    below = 0
    before_s = 0.0
    for count, bound_s in zip(counts, BOUNDS_S, strict=False):
        if count and below + count >= rank:
            return before_s + (bound_s - before_s) * (rank - below) / count
        below += count
        before_s = bound_s
    return before_s
