"""listing*.pyx: a directory that has no index is listed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_bench import Bench
from flow_peers import get
from rows import rows

HOSTILE = (
    b'"onload="x', b"<script>", b"a&amp;b", b"'", b"x\x01\x7f\n\t.txt", b"\xff\xfe",
    b"javascript:alert(1)", b"%2e", b"a;b?c#d", b"...", b" ", b"x" * 255,
    "\u202e\u0000".encode("utf-16-be").replace(b"\0", b"").replace(b"/", b""),
)  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "www"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_bytes(b"a")
    (root / "b.html").write_bytes(b"<b>")
    (tmp_path / "outside.txt").write_bytes(b"outside")
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    (root / "dir").symlink_to(root / "sub")
    (root / "gone").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    return root


def configuration(site: Path, text: str = "", options: str = "Indexes") -> str:
    return (
        f'Listen 80\nServerName h\nDocumentRoot "{site}"\n'
        f'<Directory "{site}">\nOptions {options}\n</Directory>\n{text}\n'
    )


def asked(text: str, path: str = "/", *fields: str) -> tuple[bytes, bytes]:
    with Bench(text) as bench:
        client = bench.ask(get(path, *fields))
        return client.message()


def links(page: bytes) -> list[str]:
    return [found.decode() for found in re.findall(rb'<li><a href="([^"]*)"', page)]


def test_a_directory_is_listed_where_options_allow_it(site: Path) -> None:
    head, page = asked(configuration(site))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nContent-Type: text/html;charset=ISO-8859-1\r\n" in head
    assert b"Accept-Ranges" not in head
    assert links(page) == ["a.txt", "b.html", "sub/"]
    head, page = asked(configuration(site, options="None"))
    assert head.startswith(b"HTTP/1.1 403 ")
    assert b"a.txt" not in page


def test_a_listing_answers_who_reads(site: Path) -> None:
    text = configuration(site, "DirectorySlash Off")
    for method in ("GET", "POST", "DELETE", "PUT", "OPTIONS", "PROPFIND"):
        for path in ("/", "/sub"):
            with Bench(text) as bench:
                client = bench.ask(get(path, method=method))
                head, page = client.message()
                assert (b"<title>Index of" in page) is (method == "GET"), method
                if method == "DELETE":
                    assert head.startswith(b"HTTP/1.1 405 "), path


@rows(
    ("options", "shown"),
    [
        ("FollowSymLinks", {"link.txt", "dir/"}),
        ("SymLinksIfOwnerMatch", {"link.txt", "dir/"}),
        ("", set()),
    ],
)
def test_links_are_shown_that_may_be_followed(
    site: Path, options: str, shown: set[str]
) -> None:
    _, page = asked(configuration(site, options=f"Indexes {options}"))
    assert set(links(page)) == {"a.txt", "b.html", "sub/"} | shown


def test_a_configuration_that_leaves_the_module_out_lists_nothing(site: Path) -> None:
    others = "LoadModule dir_module modules/mod_dir.so\n"
    named = others + "LoadModule autoindex_module modules/mod_autoindex.so\n"
    assert asked(others + configuration(site))[0].startswith(b"HTTP/1.1 403 ")
    assert asked(named + configuration(site))[0].startswith(b"HTTP/1.1 200 ")


def test_what_a_request_may_not_have_is_not_shown(site: Path) -> None:
    for name in (".htpasswd", "kept", "rule", "login", "expr", "moved"):
        (site / name).write_bytes(b"x")
    (site / "closed").mkdir()
    _, page = asked(
        configuration(
            site,
            f'<Files ".ht*">\nRequire all denied\n</Files>\n'
            f'<Directory "{site}/closed">\nRequire all denied\n</Directory>\n'
            f"<Location /kept>\nRequire ip 10.9.9.9\n</Location>\n"
            f'<Files login>\nAuthType Basic\nAuthName x\nAuthUserFile "{site}/a.txt"\n'
            f"Require valid-user\n</Files>\n"
            f"<If \"%{{REQUEST_URI}} == '/expr'\">\nRequire all denied\n</If>\n"
            f'<Directory "{site}">\nOptions +FollowSymLinks\nRewriteEngine On\n'
            f"RewriteRule ^rule - [F]\nRewriteRule ^moved /x [R]\n</Directory>",
        ),
    )
    assert links(page) == [
        *("a.txt", "b.html", "dir/", "link.txt", "moved", "sub/"),
    ]


def test_what_rules_set_for_names_is_not_said_of_the_page(site: Path) -> None:
    text = (
        f'<Directory "{site}">\nOptions +FollowSymLinks\nRewriteEngine On\n'
        "RewriteRule ^ - [CO=page:yes:h]\n"
        "RewriteRule ^(.+)$ - [CO=name_$1:$1:h]\n</Directory>\n"
        "DirectoryIndex disabled\nHeaderName b.html\nReadmeName a.txt"
    )
    head, page = asked(configuration(site, text))
    cookies = re.findall(rb"\r\nSet-Cookie: ([^\r]*)", head)
    assert cookies == [b"page=yes; path=/; domain=h"]
    assert links(page) == ["a.txt", "b.html", "dir/", "link.txt", "sub/"]


def test_a_name_is_shown_where_its_url_leads_to_it(site: Path, tmp_path: Path) -> None:
    for name in ("alias", "match", "mapped", "rule", "sent", "kept", "script", "inner"):
        (site / name).write_bytes(b"x")
    other = tmp_path / "outside.txt"
    _, page = asked(
        configuration(
            site,
            f'Alias /alias "{other}"\nAliasMatch ^/ma "{other}"\n'
            f'ScriptAlias /script "{site}/script"\n'
            "ProxyPass /mapped http://127.0.0.1:8001/\nRedirect /sent /kept\n"
            "RewriteEngine On\nRewriteRule ^/rule /kept [PT]\n"
            f'<Directory "{site}">\nOptions +FollowSymLinks\nRewriteEngine On\n'
            "RewriteRule ^inner kept\n</Directory>",
        ),
    )
    assert links(page) == ["a.txt", "b.html", "dir/", "kept", "link.txt", "sub/"]


def test_a_directory_is_asked_for_with_its_slash(site: Path) -> None:
    for name in ("secret", "open"):
        (site / name).mkdir()
    (site / "open.txt").write_bytes(b"x")
    text = (
        '<Location "/secret/">\nRequire all denied\n</Location>\n'
        '<LocationMatch "^/dir/$">\nRequire all denied\n</LocationMatch>\n'
        '<LocationMatch "^/open$">\nRequire all denied\n</LocationMatch>'
    )
    _, page = asked(configuration(site, text, "Indexes FollowSymLinks"))
    assert links(page) == ["a.txt", "b.html", "link.txt", "open.txt", "open/", "sub/"]


def test_a_directory_is_not_shown_whose_htaccess_nobody_reads(site: Path) -> None:
    allowed = f'<Directory "{site}">\nAllowOverride AuthConfig\n</Directory>'
    with Bench(configuration(site, allowed, "Indexes FollowSymLinks")) as bench:
        assert "sub/" in links(bench.ask(get("/")).message()[1])
        (site / "sub" / ".htaccess").write_bytes(b"Require all denied\n")
        page = bench.ask(get("/")).message()[1]
        assert links(page) == ["a.txt", "b.html", "link.txt"]
        (site / ".htaccess").write_bytes(b"")
        assert bench.ask(get("/")).head().startswith(b"HTTP/1.1 500 ")
        assert bench.has_said("FB0421")


def test_ignored_names_and_forbidden_ones_that_are_shown(site: Path) -> None:
    (site / ".htpasswd").write_bytes(b"x")
    text = (
        "IndexOptions ShowForbidden\nIndexIgnore *.html\n"
        '<Files ".ht*">\nRequire all denied\n</Files>'
    )
    _, page = asked(configuration(site, text))
    assert links(page) == [".htpasswd", "a.txt", "sub/"]


def test_hostile_names_open_no_tag_and_lead_to_themselves(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    for name in HOSTILE:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(name)
    for options in ("None", "FancyIndexing", "FancyIndexing HTMLTable NameWidth=*"):
        text = configuration(tmp_path, f"IndexOptions {options}")
        with Bench(text) as bench:
            client = bench.ask(get("/"))
            _, page = client.message()
            assert b"<script" not in page
            assert b'"onload' not in page
            found = set()
            for link in re.findall(rb'href="([^"?]*)"', page):
                assert re.fullmatch(rb"[!$'()*+,./0-9:;=@A-Z_a-z~%&-]+", link)
                path = "/" + link.replace(b"&amp;", b"&").decode().removeprefix("./")
                head, body = bench.ask(get(path)).message()
                assert head.startswith(b"HTTP/1.1 200 "), path
                found.add(body)
            assert found == set(HOSTILE)


def test_a_page_is_bounded_and_says_so(tmp_path: Path) -> None:
    for number in range(16_400):
        (tmp_path / f"file{number}").touch()
    _, page = asked(configuration(tmp_path))
    assert len(links(page)) == 16_384
    assert b"<p>There are more names than these 16384.</p>\n" in page


def test_expressions_for_names_have_a_bound_together(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"{'a' * 60}b{number}").touch()
    text = '<FilesMatch "^(a|aa)+$">\nRequire all denied\n</FilesMatch>'
    page = asked(configuration(tmp_path, text))[1]
    assert b"<p>There are more names than these 0.</p>\n" in page


def test_others_are_served_while_a_large_directory_is_read(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for number in range(12_000):
        (site / f"file{number}").touch()
    log = tmp_path / "log"
    text = f'IndexOptions FancyIndexing\nCustomLog "{log}" "%U"\n'
    with Bench(configuration(site, text)) as bench:
        listed = bench.client()
        other = bench.client()
        listed.send(get("/"))
        other.send(get("/file1"))
        assert other.head().startswith(b"HTTP/1.1 200 ")
        assert listed.message()[0].startswith(b"HTTP/1.1 200 ")
        assert bench.log_lines() == ["/file1", "/"]


def descriptors() -> dict[int, str]:
    """What is open in this process."""
    found = {}
    for number in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            found[number] = os.readlink(f"/proc/self/fd/{number}")
    return found


SLOW = '<FilesMatch "^(a|aa)+$">\nRequire all denied\n</FilesMatch>'


def many(site: Path, count: int = 12_000) -> Path:
    """Names at each of which SLOW looks for long."""
    site.mkdir()
    for number in range(count):
        (site / f"{'a' * 20}b{number}").touch()
    return site


def test_a_client_that_leaves_ends_what_is_read_for_it(tmp_path: Path) -> None:
    site = many(tmp_path / "site")
    with Bench(configuration(site, SLOW)) as bench:
        bench.settle()
        before = descriptors()
        gone = bench.client()
        gone.send(get("/"))
        bench.turn()
        assert str(site) in descriptors().values()
        gone.reset()
        bench.until(lambda: not any(bench.passing().values()), "it to end")
        assert descriptors() == before


def test_a_client_that_leaves_ends_the_page_that_it_does_not_read(
    tmp_path: Path,
) -> None:
    site = many(tmp_path / "site")
    text = configuration(site, "IndexOptions FancyIndexing HTMLTable NameWidth=*")
    with Bench(text, narrow=True) as bench:
        bench.settle()
        before = descriptors()
        gone = bench.client()
        gone.send(get("/"))
        page = "/memfd:listing (deleted)"
        bench.until(lambda: page in descriptors().values(), "a page")
        bench.settle()
        assert page in descriptors().values()
        gone.reset()
        bench.until(lambda: not any(bench.passing().values()), "it to end")
        assert descriptors() == before


def test_a_directory_that_cannot_be_read_on_is_cut(tmp_path: Path) -> None:
    site = many(tmp_path / "site")
    other = os.open(tmp_path, os.O_PATH)
    with Bench(configuration(site, SLOW)) as bench:
        client = bench.client()
        client.send(get("/"))
        bench.turn()
        place = {name: number for number, name in descriptors().items()}
        os.dup2(other, place[str(site)])  # which nobody reads: EBADF
        head, page = client.message()
    os.close(other)
    assert head.startswith(b"HTTP/1.1 200 ")
    count = len(links(page))
    assert 0 < count < 12_000
    assert f"<p>There are more names than these {count}.</p>".encode() in page


def test_a_directory_that_has_gone_has_no_more_names(tmp_path: Path) -> None:
    site = many(tmp_path / "site")
    with Bench(configuration(site, SLOW)) as bench:
        client = bench.client()
        client.send(get("/"))
        bench.turn()
        assert str(site) in descriptors().values()
        shutil.rmtree(site)
        head, page = client.message()
    assert head.startswith(b"HTTP/1.1 200 ")
    assert len(links(page)) < 12_000
    assert b"more names" not in page


@contextlib.contextmanager
def as_a_stranger() -> Iterator[None]:
    """To the file system this thread has no rights but those of everybody."""
    library = ctypes.CDLL(None)
    if os.geteuid() == 0:
        library.setfsuid(65534)
    yield
    if os.geteuid() == 0:
        library.setfsuid(0)


def test_a_directory_that_may_not_be_read_is_not_listed() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Bench(configuration(Path(folder))) as bench,
    ):
        assert bench.ask(get("/")).head().startswith(b"HTTP/1.1 200 ")
        Path(folder).chmod(0o311)
        with as_a_stranger():
            assert bench.ask(get("/")).head().startswith(b"HTTP/1.1 403 ")
        assert bench.has_said("AH01275")
        Path(folder).chmod(0o700)


@pytest.mark.parametrize("order", ["C=N", "C=S;O=D", "V=1"])
def test_names_are_in_order_however_many_there_are(tmp_path: Path, order: str) -> None:
    for count in (1, 2, 3, 64, 65, 1000):
        for number in range(count):
            (tmp_path / f"n{number * 7919 % 1009}").touch()
        page = asked(configuration(tmp_path, ""), f"/?F=0;{order}")[1]
        expected = sorted(os.listdir(tmp_path), reverse="O=D" in order)
        if "V=1" in order:
            expected.sort(key=lambda name: int(name[1:]))
        assert links(page) == expected


def test_a_slow_client_gets_the_whole_page(tmp_path: Path) -> None:
    for number in range(9_000):
        (tmp_path / f"a-rather-long-name-of-a-file-{number}").touch()
    text = configuration(tmp_path, "IndexOptions FancyIndexing HTMLTable")
    with Bench(text) as bench:
        client = bench.client()
        client.send(get("/"))
        for _ in range(50):
            bench.wait()
        head, page = client.message()
        assert head.startswith(b"HTTP/1.1 200 ")
        assert len(re.findall(rb'<a href="a-rather', page)) == 9_000
        assert page.endswith(b"</body></html>\n")


def test_header_and_readme_are_what_a_request_would_get(site: Path) -> None:
    text = "HeaderName /b.html\nReadmeName a.txt\nIndexIgnore a.txt"
    types = "AddType text/html .html\nAddType text/plain .txt\n"
    head, page = asked(configuration(site, types + text))
    assert b"\r\nContent-Length: " in head
    assert b"<b>" in page
    assert b"<pre>\na</pre>\n" in page
    assert b"signed" not in page
    denied = "<Files b.html>\nRequire all denied\n</Files>"
    _, page = asked(configuration(site, f"{types}{text}\n{denied}"))
    assert b"<b>" not in page
    assert b"<h1>Index of /</h1>" in page


@rows(
    ("text", "shown"),
    [
        ("", b"<b>"),
        ("<Directory {site}>\nRewriteEngine On\nOptions +FollowSymLinks\n"
         "RewriteRule ^b - [T=text/plain]\n</Directory>", b"<pre>\n&lt;b&gt;"),
        ("<Directory {site}>\nRewriteEngine On\nOptions +FollowSymLinks\n"
         "RewriteRule ^b - [T=application/x-httpd-php]\n</Directory>", b""),
        ("<Files b.html>\nForceType application/x-httpd-php\n</Files>", b""),
        ("<Files b.html>\nForceType image/png\n</Files>", b""),
        ("AddHandler cgi-script .html", b""),
        ("AddType application/x-httpd-php .html", b""),
        ("<Files b.html>\nSetHandler cgi-script\n</Files>", b""),
        ("<Directory {site}>\nOptions +Includes\nSetOutputFilter INCLUDES\n"
         "</Directory>", b""),
        ("<Directory {site}>\nOptions +Includes\n</Directory>\n"
         "AddOutputFilterByType INCLUDES text/html", b""),
    ],
)  # fmt: skip
def test_a_header_is_judged_as_any_file_is(site: Path, text: str, shown: bytes) -> None:
    # The rule may take whatever is asked for, so the check does not look.
    types = (
        "AddType text/html .html\nHeaderName b.html\n"
        "RewriteEngine On\nRewriteRule ^/(.*)x$ /$1\n"
    )
    said = text.replace("{site}", f'"{site}"')
    (site / "b.html").unlink(missing_ok=True)
    with Bench(configuration(site, f"{types}{said}")) as bench:
        (site / "b.html").write_bytes(b"<b>")  # where the check did not see it
        _, page = bench.ask(get("/")).message()
    assert shown in page
    assert (b"<h1>Index of" in page) is (not shown)
    assert (b"<b>" in page or b"&lt;b&gt;" in page) is bool(shown)


def test_a_header_is_not_shown_that_a_request_would_not_get(site: Path) -> None:
    inner = site / "sub"
    (inner / "c.html").write_bytes(b"<i>inner")
    text = "AddType text/html .html .txt\nIndexIgnore *\n"
    for name, options, allowed in (
        ("sub/c.html", "None", True),
        ("link.txt", "None", False),
        ("link.txt", "FollowSymLinks", True),
        ("dir/c.html", "SymLinksIfOwnerMatch", True),
        ("dir/c.html", "None", False),
        ("gone", "FollowSymLinks", False),
        ("pipe", "FollowSymLinks", False),
        ("sub", "FollowSymLinks", False),
    ):
        conf = configuration(
            site, f"{text}HeaderName {name}", f"Indexes {options}".removesuffix(" None")
        )
        _, page = asked(conf)
        assert (b"<h1>Index of" not in page) is allowed, name
    conf = configuration(
        site,
        f"{text}HeaderName sub/c.html\n"
        f'<Directory "{inner}">\nAllowOverride All\n</Directory>',
    )
    with Bench(conf) as bench:
        assert b"<i>inner" in bench.ask(get("/")).message()[1]
        (inner / ".htaccess").write_bytes(b"Require all denied\n")
        assert b"<i>inner" not in bench.ask(get("/")).message()[1]


def test_the_query_chooses_order_and_form(site: Path) -> None:
    (site / "a.txt").write_bytes(b"x" * 2000)
    text = configuration(site, "IndexOptions FancyIndexing")
    _, page = asked(text, "/?C=S;O=D&F=1;P=[ab].*")
    assert re.findall(rb'<a href="([ab][^"]*)"', page) == [b"a.txt", b"b.html"]
    _, page = asked(text, "/?C=S;O=A&F=1;P=%3F.*")
    assert re.findall(rb'<a href="([ab][^"]*)"', page) == [b"b.html", b"a.txt"]
    _, page = asked(text, "/?P=%22%3E%3Cscript%3E*;F=2")
    assert b"<script" not in page
    assert b'P=%22%3e%3cscript%3e*">' in page
    _, page = asked(text, "/?P=a%26*")
    assert b'P=a&amp;*">' in page


def test_a_pattern_that_is_longer_than_names_are_matches_none(site: Path) -> None:
    text = configuration(site, "IndexOptions FancyIndexing")
    for pattern in ("%26" * 2000, "*" * 256, "*" * 250 + "[abcdefg]*"):
        head, page = asked(text, f"/?P={pattern}")
        assert head.startswith(b"HTTP/1.1 200 "), pattern
        assert b"a.txt" not in page
        assert b"P=" not in page
    _, page = asked(text, "/?P=" + "*" * 255)
    assert b"a.txt" in page


def test_a_listing_is_filtered_and_has_ranges(site: Path) -> None:
    text = configuration(site, "SetOutputFilter DEFLATE")
    with Bench(text) as bench:
        client = bench.ask(get("/", "Accept-Encoding: gzip"))
        head = client.head()
        assert b"\r\nContent-Encoding: gzip\r\n" in head
    head, page = asked(configuration(site), "/", "Range: bytes=0-8")
    assert head.startswith(b"HTTP/1.1 206 ")
    assert page == b"<!DOCTYPE"


def test_a_line_that_cannot_be_made_is_left_out(site: Path) -> None:
    with Bench(configuration(site)) as bench:
        bench.services.fault = True
        head, page = bench.ask(get("/")).message()
        assert head.startswith(b"HTTP/1.1 200 ")
        assert links(page) == ["a.txt", "b.html", "sub/"]


def test_no_file_is_read_for_its_title(site: Path) -> None:
    (site / "b.html").write_bytes(b"<title>hello</title>")
    text = "IndexOptions FancyIndexing ScanHTMLTitles\nAddType text/html .html"
    _, page = asked(configuration(site, text))
    assert b"hello" not in page


def test_a_header_that_is_too_large_is_left_out(site: Path) -> None:
    text = configuration(site, "HeaderName b.html\nAddType text/html .html")
    for size, kept in ((1 << 20, True), ((1 << 20) + 1, False)):
        (site / "b.html").write_bytes(b"z" * size)
        _, page = asked(text)
        assert (b"zz" in page) is kept
        assert (b"<h1>" not in page) is kept


def test_beyond_a_bound_of_memory_no_listing_is_made(tmp_path: Path) -> None:
    for number in range(16_000):
        (tmp_path / f"{'long' * 25}{number}").touch()
    text = configuration(tmp_path, "IndexOptions FancyIndexing HTMLTable NameWidth=*")
    with Bench(text) as bench:
        clients = [bench.client() for _ in range(16)]
        for client in clients:
            client.send(get("/"))
        bench.until(lambda: bench.has_said("FB0426"), "a listing to be refused")
        heads = [client.head() for client in clients]
        assert {head[9:12] for head in heads} == {b"200", b"503"}
        for client in clients:
            client.close()
        bench.until(lambda: not any(bench.passing().values()), "them to end")
        assert bench.ask(get("/")).head().startswith(b"HTTP/1.1 200 ")
