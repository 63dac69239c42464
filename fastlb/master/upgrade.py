"""The program that is to take this one's place: tried first, then executed.

    USR2 --> it is tried beside this one (rehearsal.py) --fails--> refused
                  | a worker of it accepts, and its files are still the same
                  v
             this process becomes it (estate.py), with all that is left to it

The pid stays, so the pid file, its lock, the children and a manager of services need
not be told. Up to the last step nothing has changed for anybody.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from fastlb.base import descriptors
from fastlb.master import rehearsal
from fastlb.master.heirloom import FIRST_FD, VARIABLE, Heirloom, seal
from fastlb.master.program import Program
from fastlb.master.reap import Death
from fastlb.master.rehearsal import Answer

TRIAL_S = 60.0
SAID_MAX = 20_000  # characters, of the end
ANSWER_BYTES_MAX = 1024 * 1024  # with the files of a program


@dataclass(frozen=True, slots=True)
class Trial:
    """How it ended. answer: of what may take this one's place; None: it may not. said:
    all that it had to say."""

    answer: Answer | None
    said: str


class Upgrade:
    """program: None where nobody knows how this one was started."""

    def __init__(self, program: Program | None, clock_s: Callable[[], float]) -> None:
        self._program = program
        self._clock_s = clock_s
        self._output = -1
        self._is_late = False
        self.is_wanted = False
        self.reading = 0  # of the changes asked for, those that this one answers
        self.pid: int | None = None  # of the trial
        self.due_s: float | None = None
        self.tried: Trial | None = None  # ... that has ended, and is not answered yet

    @property
    def is_under_way(self) -> bool:
        return self.pid is not None or self.tried is not None

    def try_out(self, heirloom: Heirloom, asked: int) -> None:
        """Begin. OSError: it cannot even be executed."""
        self.is_wanted = False
        self.reading = asked
        program = self._known()
        left = seal(heirloom)
        self._output = os.memfd_create("fastlb-rehearsal", os.MFD_CLOEXEC)
        try:
            self.pid = program.start(
                {**os.environ, VARIABLE: str(FIRST_FD)}, self._output, left, FIRST_FD
            )
        except OSError:
            os.close(self._output)
            raise
        finally:
            os.close(left)
        descriptors.give_back(self.pid)
        self._is_late = False
        self.due_s = self._clock_s() + TRIAL_S

    def act(self) -> float | None:
        """End a trial that takes too long; when that will be, None: there is none."""
        if self.pid is None or self.due_s is None:
            return None
        if self._clock_s() >= self.due_s and not self._is_late:
            self._is_late = True
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        return None if self._is_late else self.due_s

    def bury(self, death: Death) -> bool:
        """Was that the trial? Then it is over."""
        if death.pid != self.pid:
            return False
        self.pid = self.due_s = None
        answer, said = rehearsal.answer_of(self._said())
        text = said.strip()[-SAID_MAX:]
        if self._is_late:
            text = f"{text}\nit has not ended within {TRIAL_S:.0f}s".strip()
        elif death.is_orderly() and answer is None:
            text = f"{text}\nit knows of no upgrade".strip()
        elif not death.is_orderly():
            text = text or death.text("it")
        is_sound = death.is_orderly() and not self._is_late
        self.tried = Trial(answer if is_sound else None, text)
        return True

    def verdict(self) -> Trial:
        """That of the trial that has ended, once: of what may be executed now."""
        assert self.tried is not None
        trial, self.tried = self.tried, None
        changed = rehearsal.first_changed(trial.answer.files) if trial.answer else ""
        if changed:
            return replace(trial, answer=None, said=f"{changed} has changed meanwhile")
        return trial

    def become(self, heirloom: Heirloom, environ: dict[str, str]) -> None:
        """This process goes on as the program. OSError: as what it was."""
        program = self._known()
        left = seal(heirloom)
        handed = [left, *heirloom.descriptors()]
        try:
            for fd in handed:
                os.set_inheritable(fd, True)
            descriptors.lower_limit()
            program.become({**os.environ, **environ, VARIABLE: str(left)})
        finally:  # only where it could not
            descriptors.raise_limit()
            for fd in handed:
                os.set_inheritable(fd, False)
            os.close(left)

    def _known(self) -> Program:
        if self._program is None:
            raise OSError(0, "nobody knows how this server was started")
        return self._program

    def _said(self) -> str:
        """What the trial wrote, of much the end."""
        size = os.fstat(self._output).st_size
        begin = max(0, size - ANSWER_BYTES_MAX)
        data = os.pread(self._output, ANSWER_BYTES_MAX, begin)
        os.close(self._output)
        return data.decode("utf-8", "replace")
