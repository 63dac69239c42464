"""The two servers under comparison: how each is configured, started and stopped."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port

from .case import FRONT, Conf
from .identities import lay_down

# Read once: servers are started by threads, and pytest writes there meanwhile.
ENVIRONMENT = dict(os.environ)
READY_SECONDS = 15.0
AGED_SECONDS = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
STOP_SECONDS = 10.0
REPOSITORY = Path(__file__).resolve().parents[2]

# Debian builds core, http, log_config, logio, so, unixd, version and watchdog in.
_MODULE_NAMES = (
    "mpm_prefork authz_core authz_host access_compat authn_core authn_file authn_anon "
    "authn_dbm authz_dbm "
    "auth_basic auth_digest authz_user authz_groupfile allowmethods env headers "
    "setenvif alias status unique_id macro remoteip slotmem_shm proxy proxy_http "
    "proxy_balancer proxy_hcheck proxy_wstunnel proxy_ajp proxy_connect "
    "proxy_fcgi proxy_scgi proxy_uwsgi "
    "filter deflate brotli substitute ratelimit "
    "lbmethod_byrequests lbmethod_bytraffic lbmethod_bybusyness lbmethod_heartbeat"
)
APACHE_MODULES = tuple(_MODULE_NAMES.split())
APACHE_MODULE_DIR = "/usr/lib/apache2/modules"

COMMON = """\
ServerRoot "{root}"
DefaultRuntimeDir "{root}/run"
PidFile "{root}/run/server.pid"
ErrorLog "{root}/logs/error.log"
StartServers 4
DocumentRoot "{root}/htdocs"
"""
APACHE = """\
MinSpareServers 1
MaxSpareServers 8
"""
APACHE_SECURE = f"""\
LoadModule ssl_module {APACHE_MODULE_DIR}/mod_ssl.so
LoadModule socache_shmcb_module {APACHE_MODULE_DIR}/mod_socache_shmcb.so
SSLSessionCache shmcb:{{root}}/run/sessions
"""
AS_ROOT = """\
User www-data
Group www-data
"""

WHERE = re.compile(r"Syntax error on line (\d+) of ([^:]+):\s*")
PORTS = ("port", "port2", "m0", "m1", "m2", "m3")
PREFIX = re.compile(r"^(?:AH\d{5}: |(?:apache2|httpd|fastlb): )*")
CHATTER = re.compile(r"AH00(558|548|111|112|559|527):|^\[|^\s*$|^Syntax OK")


class StartError(RuntimeError):
    """A server did not start; carries what it said."""


@dataclass(frozen=True)
class Fault:
    """How a server refused a configuration: place and first sentence."""

    line: int | None
    file: str | None
    message: str

    @classmethod
    def of(cls, output: str, root: str) -> "Fault":
        """Find the first error in what httpd, or whoever speaks like it, printed."""
        output = output.replace(root, "{root}")
        lines = [line for line in output.splitlines() if not CHATTER.search(line)]
        if not lines:
            return cls(None, None, "")
        first = lines[0]
        places = list(WHERE.finditer(first))
        if places:
            last = places[-1]
            message = first[last.end() :].strip()
            if not message and len(lines) > 1:
                message = lines[1].strip()
            return cls(int(last[1]), last[2], message)
        return cls(None, None, PREFIX.sub("", first).strip())


@dataclass(frozen=True)
class Product:
    """One of the two servers: its name, its command and its own preamble."""

    name: str
    command: tuple[str, ...]
    preamble: str
    options: tuple[str, ...] = ()

    def environment(self) -> dict[str, str]:
        environment = {**ENVIRONMENT, "LC_ALL": "C", "TZ": "UTC", "IN_ENV": "from-env"}
        environment["PYTHONPATH"] = str(REPOSITORY)
        return environment


def apache() -> Product:
    """The real one."""
    loads = "".join(
        f"LoadModule {name}_module {APACHE_MODULE_DIR}/mod_{name}.so\n"
        for name in APACHE_MODULES
    )
    return Product("apache", (apache_program() or "apache2",), loads + APACHE)


def fastlb(*, compat: bool = False) -> Product:
    """The one that must answer alike; with compat, in every respect."""
    options = ("-C", "Compat apache") if compat else ()
    command = (sys.executable, "-m", "fastlb")
    return Product("fastlb-compat" if compat else "fastlb", command, "", options)


def apache_program() -> str | None:
    """Where httpd is, if it is installed."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    return shutil.which("apache2", path=path) or shutil.which("httpd", path=path)


def apache_version() -> str:
    """`Apache/2.4.71 (Debian)`, as the program says."""
    said = subprocess.run(
        [apache_program() or "apache2", "-v"],
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout.split("Server version:")[1].splitlines()[0].strip()


@contextlib.contextmanager
def directory() -> Iterator[Path]:
    """A server's own directory, readable by whoever its workers run as."""
    root = Path(tempfile.mkdtemp(prefix="fastlb-conf-"))
    root.chmod(0o755)
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """A free port for each placeholder."""
    return {name: free_port() for name in names}


def filled(text: str, ports: Mapping[str, int], root: Path) -> str:
    """A template with its placeholders replaced."""
    for name, port in ports.items():
        text = text.replace(f"{{{name}}}", str(port))
    return text.replace("{tls}", f"{root}/tls").replace("{root}", str(root))


def write_configuration(
    product: Product, conf: Conf, ports: Mapping[str, int], root: Path
) -> Path:
    """Lay out the server's directory; returns the main file.

    The case's own text stands in conf/site.conf, so that its line numbers are the
    same under both servers.
    """
    for name in ("conf", "htdocs", "logs", "run"):
        (root / name).mkdir()
    (root / "modules").symlink_to(APACHE_MODULE_DIR)
    text = COMMON + product.preamble
    if conf.secure:
        lay_down(root / "tls")
        text += APACHE_SECURE if product.name == "apache" else ""
    if os.getuid() == 0:
        text += AS_ROOT
    if not conf.bare:
        text += f"Listen 127.0.0.1:{{port}}\nServerName {FRONT}\n"
    text += "Include conf/site.conf\n"
    files = {**conf.files, "conf/httpd.conf": text, "conf/site.conf": conf.text}
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(filled(content, ports, root))
        if conf.aged:
            os.utime(path, (AGED_SECONDS, AGED_SECONDS))
    return root / "conf/httpd.conf"


def command(product: Product, conf: Conf, root: Path, *extra: str) -> list[str]:
    """The command line that serves (or, with -t, checks) a configuration."""
    defines = [word for name in conf.defines for word in ("-D", name)]
    main = str(root / "conf/httpd.conf")
    return [*product.command, *product.options, "-f", main, *defines, *extra]


@contextlib.contextmanager
def running(
    product: Product, conf: Conf, ports: Mapping[str, int], root: Path
) -> Iterator[None]:
    """Serve a configuration in the foreground until the block ends."""
    write_configuration(product, conf, ports, root)
    log = root / "logs/output"
    with log.open("w") as output:
        process = subprocess.Popen(
            command(product, conf, root, "-D", "FOREGROUND"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=root,
            env=product.environment(),
            start_new_session=True,
        )
    try:
        await_ready(process, ports["port"], log)
        yield
    finally:
        stop(process)
    said = log.read_text(errors="replace")
    if "ASSERT(" in said:
        raise StartError(said)  # of a debug build


def await_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the server accepts; StartError if it ends or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StartError(log.read_text())
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise StartError(f"not ready after {READY_SECONDS} s\n{log.read_text()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server by its process id, with force if it does not listen."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)


@dataclass(frozen=True)
class Checked:
    """What a configuration check said: exit status, the first fault, everything."""

    status: int
    fault: Fault
    output: str


def check(product: Product, conf: Conf) -> Checked:
    """Run a server's configuration check over a configuration."""
    with directory() as root:
        write_configuration(product, conf, free_ports(PORTS), root)
        done = subprocess.run(
            command(product, conf, root, "-t"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=root,
            env=product.environment(),
            timeout=READY_SECONDS,
            check=False,
        )
        output = done.stderr + done.stdout
        return Checked(done.returncode, Fault.of(output, str(root)), output)


def check_all(product: Product, confs: Sequence[Conf], *options: str) -> list[Checked]:
    """fastlb's check over many configurations, at the price of one start."""
    with contextlib.ExitStack() as stack:
        roots = [stack.enter_context(directory()) for _ in confs]
        lists = []
        for conf, root in zip(confs, roots, strict=True):
            write_configuration(product, conf, free_ports(PORTS), root)
            whole = command(product, conf, root, "-t", *options)
            lists.append(whole[len(product.command) :])
        done = subprocess.run(
            [sys.executable, "-m", "tests.conformance.many"],
            input=json.dumps(lists),
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            env=product.environment(),
            timeout=60 * READY_SECONDS,
            check=True,
        )
        return [
            Checked(status, Fault.of(output, str(root)), output)
            for (status, output), root in zip(
                json.loads(done.stdout), roots, strict=True
            )
        ]
