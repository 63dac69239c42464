"""What is measured, between whom, and the bars that fastlb is to reach.

A scenario is one kind of traffic; its entrants are proxies in a set-up. Each bar
compares fastlb's entrant with another one *of the same rounds*.

TLS: what the client of load.c offers is all there is to agree on (TLS 1.3,
AES-128-GCM, X25519), and every proxy has the same certificate; each table says what was
spoken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

BEFORE_LIMIT = 1.02  # of what a request cost before a change


@dataclass(frozen=True, slots=True)
class Entrant:
    proxy: str
    flags: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        return " ".join([self.proxy, *sorted(self.flags)])

    @property
    def is_ours(self) -> bool:
        return self.proxy == "fastlb"


def entrant(text: str) -> Entrant:
    """`"nginx log"` -> nginx with the flag log."""
    proxy, *flags = text.split()
    return Entrant(proxy, frozenset(flags))


@dataclass(frozen=True, slots=True)
class Bar:
    """fastlb's entrant against the best of others: CPU ratio <= limit, or difference
    in µs."""

    text: str
    subject: Entrant
    others: tuple[Entrant, ...]
    limit: float
    is_difference: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    key: str
    title: str
    connections: int
    options: tuple[str, ...]  # of load.c
    entrants: tuple[Entrant, ...]
    bars: tuple[Bar, ...] = ()
    per_gigabyte: bool = False  # CPU s/GB (10^9 bytes) beside CPU µs/request
    # Processes are started afresh so often: where memory happens to lie makes two
    # processes of one program differ by some 2%, which a difference of 0.3 µs shows.
    starts: int = 1
    resumes: bool = False  # handshakes are resumed; RuntimeError when they are not


def beside_before(scenario: Scenario) -> Scenario:
    """With an earlier fastlb in every place of this one, and a bar between the two."""
    before = {e: Entrant("before", e.flags) for e in scenario.entrants if e.is_ours}
    bars = tuple(
        Bar(f"{scenario.key}: before", ours, (earlier,), BEFORE_LIMIT)
        for ours, earlier in before.items()
    )
    return replace(
        scenario,
        entrants=(*before.values(), *scenario.entrants),
        bars=(*bars, *scenario.bars),
    )


@dataclass(frozen=True, slots=True)
class IdleScenario:
    """Connections that asked once and wait; the limit is of the PSS of each."""

    key: str
    title: str
    connections: int
    options: tuple[str, ...]  # of load.c
    entrants: tuple[Entrant, ...]
    limit_kib: float
    above: Entrant | None = None  # ... over what this one's are


ALL = tuple(entrant(n) for n in ("fastlb", "nginx", "haproxy", "apache", "relay"))
# Large answers: nginx also without buffering, which makes them cheaper for it.
LARGE = (*ALL[:2], entrant("nginx stream"), *ALL[2:])
WIDE = (*ALL[:3], entrant("apache wide"), *ALL[4:])
GZIP = tuple(entrant(n) for n in ("fastlb gzip", "nginx gzip", "apache gzip"))
SMALL = ("--path", "/small", "--expect-bytes", "200")


# Beside a full handshake HAProxy and Apache say little: they call the same library.
TLS = tuple(entrant(n) for n in ("fastlb tls", "nginx tls", "haproxy tls"))
TLS_RSA = tuple(entrant(f"{e.proxy} rsa tls") for e in TLS)
# One nginx as others are, who look for a file with each request, and one that keeps
# them open.
FILES = tuple(
    entrant(n)
    for n in ("fastlb files", "nginx files", "nginx cached files", "apache files")
)
NGINX_FILES = "nginx files, nginx cached files"
TLS_ALL = (*TLS, entrant("apache tls"))


def ratio(text: str, others: str, limit: float, subject: str = "fastlb") -> Bar:
    """Against one, or the best of several with commas between."""
    return Bar(text, entrant(subject), tuple(map(entrant, others.split(", "))), limit)


SCENARIOS = (
    Scenario(
        "small64",
        "small GET, 64 kept-alive connections",
        64,
        SMALL,
        ALL,
        (
            ratio("small GET, 64 connections: nginx", "nginx", 0.90),
            ratio("small GET, 64 connections: Apache event", "apache", 0.30),
            ratio("small GET, 64 connections: raw relay", "relay", 1.20),
        ),
    ),
    Scenario(
        "small1000",
        "small GET, 1000 kept-alive connections",
        1000,
        SMALL,
        WIDE,
        (ratio("small GET, 1000 connections: nginx", "nginx", 0.85),),
    ),
    Scenario(
        "close",
        "small GET, `Connection: close` (the relay must open a connection to the "
        "member for each, the others keep theirs)",
        64,
        (*SMALL, "--close"),
        ALL,
        (ratio("`Connection: close`: nginx", "nginx", 1.0),),
    ),
    Scenario(
        "log",
        "small GET, 64 kept-alive connections, access log",
        64,
        SMALL,
        tuple(
            entrant(n)
            for n in (
                "fastlb", "fastlb log", "fastlb buffered log", "fastlb json",
                "nginx log", "nginx gather log",
                "haproxy log", "apache log",
            )
        ),
        (
            ratio("access log on: nginx with its log", "nginx log", 0.90, "fastlb log"),
            Bar(
                "access log on: fastlb without",
                entrant("fastlb log"),
                (entrant("fastlb"),),
                0.6,
                is_difference=True,
            ),
        ),
    ),
    Scenario(
        "watched",
        "small GET, 64 kept-alive connections, with and without what status, statistics"
        " and metrics take",
        64,
        SMALL,
        (entrant("fastlb status metrics"), entrant("fastlb unwatched")),
        (
            Bar(
                "status, statistics and metrics: without",
                entrant("fastlb status metrics"),
                (entrant("fastlb unwatched"),),
                0.3,
                is_difference=True,
            ),
        ),
        starts=5,
    ),
    Scenario(
        "sticky",
        "small GET, 64 kept-alive connections, cookie with a route (the plain entrants "
        "get the same cookie and do not look at it)",
        64,
        (*SMALL, "--routes", "r1,r2,r3"),
        tuple(
            entrant(n)
            for n in (
                "fastlb", "fastlb sticky", "nginx sticky", "haproxy sticky",
                "apache sticky",
            )
        ),
        (
            Bar(
                "sticky cookie: without",
                entrant("fastlb sticky"),
                (entrant("fastlb"),),
                0.3,
                is_difference=True,
            ),
        ),
        starts=5,
    ),
    Scenario(
        "64k",
        "64 KiB responses, 64 kept-alive connections",
        64,
        ("--path", "/64k", "--expect-bytes", "65536"),
        LARGE,
        (ratio("64 KiB responses: nginx", "nginx", 0.90),),
        per_gigabyte=True,
    ),
    Scenario(
        "gzip",
        "64 KiB of text compressed at level 6, 16 kept-alive connections",
        16,
        ("--path", "/text", "--expect-coding", "gzip"),
        GZIP,
        (ratio("gzip of 64 KiB of text: nginx", "nginx gzip", 1.0, "fastlb gzip"),),
    ),
    Scenario(
        "1m",
        "1 MiB responses, 16 kept-alive connections",
        16,
        ("--path", "/1m", "--expect-bytes", "1048576"),
        LARGE,
        (
            ratio("1 MiB responses: nginx", "nginx", 0.55),
            ratio("1 MiB responses: HAProxy with splice", "haproxy", 1.1),
        ),
        per_gigabyte=True,
    ),
    Scenario(
        "post64k",
        "64 KiB POST, 64 kept-alive connections",
        64,
        (
            *("--path", "/post", "--method", "POST"),
            *("--body-bytes", "65536", "--expect-bytes", "200"),
        ),
        ALL,
        (ratio("64 KiB POST: nginx", "nginx", 0.90),),
    ),
    Scenario(
        "https64",
        "HTTPS, small GET, 64 kept-alive connections",
        64,
        ("--tls", *SMALL),
        TLS_ALL,
        (ratio("HTTPS small GET: nginx", "nginx tls", 0.90, "fastlb tls"),),
    ),
    Scenario(
        "handshake-ec",
        "HTTPS, full handshake, small GET and end; ECDSA P-256",
        32,
        ("--tls", "--close", *SMALL),
        TLS,
        (ratio("full handshake, ECDSA: nginx", "nginx tls", 1.05, "fastlb tls"),),
    ),
    Scenario(
        "handshake-rsa",
        "HTTPS, full handshake, small GET and end; RSA of 2048 bits",
        32,
        ("--tls", "--close", *SMALL),
        TLS_RSA,
        (
            ratio(
                "full handshake, RSA: nginx", "nginx rsa tls", 1.05, "fastlb rsa tls"
            ),
        ),
    ),
    Scenario(
        "resumed",
        "HTTPS, resumed handshake (a ticket of TLS 1.3), small GET and end",
        32,
        ("--tls", "--resume", "--close", *SMALL),
        TLS,
        (ratio("resumed handshake: nginx", "nginx tls", 1.1, "fastlb tls"),),
        resumes=True,
    ),
    Scenario(
        "https1m",
        "HTTPS, 1 MiB responses, 16 kept-alive connections",
        16,
        ("--tls", "--path", "/1m", "--expect-bytes", "1048576"),
        (*TLS[:2], entrant("nginx stream tls"), TLS[2]),
        (
            ratio(
                "HTTPS 1 MiB: the better of nginx and HAProxy",
                "nginx tls, nginx stream tls, haproxy tls",
                1.0,
                "fastlb tls",
            ),
        ),
        per_gigabyte=True,
    ),
    Scenario(
        "https-members",
        "plain in front, HTTPS members, small GET, 64 kept-alive connections",
        64,
        SMALL,
        tuple(
            entrant(f"{n} https") for n in ("fastlb", "nginx", "haproxy", "apache")
        ),
        (ratio("HTTPS members: nginx", "nginx https", 1.0, "fastlb https"),),
    ),
    Scenario(
        "ajp64",
        "small GET, 64 kept-alive connections, members by AJP",
        64,
        SMALL,
        tuple(entrant(n) for n in ("fastlb", "fastlb ajp", "apache ajp")),
        (
            ratio("AJP small GET: Apache event", "apache ajp", 0.50, "fastlb ajp"),
            ratio("AJP small GET: our HTTP", "fastlb", 1.10, "fastlb ajp"),
        ),
    ),
    Scenario(
        "fcgi64",
        "small GET, 64 kept-alive connections, applications by FastCGI on kept "
        "connections",
        64,
        SMALL,
        tuple(
            entrant(n) for n in ("fastlb", "fastlb fcgi", "nginx fcgi", "apache fcgi")
        ),
        (
            ratio("FastCGI small GET: nginx", "nginx fcgi", 1.0, "fastlb fcgi"),
            ratio("FastCGI small GET: Apache", "apache fcgi", 0.50, "fastlb fcgi"),
            ratio("FastCGI small GET: our HTTP", "fastlb", 1.10, "fastlb fcgi"),
        ),
    ),
    Scenario(
        "file1k",
        "a file of 1 KiB, 64 kept-alive connections",
        64,
        ("--path", "/files/1k", "--expect-bytes", "1024"),
        FILES,
        (
            ratio("file of 1 KiB: the better nginx", NGINX_FILES, 1.1, "fastlb files"),
            ratio("file of 1 KiB: Apache event", "apache files", 0.5, "fastlb files"),
        ),
    ),
    Scenario(
        "file1m",
        "a file of 1 MiB, 16 kept-alive connections",
        16,
        ("--path", "/files/1m", "--expect-bytes", "1048576"),
        FILES,
        (
            ratio("file of 1 MiB: the better nginx", NGINX_FILES, 1.0, "fastlb files"),
            ratio("file of 1 MiB: Apache event", "apache files", 1.0, "fastlb files"),
        ),
        per_gigabyte=True,
    ),
    Scenario(
        "websocket",
        "WebSocket, 100-byte messages and their echo, 64 tunnels",
        64,
        ("--path", "/small", "--messages", "100"),
        tuple(
            entrant(f"{n} websocket")
            for n in ("fastlb", "nginx", "haproxy", "apache", "relay")
        ),
        (ratio("WebSocket echo: nginx", "nginx websocket", 0.90, "fastlb websocket"),),
    ),
)  # fmt: skip

# Not entrants of `idle` and `worker`: the relay keeps two sockets an idle connection
# and no request; HAProxy has threads instead of workers.
IDLE_SCENARIOS = (
    IdleScenario("idle", "idle kept-alive connections", 5000, (), ALL[:4], 1.5),
    IdleScenario(
        "idle-tls",
        "idle TLS connections",
        2000,
        ("--tls",),
        TLS_ALL,
        1.0,
        above=entrant("nginx tls"),
    ),
)
WORKER_PSS_MIB_MAX = 12.0
WORKER_ENTRANTS = tuple(entrant(n) for n in ("fastlb", "nginx", "apache"))

KEYS = (*(s.key for s in (*SCENARIOS, *IDLE_SCENARIOS)), "worker")

# What is written short on the command line.
GROUPS = {
    "tls": (
        *("https64", "handshake-ec", "handshake-rsa", "resumed", "https1m"),
        *("https-members", "websocket", "idle-tls"),
    )
}

# --quick: a guard against collapse, not a measurement. It needs only gcc.
QUICK_KEYS = ("small64", "close", "64k")
QUICK_PROXIES = ("fastlb", "relay")
QUICK_LIMITS = {"small64": 2.0, "close": 2.5, "64k": 2.5}  # CPU, times the relay's
