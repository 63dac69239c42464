"""Limits: how much a client may send before it is refused."""

from dataclasses import replace

from ..case import Case, Conf, HalfClose, Recv, Send, Step, View, ask, get, request
from ..members import answer, turn

DEFAULTS = Conf("limits", "ProxyPass / http://127.0.0.1:{m0}/\n")

SMALL = Conf(
    "small limits",
    """\
LimitRequestLine 100
LimitRequestFieldSize 60
LimitRequestFields 5
LimitRequestBody 10
<Location /more>
  LimitRequestBody 100
</Location>
<Location /any>
  LimitRequestBody 0
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
)

MANY = Conf(
    "many fields",
    """\
LimitRequestFields 0
Header set X-One one
RequestHeader set X-One one
ProxyPass / http://127.0.0.1:{m0}/
""",
)
TRACE_OFF = Conf("trace off", "TraceEnable Off\nProxyPass / http://127.0.0.1:{m0}/\n")
TRACE_LOCAL = Conf(
    "trace here", "ProxyPass / http://127.0.0.1:{m0}/\nTraceEnable extended\n"
)
NOTHING = Conf("nothing mapped", "ProxyPass /only http://127.0.0.1:{m0}/\n")


def _limit(conf: Conf, name: str, data: bytes) -> Case:
    return Case(f"{conf.name}: {name}", conf, ask(data), view=View.STATUS)


def _chunked(target: str, body: bytes) -> bytes:
    return request(
        target,
        "Transfer-Encoding: chunked",
        method="POST",
        body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        length=False,
    )


def _fields(count: int) -> tuple[str, ...]:
    return tuple(f"X-{index}: v" for index in range(count))


def _full(conf: Conf, name: str, *steps: Step) -> Case:
    return Case(f"{conf.name}: {name}", conf, steps, pages=True)


BODIES = "`LimitRequestBody` where it is written"


def _body(name: str, data: bytes) -> Case:
    return Case(
        f"{SMALL.name}: {name}",
        SMALL,
        ask(data),
        view=View.STATUS,
        differs=BODIES,
        instead={"": ["413", "closed"]},
        compat=True,
    )


def _exact(conf: Conf, name: str, data: bytes) -> Case:
    return replace(
        _limit(conf, name, data),
        differs="`LimitRequestLine`",
        instead={"": ["414", "closed"]},
    )


def _many(count: int, name: str) -> Case:
    """A request with so many fields, and an answer."""
    return Case(
        f"{MANY.name}: {count} {name}",
        MANY,
        get("/", *(_fields(count) if name == "asked" else ())),
        members={0: turn(answer(b"x", *_fields(count)))} if name == "answered" else {},
        differs="" if count <= 1000 else TOO_MANY,
        instead={} if count <= 1000 else MANY_INSTEAD[name],
        view=View.FULL if count <= 1000 else View.STATUS,
    )


TOO_MANY = "more than 1024 fields in a message"
MANY_INSTEAD: dict[str, dict[str, object]] = {
    "asked": {"": ["400", "closed"]},
    "answered": {"": ["502", "open"]},
}


# "GET " and " HTTP/1.1" are 13 of the line's bytes, "X-F: " 5 of the field's.
CASES: tuple[Case, ...] = (
    _limit(DEFAULTS, "line of 8190 bytes", request("/" + "a" * 8176)),
    _exact(DEFAULTS, "line of 8191 bytes", request("/" + "a" * 8177)),
    _limit(DEFAULTS, "line of 9000 bytes", request("/" + "a" * 8986)),
    _limit(DEFAULTS, "field of 8190 bytes", request("/", "X-F: " + "v" * 8185)),
    _limit(DEFAULTS, "field of 8192 bytes", request("/", "X-F: " + "v" * 8187)),
    _limit(DEFAULTS, "100 fields", request("/", *_fields(99))),
    _limit(DEFAULTS, "101 fields", request("/", *_fields(100))),
    Case(
        "limits: more than a gibibyte may be announced",
        DEFAULTS,
        (
            Send(request("/", "Content-Length: 1073741825", method="POST")),
            HalfClose(),
            Recv("POST"),
        ),
        view=View.STATUS,
    ),
    *(_many(count, name) for count in (300, 1000, 1100) for name in MANY_INSTEAD),
    _limit(SMALL, "line of 100 bytes", request("/" + "a" * 86)),
    _exact(SMALL, "line of 101 bytes", request("/" + "a" * 87)),
    _limit(SMALL, "line of 110 bytes", request("/" + "a" * 96)),
    _limit(SMALL, "field of 60 bytes", request("/", "X-F: " + "v" * 55)),
    _limit(SMALL, "field of 62 bytes", request("/", "X-F: " + "v" * 57)),
    _limit(SMALL, "folded field too long", request("/", "X-F: v", " " + "v" * 58)),
    _limit(SMALL, "5 fields", request("/", *_fields(4))),
    _limit(SMALL, "6 fields", request("/", *_fields(5))),
    _limit(SMALL, "10 bytes", request("/", method="POST", body=b"x" * 10)),
    _body("11 bytes", request("/", method="POST", body=b"x" * 11)),
    _limit(SMALL, "10 bytes, chunked", _chunked("/", b"x" * 10)),
    _body("11 bytes, chunked", _chunked("/", b"x" * 11)),
    _limit(SMALL, "section", request("/more", method="POST", body=b"x" * 100)),
    _body("beyond the section", request("/more", method="POST", body=b"x" * 101)),
    _limit(
        SMALL, "no limit in a section", request("/any", method="POST", body=b"x" * 200)
    ),
    _full(SMALL, "page of 414", *get("/" + "a" * 200)),
    _full(SMALL, "page of the field's size", *get("/", "X-F: " + "v" * 100)),
    _full(SMALL, "page of the fields' number", *get("/", *_fields(20))),
    _full(TRACE_OFF, "page of 405", *get("/", method="TRACE")),
    _full(TRACE_LOCAL, "with a body", *ask(request("/", method="TRACE", body=b"x"))),
    _full(NOTHING, "GET", *get("/x")),
    _full(NOTHING, "HEAD", *get("/x", method="HEAD")),
    _limit(NOTHING, "POST", request("/x", method="POST", body=b"x")),
    _limit(NOTHING, "unknown method", request("/x", method="BREW")),
    _full(NOTHING, "markup in the target is escaped", *get("/<b>&%22")),
)
