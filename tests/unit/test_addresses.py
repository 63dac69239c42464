"""Literal addresses, and those that the system knows of a name."""

from __future__ import annotations

import pytest

from fastlb.base.addresses import literal_of, look_up


def test_a_literal_is_told_from_a_name() -> None:
    assert literal_of("2001:DB8:0::1") == "2001:db8::1"
    assert literal_of("192.0.2.1") == "192.0.2.1"
    assert literal_of("localhost") is None


def test_addresses_come_once_and_in_the_systems_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = ("192.0.2.2", "192.0.2.1", "192.0.2.2")
    answer = [(2, 1, 6, "", (address, 0)) for address in asked]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answer)
    assert look_up("two.test") == ("192.0.2.2", "192.0.2.1")


def test_a_label_that_no_name_can_have_is_not_known() -> None:
    # <VirtualHost aaa...> ended the check with UnicodeError
    assert look_up("a" * 64) == ()
