"""Files: what cannot be served as it is written is told by the check."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rows import rows
from trees import resolve_file

from fastlb.lint import files

SITE = "Listen 80\n<VirtualHost *:80>\nServerName a.test\n{}\n</VirtualHost>\n"
PROXY = "ProxyPass / http://127.0.0.1:1/\n"
TOLD = ("FB0162", "FB0169", "FB0170", "FB0171", "FB0173")
OVERRIDES = "<Directory {site}/static>\nAllowOverride All\n</Directory>\n"
NO_OVERRIDES = "<Directory {site}>\nAllowOverride None\n</Directory>\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory with a page, one below it, and one that is empty."""
    root = tmp_path / "www"
    for name in ("static", "empty"):
        (root / name).mkdir(parents=True)
    (root / "page.html").write_text("<title>Mine</title>")
    (root / "static" / "a.css").touch()
    (root / "static" / ".htaccess").touch()
    return root


def told(site: Path, lines: str) -> list[str]:
    conf = site.parent / "t.conf"
    conf.write_text(SITE.format(lines.replace("{site}", str(site))))
    _, found = resolve_file(conf)
    return [item.directive for item in found if item.number in TOLD]


@rows(
    ("lines", "directives"),
    [
        ("DocumentRoot /none-such", ["DocumentRoot"]),
        ("DocumentRoot {site}/page.html", ["DocumentRoot"]),
        ("ScriptAlias /cgi-bin/ {site}/static/", ["ScriptAlias"]),
        ("ScriptAliasMatch ^/cgi(.*) {site}/static$1", ["ScriptAliasMatch"]),
        ("DocumentRoot {site}\nAddHandler cgi-script .cgi", ["AddHandler"]),
        ("DocumentRoot {site}\nAddType application/x-httpd-php .php", ["AddType"]),
        ("DocumentRoot {site}\nForceType application/x-httpd-php", ["ForceType"]),
        (
            "DocumentRoot {site}\nRewriteEngine On\n"
            "RewriteRule ^/a$ /b [L,T=application/x-httpd-php]",
            ["RewriteRule"],
        ),
        (
            "DocumentRoot {site}\n<Directory {site}>\nAddHandler php5-script .php\n"
            "</Directory>",
            ["AddHandler"],
        ),
        ("DocumentRoot {site}\n" + OVERRIDES, ["AllowOverride"]),
        (OVERRIDES + "DocumentRoot {site}\n" + NO_OVERRIDES, ["AllowOverride"]),
        (OVERRIDES + "Alias /a {site}/static\n", ["AllowOverride"]),
        (
            OVERRIDES + "DocumentRoot {site}\nProxyPass /a !\n" + PROXY,
            ["AllowOverride"],
        ),
    ],
)
def test_what_would_not_hold_is_told(
    site: Path, lines: str, directives: list[str]
) -> None:
    assert told(site, lines) == directives


RUN = "SetHandler cgi-script\n"
PHP = "SetHandler application/x-httpd-php\n"


@rows(
    ("lines", "directives"),
    [
        ('<Files ~ "\\.cgi$">\n' + RUN + "</Files>", ["SetHandler"]),
        ("<Files *.cgi>\n" + RUN + "</Files>", ["SetHandler"]),
        ("<Files a.cgi>\n" + RUN + "</Files>", ["SetHandler"]),
        ("<Files b.cgi>\n" + RUN + "</Files>", []),
        # As Debian has it: of files that are not there nobody speaks.
        ('<FilesMatch ".+\\.ph(?:ar|p|tml)$">\n' + PHP + "</FilesMatch>", []),
        ('<FilesMatch ".+\\.cgi$">\n' + PHP + "</FilesMatch>", ["SetHandler"]),
        ("<Directory {site}>\n" + RUN + "</Directory>", ["SetHandler"]),
        ("<Directory {site}/static>\n" + RUN + "</Directory>", ["SetHandler"]),
        ("<Directory {site}/empty>\n" + RUN + "</Directory>", []),
        ("<Directory /none-such>\n" + RUN + "</Directory>", []),
        (
            "<Directory {site}/empty>\n<Files *.cgi>\n"
            + RUN
            + "</Files>\n</Directory>",
            [],
        ),
        (
            "<Directory {site}>\n<Files *.cgi>\n" + RUN + "</Files>\n</Directory>",
            ["SetHandler"],
        ),
        ("<Location /static>\n" + RUN + "</Location>", ["SetHandler"]),
        ("<Location /a.cgi>\n" + RUN + "</Location>", ["SetHandler"]),
        ("<Location /none-such>\n" + RUN + "</Location>", []),
        (
            "ProxyPass /static http://127.0.0.1:1/\n<Location /static>\n"
            + RUN
            + "</Location>",
            [],
        ),
        ("<Files *.cgi>\nSetHandler nonesuch\n</Files>", []),
        ("<Files *.cgi>\nSetHandler none\n</Files>", []),
        ("<Files *.cgi>\n" + RUN + "</Files>\n" + PROXY, []),
        ("Dav On", ["Dav"]),
        ("Dav Off", []),
        ("<Directory {site}/static>\nDav On\n</Directory>", ["Dav"]),
        ("<Directory />\nDav filesystem\n</Directory>", ["Dav"]),
        ("<Directory /none-such>\nDav On\n</Directory>", []),
        ("<Location /dav>\nDav On\n</Location>", ["Dav"]),
        (
            "ProxyPass /dav http://127.0.0.1:1/\n<Location /dav>\nDav On\n</Location>",
            [],
        ),
        ("<Location /dav>\nDav On\n</Location>\n" + PROXY, []),
        ("DAVLockDB {site}/lock", []),
    ],
)
def test_a_handler_that_nobody_has_is_refused_where_it_would_work(
    site: Path, lines: str, directives: list[str]
) -> None:
    (site / "a.cgi").touch()
    assert told(site, "DocumentRoot {site}\n" + lines) == directives


VIEWS = "Options Indexes MultiViews\n"


@rows(
    ("lines", "directives"),
    [
        (VIEWS, ["Options"]),
        ("<Directory {site}>\nOptions +multiviews\n</Directory>", ["Options"]),
        ("<Directory {site}/static>\nOptions RunScripts\n</Directory>", ["Options"]),
        ("<Location />\n" + VIEWS + "</Location>", ["Options"]),
        (
            "<Directory {site}>\n<Files *>\n" + VIEWS + "</Files>\n</Directory>",
            ["Options"],
        ),
        ("<Directory {site}/empty>\n" + VIEWS + "</Directory>", []),
        ("<Directory /none-such>\n" + VIEWS + "</Directory>", []),
        ("<Directory {site}>\nOptions All\n</Directory>", []),
        ("<Directory {site}>\nOptions -MultiViews\n</Directory>", []),
        (
            VIEWS + "<Directory {site}>\nOptions Indexes\n</Directory>",
            [],
        ),
        (VIEWS + PROXY, []),
        (VIEWS + PROXY + "Alias /a {site}/empty\n", []),
    ],
)
def test_files_that_views_would_find_are_looked_for(
    site: Path, lines: str, directives: list[str]
) -> None:
    assert told(site, "DocumentRoot {site}\n" + lines) == directives


@rows(
    ("names", "is_found"),
    [
        (("about.html",), True),
        (("index.html.de", "index.html.en"), True),
        (("about", "about.html"), False),
        (("README", ".hidden.html"), False),
    ],
)
def test_views_find_what_is_called_by_its_beginning(
    site: Path, names: tuple[str, ...], is_found: bool
) -> None:
    folder = site / "empty"
    for path in folder.iterdir():
        path.unlink()
    for name in names:
        (folder / name).touch()
    lines = "DocumentRoot {site}/empty\n" + VIEWS
    assert told(site, lines) == (["Options"] if is_found else [])


def test_a_distributions_own_pages_need_no_views(site: Path) -> None:
    (site / "empty/index.html").write_text("<title>Apache2 Debian Default Page</title>")
    assert told(site, "DocumentRoot {site}/empty\n" + VIEWS) == []
    assert told(site, VIEWS + "Alias /icons/ /usr/share/apache2/icons/\n") == []


INCLUDED = "DocumentRoot {site}\nAddOutputFilter INCLUDES .shtml\n"
STATIC = "<Directory {site}/static>\nOptions {0}\n</Directory>\n"
EMPTY = STATIC.replace("static", "empty")


@rows(
    ("lines", "is_refused"),
    [
        (INCLUDED, False),  # as RHEL ships it
        (INCLUDED + "Options +Includes", True),
        (INCLUDED + STATIC.replace("{0}", "All"), True),
        (INCLUDED + EMPTY.replace("{0}", "All"), False),
        (
            INCLUDED + "Options All\n" + STATIC.replace("{0}", "None"),
            False,
        ),
        (INCLUDED + "<Files *.shtml>\nOptions +Includes\n</Files>", True),
        (INCLUDED + "<Location /s>\nOptions +Includes\n</Location>", True),
        (INCLUDED + "Options All\n" + PROXY, False),
        (INCLUDED.replace(".shtml", ".inc") + "Options All\n", False),
        ("DocumentRoot {site}\nSetOutputFilter INCLUDES\nOptions All\n", True),
        ("DocumentRoot {site}\nSetOutputFilter INCLUDES\n", False),
        (
            "DocumentRoot {site}\nAddOutputFilterByType INCLUDES text/html\n"
            "Options IncludesNOEXEC\n",
            True,
        ),
        ("Alias /s {site}/static\nAddOutputFilter INCLUDES .shtml\nOptions All", True),
    ],
)
def test_a_page_that_would_include_others_is_refused(
    site: Path, lines: str, is_refused: bool
) -> None:
    (site / "static" / "b.shtml").touch()
    assert bool(told(site, lines)) == is_refused


@rows(
    "lines",
    [
        "DocumentRoot {site}",
        "DocumentRoot /none-such\n" + PROXY,
        "DocumentRoot /none-such\nRedirect permanent / https://a.test/",
        "Alias /static {site}/static",
        "ScriptAlias /cgi-bin/ {site}/empty/",
        "ScriptAlias /cgi-bin/ {site}/static/\n" + PROXY,
        "DocumentRoot {site}\n" + NO_OVERRIDES,
        "DocumentRoot {site}\nAddHandler type-map .var\nAddType text/x .x",
        "DocumentRoot {site}\nAddHandler cgi-script .cgi\n" + PROXY,
        "DocumentRoot {site}\nForceType text/plain\nRewriteEngine On\n"
        "RewriteRule ^/a$ /b [T=text/plain,E=a:application/x-httpd-php]",
        "AddHandler cgi-script .cgi",
        "DocumentRoot {site}\n" + OVERRIDES + PROXY,
        "DocumentRoot {site}/empty\n" + OVERRIDES,
        "UserDir disabled",
    ],
)
def test_what_holds_or_is_taken_is_not(site: Path, lines: str) -> None:
    assert told(site, lines) == []


def test_what_lies_where_no_line_says_is_looked_at(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "DOCUMENT_ROOT", str(site))
    overrides = "<Directory {site}/static>\nAllowOverride All\n</Directory>"
    programs = "AddHandler cgi-script .cgi"
    assert told(site, overrides) == ["AllowOverride"]
    assert told(site, programs) == ["AddHandler"]
    assert told(site, programs + "\n" + PROXY) == []
    assert told(site, "DocumentRoot {site}/empty\n" + overrides) == []
    # What a distribution puts there is nobody's site.
    (site / "page.html").rename(site / "index.html")
    (site / "index.html").write_text("<title>Apache2 Debian Default Page</title>")
    for name in ("static/.htaccess", "static/a.css"):
        (site / name).unlink()
    (site / "static").rmdir()
    (site / "empty").rmdir()
    assert told(site, programs) == []


def test_another_name_of_such_files_is_known(site: Path) -> None:
    (site / "static" / ".acl").touch()
    lines = "DocumentRoot {site}\nAccessFileName .acl\n" + OVERRIDES
    assert told(site, lines) == ["AllowOverride"]
    assert told(site, lines.replace(".acl", ".other")) == []


def test_a_main_server_that_no_request_reaches_serves_nothing(
    site: Path,
) -> None:
    conf = site.parent / "t.conf"
    main = "DocumentRoot /none-such\nListen 80\n"
    host = f"<VirtualHost *:{{}}>\n{PROXY}</VirtualHost>\n"
    for port, count in ((80, 0), (81, 1)):
        conf.write_text(main + "Listen 81\n" * (port == 81) + host.format(port))
        _, found = resolve_file(conf)
        assert sum(item.number == "FB0169" for item in found) == count


def test_what_the_main_server_says_of_programs_holds_for_its_hosts(
    site: Path,
) -> None:
    conf = site.parent / "t.conf"
    text = "AddHandler cgi-script .cgi\n" + SITE.format(f"DocumentRoot {site}") * 2
    conf.write_text(text.replace("Listen 80\n", "", 1))
    _, found = resolve_file(conf)
    assert [d.line for d in found if d.number == "FB0170"] == [1]


def test_home_directories_are_looked_for(site: Path) -> None:
    line = f"UserDir {site.parent}/*/static"
    assert told(site, line) == ["UserDir"]
    assert told(site, line + "\n" + PROXY) == []


def test_a_fifo_among_the_programs_holds_the_check_up_for_nobody(site: Path) -> None:
    os.mkfifo(site / "empty" / "index.html")
    assert told(site, "ScriptAlias /cgi-bin/ {site}/empty/") == ["ScriptAlias"]
