"""SetHandler: who answers, by name, by an expression, and by a target."""

from ..case import Case, Close, Conf, Step, View, ask, get, request

HANDLED = Conf(
    "handlers that are targets",
    """\
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
DocumentRoot "{root}/htdocs"
<Location /plain>
  SetHandler "proxy:http://127.0.0.1:{m0}"
</Location>
<Location /slash>
  SetHandler "proxy:http://127.0.0.1:{m0}/"
</Location>
<Location /path>
  SetHandler "proxy:http://127.0.0.1:{m0}/base"
</Location>
<Location /pathslash>
  SetHandler "proxy:http://127.0.0.1:{m0}/base/"
  ProxyPassReverse "http://127.0.0.1:{m0}/base/"
</Location>
<Location /upper>
  SetHandler "Proxy:http://127.0.0.1:{m0}"
</Location>
<Location /balancer>
  SetHandler "proxy:balancer://pool"
</Location>
<Location /balancerpath>
  SetHandler "proxy:balancer://pool/base"
</Location>
<Location /mapped>
  SetHandler "proxy:http://127.0.0.1:{m0}"
</Location>
ProxyPass /mapped http://127.0.0.1:{m1}/other
<Location /plain/none>
  SetHandler none
</Location>
<Location /plain/server-status>
  SetHandler server-status
</Location>
<Location /if>
  <If "%{req:X-To} == 'one'">
    SetHandler "proxy:http://127.0.0.1:{m0}"
  </If>
  <ElseIf "%{req:X-To} == 'pool'">
    SetHandler "proxy:balancer://pool"
  </ElseIf>
</Location>
<Location /denied>
  SetHandler "proxy:http://127.0.0.1:{m0}"
  Require all denied
</Location>
<Location /moved>
  SetHandler "proxy:http://127.0.0.1:{m0}"
  Redirect http://elsewhere.test/
</Location>
<Proxy balancer://pool>
  BalancerMember http://127.0.0.1:{m1}
  RequestHeader set X-Pool yes
</Proxy>
<Proxy http://127.0.0.1:{m0}>
  RequestHeader set X-Proxy yes
</Proxy>
<Location /expr>
  SetHandler "proxy:http://127.0.0.1:{m0}/%{req:X-To}"
</Location>
<Location /whole>
  SetHandler "%{req:X-Handler}"
</Location>
<Location /fails>
  SetHandler "%{file:/nowhere}"
</Location>
<Location /nonesuch>
  SetHandler nonesuch
</Location>
<Location /prefixed>
  SetHandler "expr=proxy:http://127.0.0.1:{m0}"
</Location>
<Location /redirected>
  SetHandler "proxy:http://127.0.0.1:{m0}"
</Location>
<Location /status/redirected>
  SetHandler server-status
</Location>
Redirect /redirected http://elsewhere.test/
Redirect /status/redirected http://elsewhere.test/
ProxyPass /excluded !
<Location /excluded>
  SetHandler "proxy:http://127.0.0.1:{m0}"
</Location>
<Location /ws>
  SetHandler "proxy:ws://127.0.0.1:{m0}"
</Location>
<Location /preserve>
  SetHandler "proxy:http://127.0.0.1:{m0}"
  ProxyPreserveHost On
  RequestHeader set X-Handler "expr=%{HANDLER}"
</Location>
""",
    {"htdocs/plain/dir/file": "x", "htdocs/path/file": "x", "htdocs/if/x/y": "x"},
)


def _asked(*requests: tuple[str, ...]) -> tuple[Step, ...]:
    return tuple(step for one in requests for step in (*get(one[0], *one[1:]), Close()))


CASES = (
    Case(
        "handler that is a target",
        HANDLED,
        _asked(
            ("/plain",),
            ("/plain/",),
            ("/plain/dir",),
            ("/plain/dir/",),
            ("/plain/dir/file",),
            ("/plain/dir/file/more/than",),
            ("/plain/dir/other/than",),
            ("/plain/a%20b?q=1",),
            ("/slash/a/b",),
            ("/path/a/b",),
            ("/path/file",),
            ("/pathslash/a/b",),
            ("/upper/a",),
            ("/balancer/a",),
            ("/balancerpath/a",),
            ("/mapped/a",),
            ("/plain/none",),
            ("/plain/none/x",),
            ("/denied/a",),
            ("/moved/a",),
            ("/ws/a",),
            ("/preserve/a",),
            ("/redirected/a",),
            ("/status/redirected",),
            ("/excluded/a",),
            ("/nonesuch/a",),
            ("/plain/%c3%a9%3fx",),
        ),
    ),
    Case(
        "handler in an If",
        HANDLED,
        _asked(
            ("/if/x", "X-To: one"),
            ("/if/x/y", "X-To: one"),
            ("/if/x", "X-To: pool"),
            ("/if/x",),
        ),
    ),
    Case(
        "handler by an expression",
        HANDLED,
        _asked(
            ("/expr/a", "X-To: x"),
            ("/expr/a", "X-To: x y"),
            ("/expr/a",),
            ("/whole/a", "X-Handler: none"),
            ("/whole/a", "X-Handler: nonesuch"),
            ("/whole/a", "X-Handler: other"),
            ("/whole/a",),
            ("/fails/a",),
        ),
    ),
    Case(
        "handler with expr=",
        HANDLED,
        _asked(("/prefixed/a",)),
        view=View.TARGET,
        differs="`SetHandler` with `expr=` before its text",
        instead={
            "answers/0": "200",
            "members": ["m0 GET {root}/htdocs/prefixed HTTP/1.1"],
        },
        compat=True,
    ),
    Case(
        "handler by an expression: a page",
        HANDLED,
        _asked(("/whole/a?auto", "X-Handler: server-status")),
        view=View.STATUS,
    ),
    Case(
        "handler by an expression: a member of the request's",
        HANDLED,
        _asked(("/whole/a", "X-Handler: proxy:http://127.0.0.1:1/")),
        view=View.STATUS,
        differs="`SetHandler` whose member comes out of the request",
        instead={"0": "500"},
    ),
    Case(
        "handler that is a target: methods",
        HANDLED,
        (
            *ask(request("/plain/p", method="POST", body=b"body")),
            *get("/plain/h", method="HEAD"),
            *get("/plain/o", method="OPTIONS"),
            *get("/plain/d", method="DELETE"),
        ),
    ),
)
