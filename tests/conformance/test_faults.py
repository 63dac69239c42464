"""Faulty configurations at `fastlb -t`, compared with httpd's verdict."""

from functools import cache

import pytest

from .faults import FAULTS, Faulty
from .plays import LIVE, checked, judged
from .record import recorded

EVERY = [pytest.param(one, id=one.name) for one in FAULTS]
ALIKE = [
    pytest.param(one, id=one.name) for one in FAULTS if not (one.lenient or one.differs)
]
LENIENT = [pytest.param(one, id=one.name) for one in FAULTS if one.lenient]
STRICTER = [pytest.param(one, id=one.name) for one in FAULTS if one.differs]


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
    got = judged("fastlb", one)
    assert _agrees(got, _wanted(one)), f"\nhttpd:  {_wanted(one)}\nfastlb: {got}"


@pytest.mark.parametrize("one", LENIENT)
def test_plain_meaning_is_taken_with_a_warning(one: Faulty) -> None:
    said = checked(one)
    assert said.status == 0, said.output
    assert "warning" in said.output.lower()


@pytest.mark.parametrize("one", LENIENT)
@pytest.mark.parametrize("how", ["strict", "compat"])
def test_strict_and_compat_refuse_as_httpd(one: Faulty, how: str) -> None:
    options = ("--strict",) if how == "strict" else ()
    got = judged("compat" if how == "compat" else "fastlb", one, *options)
    assert _agrees(got, _wanted(one)), f"\nhttpd:  {_wanted(one)}\nfastlb: {got}"


@pytest.mark.parametrize("one", STRICTER)
def test_what_cannot_be_meant_is_refused(one: Faulty) -> None:
    assert judged("fastlb", one)["status"] == 1, one.differs


@pytest.mark.parametrize("one", EVERY)
def test_fault_is_recorded(one: Faulty) -> None:
    want = _wanted(one)
    assert (want["status"] == 0) == (one.accepted or bool(one.differs))
    if LIVE:
        assert judged("apache", one) == want
