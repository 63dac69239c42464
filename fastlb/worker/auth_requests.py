"""AuthRequest: another server is asked whether a request may pass.

It gets a GET with the request's fields on a connection of its own. What it says is
read within bounds; whatever is no plain answer counts as none, which is 500.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from string import ascii_letters, digits
from typing import Final

from fastlb._core import Request
from fastlb.facts.rules import AuthRequest

ASKED_MAX: Final = 256  # at once, of one worker; beyond that 503
HEAD_BYTES_MAX: Final = 32768
FIELDS_BYTES_MAX: Final = 16384  # that are passed on
INTERIM_MAX: Final = 5
# Of this connection, of a body, or written anew.
LEFT_OUT: Final = frozenset(
    b"connection keep-alive proxy-connection proxy-authorization te trailer"
    b" transfer-encoding upgrade content-length expect host x-original-uri"
    b" x-original-method x-forwarded-method x-forwarded-proto x-forwarded-host"
    b" x-forwarded-uri x-forwarded-for".split()
)
NOT_FOR_CLIENTS: Final = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "te", "trailer"),
        *("transfer-encoding", "upgrade", "content-length", "content-type"),
        *("content-encoding", "content-language", "date", "server"),
    )
)
VERSIONS: Final = (b"HTTP/1.0", b"HTTP/1.1")
TOKEN: Final = frozenset(b"!#$%&'*+-.^_`|~" + ascii_letters.encode() + digits.encode())
TEXT: Final = frozenset({0x09, *range(0x20, 0x7F), *range(0x80, 0x100)})

Field = tuple[str, str]
Told = tuple[int, list[Field]]


def question(asked: AuthRequest, request: Request, scheme: str) -> bytes:
    """The head that is sent."""
    sent = {name.lower(): value for name, value in request.headers}
    options = sent.get(b"connection", b"").lower().split(b",")
    left_out = LEFT_OUT | {option.strip() for option in options}
    before = sent.get(b"x-forwarded-for", b"").decode("latin-1")
    host = sent.get(b"host", b"").decode("latin-1") or request.host_name
    lines = [
        f"GET {asked.path} HTTP/1.1",
        f"Host: {asked.authority}",
        "Connection: close",
        f"X-Original-URI: {request.target}",
        f"X-Original-Method: {request.method}",
        f"X-Forwarded-Method: {request.method}",
        f"X-Forwarded-Proto: {scheme}",
        f"X-Forwarded-Host: {host}",
        f"X-Forwarded-Uri: {request.target}",
        f"X-Forwarded-For: {before}{', ' if before else ''}{request.client_host}",
    ]
    head = "\r\n".join(lines).encode("latin-1")
    fields = b"".join(
        b"\r\n" + name + b": " + value
        for name, value in request.headers
        if name.lower() not in left_out
    )
    return head + fields + b"\r\n\r\n"


def read(head: bytes) -> Told | None:
    """Status and fields; None: it is no head."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    version, _, rest = first.partition(b" ")
    status, _, reason = rest.partition(b" ")
    is_status = len(status) == 3 and status.isdigit() and 100 <= int(status) < 600
    if version not in VERSIONS or not is_status or not TEXT.issuperset(reason):
        return None
    fields: list[Field] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        is_field = name and colon and TOKEN.issuperset(name)
        if not is_field or not TEXT.issuperset(value):
            return None
        fields.append((name.decode(), value.decode("latin-1").strip(" \t")))
    return int(status), fields


async def told_by(asked: AuthRequest, head: bytes) -> Told | None:
    """What it answers. Raises OSError and its like."""
    reader, writer = await asyncio.open_connection(
        asked.host, asked.port, limit=HEAD_BYTES_MAX
    )
    try:
        writer.write(head)
        await writer.drain()
        for _ in range(INTERIM_MAX):
            told = read(await reader.readuntil(b"\r\n\r\n"))
            if told is None or told[0] >= 200:
                return told
        return None
    finally:
        writer.close()


def passed_on(told: Told, names: Iterable[str]) -> bytes:
    """Its fields for a member, or for the client, as the core takes them."""
    status, fields = told
    wanted = {name.lower() for name in names}
    if 200 <= status < 300:
        kept = [(name, value) for name, value in fields if name.lower() in wanted]
    else:
        kept = [(n, v) for n, v in fields if n.lower() not in NOT_FOR_CLIENTS]
    return "".join(f"{name}\0{value}\0" for name, value in kept).encode("latin-1")


async def ask(
    asked: AuthRequest,
    names: Sequence[str],
    request: Request,
    scheme: str,
    timeout_s: float,
) -> tuple[int, bytes]:
    """Status (0: there was no answer) and fields."""
    try:
        async with asyncio.timeout(timeout_s):
            told = await told_by(asked, question(asked, request, scheme))
    except (OSError, EOFError, asyncio.LimitOverrunError):
        return 0, b""
    if told is None:
        return 0, b""
    fields = passed_on(told, names)
    return (told[0], fields) if len(fields) <= FIELDS_BYTES_MAX else (0, b"")
