"""Begin what tests will ask for before they do, and end it with the session."""

from collections.abc import Iterable
from typing import cast

import pytest

from . import plays
from .case import Case


def is_one_of_several(session: pytest.Session) -> bool:
    """Processes share the tests (-n): all are collected here, and a few asked for."""
    return hasattr(session.config, "workerinput")


def pytest_collection_finish(session: pytest.Session) -> None:
    if not is_one_of_several(session):
        begin(session.items)


@pytest.fixture(scope="module", autouse=True)
def begun(request: pytest.FixtureRequest) -> None:
    """What the tests of a file that this process was given will ask for."""
    if is_one_of_several(request.session):
        begin(one for one in request.session.items if one.path == request.path)


def begin(items: Iterable[pytest.Item]) -> None:
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        name = item.originalname
        params = item.callspec.params if hasattr(item, "callspec") else {}
        servers = {
            "test_fastlb_answers_as_httpd": ["fastlb"],
            "test_compat_apache_removes_the_difference": ["compat"],
            "test_check_judges_as_httpd": ["fastlb"],
            "test_fault_is_recorded": [],
        }.get(name)
        if servers is None:
            continue
        for server in [*servers, *(["apache"] if plays.LIVE else [])]:
            if "case" in params:
                case = cast(Case, params["case"])
                plays.begin_case(server, str(params["subject"]), case)
            else:
                plays.begin_checks(server)


def pytest_sessionfinish() -> None:
    plays.end()
