"""Every case at fastlb, compared with httpd's outcome.

FASTLB_CONFORMANCE=live plays httpd too: fastlb is then compared with what it answers
now, and the recordings with that.
"""

import os
from functools import cache

import pytest

from .case import Case
from .cases import SUBJECTS
from .compare import difference, expected
from .harness import Outcome, play
from .record import by_conf, recorded
from .servers import apache, apache_version, fastlb

LIVE = os.environ.get("FASTLB_CONFORMANCE") == "live"

EVERY = [
    pytest.param(subject, case, id=f"{subject}: {case.name}")
    for subject, cases in SUBJECTS.items()
    for case in cases
]
COMPATIBLE = [
    pytest.param(subject, case, id=f"{subject}: {case.name}")
    for subject, cases in SUBJECTS.items()
    for case in cases
    if case.compat
]


@cache
def _group(subject: str, conf: str) -> tuple[Case, ...]:
    for one, group in by_conf(SUBJECTS[subject]):
        if one.name == conf:
            return tuple(group)
    raise KeyError(conf)


@cache
def _played(subject: str, conf: str, server: str) -> dict[str, Outcome]:
    """A configuration's cases are played together, when the first of them is due."""
    group = _group(subject, conf)
    if server == "compat":
        group = tuple(case for case in group if case.compat)
    products = {"apache": apache, "fastlb": fastlb}
    product = fastlb(compat=True) if server == "compat" else products[server]()
    return play(product, group[0].conf, group)


@cache
def _kept(subject: str) -> dict[str, Outcome]:
    return recorded(subject)


def _httpd(subject: str, case: Case) -> Outcome:
    if LIVE:
        return _played(subject, case.conf.name, "apache")[case.name]
    return _kept(subject)[case.name]


@pytest.mark.parametrize(("subject", "case"), EVERY)
def test_fastlb_answers_as_httpd(subject: str, case: Case) -> None:
    want = expected(case, _httpd(subject, case))
    got = _played(subject, case.conf.name, "fastlb")[case.name]
    assert not (told := difference(want, got)), f"{case.differs}\n{told}"


@pytest.mark.parametrize(("subject", "case"), COMPATIBLE)
def test_compat_apache_removes_the_difference(subject: str, case: Case) -> None:
    got = _played(subject, case.conf.name, "compat")[case.name]
    assert not (told := difference(_httpd(subject, case), got)), told


@pytest.mark.parametrize(("subject", "case"), EVERY)
def test_case_is_recorded(subject: str, case: Case) -> None:
    """Each case has its recording; with httpd at hand, the recording still holds."""
    kept = _kept(subject)[case.name]
    if LIVE:
        told = difference(kept, _played(subject, case.conf.name, "apache")[case.name])
        assert not told, f"{apache_version()} no longer answers as recorded\n{told}"


def test_case_names_are_unique() -> None:
    names = [case.name for cases in SUBJECTS.values() for case in cases]
    assert sorted(names) == sorted(set(names))


def test_no_recording_without_its_case() -> None:
    for subject, cases in SUBJECTS.items():
        assert set(_kept(subject)) == {case.name for case in cases}


def test_a_difference_is_explained() -> None:
    for case in (case for cases in SUBJECTS.values() for case in cases):
        assert bool(case.differs) == bool(case.instead), case.name
