"""Links in pages of members: which are changed, by which map, and where.

httpd writes a page anew. Pages of these cases are as it writes them, so that bytes can
be compared: names in lower case, values in double quotes, every element closed.
"""

import gzip
from collections.abc import Mapping
from types import MappingProxyType

from ..case import Case, Conf, Step, get
from ..members import Script, answer, turn

MODULES = "/usr/lib/apache2/modules"
LOADS = f"""\
LoadModule xml2enc_module {MODULES}/mod_xml2enc.so
LoadModule proxy_html_module {MODULES}/mod_proxy_html.so
"""
LINKS = """\
ProxyHTMLLinks a href
ProxyHTMLLinks img src longdesc usemap
ProxyHTMLLinks form action
ProxyHTMLLinks base href
ProxyHTMLLinks script src for
ProxyHTMLEvents onclick onload
"""
TYPE = "Content-Type: text/html;charset=utf-8"
PAGE = (
    b'<html><head><title>t</title><base href="http://in/b">'
    b'<script src="/s.js"></script></head><body>'
    b'<p class="/p" title="http://in/"><a href="http://in/x?a=1&amp;b=2">/x</a>'
    b'<a href="/y">y</a><a href="HTTP://IN/z">z</a><a href="in/w">w</a></p>'
    b'<img src="//in/a.png" alt="/a" longdesc="/l"><form action="/f"></form>'
    b"</body></html>"
)
SCRIPTS = (
    b'<html><head><script>var a = "http://in/a", b = "/b";</script>'
    b"<style>@import http://in/c;</style></head>"
    b"<body onload=\"go('http://in/d', '/d')\">"
    b'<a href="/e" onclick="http://in/" ondrag="http://in/">e</a></body></html>'
)

MAPS = Conf(
    "maps",
    f"""\
{LOADS}{LINKS}
ProxyHTMLEnable On
ProxyPass / http://127.0.0.1:{{m0}}/
<Location /prefix>
  ProxyHTMLURLMap http://in /out
  ProxyHTMLURLMap / /gw/
</Location>
<Location /order>
  ProxyHTMLURLMap / /gw/
  ProxyHTMLURLMap http://in /out
  ProxyHTMLURLMap /y /longer
</Location>
<Location /more>
  ProxyHTMLURLMap http://in http://mid l
  ProxyHTMLURLMap http://mid /out
</Location>
<Location /escaped>
  ProxyHTMLURLMap / "/<&>\\"'/"
</Location>
<Location /pattern>
  ProxyHTMLURLMap https?://(\\w+)(/.*)? /$1$2 R
  ProxyHTMLURLMap [yz] [$0] R
</Location>
<Location /nocase>
  ProxyHTMLURLMap http://(in) /$1 Ri
</Location>
<Location /patterns>
  ProxyHTMLURLMap http://in /in Rl
  ProxyHTMLURLMap /in /out Rl
  ProxyHTMLURLMap /out/x /x
</Location>
<Location /broken>
  ProxyHTMLURLMap http://in /in Rl
  ProxyHTMLURLMap /nothing /nothing
  ProxyHTMLURLMap /in /out
</Location>
<Location /onlyscripts>
  ProxyHTMLURLMap http://in /out h
</Location>
<Location /none>
</Location>
<Location /off>
  ProxyHTMLEnable Off
  ProxyHTMLURLMap / /gw/
</Location>
<Location /reset>
  ProxyHTMLEnable Off
  ProxyHTMLFixups reset
  ProxyHTMLURLMap / /gw/
</Location>
<Location /otherlinks>
  ProxyHTMLLinks img src
  ProxyHTMLURLMap / /gw/
</Location>
<Location /twice>
  SetOutputFilter proxy-html
  ProxyHTMLURLMap / /gw/
</Location>
<Location /deflated>
  SetOutputFilter DEFLATE
  ProxyHTMLURLMap / /gw/
</Location>
<Location /inflated>
  SetOutputFilter INFLATE
  ProxyHTMLURLMap / /gw/
</Location>
<Location /substituted>
  SetOutputFilter SUBSTITUTE
  Substitute s|/y|/z|n
  ProxyHTMLURLMap /y /bad
  ProxyHTMLURLMap /z /good
</Location>
""",
)

MERGED = Conf(
    "merged",
    f"""\
{LOADS}{LINKS}
ProxyHTMLEnable On
ProxyHTMLURLMap /y /1
ProxyHTMLURLMap /y /2
ProxyPass / http://127.0.0.1:{{m0}}/
<Location /a>
  ProxyHTMLURLMap /y /3
  ProxyHTMLURLMap /y /4
</Location>
<Location /a/b>
  ProxyHTMLURLMap /y /5
  ProxyHTMLURLMap /y /6
</Location>
<Location /a/b/c>
  ProxyHTMLURLMap /y /7
</Location>
<Location /if>
  ProxyHTMLURLMap /y /3
  <If "true">
    ProxyHTMLURLMap /y /5
    ProxyHTMLURLMap /y /6
  </If>
</Location>
<Location /reset>
  ProxyHTMLEnable Off
  ProxyHTMLFixups reset
</Location>
<Location /reset/on>
  ProxyHTMLEnable On
</Location>
<Location /on>
  ProxyHTMLEnable On
</Location>
<Location /on/reset>
  ProxyHTMLEnable Off
  ProxyHTMLFixups reset
</Location>
<VirtualHost *:{{port}}>
  ServerName front.test
  ProxyPass / http://127.0.0.1:{{m0}}/
</VirtualHost>
<VirtualHost *:{{port}}>
  ServerName own.test
  ProxyHTMLURLMap /y /8
  ProxyHTMLURLMap /y /9
  ProxyPass / http://127.0.0.1:{{m0}}/
</VirtualHost>
""",
)

EXTENDED = Conf(
    "extended",
    f"""\
{LOADS}{LINKS}
ProxyHTMLEnable On
ProxyHTMLExtended On
ProxyPass / http://127.0.0.1:{{m0}}/
<Location /all>
  ProxyHTMLURLMap http://in /out
</Location>
<Location /notevents>
  ProxyHTMLURLMap http://in /out e
</Location>
<Location /notscripts>
  ProxyHTMLURLMap http://in /out c
</Location>
<Location /pattern>
  ProxyHTMLURLMap (http:)?//?(\\w+) [$2] R
</Location>
<Location /start>
  ProxyHTMLURLMap http://in /out ^
</Location>
<Location /several>
  ProxyHTMLURLMap http://in /in
  ProxyHTMLURLMap /in /out
</Location>
<Location /last>
  ProxyHTMLURLMap http://in /in L
  ProxyHTMLURLMap /in /out
</Location>
""",
)

VARIABLES = Conf(
    "variables",
    f"""\
{LOADS}{LINKS}
ProxyHTMLEnable On
ProxyHTMLInterp On
SetEnv TO /to
SetEnv WHICH y
ProxyPass / http://127.0.0.1:{{m0}}/
<Location /to>
  ProxyHTMLURLMap / ${{TO}}/${{NONE|none}}/${{NOTHING}}/ V
</Location>
<Location /from>
  ProxyHTMLURLMap /${{WHICH}} /out v
  ProxyHTMLURLMap ${{NOTHING}} /bad v
</Location>
<Location /condition>
  ProxyHTMLURLMap / /bad/ c WHICH=x
  ProxyHTMLURLMap / /bad/ c !WHICH=y
  ProxyHTMLURLMap / /good/ c WHICH=y
</Location>
<Location /expression>
  ProxyHTMLURLMap / /bad/ c "%{{REQUEST_URI}} == '/'"
  ProxyHTMLURLMap / /good/ c "%{{REQUEST_URI}} =~ m#^/expr#"
</Location>
<Location /forced>
  SetEnv PROXY_HTML_FORCE 1
  ProxyHTMLURLMap / /gw/
</Location>
<Location /fixups>
  ProxyHTMLFixups dospath lowercase
  ProxyHTMLURLMap \\ /gw/
</Location>
""",
)


def says(*headers: str, body: bytes = PAGE, status: str = "200 OK") -> Script:
    return turn(answer(body, *(headers or (TYPE,)), status=status))


def case(
    name: str,
    conf: Conf,
    *steps: Step,
    script: Script,
    differs: str = "",
    instead: Mapping[str, object] = MappingProxyType({}),
) -> Case:
    return Case(name, conf, steps, {0: script}, differs=differs, instead=instead)


def typed(length: str, kind: str) -> Mapping[str, object]:
    """The member's type stays, with its charset or without."""
    fields = [["Content-Length", length], ["Content-Type", kind]]
    return {"client/0/fields": [*fields, ["Date", "<now>"], ["Server", "<product>"]]}


KEPT = "a page with `ProxyHTMLEnable On`"
CASES = (
    *(
        case(f"{path} links", MAPS, *get(f"/{path}"), script=says())
        for path in (
            *("prefix", "order", "more", "escaped", "pattern", "nocase", "patterns"),
            *("broken", "onlyscripts", "none", "off", "reset", "otherlinks", "twice"),
            *("deflated", "substituted"),
        )
    ),
    case(
        "inflated links",
        MAPS,
        *get("/inflated"),
        script=says(TYPE, "Content-Encoding: gzip", body=gzip.compress(PAGE, mtime=0)),
    ),
    case(
        "deflated links, compressed",
        MAPS,
        *get("/deflated", "Accept-Encoding: gzip"),
        script=says(TYPE, 'ETag: "t"'),
    ),
    case("ETag and ranges", MAPS, *get("/prefix"), script=says(TYPE, 'ETag: "t"')),
    case("404", MAPS, *get("/prefix"), script=says(status="404 Not Found")),
    case(
        "plain text",
        MAPS,
        *get("/prefix"),
        script=says("Content-Type: text/plain"),
        differs=KEPT,
        instead=typed("321", "text/plain"),
    ),
    case("no type", MAPS, *get("/prefix"), script=says("X: none")),
    case(
        "HEAD",
        MAPS,
        *get("/prefix", method="HEAD"),
        script=turn(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n%b\r\n\r\n" % TYPE.encode()
        ),
    ),
    *(
        case(f"joined {path}", MERGED, *get(path), script=says())
        for path in (
            *("/", "/a", "/a/b", "/a/b/c", "/if", "/reset", "/reset/on", "/on/reset"),
        )
    ),
    case("joined hosts", MERGED, *get("/", host="own.test"), script=says()),
    *(
        case(f"{path} scripts", EXTENDED, *get(f"/{path}"), script=says(body=SCRIPTS))
        for path in (
            *("all", "notevents", "notscripts", "pattern", "start", "several", "last"),
        )
    ),
    *(
        case(f"{path} variables", VARIABLES, *get(f"/{path}"), script=says())
        for path in ("to", "from", "condition", "expression")
    ),
    case(
        "forced",
        VARIABLES,
        *get("/forced"),
        script=says("Content-Type: text/plain;charset=utf-8"),
        differs=KEPT,
        instead=typed("336", "text/plain;charset=utf-8"),
    ),
    case(
        "fixups",
        VARIABLES,
        *get("/fixups"),
        script=says(body=b'<html><body><a href="\\A\\B">a</a></body></html>'),
    ),
)
