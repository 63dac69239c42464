"""A name server that says what a test wants it to, over UDP and TCP.

    with NameServer() as dns:
        dns.tell("app.test", "127.0.0.2", ttl=1)

What it does with a question beyond that is its `manner`: a function of the question and
the right answer that gives back the datagrams to send; `not_at_all` and
others below are such.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from types import TracebackType

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Manner = Callable[[dns.message.Message, dns.message.Message], Sequence[bytes]]
LINKS_MAX = 20


def rightly(_: dns.message.Message, answer: dns.message.Message) -> list[bytes]:
    return [answer.to_wire()]


def not_at_all(_: dns.message.Message, __: dns.message.Message) -> list[bytes]:
    return []


def with_code(code: int) -> Manner:
    def manner(question: dns.message.Message, _: dns.message.Message) -> list[bytes]:
        answer = dns.message.make_response(question)
        answer.set_rcode(dns.rcode.Rcode(code))
        return [answer.to_wire()]

    return manner


def to_other_numbers(
    question: dns.message.Message, answer: dns.message.Message
) -> list[bytes]:
    """As whoever guesses would, and nothing else."""
    found = []
    for _ in range(64):
        answer.id = random.randrange(65536)
        if answer.id != question.id:
            found.append(answer.to_wire())
    return found


def to_another_question(
    question: dns.message.Message, answer: dns.message.Message
) -> list[bytes]:
    wrong = dns.message.make_query("another.test", answer.question[0].rdtype)
    wrong.id = question.id
    wrong.flags |= dns.flags.QR
    wrong.answer = [
        dns.rrset.from_text(one.name, one.ttl, "IN", one.rdtype, "192.0.2.66")
        for one in answer.answer
        if one.rdtype == dns.rdatatype.A
    ]
    return [wrong.to_wire()]


def in_noise(_: dns.message.Message, answer: dns.message.Message) -> list[bytes]:
    """The right answer behind what is none."""
    wire = answer.to_wire()
    return [b"", b"x", wire[:11], wire[:-3], bytes(random.randbytes(200)), wire]


def as_questions(_: dns.message.Message, answer: dns.message.Message) -> list[bytes]:
    """Its own question, sent back to it with addresses."""
    answer.flags &= ~dns.flags.QR
    return [answer.to_wire()]


def without_a_question(
    _: dns.message.Message, answer: dns.message.Message
) -> list[bytes]:
    answer.question.clear()
    return [answer.to_wire()]


def with_too_many(_: dns.message.Message, answer: dns.message.Message) -> list[bytes]:
    """Records are said to follow for which there is no room."""
    wire = bytearray(answer.to_wire())
    wire[10:12] = b"\xff\xff"
    return [bytes(wire)]


def cut(wire: bytes) -> bytes:
    return wire[:2] + bytes([wire[2] | 2]) + wire[3:-3]


class NameServer:
    """questions: names and types that came, in order."""

    def __init__(self) -> None:
        self.manner: Manner = rightly
        self.by_tcp_only = False  # datagrams are cut
        self.cuts_records = False  # ... within a record, by those that do not care
        self.questions: list[tuple[str, str]] = []
        self._records: dict[tuple[str, str], list[tuple[str, int]]] = {}
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._udp, self._tcp = _bound()
        self.port: int = self._udp.getsockname()[1]
        self.address = ("127.0.0.1", self.port)
        self._threads = [
            threading.Thread(target=one, daemon=True)
            for one in (self._serve_udp, self._serve_tcp)
        ]

    def __enter__(self) -> NameServer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join(10)
        self._udp.close()
        self._tcp.close()

    def tell(self, name: str, *values: str, ttl: int = 60) -> None:
        """These are the addresses of a name, or "other." whose name it is; none: there
        is no such name."""
        with self._lock:
            for kind in ("A", "AAAA", "CNAME"):
                self._records.pop((name, kind), None)
            for value in values:
                kind = (
                    "CNAME" if value.endswith(".") else "AAAA" if ":" in value else "A"
                )
                self._records.setdefault((name, kind), []).append((value, ttl))

    def answer_to(self, question: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(question, recursion_available=True)
        asked = question.question[0]
        name = asked.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(asked.rdtype)
        with self._lock:
            self.questions.append((name, kind))
            for _ in range(LINKS_MAX):
                link = self._records.get((name, "CNAME"))
                if link is None:
                    break
                answer.answer.append(
                    dns.rrset.from_text(
                        f"{name}.", link[0][1], "IN", "CNAME", link[0][0]
                    )
                )
                name = link[0][0].rstrip(".")
            found = self._records.get((name, kind), [])
            if found:
                ttl = min(ttl for _, ttl in found)
                values = [value for value, _ in found]
                answer.answer.append(
                    dns.rrset.from_text(f"{name}.", ttl, "IN", kind, *values)
                )
            elif not any(known == name for known, _ in self._records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer

    def _serve_udp(self) -> None:
        while not self._ends.is_set():
            try:
                data, peer = self._udp.recvfrom(65535)
            except TimeoutError:
                continue
            question = dns.message.from_wire(data)
            answer = self.answer_to(question)
            if self.by_tcp_only:
                answer.answer.clear()
                answer.flags |= dns.flags.TC
            for wire in self.manner(question, answer):
                self._udp.sendto(cut(wire) if self.cuts_records else wire, peer)

    def _serve_tcp(self) -> None:
        while not self._ends.is_set():
            with contextlib.suppress(TimeoutError, OSError, struct.error):
                sock, _ = self._tcp.accept()
                with sock:
                    sock.settimeout(5)
                    (size,) = struct.unpack("!H", sock.recv(2))
                    question = dns.message.from_wire(sock.recv(size))
                    for wire in self.manner(question, self.answer_to(question)):
                        sock.sendall(struct.pack("!H", len(wire)) + wire)


def _bound() -> tuple[socket.socket, socket.socket]:
    """A port that is free for both."""
    for _ in range(50):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp.settimeout(0.1)
        tcp.settimeout(0.1)
        udp.bind(("127.0.0.1", 0))
        try:
            tcp.bind(udp.getsockname())
        except OSError:
            udp.close()
            tcp.close()
            continue
        tcp.listen()
        return udp, tcp
    raise OSError("no port is free for UDP and TCP")
