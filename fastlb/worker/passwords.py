"""Passwords and groups are looked up in threads: nobody else waits for them.

bcrypt takes 50 ms on purpose. A few are checked at once, with less right to the
processor than the data path; others wait for their turn, and beyond a number they are
turned away. The same question is asked once, however many requests wait for it. What
was found right is known by a keyed hash over user, password and the entry of the file,
so that a changed file costs nothing for those whose entry is the same.
"""

from __future__ import annotations

import asyncio
import enum
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from fastlb.users.files import Files

CHECKS_AT_ONCE: Final = 2
CHECKS_MAX: Final = 64
"""Under way and waiting, in one worker; whoever comes then gets 503."""
KNOWN_MAX: Final = 4096
NICER: Final = 10  # than the data path


class Verdict(enum.IntEnum):
    """VERDICT_* of core/plan/verdicts.pxd."""

    GRANTED = 1
    DENIED = 2
    NOBODY = 3
    FAULT = 4
    BUSY = 5
    LARGE = 6


class Asks(enum.IntEnum):
    """ASKS_* of core/plan/verdicts.pxd."""

    PASSWORD = 1
    GROUP = 2
    HASH = 5


Question = tuple[int, bytes, bytes, bytes, tuple[str | bytes, ...]]
"""Asks, file, user, password, groups or realm."""


class Found(NamedTuple):
    verdict: Verdict
    keep: bool = False  # it holds as long as the file is what it is
    beside: bytes = b""  # of HASH the hash


Waiting = tuple[int, int]  # connection, request
Answer = Callable[[int, int, int, bool, bytes], None]


class Passwords:
    """Asked by the loop's thread alone."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(CHECKS_AT_ONCE, "password", behind_others)
        self._waiting: dict[Question, list[Waiting]] = {}
        self._files: Files | None = None
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()
        self._secret = os.urandom(32)

    def ask(self, question: Question, who: Waiting, answer: Answer) -> bool:
        """False: too many are being checked. answer: called in the loop's thread."""
        others = self._waiting.get(question)
        if others is not None:
            others.append(who)
            return True
        if len(self._waiting) >= CHECKS_MAX:
            return False
        self._waiting[question] = [who]

        def done(future: asyncio.Future[Found]) -> None:
            lost = future.cancelled() or future.exception() is not None
            found = Found(Verdict.FAULT) if lost else future.result()
            for connection, request in self._waiting.pop(question):
                answer(connection, request, *found)

        loop = asyncio.get_running_loop()
        loop.run_in_executor(self._threads, self.find, question).add_done_callback(done)
        return True

    def find(self, question: Question) -> Found:
        """Blocks."""
        kind, path, user, password, names = question
        if self._files is None:
            # The master has loaded them, with the check of the configuration.
            from fastlb.users.files import Files

            self._files = Files()
        try:
            if kind == Asks.GROUP:
                return self._group(path, user, names)
            if kind == Asks.HASH:
                return self._hash(path, user, names[0])
            return self._password(path, user, password)
        except OSError:
            return Found(Verdict.FAULT)

    def _password(self, path: bytes, user: bytes, password: bytes) -> Found:
        from fastlb.users.hashes import matches

        assert self._files is not None
        kept = self._files.users(path)
        if kept.is_large:
            return Found(Verdict.LARGE)
        stored = kept.entries.get(user)
        if stored is None:
            return Found(Verdict.NOBODY)
        parts = (user, stored, password)
        text = b"".join(len(part).to_bytes(4) + part for part in parts)
        key = hashlib.blake2b(text, key=self._secret, digest_size=32).digest()
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return Found(Verdict.GRANTED, kept.settled)
        if not matches(password, stored):
            return Found(Verdict.DENIED)
        with self._lock:
            self._known[key] = None
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
        return Found(Verdict.GRANTED, kept.settled)

    def _hash(self, path: bytes, user: bytes, realm: str | bytes) -> Found:
        from fastlb.users.hashes import is_digest

        assert self._files is not None and isinstance(realm, bytes)
        kept = self._files.digests(path)
        if kept.is_large:
            return Found(Verdict.LARGE)
        if b":" in user or b":" in realm:
            return Found(Verdict.NOBODY)  # no line can name it
        stored = kept.entries.get(user + b":" + realm)
        if stored is None:
            return Found(Verdict.NOBODY)
        if not is_digest(stored):
            return Found(Verdict.DENIED)
        return Found(Verdict.GRANTED, kept.settled, stored)

    def _group(self, path: bytes, user: bytes, groups: Sequence[str | bytes]) -> Found:
        assert self._files is not None
        kept = self._files.groups(path)
        if kept.is_large:
            return Found(Verdict.LARGE)
        named = b"\n" + user + b"\n"
        for group in groups:
            assert isinstance(group, str)
            users = kept.entries.get(group.lower().encode("latin-1"), b"")
            if b"\n" not in user and named in users:
                return Found(Verdict.GRANTED, kept.settled)
        return Found(Verdict.DENIED, kept.settled)

    def shutdown(self) -> None:
        self._threads.shutdown(wait=False)


def behind_others() -> None:
    """Of a thread: the data path goes first."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICER)
