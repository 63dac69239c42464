"""Files that httpd would serve are warned of, where they are and nothing takes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rows import rows
from trees import resolve_file

SITE = "Listen 80\n<VirtualHost *:80>\nServerName a.test\n{}\n</VirtualHost>\n"
PROXY = "ProxyPass / http://127.0.0.1:1/\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory with a page, one below it, and one that is empty."""
    root = tmp_path / "www"
    for name in ("static", "empty"):
        (root / name).mkdir(parents=True)
    (root / "page.html").write_text("<title>Mine</title>")
    (root / "static" / "a.css").touch()
    return root


def told(site: Path, lines: str) -> list[str]:
    conf = site.parent / "t.conf"
    conf.write_text(SITE.format(lines.replace("{site}", str(site))))
    _, found = resolve_file(conf)
    return [item.directive for item in found if item.number == "FB0162"]


@rows(
    ("lines", "directives"),
    [
        ("DocumentRoot {site}", ["DocumentRoot"]),
        ("DocumentRoot {site}\nProxyPass /app http://h:1/app", ["DocumentRoot"]),
        ("DocumentRoot {site}\nProxyPass /static !\n" + PROXY, ["ProxyPass"]),
        (f"DocumentRoot {{site}}\n{PROXY}Alias /static {{site}}/static", []),
        ("Alias /static {site}/static\nProxyPass /static !\n" + PROXY, ["Alias"]),
        ("Alias /static /none-such\nProxyPass /static !\n" + PROXY, ["Alias"]),
        ("AliasMatch ^/static/(.*) {site}/static/$1", ["AliasMatch"]),
        ("ScriptAlias /cgi-bin/ {site}/static/", ["ScriptAlias"]),
    ],
)
def test_what_would_be_served_is_told(
    site: Path, lines: str, directives: list[str]
) -> None:
    assert told(site, lines) == directives


@rows(
    "lines",
    [
        "DocumentRoot {site}\n" + PROXY,
        "DocumentRoot {site}\n<Location />\nProxyPass http://127.0.0.1:1/\n</Location>",
        "DocumentRoot {site}\nRedirect permanent / https://a.test/",
        "DocumentRoot {site}\nRedirectMatch ^ https://a.test/",
        "DocumentRoot {site}\nProxyPass /empty !\n" + PROXY,
        "DocumentRoot {site}\nProxyPass /none !\n" + PROXY,
        "DocumentRoot {site}/empty",
        "DocumentRoot /none-such",
        "Alias /static {site}/empty",
        "Alias /icons/ /usr/share/apache2/icons/",
        "ScriptAlias /cgi-bin/ {site}/empty/",
        "UserDir disabled",
    ],
)
def test_what_is_taken_or_not_there_is_not(site: Path, lines: str) -> None:
    assert told(site, lines) == []


def test_the_page_of_a_fresh_installation_is_no_site(site: Path) -> None:
    page = "<html><title>Apache2 Debian Default Page: It works</title>"
    (site / "empty" / "index.html").write_text(page)
    assert told(site, "DocumentRoot {site}/empty") == []
    (site / "empty" / "index.html").write_text("<html><title>Mine</title>")
    assert told(site, "DocumentRoot {site}/empty") == ["DocumentRoot"]


def test_a_main_server_that_no_request_reaches_serves_nothing(
    site: Path,
) -> None:
    conf = site.parent / "t.conf"
    main = f"DocumentRoot {site}\nListen 80\n"
    host = f"<VirtualHost *:{{}}>\n{PROXY}</VirtualHost>\n"
    for port, count in ((80, 0), (81, 1)):
        conf.write_text(main + "Listen 81\n" * (port == 81) + host.format(port))
        _, found = resolve_file(conf)
        assert sum(item.number == "FB0162" for item in found) == count


def test_home_directories_are_looked_for(site: Path) -> None:
    line = f"UserDir {site.parent}/*/static"
    assert told(site, line) == ["UserDir"]
    assert told(site, line + "\n" + PROXY) == []


def test_a_fifo_among_the_pages_holds_the_check_up_for_nobody(site: Path) -> None:
    os.mkfifo(site / "index.html")
    assert told(site, f"DocumentRoot {site}") == ["DocumentRoot"]
