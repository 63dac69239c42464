"""Units of systemd, read as far as tests ask: sections, keys, words of a command."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "conf" / "systemd"
SERVICE = FOLDER / "fastlb.service"
SOCKET = FOLDER / "fastlb.socket"


def read(path: Path) -> dict[tuple[str, str], list[str]]:
    """The values of each (section, key)."""
    found: dict[tuple[str, str], list[str]] = {}
    section = ""
    for line in path.read_text().splitlines():
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            section = line.strip("[]")
            continue
        key, equals, value = line.partition("=")
        assert equals, f"{path}: {line}"
        assert section, f"{path}: {line}"
        found.setdefault((section, key), []).append(value)
    return found


def command(unit: Path, key: str, variables: Mapping[str, str]) -> list[str]:
    """The words of ExecStart= or the like: $NAME becomes as many as it has."""
    (line,) = read(unit)["Service", key]
    words = []
    for word in shlex.split(line):
        is_variable = word.startswith("$")
        words += shlex.split(variables[word[1:]]) if is_variable else [word]
    return words


def with_program(unit: Path, program: Path, folder: Path) -> Path:
    """A copy whose commands are there on this machine."""
    copy = folder / unit.name
    lines = unit.read_text().splitlines()
    copy.write_text(
        "\n".join(
            line.replace("=fastlb ", f"={program} ") if line[:4] == "Exec" else line
            for line in lines
        )
    )
    return copy


def program_in(folder: Path, python: str, words: str = "") -> Path:
    """The command `fastlb`, as an installed one. words: stand before its own."""
    folder.mkdir(exist_ok=True)
    made = folder / "fastlb"
    made.write_text(f'#!/bin/sh\nexec {python} -m fastlb {words} "$@"\n')
    made.chmod(0o755)
    return made


def environ_with(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", **more}
