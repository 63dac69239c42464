"""Stopping: Apache's schedule towards processes that do not end."""

from __future__ import annotations

import signal
import subprocess

import pytest

from fastlb.master import stop
from fastlb.master.stop import Stopping

Sent = list[tuple[int, signal.Signals]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    calls: Sent = []
    monkeypatch.setattr(stop, "kill", lambda pid, number: calls.append((pid, number)))
    return calls


def test_a_stubborn_process_is_told_four_times_then_killed(sent: Sent) -> None:
    said: list[str] = []
    stopping = Stopping(100.0)
    for now_s in range(100, 110):
        stopping.act(
            float(now_s), [7], lambda level, module, text: said.append(text[:7])
        )
        assert not stopping.is_over()
    assert [number for _, number in sent] == [signal.SIGTERM] * 4 + [signal.SIGKILL]
    assert said == ["AH00045"] * 3 + ["AH00046"]
    stopping.act(110.0, [7], lambda level, module, text: said.append(text[:7]))
    assert stopping.is_over()
    assert said[-1] == "AH00047"


def test_the_first_step_is_due_at_once_and_the_next_in_three_seconds(
    sent: Sent,
) -> None:
    stopping = Stopping(100.0)
    assert stopping.wait_s(100.0) == 0.0
    stopping.act(100.0, [7, 8], lambda *_: None)
    assert sent == [(7, signal.SIGTERM), (8, signal.SIGTERM)]
    assert stopping.wait_s(101.0) == 2.0


def test_steps_that_were_slept_through_are_all_taken(sent: Sent) -> None:
    stopping = Stopping(100.0)
    stopping.act(200.0, [7], lambda *_: None)
    assert len(sent) == 5
    assert stopping.is_over()
    assert stopping.wait_s(200.0) == 0.0


def test_a_process_that_has_gone_meanwhile_does_not_matter() -> None:
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    Stopping(0.0).act(0.0, [process.pid], lambda *_: None)
