"""Header fields: what reaches the member, what reaches the client."""

from collections.abc import Mapping

from ..case import Case, Close, Conf, View, ask, get, request
from ..members import Act, Script, answer, turn

FORWARD = Conf(
    "forward",
    """\
ProxyPass / http://127.0.0.1:{m0}/
""",
)

PRESERVE = Conf(
    "preserve host",
    """\
<VirtualHost *:{port}>
  ServerName front.test
  ServerAlias *.front.test
  ProxyPreserveHost On
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
""",
)

NO_ADD = Conf(
    "add headers off",
    """\
ProxyAddHeaders Off
ProxyPass / http://127.0.0.1:{m0}/
""",
)

VIA = Conf(
    "via",
    """\
<VirtualHost *:{port}>
  ServerName on.test
  ProxyVia On
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
<VirtualHost *:{port}>
  ServerName full.test
  ProxyVia Full
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
<VirtualHost *:{port}>
  ServerName block.test
  ProxyVia Block
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
<VirtualHost *:{port}>
  ServerName up.test
  ProxyVia On
  ProxyPass / http://127.0.0.1:{m0}/ upgrade=websocket
</VirtualHost>
<VirtualHost *:{port}>
  ServerName off.test
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
""",
)

EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\nVia: 1.0 behind\r\n\r\n"
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nX-Kept: 1\r\n\r\n"
)

MAX_FORWARDS = Conf(
    "max forwards added",
    """\
ProxyMaxForwards 7
ProxyPass / http://127.0.0.1:{m0}/
""",
)

CLOSING = Conf(
    "connections to members",
    """\
ProxyPass /reuse/ http://127.0.0.1:{m0}/
ProxyPass /close/ http://127.0.0.1:{m1}/ disablereuse=On
<Location /nokeep/>
  SetEnv proxy-nokeepalive 1
  ProxyPass http://127.0.0.1:{m2}/
</Location>
<Location /old/>
  SetEnv force-proxy-request-1.0 1
  ProxyPass http://127.0.0.1:{m3}/
</Location>
""",
)

REQUEST_HEADER = Conf(
    "RequestHeader",
    """\
SetEnvIf X-If "(.+)" GOT=$1
RequestHeader set X-Set "one two"
RequestHeader append X-Append added
RequestHeader merge X-Merge b
RequestHeader add X-Add again
RequestHeader setifempty X-Empty filled
RequestHeader unset X-Unset
RequestHeader edit X-Edit a A
RequestHeader edit* X-Edit-All a A
RequestHeader edit X-Groups "^(.)(.)(.*)$" "$2$1-$3-$0"
RequestHeader set X-Env "%{GOT}e" env=GOT
RequestHeader set X-Not-Env "absent" env=!GOT
RequestHeader set X-Percent "100%%"
RequestHeader set X-Forwarded-For "6.6.6.6"
RequestHeader unset X-Forwarded-Host
RequestHeader set X-No-Env "%{NOTHING}e"
RequestHeader set X-Early "early" early
<Location /section>
  RequestHeader set X-Section yes
  RequestHeader unset X-Set
</Location>
<Proxy *>
  RequestHeader set X-Proxy-Section yes
</Proxy>
ProxyPass / http://127.0.0.1:{m0}/
""",
)

HEADER = Conf(
    "Header",
    """\
SetEnvIf X-If "(.+)" GOT=$1
Header set X-Set "one"
Header always set X-Always "a"
Header always set X-Both "always"
Header set X-Replace "ours"
Header append X-Append "last"
Header merge X-Merge "b"
Header merge X-Merge "c"
Header add X-Add "again"
Header setifempty X-Empty "filled"
Header setifempty X-Full "not used"
Header unset X-Unset
Header always unset X-Always-Unset
Header edit X-Edit a A
Header edit* X-Edit-All a A
Header edit X-Groups "^(.)(.*)$" "$2$1"
Header echo ^X-Echo
Header set X-Env "%{GOT}e" env=GOT
Header set X-Not-Env "no" env=!GOT
Header set X-Percent "50%%"
Header set X-Worker "%{BALANCER_WORKER_NAME}e"
Header edit Set-Cookie "^(.*)$" "$1; Secure"
Header onsuccess set X-Ok "ok"
Header set Content-Type "text/x-ours" env=GOT
Header unset Server
<Location /section>
  Header set X-Section yes
  Header unset X-Set
</Location>
<Proxy *>
  Header set X-Proxy-Section yes
</Proxy>
<Location /denied>
  Require all denied
</Location>
ProxyPass /local !
ProxyPass / http://127.0.0.1:{m0}/
""",
)

RESPONSES: Mapping[str, bytes] = {
    "hop-by-hop fields are removed": answer(
        b"x",
        "Connection: keep-alive, X-Hop",
        "X-Hop: 1",
        "Keep-Alive: timeout=3",
        "Trailer: X-T",
        "TE: x",
        "Upgrade: h2c",
        "Proxy-Authenticate: Basic",
        "Proxy-Connection: keep-alive",
        "X-Kept: 1",
    ),
    "Date and Server of the member": answer(
        b"x", "Date: Thu, 01 Jan 2026 00:00:00 GMT", "Server: member/1"
    ),
    "dates are normalised": answer(
        b"x",
        "Last-Modified: Thu, 01-Jan-26 00:00:00 GMT",
        "Expires: 0",
        "Date: Thursday, 01-Jan-26 00:00:00 GMT",
    ),
    "fields of one name keep their order": answer(
        b"x", "Set-Cookie: a=1", "X-A: 1", "Set-Cookie: b=2", "Set-Cookie: a=3"
    ),
    "empty value": answer(b"x", "X-Empty:", "X-Blank:   "),
    "no blank after the colon": answer(b"x", "X-Tight:value"),
    "bytes beyond ASCII": answer(b"x", "X-Latin: \xe4\xf6"),
    "reason phrase is kept": answer(b"x", status="299 Quite Fine"),
    "unknown status": answer(b"x", status="599 Odd"),
    "no reason phrase": answer(b"x", status="200"),
    "no reason phrase, rare status": answer(b"x", status="431"),
    "no reason phrase, unknown status": answer(b"x", status="499"),
    "empty reason phrase": answer(b"x", status="431 "),
    "blank reason phrase": answer(b"x", status="404  \t "),
    "reason phrase of another status": answer(b"x", status="404 OK"),
    "reason phrase beyond ASCII": answer(b"x", status="200 sch\xf6n"),
    "no content type": answer(b"x"),
    "own Via stays": answer(b"x", "Via: 1.1 other"),
}

REQUESTS: Mapping[str, bytes] = {
    "plain": request("/"),
    "named by Connection": request(
        "/", "Connection: close, X-Foo", "X-Foo: 1", "X-Bar: 2"
    ),
    "Connection cannot remove what the proxy adds": request(
        "/", "Connection: X-Forwarded-For, X-Forwarded-Host, Host"
    ),
    "X-Forwarded fields are appended to": request(
        "/",
        "X-Forwarded-For: 9.9.9.9",
        "X-Forwarded-Host: outer.test",
        "X-Forwarded-Server: outer",
    ),
    "X-Forwarded-For twice": request(
        "/", "X-Forwarded-For: 9.9.9.9", "X-Forwarded-For: 8.8.8.8, 7.7.7.7"
    ),
    "X-Forwarded-Proto is passed on": request("/", "X-Forwarded-Proto: https"),
    "fields of one name": request("/", "X-A: 1", "X-B: 2", "X-A: 3"),
    "cookies of several lines": request("/", "Cookie: a=1", "Cookie: b=2"),
    "Proxy-Authorization": request("/", "Proxy-Authorization: Basic eDp5"),
    "Authorization": request("/", "Authorization: Basic eDp5"),
    "Proxy field": request("/", "Proxy: http://evil.test"),
    "Via of the client": request("/", "Via: 1.0 before"),
    "underscore in a name": request("/", "X_Under: 1"),
    "conditional": request("/", 'If-None-Match: "x"'),
    "empty value": request("/", "X-Empty:", "X-Blank:   "),
    "folded": request("/", "X-Folded: one", "  two"),
    "Host with port": request("/", host="front.test:8080"),
    "no Host in HTTP/1.0": request("/", host=None, version="HTTP/1.0"),
    "Host in HTTP/1.0": request("/", version="HTTP/1.0"),
    "HTTP/1.0 keep-alive": request("/", "Connection: keep-alive", version="HTTP/1.0"),
    "Max-Forwards counts down": request("/", "Max-Forwards: 5"),
    "Max-Forwards zero": request("/", "Max-Forwards: 0"),
    "Max-Forwards negative": request("/", "Max-Forwards: -1"),
    "Max-Forwards is no number": request("/", "Max-Forwards: x"),
    "Max-Forwards zero with OPTIONS": request("/", "Max-Forwards: 0", method="OPTIONS"),
    "methods": request("/", method="PROPFIND"),
    "unknown method": request("/", method="BREW"),
    "OPTIONS": request("/", method="OPTIONS"),
    "TRACE": request("/", method="TRACE"),
}


def _responses(conf: Conf, path: str, prefix: str) -> list[Case]:
    return [
        Case(f"{prefix}: {name}", conf, get(path), members={0: turn(bytes_)})
        for name, bytes_ in RESPONSES.items()
    ]


def _one(
    conf: Conf, name: str, data: bytes, members: Mapping[int, Script] | None = None
) -> Case:
    return Case(f"{conf.name}: {name}", conf, ask(data), members=members or {})


RICH = turn(
    answer(
        b"x",
        "X-Both: member",
        "X-Replace: theirs",
        "X-Append: first",
        "X-Merge: a, b",
        "X-Add: once",
        "X-Full: full",
        "X-Unset: gone",
        "X-Always-Unset: stays",
        "X-Edit: banana",
        "X-Edit-All: banana",
        "X-Groups: abc",
        "Set-Cookie: a=1",
        "Set-Cookie: b=2; Path=/",
        "Content-Type: text/plain",
        "Server: member/1",
    )
)
PLAIN = turn(answer(b"x", "Content-Type: text/plain"))

DIFFERENT = (
    Case(
        "forward: hop-by-hop fields",
        FORWARD,
        ask(
            request(
                "/",
                "Connection: keep-alive",
                "Keep-Alive: 5",
                "Proxy-Connection: keep-alive",
                "TE: trailers",
                "Trailer: X-T",
                "Upgrade: h2c",
                "X-Kept: 1",
            )
        ),
        members={0: PLAIN},
        differs="fields behind a chunked body, of a request or an answer",
        instead={
            "members/m0/0/fields": [
                ["Host", "127.0.0.1:{m0}"],
                ["TE", "trailers"],
                ["X-Forwarded-For", "127.0.0.1"],
                ["X-Forwarded-Host", "front.test"],
                ["X-Forwarded-Server", "front.test"],
                ["X-Kept", "1"],
            ],
        },
        compat=True,
    ),
    Case(
        "forward: Range with an answer of 200",
        FORWARD,
        ask(request("/", "Range: bytes=0-1")),
        members={0: turn(answer(b"abcdef", "Content-Type: text/plain"))},
        differs="`Range` with a member's 200",
        instead={
            "client/0/status": "HTTP/1.1 200 OK",
            "client/0/fields": [
                ["Content-Length", "6"],
                ["Content-Type", "text/plain"],
                ["Date", "<now>"],
                ["Server", "<product>"],
            ],
            "client/0/body": "abcdef",
        },
    ),
    Case(
        "forward: OPTIONS for the server",
        FORWARD,
        get("*", method="OPTIONS"),
        differs="`OPTIONS *`",
        instead={
            "client/0/fields": [
                ["Allow", "GET,HEAD,POST,OPTIONS"],
                ["Content-Length", "0"],
                ["Date", "<now>"],
                ["Server", "<product>"],
            ]
        },
    ),
    Case(
        "back: folded field",
        FORWARD,
        get("/"),
        members={0: turn(answer(b"x", "X-Folded: one", "\ttwo", "  three"))},
        differs="fields folded over lines",
        instead={"client/0/fields/3/1": "one two three"},
    ),
    Case(
        "back: Vary of several names",
        FORWARD,
        get("/"),
        members={0: turn(answer(b"x", "Vary: Accept-Encoding,  Cookie"))},
        differs="`Vary` of several names",
        instead={"client/0/fields/3/1": "Accept-Encoding,  Cookie"},
    ),
    Case(
        "back: two Vary",
        FORWARD,
        get("/"),
        members={0: turn(answer(b"x", "Vary: Accept", "Vary: Cookie"))},
        differs="`Vary` of several names",
        instead={
            "client/0/fields": [
                ["Content-Length", "1"],
                ["Date", "<now>"],
                ["Server", "<product>"],
                ["Vary", "Accept"],
                ["Vary", "Cookie"],
            ]
        },
    ),
    Case(
        "forward: Max-Forwards zero with TRACE",
        FORWARD,
        ask(request("/", "Max-Forwards: 0", method="TRACE")),
        differs="`TRACE` that is answered here",
        instead={
            "client/0/fields": [
                ["Content-Length", "55"],
                ["Content-Type", "message/http"],
                ["Date", "<now>"],
                ["Server", "<product>"],
            ],
            "client/0/framing": "length",
        },
    ),
    Case(
        "forward: CONNECT",
        FORWARD,
        ask(request("front.test:443", method="CONNECT")),
        view=View.TARGET,
        differs="`CONNECT` without `ProxyRequests`, where `ProxyPass /` matches",
        instead={"": {"answers": ["405"], "members": []}},
    ),
)

FORCED = Conf(
    "force-response-1.0",
    """\
SetEnv force-response-1.0
ProxyPass / http://127.0.0.1:{m0}/
""",
)

DOWNGRADED = Conf(
    "downgrade-1.0",
    """\
SetEnvIf X-Downgrade yes downgrade-1.0
SetEnvIf X-Force yes force-response-1.0
ProxyPass / http://127.0.0.1:{m0}/
""",
)
IN_CHUNKS = turn(
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n"
    b"\r\n5\r\nhello\r\n0\r\n\r\n"
)

ONE_LINE = Conf(
    "values are one line",
    """\
AllowEncodedSlashes NoDecode
<LocationMatch "^/c/(?<sitename>[^/]+)">
  RequestHeader set X-Site "<%{MATCH_SITENAME}e>"
  RequestHeader append X-Twice "%{MATCH_SITENAME}e"
  RequestHeader append X-Twice "%{MATCH_SITENAME}e"
  RequestHeader set X-Edited "abc"
  RequestHeader edit X-Edited b "%{MATCH_SITENAME}e"
  Header set X-Site "<%{MATCH_SITENAME}e>"
  Header add Set-Cookie "site=%{MATCH_SITENAME}e; path=/"
</LocationMatch>
<LocationMatch "^/always/(?<site>[^/]+)">
  Header always set X-Site "<%{MATCH_SITE}e>"
</LocationMatch>
<LocationMatch "^/to-member/(?<there>[^/]+)">
  RequestHeader set X-Site "<%{MATCH_THERE}e>"
</LocationMatch>
<LocationMatch "^/to-client/(?<here>[^/]+)">
  Header set X-Site "<%{MATCH_HERE}e>"
</LocationMatch>
ProxyPass /always !
ProxyPass / http://127.0.0.1:{m0}/
""",
)
LINES = {
    "a field": "a%0d%0aTransfer-Encoding:%20chunked",
    "the end of a head": "%0d%0a%0d%0aGET%20/second%20HTTP/1.1%0d%0a%0d%0a",
    "line feed": "a%0ab",
    "carriage return": "a%0db",
    "nothing but line ends": "%0d%0a",
    "tab and blank": "a%09b%20c",
    "not ASCII": "a%e4b",
}
CONTROLS = "control bytes other than line ends and tabs in a composed field"


CASES: tuple[Case, ...] = (
    *(
        Case(
            f"force-response-1.0: HTTP/{version}, {connection}",
            FORCED,
            get("/", f"Connection: {connection}", version=f"HTTP/{version}"),
            hop_by_hop=True,
        )
        for version in ("1.0", "1.1")
        for connection in ("keep-alive", "close")
    ),
    *(
        Case(
            f"downgrade-1.0: {name}, {connection}, {body}",
            DOWNGRADED,
            get("/", *fields, f"Connection: {connection}"),
            members={0: IN_CHUNKS if body == "chunks" else PLAIN},
            hop_by_hop=True,
        )
        for name, fields in {
            "alone": ("X-Downgrade: yes",),
            "forced": ("X-Downgrade: yes", "X-Force: yes"),
        }.items()
        for connection in ("keep-alive", "close")
        for body in ("chunks", "a length")
    ),
    *DIFFERENT,
    *(_one(FORWARD, name, data, {0: PLAIN}) for name, data in REQUESTS.items()),
    *_responses(FORWARD, "/", "back"),
    _one(PRESERVE, "client's Host", request("/", host="www.front.test:99")),
    _one(
        PRESERVE,
        "Connection cannot remove Host",
        request("/", "Connection: Host", host="www.front.test"),
    ),
    _one(PRESERVE, "no Host", request("/", host=None, version="HTTP/1.0")),
    _one(PRESERVE, "Host of an absolute target", request("http://x.front.test/")),
    _one(
        NO_ADD,
        "client's fields pass",
        request("/", "X-Forwarded-For: 9.9.9.9"),
    ),
    *(
        _one(
            VIA,
            f"{how} with Via on both sides",
            request("/", "Via: 1.0 before", host=f"{how}.test"),
            {0: turn(answer(b"x", "Via: 1.0 behind"))},
        )
        for how in ("on", "full", "block", "off")
    ),
    _one(VIA, "on", request("/", host="on.test")),
    _one(VIA, "the port that the client names", request("/", host="on.test:8080")),
    _one(VIA, "the scheme's own port, named", request("/", host="on.test:80")),
    _one(VIA, "another host's name and port", request("/", host="x.test:8081")),
    Case(
        "via: of an interim answer",
        VIA,
        ask(request("/", host="on.test")),
        members={0: turn(EARLY + answer(b"x"))},
    ),
    Case(
        "via: of a 101",
        VIA,
        (
            *ask(
                request(
                    "/", "Connection: Upgrade", "Upgrade: websocket", host="up.test"
                )
            ),
            Close(),
        ),
        members={0: turn(SWITCHED, Act.CLOSE)},
    ),
    _one(VIA, "on with HTTP/1.0", request("/", host="on.test", version="HTTP/1.0")),
    _one(MAX_FORWARDS, "absent", request("/")),
    _one(MAX_FORWARDS, "present", request("/", "Max-Forwards: 3")),
    *(
        Case(f"{CLOSING.name}: {path}", CLOSING, get(f"/{path}/x"), hop_by_hop=True)
        for path in ("close", "nokeep", "old")
    ),
    _one(
        REQUEST_HEADER,
        "all actions",
        request(
            "/",
            "X-Set: old",
            "X-Append: first",
            "X-Merge: a, b",
            "X-Add: once",
            "X-Unset: gone",
            "X-Edit: banana",
            "X-Edit-All: banana",
            "X-Groups: abcde",
            "X-If: value",
        ),
    ),
    _one(REQUEST_HEADER, "nothing there before", request("/")),
    _one(
        REQUEST_HEADER,
        "merge and setifempty with values",
        request("/", "X-Merge: a", "X-Empty: full", "X-Empty: twice"),
    ),
    _one(REQUEST_HEADER, "section", request("/section/a", "X-Set: old")),
    _one(
        REQUEST_HEADER,
        "several fields of one name",
        request("/", "X-Set: 1", "X-Set: 2", "X-Add: 0", "X-Unset: 1", "X-Unset: 2"),
    ),
    _one(
        REQUEST_HEADER,
        "edit sees several fields as one",
        request("/", "X-Edit: aa", "X-Edit: ba"),
    ),
    _one(HEADER, "all actions", request("/", "X-If: value", "X-Echo-Me: e"), {0: RICH}),
    _one(HEADER, "nothing there before", request("/"), {0: PLAIN}),
    _one(HEADER, "section", request("/section/a"), {0: PLAIN}),
    _one(
        HEADER,
        "error of the member",
        request("/"),
        {0: turn(answer(b"x", status="404 Not Found"))},
    ),
    _one(HEADER, "error made here", request("/denied")),
    _one(HEADER, "nothing mapped", request("/local")),
    _one(
        HEADER,
        "not modified",
        request("/"),
        {0: turn(answer(b"", status="304 Not Modified", length=False))},
    ),
    _one(
        HEADER,
        "several fields of one name",
        request("/"),
        {
            0: turn(
                answer(b"x", "X-Edit: aa", "X-Edit: ba", "X-Replace: 1", "X-Replace: 2")
            )
        },
    ),
    *(
        _one(ONE_LINE, f"{name}{where}", request(f"/{path}/{text}/x"))
        for name, text in LINES.items()
        for where, path in (("", "c"), (", page of ours", "always"))
    ),
    Case(
        f"{ONE_LINE.name}: control bytes to a member",
        ONE_LINE,
        get("/to-member/a%01b%7fc"),
        differs=CONTROLS,
        instead={"members/m0/0/fields/4": ["X-Site", "<a b c>"]},
    ),
    Case(
        f"{ONE_LINE.name}: control bytes to a client",
        ONE_LINE,
        get("/to-client/a%01b%7fc"),
        differs=CONTROLS,
        instead={
            "client/0": {
                "conn": "a",
                "status": "HTTP/1.1 200 OK",
                "fields": [
                    ["Content-Length", "2"],
                    ["Content-Type", "text/plain"],
                    ["Date", "<now>"],
                    ["Server", "<product>"],
                    ["X-Site", "<a b c>"],
                ],
                "framing": "length",
                "body": "m0",
            },
            "client/1/end": "open",
        },
    ),
)
