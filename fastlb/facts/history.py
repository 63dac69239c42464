"""What members did in the last ten minutes, two hours and 24 hours, as it lies in
shared memory (core/balance/history.pyx)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

STEP_MIN_S: Final = 1
"""How often the monitor looks."""

_SAMPLE: Final = struct.Struct("=IIHHHBB")
_EXACT: Final = 2048
_LOOKS: Final = 255


@dataclass(frozen=True, slots=True)
class Ring:
    """number: of it in the table."""

    number: int
    step_s: int
    count: int


SPANS: Final[Mapping[str, Ring]] = MappingProxyType(
    {"10m": Ring(0, 1, 600), "2h": Ring(1, 10, 720), "24h": Ring(2, 60, 1440)}
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a member did in one interval.

    requests: that ended; errors: of these with 5xx, or without an answer. in_flight:
    the most that any look has seen. p50_us, p99_us: None where there was no answer.
    usable: the share of looks that found it so. span: what was seen of it, 1.0 for all.
    """

    requests: int
    errors: int
    in_flight: int
    p50_us: int | None
    p99_us: int | None
    usable: float
    span: float


def samples_of(data: bytes | bytearray) -> Iterator[Sample | None]:
    """The oldest first; None for a gap."""
    for requests, errors, in_flight, p50, p99, out, span in _SAMPLE.iter_unpack(data):
        if not span:
            yield None
            continue
        yield Sample(
            requests,
            errors,
            in_flight,
            us_of(p50),
            us_of(p99),
            1 - out / _LOOKS,
            span / 100,
        )


def us_of(code: int) -> int | None:
    """What history_code of core/balance/history.pyx wrote."""
    if code == 0:
        return None
    shift = max(code // _EXACT - 1, 0)
    return (code - shift * _EXACT) << shift
