"""`fastlb diff OLD NEW`: what a reload from one configuration to another changes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fastlb.cli import version
from fastlb.cli.options import Options
from fastlb.cli.saying import say, worth_saying
from fastlb.cli.source import source_of
from fastlb.facts.server import Model
from fastlb.master.loading import load
from fastlb.model.changes import changes, told

PROGRAM = "fastlb"
SAME, DIFFERENT, TROUBLE = range(3)  # as diff(1)
USAGE = """\
Usage: fastlb diff [-d directory] [-D name] OLD NEW
Which hosts, mappings, members and settings a reload from the file OLD to NEW changes.
  -d directory       : the ServerRoot of both
  -D name            : a name for use in <IfDefine name>
It ends with 0 when nothing changes, with 1 when something does, and with 2 when one of
them cannot be read.
Examples:
  fastlb diff /etc/fastlb/fastlb.conf new.conf
  git show HEAD:fastlb.conf >old.conf; fastlb diff old.conf fastlb.conf
"""


def run(arguments: Sequence[str]) -> int:
    """Compare two files; the exit code."""
    files: list[str] = []
    defines: list[str] = []
    root: str | None = None
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word in ("-D", "-d") and words:
            value = words.pop(0)
            root = value if word == "-d" else root
            defines += [value] * (word == "-D")
        elif word in ("-h", "--help"):
            sys.stdout.write(USAGE)
            return SAME
        elif word.startswith("-"):
            sys.stderr.write(USAGE)
            return TROUBLE
        else:
            files.append(word)
    if len(files) != 2:
        sys.stderr.write(USAGE)
        return TROUBLE
    models: list[Model] = []
    for name in files:
        options = Options(config_file=name, server_root=root, defines=tuple(defines))
        source = source_of(options, version.HTTPD_ROOT, version.SERVER_CONFIG_FILE)
        loaded = load(source)
        if loaded.model is None:
            say(worth_saying(loaded.diagnostics, "error"), PROGRAM, verbose=False)
            return TROUBLE
        models.append(loaded.model)
    found = changes(*models)
    sys.stdout.write("".join(f"{line}\n" for line in told(found)))
    sys.stdout.flush()
    return DIFFERENT if found else SAME
