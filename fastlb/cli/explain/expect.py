"""`#@ expect GET https://h/api -> balancer://api`: what a file says of its own URLs.

Such a line is a comment to httpd. `-t` explains the request and compares; what does not
hold is an error with the line's place.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastlb.base.errors import Diagnostic, Severity
from fastlb.cli.explain.asked import CLIENT, Asked, AskedError
from fastlb.cli.explain.standing import Standing, stand
from fastlb.cli.explain.way import Way, way_of
from fastlb.config.tree import Tree
from fastlb.facts.server import Model
from fastlb.facts.vhost import Line
from fastlb.master.errors import StartError

MARK = re.compile(rb"^[ \t]*#@[ \t]*(\w*)(.*?)\r?$", re.M)
FORM = '#@ expect [METHOD] URL [-H "Name: value"] [--from address] [--tls] -> WHERE'
METHOD = re.compile(r"[A-Z]+$")


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line: a request, and where it is to go."""

    asked: Asked
    where: tuple[str, ...]
    line: Line


class FormError(ValueError):
    """The line cannot be read."""


def check(model: Model, tree: Tree) -> list[Diagnostic]:
    """An error for each line of the files that does not hold, or cannot be read."""
    found: list[Diagnostic] = []
    standing: Standing | None = None
    for text, line in _lines(path for path, _, _ in tree.files):
        try:
            expectation = _read(text, line)
            if standing is None:
                standing = stand(model, tree)
            way = way_of(standing, expectation.asked)
        except FormError as problem:
            found.append(_error("FB0391", line, str(problem), cure=f"write {FORM}"))
            continue
        except (AskedError, StartError) as problem:
            found.append(_error("FB0390", line, str(problem)))
            continue
        if not holds(way, expectation.where):
            found.append(_broken(way, expectation))
    return found


def holds(way: Way, where: tuple[str, ...]) -> bool:
    """Does the request go there?

    where  a status; a status and the place of a redirect; "balancer://name" with or
           without a path; a member's URL, or one with what is asked for there; the name
           of a handler
    """
    if len(where) == 2:
        return (str(way.status), way.goes_to) == where
    wanted = where[0]
    if wanted.isdigit():
        return way.status == int(wanted)
    if way.outcome != "member":
        return wanted == way.goes_to
    names = {way.goes_to, way.member}
    for name in (way.goes_to, way.member):
        origin = "/".join(name.split("/")[:3])
        names |= {origin, f"{origin}{way.target}", f"{name.rstrip('/')}{way.target}"}
    return wanted in names or wanted.rstrip("/") in {name.rstrip("/") for name in names}


def _lines(paths: Iterable[str]) -> Iterator[tuple[str, Line]]:
    """(what stands behind the mark, place) of every such line."""
    for path in dict.fromkeys(paths):
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            continue
        if b"#@" not in data:
            continue
        for match in MARK.finditer(data):
            if match[1] == b"lint":  # for fastlb lint
                continue
            number = data.count(b"\n", 0, match.start()) + 1
            yield (match[1] + match[2]).decode("utf-8", "replace"), (path, number)


def _read(text: str, line: Line) -> Expectation:
    before, arrow, after = text.partition("->")
    try:
        words, where = shlex.split(before), shlex.split(after)
    except ValueError as problem:
        raise FormError(f"#@ {text.strip()}: {problem}") from None
    if not words or words[0] != "expect":
        raise FormError(f"#@ {words[0] if words else ''}: only expect is known")
    del words[0]
    if not arrow or not 1 <= len(where) <= 2 or not words:
        raise FormError(f"#@ {before.strip()}: it wants a request, -> and where to")
    method = words.pop(0) if METHOD.match(words[0]) else "GET"
    fields: list[str] = []
    client, tls, url = CLIENT, None, ""
    while words:
        word = words.pop(0)
        if word == "-H" and words:
            fields.append(words.pop(0))
        elif word == "--from" and words:
            client = words.pop(0)
        elif word == "--tls":
            tls = True
        elif not url and not word.startswith("-"):
            url = word
        else:
            raise FormError(f"#@ expect: {word} is not understood")
    if not url:
        raise FormError("#@ expect: there is no URL")
    asked = Asked(url, method=method, fields=tuple(fields), client=client, tls=tls)
    return Expectation(asked, tuple(where), line)


def _broken(way: Way, expectation: Expectation) -> Diagnostic:
    asked = expectation.asked
    text = f"{asked.method} {asked.url} goes to {_where(way, expectation)}"
    cause = next(
        (s for s in reversed(way.steps) if s.line[0] and s.kind in CAUSES), None
    )
    why = f"not to {' '.join(expectation.where)}"
    if cause is not None:
        why += f": {cause.text.strip()} ({cause.line[0]}:{cause.line[1]})"
    cure = f"fastlb explain {shlex.quote(asked.url)} tells the whole way"
    return _error("FB0390", expectation.line, text, why, cure)


CAUSES = ("host", "access", "redirect", "mapping")


def _where(way: Way, expectation: Expectation) -> str:
    if way.outcome == "member":
        wanted = expectation.where[0]
        for name in (way.goes_to, way.member):
            if wanted.startswith(f"{name.rstrip('/')}/"):  # there, for something else
                return f"{name.rstrip('/')}{way.target}"
        return way.goes_to
    if way.outcome == "redirect":
        return f"{way.status} {way.goes_to}"
    return way.goes_to if way.outcome != "error" else f"an error: {way.goes_to}"


def _error(
    number: str, line: Line, text: str, why: str = "", cure: str = ""
) -> Diagnostic:
    return Diagnostic(Severity.ERROR, number, *line, 0, "", text, why, cure)
