"""Play cases at a server and take down what happened.

`play(product, conf, cases)` starts members and server once, plays the cases in their
order, and returns each one's outcome in a form that can be compared and kept as JSON.
"""

import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .case import (
    Case,
    Close,
    Conf,
    Down,
    Errors,
    HalfClose,
    Log,
    Pass,
    Prove,
    Recv,
    RecvBytes,
    RecvHead,
    Rest,
    Secure,
    Send,
    Signal,
    Step,
    Up,
    View,
    request,
)
from .identities import common_name, lay_down
from .members import Member
from .normalise import (
    DESCRIBED,
    PAGE_TYPE,
    Places,
    described,
    fields,
    page_of,
    request_of,
    text_of,
    without_length,
)
from .proof import authorization, challenge_of
from .servers import Fault, Product, StartError, directory, free_ports, running

ANSWER_SECONDS = 8.0
LOG_SECONDS = 3.0
CLOSE_SECONDS = 0.02
REFUSED_SECONDS = 0.5  # over TLS, httpd does not say that it will close
READ_BYTES = 65536
GZIP_BEGINS = b"\x1f\x8b"
MEMBER_MARK = re.compile(r"\{m(\d+)\}")
AH = re.compile(r"(?::(?:error|crit|alert|emerg)\].*?)\b(AH\d{5}):")

Entry = dict[str, object]
Outcome = object


class _Refused(Exception):
    """The handshake failed; it has been noted, and ends the case."""


class _Gone(Exception):
    """The server closed or reset the connection."""


@dataclass
class Connection:
    """The client's side of one connection."""

    sock: socket.socket
    buffer: bytes = b""
    ended: bool = False
    cut: bool = False
    refused: bool = False
    leaving: bool = False  # the server said, or HTTP implies, that it will close

    def more(self) -> None:
        try:
            data = self.sock.recv(READ_BYTES)
        except ssl.SSLEOFError:
            self.cut = True  # without a close_notify
            data = b""
        except (ConnectionError, ssl.SSLError):
            data = b""
        if not data:
            self.ended = True
            raise _Gone
        self.buffer += data

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self.more()
        end = self.buffer.index(mark) + len(mark)
        taken, self.buffer = self.buffer[:end], self.buffer[end:]
        return taken

    def take(self, size: int) -> bytes:
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken


@dataclass
class Response:
    """One response head, and its body as far as it came."""

    status: str
    lines: list[str]
    body: bytes = b""
    framing: str = "none"
    cut: bool = False

    @property
    def code(self) -> int:
        word = self.status.split(" ")[1:2]
        return int(word[0]) if word and word[0].isdigit() else 0

    def field(self, name: str) -> str:
        found = [
            line.partition(":")[2].strip()
            for line in self.lines
            if line.partition(":")[0].lower() == name
        ]
        return ", ".join(found)


def decoded(response: Response) -> bytes:
    """The body without gzip, as far as it came; what is no gzip as it is."""
    if response.body[:2] != GZIP_BEGINS:
        return response.body
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        body = reader.decompress(response.body)
    except zlib.error as error:
        return f"<{error}>".encode()
    return body if reader.eof else body + b"<not to its end>"


@dataclass
class Session:
    """A case in play."""

    case: Case
    ports: Mapping[str, int]
    members: Sequence[Member]
    root: Path
    log_ends: dict[str, int]
    places: Places
    connections: dict[str, Connection] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    challenge: dict[str, str] = field(default_factory=dict)  # the last one

    # -- steps -------------------------------------------------------------------

    def run(self) -> None:
        """Play all steps; a time-out or a lost connection is noted, and ends them."""
        try:
            for step in self.case.steps:
                self.step(step)
        except _Refused:
            pass
        except TimeoutError:
            self.entries.append({"status": "<timeout>"})
        except ConnectionError:
            self.entries.append({"status": "<no connection>"})
        told = self.case.view in (View.FULL, View.STATUS)
        for name, connection in self.connections.items():
            if told:
                self.entries.append({"conn": name, "end": self.end_of(connection)})
            connection.sock.close()

    def step(self, step: Step) -> None:
        match step:
            case Send():
                self.send(step)
            case Prove():
                self.prove(step)
            case Secure():
                self.secure(step)
            case Recv():
                self.receive(step)
            case RecvHead():
                response = self.head(self.connections[step.conn])
                self.note(step.conn, response)
            case RecvBytes():
                self.some(step)
            case Rest():
                self.rest(step.conn)
            case HalfClose():
                self.connections[step.conn].sock.shutdown(socket.SHUT_WR)
            case Close():
                self.connections.pop(step.conn).sock.close()
            case Down():
                self.members[step.index].down()
            case Up():
                self.members[step.index].up()
            case Signal():
                self.members[step.index].signal(step.name)
            case Pass():
                time.sleep(step.seconds)
            case Log():
                self.log(step)
            case Errors():
                self.errors(step)

    def send(self, step: Send) -> None:
        if step.conn not in self.connections:
            sock = socket.create_connection(
                (step.address, self.ports[step.port]), ANSWER_SECONDS
            )
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections[step.conn] = Connection(sock)
        try:
            self.connections[step.conn].sock.sendall(step.data)
        except (ConnectionError, ssl.SSLError):
            self.connections[step.conn].ended = True

    def prove(self, step: Prove) -> None:
        field = authorization(
            self.challenge,
            method=step.method,
            target=step.target,
            user=step.user,
            password=step.password,
            more=dict(step.more),
        )
        fields = (field, *step.headers)
        data = request(step.target, *fields, method=step.method)
        self.send(Send(data, step.conn))
        self.receive(Recv(step.method, step.conn))

    def secure(self, step: Secure) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if step.client:
            context.load_cert_chain(self.root / f"tls/{step.client}.pem")
        context.post_handshake_auth = step.late
        if step.suites:
            context.set_ciphers(step.suites)
        if step.version:
            only = ssl.TLSVersion[step.version.replace(".", "_")]
            context.minimum_version = context.maximum_version = only
        sock = socket.create_connection(
            ("127.0.0.1", self.ports[step.port]), ANSWER_SECONDS
        )
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            secured = context.wrap_socket(
                sock, server_hostname=step.sni, suppress_ragged_eofs=False
            )
        except (ssl.SSLError, ConnectionError) as error:
            sock.close()
            why = getattr(error, "reason", None) or "cut"
            self.entries.append({"conn": step.conn, "status": f"<refused: {why}>"})
            raise _Refused from None
        shown = secured.getpeercert(binary_form=True)
        assert shown is not None
        said = f"{secured.version()} {common_name(shown)}"
        self.entries.append({"conn": step.conn, "tls": said})
        self.connections[step.conn] = Connection(secured)

    def receive(self, step: Recv) -> None:
        connection = self.connections[step.conn]
        while True:
            response = self.head(connection)
            if 100 <= response.code < 200 and response.code != 101:
                self.note(step.conn, response)
                continue
            break
        if response.status[:1] != "<":
            self.body(connection, response, step.method)
        if response.field("www-authenticate"):
            self.challenge = challenge_of(response.field("www-authenticate"))
        self.note(step.conn, response)

    def head(self, connection: Connection) -> Response:
        """One response head; a first line that is not HTTP begins a raw answer."""
        try:
            while len(connection.buffer) < 5:
                connection.more()
            if connection.buffer[:5] != b"HTTP/":
                response = Response("<raw>", [])
                self.drain(connection, response)
                return response
            text = connection.until(b"\r\n\r\n").decode("latin-1")
        except _Gone:
            left = connection.take(len(connection.buffer))
            return Response("<closed>", [], left)
        lines = text[:-4].split("\r\n")
        return Response(lines[0], lines[1:])

    def body(self, connection: Connection, response: Response, method: str) -> None:
        """Read the body by RFC 9112 section 6.3."""
        tokens = response.field("connection").lower()
        old = response.status.startswith("HTTP/1.0")
        connection.leaving = "close" in tokens or (old and "keep-alive" not in tokens)
        secure = isinstance(connection.sock, ssl.SSLSocket)
        connection.refused = secure and response.code in (403, 421)
        if method == "HEAD" or response.code in (101, 204, 304):
            return
        try:
            if "chunked" in response.field("transfer-encoding").lower():
                response.framing = "chunked"
                self.chunks(connection, response)
            elif response.field("content-length"):
                response.framing = "length"
                size = int(response.field("content-length"))
                while len(connection.buffer) < size:
                    connection.more()
                response.body = connection.take(size)
            else:
                response.framing = "close"
                connection.leaving = True
                self.drain(connection, response)
        except _Gone:
            response.cut = True
            response.body += connection.take(len(connection.buffer))

    def chunks(self, connection: Connection, response: Response) -> None:
        while True:
            size = int(connection.until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            while len(connection.buffer) < size + 2:
                connection.more()
            response.body += connection.take(size)
            connection.take(2)
        while (line := connection.until(b"\r\n")) != b"\r\n":
            response.lines.append("trailer-" + line.decode("latin-1").strip())

    def drain(self, connection: Connection, response: Response) -> None:
        try:
            while True:
                connection.more()
        except _Gone:
            response.body = connection.take(len(connection.buffer))

    def some(self, step: RecvBytes) -> None:
        connection = self.connections[step.conn]
        try:
            while len(connection.buffer) < step.count:
                connection.more()
        except _Gone:
            pass
        taken = connection.take(step.count)
        self.entries.append(
            {"conn": step.conn, "bytes": self.places(taken.decode("latin-1"))}
        )

    def rest(self, name: str) -> None:
        response = Response("<rest>", [])
        self.drain(self.connections[name], response)
        text = text_of(response.body, self.places)
        self.entries.append({"conn": name, "rest": text})

    def end_of(self, connection: Connection) -> str:
        """Whether the server closes the connection, or keeps it."""
        if connection.ended:
            return "cut" if connection.cut else "closed"
        wait = ANSWER_SECONDS if connection.leaving else CLOSE_SECONDS
        if connection.refused:
            wait = max(wait, REFUSED_SECONDS)
        connection.sock.settimeout(wait)
        try:
            connection.more()
        except _Gone:
            return "cut" if connection.cut else "closed"
        except TimeoutError:
            return "open, though it should be closed" if connection.leaving else "open"
        return "more bytes than one response"

    # -- notes -------------------------------------------------------------------

    def note(self, name: str, response: Response) -> None:
        whole = self.case.view in DESCRIBED
        body = text_of(decoded(response), self.places, whole=whole)
        page = page_of(body, pages=self.case.pages)
        noted = fields(
            _one_via(response.lines), self.places, hop_by_hop=self.case.hop_by_hop
        )
        if page is not None:
            body = page
            response.framing = "page"
            noted = without_length(noted)
        elif response.framing == "none" and PAGE_TYPE in noted:
            noted = without_length(noted)  # the head of a page, asked for with HEAD
        elif not self.case.framing:
            response.framing = "any" if response.framing != "none" else "none"
            noted = without_length(noted)
        entry: Entry = {
            "conn": name,
            "status": response.status,
            "fields": noted,
            "framing": response.framing,
            "body": body,
        }
        if response.cut:
            entry["cut"] = True
        self.entries.append(entry)

    def new_lines(self, name: str) -> list[str]:
        path = self.root / name
        if not path.exists():
            return []
        with path.open("rb") as log:
            log.seek(self.log_ends.get(name, 0))
            return log.read().decode("latin-1").splitlines()

    def await_lines(self, name: str, enough: Callable[[list[str]], bool]) -> list[str]:
        deadline = time.monotonic() + LOG_SECONDS
        while not enough(lines := self.new_lines(name)):
            if time.monotonic() > deadline:
                break
            time.sleep(0.005)
        return lines

    def log(self, step: Log) -> None:
        lines = self.await_lines(step.file, lambda seen: len(seen) >= step.lines)
        self.entries.append({"log": [self.places(line) for line in lines]})

    def errors(self, step: Errors) -> None:
        wanted = set(step.expected)

        def numbers(lines: list[str]) -> set[str]:
            return {found[1] for line in lines if (found := AH.search(line))}

        lines = self.await_lines("logs/error.log", lambda seen: wanted <= numbers(seen))
        self.entries.append({"errors": sorted(numbers(lines))})

    # -- outcome -----------------------------------------------------------------

    def outcome(self) -> Outcome:
        """What is compared, as the case's view asks."""
        answers = [entry for entry in self.entries if "status" in entry]
        shown = [e["tls"] for e in self.entries if "tls" in e]
        others = [e for e in self.entries if "log" in e or "errors" in e]
        match self.case.view:
            case View.SEQUENCE:
                return [*shown, *map(_answered, answers), *others]
            case View.TARGET:
                lines = [
                    f"{member.name} "
                    + self.places(one.head.decode("latin-1").split("\r\n")[0])
                    for member in self.members
                    for one in member.received
                ]
                return {"answers": [_code(e) for e in answers], "members": lines}
            case View.KEYS | View.BALANCERS | View.TITLE:
                return described(self.case.view, answers[-1])
            case View.FOUND:
                return [_found(e) for e in answers]
            case View.LOGIN:
                return [_login_of(entry) for entry in self.entries]
            case View.STATUS:
                ends = [e["end"] for e in self.entries if "end" in e]
                return [*shown, *(_code(e) for e in answers), *ends, *others]
        got = {
            member.name: [
                request_of(one, self.places, hop_by_hop=self.case.hop_by_hop)
                for one in member.received
            ]
            for member in self.members
            if member.received
        }
        return {"client": self.entries, "members": got}


def _answered(entry: Entry) -> str:
    """Status and body, and whether all of it has come."""
    told = f"{_code(entry)} {entry.get('body', '')}".strip()
    return f"{told} (cut)" if "cut" in entry else told


def _code(entry: Entry) -> str:
    status = str(entry["status"])
    return status if status[:1] == "<" else status.split(" ")[1]


def _login_of(entry: Entry) -> list[object]:
    """Status, challenge, and what the server says of itself."""
    names = ("www-authenticate", "authentication-info")
    listed: list[list[str]] = entry.get("fields", [])  # type: ignore[assignment]
    told = [one for one in listed if one[0].lower() in names]
    return [entry.get("status"), *told]


def _one_via(lines: list[str]) -> list[str]:
    """Several Via fields as the list that they are."""
    others = [line for line in lines if line[:4].lower() != "via:"]
    vias = [line[4:].strip() for line in lines if line[:4].lower() == "via:"]
    return others + ([f"Via: {', '.join(vias)}"] if vias else [])


def _found(entry: Entry) -> str:
    """The field X-Found; and the member, unless the election was left to the method."""
    value = next((v for n, v in entry["fields"] if n == "X-Found"), "none")  # type: ignore[attr-defined]
    return value if "changed=1" in value else f"{value} -> {entry['body']}"


def member_count(conf: Conf) -> int:
    """How many members a configuration names."""
    files = (text for text in conf.files.values() if isinstance(text, str))
    texts = [conf.text, *files]
    indexes = [int(found) for text in texts for found in MEMBER_MARK.findall(text)]
    return max(indexes, default=-1) + 1


def play(product: Product, conf: Conf, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Play the cases of one configuration; outcomes by case name."""
    members = [Member(f"m{index}") for index in range(member_count(conf))]
    ports = {member.name: member.port for member in members}
    for member in members:
        member.ports = dict(ports)
    ports.update(free_ports(("port", "port2", "port3")))
    try:
        with directory() as root:
            return _play_in(root, product, conf, cases, members=members, ports=ports)
    finally:
        for member in members:
            member.close()


def _play_in(
    root: Path,
    product: Product,
    conf: Conf,
    cases: Sequence[Case],
    *,
    members: Sequence[Member],
    ports: Mapping[str, int],
) -> dict[str, Outcome]:
    places = Places(ports, str(root))
    outcomes: dict[str, Outcome] = {}
    try:
        if conf.members:
            lay_down(root / "tls")
        for index, how in conf.members.items():
            members[index].secure(how, root / "tls")
        with running(product, conf, ports, root):
            for case in cases:
                outcomes[case.name] = _play_case(case, ports, members, root, places)
    except StartError as error:
        fault = Fault.of(places(str(error)), str(root))
        return {case.name: {"refused": fault.message} for case in cases}
    return outcomes


def _play_case(
    case: Case,
    ports: Mapping[str, int],
    members: Sequence[Member],
    root: Path,
    places: Places,
) -> Outcome:
    for index, member in enumerate(members):
        member.begin_case(case.members.get(index))
    ends = {str(p.relative_to(root)): p.stat().st_size for p in root.glob("logs/*")}
    session = Session(case, ports, members, root, ends, places)
    session.run()
    for member in members:
        member.end_case()
        member.up()
    return session.outcome()
