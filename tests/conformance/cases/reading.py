"""RequestReadTimeout: how long a client may take (mod_reqtimeout)."""

from ..case import Case, Conf, Pass, Recv, Rest, Send, Step, View, get, request

MODULE = "LoadModule reqtimeout_module /usr/lib/apache2/modules/mod_reqtimeout.so\n"
PASS = "ProxyPass / http://127.0.0.1:{m0}/\n"
HALF = b"GET / HTTP/1.1\r\nHost: front.test\r\n"
POST = b"POST / HTTP/1.1\r\nHost: front.test\r\n"

SHORT = Conf(
    "read timeouts",
    f"{MODULE}<IfModule mod_reqtimeout.c>\n"
    "  RequestReadTimeout header=1 body=1\n</IfModule>\n"
    f"{PASS}",
)
RATED = Conf(
    "read rates",
    f"{MODULE}RequestReadTimeout header=1-2,MinRate=50 body=1,minrate=50\n{PASS}",
)
HOSTS = Conf(
    "read timeouts of hosts",
    f"{MODULE}RequestReadTimeout header=0\n"
    "<VirtualHost *:{port}>\n  ServerName front.test\n  RequestReadTimeout body=1\n"
    f"{PASS}</VirtualHost>\n"
    "<VirtualHost *:{port}>\n  ServerName other.test\n  RequestReadTimeout body=20\n"
    f"{PASS}</VirtualHost>\n",
)


def _late(conf: Conf, name: str, *steps: Step) -> Case:
    """Whether it is answered, and that the connection has ended."""
    return Case(f"{conf.name}: {name}", conf, (*steps, Rest()), view=View.STATUS)


def _slowly(data: bytes, size: int, pause_s: float) -> tuple[Step, ...]:
    steps: list[Step] = []
    for start in range(0, len(data), size):
        steps += [Send(data[start : start + size]), Pass(pause_s)]
    return tuple(steps)


CASES: tuple[Case, ...] = (
    _late(SHORT, "half a line", Send(b"GET / HT")),
    _late(SHORT, "a line without fields", Send(b"GET / HTTP/1.1\r\n"), Recv()),
    _late(SHORT, "half a head", Send(HALF), Recv()),
    _late(SHORT, "half a line behind a request", *get("/"), Send(b"GET /")),
    _late(SHORT, "half a head behind a request", *get("/"), Send(HALF), Recv()),
    _late(
        SHORT,
        "no body",
        Send(POST + b"Content-Length: 9\r\n\r\n"),
        Recv("POST"),
    ),
    _late(
        SHORT,
        "half a body",
        Send(POST + b"Content-Length: 9\r\n\r\nabc"),
        Recv("POST"),
    ),
    _late(
        SHORT,
        "half a chunk",
        Send(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        Recv("POST"),
    ),
    _late(RATED, "a head that stops", *_slowly(HALF, 5, 0.05), Recv()),
    Case(
        "read rates: a head in time",
        RATED,
        (*_slowly(HALF + b"X: " + b"y" * 90 + b"\r\n\r\n", 9, 0.1), Recv()),
        view=View.STATUS,
    ),
    Case(
        "read rates: a body in time",
        RATED,
        (
            Send(POST + b"Content-Length: 180\r\n\r\n"),
            *_slowly(b"x" * 180, 10, 0.1),
            Recv("POST"),
        ),
        view=View.STATUS,
    ),
    _late(
        RATED,
        "a body that is too slow",
        Send(POST + b"Content-Length: 180\r\n\r\n"),
        *_slowly(b"x" * 20, 2, 0.1),
        Recv("POST"),
    ),
    _late(
        HOSTS,
        "a body",
        Send(request("/", "Content-Length: 9", method="POST")),
        Recv("POST"),
    ),
    Case(
        "read timeouts of hosts: another host's body",
        HOSTS,
        (
            Send(request("/", "Content-Length: 9", method="POST", host="other.test")),
            Pass(1.5),
            Send(b"123456789"),
            Recv("POST"),
        ),
        view=View.STATUS,
    ),
)
