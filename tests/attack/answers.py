"""What members may say to a request, well or badly, drawn from a seed.

Everything in an answer that belongs to it carries its own token, <token>; what lies
beyond its end, or where no body may be, carries !token!, which no client may ever see.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from .framings import CHUNK_SIZES, CODINGS, EDGES, LENGTHS, LINE_ENDS, TRAILERS

STATUSES = (200, 200, 200, 200, 201, 206, 301, 302, 400, 404, 500, 503)
STORM_MAX = 14


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent, when, and what then.

    good   all of it must reach the client, if any of it does
    early  sent as soon as the head is there
    then   "keep" the connection, "close" or "reset" it
    cut    where it is cut into two sends; 0: nowhere
    """

    data: bytes
    good: bool = False
    early: bool = False
    then: str = "keep"
    cut: int = 0

    def encode(self) -> bytes:
        """With its manner before it, for the corpus."""
        flags = f"{self.good:d}{self.early:d}{self.then[0]}{self.cut} "
        return flags.encode() + self.data

    @staticmethod
    def decode(data: bytes) -> Answer:
        flags, _, rest = data.partition(b" ")
        text = flags.decode()
        then = {"k": "keep", "c": "close", "r": "reset"}[text[2]]
        return Answer(rest, text[0] == "1", text[1] == "1", then, int(text[3:]))


def head(status: int, token: bytes, *fields: bytes, version: bytes = b"1.1") -> bytes:
    lines = [b"HTTP/%s %d Reason" % (version, status), b"X-Echo: <%s>" % token, *fields]
    return b"\r\n".join([*lines, b"", b""])


def filled(token: bytes, size: int, mark: bytes = b"<%s>") -> bytes:
    """So many bytes of tokens; the last one may be cut."""
    one = mark % token
    return (one * (size // len(one) + 1))[:size]


def chunks(data: bytes, step: int) -> bytes:
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


class Answers:
    """Draws answers; see draw()."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        kinds = [
            (30, self.plain),
            (10, self.storm),
            (14, self.bodies_where_none_may_be),
            (12, self.two_in_one),
            (10, self.extra),
            (14, self.framings),
            (8, self.cut_off),
            (6, self.early),
            (4, self.closing),
            (5, self.odd_heads),
        ]
        self.draws = [k for weight, k in kinds for _ in range(weight)]

    def draw(self, token: bytes, method: bytes) -> Answer:
        return self.chance.choice(self.draws)(token, method)

    def size(self) -> int:
        chance = self.chance
        if chance.random() < 0.05:
            edge = chance.choice(EDGES[: 4 if chance.random() < 0.8 else None])
            return max(0, edge + chance.randint(-260, 70))
        return chance.choice((0, 1, 10, 40, 100, 300, 1000, 3000))

    def step(self) -> int:
        return self.chance.choice((7, 100, 1000, 16384, 1 << 20))

    def where(self, data: bytes, *, in_head: bool = False) -> int:
        """A place to cut. What spills must come with the end of its answer: later it
        may meet the next request, and nobody could tell whose it is."""
        if self.chance.random() < 0.8:
            return 0
        return self.chance.randrange(data.find(b"\r\n\r\n") if in_head else len(data))

    def whole(self, token: bytes, method: bytes, *fields: bytes) -> bytes:
        """A good answer; nothing behind it."""
        status = self.chance.choice(STATUSES)
        body = filled(token, self.size())
        if self.chance.random() < 0.5:
            start = head(status, token, b"Content-Length: %d" % len(body), *fields)
        else:
            start = head(status, token, b"Transfer-Encoding: chunked", *fields)
            body = chunks(body, max(self.step(), len(body) // 50))
        return start if method == b"HEAD" else start + body

    def spill(self, token: bytes) -> bytes:
        """Bytes that belong to nothing."""
        chance = self.chance
        mark = b"!%s!" % token
        return chance.choice((
            mark,
            b"HTTP/1.1 200 OK\r\nX-Echo: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (mark, len(mark), mark),
            b"HTTP/1.1 200 OK\r\nX-Echo: " + mark,
            b"\r\n" + mark,
            b"\r\n\r\nHTTP/1.1 200 OK\r\nX-Echo: %s\r\n\r\n%s" % (mark, mark),
            b"HTTP/1.1 100 Continue\r\nX-Echo: %s\r\n\r\n" % mark,
            b"\x00" + mark,
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(mark), mark),
            b"HTTP/1.1 408 Late\r\nX: %s\r\nConnection: close\r\n\r\n" % mark,
        ))  # fmt: skip

    # kinds

    def plain(self, token: bytes, method: bytes) -> Answer:
        data = self.whole(token, method)
        return Answer(data, good=True, cut=self.where(data))

    def storm(self, token: bytes, method: bytes) -> Answer:
        """1xx answers, up to more than are relayed, some with a body."""
        chance = self.chance
        count = chance.randrange(STORM_MAX)
        out = []
        for _ in range(count):
            status = chance.choice((100, 102, 103, 103, 110, 199, 101))
            fields = [chance.choice((b"Link: </x>", b"X: y", b"Content-Length: 5"))]
            out.append(head(status, token, *fields))
            if chance.random() < 0.05:
                out.append(b"!%s!" % token)
        data = b"".join(out) + self.whole(token, method)
        return Answer(data, cut=self.where(data))

    def bodies_where_none_may_be(self, token: bytes, method: bytes) -> Answer:
        chance = self.chance
        mark = filled(token, chance.choice((5, 40, 300, 9000)), b"!%s!")
        status = chance.choice((204, 304, 100, 103, 205, 200))
        if status in (200, 205) and method != b"HEAD":
            status = 204
        fields = chance.choice((
            [b"Content-Length: %d" % len(mark)],
            [b"Transfer-Encoding: chunked"],
            [],
            [b"Content-Length: 0"],
        ))  # fmt: skip
        if fields == [b"Transfer-Encoding: chunked"]:
            mark = chunks(mark, 1 << 20)
        data = head(status, token, *fields) + mark
        if status < 200 and chance.random() < 0.5:
            data += self.whole(token, method)
        return Answer(data, cut=self.where(data, in_head=True))

    def two_in_one(self, token: bytes, method: bytes) -> Answer:
        """A second answer right behind, for whoever comes next."""
        mark = b"!%s!" % token
        second = head(200, mark, b"Content-Length: %d" % len(mark)) + mark
        data = self.whole(token, method) + second * self.chance.choice((1, 1, 2, 30))
        return Answer(data)

    def extra(self, token: bytes, method: bytes) -> Answer:
        return Answer(self.whole(token, method) + self.spill(token))

    def framings(self, token: bytes, method: bytes) -> Answer:
        """Lengths and codings that two readers may take apart."""
        chance = self.chance
        body = filled(token, chance.choice((0, 1, 10, 100, 1000)))
        form = chance.choice(CHUNK_SIZES)
        if b"%" in form:
            form = form % ((len(body),) * form.count(b"%"))
        end, behind = chance.choice(LINE_ENDS), chance.choice(LINE_ENDS)
        body = chance.choice((
            body,
            chunks(body, 64),
            form + b"\r\n" + body + b"\r\n0\r\n\r\n",
            b"%x" % len(body) + end + body + behind + b"0\r\n\r\n",
            chunks(body, 64)[:-2] + chance.choice(TRAILERS) + b"\r\n",
        ))  # fmt: skip
        lines = []
        if chance.random() < 0.7:
            value = chance.choice(CODINGS if chance.random() < 0.6 else CODINGS[:1])
            lines.append(b"Transfer-Encoding: " + value)
        if chance.random() < 0.6:
            value = chance.choice(LENGTHS if chance.random() < 0.6 else LENGTHS[:1])
            size = len(body) + chance.choice((0, 0, -1, 1, 5, -len(body)))
            if b"%" in value:
                value = value % ((max(size, 0),) * value.count(b"%"))
            lines += [b"Content-Length: " + value] * chance.choice((1, 1, 1, 2))
        chance.shuffle(lines)
        version = b"1.0" if chance.random() < 0.1 else b"1.1"
        data = head(200, token, *lines, version=version) + body
        then = "close" if chance.random() < 0.7 else "keep"
        return Answer(data, then=then, cut=self.where(data, in_head=True))

    def cut_off(self, token: bytes, method: bytes) -> Answer:
        """An end, or a reset, in the middle of it."""
        data = self.whole(token, method)
        data = data[: self.chance.randrange(len(data) + 1)]
        then = self.chance.choice(("close", "close", "reset"))
        return Answer(data, then=then)

    def early(self, token: bytes, method: bytes) -> Answer:
        """Before the request's body was read, or was there."""
        data = self.whole(token, method)
        then = self.chance.choice(("keep", "keep", "close", "reset"))
        return Answer(data, early=True, then=then)

    def closing(self, token: bytes, method: bytes) -> Answer:
        """The end of the connection is the end of the body, said or not."""
        chance = self.chance
        fields = [b"Connection: close"] if chance.random() < 0.7 else []
        version = chance.choice((b"1.1", b"1.0"))
        data = head(200, token, *fields, version=version)
        if method != b"HEAD":
            data += filled(token, self.size())
        return Answer(data, good=True, then="close", cut=self.where(data))

    def odd_heads(self, token: bytes, method: bytes) -> Answer:
        chance = self.chance
        data = self.whole(token, method, b"X-Odd: 1")
        old, new = chance.choice((
            (b"HTTP/1.1", b"HTTP/2.0"), (b"HTTP/1.1", b"HTTP/1.2"), (b"HTTP/1.1", b""),
            (b"HTTP/1.1", b"ICY"), (b"HTTP/1.1 ", b"HTTP/1.1  "), (b" Reason", b""),
            (b" Reason", b" R\x00"), (b" Reason", b" R\rX: y"), (b" Reason\r", b" R"),
            (b"X-Odd: 1", b"X-Odd : 1"), (b"X-Odd: 1", b" X-Odd: 1"),
            (b"X-Odd: 1", b"X-Odd: 1\nX-Even: 2"), (b"X-Odd: 1", b"X-Odd: \x00"),
            (b"X-Odd: 1", b"X-Odd: 1\rX-Even: 2"), (b"X-Odd: 1", b"no colon"),
            (b"X-Odd: 1", b"X-Odd: a\r\n b"), (b"X-Odd: 1", b": 1"),
            (b"X-Odd: 1", b"Connection: X-Echo, close"), (b"X-Odd: 1\r\n", b"\n"),
            (b"X-Odd: 1", b"X-Odd: " + b"o" * 9000), (b"X-Odd: 1", b"Upgrade: x"),
            (b"X-Odd: 1", b"Connection: Transfer-Encoding, Content-Length"),
            (b"X-Odd: 1", b"X-Odd: 1\r\nX-Odd: 2"), (b"X-Odd: 1", b"Keep-Alive: max=1"),
        ))  # fmt: skip
        return Answer(data.replace(old, new, 1), then=chance.choice(("keep", "close")))
