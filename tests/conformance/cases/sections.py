"""Sections that hold for some requests of a mapping, and octets beyond ASCII."""

from collections.abc import Mapping

from ..case import Case, Conf, View, get, gets

SEVERAL_WAYS = (
    "path that members may read in several ways "
    r"(`/x/..;/admin`, `/admin%2fx`, `\`, `//`)"
)

PART = Conf(
    "parts of a target",
    """\
AllowEncodedSlashes NoDecode
<Proxy http://127.0.0.1:{m0}/secret>
  Require all denied
</Proxy>
<Proxy "http://127.0.0.1:{m0}/a b">
  Require all denied
</Proxy>
<Proxy "http://127.0.0.1:{m0}/é">
  Require all denied
</Proxy>
<Proxy "http://127.0.0.1:{m0}/q;x*.php">
  Require all denied
</Proxy>
<ProxyMatch "http://127.0.0.1:{m0}/.*[.]jsp$">
  Require all denied
</ProxyMatch>
<ProxyMatch "^balancer://app/[^/]*secret">
  Require all denied
</ProxyMatch>
<Proxy balancer://app/inner/*/x>
  Require all denied
</Proxy>
<Proxy balancer://app>
  BalancerMember http://127.0.0.1:{m0}/base
</Proxy>
ProxyPass /raw/ http://127.0.0.1:{m0}/ nocanon
ProxyPass /pre/ http://127.0.0.1:{m0}/sec
ProxyPass /b/ balancer://app/
ProxyPassMatch ^/m/(.*)$ http://127.0.0.1:{m0}/$1
ProxyPassMatch ^/n(/.*)$ http://127.0.0.1:{m0}$1
ProxyPass / http://127.0.0.1:{m0}/
""",
)

OCTETS = Conf(
    "octets beyond ASCII",
    """\
ErrorDocument 403 "non, désolé"
<Location "/é">
  Require all denied
</Location>
<LocationMatch "^/[ü]x">
  Require all denied
</LocationMatch>
<LocationMatch "^/ü+y">
  Require all denied
</LocationMatch>
<Location "/g*é">
  Require all denied
</Location>
Redirect /à http://front.test/où/
ProxyPass /ö/ http://127.0.0.1:{m0}/ä/
RequestHeader set X-A "é"
Header set X-B "é"
ProxyPass / http://127.0.0.1:{m0}/
""",
)

RUNS = Conf(
    "runs of slashes before sections",
    """\
MergeSlashes Off
<Location /admin>
  Require all denied
</Location>
<Location /app/admin>
  Require all denied
</Location>
<Location /glob/*/end>
  Require all denied
</Location>
<Location /slash/>
  Require all denied
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
)

URI = Conf(
    "path of variables",
    """\
SetEnvIf Request_URI "^/secret" SHUT
<Location /in>
  SetEnvIf Request_URI "^/in/secret" SHUT
</Location>
<Location />
  <RequireAll>
    Require all granted
    Require not env SHUT
  </RequireAll>
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
)

PASS_INHERIT = Conf(
    "ProxyPassInherit Off",
    """\
ProxyPass /main http://127.0.0.1:{m0}/main
<VirtualHost *:{port}>
  ServerName first.test
  ProxyPassInherit Off
  ProxyPass /own http://127.0.0.1:{m1}/own
</VirtualHost>
<VirtualHost *:{port}>
  ServerName second.test
  ProxyPassInherit On
  ProxyPass /own http://127.0.0.1:{m1}/own
</VirtualHost>
""",
)

METHODS = Conf(
    "registered in sections",
    """\
HttpProtocolOptions RegisteredMethods
RegisterHttpMethod BREW
<Location /get>
  Require method GET
</Location>
<Location /head>
  Require method HEAD
</Location>
<Location /brew>
  Require method BREW
</Location>
<Location /not-get>
  <RequireAll>
    Require all granted
    Require not method GET
  </RequireAll>
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
)


def _inherited(name: str, line: str) -> Conf:
    return Conf(
        f"inherited balancer, {name}",
        f"""\
<Proxy balancer://main>
  BalancerMember http://127.0.0.1:{{m0}}
  BalancerMember http://127.0.0.1:{{m1}}
</Proxy>
<VirtualHost *:{{port}}>
  ServerName first.test
  ProxyPass / balancer://main/
</VirtualHost>
<VirtualHost *:{{port}}>
  ServerName second.test
  {line}
  ProxyPass / balancer://main/
</VirtualHost>
""",
    )


def _targets(conf: Conf, targets: Mapping[str, str]) -> tuple[Case, ...]:
    return tuple(
        Case(f"{conf.name}: {name}", conf, get(target), view=View.TARGET)
        for name, target in targets.items()
    )


def _methods(name: str, path: str) -> Case:
    methods = ("GET", "HEAD", "POST", "BREW", "OTHER")
    steps = (step for method in methods for step in get(path, method=method))
    return Case(f"{METHODS.name}: {name}", METHODS, tuple(steps), view=View.TARGET)


def _shared(name: str, line: str) -> Case:
    hosts = ("first", "second", "first", "first", "second", "second", "first")
    steps = (step for host in hosts for step in get("/", host=f"{host}.test"))
    conf = _inherited(name, line)
    return Case(conf.name, conf, tuple(steps), view=View.SEQUENCE)


CASES: tuple[Case, ...] = (
    *_targets(
        PART,
        {
            "inside": "/secret/x",
            "plain prefix": "/secretary",
            "case counts": "/Secret",
            "escapes are undone": "/%73ecret",
            "dot segments are gone": "/x/../secret",
            "runs of slashes are one": "//secret",
            "elsewhere in the path": "/x/secret",
            "encoded slash": "/secret%2fx",
            "encoded slash inside": "/se%2fcret",
            "query does not hide": "/secret?x",
            "query does not count": "/x?/secret",
            "blank": "/a%20b",
            "plus is no blank": "/a+b",
            "beyond ASCII": "/%c3%a9",
            "glob": "/q;x1.php",
            "glob over slashes": "/q;x/y.php",
            "glob, escaped": "/q%3bx1.php",
            "glob, query": "/q;x1.php?x",
            "end of the path": "/x.jsp",
            "end of the path, query": "/x.jsp?y",
            "end of the path, longer": "/x.jspx",
            "end of the path, slash": "/x.jsp/",
            "end of the path, escaped": "/x%2ejsp",
            "end of the path, question mark escaped": "/x.jsp%3fx",
            "nocanon": "/raw/secret",
            "nocanon, query counts": "/raw/x.jsp?y",
            "nocanon, run of slashes at the joint": "/raw//secret",
            "joined with the target": "/pre/ret",
            "joined with the target, outside": "/pre/x",
            "balancer": "/b/secret",
            "balancer, regex": "/b/xsecret",
            "balancer, regex outside": "/b/x/secret",
            "balancer, glob": "/b/inner/a/b/x",
            "balancer, glob outside": "/b/inner/x",
            "captures": "/m/secret",
            "captures, two slashes": "/m//secret",
            "captures with the slash": "/n/secret",
            "captures, query": "/m/x.jsp?q",
            "captures, question mark escaped": "/m/x%3fy.jsp",
        },
    ),
    *(
        Case(
            f"{PART.name}: {name}",
            PART,
            get(target),
            view=View.TARGET,
            differs=SEVERAL_WAYS,
            instead={"answers": ["403"], "members": []},
        )
        for name, target in (
            ("end of the path, parameter", "/x.jsp;a=b"),
            ("nocanon, escapes count", "/raw/%73ecret"),
        )
    ),
    *(
        Case(f"{OCTETS.name}: {name}", OCTETS, get(target))
        for name, target in {
            "location": "/%c3%a9",
            "location, latin-1": "/%e9",
            "class of octets": "/%c3%bcx",
            "regex repeats the last octet": "/%c3%bc%bcy",
            "glob": "/g%c3%a9",
            "redirect": "/%c3%a0/x",
            "mapping": "/%c3%b6/x",
        }.items()
    ),
    Case(
        "SetEnvIf Request_URI of an escaped path",
        URI,
        (*get("/%73ecret"), *get("/x/../secret"), *get("/in/%73ecret")),
        view=View.SEQUENCE,
        differs="`SetEnvIf Request_URI` outside sections",
        instead={"": ["403 <page 403 Forbidden>"] * 3},
    ),
    Case(
        "a <Location> is met by runs of slashes that are not merged",
        RUNS,
        tuple(
            step
            for target in (
                "/admin/secret",
                "//admin/secret",
                "///admin",
                "/admin//secret",
                "/app//admin/x",
                "//app/admin",
                "/app/x//y",
                "//glob//x/end",
                "/glob/x//end",
                "/slash//",
                "//slash//x",
                "//open",
            )
            for step in get(target)
        ),
        view=View.TARGET,
    ),
    Case(
        "ProxyPassInherit: Off and On",
        PASS_INHERIT,
        (
            *get("/main", host="first.test"),
            *get("/own", host="first.test"),
            *get("/main", host="second.test"),
            *get("/own", host="second.test"),
        ),
        view=View.SEQUENCE,
        differs="`ProxyPassInherit Off`",
        instead={"0": "404 <page 404 Not Found>"},
        compat=True,
    ),
    _methods("GET is HEAD", "/get"),
    _methods("HEAD is GET", "/head"),
    _methods("registered", "/brew"),
    _methods("not", "/not-get"),
    _shared("as it is", ""),
    _shared(
        "other settings",
        "<Proxy balancer://main>\n  ProxySet maxattempts=1\n  </Proxy>",
    ),
    _shared(
        "other members",
        "<Proxy balancer://main>\n  BalancerMember http://127.0.0.1:{m2}\n  </Proxy>",
    ),
    Case(
        "inherited balancer: the main server is one of them",
        Conf(
            "inherited balancer, main server",
            """\
<Proxy balancer://main>
  BalancerMember http://127.0.0.1:{m0} loadfactor=2
  BalancerMember http://127.0.0.1:{m1}
</Proxy>
ProxyPass / balancer://main/
Listen 127.0.0.1:{port2}
<VirtualHost *:{port2}>
  ServerName other.test
</VirtualHost>
""",
        ),
        (
            *gets("/", 2),
            *get("/", port="port2", conn="b"),
            *gets("/", 2),
            *get("/", port="port2", conn="b"),
        ),
        view=View.SEQUENCE,
    ),
)
