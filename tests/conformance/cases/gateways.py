"""Applications at fcgi://, scgi:// and uwsgi://: what they are told of a request."""

from ..case import Case, Conf, Down, Recv, RecvHead, Send, Step, View, ask, get, request
from ..gateway_member import SCHEMES

MODULES = "/usr/lib/apache2/modules"
FILES = {
    "mime.types": "text/html html htm\ntext/plain txt\n",
    "users": "bob:{SHA}rXguzax3D8brmmLkT5CHP7l/sms=\n",
    "site/index.php": "<?php secret",
    "site/kept.php": "<?php secret",
    "site/sub/index.php": "<?php secret",
    "site/sub/a b.php": "<?php secret",
    "site/plain.txt": "plain\n",
    "site/bare/a.txt": "a\n",
    "more/two.php": "<?php secret",
}


def each(text: str) -> str:
    """The text for every protocol, with its name in place of SCHEME."""
    return "".join(text.replace("SCHEME", scheme) for scheme in SCHEMES)


SCGI = """\
<Location /info-below/>
  ProxyPass scgi://127.0.0.1:{m0}/app/ retry=0
  SetEnvIf Request_URI . proxy-scgi-pathinfo=1
</Location>
<Location /info-root/>
  ProxyPass scgi://127.0.0.1:{m0}/ retry=0
  SetEnvIf Request_URI . proxy-scgi-pathinfo=no
</Location>
"""
MAPPED = Conf(
    "applications",
    "ServerAdmin who@front.test\n"
    + each("""\
ProxyPass /SCHEME/ SCHEME://127.0.0.1:{m0}/app/ retry=0
ProxyPass /root-SCHEME/ SCHEME://127.0.0.1:{m0}/ retry=0
ProxyPass /long-SCHEME SCHEME://127.0.0.1:{m0}/long/er/path/than/it retry=0
ProxyPassMatch ^/match-SCHEME/(.*[.]php(/.*)?)$ SCHEME://127.0.0.1:{m0}/srv/www/$1
<Location /rules-SCHEME/>
  ProxyPass SCHEME://127.0.0.1:{m0}/app/ retry=0
  SetEnv MINE hello
  SetEnv EMPTY
  SetEnv SERVER_NAME never
  SetEnv HTTP_X_FORGED yes
  SetEnvIf Host (.*) SEEN=$1
  RequestHeader set X-Added yes
  RequestHeader unset X-Gone
  RequestHeader append X-More two
  Header set X-Said by-rule
</Location>
<Location /pass-SCHEME/>
  ProxyPass SCHEME://127.0.0.1:{m0}/app/ retry=0
  CGIPassAuth On
</Location>
<Location /login-SCHEME/>
  ProxyPass SCHEME://127.0.0.1:{m0}/app/ retry=0
  AuthType Basic
  AuthName x
  AuthUserFile "{root}/users"
  Require valid-user
</Location>
<Proxy balancer://sticky-SCHEME>
  BalancerMember SCHEME://127.0.0.1:{m0} route=a retry=0
  BalancerMember SCHEME://127.0.0.1:{m1} route=b retry=0
  ProxySet stickysession=SID|sid scolonpathdelim=On
</Proxy>
ProxyPass /sticky-SCHEME/ balancer://sticky-SCHEME/docs/
<Proxy balancer://two-SCHEME>
  BalancerMember SCHEME://127.0.0.1:{m0} retry=600
  BalancerMember SCHEME://127.0.0.1:{m1} retry=600 status=+H
</Proxy>
ProxyPass /two-SCHEME/ balancer://two-SCHEME/
""")
    + SCGI,
    files=FILES,
)

PATHINFO = ("1", "first-dot", "last-dot", "full", "unescape")
FASTCGI = Conf(
    "applications by FastCGI",
    """\
<Location /generic/>
  ProxyPass fcgi://127.0.0.1:{m0}/app/ retry=0
  ProxyFCGIBackendType GENERIC
</Location>
<Location /fpm/>
  ProxyPass fcgi://127.0.0.1:{m0}/app/ retry=0
  ProxyFCGIBackendType FPM
</Location>
<Location /set/>
  ProxyPass fcgi://127.0.0.1:{m0}/app/ retry=0
  SetEnv MINE hello
  ProxyFCGISetEnvIf "true" NEW "x-%{REQUEST_URI}"
  ProxyFCGISetEnvIf "reqenv('QUERY_STRING') =~ /^(a)(.*)/" HAS_Q "[$1$2%{reqenv:MINE}]"
  ProxyFCGISetEnvIf "true" !SERVER_ADMIN
  ProxyFCGISetEnvIf "true" SERVER_NAME
  ProxyFCGISetEnvIf "false" NOT x
  ProxyFCGISetEnvIf "%{req_novary:X-To} == 'one'" TO one
  ProxyFCGISetEnvIf "true" SECOND "%{reqenv:NEW}"
  ProxyFCGISetEnvIf "reqenv('SCRIPT_FILENAME') =~ m#^proxy:fcgi://[^/]+(.*)#" \\
    SCRIPT_FILENAME "$1"
</Location>
<Location /vary/>
  ProxyPass fcgi://127.0.0.1:{m0}/app/ retry=0
  ProxyFCGISetEnvIf "%{req:X-To} == 'one'" TO one
</Location>
<Location /kept/>
  ProxyPass fcgi://127.0.0.1:{m1}/app/ enablereuse=on
</Location>
"""
    + "".join(
        f"<Location /info-{how}/>\n  ProxyPass fcgi://127.0.0.1:{{m0}}/app/ retry=0\n"
        f"  SetEnvIf Request_URI . proxy-fcgi-pathinfo={how}\n</Location>\n"
        for how in PATHINFO
    ),
)

HANDLED = Conf(
    "applications that files name",
    f"LoadModule dir_module {MODULES}/mod_dir.so\n"
    f"LoadModule autoindex_module {MODULES}/mod_autoindex.so\n"
    f"LoadModule rewrite_module {MODULES}/mod_rewrite.so\n"
    f"LoadModule mime_module {MODULES}/mod_mime.so\n"
    "TypesConfig mime.types\n"
    """\
Header unset ETag
DocumentRoot "{root}/site"
Alias /more/ "{root}/more/"
<Directory "{root}">
  Require all granted
  DirectoryIndex index.php
</Directory>
<FilesMatch "[.]php$">
  SetHandler "proxy:fcgi://127.0.0.1:{m0}"
</FilesMatch>
<Files kept.php>
  SetHandler "proxy:fcgi://127.0.0.1:{m1}"
</Files>
<Proxy "fcgi://127.0.0.1:{m1}/">
  ProxySet enablereuse=on
</Proxy>
<Proxy "fcgi://127.0.0.1:{m2}/">
  ProxySet enablereuse=on
</Proxy>
<Directory "{root}/site/sub">
  RewriteEngine On
  RewriteCond %{REQUEST_FILENAME} !-f
  RewriteCond %{REQUEST_FILENAME} !-d
  RewriteRule . /sub/index.php [L]
</Directory>
<VirtualHost *:{port}>
  ServerName front.test
</VirtualHost>
<VirtualHost *:{port}>
  ServerName below.test
  <Files kept.php>
    SetHandler "proxy:fcgi://127.0.0.1:{m2}"
  </Files>
  ProxyPass /passed/ fcgi://127.0.0.1:{m2}/
</VirtualHost>
""",
    files=FILES,
)


def _case(
    scheme: str,
    name: str,
    *steps: Step,
    conf: Conf = MAPPED,
) -> Case:
    return Case(f"{scheme}: {name}", conf, steps, framing=False)


BODY = b"0123456789" * 2000
MANY = (
    "User-Agent: me",
    "Accept: a",
    "X-Odd_Name: 1",
    "X.Dot: 2",
    "Accept: b",
    "Cookie: c=1",
    "Proxy: evil",
    "Cookie: d=2",
    "Content-Type: t/x",
    "X-Empty:",
    "X-Forwarded-For: 192.0.2.9",
    "TE: trailers",
    "Upgrade: foo",
    "Keep-Alive: 3",
    "Trailer: x",
    "Proxy-Connection: a",
    "Proxy-Authorization: Basic x",
    "Authorization: Basic Ym9iOm9uZQ==",
    "X-Gone: 1",
    "X-More: one",
    "Referer: http://a/?b=c",
)
LOGIN = "Authorization: Basic Ym9iOm9uZQ=="
CHUNKED = "Transfer-Encoding: chunked"


def _chunked(data: bytes, size: int) -> bytes:
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


def _chunked_bodies(s: str) -> tuple[Case, ...]:
    small = request(f"/{s}/x", CHUNKED, method="POST") + _chunked(b"abcdef", 4)
    none = request(f"/{s}/x", CHUNKED, method="POST") + _chunked(b"", 4)
    if s == "fcgi":
        return (
            _case(s, "a chunked body", *ask(small)),
            _case(s, "an empty chunked body", *ask(none)),
        )
    return tuple(
        Case(
            f"{s}: {name}",
            MAPPED,
            ask(data),
            view=View.SEQUENCE,
            differs="a chunked body that has come whole, for an application at "
            "`scgi://` or `uwsgi://`",
            instead={"0": "200 m0"},
        )
        for name, data in (("a chunked body", small), ("an empty chunked body", none))
    )


def _told(s: str) -> tuple[Case, ...]:
    """What every protocol tells."""
    return (
        _case(s, "a GET", *get(f"/{s}/a%20b;z=1/%C3%BC?q=r&s=%20")),
        _case(s, "many fields", *get(f"/{s}/x", *MANY)),
        _case(s, "a root", *get(f"/root-{s}/x/y.php/z?")),
        _case(s, "a long path", *get(f"/long-{s}/x")),
        _case(s, "the path itself", *get(f"/long-{s}")),
        _case(s, "a ProxyPassMatch", *get(f"/match-{s}/d/a.php/in/fo?q")),
        _case(s, "slashes and dots", *get(f"/{s}//a/./b/../c//d")),
        _case(s, "marks that are escaped", *get(f"/{s}/a%3Fb%23c%25d%3Be%2Bf+g")),
        _case(s, "Host in capitals", *get(f"/{s}/x", host="Front.TEST")),
        _case(s, "Host with a port", *get(f"/{s}/x", host="front.test:99")),
        _case(s, "a host that nobody serves", *get(f"/{s}/x", host="other.test")),
        _case(s, "an absolute target", *get(f"http://front.test/{s}/x?y")),
        _case(
            s, "HTTP/1.0 without Host", *get(f"/{s}/", host=None, version="HTTP/1.0")
        ),
        _case(s, "HEAD", *get(f"/{s}/x", method="HEAD")),
        _case(s, "OPTIONS", *get(f"/{s}/x", method="OPTIONS")),
        _case(s, "DELETE", *get(f"/{s}/x", method="DELETE")),
        _case(s, "PROPFIND", *get(f"/{s}/x", method="PROPFIND")),
        _case(s, "a method that nobody knows", *get(f"/{s}/x", method="BREW")),
        _case(s, "TRACE", *get(f"/{s}/x", method="TRACE")),
        _case(s, "Max-Forwards", *get(f"/{s}/x", "Max-Forwards: 5")),
        _case(s, "two on a connection", *get(f"/{s}/x"), *get(f"/{s}/y")),
        # rules and logins
        _case(s, "variables and rules", *get(f"/rules-{s}/x", *MANY)),
        _case(s, "a login", *get(f"/login-{s}/x", LOGIN)),
        _case(s, "no login", *get(f"/login-{s}/x")),
        _case(s, "CGIPassAuth", *get(f"/pass-{s}/x", LOGIN)),
        # bodies
        _case(s, "a small body", *ask(request(f"/{s}/x", method="POST", body=b"abc"))),
        _case(s, "an empty body", *ask(request(f"/{s}/x", method="POST", length=True))),
        _case(s, "a POST without one", *get(f"/{s}/x", method="POST")),
        _case(s, "a large body", *ask(request(f"/{s}/x", method="PUT", body=BODY))),
        _case(s, "a body of GET", *ask(request(f"/{s}/x", body=b"abc"))),
        *_chunked_bodies(s),
        _case(
            s,
            "a body that is announced",
            Send(
                request(
                    f"/{s}/x",
                    "Expect: 100-continue",
                    f"Content-Length: {len(BODY)}",
                    method="PUT",
                )
            ),
            RecvHead(),
            Send(BODY),
            Recv("PUT"),
        ),
        # balancers
        _case(s, "a balancer", *get(f"/sticky-{s}/x?y", "Cookie: SID=1.a")),
        _case(s, "a route in a cookie", *get(f"/sticky-{s}/x", "Cookie: SID=1.b")),
        _case(s, "a route in the path", *get(f"/sticky-{s}/x;sid=1.b?q")),
        _case(s, "a member that is not there", Down(0), *get(f"/{s}/x")),
        _case(s, "... in a balancer", Down(0), *get(f"/two-{s}/x")),
    )


def _handled(name: str, target: str, *more: str, **how: str) -> Case:
    return _case("fcgi", f"files: {name}", *get(target, *more, **how), conf=HANDLED)


CASES: tuple[Case, ...] = (
    *(case for scheme in SCHEMES for case in _told(scheme)),
    _case("fcgi", "generic", *get("/generic/a%20b/c?q"), conf=FASTCGI),
    _case("fcgi", "FPM by name", *get("/fpm/a%20b/c?q"), conf=FASTCGI),
    _case("fcgi", "variables by ProxyFCGISetEnvIf", *get("/set/x?ab"), conf=FASTCGI),
    _case(
        "fcgi", "... which a field decides", *get("/set/x", "X-To: one"), conf=FASTCGI
    ),
    Case(
        "fcgi: a field that ProxyFCGISetEnvIf asks for",
        FASTCGI,
        get("/vary/x", "X-To: one"),
        framing=False,
        differs="`Vary` and fields that `ProxyFCGISetEnvIf` asks for",
        instead={
            "client/0/fields": [
                ["Content-Type", "text/plain"],
                ["Date", "<now>"],
                ["Server", "<product>"],
            ]
        },
    ),
    _case("fcgi", "a kept connection", *get("/kept/x") * 2, conf=FASTCGI),
    *(
        _case(
            "fcgi",
            f"proxy-fcgi-pathinfo={how}",
            *get(f"/info-{how}/d.x/a%20b.php/in%20fo?q"),
            conf=FASTCGI,
        )
        for how in PATHINFO
    ),
    *(
        _case("scgi", f"proxy-scgi-pathinfo {where}", *get(f"/info-{where}/a%20b/c?q"))
        for where in ("below", "root")
    ),
    _handled("a script", "/index.php?a=b"),
    _handled("what follows it", "/index.php/in%20fo/x?q"),
    _handled("its folder", "/"),
    _handled("a folder with a blank", "/sub/a%20b.php"),
    _handled("a folder within", "/sub/?q"),
    _handled("what is rewritten to it", "/sub/no/such?q=1"),
    _handled("one at an Alias", "/more/two.php/x"),
    _handled("a member with settings, by its root", "/kept.php"),
    *(
        _handled(f"... of the main server: {path}", path, host="below.test")
        for path in ("/kept.php", "/passed/x.php")
    ),
    _handled("none", "/none.php"),
    _handled("none, at an Alias", "/more/none.php/a"),
    _handled("a folder without", "/bare/"),
    _handled("what no handler takes", "/plain.txt"),
    _handled("HEAD", "/index.php", method="HEAD"),
    _case(
        "fcgi",
        "files: a body",
        *ask(request("/sub/", method="POST", body=b"abc")),
        conf=HANDLED,
    ),
)  # fmt: skip
