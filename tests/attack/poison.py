"""The poisoning oracle: no client ever gets another's bytes.

Members answer badly: too early, too often, with bodies where none may be, with a
second answer behind the first, with bytes before anybody asked. Each answer shows its
request's token, so that a byte out of place is known wherever it turns up.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from . import strict
from .answers import Answer, Answers, filled
from .play import Alarm, Link, Listener, Loop, Stream
from .site import HOST

TOKEN = re.compile(rb"<([0-9a-f]+)_([0-9a-f]{4})\.([0-9])>")
BEYOND = re.compile(rb"!([0-9a-f]+_[0-9a-f]{4}\.[0-9])")
LATE_MAX = 2000
BATCH = 400  # streams between two silences
CALM = 15  # the last of them, with good answers
METHODS = (b"GET", b"GET", b"GET", b"GET", b"POST", b"POST", b"PUT", b"HEAD", b"DELETE")
CONF = """\
Listen {host}:{plain}
Listen {host}:{rich}
Timeout 15
<VirtualHost *:{plain}>
    ProxyPass / http://{host}:{a}/ retry=0
</VirtualHost>
<VirtualHost *:{rich}>
    ProxyBadHeader Ignore
    ProxyErrorOverride On 404
    Header edit X-Echo "^<" "<"
    <Proxy balancer://pool>
        BalancerMember http://{host}:{a} retry=0 max=4
        BalancerMember http://{host}:{b} retry=0 smax=2
    </Proxy>
    ProxyPass / balancer://pool/
</VirtualHost>
"""


class Asked:
    """One stream's requests, and what they are answered."""

    __slots__ = ("answers", "methods", "stream", "tokens")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.tokens: list[bytes] = []
        self.methods: list[bytes] = []
        self.answers: list[Answer] = []


class Talk:
    """What a member knows of one of its connections."""

    __slots__ = ("answered", "asked", "over")

    def __init__(self) -> None:
        self.asked = 0
        self.answered = b""  # the token that was answered before its body had come
        self.over = False  # we have ended it: nothing is heard any more


class Poison:
    """Plays streams and judges them."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.members = [Listener(loop, 0), Listener(loop, 1)]
        self.plain = 0
        self.rich = 0
        self.under_way: dict[int, Asked] = {}
        self.late: dict[int, Asked] = {}  # streams that left: members may not know yet
        self.links: set[Link] = set()
        self.inputs = 0
        self.requests = 0
        self.refused = 0
        self.unasked = 0
        self.calm = False  # good answers only
        loop.opened = self.opened
        loop.hear = self.hear
        loop.lost = self.lost
        loop.judge = self.judge

    def configuration(self, plain: int, rich: int) -> str:
        self.plain, self.rich = plain, rich
        a, b = (member.port for member in self.members)
        return CONF.format(host=HOST, plain=plain, rich=rich, a=a, b=b)

    def play(self, seed: int, count: int, check: Callable[[], None]) -> None:
        """Batches of streams; between two, members speak on idle connections."""
        chance = random.Random(seed)
        answers = Answers(chance)
        while self.inputs < count:
            batch = min(BATCH, count - self.inputs)
            self.loop.run(self.streams(chance, answers, batch), check)
            self.speak_unasked(chance, answers)
            check()

    def streams(
        self, chance: random.Random, answers: Answers, count: int
    ) -> Iterator[Stream]:
        for number in range(count):
            self.inputs += 1
            # The last ones leave connections behind that are good and idle.
            calm = self.calm or number >= count - CALM
            port = self.rich if chance.random() < 0.5 else self.plain
            stream = Stream(self.inputs, port, [])
            asked = Asked(stream)
            for index in range(chance.choice((1, 1, 2, 3))):
                self.ask(asked, index, chance, answers, calm=calm)
            stream.answers = [answer.encode() for answer in asked.answers]
            if not calm and chance.random() < 0.08:
                stream.leave = chance.choice((0, 1, 100, 5000))
            self.under_way[stream.number] = asked
            yield stream

    def ask(
        self,
        asked: Asked,
        index: int,
        chance: random.Random,
        answers: Answers,
        *,
        calm: bool,
    ) -> None:
        number = asked.stream.number
        token = b"%x_%04x.%d" % (number, number * 40503 & 0xFFFF, index)
        method = chance.choice(METHODS)
        fields, body = b"", b""
        if method in (b"POST", b"PUT"):
            size = chance.choice(
                (0, 10, 300, 9000, 20000, 100_000 if index else 70_000)
            )
            body = filled(token, size)
            if chance.random() < 0.5:
                fields = b"Content-Length: %d\r\n" % size
            else:
                fields = b"Transfer-Encoding: chunked\r\n"
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (size, body) if size else b"0\r\n\r\n"
        elif chance.random() < 0.1:
            fields = b"Connection: Upgrade\r\nUpgrade: x\r\n"
        start = b"%s /%s HTTP/1.1\r\nHost: h\r\n%s\r\n" % (method, token, fields)
        asked.stream.pieces += (
            [start, body] if chance.random() < 0.5 else [start + body]
        )
        asked.tokens.append(token)
        asked.methods.append(method)
        drawn = answers.plain if calm else answers.draw
        asked.answers.append(drawn(token, method))

    def again(self, port: int, pieces: list[bytes], said: list[bytes]) -> Stream:
        """A stream of the corpus."""
        stream = Stream(0, port, pieces)
        stream.answers = said
        asked = Asked(stream)
        data = stream.data
        numbers = list(re.finditer(rb"([A-Z]+) /([0-9a-f_]+\.[0-9]) HTTP/1", data))
        asked.tokens = [m[2] for m in numbers]
        asked.methods = [m[1] for m in numbers]
        asked.answers = [Answer.decode(one) for one in said]
        stream.number = int(asked.tokens[0].partition(b"_")[0], 16)
        self.under_way[stream.number] = asked
        return stream

    # the member

    def opened(self, link: Link) -> None:
        link.state = Talk()
        self.links.add(link)

    def lost(self, link: Link) -> bool:
        self.links.discard(link)
        return False

    def hear(self, link: Link) -> None:
        talk = link.state
        assert isinstance(talk, Talk)
        while link.data and not talk.over and not link.gone:
            data = bytes(link.data)
            try:
                message = strict.request_head(data, 0)
                if message is None:
                    return
                strict.take_body(message, data)
            except strict.MalformedError as error:
                raise Alarm(f"a member got {error}", None, data) from None
            token = message.target[1:]
            asked, index = self.of_token(token, data)
            answer = asked.answers[index]
            if talk.answered != token and (message.complete or answer.early):
                talk.answered = token
                talk.asked += 1
                self.answer(link, talk, answer)
            if not message.complete:
                link.need = message.behind if message.framing == "length" else 0
                return
            link.need = 0
            talk.answered = b""
            if not link.gone:
                del link.data[: message.behind]
            self.requests += 1

    def of_token(self, token: bytes, data: bytes) -> tuple[Asked, int]:
        number = int(token.partition(b"_")[0], 16)
        asked = self.under_way.get(number) or self.late.get(number)
        if asked is None or token not in asked.tokens:
            raise Alarm("a member got a request that nobody sent", None, data)
        return asked, asked.tokens.index(token)

    def answer(self, link: Link, talk: Talk, answer: Answer) -> None:
        if answer.cut:
            link.send(answer.data[: answer.cut])
            self.loop.later.append(lambda: self.rest(link, talk, answer))
        else:
            self.rest(link, talk, answer)

    def rest(self, link: Link, talk: Talk, answer: Answer) -> None:
        if link.gone:
            return
        link.send(answer.data[answer.cut :])
        then = answer.then
        if then == "close" and not link.out:
            talk.over = True
            link.end()
        elif then != "keep":
            talk.over = True
            self.links.discard(link)
            link.close(reset=then == "reset")
        elif not answer.good:
            # The proxy may wait for more: not for long.
            count = talk.asked
            self.loop.delay(lambda: self.give_up(link, talk, count))

    def give_up(self, link: Link, talk: Talk, count: int) -> None:
        if talk.asked == count and not talk.over:
            talk.over = True
            link.end()

    def speak_unasked(self, chance: random.Random, answers: Answers) -> None:
        """Nobody has asked anything: what idle connections say belongs to nobody."""
        for link in list(self.links):
            talk = link.state
            assert isinstance(talk, Talk)
            if talk.over or link.data or link.out or talk.answered:
                continue
            if chance.random() < 0.5:
                self.unasked += 1
                link.send(answers.spill(b"0_0000.0"))

    # the client

    def judge(self, stream: Stream) -> None:
        asked = self.under_way.pop(stream.number)
        self.late[stream.number] = asked
        if len(self.late) > LATE_MAX:
            del self.late[next(iter(self.late))]
        data = bytes(stream.got)

        def alarm(why: str) -> Alarm:
            return Alarm(why, stream, data)

        if b"-- nothing came" in data:
            raise alarm("no end came")
        for match in TOKEN.finditer(data):
            if int(match[1], 16) != stream.number:
                raise alarm(f"bytes of {match[0]!r}")
        reading = strict.read_responses(data, asked.methods)
        found = list(reading.messages)
        if reading.partial is not None:
            found.append(reading.partial)
        if len(found) > len(asked.tokens):
            raise alarm(f"{len(found)} answers to {len(asked.tokens)} requests")
        if reading.end == "malformed":
            raise alarm(f"answers are malformed at {reading.at}: {reading.why}")
        start = 0
        for index, message in enumerate(found):
            if message is reading.partial:
                message.behind = len(data)
            self.check_answer(asked, index, message, data[start : message.behind])
            start = message.behind

    def check_answer(
        self, asked: Asked, index: int, message: strict.Message, raw: bytes
    ) -> None:
        def alarm(why: str) -> Alarm:
            return Alarm(why, asked.stream, raw)

        token = asked.tokens[index]
        echo = message.values(b"x-echo")
        if not echo:
            self.refused += 1
        elif echo != [b"<%s>" % token]:
            raise alarm(f"answer {index} shows {echo!r}")
        for match in TOKEN.finditer(message.body):
            if match[0] != b"<%s>" % token:
                raise alarm(f"answer {index} has bytes of {match[0]!r}")
        if BEYOND.search(raw):
            raise alarm(f"answer {index} has bytes from beyond an answer's end")
        answer = asked.answers[index]
        if answer.good and message.complete and echo:
            wanted = strict.read_responses(answer.data, [asked.methods[index]])
            if message.body != wanted.messages[0].body:
                raise alarm(f"answer {index} has another body")
