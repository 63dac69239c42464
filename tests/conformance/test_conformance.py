"""Every case at fastlb, compared with httpd's outcome.

FASTLB_CONFORMANCE=live plays httpd too: fastlb is then compared with what it answers
now, and the recordings with that.
"""

from functools import cache

import pytest

from tests.rows import rows

from .case import Case
from .cases import SUBJECTS
from .compare import difference, expected
from .harness import Outcome
from .plays import LIVE, outcome
from .record import recorded

EVERY = [
    pytest.param(subject, case, id=f"{subject}: {case.name}")
    for subject, cases in SUBJECTS.items()
    for case in cases
]
COMPATIBLE = [param for param in EVERY if param.values[1].compat]  # type: ignore[union-attr]

_kept = cache(recorded)


def _httpd(subject: str, case: Case) -> Outcome:
    return outcome("apache", subject, case) if LIVE else _kept(subject)[case.name]


def _steady(told: Outcome) -> Outcome:
    """What httpd says each time: whether all of its 500 comes hangs on how far it has
    read what an application said wrong."""
    if not isinstance(told, list):
        return told
    return [
        one.removesuffix(" (cut)")
        if isinstance(one, str) and one.startswith("500 <page ")
        else one
        for one in told
    ]


@pytest.mark.parametrize(("subject", "case"), EVERY)
def test_fastlb_answers_as_httpd(subject: str, case: Case) -> None:
    want = expected(case, _httpd(subject, case))
    told = difference(want, outcome("fastlb", subject, case))
    assert not told, f"{case.differs}\n{told}"


@pytest.mark.parametrize(("subject", "case"), COMPATIBLE)
def test_compat_apache_removes_the_difference(subject: str, case: Case) -> None:
    told = difference(_httpd(subject, case), outcome("compat", subject, case))
    assert not told, told


@rows(("subject", "case"), EVERY)
def test_case_is_recorded(subject: str, case: Case) -> None:
    """Each case has its recording; with httpd at hand, the recording still holds."""
    kept = _kept(subject)[case.name]
    if LIVE:
        now = outcome("apache", subject, case)
        told = difference(_steady(kept), _steady(now))
        assert not told, f"httpd no longer answers as recorded\n{told}"


def test_case_names_are_unique() -> None:
    names = [case.name for cases in SUBJECTS.values() for case in cases]
    assert sorted(names) == sorted(set(names))


def test_no_recording_without_its_case() -> None:
    for subject, cases in SUBJECTS.items():
        assert set(_kept(subject)) == {case.name for case in cases}


def test_a_difference_is_explained() -> None:
    for case in (case for cases in SUBJECTS.values() for case in cases):
        assert bool(case.differs) == bool(case.instead), case.name
