"""However a path is spelled: as httpd, or stricter; and nobody gets past a rule."""

import itertools
import re
import string
from collections.abc import Callable
from functools import cache
from urllib.parse import quote, unquote

import pytest

from .cases.sections import SEVERAL_WAYS
from .plays import LIVE
from .servers import apache
from .spellings import (
    SETTINGS,
    SPELLINGS,
    Row,
    Rows,
    play,
    recorded,
    unlike,
    without_files,
)
from .test_differences import switches

ENOUGH = 700
LAX = re.compile(r"[;\\]|%5c|%3b|%2f|%25", re.IGNORECASE)
RAW = ("nocanon", "mapping=encoded")


def _escaped(target: str) -> str:
    """Percent-encoded where it is not ASCII, as a target is sent."""
    return quote(target, safe=string.printable, encoding="latin-1")


# First column of docs/differences-from-apache.md -> is a row of this kind?
Kind = Callable[[str, str, Row, Row], bool]
KINDS: dict[str, Kind] = {
    SEVERAL_WAYS: lambda setting, spelling, httpd, ours: (
        ours == [403]
        and (
            LAX.search(spelling) is not None
            or (setting == "LocationMatch, slashes as they are" and "//" in spelling)
        )
    ),
    "`..` where a group of `ProxyPassMatch`, or of a `RewriteRule` with `P` or `PT`, "
    "meets its target": (
        lambda setting, spelling, httpd, ours: (
            ours == [403]
            and setting.startswith("a group")
            and ".." in unquote(spelling)
        )
    ),
    "dot segments under `nocanon`, `mapping=encoded`": (
        lambda setting, spelling, httpd, ours: any(word in setting for word in RAW)
    ),
    "`#` and bytes that are not ASCII in what is sent as it came": (
        lambda setting, spelling, httpd, ours: (
            not spelling.isascii() and ours[1:] == [_escaped(str(httpd[1]))]
        )
    ),
    "`SetEnvIf Request_URI` outside sections": (
        lambda setting, spelling, httpd, ours: (
            ours == [403] and setting.startswith("SetEnvIf")
        )
    ),
    "path that is refused anyway": lambda setting, spelling, httpd, ours: (
        ours[0] in (400, 404) and re.search(r"%00|%2f|\.\.;", spelling) is not None
    ),
    "target without a path or without a host (`?x`, `http://h?x`, `http:/x`)": (
        lambda setting, spelling, httpd, ours: (
            ours == [400] and re.match(r"\?|http://\{host\}\?|http:/", spelling)
            is not None
        )
    ),
    "`TRACE` of what may not be asked for": lambda setting, spelling, httpd, ours: (
        ours == [403] and spelling.startswith("TRACE")
    ),
}  # fmt: skip


@cache
def ours() -> Rows:
    return play(without_files())


@cache
def httpd() -> Rows:
    return play(apache()) if LIVE else recorded()


EACH = pytest.mark.parametrize("setting", SETTINGS)


def test_there_are_enough() -> None:
    assert len(SETTINGS) * len(SPELLINGS) >= ENOUGH


def test_every_row_is_recorded() -> None:
    assert {s: tuple(rows) for s, rows in recorded().items()} == dict.fromkeys(
        SETTINGS, SPELLINGS
    )


@pytest.mark.skipif(not LIVE, reason="needs httpd")
def test_httpd_answers_as_recorded() -> None:
    assert unlike(recorded(), httpd()) == {}


@EACH
def test_nobody_is_let_through_whom_httpd_refuses(setting: str) -> None:
    laxer = {
        spelling: (row, ours()[setting][spelling])
        for spelling, row in httpd()[setting].items()
        if int(str(row[0])) >= 400 and int(str(ours()[setting][spelling][0])) < 400
    }
    assert laxer == {}


@EACH
def test_what_differs_is_what_is_written_down(setting: str) -> None:
    differs = unlike(httpd(), ours()).get(setting, {})
    assert differs == recorded("fastlb").get(setting, {})
    for spelling, row in differs.items():
        theirs = httpd()[setting][spelling]
        kind = next(
            (k for k, f in KINDS.items() if f(setting, spelling, theirs, row)), ""
        )
        assert kind in switches(), f"{spelling}: {theirs} -> {row}"


def as_read(
    target: str, parameters: str, backslash: bool, slash: bool, merge: bool
) -> str:
    """A path as a member of one kind reads it.

    parameters  taken off a segment "early", before escapes are undone; "late"; or ""
    backslash   taken for a slash
    slash       also when it is escaped
    merge       runs of slashes are one
    """
    path = target.partition("?")[0]
    if parameters == "early":
        path = re.sub(r";[^/]*", "", path)
    if not slash:
        path = re.sub("%2f", "%00", path, flags=re.IGNORECASE)
    path = unquote(path, "latin-1")
    if backslash:
        path = path.replace("\\", "/")
    if parameters == "late":
        path = re.sub(r";[^/]*", "", path)
    if merge:
        path = re.sub("/+", "/", path)
    found: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            found = found[:-1]
        elif part != ".":
            found.append(part)
    if parts[-1:] in (["."], [".."]):
        found.append("")
    return re.sub("^/+", "/", "/" + "/".join(found))


def readings(target: str) -> set[str]:
    """A path as any kind of member reads it."""
    switches = itertools.product(
        ("", "early", "late"), (False, True), (False, True), (False, True)
    )
    return {as_read(target, *switch) for switch in switches}


def shut(text: str) -> str:
    """What a setting keeps members from being asked for."""
    if "ad*n/x" in text:
        return r"/ad[^/]*n/x\Z"
    if "ad*n" in text:
        return r"/ad[^/]*n\Z"
    if "/admin/>" in text:
        return "/admin/"
    if any(mark in text for mark in ("<LocationMatch", "Request_URI", "<Proxy ")):
        return "/admin"
    return r"/admin(/|\Z)"


# Where the path at the member is the client's, and something is denied.
SHUT = {
    name: re.compile(shut(text))
    for name, text in SETTINGS.items()
    if not name.startswith(("only", "SetEnvIf grants", "below", "a ", "one file"))
}


@pytest.mark.parametrize("setting", SHUT)
def test_no_member_gets_what_it_could_take_for_the_secret(setting: str) -> None:
    """Whatever was decided upon: what arrives is judged by itself."""
    for spelling, row in ours()[setting].items():
        for target in row[1:]:
            for read in readings(str(target)):
                assert not SHUT[setting].match(read), (spelling, row, read)


OPEN = [name for name in SETTINGS if name.startswith(("only", "SetEnvIf grants"))]


@pytest.mark.parametrize("setting", OPEN)
def test_a_member_gets_only_what_was_granted(setting: str) -> None:
    for spelling, row in ours()[setting].items():
        for target in row[1:]:
            for read in readings(str(target)):
                assert re.match(r"/admin(/|\Z)", read), (spelling, row, read)
