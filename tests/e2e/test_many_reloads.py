"""Reloads while tunnels live: any number of them, and what is left behind each."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from certificates import make_ca, make_pair
from harness import HOST, DeadlineError, Fastlb, is_listening, wait_for

RELOADS = 40
PSS_KIB_MAX = 3 * 1024
IS_SANITIZED = "ASAN_OPTIONS" in os.environ

ASK = (
    b"GET /chat HTTP/1.1\r\nHost: localhost\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
)
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
)
STATUS = """\
ProxyStatus On
<Location /status>
    SetHandler server-status
</Location>
ProxyPass /status !
"""


class Echo:
    """A member that grants every Upgrade and sends back what it gets."""

    def __init__(self) -> None:
        self._sock = socket.create_server((HOST, 0), backlog=256)
        self.url = f"ws://{HOST}:{self._sock.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._sock.accept()
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):
            take_head(sock)
            sock.sendall(SWITCHED)
            while data := sock.recv(65536):
                sock.sendall(data)


def take_head(sock: socket.socket) -> bytes:
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        more = sock.recv(1)
        if not more:
            raise OSError(f"ended in {got!r}")
        got += more
    return got


def is_alive(tunnel: socket.socket) -> bool:
    try:
        tunnel.sendall(b"hello")
        return tunnel.recv(5) == b"hello"
    except OSError:
        return False


def is_closed(tunnel: socket.socket) -> bool:
    tunnel.settimeout(0.01)
    try:
        return tunnel.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def pss_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+([0-9]+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1])


class Site:
    """The server under test, its member, and the tunnels that were opened."""

    def __init__(self, server: Fastlb, member: Echo) -> None:
        self.server = server
        self.member = member
        self.tunnels: list[socket.socket] = []
        self._workers = 0  # of one generation
        self.context: ssl.SSLContext | None = None

    def begin(self, text: str = "", *, workers: int = 2) -> None:
        self._workers = workers
        self.server.write(
            f'{STATUS}CustomLog access.log "%U %>s %I %O %{{SSL_PROTOCOL}}x"\n'
            f"{text}\n<Proxy balancer://pool>\nBalancerMember {self.member.url}\n"
            "</Proxy>\nProxyPass / balancer://pool/\n",
            workers=workers,
        )
        self.server.start()

    def open(self) -> socket.socket:
        made = socket.create_connection((HOST, self.server.port), timeout=10)
        if self.context is not None:
            made = self.context.wrap_socket(made, server_hostname="localhost")
        made.sendall(ASK)
        assert take_head(made).startswith(b"HTTP/1.1 101")
        self.tunnels.append(made)
        return made

    def reload(self) -> None:
        """Returns when the old ones have nothing but tunnels."""
        self.server.reload()
        try:
            wait_for(
                lambda: len(self.server.workers()) - len(self.left()) == self._workers,
                "only tunnels are left of the older generations",
            )
        except DeadlineError as error:
            raise DeadlineError("\n".join([str(error), *self.others()])) from None

    def others(self) -> list[str]:
        """What those do that have more than tunnels, and what was logged last."""
        told = []
        for pid in set(self.server.workers()) - set(self.left()):
            with suppress(psutil.Error, OSError):
                one = psutil.Process(pid)
                talks = [
                    f"{c.laddr}-{c.raddr} {c.status}" for c in one.net_connections()
                ]
                told.append(
                    f"{pid}: {one.status()}, threads {thread_names(pid)} {talks}"
                )
        return [*told, *self.server.error_log.splitlines()[-9:]]

    def leave(self) -> int:
        """Open a tunnel and reload: the worker that is left with it."""
        before = set(self.left())
        self.open()
        self.reload()
        [pid] = set(self.left()) - before
        return pid

    def left(self) -> list[int]:
        """Workers of older generations that have nothing but tunnels."""
        return [pid for pid in self.server.workers() if is_lone(pid)]

    @property
    def access_log(self) -> list[str]:
        return (self.server.folder / "access.log").read_text().splitlines()

    def busy(self) -> int:
        """Requests that members have in work."""
        text = self.server.get("/status?auto").text
        return sum(int(n) for n in re.findall(r"\]Busy: ([0-9]+)", text))


def thread_names(pid: int) -> list[str]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [(task / "comm").read_text().strip() for task in tasks]


def is_lone(pid: int) -> bool:
    """Whether it waits without its loop: only then does it take USR2."""
    with suppress(OSError):
        text = Path(f"/proc/{pid}/status").read_text()
        caught = int(text.split("SigCgt:")[1].split()[0], 16)
        return bool(caught >> (signal.SIGUSR2 - 1) & 1)
    return False


@pytest.fixture
def site(server: Fastlb) -> Iterator[Site]:
    member = Echo()
    made = Site(server, member)
    yield made
    for tunnel in made.tunnels:
        tunnel.close()
    member.stop()


def test_reloads_go_on_however_many_tunnels_are_left(site: Site) -> None:
    site.begin()
    for _ in range(RELOADS):
        site.open()
        site.open()
        site.reload()
    assert all(is_alive(tunnel) for tunnel in site.tunnels)
    assert len(site.left()) >= RELOADS
    assert len(site.server.monitors()) == 1
    if not IS_SANITIZED:
        heavy = {
            pid: size for pid in site.left() if (size := pss_kib(pid)) > PSS_KIB_MAX
        }
        assert heavy == {}
    for tunnel in site.tunnels:
        tunnel.close()
    wait_for(lambda: len(site.server.workers()) == 2, "the others have ended")
    lines = site.access_log
    assert lines.count("/chat 101 85 82 -") == 2 * RELOADS, lines[:3]
    assert site.busy() == 0
    assert "Traceback" not in site.server.error_log


def test_the_master_holds_no_files_of_old_generations(site: Site) -> None:
    site.begin(workers=1)
    site.leave()
    before = psutil.Process(site.server.pid).num_fds()
    for _ in range(4):
        site.leave()
    # One pipe for each worker that is left.
    assert psutil.Process(site.server.pid).num_fds() == before + 4


def test_tls_tunnels_go_on_and_their_lines_are_whole(
    site: Site, tmp_path: Path
) -> None:
    authority = make_ca()
    make_pair(authority, ["localhost"]).write(tmp_path, "host")
    site.context = ssl.create_default_context(cafile=str(authority.write(tmp_path)))
    site.begin("SSLEngine On\nSSLCertificateFile host.pem\n", workers=1)
    for _ in range(3):
        site.leave()
    assert all(is_alive(tunnel) for tunnel in site.tunnels)
    for tunnel in site.tunnels:
        tunnel.close()
    wait_for(lambda: len(site.access_log) == 3, "three lines")
    assert {line.split()[-1] for line in site.access_log} == {"TLSv1.3"}


def test_they_keep_nothing_of_what_may_be_in_work(site: Site) -> None:
    site.begin("MaxRequestWorkers 3", workers=1)
    for _ in range(5):
        site.leave()
    assert site.server.get("/status?auto").status == 200
    assert "AH00161" not in site.server.error_log


def test_they_keep_no_thread_that_looked_for_names(site: Site) -> None:
    site.begin('HostnameLookups On\nCustomLog names.log "%h %U"', workers=1)
    assert site.server.get("/status?auto").status == 200
    log = site.server.folder / "names.log"
    wait_for(lambda: log.exists() and log.read_text(), "a name has been looked for")
    site.leave()
    site.tunnels[0].close()
    wait_for(lambda: "/chat" in log.read_text(), "the tunnel's line")


def test_a_stop_writes_down_what_was_under_way(site: Site) -> None:
    site.begin(workers=1)
    site.leave()
    assert is_alive(site.tunnels[0])
    site.server.stop()
    assert site.access_log == ["/chat 101 85 82 -"]
    assert "still did not exit" not in site.server.error_log


def test_one_that_is_killed_leaves_nothing_busy(site: Site) -> None:
    site.begin(workers=1)
    pid = site.leave()
    assert site.busy() == 1
    os.kill(pid, signal.SIGKILL)
    site.server.wait_for_log(rf"worker 0 \(pid {pid}\) left behind and was settled")
    assert site.busy() == 0


def test_the_limit_of_a_drain_holds_for_them(site: Site) -> None:
    site.begin("GracefulShutdownTimeout 2", workers=1)
    site.leave()
    assert is_alive(site.tunnels[0])
    wait_for(lambda: is_closed(site.tunnels[0]), "the tunnel is cut")
    wait_for(lambda: site.access_log, "its line")


def test_a_silent_tunnel_is_closed_and_counted(site: Site) -> None:
    site.begin("ProxyWebsocketIdleTimeout 2", workers=1)
    site.leave()
    wait_for(lambda: is_closed(site.tunnels[0]), "the tunnel is closed")
    site.server.wait_for_log("of generation 0, has ended: 1 tunnels had been silent")


def test_too_many_make_the_oldest_close_its_tunnels_one_by_one(site: Site) -> None:
    site.begin("MaxTunnelServers 2", workers=1)
    site.open()  # the older one of the oldest worker
    for _ in range(3):
        site.leave()
    site.server.wait_for_log("of generation 0 closes its tunnels: .*MaxTunnelServers")
    wait_for(lambda: is_closed(site.tunnels[0]), "the first is closed")
    for tunnel in site.tunnels:
        tunnel.settimeout(10)
    # Over half a minute, so that not all clients come back at once.
    assert all(is_alive(tunnel) for tunnel in site.tunnels[1:])
    site.tunnels[1].close()
    site.server.wait_for_log("of generation 0, has ended: 1 tunnels were closed")
    assert len(wait_for(site.left, "the others are left")) == 2


def test_they_outlive_their_master(site: Site) -> None:
    site.begin(workers=1)
    pid = site.leave()
    process = site.server.process
    assert process is not None
    site.server.workers()
    os.kill(site.server.pid, signal.SIGKILL)
    process.wait(10)
    assert is_alive(site.tunnels[0])
    wait_for(lambda: not is_listening(site.server.port), "the port is free")
    assert is_alive(site.tunnels[0])
    site.tunnels[0].close()
    wait_for(lambda: not psutil.pid_exists(pid), "it has ended")
    (site.server.folder / "fastlb.pid").unlink()
