"""Members at ajp://: what they are asked, what becomes of their answers and faults."""

from tests.ajp_packets import ended, headers, packet, piece

from ..case import Case, Conf, Down, Rest, Send, Step, View, ask, get, request
from ..members import Act, Script, turn

_ONE = "  BalancerMember ajp://127.0.0.1:{m0} retry=600\n"
_TWO = _ONE + "  BalancerMember ajp://127.0.0.1:{m1} retry=600 status=+H\n"


def _balancer(name: str, body: str) -> str:
    return (
        f"<Proxy balancer://{name}>\n{body}</Proxy>\n"
        f"ProxyPass /{name}/ balancer://{name}/\n"
    )


PLAIN = Conf(
    "ajp",
    # Else httpd takes no member at its word about the length of a body.
    "SetEnv ap_trust_cgilike_cl 1\n"
    "ProxyPass /a/ ajp://127.0.0.1:{m0}/a/\n"
    'ProxyPass /secret/ ajp://127.0.0.1:{m1}/ "secret=two words"\n'
    "ProxyPass /ping/ ajp://127.0.0.1:{m2}/ ping=5\n"
    "ProxyPassMatch ^/match/(.*)$ ajp://127.0.0.1:{m0}/$1\n"
    "ProxyPassReverse /a/ ajp://127.0.0.1:{m0}/a/\n"
    "ProxyPassReverse /a/ http://front.test/a/\n"
    "ProxyPassReverseCookiePath /a /b\n"
    "ProxyPass /own/ ajp://127.0.0.1:{m0}/\n"
    "<Location /own/>\n"
    "  SetEnv AJP_ONE first\n  SetEnvIf Host (.*) AJP_TWO=$1\n  SetEnv OTHER x\n"
    "  RequestHeader set X-Made by-rule\n  Header set X-Said by-rule\n"
    "</Location>\n"
    "ProxyPass /over/ ajp://127.0.0.1:{m0}/\n"
    "<Location /over/>\n  ProxyErrorOverride On\n</Location>\n"
    + _balancer("two", _TWO)
    + _balancer("one", _ONE)
    + _balancer(
        "sticky",
        "  BalancerMember ajp://127.0.0.1:{m0} route=a\n"
        "  BalancerMember ajp://127.0.0.1:{m1} route=b\n"
        "  ProxySet stickysession=JSESSIONID|jsessionid scolonpathdelim=On\n",
    ),
)

LARGE = Conf(
    "ajp, large packets",
    "ProxyVia On\nProxyIOBufferSize 65536\nProxyPass /a/ ajp://127.0.0.1:{m0}/a/\n"
    "ProxyPass /own/ ajp://127.0.0.1:{m0}/\n"
    "<Location /own/>\n  SetEnv ap_trust_cgilike_cl 1\n</Location>\n",
)


def _case(
    name: str, *steps: Step, script: Script | None = None, view: View = View.FULL
) -> Case:
    return Case(
        f"ajp: {name}",
        PLAIN,
        steps,
        members={0: script} if script is not None else {},
        view=view,
    )


def _said(*fields: tuple[str, str], status: int = 200, reason: str = "OK") -> Script:
    rows = [("Content-Length", "2"), *fields]
    return turn(headers(status, rows, reason=reason) + piece(b"ok") + ended())


BODY = b"0123456789" * 2000
_TOLD = [
    ["ajp-AJP_LOCAL_ADDR", "127.0.0.1"],
    ["ajp-AJP_REMOTE_PORT", "<random>"],
    ["ajp-remote", "127.0.0.1 None"],
    ["ajp-server", "front.test {port} False"],
    ["host", "front.test"],
]
UNKNOWN = turn(headers() + piece(b"abc") + piece(b"de") + ended())

CASES: tuple[Case, ...] = (
    _case("a GET", *get("/a/x%20y;z=1?q=r&s", "Accept: a/b", "X-Own: 1")),
    _case("a Host in capitals", *get("/a/x", host="Front.TEST")),
    _case("fields of one name", *get("/a/x", "X-A: 1", "Cookie: a=b", "X-A: 2")),
    Case(
        "ajp: fields that end here",
        PLAIN,
        get("/a/x", "Connection: X-Gone", "X-Gone: 1", "Keep-Alive: 300"),
        differs="fields that `Connection` names, towards a member at `ajp://`",
        instead={"members/m0/0/fields": _TOLD},
    ),
    Case(
        "ajp: a length that the member tells",
        LARGE,
        get("/a/x"),
        differs="`Content-Length` of a member at `ajp://`",
        instead={
            "client/0/fields": [
                ["Content-Length", "2"],
                ["Content-Type", "text/plain"],
                ["Date", "<now>"],
                ["Server", "<product>"],
            ],
            "client/0/framing": "length",
        },
    ),
    _case("a HEAD", *get("/a/x", method="HEAD")),
    _case("an OPTIONS", *get("/a/x", method="OPTIONS")),
    _case("a PROPFIND", *get("/a/x", method="PROPFIND")),
    _case("a PATCH", *get("/a/x", method="PATCH")),
    _case("a method that nobody knows", *get("/a/x", method="BREW")),
    _case("HTTP/1.0", *get("/a/x", version="HTTP/1.0")),
    _case("a secret", *get("/secret/x")),
    _case("a ping", *get("/ping/x"), *get("/ping/y")),
    _case("a ProxyPassMatch", *get("/match/x?a=b")),
    _case("variables and rules", *get("/own/x")),
    _case("Max-Forwards", *get("/a/x", "Max-Forwards: 5")),
    _case("a small body", *ask(request("/a/x", method="POST", body=b"abc"))),
    _case("an empty body", *ask(request("/a/x", method="POST", length=True))),
    _case("a body in pieces", *ask(request("/a/x", method="POST", body=BODY))),
    _case(
        "a chunked body",
        *ask(
            request("/a/x", "Transfer-Encoding: chunked", method="POST")
            + b"4e20\r\n"
            + BODY
            + b"\r\n0\r\n\r\n"
        ),
    ),
    Case(
        "ajp: a body in a large piece",
        LARGE,
        ask(request("/own/x", method="POST", body=BODY[:9000])),
    ),
    _case("a route in a cookie", *get("/sticky/x", "Cookie: JSESSIONID=s.b")),
    _case("a route in the path", *get("/sticky/x;jsessionid=s.a?q")),
    # answers
    _case("a reason", *get("/a/x"), script=_said(reason="Fine so far")),
    _case("no reason", *get("/a/x"), script=_said(reason="", status=404)),
    _case(
        "coded and other fields",
        *get("/a/x"),
        script=_said(
            ("Content-Type", "text/x"),
            ("Content-Language", "de"),
            ("X-A", "b"),
            ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("Servlet-Engine", "e"),
        ),
    ),
    _case(
        "cookies",
        *get("/a/x"),
        script=_said(("Set-Cookie", "a=b; Path=/a"), ("Set-Cookie", "c=d; Path=/x")),
    ),
    _case(
        "a redirect by the name that the client used",
        *get("/a/x"),
        script=_said(("Location", "http://front.test/a/y"), status=302),
    ),
    _case("rules of an answer", *get("/own/x"), script=_said()),
    _case("a body of unknown length", *get("/a/x"), script=UNKNOWN),
    _case(
        "... to HTTP/1.0",
        Send(request("/a/x", version="HTTP/1.0")),
        Rest(),
        script=UNKNOWN,
        view=View.STATUS,
    ),
    _case("no body", *get("/a/x"), script=turn(headers(204) + ended())),
    _case(
        "a 304",
        *get("/a/x"),
        script=turn(headers(304, [("ETag", '"x"')]) + ended()),
    ),
    _case(
        "an error that is overridden",
        *get("/over/x"),
        script=_said(status=404),
    ),
    _case(
        "a connection that is not to be used again",
        *get("/a/x"),
        *get("/a/y"),
        script=[
            turn(
                headers(200, [("Content-Length", "0")]) + ended(reuse=False), Act.CLOSE
            )
        ],
    ),
    # faults
    _case("a member that is not there", Down(0), *get("/a/x")),
    _case("... in a balancer", Down(0), *get("/two/x")),
    _case(
        "lost before its head",
        *get("/two/x"),
        script=turn(Act.CLOSE),
        view=View.SEQUENCE,
    ),
    _case(
        "lost before its head, and nobody else",
        *get("/one/x"),
        script=turn(Act.CLOSE),
        view=View.SEQUENCE,
    ),
    _case(
        "lost with a body",
        *ask(request("/two/x", method="PUT", body=b"abc")),
        script=turn(Act.CLOSE),
        view=View.SEQUENCE,
    ),
    _case(
        "lost with a POST without a body",
        *ask(request("/two/x", method="POST", length=True)),
        script=turn(Act.CLOSE),
        view=View.SEQUENCE,
    ),
    _case(
        "bytes that are no packet",
        *get("/two/x"),
        script=turn(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Act.CLOSE),
        view=View.SEQUENCE,
    ),
    _case(
        "an unknown packet",
        *get("/two/x"),
        script=turn(packet(b"\x63a"), Act.CLOSE),
        view=View.SEQUENCE,
    ),
)
