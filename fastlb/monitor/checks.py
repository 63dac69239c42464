"""One check of a member's health: what is sent, what is read, and within which bounds.

Whatever the other side does, a check ends: its time is limited as a whole, and so are
the bytes of a head and of a body. What is read is HTTP/1.x as httptools reads it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httptools

from fastlb.facts.expressions import HEALTH_BODY
from fastlb.facts.health import CheckResult, HealthCheck, HealthMethod, Phase, Reason
from fastlb.facts.member import Member, Remote
from fastlb.facts.variables import split_prefix
from fastlb.facts.words import Compat
from fastlb.monitor.conditions import UndecidedError, holds
from fastlb.monitor.handshake import (
    farewell,
    handshake_of,
    is_handshake,
    new_key,
)
from fastlb.monitor.wire import Wire, WireError, connected, pongs

if TYPE_CHECKING:
    from OpenSSL import SSL

HEAD_BYTES_MAX: Final = 65_536
BODY_KEPT_BYTES_MAX: Final = 65_536  # for hc('body')
BODY_BYTES_MAX: Final = 1_048_576  # of which no more is read: it is enough
TIMEOUT_MS: Final = 10_000
READ_BYTES: Final = 16_384
STATUS_PASSES: Final = range(200, 400)
SWITCHES: Final = 101
HEAD_IS_ALL: Final = ("OPTIONS", "HEAD", "CONNECT")


@dataclass(slots=True)
class HealthAnswer:
    """What came back, as far as it is kept."""

    status: int = 0
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    def value(self, name: bytes) -> bytes:
        """Of the first field of that name; b"": there is none."""
        lowered = name.lower()
        return next(
            (value for one, value in self.fields if one.lower() == lowered), b""
        )


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is the same of every check of one member.

    limit_s: for all of it; connect_limit_s: for a connection, of that
    """

    member: Member
    check: HealthCheck
    target: str
    limit_s: float
    connect_limit_s: float
    context: SSL.Context | None = None  # of a member that speaks TLS

    def request(self, key: str = "") -> bytes:
        """As httpd sends it, byte for byte, with the fields that hcheaders= adds.

        key: of a handshake (hcmethod=WEBSOCKET)
        """
        method, member = self.check.method, self.member
        version = "1.1" if key or method.value.endswith("11") else "1.0"
        target, fields = self.target, list(self.check.fields)
        if key:
            fields += handshake_of(key)
        place = authority_of(member)
        if member.remote is not None and member.tls is None:
            # RFC 9112 3.2.2: a proxy is asked for all of it.
            target = f"http://{place}{'' if target == '*' else target}"
            if member.remote.authorization:
                fields.append(("Proxy-Authorization", member.remote.authorization))
        lines = [f"{method.verb} {target} HTTP/{version}"]
        if not any(name.lower() == "host" for name, _ in fields):
            lines.append(f"Host: {place}")
        lines += [f"{name}: {value}" for name, value in fields]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def authority_of(member: Member) -> str:
    host = f"[{member.host}]" if ":" in member.host else member.host
    return f"{host}:{member.port}"


def inquiry_of(
    member: Member,
    check: HealthCheck,
    target: str,
    *,
    server_ms: int,
    compat: Compat,
    context: SSL.Context | None = None,
) -> Inquiry:
    """server_ms: how long members may be silent where they do not say it."""
    limit_ms = check.timeout_ms
    if limit_ms is None:
        limit_ms = member.timeout_ms or server_ms
        if compat is not Compat.APACHE:
            limit_ms = min(limit_ms, TIMEOUT_MS)
    connect_ms = min(member.connect_timeout_ms or limit_ms, limit_ms)
    return Inquiry(member, check, target, limit_ms / 1000, connect_ms / 1000, context)


async def conducted(
    loop: asyncio.AbstractEventLoop,
    inquiry: Inquiry,
    addresses: Sequence[tuple[str, int]],
) -> tuple[CheckResult, int]:
    """Check once: what was found, and the microseconds that it took."""
    began_s = time.monotonic()
    steps = Steps(loop, inquiry)
    try:
        async with asyncio.timeout(inquiry.limit_s):
            result = await steps.run(addresses)
    except WireError as problem:
        result = CheckResult(problem.phase, problem.reason, steps.answer.status)
    except TimeoutError:
        result = CheckResult(steps.phase, Reason.TIMEOUT, steps.answer.status)
    except OSError:
        result = CheckResult(steps.phase, Reason.CLOSED, steps.answer.status)
    return result, int((time.monotonic() - began_s) * 1e6)


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What an hcexpr= can ask of an answer (conditions.Known)."""

    answer: HealthAnswer
    method: HealthMethod

    def variable(self, name: str) -> bytes:
        """As in httpd: what only a client's request has is empty."""
        prefix, rest = split_prefix(name)
        if prefix == "RESP:":
            return self.answer.value(rest.encode("latin-1"))
        if prefix:
            return b""
        if name == HEALTH_BODY:
            return bytes(self.answer.body)
        if name == "REQUEST_STATUS":
            return b"%d" % self.answer.status
        if name == "CONTENT_TYPE":
            return self.answer.value(b"content-type")
        if name == "REQUEST_METHOD":
            return self.method.verb.encode()
        if name in TIMES:
            return time.strftime(TIMES[name]).encode()
        return b""


TIMES: Final = {
    "TIME": "%Y%m%d%H%M%S",
    "TIME_YEAR": "%Y",
    "TIME_MON": "%m",
    "TIME_DAY": "%d",
    "TIME_HOUR": "%H",
    "TIME_MIN": "%M",
    "TIME_SEC": "%S",
    "TIME_WDAY": "%w",
}


class Steps:
    """A check on its way. phase: how far it has come."""

    def __init__(self, loop: asyncio.AbstractEventLoop, inquiry: Inquiry) -> None:
        self._loop = loop
        self._inquiry = inquiry
        self.phase = Phase.CONNECT
        self.answer = HealthAnswer()
        self._key = ""  # of a handshake of WebSocket

    async def run(self, addresses: Sequence[tuple[str, int]]) -> CheckResult:
        asked = self._inquiry
        # Time for the others is left when the first address is silent.
        limit_s = min(asked.connect_limit_s, asked.limit_s / max(len(addresses), 1))
        sock = await connected(self._loop, asked.member, addresses, limit_s)
        with sock:
            if asked.check.method is HealthMethod.TCP:
                return CheckResult(Phase.CONNECT, Reason.NONE)
            if asked.check.method is HealthMethod.CPING:
                self.phase = Phase.HEAD
                passed = await pongs(self._loop, sock)
                reason = Reason.NONE if passed else Reason.NO_CPONG
                return CheckResult(Phase.HEAD, reason)
            wire = Wire(self._loop, sock)
            await self._secure(wire)
            return await self._ask(wire)

    async def _secure(self, wire: Wire) -> None:
        """TLS, where the member speaks it; through the proxy before it, if any."""
        member, context = self._inquiry.member, self._inquiry.context
        if member.tls is None or context is None:
            return
        from fastlb.tls.member_link import MemberLink

        if member.remote is not None:
            await self._tunnel(wire, member.remote)
        self.phase = Phase.TLS
        await wire.secure(MemberLink(context, member.tls, member.host))

    async def _tunnel(self, wire: Wire, remote: Remote) -> None:
        place = authority_of(self._inquiry.member)
        lines = [f"CONNECT {place} HTTP/1.0", f"Host: {place}"]
        if remote.authorization:
            lines.append(f"Proxy-Authorization: {remote.authorization}")
        await wire.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        answer = HealthAnswer()
        reader = AnswerReader(answer, "CONNECT")
        while not reader.is_whole:
            reader.feed(await wire.receive(READ_BYTES))
        if not 200 <= answer.status <= 299:
            raise WireError(Phase.CONNECT, Reason.TUNNEL)

    async def _ask(self, wire: Wire) -> CheckResult:
        self.phase = Phase.SEND
        if self._inquiry.check.method is HealthMethod.WEBSOCKET:
            self._key = new_key()
        await wire.send(self._inquiry.request(self._key))
        self.phase = Phase.HEAD
        reader = AnswerReader(self.answer, self._inquiry.check.method.verb)
        while not reader.is_whole:
            reader.feed(await wire.receive(READ_BYTES))
            if reader.has_head:
                self.phase = Phase.BODY
        self.phase = Phase.VERDICT
        verdict = self._verdict()
        if self._key and verdict is Reason.NONE:
            # It may tell its application of who is gone without a word.
            with suppress(OSError):
                await wire.send(farewell())
        return CheckResult(Phase.VERDICT, verdict, self.answer.status)

    def _verdict(self) -> Reason:
        check = self._inquiry.check
        is_answered = self._key != "" and self.answer.status == SWITCHES
        if is_answered and not is_handshake(self.answer, self._key):
            return Reason.NO_WEBSOCKET
        if check.condition is None:
            wanted = STATUS_PASSES if not self._key else (SWITCHES,)
            return Reason.NONE if self.answer.status in wanted else Reason.STATUS
        try:
            passed = holds(
                check.condition.expression, AnswerFacts(self.answer, check.method)
            )
        except UndecidedError:
            return Reason.UNDECIDED
        return Reason.NONE if passed else Reason.EXPRESSION


class AnswerReader:
    """Reads one answer into a HealthAnswer; what httptools calls are its callbacks.

    An answer before the final one (1xx) is passed over. WireError, when it is none.
    """

    def __init__(self, answer: HealthAnswer, verb: str) -> None:
        self._answer = answer
        self._head_is_all = verb in HEAD_IS_ALL
        self._parser = httptools.HttpResponseParser(self)
        self._head_bytes = 0
        self._body_bytes = 0
        self._fields: list[tuple[bytes, bytes]] = []
        self._is_delimited = False
        self.has_head = False
        self.is_whole = False

    def feed(self, data: bytes) -> None:
        """b"": the connection has ended."""
        if not data:
            self._end()
            return
        if not self.has_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX + READ_BYTES:
                raise WireError(Phase.HEAD, Reason.TOO_LARGE)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.is_whole = self.has_head = True
        except httptools.HttpParserError:
            # What stands behind a whole answer is nobody's.
            if not self.is_whole:
                phase = Phase.BODY if self.has_head else Phase.HEAD
                raise WireError(phase, Reason.NO_HTTP) from None
        if self.has_head:
            # Of the wire: extensions of chunks and trailers need no end either.
            self._body_bytes += len(data)
            self.is_whole |= self._body_bytes >= BODY_BYTES_MAX
        if not self.has_head and self._head_bytes > HEAD_BYTES_MAX:
            raise WireError(Phase.HEAD, Reason.TOO_LARGE)

    def _end(self) -> None:
        if not self.has_head:
            raise WireError(Phase.HEAD, Reason.CLOSED)
        if self._is_delimited:
            raise WireError(Phase.BODY, Reason.CLOSED)
        self.is_whole = True

    def on_message_begin(self) -> None:
        self._fields = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:  # else it is a trailer
            self._fields.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self.is_whole or (status < 200 and status != 101):
            return
        self._answer.status = status
        self._answer.fields = self._fields
        names = {name.lower() for name, _ in self._fields}
        self._is_delimited = bool(names & {b"content-length", b"transfer-encoding"})
        self.has_head = True
        self.is_whole = self._head_is_all

    def on_body(self, data: bytes) -> None:
        if self.is_whole:
            return
        room = BODY_KEPT_BYTES_MAX - len(self._answer.body)
        self._answer.body += data[:room]

    def on_message_complete(self) -> None:
        self.is_whole = self.has_head
