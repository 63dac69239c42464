"""Election: the sequence of members, request by request."""

from ..case import Case, Conf, Down, Step, Up, View, get, gets
from ..members import Script, answer, turn

BALANCERS = {
    "equal": "m0 m1 m2",
    "one-three": "m0 m1:loadfactor=3",
    "one-two-three": "m0 m1:loadfactor=2 m2:loadfactor=3",
    "fraction": "m0:loadfactor=1.5 m1:loadfactor=2.5",
    "fifty": "m0:loadfactor=50 m1:loadfactor=100 m2:loadfactor=7",
    "sets": "m0:lbset=1 m1 m2:lbset=0",
    "gap": "m0:lbset=7 m1:lbset=3",
    "standby": "m0 m1:status=+H m2",
    "all-standby": "m0:status=+H m1:status=+H",
    "standby-first": "m0:lbset=0,status=+H m1:lbset=1",
    "spare": "m0 m1:status=+D m2:status=+R m3:status=+R",
    "spare-unused": "m0 m1 m2:status=+R",
    "spare-and-standby": "m0:status=+D m1:status=+HR m2:status=+H",
    "drain": "m0:status=+N m1 m2",
    "drain-spare": "m0:status=+N m1:status=+R",
    "drain-standby": "m0:status=+NH m1",
    "disabled": "m0 m1:status=+D m2",
    "stopped": "m0:status=+S m1",
    "all-disabled": "m0:status=+D m1:status=+S",
    "flags-off": "m0:status=+D-D m1:status=D-E",
    "letters": "m0:status=dI m1",
    "sticky": "m0:route=a m1:route=b m2:route=c|stickysession=SID",
    "sticky-weights": "m0:route=a m1:route=b,loadfactor=3|stickysession=SID",
    "traffic": "m0 m1:loadfactor=2|lbmethod=bytraffic",
    "traffic-bodies": "m0 m1|lbmethod=bytraffic",
    "traffic-fields": "m0 m1|lbmethod=bytraffic",
    "traffic-chunks": "m0 m1|lbmethod=bytraffic",
    "traffic-empty": "m0 m1|lbmethod=bytraffic",
    "busyness": "m0 m1 m2:loadfactor=2|lbmethod=bybusyness",
    "out": "m0:retry=600 m1:retry=600,loadfactor=2 m2:retry=600",
    "set-out": "m0:retry=600 m1:lbset=1 m2:lbset=1",
    "standby-in": "m0:retry=600 m1:status=+H",
    "spare-in": "m0:retry=600 m1 m2:status=+R",
    "set-standby": "m0:retry=600 m1:status=+H m2:lbset=1",
    "interleaved-one": "m0 m1",
    "interleaved-two": "m0 m1",
    "paths": "m0 m1",
    "errors": "m0 m1",
}


def _balancer(name: str, members: str) -> str:
    described, _, settings = members.partition("|")
    lines = [f"<Proxy balancer://{name}>"]
    for word in described.split():
        member, _, keys = word.partition(":")
        lines.append(
            f"  BalancerMember http://127.0.0.1:{{{member}}} {keys.replace(',', ' ')}"
        )
    if settings:
        lines.append(f"  ProxySet {settings}")
    lines += ["</Proxy>", f"ProxyPass /{name}/ balancer://{name}/", ""]
    return "\n".join(lines)


ELECT = Conf("elect", "".join(_balancer(*item) for item in BALANCERS.items()))

FORMS = Conf(
    "forms",
    """\
BalancerMember balancer://outside http://127.0.0.1:{m0}
BalancerMember balancer://outside http://127.0.0.1:{m1} loadfactor=2
ProxySet balancer://outside lbmethod=bybusyness
ProxyPass /outside/ balancer://outside/

ProxyPass /before/ balancer://before/
<Proxy balancer://before>
  BalancerMember http://127.0.0.1:{m0}
  BalancerMember http://127.0.0.1:{m1}
</Proxy>

<Proxy balancer://head lbmethod=byrequests maxattempts=1>
  BalancerMember http://127.0.0.1:{m0}
</Proxy>
<Proxy balancer://head/>
  BalancerMember http://127.0.0.1:{m1}
</Proxy>
ProxyPass /head/ balancer://HEAD/

<Proxy balancer://twice>
  BalancerMember http://127.0.0.1:{m0} loadfactor=2
  BalancerMember http://127.0.0.1:{m0} loadfactor=9
  BalancerMember http://127.0.0.1:{m1}
</Proxy>
ProxyPass /twice/ balancer://twice/

<Proxy balancer://shared>
  BalancerMember http://127.0.0.1:{m0}
  BalancerMember http://127.0.0.1:{m0}/sub
  BalancerMember http://127.0.0.1:{m1}
</Proxy>
ProxyPass /shared/ balancer://shared/

<Proxy balancer://keyword>
  BalancerMember http://127.0.0.1:{m0} LoadFactor=2 LOADFACTOR=3
  BalancerMember http://127.0.0.1:{m1}
</Proxy>
ProxyPass /keyword/ balancer://keyword/ LBMETHOD=byrequests

<Proxy balancer://empty>
</Proxy>
ProxyPass /empty/ balancer://empty/
""",
)


def _elect(name: str, *steps: Step, members: dict[int, Script] | None = None) -> Case:
    return Case(
        f"elect: {name}", ELECT, steps, members=members or {}, view=View.SEQUENCE
    )


def _count(name: str, balancer: str, times: int = 8) -> Case:
    return _elect(name, *gets(f"/{balancer}/", times))


def _form(name: str, path: str, times: int = 6) -> Case:
    return Case(f"forms: {name}", FORMS, gets(path, times), view=View.SEQUENCE)


BIG = turn(answer(b"x" * 40000))
SMALL = turn(answer(b"y" * 10))
CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
COOKIE = "Cookie: SID=x.{}"

CASES: tuple[Case, ...] = (
    _count("three equal members", "equal", 9),
    _count("one to three", "one-three", 12),
    _count("one to two to three", "one-two-three", 20),
    _count("fractions", "fraction", 16),
    _count("large factors", "fifty", 25),
    _count("higher lbset is not used", "sets"),
    _count("lbsets with gaps", "gap", 4),
    _count("hot standby is not used", "standby"),
    _count("only hot standbys", "all-standby"),
    _count("hot standby before the next lbset", "standby-first", 4),
    _count("hot spare replaces a disabled member", "spare"),
    _count("hot spare is not used", "spare-unused"),
    _count("spare wins over standby when both", "spare-and-standby"),
    _count("draining member", "drain"),
    _count("spare for a draining member", "drain-spare", 4),
    _count("draining standby", "drain-standby", 4),
    _count("disabled member", "disabled"),
    _count("stopped member", "stopped", 4),
    _elect(
        "nobody",
        *get("/all-disabled/", conn="a"),
        *get("/all-disabled/", conn="b"),
    ),
    _count("flags set and cleared", "flags-off", 4),
    _count("lower-case letters", "letters", 4),
    _elect(
        "sticky requests count",
        *get("/sticky/", COOKIE.format("a")) * 2,
        *gets("/sticky/", 9),
        *get("/sticky/", COOKIE.format("c")),
        *gets("/sticky/", 6),
    ),
    _elect(
        "sticky requests count with factors",
        *get("/sticky-weights/", COOKIE.format("a")) * 3,
        *gets("/sticky-weights/", 12),
    ),
    _elect(
        "bytraffic with equal answers",
        *gets("/traffic/", 9),
        members={0: turn(answer(b"0" * 30000)), 1: turn(answer(b"1" * 30000))},
    ),
    _elect(
        "bytraffic with unequal answers",
        *gets("/traffic-bodies/", 8),
        members={0: BIG, 1: turn(answer(b"z" * 9000))},
    ),
    _elect(
        "bytraffic does not count fields of answers",
        *gets("/traffic-fields/", 9),
        members={
            0: turn(answer(b"0" * 5000, "X-Big: " + "b" * 3000)),
            1: turn(answer(b"1" * 2400)),
        },
    ),
    _elect(
        "bytraffic does not count the chunked coding",
        *gets("/traffic-chunks/", 9),
        members={
            0: turn(CHUNKED.encode() + b"1\r\nx\r\n" * 3000 + b"0\r\n\r\n"),
            1: turn(answer(b"1" * 2400)),
        },
    ),
    _elect(
        "bytraffic of an empty chunked body",
        *gets("/traffic-empty/", 9),
        members={
            0: turn(CHUNKED.encode() + b"0\r\n\r\n"),
            1: turn(answer(b"1" * 110)),
        },
    ),
    _count("bybusyness one by one", "busyness", 12),
    _elect(
        "member out, frozen, and not back before its time",
        *gets("/out/", 3),
        Down(1),
        *gets("/out/", 4),
        Up(1),
        *gets("/out/", 4),
    ),
    _elect("next lbset takes over", Down(0), *gets("/set-out/", 5)),
    _elect("hot standby takes over", Down(0), *gets("/standby-in/", 3)),
    _elect("hot spare takes over", Down(0), *gets("/spare-in/", 6)),
    _elect("standby before the next lbset", Down(0), *gets("/set-standby/", 3)),
    _elect(
        "balancers with common members have their own state",
        *get("/interleaved-one/"),
        *get("/interleaved-two/"),
        *get("/interleaved-one/"),
        *get("/interleaved-one/"),
        *get("/interleaved-two/"),
        *get("/interleaved-two/"),
    ),
    _elect(
        "one sequence over connections",
        *get("/paths/", conn="a"),
        *get("/paths/", conn="b"),
        *get("/paths/", conn="c"),
        *get("/paths/", conn="a"),
        *get("/paths/", conn="b"),
    ),
    _elect(
        "answers of members do not matter",
        *get("/errors/", conn="a"),
        *get("/errors/", conn="b"),
        *get("/errors/", conn="c"),
        *get("/errors/", conn="d"),
        members={0: turn(answer(b"no", status="503 Service Unavailable"))},
    ),
    _form("BalancerMember outside Proxy", "/outside/"),
    _form("ProxyPass before Proxy", "/before/", 8),
    _form("two sections of one balancer", "/head/"),
    _form("member written twice", "/twice/"),
    _form("member below another's URL", "/shared/"),
    _form("keywords in any case, last one counts", "/keyword/", 8),
    Case(
        "forms: balancer without members",
        FORMS,
        get("/empty/"),
        view=View.SEQUENCE,
    ),
)
