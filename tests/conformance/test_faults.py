"""Faulty configurations at `fastlb -t`, compared with httpd's verdict."""

import re
from functools import cache

import pytest

from tests.rows import rows

from .faults import FAULTS, Faulty
from .plays import LIVE, checked
from .record import recorded, verdict

EVERY = [pytest.param(one, id=one.name) for one in FAULTS]
ALIKE = [
    pytest.param(one, id=one.name) for one in FAULTS if not (one.lenient or one.differs)
]
LENIENT = [pytest.param(one, id=one.name) for one in FAULTS if one.lenient]
STRICTER = [pytest.param(one, id=one.name) for one in FAULTS if one.is_stricter]

# What follows is each program's own description of the directive.
ARGUMENTS = re.compile(r"^(\S+ (?:takes|requires) .*?\barguments?)\b.*", re.S)


@cache
def _httpd() -> dict[str, object]:
    return recorded("faults")


def _sentence(message: object) -> str:
    """What is compared of a message: httpd's words, whatever modules it has loaded."""
    return ARGUMENTS.sub(r"\1", str(message)).replace("Worker hcheck", "Worker")


def _agrees(got: dict[str, object], want: dict[str, object]) -> bool:
    """Same status and place; the message may go on after httpd's words."""
    message = str(got.get("message", ""))
    return (
        got["status"] == want["status"]
        and got.get("line") == want.get("line")
        and got.get("file") == want.get("file")
        and message.startswith(_sentence(want.get("message", "")))
    )


def _wanted(one: Faulty) -> dict[str, object]:
    kept = _httpd()[one.name]
    assert isinstance(kept, dict)
    return kept


@rows("one", ALIKE)
def test_check_judges_as_httpd(one: Faulty) -> None:
    got = verdict(checked("fastlb", one))
    assert _agrees(got, _wanted(one)), f"\nhttpd:  {_wanted(one)}\nfastlb: {got}"


@rows("one", LENIENT)
def test_plain_meaning_is_taken_with_a_warning(one: Faulty) -> None:
    said = checked("fastlb", one)
    assert said.status == 0, said.output
    assert "warning" in said.output.lower()


@rows("one", LENIENT)
def test_strict_check_refuses_what_httpd_refuses(one: Faulty) -> None:
    """Among all that it finds wrong is httpd's complaint."""
    said = checked("fastlb", one, "--strict")
    assert said.status == 1
    assert _sentence(_wanted(one)["message"]) in said.output


@rows("one", LENIENT)
def test_compat_apache_refuses_as_httpd(one: Faulty) -> None:
    got = verdict(checked("compat", one))
    assert _agrees(got, _wanted(one)), f"\nhttpd:  {_wanted(one)}\nfastlb: {got}"


@rows("one", STRICTER)
def test_what_cannot_be_meant_is_refused(one: Faulty) -> None:
    assert checked("fastlb", one).status == 1, one.differs


@rows("one", EVERY)
def test_fault_is_recorded(one: Faulty) -> None:
    want = _wanted(one)
    assert (want["status"] == 0) == (one.accepted or one.is_stricter)
    if LIVE:
        assert verdict(checked("apache", one)) == want
