"""Three hundred requests to a site, and their answers so that two servers' compare.

    for asked in requests(): answer = ask(port, asked); told = comparable(asked, answer)

What is taken from an answer before it is compared: the time of day, the name of the
product, names of sessions, the text of canned pages but for its heading, and how a body
is framed or compressed (that it is, is kept).
"""

from __future__ import annotations

import gzip
import http.client
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from email.utils import formatdate, parsedate_to_datetime

from harness import HOST

DEADLINE_S = 20.0
PRODUCT = re.compile(r"(?:Apache|fastlb)(?:/[\w.+-]+)?(?: \([^)]*\))?(?: \S+/[\w.]+)*")
SESSION = re.compile(r"[0-9A-F]{32}")
BOUNDARY = re.compile(r"boundary=(\S+)")
HEADING = re.compile(rb"<h1>(.*?)</h1>", re.S | re.I)
# The lengths of their answers are told where they are known, which httpd does not; and
# what is short and known to be whole is not compressed.
BEHIND_GATEWAYS = re.compile(
    r"/app|/sub/|/[a-z]+\.php|/dokuwiki/(?!lib/(?:images|scripts)/)"
)
COMPRESSED_MIN = 100
TOLD_MAX = 20_000
ONLY_HTTPD_TELLS = re.compile(
    r"^(SCRIPT_URL|SCRIPT_URI|proxy-nokeepalive) = .*\n", re.M
)
UNCOMPARED = frozenset({"date", "keep-alive", "connection", "transfer-encoding"})
OLD = formatdate(1_000_000_000, usegmt=True)
LATE = formatdate(2_100_000_000, usegmt=True)

FILES = (
    *("/", "/index.html", "/plain.txt", "/empty", "/noext", "/big.txt", "/sorry.html"),
    *("/static/app.css", "/static/app.js", "/static/logo.png", "/static/data.json"),
    *("/static/page.fr.html", "/static/archive.tar.gz", "/static/sub/index.html"),
    *("/static/a%20b.html", "/static/inside.txt", "/static/sub/", "/static/chart.svg"),
)
NO_FILES = (
    *("/none", "/static", "/static/", "/static/none.css", "/static/outside.txt"),
    *("/static/closed.txt", "/static/.htaccess", "/.htpasswd", "/index.html/more"),
    *("/static/%2e%2e/secret.txt", "/static/..%2fsecret.txt", "/static/sub/../app.css"),
    *("/static//app.css", "/static/./app.js", "/static/app.css%00.html", "/sub"),
    *(
        "/static/app%2ecss",
        "/STATIC/app.css",
        "/static/app.css?v=1",
        "/%73tatic/app.js",
        "/old/app.css",
    ),
)
WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    ("GET", {}),
    ("GET", {"Accept-Encoding": "gzip, deflate"}),
    ("HEAD", {}),
    ("GET", {"If-Modified-Since": LATE}),
    ("GET", {"If-Modified-Since": OLD}),
    ("GET", {"Range": "bytes=0-4"}),
    ("GET", {"Range": "bytes=-3"}),
    ("GET", {"Range": "bytes=0-1,4-5"}),
    ("GET", {"Range": "bytes=900000-"}),
    ("GET", {"If-None-Match": "*"}),
    ("OPTIONS", {}),
    ("POST", {}),
)
LESS: tuple[tuple[str, dict[str, str]], ...] = (WAYS[0], WAYS[1], WAYS[2])
PROGRAMS = (
    *("/index.php", "/facts.php/path/info?a=1&b=%20", "/sub/", "/status.php"),
    *("/redirect.php", "/local.php", "/none.php", "/large.php", "/fields.php"),
)
SERVLETS = (
    *("/app/", "/app", "/app/facts.jsp?x=1", "/app/none.jsp", "/app/large.jsp"),
    *("/app/status.jsp", "/app/redirect.jsp", "/app/WEB-INF/web.xml"),
)
POSTED = ("/facts.php", "/app/facts.jsp", "/app/echo.jsp", "/echo.php")


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    fields: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def __str__(self) -> str:
        said = "".join(f" [{name}: {value}]" for name, value in self.fields.items())
        return f"{self.method} {self.target}{said}"


def requests() -> list[Asked]:
    """What is asked of both."""
    found = [Asked(way, path, more) for path in FILES for way, more in WAYS]
    found += [Asked("GET", path) for path in NO_FILES]
    found += [Asked(way, path, more) for path in PROGRAMS for way, more in LESS]
    found += [Asked(way, path, more) for path in SERVLETS for way, more in LESS]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in POSTED:
        found.append(Asked("POST", path, form, b"one=1&two=2"))
        found.append(Asked("POST", path, form, b"x=" + b"y" * 70_000))
    found += [
        Asked(way, path) for path in ("/down/", "/down/x") for way in ("GET", "HEAD")
    ]
    return found


@dataclass(frozen=True)
class Answer:
    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]
    body: bytes


def ask(port: int, asked: Asked) -> Answer:
    """On a connection of its own, by a program that follows nothing."""
    connection = http.client.HTTPConnection(HOST, port, timeout=DEADLINE_S)
    try:
        connection.putrequest(
            asked.method, asked.target, skip_host=True, skip_accept_encoding=True
        )
        connection.putheader("Host", "www.example.org")
        for name, value in asked.fields.items():
            connection.putheader(name, value)
        if asked.body is not None:
            connection.putheader("Content-Length", str(len(asked.body)))
        connection.endheaders(asked.body)
        answer = connection.getresponse()
        return Answer(
            answer.status, answer.reason, tuple(answer.getheaders()), answer.read()
        )
    finally:
        connection.close()


def comparable(asked: Asked, answer: Answer) -> list[str]:
    """Lines: the status, each field, and the body."""
    listed = {name.lower(): value for name, value in answer.fields}
    body = answer.body
    if listed.get("content-encoding") == "gzip" and body:
        body = gzip.decompress(body)
    is_page = b"<address>" in body or (answer.status >= 300 and b"<!DOCTYPE" in body)
    boundary = BOUNDARY.search(listed.get("content-type", ""))
    told: dict[str, str] = {}
    for name, value in answer.fields:
        lower = name.lower()
        told[lower] = f"{told[lower]}, {value}" if lower in told else value
    for name in UNCOMPARED:
        told.pop(name, None)
    if is_page or boundary or "content-encoding" in listed:
        told.pop("content-length", None)
    if "server" in told:
        told["server"] = PRODUCT.sub("<product>", told["server"])
    if "allow" in told:  # httpd's order hangs on a hash
        told["allow"] = ",".join(sorted(told["allow"].split(",")))
    if "expires" in told:
        ahead = parsedate_to_datetime(told["expires"])
        told["expires"] = str(ahead - parsedate_to_datetime(listed["date"]))
    _without_named(asked, told, body)
    if is_page and (heading := HEADING.search(body)):
        body = heading[1]
    reason = "" if answer.reason == "Unknown" else answer.reason
    lines = [f"{answer.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in sorted(told.items())]
    lines.append(ONLY_HTTPD_TELLS.sub("", body.decode("latin-1")))
    if boundary is not None:
        lines = [line.replace(boundary[1], "<boundary>") for line in lines]
    return [SESSION.sub("<session>", line) for line in lines]


def told_apart(
    asked: Sequence[Asked], wanted: Sequence[list[str]], found: Sequence[list[str]]
) -> str:
    """Where our answers are not httpd's; empty: nowhere."""
    different = [
        "\n".join([str(one), *unified_diff(_lines(first), _lines(second), n=0)])
        for one, first, second in zip(asked, wanted, found, strict=True)
        if first != second
    ]
    told = "\n".join(different)[:TOLD_MAX]
    return f"{len(different)} differ\n{told}" if different else ""


def _lines(answer: Sequence[str]) -> list[str]:
    return "\n".join(answer).splitlines()


def _without_named(asked: Asked, told: dict[str, str], body: bytes) -> None:
    """Take away what docs/differences-from-apache.md names."""
    if BEHIND_GATEWAYS.match(asked.target):
        told.pop("content-length", None)
        if len(body) < COMPRESSED_MIN:
            for name in ("vary", "content-encoding"):
                told.pop(name, None)
            if "etag" in told:
                told["etag"] = told["etag"].replace("-gzip", "")
    if asked.method == "OPTIONS":
        for name in ("content-type", "content-language", "expires", "cache-control"):
            told.pop(name, None)
    if asked.method == "HEAD" and told.get("content-length") == "0":
        del told["content-length"]
