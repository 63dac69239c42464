"""Requests whose end two readers might see in different places, drawn from a seed.

A request is built of a request line, fields and a body; a draw goes wrong in one of
them, rarely in more. What it is worth is not said here: the strict reader judges the
bytes. Only what is certainly good is marked, because it must be served.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

BLOB = random.Random(11).randbytes(1 << 20)
# Sizes of the buffers of the core, and where it changes its mind about a body.
EDGES = (4096, 8192, 16384, 16336, 65536, 73728, 73680, 131072, 262144, 262096)
CODINGS = [
    b"chunked", b"Chunked", b"CHUNKED", b"chunked ", b"chunked\t", b" chunked",
    b"\tchunked", b"\x0bchunked", b"chunked\x0b", b"\x0cchunked", b"chunked\x00",
    b"\x00chunked", b"chunked\xa0", b"\xa0chunked", b"chunked,", b",chunked",
    b", chunked", b"chunked,chunked", b"chunked, chunked", b"chunked, identity",
    b"identity, chunked", b"identity", b"gzip, chunked", b"gzip,chunked", b"gzip",
    b"deflate, gzip, chunked", b"chunked;q=1", b"chunked; q=0.5", b"chunked;",
    b"chunked=1", b'"chunked"', b"'chunked'", b"chunke", b"chunkedd", b"xchunked",
    b"x chunked", b"chunked x", b"chu nked", b"chunked\r", b"\rchunked",
    b"chunked\n", b"\nchunked", b"\r\n chunked", b"\r\n\tchunked", b"chunked\r\n ",
    b"\r\n chunked\r\n x", b"chunked\r\n , identity", b"", b" ", b",", b"none",
    b"Chunked, Chunked", b"chunked/1.0", b"x, chunked", b"x,chunked", b"-chunked",
    b"chunked\x7f", b"\xef\xbb\xbfchunked", b"ch\xc3\xbcnked", b"chun\r\n ked",
    b"trailers, chunked", b"chunked, gzip", b"cow", b"1", b"0", b"identity;q=1",
]  # fmt: skip
CODING_NAMES = [
    b"Transfer-Encoding", b"transfer-encoding", b"TRANSFER-ENCODING",
    b"Transfer-Encoding ", b"Transfer-Encoding\t", b" Transfer-Encoding",
    b"\tTransfer-Encoding", b"Transfer_Encoding", b"Transfer-Encoding\x00",
    b"\x00Transfer-Encoding", b"Transfer\x00-Encoding", b"X: y\rTransfer-Encoding",
    b"X: y\nTransfer-Encoding", b"X: y\r\n Transfer-Encoding", b"Transfer-Encoding:",
    b"Transfer-Encodin\xc7", b"Content-Encoding", b"TransferEncoding", b"TE",
    b"X\r\nTransfer-Encoding", b"Transfer-Encoding\r\n ", b"Transfer-Encoding\x0b",
]  # fmt: skip
LENGTH_NAMES = [
    b"Content-Length", b"content-length", b"CONTENT-LENGTH", b"Content-Length ",
    b" Content-Length", b"Content-Length\t", b"Content_Length", b"Content-Length\x00",
    b"X: y\nContent-Length", b"X: y\rContent-Length", b"X: y\r\n Content-Length",
    b"\x0bContent-Length", b"Content-Lenght", b"Content-Length:", b"Content Length",
]  # fmt: skip
LENGTHS = [
    b"%d", b"0%d", b"000%d", b"+%d", b"-%d", b" %d", b"%d ", b"\t%d", b"%d\t",
    b"%d\x0b", b"\x0b%d", b"%d\x00", b"0x%x", b"%x", b"%d, %d", b"%d,%d", b"%d,",
    b",%d", b"%d;", b"%d.0", b"%de0", b"%d e", b"\r\n %d", b"%d\r\n ", b"%d\r\n x",
    b"", b" ", b"-1", b"0", b"18446744073709551616", b"9223372036854775808",
    b"9223372036854775807", b"18446744073709551617", b"4294967296", b"4294967297",
    b"%d\r", b"\r%d", b"%d\n", b"\n%d", b"'%d'", b'"%d"', b"%d 1", b"1%d", b"_%d",
    b"%d_0", b"\xb2%d", b"0b%d", b"0o%d", b"%d, 0", b"0, %d", b"chunked", b"NaN",
]  # fmt: skip
CHUNK_SIZES = [
    b"%x", b"%X", b"0%x", b"0000000000%x", b"+%x", b"-%x", b"0x%x", b"%x ", b" %x",
    b"%x\t", b"\t%x", b"%x;", b"%x;a=b", b'%x;a="b"', b"%x ; a=b", b"%x;a=b;c", b"%xg",
    b"%x\x00", b"%x\r", b"%x;\r", b"%x;\n", b"%x;a\nb", b"%x;a\rb", b'%x;a="\r\n"',
    b"%x\x0b", b"%x,%x", b"%x %x", b"", b"1000000000000000%x", b"f%016x",
    b"ffffffffffffffff%x", b"%x;\x00", b"%x;\xff", b"0x", b"x%x", b"%x.0", b"%xh",
    b"00000000000000000000000000000000000%x", b"%x\n", b"%x;" + b"e" * 900,
    b"%x;" + b"e" * 1030, b"_%x", b"%x_0", b"'%x'", b"\xef\xbc\x91%x",
]  # fmt: skip
LINE_ENDS = [
    b"\r\n",
    b"\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\r\n",
    b"\n\r",
    b"",
    b"\r\n\n",
]
TRAILERS = [
    b"", b"X-Trailer: 1\r\n", b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Host: evil.example\r\n",
    b"X: y\r\nZ: w\r\n", b"X : y\r\n", b" X: y\r\n",
    b"X: y\n", b"X\r\n", b": y\r\n", b"X: y\r\n z\r\n", b"X: \x00\r\n", b"X: a\rb\r\n",
    b"X: y\n\n", b"GET / HTTP/1.1\r\n", b"X: " + b"t" * 17000 + b"\r\n", b"\n",
]  # fmt: skip
VERSIONS = [
    b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/9.9",
    b"http/1.1", b"HTTP/1.01", b"HTTP/01.1", b"HTTP/1", b"HTTP/1.", b"HTTP/.1",
    b"HTTP/1.1 ", b"HTTP/ 1.1", b"HTTP/1.1\t", b"HTTP/1,1", b"HTTPS/1.1", b"",
    b"HTTP/1.1\x00", b"HTTP/11", b"HTTP/-1.1", b"HTTP/1.1 HTTP/1.1", b"HTTP/3.0",
    b"HTTP/2", b"XTTP/1.1", b"HTTP/1.10", b"ICY/1.0", b"HTTP/1.\xb1",
]  # fmt: skip
METHODS = [b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"FOO"]
ODD_METHODS = [
    b"get", b"GE T", b"", b"G\x00T", b"TRACE", b"CONNECT", b"PRI", b"\xffGET",
    b"GET\t", b"M-SEARCH", b"A" * 300, b"GET,POST", b"(GET)", b"PROPFIND", b"*",
]  # fmt: skip
NOMINEES = [
    b"close", b"keep-alive", b"X-A", b"x-b", b"Host", b"Content-Length", b"TE",
    b"Transfer-Encoding", b"Connection", b"Upgrade", b"Cookie", b"X-Forwarded-For",
    b"X-Forwarded-Host", b"Expect", b"Trailer", b"", b" ", b"x y", b"Content-Type",
    b"Authorization", b"X-Forwarded-Server", b"Max-Forwards", b"Via", b"upgrade",
    b"Keep-Alive", b"Proxy-Connection", b"\xff", b'"close"', b"close;q=1", b"Range",
]  # fmt: skip
AUTHORITIES = [
    b"other.example", b"other.example:80", b"other.example:8080", b"[::1]",
    b"[::1]:80", b"u:p@other.example", b"other.example:", b"", b"a b", b"a,b",
    b"other.example.", b"127.0.0.1", b"OTHER.example", b"other.example:99999",
    b"x" * 63 + b".example", b"a..b", b"-a.example", b"a_b.example", b"a%41.example",
    b"other.example\\@x", b"[::1", b"::1", b"other.example:80:80", b"*", b".",
]  # fmt: skip
UPGRADES = [
    b"websocket", b"h2c", b"WebSocket", b"websocket, h2c", b"TLS/1.0", b"", b"x",
    b"websocket\x0b", b"HTTP/2.0",
]  # fmt: skip
EXPECTS = [
    b"100-continue", b"100-Continue", b"100-CONTINUE", b" 100-continue ", b"",
    b"100-continue, x", b"200-ok", b"100", b"100-continue\x00", b"x=y",
]  # fmt: skip
SPICE = [
    b"\r\n", b"\n", b"\r", b"\0", b"\t", b" ", b":", b",", b";", b"/", b"#", b"?",
    b"@", b"%00", b"%0d%0a", b"\x7f", b"\x80", b"\xff", b"0", b"-", b"+", b"\r\n ",
    b"\r\n\r\n", b"\n\n", b"HTTP/1.1", b"http://", b"Content-Length: 1\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n", b"Connection: close\r\n",
    b"99999999999999999999", b"0\r\n\r\n", b"Expect: 100-continue\r\n",
]  # fmt: skip


@dataclass(slots=True)
class Draft:
    """A request before it is bytes. good: it must be served."""

    method: bytes = b"GET"
    target: bytes = b"/"
    version: bytes = b"HTTP/1.1"
    fields: list[bytes] = field(default_factory=list)
    body: bytes = b""
    good: bool = True
    host: bytes = b"Host: h.example"

    def encode(self) -> bytes:
        lines = [b"%s %s %s" % (self.method, self.target, self.version)]
        if self.host:
            lines.append(self.host)
        return b"\r\n".join([*lines, *self.fields, b"", self.body])


class Framings:
    """Draws whole streams; see draw()."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.number = 0
        self.kinds = [
            (30, self.lengths_and_codings),
            (20, self.chunk_forms),
            (10, self.sizes),
            (8, self.absolute),
            (8, self.nominated),
            (5, self.expecting),
            (4, self.upgrading),
            (6, self.line_ends),
            (5, self.request_lines),
            (2, self.many_fields),
        ]
        self.draws = [k for weight, k in self.kinds for _ in range(weight)]

    def draw(self) -> tuple[int, bytes, bool]:
        """(number, bytes, whether all of it must be served)."""
        self.number += 1
        pick = self.chance.random
        drafts = []
        if pick() < 0.4:
            drafts.append(self.plain(0))
        attack = self.chance.choice(self.draws)(1)
        drafts.append(attack)
        if pick() < 0.2:
            drafts.append(self.chance.choice(self.draws)(2))
        drafts.append(self.plain(8))
        if pick() < 0.5:
            drafts.append(self.plain(9))
            if pick() < 0.5:
                drafts[-1].fields.append(b"Connection: close")
        data = b"".join(draft.encode() for draft in drafts)
        good = all(draft.good for draft in drafts)
        if pick() < 0.12:
            good = False
            data = self.mutated(data)
        return self.number, data, good

    def pieces(self, data: bytes) -> list[bytes]:
        """Cut somewhere, or not."""
        chance = self.chance
        kind = chance.random()
        if kind < 0.7 or len(data) < 2:
            return [data]
        if kind < 0.9:
            at = chance.randrange(1, len(data))
            return [data[:at], data[at:]]
        if kind < 0.97 or len(data) > 600:
            cuts = sorted(
                chance.randrange(len(data)) for _ in range(chance.randrange(2, 9))
            )
            ends = [0, *cuts, len(data)]
            return [data[a:b] for a, b in itertools.pairwise(ends) if a < b]
        return [data[n : n + 1] for n in range(len(data))]

    def mutated(self, data: bytes) -> bytes:
        chance = self.chance
        out = bytearray(data)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
            # Mostly in heads: large bodies hide what happens.
            at = min(chance.randrange(len(out) + 1), chance.randrange(3000))
            until = min(len(out), at + chance.choice((0, 0, 1, 1, 4, 20)))
            kind = chance.randrange(4)
            if kind == 0:
                out[at:until] = chance.choice(SPICE)
            elif kind == 1:
                out[at:until] = b""
            elif kind == 2:
                out[at:at] = out[at:until] * chance.choice((1, 2, 30))
            elif at < len(out):
                out[at] ^= 1 << chance.randrange(8)
        return bytes(out)

    # parts

    def target(self, index: int) -> bytes:
        # With a checksum: no slip makes one stream's target of another's.
        return b"/%x_%04x.%d" % (self.number, self.number * 40503 & 0xFFFF, index)

    def hidden(self, index: int) -> bytes:
        """A request within a body: whoever answers it has been smuggled to."""
        return b"GET %s.h HTTP/1.1\r\nHost: h.example\r\n\r\n" % self.target(index)

    def plain(self, index: int) -> Draft:
        draft = Draft(target=self.target(index))
        if self.chance.random() < 0.25:
            draft.method = b"POST"
            draft.body = self.payload(index, self.chance.choice((0, 1, 17, 300)))
            draft.fields = [b"Content-Length: %d" % len(draft.body)]
        return draft

    def payload(self, index: int, size: int) -> bytes:
        at = self.chance.randrange(1 << 19)
        data = BLOB[at : at + size]
        if size > 60 and self.chance.random() < 0.5:
            hidden = self.hidden(index)
            if self.chance.random() < 0.3:
                hidden = b"0\r\n\r\n" + hidden
            data = (hidden + data)[:size]
        return data

    def small(self) -> int:
        return self.chance.choice((0, 1, 2, 5, 15, 16, 17, 60, 70, 100, 255, 256, 1000))

    def edge(self) -> int:
        """A size near one at which something changes."""
        edge = self.chance.choice(EDGES[: 5 if self.chance.random() < 0.8 else None])
        return max(
            0, edge + self.chance.choice((-1, 0, 1, self.chance.randint(-260, 70)))
        )

    def chunks(self, payload: bytes) -> bytes:
        """Well-formed, in pieces of any size."""
        out = []
        at = 0
        while at < len(payload):
            size = self.chance.choice((1, 7, 16, 100, 4096, 16384, 70000, 1 << 20))
            piece = payload[at : at + size]
            at += size
            out.append(b"%x\r\n%s\r\n" % (len(piece), piece))
            if len(out) > 60 and at < len(payload):
                out.append(b"%x\r\n%s\r\n" % (len(payload) - at, payload[at:]))
                break
        return b"".join(out) + b"0\r\n\r\n"

    # attacks

    def lengths_and_codings(self, index: int) -> Draft:
        """Each spelling of the one beside each of the other."""
        chance = self.chance
        payload = self.payload(index, self.small())
        chunked = self.chunks(payload)
        body = chance.choice((payload, chunked, chunked + self.hidden(index)))
        lines = []
        if chance.random() < 0.85:
            names = CODING_NAMES if chance.random() < 0.3 else CODING_NAMES[:3]
            values = CODINGS if chance.random() < 0.7 else CODINGS[:1]
            for _ in range(chance.choice((1, 1, 1, 2))):
                name, value = chance.choice(names), chance.choice(values)
                lines.append(name + b": " + value)
        if chance.random() < 0.6:
            names = LENGTH_NAMES if chance.random() < 0.3 else LENGTH_NAMES[:3]
            values = LENGTHS if chance.random() < 0.7 else LENGTHS[:1]
            size = chance.choice((len(body), len(payload), 0, 5, len(body) + 1))
            for _ in range(chance.choice((1, 1, 1, 2))):
                value = chance.choice(values)
                if b"%" in value:
                    value = value % ((size,) * value.count(b"%"))
                lines.append(b"%s: %s" % (chance.choice(names), value))
        chance.shuffle(lines)
        version = b"HTTP/1.0" if chance.random() < 0.1 else b"HTTP/1.1"
        return Draft(
            method=chance.choice(METHODS),
            target=self.target(index),
            version=version,
            fields=lines,
            body=body,
            good=False,
        )

    def chunk_forms(self, index: int) -> Draft:
        """A chunked body with one odd size, line end or trailer."""
        chance = self.chance
        draft = Draft(
            method=chance.choice((b"POST", b"PUT", b"GET")),
            target=self.target(index),
            fields=[b"Transfer-Encoding: chunked"],
            good=False,
        )
        out = []
        odd = chance.randrange(4)
        for n in range(chance.choice((1, 1, 2, 3))):
            size = self.edge() if chance.random() < 0.03 else self.small() or 1
            data = self.payload(index, size)
            form, end, behind = CHUNK_SIZES[0], b"\r\n", b"\r\n"
            if odd == 0 and n == 0:
                form = chance.choice(CHUNK_SIZES)
            elif odd == 1 and n == 0:
                end = chance.choice(LINE_ENDS)
                behind = chance.choice(LINE_ENDS)
            if odd == 2 and n == 0 and chance.random() < 0.5:
                size = max(0, size + chance.choice((-1, 1, -2, 2, 10)))
            if b"%" in form:
                form = form % ((size,) * form.count(b"%"))
            out.append(form + end + data + behind)
        last = chance.choice(
            (b"0", b"0", b"0", b"00", b"000000", b"0;x", b"0 ", b"-0", b"")
        )
        end = chance.choice(LINE_ENDS) if odd == 3 else b"\r\n"
        trailers = chance.choice(TRAILERS) if odd != 1 else b""
        out.append(last + end + trailers + b"\r\n")
        draft.body = b"".join(out)
        return draft

    def sizes(self, index: int) -> Draft:
        """Good bodies of every size around every buffer's size."""
        chance = self.chance
        payload = self.payload(index, self.edge())
        draft = Draft(
            method=chance.choice((b"POST", b"PUT")), target=self.target(index)
        )
        if chance.random() < 0.4:
            draft.fields.append(b"X-Pad: " + b"p" * chance.randrange(8000))
        if chance.random() < 0.5:
            draft.fields.append(b"Content-Length: %d" % len(payload))
            draft.body = payload
        else:
            draft.fields.append(b"Transfer-Encoding: chunked")
            draft.body = self.chunks(payload)
        if chance.random() < 0.1:
            draft.fields.append(b"Expect: 100-continue")
        return draft

    def absolute(self, index: int) -> Draft:
        """Absolute targets of every length, whose authority takes the place of Host."""
        chance = self.chance
        size = self.edge() if chance.random() < 0.3 else self.small()
        draft = Draft(
            method=b"POST",
            body=self.payload(index, size),
            good=False,
        )
        authority = chance.choice(AUTHORITIES)
        kind = chance.random()
        if kind < 0.3:
            authority = b"a" * chance.choice((1, 10, 250, 1000, 7000, 8100))
            draft.good = True
        elif kind < 0.5:
            authority = b"other.example"
            draft.good = True
        scheme = chance.choice(
            (b"http", b"http", b"HTTP", b"https", b"ftp", b"httpx", b"")
        )
        if scheme not in (b"http", b"HTTP", b"https"):
            draft.good = False
        draft.target = scheme + b"://" + authority + self.target(index)
        if len(draft.target) > 8000:
            draft.good = False
        if chance.random() < 0.5:
            draft.fields.append(b"Content-Length: %d" % len(draft.body))
        else:
            draft.fields.append(b"Transfer-Encoding: chunked")
            draft.body = self.chunks(draft.body)
        return draft

    def nominated(self, index: int) -> Draft:
        """Connection names fields that it may, and others that it may not."""
        chance = self.chance
        count = chance.choice((1, 1, 2, 3, 5, 60, 64, 65, 66, 70, 120))
        if count > 10 and chance.random() < 0.7:
            names = [b"x-%d" % n for n in range(count)] + [b"X-A", b"Cookie"]
        else:
            names = [chance.choice(NOMINEES) for _ in range(count)]
        comma = chance.choice((b",", b", ", b" , ", b",,", b"\t,\t", b";", b"\r\n ,"))
        draft = Draft(
            method=b"POST",
            target=self.target(index),
            fields=[
                b"X-A: 1", b"X-B: 2", b"Cookie: c=3",
                b"Connection: " + comma.join(names),
            ],
            body=self.payload(index, self.small()),
            good=False,
        )  # fmt: skip
        if chance.random() < 0.3:
            draft.fields.append(b"Connection: " + chance.choice(NOMINEES))
        if chance.random() < 0.7:
            draft.fields.append(b"Content-Length: %d" % len(draft.body))
        else:
            draft.fields.append(b"Transfer-Encoding: chunked")
            draft.body = self.chunks(draft.body)
        chance.shuffle(draft.fields)
        return draft

    def expecting(self, index: int) -> Draft:
        chance = self.chance
        size = self.edge() if chance.random() < 0.3 else self.small()
        payload = self.payload(index, size)
        value = chance.choice(EXPECTS) if chance.random() < 0.5 else EXPECTS[0]
        draft = Draft(
            method=chance.choice((b"POST", b"PUT", b"GET")),
            target=self.target(index),
            fields=[b"Expect: " + value],
            good=value in EXPECTS[:3],
        )
        if chance.random() < 0.5:
            draft.fields.append(b"Content-Length: %d" % len(payload))
            draft.body = payload
        else:
            draft.fields.append(b"Transfer-Encoding: chunked")
            draft.body = self.chunks(payload)
        chance.shuffle(draft.fields)
        return draft

    def upgrading(self, index: int) -> Draft:
        chance = self.chance
        draft = Draft(
            method=chance.choice((b"GET", b"POST")),
            target=self.target(index),
            fields=[
                b"Upgrade: " + chance.choice(UPGRADES),
                b"Connection: " + chance.choice((b"upgrade", b"Upgrade, x-a", b"x-a")),
                b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
            ],
            good=False,
        )
        if draft.method == b"POST":
            draft.body = self.payload(index, self.small())
            draft.fields.append(b"Content-Length: %d" % len(draft.body))
        return draft

    def line_ends(self, index: int) -> Draft:
        """A bare CR, LF or NUL, or a fold, somewhere in the fields."""
        chance = self.chance
        odd = chance.choice((
            b"\r", b"\n", b"\x00", b"\r\n ", b"\r\n\t", b"\n ", b"\r ", b"\r\r\n",
            b"\r\n \r\n", b"\x0b", b"\x85", b"\r\n: ", b"\r\n\x00",
        ))  # fmt: skip
        payload = self.payload(index, self.small())
        lines = [
            b"X-A: a%sContent-Length: %d" % (odd, chance.choice((0, len(payload)))),
            b"X-B: b%sTransfer-Encoding: chunked" % odd,
            b"X-C:%sc" % odd,
            b"X-D%s: d" % odd,
            b"%sX-E: e" % odd,
        ]
        draft = Draft(method=b"POST", target=self.target(index), good=False)
        draft.fields = chance.sample(lines, chance.choice((1, 1, 2)))
        draft.fields.append(b"Content-Length: %d" % len(payload))
        chance.shuffle(draft.fields)
        draft.body = payload
        return draft

    def request_lines(self, index: int) -> Draft:
        chance = self.chance
        draft = Draft(target=self.target(index), good=False)
        kind = chance.randrange(5)
        if kind == 0:
            draft.version = chance.choice(VERSIONS)
        elif kind == 1:
            draft.method = chance.choice(ODD_METHODS)
        elif kind == 2:
            draft.target += chance.choice((
                b" ", b"\t", b"\x00", b"#x", b"?a b", b"\r", b"\n", b"%0d%0a", b"\xff",
                b" HTTP/1.1\r\nX: y", b"?" + b"q" * 8190, b"q" * chance.randrange(9000),
            ))  # fmt: skip
        elif kind == 3:
            draft.host = chance.choice((
                b"", b"Host:", b"Host: a\r\nHost: b", b"Host: a,b", b"Host : a",
                b"Host: a b", b"host: h.example", b"Host: h.example\x00", b"Host: /",
                b"Host: h.example:80", b"Host: @h", b"Host: [::1]", b"Host: h\xffx",
            ))  # fmt: skip
            draft.version = chance.choice((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0"))
        else:
            draft.version = b"HTTP/1.0"
            draft.good = True
            draft.fields = [b"Connection: keep-alive"]
        return draft

    def many_fields(self, index: int) -> Draft:
        chance = self.chance
        count = chance.choice((10, 60, 90, 98, 99, 100, 101, 150, 256, 300))
        draft = Draft(target=self.target(index), good=count < 90)
        size = chance.choice((1, 20, 80, 2000 if count < 99 else 20))
        draft.fields = [b"X-%d: %s" % (n, b"v" * size) for n in range(count)]
        return draft
