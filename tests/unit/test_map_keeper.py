"""The keeper of a map's program, spoken to as a worker speaks to it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from trees import model_of

from fastlb.base import map_letters
from fastlb.base.map_letters import Told
from fastlb.facts.rewrite_maps import MapKind, RewriteMap
from fastlb.monitor import map_keeper
from fastlb.monitor.map_keeper import Keeper, MapHeritage

PROGRAM = """#!/bin/sh
while IFS= read -r key; do
    case $key in
    die) exit 3 ;;
    hang) sleep 600 ;;
    long) head -c 70000 /dev/zero | tr '\\0' x; echo ;;
    none) echo null ;;
    *) echo "<$key>" ;;
    esac
done
"""


class Room:
    """A keeper in a thread of its own, and lines to it. seats: of workers."""

    def __init__(self, folder: Path, text: str, seats: int = 1) -> None:
        self.log = folder / "log"
        path = folder / "map"
        path.write_text(text)
        path.chmod(0o755)
        pairs = [
            socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            for _ in range(seats)
        ]
        self.doors = [ours for ours, _ in pairs]
        self.door = self.doors[0]
        halls = tuple(theirs for _, theirs in pairs)
        known = RewriteMap("m", MapKind.PRG, str(path))
        model = model_of("Listen 127.0.0.1:8080\nServerName a.test\n")
        self.file = self.log.open("ab")
        heritage = MapHeritage(known, halls, model, (self.file.fileno(),))
        self.loop = asyncio.SelectorEventLoop()
        self.keeper = Keeper(heritage, self.loop)
        self.thread = threading.Thread(target=self.live)
        self.thread.start()

    def live(self) -> None:
        self.loop.call_soon(self.keeper.begin)
        self.loop.run_forever()
        self.keeper.put_away()
        self.loop.close()

    def line(self, seat: int = 0) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(20)
        with theirs:
            socket.send_fds(self.doors[seat], [b"+"], [theirs.fileno()])
        return ours

    def has_said(self, text: str) -> bool:
        return text in self.log.read_text()


@contextmanager
def room(folder: Path, text: str = PROGRAM, seats: int = 1) -> Iterator[Room]:
    made = Room(folder, text, seats)
    try:
        yield made
    finally:
        # Nobody who could ask is left: that ends it.
        for door in made.doors:
            door.close()
        made.thread.join(20)
        assert not made.thread.is_alive()
        made.file.close()


def ask(line: socket.socket, *keys: bytes) -> list[tuple[int, Told, bytes]]:
    for number, key in enumerate(keys):
        line.send(map_letters.question(number, key))
    answers = [line.recv(map_letters.LETTER_BYTES_MAX + 1) for _ in keys]
    return [map_letters.read_answer(one) for one in answers]


def test_each_question_gets_its_answer_in_order(tmp_path: Path) -> None:
    with room(tmp_path) as here, here.line() as one, here.line() as other:
        assert ask(one, b"a", b"none", b"") == [
            (0, Told.VALUE, b"<a>"),
            (1, Told.NULL, b""),
            (2, Told.VALUE, b"<>"),
        ]
        assert ask(other, *[b"%d" % n for n in range(100)]) == [
            (n, Told.VALUE, b"<%d>" % n) for n in range(100)
        ]


def test_a_key_as_long_as_a_key_may_be(tmp_path: Path) -> None:
    key = b"x" * (map_letters.KEY_BYTES_MAX - 2)
    with room(tmp_path) as here, here.line() as line:
        assert ask(line, key) == [(0, Told.VALUE, b"<" + key + b">")]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (b"die", "has ended (exit code 3)"),
        (b"hang", "has said nothing for"),
        (b"long", "has said a line longer than 65536 bytes"),
    ],
)
def test_who_fails_is_replaced_and_answers_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: bytes, why: str
) -> None:
    if key == b"hang":
        monkeypatch.setattr(map_keeper, "LINE_S", 0.3)
    with room(tmp_path) as here, here.line() as line:
        assert ask(line, b"a", key, b"b") == [
            (0, Told.VALUE, b"<a>"),
            (1, Told.FAULT, b""),
            (2, Told.VALUE, b"<b>"),
        ]
        assert here.has_said(why)


def test_one_that_cannot_live_is_started_ever_more_slowly(tmp_path: Path) -> None:
    with room(tmp_path, "#!/bin/sh\nexit 1\n") as here, here.line() as line:
        while not here.has_said("in 0.25 s"):
            pass
        # Meanwhile nobody waits for it.
        assert ask(line, b"a", b"b") == [(0, Told.FAULT, b""), (1, Told.FAULT, b"")]
        assert here.log.read_text().count("\n") < 6


def test_one_that_cannot_be_started_is_told_of(tmp_path: Path) -> None:
    with room(tmp_path, "#!/no/such/interpreter\n") as here, here.line() as line:
        while not here.has_said("cannot be started"):
            pass
        assert ask(line, b"a")[0][1] is Told.FAULT


def test_what_nobody_asked_for_is_no_answer(tmp_path: Path) -> None:
    text = '#!/bin/sh\nwhile read -r key; do printf "<$key>\\n<next>\\n"; done\n'
    with room(tmp_path, text) as here, here.line() as line:
        for key in (b"a", b"b", b"c"):
            _, told, value = ask(line, key)[0]
            assert (told, value) in ((Told.VALUE, b"<%s>" % key), (Told.FAULT, b""))
            while not here.has_said("nobody asked for"):
                pass


@pytest.mark.parametrize("letter", [b"x", b"12345678two\nlines", b"8" * 65600])
def test_a_letter_that_is_none_closes_its_line_alone(
    tmp_path: Path, letter: bytes
) -> None:
    with room(tmp_path) as here, here.line() as one, here.line() as other:
        one.send(letter)
        assert one.recv(100) == b""
        assert ask(other, b"a") == [(0, Told.VALUE, b"<a>")]


def test_an_empty_letter_closes_no_door(tmp_path: Path) -> None:
    """It reads like the end: another worker would find nobody behind the door."""
    with room(tmp_path) as here:
        here.door.send(b"")
        with here.line() as line:
            assert ask(line, b"a") == [(0, Told.VALUE, b"<a>")]


def test_who_asks_and_goes_leaves_no_hole(tmp_path: Path) -> None:
    with room(tmp_path) as here, here.line() as other:
        with here.line() as one:
            for number in range(20):
                one.send(map_letters.question(number, b"mine"))
        assert ask(other, b"a", b"b") == [
            (0, Told.VALUE, b"<a>"),
            (1, Told.VALUE, b"<b>"),
        ]


def test_more_than_may_wait_are_turned_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_keeper, "QUEUE_MAX", 1)
    monkeypatch.setattr(map_keeper, "QUEUE_SHARE_MIN", 1)
    monkeypatch.setattr(map_keeper, "LINE_S", 0.2)
    with room(tmp_path) as here, here.line() as line:
        told = {n: what for n, what, _ in ask(line, b"hang", b"a", b"b", b"c")}
        assert told[2] is told[3] is Told.FAULT
        assert told[0] is Told.FAULT
        assert told[1] is Told.VALUE


@pytest.mark.parametrize("what", ["lines", "questions", "a flood"])
def test_no_worker_takes_what_is_anothers(tmp_path: Path, what: str) -> None:
    """One that was taken over keeps what it can of the keeper."""
    with ExitStack() as held:
        here = held.enter_context(room(tmp_path, seats=2))
        greedy = [held.enter_context(here.line(0))]
        ask(greedy[0], b"a")
        if what == "lines":
            for _ in range(600):
                greedy.append(held.enter_context(here.line(0)))
                greedy[-1].setblocking(False)
        elif what == "questions":
            with suppress(OSError):  # its line is ended at some time
                for number in range(600):
                    greedy[0].send(map_letters.question(number, b"mine"))
        else:
            stop = threading.Event()
            thread = threading.Thread(target=flood, args=(greedy[0], stop))
            thread.start()
            held.callback(thread.join)
            held.callback(stop.set)
        other = held.enter_context(here.line(1))
        for number in range(20):
            assert ask(other, b"%d" % number) == [(0, Told.VALUE, b"<%d>" % number)]


def flood(line: socket.socket, stop: threading.Event) -> None:
    """More questions than are answered, and answers read."""
    line.setblocking(False)
    number = 0
    while not stop.is_set():
        number += 1
        with suppress(OSError):
            line.send(map_letters.question(number, b"mine"))
        with suppress(OSError):
            line.recv(map_letters.LETTER_BYTES_MAX)


def test_seats_are_asked_for_in_turn(tmp_path: Path) -> None:
    """A hundred questions of one worker do not come before one of another."""
    slow = "#!/bin/sh\nwhile read -r key; do sleep 0.05; echo $key; done\n"
    with (
        room(tmp_path, slow, seats=2) as here,
        here.line(0) as one,
        here.line(1) as other,
    ):
        for number in range(60):
            one.send(map_letters.question(number, b"mine"))
        one.recv(100)
        assert ask(other, b"yours") == [(0, Told.VALUE, b"yours")]
        one.setblocking(False)
        answered = 0
        with suppress(BlockingIOError):
            while one.recv(100):
                answered += 1
        assert answered < 40


def test_it_ends_with_its_program(tmp_path: Path) -> None:
    with room(tmp_path) as here:
        with here.line() as line:
            ask(line, b"a")
            program = here.keeper._program
            assert program is not None
        here.door.close()
        here.thread.join(20)
        assert program.poll() in (0, -signal.SIGTERM)


def test_what_is_no_line_is_put_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Things that are none, and then one line more than there may be."""
    monkeypatch.setattr(map_keeper, "LINES_MAX", 2)
    with room(tmp_path) as here, here.line() as line:
        ask(line, b"a")
        before = len(os.listdir("/proc/self/fd"))
        reader, writer = os.pipe()
        other, stream = socket.socketpair()
        with other, stream:
            for _ in range(50):
                sent = [reader, stream.fileno(), writer]
                socket.send_fds(here.door, [b"+"], sent)
                assert ask(line, b"a") == [(0, Told.VALUE, b"<a>")]
        os.close(reader)
        os.close(writer)
        deadline = time.monotonic() + 20
        while len(os.listdir("/proc/self/fd")) > before:
            assert time.monotonic() < deadline
            ask(line, b"a")
        with here.line() as second, here.line() as third:
            assert ask(second, b"a") == [(0, Told.VALUE, b"<a>")]
            assert third.recv(100) == b""
            assert ask(line, b"a") == [(0, Told.VALUE, b"<a>")]
