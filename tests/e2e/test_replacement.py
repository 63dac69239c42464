"""A stock Debian Apache with all that it does is replaced by fastlb, unchanged.

The same configuration is served by httpd and then by fastlb, with the same Tomcat and
php-fpm behind it, and both are asked the same 300 things.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from debian_site import SECRET, DebianSite, lay_application
from php import Php, program
from ports import free_port
from site_asked import ask, comparable, requests, told_apart
from tomcat import Tomcat


@pytest.fixture
def site() -> Iterator[DebianSite]:
    with TemporaryDirectory(prefix="fastlb-site-") as name:
        root = Path(name)
        root.chmod(0o755)  # workers are others
        yield from _site(root)


def _site(root: Path) -> Iterator[DebianSite]:
    php = Php(root / "php")
    tomcat = Tomcat(root / "tomcat", secret=SECRET, route="one")
    lay_application(tomcat.webapps)
    try:
        php.start()
        tomcat.start()
        yield DebianSite(root, free_port(), php.socket, tomcat.ajp, free_port())
    finally:
        tomcat.stop()
        php.stop()


@pytest.mark.needs("apache2", "tomcat10", program() or "php-fpm")
def test_the_same_is_answered(site: DebianSite) -> None:
    asked = requests()
    with site.by_httpd():
        wanted = [ask(site.port, one) for one in asked]
    with site.by_fastlb():
        found = [ask(site.port, one) for one in asked]
    lines = list(map(comparable, asked, wanted)), list(map(comparable, asked, found))
    assert not (apart := told_apart(asked, *lines)), apart
