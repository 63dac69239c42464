"""What pytest learns of fastlb when it is installed: the fixture fastlb_server.

pytest reads this file in every run of everybody who has fastlb installed, so it imports
nothing; fastlb.testing comes with the first test that asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastlb.testing import Servers

_SERVERS = "_fastlb_servers"  # the attribute of a test that has some


@pytest.fixture
def fastlb_server(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """fastlb_server(config): a fastlb that serves it, with stub members behind it."""
    from fastlb.testing import Servers

    with Servers() as servers:
        setattr(request.node, _SERVERS, servers)
        yield servers


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows what its servers were told, and what they said."""
    report = yield
    servers: Servers | None = getattr(item, _SERVERS, None)
    if servers is not None and report.when == "call" and report.failed:
        report.sections += servers.sections()
    return report
