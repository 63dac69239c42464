"""Random valid traffic from many clients at once, with seeds that can be played again.

What a request asks for stands in its target, so that client and member agree on every
byte without talking: the client knows what it must get, and a byte of anybody else's
answer is found at once. Unless they are calm, clients and members also leave at
random points.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from peers import HOST, CutError, Handler, Message, Peer, SilenceError, chunked

BLOB = random.Random(7).randbytes(1 << 20)
BLOB_USED = 1 << 19
SIZES = (0, 1, 10, 1000, 8191, 8192, 8193, 16383, 16384, 16400, 40_000, 65_535, 65_536)
LARGE = (73_600, 73_728, 131_071, 131_072, 200_000, 262_144, 400_000)
PLAIN = "/1/-1/10/length/ok"  # what "/" asks for
BODY_METHODS = ("POST", "PUT")


@dataclass(frozen=True, slots=True)
class Wish:
    """One request: everything about it and its answer."""

    number: int
    method: str
    sent: int  # bytes of its body; -1: none
    sent_chunked: bool
    expects: bool
    wanted: int  # bytes of the answer's body
    framing: str  # of the answer: length, chunked, close
    manner: str  # of the member: see serve()
    minor: int

    @property
    def target(self) -> str:
        return f"/{self.number}/{self.sent}/{self.wanted}/{self.framing}/{self.manner}"

    def encode(self, rng: random.Random) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.{self.minor}", "Host: h.example"]
        if rng.random() < 0.2:
            lines.append(f"X-Filler: {'f' * rng.randrange(6000)}")
        if self.minor == 0:
            lines.append("Connection: keep-alive")
        if self.expects:
            lines.append("Expect: 100-continue")
        body = b""
        if self.sent >= 0:
            body = content(self.number + 1, self.sent)
            if self.sent_chunked:
                lines.append("Transfer-Encoding: chunked")
                body = chunked(*pieces_of(body, rng))
            else:
                lines.append(f"Content-Length: {self.sent}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def content(number: int, size: int) -> bytes:
    at = number * 7919 % BLOB_USED
    return BLOB[at : at + size]


def pieces_of(data: bytes, rng: random.Random) -> list[bytes]:
    pieces = []
    at = 0
    while at < len(data):
        size = rng.choice((1, 5, 100, 4000, 16_384, 70_000, 300_000))
        pieces.append(data[at : at + size])
        at += size
        if len(pieces) > 200:
            pieces.append(data[at:])
            break
    return [p for p in pieces if p]


def make_wish(number: int, rng: random.Random, *, calm: bool) -> Wish:
    has_body = rng.random() < 0.4
    manner = "ok"
    if not calm and rng.random() < 0.15:
        manner = rng.choice(("cut", "die", "early", "leave", "spill", "hints"))
    size = rng.choice(LARGE if rng.random() < 0.15 else SIZES)
    method = "GET"
    sent = -1
    if has_body:
        method = rng.choice(BODY_METHODS)
        sent = rng.choice(LARGE if rng.random() < 0.15 else SIZES)
    elif rng.random() < 0.1:
        method = "HEAD"
    minor = 0 if rng.random() < 0.1 else 1
    return Wish(
        number=number,
        method=method,
        sent=sent,
        sent_chunked=has_body and minor == 1 and rng.random() < 0.5,
        expects=has_body and minor == 1 and rng.random() < 0.05,
        wanted=size,
        framing=rng.choice(("length", "length", "chunked", "close")),
        manner=manner,
        minor=minor,
    )


def serve(seed: int) -> Handler:
    """A member that does what the target says.

    ok     the whole answer
    hints  a 103 before it
    cut    half of the answer's body, then the end
    die    the end, instead of an answer
    early  the answer as soon as the head is there, the body is left unread
    leave  the connection is closed behind a whole answer, without a word before
    spill  bytes that nobody asked for behind the answer
    """

    def handler(peer: Peer) -> None:
        # A client that leaves within its body takes the member's request with it; a
        # pooled connection may be idle for long.
        with contextlib.suppress(CutError, SilenceError):
            talk(peer)

    def talk(peer: Peer) -> None:
        rng = random.Random(seed + len(talks))
        talks.append(1)
        while True:
            if not peer.held and not peer.more():
                return
            start, fields = peer.take_head()
            method, target, _ = start.split(" ")
            if target == "/":
                target = PLAIN
            number, sent, wanted, framing, manner = target[1:].split("/")
            names = {name.lower(): value for name, value in fields}
            if "expect" in names:
                peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            if manner != "early":
                _, body = peer.take_body(fields, "none")
                if body != (
                    content(int(number) + 1, int(sent)) if int(sent) > 0 else b""
                ):
                    peer.send(b"HTTP/1.1 599 Spoilt\r\nContent-Length: 0\r\n\r\n")
                    raise AssertionError(f"spoilt request body of {target}")
            if manner == "die":
                return
            if manner == "hints":
                peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            data = content(int(number), int(wanted))
            head = f"HTTP/1.1 200 OK\r\nX-Number: {number}\r\n"
            if framing == "length":
                head += f"Content-Length: {len(data)}\r\n\r\n"
                whole = head.encode() + data
            elif framing == "chunked":
                head += "Transfer-Encoding: chunked\r\n\r\n"
                whole = head.encode() + chunked(
                    *pieces_of(data, rng),
                    trailers=b"X-T: 1\r\n" if rng.random() < 0.3 else b"",
                    extension=b";a=b" if rng.random() < 0.3 else b"",
                )
            else:
                head += "Connection: close\r\n\r\n"
                whole = head.encode() + data
            if method == "HEAD":
                whole = head.encode()
            elif manner == "cut" and framing != "close":
                whole = whole[: len(head) + (len(whole) - len(head)) // 2]
            elif manner == "spill" and framing != "close":
                whole += b"HTTP/1.1 200 OK\r\nX-Number: 0\r\nContent-Length: 1\r\n\r\n!"
            # What spills must be there with the answer to be noticed for sure.
            if rng.random() < 0.3 and len(whole) > 2 and manner != "spill":
                at = rng.randrange(1, len(whole))
                peer.send(whole[:at])
                peer.send(whole[at:])
            else:
                peer.send(whole)
            if framing == "close" or manner in ("cut", "leave", "early", "spill"):
                return

    talks: list[int] = []
    return handler


class Tormentor:
    """One client thread; what it finds wrong is collected."""

    def __init__(self, port: int, seed: int, *, calm: bool) -> None:
        self.rng = random.Random(seed)
        self.seed = seed
        self.port = port
        self.over = threading.Event()
        self.calm = calm
        self.whole = 0
        self.faults: list[str] = []
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        number = self.seed * 100_000
        while not self.over.is_set() and not self.faults:
            wishes = []
            for _ in range(self.rng.choice((1, 1, 2, 3, 5))):
                number += 1
                wishes.append(make_wish(number, self.rng, calm=self.calm))
            try:
                self.play(wishes)
            except Exception:
                self.faults.append(f"{wishes}\n{traceback.format_exc()}")

    def play(self, wishes: list[Wish]) -> None:
        sock = socket.socket()
        if self.rng.random() < 0.2:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(20)
        sock.connect((HOST, self.port))
        peer = Peer(sock)
        leaves = not self.calm and self.rng.random() < 0.15
        data = b"".join(wish.encode(self.rng) for wish in wishes)
        if leaves:
            data = data[: self.rng.randrange(len(data))]
        manner = self.rng.random()
        writer = threading.Thread(target=self.write, args=(peer, data, manner))
        writer.start()
        try:
            if leaves:
                peer.sock.settimeout(self.rng.random() * 0.05)
                with contextlib.suppress(SilenceError, CutError, OSError):
                    peer.take(self.rng.randrange(1, 100_000))
                if self.rng.random() < 0.5:
                    peer.reset()
            else:
                self.read(peer, wishes)
        finally:
            with contextlib.suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)
            writer.join(20)
            peer.close()

    def write(self, peer: Peer, data: bytes, manner: float) -> None:
        try:
            if manner < 0.6:
                peer.send(data)
            elif manner < 0.9:
                at = int(len(data) * (manner - 0.6) / 0.3)
                peer.send(data[:at])
                peer.send(data[at:])
            else:
                step = max(1, len(data) // 50)
                for at in range(0, len(data), step):
                    peer.send(data[at : at + step])
        except OSError:
            pass  # it was told so, or left itself

    def read(self, peer: Peer, wishes: list[Wish]) -> None:
        for wish in wishes:
            fragile = wish.manner in ("cut", "die", "early")
            try:
                got = peer.take_response(wish.method)
            except (CutError, ConnectionResetError):
                # An answer may be cut where its member was; nothing else is.
                assert fragile, f"cut: {wish}"
                return
            if got.status != 200:
                # A body that cannot be sent twice may meet a connection that its
                # member is just closing.
                assert fragile or (not self.calm and wish.sent >= 0), f"{got} {wish}"
                assert got.status in (502, 503), f"{got} {wish}"
            else:
                assert wish.manner != "die", wish
                self.check(got, wish)
            if got.field("Connection") == "close":
                return
            assert got.framing != "close"

    def check(self, got: Message, wish: Wish) -> None:
        assert got.field("X-Number") == str(wish.number), f"another's answer: {wish}"
        if wish.method != "HEAD":
            wanted = content(wish.number, wish.wanted)
            # Half of a body without a length may look like a whole one.
            if wish.manner not in ("cut", "early") or "close" not in (
                *(got.framing, wish.framing),
            ):
                assert got.body == wanted, f"not its bytes: {wish}"
            assert wanted.startswith(got.body), f"another's bytes: {wish}"
        self.whole += 1


@contextmanager
def torment(
    port: int, seed: int, count: int, *, calm: bool
) -> Iterator[list[Tormentor]]:
    """So many clients, until the end of the block; none may have found a fault."""
    clients = [Tormentor(port, seed + n, calm=calm) for n in range(count)]
    for client in clients:
        client.thread.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.over.set()
        for client in clients:
            client.thread.join(60)
    assert not any(client.thread.is_alive() for client in clients)
    faults = [fault for client in clients for fault in client.faults]
    assert not faults, f"{len(faults)} clients: {faults[0]}"
