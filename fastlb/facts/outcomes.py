"""How requests ended, as the table counts it for each member (balance/ledger.pxd)."""

from __future__ import annotations

from typing import Final

BOUNDS_S: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0),
)
"""Seconds; what took longer than the last one is counted behind it."""
