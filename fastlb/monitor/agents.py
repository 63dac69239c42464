"""Agents of members: asked by the clock, and what follows from what they say.

An agent takes a connection, says one line and closes. Its words are HAProxy's
(agent-check): what it does not say stays as it was, and only it takes back what it has
said. One that cannot be reached, or says nothing that is understood, changes nothing:
whether the member is there is for checks of its health to find out.

Whatever the other side does, asking ends: the time is limited as a whole, and so are
the bytes of the line.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fastlb._core import Table
from fastlb.base.addresses import literal_of
from fastlb.facts.agent import MOST_MAX, PERCENT_MAX, AgentCheck, AgentState
from fastlb.facts.member import Member
from fastlb.monitor.names import Line, LooksUp
from fastlb.monitor.verdict import check_delay_s
from fastlb.monitor.wire import WireError, connected
from fastlb.names.answer import State

LINE_BYTES_MAX: Final = 1024
SHOWN_MAX: Final = 80  # letters of a line that the log tells
TIMEOUT_MIN_S: Final = 1.0  # however often it is asked
TIMEOUT_MAX_S: Final = 10.0
READ_BYTES: Final = 1024
_LINE_END: Final = re.compile(rb"[\r\n]")
_BETWEEN: Final = re.compile(r"[ \t,]+")
_PERCENT: Final = re.compile(r"([0-9]{1,9})%")
_MOST: Final = re.compile(r"maxconn:([0-9]{1,9})", re.IGNORECASE)
_DOWN: Final = ("down", "fail", "stopped")


class NotUnderstoodError(Exception):
    """Why an answer is none."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one line says; None: nothing of that kind. unknown: the first word that is
    none."""

    is_down: bool | None = None
    admin: str | None = None  # ready, drain or maint
    percent: int | None = None
    most: int | None = None
    unknown: str = ""

    def over(self, before: AgentState) -> AgentState:
        """What holds now. Of several words of one kind the last has counted."""
        now = before
        if self.admin is not None:
            now = replace(
                now,
                drains=self.admin == "drain",
                in_maintenance=self.admin == "maint",
            )
        if self.percent is not None:
            now = replace(now, percent=self.percent)
        if self.most is not None:
            now = replace(now, most=self.most)
        if self.is_down is not None:
            now = replace(now, is_down=self.is_down)
        return now


def said_in(line: str) -> Said:
    """The words before a "#", in any order and any case."""
    said = Said()
    for word in _BETWEEN.split(line.partition("#")[0].strip(" \t,")):
        lowered = word.lower()
        if lowered == "up" or lowered in _DOWN:
            said = replace(said, is_down=lowered != "up")
        elif lowered in ("ready", "drain", "maint"):
            said = replace(said, admin=lowered)
        elif found := _PERCENT.fullmatch(word):
            said = replace(said, percent=min(int(found[1]), PERCENT_MAX))
        elif found := _MOST.fullmatch(word):
            said = replace(said, most=min(int(found[1]), MOST_MAX))
        elif word and not said.unknown:
            said = replace(said, unknown=word)
    return said


def shown(text: str) -> str:
    """A stranger's words, for a line of the log."""
    plain = "".join(one if " " <= one <= "~" else "?" for one in text.strip())
    return plain if len(plain) <= SHOWN_MAX else f"{plain[: SHOWN_MAX - 3]}..."


async def line_of(
    loop: asyncio.AbstractEventLoop,
    places: Sequence[tuple[str, int]],
    peer: Member,
    limit_s: float,
) -> str:
    """What it says, up to the end of its line. NotUnderstoodError.

    peer: by whose settings it is connected to
    """
    try:
        async with asyncio.timeout(limit_s):
            each_s = limit_s / max(len(places), 1)
            sock = await connected(loop, peer, places, each_s)
            with sock:
                return await _line(loop, sock)
    except TimeoutError:
        raise NotUnderstoodError(f"no line within {limit_s:g}s") from None
    except WireError as problem:
        raise NotUnderstoodError(str(problem)) from None
    except OSError as problem:
        raise NotUnderstoodError(problem.strerror or str(problem)) from None


async def _line(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> str:
    said = b""
    while True:
        data = await loop.sock_recv(sock, READ_BYTES)
        end = _LINE_END.search(data)
        said += data if end is None else data[: end.start()]
        if len(said) > LINE_BYTES_MAX:
            raise NotUnderstoodError(f"a line of more than {LINE_BYTES_MAX} bytes")
        if end is not None:
            return said.decode("latin-1")
        if not data:
            raise NotUnderstoodError("no whole line before it closed")


class AgentWatch:
    """The watch over one member's agent. due_s: when it is asked next."""

    def __init__(
        self,
        member: Member,
        agent: AgentCheck,
        slot: int,
        table: Table,
        *,
        now_s: float,
        chance: Callable[[], float],
    ) -> None:
        self.member = member
        self.slot = slot
        self.running = False
        self._agent = agent
        self._peer = replace(member, unix_path=None, proxy_protocol=0)
        self._table = table
        self._chance = chance
        self._trouble = ""  # of which the log was told
        self._known: list[str] = []  # addresses of its name, which hold until ...
        self._known_until_s = now_s
        self._learning: asyncio.Task[None] | None = None
        # Those of many members are not asked at one moment.
        self.due_s = now_s + chance() * min(agent.interval_ms / 1000, 1.0)

    @property
    def place(self) -> str:
        host = self._agent.host or self.member.peer_host
        return f"{f'[{host}]' if ':' in host else host}:{self._agent.port}"

    def is_due(self, now_s: float) -> bool:
        return not self.running and now_s >= self.due_s

    async def attempt(
        self, loop: asyncio.AbstractEventLoop, resolver: LooksUp | None = None
    ) -> list[Line]:
        """Ask once; what is to be said of it."""
        self.running = True
        interval_s = self._agent.interval_ms / 1000
        try:
            line = await line_of(
                loop,
                await self._places(loop.time(), resolver),
                self._peer,
                min(max(interval_s, TIMEOUT_MIN_S), TIMEOUT_MAX_S),
            )
            return self._take(line)
        except NotUnderstoodError as problem:
            return self._tell_trouble(str(problem))
        finally:
            self.running = False
            self.due_s = loop.time() + check_delay_s(
                self._agent.interval_ms, self._chance(), is_first=False
            )

    async def _places(
        self, now_s: float, resolver: LooksUp | None
    ) -> list[tuple[str, int]]:
        host, port = self._agent.host, self._agent.port
        if not host:
            if self.member.unix_path is not None:
                return [("127.0.0.1", port)]
            return [(one, port) for one, _ in self._table.addresses(self.slot)]
        if literal_of(host) is not None:
            return [(host, port)]
        is_over = now_s >= self._known_until_s and self._learning is None
        if is_over and resolver is not None:
            self._learning = asyncio.ensure_future(self._learn(host, resolver))
        if not self._known and self._learning is not None:
            await asyncio.shield(self._learning)
        return [(one, port) for one in self._known]

    async def _learn(self, host: str, resolver: LooksUp) -> None:
        """Beside the asking: while name servers are silent, an agent is asked where it
        was."""
        try:
            answer = await resolver.look_up(host, self._known)
            if answer.state is State.FOUND:
                self._known = list(answer.addresses)
            self._known_until_s = asyncio.get_running_loop().time() + answer.ttl_s
        finally:
            self._learning = None

    def _take(self, line: str) -> list[Line]:
        said = said_in(line)
        lines = []
        if said.unknown:
            lines += self._tell_trouble(f"it says {shown(said.unknown)!r}")
        elif self._trouble:
            self._trouble = ""
            text = f"FB0533: agent {self.place} of {self.member.url} is understood"
            lines.append(Line("notice", f"{text} again"))
        before = AgentState(*self._table.agent(self.slot))
        now = said.over(before)
        if now == before:
            return lines
        self._table.set_agent(self.slot, now)
        text = (
            f"member {self.member.url}: {now.words}, by its agent {self.place}:"
            f" {shown(line)}"
        )
        # A share may move with every answer; whether it serves does so seldom.
        if now.standing == before.standing:
            lines.append(Line("info", f"FB0531: {text}"))
        else:
            lines.append(Line("notice", f"FB0530: {text}"))
        return lines

    def _tell_trouble(self, why: str) -> list[Line]:
        if why == self._trouble:
            return []
        self._trouble = why
        state = AgentState(*self._table.agent(self.slot)).words
        text = f"FB0532: agent {self.place} of {self.member.url}: {why}; all stays as"
        return [Line("warn", f"{text} it has said ({state})")]
