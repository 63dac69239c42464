"""Trailers: what logs say of them, and when they are fields of a request's head."""

from ..case import Case, Conf, Log, View, ask, request
from ..members import answer, turn

_CONF = """\
LogFormat "%{X-Found}^ti|%{x-u}^ti|%{Absent}^ti|%{X-R}^to|%{X-Found}i" t
CustomLog logs/t.log t
RequestHeader set X-Early "expr=%{HTTP:X-U}"
ProxyPass / http://127.0.0.1:{m0}/
"""
ECHO = "Header echo ^X-Found$\n"
APART = Conf("trailers apart", _CONF + ECHO)
# Cases before it do not wait for their lines of the log.
ALONE = Conf("no trailers", _CONF + ECHO)
MERGED = Conf("trailers merged", f"MergeTrailers On\n{_CONF}{ECHO}")
ASKED = Conf(
    "merged trailers asked for",
    f'MergeTrailers On\n{_CONF}Header set X-Found "expr=%{{HTTP:X-U}}"\n',
)
LINES = b'0\r\nX-Found: one\r\nX-U: "u"\r\nx-found: two\r\n\r\n'
MANY = b"".join(b"X-%d: 1\r\n" % number for number in range(101))
REPLY = turn(
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"1\r\nx\r\n0\r\nX-R: a\r\nX-R: b\r\n\r\n"
)
BODIES = {
    "short": b"1\r\nx\r\n" + LINES,
    "empty": LINES,
    "long": b"9c40\r\n" + b"y" * 40_000 + b"\r\n" + LINES,
}
BAD = {
    "a blank in a name": b"0\r\nX T: 1\r\n\r\n",
    "no colon": b"0\r\nX-T\r\n\r\n",
    "a control byte": b"0\r\nX-T: \x01\r\n\r\n",
    "too long a line": b"0\r\nX-T: " + b"a" * 9000 + b"\r\n\r\n",
    "too many lines": b"0\r\n" + MANY + b"\r\n",
}


def _post(conf: Conf, name: str, body: bytes, view: View = View.FOUND) -> Case:
    data = request(
        "/p", "Transfer-Encoding: chunked", method="POST", body=body, length=False
    )
    if view is View.STATUS:
        return Case(f"{conf.name}: {name}", conf, ask(data), view=view)
    steps = (*ask(data), Log("logs/t.log", 1))
    return Case(f"{conf.name}: {name}", conf, steps, members={0: REPLY}, view=view)


CASES = (
    *(
        _post(conf, name, body)
        for conf in (APART, MERGED, ASKED)
        for name, body in BODIES.items()
    ),
    *(_post(APART, name, body, View.STATUS) for name, body in BAD.items()),
    Case(
        "trailers apart: a member that has none",
        ALONE,
        (*ask(request("/")), Log("logs/t.log", 1)),
        members={0: turn(answer(b"x"))},
    ),
)
