"""AJP 1.3 as a container sees it: what is sent to it, and what it sends, as bytes.

    asked = forwarded(packet)       # of the content of a FORWARD_REQUEST
    asked.method, asked.uri, asked.fields, asked.attributes

Read by itself, and by nothing of fastlb: what the two understand otherwise is a fault
of one of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field


def _words(text: str) -> list[str]:
    return text.split()


METHODS = _words("""
OPTIONS GET HEAD POST PUT DELETE TRACE PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK
ACL REPORT VERSION-CONTROL CHECKIN CHECKOUT UNCHECKOUT SEARCH MKWORKSPACE UPDATE LABEL
MERGE BASELINE-CONTROL MKACTIVITY
""")
ASKED_FIELDS = _words("""
accept accept-charset accept-encoding accept-language authorization connection
content-type content-length cookie cookie2 host pragma referer user-agent
""")
ANSWER_FIELDS = _words("""
Content-Type Content-Language Content-Length Date Last-Modified Location Set-Cookie
Set-Cookie2 Servlet-Engine Status WWW-Authenticate
""")
ATTRIBUTES = {
    1: "context",
    2: "servlet_path",
    3: "remote_user",
    4: "auth_type",
    5: "query_string",
    6: "jvm_route",
    7: "ssl_cert",
    8: "ssl_cipher",
    9: "ssl_session",
    11: "ssl_key_size",
    12: "secret",
    13: "stored_method",
}

CPING = b"\x124\x00\x01\x0a"
CPONG = b"AB\x00\x01\x09"


def packet(content: bytes) -> bytes:
    """From the member."""
    return b"AB" + struct.pack(">H", len(content)) + content


def string(text: str | bytes) -> bytes:
    data = text.encode("latin-1") if isinstance(text, str) else text
    return struct.pack(">H", len(data)) + data + b"\0"


def headers(
    status: int = 200,
    fields: Iterable[tuple[str, str]] = (),
    *,
    reason: str = "OK",
) -> bytes:
    """SEND_HEADERS; names that have a number are sent as that."""
    rows = list(fields)
    content = bytearray(b"\x04" + struct.pack(">H", status) + string(reason))
    content += struct.pack(">H", len(rows))
    for name, said in rows:
        if name in ANSWER_FIELDS:
            content += struct.pack(">H", 0xA001 + ANSWER_FIELDS.index(name))
        else:
            content += string(name)
        content += string(said)
    return packet(bytes(content))


def piece(data: bytes) -> bytes:
    """SEND_BODY_CHUNK."""
    return packet(b"\x03" + struct.pack(">H", len(data)) + data + b"\0")


def ended(*, reuse: bool = True) -> bytes:
    """END_RESPONSE."""
    return packet(bytes((5, reuse)))


def wanted(count: int = 8186) -> bytes:
    """GET_BODY_CHUNK."""
    return packet(b"\x06" + struct.pack(">H", count))


def answered(body: bytes = b"ok", *fields: tuple[str, str], status: int = 200) -> bytes:
    """A whole answer, of known length."""
    rows = [("Content-Length", str(len(body))), *fields]
    pieces = [piece(body[n : n + 8184]) for n in range(0, len(body), 8184)]
    return headers(status, rows) + b"".join(pieces) + ended()


@dataclass
class Forwarded:
    """A FORWARD_REQUEST."""

    method: str = ""
    protocol: str = ""
    uri: str = ""
    remote: str = ""
    remote_host: str | None = None
    server: str = ""
    port: int = 0
    is_ssl: bool = False
    fields: list[tuple[str, str]] = field(default_factory=list)
    attributes: dict[str, str | int] = field(default_factory=dict)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        self.at += 2
        return int.from_bytes(self.data[self.at - 2 : self.at], "big")

    def text(self) -> str | None:
        length = self.number()
        if length == 0xFFFF:
            return None
        said = self.data[self.at : self.at + length]
        assert len(said) == length, "a string goes beyond its packet"
        self.at += length
        assert self.byte() == 0, "a string does not end with NUL"
        return said.decode("latin-1")

    def word(self) -> str:
        said = self.text()
        assert said is not None
        return said


def forwarded(content: bytes) -> Forwarded:
    """Of the content of a packet; fails where it is not one as it must be."""
    r = _Reader(content)
    assert r.byte() == 2, content[:20]
    number = r.byte()
    out = Forwarded(method=METHODS[number - 1] if number != 0xFF else "")
    out.protocol, out.uri, out.remote = r.word(), r.word(), r.word()
    out.remote_host, out.server = r.text(), r.word()
    out.port, out.is_ssl = r.number(), bool(r.byte())
    for _ in range(r.number()):
        coded = content[r.at] == 0xA0
        name = ASKED_FIELDS[r.number() - 0xA001] if coded else r.word()
        out.fields.append((name.lower(), r.word()))
    while (kind := r.byte()) != 0xFF:
        if kind == 10:
            name = r.word()
            out.attributes[name] = r.word()
        elif kind == 11:
            out.attributes["ssl_key_size"] = r.number()
        else:
            out.attributes[ATTRIBUTES[kind]] = r.word()
    assert r.at == len(content), "bytes behind the end"
    out.method = out.method or str(out.attributes["stored_method"])
    return out
