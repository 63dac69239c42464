"""Configurations as tutorials print them; only hosts and ports are adapted.

Some of them httpd refuses.  fastlb takes their meaning, with a warning, unless it runs
with `Compat apache` or `-t --strict` (test_faults.py checks the latter).
"""

from collections.abc import Mapping
from dataclasses import replace

from ..case import Case, Conf, Down, Secure, Step, View, get
from ..members import Script, Secured, answer, turn

# The first column of their lines in docs/differences-from-apache.md.
DIFFERS = {
    "seed 001: cluster as printed": "`MaxRequestPerChild` in `<Proxy>` (or misspelled"
    " so anywhere)",
    "seed 001: bare Stickysession": "bare `Stickysession NAME` in `<Proxy>`",
    "seed 002: Proxy tags lost": "`BalancerMember`, `ProxySet` whose `<Proxy>` line is"
    " lost",
    "seed 003: as printed": "`routeregex=RE` of a balancer (Helicon Ape)",
    "seed 003: Proxy tags lost": "`BalancerMember`, `ProxySet` whose `<Proxy>` line is"
    " lost",
    "seed 004: hot_standby": "`status=hot_standby`",
}

TALENTIFY = Conf(
    "seed 000: factors",
    """\
<VirtualHost *:{port}>
        ServerName ind.talentify.in
        ProxyPreserveHost On
        <Proxy balancer://backend>
            BalancerMember http://127.0.0.1:{m0}
            BalancerMember http://127.0.0.1:{m1} loadfactor=3 timeout=1
            ProxySet lbmethod=byrequests
        </Proxy>
        ProxyPass "/"  "balancer://backend/"
        ProxyPassReverse "/"  "balancer://backend/"
</VirtualHost>
""",
)

TALENTIFY_STICKY = Conf(
    "seed 000: cookie",
    """\
<VirtualHost *:{port}>
                ServerName ind.talentify.in
                Header add Set-Cookie "ROUTEID=.%{BALANCER_WORKER_ROUTE}e; path=/" \
env=BALANCER_ROUTE_CHANGED
                <Proxy balancer://backend>
                    #BalancerMember http://db.talentify.in
                    BalancerMember http://127.0.0.1:{m0} route=1
                    BalancerMember http://127.0.0.1:{m1} route=2
                    ProxySet lbmethod=bytraffic
                    ProxySet stickysession=ROUTEID
                </Proxy>
                ProxyPreserveHost On
                ProxyPass "/"  "balancer://backend/"
                ProxyPassReverse "/"  "balancer://backend/"
</VirtualHost>
""",
)

TALENTIFY_REDIRECT = Conf(
    "seed 000: redirect",
    """\
<VirtualHost *:{port}>
    ServerAdmin webmaster@localhost
    CustomLog logs/access.log combined
    LogFormat "%h %l %u %t \\"%r\\" %>s %O" combined
Redirect permanent / https://ind.talentify.in/
</VirtualHost>
""",
)

CLUSTER = """\
<VirtualHost *:{port}>
    ServerName www.example.com

    # Enable proxying
    ProxyRequests Off
    ProxyPass / balancer://mycluster/
    ProxyPassReverse / balancer://mycluster/

    # Define the load balancing cluster
    <Proxy balancer://mycluster>
        BalancerMember http://127.0.0.1:{m0}
        BalancerMember http://127.0.0.1:{m1}
        BalancerMember http://127.0.0.1:{m2}

        # Optional: Load balancing method (by requests, traffic, or busyness)
        # Method can be set to byrequests, bytraffic, or bybusyness
        # By default, it uses "byrequests"
        # Set the maximum number of requests per worker before it is taken out
        MaxRequestPerChild 10000
    </Proxy>

    # Enable connection timeout and keep-alive
    Timeout 300
    KeepAlive On
    MaxKeepAliveRequests 100
    KeepAliveTimeout 5
</VirtualHost>
"""

CLUSTER_REFUSED = Conf("seed 001: cluster as printed", CLUSTER)
CLUSTER_CURED = Conf(
    "seed 001: cluster without the misplaced line",
    CLUSTER.replace("        MaxRequestPerChild 10000\n", ""),
)

MODULES = Conf(
    "seed 001: modules",
    """\
LoadModule proxy_module modules/mod_proxy.so
LoadModule proxy_http_module modules/mod_proxy_http.so
LoadModule proxy_balancer_module modules/mod_proxy_balancer.so
LoadModule slotmem_shm_module modules/mod_slotmem_shm.so
LoadModule lbmethod_byrequests_module modules/mod_lbmethod_byrequests.so
LoadModule lbmethod_bytraffic_module modules/mod_lbmethod_bytraffic.so
LoadModule lbmethod_bybusyness_module modules/mod_lbmethod_bybusyness.so
ProxyPass / http://127.0.0.1:{m0}/
""",
)

HEALTH = Conf(
    "seed 001: health",
    """\
<Proxy balancer://mycluster>
    BalancerMember http://127.0.0.1:{m0} status=+H
    BalancerMember http://127.0.0.1:{m1} status=+H
    BalancerMember http://127.0.0.1:{m2} status=+H

    # The "status=+H" means health checks are enabled
    # The servers will be marked as "in service" or "out of service"

    # Optional: Set a load balancing method
    BalancerMember http://127.0.0.1:{m3} ping=1
</Proxy>
ProxyPass / balancer://mycluster/
""",
)

STICKY = Conf(
    "seed 001: bare Stickysession",
    """\
<Proxy balancer://mycluster>
    BalancerMember http://127.0.0.1:{m0} route=server1
    BalancerMember http://127.0.0.1:{m1} route=server2
    BalancerMember http://127.0.0.1:{m2} route=server3

    # Enable sticky sessions using the route parameter
    Stickysession JSESSIONID
</Proxy>
ProxyPass / balancer://mycluster/
""",
)

STATUS = Conf(
    "seed 001: status",
    """\
<Location "/server-status">
    SetHandler server-status
    Require host example.com  # restrict access to authorized IPs
</Location>
ProxyPass /app/ http://127.0.0.1:{m0}/
""",
)

TAN = """\
    BalancerMember http://127.0.0.1:{m0} route=node1
    BalancerMember http://127.0.0.1:{m1} route=node2
    ProxySet stickysession=BALANCEID
"""
TAN_RULES = """\

    ProxyPassMatch ^(/.*)$ balancer://mycluster$1
    ProxyPassReverse / http://127.0.0.1:{m0}/
    ProxyPassReverse / http://127.0.0.1:{m1}/
    ProxyPassReverseCookieDomain 127.0.0.1 localhost
    ProxyPassReverseCookieDomain 127.0.0.1 localhost
"""
GERRY_LOST = Conf("seed 002: Proxy tags lost", TAN + TAN_RULES)
GERRY = Conf(
    "seed 002: with its tags",
    f"<Proxy balancer://mycluster>\n{TAN}</Proxy>{TAN_RULES}",
)

APE = """\
<VirtualHost *:{port}>
# route all requests starts with /static/ to static balancer
ProxyPass /static/ balancer://static-balancer/
# describe static balancer members
<Proxy balancer://static-balancer/>
BalancerMember http://127.0.0.1:{m0}/media/
BalancerMember http://127.0.0.1:{m1}/media/
</Proxy>
# enable reversing of response redirects
ProxyPassReverse /static/ http://127.0.0.1:{m0}/media/
ProxyPassReverse /static/ http://127.0.0.1:{m1}/media/
# route all other requests to application balancer
ProxyPass / balancer://app-balancer/ stickysession=sessionid routeregex=!(.*)$
# describe application balancer members
<Proxy balancer://app-balancer/>
BalancerMember http://127.0.0.1:{m2}/ route=app1
BalancerMember http://127.0.0.1:{m3}/ route=app2
</Proxy>
# enable reversing of response redirects
ProxyPassReverse / http://127.0.0.1:{m2}/
ProxyPassReverse / http://127.0.0.1:{m2}/
# enable reversing of domain in Set-Cookie headers
ProxyPassReverseCookieDomain app1.site.com www.site.com
ProxyPassReverseCookieDomain app2.site.com www.site.com
</VirtualHost>
"""
HELICON = Conf("seed 003: as printed", APE)
HELICON_LOST = Conf(
    "seed 003: Proxy tags lost",
    "".join(
        line
        for line in APE.splitlines(keepends=True)
        if not line.startswith(("<Proxy", "</Proxy", "<Virtual", "</Virtual"))
    ),
)
HELICON_CURED = Conf(
    "seed 003: in Apache's words",
    APE.replace("routeregex=!(.*)$", "stickysessionsep=!"),
)

SIMPLE = Conf(
    "seed 004: one member",
    """\
ProxyPass / http://localhost:{m0}/
ProxyPassReverse / http://localhost:{m0}/
""",
)

PAIR = """\
<Proxy balancer://mycluster>
BalancerMember http://127.0.0.1:{m0}
BalancerMember http://127.0.0.1:{m1} STATUS
</Proxy>
ProxyPass / balancer://mycluster/
ProxyPassReverse / balancer://mycluster/
"""
TWO = Conf("seed 004: two members", PAIR.replace(" STATUS", ""))
STANDBY = Conf("seed 004: hot_standby", PAIR.replace("STATUS", "status=hot_standby"))


FRONT_TLS = Conf(
    "seed 000: https",
    """\
Listen 127.0.0.1:{port2}
<VirtualHost *:{port2}>
    ServerName ind.talentify.in
    ServerAdmin webmaster@localhost
    SSLEngine on
    SSLCertificateFile      {tls}/front.crt
    SSLCertificateKeyFile  {tls}/front.pem
    SSLCertificateChainFile {tls}/ca.crt
    <Proxy balancer://backend>
        BalancerMember http://127.0.0.1:{m0} route=1
        BalancerMember http://127.0.0.1:{m1} route=2
        ProxySet lbmethod=bytraffic
        ProxySet stickysession=ROUTEID
    </Proxy>
    Header add Set-Cookie "ROUTEID=.%{BALANCER_WORKER_ROUTE}e; path=/" \
env=BALANCER_ROUTE_CHANGED
    ProxyPreserveHost On
    ProxyPass "/"  "balancer://backend/"
    ProxyPassReverse "/"  "balancer://backend/"
</VirtualHost>
<VirtualHost *:{port}>
    ServerName ind.talentify.in
    Redirect permanent / https://ind.talentify.in/
</VirtualHost>
""",
    secure=True,
)

BOTH_TLS = Conf(
    "seed 001: https",
    """\
SSLProxyEngine on
<VirtualHost *:{port}>
    ServerName www.example.com

    SSLEngine on
    SSLCertificateFile {tls}/front.crt
    SSLCertificateKeyFile {tls}/front.pem
    SSLCertificateChainFile {tls}/ca.crt

    # Enable reverse proxy for HTTPS
    ProxyRequests Off
    ProxyPass / balancer://mycluster/
    ProxyPassReverse / balancer://mycluster/

    # Define the load balancing cluster
    <Proxy balancer://mycluster>
        BalancerMember https://127.0.0.1:{m0}
        BalancerMember https://127.0.0.1:{m1}
        BalancerMember https://127.0.0.1:{m2}
    </Proxy>
</VirtualHost>
""",
    secure=True,
    members={0: Secured(), 1: Secured(), 2: Secured()},
)

# As printed, without the line above: httpd answers 500 to everything.
BOTH_TLS_PRINTED = replace(
    BOTH_TLS,
    name="seed 001: https as printed",
    text=BOTH_TLS.text.replace("SSLProxyEngine on\n", ""),
)

SINGLE_TLS = Conf(
    "seed 004: https",
    """\
ProxyPass / http://localhost:{m0}/
ProxyPassReverse / http://localhost:{m0}/

SSLEngine on
SSLCertificateFile {tls}/front.crt
SSLCertificateKeyFile {tls}/front.pem
""",
    secure=True,
)


def _case(
    conf: Conf,
    name: str,
    *steps: Step,
    view: View = View.SEQUENCE,
    members: Mapping[int, Script] | None = None,
) -> Case:
    return Case(f"{conf.name}: {name}", conf, steps, members=members or {}, view=view)


def _lenient(conf: Conf, name: str, *steps: Step, served: object) -> Case:
    """httpd does not start; fastlb serves so."""
    return Case(
        f"{conf.name}: {name}",
        conf,
        steps,
        view=View.SEQUENCE,
        differs=DIFFERS[conf.name],
        instead={"": served},
        compat=True,
    )


def _redirect(location: str) -> Script:
    return turn(answer(b"", f"Location: {location}", status="302 Found"))


CASES: tuple[Case, ...] = (
    _case(
        FRONT_TLS,
        "served",
        Secure("ind.talentify.in", port="port2"),
        *get("/a", host="ind.talentify.in"),
        *get("/b", "Cookie: ROUTEID=.1", host="ind.talentify.in"),
        view=View.FULL,
    ),
    _case(
        FRONT_TLS, "from http", *get("/a?b", host="ind.talentify.in"), view=View.FULL
    ),
    _case(
        BOTH_TLS,
        "served",
        Secure("www.example.com"),
        *get("/x", host="www.example.com") * 6,
    ),
    _case(
        BOTH_TLS,
        "redirects of members",
        Secure("www.example.com"),
        *get("/x", host="www.example.com") * 3,
        view=View.FULL,
        members={
            index: _redirect(f"https://127.0.0.1:{{m{index}}}/login")
            for index in range(3)
        },
    ),
    Case(
        "seed 001: https as printed: served",
        BOTH_TLS_PRINTED,
        (Secure("www.example.com"), *get("/x", host="www.example.com")),
        view=View.SEQUENCE,
        differs="`https://` member without `SSLProxyEngine on`",
        instead={"": ["TLSv1.3 front.test", "200 m0"]},
        compat=True,
    ),
    _case(SINGLE_TLS, "served", Secure("front.test"), *get("/x"), view=View.FULL),
    _case(SINGLE_TLS, "asked in clear", *get("/x"), view=View.FULL),
    _case(TALENTIFY, "one to three", *get("/") * 8),
    _case(
        TALENTIFY,
        "the client's name reaches the member",
        *get("/x", host="ind.talentify.in"),
        view=View.FULL,
    ),
    _case(TALENTIFY_STICKY, "cookie is set once", *get("/"), view=View.FULL),
    _case(
        TALENTIFY_STICKY,
        "cookie is honoured",
        *get("/", "Cookie: ROUTEID=.2") * 2,
        view=View.FULL,
    ),
    _case(TALENTIFY_REDIRECT, "to https", *get("/a/b?c=d"), view=View.FULL),
    _lenient(
        CLUSTER_REFUSED,
        "three members",
        *get("/") * 3,
        served=["200 m0", "200 m1", "200 m2"],
    ),
    _case(CLUSTER_CURED, "three members", *get("/") * 6),
    _case(
        CLUSTER_CURED,
        "redirect of a member",
        *get("/"),
        view=View.FULL,
        members={i: _redirect(f"http://127.0.0.1:{{m{i}}}/next") for i in range(3)},
    ),
    _case(MODULES, "are there", *get("/x")),
    _case(HEALTH, "the fourth member takes everything", *get("/") * 4),
    _case(HEALTH, "standbys share when it is gone", Down(3), *get("/") * 4),
    _lenient(
        STICKY,
        "sessions stick",
        *get("/", "Cookie: JSESSIONID=x.server3"),
        *get("/", "Cookie: JSESSIONID=x.server3"),
        *get("/", "Cookie: JSESSIONID=x.server2"),
        served=["200 m2", "200 m2", "200 m1"],
    ),
    _case(STATUS, "words after # are host names", *get("/server-status?auto")),
    _case(STATUS, "the rest is served", *get("/app/x")),
    _lenient(
        GERRY_LOST,
        "sessions stick",
        *get("/a", "Cookie: BALANCEID=balancer.node2"),
        *get("/a", "Cookie: BALANCEID=balancer.node1"),
        served=["200 m1", "200 m0"],
    ),
    _case(
        GERRY,
        "sessions stick",
        *get("/a?b=c", "Cookie: BALANCEID=balancer.node2"),
        *get("/a?b=c", "Cookie: BALANCEID=balancer.node1"),
        view=View.TARGET,
    ),
    _case(
        GERRY,
        "redirect and cookie domain",
        *get("/a", "Cookie: BALANCEID=balancer.node2"),
        view=View.FULL,
        members={
            1: turn(
                answer(
                    b"",
                    "Location: http://127.0.0.1:{m1}/b",
                    "Set-Cookie: BALANCEID=balancer.node2; domain=127.0.0.1",
                    status="302 Found",
                )
            )
        },
    ),
    _lenient(
        HELICON,
        "sessions stick by the part after the mark",
        *get("/x", "Cookie: sessionid=abc!app2"),
        *get("/x", "Cookie: sessionid=abc!app1"),
        served=["200 m3", "200 m2"],
    ),
    _lenient(
        HELICON_LOST,
        "sessions stick by the part after the mark",
        *get("/x", "Cookie: sessionid=abc!app2"),
        *get("/x", "Cookie: sessionid=abc!app1"),
        *get("/static/a") * 2,
        served=["200 m3", "200 m2", "200 m0", "200 m1"],
    ),
    _case(
        HELICON_CURED,
        "sessions stick",
        *get("/x", "Cookie: sessionid=abc!app2"),
        *get("/x", "Cookie: sessionid=abc!app1"),
    ),
    _case(
        HELICON_CURED,
        "two slashes reach members whose path ends in one",
        *get("/static/a"),
        *get("/x/y", "Cookie: sessionid=abc!app2"),
        view=View.TARGET,
    ),
    _case(
        HELICON_CURED,
        "redirect of a static member",
        *get("/static/a"),
        view=View.FULL,
        members={
            0: _redirect("http://127.0.0.1:{m0}/media/b"),
            1: _redirect("http://127.0.0.1:{m1}/media/b"),
        },
    ),
    _case(
        SIMPLE,
        "proxied and reversed",
        *get("/a?b"),
        view=View.FULL,
        members={0: _redirect("http://localhost:{m0}/next")},
    ),
    _case(TWO, "turn by turn", *get("/") * 4),
    _lenient(
        STANDBY,
        "the second stands by",
        *get("/") * 3,
        Down(0),
        *get("/"),
        served=["200 m0", "200 m0", "200 m0", "200 m1"],
    ),
)
