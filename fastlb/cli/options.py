"""httpd's flags, read as httpd reads them.

Letters may be joined (`-tD DUMP_VHOSTS`), a value may follow its letter directly
(`-Dname`), and what is not a flag is refused. Options that httpd does not have are
written out: --strict. --help and --version are those of any program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastlb.base.levels import LEVELS

WITH_VALUE = "DdfCceEk"
WITHOUT_VALUE = "vVhlLtTSMX"
WORDS = {"--strict": "--strict", "--help": "H", "--version": "v"}
VERBS = ("start", "restart", "graceful", "graceful-stop", "stop", "upgrade", "status")

NO_DETACH = frozenset({"FOREGROUND", "NO_DETACH", "ONE_PROCESS", "DEBUG"})
ONE_PROCESS = frozenset({"ONE_PROCESS", "DEBUG"})
CONFIG = "DUMP_CONFIG"
DUMPS = ("DUMP_VHOSTS", "DUMP_RUN_CFG", "DUMP_MODULES", "DUMP_INCLUDES", CONFIG)

USAGE = """\
Usage: {program} [-D name] [-d directory] [-f file]
              [-C "directive"] [-c "directive"]
              [-k start|restart|graceful|graceful-stop|stop|upgrade|status]
              [-v] [-V] [-h] [-l] [-L] [-t [-v]] [-T] [-S] [-M] [-X] [--strict]
       {program} demo [--port number]
       {program} explain [-f file] ... URL
       {program} lint [-f file] [--fix] ...
       {program} ensite|dissite|enmod|dismod|enconf|disconf NAME ...
       {program} query [-s|-m|-c [NAME]]
       {program} replay LOG [-f file] [--old file]
       {program} top [--once] [URL]
       {program} ctl status|members|drain|weight|add|...
       {program} diff OLD NEW
       {program} heartbeat --to ADDRESS:PORT ...
       {program} otel [--endpoint URL] ...
Options:
  -D name            : define a name for use in <IfDefine name> directives
  -d directory       : specify an alternate initial ServerRoot
  -f file            : specify an alternate ServerConfigFile
  -C "directive"     : process directive before reading config files
  -c "directive"     : process directive after reading config files
  -e level           : show startup errors of level (see LogLevel)
  -E file            : log startup errors to file
  -v                 : show version number (also --version)
  -V                 : show compile settings
  -h                 : list available command line options (this page)
  -l                 : list compiled in modules
  -L                 : list available configuration directives
  -t -D DUMP_VHOSTS  : show parsed vhost settings
  -t -D DUMP_RUN_CFG : show parsed run settings
  -S                 : a synonym for -t -D DUMP_VHOSTS -D DUMP_RUN_CFG
  -t -D DUMP_MODULES : show all loaded modules
  -M                 : a synonym for -t -D DUMP_MODULES
  -t -D DUMP_INCLUDES: show all included configuration files
  -t -D DUMP_CONFIG  : show the configuration as it was read
  -t                 : run syntax check for config files
  -t -v              : the same, and show every note with its place
  -t --strict        : the same, and refuse what only draws a warning
  -T                 : start without DocumentRoot(s) check
  -X                 : debug mode (only one worker, do not detach)
  -D FOREGROUND      : do not detach (also NO_DETACH)
"""


HINT = """\
Usage: {program} [-t] [-f file] [-k start|graceful|graceful-stop|stop|upgrade|status]
       {program} demo [--port number] | explain [-f file] URL
{program} --help shows what can be done, {program} -h lists all options.
"""

FIRST_STEPS = """\
{program}: there is no configuration at {file}.
  {program} demo             shows a balancer at work, with members of its own
  {program} -t -f httpd.conf checks a configuration of yours; without -t it is served
  {program} explain URL      tells which way a request would take, and why
  {program} --help           shows what else can be done
"""


class UsageError(Exception):
    """The command line cannot be read. str() is the first line."""


class UnknownWordError(UsageError):
    """A word that is no option, where options are."""

    def __init__(self, word: str) -> None:
        super().__init__(f"unknown word {word!r}")
        self.word = word


@dataclass(frozen=True, slots=True)
class Options:
    """What stands on the command line."""

    defines: tuple[str, ...] = ()
    server_root: str | None = None
    config_file: str | None = None
    before: tuple[str, ...] = ()  # -C
    after: tuple[str, ...] = ()  # -c
    start_level: str | None = None  # -e
    start_log: str | None = None  # -E
    verb: str | None = None  # -k
    shows: str = ""  # of the letters vVhlL, in order; H: --help
    test: bool = False
    verbose: bool = False  # -v beside -t
    strict: bool = False

    @property
    def dumps(self) -> tuple[str, ...]:
        """Which settings to print, in Apache's order."""
        return tuple(name for name in DUMPS if name in self.defines)

    @property
    def is_foreground(self) -> bool:
        return not NO_DETACH.isdisjoint(self.defines)

    @property
    def is_one_process(self) -> bool:
        return not ONE_PROCESS.isdisjoint(self.defines)


def parse(arguments: Sequence[str]) -> Options:
    """Options of the words after the program's name; UsageError."""
    lists: dict[str, list[str]] = {"D": [], "C": [], "c": []}
    single: dict[str, str] = {}
    shows = ""
    flags: set[str] = set()
    for letter, value in _flags(arguments):
        if letter in lists:
            lists[letter].append(value)
        elif letter == "S":
            flags.add("t")
            lists["D"] += ["DUMP_VHOSTS", "DUMP_RUN_CFG"]
        elif letter == "M":
            flags.add("t")
            lists["D"].append("DUMP_MODULES")
        elif letter == "X":
            lists["D"].append("DEBUG")
        elif letter in "vVhHlL":
            shows += letter
        elif letter in WITH_VALUE:
            single[letter] = value
        else:
            flags.add(letter)
    for letter, known in (("k", VERBS), ("e", LEVELS)):
        if single.get(letter) not in (None, *known):
            raise UsageError(
                f"illegal option -- {letter} {single[letter]}: there are"
                f" {', '.join(known)}"
            )
    test = "t" in flags
    verbose = test and "v" in shows
    return Options(
        defines=tuple(dict.fromkeys(lists["D"])),
        server_root=single.get("d"),
        config_file=single.get("f"),
        before=tuple(lists["C"]),
        after=tuple(lists["c"]),
        start_level=single.get("e"),
        start_log=single.get("E"),
        verb=single.get("k"),
        shows=shows.replace("v", "") if test else shows,
        test=test,
        verbose=verbose,
        strict="--strict" in flags,
    )


def _flags(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """Each flag with its value, "" for one that takes none."""
    found: list[tuple[str, str]] = []
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word in WORDS:
            found.append((WORDS[word], ""))
            continue
        if len(word) < 2 or word[0] != "-" or word.startswith("--"):
            raise UnknownWordError(word)
        for place, letter in enumerate(word[1:], start=2):
            if letter in WITHOUT_VALUE:
                found.append((letter, ""))
            elif letter not in WITH_VALUE:
                raise UsageError(f"illegal option -- {letter}")
            elif word[place:] or words:
                found.append((letter, word[place:] or words.pop(0)))
                break
            else:
                raise UsageError(f"option requires an argument -- {letter}")
    return found
