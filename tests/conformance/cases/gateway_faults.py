"""Answers of applications that are none, or not whole, or say what they may not."""

from collections.abc import Mapping

from tests.gateways import END, STDOUT, UNKNOWN_TYPE, answer, record

from ..case import Case, View, get
from ..gateway_member import SCHEMES, said
from ..members import Act, Action, turn
from .gateway_answers import ANSWERED

BROKEN = (
    "a head of an application at `fcgi://` or `scgi://` that is malformed, or not whole"
)
CLOSED = (
    "an application at `scgi://` or `uwsgi://` that closes before its head is whole"
)
LONG = "lines of an application's head that are folded, or of more than 8 KiB"
FIELDS = "more than 1024 fields in a message"
NUMBER = (
    "records of FastCGI with the number 0 that are about the connection "
    "(`UNKNOWN_TYPE` …)"
)
LOCAL = "`Location: /path` of an application at `scgi://` without `Status`"
HOPS = "`Connection`, `Keep-Alive`, `Upgrade` and their like in an application's head"
DATES = "`Last-Modified` of an application at `fcgi://` or `scgi://` that is no date"
SHORT = (
    "less of a body than `Content-Length` of an application at `scgi://` or `uwsgi://` "
    "says"
)
CODED = "`Transfer-Encoding` of an application at `uwsgi://`"
BAD = "502 <page 502 Bad Gateway>"
GONE = "503 <page 503 Service Unavailable>"

Told = Mapping[str, tuple[str, str]]
"""By protocol: the row of the differences, and who answers what here."""

NOBODY: Told = {}
IS_BROKEN: Told = {"fcgi": (BROKEN, BAD), "scgi": (BROKEN, BAD)}
IS_CUT: Told = {
    "fcgi": (BROKEN, BAD),
    "scgi": (CLOSED, GONE),
    "uwsgi": (CLOSED, GONE),
}
IS_LONG: Told = dict.fromkeys(SCHEMES, (LONG, "200 x"))
IS_MANY: Told = dict.fromkeys(SCHEMES, (FIELDS, BAD))
MANY = b"".join(b"X-%d: 1\r\n" % n for n in range(1500))

HEADS: Mapping[str, tuple[bytes, Told]] = {
    "no empty line": (b"Status: 200 OK\r\nX-A: 1\r\n", IS_CUT),
    "nothing at all": (b"", IS_CUT),
    "a line without a colon": (b"X-A: 1\r\nnonsense\r\n\r\nx", IS_BROKEN),
    "a name with a blank": (b"X A: 1\r\n\r\nx", IS_BROKEN),
    "a control byte": (b"X-A: a\x01b\r\n\r\nx", IS_BROKEN),
    "a zero byte": (b"X-A: a\x00b\r\n\r\nx", IS_BROKEN),
    "a fold": (
        b"X-A: 1\r\n two\r\nX-B: 1\r\n\r\nx",
        {"fcgi": (LONG, "200 x"), "scgi": (LONG, "200 x")},
    ),
    "a line of 9000 bytes": (b"X-A: " + b"a" * 9000 + b"\r\n\r\nx", IS_LONG),
    "a line of 100000 bytes": (b"X-A: " + b"a" * 100_000 + b"\r\n\r\nx", IS_LONG),
    "1500 fields": (MANY + b"\r\nx", IS_MANY),
    "a status that is no number": (b"Status: abc\r\n\r\nx", IS_BROKEN),
    "a status of two digits": (b"Status: 99 low\r\n\r\nx", IS_BROKEN),
    "a status of four digits": (b"Status: 1000 hi\r\n\r\nx", IS_BROKEN),
    "a status of 101": (b"Status: 101 Other\r\nUpgrade: x\r\n\r\nx", IS_BROKEN),
    "a status of 999": (b"Status: 999 Far\r\n\r\nx", NOBODY),
    "two statuses": (b"Status: 201\r\nStatus: 202\r\n\r\nx", IS_BROKEN),
    "no content, with some": (b"Status: 204\r\n\r\nbody", NOBODY),
    "not modified, with a body": (b"Status: 304\r\n\r\nbody", NOBODY),
    "a length": (b"Content-Length: 4\r\n\r\nfour", NOBODY),
    "a length that is too small": (b"Content-Length: 2\r\n\r\nfour", NOBODY),
    "a length that is too large": (
        b"Content-Length: 20\r\n\r\nfour",
        {"scgi": (SHORT, "200 four (cut)")},
    ),
    "a coding": (
        b"Transfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n",
        {"uwsgi": (CODED, "200 four")},
    ),
    "a place here": (b"Location: /fcgi/there\r\n\r\n", {"scgi": (LOCAL, "200")}),
}
PROGRAMS: Mapping[str, tuple[bytes, Told]] = {
    "a head as of HTTP": (b"HTTP/1.1 203 Fine\r\nX-A: 1\r\n\r\nx", IS_BROKEN),
    "a length that is none": (b"Content-Length: x\r\n\r\nfour", NOBODY),
    "two lengths": (b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nfour", NOBODY),
}
"""Not of uwsgi, whose answer is HTTP: nobody could read what httpd makes of it."""

RECORDS: Mapping[str, tuple[bytes, Told]] = {
    "another version": (
        b"\x02" + record(STDOUT, b"X-A: 1\r\n\r\nx")[1:],
        IS_BROKEN,
    ),
    "the number of another request": (
        record(STDOUT, b"X-A: 1\r\n\r\nx", number=2) + record(END, bytes(8)),
        IS_BROKEN,
    ),
    "a record about the connection": (
        record(UNKNOWN_TYPE, b"abc", number=0) + answer(b"X-A: 1\r\n\r\nx"),
        {"fcgi": (NUMBER, "200 x")},
    ),
    "the end without a head": (
        record(STDOUT, b"X-A: 1\r\n") + record(END, bytes(8)),
        IS_BROKEN,
    ),
    "the end alone": (record(END, bytes(8)), IS_BROKEN),
    "an end that is too busy": (record(END, b"\0\0\0\0\x02\0\0\0"), IS_BROKEN),
    "no last record": (record(STDOUT, b"X-A: 1\r\n\r\nx") + record(STDOUT), NOBODY),
    "cut behind a record": (record(STDOUT, b"X-A: 1\r\n\r\nx"), NOBODY),
    "cut within a record": (record(STDOUT, b"X-A: 1\r\n\r\nxxxxxx")[:-2], NOBODY),
    "cut within a record's head": (
        record(STDOUT, b"X-A: 1\r\n\r\nx") + b"\x01\x06",
        NOBODY,
    ),
    "cut within the head": (record(STDOUT, b"X-A: 1\r\n"), NOBODY),
    "what is no record": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", IS_BROKEN),
    "an end of three bytes": (
        record(STDOUT, b"X-A: 1\r\n\r\nx") + record(END, b"abc"),
        NOBODY,
    ),
}

PLACED = b"Connection: close, X-A\r\nKeep-Alive: 3\r\nX-A: 1\r\nX-B: 1\r\n\r\nx"
OURS = [["Date", "<now>"], ["Server", "<product>"]]


def _case(scheme: str, name: str, told: Told, *actions: Action) -> Case:
    """Who answers, with what, and whether all of it comes is compared."""
    row, ours = told.get(scheme, ("", ""))
    return Case(
        f"{scheme} faults: {name}",
        ANSWERED,
        get(f"/{scheme}/"),
        members={0: turn(*actions)},
        view=View.SEQUENCE,
        differs=row,
        instead={"": [ours]} if row else {},
    )


def _whole(scheme: str, name: str, output: bytes, row: str, *fields: list[str]) -> Case:
    """... the fields, too."""
    listed = sorted([*fields, *OURS])
    return Case(
        f"{scheme} faults: {name}",
        ANSWERED,
        get(f"/{scheme}/"),
        members={0: turn(said(scheme, output))},
        differs=row,
        instead={"client/0/fields": listed, "client/1/end": "open"},
        framing=False,
    )


def _closing(scheme: str) -> tuple[Case, ...]:
    told: Told = dict.fromkeys(("scgi", "uwsgi"), (CLOSED, GONE))
    row = told.get(scheme, ("", ""))[0]
    return (
        _case(scheme, "closed at once", told, Act.CLOSE),
        _case(scheme, "reset", told, Act.RESET),
        Case(
            f"{scheme} faults: closed at once, in a balancer",
            ANSWERED,
            get(f"/two-{scheme}/"),
            members={0: turn(Act.CLOSE)},
            view=View.SEQUENCE,
            differs=row,
            instead={"": ["200 m1"]} if row else {},
        ),
    )


CASES: tuple[Case, ...] = (
    *(
        _case(scheme, name, told, said(scheme, output))
        for scheme in SCHEMES
        for name, (output, told) in HEADS.items()
    ),
    *(
        _case(scheme, name, told, said(scheme, output))
        for scheme in ("fcgi", "scgi")
        for name, (output, told) in PROGRAMS.items()
    ),
    *(
        _case("fcgi", f"{name} (raw)", told, raw, Act.CLOSE)
        for name, (raw, told) in RECORDS.items()
    ),
    *(case for scheme in SCHEMES for case in _closing(scheme)),
    *(
        _whole(scheme, "fields of a connection", PLACED, HOPS, ["X-B", "1"])
        for scheme in SCHEMES
    ),
    *(
        _whole(
            scheme,
            "a date that is none",
            b"Last-Modified: yesterday\r\n\r\nx",
            DATES,
            ["Last-Modified", "yesterday"],
        )
        for scheme in ("fcgi", "scgi")
    ),
)
