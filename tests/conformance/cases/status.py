"""server-status: the page that operators and their tools read."""

from ..case import Case, Conf, View, get

STATUS = Conf(
    "server-status",
    """\
ProxyStatus On
<Location /server-status>
  SetHandler server-status
  Require local
</Location>
<Location /shut>
  SetHandler server-status
  Require all denied
</Location>
<Proxy balancer://one>
  BalancerMember http://127.0.0.1:{m0} route=a
  BalancerMember http://127.0.0.1:{m1} status=+H loadfactor=2
  BalancerMember http://127.0.0.1:{m2} status=+D
</Proxy>
<Proxy balancer://two>
  BalancerMember http://127.0.0.1:{m3}/base
</Proxy>
ProxyPass /server-status !
ProxyPass /shut !
ProxyPass /one/ balancer://one/
ProxyPass /two/ balancer://two/
""",
)

HIDDEN = Conf(
    "server-status behind ProxyPass",
    """\
<Location /server-status>
  SetHandler server-status
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
)

PLAIN = Conf(
    "server-status without ProxyStatus",
    """\
ExtendedStatus Off
<Location /server-status>
  SetHandler server-status
</Location>
<Proxy balancer://one>
  BalancerMember http://127.0.0.1:{m0}
</Proxy>
ProxyPass /one/ balancer://one/
""",
)

COMPAT = "`server-status?auto`"
PAGE = "`server-status`, the page"
HEAD = ["HTTP/1.1 200 OK", "text/html; charset=utf-8"]
HEADED = ["<product> Status", "<product> Server Status for front.test (via 127.0.0.1)"]
OURS = ["ConnsTotal", "Tunnels", "WaitingRequests", "Compat"]

CASES: tuple[Case, ...] = (
    Case(
        "server-status: names of ?auto",
        STATUS,
        get("/server-status?auto"),
        view=View.KEYS,
        differs=COMPAT,
        instead={"+": OURS},
    ),
    Case(
        "server-status: members after requests",
        STATUS,
        (*get("/one/") * 3, *get("/two/"), *get("/server-status?auto")),
        view=View.BALANCERS,
    ),
    Case(
        "server-status: denied",
        STATUS,
        get("/shut?auto"),
        view=View.STATUS,
    ),
    Case(
        "server-status: page",
        STATUS,
        get("/server-status"),
        view=View.TITLE,
        differs=PAGE,
        instead={"": [*HEAD, *HEADED]},
    ),
    Case(
        "server-status: refresh",
        STATUS,
        get("/server-status?refresh=7"),
        view=View.TITLE,
        differs=PAGE,
        instead={"": [*HEAD, "Refresh: 7", *HEADED]},
    ),
    Case(
        "server-status: refresh without a number",
        STATUS,
        get("/server-status?notable&refresh"),
        view=View.TITLE,
        differs=PAGE,
        instead={"": [*HEAD, "Refresh: 10", *HEADED]},
    ),
    Case(
        "server-status: POST",
        STATUS,
        get("/server-status", method="POST"),
        view=View.STATUS,
    ),
    Case(
        "server-status: HEAD",
        STATUS,
        get("/server-status?auto", method="HEAD"),
        view=View.STATUS,
    ),
    Case(
        "server-status behind ProxyPass: is proxied",
        HIDDEN,
        get("/server-status?auto"),
        view=View.TARGET,
    ),
    Case(
        "server-status without ProxyStatus: names",
        PLAIN,
        get("/server-status?auto"),
        view=View.KEYS,
        differs=COMPAT,
        instead={"+": OURS},
    ),
)
