"""Begin what the collected tests will ask for, and end it with the session."""

from typing import cast

import pytest

from . import plays
from .case import Case


def pytest_collection_finish(session: pytest.Session) -> None:
    for item in session.items:
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
