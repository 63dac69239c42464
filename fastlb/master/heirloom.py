"""What one program leaves to the one that takes its place in the same process.

One JSON object in sealed memory, whose descriptor the environment names. It is written
by the master alone, just before it executes the new program, and holds descriptors that
stay open over that, pids of children that stay children, and numbers. Nothing in it is
what a worker has written, but counts of members, which are believed as those of the
table are.

The same object goes to the new program when it is tried beside the old one
(rehearsal.py), without any descriptor: whoever cannot read it says so there. What came
into it later than FORMAT has a default, since an older program does not write it.
"""

from __future__ import annotations

import fcntl
import json
import os
import types
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from fastlb.master.account import Account
from fastlb.master.generation import WorkerProcess

FORMAT = 1
VARIABLE = "FASTLB_HEIRLOOM"
SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
BYTES_MAX = 256 * 1024 * 1024
FIRST_FD = 3  # behind the standard streams
HOLDER, SUCCESSOR, LEAVING = PLACES = ("holder", "successor", "leaving")
T = TypeVar("T")


class HeirloomError(Exception):
    """It is none of ours. str(): why."""


@dataclass(slots=True, kw_only=True)
class WorkerLeft(WorkerProcess):
    """place: in its generation."""

    place: str  # PLACES


@dataclass(frozen=True, slots=True)
class LoggerLeft:
    """A log program, pid 0 while it does not run, and both ends of its pipe. words:
    what is executed; (): what target says."""

    target: str
    pid: int
    read_fd: int
    write_fd: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GenerationLeft:
    """seats: how many. keepers: pids of the keepers of its maps' programs."""

    number: int
    seats: int
    is_in_force: bool
    member_slots: tuple[int, ...]
    workers: tuple[WorkerLeft, ...]
    keepers: tuple[int, ...]
    loggers: tuple[LoggerLeft, ...]


@dataclass(frozen=True, slots=True)
class SocketLeft:
    host: str
    port: int
    fd: int


@dataclass(frozen=True, slots=True)
class DoorLeft:
    """A listening socket of the controller, by the name of ControllerSeat."""

    name: str
    path: str
    fd: int


@dataclass(frozen=True, slots=True)
class Heirloom:
    """pid: of the master. is_trial: for a rehearsal, without a descriptor.

    pid_file, user, group, control_socket, digest_memory_bytes: as in force since the
    first start. monitor, controller: pids, 0: there is none. leaving: pids of processes
    that were told to go.
    table: Table.told(), kept: Keep.fd. members: as roll.members_of, for a program whose
    table is another. phrases: in hexadecimal. error_fd: the main log; -1: syslog.
    """

    pid: int
    is_trial: bool
    version: str
    started_us: int
    account: Account
    told: int
    last_number: int
    pid_file: str
    pid_fd: int
    user: str | None
    group: str | None
    control_socket: str | None
    digest_memory_bytes: int
    error_fd: int
    sockets: tuple[SocketLeft, ...]
    generations: tuple[GenerationLeft, ...]
    monitor: int
    controller: int
    controller_secret: str
    doors: tuple[DoorLeft, ...]
    leaving: tuple[int, ...]
    farewells: tuple[int, ...]
    table: dict[str, Any]  # whose words are its own
    kept: int
    members: tuple[dict[str, Any], ...]
    phrases: tuple[str, ...]

    def descriptors(self) -> Iterator[int]:
        """All that must stay open: for a trial, nothing."""
        if self.is_trial:
            return
        yield from (fd for fd in (self.pid_fd, self.error_fd, self.kept) if fd >= 0)
        yield from (one.fd for one in self.sockets)
        yield from (one.fd for one in self.doors)
        for generation in self.generations:
            for worker in generation.workers:
                yield worker.pipe
            for logger in generation.loggers:
                yield logger.read_fd
                yield logger.write_fd


def seal(heirloom: Heirloom) -> int:
    """A descriptor of it, closed on exec like others. OSError."""
    data = json.dumps({"format": FORMAT, **asdict(heirloom)}).encode()
    fd = os.memfd_create("fastlb-heirloom", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(data)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
    except OSError:
        os.close(fd)
        raise
    return fd


def from_environment(environ: MutableMapping[str, str]) -> Heirloom | None:
    """What it names is taken out of it, and read. HeirloomError."""
    said = environ.pop(VARIABLE, None)
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        raise HeirloomError("it is no number of a descriptor")
    fd = int(said)
    if fd < FIRST_FD:
        raise HeirloomError("it is a standard stream")
    try:
        heirloom = read(fd)
    finally:
        with suppress(OSError):
            os.close(fd)
    whose = os.getppid() if heirloom.is_trial else os.getpid()
    if heirloom.pid != whose:
        raise HeirloomError(f"it is that of process {heirloom.pid}")
    for one in heirloom.descriptors():
        try:
            os.set_inheritable(one, False)
        except OSError as error:
            raise HeirloomError(f"descriptor {one}: {error.strerror}") from None
    return heirloom


def read(fd: int) -> Heirloom:
    """What `seal` has written; HeirloomError."""
    try:
        if fcntl.fcntl(fd, fcntl.F_GET_SEALS) != SEALS:
            raise HeirloomError("it is not sealed")
        size = os.fstat(fd).st_size
        words = json.loads(os.pread(fd, min(size, BYTES_MAX), 0))
    except OSError as error:
        raise HeirloomError(f"it cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise HeirloomError("it cannot be read") from None
    if not isinstance(words, dict) or words.get("format") != FORMAT:
        raise HeirloomError("it has another form: another version has to come between")
    try:
        heirloom = made(Heirloom, words)
        numbers = list(heirloom.descriptors())
    except (TypeError, KeyError) as error:
        raise HeirloomError(f"it is not whole: {error}") from None
    for generation in heirloom.generations:
        for worker in generation.workers:
            if not (worker.place in PLACES and 0 <= worker.number < generation.seats):
                raise HeirloomError(f"worker {worker.pid} has no place")
    if any(number < FIRST_FD for number in numbers):
        raise HeirloomError("it names a standard stream")
    if len(set(numbers)) != len(numbers):
        raise HeirloomError("it names a descriptor twice")
    return heirloom


def made(kind: type[T], words: object) -> T:
    """An instance of it, of JSON. TypeError and KeyError say what is not so."""
    found: T = _made(kind, words)
    return found


def _made(kind: Any, words: Any) -> Any:  # types as values have no type of their own
    if is_dataclass(kind) and isinstance(words, dict):
        hints = get_type_hints(kind)
        named = {
            one.name: _made(hints[one.name], words[one.name])
            for one in fields(kind)
            if one.name in words or one.default is MISSING
        }
        return kind(**named)  # type: ignore[operator]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is tuple and isinstance(words, list):
        return tuple(_made(parts[0], word) for word in words)
    if origin is types.UnionType:
        return None if words is None else _made(parts[0], words)
    if kind is float and type(words) in (int, float):
        return float(words)
    if type(words) is (origin or kind):
        return words
    raise TypeError(f"{words!r:.40} is no {getattr(kind, '__name__', kind)}")
