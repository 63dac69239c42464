"""Time as an argument: the control plane asks a `Clock`, tests hold it still."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Two clocks in one: monotonic for durations, wall for what people read."""

    def monotonic_ms(self) -> int:
        """Milliseconds from an arbitrary start; never goes back."""

    def wall_us(self) -> int:
        """Microseconds since 1970-01-01 UTC; may jump."""


class SystemClock:
    """The machine's clocks."""

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def wall_us(self) -> int:
        return time.time_ns() // 1_000


@dataclass(slots=True)
class HeldClock:
    """A clock that moves only when it is told to."""

    now_ms: int = 0
    epoch_us: int = 0

    def monotonic_ms(self) -> int:
        return self.now_ms

    def wall_us(self) -> int:
        return self.epoch_us + self.now_ms * 1_000

    def advance(self, ms: int) -> None:
        """Go forward; ms >= 0."""
        if ms < 0:
            raise ValueError("a clock does not go back")
        self.now_ms += ms
