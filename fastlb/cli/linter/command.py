"""The words of `fastlb lint`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from fastlb.base.errors import Diagnostic
from fastlb.cli.arguments import add_configuration, command_parser, source_told
from fastlb.cli.linter.complaints import complaints
from fastlb.cli.linter.forms import diff_of, json_of, sarif_of, summary_of, text_of
from fastlb.cli.linter.ignored import ignored_in
from fastlb.cli.linter.mend import ChangedError, Mended, mend, write
from fastlb.config.lexer import filesystem_path
from fastlb.master.loading import Loaded, load

CLEAN, FOUND, TROUBLE = range(3)  # as ruff and most linters
PURPOSE = "What -t says of a configuration, for people, editors and pipelines."
EXAMPLES = """\
  fastlb lint -f httpd.conf                 all that is to be said of it
  fastlb lint --fix --diff                  what --fix would change, as a diff
  fastlb lint --select FB02 --ignore FB0237 some of it: numbers, or how they begin
  fastlb lint --sarif > lint.sarif          for code scanning
In a file, above a directive: #@ lint ignore FB0123; for a whole file: ignore-file.

exit status: 0 nothing at or above --fail-on is left, 1 something is,
2 the words cannot be read or a file cannot be written"""
RANKS = {"error": 0, "warning": 1, "note": 2}


def lint_parser() -> argparse.ArgumentParser:
    parser = command_parser("lint", PURPOSE, EXAMPLES)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a list of objects")
    form.add_argument("--sarif", action="store_true", help="SARIF 2.1.0")
    parser.add_argument(
        "--fix", action="store_true", help="write what needs no judgement"
    )
    parser.add_argument(
        "--diff", action="store_true", help="only show what --fix would write"
    )
    parser.add_argument(
        "--select", metavar="CODE,...", type=_codes, default=(), help="only these"
    )
    parser.add_argument(
        "--ignore", metavar="CODE,...", type=_codes, default=(), help="all but these"
    )
    parser.add_argument(
        "--fail-on",
        choices=tuple(RANKS),
        default="warning",
        help="least grave that makes the exit status 1 (warning)",
    )
    parser.add_argument(
        "--strict", action="store_true", help="warnings are errors, as of -t --strict"
    )
    add_configuration(parser)
    return parser


def run(arguments: Sequence[str]) -> int:
    told = lint_parser().parse_args(arguments)
    source = source_told(told, strict=told.strict)
    loaded = load(source)
    if told.fix or told.diff:
        mended = mend(source, _Wanted(told, loaded))
        if told.diff:
            sys.stdout.buffer.write(diff_of(mended))
            sys.stdout.flush()
            return FOUND if mended.after else CLEAN
        if not _written(mended):
            return TROUBLE
        loaded = load(source)
    wanted = _Wanted(told, loaded)
    found = [item for item in complaints(loaded, wanted.wrong) if wanted(item)]
    if told.json:
        said = json_of(found)
    elif told.sarif:
        said = sarif_of(found, filesystem_path(loaded.tree.server_root), os.getcwd())
    else:
        said = text_of(found) + summary_of(found)
    sys.stdout.write(said)
    sys.stdout.flush()
    worst = min((RANKS[item.severity.value] for item in found), default=len(RANKS))
    return FOUND if worst <= RANKS[told.fail_on] else CLEAN


class _Wanted:
    """Is a complaint to be told, or mended?"""

    def __init__(self, told: argparse.Namespace, loaded: Loaded) -> None:
        self._select: tuple[str, ...] = told.select
        self._ignore: tuple[str, ...] = told.ignore
        self._ignored = ignored_in(path for path, _, _ in loaded.tree.files)
        self.wrong = self._ignored.wrong

    def __call__(self, item: Diagnostic) -> bool:
        if self._select and not item.number.startswith(self._select):
            return False
        if self._ignore and item.number.startswith(self._ignore):
            return False
        return item not in self._ignored


def _written(mended: Mended) -> bool:
    try:
        write(mended)
    except ChangedError as changed:
        sys.stderr.write(f"fastlb lint: {changed} has changed meanwhile\n")
        return False
    except OSError as problem:
        sys.stderr.write(f"fastlb lint: {problem.filename}: {problem.strerror}\n")
        return False
    if mended.done:
        files = len(mended.after)
        sys.stderr.write(
            f"fastlb lint: {mended.done} mended in {files} file{'s' * (files != 1)}\n"
        )
    return True


def _codes(text: str) -> tuple[str, ...]:
    """FB0123,FB02: numbers, or how they begin."""
    codes = tuple(code.strip().upper() for code in text.split(",") if code.strip())
    for code in codes:
        if not (code.startswith("FB") and code[2:].isdecimal()):
            raise argparse.ArgumentTypeError(f"{code} is no number of a message")
    return codes
