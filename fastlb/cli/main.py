"""The command `fastlb`: read the words, decide, hand over.

Exit codes are httpd's: 0, or 1 for anything wrong. A server in the foreground ends
with its own (master/errors.py), which say what kind of thing went wrong.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Sequence

from fastlb import _core  # noqa: F401 - first: it notes what memory is taken
from fastlb.cli import commands, control, version
from fastlb.cli.options import (
    CONFIG,
    FIRST_STEPS,
    HINT,
    USAGE,
    Options,
    UnknownWordError,
    UsageError,
    parse,
)
from fastlb.cli.saying import in_background, say, worth_saying
from fastlb.cli.source import source_of
from fastlb.facts.controller import PAGES, adopt_pages_path
from fastlb.facts.words import Compat
from fastlb.master import heirloom as heirlooms
from fastlb.master import map_seats, privileges
from fastlb.master.errors import StartError
from fastlb.master.heirloom import HeirloomError
from fastlb.master.loading import Loaded, Source, load, process_of, read
from fastlb.master.program import started_as

PROGRAM = "fastlb"
DONE = 0
FAILED = 1


def run(arguments: Sequence[str], program: str) -> int:
    """Do what the words ask; the exit code."""
    try:
        heirloom = heirlooms.from_environment(os.environ)
    except HeirloomError as error:
        _complain(f"{program}: {heirlooms.VARIABLE}: {error}")
        return FAILED
    for door in heirloom.doors if heirloom is not None else ():
        if door.name == PAGES:
            adopt_pages_path(door.path)
    if arguments and (command := commands.find(arguments[0])) is not None:
        return command(arguments[1:])
    try:
        options = parse(arguments)
    except UsageError as error:
        why = str(error)
        if isinstance(error, UnknownWordError) and commands.find(error.word):
            why = f"{error.word} comes first: {program} {error.word} ..."
        _complain(f"{program}: {why}")
        sys.stderr.write(HINT.format(program=program))
        return FAILED
    if options.start_log is not None and not _send_stderr_to(options.start_log):
        return FAILED
    source = source_of(options, version.HTTPD_ROOT, version.SERVER_CONFIG_FILE)
    if options.shows:
        return show(options, source, program)
    if not arguments and not os.path.exists(source.config_file):
        sys.stderr.write(FIRST_STEPS.format(program=program, file=source.config_file))
        return FAILED
    loaded = load(source)
    if options.test:
        return test(options, loaded, program)
    diagnostics = loaded.diagnostics
    if options.verb in (None, "start") and not options.is_foreground:
        diagnostics = in_background(diagnostics)
    ends = options.verb in ("stop", "graceful-stop", "status")
    level = options.start_level or ("error" if ends else "warn")
    if heirloom is None or heirloom.is_trial:
        say(worth_saying(diagnostics, level), program, verbose=False)
    if loaded.model is None:
        if options.verb == "status" and os.path.isfile(source.config_file):
            # A server goes on when its file has become wrong, and so does this answer
            code = _obey(options.verb, process_of(source).pid_file)
            return FAILED if code is None else code
        return FAILED
    if heirloom is None:
        code = _obey(options.verb, loaded.model.process.pid_file)
        if code is not None:
            return code
    # Who only checks or sends a signal is spared what a server is made of
    from fastlb.cli.serve import serve

    command_line = shlex.join([program, *arguments])
    return serve(
        loaded.model,
        source,
        options,
        command_line,
        program=started_as(),
        heirloom=heirloom,
    )


def _obey(verb: str | None, pid_file: str) -> int | None:
    try:
        return control.obey(verb, pid_file)
    except StartError as error:
        _complain(str(error))
        return FAILED


def show(options: Options, source: Source, program: str) -> int:
    """-v -V -l -L -h: the first of them, as httpd."""
    letter = options.shows[0]
    if letter == "H":
        sys.stdout.write(commands.teaching(program))
        return DONE
    if letter == "h":
        sys.stdout.write(USAGE.format(program=program))
        return DONE
    from fastlb.cli import listing

    lines: Iterable[str]
    if letter == "v":
        lines = version.version_lines()
    elif letter == "V":
        lines = version.settings_lines(_compat_of(source))
    elif letter == "l":
        lines = listing.module_lines()
    else:
        lines = listing.directive_lines()
    _say(lines)
    return DONE


def test(options: Options, loaded: Loaded, program: str) -> int:
    """-t, with its dumps."""
    from fastlb.cli import member_names
    from fastlb.cli.dumps import dump
    from fastlb.cli.explain import expect

    said = worth_saying(loaded.diagnostics, options.start_level)
    say(said, program, verbose=options.verbose)
    if loaded.model is None:
        return FAILED
    try:
        # As httpd: an unknown User is an error of the configuration.
        identity = privileges.look_up(loaded.model.process, program)
        map_seats.look_up(loaded.model, identity, program)
    except StartError as error:
        _complain(str(error))
        return FAILED
    broken = expect.check(loaded.model, loaded.tree)
    if broken:
        say(broken, program, verbose=options.verbose)
        return FAILED
    unknown = member_names.check(loaded.model, identity)
    say(
        worth_saying(unknown, options.start_level),
        program,
        verbose=options.verbose,
    )
    for name in options.dumps:
        sys.stdout.write(dump(name, loaded.model, loaded.tree))
    sys.stdout.flush()
    if not options.dumps or options.dumps == (CONFIG,):
        _complain("Syntax OK")
    return DONE


def _compat_of(source: Source) -> Compat:
    """Which side wins, of the configuration if there is one to read."""
    tree, _ = read(source)
    return Compat(tree.compat)


def _send_stderr_to(path: str) -> bool:
    """-E; False when the file cannot be opened."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as error:
        _complain(f"{PROGRAM}: could not open startup log {path}: {error.strerror}")
        return False
    os.dup2(fd, 2)
    os.close(fd)
    return True


def _say(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
