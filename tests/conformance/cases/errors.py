"""Errors: the pages, ErrorDocument and ProxyErrorOverride."""

from dataclasses import replace

from ..case import Case, Conf, Down, get
from ..members import Act, Script, answer, turn

CANNED = Conf(
    "pages",
    """\
ProxyPass /refused/ http://127.0.0.1:{m0}/
ProxyPass /closes/ http://127.0.0.1:{m1}/
ProxyPass /head/ http://127.0.0.1:{m1}/
<Proxy balancer://none>
  BalancerMember http://127.0.0.1:{m0} status=+D
</Proxy>
ProxyPass /none/ balancer://none/
<Location /denied>
  Require all denied
</Location>
ProxyPass /denied http://127.0.0.1:{m1}/
ProxyPass /noscheme balancer://none
ProxyPass /dns/ http://no-such-name.invalid/
Redirect gone /gone
Redirect 410 /gone2
Redirect 503 /maintenance
Redirect 404 /hidden
""",
)

SIGNATURE = Conf(
    "signature",
    """\
ServerAdmin admin@front.test
ServerTokens Prod
<VirtualHost *:{port}>
  ServerName front.test
  ServerSignature On
</VirtualHost>
<VirtualHost *:{port}>
  ServerName mail.test
  ServerSignature EMail
</VirtualHost>
""",
)

DOCUMENT = Conf(
    "ErrorDocument",
    """\
ErrorDocument 404 "<h1>not here</h1>"
ErrorDocument 403 /pages/403.html
ErrorDocument 502 /pages/502.html
ErrorDocument 503 http://elsewhere.test/sorry
ErrorDocument 410 "plain text"
ErrorDocument 400 "bad, that was"
Redirect gone /gone
<Location /special>
  ErrorDocument 404 "special one"
</Location>
<Location /default>
  ErrorDocument 404 default
</Location>
<Location /denied>
  Require all denied
</Location>
ProxyPass /pages/ http://127.0.0.1:{m0}/pages/
ProxyPass /refused/ http://127.0.0.1:{m2}/
ProxyPass /closes/ http://127.0.0.1:{m1}/
ProxyPass /denied http://127.0.0.1:{m1}/
ProxyPass /member/ http://127.0.0.1:{m1}/
""",
)

OVERRIDE = Conf(
    "ProxyErrorOverride",
    """\
ErrorDocument 404 "our own 404"
ErrorDocument 500 /pages/500.html
ProxyErrorOverride On
ProxyPass /pages/ http://127.0.0.1:{m0}/pages/
<Location /some/>
  ProxyErrorOverride On 404 500
  ProxyPass http://127.0.0.1:{m1}/
</Location>
<Location /off/>
  ProxyErrorOverride Off
  ProxyPass http://127.0.0.1:{m1}/
</Location>
ProxyPass / http://127.0.0.1:{m1}/
""",
)

PAGE = turn(answer(b"a page of the member", "Content-Type: text/html"))


def _status(status: str, *headers: str) -> Script:
    return turn(answer(b"the member's own", "X-Own: 1", *headers, status=status))


def _case(
    conf: Conf,
    name: str,
    path: str,
    members: dict[int, Script] | None = None,
    *headers: str,
    down: int | None = None,
    method: str = "GET",
    host: str = "front.test",
) -> Case:
    steps = get(path, *headers, method=method, host=host)
    if down is not None:
        steps = (Down(down), *steps)
    return Case(f"{conf.name}: {name}", conf, steps, members=members or {}, pages=True)


CASES: tuple[Case, ...] = (
    _case(CANNED, "503, refused", "/refused/", down=0),
    _case(CANNED, "502, closed", "/closes/", {1: turn(Act.CLOSE)}),
    _case(CANNED, "502, HEAD", "/head/", {1: turn(Act.CLOSE)}, method="HEAD"),
    _case(CANNED, "502, bad head", "/head/", {1: turn(b"HTTP/1.1 200\r\nx\r\n\r\n")}),
    _case(CANNED, "503, no member", "/none/"),
    _case(CANNED, "403", "/denied"),
    _case(CANNED, "404", "/nowhere"),
    _case(CANNED, "400", "/%zz"),
    _case(CANNED, "410", "/gone"),
    _case(CANNED, "410 by number", "/gone2"),
    _case(CANNED, "503 by Redirect", "/maintenance"),
    _case(CANNED, "404 by Redirect", "/hidden"),
    _case(CANNED, "500, name does not resolve", "/dns/"),
    _case(CANNED, "417", "/refused/", None, "Expect: x"),
    _case(SIGNATURE, "on", "/x"),
    _case(SIGNATURE, "with mail", "/x", host="mail.test"),
    _case(SIGNATURE, "port of Host", "/x", host="front.test:8081"),
    _case(SIGNATURE, "any name", "/x", host="Other.Test."),
    _case(SIGNATURE, "IPv6 literal", "/x", host="[::1]:77"),
    _case(SIGNATURE, "bad request", "/x", None, "no colon", host="front.test:8081"),
    _case(DOCUMENT, "text", "/nowhere"),
    _case(DOCUMENT, "text, HEAD", "/nowhere", method="HEAD"),
    _case(DOCUMENT, "text of a section", "/special"),
    _case(DOCUMENT, "default", "/default"),
    _case(DOCUMENT, "proxied page", "/denied", {0: PAGE}),
    _case(DOCUMENT, "proxied page with query", "/denied?a=b", {0: PAGE}),
    _case(
        DOCUMENT,
        "proxied page for a broken member",
        "/closes/",
        {0: PAGE, 1: turn(Act.CLOSE)},
    ),
    _case(
        DOCUMENT,
        "proxied page is itself an error",
        "/denied",
        {0: _status("404 Lost")},
    ),
    replace(
        _case(DOCUMENT, "elsewhere", "/refused/", down=2),
        differs="`ErrorDocument` with a URL for a 503",
        instead={"client/1/end": "open"},
    ),
    _case(DOCUMENT, "by Redirect", "/gone"),
    _case(DOCUMENT, "bad request", "/%zz"),
    _case(DOCUMENT, "not for the member's errors", "/member/", {1: _status("404 Own")}),
    _case(OVERRIDE, "text", "/x", {1: _status("404 Own Reason")}),
    replace(
        _case(OVERRIDE, "no reason phrase", "/x", {1: _status("404")}),
        differs="`ProxyErrorOverride` of an answer without a reason phrase",
        instead={"client/0/status": "HTTP/1.1 404 Not Found"},
    ),
    _case(OVERRIDE, "proxied page", "/x", {1: _status("500 Own"), 0: PAGE}),
    _case(OVERRIDE, "canned page", "/x", {1: _status("503 Own")}),
    _case(
        OVERRIDE,
        "401 keeps its challenge",
        "/x",
        {1: _status("401 Who", 'WWW-Authenticate: Basic realm="x"')},
    ),
    _case(OVERRIDE, "not for 302", "/x", {1: _status("302 Found", "Location: /y")}),
    _case(OVERRIDE, "listed", "/some/x", {1: _status("404 Own")}),
    _case(OVERRIDE, "not listed", "/some/x", {1: _status("403 Own")}),
    _case(OVERRIDE, "off in a section", "/off/x", {1: _status("404 Own")}),
    _case(
        OVERRIDE, "HEAD", "/x", {1: turn(answer(b"", status="404 Own"))}, method="HEAD"
    ),
)
