"""What unit tests share. Others do not load the program into their own process: theirs
may be one that cannot, when the program was built with sanitizers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def _no_site_of_the_machine() -> Iterator[None]:
    """What lies in /var/www/html here is of no test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastlb.lint.files.DOCUMENT_ROOT", "/none-such")
        yield
