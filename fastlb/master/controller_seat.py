"""The place of the controller: one process, from when somebody first asks for it.

Its two sockets are the master's and outlive it. While the place is empty the master
looks whether anybody connects, who then waits until the next one is there: a server
whose pages nobody asks for does without the 10 MiB that they are made of. It knows one
model; a new one means a new process, and the old one first finishes what it was asked.
"""

from __future__ import annotations

import os
import secrets
import socket
import stat
from collections.abc import Callable
from contextlib import suppress

from fastlb._core import Table
from fastlb.controller.heritage import ControllerHeritage
from fastlb.facts.adjustments import ASKED_BYTES_MAX, Answer
from fastlb.facts.controller import (
    CONTROL,
    CONTROL_SUFFIX,
    PAGES,
    SUN_PATH_BYTES,
    abstract_name,
    pages_path,
)
from fastlb.master.generation import Generation
from fastlb.master.lone_seat import LoneSeat
from fastlb.master.privileges import Identity
from fastlb.master.reap import Death

BACKLOG = 1024
"""Of each socket. A worker that finds it full answers 503: who asks for a page, or any
user of this machine who connects and says nothing, is in the way of others then."""
ASKED_AT_ONCE = 16  # messages read in one turn of the master
NICE = 10
"""Workers do not wait for what a page takes of the processor: looked at again and
again, 1000 members made two of them wait for 0.43 s in 3 s at their own priority, for
0.21 s at this one, and for 0.16 s while nobody looked. A much lower one would leave it
little where they are busy all the time."""


class ControllerSeat(LoneSeat):
    """Of the controller. number: of those that have sat here. is_awaited: the place is
    empty, and will be taken when somebody connects."""

    def __init__(
        self,
        table: Table,
        identity: Identity | None,
        run: Callable[[ControllerHeritage], int],
        let_go: Callable[[Generation], None],
        started_us: int,
    ) -> None:
        super().__init__()
        self._table = table
        self._identity = identity
        self._run = run
        self._let_go = let_go
        self._started_us = started_us
        self.secret = secrets.token_bytes(32)
        self._control_place: tuple[str, os.stat_result] | None = None
        self._pages: socket.socket | None = None
        self._control: socket.socket | None = None
        self._line: socket.socket | None = None  # to the one that sits here
        self.number = 0
        self.is_awaited = False

    # its sockets

    def listen(self, pid_file: str, control_socket: str | None) -> list[str]:
        """Make both sockets; why one cannot be made, in words. "": no control socket.

        Who connects to the one of the pages the controller looks at; to the other one
        only its owner can.
        """
        complaints = []
        try:
            self._pages = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._pages.bind(abstract_name(pages_path()))
            self._pages.listen(BACKLOG)
            self._pages.setblocking(False)
        except OSError as error:
            self._pages = None
            complaints.append(f"its pages: {error.strerror or error}")
        path = pid_file + CONTROL_SUFFIX if control_socket is None else control_socket
        if path:
            try:
                self._control = listening(path)
                self._control_place = path, os.lstat(path)
            except OSError as error:
                complaints.append(f"{path}: {error.strerror or error}")
        return complaints

    def left(self) -> list[tuple[str, str, int]]:
        """For `take` of whoever comes next: name, path and descriptor of each."""
        found = []
        if self._pages is not None:
            found.append((PAGES, pages_path(), self._pages.fileno()))
        if self._control is not None and self._control_place is not None:
            found.append((CONTROL, self._control_place[0], self._control.fileno()))
        return found

    def take(self, name: str, path: str, fd: int) -> None:
        """A socket that is there already."""
        sock = socket.socket(fileno=fd)
        sock.setblocking(False)
        if name == PAGES:
            self._pages = sock
            return
        self._control = sock
        with suppress(OSError):
            self._control_place = path, os.lstat(path)

    def close(self) -> None:
        """Nobody is to find them any more; what another server has made stays."""
        self._close_sockets()
        if self._control_place is not None:
            path, made = self._control_place
            with suppress(OSError):
                there = os.lstat(path)
                if (there.st_dev, there.st_ino) == (made.st_dev, made.st_ino):
                    os.unlink(path)
        self._pages = self._control = self._control_place = None

    def close_in_fork(self) -> None:
        """In a process that is not the controller."""
        self._close_sockets()
        self._close_line()

    def _close_sockets(self) -> None:
        for sock in (self._pages, self._control):
            if sock is not None:
                sock.close()

    # who sits here

    def bury(self, death: Death, now_s: float) -> None:
        super().bury(death, now_s)
        self._close_line()

    def fill(self, now_s: float) -> None:
        """If it is time: from now on whoever connects is answered."""
        if self.is_due(now_s):
            self.due_s = None
            self.is_awaited = True

    def begin(self, current: Generation, now_s: float) -> None:
        """Fork: somebody has connected."""
        self.is_awaited = False
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        mine.setblocking(False)
        heritage = ControllerHeritage(
            model=current.model,
            table=self._table,
            generation=current.number,
            member_slots=current.member_slots,
            balancer_slots=current.balancer_slots,
            error_fds=current.logs.error_fds,
            started_us=self._started_us,
            secret=self.secret,
            pages=self._pages,
            control=self._control,
            line=its,
            expiries=current.contexts.expiries if current.contexts else (),
        )

        def let_go() -> None:
            mine.close()
            os.nice(NICE)
            self._table.be_reader()
            # First: what is loaded takes its time, and addresses may be given up.
            self._let_go(current)
            heritage.load()

        def run() -> int:
            return self._run(heritage)

        if self.sit("fastlb-control", run, let_go, self._identity, now_s):
            self._line = mine
            self.number += 1
        else:
            mine.close()
        its.close()

    # what it asks

    def pipes(self) -> list[int]:
        """Its line, or, while there is none, the sockets where it is asked for."""
        sockets = (self._pages, self._control) if self.is_awaited else (self._line,)
        return [sock.fileno() for sock in sockets if sock is not None]

    def hear(self) -> list[bytes]:
        """What it has asked since, as it came."""
        heard: list[bytes] = []
        while self._line is not None and len(heard) < ASKED_AT_ONCE:
            try:
                asked = self._line.recv(ASKED_BYTES_MAX)
            except BlockingIOError:
                break
            except OSError:
                asked = b""
            if not asked:
                self._close_line()
                break
            heard.append(asked)
        return heard

    def tell(self, answer: Answer, question: int, asker: int) -> None:
        """asker: the number of who has asked; another one waits for none of it."""
        if self._line is not None and asker == self.number:
            with suppress(OSError):
                self._line.send(answer.told(question))

    def _close_line(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def listening(path: str) -> socket.socket:
    """A unix socket that only its owner may connect to; OSError.

    Made under a name of its own and put in its place in one step: nobody meets one
    that everybody may connect to, and none is left without a listener.
    """
    if len(os.fsencode(path)) >= SUN_PATH_BYTES:
        raise OSError(0, f"a socket's path has at most {SUN_PATH_BYTES - 1} bytes")
    # The length of the name in use is all that there is room for.
    new = f"{path[:-1]}~"
    for name in (new, path):
        with suppress(FileNotFoundError):
            if not stat.S_ISSOCK(os.lstat(name).st_mode):
                raise OSError(0, f"{name} is there already, and is no socket")
    with suppress(FileNotFoundError):
        os.unlink(new)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        mask = os.umask(0o177)
        try:
            sock.bind(new)
        finally:
            os.umask(mask)
        sock.listen(BACKLOG)
        sock.setblocking(False)
        os.replace(new, path)
    except OSError:
        sock.close()
        raise
    return sock
