"""DokuWiki behind php-fpm, as Debian's packages put both behind httpd.

It is installed, logged into and written in, by httpd and by fastlb with the same
configuration, and both answer the same.
"""

from __future__ import annotations

import http.cookies
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode, urlsplit

import pytest
from php import Php, program
from ports import free_port
from site_asked import LATE, OLD, Answer, Asked, ask, comparable, told_apart
from stock_site import StockSite
from wiki import EXTENSIONS, Wiki

pytestmark = pytest.mark.needs("apache2", program() or "php-fpm", "dokuwiki")

MODULES = ("proxy", "proxy_fcgi", "rewrite", "setenvif")
AT = "/dokuwiki"
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = "====== Of members ======\n\nA **balancer** elects one, so: {{:logo.png}}\n"
# What differs from one visit to the next: time, and what is drawn by lot.
CHANGES = (
    (re.compile(r"\b1[6-9]\d{8}\b"), "<seconds>"),
    (
        re.compile(r"\b\d{4}[\\/-]+\d\d[\\/-]+\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?\b"),
        "<day>",
    ),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<token>"),
    (re.compile(r"\btok=[0-9a-f]{6}\b"), "<token>"),
    (re.compile(r"\bDW[0-9a-f]{32}=[^;,]*"), "<login>"),
    (re.compile(r"(?<=^expires: )-?\d+ days?, [\d:]+"), "<time>"),
    # PHP's clock is read in another second than that of Date, or in one of the next.
    (re.compile(r"(?<=^expires: )(?:0:59:5\d|1:00:0\d)$"), "<an hour>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "<time>"),
)
LOGO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300

# What the rules of the .htaccess, Debian's and PHP make of these.
PATHS = {
    "/.htaccess": 403,
    "/VERSION": 403,
    "/inc/init.php": 403,
    "/conf/users.auth.php": 403,
    "/data/pages/of/members.txt": 403,
    "/bin/": 403,
    "/.git/config": 404,
    "/lib/images": 301,
    "/lib/images/none.png": 200,
    "/lib/exe/xmlrpc.php": 301,
    "/none.php": 200,
    "/index.php": 200,
    "/start": 200,
    "/_export/raw/of:members": 200,
    "/feed.php": 200,
    "/doku.php/more?id=of:members": 200,
}


class Forms(HTMLParser):
    """The fields of each form of a page, by the id of the form."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] = {}
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = self.found.setdefault(told.get("id", ""), {})
        elif tag == "input" and told.get("type") == "hidden":
            self._fields[told["name"]] = told.get("value", "")


class Visitor:
    """A client that keeps its cookies and remembers what was asked and answered."""

    def __init__(self, port: int) -> None:
        self.talk: list[tuple[Asked, Answer]] = []
        self._port = port
        self._cookies: dict[str, str] = {}

    def get(self, path: str, **fields: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        return self.ask(Asked("GET", f"{AT}{path}", named))

    def post(self, path: str, form: dict[str, str]) -> Answer:
        body = urlencode(form).encode()
        return self.ask(Asked("POST", f"{AT}{path}", URLENCODED, body))

    def ask(self, asked: Asked) -> Answer:
        cookies = "; ".join(f"{name}={v}" for name, v in self._cookies.items())
        told = {**asked.fields, **({"Cookie": cookies} if cookies else {})}
        answer = ask(self._port, replace(asked, fields=told))
        self.talk.append((asked, answer))
        for name, value in answer.fields:
            if name.lower() == "set-cookie":
                for key, morsel in http.cookies.SimpleCookie(value).items():
                    self._cookies[key] = morsel.coded_value
        return answer


def field(answer: Answer, name: str) -> str:
    """Of one that has it."""
    return next(value for known, value in answer.fields if known.lower() == name)


def follow(visitor: Visitor, answer: Answer) -> Answer:
    assert answer.status in (301, 302), answer
    place = urlsplit(field(answer, "location"))
    assert place.netloc in ("", "www.example.org"), place
    return visitor.ask(Asked("GET", place._replace(scheme="", netloc="").geturl()))


def install(visitor: Visitor) -> None:
    assert b'name="d[superuser]"' in visitor.get("/install.php").body
    wishes = {
        "title": "Of balancers",
        "acl": "on",
        "superuser": "ada",
        "fullname": "Ada",
        "email": "ada@example.org",
        "policy": "1",
        "license": "0",
    }
    form = {f"d[{name}]": value for name, value in wishes.items()}
    refused = visitor.post("/install.php", {**form, "l": "en", "submit": ""})
    assert b"d[password]" in refused.body
    for name in ("password", "confirm"):
        form[f"d[{name}]"] = "love lace"
    done = visitor.post("/install.php", {**form, "l": "en", "submit": ""})
    assert b"was finished successfully" in done.body, done.body


def log_in(visitor: Visitor) -> None:
    for word, page in (("no", b"Sorry, username or password was wrong"), ("", b"")):
        form = Forms(visitor.get("/start?do=login").body).found["dw__login"]
        form |= {"u": "ada", "p": word or "love lace"}
        answer = visitor.post("/start?do=login", form)
        if page:
            assert page in answer.body
    assert b"Logged in as" in follow(visitor, answer).body


def log_out(visitor: Visitor) -> None:
    found = re.search(rb"do=logout&amp;sectok=(\w+)", visitor.get("/start").body)
    assert found is not None
    left = visitor.get(f"/start?do=logout&sectok={found[1].decode()}")
    assert b"Logged in as" not in follow(visitor, left).body


def write(visitor: Visitor) -> None:
    before = visitor.get("/of:members").body
    assert b"This topic does not exist yet" in before, before.decode()
    form = Forms(visitor.get("/of:members?do=edit").body).found["dw__editform"]
    form |= {"wikitext": TEXT, "summary": "begun"}
    shown = visitor.post("/of:members?do=edit", {**form, "do[preview]": "1"})
    assert b"<strong>balancer</strong>" in shown.body
    form = Forms(shown.body).found["dw__editform"] | {"wikitext": TEXT, "summary": "b"}
    saved = follow(
        visitor, visitor.post("/of:members?do=edit", {**form, "do[save]": "1"})
    )
    assert b"<strong>balancer</strong>" in saved.body


def upload(visitor: Visitor) -> None:
    form = Forms(visitor.get("/start?do=media&tab_files=upload").body).found
    mark = "----x"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form["dw__upload"].items()
    ]
    parts.append(
        f'--{mark}\r\nContent-Disposition: form-data; name="upload";'
        ' filename="logo.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    body = "".join(parts).encode() + LOGO + f"\r\n--{mark}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    path = f"{AT}/start?do=media&tab_files=upload"
    answer = visitor.ask(Asked("POST", path, kind, body))
    assert b"Upload successful" in answer.body, answer.body


def fetch(visitor: Visitor, path: str, size: int | None = None) -> None:
    """A file, whole and in parts, and not again where it is known."""
    whole = visitor.get(path)
    assert whole.status == 200 and size in (None, len(whole.body)), path
    tag, when = field(whole, "etag"), field(whole, "last-modified")
    for conditions in (
        {"If_None_Match": tag},
        {"If_None_Match": '"other"'},
        {"If_Modified_Since": when},
        {"If_Modified_Since": OLD},
        {"If_Modified_Since": LATE},
        {"If_None_Match": '"other"', "If_Modified_Since": when},
        {"Range": "bytes=2-5"},
        {"Range": "bytes=-3", "If_Range": tag},
        {"Range": "bytes=-3", "If_Range": '"other"'},
        {"Range": "bytes=9000000-"},
        {"Accept_Encoding": "gzip"},
        {"Accept_Encoding": "gzip", "If_None_Match": tag.replace('"', "", 1)},
    ):
        visitor.get(path, **conditions)


def visit(port: int) -> list[tuple[Asked, Answer]]:
    visitor = Visitor(port)
    assert visitor.get("").status in (200, 301, 302)
    install(visitor)
    assert visitor.get("/").status in (200, 302, 404)
    log_in(visitor)
    write(visitor)
    upload(visitor)
    fetch(visitor, "/_media/logo.png", len(LOGO))
    for path in ("/lib/images/license/button/cc-by.png", "/lib/scripts/edit.js"):
        fetch(visitor, path)
    for path in ("/lib/exe/css.php?t=dokuwiki", "/lib/exe/js.php?t=dokuwiki"):
        visitor.get(path)  # from now on it is kept
        again = {"If_None_Match": field(visitor.get(path), "etag")}
        assert visitor.get(path, **again).status == 304
    answered = {path: visitor.get(path).status for path in PATHS}
    assert answered == PATHS
    log_out(visitor)
    return visitor.talk


def same_always(text: str) -> str:
    for known, name in CHANGES:
        text = known.sub(name, text)
    return text


def lines(talk: list[tuple[Asked, Answer]]) -> list[list[str]]:
    return [[*map(same_always, comparable(*one))] for one in talk]


@pytest.fixture(name="root")
def a_root() -> Iterator[Path]:
    with TemporaryDirectory(prefix="fastlb-wiki-") as name:
        root = Path(name)
        root.chmod(0o755)  # workers are others
        yield root


@contextmanager
def running(php: Php) -> Iterator[None]:
    php.start()
    try:
        yield
    finally:
        php.stop()


@pytest.mark.parametrize("way", ["unix", "tcp"])
def test_a_wiki_is_installed_and_written_in(root: Path, way: str) -> None:
    wiki = Wiki(root)
    wiki.lay()
    php = Php(root / "php", free_port() if way == "tcp" else 0, EXTENSIONS)
    site = StockSite(root, free_port(), MODULES, wiki.conf(php.url, "None"))
    with running(php), site.by_httpd():
        wanted = visit(site.port)
    wiki.lay()
    with running(php), site.by_fastlb():
        found = visit(site.port)
    asked = [one for one, _ in wanted]
    assert [same_always(str(one)) for one in asked] == [
        same_always(str(one)) for one, _ in found
    ]
    assert not (apart := told_apart(asked, lines(wanted), lines(found))), apart


def test_its_htaccess_is_refused_and_where_it_lies_is_told(root: Path) -> None:
    """As the package has it; what they say can stand in sections, as above."""
    wiki = Wiki(root)
    wiki.lay()
    site = StockSite(root, free_port(), MODULES, wiki.conf("fcgi://127.0.0.1:9", "All"))
    checked = site.checked()
    assert checked.returncode == 1, checked.stderr
    assert "FB0171" in checked.stderr
    assert f"{wiki.folder}/.htaccess is not read" in checked.stderr
