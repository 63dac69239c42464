"""The manual page and the completion say what the command line knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from rows import rows

from fastlb.cli import main, manual, options
from fastlb.master.errors import Exit
from fastlb.master.signals import Command

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "fastlb.8"
COMPLETION = ROOT / "conf" / "bash-completion" / "fastlb"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == manual.page(), (
        "run: python -m fastlb.cli.manual page > docs/fastlb.8"
    )


def test_the_completion_is_up_to_date() -> None:
    assert COMPLETION.read_text() == manual.completion(), (
        "run: python -m fastlb.cli.manual completion > conf/bash-completion/fastlb"
    )


def test_everything_that_the_command_line_knows_is_told() -> None:
    assert set(manual.VERBS) == set(options.VERBS)
    assert set(manual.SIGNALLED) == set(Command)
    assert set(manual.EXITS) == set(Exit)
    assert set(manual.USAGES) == set(manual.PURPOSES)
    assert all(main.command_of(name) for name in manual.USAGES)
    usage = options.USAGE.partition("Options:")[0]
    assert {
        line.split()[1]
        for line in usage.splitlines()
        if line.startswith("       {program} ")
    } == set(manual.USAGES)


def test_each_option_of_the_usage_is_found() -> None:
    told = manual.options_of(options.USAGE)
    lines = options.USAGE.partition("Options:\n")[2].splitlines()
    assert len(told) == len(lines)
    assert ("-f file", "specify an alternate ServerConfigFile") in told
    assert ("-t -D DUMP_INCLUDES", "show all included configuration files") in told


@rows(
    ("text", "escaped"),
    [
        ("a-b", "a\\-b"),
        (".so /etc/passwd", "\\&.so /etc/passwd"),
        ("'x", "\\&'x"),
        ("a\\b", "a\\eb"),
    ],
)
def test_text_is_no_request_of_troff(text: str, escaped: str) -> None:
    assert manual.escaped(text) == escaped


@pytest.mark.needs("groff")
def test_troff_has_nothing_to_say_of_the_page() -> None:
    ended = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-P-c", str(PAGE)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    assert "graceful-stop" in ended.stdout


@pytest.mark.needs("bash")
@rows(
    ("line", "offered"),
    [
        (["-k", "grace"], ["graceful", "graceful-stop"]),
        (["-t", "-e", "trace1"], ["trace1"]),
        (["-D", "DUMP_V"], ["DUMP_VHOSTS"]),
        (["d"], ["demo", "diff"]),
        (["-t", "d"], []),
        (["--st"], ["--strict"]),
        (["explain", "--a"], ["--answer", "--all"]),
        (["demo", "-"], ["--port"]),
        (["heartbeat", "--t"], ["--to"]),
        (["-C", "Lis"], []),
    ],
)
def test_bash_offers_the_words_that_fit(line: list[str], offered: list[str]) -> None:
    script = (
        'compopt() { :; }; . "$1"; shift; COMP_WORDS=(fastlb "$@"); COMP_CWORD=$#; '
        '_fastlb; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    said = subprocess.check_output(
        ["bash", "-c", script, "bash", str(COMPLETION), *line],
        text=True,
        stderr=subprocess.STDOUT,
    )
    assert said.split() == offered
