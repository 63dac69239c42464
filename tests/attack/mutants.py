"""The fuzzer of both sides at once: is there anything that ends a worker?

Clients send mutated requests, tunnels, TLS and rubbish; members answer with mutated
answers, cut and reset where it hurts. Nobody is told what must come of it: what counts
is what the sanitizers say, that every client gets an end, and that the books balance
when all have gone. The configuration has something of everything that composes bytes.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .answers import Answer, Answers
from .framings import BLOB, SPICE, Framings
from .play import Alarm, Client, Link, Listener, Loop, Stream
from .site import HOST, Site

CLIENTS = 160  # many of them wait for something that never comes
FORMAT = (
    "%h %l %u %t %r %>s %s %b %B %O %I %X %D %T %{ms}T %k %f %m %U %q %H %v %V %p "
    "%{remote}p %{local}p %P %R %a %{c}a %A %L %{X-A}i %{Cookie}i %{Location}o "
    "%{X-Odd}o %{ROUTE}C %{MATCH_SITENAME}e %{BALANCER_NAME}e %{SSL_CIPHER}x %{%s}t"
)
CONF = """\
Listen {host}:{plain}
Listen {host}:{tls}
Listen {host}:{proxy}
Timeout 2
ProxyTimeout 2
KeepAliveTimeout 1
LogLevel error
LimitRequestBody 400000
ProxyIOBufferSize 16384
LogFormat "{format}" all
CustomLog access.log all
CustomLog json.log json
SetEnv T t
BrowserMatch "(Mozilla|curl)/([0-9.]+)" agent=$1 version=$2
SetEnvIf Request_URI "^/p/(.*)$" P=$1
SetEnvIf X-A "^a" marked !agent
ErrorDocument 404 "nothing here"
ErrorDocument 502 /doc/502
ErrorDocument 503 http://other.example/busy
ExtendedStatus On
ProxyVia Full
<Location /server-status>
    SetHandler server-status
</Location>
<Location /admin>
    Require all denied
</Location>
<Location /asked>
    AuthRequest http://{host}:{a}/ask?q
    AuthRequestHeader X-Odd Set-Cookie
    AuthRequestCookies On
</Location>
<Location /asked/in>
    AuthRequest balancer://pool/ask
    AuthRequestSignIn "/in?rd=%{{escape:%{{REQUEST_URI}}}}"
</Location>
<Location /asked/doc>
    ErrorDocument 401 /doc/401
    ErrorDocument 403 "no"
</Location>
<LocationMatch "^/c/(?<sitename>[^/]+)">
    RequestHeader set X-Site "%{{MATCH_SITENAME}}e"
    Header set X-Site "%{{MATCH_SITENAME}}e"
</LocationMatch>
<VirtualHost *:{plain} *:{tls}>
    ServerName a.example
    ServerAlias *.alias.example
    {ssl}
    RequestHeader set X-P "%{{P}}e"
    RequestHeader append X-A "%t %D"
    RequestHeader merge X-B b
    RequestHeader edit* Cookie "([a-z])=([^;]*)" "$2=$1"
    RequestHeader edit X-C "^(.*)$" "<$1>"
    RequestHeader unset X-D
    Header always set X-Always "%{{agent}}e %{{SSL_CIPHER}}s"
    Header edit Location "^http://([^/]*)/" "https://$1/"
    Header add Set-Cookie "ROUTE=.%{{BALANCER_WORKER_ROUTE}}e; path=/" env=P
    ProxyPassReverse / http://{host}:{a}/
    ProxyPassReverseCookieDomain member.example a.example
    ProxyPassReverseCookiePath / /x/
    RewriteEngine on
    RewriteCond %{{HTTP:Upgrade}} =websocket [NC]
    RewriteCond %{{HTTP:Connection}} "upgrade(.*)" [NC]
    RewriteRule "^/wr/(.*)$" "ws://{host}:{a}/$1?%1" [P,QSA]
    RewriteCond %{{QUERY_STRING}} "^(.*)r=([^&]*)"
    RewriteCond %{{THE_REQUEST}} "!HTTP/1[.]0$"
    RewriteRule "^/q/(.*)$" "/%2/$1?%1" [PT,E=q:%2,CO=q:%2:a.example]
    RewriteRule "^/red/(.*)$" "http://other.example/$1" [R=302,NE,L]
    RewriteRule "^/nx/([^x]*)x(.*)$" "/nx/$1y$2" [N=40,B]
    RewriteRule "^/rp/(.*)$" "http://{host}:{b}/$1" [P,B,NE]
    RewriteRule "^/forbid/" - [F]
    <If "%{{HTTP:X-E}} =~ /^(a+)(.*)$/ && %{{REQUEST_URI}} != '/e'">
        RequestHeader set X-E "expr=%{{tolower:%{{HTTP:X-E}}}}%{{base64:%{{HTTP:X-F}}}}"
        Header set X-E "expr=%{{escape:%{{QUERY_STRING}}}}"
    </If>
    <ElseIf "unbase64(req('X-F')) -in {{ 'a', '%{{REQUEST_URI}}' }}">
        Header set X-F "expr=%{{unescape:%{{HTTP:X-F}}}}%{{md5:%{{HTTP_COOKIE}}}}"
    </ElseIf>
    <Else>
        SetEnvIfExpr "%{{HTTP:X-F}} -strmatch 'b*' || %{{QUERY_STRING}} =~ /(f.*)/" f=$1
    </Else>
    RequestHeader set X-F "expr=%{{sha1:%{{THE_REQUEST}}}}" "expr=%{{HTTP:X-F}} -gt 7"
    <Location /e/>
        Require expr "req('X-F') == req('X-E') || %{{HTTP_HOST}} -fnmatch 'a*'"
    </Location>
    ProxyPass /server-status !
    Redirect permanent /old http://other.example/new
    RedirectMatch "^/r/(.*)$" "/n/$1"
    ProxyPassMatch "^/m/(.*)$" "http://{host}:{a}/t/$1" nocanon
    ProxyPassMatch "^/n/([^/]*)/(.*)$" "http://{host}:{b}/$2/$1"
    ProxyPass /raw http://{host}:{a}/raw nocanon
    ProxyPass /rawer http://{host}:{a}/raw nocanon noquery
    ProxyPassInterpolateEnv On
    ProxyPass /i http://{host}:{b}/${{T}} interpolate
    ProxyPass /ws http://{host}:{a}/ws upgrade=ANY
    ProxyPass /wsx ws://{host}:{b}/ws
    ProxyPass /gone http://{host}:1/ retry=0
    <Proxy balancer://pool>
        BalancerMember http://{host}:{a} route=a retry=0 max=6
        BalancerMember http://{host}:{b} route=b retry=0 ping=1
        BalancerMember http://{host}:1 status=+H retry=0
        ProxySet stickysession=ROUTE|jsessionid scolonpathdelim=On failonstatus=503
    </Proxy>
    ProxyPass / balancer://pool/
</VirtualHost>
<VirtualHost *:{proxy}>
    ServerName proxy.example
    ProxyRequests On
    AllowCONNECT {a} {b} 1
    HttpProtocolOptions Unsafe
    ProxyPreserveHost On
    MergeSlashes Off
    AllowEncodedSlashes On
    ProxyBadHeader Ignore
    ProxyErrorOverride On
    SetEnv proxy-allow-http09 1
    <Proxy *>
        Require ip 127.0.0.1
    </Proxy>
    ProxyPass / http://{host}:{b}/ retry=0 disablereuse=On
</VirtualHost>
"""
PATHS = [
    b"/asked", b"/asked/x?y", b"/asked/in/x", b"/asked/doc/x",
    b"/", b"/server-status", b"/server-status?auto", b"/admin", b"/admin/x",
    b"/c/a%0d",
    b"/c/s/x", b"/p/x%0d%0aX:%20y", b"/old", b"/old/x?y", b"/r/x/y", b"/m/abc?q",
    b"/m/",
    b"/n/a/b", b"/raw/%2e%2e/x?q", b"/rawer/a?b", b"/i/x", b"/ws", b"/wsx", b"/gone/x",
    b"/doc/502", b"/x;jsessionid=1.a?y", b"/x;ROUTE=.b", b"//x//y", b"/a/../b/./c",
    b"/%41%2f%5c", b"/x?ROUTE=z.a&b=c", b"*", b"http://a.example/abs", b"/%zz", b"/..",
    b"http://www.alias.example:80", b"https://[::1]/x", b"/" + b"l" * 4000,
]  # fmt: skip
FIELDS = [
    b"User-Agent: Mozilla/5.0 compatible", b"User-Agent: curl/8", b"X-A: abc",
    b"Cookie: a=b; ROUTE=x.b; c=d", b"Cookie: ROUTE=.a", b"X-C: " + b"c" * 300,
    b"X-D: d", b"X-Forwarded-For: 1.2.3.4", b"Via: 1.0 x", b"Max-Forwards: 3",
    b"Expect: 100-continue", b"Connection: close", b"Connection: X-A, keep-alive",
    b"Upgrade: websocket", b"Connection: upgrade", b"Referer: http://x/",
    b"Authorization: Basic dTpw", b"Range: bytes=0-3", b"Max-Forwards: 0",
    b"TE: trailers",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Accept: */*", b"If-None-Match: x",
]  # fmt: skip
HOSTS = [b"a.example", b"x.alias.example", b"proxy.example", b"other", b"[::1]:80", b""]
ANSWER_FIELDS = [
    b"Location: http://member.example/x", b"Location: /y", b"Set-Cookie: a=b; Path=/",
    b"Set-Cookie: s=t; Domain=member.example; path=/q; HttpOnly", b"Date: now",
    b"Connection: X-Odd", b"Upgrade: websocket", b"WWW-Authenticate: Basic",
    b"Content-Type: text/html", b"Last-Modified: x", b"Server: m", b"X-Odd: 1",
]  # fmt: skip


class Talk:
    """One connection of a member."""

    __slots__ = ("asked", "tunnel")

    def __init__(self) -> None:
        self.asked = 0
        self.tunnel = False


class TlsClient(Client):
    """Speaks TLS, more or less: `spoil` bytes on the wire are changed."""

    __slots__ = ("incoming", "named", "outgoing", "spoil", "tls", "up")

    def __init__(self, loop: Loop, stream: Stream, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        chance = random.Random(stream.number)
        name = chance.choice(("a.example", "x.alias.example", "nobody.example", None))
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        self.spoil = chance.choice((0, 0, 0, 1, 3))
        self.up = False
        self.named = chance
        super().__init__(loop, stream)

    def send(self) -> None:
        """Hand on what the library has to say, then the pieces."""
        if self.over:
            return
        try:
            if not self.up:
                self.tls.do_handshake()
                self.up = True
            for piece in self.stream.pieces:
                self.tls.write(piece or b" ")
            self.stream.pieces.clear()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.stream.leave = 0
        data = bytearray(self.outgoing.read())
        if data and self.spoil and self.named.random() < 0.3:
            self.spoil -= 1
            data[self.named.randrange(len(data))] ^= 1 << self.named.randrange(8)
        self.rest = memoryview(bytes(self.rest) + bytes(data))
        if self.rest:
            try:
                self.rest = self.rest[self.sock.send(self.rest) :]
            except BlockingIOError:
                self.loop.change(self.sock.fileno(), 1 | 4)
            except OSError:
                self.rest = memoryview(b"")

    def on_event(self, events: int) -> None:
        before = len(self.stream.got)
        super().on_event(events)
        if self.over:
            return
        if len(self.stream.got) > before:
            self.incoming.write(bytes(self.stream.got[before:]))
            self.send()
            try:
                while self.up and self.tls.read(65536):
                    pass
            except ssl.SSLError:
                pass
        if self.stream.leave == 0:
            self.end(leave=True)


class Mutants:
    """Plays both sides."""

    def __init__(self, loop: Loop, folder: Path) -> None:
        self.loop = loop
        self.folder = folder
        self.members = [Listener(loop, 0), Listener(loop, 1)]
        self.ports = (0, 0, 0)
        self.chance = random.Random(0)
        self.answers = Answers(self.chance)
        self.inputs = 0
        self.requests = 0
        self.refused = 0
        self.hung: Stream | None = None
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        loop.opened = self.opened
        loop.hear = self.hear
        loop.judge = self.judge
        loop.make = self.client

    def configuration(self, ports: tuple[int, int, int]) -> str:
        self.ports = ports
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"),
                *("-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=a.example"),
                *(
                    "-keyout",
                    str(self.folder / "key"),
                    "-out",
                    str(self.folder / "crt"),
                ),
            ],
            check=True,
            capture_output=True,
        )
        plain, tls, proxy = ports
        a, b = (member.port for member in self.members)
        text = CONF.format(
            host=HOST,
            plain=plain,
            tls=tls,
            proxy=proxy,
            a=a,
            b=b,
            format=FORMAT,
            ssl="",
        )
        start = text.index(f"<VirtualHost *:{plain}")
        end = text.index("</VirtualHost>") + len("</VirtualHost>\n")
        site = text[start:end]
        return (
            text[:start]
            + site.replace(f" *:{tls}", "")
            + site.replace(f"*:{plain} ", "")
            .replace(
                "ServerName a.example",
                "ServerName a.example\nSSLEngine on\nSSLCertificateFile crt\n"
                "SSLCertificateKeyFile key\nSSLOptions +StdEnvVars",
            )
            .replace("balancer://pool", "balancer://second")
            + text[end:]
        )

    def play(self, seed: int, count: int, check: Callable[[], None]) -> None:
        self.chance.seed(seed)
        self.loop.run(self.streams(seed, count), check, CLIENTS)
        if self.hung is not None:
            raise Alarm("no end came", self.hung)

    def client(self, stream: Stream) -> Client:
        if stream.port == self.ports[1] and stream.reset:
            stream.reset = False
            return TlsClient(self.loop, stream, self.context)
        return Client(self.loop, stream)

    # what clients send

    def streams(self, seed: int, count: int) -> Iterator[Stream]:
        chance = self.chance
        framings = Framings(seed)
        plain, tls, proxy = self.ports
        for number in range(1, count + 1):
            self.inputs += 1
            kind = chance.random()
            port = plain if chance.random() < 0.7 else proxy
            if kind < 0.45:
                pieces = [self.request() for _ in range(chance.choice((1, 1, 2, 4)))]
            elif kind < 0.7:
                pieces = framings.pieces(framings.draw()[1])
            elif kind < 0.8:
                port, pieces = proxy, self.connect()
            elif kind < 0.93:
                port = tls
                pieces = [self.request() for _ in range(chance.choice((1, 2)))]
            elif kind < 0.97:
                port, pieces = tls, self.hello()
            else:
                pieces = [
                    BLOB[chance.randrange(1 << 19) :][: chance.randrange(1, 9000)]
                ]
            if chance.random() < 0.3:
                pieces = [self.mutated(piece) for piece in pieces]
            stream = Stream(number, port, pieces)
            stream.reset = 0.8 <= kind < 0.93  # for client(): this one speaks TLS
            if chance.random() < 0.15:
                stream.leave = chance.choice((0, 1, 200, 20000))
            yield stream

    def request(self) -> bytes:
        chance = self.chance
        path = chance.choice(PATHS)
        if chance.random() < 0.3:
            path = self.mutated(path)
        method = chance.choice((b"GET", b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS"))
        lines = [method + b" " + path + b" HTTP/1.1", b"Host: " + chance.choice(HOSTS)]
        for _ in range(chance.choice((0, 1, 2, 3, 6))):
            line = chance.choice(FIELDS)
            lines.append(self.mutated(line) if chance.random() < 0.15 else line)
        body = b""
        if method in (b"POST", b"PUT"):
            size = chance.choice((0, 1, 100, 5000, 17000, 80000))
            body = BLOB[:size]
            if chance.random() < 0.5:
                lines.append(b"Content-Length: %d" % size)
            else:
                lines.append(b"Transfer-Encoding: chunked")
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (size, body) if size else b"0\r\n\r\n"
        return b"\r\n".join([*lines, b"", body])

    def connect(self) -> list[bytes]:
        """A tunnel, and what goes into it."""
        chance = self.chance
        port = chance.choice([member.port for member in self.members] + [1, 99])
        name = chance.choice(
            (b"127.0.0.1", b"localhost", b"LOCALHOST.", b"[::1]", b"x.")
        )
        head = b"CONNECT %s:%d HTTP/1.1\r\nHost: x\r\n\r\n" % (name, port)
        more = [
            BLOB[: chance.choice((1, 100, 70000))] for _ in range(chance.randrange(4))
        ]
        return [head, *more]

    def hello(self) -> list[bytes]:
        """A ClientHello that is not quite right."""
        outgoing = ssl.MemoryBIO()
        name = self.chance.choice(("a.example", "b" * 60 + ".example", None))
        tls = self.context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        data = self.mutated(outgoing.read())
        at = self.chance.randrange(len(data) + 1)
        return [data[:at], data[at:]]

    def mutated(self, data: bytes) -> bytes:
        chance = self.chance
        out = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 4))):
            at = min(chance.randrange(len(out) + 1), chance.randrange(2000))
            until = min(len(out), at + chance.choice((0, 1, 1, 4, 30)))
            kind = chance.randrange(5)
            if kind == 0:
                out[at:until] = chance.choice(SPICE)
            elif kind == 1:
                del out[at:until]
            elif kind == 2:
                out[at:at] = out[at:until] * chance.choice((1, 3, 300))
            elif kind == 3:
                del out[at + chance.randrange(len(out) - at + 1) :]
            elif at < len(out):
                out[at] ^= 1 << chance.randrange(8)
        return bytes(out)

    # what members say

    def opened(self, link: Link) -> None:
        link.state = Talk()

    def hear(self, link: Link) -> None:
        talk = link.state
        assert isinstance(talk, Talk)
        chance = self.chance
        data = bytes(link.data)
        if not talk.tunnel and b"\r\n\r\n" not in data:
            if not data[:1].isalpha() or len(data) > 100_000:
                self.into_tunnel(link)
            return
        link.data.clear()
        if talk.tunnel:
            self.into_tunnel(link)
            return
        if talk.asked and not data[:1].isalpha():
            return  # the rest of a body
        talk.asked += 1
        self.requests += 1
        if b"pgrade: " in data and chance.random() < 0.6:
            talk.tunnel = True
            link.send(
                b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket"
                b"\r\n\r\n" + BLOB[: chance.choice((0, 5, 500))]
            )
            return
        answer = self.answers.draw(b"%x_0000.0" % talk.asked, data[:4].rstrip())
        said = answer.data
        if chance.random() < 0.5:
            line = chance.choice(ANSWER_FIELDS)
            if chance.random() < 0.2:
                line = self.mutated(line)
            said = said.replace(b"\r\n", b"\r\n" + line + b"\r\n", 1)
        if chance.random() < 0.25:
            said = self.mutated(said)
        self.say(link, talk, Answer(said, then=answer.then, cut=answer.cut))

    def say(self, link: Link, talk: Talk, answer: Answer) -> None:
        if answer.cut:
            link.send(answer.data[: answer.cut])
            rest = Answer(answer.data[answer.cut :], then=answer.then)
            self.loop.later.append(lambda: self.say(link, talk, rest))
            return
        if link.gone:
            return
        link.send(answer.data)
        if answer.then == "keep":
            count = talk.asked
            self.loop.delay(lambda: link.close() if talk.asked == count else None)
        elif not link.out:
            link.close(reset=answer.then == "reset")

    def into_tunnel(self, link: Link) -> None:
        """Something, nothing, or an end of some kind."""
        chance = self.chance
        kind = chance.random()
        if kind < 0.5:
            link.send(BLOB[: chance.choice((1, 100, 70000, 300_000))])
        if 0.3 < kind < 0.6:
            link.end()
        elif kind > 0.7:
            link.close(reset=kind > 0.85)
        else:
            self.loop.delay(link.close)

    def judge(self, stream: Stream) -> None:
        if stream.got.endswith(b"-- nothing came any more --"):
            self.hung = stream


def books_balance(site: Site, port: int) -> str:
    """ "" when nobody is busy any more, else what the status page says."""
    deadline = time.monotonic() + 20
    text = ""
    while time.monotonic() < deadline:
        try:
            asked = http.client.HTTPConnection(HOST, port, timeout=10)
            asked.request("GET", "/server-status?auto", headers={"Host": "a.example"})
            text = asked.getresponse().read().decode("latin-1")
            asked.close()
        except (OSError, http.client.HTTPException) as error:
            text = repr(error)
            continue
        lines = text.splitlines()
        busy = [
            line
            for line in lines
            if ("Busy: " in line or "]Waiting: " in line) and not line.endswith(" 0")
        ]
        if "BusyWorkers: 1" in lines and not busy:
            return ""
        time.sleep(0.05)
    return text
