"""Every way by which a value comes into a head, and who reads what came out.

A client, a member or a certificate says something hostile; what reaches the other side
must be one message with the fields that were meant, to the strict reader of the tests
and to llhttp.
"""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes

import httptools

from .site import HOST
from .strict import Message, read_requests, read_responses

DEADLINE_S = 20.0
LEGAL_TARGET = re.compile(rb"[!\"$-~]+")

LETTERS = (
    "%a %A %b %B %{One}C %D %{EVERY}e %f %h %H %{X-In}i %I %k %l %L %m %n %{Noted}n"
    " %{X-Out}o %O %p %{local}p %P %{hextid}P %q %r %R %>s %S %t %{%c}t %{msec}t %T"
    " %u %U %v %V %X %{cookie}n %{SSL_CLIENT_CERT}x %{version}c %^FB %^ti %^to"
)

# {other} and {member} are ports. What a rule makes is named X-Out (to the client) or
# X-Mine (to the member).
TEXT = """
Listen 127.0.0.1:{port}
HttpProtocolOptions Unsafe
LimitRequestLine 60000
LimitRequestFieldSize 60000
AllowEncodedSlashes NoDecode
ProxyPassInterpolateEnv On
ProxyVia Full
LogFormat "{letters}" every
CustomLog access.log every
SetEnvIf X-In "^(.*)$" FIELD=$1
SetEnvIf Request_URI "^/[a-z]+/(.*)$" PATH=$1
SetEnvIf X-In "(.{{0,9}})" EVERY=$1$1$1$1$1$1$1$1$1
<LocationMatch "^/captured/(?<it>.*)$">
  RequestHeader set X-Mine "<%{{MATCH_IT}}e>"
  RequestHeader append X-Mine "%{{MATCH_IT}}e"
  RequestHeader merge X-Mine "%{{MATCH_IT}}e"
  RequestHeader edit X-In "." "%{{MATCH_IT}}e"
  Header set X-Out "<%{{MATCH_IT}}e %t %D>"
  Header append X-Out "%{{MATCH_IT}}e"
  Header edit* X-Out "e" "[$0%{{MATCH_IT}}e]"
  Header add Set-Cookie "it=%{{MATCH_IT}}e; path=/"
</LocationMatch>
<Location /field/>
  RequestHeader set X-Mine "%{{FIELD}}e%{{EVERY}}e"
  RequestHeader edit* X-In "(a|b)" "$1%{{FIELD}}e"
  Header set X-Out "%{{FIELD}}e"
  Header note X-Out Noted
  Header echo "^X-In$"
</Location>
<Location /path/>
  RequestHeader setifempty X-Mine "%{{PATH}}e"
  RequestHeader set Host "%{{PATH}}e" early
  Header always set X-Out "%{{PATH}}e" env=PATH
</Location>
<Location /moved/>
  Header always set X-Out "%{{PATH}}e"
</Location>
<Location /session/>
  Header add Set-Cookie "R=%{{BALANCER_WORKER_ROUTE}}e.%{{BALANCER_SESSION_ROUTE}}e"
  Header set X-Out "%{{BALANCER_SESSION_STICKY}}e"
</Location>
<Location /page>
  Header always set X-Out "%{{FIELD}}e"
</Location>
<Location /server-status>
  SetHandler server-status
  Header set X-Out "%{{FIELD}}e"
</Location>
ErrorDocument 404 /captured/document
ErrorDocument 403 http://elsewhere.test/denied
ErrorDocument 410 "gone"
<Location /denied>
  Require all denied
</Location>
ProxyPass /moved !
ProxyPass /page !
ProxyPass /nowhere !
ProxyPass /server-status !
Redirect gone /page/gone
Redirect /moved/prefix/ http://elsewhere.test/to/
RedirectMatch "^/moved/group/(.*)$" "http://elsewhere.test/$1/$1"
RedirectMatch "^/moved/here/(.*)$" "/$1"
ProxyPass /interpolated/ http://127.0.0.1:{member}/${{FIELD}}/ interpolate
ProxyPass /rawly/ http://127.0.0.1:{member}/${{FIELD}}/ interpolate nocanon
ProxyPassMatch "^/group/(.*)$" "http://127.0.0.1:{member}/$1/$1"
ProxyPassMatch "^/rawgroup/(.*)$" "http://127.0.0.1:{member}/$1" nocanon
ProxyPassMatch "^/both/(.*)$" "http://127.0.0.1:{member}/${{FIELD}}/$1" interpolate
<Proxy balancer://b>
  BalancerMember http://127.0.0.1:{member} route=a
  ProxySet stickysession=ROUTE|route
</Proxy>
ProxyPass /session/ balancer://b/session/
ProxyPass /back/ http://127.0.0.1:{member}/inner/
ProxyPassReverse /back/ http://127.0.0.1:{member}/inner/
ProxyPassReverse /back/ /inner/
ProxyPassReverseCookieDomain inner.test front.test
ProxyPassReverseCookiePath /inner/ /back/
ProxyPass / http://127.0.0.1:{member}/
"""

# What may be there, and how often. Whoever asked sent X-In, Cookie and Via.
TO_MEMBER = {
    "host": 1,
    "x-in": 1,
    "x-mine": 1,
    "cookie": 1,
    "via": 1,
    "x-forwarded-for": 1,
    "x-forwarded-host": 1,
    "x-forwarded-server": 1,
    "connection": 1,
}
TO_CLIENT = {
    "date": 1,
    "server": 1,
    "via": 1,
    "content-length": 1,
    "content-type": 1,
    "connection": 1,
    "location": 1,
    "content-location": 1,
    "set-cookie": 2,
    "x-out": 2,  # Header always and Header have a table each
    "x-in": 1,
    "refresh": 1,
    "content-security-policy": 1,  # of pages of ours
    "allow": 1,
    "x-theirs": 1,
}


@dataclass
class Recorder:
    """A member that keeps what came, and answers with what it is told to."""

    answer: bytes = b""
    seen: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.create_server((HOST, 0), backlog=64)
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with sock:
                self.serve(sock)

    def serve(self, sock: socket.socket) -> None:
        sock.settimeout(DEADLINE_S)
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                more = sock.recv(65536)
                if not more:
                    break
                data += more
        except OSError:
            pass
        if data:
            self.seen.append(data)
            sock.sendall(self.answer)

    def stop(self) -> None:
        self.listener.close()


def ask(port: int, data: bytes) -> bytes:
    """All that comes back until the end."""
    with closing(socket.create_connection((HOST, port), DEADLINE_S)) as sock:
        sock.sendall(data)
        found = b""
        while more := sock.recv(65536):
            found += more
        return found


def in_path(value: bytes) -> bytes:
    """A value as a client writes it into a path so that it is decoded there."""
    return quote_from_bytes(value, safe="").encode()


class Heard:
    """Callbacks of llhttp."""

    def __init__(self) -> None:
        self.begun = 0
        self.whole = 0
        self.fields: list[tuple[bytes, bytes]] = []

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_header(self, name: bytes, content: bytes) -> None:
        self.fields.append((name, content))

    def on_message_complete(self) -> None:
        self.whole += 1


def one_message(data: bytes, kind: str) -> Message:
    """Both readers find one whole message, and the same fields."""
    heard = Heard()
    if kind == "request":
        reading = read_requests(data)
        httptools.HttpRequestParser(heard).feed_data(data)
    else:
        reading = read_responses(data, [b"GET"])
        httptools.HttpResponseParser(heard).feed_data(data)
    assert reading.end in ("clean", "last"), (reading.why, data)
    assert len(reading.messages) == 1, data
    message = reading.messages[0]
    assert message.behind == len(data), data
    assert heard.begun == 1
    assert heard.whole == 1
    assert [name for name, _ in heard.fields] == [n for n, _ in message.fields]
    return message


def check(data: bytes, kind: str) -> Message:
    """One message, with no field but those that were meant."""
    message = one_message(data, kind)
    known = TO_MEMBER if kind == "request" else TO_CLIENT
    counts = Counter(name.lower().decode("latin-1") for name, _ in message.fields)
    over = {n: c for n, c in counts.items() if c > known.get(n, 0)}
    assert not over, (over, data)
    if kind == "request":
        assert LEGAL_TARGET.fullmatch(message.target), data
        assert message.method == b"GET", data
    return message
