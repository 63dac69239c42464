"""Names that the worker looks up for the core (worker/services.py)."""

from __future__ import annotations

from rows import rows

from fastlb.worker.services import addresses_of


@rows("literal", ["127.0.0.1", "::1"])
def test_a_literal_is_its_own_address(literal: str) -> None:
    assert addresses_of(literal, 443) == [(literal, 443)]


@rows("name", ["nosuch.invalid", "a..b", "x" * 300])
def test_what_is_no_name_has_none(name: str) -> None:
    assert addresses_of(name, 443) == []
