"""Types of the probe: windows into the compiled core for tests."""

from collections.abc import Iterable
from typing import Any, Literal, TypedDict

from fastlb._pcre2 import Pattern

# AGAIN of limits.pxd
Again = Literal[-1]
Refusal = tuple[int, str]  # the status negated, WHY_* in words
Pair = tuple[bytes, bytes]

class Framing(TypedDict):
    body: str  # "none", "length", "chunked", "until close"
    length: int
    close_after: bool

class Request(TypedDict):
    method: bytes
    method_id: int
    target: bytes
    minor: int
    length: int
    fields_at: int
    fields: list[Pair]
    host: bytes | Refusal
    path: bytes  # absent when host is a refusal
    framing: Framing | Refusal
    kept: list[Pair]  # without hop-by-hop fields
    close: bool
    keep_alive: bool
    upgrade: bool
    bytes: bytes  # the input as it is afterwards

class Response(TypedDict):
    status: int
    reason: bytes
    minor: int
    length: int
    fields_at: int
    fields: list[Pair]
    framing: Framing | Refusal
    bytes: bytes

COMPOSE_WAYS: tuple[str, ...]
FIELD_IDS: dict[str, int]
METHOD_IDS: dict[str, int]

def find_end(data: bytes, pieces: Iterable[int] | None = None) -> int: ...
def exceeds(
    data: bytes, pieces: Iterable[int], **options: int
) -> tuple[int, str] | None: ...
def parse_request(data: bytes, **options: int) -> Request | Refusal | Again: ...
def parse_response(
    data: bytes, method: str = "GET", **options: int
) -> Response | Refusal | Again: ...
def has_token(value: bytes, token: bytes) -> bool: ...
def decode_chunks(pieces: Iterable[bytes]) -> tuple[bytes, int, str]: ...
def chunk_head(size: int) -> bytes: ...
def compose(how: str, data: bytes, room: int) -> tuple[bytes, bool]:
    """How: one of COMPOSE_WAYS. What was written into that room, and was it full?"""

def is_terminated(data: bytes, room: int) -> bytes | None: ...
def scan(what: str, data: bytes) -> int | None: ...
def time_head(data: bytes, what: str, rounds: int) -> float: ...
def regex_spans(pattern: Pattern, subject: bytes) -> int | str | list[tuple[int, int]]:
    """0: no match; a text: why it is undecided; else the spans of match and groups."""

def time_regex(
    pattern: Pattern, subject: bytes, rounds: int, groups_wanted: bool
) -> float: ...
def __getattr__(name: str) -> Any: ...  # wrappers of other chapters
def client_hello_of(data: bytes) -> tuple[str, bytes | None]:
    """("more" | "whole" | "plain", server name); data: 1 to 16384 bytes."""
