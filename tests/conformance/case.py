"""What a case is made of: configurations, steps of the client, and the case itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .members import Script, Secured

FRONT = "front.test"


@dataclass(frozen=True)
class Conf:
    """One configuration; a server is started once for all its cases.

    text     httpd.conf; `{port}`, `{m0}`, `{m1}` ... are port numbers, `{root}` the
             server's directory.  `Listen 127.0.0.1:{port}` and `ServerName front.test`
             stand in the preamble unless bare is set.
    files    further files by their path under the server's directory; bytes as they are
    defines  names given with -D
    secure   TLS is spoken: mod_ssl is loaded, {tls} holds the files of identities.py
    members  how members speak TLS, by index; they speak plain HTTP otherwise
    aged     the files were last changed in 1994
    """

    name: str
    text: str
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    defines: tuple[str, ...] = ()
    bare: bool = False
    secure: bool = False
    members: Mapping[int, Secured] = field(default_factory=dict)
    aged: bool = False


# -- steps of the client -------------------------------------------------------------


@dataclass(frozen=True)
class Send:
    """Send raw bytes; the connection is opened when it does not exist."""

    data: bytes
    conn: str = "a"
    port: str = "port"
    address: str = "127.0.0.1"


@dataclass(frozen=True)
class Prove:
    """Send a request with the answer to the last challenge of AuthType Digest.

    more     what Authorization says otherwise; "" leaves it out
    headers  further field lines
    """

    target: str
    user: str = "bob"
    password: str = "one"
    more: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    method: str = "GET"
    conn: str = "a"


@dataclass(frozen=True)
class Secure:
    """Open a connection with TLS; noted: protocol, and whose certificate was shown.

    client   the identity that is shown when the server asks for one
    version  the only one that is spoken; "" for the best
    suites   OpenSSL names of ciphers up to TLS 1.2 that are offered
    late     the server may ask for the identity behind the handshake
    """

    sni: str | None = FRONT
    client: str = ""
    version: str = ""
    suites: str = ""
    late: bool = False
    conn: str = "a"
    port: str = "port"


@dataclass(frozen=True)
class Recv:
    """Read one response with the interim ones before it."""

    method: str = "GET"
    conn: str = "a"


@dataclass(frozen=True)
class RecvHead:
    """Read one head, interim or final, and nothing of a body."""

    conn: str = "a"


@dataclass(frozen=True)
class RecvBytes:
    """Read so many bytes of a body that is still arriving."""

    count: int
    conn: str = "a"


@dataclass(frozen=True)
class Rest:
    """Read to the end of the connection and note the bytes."""

    conn: str = "a"


@dataclass(frozen=True)
class HalfClose:
    """End the client's side of the connection."""

    conn: str = "a"


@dataclass(frozen=True)
class Close:
    """Close the connection without looking at it again."""

    conn: str = "a"


@dataclass(frozen=True)
class Down:
    """Member index refuses connections from now on."""

    index: int


@dataclass(frozen=True)
class Up:
    """Member index listens again."""

    index: int


@dataclass(frozen=True)
class Signal:
    """Let a member's Wait(name) go on."""

    index: int
    name: str


@dataclass(frozen=True)
class Pass:
    """Let time pass: only where time itself is the subject (retry=)."""

    seconds: float


@dataclass(frozen=True)
class Log:
    """Note the next lines of a log file, waiting until there are so many."""

    file: str
    lines: int


@dataclass(frozen=True)
class Errors:
    """Note the AH numbers written to the error log since the case began.

    Waits until those expected here are there, so that none is missed.
    """

    expected: tuple[str, ...]


Step = (
    Send
    | Prove
    | Secure
    | Recv
    | RecvHead
    | RecvBytes
    | Rest
    | HalfClose
    | Close
    | Down
    | Up
    | Signal
    | Pass
    | Log
    | Errors
)


class View(Enum):
    """How much of an outcome is compared."""

    FULL = "full"  # responses and requests with all fields
    SEQUENCE = "sequence"  # status, body (and whether it is whole): who answered
    TARGET = "target"  # status, and the request lines that members saw
    FOUND = "found"  # X-Found of each response, and who answered if that is decided
    KEYS = "keys"  # content type and the names in a body of "name: value" lines
    BALANCERS = "balancers"  # of such a body, what it says about members
    TITLE = "title"  # content type, title and headings of a page, and Refresh
    LOGIN = "login"  # status, and what is asked and told of who the client is
    STATUS = "status"  # statuses, and whether the connection stayed open


@dataclass(frozen=True)
class Case:
    """One case.

    differs  fastlb answers otherwise on purpose: the first column of its line in
             docs/differences-from-apache.md ("" = it does not)
    instead  what then takes the place of parts of httpd's outcome: path -> value,
             the path being keys and indexes joined with "/", "" the whole of it, and
             "+" a list of more elements
    compat   fastlb run with `Compat apache` answers exactly as httpd
    """

    name: str
    conf: Conf
    steps: tuple[Step, ...]
    members: Mapping[int, Script] = field(default_factory=dict)
    view: View = View.FULL
    differs: str = ""
    instead: Mapping[str, object] = field(default_factory=dict)
    compat: bool = False
    pages: bool = False  # compare the text of error pages too
    hop_by_hop: bool = False  # compare Connection and Keep-Alive too
    framing: bool = True  # False: how long a body is may be told in any way


def request(
    target: str = "/",
    *headers: str,
    method: str = "GET",
    host: str | None = FRONT,
    body: bytes = b"",
    version: str = "HTTP/1.1",
    length: bool | None = None,
) -> bytes:
    """Write a request; Content-Length is added when there is a body."""
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines.extend(headers)
    if length if length is not None else bool(body):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def ask(data: bytes, conn: str = "a", port: str = "port") -> tuple[Step, ...]:
    """Send a request and read its response."""
    method = data.split(b" ", 1)[0].decode("latin-1")
    return (Send(data, conn, port), Recv(method, conn))


def get(
    target: str = "/",
    *headers: str,
    host: str | None = FRONT,
    conn: str = "a",
    port: str = "port",
    version: str = "HTTP/1.1",
    method: str = "GET",
) -> tuple[Step, ...]:
    """A request without a body, and its response."""
    data = request(target, *headers, host=host, version=version, method=method)
    return ask(data, conn, port)


def gets(target: str, count: int, *headers: str) -> tuple[Step, ...]:
    """The same request several times on one connection."""
    return get(target, *headers) * count
