"""Mutated heads and bodies: a count, AGAIN or a status, never a crash.

The mutants are made from the corpus with a fixed seed, so that a failure comes again.
The probe copies each one to the end of a readable page: reading on is a crash.
FASTLB_FUZZ_ROUNDS sets how many there are (each test makes that many).
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httptools
from rows import rows

from fastlb import _probe

AGAIN = -1
ROUNDS = int(os.environ.get("FASTLB_FUZZ_ROUNDS", "6000"))
CORPUS = Path(__file__).parent.parent / "corpus"
# Bytes and words that grammars turn on.
SPICE = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\t",
    b" ",
    b":",
    b",",
    b";",
    b"/",
    b"#",
    b"?",
    b"@",
    b"[",
    b"]",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"0",
    b"-",
    b"+",
    b"\r\n ",
    b"\r\n\r\n",
    b"HTTP/1.1",
    b"http://",
    b"Content-Length: 1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Host: b\r\n",
    b"Connection: close\r\n",
    b"99999999999999999999",
]


def seeds(name: str) -> list[bytes]:
    cases = json.loads((CORPUS / name).read_text())
    return [
        raw
        for case in cases
        if len(raw := case["raw"].encode("latin-1")) < 2000  # the rest is repetition
    ]


def mutants(name: str, seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    good = seeds(name)
    for _ in range(ROUNDS):
        data = bytearray(chance.choice(good))
        for _ in range(chance.choice((1, 1, 2, 3, 8))):
            at = chance.randrange(len(data) + 1)
            until = min(len(data), at + chance.choice((0, 0, 1, 1, 4, 20)))
            kind = chance.randrange(4)
            if kind == 0:
                data[at:until] = chance.choice(SPICE)
            elif kind == 1:
                data[at:until] = b""
            elif kind == 2:
                data[at:at] = data[at:until] * chance.choice((1, 2, 30))
            elif at < len(data):
                data[at] ^= 1 << chance.randrange(8)
        yield bytes(data)


def check_head(data: bytes, found: Any, statuses: tuple[int, ...]) -> bool:
    """Is it a result that the contract names? True when the head was taken."""
    if found == AGAIN:
        return False
    if isinstance(found, tuple):
        assert found[0] in statuses
        assert found[1] != "none"
        return False
    assert 0 < found["length"] <= len(data)
    for name, value in found["fields"]:
        assert name
        assert not set(name) & set(b"\r\n\0: \t")
        assert not set(value) & set(b"\r\n\0")
        assert value == value.strip(b" \t")
    return True


def test_mutated_requests() -> None:
    taken = 0
    for data in mutants("requests.json", 1):
        found: Any = _probe.parse_request(data)
        if not check_head(data, found, (-400, -414, -505)):
            continue
        taken += 1
        assert _probe.find_end(data, range(1, len(data) + 1)) == found["length"]
        if isinstance(found["host"], tuple):
            assert found["host"][0] == -400
        elif found["method"] == b"CONNECT":
            assert found["path"] == b""
        else:
            assert found["path"][:1] == b"/" or found["path"] == b"*"
        if isinstance(found["framing"], tuple):
            assert found["framing"][0] in (-400, -501)
    assert taken > ROUNDS // 20


def test_mutated_responses() -> None:
    taken = 0
    for data in mutants("responses.json", 2):
        for skip in (0, 1):
            found: Any = _probe.parse_response(data, ignore_bad_fields=skip)
            if not check_head(data, found, (-502,)):
                continue
            taken += 1
            assert 100 <= found["status"] <= 999
            assert not set(found["reason"]) & set(b"\r\n\0\x7f")
            if isinstance(found["framing"], tuple):
                assert found["framing"][0] == -502
    assert taken > ROUNDS // 20


def test_mutated_chunks_are_the_same_in_any_pieces() -> None:
    chance = random.Random(3)
    for data in mutants("responses.json", 4):
        body = data.partition(b"\r\n\r\n")[2]
        whole = _probe.decode_chunks([body])
        cut = chance.randrange(len(body) + 1)
        assert _probe.decode_chunks([body[:cut], body[cut:]]) == whole
        assert len(whole[0]) <= whole[1] <= len(body)


@rows("limit", ["line_bytes", "field_bytes", "field_count"])
def test_small_limits_only_refuse(limit: str) -> None:
    for number, data in enumerate(mutants("requests.json", 5)):
        wide: Any = _probe.parse_request(data)
        narrow: Any = _probe.parse_request(data, **{limit: number % 40 + 1})
        check_head(data, narrow, (-400, -414, -505))
        if isinstance(narrow, dict):
            assert narrow == wide


class Message:
    """What llhttp made of the first message."""

    def __init__(self) -> None:
        self.url = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.messages = 0

    def on_url(self, url: bytes) -> None:
        if self.messages == 0:
            self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.messages == 0:
            self.fields.append((name, value.rstrip(b" \t")))

    def on_body(self, body: bytes) -> None:
        if self.messages == 0:
            self.body += body

    def on_message_complete(self) -> None:
        self.messages += 1


def test_what_two_parsers_take_they_read_alike() -> None:
    """Where llhttp and we both take a request, head and body are the same."""
    compared = 0
    for data in mutants("requests.json", 6):
        found: Any = _probe.parse_request(data)
        if not isinstance(found, dict) or isinstance(found["framing"], tuple):
            continue
        if found["minor"] == 9 or found["method"] == b"CONNECT" or found["upgrade"]:
            continue
        message = Message()
        try:
            httptools.HttpRequestParser(message).feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if message.messages == 0:
                continue
        body = data[found["length"] :]
        framing = found["framing"]
        if framing["body"] == "chunked":
            body, _, end = _probe.decode_chunks([body])
            assert (end == "done") == (message.messages > 0)
        else:
            body = body[: framing["length"]]
            complete = len(body) == framing["length"]
            assert complete == (message.messages > 0)
        if message.messages == 0:
            continue
        compared += 1
        assert message.url == found["target"]
        # Trailers are fields to llhttp.
        assert message.fields[: len(found["fields"])] == found["fields"]
        assert message.body == body
    assert compared > ROUNDS // 40
