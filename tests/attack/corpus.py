"""Streams that an oracle once did not like: kept, and played by the suite for ever."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

from .play import Alarm

FOLDER = Path(__file__).parent.parent / "corpus" / "attack"
PLAIN_BYTES_MAX = 3000


@dataclass(frozen=True, slots=True)
class Case:
    """oracle: who plays it ("desync", "poison"). where: "plain", "rich"."""

    name: str
    oracle: str
    why: str
    where: str
    pieces: list[bytes]
    answer: list[bytes]  # what the member says, for "poison"


def encoded(data: bytes) -> str:
    if len(data) <= PLAIN_BYTES_MAX:
        return "=" + data.decode("latin-1")
    return "z" + base64.b85encode(zlib.compress(data, 9)).decode()


def decoded(text: str) -> bytes:
    if text.startswith("="):
        return text[1:].encode("latin-1")
    return zlib.decompress(base64.b85decode(text[1:]))


def keep(case: Case) -> Path:
    """Write it down; the path of its file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{case.name}.json"
    content = {
        "oracle": case.oracle,
        "why": case.why,
        "where": case.where,
        "pieces": [encoded(one) for one in case.pieces],
        "answer": [encoded(one) for one in case.answer],
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def cases(oracle: str) -> list[Case]:
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        content = json.loads(path.read_text())
        if content["oracle"] == oracle:
            found.append(
                Case(
                    path.stem,
                    oracle,
                    content["why"],
                    content["where"],
                    [decoded(one) for one in content["pieces"]],
                    [decoded(one) for one in content["answer"]],
                )
            )
    return found


def of_alarm(name: str, oracle: str, alarm: Alarm, rich: int) -> Case:
    """The case that an alarm makes; without a stream, what the member got."""
    stream = alarm.stream
    if stream is None:
        return Case(name, oracle, alarm.why, "plain", [alarm.evidence], [])
    where = "rich" if stream.port == rich else "plain"
    return Case(name, oracle, alarm.why, where, stream.pieces, stream.answers)
