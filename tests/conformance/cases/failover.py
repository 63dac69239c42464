"""Fail-over: members that refuse, break off or stay silent, and their return."""

from collections.abc import Mapping

from ..case import (
    Case,
    Conf,
    Down,
    Errors,
    Pass,
    Step,
    Up,
    View,
    ask,
    get,
    request,
)
from ..members import Act, Script, answer, turn

TWO = """\
  BalancerMember http://127.0.0.1:{m0} retry=600
  BalancerMember http://127.0.0.1:{m1} retry=600
"""
THREE = TWO + "  BalancerMember http://127.0.0.1:{m2} retry=600\n"


def _balancer(name: str, body: str) -> str:
    return (
        f"<Proxy balancer://{name}>\n{body}</Proxy>\n"
        f"ProxyPass /{name}/ balancer://{name}/\n"
    )


ERRORS = Conf(
    "fail-over",
    "".join(
        (
            _balancer("refused", TWO),
            _balancer("post", TWO),
            _balancer("large", TWO),
            _balancer("three", THREE),
            _balancer("all", TWO),
            _balancer("recovery", TWO + "  ProxySet forcerecovery=Off\n"),
            _balancer(
                "disabled-too",
                TWO + "  BalancerMember http://127.0.0.1:{m2} status=+D\n",
            ),
            _balancer("attempts-zero", THREE + "  ProxySet maxattempts=0\n"),
            _balancer("attempts-one", THREE + "  ProxySet maxattempts=1\n"),
            _balancer("attempts-two", THREE + "  ProxySet maxattempts=2\n"),
            _balancer("single", "  BalancerMember http://127.0.0.1:{m0} retry=600\n"),
            _balancer(
                "ignore",
                "  BalancerMember http://127.0.0.1:{m0} status=+I\n"
                "  BalancerMember http://127.0.0.1:{m1}\n",
            ),
            _balancer("zero", TWO.replace("600", "0")),
            _balancer("closes", TWO),
            _balancer("resets", TWO),
            _balancer("says-503", TWO),
            _balancer("bad-head", TWO),
            _balancer("status", TWO + "  ProxySet failonstatus=503,500\n"),
            _balancer("status-other", TWO + "  ProxySet failonstatus=503\n"),
            _balancer("cut", TWO),
            _balancer("set", TWO.replace("600\n", "600 lbset=1\n", 1)),
            "ProxyPass /direct/ http://127.0.0.1:{m3}/ retry=600\n",
            "ProxyPass /stopped/ http://127.0.0.1:{m0}/stopped status=+S\n",
        )
    ),
)

SLOW = Conf(
    "silence",
    "".join(
        (
            _balancer("silent", TWO.replace("retry=600", "retry=600 timeout=1")),
            _balancer(
                "on-timeout",
                TWO.replace("retry=600", "retry=600 timeout=1")
                + "  ProxySet failontimeout=On\n",
            ),
            "ProxyPass /direct/ http://127.0.0.1:{m2}/ timeout=1\n",
            "<Location /ping/>\n"
            "  ProxyPass http://127.0.0.1:{m3}/ ping=500ms\n"
            "</Location>\n",
            "<VirtualHost *:{port}>\n  ServerName front.test\n</VirtualHost>\n",
            "<VirtualHost *:{port}>\n  ServerName proxy-timeout.test\n"
            "  ProxyTimeout 1\n  ProxyPass /t/ http://127.0.0.1:{m4}/\n"
            "</VirtualHost>\n",
            "<VirtualHost *:{port}>\n  ServerName timeout.test\n"
            "  Timeout 1\n  ProxyPass /t/ http://127.0.0.1:{m5}/\n"
            "</VirtualHost>\n",
        )
    ),
)

RETRY = Conf(
    "retry",
    "".join(
        (
            _balancer("one", TWO.replace("600", "1")),
            _balancer(
                "sticky",
                "  ProxySet stickysession=S\n"
                "  BalancerMember http://127.0.0.1:{m0} retry=1 route=a\n"
                "  BalancerMember http://127.0.0.1:{m1} retry=1 route=b\n",
            ),
        )
    ),
)


NAMELESS = Conf(
    "name that does not resolve",
    """\
<Proxy balancer://two>
  BalancerMember http://no-such-host.invalid:8000
  BalancerMember http://127.0.0.1:{m0}
</Proxy>
<Proxy balancer://one>
  BalancerMember http://no-such-host.invalid:8000
</Proxy>
ProxyPass /two/ balancer://two/
ProxyPass /one/ balancer://one/
ProxyPass /direct/ http://no-such-host.invalid:8000/
""",
)

PROBED = Conf(
    "retry= not written",
    """<Proxy balancer://two>
  BalancerMember http://127.0.0.1:{m0}
  BalancerMember http://127.0.0.1:{m1}
</Proxy>
ProxyPass / balancer://two/
""",
)


def _case(
    name: str,
    *steps: Step,
    conf: Conf = ERRORS,
    members: Mapping[int, Script] | None = None,
    view: View = View.SEQUENCE,
) -> Case:
    return Case(f"{conf.name}: {name}", conf, steps, members=members or {}, view=view)


def _lost(how: str, name: str, count: int, act: Act) -> Case:
    return Case(
        f"{ERRORS.name}: {how} before the status: no other member",
        ERRORS,
        _each(f"/{name}/", count),
        members={0: turn(act)},
        view=View.SEQUENCE,
        differs="a member of a balancer closes or resets the connection before a byte"
        " of an answer",
        instead={"": ["200 m1"] * count},
        compat=True,
    )


def _each(path: str, count: int) -> tuple[Step, ...]:
    """Requests on connections of their own: an error may close the client's."""
    return tuple(step for i in range(count) for step in get(path, conn=f"c{i}"))


POST = request("/post/", method="POST", body=b"hello")
LARGE = request("/large/", method="POST", body=b"0123456789" * 5000)
NO = answer(b"no", status="503 Service Unavailable")

CASES: tuple[Case, ...] = (
    _case("refused, next one answers", Down(0), *get("/refused/") * 4),
    _case(
        "refused, fields and errors",
        Down(0),
        *get("/refused/"),
        view=View.FULL,
    ),
    _case("body is sent again", Down(0), *ask(POST) * 2, view=View.FULL),
    _case("large body is sent again", Down(0), *ask(LARGE) * 2, view=View.FULL),
    _case("two of three refuse", Down(0), Down(1), *get("/three/") * 3),
    _case(
        "all refuse, then all are tried again",
        Down(0),
        Down(1),
        *_each("/all/", 2),
        Up(0),
        Up(1),
        *get("/all/", conn="x") * 4,
    ),
    _case(
        "all refuse, no forced recovery",
        Down(0),
        Down(1),
        *_each("/recovery/", 2),
        Up(0),
        Up(1),
        *get("/recovery/", conn="x"),
    ),
    _case(
        "a disabled member prevents forced recovery",
        Down(0),
        Down(1),
        *_each("/disabled-too/", 2),
        Up(0),
        Up(1),
        *get("/disabled-too/", conn="x"),
    ),
    _case(
        "maxattempts 0",
        Down(0),
        Down(1),
        Down(2),
        *_each("/attempts-zero/", 1),
        Up(0),
        Up(1),
        Up(2),
        *get("/attempts-zero/", conn="x") * 3,
    ),
    _case(
        "maxattempts 1",
        Down(0),
        Down(1),
        *_each("/attempts-one/", 1),
        *get("/attempts-one/", conn="x") * 2,
    ),
    _case("maxattempts 2", Down(0), Down(1), *_each("/attempts-two/", 2)),
    _case(
        "single member",
        Down(0),
        *_each("/single/", 1),
        Up(0),
        *get("/single/", conn="x"),
    ),
    _case(
        "errors ignored",
        Down(0),
        *_each("/ignore/", 4),
        Up(0),
        *get("/ignore/", conn="x") * 2,
    ),
    _case(
        # httpd elects the member that has just failed again in the same request, or
        # not: whose turn it is afterwards differs between runs, who answers does not.
        "retry 0",
        Down(0),
        *get("/zero/") * 3,
        Up(0),
        Down(1),
        *get("/zero/") * 3,
    ),
    _lost("closed", "closes", 4, Act.CLOSE),
    _lost("reset", "resets", 3, Act.RESET),
    _case(
        "the member's own 503 is an answer",
        *_each("/says-503/", 4),
        members={0: turn(NO)},
    ),
    _case(
        "bad head: no other member",
        *_each("/bad-head/", 3),
        members={0: turn(b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n", Act.CLOSE)},
    ),
    _case(
        "failonstatus",
        *_each("/status/", 4),
        members={0: turn(NO)},
    ),
    _case(
        "failonstatus, other status",
        *_each("/status-other/", 3),
        members={0: turn(answer(b"no", status="500 No"))},
    ),
    _case(
        "cut in the body: no other member",
        *_each("/cut/", 3),
        members={0: turn(answer(b"hello")[:-2], Act.CLOSE)},
    ),
    _case("lower lbset refuses", Down(1), *get("/set/") * 2),
    _case(
        "direct member is tried each time",
        Down(3),
        *_each("/direct/", 2),
        Up(3),
        *get("/direct/", conn="x"),
    ),
    _case("direct member, stopped", *get("/stopped/")),
    _case("log: refused", Down(2), *get("/three/") * 3, Errors(()), view=View.STATUS),
    _case(
        "no other member, and not out",
        *_each("/silent/", 4),
        conf=SLOW,
        members={0: turn(Act.HANG)},
    ),
    _case(
        "failontimeout takes it out",
        *_each("/on-timeout/", 4),
        conf=SLOW,
        members={0: turn(Act.HANG)},
    ),
    _case(
        "direct",
        *get("/direct/"),
        conf=SLOW,
        members={2: turn(Act.HANG)},
        view=View.FULL,
    ),
    _case(
        "in the body",
        *get("/direct/"),
        conf=SLOW,
        members={2: turn(answer(b"hello")[:-2], Act.HANG)},
        view=View.FULL,
    ),
    _case(
        "ProxyTimeout",
        *get("/t/", host="proxy-timeout.test"),
        conf=SLOW,
        members={4: turn(Act.HANG)},
    ),
    _case(
        "Timeout",
        *get("/t/", host="timeout.test"),
        conf=SLOW,
        members={5: turn(Act.HANG)},
    ),
    _case("ping without a body", *get("/ping/"), conf=SLOW, view=View.FULL),
    _case(
        "ping with a body",
        *ask(request("/ping/", method="POST", body=b"hello")),
        conf=SLOW,
        view=View.FULL,
    ),
    _case(
        "ping is not answered",
        *ask(request("/ping/", method="POST", body=b"hello")),
        conf=SLOW,
        members={3: turn(Act.HANG, read_body=False)},
        view=View.SEQUENCE,
    ),
    _case(
        "back when its time has passed",
        Down(0),
        *get("/one/") * 2,
        Up(0),
        *get("/one/"),
        Pass(2.1),
        *get("/one/") * 4,
        conf=RETRY,
    ),
    _case(
        "session returns when its time has passed",
        Down(0),
        *get("/sticky/", "Cookie: S=x.a") * 2,
        Up(0),
        *get("/sticky/", "Cookie: S=x.a"),
        Pass(2.1),
        *get("/sticky/", "Cookie: S=x.a") * 2,
        conf=RETRY,
    ),
    Case(
        f"{NAMELESS.name}: of a balancer",
        NAMELESS,
        (*_each("/two/", 3), *get("/one/", conn="d"), *get("/one/", conn="e")),
        view=View.SEQUENCE,
        differs="member whose name does not resolve",
        instead={"": ["200 m0"] * 3 + ["503 <page 503 Service Unavailable>"] * 2},
        compat=True,
    ),
    _case("direct", *get("/direct/"), conf=NAMELESS, view=View.FULL),
    Case(
        f"{PROBED.name}: back without a client's request",
        PROBED,
        (Down(0), *_each("/", 2), Up(0), Pass(1.5), *_each("/", 4)),
        view=View.SEQUENCE,
        differs="a refused member without `retry=`",
        instead={"": ["200 m1", "200 m1", "200 m1", "200 m0", "200 m1", "200 m0"]},
        compat=True,
    ),
)
