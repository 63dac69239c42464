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
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

from fastlb.facts.dbm import DbmFile
from fastlb.facts.ldap import Ldap

if TYPE_CHECKING:
    from fastlb.users.files import Files
    from fastlb.users.ldap import Directories

CHECKS_AT_ONCE: Final = 2
DIRECTORY_CHECKS_AT_ONCE: Final = 4  # of each directory; they wait most of the time
DIRECTORIES_APART: Final = 16  # beyond that several share their threads
CHECKS_MAX: Final = 64
"""Under way and waiting, in one worker; whoever comes then gets 503."""
KNOWN_MAX: Final = 4096
TOLD_S: Final = 300
"""As long as the core keeps verdicts (VERDICT_KEPT_US)."""
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
    TOLD = 6


Question = tuple[int, bytes | DbmFile | Ldap, bytes, bytes, tuple[str | bytes, ...]]
"""Asks, file or directory, user, password, groups or realm. Of a directory a group is
what Require says: "ldap-dn", and the rest of its line; of a DbmFile the realm goes
before the groups."""


class Found(NamedTuple):
    verdict: Verdict
    keep: bool = False  # it holds as long as the file is what it is
    beside: bytes = b""  # of HASH the hash
    why: str = ""  # of FAULT, for whoever reads the log


Waiting = tuple[int, int]  # connection, request
Answer = Callable[[int, int, int, bool, bytes], None]
Say = Callable[[str], None]


class Passwords:
    """Asked by the loop's thread alone."""

    def __init__(self, say: Say | None = None) -> None:
        """say: gets why a directory gave no answer."""
        self._threads = ThreadPoolExecutor(CHECKS_AT_ONCE, "password", behind_others)
        # Each has its own: one that hangs holds nobody up whom another knows, or a file
        self._askers: list[ThreadPoolExecutor] = []
        self._asker_of: dict[object, ThreadPoolExecutor] = {}  # by its hosts
        self._waiting: dict[Question, list[Waiting]] = {}
        self._under_way: Counter[ThreadPoolExecutor] = Counter()
        self._say = say
        self._files: Files | None = None
        self._directories: Directories | None = None
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._told: OrderedDict[tuple[Ldap, bytes], tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()
        self._secret = os.urandom(32)

    def ask(self, question: Question, who: Waiting, answer: Answer) -> bool:
        """False: too many are being checked. answer: called in the loop's thread."""
        others = self._waiting.get(question)
        if others is not None:
            others.append(who)
            return True
        threads = self._threads_for(question[1])
        if self._under_way[threads] >= CHECKS_MAX:
            return False
        self._waiting[question] = [who]
        self._under_way[threads] += 1

        def done(future: asyncio.Future[Found]) -> None:
            lost = future.cancelled() or future.exception() is not None
            found = Found(Verdict.FAULT) if lost else future.result()
            self._under_way[threads] -= 1
            if found.why and self._say is not None:
                self._say(found.why)
            verdict, keep, beside, _ = found
            for connection, request in self._waiting.pop(question):
                answer(connection, request, verdict, keep, beside)

        loop = asyncio.get_running_loop()
        loop.run_in_executor(threads, self.find, question).add_done_callback(done)
        return True

    def _threads_for(self, source: bytes | DbmFile | Ldap) -> ThreadPoolExecutor:
        if not isinstance(source, Ldap):
            return self._threads
        known = self._asker_of.get(source.hosts)
        if known is None:
            if len(self._askers) < DIRECTORIES_APART:
                made = ThreadPoolExecutor(DIRECTORY_CHECKS_AT_ONCE, "directory")
                self._askers.append(made)
            known = self._askers[len(self._asker_of) % len(self._askers)]
            self._asker_of[source.hosts] = known
        return known

    def find(self, question: Question) -> Found:
        """Blocks."""
        kind, path, user, password, names = question
        if isinstance(path, Ldap):
            return self._ask_directory(path, kind, user, password, names)
        if self._files is None:
            # The master has loaded them, with the check of the configuration.
            from fastlb.users.files import Files

            self._files = Files()
        try:
            if kind == Asks.GROUP and isinstance(path, DbmFile):
                return self._dbm_group(path, user, names)
            if kind == Asks.GROUP:
                assert isinstance(path, bytes)
                return self._group(path, user, names)
            if kind == Asks.HASH:
                return self._hash(path, user, names[0])
            return self._password(path, user, password)
        except OSError:
            return Found(Verdict.FAULT)

    def _ask_directory(
        self,
        said: Ldap,
        kind: int,
        user: bytes,
        password: bytes,
        names: Sequence[str | bytes],
    ) -> Found:
        from fastlb.users.ldap import Directories, LdapError

        if self._directories is None:
            self._directories = Directories()
        try:
            if kind == Asks.PASSWORD:
                if said.attributes or said.user_is_dn:
                    return self._ask_for_attributes(said, user, password)
                right = self._directories.password(said, user, password)
                if right is None:
                    return Found(Verdict.NOBODY)
                keep = right and said.keeps
                return Found(Verdict.GRANTED if right else Verdict.DENIED, keep)
            what, *written = (str(name) for name in names)
            text = written[0] if written else ""
            if kind == Asks.TOLD:
                return self._ask_what_it_tells(said, user, password, (what, text))
            holds = self._directories.holds(said, user, what, text, password)
        except LdapError as problem:
            return Found(Verdict.FAULT, why=f"FB0368: AuthLDAPURL: {problem}")
        return Found(Verdict.GRANTED if holds else Verdict.DENIED, said.keeps)

    def _ask_for_attributes(self, said: Ldap, user: bytes, password: bytes) -> Found:
        assert self._directories is not None
        key = said, self._secret_of(user, password)
        known = self._told_of(key)
        if known is not None:
            return Found(Verdict.GRANTED, False, known)
        found = self._directories.attributes(said, user, password)
        if found is None:
            return Found(Verdict.NOBODY)
        right, told = found
        if right and said.keeps:
            self._keep_told(key, told)
        return Found(Verdict.GRANTED if right else Verdict.DENIED, False, told)

    def _ask_what_it_tells(
        self, said: Ldap, user: bytes, password: bytes, rule: tuple[str, str]
    ) -> Found:
        """Of whom a rule lets in; others know no more than that it does not."""
        assert self._directories is not None
        words = (word.encode("utf-8", "surrogateescape") for word in rule)
        key = said, self._secret_of(user, password, *words)
        known = self._told_of(key)
        if known is not None:
            return Found(Verdict.GRANTED, False, known)
        if not self._directories.holds(said, user, *rule, password):
            return Found(Verdict.DENIED, said.keeps)
        told = self._directories.told(said, user, *rule, password)
        if said.keeps:
            self._keep_told(key, told)
        return Found(Verdict.GRANTED, False, told)

    def _secret_of(self, *parts: bytes) -> bytes:
        text = b"".join(len(part).to_bytes(4) + part for part in parts)
        return hashlib.blake2b(text, key=self._secret, digest_size=32).digest()

    def _told_of(self, key: tuple[Ldap, bytes]) -> bytes | None:
        """What a directory tells of a user is kept here: the core has no room."""
        with self._lock:
            known = self._told.get(key)
        return known[1] if known is not None and time.monotonic() < known[0] else None

    def _keep_told(self, key: tuple[Ldap, bytes], told: bytes) -> None:
        with self._lock:
            self._told[key] = (time.monotonic() + TOLD_S, told)
            if len(self._told) > KNOWN_MAX:
                self._told.popitem(last=False)

    def _password(self, path: bytes | DbmFile, user: bytes, password: bytes) -> Found:
        from fastlb.users.hashes import matches

        assert self._files is not None
        kept = self._files.users(path)
        if kept.is_large:
            return Found(Verdict.LARGE)
        stored = kept.entries.get(user)
        if stored is None:
            return Found(Verdict.NOBODY)
        key = self._secret_of(user, stored, password)
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

    def _hash(self, path: bytes | DbmFile, user: bytes, realm: str | bytes) -> Found:
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

    def _dbm_group(
        self, file: DbmFile, user: bytes, names: Sequence[str | bytes]
    ) -> Found:
        """Source: mod_authz_dbm.c, dbmgroup_check_authorization."""
        assert self._files is not None
        realm, *wanted = (str(name).encode("latin-1") for name in names)
        kept = self._files.dbm_groups(file)
        if kept.is_large:
            return Found(Verdict.LARGE)
        groups = kept.entries.get(user + b":" + realm)
        if groups is None:
            groups = kept.entries.get(user, b"")
        his = {group for group in groups.split(b",") if group}
        verdict = Verdict.DENIED if his.isdisjoint(wanted) else Verdict.GRANTED
        return Found(verdict, kept.settled)

    def shutdown(self) -> None:
        self._threads.shutdown(wait=False)
        for threads in self._askers:
            threads.shutdown(wait=False)


def behind_others() -> None:
    """Of a thread: the data path goes first.

    A server that is nicer than that already may not become less so, and asks for
    nothing: where this fails no password would be right any more.
    """
    who = threading.get_native_id()
    if os.getpriority(os.PRIO_PROCESS, who) < NICER:
        os.setpriority(os.PRIO_PROCESS, who, NICER)
