"""The words of `fastlb ensite` and its kin."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Final

from fastlb.base.errors import has_errors
from fastlb.cli.arguments import (
    add_configuration,
    command_parser,
    source_told,
    words_told,
)
from fastlb.cli.enabled.layout import Kind, Layout
from fastlb.cli.enabled.switch import AbortedError, Switch
from fastlb.cli.linter.complaints import complaints
from fastlb.cli.saying import say, worth_saying
from fastlb.cli.version import SERVER_CONFIG_FILE
from fastlb.config.lexer import configuration_text, filesystem_path
from fastlb.master.loading import Loaded, Source, load, read
from fastlb.master.master import PROGRAM

DONE, FAILED = 0, 1
COMMANDS: Final = MappingProxyType(
    {
        "ensite": (Kind.SITE, True),
        "dissite": (Kind.SITE, False),
        "enmod": (Kind.MODULE, True),
        "dismod": (Kind.MODULE, False),
        "enconf": (Kind.CONF, True),
        "disconf": (Kind.CONF, False),
    }
)
EXAMPLES: Final = MappingProxyType(
    {
        Kind.SITE: ("www.example.com", "'*.example.com'"),
        Kind.MODULE: ("proxy_balancer", "headers rewrite"),
        Kind.CONF: ("security", "charset localized-errors"),
    }
)
REFUSED = """\
ERROR: The configuration would not load: what was changed is undone; --force keeps it.
"""


def parser_of(name: str) -> argparse.ArgumentParser:
    kind, enables = COMMANDS[name]
    verb = "Enable" if enables else "Disable"
    one, several = EXAMPLES[kind]
    parser = command_parser(
        name,
        f"{verb} {kind.value} by {'links' if enables else 'taking away links'} in"
        f" {kind.value}-enabled, as Debian's a2{name} does; what would not load is"
        " undone.",
        f"  fastlb {name} {one}\n  fastlb {name} {several}\n"
        f"  fastlb {name} -d /etc/apache2 {one}\n\n"
        "exit status: 0 done, 1 something was not possible, 2 wrong words",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="patterns are taken; without any: ask"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="only what changes, and errors"
    )
    parser.add_argument(
        "-m", "--maintmode", action="store_true", help="taken, and changes nothing"
    )
    parser.add_argument(
        "-p", "--purge", action="store_true", help="what is not there is no error"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="keep what would not load; disable what others depend on, too",
    )
    add_configuration(parser)
    return parser


def runner(name: str) -> Callable[[Sequence[str]], int]:
    return lambda arguments: run(name, arguments)


def run(name: str, arguments: Sequence[str]) -> int:
    told = parser_of(name).parse_intermixed_args(arguments)
    source = source_of_tree(told)
    kind, enables = COMMANDS[name]
    switch = Switch(
        Layout(root_of_tree(told, source), kind),
        enables,
        quiet=told.quiet,
        force=told.force,
        purge=told.purge,
    )
    code = DONE
    try:
        for one in _chosen(switch, told.names or _asked(switch)):
            if one is None or not switch.turn(one):
                code = FAILED
    except AbortedError as aborted:
        sys.stdout.flush()
        sys.stderr.write(f"{aborted}\n")
        code = FAILED
    return _proven(switch, source, code, words_told(told)) if switch.changed else code


def source_of_tree(told: argparse.Namespace) -> Source:
    """The configuration whose tree is meant: of -d the file that is there."""
    if told.file is None and told.root is not None:
        own = os.path.join(told.root, SERVER_CONFIG_FILE)
        debian = os.path.join(told.root, "apache2.conf")
        if not os.path.exists(own) and os.path.exists(debian):
            told.file = os.path.abspath(debian)
    return source_told(told)


def root_of_tree(told: argparse.Namespace, source: Source) -> str:
    """The directory that holds the folders: that of -d, else what ServerRoot says."""
    if told.root is not None:
        root: str = told.root
        return os.path.abspath(root)
    return filesystem_path(read(source)[0].server_root)


def _asked(switch: Switch) -> list[str]:
    word = switch.layout.kind.word
    choices = switch.layout.names("*", enabled=not switch.enables)
    verb = "enable" if switch.enables else "disable"
    sys.stdout.write(
        f"Your choices are: {' '.join(choices)}\n"
        f"Which {word}(s) do you want to {verb} (wildcards ok)?\n"
    )
    sys.stdout.flush()
    return switch.ask().split()


def _chosen(switch: Switch, patterns: Sequence[str]) -> list[str | None]:
    """Names; None for a pattern that fits nothing, which is told."""
    found: list[str | None] = []
    for written in patterns:
        pattern = written.removesuffix(switch.layout.kind.suffix)
        names = switch.layout.names(pattern, enabled=not switch.enables)
        if not names:
            word = switch.layout.kind.word
            sys.stderr.write(f"ERROR: No {word} found matching {pattern}!\n")
        found += names or [None]
    return found


def _proven(switch: Switch, source: Source, code: int, words: str) -> int:
    """What the check says; a change that would not load is taken back."""
    loaded = load(source)
    found = complaints(loaded)
    sys.stdout.flush()
    say(worth_saying(found, "error"), PROGRAM, verbose=False)
    if has_errors(found):
        if not switch.force:
            switch.undo()
            sys.stderr.write(REFUSED)
            return FAILED
        sys.stderr.write("WARNING: The configuration does not load.\n")
    else:
        _say_unread(switch, source, loaded)
    if not switch.quiet:
        sys.stdout.write(
            "To activate the new configuration, you need to run:\n"
            f"  fastlb -k graceful{words}\n"
        )
    sys.stdout.flush()
    return code


def _say_unread(switch: Switch, source: Source, loaded: Loaded) -> None:
    """A link that no Include leads to has no effect."""
    read = {path for path, _, _ in loaded.tree.files}
    links = [link for link, _, now in switch.changed if now is not None]
    if links and not any(configuration_text(link) in read for link in links):
        folder = os.path.basename(switch.layout.enabled)
        suffix = switch.layout.kind.suffix
        sys.stderr.write(
            f"WARNING: {source.config_file} does not read it: write IncludeOptional"
            f" {folder}/*{suffix}\n"
        )
