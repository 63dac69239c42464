"""Faulty configurations at `fastlb -t`, compared with httpd's verdict."""

import os
from functools import cache

import pytest

from .case import Conf
from .faults import FAULTS, Faulty
from .record import recorded, verdict
from .servers import apache, check, fastlb

LIVE = os.environ.get("FASTLB_CONFORMANCE") == "live"
EVERY = [pytest.param(one, id=one.name) for one in FAULTS]
ALIKE = [p for p in EVERY if not (p.values[0].lenient or p.values[0].differs)]
LENIENT = [p for p in EVERY if p.values[0].lenient]
STRICTER = [p for p in EVERY if p.values[0].differs]


@cache
def _httpd() -> dict[str, object]:
    return recorded("faults")


def _agrees(got: dict[str, object], want: dict[str, object]) -> bool:
    """Same status and place; the message may go on after httpd's words."""
    return (
        got["status"] == want["status"]
        and got.get("line") == want.get("line")
        and got.get("file") == want.get("file")
        and str(got.get("message", "")).startswith(str(want.get("message", "")))
    )


def _wanted(one: Faulty) -> dict[str, object]:
    kept = _httpd()[one.name]
    assert isinstance(kept, dict)
    return kept


@pytest.mark.parametrize("one", ALIKE)
def test_check_judges_as_httpd(one: Faulty) -> None:
    got = verdict(fastlb(), one)
    assert _agrees(got, _wanted(one)), f"\nhttpd:  {_wanted(one)}\nfastlb: {got}"


@pytest.mark.parametrize("one", LENIENT)
def test_plain_meaning_is_taken_with_a_warning(one: Faulty) -> None:
    checked = check(fastlb(), Conf(one.name, one.text))
    assert checked.status == 0, checked.output
    assert "warning" in checked.output.lower()


@pytest.mark.parametrize("one", LENIENT)
@pytest.mark.parametrize("how", ["strict", "compat"])
def test_strict_and_compat_refuse_as_httpd(one: Faulty, how: str) -> None:
    product = fastlb(compat=how == "compat")
    got = verdict(product, one, *(["--strict"] if how == "strict" else []))
    assert _agrees(got, _wanted(one)), f"\nhttpd:  {_wanted(one)}\nfastlb: {got}"


@pytest.mark.parametrize("one", STRICTER)
def test_what_cannot_be_meant_is_refused(one: Faulty) -> None:
    assert verdict(fastlb(), one)["status"] == 1, one.differs


@pytest.mark.parametrize("one", EVERY)
def test_fault_is_recorded(one: Faulty) -> None:
    want = _wanted(one)
    assert (want["status"] == 0) == (one.accepted or bool(one.differs))
    if LIVE:
        assert verdict(apache(), one) == want
