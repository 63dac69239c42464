"""The desync oracle: a member sees exactly the requests that were admitted.

Every stream is read by the strict reader as well. What reaches the member must be its
messages, in their order, each with the same method, target, fields and body, framed in
one way, and nothing that lies behind a malformed one. llhttp reads the member's bytes
a second time and must come to the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

import httptools

from . import strict
from .framings import Framings
from .play import Alarm, Link, Listener, Loop, Stream
from .site import HOST
from .strict import Message, Reading

NUMBERED = re.compile(rb"/([0-9a-f]{1,12})_[0-9a-f]{4}\.[0-9]")
LATE_MAX = 5000  # streams after whose end a member may still see a part
# Fields that are not the client's own when they reach the member.
OURS = {
    b"host",
    b"connection",
    b"content-length",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-server",
    b"expect",
    b"upgrade",
    b"max-forwards",
    b"via",
}
CONF = """\
Listen {host}:{plain}
Listen {host}:{rich}
Timeout 20
AllowEncodedSlashes NoDecode
MergeSlashes Off
<VirtualHost *:{plain}>
    ProxyPass / http://{host}:{a}/ nocanon
</VirtualHost>
<VirtualHost *:{rich}>
    ProxyPreserveHost On
    RequestHeader set X-Set "%{{REQUEST_URI}}e"
    <Proxy balancer://pool>
        BalancerMember http://{host}:{a} retry=0 max=3
        BalancerMember http://{host}:{b} retry=0
        ProxySet stickysession=ROUTE
    </Proxy>
    ProxyPass / balancer://pool/ nocanon
</VirtualHost>
"""


def key(path: bytes) -> bytes:
    """A path by what it means: slashes at its beginning are one, and what no target
    may hold is escaped on its way."""
    return b"/" + unquote_to_bytes(path).lstrip(b"/")


class Expected:
    """A stream that is under way, and what a strict reader makes of it."""

    __slots__ = ("good", "messages", "reading", "seen", "stream")

    def __init__(self, stream: Stream, reading: Reading, good: bool) -> None:
        self.stream = stream
        self.reading = reading
        self.good = good
        self.messages = reading.messages
        self.seen: list[int] = []

    def index_of(self, target: bytes) -> int:
        """The first message of that target that was not seen; behind all: none."""
        after = self.seen[-1] if self.seen else -1
        found = [n for n, m in enumerate(self.messages) if key(m.path()) == key(target)]
        later = [n for n in found if n > after]
        return (later or found or [len(self.messages)])[0]


class SecondReader:
    """llhttp on the bytes of one connection."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes, bytes]] = []
        self.url = b""
        self.body: list[bytes] = []
        self.parser = httptools.HttpRequestParser(self)

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        method = self.parser.get_method()
        self.messages.append((method, self.url, b"".join(self.body)))
        self.url = b""
        self.body = []


class Desync:
    """Plays streams and judges them."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.members = [Listener(loop, 0), Listener(loop, 1)]
        self.plain = 0
        self.rich = 0
        self.under_way: dict[int, Expected] = {}
        self.by_target: dict[bytes, Expected] = {}
        self.partial: dict[bytes, None] = {}  # of streams that have ended
        self.inputs = 0
        self.requests = 0
        self.refused = 0
        loop.hear = self.hear
        loop.lost = self.lost
        loop.judge = self.judge

    def configuration(self, plain: int, rich: int) -> str:
        self.plain, self.rich = plain, rich
        a, b = (member.port for member in self.members)
        return CONF.format(host=HOST, plain=plain, rich=rich, a=a, b=b)

    def play(self, seed: int, count: int, check: Callable[[], None]) -> None:
        self.loop.run(self.streams(seed, count), check)

    def streams(self, seed: int, count: int) -> Iterator[Stream]:
        drawn = Framings(seed)
        for _ in range(count):
            number, data, good = drawn.draw()
            port = self.rich if drawn.chance.random() < 0.4 else self.plain
            yield self.expect(Stream(number, port, drawn.pieces(data)), data, good)

    def expect(self, stream: Stream, data: bytes, good: bool) -> Stream:
        """Take a stream into the books before it is played."""
        reading = strict.read_requests(data)
        expected = Expected(stream, reading, good)
        if good and reading.end not in ("clean", "last"):
            raise Alarm(f"drawn as good, read as {reading.end}", stream)
        self.under_way[stream.number] = expected
        for message in reading.messages:
            self.by_target[key(message.path())] = expected
        if reading.partial is not None:
            # Its head may be on its way before its body is found to be wrong.
            self.by_target[key(reading.partial.path())] = expected
        self.inputs += 1
        return stream

    # the member

    def hear(self, link: Link) -> None:
        while link.data:
            message = self.take(link)
            if message is None:
                return
            self.requests += 1
            answer = b"seen " + message.target
            size = len(answer)
            if message.method == b"HEAD":
                answer = b""
            link.send(
                b"HTTP/1.1 200 OK\r\nX-Echo: %s\r\nContent-Length: %d\r\n\r\n%s"
                % (message.target, size, answer)
            )

    def take(self, link: Link) -> Message | None:
        """The next whole request, judged."""
        data = bytes(link.data)
        try:
            message = strict.request_head(data, 0)
            if message is None:
                return None
            strict.take_body(message, data)
        except strict.MalformedError as error:
            raise Alarm(f"a member got {error}", self.of_bytes(data), data) from None
        if message.values(b"expect") and link.state != message.target:
            # It asks once and is told once.
            link.state = message.target
            if not message.complete and hash(message.target) % 3:
                link.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        found = self.by_target.get(key(message.target))
        if (
            found is None
            and not message.complete
            and key(message.target) in self.partial
        ):
            return None  # of a client that has had its answer: refused in the body
        if found is None:
            why = "a member got a request that nobody sent"
            raise Alarm(why, self.of_bytes(data), data)
        if not message.complete:
            link.need = message.behind if message.framing == "length" else 0
            return None
        link.need = 0
        link.state = None
        raw = data[: message.behind]
        del link.data[: message.behind]
        self.check_request(found, message, raw)
        return message

    def of_bytes(self, data: bytes) -> Stream | None:
        """The stream whose number a target shows, if that is still readable."""
        if match := NUMBERED.search(data):
            expected = self.under_way.get(int(match[1], 16))
            return expected.stream if expected else None
        return None

    def lost(self, link: Link) -> bool:
        """The proxy closed: half of a request may have been on its way."""
        return False

    def check_request(self, expected: Expected, got: Message, raw: bytes) -> None:
        stream = expected.stream
        index = expected.index_of(got.target)

        def alarm(why: str) -> Alarm:
            return Alarm(f"{why} (request {index})", stream, raw)

        if index >= len(expected.messages):
            raise alarm("a member got a whole request whose body is malformed or cut")
        sent = expected.messages[index]
        if index in expected.seen or (expected.seen and index < expected.seen[-1]):
            raise alarm(f"not in order, after {expected.seen}")
        expected.seen.append(index)
        if got.method != sent.method:
            raise alarm(f"method {got.method!r} instead of {sent.method!r}")
        if got.body != sent.body:
            raise alarm("another body")
        if got.minor != 1:
            raise alarm("not HTTP/1.1")
        self.check_fields(expected, sent, got, alarm)
        self.check_second_reader(sent, got, raw, alarm)

    def check_fields(
        self, expected: Expected, sent: Message, got: Message, alarm: object
    ) -> None:
        assert callable(alarm)
        rich = expected.stream.port == self.rich
        ours = OURS | {b"transfer-encoding", b"x-set", b"te", b"trailer"}
        mine = [(n, v) for n, v in strict.end_to_end(sent) if n.lower() not in ours]
        theirs = [(n, v) for n, v in got.fields if n.lower() not in ours]
        if mine != theirs:
            raise alarm(f"fields {theirs!r} instead of {mine!r}")
        asked = any(b"trailers" in value.lower() for value in sent.values(b"te"))
        if got.values(b"te") not in ([], [b"trailers"] if asked else []):
            raise alarm(f"TE {got.values(b'te')!r}")
        told = b", ".join(sent.values(b"trailer")).lower()
        for name in b", ".join(got.values(b"trailer")).lower().split(b", "):
            if name not in told:
                raise alarm(f"Trailer names {name!r}")
        kept = dict.fromkeys(OURS, b"")
        for name, value in strict.end_to_end(sent):
            low = name.lower()
            if low in kept:
                kept[low] = kept[low] + b", " + value if kept[low] else value
        host = sent.host()
        seen = got.values(b"host")
        if len(seen) != 1:
            raise alarm(f"Host {seen!r}")
        if rich and host and seen[0] != host:
            raise alarm(f"Host {seen[0]!r} instead of {host!r}")
        for name, value in (
            (b"x-forwarded-for", b"127.0.0.1"),
            (b"x-forwarded-host", host),
            (b"x-forwarded-server", b"proxy.test"),
        ):
            if value is None:
                continue
            wanted = kept[name] + b", " + value if kept[name] else value
            if got.values(name) != [wanted]:
                raise alarm(f"{name!r} {got.values(name)!r} instead of {wanted!r}")
        for name in (b"connection", b"content-length", b"transfer-encoding", b"expect"):
            if len(got.values(name)) > 1:
                raise alarm(f"{name!r} twice")
        if got.framing == "none" and sent.body:
            raise alarm("a body without a framing")
        options = {b"keep-alive", b"close", b"upgrade"}
        if got.values(b"te"):
            options.add(b"te")
        if not got.options() <= options:
            raise alarm(f"Connection {got.options()!r}")
        if b"upgrade" not in got.options() and got.values(b"upgrade"):
            raise alarm("Upgrade without Connection: upgrade")

    def check_second_reader(
        self, sent: Message, got: Message, raw: bytes, alarm: object
    ) -> None:
        assert callable(alarm)
        second = SecondReader()
        method_is_known = True
        try:
            second.parser.feed_data(raw)
        except httptools.HttpParserUpgrade:
            if got.body:
                return  # llhttp reads no further than the head then
        except httptools.HttpParserInvalidMethodError:
            method_is_known = False
        except httptools.HttpParserError as error:
            if got.method == b"PRI" or any(byte > 0x7F for byte in got.target):
                return  # it knows HTTP/2, and ASCII only
            raise alarm(f"llhttp: {error}") from None
        if method_is_known and second.messages != [(got.method, got.target, got.body)]:
            raise alarm(f"llhttp reads {len(second.messages)} requests otherwise")

    # the client

    def judge(self, stream: Stream) -> None:
        expected = self.under_way.pop(stream.number)
        for message in expected.messages:
            self.by_target.pop(key(message.path()), None)
        if (partial := expected.reading.partial) is not None:
            self.by_target.pop(key(partial.path()), None)
        data = bytes(stream.got)
        methods = [message.method for message in expected.messages]
        reading = strict.read_responses(data, methods)
        self.forgive_parts(expected, len(reading.messages))

        def alarm(why: str) -> Alarm:
            why = f"{why}; {expected.reading.end}, seen {expected.seen}"
            return Alarm(why, stream, data)

        if stream.reset and not self.may_be_reset(expected):
            raise alarm("the client was reset")
        answers = reading.messages
        extra = len(answers) - len(methods)
        if reading.end != "clean" and not (reading.end == "cut" and extra >= 0):
            raise alarm(f"answers are {reading.end} at {reading.at}")
        if extra > (expected.reading.end in ("malformed", "cut")):
            raise alarm(f"{len(answers)} answers to {len(methods)} requests")
        if expected.good and extra:
            raise alarm(f"{len(answers)} answers to {len(methods)} good requests")
        relayed = []
        for index, answer in enumerate(answers):
            echo = answer.values(b"x-echo")
            if not echo:
                if answer.status < 400 and methods[index : index + 1] != [b"TRACE"]:
                    raise alarm(f"answer {index} is nobody's")
                if expected.good:
                    raise alarm(f"a good request was answered {answer.status}")
                self.refused += 1
                continue
            if index >= len(methods):
                raise alarm("a malformed request was answered by a member")
            path = expected.messages[index].path()
            if key(echo[0]) != key(path) or (
                answer.body != b"seen " + echo[0] and methods[index] != b"HEAD"
            ):
                raise alarm(f"answer {index} is to {echo!r}")
            relayed.append(index)
        if relayed != expected.seen:
            raise alarm(f"answers of members to {relayed}")

    def forgive_parts(self, expected: Expected, answers: int) -> None:
        """A request that is refused in its body may be on its way to a member by then.

        It is the one of the last answer, or the one behind it when it got none: broken
        or cut there, or beyond a limit, of which the strict reader knows nothing.
        """
        sent = list(expected.messages)
        if expected.reading.partial is not None:
            sent.append(expected.reading.partial)
        for index in (answers - 1, answers):
            if 0 <= index < len(sent) and index not in expected.seen:
                self.partial[key(sent[index].path())] = None
        while len(self.partial) > LATE_MAX:
            del self.partial[next(iter(self.partial))]

    def may_be_reset(self, expected: Expected) -> bool:
        """Only a client that goes on sending behind the request that it called its
        last (RFC 9112 9.6 forbids it): we close behind the answer to that one, and
        what comes later has no reader. The answer itself must still be whole.
        """
        reading = expected.reading
        return reading.end == "last" and reading.at < len(expected.stream.data)
