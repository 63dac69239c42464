"""Looking up members' names at the start, with a deadline."""

from __future__ import annotations

import time

import pytest

from fastlb.master import names


def test_literals_need_no_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_ask_process", pytest.fail)
    assert names.resolve(["192.0.2.1", "2001:db8::1"]) == {
        "192.0.2.1": ("192.0.2.1",),
        "2001:db8::1": ("2001:db8::1",),
    }


def test_names_of_this_machine_are_found_and_others_are_not() -> None:
    found = names.resolve(["localhost", "nowhere.invalid", "localhost"])
    assert set(found["localhost"]) <= {"127.0.0.1", "::1"}
    assert found["localhost"]
    assert found["nowhere.invalid"] == ()


def test_a_slow_name_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def look_up(host: str) -> tuple[str, ...]:
        if host == "slow.test":
            time.sleep(60)
        return ("192.0.2.7",)

    monkeypatch.setattr(names, "look_up", look_up)
    began_s = time.monotonic()
    found = names.resolve(["slow.test", "fast.test"], deadline_s=0.5)
    assert time.monotonic() - began_s < 5
    assert found == {"slow.test": (), "fast.test": ("192.0.2.7",)}


def test_a_look_up_keeps_order_and_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [f"192.0.2.{n}" for n in range(20)]
    answer = [(2, 1, 6, "", (address, 0)) for address in addresses for _ in range(2)]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answer)
    assert names.look_up("many.test") == tuple(addresses[:8])


def test_a_name_that_cannot_be_encoded_is_not_known() -> None:
    assert names.look_up("a" * 300) == ()
