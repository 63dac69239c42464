"""Plays the console blocks of a page, in order, in one shell and one folder.

    <!-- file: NAME -->     the block behind it is written to a file of that name
    ```console              "$ command" lines; beneath each, what must be among its
                            output, line by line and in this order; ... stands for any
                            text within a line, and alone on a line for any lines
    <!-- again -->          before such a block: until it comes out as it stands there
    <!-- fails -->          before such a block: its commands end with another status
    <!-- not played: WHY -->

Ports that a page names are others in the test (PORTS), in files, commands and outputs
alike, and /tmp is the folder.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ports import HOST, free_port

PORTS = ("8080", "8081", "9001", "9002", "9003", "9004")
DEADLINE_S = 60.0
PAUSE_S = 0.1
BLOCK = re.compile(
    r"(?:<!-- (file|again|fails|not played)(?:: (.*?))? -->\n)?```(\w*)\n(.*?)```", re.S
)
ANY = "..."


@dataclass(frozen=True, slots=True)
class Command:
    words: str
    expected: tuple[str, ...]


def commands(block: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        lines = part.rstrip("\n").split("\n")
        count = 1
        while lines[count - 1].endswith("\\"):
            count += 1
        yield Command("\n".join(lines[:count]), tuple(lines[count:]))


def misses(expected: tuple[str, ...], output: str) -> str | None:
    """The first line that is expected and not there; None: all are."""
    told = iter(output.splitlines())
    for line in expected:
        if line.strip() in ("", ANY):
            continue
        parts = (re.escape(part) for part in line.strip().split(ANY))
        wanted = re.compile(".*?".join(parts))
        if not any(wanted.search(one) for one in told):
            return line
    return None


class Console:
    """A shell in a folder. programs: a folder before all others on PATH."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self._places = {port: str(free_port()) for port in PORTS}
        self._said = folder / ".said"
        self._said.touch()
        with self._said.open("ab") as said:
            self._shell = subprocess.Popen(
                ["bash", "--norc"],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                env={**os.environ, **environ},
                start_new_session=True,
            )
        self._count = 0

    def here(self, text: str) -> str:
        """The text with the places of this test."""
        for port, other in self._places.items():
            text = re.sub(rf"(?<![\d.]){port}(?!\d)", other, text)
        return text.replace("/tmp/", f"{self.folder}/")

    def play(self, text: str) -> int:
        """All of a page; how many commands it had."""
        count = 0
        for kind, told, language, block in BLOCK.findall(text):
            if kind == "file":
                place = self.folder / told
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(self.here(block), "utf-8")
            elif language == "console" and kind != "not played":
                for command in commands(block):
                    self._check(command, kind)
                    count += 1
        return count

    def _check(self, command: Command, kind: str) -> None:
        expected = tuple(map(self.here, command.expected))
        ends_s = time.monotonic() + DEADLINE_S
        while True:
            status, output = self.run(command.words)
            missing = misses(expected, output)
            # What tells the right thing may end as it likes: diff and grep do.
            is_asked = kind == "fails" or not command.expected
            is_good = missing is None and not (
                is_asked and (status != 0) != (kind == "fails")
            )
            if is_good or kind != "again" or time.monotonic() > ends_s:
                break
            time.sleep(PAUSE_S)
        assert is_good, (
            f"$ {command.words}\n{output}\nstatus {status}; it does not tell: {missing}"
        )

    def run(self, words: str) -> tuple[int, str]:
        """Status and output of a command; one that stays behind is waited for."""
        self._count += 1
        mark = f"__done_{self._count}__"
        begins = self._said.stat().st_size
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{self.here(words)}\necho {mark} $?\n".encode())
        self._shell.stdin.flush()
        found = self._until(rf"{mark} (\d+)$", begins)
        if words.rstrip().endswith("&"):
            self._await_port(words)
        return int(found[1]), found.string[: found.start()]

    def _until(self, pattern: str, begins: int) -> re.Match[str]:
        ends_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < ends_s:
            said = self._said.read_bytes()[begins:].decode("utf-8", "replace")
            found = re.search(pattern, said, re.M)
            if found is not None:
                return found
            time.sleep(0.01)
        raise AssertionError(f"it does not end: {said}")

    def _await_port(self, words: str) -> None:
        named = [port for port in PORTS if re.search(rf"\b{port}\b", words)]
        if not named:
            return
        ends_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < ends_s:
            with suppress(OSError):
                socket.create_connection((HOST, int(self._places[named[0]]))).close()
                return
            time.sleep(PAUSE_S)
        raise AssertionError(f"nobody listens: {words}")

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pid_file in self.folder.glob("*.pid"):
            with suppress(OSError, ValueError):
                os.kill(int(pid_file.read_text()), signal.SIGTERM)
        with suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGKILL)
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait()


def command_in(folder: Path, root: Path) -> dict[str, str]:
    """An environment in which `fastlb` is the one of these sources."""
    script = folder / "bin" / "fastlb"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m fastlb "$@"\n')
    script.chmod(0o755)
    return {
        "PATH": f"{script.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(root),
    }
