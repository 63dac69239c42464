"""The words of `fastlb replay`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from fastlb.base.errors import printable
from fastlb.cli.arguments import add_configuration, command_parser, source_told
from fastlb.cli.explain.asked import AskedError
from fastlb.cli.explain.standing import stand
from fastlb.cli.replay.lines import FormatError, Logged, read
from fastlb.cli.replay.tally import Group, Places, Tally, keys_of, places_of, tally
from fastlb.cli.replay.whither import Key, Whither
from fastlb.cli.saying import say, worth_saying
from fastlb.config.tree import Node
from fastlb.master.errors import StartError
from fastlb.master.loading import Loaded, Source, load
from fastlb.master.master import PROGRAM

SAME, MOVED, TROUBLE = range(3)  # as diff(1)
HARDLY = 10  # times as many lines that cannot be read as lines that can
PURPOSE = (
    "Which requests of an access log would go elsewhere under a configuration. Nothing"
    " is opened or sent: the compiled code that decides about traffic is asked."
)
EXAMPLES = """\
  fastlb replay access.log -f new.conf --old old.conf   what a reload would move
  fastlb replay access.log.*.gz -f new.conf             against what the log says
  fastlb replay --format '%h %l %u %t "%r" %>s' a.log   of another LogFormat
  fastlb replay --json - < access.log                   for programs

Of a request the line tells host, port, method, target, client, user and status, as far
as the LogFormat has them: vhost_combined says most. What it does not tell, such as
cookies, is not sent; a user whom it names has given the right password.

exit status: 0 nothing goes elsewhere, 1 something does, 2 wrong words, or files
that cannot be read to their end"""
GROUPS_SHOWN = 40
Name = TypeVar("Name", str, tuple[str, str])


def replay_parser() -> argparse.ArgumentParser:
    parser = command_parser("replay", PURPOSE, EXAMPLES)
    parser.add_argument(
        "logs", nargs="+", metavar="LOG", help="a file, also of gzip; -: what is read"
    )
    parser.add_argument(
        "--old",
        metavar="FILE",
        help="compare with this configuration; without it with what the log says of"
        " balancer, member or status",
    )
    parser.add_argument(
        "--format",
        default="",
        metavar="FORMAT",
        help="a LogFormat, the name of one, or json; found out without it",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    add_configuration(parser)
    return parser


def run(arguments: Sequence[str]) -> int:
    told = replay_parser().parse_intermixed_args(arguments)
    begun = time.monotonic()
    new = source_told(told)
    loaded = _sound(new)
    old = None
    if told.old is not None:
        told.file = told.old
        old = _sound(source_told(told))
    if loaded is None or (told.old is not None and old is None):
        return TROUBLE
    try:
        logged = read(told.logs, told.format, formats_of(loaded.tree.nodes))
        keys = keys_of(logged.requests)
        now, owners = _places(loaded, keys)
        # One plan in a process at a time: one configuration after the other
        before = _places(old, keys)[0] if old is not None else None
    except (FormatError, AskedError, StartError) as problem:
        sys.stderr.write(f"fastlb replay: {problem}\n")
        return TROUBLE
    except OSError as problem:
        sys.stderr.write(f"fastlb replay: {problem.filename}: {problem.strerror}\n")
        return TROUBLE
    found = tally(logged.requests, now, before, owners)
    took_s = time.monotonic() - begun
    if told.json:
        sys.stdout.write(json_of(logged, found))
    else:
        sys.stdout.write(text_of(logged, found, took_s, compares=before is not None))
    sys.stdout.flush()
    for one in logged.damaged:
        sys.stderr.write(f"fastlb replay: {one}\n")
    if logged.broken >= HARDLY * (logged.lines - logged.broken) > 0:
        sys.stderr.write(
            f"fastlb replay: {logged.broken} of {logged.lines} lines cannot be read: is"
            " it an access log, and of this format?\n"
        )
        return TROUBLE
    if logged.damaged:
        return TROUBLE
    return MOVED if found.moved else SAME


def formats_of(nodes: Iterable[Node]) -> dict[str, str]:
    """LogFormats by name, wherever they stand."""
    found: dict[str, str] = {}
    for node in nodes:
        if node.name == "LogFormat" and len(node.args) == 2:
            found[node.args[1]] = node.args[0]
        found |= formats_of(node.children)
    return found


def _sound(source: Source) -> Loaded | None:
    loaded = load(source)
    if loaded.model is None:
        say(worth_saying(loaded.diagnostics, "error"), PROGRAM, verbose=False)
        return None
    return loaded


def _places(
    loaded: Loaded, keys: list[Key]
) -> tuple[Places, Mapping[str, frozenset[str]]]:
    assert loaded.model is not None
    # Places are told by their own lines, which nobody asks for here
    standing = stand(loaded.model, replace(loaded.tree, nodes=()))
    whither = Whither(standing)
    return places_of(keys, whither.place), whither.owners


# --- how it is said


def text_of(logged: Logged, found: Tally, took_s: float, *, compares: bool) -> str:
    rate = logged.lines / max(took_s, 0.001) * 60
    lines = [
        f"{logged.lines} lines, {found.distinct} distinct requests"
        f" ({took_s:.1f}s, {rate:.0f} lines a minute)"
    ]
    if logged.broken:
        many = "s" if logged.broken > 1 else ""
        lines.append(f"{logged.broken} line{many} cannot be read, such as:")
        lines += [f"  {printable(line[:200])}" for line in logged.examples]
    if found.unasked:
        lines.append(f"{found.unasked} lines on which no request was read")
    moved = sum(group.lines for group in found.moved.values())
    than = "than before" if compares else "than the log says"
    lines.append(f"{found.unchanged} unchanged, {moved} go elsewhere {than}")
    shown = _greatest(found.moved)
    for (before, now), group in shown[:GROUPS_SHOWN]:
        lines += ["", f"{before} -> {now}", *_group_lines(group)]
    if len(shown) > GROUPS_SHOWN:
        lines += ["", f"and {len(shown) - GROUPS_SHOWN} more ways; --json tells all"]
    if not compares:
        lines += ["", "where all of them go now:"]
        width = max((len(name) for name in found.goes), default=0)
        for name, group in _greatest(found.goes):
            lines.append(f"  {name:{width}}  {group.lines}")
    return "".join(f"{line}\n" for line in lines)


def json_of(logged: Logged, found: Tally) -> str:
    document = {
        "lines": logged.lines,
        "broken": logged.broken,
        "broken_examples": logged.examples,
        "damaged": logged.damaged,
        "unasked": found.unasked,
        "distinct": found.distinct,
        "unchanged": found.unchanged,
        "moved": [
            {"from": before, "to": now, **_group_object(group)}
            for (before, now), group in _greatest(found.moved)
        ],
        "goes": [
            {"to": name, **_group_object(group)}
            for name, group in _greatest(found.goes)
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def _greatest(groups: Mapping[Name, Group]) -> list[tuple[Name, Group]]:
    return sorted(groups.items(), key=lambda one: -one[1].lines)


def _group_lines(group: Group) -> list[str]:
    many = "line" if group.lines == 1 else "lines"
    return [
        f"  {group.lines} {many}, {group.distinct} distinct",
        *(f"    {printable(one)}" for one in group.examples),
    ]


def _group_object(group: Group) -> dict[str, object]:
    return {
        "lines": group.lines,
        "distinct": group.distinct,
        "examples": group.examples,
    }
