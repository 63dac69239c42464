"""Pass phrases of encrypted keys (SSLPassPhraseDialog).

"builtin" asks on the terminal, once, before the server leaves it; "exec:" runs a
program whenever a key needs it. What was learnt is kept in the master and tried first,
for every key, as Apache does; so a reload that changes only certificates asks nobody.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

BUILTIN = "builtin"
EXEC = "exec:"
PROGRAM_TIMEOUT_S = 60.0
PHRASE_BYTES_MAX = 4096
KEY_TYPES = ("RSA", "DSA", "ECC")  # what Apache 2.4.71 says for the first three keys
ENCRYPTED = re.compile(
    rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:.*ENCR", re.M
)
Ask = Callable[[str], bytes]  # a prompt -> what was typed


class PassPhraseError(Exception):
    """str(): why there is no phrase."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Which key is meant: number counts the pairs of its virtual host from 0."""

    host: str  # "name:port", as Apache calls a virtual host
    number: int
    file: str

    def __str__(self) -> str:
        return f"{self.host}:{self.number}"


class PassPhrases:
    """What is known, and how to learn more. ask: None when there is no terminal."""

    def __init__(self, ask: Ask | None = None) -> None:
        self.known: list[bytes] = []
        self.ask = ask

    def learn(self, dialog: str, place: KeyPlace) -> bytes:
        """Ask whom the configuration says; PassPhraseError when nobody answers."""
        if dialog.startswith(EXEC):
            return from_program(dialog.removeprefix(EXEC), place)
        if self.ask is None:
            raise PassPhraseError(
                "there is no terminal to ask on; start the server anew, or write "
                "SSLPassPhraseDialog exec:/path/to/program"
            )
        return self.ask(f"Private key {place} ({place.file})\nEnter pass phrase:")

    def remember(self, phrase: bytes) -> None:
        if phrase not in self.known:
            self.known.append(phrase)


def is_encrypted(pem: bytes) -> bool:
    return ENCRYPTED.search(pem) is not None


def from_program(command: str, place: KeyPlace) -> bytes:
    """The first line that the program prints, asked with name:port and kind of key."""
    words = [command] if os.path.exists(command) else shlex.split(command)
    kind = KEY_TYPES[place.number] if place.number < len(KEY_TYPES) else place.number
    try:
        done = subprocess.run(
            [*words, place.host, str(kind)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=PROGRAM_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, IndexError) as failure:
        raise PassPhraseError(f"{command}: {failure}") from None
    if done.returncode != 0:
        raise PassPhraseError(f"{command} ended with code {done.returncode}")
    return done.stdout.split(b"\n", 1)[0].rstrip(b"\r")[:PHRASE_BYTES_MAX]
