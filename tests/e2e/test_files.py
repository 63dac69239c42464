"""Files of the server's own, asked for over real sockets."""

from __future__ import annotations

import base64
import os
import socket
import ssl
from pathlib import Path
from urllib.parse import quote

import pytest
from harness import wait_for
from peers import DEADLINE_S, HOST, Peer, answering, request, response
from ports import free_port
from rig import Rig
from tls_site import lay

from fastlb.cli.explain.asked import Asked
from fastlb.cli.explain.standing import stand
from fastlb.cli.explain.way import way_of
from fastlb.master.loading import Source, load

MIB = 1 << 20


def tree(folder: Path) -> Path:
    """A small site."""
    root = folder / "site"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "private").mkdir()
    (root / "bare").mkdir()
    (root / "index.html").write_bytes(b"home\n")
    (root / "sub" / "index.html").write_bytes(b"sub\n")
    (root / "plain.txt").write_bytes(b"x" * 1024)
    (root / "big.bin").write_bytes(os.urandom(3 * MIB))
    (root / "private" / "key.txt").write_bytes(b"secret\n")
    (root / ".htpasswd").write_bytes(b"secret\n")
    (root / "empty").write_bytes(b"")
    (folder / "outside.txt").write_bytes(b"outside\n")
    return root


def guarded(root: Path) -> str:
    """The access that Debian ships."""
    return (
        "<Directory />\nAllowOverride None\nRequire all denied\n</Directory>\n"
        f'<Directory "{root}">\nRequire all granted\n</Directory>\n'
        '<FilesMatch "^\\.ht">\nRequire all denied\n</FilesMatch>\n'
    )


def site(rig: Rig, text: str = "") -> Path:
    root = tree(rig.folder)
    rig.start(f'DocumentRoot "{root}"\n{guarded(root)}{text}')
    return root


def status(rig: Rig, target: str, method: str = "GET") -> int:
    found: int = rig.ask(request(target, method=method), method).status
    return found


def test_a_file_is_sent_whole(rig: Rig) -> None:
    root = site(rig)
    client = rig.client()
    for name in ("plain.txt", "big.bin", "index.html", "empty"):
        client.send(request(f"/{name}"))
        got = client.take_response()
        content = (root / name).read_bytes()
        assert got.status == 200
        assert got.body == content
        assert got.field("content-length") == str(len(content))
        assert (got.field("last-modified") or "").endswith("GMT")
        assert (got.field("etag") or "").removeprefix("W/").startswith('"')


def test_head_says_what_get_says(rig: Rig) -> None:
    site(rig)
    client = rig.client()
    for name in ("plain.txt", "big.bin"):
        client.send(request(f"/{name}"))
        got = client.take_response()
        client.send(request(f"/{name}", method="HEAD"))
        head = client.take_response("HEAD")
        assert head.status == 200
        for field in ("content-length", "etag", "last-modified", "content-type"):
            assert head.field(field) == got.field(field)


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("/missing", 404),
        ("/plain.txt/more", 404),
        ("/plain.txt/", 404),
        ("/.htpasswd", 403),
        ("/.htpasswd/more", 403),
        ("/sub", 301),
        ("/sub/", 200),
        ("/", 200),
        ("/bare/", 403),
        ("/" + "n" * 300, 403),
        ("/../outside.txt", 400),
        ("/sub/../../outside.txt", 400),
        ("/%2e%2e/outside.txt", 400),
        ("/sub/%2e%2e/plain.txt", 200),
        ("/sub%2f..%2fplain.txt", 404),
        ("/plain.txt%00.html", 404),
        ("//plain.txt", 200),
        ("/sub//../plain.txt", 200),
    ],
)
def test_what_a_path_comes_to(rig: Rig, target: str, answer: int) -> None:
    site(rig)
    assert status(rig, target) == answer


def test_what_is_explained_is_played(rig: Rig) -> None:
    root = site(
        rig,
        f'Alias /more "{rig.folder}/site/sub"\n'
        "<Location /app>\nFallbackResource /index.html\n</Location>\n",
    )
    conf = str(rig.folder / "httpd.conf")
    loaded = load(Source(conf, str(rig.folder), (), (), (), {}))
    assert loaded.model is not None
    standing = stand(loaded.model, loaded.tree)
    for target in (
        *("/plain.txt", "/", "/sub", "/sub/", "/bare/", "/none", "/more/index.html"),
        *("/.htpasswd", "/private/key.txt", "/app/route", "/sub/more/../index.html"),
    ):
        told = way_of(standing, Asked(f"http://{HOST}:{rig.port}{target}"))
        assert told.status == status(rig, target), (target, told)
    told = way_of(standing, Asked(f"http://{HOST}:{rig.port}/more/"))
    assert told.goes_to == f"{root}/sub/index.html"
    steps = [step.text for step in told.steps]
    assert f'Alias /more "{rig.folder}/site/sub"' in steps


def test_programs_are_never_sent_as_they_are_written(rig: Rig) -> None:
    root = tree(rig.folder)
    (rig.folder / "cgi").mkdir()
    rig.start(
        f'DocumentRoot "{root}"\nScriptAlias /cgi/ "{rig.folder}/cgi/"\n'
        '<FilesMatch "\\.php$">\nSetHandler application/x-httpd-php\n</FilesMatch>\n'
        "DirectoryIndex index.php\nErrorDocument 410 /index.php\nRedirect gone /gone\n"
    )
    (rig.folder / "cgi" / "run").write_bytes(b"secret")  # which the check has not seen
    (root / "index.php").write_bytes(b"<?php secret")
    for target in ("/index.php", "/index.php/more", "/", "/cgi/run", "/gone"):
        got = rig.ask(request(target))
        assert got.status >= 400
        assert b"secret" not in got.body


def test_a_page_of_a_member_gives_way_to_a_file(rig: Rig) -> None:
    root = tree(rig.folder)
    member = rig.member(answering(lambda _: response(b"down", "503 Down")))
    rig.start(
        f'DocumentRoot "{root}"\nErrorDocument 503 /plain.txt\nProxyErrorOverride On\n'
        f"ProxyPass /app {member.url}\n"
    )
    client = rig.client()
    for _ in range(2):
        client.send(request("/app/x"))
        got = client.take_response()
        assert (got.status, got.body) == (503, b"x" * 1024)
        if got.field("connection") == "close":
            client = rig.client()


def test_nothing_beyond_what_is_granted(rig: Rig) -> None:
    """DocumentRoot alone opens nothing."""
    root = tree(rig.folder)
    rig.start(
        "<Directory />\nRequire all denied\n</Directory>\n"
        f'DocumentRoot "{root}"\nAlias /out "{rig.folder}/outside.txt"\n'
        f'<Directory "{root}/sub">\nRequire all granted\n</Directory>\n'
    )
    assert status(rig, "/plain.txt") == 403
    assert status(rig, "/missing") == 403
    assert status(rig, "/out") == 403
    assert status(rig, "/sub/index.html") == 200


def test_whoever_asks_does_not_choose_where_a_rule_leads(rig: Rig) -> None:
    """A target that begins with what was asked for lies below DocumentRoot."""
    root = tree(rig.folder)
    rig.start(
        f'DocumentRoot "{root}"\n<Directory />\nRequire all granted\n</Directory>\n'
        "RewriteEngine On\nRewriteRule ^/a(/.*) $1\nRewriteRule ^/b(.*) $1\n"
        "RewriteRule ^/u(/.*) $1 [UnsafePrefixStat]\n"
        "RewriteCond %{QUERY_STRING} (.*)\nRewriteRule ^/q %1\n"
    )
    away = f"{rig.folder}/outside.txt"
    for target in (f"/a{away}", f"/b{away}", f"/q?{away}", f"/b/..{away}"):
        assert status(rig, target) in (403, 404), target
    assert status(rig, "/a/plain.txt") == 200
    assert status(rig, f"/u{away}") == 200


def test_the_access_log_names_the_file(rig: Rig) -> None:
    root = tree(rig.folder)
    member = rig.member(answering(lambda _: response(b"ok")))
    rig.start(
        f'DocumentRoot "{root}"\nAlias /up "{root}/sub"\n'
        f"ProxyPass /member {member.url}/\nCustomLog f.log %f\n"
    )
    for target in ("/plain.txt", "/sub/", "/up/index.html", "/member"):
        assert status(rig, target) == 200
    log = rig.folder / "f.log"
    wait_for(lambda: log.exists() and log.read_text().count("\n") == 4, "four lines")
    names = [f"{root}/{name}" for name in ("plain.txt", "sub/index.html")]
    told = log.read_text().splitlines()
    assert told[:3] == [*names, names[1]]
    assert told[3].startswith("proxy:http://127.0.0.1:")


def test_methods(rig: Rig) -> None:
    site(rig)
    assert status(rig, "/plain.txt", "POST") == 200
    assert status(rig, "/plain.txt", "DELETE") == 405
    assert status(rig, "/plain.txt", "OPTIONS") == 200


def test_links_as_options_say(rig: Rig) -> None:
    root = tree(rig.folder)
    for name in ("follow", "never", "owner"):
        (root / name).mkdir()
        (root / name / "link.txt").symlink_to(rig.folder / "outside.txt")
        (root / name / "gone.txt").symlink_to(rig.folder / "nowhere")
        (root / name / "system").symlink_to("/etc/hostname")
        (root / name / "deep").symlink_to(root / "sub")
        (root / name / "real.txt").write_bytes(b"real\n")
    rig.start(
        f'DocumentRoot "{root}"\n'
        f'<Directory "{root}/never">\nOptions -FollowSymLinks\n</Directory>\n'
        f'<Directory "{root}/owner">\nOptions SymLinksIfOwnerMatch\n</Directory>\n'
    )
    assert status(rig, "/follow/link.txt") == 200
    assert status(rig, "/follow/gone.txt") == 403
    assert status(rig, "/follow/deep/index.html") == 200
    for name in ("link.txt", "gone.txt", "deep/index.html", "system"):
        assert status(rig, f"/never/{name}") == 403
    assert status(rig, "/owner/link.txt") == 200
    assert status(rig, "/owner/deep/index.html") == 200
    assert status(rig, "/owner/gone.txt") == 403
    mine = os.stat("/etc/hostname").st_uid == os.stat(root / "owner").st_uid
    assert status(rig, "/owner/system") == (200 if mine else 403)
    for name in ("follow", "never", "owner"):
        assert rig.ask(request(f"/{name}/real.txt")).body == b"real\n"
        assert status(rig, f"/{name}/missing") == 404
        assert status(rig, f"/{name}/real.txt/more") == 404
        assert status(rig, f"/{name}/") == 403


def test_only_regular_files(rig: Rig) -> None:
    root = tree(rig.folder)
    os.mkfifo(root / "pipe")
    rig.start(f'DocumentRoot "{root}"')
    assert status(rig, "/pipe") == 403


def test_a_member_comes_before_files_and_what_it_excludes_is_one(rig: Rig) -> None:
    root = tree(rig.folder)
    member = rig.member(answering(lambda _: response(b"member")))
    rig.start(
        f'DocumentRoot "{root}"\nAlias /a "{root}/plain.txt"\n'
        "ProxyPass /plain.txt !\nProxyPass /well-known !\n"
        f"ProxyPass /a {member.url}\nProxyPass / {member.url}/\n"
        f'Alias /well-known/ "{root}/sub/"\n'
    )
    assert rig.ask(request("/a")).body == b"member"
    assert rig.ask(request("/index.html")).body == b"member"
    assert rig.ask(request("/plain.txt")).body == b"x" * 1024
    assert rig.ask(request("/well-known/index.html")).body == b"sub\n"


def test_an_error_has_a_file_for_its_page(rig: Rig) -> None:
    root = tree(rig.folder)
    (root / "sorry.html").write_bytes(b"sorry\n" * 5000)
    rig.start(
        f'DocumentRoot "{root}"\nErrorDocument 404 /sorry.html\n'
        "ErrorDocument 503 /sorry.html\nErrorDocument 403 /none.html\n"
        "ProxyPass /down http://127.0.0.1:1/\n"
        "<Location /closed>\nRequire all denied\n</Location>\n"
    )
    for target, code in (("/missing", 404), ("/down/x", 503)):
        got = rig.ask(request(target))
        assert (got.status, got.body) == (code, b"sorry\n" * 5000)
        assert got.field("content-type") == "text/html"
    assert status(rig, "/closed") == 403


def test_what_is_written_into_htaccess_is_never_passed_over(rig: Rig) -> None:
    root = tree(rig.folder)
    rig.start(
        f'DocumentRoot "{root}"\n'
        f'<Directory "{root}">\nAllowOverride All\n</Directory>\n'
        f'<Directory "{root}/sub">\nAllowOverride None\n</Directory>\n'
    )
    for name in ("private", "sub"):  # which the check has not seen
        (root / name / ".htaccess").write_text("Require all denied\n")
    assert status(rig, "/plain.txt") == 200
    assert status(rig, "/sub/index.html") == 200
    assert status(rig, "/private/key.txt") == 500
    assert status(rig, "/private/missing") == 500


def test_who_may_is_asked_for_a_password(rig: Rig) -> None:
    root = tree(rig.folder)
    (rig.folder / "users").write_text(
        "bob:{SHA}/gW83NxJKAEngaXxoqd8u1OY4QY=\n"  # sha1 of "one"
    )
    rig.start(
        f'DocumentRoot "{root}"\n<Directory "{root}/private">\nAuthType Basic\n'
        f'AuthName files\nAuthUserFile "{rig.folder}/users"\nRequire valid-user\n'
        "</Directory>\n"
    )
    assert status(rig, "/private/key.txt") == 401
    assert status(rig, "/private/none") == 401
    for password, answer in (("one", 200), ("two", 401)):
        word = base64.b64encode(f"bob:{password}".encode()).decode()
        asked = request("/private/key.txt", fields=f"Authorization: Basic {word}\r\n")
        assert rig.ask(asked).status == answer


def test_files_over_tls(rig: Rig) -> None:
    root = tree(rig.folder)
    lay(rig.folder)
    port = free_port()
    rig.start(
        f"Listen {HOST}:{port}\n<VirtualHost {HOST}:{port}>\nServerName a.test\n"
        f"SSLEngine On\nSSLCertificateFile {rig.folder}/site.pem\n"
        f'DocumentRoot "{root}"\n</VirtualHost>\n'
    )
    plain = socket.create_connection((HOST, port), DEADLINE_S)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    client = Peer(trusting.wrap_socket(plain))
    rig.clients.append(client)
    for name in ("plain.txt", "big.bin", "empty", "big.bin"):
        client.send(request(f"/{name}"))
        assert client.take_response().body == (root / name).read_bytes()


def test_files_over_one_connection_keep_their_order(rig: Rig) -> None:
    root = site(rig)
    client = rig.client()
    names = ("big.bin", "plain.txt", "big.bin", "empty", "index.html")
    client.send(b"".join(request(f"/{name}") for name in names))
    for name in names:
        assert client.take_response().body == (root / name).read_bytes()


def test_a_file_that_becomes_shorter_ends_the_connection(rig: Rig) -> None:
    root = tree(rig.folder)
    with open(root / "huge.bin", "wb") as file:
        file.truncate(64 * MIB)
    rig.start(f'DocumentRoot "{root}"')
    client = rig.client(receive_bytes=4096)
    client.send(request("/huge.bin"))
    client.take(1024)
    os.truncate(root / "huge.bin", 8 * MIB)
    assert len(client.take_rest()) < 64 * MIB
    assert status(rig, "/plain.txt") == 200


def test_a_sparse_file_of_10_gb_is_sent(rig: Rig) -> None:
    root = tree(rig.folder)
    with open(root / "huge.bin", "wb") as file:
        file.truncate(10_000_000_000)
    rig.start(f'DocumentRoot "{root}"')
    client = rig.client()
    client.send(request("/huge.bin", method="HEAD"))
    assert client.take_response("HEAD").field("content-length") == "10000000000"
    client.send(request("/huge.bin"))
    client.take(16 * MIB)


@pytest.mark.parametrize("name", ["größe", "日本"])
def test_names_that_are_not_ascii(rig: Rig, name: str) -> None:
    """Bytes of the configuration are those of the disk and of the request."""
    root = tree(rig.folder)
    away, closed = root / name, root / "sub" / f"{name}-closed"
    for folder in (away, closed):
        folder.mkdir()
        (folder / "plain.txt").write_bytes(b"there\n")
    rig.start(
        f'DocumentRoot "{away}"\n'
        f'Alias /all/ "{root}/"\nAlias /{name} "{away}"\n'
        f'<Directory "{closed}">\nRequire all denied\n</Directory>\n'
    )
    said = quote(name)
    for target in ("/plain.txt", f"/all/{said}/plain.txt", f"/{said}/plain.txt"):
        got = rig.ask(request(target))
        assert (got.status, got.body) == (200, b"there\n"), target
    assert status(rig, f"/all/sub/{said}-closed/plain.txt") == 403
    # ... and of the error log, each as it is
    raw = "".join(chr(b) if b < 0x80 else f"\\x{b:02x}" for b in name.encode())
    line = f"AH01630: client denied by server configuration: /all/sub/{raw}-closed"
    wait_for(lambda: line in rig.error_log, line)


def test_paths_of_the_configuration_are_made_plain(rig: Rig) -> None:
    """Two slashes at the front are one, and `..` leads where it leads."""
    root = tree(rig.folder)
    rig.start(
        f'DocumentRoot "/{root}"\nAlias /up/ "{root}/sub/deep/../"\n'
        f'Alias /one "{root}/sub/../plain.txt"\n'
        f'<Directory "/{root}/private">\nRequire all denied\n</Directory>\n'
    )
    assert status(rig, "/plain.txt") == 200
    assert status(rig, "/private/key.txt") == 403
    assert status(rig, "/one") == 200
    got = rig.ask(request("/up/index.html"))
    assert (got.status, got.body) == (200, b"sub\n")


def test_a_directory_is_listed_whole(rig: Rig) -> None:
    root = tree(rig.folder)
    for number in range(3_000):
        (root / "bare" / f"file{number:04}").touch()
    (root / "bare" / ".htpasswd").touch()
    rig.start(
        f'DocumentRoot "{root}"\n{guarded(root)}'
        f'<Directory "{root}/bare">\nOptions Indexes\n</Directory>\n'
    )
    answer = rig.ask(request("/bare/"))
    assert answer.status == 200
    links = [f'"file{number:04}"'.encode() for number in range(3_000)]
    found = [answer.body.find(link) for link in links]
    assert -1 not in found
    assert found == sorted(found)
    assert b".htpasswd" not in answer.body
    assert answer.body.endswith(b"</body></html>\n")
    assert status(rig, "/bare/", "HEAD") == 200
    assert status(rig, "/sub/deep/") == 403
    assert status(rig, "/bare/", "POST") == 404
    conf = str(rig.folder / "httpd.conf")
    loaded = load(Source(conf, str(rig.folder), (), (), (), {}))
    assert loaded.model is not None
    standing = stand(loaded.model, loaded.tree)
    told = way_of(standing, Asked(f"http://{HOST}:{rig.port}/bare/"))
    assert (told.status, told.goes_to) == (200, f"a listing of {root}/bare/")
