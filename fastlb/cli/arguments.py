"""What the commands beside the server share: which configuration, and their help."""

from __future__ import annotations

import argparse
import shlex
import textwrap

from fastlb.cli import version
from fastlb.cli.options import Options
from fastlb.cli.source import source_of
from fastlb.master.loading import Source

WIDTH = 80


def command_parser(name: str, purpose: str, examples: str) -> argparse.ArgumentParser:
    """A parser whose help ends with examples; exit status 2 for wrong words."""
    return argparse.ArgumentParser(
        f"fastlb {name}",
        description=textwrap.fill(purpose, WIDTH),
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_tree(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """-f -d: where the configuration lies."""
    group = parser.add_argument_group("the configuration, as of the server")
    group.add_argument("-f", dest="file", metavar="FILE", help="the ServerConfigFile")
    group.add_argument("-d", dest="root", metavar="DIRECTORY", help="the ServerRoot")
    parser.set_defaults(defines=[], before=[], after=[])
    return group


def add_configuration(parser: argparse.ArgumentParser) -> None:
    """-f -d -D -C -c, as without a command."""
    group = add_tree(parser)
    for letter, dest, value, text in (
        ("-D", "defines", "NAME", "define a name, for <IfDefine NAME>"),
        ("-C", "before", "DIRECTIVE", "a line before the files"),
        ("-c", "after", "DIRECTIVE", "a line after the files"),
    ):
        group.add_argument(
            letter, dest=dest, metavar=value, action="append", default=[], help=text
        )


def source_told(told: argparse.Namespace, *, strict: bool = False) -> Source:
    """Where the configuration of these words comes from."""
    options = Options(
        config_file=told.file,
        server_root=told.root,
        defines=tuple(dict.fromkeys(told.defines)),
        before=tuple(told.before),
        after=tuple(told.after),
        strict=strict,
    )
    return source_of(options, version.HTTPD_ROOT, version.SERVER_CONFIG_FILE)


def words_told(told: argparse.Namespace) -> str:
    """The same configuration, in words for another command."""
    said = [("-f", told.file), ("-d", told.root)]
    said += [("-D", value) for value in told.defines]
    said += [("-C", value) for value in told.before]
    said += [("-c", value) for value in told.after]
    return "".join(f" {letter} {shlex.quote(value)}" for letter, value in said if value)
