"""php-fpm behind SetHandler in <FilesMatch>: what a stock Debian serves with it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from peers import request
from php import Php, program
from ports import free_port
from rig import Rig

pytestmark = pytest.mark.skipif(program() is None, reason="php-fpm is not there")

PAGE = """<?php
if (isset($_GET['e'])) error_log('oh no');
foreach (['SCRIPT_NAME', 'PATH_INFO', 'REDIRECT_URL', 'REQUEST_URI'] as $name)
  header("X-$name: " . ($_SERVER[$name] ?? 'none'));
echo strlen(file_get_contents('php://input'));
"""
VISITS = """<?php
ini_set('session.save_path', 'FOLDER');
session_start();
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
header('X-Visits: ' . $_SESSION['visits']);
foreach ($_FILES as $name => $file)
  echo "$name ", $file['size'], ' ', hash_file('sha256', $file['tmp_name']), "\\n";
foreach ($_POST as $name => $value) echo "$name=$value\\n";
if (isset($_GET['size'])) echo str_repeat('x', (int)$_GET['size']);
"""
SLOW = """<?php
echo 'one'; flush();
for ($i = 0; $i < 3000 && !file_exists('{folder}/php/go'); $i++) {{
  usleep(10000); clearstatcache();
}}
echo 'two';
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
SetHandler "proxy:{at}"
</FilesMatch>
"""


@pytest.fixture(name="php", params=["unix", "tcp"])
def a_pool(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Php]:
    root = tmp_path / "htdocs"
    (root / "sub").mkdir(parents=True)
    (root / "index.php").write_text(PAGE)
    (root / "sub/index.php").write_text(PAGE)
    (root / "away.php").write_text("<?php header('Location: /x');")
    (root / "plain.txt").write_text("plain")
    kept = tmp_path / "sessions"
    kept.mkdir()
    (root / "visits.php").write_text(VISITS.replace("FOLDER", str(kept)))
    (root / "slow.php").write_text(SLOW.format(folder=tmp_path))
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    kept.chmod(0o777)
    made = Php(tmp_path / "php", free_port() if request.param == "tcp" else 0)
    (tmp_path / "php").chmod(0o755)
    made.start()
    yield made
    made.stop()


def test_pages_of_php_are_found_as_files_are(
    rig: Rig, php: Php, tmp_path: Path
) -> None:
    rig.start(RULES.format(root=tmp_path / "htdocs", at=php.url))
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
    rig.start(RULES.format(root=tmp_path / "htdocs", at=php.url))
    for path in ("/index.php", "/", "/sub/", "/some/page"):
        for size in (0, 5, 200_000):
            got = rig.ask(request(path, method="POST", body=b"x" * size))
            assert (got.status, got.body) == (200, str(size).encode()), path


def test_sessions_uploads_and_large_answers(rig: Rig, php: Php, tmp_path: Path) -> None:
    rig.start(
        RULES.format(root=tmp_path / "htdocs", at=php.url)
        + "Header always unset X-Powered-By\n"
    )
    first = rig.ask(request("/visits.php"))
    assert first.field("X-Visits") == "1"
    assert first.field("X-Powered-By") is None
    cookie = f"Cookie: {first.field('Set-Cookie').partition(';')[0]}\r\n"
    data = bytes(n & 255 for n in range(300_000))
    form = (
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nT\r\n--x\r\n'
        b'Content-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        + data
        + b"\r\n--x--\r\n"
    )
    kind = "Content-Type: multipart/form-data; boundary=x\r\n"
    got = rig.ask(request("/visits.php", "POST", form, kind + cookie), "POST")
    assert got.field("X-Visits") == "2"
    digest = hashlib.sha256(data).hexdigest()
    assert got.body.decode() == f"file 300000 {digest}\ntitle=T\n"
    large = rig.ask(request("/visits.php?size=5000000", fields=cookie))
    assert (large.field("X-Visits"), len(large.body)) == ("3", 5_000_000)


def test_pieces_of_php_come_as_they_are_made(
    rig: Rig, php: Php, tmp_path: Path
) -> None:
    rig.start(RULES.format(root=tmp_path / "htdocs", at=php.url))
    client = rig.client()
    client.send(request("/slow.php"))
    client.take_head()
    assert client.take(len(b"3\r\none\r\n")) == b"3\r\none\r\n"
    (tmp_path / "php/go").touch()
    assert client.take_until(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"
