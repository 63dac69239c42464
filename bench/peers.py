"""The proxies under measurement: how each is configured, started, found ready, ended.

A configuration is made from `peers/NAME.conf.in`:

    @WORD@           a value: PORT, RUN (its own directory), WORKERS, ...
    @flag TEXT       the line stands only in a set-up with that flag
    @!flag TEXT      ... only in one without it
    @each-member T   the line stands once a member; @NAME@ @ADDRESS@ @WEIGHT@ are its

Flags of a line may follow each other; all must hold. What a scenario is about:
`tls` (HTTPS in front; with `rsa` a certificate of that kind), `https` (HTTPS members),
`ajp`, `fcgi` (members by these), `websocket` (tunnels to them), `files` (files of the
proxy's own below /files), `gzip` (text is compressed). How it is done: `log` (an access
log), `gather` (nginx: log lines are gathered before they are written), `stream` (nginx:
no buffering of answers), `cached` (nginx: files are kept open), `reuseport` (nginx: a
socket for each worker), `wide` (Apache: threads for many connections), `sticky`
(sessions by cookie), `race` (HAProxy: careful with idle connections), `failover`
(members fail; with `checked` each is asked for /health every second and is back after
two good answers, with `impatient` it has a second to answer, with `failon` a 500 or a
503 puts it out, with `quickest` members that are quick or idle are preferred), `status`
(a status page), `metrics` (fastlb: SetHandler metrics), `unwatched` (fastlb: nothing is
counted of members' answers, and nothing kept of them), `generation` (a path that only
this version of the configuration knows: by it one sees that a reload is in force).
"""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import certificate
import machine
import measure
from members import Member, free_port
from native import BENCH, CHECKOUT, program

READY_S = 15.0
STOP_S = 5.0

USER = "www-data"  # of workers, when the bench runs as root
GROUP = "www-data"
APACHE_MODULES = "/usr/lib/apache2/modules"
APACHE_THREADS = {False: 256, True: 1100}  # without and with the flag `wide`


class CannotStartError(Exception):
    """A proxy that is not installed, or refuses to serve; the text says which."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a proxy is to be: flags of its configuration, workers, members."""

    members: tuple[Member, ...]
    flags: frozenset[str] = frozenset()
    workers: int = 1
    recycle: int = 0  # MaxConnectionsPerChild
    generation: int = 0
    ready: str = "/small"  # a path that is answered with 200
    serial: int = 1  # of the certificate

    @property
    def certificate(self) -> certificate.Certificate | None:
        if "tls" not in self.flags:
            return None
        return certificate.make("rsa" if "rsa" in self.flags else "ec", self.serial)


@dataclass(frozen=True, slots=True)
class Kind:
    """One proxy product."""

    name: str
    template: str | None
    command: Callable[[Path, int, Setup], list[str]]
    version: Callable[[], str]
    reload_signal: signal.Signals | None = None
    folder: Path | None = None  # where it is started; None: its own


def render(template: str, values: dict[str, str], setup: Setup) -> str:
    """The text of a configuration; KeyError for a word nobody gives a value."""
    out = []
    for line in template.splitlines():
        text, is_wanted, is_repeated = line, True, False
        while mark := re.match(r"(\s*)@(!?)([a-z-]+) +(.*)", text):
            indent, negated, flag, rest = mark.groups()
            text = indent + rest
            if flag == "each-member":
                is_repeated = True
            elif (flag in setup.flags) == bool(negated):
                is_wanted = False
        if text.lstrip().startswith("#") or not is_wanted:
            continue
        for member in setup.members if is_repeated else setup.members[:1]:
            words = values | {
                "NAME": member.name,
                "ADDRESS": member.address,
                "WEIGHT": str(member.weight),
            }
            out.append(fill(text, words))
    return "\n".join(out) + "\n"


def fill(text: str, words: dict[str, str]) -> str:
    return re.sub(r"@([A-Z]+)@", lambda found: words[found[1]], text)


def first_line(command: list[str], pattern: str) -> str:
    """What the pattern finds in the program's output; "not installed" without it."""
    if not shutil.which(command[0]):
        return "not installed"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "unknown"


def fastlb_version(checkout: Path = CHECKOUT) -> str:
    done = subprocess.run(
        ["git", "-C", str(checkout), "log", "-1", "--format=%h"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return f"{done.stdout.strip() or 'not a checkout'}, Python {sys.version.split()[0]}"


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "fastlb",
            "fastlb.conf.in",
            lambda conf, _port, _setup: [
                *(sys.executable, "-m", "fastlb"),
                *("-f", str(conf), "-D", "FOREGROUND"),
            ],
            fastlb_version,
            signal.SIGHUP,
            CHECKOUT,
        ),
        Kind(
            "nginx",
            "nginx.conf.in",
            lambda conf, _port, _setup: [
                "nginx", "-c", str(conf), "-e", str(conf.parent / "error.log"),
            ],
            lambda: first_line(["nginx", "-v"], r"nginx/(\S+)"),
            signal.SIGHUP,
        ),
        Kind(
            "haproxy",
            "haproxy.cfg.in",
            lambda conf, _port, _setup: ["haproxy", "-db", "-f", str(conf)],
            lambda: first_line(["haproxy", "-v"], r"version (\S+)"),
        ),
        Kind(
            "apache",
            "apache.conf.in",
            lambda conf, _port, _setup: [
                "apache2", "-f", str(conf), "-D", "FOREGROUND",
            ],
            lambda: first_line(["apache2", "-v"], r"Apache/(\S+)") + " event",
            signal.SIGUSR1,
        ),
        Kind(
            "relay",
            None,
            lambda _conf, port, setup: [
                program("relay"),
                f"127.0.0.1:{port}",
                *(m.address for m in setup.members),
            ],
            lambda: "bench/relay.c",
        ),
    )
}  # fmt: skip


def add_checkout(checkout: Path) -> None:
    """Another fastlb, built in its own folder, as the proxy "before"."""
    KINDS["before"] = replace(
        KINDS["fastlb"],
        name="before",
        version=lambda: fastlb_version(checkout),
        folder=checkout,
    )


@dataclass
class Proxy:
    """A proxy that runs. Use `start()` to have one."""

    kind: Kind
    setup: Setup
    run: Path
    port: int
    process: subprocess.Popen[bytes]
    pids: list[int] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def generation_path(self) -> str:
        """A path answered with 200 only once this configuration is in force."""
        return f"/generation/{self.setup.generation}"

    def tree(self) -> list[int]:
        return measure.tree(self.process.pid)

    def fetch(self, path: str) -> bytes | None:
        """The whole answer, head and body, to one GET; None when there was none."""
        return fetch(self.address, path, is_tls="tls" in self.setup.flags)

    def status_of(self, path: str) -> int | None:
        """Status of one GET on a connection of its own; None without an answer."""
        answer = self.fetch(path)
        return None if answer is None else int(answer[9:12])

    def reload(self, setup: Setup) -> None:
        """Write the new configuration and send the signal; returns at once."""
        if self.kind.reload_signal is None:
            raise CannotStartError(f"{self.kind.name} has no reload by signal")
        self.setup = setup
        write_configuration(self.kind, self.run, self.port, setup)
        self.process.send_signal(self.kind.reload_signal)

    def upgrade(self, setup: Setup) -> None:
        """Likewise, and have fastlb execute its program anew."""
        self.setup = setup
        write_configuration(self.kind, self.run, self.port, setup)
        self.process.send_signal(signal.SIGUSR2)

    def log_tail(self) -> str:
        lines: list[str] = []
        for name in ("output", "error.log"):
            path = self.run / name
            if path.exists():
                lines += path.read_text(errors="replace").splitlines()[-8:]
        return "\n".join(lines)

    def stop(self) -> None:
        """End all its processes, by force when it does not end by itself."""
        pids = self.tree()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in pids[1:] if pids else []:
            kill_orphan(pid)
        shutil.rmtree(self.run, ignore_errors=True)


def kill_orphan(pid: int) -> None:
    """End a child that outlived its master; give it a moment to leave by itself."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)


def write_configuration(kind: Kind, run: Path, port: int, setup: Setup) -> Path:
    conf = run / f"{kind.name}.conf"
    if kind.template is not None:
        is_root = os.geteuid() == 0
        values = {
            "RUN": str(run),
            "PORT": str(port),
            "WORKERS": str(setup.workers),
            "THREADS": str(setup.workers * APACHE_THREADS["wide" in setup.flags]),
            "RECYCLE": str(setup.recycle),
            "GENERATION": str(setup.generation),
            "FIRST": setup.members[0].address,
            "SCHEME": next(
                (s for s in ("https", "ajp", "fcgi") if s in setup.flags), "http"
            ),
            "MODULES": APACHE_MODULES,
            "USER": USER if is_root else f"#{os.geteuid()}",
            "GROUP": GROUP if is_root else f"#{os.getegid()}",
        }
        template = (BENCH / "peers" / kind.template).read_text()
        fresh = conf.with_suffix(".new")  # never half a file under a reload
        fresh.write_text(render(template, values, setup))
        if "files" in setup.flags:
            lay_files(run / "site" / "files")
        if setup.certificate is not None:
            setup.certificate.write(run)
        fresh.replace(conf)
    return conf


FILES = {"1k": 1024, "1m": 1 << 20}  # name -> bytes


@functools.cache
def common_files() -> Path:
    """Where they lie until the end of this process."""
    folder = Path(tempfile.mkdtemp(prefix="bench-files-"))
    atexit.register(shutil.rmtree, folder)
    for name, size in FILES.items():
        (folder / name).write_bytes(b"x" * size)
    return folder


def lay_files(folder: Path) -> None:
    """The same ones for every proxy, readable by whoever its workers run as: what the
    kernel holds of another file may lie in other pieces, which cost more to send."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in common_files().iterdir():
        if not (folder / file.name).exists():
            os.link(file, folder / file.name)


def start(name: str, setup: Setup, core: int) -> Proxy:
    """Start a proxy on the core and wait until it answers.

    Raises CannotStartError with the tail of its log.
    """
    kind = KINDS[name]
    run = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
    run.chmod(0o755)  # workers of another user look into it
    port = free_port()
    conf = write_configuration(kind, run, port, setup)
    command = kind.command(conf, port, setup)
    if not shutil.which(command[0]):
        shutil.rmtree(run)
        raise CannotStartError(f"{name}: {command[0]} is not installed")
    with machine.pinned(core), open(run / "output", "wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=kind.folder or run,
            start_new_session=True,
        )
    proxy = Proxy(kind, setup, run, port, process)
    try:
        wait_ready(proxy)
    except CannotStartError:
        proxy.stop()
        raise
    proxy.pids = proxy.tree()
    return proxy


def wait_ready(proxy: Proxy) -> None:
    """Until every worker is there and a request is answered.

    With the flag `generation` the request is one that costs no election.
    """
    deadline = time.monotonic() + READY_S
    path = (
        proxy.generation_path
        if "generation" in proxy.setup.flags
        else proxy.setup.ready
    )
    while time.monotonic() < deadline:
        if proxy.process.poll() is not None:
            break
        if proxy.status_of(path) == 200:
            settle_children(proxy)
            return
        time.sleep(0.02)
    raise CannotStartError(
        f"{proxy.kind.name}: does not serve (exit status {proxy.process.poll()})\n"
        f"{proxy.log_tail()}"
    )


def settle_children(proxy: Proxy) -> None:
    """Wait until no process has come or gone for 0.2 s: forks come one by one."""
    before: list[int] = []
    while (now := proxy.tree()) != before:
        before = now
        time.sleep(0.2)


def fetch(
    address: str, path: str, timeout_s: float = 2.0, is_tls: bool = False
) -> bytes | None:
    """The whole answer, head and body, to one GET; None when there was none."""
    host, _, port = address.rpartition(":")
    try:
        with (
            socket.create_connection((host, int(port)), timeout_s) as plain,
            trusting().wrap_socket(plain) if is_tls else plain as s,
        ):
            s.sendall(
                f"GET {path} HTTP/1.1\r\nHost: www.example.test\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            parts = []
            while part := s.recv(65536):
                parts.append(part)
    except OSError:
        return None
    answer = b"".join(parts)
    return answer if re.match(rb"HTTP/1\.[01] \d{3}", answer) else None


@functools.cache
def trusting() -> ssl.SSLContext:
    """A client that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
