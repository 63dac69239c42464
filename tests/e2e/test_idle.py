"""Clients that ask nothing keep nobody waiting: bench/idle.py, with fewer of them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"
# The bench says 50 ms of a quiet machine; tests run beside each other.
LATENCY_MAX_S = 2.0


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("idle")


def test_a_good_request_is_answered_beside_a_thousand_idle_clients(idle: Any) -> None:
    found = idle.measure_idle(1000, good=20)
    assert found.clients == 1000
    assert found.took_s[-1] < LATENCY_MAX_S


def test_kept_connections_are_all_served_in_turn(idle: Any) -> None:
    assert idle.measure_kept(600).served == (600, 600)
