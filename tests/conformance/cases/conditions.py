"""Expressions at work: <If>, Require expr, Header expr=, SetEnvIfExpr, CustomLog."""

from ..case import Case, Conf, Log, View, ask, get, request
from ..members import answer, turn

PASS = "ProxyPass / http://127.0.0.1:{m0}/\n"

ORDER = Conf(
    "if order",
    """\
RequestHeader set X-Order main
<If "-n req('X-One')">
  RequestHeader append X-Order if-main
</If>
<Location /a>
  RequestHeader append X-Order a
  <If "%{QUERY_STRING} == 'q'">
    RequestHeader append X-Order if-a
    <If "-n req('X-One')">
      RequestHeader append X-Order if-if-a
    </If>
    <Else>
      RequestHeader append X-Order else-if-a
    </Else>
    RequestHeader append X-Order if-a-again
  </If>
  <ElseIf "%{QUERY_STRING} == 'r'">
    RequestHeader append X-Order elseif-a
  </ElseIf>
  <Else>
    RequestHeader append X-Order else-a
  </Else>
  RequestHeader append X-Order a-again
</Location>
<If "%{REQUEST_URI} =~ m#^/a/b#">
  RequestHeader append X-Order if-b
</If>
<Location /a/b>
  RequestHeader append X-Order b
</Location>
<VirtualHost *:{port}>
  ServerName front.test
  RequestHeader append X-Order host
  <If "true">
    RequestHeader append X-Order if-host
  </If>
  <If "false">
    RequestHeader append X-Order never
  </If>
  <Else>
    RequestHeader append X-Order else-host
  </Else>
  <Proxy *>
    <If "-n req('X-Two')">
      RequestHeader append X-Order if-proxy
    </If>
  </Proxy>
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
""",
)

SETTINGS = Conf(
    "if settings",
    """\
SetEnvIf X-Early (.+) early=$1
SetEnvIfExpr "%{REQUEST_METHOD} == 'POST'" posted
SetEnvIfExpr "%{HTTP:X-Id} =~ /^([a-z]+)-([0-9]+)$/" id=$2 name=$1 whole=$0 !gone
SetEnv late yes
<If "-n reqenv('early')">
  RequestHeader set X-If-Early "%{early}e"
</If>
<If "-n reqenv('late')">
  RequestHeader set X-If-Late seen
</If>
<If "-n reqenv('posted')">
  ProxyPreserveHost On
</If>
<If "%{HTTP_HOST} == 'moved.test'">
  Redirect permanent / https://elsewhere.test/
</If>
<If "-n req('X-Deny')">
  Require all denied
</If>
<If "%{HTTP:X-Env} == 'a'">
  SetEnvIf X-Env (.) in_if=$1
  SetEnv in_if_too b
</If>
<If "-T reqenv('in_if')">
  RequestHeader set X-Never a
</If>
<If "%{REQUEST_URI} == '/lost'">
  ErrorDocument 503 "lost"
</If>
<If "%{HANDLER} == 'proxy-server'">
  RequestHeader set X-Handler "%{in_if}e %{in_if_too}e"
</If>
<If "%{REQUEST_FILENAME} =~ m#/deep/#">
  RequestHeader set X-File deep
</If>
RequestHeader set X-Id "%{id}e %{name}e %{whole}e"
"""
    + PASS,
)

REQUIRED = Conf(
    "require expr",
    """\
SetEnvIf X-Key ^open$ key
<Location /a>
  Require expr %{HTTP:X-Key} == 'open'
</Location>
<Location /b>
  Require expr "%{REQUEST_METHOD} in {'GET', 'HEAD'}"
</Location>
<Location /c>
  <RequireAll>
    Require all granted
    Require not expr "-n reqenv('key')"
  </RequireAll>
</Location>
<Location /d>
  <RequireAny>
    Require expr -R '192.0.2.0/24'
    Require expr "%{QUERY_STRING} =~ /(^|&)pass(&|$)/"
  </RequireAny>
</Location>
<Location /e>
  Require expr file('/nothing/there') == ''
</Location>
<Location /f>
  Require expr true
</Location>
<Location /g>
  Require expr "%{REMOTE_USER} == 'me'"
</Location>
"""
    + PASS,
)

HEADERS = Conf(
    "header expr",
    """\
RequestHeader set X-Scheme "expr=%{REQUEST_SCHEME}"
RequestHeader set X-Who "expr=%{REMOTE_ADDR} %{HTTP:X-Low} [%{tolower:%{HTTP:X-Up}}]"
RequestHeader set X-If yes "expr=%{QUERY_STRING} == 'q'"
RequestHeader set X-Not yes "expr=! %{QUERY_STRING} == 'q'"
RequestHeader unset X-Low "expr=%{QUERY_STRING} == 'unset'"
RequestHeader edit X-Up B "expr=<%{QUERY_STRING}>"
RequestHeader set X-Seen "expr=%{HTTP:X-Scheme}"
RequestHeader add X-Fails yes "expr=file('/nothing/there') == 'x'"
RequestHeader set X-Fails-Too "expr=a%{file:/nothing/there}b"
Header set X-Status "expr=%{REQUEST_STATUS} %{resp:X-Member} %{resp:X-None}"
Header set X-Later "expr=%{resp:X-Status}|%{resp:X-Always}"
Header always set X-Always "expr=%{resp:X-Status}-%{resp:X-Member}"
Header set X-When yes "expr=%{REQUEST_STATUS} == 201"
Header always set X-Bad yes "expr=%{REQUEST_STATUS} -ge 400"
Header edit X-Member m "expr=%{REQUEST_METHOD}"
Header set X-Type "expr=%{CONTENT_TYPE}"
Header merge X-Merge "expr=a"
Header append X-Merge "expr=b"
Header note X-Member member
Header set X-Note "expr=%{note:member}"
ProxyPass /gone http://127.0.0.1:{m1}/
"""
    + PASS,
)

MOVED = Conf(
    "redirect expr",
    """\
<Location /a>
  Redirect "https://%{HTTP_HOST}%{REQUEST_URI}"
</Location>
<Location /b>
  Redirect 307 "/other%{tolower:%{REQUEST_URI}}?x=%{REQUEST_METHOD}"
</Location>
<If "%{QUERY_STRING} == 'plain'">
  Redirect permanent "https://front.test:8443%{REQUEST_URI}"
</If>
<If "%{QUERY_STRING} == 'gone'">
  Redirect gone
</If>
<Location /c>
  Redirect "https://plain.test/c"
</Location>
<Location /d>
  Redirect "https://d.test/%{file:/nothing/there}"
</Location>
"""
    + PASS,
)

LOGGED = Conf(
    "log expr",
    """\
SetEnvIf X-Env . env
CustomLog {root}/logs/a "a %U %>s" "expr=%{REQUEST_STATUS} == 404"
CustomLog {root}/logs/a "b %U" "expr=-n reqenv('env')"
CustomLog {root}/logs/a "c %U" "expr=resp('X-Kind') == 'odd'"
CustomLog {root}/logs/a "d %U" expr=true
CustomLog {root}/logs/a "e %U" expr=false
"""
    + PASS,
)

FOUND = {0: turn(answer(b"ok", "X-Member: m0", "Content-Type: text/plain"))}
MISSING = {0: turn(answer(b"no", status="404 Not Found"))}
ODD = {0: turn(answer(b"ok", "X-Kind: odd"))}


CASES = (
    *(
        Case(f"if order {target} {fields}", ORDER, get(target, *fields))
        for target in ("/", "/a", "/a?q", "/a?r", "/a/b?q", "/a/b")
        for fields in ((), ("X-One: 1",), ("X-One: 1", "X-Two: 2"))
    ),
    *(
        Case(f"if settings {name}", SETTINGS, steps)
        for name, steps in (
            ("nothing", get("/x")),
            ("early", get("/x", "X-Early: e")),
            ("posted", ask(request("/x", method="POST", body=b"ab"))),
            ("moved", get("/x/y?z", host="moved.test")),
            ("denied", get("/x", "X-Deny: 1")),
            ("groups", get("/x", "X-Id: abc-123")),
            ("no groups", get("/x", "X-Id: abc")),
            ("variables", get("/x", "X-Env: a")),
            ("file", get("/deep/x")),
        )
    ),
    *(
        Case(
            f"require expr {target} {fields} {method}",
            REQUIRED,
            get(target, *fields, method=method),
            view=View.STATUS,
        )
        for target in ("/a", "/b", "/c", "/d", "/d?pass", "/e", "/f", "/g")
        for fields in ((), ("X-Key: open",))
        for method in ("GET", "DELETE")
    ),
    *(
        Case(
            f"header expr {target}",
            HEADERS,
            get(target, "X-Low: low", "X-Up: ABC", "X-Merge: a"),
            members=FOUND,
        )
        for target in ("/", "/?q", "/?unset", "/a%20b?x=%41")
    ),
    Case(
        "header expr 404",
        HEADERS,
        get("/", "X-Low: a", "X-Low: b"),
        members=MISSING,
    ),
    *(
        Case(f"redirect expr {target}", MOVED, get(target, host="Front.Test:81"))
        for target in (
            *("/a", "/a/X%20y?q=%41", "/b/AbC", "/b?z", "/x?plain", "/x?gone"),
            *("/c/d?e", "/d", "/x"),
        )
    ),
    Case("log expr 200", LOGGED, (*get("/x"), Log("logs/a", 1))),
    Case(
        "log expr 404",
        LOGGED,
        (*get("/x", "X-Env: 1"), Log("logs/a", 3)),
        members=MISSING,
    ),
    Case("log expr answer", LOGGED, (*get("/x"), Log("logs/a", 2)), members=ODD),
)
