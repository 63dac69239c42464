"""Real processes for tests: fastlb in its own directory, members that remember.

Nothing here sleeps for luck: every wait is for a condition, with a deadline, and says
what it waited for when the deadline passes.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, TypeVar

import psutil
from ports import free_port
from rights import AS_ROOT

T = TypeVar("T")

HOST = "127.0.0.1"
DEADLINE_S = 30.0  # long for whoever waits in vain, and nothing for others
PAUSE_S = 0.01
LISTEN_BACKLOG = 256


class DeadlineError(AssertionError):
    """A condition did not become true in time."""


def wait_for(
    condition: Callable[[], T | None], what: str, deadline_s: float = DEADLINE_S
) -> T:
    """The first true value of condition; what says in words what is awaited."""
    ends_s = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > ends_s:
            raise DeadlineError(f"not within {deadline_s}s: {what}")
        time.sleep(PAUSE_S)


def is_listening(port: int, host: str = HOST) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def has_listener(pid: int) -> bool:
    """True while the process holds a listening socket; False when it has ended."""
    with suppress(psutil.NoSuchProcess):
        held = psutil.Process(pid).net_connections(kind="tcp")
        return any(one.status == psutil.CONN_LISTEN for one in held)
    return False


# members


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as a member saw it."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def field(self, name: str) -> str | None:
        for known, value in self.fields:
            if known.lower() == name.lower():
                return value
        return None


Answerer = Callable[[Seen], bytes]
"""The whole answer, head and body, to a request."""


class Member:
    """A server behind the balancer: threads, keep-alive, a list of what it saw.

    It can go away and come back on the same port, and be held: while held it
    takes requests and does not answer.
    """

    def __init__(
        self, name: str, answer: Answerer | None = None, host: str = HOST, port: int = 0
    ) -> None:
        self.name = name
        self.host = host
        self.seen: list[Seen] = []
        self.connections = 0
        self.port = port or free_port()
        self._answer = answer or self._own_name
        self._free = threading.Event()
        self._free.set()
        self._sock: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._acceptor: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Listen, always on the same port."""
        self._sock = socket.create_server(
            (self.host, self.port), backlog=LISTEN_BACKLOG
        )
        self._acceptor = self._run(self._accept, self._sock)

    def stop(self) -> None:
        """Be gone at once: nothing listens, every connection is closed."""
        self._free.set()
        sock, self._sock = self._sock, None
        if sock is not None:
            # A thread that waits in accept() holds the socket: wake it up first.
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        if self._acceptor is not None:
            # What it has accepted in the last moment is one of those to be closed.
            self._acceptor.join(DEADLINE_S)
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(DEADLINE_S)
        self._threads.clear()

    def hold(self) -> None:
        self._free.clear()

    def let_go(self) -> None:
        self._free.set()

    def _run(
        self, work: Callable[[socket.socket], None], sock: socket.socket
    ) -> threading.Thread:
        thread = threading.Thread(target=work, args=(sock,), daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self, sock: socket.socket) -> None:
        while True:
            try:
                connection, _ = sock.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            self._run(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        try:
            while (request := read_request(reader)) is not None:
                self.seen.append(request)
                self._free.wait()
                connection.sendall(self._answer(request))
                if (request.field("Connection") or "").lower() == "close":
                    break
        except OSError:
            return
        finally:
            with self._lock:
                self._open.discard(connection)
            reader.close()
            connection.close()

    def _own_name(self, request: Seen) -> bytes:
        return answer(self.name.encode(), head_only=request.method == "HEAD")


def answer(
    body: bytes, status: str = "200 OK", *, fields: str = "", head_only: bool = False
) -> bytes:
    """A complete answer with a length. fields: more lines, each ended by CRLF."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
    return head.encode("latin-1") + (b"" if head_only else body)


def read_request(reader: BinaryIO) -> Seen | None:
    """One request from a buffered reader; None at the end of the connection."""
    readline, read = reader.readline, reader.read
    start = readline().decode("latin-1").split()
    if len(start) != 3:
        return None
    fields = []
    while (line := readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        fields.append((name, value.strip()))
    lower = {name.lower(): value for name, value in fields}
    if "chunked" in lower.get("transfer-encoding", "").lower():
        body = b""
        while size := int(readline().split(b";")[0], 16):
            body += read(size)
            readline()
        while readline().strip():
            pass
    else:
        body = read(int(lower.get("content-length", 0)))
    return Seen(start[0], start[1], tuple(fields), body)


# the server


@dataclass(slots=True)
class Fastlb:
    """One fastlb: its directory, its configuration file, its master process."""

    folder: Path
    port: int
    process: subprocess.Popen[str] | None = None
    known_pids: set[int] = field(default_factory=set)

    @property
    def conf(self) -> Path:
        return self.folder / "httpd.conf"

    @property
    def error_log(self) -> str:
        path = self.folder / "error.log"
        return path.read_text() if path.exists() else ""

    @property
    def pid(self) -> int:
        """The master's pid, as its pid file says."""
        return int((self.folder / "fastlb.pid").read_text())

    def write(self, text: str, *, workers: int = 2, identity: bool = True) -> None:
        """The configuration: what every test needs, then text.

        identity: False for a test that names the User of the workers itself.
        """
        self.conf.write_text(
            f'ServerRoot "{self.folder}"\n'
            f"ServerName test.example\n"
            f"Listen {HOST}:{self.port}\n"
            f"PidFile fastlb.pid\n"
            f"ErrorLog error.log\n"
            f"LogLevel info\n"
            f"StartServers {workers}\n"
            f"{AS_ROOT if identity else ''}"
            f"{text}\n"
        )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run fastlb with these words (and -f) until it ends."""
        return subprocess.run(
            [sys.executable, "-m", "fastlb", "-f", str(self.conf), *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def start(
        self,
        *arguments: str,
        descriptors: tuple[int, int] | None = None,
        environ: Mapping[str, str] = MappingProxyType({}),
        through: Sequence[str] = (),
    ) -> None:
        """Run in the foreground; returns when it serves.

        descriptors: the soft and the hard limit of open files that it is given.
        environ: what its environment has beside ours.
        through: a command that becomes the server, whose words follow its own.
        """
        words = list(through)
        if descriptors is not None:
            soft, hard = descriptors
            words = [*words, "prlimit", f"--nofile={soft}:{hard}"]
        self.process = subprocess.Popen(
            [
                *(*words, sys.executable, "-m", "fastlb", "-f", str(self.conf)),
                *("-D", "FOREGROUND", *arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environ},
        )
        wait_for(self._has_started, "the server serves")

    def _has_started(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            assert self.process.stderr is not None
            raise AssertionError(
                f"fastlb ended with {self.process.returncode}: "
                f"{self.process.stderr.read()}\n{self.error_log}"
            )
        return self.generations() > 0

    def generations(self) -> int:
        """How many generations have begun to serve so far."""
        return self.error_log.count("resuming normal operations")

    def reload(self, number: signal.Signals = signal.SIGHUP) -> None:
        """Tell it to reload; returns when the new generation serves."""
        before = self.generations()
        os.kill(self.pid, number)
        wait_for(lambda: self.generations() > before, "the new generation serves")

    def workers(self) -> list[int]:
        """Pids of the workers that are there now, draining ones too."""
        return self._children("fastlb-worker")

    def monitors(self) -> list[int]:
        return self._children("fastlb-monitor")

    def controllers(self) -> list[int]:
        return self._children("fastlb-control")

    def _children(self, name: str) -> list[int]:
        found = []
        with suppress(psutil.NoSuchProcess, OSError, ValueError):
            for child in psutil.Process(self.pid).children():
                self.known_pids.add(child.pid)
                with suppress(psutil.NoSuchProcess):
                    if child.name() == name:
                        found.append(child.pid)
        return sorted(found)

    def wait_for_log(self, pattern: str, deadline_s: float = DEADLINE_S) -> str:
        """The first line of the error log that matches."""
        expression = re.compile(pattern)

        def line() -> str | None:
            lines = self.error_log.splitlines()
            return next((one for one in lines if expression.search(one)), None)

        return wait_for(line, f"a line like {pattern!r} in the error log", deadline_s)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it and wait; the exit code of a server in the foreground, else 0."""
        self.workers()
        with suppress(OSError, ValueError):
            os.kill(self.pid, number)
        if self.process is None:
            wait_for(lambda: not self.left_over(), "the server has ended")
            return 0
        code = self.process.wait(DEADLINE_S)
        stderr = self.process.stderr
        assert stderr is not None
        if not stderr.closed:
            os.set_blocking(stderr.fileno(), False)  # others may hold it open
            said = stderr.read() or ""
            stderr.close()
            assert "ASSERT(" not in said, said
        return code

    def left_over(self) -> list[int]:
        """Processes of this server that still run."""
        with suppress(OSError, ValueError):
            self.known_pids.add(self.pid)
        return [pid for pid in self.known_pids if psutil.pid_exists(pid)]

    def get(self, path: str = "/", **fields: str) -> Answer:
        """One request on a connection of its own."""
        with self.connection() as connection:
            return exchange(connection, "GET", path, fields)

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        made = http.client.HTTPConnection(HOST, self.port, timeout=DEADLINE_S)
        try:
            yield made
        finally:
            made.close()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def field(self, name: str) -> str | None:
        for known, value in self.fields:
            if known.lower() == name.lower():
                return value
        return None

    @property
    def text(self) -> str:
        return self.body.decode("latin-1")


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    fields: dict[str, str],
    body: bytes | None = None,
) -> Answer:
    """One request and its answer on a connection that may be kept."""
    connection.request(method, path, body, fields)
    got = connection.getresponse()
    return Answer(got.status, tuple(got.getheaders()), got.read())


# load


class Load:
    """Threads that send requests until told to end, and count what fails.

    keep: each thread keeps its connection, opening a new one only where the server
    has announced the end of the old one; else one connection a request.
    Within paused() no request is under way.
    """

    def __init__(self, server: Fastlb, *, threads: int = 4, keep: bool = False) -> None:
        self._server = server
        self._keep = keep
        self._over = threading.Event()
        self._may_ask = threading.Event()
        self._may_ask.set()
        self._under_way = 0
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, daemon=True) for _ in range(threads)
        ]
        self.done = 0
        self.failures: list[str] = []

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        self.wait_for_more(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(DEADLINE_S)

    def wait_for_more(self, count: int) -> None:
        """Until count more requests have been answered (or one has failed)."""
        goal = self.done + count
        wait_for(
            lambda: self.done >= goal or bool(self.failures),
            f"{count} more answers, failures: {self.failures}",
        )

    @contextmanager
    def paused(self) -> Iterator[None]:
        with self._lock:
            self._may_ask.clear()
        wait_for(lambda: self._under_way == 0, "no request is under way")
        try:
            yield
        finally:
            self._may_ask.set()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One request; it begins when it may."""
        while True:
            self._may_ask.wait()
            with self._lock:
                if self._may_ask.is_set():
                    self._under_way += 1
                    break
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def _work(self) -> None:
        while not self._over.is_set():
            with self._server.connection() as connection:
                self._use(connection)

    def _use(self, connection: http.client.HTTPConnection) -> None:
        headers = {} if self._keep else {"Connection": "close"}
        while not self._over.is_set():
            try:
                with self._turn():
                    got = exchange(connection, "GET", "/", headers)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                return
            if got.status != 200:
                self.failures.append(f"{got.status} {got.text[:200]}")
            self.done += 1
            if not self._keep or got.field("Connection") == "close":
                return
