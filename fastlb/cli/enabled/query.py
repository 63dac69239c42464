"""`fastlb query`: what is enabled, in the words of Debian's a2query.

Who has enabled it is recorded by a2enmod alone: here it is always unknown.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from fastlb.base.version import VERSION
from fastlb.cli.arguments import add_tree, command_parser
from fastlb.cli.enabled.command import root_of_tree, source_of_tree
from fastlb.cli.enabled.layout import Kind, Layout

FOUND, MISSING = 0, 1
MPMS = ("event", "worker", "prefork")
EXAMPLES = """\
  fastlb query -s                    all sites that are enabled
  fastlb query -q -m ssl && ...      is that module enabled?
  fastlb query -d /etc/apache2 -M    of a tree elsewhere

exit status: 0 found, 1 not found, 2 wrong words"""


def query_parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "query", "What is enabled, in the words of Debian's a2query.", EXAMPLES
    )
    for letter, kind in (("-m", Kind.MODULE), ("-s", Kind.SITE), ("-c", Kind.CONF)):
        parser.add_argument(
            letter,
            dest=kind.word,
            nargs="?",
            const="",
            metavar="NAME",
            help=f"is that {kind.word} enabled; without a name: which ones are",
        )
    parser.add_argument("-v", action="store_true", help="the version of fastlb")
    parser.add_argument("-M", dest="mpm", action="store_true", help="the enabled MPM")
    parser.add_argument("-q", dest="quiet", action="store_true", help="say nothing")
    add_tree(parser)
    return parser


def run(arguments: Sequence[str]) -> int:
    parser = query_parser()
    told = parser.parse_args(arguments)
    root = root_of_tree(told, source_of_tree(told))
    lines: list[str] = []
    try:
        for kind in (Kind.MODULE, Kind.SITE, Kind.CONF):
            name = getattr(told, kind.word)
            if name is not None:
                lines += _enabled(Layout(root, kind), name)
        if told.v:
            lines.append(VERSION)
        if told.mpm:
            lines.append(_mpm(Layout(root, Kind.MODULE)))
    except LookupError as missing:
        _write(lines, told.quiet)
        if not told.quiet:
            sys.stderr.write(f"{missing.args[0]}\n")
        return MISSING
    if not lines:
        parser.print_help()
    _write(lines, told.quiet)
    return FOUND


def _enabled(layout: Layout, name: str) -> list[str]:
    """A line for each that has the name; LookupError says that there is none."""
    wanted = name.removeprefix("mod_")
    for suffix in (".conf", ".load"):
        wanted = wanted.removesuffix(suffix)
    found = [one for one in _names(layout) if wanted in ("", one)]
    if not found:
        raise LookupError(f"No {layout.kind.word} matches {wanted}")
    return [f"{one} (enabled by unknown)" for one in found]


def _mpm(modules: Layout) -> str:
    found = [mpm for mpm in MPMS if f"mpm_{mpm}" in _names(modules)]
    if len(found) > 1:
        raise LookupError(
            "There is more than one MPM loaded. Do not proceed due to undefined results"
        )
    return found[0] if found else "invalid"


def _names(layout: Layout) -> list[str]:
    try:
        return layout.all_enabled()
    except OSError as problem:
        raise LookupError(f"{layout.enabled}: {problem.strerror}") from problem


def _write(lines: Sequence[str], quiet: bool) -> None:
    if not quiet:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
