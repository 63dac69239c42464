"""Everything that is played, once each, a few at a time.

A test asks for an outcome and waits for it; what will be asked for is begun when the
tests have been collected, so that servers start and time out side by side.
"""

import os
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import cast

from .case import Case
from .cases import SUBJECTS
from .faults import FAULTS, Faulty
from .harness import Outcome, play
from .record import by_conf
from .servers import Checked, Product, apache, check, check_all, fastlb

LIVE = os.environ.get("FASTLB_CONFORMANCE") == "live"
AT_ONCE = 3

_workers = ThreadPoolExecutor(AT_ONCE, "conformance")
_begun: dict[Hashable, Future[object]] = {}

PRODUCTS: dict[str, Callable[[], Product]] = {
    "apache": apache,
    "fastlb": fastlb,
    "compat": lambda: fastlb(compat=True),
}


def _begin(key: Hashable, work: Callable[[], object]) -> Future[object]:
    if key not in _begun:
        _begun[key] = _workers.submit(work)
    return _begun[key]


@cache
def _groups_of(subject: str) -> dict[str, list[Case]]:
    return {conf.name: cases for conf, cases in by_conf(SUBJECTS[subject])}


def begin_case(server: str, subject: str, case: Case) -> Future[object]:
    """Play all cases of the case's configuration at a server."""
    group = _groups_of(subject)[case.conf.name]
    if server == "compat":
        group = [one for one in group if one.compat]
    return _begin(
        (server, subject, case.conf.name),
        lambda: play(PRODUCTS[server](), case.conf, group),
    )


def outcome(server: str, subject: str, case: Case) -> Outcome:
    """What the server answered to the case."""
    played = begin_case(server, subject, case).result()
    return cast(dict[str, Outcome], played)[case.name]


def _check_all(server: str, *options: str) -> dict[str, Checked]:
    if server == "apache":
        return {one.name: check(apache(), one.conf) for one in FAULTS}
    plain = server == "fastlb" and not options
    some = [one for one in FAULTS if plain or one.lenient]
    found = check_all(PRODUCTS[server](), [one.conf for one in some], *options)
    return {one.name: said for one, said in zip(some, found, strict=True)}


def begin_checks(server: str, *options: str) -> Future[object]:
    """Let a server judge the faulty configurations."""
    return _begin(("checks", server, options), lambda: _check_all(server, *options))


def checked(server: str, one: Faulty, *options: str) -> Checked:
    """A server's verdict on a configuration."""
    everything = cast(dict[str, Checked], begin_checks(server, *options).result())
    return everything[one.name]


def end() -> None:
    """Give up what has not begun yet."""
    _workers.shutdown(wait=True, cancel_futures=True)
