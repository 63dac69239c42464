"""The commands beside the server's own flags, by what somebody wants to do.

From this table come what `fastlb NAME` runs, `fastlb --help`, the manual page and the
words that bash completes. Nothing of a command is imported until it is called for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import argparse

Run = Callable[[Sequence[str]], int]


@dataclass(frozen=True, slots=True)
class Command:
    """One of them.

    purpose  a phrase
    example  the words behind `fastlb`
    module   below fastlb.cli; its `run` takes the words, its `runner(name)` gives one
             where several commands share it
    parser   what makes its argparse parser; "": its text USAGE is its help
    """

    name: str
    purpose: str
    example: str
    module: str
    parser: str = ""
    shared: bool = False

    @property
    def run(self) -> Run:
        found: Run = self._of("runner")(self.name) if self.shared else self._of("run")
        return found

    def arguments(self) -> argparse.ArgumentParser | None:
        """Its parser, if argparse reads its words."""
        if not self.parser:
            return None
        make = self._of(self.parser)
        made: argparse.ArgumentParser = make(self.name) if self.shared else make()
        return made

    def usage(self) -> str:
        """Its help, where that is a text."""
        return str(self._of("USAGE"))

    def _of(self, name: str) -> Any:  # of a module that is known by its name alone
        return getattr(importlib.import_module(f"fastlb.cli.{self.module}"), name)


ENABLED: Final = ("enabled.command", "parser_of", True)
TASKS: Final = (
    (
        "See it work",
        (Command("demo", "a balancer with members of its own", "demo", "demo"),),
    ),
    (
        "Look before it is served",
        (
            Command(
                "lint",
                "what -t says, for programs too, and what of it can be mended",
                "lint -f httpd.conf --fix --diff",
                "linter.command",
                "lint_parser",
            ),
            Command(
                "explain",
                "which way a request would take, and why",
                "explain -f httpd.conf https://www.example.com/api",
                "explain.command",
            ),
            Command(
                "replay",
                "which requests of an access log would go elsewhere",
                "replay access.log -f new.conf --old httpd.conf",
                "replay.command",
                "replay_parser",
            ),
            Command(
                "diff",
                "what a reload from one file to another would change",
                "diff httpd.conf new.conf",
                "compare",
            ),
        ),
    ),
    (
        "Choose what is served, as with Debian's a2ensite",
        (
            Command(
                "ensite", "serve a site of sites-available", "ensite x.test", *ENABLED
            ),
            Command("dissite", "serve it no longer", "dissite x.test", *ENABLED),
            Command("enmod", "the same for modules", "enmod headers", *ENABLED),
            Command("dismod", "and off again", "dismod headers", *ENABLED),
            Command("enconf", "the same for conf-available", "enconf tls", *ENABLED),
            Command("disconf", "and off again", "disconf tls", *ENABLED),
            Command(
                "query", "what is enabled", "query -s", "enabled.query", "query_parser"
            ),
        ),
    ),
    (
        "Watch it, and change it",
        (
            Command(
                "top",
                "what members do now, in a terminal",
                "top http://localhost:8080/server-status",
                "top.command",
                "top_parser",
            ),
            Command(
                "otel",
                "send spans to a collector, as the program of a CustomLog",
                "otel --endpoint http://localhost:4318/v1/traces",
                "otel",
                "command_parser",
            ),
            Command(
                "ctl",
                "look at members, and change them while it serves",
                "ctl drain 10.0.0.7:8080 --wait",
                "ctl.command",
                "ctl_parser",
            ),
        ),
    ),
    (
        "Beside a member",
        (
            Command(
                "heartbeat",
                "say how many of its workers are ready",
                "heartbeat --to 10.0.0.1:27999 --ready 8",
                "heartbeat",
                "command_parser",
            ),
        ),
    ),
)
# Of the server's own flags, what one has to know
SERVER: Final = (
    ("Serve", "start, in the background", "-f httpd.conf"),
    ("", "check the configuration", "-t -f httpd.conf"),
    ("", "take a changed one without losing a request", "-k graceful"),
    ("", "go on with another version of the program", "-k upgrade"),
    ("", "is it running, and how did the last reload end", "-k status"),
    ("", "finish what is under way and end", "-k graceful-stop"),
)
COMMANDS: Final = {one.name: one for _, group in TASKS for one in group}
INDENT: Final = 13  # of an example below what it shows


def find(word: str) -> Run | None:
    """What runs it."""
    found = COMMANDS.get(word)
    return None if found is None else found.run


def teaching(program: str) -> str:
    """The page of --help: what one wants to do, and a line that does it."""
    lines = ["fastlb: load balancer and reverse proxy with Apache's configuration."]
    for title, purpose, example in SERVER:
        if title:
            lines += ["", f"{title}:"]
        lines += [f"  {purpose}", f"{' ' * INDENT}{program} {example}"]
    for title, group in TASKS:
        lines += ["", f"{title}:"]
        for one in group:
            lines.append(f"  {one.name:{INDENT - 2}}{one.purpose}")
            lines.append(f"{' ' * INDENT}{program} {one.example}")
    lines += [
        "",
        f"{program} NAME --help tells of one of them, {program} -h lists the server's"
        " flags;",
        "fastlb(8) is the manual.",
    ]
    return "".join(f"{line}\n" for line in lines)
