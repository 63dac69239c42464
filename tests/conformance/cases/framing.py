"""Framing: where messages end, on both sides; and what is refused for it."""

from collections.abc import Mapping
from dataclasses import replace

from ..case import (
    Case,
    Conf,
    HalfClose,
    Recv,
    RecvBytes,
    RecvHead,
    Rest,
    Send,
    Signal,
    Step,
    View,
    ask,
    get,
    request,
)
from ..members import Act, Script, Wait, answer, turn

FRAMES = Conf(
    "frames",
    """\
ProxyPass / http://127.0.0.1:{m0}/
""",
)

CONTINUE_HERE = Conf(
    "100-continue here",
    """\
Proxy100Continue Off
ProxyPass / http://127.0.0.1:{m0}/
""",
)

KEEP = Conf(
    "keep-alive",
    """\
MaxKeepAliveRequests 3
KeepAliveTimeout 1
<VirtualHost *:{port}>
  ServerName front.test
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
<VirtualHost *:{port}>
  ServerName off.test
  KeepAlive Off
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
""",
)

VERSIONS = Conf(
    "versions",
    """\
HttpProtocolOptions Strict LenientMethods Require1.0
ProxyPass / http://127.0.0.1:{m0}/
""",
)

REGISTERED = Conf(
    "registered methods",
    """\
HttpProtocolOptions RegisteredMethods
RegisterHttpMethod BREW
ProxyPass / http://127.0.0.1:{m0}/
""",
)

BAD_HEADER = Conf(
    "bad header lines",
    """\
<VirtualHost *:{port}>
  ServerName variable.test
  SetEnv proxy-allow-http09
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
<VirtualHost *:{port}>
  ServerName error.test
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
<VirtualHost *:{port}>
  ServerName ignore.test
  ProxyBadHeader Ignore
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
<VirtualHost *:{port}>
  ServerName start.test
  ProxyBadHeader StartBody
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
""",
)

CHUNKED = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
OK = "HTTP/1.1 200 OK\n"
BIG = b"0123456789abcdef" * 2560  # 40960 bytes, more than what is read ahead


def post(*headers: str, body: bytes = b"", version: str = "HTTP/1.1") -> bytes:
    """A POST whose framing fields are written by hand."""
    return request(
        "/p", *headers, method="POST", body=body, length=False, version=version
    )


def raw(head: str, body: bytes = b"") -> bytes:
    return head.replace("\n", "\r\n").encode("latin-1") + b"\r\n" + body


def chunks_of(data: bytes, size: int) -> bytes:
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


# Requests, well and badly framed; the member answers with its name.
REQUESTS: Mapping[str, bytes] = {
    "length": request("/p", method="POST", body=b"hello"),
    "length zero": post("Content-Length: 0"),
    "POST without a body": post(),
    "GET with a body": request("/p", body=b"hello"),
    "chunked": post("Transfer-Encoding: chunked", body=CHUNKED),
    "chunked, empty": post("Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "chunked in upper case": post("Transfer-Encoding: CHUNKED", body=CHUNKED),
    "chunk extensions": post(
        "Transfer-Encoding: chunked", body=b"5;a=b;c\r\nhello\r\n0;x\r\n\r\n"
    ),
    "chunk size in capitals, zeros in front": post(
        "Transfer-Encoding: chunked", body=b"000A\r\n0123456789\r\n00\r\n\r\n"
    ),
    "length, large": request("/p", method="POST", body=BIG),
    "bad chunk size": post(
        "Transfer-Encoding: chunked", body=b"xyz\r\nhello\r\n0\r\n\r\n"
    ),
    "negative chunk size": post(
        "Transfer-Encoding: chunked", body=b"-5\r\nhello\r\n0\r\n\r\n"
    ),
    "chunk size with a prefix": post(
        "Transfer-Encoding: chunked", body=b"0x5\r\nhello\r\n0\r\n\r\n"
    ),
    "chunk longer than its size": post(
        "Transfer-Encoding: chunked", body=b"3\r\nhello\r\n0\r\n\r\n"
    ),
    "bare line feed after the chunk size": post(
        "Transfer-Encoding: chunked", body=b"5\nhello\r\n0\r\n\r\n"
    ),
    "identity": post("Transfer-Encoding: identity", "Content-Length: 5", body=b"hello"),
    "chunked, gzip": post("Transfer-Encoding: chunked, gzip", body=CHUNKED),
    "two equal lengths": post("Content-Length: 5", "Content-Length: 5", body=b"hello"),
    "two lengths": post("Content-Length: 5", "Content-Length: 6", body=b"hello"),
    "list of lengths": post("Content-Length: 5, 5", body=b"hello"),
    "negative length": post("Content-Length: -5", body=b"hello"),
    "signed length": post("Content-Length: +5", body=b"hello"),
    "length is no number": post("Content-Length: 5x", body=b"hello"),
    "empty length": post("Content-Length:", body=b""),
    "length beyond 64 bits": post("Content-Length: 99999999999999999999", body=b"x"),
    "HTTP/1.0": request("/", version="HTTP/1.0"),
    "HTTP/1.0 with length": request(
        "/p", method="POST", body=b"hello", version="HTTP/1.0"
    ),
    "HTTP/1.10": request("/", version="HTTP/1.10"),
    "version in lower case": request("/", version="http/1.1"),
    "no version number": request("/", version="HTTP/"),
    "fourth word": request("/", version="HTTP/1.1 x"),
    "two blanks": raw("GET  / HTTP/1.1\nHost: front.test\n"),
    "tab for a blank": raw("GET\t/ HTTP/1.1\nHost: front.test\n"),
    "blank before the method": raw(" GET / HTTP/1.1\nHost: front.test\n"),
    "empty lines before the request": b"\r\n\r\n" + request("/"),
    "bare line feeds": b"GET / HTTP/1.1\nHost: front.test\n\n",
    "bare line feed in one field": b"GET / HTTP/1.1\r\nHost: front.test\nX: y\r\n\r\n",
    "bare carriage return": b"GET / HTTP/1.1\r\nHost: front.test\r\nX: a\rb\r\n\r\n",
    "NUL in a value": request("/", "X-Nul: a\0b"),
    "control character in a value": request("/", "X-Ctl: a\x01b"),
    "tab in a value": request("/", "X-Tab: a\tb"),
    "blank before the colon": request("/", "X-Bad : 1"),
    "no colon": request("/", "NoColonHere"),
    "empty name": request("/", ": value"),
    "name is no token": request("/", "X(Bad): 1"),
    "folded first line": b"GET / HTTP/1.1\r\n Host: front.test\r\n\r\n",
    "no Host": request("/", host=None),
    "two Hosts": request("/", "Host: front.test"),
    "empty Host": request("/", host=""),
    "Host with a blank": request("/", host="front test"),
    "Host with a bad character": request("/", host="front|test"),
    "Host with a path": request("/", host="front.test/x"),
    "Host with a bad port": request("/", host="front.test:x"),
    "Host with a large port": request("/", host="front.test:99999"),
    "Host with a user": request("/", host="user@front.test"),
    "Host with dots": request("/", host="front..test"),
    "Host is IPv6": request("/", host="[::1]:80"),
    "Host is bad IPv6": request("/", host="[::g]"),
    "Host is a bad address": request("/", host="1.2.3"),
    "method with a bad character": request("/", method="GE(T"),
    "method in lower case": request("/", method="get"),
    "expectation of something else": request("/", "Expect: 200-ok"),
}

# What a member may send back to a GET.
RESPONSES: Mapping[str, tuple[bytes | Act, ...]] = {
    "length": (answer(b"hello"),),
    "length zero": (answer(b""),),
    "chunked": (raw(OK + "Transfer-Encoding: chunked\n", CHUNKED),),
    "until close": (raw(OK, b"hello"), Act.CLOSE),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", Act.CLOSE),
    "HTTP/1.0 until close": (b"HTTP/1.0 200 OK\r\n\r\nhello", Act.CLOSE),
    "closes after the length": (answer(b"hello", "Connection: close"), Act.CLOSE),
    "length and chunked": (
        raw(OK + "Content-Length: 3\nTransfer-Encoding: chunked\n", CHUNKED),
    ),
    "204": (answer(b"", status="204 No Content", length=False),),
    "204 with a length": (answer(b"", status="204 No Content"),),
    "205": (answer(b"", status="205 Reset Content"),),
    "304": (answer(b"", 'ETag: "x"', status="304 Not Modified", length=False),),
    "bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",),
    "extra bytes after the length": (answer(b"hello") + b"junk",),
    "cut in the length": (raw(OK + "Content-Length: 10\n", b"hello"), Act.CLOSE),
    "cut in a chunk": (
        raw(OK + "Transfer-Encoding: chunked\n", b"a\r\nhello"),
        Act.CLOSE,
    ),
    "cut between chunks": (
        raw(OK + "Transfer-Encoding: chunked\n", b"5\r\nhello\r\n"),
        Act.CLOSE,
    ),
    "reset in the length": (raw(OK + "Content-Length: 10\n", b"hello"), Act.RESET),
    "half a status line": (b"HTTP/1.1 20", Act.CLOSE),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", Act.CLOSE),
    "major version 2": (b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",),
    "minor version 5": (b"HTTP/1.5 200 OK\r\nContent-Length: 0\r\n\r\n",),
    "long field": (answer(b"x", "X-Long: " + "v" * 9000),),
    "empty line before the status": (b"\r\n" + answer(b"x"),),
    "103 first": (raw("HTTP/1.1 103 Early Hints\nLink: </s.css>\n") + answer(b"x"),),
    "102 first": (raw("HTTP/1.1 102 Processing\n") + answer(b"x"),),
    "100 that nobody asked for": (raw("HTTP/1.1 100 Continue\n") + answer(b"x"),),
    "three interim responses": (
        raw("HTTP/1.1 103 Early Hints\nX-N: 1\n") * 3 + answer(b"x"),
    ),
    "eleven interim responses": (raw("HTTP/1.1 102 Processing\n") * 11 + answer(b"x"),),
    "101 that nobody asked for": (
        raw("HTTP/1.1 101 Switching Protocols\nUpgrade: x\nConnection: Upgrade\n"),
    ),
}


# What httpd serves or answers otherwise: data, status here, its line in the list of
# differences, and whether Compat apache does as httpd.
DOUBTFUL = "`Transfer-Encoding` beside `Content-Length`, or from HTTP/1.0"
CODINGS = "`Transfer-Encoding` of several codings, `chunked` the last"
VERSION = "versions other than HTTP/1.0 and HTTP/1.1"
REFUSED: Mapping[str, tuple[bytes, str, str, bool]] = {
    "length and chunked": (
        post("Content-Length: 5", "Transfer-Encoding: chunked", body=CHUNKED),
        *("400", DOUBTFUL, True),
    ),
    "chunked in HTTP/1.0": (
        post("Transfer-Encoding: chunked", body=CHUNKED, version="HTTP/1.0"),
        *("400", DOUBTFUL, True),
    ),
    "gzip, chunked": (
        post("Transfer-Encoding: gzip, chunked", body=CHUNKED),
        *("501", CODINGS, False),
    ),
    "chunked twice": (
        post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=CHUNKED),
        *("400", CODINGS, False),
    ),
    "HTTP/2.0": (request("/", version="HTTP/2.0"), "505", VERSION, True),
    "HTTP/1.2": (request("/", version="HTTP/1.2"), "505", VERSION, True),
}


def _sent(name: str, data: bytes) -> Case:
    return Case(f"request: {name}", FRAMES, ask(data))


def _back(name: str, actions: tuple[bytes | Act, ...], method: str = "GET") -> Case:
    return Case(
        f"response: {name}" + ("" if method == "GET" else f", {method}"),
        FRAMES,
        get("/", method=method),
        members={0: turn(*actions)},
    )


def _garbage(name: str, *actions: bytes | Act) -> Case:
    return Case(
        f"response: {name}",
        FRAMES,
        get("/"),
        members={0: turn(*actions)},
        view=View.STATUS,
        differs="first line that is no HTTP status line",
        instead={"0": "502"},
        compat=True,
    )


def _simple(name: str, *actions: bytes | Act) -> Case:
    return Case(
        f"response: {name}",
        FRAMES,
        get("/"),
        members={0: turn(*actions)},
        view=View.SEQUENCE,
    )


def _other(
    name: str, reason: str, instead: Mapping[str, object], *actions: bytes | Act
) -> Case:
    return replace(_back(name, actions), differs=reason, instead=instead)


def _case(
    name: str, conf: Conf, *steps: Step, members: Mapping[int, Script] | None = None
) -> Case:
    return Case(f"{conf.name}: {name}", conf, steps, members=members or {})


def _bad_header(how: str) -> Case:
    lines = raw(OK + "X-A: 1\nbroken line\nContent-Length: 2\n", b"hi")
    return _case(
        how,
        BAD_HEADER,
        *get("/", host=f"{how}.test"),
        members={0: turn(lines, Act.CLOSE)},
    )


def _strict(name: str, *actions: bytes | Act) -> Case:
    return Case(
        f"response: {name}",
        FRAMES,
        get("/"),
        members={0: turn(*actions)},
        view=View.STATUS,
        differs="answer that two readers could read apart",
        instead={"0": "502"},
    )


TOO_LARGE = post(
    "Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n"
)
EXPECT = post("Expect: 100-continue", "Content-Length: 5")

TRAILED = (
    replace(
        _sent(
            "trailers",
            post(
                "Transfer-Encoding: chunked",
                "Trailer: X-T",
                body=b"1\r\nx\r\n0\r\nX-T: 1\r\n\r\n",
            ),
        ),
        differs="fields behind a chunked body, of a request or an answer",
        instead={
            "members/m0/0/fields": [
                ["Host", "127.0.0.1:{m0}"],
                ["Trailer", "X-T"],
                ["Transfer-Encoding", "chunked"],
                ["X-Forwarded-For", "127.0.0.1"],
                ["X-Forwarded-Host", "front.test"],
                ["X-Forwarded-Server", "front.test"],
            ],
            "members/m0/0/framing": "chunked",
        },
        compat=True,
    ),
    replace(
        _back(
            "trailers are dropped",
            (
                raw(
                    OK + "Transfer-Encoding: chunked\n",
                    b"1\r\nx\r\n0\r\nX-T: 1\r\n\r\n",
                ),
            ),
        ),
        differs="fields behind a chunked body, of a request or an answer",
        instead={
            "client/0/fields": [
                ["Date", "<now>"],
                ["Server", "<product>"],
                ["trailer-X-T", "1"],
                ["Transfer-Encoding", "chunked"],
            ]
        },
        compat=True,
    ),
)

CASES: tuple[Case, ...] = (
    *(_sent(name, data) for name, data in REQUESTS.items()),
    *(
        Case(
            f"request: {name}",
            FRAMES,
            ask(data),
            view=View.STATUS,
            differs=reason,
            instead={"0": status, "1": "closed"} if compat else {"0": status},
            compat=compat,
        )
        for name, (data, status, reason, compat) in REFUSED.items()
    ),
    *(_back(name, actions) for name, actions in RESPONSES.items()),
    *(_back(name, RESPONSES[name], "HEAD") for name in ("204", "304", "103 first")),
    *TRAILED,
    _back("length without a body", (raw(OK + "Content-Length: 5\n"),), "HEAD"),
    _back("no framing", (raw(OK),), "HEAD"),
    Case(
        "response: chunked without a body, HEAD",
        FRAMES,
        get("/", method="HEAD"),
        members={0: turn(raw(OK + "Transfer-Encoding: chunked\n"))},
        view=View.STATUS,
    ),
    _simple(
        "length is no number", raw(OK + "Content-Length: x\n", b"hello"), Act.CLOSE
    ),
    _simple("negative length", raw(OK + "Content-Length: -1\n", b"hello"), Act.CLOSE),
    _simple(
        "bad chunk",
        raw(OK + "Transfer-Encoding: chunked\n", b"zz\r\nhello\r\n0\r\n\r\n"),
    ),
    _simple("closes at once", Act.CLOSE),
    _simple("resets at once", Act.RESET),
    Case(
        "response: long status line",
        FRAMES,
        get("/"),
        members={0: turn(answer(b"x", status="200 " + "O" * 9000))},
        view=View.STATUS,
    ),
    _back("chunked, empty", (raw(OK + "Transfer-Encoding: chunked\n", b"0\r\n\r\n"),)),
    _other(
        "304 with a length",
        "304 with `Content-Length`",
        {
            "client/0/fields": [
                ["Content-Length", "5"],
                ["Date", "<now>"],
                ["ETag", '"x"'],
                ["Server", "<product>"],
            ]
        },
        raw('HTTP/1.1 304 Not Modified\nETag: "x"\nContent-Length: 5\n'),
    ),
    *(
        _other(
            f"{status[:3]} of the member",
            "500 or 503 of the member",
            {"client/1/end": "open"},
            answer(b"no", status=status),
        )
        for status in ("503 Service Unavailable", "500 Oops")
    ),
    _simple("carriage return in the reason", answer(b"x", status="200 O\rK")),
    _simple("control character in the reason", answer(b"x", status="200 O\x01K")),
    _simple(
        "control character in the reason of a rare status",
        answer(b"x", status="431 O\x01K"),
    ),
    _other(
        "control character in the reason of an unknown status",
        "control characters in the reason of a status that has no usual one",
        {"client/0/status": "HTTP/1.1 299 Unknown"},
        answer(b"x", status="299 O\x01K"),
    ),
    _garbage("garbage", b"garbage\r\n", Act.CLOSE),
    _garbage("garbage, long", b"no http at all\r\n" * 20, Act.CLOSE),
    _garbage("status of two digits", b"HTTP/1.1 20 OK\r\n\r\n", Act.CLOSE),
    _garbage("status is no number", b"HTTP/1.1 abc OK\r\n\r\n", Act.CLOSE),
    _strict("status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    _strict(
        "two equal lengths",
        raw(OK + "Content-Length: 5\nContent-Length: 5\n", b"hello"),
    ),
    _strict(
        "two lengths", raw(OK + "Content-Length: 5\nContent-Length: 6\n", b"hello!")
    ),
    _strict(
        "unknown coding", raw(OK + "Transfer-Encoding: gzip\n", b"hello"), Act.CLOSE
    ),
    _strict("list of lengths", raw(OK + "Content-Length: 5, 5\n", b"hello")),
    _strict("gzip, chunked", raw(OK + "Transfer-Encoding: gzip, chunked\n", CHUNKED)),
    _case(
        "chunked, large",
        FRAMES,
        *ask(post("Transfer-Encoding: chunked", body=chunks_of(BIG * 25, 8000))),
    ),
    _case(
        "request cut in its length",
        FRAMES,
        Send(post("Content-Length: 10", body=b"hello")),
        HalfClose(),
        Recv("POST"),
    ),
    _case(
        "request cut in its head",
        FRAMES,
        Send(b"GET / HTTP/1.1\r\nHost: fr"),
        HalfClose(),
        Recv(),
    ),
    _case("half-closed client", FRAMES, Send(request("/")), HalfClose(), Recv()),
    _case(
        "pipelined",
        FRAMES,
        Send(request("/1") + request("/2") + request("/3")),
        *(Recv(),) * 3,
    ),
    _case(
        "pipelined with bodies",
        FRAMES,
        Send(
            request("/1", method="POST", body=b"one")
            + post("Transfer-Encoding: chunked", body=CHUNKED)
            + request("/3")
        ),
        Recv("POST"),
        Recv("POST"),
        Recv(),
    ),
    _case(
        "pipelined after an error",
        FRAMES,
        Send(request("/1") + b"BAD\x01 / HTTP/1.1\r\n\r\n" + request("/3")),
        Recv(),
        Recv(),
        Rest(),
    ),
    _case(
        "close in the middle of a pipeline",
        FRAMES,
        Send(request("/1", "Connection: close") + request("/2")),
        Recv(),
        Rest(),
    ),
    _case(
        "bytes one by one",
        FRAMES,
        *(Send(bytes([byte])) for byte in request("/slow", "X-A: 1")),
        Recv(),
    ),
    _case(
        "empty line between requests",
        FRAMES,
        Send(request("/1") + b"\r\n" + request("/2")),
        Recv(),
        Recv(),
    ),
    _case(
        "100-continue from the member",
        FRAMES,
        Send(EXPECT),
        RecvHead(),
        Send(b"hello"),
        Recv("POST"),
    ),
    _case(
        "100-continue, refused by the member",
        FRAMES,
        Send(EXPECT),
        Recv("POST"),
        members={
            0: turn(
                answer(b"no", "Connection: close", status="417 Expectation Failed"),
                Act.CLOSE,
                read_body=False,
            )
        },
    ),
    *(
        Case(
            f"frames: {name}",
            FRAMES,
            ask(data),
            view=View.TARGET,
            differs=reason,
            instead={"answers": ["200"]},
        )
        for name, data, reason in (
            (
                "100-continue, body sent at once",
                EXPECT + b"hello",
                "`Expect: 100-continue` with the body there already, or none",
            ),
            (
                "100-continue without a body",
                request("/", "Expect: 100-continue"),
                "`Expect: 100-continue` with the body there already, or none",
            ),
        )
    ),
    Case(
        "frames: 100-continue in HTTP/1.0",
        FRAMES,
        ask(
            post("Expect: 100-continue", "Content-Length: 5", version="HTTP/1.0")
            + b"hello"
        ),
        view=View.TARGET,
    ),
    Case(
        "request: chunk size too large",
        FRAMES,
        ask(TOO_LARGE),
        view=View.STATUS,
        differs="chunk size beyond 64 bits",
        instead={"0": "400"},
    ),
    Case(
        "request: HTTP/0.9",
        FRAMES,
        (Send(b"GET /\r\n"), Rest()),
        view=View.TARGET,
        differs="HTTP/0.9",
        instead={"members": []},
        compat=True,
    ),
    _case(
        "continues without the member",
        CONTINUE_HERE,
        Send(EXPECT),
        RecvHead(),
        Send(b"hello"),
        Recv("POST"),
    ),
    _case(
        "body arrives as the member sends it",
        FRAMES,
        Send(request("/")),
        RecvHead(),
        RecvBytes(5),
        Signal(0, "rest"),
        RecvBytes(5),
        members={
            0: turn(
                answer(b"helloworld")[:-5],
                Wait("rest"),
                b"world",
            )
        },
    ),
    _case(
        "chunk arrives as the member sends it",
        FRAMES,
        Send(request("/")),
        RecvHead(),
        RecvBytes(10),
        Signal(0, "rest"),
        RecvBytes(15),
        members={
            0: turn(
                raw(OK + "Transfer-Encoding: chunked\n", b"5\r\nhello\r\n"),
                Wait("rest"),
                b"5\r\nworld\r\n0\r\n\r\n",
            )
        },
    ),
    _case(
        "chunked answer to HTTP/1.0",
        FRAMES,
        *get("/", version="HTTP/1.0"),
        members={0: turn(raw(OK + "Transfer-Encoding: chunked\n", CHUNKED))},
    ),
    _case(
        "answer until close to HTTP/1.0 keep-alive",
        FRAMES,
        *get("/", "Connection: keep-alive", version="HTTP/1.0"),
        members={0: turn(raw(OK, b"hello"), Act.CLOSE)},
    ),
    _case(
        "length to HTTP/1.0 keep-alive",
        FRAMES,
        *get("/", "Connection: keep-alive", version="HTTP/1.0") * 2,
    ),
    Case(
        "keep-alive: limit of requests",
        KEEP,
        (*get("/") * 3,),
        view=View.STATUS,
    ),
    Case("keep-alive: off", KEEP, get("/", host="off.test"), view=View.STATUS),
    Case(
        "keep-alive: ends after its time",
        KEEP,
        (*get("/"), Rest()),
        view=View.STATUS,
    ),
    Case("keep-alive: close asked for", KEEP, get("/", "Connection: close")),
    Case(
        "keep-alive: fields",
        KEEP,
        get("/", "Connection: Keep-Alive", version="HTTP/1.0"),
        hop_by_hop=True,
    ),
    Case("keep-alive: fields in HTTP/1.1", KEEP, get("/"), hop_by_hop=True),
    _case("HTTP/0.9 is refused", VERSIONS, Send(b"GET /\r\n"), Recv()),
    _case("HTTP/1.0 is served", VERSIONS, *get("/", version="HTTP/1.0")),
    _case("unknown one", REGISTERED, *get("/", method="FETCH")),
    _case("registered one", REGISTERED, *get("/", method="BREW")),
    _bad_header("error"),
    _bad_header("ignore"),
    replace(
        _bad_header("start"),
        differs="`ProxyBadHeader StartBody`, a malformed line among fields",
        instead={
            "client/0/fields": [
                ["Content-Length", "2"],
                ["Date", "<now>"],
                ["Server", "<product>"],
                ["X-A", "1"],
            ],
            "client/0/framing": "length",
            "client/0/body": "hi",
        },
    ),
    *(
        Case(
            f"{BAD_HEADER.name}: garbage, {how}",
            BAD_HEADER,
            get("/", host=host),
            members={0: turn(b"garbage\r\n", Act.CLOSE)},
            view=View.STATUS,
        )
        for how, host in (
            ("StartBody", "start.test"),
            ("proxy-allow-http09", "variable.test"),
        )
    ),
)
