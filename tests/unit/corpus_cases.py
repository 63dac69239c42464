"""The recorded cases of tests/corpus, ready to be played."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent.parent / "corpus"


@dataclass(frozen=True, slots=True)
class Case:
    """One message, what Apache made of it, and what we must make of it."""

    name: str
    raw: bytes
    apache: Any  # a status, or a dict of what came out on the other side
    status: int  # that we must answer; 200: taken
    reason: str  # for a difference from Apache, else empty

    def __str__(self) -> str:
        return self.name


def load(name: str) -> list[Case]:
    cases = []
    for entry in json.loads((CORPUS / name).read_text()):
        apache = entry["apache"]
        answered = apache if isinstance(apache, int) else 200
        cases.append(
            Case(
                entry["name"],
                entry["raw"].encode("latin-1"),
                apache,
                entry.get("ours", answered),
                entry.get("why", ""),
            )
        )
    return cases


def pairs(fields: list[tuple[bytes, bytes]], *without: bytes) -> list[list[str]]:
    """Fields as the corpus writes them."""
    return [
        [name.decode("latin-1"), value.decode("latin-1")]
        for name, value in fields
        if name.lower() not in without
    ]
