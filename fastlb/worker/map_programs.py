"""Programs of RewriteMap are asked through their keepers (monitor/map_keeper.py).

A worker makes a pair of sockets for each program that it asks, and gives one end to
the keeper through the door that all workers inherit. A keeper that ends closes its end:
what was asked is answered as a fault, and the next question makes another pair, which
waits in the door for the keeper's successor. Each question has a number that is never
given twice, so that no answer reaches another request than the one that asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from fastlb.base import map_letters
from fastlb.base.map_letters import Told
from fastlb.worker.passwords import Verdict

QUESTIONS_MAX: Final = 256
"""Under way, of one worker to one program; whoever comes then gets 503."""
WAIT_S: Final = 15.0
"""For an answer, with the time until it is this question's turn."""

Answer = Callable[[int, int, int, bool, bytes], None]
_VERDICTS: Final = {
    Told.VALUE: Verdict.GRANTED,
    Told.NULL: Verdict.NOBODY,
    Told.FAULT: Verdict.FAULT,
}


class Asked(NamedTuple):
    connection: int
    request: int
    answer: Answer
    ends: asyncio.TimerHandle


class MapPrograms:
    """Asked by the loop's thread alone. doors: one for each program."""

    def __init__(self, doors: Sequence[socket.socket]) -> None:
        self._lines = [_Line(door) for door in doors]

    def ask(self, program: int, key: bytes, who: tuple[int, int], tell: Answer) -> bool:
        """False: too many wait for it, or it cannot be reached."""
        return self._lines[program].ask(key, who, tell)


class _Line:
    """To the keeper of one program."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._socket: socket.socket | None = None
        self._last = 0
        self._asked: dict[int, Asked] = {}

    def ask(self, key: bytes, who: tuple[int, int], tell: Answer) -> bool:
        if len(self._asked) >= QUESTIONS_MAX or len(key) > map_letters.KEY_BYTES_MAX:
            return False
        if self._socket is None and not self._connect():
            return False
        assert self._socket is not None
        self._last += 1
        try:
            self._socket.send(map_letters.question(self._last, key))
        except BlockingIOError:
            return False
        except OSError:
            self._hang_up()
            return False
        ends = asyncio.get_running_loop().call_later(WAIT_S, self._give_up, self._last)
        self._asked[self._last] = Asked(*who, tell, ends)
        return True

    def _connect(self) -> bool:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            try:
                socket.send_fds(self._door, [b"+"], [theirs.fileno()])
            except OSError:  # the door is full: nobody takes from it
                ours.close()
                return False
        self._socket = ours
        asyncio.get_running_loop().add_reader(ours, self._hear)
        return True

    def _hear(self) -> None:
        assert self._socket is not None
        try:
            letter = self._socket.recv(map_letters.LETTER_BYTES_MAX)
        except BlockingIOError:
            return
        except OSError:
            letter = b""
        if not letter:
            self._hang_up()
            return
        try:
            number, told, value = map_letters.read_answer(letter)
        except ValueError:
            self._hang_up()
            return
        self._end(number, _VERDICTS[told], value)

    def _give_up(self, number: int) -> None:
        self._end(number, Verdict.FAULT, b"")

    def _end(self, number: int, verdict: Verdict, value: bytes) -> None:
        asked = self._asked.pop(number, None)
        if asked is not None:
            asked.ends.cancel()
            asked.answer(asked.connection, asked.request, verdict, False, value)

    def _hang_up(self) -> None:
        """The keeper has gone, and with it whatever was asked."""
        if self._socket is not None:
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        for number in list(self._asked):
            self._end(number, Verdict.FAULT, b"")
