"""The keeper of one program of a RewriteMap: starts it, asks it, ends it.

As in httpd one line is in flight at a time, whoever asks: a key goes in, a value comes
out, NULL stands for a key that the program does not know. What httpd has no bound for
has one here. A program that says nothing in time, too much, or something that nobody
has asked for, is out of step: its next line might be the answer to another question, so
it is ended and another one is started, the more slowly the more often that happens.

Each seat of the generation has a door of its own, through which its workers hand in
their lines: what one worker may keep open, and waiting, takes nothing of the others',
and the seats whose workers wait are asked for in turn.

The keeper lives one generation. It ends when it is told to (TERM), or when the last
process that could ask has gone: then its door and all lines are closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import select
import signal
import socket
import subprocess
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fastlb.base import descriptors, map_letters
from fastlb.base.map_letters import Told
from fastlb.facts.rewrite_maps import RewriteMap
from fastlb.facts.server import Model
from fastlb.logs.error import ErrorLog

LINE_S: Final = 10.0
"""For a line of the program."""
QUEUE_MAX: Final = 1024
"""Questions that wait, of all workers, and for each seat its share; more are answered
as faults."""
QUEUE_SHARE_MIN: Final = 64
LINES_MAX: Final = 512
"""Of all workers, one each; a descriptor for the program must be left. Of those of one
seat, which drain or take over, its share."""
LINES_SHARE_MIN: Final = 2
YOUNG_S: Final = 1.0
DELAY_FIRST_S: Final = 0.25
DELAY_MAX_S: Final = 10.0
ENDING_S: Final = 0.02
END_S: Final = 2.0
"""For the program to end when it is told to; then it is killed."""
_READ_BYTES: Final = 65536
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class MapHeritage:
    """What the keeper gets from the master. doors: the workers of each seat hand their
    lines in there."""

    known: RewriteMap
    doors: tuple[socket.socket, ...]
    model: Model
    error_fds: tuple[int, ...]


class Question(NamedTuple):
    seat: Seat
    line: socket.socket
    number: int
    key: bytes


@dataclass(slots=True, eq=False)
class Seat:
    """Whoever comes through one door. Its queue: what waits."""

    door: socket.socket
    is_open: bool = True  # the door
    lines: set[socket.socket] = field(default_factory=set)
    queue: deque[Question] = field(default_factory=deque)


def run(heritage: MapHeritage) -> int:
    """The body of the keeper's process. Signals come in blocked."""
    loop = asyncio.SelectorEventLoop()
    asyncio.set_event_loop(loop)
    keeper = Keeper(heritage, loop)
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, keeper.end)
    # The master's death: workers may still ask, until they have drained.
    signal.signal(signal.SIGUSR1, lambda _number, _frame: None)
    loop.call_soon(signal.pthread_sigmask, signal.SIG_SETMASK, ())
    loop.call_soon(keeper.begin)
    loop.run_forever()
    keeper.put_away()
    return 0


class Keeper:
    """One program, and those who ask it."""

    def __init__(self, heritage: MapHeritage, loop: asyncio.AbstractEventLoop) -> None:
        self._known = heritage.known
        self._seats = [Seat(door) for door in heritage.doors]
        count = len(self._seats)
        self._lines_max = max(LINES_SHARE_MIN, LINES_MAX // count)
        self._queue_max = max(QUEUE_SHARE_MIN, QUEUE_MAX // count)
        self._loop = loop
        self._errors = ErrorLog(heritage.model, heritage.error_fds)
        self._turns: deque[Seat] = deque()  # those with a queue, who is next first
        self._asked: Question | None = None
        self._program: subprocess.Popen[bytes] | None = None
        self._unsent = b""
        self._said = bytearray()
        self._late: asyncio.TimerHandle | None = None
        self._born_s = 0.0
        self._young_deaths = 0
        self._rests = False  # nothing is started for a while

    def begin(self) -> None:
        for seat in self._seats:
            seat.door.setblocking(False)
            self._loop.add_reader(seat.door, self._take_line, seat)
        self._start()

    def end(self) -> None:
        self._loop.stop()

    # those who ask

    def _take_line(self, seat: Seat) -> None:
        try:
            text, fds, _, _ = socket.recv_fds(seat.door, 16, 4)
            has_ended = not text and _is_let_go(seat.door)
        except BlockingIOError:
            return
        except OSError:
            fds, has_ended = [], True
        for fd in fds:
            self._add_line(seat, fd)
        if has_ended:
            seat.is_open = False
            self._loop.remove_reader(seat.door)
            self._end_if_alone()

    def _add_line(self, seat: Seat, fd: int) -> None:
        """Of a worker; one that was taken over hands in what it likes."""
        try:
            line = socket.socket(fileno=fd)
        except OSError:
            os.close(fd)
            return
        if len(seat.lines) >= self._lines_max or line.type != socket.SOCK_SEQPACKET:
            line.close()
            return
        line.setblocking(False)
        seat.lines.add(line)
        self._loop.add_reader(line, self._hear, seat, line)

    def _hear(self, seat: Seat, line: socket.socket) -> None:
        try:
            letter = line.recv(map_letters.LETTER_BYTES_MAX)
        except BlockingIOError:
            return
        except OSError:
            letter = b""
        try:
            number, key = map_letters.read_question(letter)
        except ValueError:  # its end, too
            self._forget(seat, line)
            return
        question = Question(seat, line, number, key)
        if self._rests or len(seat.queue) >= self._queue_max:
            self._answer(question, Told.FAULT)
            return
        if not seat.queue:
            self._turns.append(seat)
        seat.queue.append(question)
        self._ask_next()

    def _forget(self, seat: Seat, line: socket.socket) -> None:
        """A worker has gone, or does not read: nobody waits for its answers."""
        if line not in seat.lines:
            return
        seat.lines.discard(line)
        self._loop.remove_reader(line)
        line.close()
        seat.queue = deque(q for q in seat.queue if q.line is not line)
        if not seat.queue and seat in self._turns:
            self._turns.remove(seat)
        self._end_if_alone()

    def _end_if_alone(self) -> None:
        if not any(seat.is_open or seat.lines for seat in self._seats):
            self.end()

    def _answer(self, question: Question, told: Told, value: bytes = b"") -> None:
        if question.line not in question.seat.lines:
            return
        try:
            question.line.send(map_letters.answer(question.number, told, value))
        except OSError:
            self._forget(question.seat, question.line)

    def _take_next(self) -> Question:
        """Of the seat whose turn it is."""
        seat = self._turns.popleft()
        question = seat.queue.popleft()
        if seat.queue:
            self._turns.append(seat)
        return question

    # the program

    def _start(self) -> None:
        self._born_s = time.monotonic()
        try:
            program = subprocess.Popen(
                [self._known.source, *self._known.args],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={"PATH": os.defpath},
                start_new_session=True,
                preexec_fn=_die_with_keeper,  # noqa: PLW1509 - this has one thread
            )
        except (OSError, subprocess.SubprocessError) as error:
            self._lost(f"cannot be started: {error}")
            return
        descriptors.give_back(program.pid)
        assert program.stdin is not None and program.stdout is not None
        self._program = program
        for pipe in (program.stdin, program.stdout):
            os.set_blocking(pipe.fileno(), False)
        self._loop.add_reader(program.stdout.fileno(), self._read)

    def _ask_next(self) -> None:
        if self._asked is not None or self._program is None or not self._turns:
            return
        self._read()  # what it says now is no answer to what follows
        if self._program is None or not self._turns:
            return
        self._asked = self._take_next()
        self._unsent = self._asked.key + b"\n"
        self._late = self._loop.call_later(
            LINE_S, self._lost, f"has said nothing for {LINE_S:.0f} s"
        )
        self._write()

    def _write(self) -> None:
        assert self._program is not None and self._program.stdin is not None
        pipe = self._program.stdin.fileno()
        try:
            sent = os.write(pipe, self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._lost("has closed its standard input")
            return
        self._unsent = self._unsent[sent:]
        if self._unsent:
            self._loop.add_writer(pipe, self._write)
        else:
            self._loop.remove_writer(pipe)

    def _read(self) -> None:
        assert self._program is not None and self._program.stdout is not None
        try:
            text = os.read(self._program.stdout.fileno(), _READ_BYTES)
        except BlockingIOError:
            return
        if not text:
            self._lost("has ended")
        elif self._asked is None or self._unsent:
            self._lost("has said something that nobody asked for")
        else:
            self._said += text
            self._look_at_said()

    def _look_at_said(self) -> None:
        line, end, more = bytes(self._said).partition(b"\n")
        if len(line) > map_letters.VALUE_BYTES_MAX:
            self._lost(
                f"has said a line longer than {map_letters.VALUE_BYTES_MAX} bytes"
            )
            return
        if not end:
            return
        asked = self._settle()
        assert asked is not None
        if line.upper() == b"NULL":
            self._answer(asked, Told.NULL)
        else:
            self._answer(asked, Told.VALUE, line)
        if more:
            self._lost("has said something that nobody asked for")
        else:
            self._ask_next()

    def _settle(self) -> Question | None:
        """Nothing is in flight any more; what was."""
        asked, self._asked = self._asked, None
        self._said.clear()
        if self._late is not None:
            self._late.cancel()
            self._late = None
        return asked

    def _lost(self, why: str) -> None:
        """It is of no use any more: another one, at once or later."""
        asked = self._settle()
        ended = self._kill() if self._program is not None else ""
        if asked is not None:
            self._answer(asked, Told.FAULT)
        if time.monotonic() - self._born_s < YOUNG_S:
            self._young_deaths += 1
        else:
            self._young_deaths = 0
        delay_s = 0.0
        if self._young_deaths > 1:
            doublings = min(self._young_deaths - 2, 16)
            delay_s = min(DELAY_MAX_S, DELAY_FIRST_S * 2.0**doublings)
        self._errors.write(
            "error",
            "rewrite",
            0,
            "",
            0,
            f"FB0811: RewriteMap {self._known.name}: the program {self._known.source} "
            f"{why}{ended}; it is started again"
            + (f" in {delay_s:g} s" if delay_s else ""),
        )
        if delay_s:
            while self._turns:
                self._answer(self._take_next(), Told.FAULT)
            self._rests = True
            self._loop.call_later(delay_s, self._start_again)
        else:
            self._loop.call_soon(self._start_again)

    def _start_again(self) -> None:
        self._rests = False
        self._start()
        self._ask_next()

    def _kill(self) -> str:
        """End it, and all that it has started in its group; how it had ended."""
        program, self._program = self._program, None
        assert program is not None
        self._let_pipes_go(program)
        has_ended = _has_ended(program)
        if not has_ended:
            time.sleep(ENDING_S)  # one that has closed its output is ending, perhaps
            has_ended = _has_ended(program)
        _signal_group(program, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(END_S)
        status = program.returncode
        if not has_ended or status is None:
            return ""
        return f" (signal {-status})" if status < 0 else f" (exit code {status})"

    def _let_pipes_go(self, program: subprocess.Popen[bytes]) -> None:
        assert program.stdin is not None and program.stdout is not None
        self._loop.remove_writer(program.stdin.fileno())
        self._loop.remove_reader(program.stdout.fileno())
        self._unsent = b""
        for pipe in (program.stdin, program.stdout):
            with contextlib.suppress(OSError):
                pipe.close()

    def put_away(self) -> None:
        """The keeper goes: so does the program, as httpd ends it."""
        for seat in self._seats:
            for one in (seat.door, *seat.lines):
                self._loop.remove_reader(one)
                one.close()
        program, self._program = self._program, None
        if program is None:
            return
        self._let_pipes_go(program)
        _signal_group(program, signal.SIGTERM)
        ends_s = time.monotonic() + END_S
        while not _has_ended(program) and time.monotonic() < ends_s:
            time.sleep(ENDING_S)
        _signal_group(program, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(END_S)


def _is_let_go(door: socket.socket) -> bool:
    """Has nobody its other end? An empty letter reads like that, too."""
    poll = select.poll()
    poll.register(door, select.POLLRDHUP)
    return bool(poll.poll(0))


def _has_ended(program: subprocess.Popen[bytes]) -> bool:
    """Its number is still its own."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, program.pid, options) is not None


def _signal_group(program: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """All that it has started and that has not left its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, number)


def _die_with_keeper() -> None:
    """In the program, before it is one: what the master ignores it need not."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH):
        signal.signal(number, signal.SIG_DFL)
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
