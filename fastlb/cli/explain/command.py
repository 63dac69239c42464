"""The words of `fastlb explain`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fastlb.cli import version
from fastlb.cli.explain.asked import CLIENT, Asked, AskedError
from fastlb.cli.explain.standing import Standing, stand
from fastlb.cli.explain.tell import json_of, text_of
from fastlb.cli.explain.way import way_of
from fastlb.cli.options import Options
from fastlb.cli.saying import say, style_of, worth_saying
from fastlb.cli.source import source_of
from fastlb.master import roll
from fastlb.master.errors import Exit, StartError
from fastlb.master.loading import Source, load
from fastlb.master.master import PROGRAM
from fastlb.master.roll import NoAnswer

ENDS_IN_ERROR = 3
SYNOPSIS = """\
Usage: fastlb explain [-f file] [-d directory] [-D name] [-C "directive"]
              [-c "directive"] [-X method] [-H "Name: value"] [--from address]
              [--to address] [--tls] [--live] [--down member] [--error member]
              [--answer "Name: value"] [--all] [--json] URL
"""
USAGE = f"""\
{SYNOPSIS}\
Which way a request to that URL would take, and why; nothing is opened or sent.
  -f -d -D -C -c     : the configuration, as without explain
  -X method          : GET without it
  -H "Name: value"   : a header field of the request
  --from address     : of the client (192.0.2.1 without it)
  --to address       : at which it arrives
  --tls              : over TLS, whatever the URL's scheme says
  --live             : members and counts as the server has them that runs (PidFile)
  --down member      : as if disabled: a URL, host:port, route or balancer/route
  --error member     : as if it were in error
  --answer "N: value": a field of the member's answer: how it comes out
  --all              : all that was considered
  --json             : for programs
It ends with 0 when the request is served, with 3 when its answer is an error of ours,
and with 1 when the configuration or the command line is wrong.
Examples:
  fastlb explain -f httpd.conf https://www.example.com/api/x
  fastlb explain -X POST -H 'Cookie: SID=1.b' --from 10.0.0.1 http://www.example.com/
  fastlb explain --live --down 10.0.0.2:8080 /api/x
"""
WITH_VALUE = (
    *("-f", "-d", "-D", "-C", "-c", "-X", "-H"),
    *("--from", "--to", "--answer", "--down", "--error"),
)


@dataclass(slots=True)
class _Words:
    """What stands on the command line."""

    values: dict[str, list[str]] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    urls: list[str] = field(default_factory=list)

    def last(self, name: str) -> str:
        return self.values.get(name, [""])[-1]

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self.values.get(name, ()))


def run(arguments: Sequence[str]) -> int:
    """Explain one request; the exit code."""
    if {"-h", "--help"} & {*arguments}:
        sys.stdout.write(USAGE)
        return Exit.DONE
    try:
        words = _read(arguments)
    except ValueError as why:
        sys.stderr.write(f"{PROGRAM} explain: {why}\n{SYNOPSIS}")
        return Exit.REFUSED
    loaded = load(_source(words))
    if loaded.model is None:
        say(worth_saying(loaded.diagnostics, "error"), PROGRAM, verbose=False)
        return Exit.REFUSED
    asked = Asked(
        words.urls[0],
        method=words.last("-X") or "GET",
        fields=words.all("-H"),
        client=words.last("--from") or CLIENT,
        local=words.last("--to"),
    )
    if "--tls" in words.flags:
        asked = replace(asked, tls=True)
    try:
        standing = stand(loaded.model, loaded.tree)
        _prepare(standing, words)
        way = way_of(standing, asked, words.all("--answer"))
    except (AskedError, StartError, NoAnswer) as problem:
        sys.stderr.write(f"fastlb explain: {problem}\n")
        return Exit.REFUSED
    is_json = "--json" in words.flags
    whole = "--all" in words.flags
    width = style_of(sys.stdout, os.environ).width
    sys.stdout.write(
        json_of(way) if is_json else text_of(way, whole=whole, width=width)
    )
    sys.stdout.flush()
    return ENDS_IN_ERROR if way.outcome == "error" else Exit.DONE


def _prepare(standing: Standing, words: _Words) -> None:
    """Members as they stand, or as they are to be taken."""
    if "--live" in words.flags:
        unknown = standing.learn(roll.ask(standing.model.process.pid_file))
        if unknown:
            sys.stderr.write(
                "fastlb explain: the server that runs does not know"
                f" {', '.join(unknown)}: reload it\n"
            )
    for member in words.all("--down"):
        standing.mark(member, "D")
    for member in words.all("--error"):
        standing.mark(member, "E")


def _source(words: _Words) -> Source:
    options = Options(
        config_file=words.last("-f") or None,
        server_root=words.last("-d") or None,
        defines=words.all("-D"),
        before=words.all("-C"),
        after=words.all("-c"),
    )
    return source_of(options, version.HTTPD_ROOT, version.SERVER_CONFIG_FILE)


def _read(arguments: Sequence[str]) -> _Words:
    """ValueError: why they cannot be read."""
    found = _Words()
    words = list(arguments)
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if word in ("--tls", "--json", "--all", "--live"):
            found.flags.add(word)
        elif word in WITH_VALUE:
            if not words:
                raise ValueError(f"{word} wants a value")
            found.values.setdefault(word, []).append(words.pop(0))
        elif equals and name in WITH_VALUE and name.startswith("--"):
            found.values.setdefault(name, []).append(value)
        elif word[:2] in WITH_VALUE and len(word) > 2 and word[1] != "-":
            found.values.setdefault(word[:2], []).append(word[2:])
        elif word.startswith("-"):
            raise ValueError(f"unknown option {word}")
        else:
            found.urls.append(word)
    if not found.urls:
        raise ValueError("of which URL?")
    if len(found.urls) > 1:
        raise ValueError(f"one URL, not {' '.join(found.urls)}: -X says the method")
    return found
