"""What becomes of the answers of applications at fcgi://, scgi:// and uwsgi://."""

from collections.abc import Mapping
from dataclasses import replace

from tests.gateways import END, STDERR, STDOUT, answer, record

from ..case import Case, Conf, View, get
from ..gateway_member import SCHEMES, said
from ..members import Action, turn

ANSWERED = Conf(
    "answers of applications",
    "".join(
        """\
ProxyPass /SCHEME/ SCHEME://127.0.0.1:{m0}/ retry=0
<Location /over-SCHEME/>
  ProxyPass SCHEME://127.0.0.1:{m0}/ retry=0
  ProxyErrorOverride On
  ErrorDocument 404 "ours"
</Location>
<Location /rules-SCHEME/>
  ProxyPass SCHEME://127.0.0.1:{m0}/ retry=0
  ProxyPassReverse SCHEME://127.0.0.1:{m0}/
  ProxyPassReverse http://front.test/
  ProxyPassReverseCookiePath / /b
  Header set X-Said by-rule
  Header unset X-Powered-By
</Location>
<Location /always-SCHEME/>
  ProxyPass SCHEME://127.0.0.1:{m0}/ retry=0
  Header always unset X-Powered-By
  Header always set X-Set ours
  Header always edit X-Edit a b
  Header always merge X-Merge ours
  Header always append X-Append ours
  Header always setifempty X-Empty ours
  Header always add X-Add ours
</Location>
<Proxy balancer://two-SCHEME>
  BalancerMember SCHEME://127.0.0.1:{m0} retry=600
  BalancerMember SCHEME://127.0.0.1:{m1} retry=600 status=+H
</Proxy>
ProxyPass /two-SCHEME/ balancer://two-SCHEME/
""".replace("SCHEME", scheme)
        for scheme in SCHEMES
    ),
)

HEADS = {
    "a status with its reason": b"Status: 201 Made It\r\nContent-Type: a/b\r\n\r\nx",
    "a status without a reason": b"Status: 404\r\nContent-Type: a/b\r\n\r\nx",
    "a status in the middle": b"X-A: 1\r\nStatus: 202 So\r\nX-B: 2\r\n\r\nx",
    "a status of an error": b"Status: 502 Oh\r\nContent-Type: a/b\r\n\r\noops",
    "no content": b"Status: 204\r\n\r\n",
    "not modified": b'Status: 304\r\nETag: "a"\r\n\r\n',
    "a head of one field": b"Content-Type: a/b\r\n\r\nx",
    "lines that end with LF": b"Content-Type: a/b\nX-A: 1\n\nbody",
    "no body": b"Content-Type: a/b\r\n\r\n",
    "no type": b"X-A: 1\r\n\r\nx",
    "a type": b"Content-Type: text/html; charset=UTF-8\r\n\r\nok",
    "cookies": b"Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/x\r\n\r\nx",
    "a redirect": b"Status: 302 Found\r\nLocation: /l\r\n\r\nx",
    "a redirect to another host": b"Status: 301\r\nLocation: http://o.test/x\r\n\r\nx",
    "a redirect to this host": b"Status: 303\r\nLocation: http://front.test/y\r\n\r\n",
    "created at a place": b"Status: 201\r\nLocation: /l\r\n\r\nx",
    "dates": b"Expires: 0\r\nLast-Modified: Mon, 01 Jan 2001 00:00:00 GMT\r\n\r\nx",
    "a login": b'Status: 401\r\nWWW-Authenticate: Basic realm="r"\r\n\r\nx',
    "fields without a value": b"X-A:\r\nX-B: \r\n\r\nx",
    "blanks around a value": b"X-A:   b \t\r\nX-C:\td\r\n\r\nx",
    "no blank before a value": b"X-A:b\r\nContent-Type:a/b\r\n\r\nx",
    "a value of many bytes": b"X-A: " + b"a" * 6000 + b"\r\n\r\nx",
    "many fields": b"".join(b"X-%d: 1\r\n" % n for n in range(80)) + b"\r\nx",
    "bytes above ASCII": b"X-A: \xc3\xbc\xff\r\n\r\n\x00\xff",
    "what looks like HTTP within": b"X-A: 1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
}
"""What a program says; uwsgi's has HTTP/1.1 200 OK in front."""

RECORDS = {
    "pieces": answer(b"Content-Type: a/b\r\n\r\n" + b"body" * 50, size=3),
    "padding": answer(b"X-A: b\r\n\r\nbody", size=5, padding=200),
    "what went wrong beside": answer(b"X-A: b\r\n\r\nbody", errors=b"oh\nno"),
    "only what went wrong, and a head": record(STDERR, b"Primary script unknown")
    + answer(b"Status: 404 Not Found\r\n\r\nFile not found.\n"),
    "no empty record": record(STDOUT, b"X-A: 1\r\n\r\nx") + record(END, bytes(8)),
    "a status of the program": record(STDOUT, b"X-A: 1\r\n\r\nx")
    + record(END, b"\0\0\0\x07\0\0\0\0"),
    "an unknown record": record(77, b"abc") + answer(b"X-A: 1\r\n\r\nx"),
}


def _case(
    scheme: str, name: str, target: str, *actions: Action, view: View = View.FULL
) -> Case:
    return Case(
        f"{scheme} answers: {name}",
        ANSWERED,
        get(target),
        members={0: turn(*actions)},
        view=view,
        framing=False,
    )


def _lost(s: str) -> bytes:
    """An error of the application's."""
    head = b"X-A: 1\r\n\r\ntheirs"
    if s == "uwsgi":
        return b"HTTP/1.1 404 NF\r\n" + head
    return said(s, b"Status: 404 NF\r\n" + head)


def _kinds(s: str) -> tuple[Case, ...]:
    ruled = (
        b"X-Powered-By: PHP\r\nX-Set: theirs\r\nX-Edit: aa\r\nX-Merge: theirs\r\n"
        b"X-Append: theirs\r\nX-Empty: theirs\r\nX-Add: theirs\r\n\r\nx"
    )
    return (
        *(_case(s, name, f"/{s}/", said(s, text)) for name, text in HEADS.items()),
        _case(s, "an error of theirs", f"/{s}/", _lost(s)),
        _case(s, "rules for always", f"/always-{s}/", said(s, ruled)),
        Case(
            f"{s} answers: HEAD",
            ANSWERED,
            get(f"/{s}/", method="HEAD"),
            members={0: turn(said(s, b"Content-Type: a/b\r\n\r\nx"))},
            framing=False,
        ),
        Case(
            f"{s} answers: to HTTP/1.0",
            ANSWERED,
            get(f"/{s}/", version="HTTP/1.0"),
            members={0: turn(said(s, b"Content-Type: a/b\r\n\r\n" + b"x" * 50_000))},
            framing=False,
        ),
        Case(
            f"{s} answers: a large body",
            ANSWERED,
            get(f"/{s}/") * 2,
            members={0: turn(said(s, b"Content-Type: a/b\r\n\r\n" + b"x" * 300_000))},
            framing=False,
        ),
    )


OVERRIDDEN = "`ProxyErrorOverride` of an application's answer"
REVERSED = "`ProxyPassReverse` and its like for an application"
TWICE = "fields of one name in the head of an application at `fcgi://` or `scgi://`"
SPELLED = "`Content-type` in the head of an application at `fcgi://` or `scgi://`"
LINES = "the empty line behind a head of an application at `fcgi://`"


def _said(*fields: list[str]) -> list[list[str]]:
    """The fields that reach the client, beside those of ours."""
    return sorted([*fields, ["Date", "<now>"], ["Server", "<product>"]])


def _differs(
    case: Case, row: str, instead: Mapping[str, object], *schemes: str
) -> Case:
    scheme = case.name.partition(" ")[0]
    return replace(case, differs=row, instead=instead) if scheme in schemes else case


def _different(s: str) -> tuple[Case, ...]:
    """What is not as httpd's, of some or all protocols."""
    place = (
        b"Location: http://front.test/y\r\nSet-Cookie: a=1; Path=/\r\n"
        b"Content-Type: a/b\r\n\r\nx"
    )
    ours = [["Content-Type", "text/html; charset=iso-8859-1"]]
    return (
        _differs(
            _case(s, "a 500", f"/{s}/", said(s, b"Status: 500 Oh\r\n\r\noops")),
            "500 or 503 of the member",
            {"client/1/end": "open"},
            "fcgi",
            "scgi",
        ),
        _differs(
            _case(s, "an error whose page is ours", f"/over-{s}/", _lost(s)),
            OVERRIDDEN,
            {
                "client/0/status": "HTTP/1.1 404 NF",
                "client/0/fields": _said(*ours),
                "client/0/body": "ours",
            },
            *SCHEMES,
        ),
        _differs(
            _case(s, "a place that ProxyPassReverse knows", f"/rules-{s}/",
                  said(s, place)),
            REVERSED,
            {
                "client/0/fields": _said(
                    ["Content-Type", "a/b"],
                    ["Location", f"http://front.test/rules-{s}/y"],
                    ["Set-Cookie", "a=1; Path=/b"],
                    ["X-Said", "by-rule"],
                )
            },
            *SCHEMES,
        ),
        _differs(
            _case(s, "a field twice", f"/{s}/",
                  said(s, b"X-A: 1\r\nX-A: 2\r\n\r\nx")),
            TWICE,
            {"client/0/fields": _said(["X-A", "1"], ["X-A", "2"])},
            "fcgi", "scgi",
        ),
        _differs(
            _case(s, "a type as PHP spells it", f"/{s}/",
                  said(s, b"Content-type: a/b\r\n\r\nok")),
            SPELLED,
            {"client/0/fields": _said(["Content-type", "a/b"])},
            "fcgi", "scgi",
        ),
        _differs(
            _case(s, "CR and LF in turn", f"/{s}/",
                  said(s, b"X-A: 1\r\nX-B: 1\n\r\nbody")),
            LINES,
            {
                "client/0/fields": _said(["X-A", "1"], ["X-B", "1"]),
                "client/0/body": "body",
            },
            "fcgi",
        ),
        _differs(
            _case(s, "an empty head", f"/{s}/", said(s, b"\r\nbody")),
            LINES,
            {"client/0/body": "body"},
            "fcgi",
        ),
    )  # fmt: skip


CASES: tuple[Case, ...] = (
    *(case for scheme in SCHEMES for case in _kinds(scheme)),
    *(_case("fcgi", f"{name} (raw)", "/fcgi/", raw) for name, raw in RECORDS.items()),
    *(case for scheme in SCHEMES for case in _different(scheme)),
)
