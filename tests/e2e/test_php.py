"""php-fpm behind SetHandler in <FilesMatch>: what a stock Debian serves with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from peers import request
from php import Php, program
from rig import Rig

pytestmark = pytest.mark.skipif(program() is None, reason="php-fpm is not there")

PAGE = """<?php
if (isset($_GET['e'])) error_log('oh no');
foreach (['SCRIPT_NAME', 'PATH_INFO', 'REDIRECT_URL', 'REQUEST_URI'] as $name)
  header("X-$name: " . ($_SERVER[$name] ?? 'none'));
echo strlen(file_get_contents('php://input'));
"""
RULES = r"""DocumentRoot "{root}"
<Directory "{root}">
Require all granted
DirectoryIndex index.php
RewriteEngine On
RewriteBase /
RewriteRule ^index\.php$ - [L]
RewriteCond %{{REQUEST_FILENAME}} !-f
RewriteCond %{{REQUEST_FILENAME}} !-d
RewriteRule . /index.php [L]
</Directory>
<FilesMatch "\.php$">
SetHandler "proxy:unix:{socket}|fcgi://localhost"
</FilesMatch>
"""


@pytest.fixture(name="php")
def a_pool(tmp_path: Path) -> Iterator[Php]:
    root = tmp_path / "htdocs"
    (root / "sub").mkdir(parents=True)
    (root / "index.php").write_text(PAGE)
    (root / "sub/index.php").write_text(PAGE)
    (root / "away.php").write_text("<?php header('Location: /x');")
    (root / "plain.txt").write_text("plain")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    made = Php(tmp_path / "php")
    (tmp_path / "php").chmod(0o755)
    made.start()
    yield made
    made.stop()


def test_pages_of_php_are_found_as_files_are(
    rig: Rig, php: Php, tmp_path: Path
) -> None:
    rig.start(RULES.format(root=tmp_path / "htdocs", socket=php.socket))
    for path, script, info, redirected in (
        ("/index.php?e=1", "/index.php", "none", "none"),
        ("/", "/index.php", "none", "none"),
        ("/sub/", "/sub/index.php", "none", "none"),
        ("/index.php/a%20b/c?q", "/index.php", "/a b/c", "none"),
        ("/some/page?x=1", "/index.php", "none", "/some/page"),
    ):
        got = rig.ask(request(path))
        assert got.status == 200, path
        assert got.field("X-SCRIPT_NAME") == script
        assert got.field("X-PATH_INFO") == info
        assert got.field("X-REDIRECT_URL") == redirected
        assert got.field("X-REQUEST_URI") == path
    assert rig.ask(request("/plain.txt")).body == b"plain"
    away = rig.ask(request("/away.php"))
    assert (away.status, away.field("Location")) == (302, "/x")
    log = (rig.folder / "error.log").read_text()
    assert "AH01071: Got error 'PHP message: oh no'" in log


def test_a_body_goes_where_an_index_leads(rig: Rig, php: Php, tmp_path: Path) -> None:
    rig.start(RULES.format(root=tmp_path / "htdocs", socket=php.socket))
    for path in ("/index.php", "/", "/sub/", "/some/page"):
        for size in (0, 5, 200_000):
            got = rig.ask(request(path, method="POST", body=b"x" * size))
            assert (got.status, got.body) == (200, str(size).encode()), path
