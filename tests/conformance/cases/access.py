"""Access control and the request environment that rules test."""

from ..case import Case, Conf, View, get
from ..members import answer, turn

REQUIRE = Conf(
    "Require",
    """\
<Location /granted>
  Require all granted
</Location>
<Location /denied>
  Require all denied
</Location>
<Location /ip>
  Require ip 127.0.0.1
</Location>
<Location /ip-partial>
  Require ip 127.0
</Location>
<Location /ip-mask>
  Require ip 127.0.0.0/255.0.0.0
</Location>
<Location /ip-cidr>
  Require ip 10.0.0.0/8 127.0.0.0/8
</Location>
<Location /ip-other>
  Require ip 10.0.0.0/8 ::1
</Location>
<Location /not-ip>
  <RequireAll>
    Require all granted
    Require not ip 127.0.0.1
  </RequireAll>
</Location>
<Location /local>
  Require local
</Location>
<Location /env>
  Require env LET_IN
</Location>
<Location /method>
  Require method GET HEAD
</Location>
<Location /any>
  Require ip 10.0.0.1
  Require env LET_IN
</Location>
<Location /all>
  <RequireAll>
    Require ip 127.0.0.1
    Require env LET_IN
  </RequireAll>
</Location>
<Location /none>
  <RequireAll>
    Require all granted
    <RequireNone>
      Require env LET_IN
      Require ip 10.0.0.1
    </RequireNone>
  </RequireAll>
</Location>
<Location /nested>
  <RequireAny>
    <RequireAll>
      Require env LET_IN
      Require method POST
    </RequireAll>
    Require env OTHER
  </RequireAny>
</Location>
<Location /granted/inner>
  Require all denied
</Location>
<Location /denied/inner>
  Require all granted
</Location>
<Location /and>
  Require env LET_IN
</Location>
<Location /and/inner>
  AuthMerging And
  Require env OTHER
</Location>
<Location /old>
  Order deny,allow
  Deny from all
  Allow from 127.0.0.1
</Location>
<Location /old-denied>
  Order allow,deny
  Allow from all
  Deny from 127.
</Location>
SetEnvIf X-Key "^open$" LET_IN
SetEnvIf X-Other . OTHER=1
ProxyPass / http://127.0.0.1:{m0}/
""",
)

PROXIED = Conf(
    "Require for targets",
    """\
SetEnvIf X-Key "^open$" LET_IN
<Proxy http://127.0.0.1:{m0}/secret>
  Require all denied
</Proxy>
<ProxyMatch ^http://[^/]+/hidden/>
  Require env LET_IN
</ProxyMatch>
<Proxy balancer://shut>
  BalancerMember http://127.0.0.1:{m0}
  Require env LET_IN
</Proxy>
ProxyPass /secret http://127.0.0.1:{m0}/secret
ProxyPass /hidden/ http://127.0.0.1:{m0}/hidden/
ProxyPass /shut/ balancer://shut/
ProxyPass /open http://127.0.0.1:{m0}/open
""",
)

PART = Conf(
    "Require for a part of a target",
    """\
<Proxy http://127.0.0.1:{m0}/secret>
  Require all denied
</Proxy>
ProxyPass / http://127.0.0.1:{m0}/
""",
)

ENVIRONMENT = Conf(
    "environment",
    """\
SetEnv PLAIN "a value"
SetEnv EMPTY
SetEnv TWICE one
SetEnv TWICE two
PassEnv IN_ENV
SetEnvIf X-A "^(.)(.*)$" FIRST=$1 REST=$2 BOTH=$2-$1 !GONE
SetEnvIf Request_URI "^/uri/(.*)" URI=$1
SetEnvIf Request_Method POST IS_POST
SetEnvIf Remote_Addr "^127" LOOP=yes
SetEnvIf Request_Protocol "1[.]0$" OLD
SetEnvIf FIRST "^[xyz]$" CHAINED=yes
SetEnvIf Host "front" BY_HOST
SetEnvIf ^X-Re. found BY_REGEX
SetEnvIf X-Missing "^$" MISSING
SetEnvIfNoCase X-Case ABC CASE=$0
BrowserMatch "Bot/([0-9]+)" BOT=$1
BrowserMatchNoCase ROBOT ROBOT
SetEnvIf X-B . GONE=there
SetEnvIf X-C . !GONE
SetEnvIf X-Two ONE=1
SetEnvIfExpr "%{REQUEST_URI} =~ /expr/" EXPR
Header set E-Plain "%{PLAIN}e"
Header set E-Empty "[%{EMPTY}e]"
Header set E-Twice "%{TWICE}e"
Header set E-Passed "%{IN_ENV}e"
Header set E-First "%{FIRST}e" env=FIRST
Header set E-Rest "%{REST}e" env=REST
Header set E-Both "%{BOTH}e" env=BOTH
Header set E-Uri "%{URI}e" env=URI
Header set E-Post "%{IS_POST}e" env=IS_POST
Header set E-Loop "%{LOOP}e" env=LOOP
Header set E-Old "%{OLD}e" env=OLD
Header set E-Chained "%{CHAINED}e" env=CHAINED
Header set E-Host "%{BY_HOST}e" env=BY_HOST
Header set E-Regex "%{BY_REGEX}e" env=BY_REGEX
Header set E-Missing "%{MISSING}e" env=MISSING
Header set E-Case "%{CASE}e" env=CASE
Header set E-Bot "%{BOT}e" env=BOT
Header set E-Robot "%{ROBOT}e" env=ROBOT
Header set E-Gone "%{GONE}e" env=GONE
<Location /section>
  SetEnv TWICE three
  UnsetEnv PLAIN
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""".replace("SetEnvIf X-Two ONE=1\n", "").replace(
        'SetEnvIfExpr "%{REQUEST_URI} =~ /expr/" EXPR\n', ""
    ),
)

OPEN = "X-Key: open"


def _require(name: str, path: str, *headers: str, method: str = "GET") -> Case:
    return Case(
        f"Require: {name}",
        REQUIRE,
        get(path, *headers, method=method),
        view=View.SEQUENCE,
    )


def _env(
    name: str, path: str, *headers: str, version: str = "HTTP/1.1", method: str = "GET"
) -> Case:
    return Case(
        f"environment: {name}",
        ENVIRONMENT,
        get(path, *headers, version=version, method=method),
        members={0: turn(answer(b"x"))},
    )


CASES: tuple[Case, ...] = (
    _require("all granted", "/granted"),
    _require("all denied", "/denied"),
    _require("address", "/ip"),
    _require("partial address", "/ip-partial"),
    _require("mask", "/ip-mask"),
    _require("CIDR", "/ip-cidr"),
    _require("other addresses", "/ip-other"),
    _require("not", "/not-ip"),
    _require("local", "/local"),
    _require("env, unset", "/env"),
    _require("env, set", "/env", OPEN),
    _require("method, listed", "/method"),
    _require("method, not listed", "/method", method="DELETE"),
    _require("any, none holds", "/any"),
    _require("any, one holds", "/any", OPEN),
    _require("all, one fails", "/all"),
    _require("all, all hold", "/all", OPEN),
    _require("none, none holds", "/none"),
    _require("none, one holds", "/none", OPEN),
    _require("nested, inner all fails", "/nested", OPEN),
    _require("nested, inner all holds", "/nested", OPEN, method="POST"),
    _require("nested, other", "/nested", "X-Other: 1"),
    _require("later section replaces: denied", "/granted/inner"),
    _require("later section replaces: granted", "/denied/inner"),
    _require("AuthMerging And, one", "/and/inner", "X-Other: 1"),
    _require("AuthMerging And, both", "/and/inner", "X-Other: 1", OPEN),
    _require("Order deny,allow", "/old"),
    _require("Order allow,deny", "/old-denied"),
    *(
        Case(f"{conf.name}: {name}", conf, get(path, *headers), view=View.SEQUENCE)
        for conf, name, path, headers in (
            (PROXIED, "denied", "/secret/x", ()),
            (PROXIED, "regular expression", "/hidden/x", ()),
            (PROXIED, "regular expression, let in", "/hidden/x", (OPEN,)),
            (PROXIED, "balancer", "/shut/x", ()),
            (PROXIED, "balancer, let in", "/shut/x", (OPEN,)),
            (PROXIED, "elsewhere", "/open", ()),
            (PART, "inside", "/secret/x", ()),
            (PART, "plain prefix", "/secretary", ()),
            (PART, "outside", "/public", ()),
        )
    ),
    _env("nothing special", "/"),
    _env("captures", "/", "X-A: xyz"),
    _env("captures, not chained", "/", "X-A: abc"),
    _env("target", "/uri/a/b?q"),
    _env("method", "/", method="POST"),
    _env("protocol", "/", version="HTTP/1.0"),
    _env("name is a regex", "/", "X-Req: is found here"),
    _env("no case", "/", "X-Case: xabcx"),
    _env("browser", "/", "User-Agent: MyBot/17 robot"),
    _env("set", "/", "X-B: 1"),
    _env("set and unset", "/", "X-B: 1", "X-C: 1"),
    _env("section", "/section"),
)
