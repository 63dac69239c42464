"""The manual page and the completion say what the command line knows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rows import rows

from fastlb.cli import commands, main, manual, options
from fastlb.master.errors import Exit
from fastlb.master.signals import Command

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "fastlb.8"
EVERY = commands.COMMANDS.values()
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
    usage = options.USAGE.partition("Options:")[0]
    assert {
        name
        for line in usage.splitlines()
        if line.startswith("       {program} ")
        for name in line.split()[1].split("|")
    } == set(commands.COMMANDS)


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_each_command_has_a_help_with_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        ended = main.run([name, "--help"], "fastlb")
    except SystemExit as exit:
        ended = exit.code  # type: ignore[assignment]
    said, err = capsys.readouterr()
    assert (ended, err) == (0, "")
    examples = said.lower().partition("\nexamples:\n")[2].splitlines()
    assert f"fastlb {name} " in f"{examples[0]} "
    assert all(len(line) <= 88 for line in said.splitlines())
    told = PAGE.read_text()
    for flag in manual.flags_of(commands.COMMANDS[name]):
        assert flag in ("-h", "--help") or manual.escaped(flag) in told, flag


def test_help_shows_each_command_by_its_task_with_an_example() -> None:
    said = commands.teaching("fastlb")
    for one in commands.COMMANDS.values():
        assert f"\n  {one.name:11}{one.purpose}\n" in said
        assert f" fastlb {one.example}\n" in said
    assert max(map(len, said.splitlines())) <= 80


def test_each_command_stands_on_the_page_of_the_command_line() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text()
    missing = [
        name
        for name in commands.COMMANDS
        if f"`fastlb {name}" not in page and f"`{name}`" not in page
    ]
    assert missing == []


def test_a_server_is_spared_what_commands_need() -> None:
    """The table names modules, and imports none."""
    source = "import sys, fastlb.cli.commands; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", source], text=True).split()
    assert not {"argparse", *(f"fastlb.cli.{one.module}" for one in EVERY)} & {*loaded}


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
        (["di"], ["diff", "dissite", "dismod", "disconf"]),
        (["-t", "d"], []),
        (["--st"], ["--strict"]),
        (["replay", "--o"], ["--old"]),
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


@pytest.mark.needs("bash")
def test_bash_offers_sites_by_their_names(tmp_path: Path) -> None:
    for name in ("sites-available/a.test.conf", "sites-available/b.conf.dist"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    script = COMPLETION.read_text().replace("/etc/fastlb", str(tmp_path))
    script += "\nCOMP_WORDS=(fastlb ensite '') COMP_CWORD=2; _fastlb"
    script += '\nprintf "%s\\n" "${COMPREPLY[@]}"'
    said = subprocess.check_output(["bash", "-c", script], text=True).split()
    assert [word for word in said if not word.startswith("-")] == ["a.test"]
