"""The strict reader of the tests: HTTP/1.x as RFC 9110 and 9112 write it, no kindness.

It shares nothing with the core and knows no buffer: it has all bytes at once. A stream
is read as messages up to the first one that is malformed, not whole, or the last of
its connection; what lies behind that must not have any effect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb"(%s) ([!-~\x80-\xff]+) HTTP/1\.([01])" % TOKEN)
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9]) ([\t -~\x80-\xff]*)")
FIELD = re.compile(rb"(%s):[ \t]*([\t -~\x80-\xff]*)" % TOKEN)
FOLDED = re.compile(rb"[ \t]+[!-~\x80-\xff][\t -~\x80-\xff]*")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[\t -~\x80-\xff]*)?\r\n")
ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]+)(/.*)?", re.DOTALL)
AUTHORITY = re.compile(rb"(?:[A-Za-z0-9._~%!$&'()*+,;=\-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?")
DIGITS = re.compile(rb"[0-9]+")
LENGTH_MAX = 1 << 63
STRAYS_MAX = 2  # empty lines before a request; one should be forgiven (RFC 9112 2.2)
# Fields of one hop (RFC 9110 7.6.1), whether Connection names them or not.
HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
NO_BODY = {204, 304}

Fields = list[tuple[bytes, bytes]]


class MalformedError(Exception):
    """No reader may take these bytes for a message."""


@dataclass(slots=True)
class Message:
    """One request or response. behind: offset of the byte behind it.

    framing: "none", "length", "chunked", "close". complete: False when the body had
    not ended with the bytes that were there, or is malformed.
    """

    fields: Fields
    minor: int
    method: bytes = b""
    target: bytes = b""
    status: int = 0
    framing: str = "none"
    length: int = 0
    body: bytes = b""
    body_at: int = 0
    behind: int = 0
    complete: bool = False
    last: bool = False

    def values(self, name: bytes) -> list[bytes]:
        return [value for known, value in self.fields if known.lower() == name]

    def options(self) -> set[bytes]:
        """What Connection names."""
        found = set()
        for value in self.values(b"connection"):
            found |= {one.strip(b" \t").lower() for one in value.split(b",")}
        return found - {b""}

    def host(self) -> bytes | None:
        """Whom it asks for: the authority of its target, else Host."""
        if (match := ABSOLUTE.fullmatch(self.target)) and self.method != b"CONNECT":
            return match[1]
        hosts = self.values(b"host")
        return hosts[0] if hosts else None

    def path(self) -> bytes:
        match = ABSOLUTE.fullmatch(self.target)
        return (match[2] or b"/") if match else self.target


@dataclass(slots=True)
class Reading:
    """Messages of one stream, and why there are no more.

    end: "clean" all bytes were used, "last" the last message said so, "malformed",
    "cut" the next message is not whole. partial: the head of a message whose body is
    malformed or cut.
    """

    messages: list[Message]
    end: str
    at: int
    partial: Message | None = None
    why: str = ""


def split_head(data: bytes, at: int) -> tuple[list[bytes], int]:
    """Lines of the head at `at`, folded ones joined, and where the body begins.

    No lines: the head is not whole.
    """
    stop = data.find(b"\r\n\r\n", at)
    if stop < 0:
        return [], at
    head = data[at:stop]
    lines = head.split(b"\r\n")
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1:
        raise MalformedError("a bare CR or LF")
    if b"\r\n " in head or b"\r\n\t" in head:
        lines = unfolded(lines)
    return lines, stop + 4


def unfolded(lines: list[bytes]) -> list[bytes]:
    joined: list[bytes] = []
    for line in lines:
        if line[:1] not in (b" ", b"\t"):
            joined.append(line)
            continue
        if len(joined) < 2 or not FOLDED.fullmatch(line):
            raise MalformedError("a fold without a field or a text")
        before = joined[-1].rstrip(b" \t")
        joined[-1] = before + b" " + line.strip(b" \t")
    return joined


def fields_of(lines: list[bytes]) -> Fields:
    found = []
    for line in lines:
        match = FIELD.fullmatch(line)
        if match is None:
            raise MalformedError(f"field line {line[:80]!r}")
        found.append((match[1], match[2].strip(b" \t")))
    return found


def length_of(message: Message) -> int:
    """Content-Length; -1 when there is none."""
    values = message.values(b"content-length")
    if not values:
        return -1
    if len(values) > 1 or not DIGITS.fullmatch(values[0]):
        raise MalformedError("Content-Length")
    digits = values[0].lstrip(b"0") or b"0"
    length = int(digits) if len(digits) < 30 else LENGTH_MAX
    if length >= LENGTH_MAX:
        raise MalformedError("Content-Length beyond 63 bits")
    return length


def is_chunked(message: Message) -> bool:
    """One coding, and alone (RFC 9112 6.1: what else it could mean is refused)."""
    codings = message.values(b"transfer-encoding")
    if not codings:
        return False
    if len(codings) > 1 or codings[0].lower() != b"chunked":
        raise MalformedError("Transfer-Encoding")
    if message.minor == 0 or message.values(b"content-length"):
        raise MalformedError("Transfer-Encoding in HTTP/1.0, or beside Content-Length")
    return True


def read_chunks(data: bytes, at: int) -> tuple[bytes, int]:
    """The payload and the offset behind the end; -1 when it has not come."""
    pieces = []
    while True:
        match = CHUNK_LINE.match(data, at)
        if match is None:
            if chunk_line_may_come(data[at : at + 2048]):
                return b"", -1
            raise MalformedError(f"chunk {data[at : at + 40]!r}")
        size = int(match[1], 16)
        if size >= LENGTH_MAX:
            raise MalformedError("a chunk beyond 63 bits")
        at = match.end()
        if size == 0:
            break
        pieces.append(data[at : at + size])
        at += size
        behind = data[at : at + 2]
        if behind != b"\r\n":
            if b"\r\n".startswith(behind) and at + len(behind) >= len(data):
                return b"", -1
            raise MalformedError("no CRLF behind a chunk")
        at += 2
    while True:
        stop = data.find(b"\n", at)
        if stop < 0:
            return b"", -1
        line = data[at : stop + 1]
        at = stop + 1
        if line == b"\r\n":
            return b"".join(pieces), at
        if line[-2:] != b"\r\n" or not FIELD.fullmatch(line[:-2]):
            raise MalformedError("trailer")


def chunk_line_may_come(data: bytes) -> bool:
    """Could more bytes make a chunk's line of these?"""
    if b"\n" in data or len(data) >= 2048:
        return False
    return (
        re.fullmatch(rb"(?:[0-9A-Fa-f]+(?:[ \t]*(?:;[\t -~\x80-\xff]*)?\r?)?)?", data)
        is not None
    )


def take_body(message: Message, data: bytes) -> None:
    """Fill in the body as its framing says, if it is all there."""
    at = message.body_at
    if message.framing == "none":
        message.behind, message.complete = at, True
    elif message.framing == "length":
        message.behind = at + message.length
        message.complete = message.behind <= len(data)
        message.body = data[at : message.behind]
    elif message.framing == "chunked":
        message.body, message.behind = read_chunks(data, at)
        message.complete = message.behind >= 0
    else:
        message.body, message.behind, message.complete = data[at:], len(data), True


def request_head(data: bytes, at: int) -> Message | None:
    """The head of the request at `at`; None when it is not whole."""
    lines, body_at = split_head(data, at)
    if not lines:
        return None
    match = REQUEST_LINE.fullmatch(lines[0])
    if match is None:
        raise MalformedError(f"request line {lines[0][:80]!r}")
    message = Message(
        fields_of(lines[1:]),
        0 if match[3] in (b"1.0", b"0") else 1,
        method=match[1],
        target=match[2],
        body_at=body_at,
    )
    check_target(message)
    check_host(message)
    if is_chunked(message):
        message.framing = "chunked"
    else:
        message.length = length_of(message)
        if message.length >= 0:
            message.framing = "length"
    options = message.options()
    message.last = b"close" in options or (
        message.minor == 0 and b"keep-alive" not in options
    )
    return message


def check_target(message: Message) -> None:
    """The four forms (RFC 9112 3.2)."""
    target = message.target
    if message.method == b"CONNECT":
        if not AUTHORITY.fullmatch(target):
            raise MalformedError("authority-form")
    elif target[:1] == b"/" or (target == b"*" and message.method == b"OPTIONS"):
        pass
    else:
        match = ABSOLUTE.fullmatch(target)
        if match is None or not AUTHORITY.fullmatch(match[1]):
            raise MalformedError("target")


def check_host(message: Message) -> None:
    hosts = message.values(b"host")
    if len(hosts) > 1 or (message.minor == 1 and not hosts):
        raise MalformedError("Host")
    if hosts and hosts[0] and not AUTHORITY.fullmatch(hosts[0]):
        raise MalformedError("Host")


def read_requests(data: bytes) -> Reading:
    """All requests of one stream."""
    found: list[Message] = []
    at = 0
    message: Message | None = None
    try:
        while True:
            strays = 0
            while data.startswith(b"\r\n", at):
                at += 2
                strays += 1
            if strays > STRAYS_MAX:
                raise MalformedError("empty lines")
            if at == len(data):
                return Reading(found, "cut" if strays > 1 else "clean", at)
            message = None
            message = request_head(data, at)
            if message is None:
                return Reading(found, "cut", at)
            take_body(message, data)
            if not message.complete:
                return Reading(found, "cut", at, message)
            found.append(message)
            at = message.behind
            if message.last:
                return Reading(found, "last", at)
    except MalformedError as error:
        return Reading(found, "malformed", at, message, str(error))


def response_head(data: bytes, at: int, method: bytes) -> Message | None:
    """The head of the response at `at` to a request of that method; None: more."""
    lines, body_at = split_head(data, at)
    if not lines:
        return None
    match = STATUS_LINE.fullmatch(lines[0])
    if match is None:
        raise MalformedError(f"status line {lines[0][:80]!r}")
    message = Message(
        fields_of(lines[1:]), int(match[1]), status=int(match[2]), body_at=body_at
    )
    chunked = is_chunked(message)
    message.length = length_of(message)
    if method == b"HEAD" or message.status < 200 or message.status in NO_BODY:
        message.framing = "none"
    elif chunked:
        message.framing = "chunked"
    else:
        message.framing = "length" if message.length >= 0 else "close"
    message.last = b"close" in message.options() or message.framing == "close"
    return message


def read_responses(data: bytes, methods: list[bytes]) -> Reading:
    """Final responses to requests of these methods, 1xx ones left out.

    A response beyond the last method answers what could not be read: its method is
    taken for GET, and "cut" is no wonder there.
    """
    found: list[Message] = []
    at = 0
    message: Message | None = None
    try:
        while at < len(data):
            method = methods[len(found)] if len(found) < len(methods) else b"GET"
            message = None
            message = response_head(data, at, method)
            if message is None:
                return Reading(found, "cut", at)
            take_body(message, data)
            if not message.complete:
                return Reading(found, "cut", at, message)
            at = message.behind
            if message.status >= 200:
                found.append(message)
                if message.last:
                    return Reading(found, "last" if at < len(data) else "clean", at)
        return Reading(found, "clean", at)
    except MalformedError as error:
        return Reading(found, "malformed", at, message, str(error))


def end_to_end(message: Message) -> Fields:
    """Its fields without those of this hop, and those that Connection names.

    Host is for every recipient: nobody can name it away.
    """
    dropped = (HOP | message.options()) - {b"host"}
    return [(n, v) for n, v in message.fields if n.lower() not in dropped]
