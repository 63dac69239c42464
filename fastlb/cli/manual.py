"""The manual page and the completion of bash, made from what the command line knows.

python -m fastlb.cli.manual page > docs/fastlb.8
python -m fastlb.cli.manual completion > conf/bash-completion/fastlb
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Final

from fastlb.base.levels import LEVELS
from fastlb.cli import commands, options, version
from fastlb.cli.enabled.command import COMMANDS as ENABLED
from fastlb.master.errors import Exit
from fastlb.master.signals import COMMANDS as SIGNALS
from fastlb.master.signals import Command

PROGRAM = "fastlb"
# `  -f file            : what it does`, in a page of usage
OPTION = re.compile(r"  (-.{18}): (.*)")
FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")

VERBS: Final = MappingProxyType(
    {
        "start": "start the server, unless it runs",
        "restart": "the same as graceful",
        "graceful": "have the server read its configuration again and reopen its logs; "
        "tells what has changed, or fails with the reason why it was refused, and the "
        "server goes on as before; a server that does not run is started",
        "graceful-stop": "finish what is under way, take nothing new, and end",
        "stop": "end now; what is under way is cut",
        "upgrade": "have the server become the program that is installed now, in the "
        "same process and with the same connections waiting; tells from which version "
        "to which, or fails with the reason why it was refused, and the server goes on "
        "as before",
        "status": "tell whether the server runs, since when, and how the last reload "
        "or upgrade ended; ends with 3 when it does not run",
    }
)
SIGNALLED: Final = MappingProxyType(
    {
        Command.STOP: "as -k stop",
        Command.RELOAD: "as -k graceful",
        Command.DRAIN_AND_STOP: "as -k graceful-stop",
        Command.UPGRADE: "as -k upgrade",
        Command.TELL: "tell of the members, for fastlb explain --live",
    }
)
EXITS: Final = MappingProxyType(
    {
        Exit.DONE: "what was asked for is done",
        Exit.REFUSED: "the configuration was refused, or a verb failed",
        Exit.USAGE: "the words of a command cannot be read",
        Exit.CANNOT_BIND: "an address cannot be bound",
        Exit.CANNOT_SERVE: "workers cannot start",
    }
)


def page() -> str:
    """fastlb(8), in the macros of man(7)."""
    return "\n".join(
        [
            '.\\" Made from the command line by python -m fastlb.cli.manual page',
            '.TH FASTLB 8 "" fastlb "System administration"',
            ".SH NAME",
            "fastlb \\- load balancer and reverse proxy with Apache's configuration",
            ".SH SYNOPSIS",
            *verbatim(synopsis()),
            ".SH DESCRIPTION",
            escaped(
                "fastlb serves what an httpd.conf says about mod_proxy_balancer: the "
                "same hosts, mappings, sticky sessions and fail-over. A master binds "
                "the addresses and forks workers, which serve. Without a verb it "
                "starts, in the background unless -D FOREGROUND is given."
            ),
            ".SH OPTIONS",
            *paragraphs(options_of(options.USAGE)),
            ".SH VERBS",
            escaped(
                "-k speaks to the server that holds the PidFile of the configuration, "
                "and waits until it has done as it was told."
            ),
            *paragraphs((verb, VERBS[verb]) for verb in options.VERBS),
            ".SH COMMANDS",
            *paragraphs((one.name, one.purpose) for one in commands.COMMANDS.values()),
            *command_lines(),
            ".SH SIGNALS",
            *signal_lines(),
            ".SH EXIT STATUS",
            *paragraphs((str(int(code)), EXITS[code]) for code in Exit),
            "In the background, whoever launched it sees 0 or 1.",
            ".SH ENVIRONMENT",
            *paragraphs(
                [
                    ("NOTIFY_SOCKET, WATCHDOG_USEC", "as in sd_notify(3)"),
                    (
                        "LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES",
                        "sockets for the Listen lines that name their addresses, as in "
                        "sd_listen_fds(3)",
                    ),
                ]
            ),
            ".SH FILES",
            *paragraphs(
                [
                    (
                        f"{version.HTTPD_ROOT}/{version.SERVER_CONFIG_FILE}",
                        "the configuration, where -f names no other",
                    )
                ]
            ),
            ".SH SEE ALSO",
            ".BR apache2 (8),",
            ".BR systemd.service (5),",
            ".BR logrotate (8)",
            "",
        ]
    )


def completion() -> str:
    """A file for bash-completion."""
    words = " ".join
    flags = words(f"-{letter}" for letter in options.WITHOUT_VALUE + options.WITH_VALUE)
    long = words(options.WORDS)
    names = words([*sorted(options.NO_DETACH), *options.DUMPS])
    cases = "\n".join(
        f"        {name}) words='{words(flags_of(one))}'{offered(one)} ;;"
        for name, one in commands.COMMANDS.items()
    )
    return f"""\
# Words of fastlb for bash, made by python -m fastlb.cli.manual completion
_fastlb_names() {{
    local path
    for path in {version.HTTPD_ROOT}/"$1"/*"$2"; do
        [[ -e $path ]] || continue
        path=${{path##*/}}
        words+=" ${{path%"$2"}}"
    done
}}
_fastlb() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} words=
    case $before in
        -k) words='{words(options.VERBS)}' ;;
        -e) words='{words(LEVELS)}' ;;
        -D) words='{names}' ;;
        -d) compopt -o dirnames; return ;;
        -f | -E) compopt -o default; return ;;
        -[Cc]) return ;;
    esac
    if [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        return
    fi
    case ${{COMP_WORDS[1]}} in
{cases}
        *) words='{flags} {long}' ;;
    esac
    ((COMP_CWORD > 1)) || words+=' {words(commands.COMMANDS)}'
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    [[ -n ${{COMPREPLY[*]}} ]] || compopt -o default
}}
complete -F _fastlb {PROGRAM}
"""


def synopsis() -> list[str]:
    usage = options.USAGE.partition("\nOptions:")[0].format(program=PROGRAM)
    return [line[7:] for line in usage.splitlines()]


def options_of(usage: str) -> list[tuple[str, str]]:
    """Its options, with what each does."""
    return [
        (match[1].rstrip(), match[2])
        for match in map(OPTION.fullmatch, usage.splitlines())
        if match is not None
    ]


def flags_of(command: commands.Command) -> list[str]:
    """The flags that it takes, in order, each once; its own commands with theirs."""
    parser = command.arguments()
    if parser is None:
        return list(
            dict.fromkeys(FLAG.findall(command.usage().split("\nExamples:")[0]))
        )
    found = [flag for action in parser._actions for flag in action.option_strings]
    for name, one in words_of(parser).items():
        found += [name, *(flag for a in one._actions for flag in a.option_strings)]
    return list(dict.fromkeys(found))


def words_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Its own commands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def offered(command: commands.Command) -> str:
    """For bash: names of what there is to enable, or is enabled."""
    if not command.shared:
        return ""
    kind, enables = ENABLED[command.name]
    folder = f"{kind.value}-{'available' if enables else 'enabled'}"
    return f"; _fastlb_names {folder} {kind.suffix}"


def command_lines() -> Iterator[str]:
    """A section for each; one for all that enable and disable."""
    for name, command in commands.COMMANDS.items():
        if command.shared and name != next(iter(ENABLED)):
            continue
        names = ", ".join(ENABLED) if command.shared else name
        yield escaped(f".SS fastlb {names}").removeprefix("\\&")
        parser = command.arguments()
        if parser is None:
            yield from text_lines(command.usage())
        else:
            yield from parser_lines(parser)


def text_lines(usage: str) -> Iterator[str]:
    before, _, examples = usage.partition("\nExamples:\n")
    yield from paragraphs(options_of(before))
    yield from example_lines(examples.splitlines())


def parser_lines(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield escaped((parser.description or "").replace("\n", " "))
    yield from paragraphs(
        (_action_head(action), action.help or "") for action in actions_of(parser)
    )
    examples, _, more = (parser.epilog or "").partition("\n\n")
    yield from example_lines(examples.splitlines()[1:])
    if more:
        yield ".PP"
        yield escaped(more.replace("\n", " "))


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What it takes; and of its own commands each, with what it takes, told once."""
    found: dict[str, argparse.Action] = {}
    for one in (parser, *words_of(parser).values()):
        for action in one._actions:
            if isinstance(action, argparse._SubParsersAction):
                found |= {each.dest: each for each in action._choices_actions}
            elif action.dest != "help" and (one is parser or action.option_strings):
                found.setdefault(action.dest, action)
    return [*found.values()]


def _action_head(action: argparse.Action) -> str:
    value = action.metavar if isinstance(action.metavar, str) else ""
    value = value or "|".join(map(str, action.choices or ()))
    return " ".join([", ".join(action.option_strings), value]).strip()


def example_lines(examples: Iterable[str]) -> list[str]:
    return [".PP", *verbatim(examples)]


def signal_lines() -> list[str]:
    return paragraphs(
        (
            ", ".join(one.name for one, what in SIGNALS.items() if what is command),
            SIGNALLED[command],
        )
        for command in Command
    )


def paragraphs(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Each with what it is about before it."""
    return [
        line
        for head, text in rows
        for line in (".TP", f"\\fB{escaped(head)}\\fR", escaped(text))
    ]


def verbatim(lines: Iterable[str]) -> list[str]:
    return [".nf", *map(escaped, lines), ".fi"]


def escaped(text: str) -> str:
    """As text of troff: a hyphen that may be typed, and no line that is a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text[:1] in (".", "'") else text


def main(words: Sequence[str]) -> int:
    made = {"page": page, "completion": completion}
    if len(words) != 1 or words[0] not in made:
        sys.stderr.write(f"Usage: python -m fastlb.cli.manual {'|'.join(made)}\n")
        return Exit.USAGE
    sys.stdout.write(made[words[0]]())
    return Exit.DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
