"""Sticky sessions: where the route is looked for, and what becomes of it."""

from collections.abc import Mapping, Sequence

from ..case import Case, Conf, Down, Step, View, get

MEMBERS = """\
  BalancerMember http://127.0.0.1:{m0} route=n1 retry=600
  BalancerMember http://127.0.0.1:{m1} route=n2 retry=600
"""

SPARE = Conf(
    "hot spare",
    """\
<Proxy balancer://b>
  BalancerMember http://127.0.0.1:{m0} route=a retry=600
  BalancerMember http://127.0.0.1:{m1} route=b retry=600
  BalancerMember http://127.0.0.1:{m2} route=c retry=600 status=+R
  ProxySet stickysession=S
</Proxy>
ProxyPass / balancer://b/
""",
)

# What the balancer found, whatever the state of its election.
FOUND = (
    'Header set X-Found "%{BALANCER_SESSION_STICKY}e %{BALANCER_SESSION_ROUTE}e '
    'changed=%{BALANCER_ROUTE_CHANGED}e"\n'
)

TABLE = Conf(
    "sticky",
    f"""\
{FOUND}<Proxy balancer://plain>
{MEMBERS}  ProxySet stickysession=JSESSIONID|jsessionid
</Proxy>
<Proxy balancer://delim>
{MEMBERS}  ProxySet stickysession=JSESSIONID|jsessionid scolonpathdelim=On
</Proxy>
<Proxy balancer://one>
{MEMBERS}  ProxySet stickysession=ROUTEID
</Proxy>
<Proxy balancer://sep>
{MEMBERS}  ProxySet stickysession=S stickysessionsep=!
</Proxy>
<Proxy balancer://off>
{MEMBERS}  ProxySet stickysession=S stickysessionsep=Off
</Proxy>
ProxyPass /plain/ balancer://plain/
ProxyPass /delim/ balancer://delim/
ProxyPass /one/ balancer://one/
ProxyPass /sep/ balancer://sep/
ProxyPass /off/ balancer://off/
""",
)

REQUESTED = Conf(
    "sticky: what RequestHeader sees",
    f"""\
RequestHeader set X-Route "%{{BALANCER_SESSION_ROUTE}}e"
<Proxy balancer://b>
{MEMBERS}  ProxySet stickysession=S
</Proxy>
ProxyPass / balancer://b/
""",
)

MATCH = Conf(
    "sticky by ProxyPass",
    f"""\
{FOUND}<Proxy balancer://m>
{MEMBERS}</Proxy>
<Proxy balancer://p>
{MEMBERS}</Proxy>
ProxyPassMatch ^/m/(.*)$ balancer://m/$1 stickysession=SID|sid
ProxyPass /p/ balancer://p/ stickysession=SID
""",
)

COOKIE = Conf(
    "cookie by the balancer",
    f"""\
Header add Set-Cookie "ROUTEID=.%{{BALANCER_WORKER_ROUTE}}e; path=/" \
env=BALANCER_ROUTE_CHANGED
Header set X-Name "%{{BALANCER_NAME}}e"
Header set X-Worker "%{{BALANCER_WORKER_NAME}}e"
Header set X-Route "%{{BALANCER_WORKER_ROUTE}}e"
Header set X-Sticky "%{{BALANCER_SESSION_STICKY}}e"
Header set X-Session-Route "%{{BALANCER_SESSION_ROUTE}}e"
Header set X-Changed "%{{BALANCER_ROUTE_CHANGED}}e"
<Proxy balancer://c>
{MEMBERS}  ProxySet stickysession=ROUTEID
</Proxy>
<Proxy balancer://both>
{MEMBERS}  ProxySet stickysession=SID|sid
</Proxy>
<Proxy balancer://without>
{MEMBERS}</Proxy>
ProxyPass /c/ balancer://c/
ProxyPass /both/ balancer://both/
ProxyPass /without/ balancer://without/
""",
)

FAILOVER = Conf(
    "sticky fail-over",
    """\
Header set X-Changed "%{BALANCER_ROUTE_CHANGED}e"
Header set X-Route "%{BALANCER_WORKER_ROUTE}e"
<Proxy balancer://moves>
  BalancerMember http://127.0.0.1:{m0} route=n1 retry=600
  BalancerMember http://127.0.0.1:{m1} route=n2 retry=600
  ProxySet stickysession=SID
</Proxy>
<Proxy balancer://stays>
  BalancerMember http://127.0.0.1:{m0} route=n1 retry=600
  BalancerMember http://127.0.0.1:{m1} route=n2 retry=600
  ProxySet stickysession=SID nofailover=On
</Proxy>
<Proxy balancer://redirect>
  BalancerMember http://127.0.0.1:{m0} route=n1 retry=600 redirect=n3
  BalancerMember http://127.0.0.1:{m1} route=n2 retry=600
  BalancerMember http://127.0.0.1:{m2} route=n3 retry=600
  ProxySet stickysession=SID
</Proxy>
<Proxy balancer://disabled>
  BalancerMember http://127.0.0.1:{m0} route=n1 status=+D redirect=n2
  BalancerMember http://127.0.0.1:{m1} route=n2
  BalancerMember http://127.0.0.1:{m2} route=n3 status=+D
  ProxySet stickysession=SID nofailover=On
</Proxy>
<Proxy balancer://drain>
  BalancerMember http://127.0.0.1:{m0} route=n1 status=+N
  BalancerMember http://127.0.0.1:{m1} route=n2
  ProxySet stickysession=SID
</Proxy>
<Proxy balancer://standby>
  BalancerMember http://127.0.0.1:{m0} route=n1
  BalancerMember http://127.0.0.1:{m1} route=n2 status=+H
  BalancerMember http://127.0.0.1:{m2} route=n3 lbset=3
  ProxySet stickysession=SID
</Proxy>
<Proxy balancer://shared>
  BalancerMember http://127.0.0.1:{m0} route=n1 status=+D
  BalancerMember http://127.0.0.1:{m1} route=n1
  BalancerMember http://127.0.0.1:{m2} route=n2
  ProxySet stickysession=SID
</Proxy>
ProxyPass /moves/ balancer://moves/
ProxyPass /stays/ balancer://stays/
ProxyPass /redirect/ balancer://redirect/
ProxyPass /disabled/ balancer://disabled/
ProxyPass /drain/ balancer://drain/
ProxyPass /standby/ balancer://standby/
ProxyPass /shared/ balancer://shared/
""",
)


def _found(conf: Conf, wanted: Mapping[str, tuple[str, Sequence[str]]]) -> list[Case]:
    return [
        Case(f"{conf.name}: {name}", conf, get(path, *headers), view=View.FOUND)
        for name, (path, headers) in wanted.items()
    ]


def _steps(name: str, conf: Conf, *steps: Step, view: View = View.SEQUENCE) -> Case:
    return Case(f"{conf.name}: {name}", conf, steps, view=view)


EARLIER = "`RequestHeader` with `BALANCER_SESSION_ROUTE` and its kin"

CASES: tuple[Case, ...] = (
    Case(
        "sticky: RequestHeader asks for the session's route",
        REQUESTED,
        get("/", "Cookie: S=x.n1"),
        differs=EARLIER,
        instead={"members/m0/0/fields/5/1": "n1"},
    ),
    *_found(
        TABLE,
        {
            "path parameter": ("/plain/a;jsessionid=X.n2", ()),
            "path parameter, delimiter on": ("/delim/a;jsessionid=X.n2", ()),
            "two path parameters": ("/plain/a;jsessionid=X.n2;b=1", ()),
            "two path parameters, delimiter on": ("/delim/a;jsessionid=X.n2;b=1", ()),
            "path parameter and query": ("/plain/a;jsessionid=X.n2?z=1", ()),
            "query": ("/plain/a?jsessionid=X.n2&q=1", ()),
            "later in the query": ("/plain/a?q=1&jsessionid=X.n2", ()),
            "cookie": ("/plain/a", ("Cookie: JSESSIONID=X.n2",)),
            "cookie of the balancer": ("/one/a", ("Cookie: ROUTEID=.n2",)),
            "one name serves both": ("/one/a?ROUTEID=.n2", ()),
            "URL before cookie": (
                "/plain/a;jsessionid=X.n2",
                ("Cookie: JSESSIONID=X.n1",),
            ),
            "cookie name for the URL is not looked at": (
                "/plain/a;JSESSIONID=X.n2",
                (),
            ),
            "URL name for the cookie is not looked at": (
                "/plain/a",
                ("Cookie: jsessionid=X.n2",),
            ),
            "first separator counts": ("/plain/a", ("Cookie: JSESSIONID=a.b.n2",)),
            "no separator": ("/plain/a", ("Cookie: JSESSIONID=n2",)),
            "unknown route": ("/plain/a", ("Cookie: JSESSIONID=X.n9",)),
            "route is case-sensitive": ("/plain/a", ("Cookie: JSESSIONID=X.N2",)),
            "empty route": ("/plain/a", ("Cookie: JSESSIONID=X.",)),
            "empty value": ("/plain/a", ("Cookie: JSESSIONID=",)),
            "second cookie of the line": (
                "/plain/a",
                ("Cookie: a=b; JSESSIONID=X.n2; c=d",),
            ),
            "cookie after a comma": ("/plain/a", ("Cookie: a=b,JSESSIONID=X.n2",)),
            "cookie without blank": ("/plain/a", ("Cookie: a=b;JSESSIONID=X.n2",)),
            "blanks around the equals sign": (
                "/plain/a",
                ("Cookie: JSESSIONID = X.n2",),
            ),
            "quoted value": ("/plain/a", ('Cookie: JSESSIONID="X.n2"',)),
            "longer name": ("/plain/a", ("Cookie: MYJSESSIONID=X.n2",)),
            "longer name first, then the right one": (
                "/plain/a",
                ("Cookie: MYJSESSIONID=X.n1; JSESSIONID=X.n2",),
            ),
            "name goes on": ("/plain/a", ("Cookie: JSESSIONIDX=X.n2",)),
            "second cookie line": (
                "/plain/a",
                ("Cookie: a=b", "Cookie: JSESSIONID=X.n2"),
            ),
            "two cookies of the name": (
                "/plain/a",
                ("Cookie: JSESSIONID=X.n2; JSESSIONID=X.n1",),
            ),
            "first has no value": (
                "/plain/a",
                ("Cookie: JSESSIONID=; JSESSIONID=X.n2",),
            ),
            "cookie name is case-sensitive": (
                "/plain/a",
                ("Cookie: JsessionID=X.n2",),
            ),
            "middle of a URL name": ("/plain/a?xjsessionid=X.n2", ()),
            "name without equals sign first": (
                "/plain/jsessionid?jsessionid=X.n2",
                (),
            ),
            "encoded separator in the path": ("/plain/a;jsessionid=X%2En2", ()),
            "encoded semicolon": ("/plain/a%3Bjsessionid=X.n2", ()),
            "other separator": ("/sep/a", ("Cookie: S=abc!n2",)),
            "other separator, dot is ordinary": ("/sep/a", ("Cookie: S=a.b!n2",)),
            "other separator, only a dot": ("/sep/a", ("Cookie: S=abc.n2",)),
            "separator off": ("/off/a", ("Cookie: S=n2",)),
            "separator off, dotted value": ("/off/a", ("Cookie: S=x.n2",)),
            "separator off, in the query": ("/off/a?S=n2", ()),
        },
    ),
    *_found(
        MATCH,
        {
            "ProxyPassMatch, query": ("/m/a?sid=X.n2", ()),
            "ProxyPassMatch, path": ("/m/a;sid=X.n2", ()),
            "ProxyPassMatch, cookie": ("/m/a", ("Cookie: SID=X.n2",)),
            "ProxyPass parameter": ("/p/a", ("Cookie: SID=X.n1",)),
        },
    ),
    _steps("first request", COOKIE, *get("/c/a"), view=View.FULL),
    _steps(
        "with its cookie",
        COOKIE,
        *get("/c/a", "Cookie: ROUTEID=.n2"),
        view=View.FULL,
    ),
    _steps(
        "unknown route",
        COOKIE,
        *get("/c/a", "Cookie: ROUTEID=.gone"),
        view=View.FULL,
    ),
    _steps("name of the URL", COOKIE, *get("/both/a;sid=q.n2"), view=View.FULL),
    _steps(
        "name of the cookie",
        COOKIE,
        *get("/both/a", "Cookie: SID=q.n1"),
        view=View.FULL,
    ),
    _steps("not sticky", COOKIE, *get("/without/a"), view=View.FULL),
    _steps(
        "moves to another member",
        FAILOVER,
        *get("/moves/a", "Cookie: SID=x.n1"),
        Down(0),
        *get("/moves/a", "Cookie: SID=x.n1"),
        *get("/moves/a", "Cookie: SID=x.n2"),
        view=View.FULL,
    ),
    _steps(
        "nofailover answers 503",
        FAILOVER,
        *get("/stays/a", "Cookie: SID=x.n1"),
        Down(0),
        *get("/stays/a", "Cookie: SID=x.n1", conn="b"),
        *get("/stays/a", "Cookie: SID=x.n1", conn="c"),
        *get("/stays/a", "Cookie: SID=x.n2", conn="d"),
        *get("/stays/a", conn="e"),
        *get("/stays/a", "Cookie: SID=x.n7", conn="f"),
    ),
    _steps(
        "redirect names the substitute",
        FAILOVER,
        Down(0),
        *get("/redirect/a", "Cookie: SID=x.n1"),
        *get("/redirect/a", "Cookie: SID=x.n1"),
        *get("/redirect/a", "Cookie: SID=x.n1"),
        view=View.FULL,
    ),
    _steps(
        "disabled member with redirect",
        FAILOVER,
        *get("/disabled/a", "Cookie: SID=x.n1") * 2,
    ),
    _steps(
        "disabled member and nofailover",
        FAILOVER,
        *get("/disabled/a", "Cookie: SID=x.n3", conn="a"),
        *get("/disabled/a", "Cookie: SID=x.n3", conn="b"),
    ),
    _steps(
        "draining member keeps its sessions",
        FAILOVER,
        *get("/drain/a", "Cookie: SID=x.n1") * 2,
        *get("/drain/a") * 2,
    ),
    _steps(
        "hot standby keeps its sessions",
        FAILOVER,
        *get("/standby/a", "Cookie: SID=x.n2") * 2,
    ),
    _steps(
        "higher lbset keeps its sessions",
        FAILOVER,
        *get("/standby/a", "Cookie: SID=x.n3") * 2,
    ),
    _steps(
        "several members with one route",
        FAILOVER,
        *get("/shared/a", "Cookie: SID=x.n1") * 2,
    ),
    Case(
        "hot spare: drafted after many sticky requests",
        SPARE,
        (*get("/", "Cookie: S=x.a") * 6, Down(1), *get("/") * 6),
        view=View.SEQUENCE,
        differs="`lbstatus` in sticky requests",
        instead={"9": "200 m0", "11": "200 m0"},
        compat=True,
    ),
)
