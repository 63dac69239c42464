"""What operators change while the server runs: kept, put on each new model, done.

The master decides: it believes nothing of what the controller sends but reads it with
the bounds of the configuration's own readers. What lies in the slot table is written
there and holds at once; anything else takes workers that know it, forked as for a
reload, and is answered when these accept.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from fastlb._core import Table
from fastlb.base.regular import open_regular
from fastlb.facts.adjustments import (
    ANSWER_BYTES_MAX,
    MEMBER_KEYS_AT_ONCE,
    NOTHING_CHANGED,
    Adjustment,
    AdjustmentError,
    Answer,
    Deed,
    Record,
    number_of,
    read_asked,
    read_records,
    records_text,
)
from fastlb.facts.member_changes import CAUSES, Cause
from fastlb.facts.server import Model
from fastlb.master import claims, pidfile
from fastlb.master.generation import Generation
from fastlb.model.adjusted import adjusted, recorded
from fastlb.model.changes import changes, log_line
from fastlb.model.model_draft import ModelDraft

SUFFIX = ".changes"
FILE_MODE = 0o600
ROOT = 0
BYTES_MAX = 16 * 1024 * 1024
QUEUED_MAX = 256  # that wait for a reload to end
NUMBERS_BYTES = 64  # that of a question, and of the next record

Say = Callable[[str, str], None]  # level, text


@dataclass(frozen=True, slots=True)
class Waiting:
    """A deed that is answered when its workers accept.

    question  its number
    asker     which controller asked: there may be another one by then
    fresh     keys of members that it does not know
    """

    question: int
    asker: int
    records: tuple[Record, ...]
    who: str
    what: str
    fresh: tuple[str, ...]


class Adjusting:
    """written: the model in force as files say it. account: what TELL is answered with
    beside the records."""

    def __init__(
        self,
        table: Table,
        say: Say,
        account: Callable[[], Mapping[str, Any]] = dict,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._say = say
        self._account = account
        self._wall_s = wall_s
        self._records: tuple[Record, ...] = ()
        self._queued: deque[bytes] = deque()
        self._path: str | None = None
        self._written: Model | None = None
        self._next: Model | None = None
        self.waiting: Waiting | None = None

    # what holds

    def recall(self, pid_file: str) -> None:
        """Read what an earlier server has kept: nobody else, who may have put it there
        first, decides who serves."""
        self._path = pid_file + SUFFIX
        try:
            with open_regular(self._path) as file:
                if os.fstat(file.fileno()).st_uid not in (os.geteuid(), ROOT):
                    raise AdjustmentError("it is another user's")
                self._records = read_records(file.read(BYTES_MAX))
        except FileNotFoundError:
            return
        except (OSError, AdjustmentError) as error:
            self._say("error", f"FB0644: {self._path} cannot be read: {error}")

    def put_on(self, written: Model) -> Model:
        """A model that was just read, with what still holds of the records on it."""
        self._next = written
        found = adjusted(
            written, (one for one in self._records if persists(written, one))
        )
        for text in found.over:
            self._say("warn", f"FB0643: a change of {text}: it holds no longer")
        return found.model

    def commit(self) -> None:
        """The model of put_on, or of the deed that waits, is in force."""
        if self.waiting is not None:
            self._keep(self.waiting.records)
        elif self._next is not None:
            kept = adjusted(
                self._next,
                (one for one in self._records if persists(self._next, one)),
            ).records
            self._written = self._next
            if kept != self._records:
                self._keep(kept)
        self._next = None

    def _keep(self, records: tuple[Record, ...]) -> None:
        self._records = records
        written = self._written
        if self._path is None or written is None:
            return
        lasting = tuple(one for one in records if persists(written, one))
        try:
            if lasting:
                write_file(self._path, records_text(lasting))
            else:
                with suppress(FileNotFoundError):
                    os.unlink(self._path)
        except OSError as error:
            self._say("error", f"FB0644: {self._path} cannot be written: {error}")

    # what is asked

    def queue(self, asked: Iterable[bytes]) -> list[tuple[Answer, int]]:
        """Take what came; answers to what is too much."""
        refused = []
        for one in asked:
            if len(self._queued) >= QUEUED_MAX:
                refused.append((Answer(False, "too many changes wait"), number_of(one)))
            else:
                self._queued.append(one)
        return refused

    def forget_queue(self) -> None:
        """Whoever asked has gone. What is under way goes on."""
        self._queued.clear()

    def is_asked(self) -> bool:
        return bool(self._queued) and self.waiting is None

    def act(self, current: Generation, asker: int) -> tuple[Answer, int] | Model:
        """Do the next deed: its answer, or the model that takes new workers."""
        data = self._queued.popleft()
        question = number_of(data)
        model, records = current.model, self._records
        try:
            done = self._do(current, read_asked(data), (question, asker))
        except AdjustmentError as why:
            return Answer(False, str(why)), question
        except Exception as error:
            # The server is worth more than a change of it.
            told = "".join(traceback.format_exception(error)).rstrip()
            self._say("error", f"FB0646: {told}")
            current.model, self._records = model, records
            claims.claim(self._table, model, current.number)
            return Answer(False, "it failed: see the error log"), question
        return done if isinstance(done, Model) else (done, question)

    def _do(
        self, current: Generation, asked: Adjustment, asker: tuple[int, int]
    ) -> Answer | Model:
        if asked.deed is Deed.TELL:
            return self._holds(asked)
        if asked.deed is Deed.UP:
            return self._bring_up(current, asked)
        written = self._written
        if written is None:
            raise AdjustmentError(
                "the workers in force are those of the program before: reload first"
            )
        records = recorded(written, self._records, asked, int(self._wall_s()))
        model = adjusted(written, records).model
        what = log_line(changes(current.model, model))
        if model == current.model:
            self._keep(records)
            return Answer(True, NOTHING_CHANGED)
        if not is_at_once(current.model, model):
            fresh = tuple(new_keys(current.model, model))
            self.waiting = Waiting(*asker, records, asked.who, what, fresh)
            return model
        claims.claim(self._table, model, current.number)
        current.model = model
        self._keep(records)
        self._say("notice", f"FB0642: {what}: {asked.who}")
        return Answer(True, what)

    def _holds(self, asked: Adjustment) -> Answer:
        """As many records as a message holds, from the one whose place is asked for;
        next: where the others begin, 0: there are none."""
        said = dict(asked.params).get("from", "0")
        begin = int(said) if said.isascii() and said.isdigit() else 0
        records: list[dict[str, Any]] = []
        holds = {**self._account(), "records": records, "next": 0}
        size = len(Answer(True, "", holds=holds).told(0)) + NUMBERS_BYTES
        for one in self._records[begin:]:
            words = one.words()
            size += len(json.dumps(words)) + 2
            if records and size > ANSWER_BYTES_MAX:
                holds["next"] = begin + len(records)
                break
            records.append(words)
        return Answer(True, "", holds=holds)

    def _bring_up(self, current: Generation, asked: Adjustment) -> Answer:
        index = ModelDraft(current.model).find(asked.balancer, asked.member)
        slot = current.member_slots[index]
        if not self._table.mark_up(slot, CAUSES.index(Cause.OPERATOR)):
            return Answer(True, NOTHING_CHANGED)
        what = f"~ member {asked.member}: its errors are cleared"
        self._say("notice", f"FB0642: {what}: {asked.who}")
        return Answer(True, what)

    def done(self, current: Generation) -> tuple[Answer, int, int]:
        """Workers that know it accept: what to tell, of which question, and whom."""
        assert self.waiting is not None
        done, self.waiting = self.waiting, None
        self._say("notice", f"FB0642: {done.what}: {done.who}")
        keys = (one.key for one in current.model.members)
        slots = dict(zip(keys, current.member_slots, strict=True)) if done.fresh else {}
        holds = {"slots": {key: slots[key] for key in done.fresh}}
        answer = Answer(True, done.what, is_over=True, holds=holds)
        return answer, done.question, done.asker

    def failed(self, why: str) -> tuple[Answer, int, int]:
        assert self.waiting is not None
        failed, self.waiting = self.waiting, None
        return Answer(False, why), failed.question, failed.asker


def new_keys(old: Model, new: Model) -> Iterator[str]:
    known = {one.key for one in old.members}
    return (one.key for one in new.members if one.key not in known)


def is_at_once(old: Model, new: Model) -> bool:
    """Do they differ only in what lies in the slot table?"""
    names = [{"loadfactor": "load_factor"}.get(key, key) for key in MEMBER_KEYS_AT_ONCE]
    if len(old.members) != len(new.members):
        return False
    alike = tuple(
        replace(member, **{name: getattr(before, name) for name in names})
        for before, member in zip(old.members, new.members, strict=True)
    )
    return replace(new, members=alike) == old


def persists(model: Model, record: Record) -> bool:
    """BalancerPersist of the host whose balancer it is."""
    host = model.host_of(record.balancer)
    # Of a host that is not there put_on tells so.
    return host is None or host.balancer_persist


def write_file(path: str, data: bytes) -> None:
    """Replace it in one step; OSError."""
    fd, new = pidfile.create_beside(path, FILE_MODE)
    try:
        with open(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError:
        with suppress(OSError):
            os.unlink(new)
        raise
