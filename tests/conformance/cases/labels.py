"""What httpd says of a member's answer: its type, charset, language, and how long it
may be kept."""

from ..case import Case, Conf, ask, get, request
from ..members import Script, answer, turn

MIME = """\
LoadModule mime_module modules/mod_mime.so
TypesConfig "{root}/mime.types"
"""
FILES = {
    "mime.types": """\
# a comment
text/html html htm
text/plain txt
image/png png
application/x-one one
""",
}

CHARSETS = Conf(
    "charsets of members' answers",
    """\
AddDefaultCharset utf-8
<Location /off>
  AddDefaultCharset Off
</Location>
<Location /on>
  AddDefaultCharset On
</Location>
<Location /latin>
  AddDefaultCharset ISO-8859-2
</Location>
<Location /forced>
  ForceType text/plain
</Location>
<Location /forced/not>
  ForceType None
</Location>
<Location /forcedup>
  ForceType Text/HTML
</Location>
ErrorDocument 404 "not here"
<Location /denied>
  Require all denied
</Location>
<Location /missing>
  ErrorDocument 403 "you"
  Require all denied
</Location>
<Location /bare>
  SetEnv suppress-error-charset
  SetEnvIf Host . suppress-error-charset
  ErrorDocument 403 "you"
  Require all denied
</Location>
Redirect /moved http://elsewhere.test/
ProxyPass /moved !
ProxyPass / http://127.0.0.1:{m0}/
""",
)


def typed(*types: str | None) -> Script:
    return [
        turn(answer(b"body", *([f"Content-Type: {one}"] if one is not None else [])))
        for one in types
    ]


TYPES = (
    "text/html",
    "text/plain",
    "text/plain; format=flowed",
    "text/html; charset=x",
    "text/html;Charset=x",
    "TEXT/HTML",
    "Text/Plain",
    "text/css",
    "application/xhtml+xml",
    "application/text/plain",
    "text/htmlish",
    "",
    None,
)


def each(target: str, count: int, *headers: str):
    return get(target, *headers) * count


MIMES = Conf(
    "types of members' answers",
    MIME
    + """\
AddType application/x-two .two
AddType text/x-upper;Charset=KOI8 .upper
AddCharset koi8-r .koi8
AddEncoding x-gzip .gz
AddEncoding x-compress .Z
AddLanguage fr .fr
AddLanguage en .en
AddLanguage pt-BR .pt-br
<Location /base>
  DefaultLanguage de
</Location>
<Location /less>
  RemoveType png
  RemoveLanguage fr
  RemoveEncoding .gz
  RemoveCharset koi8
</Location>
<Location /less/more>
  AddType image/x-png .png
  AddLanguage fr-CA .fr
</Location>
<Location /forced>
  ForceType text/plain
</Location>
<Location /both>
  AddLanguage la .la
  RemoveLanguage .la
</Location>
<Location /info>
  ModMimeUsePathInfo On
</Location>
ProxyPass /asis http://127.0.0.1:{m0}/asis nocanon
ProxyPass / http://127.0.0.1:{m0}/
""",
    FILES,
)

NAMES = (
    "/a.html",
    "/a.HTML",
    "/a.txt",
    "/a",
    "/a.",
    "/a..txt",
    "/.html",
    "/..html",
    "/a.html/b",
    "/a.one.html",
    "/a.html.one",
    "/a.nothing.html",
    "/a.two",
    "/a.fr.html",
    "/a.html.fr.en",
    "/a.html.gz",
    "/a.gz.Z",
    "/a.koi8.txt",
    "/a.txt.koi8",
    "/a.upper",
    "/a.upper.koi8",
    "/a.html?x=y.png",
    "/html",
    "/a.pt-br",
    "/base/a.txt",
    "/base/a.fr.txt",
    "/less/a.png",
    "/less/a.html",
    "/less/a.fr.html",
    "/less/a.txt.gz",
    "/less/a.txt.koi8",
    "/less/more/a.png",
    "/less/more/a.fr",
    "/forced/a.html",
    "/forced/a.gz",
    "/both/a.la",
    "/a.ht%6Dl",
    "/a%2ehtml",
    "/a.html;x=1",
    "/a.html;jsessionid=a.b",
    "/asis/a.html?q.png",
    "/asis/a.ht%6Dl",
    "/info/a.html/b",
)

HELD = Conf(
    "how long members' answers may be kept",
    """\
LoadModule expires_module modules/mod_expires.so
ExpiresActive On
ExpiresDefault "access plus 1 hour"
ExpiresByType text/html A60
ExpiresByType image/* "access plus 1 month 2 days"
ExpiresByType text/css "now plus 2 weeks 3 hours 5 minutes 7 seconds"
ExpiresByType text/plain "modification plus 1 day"
ExpiresByType text/x-m M60
ExpiresByType text/x-past A-60
<Location /off>
  ExpiresActive Off
</Location>
<Location /other>
  ExpiresByType text/html "access plus 5 years"
</Location>
<Location /default>
  ExpiresDefault A5
</Location>
<Location /set>
  Header set Cache-Control private
</Location>
<Location /merge>
  Header merge Cache-Control public
</Location>
<Location /expires>
  Header set Expires 0
</Location>
<Location /always>
  Header always set Expires 0
</Location>
Redirect /moved http://elsewhere.test/
<Location /denied>
  Require all denied
</Location>
ErrorDocument 404 /x
ProxyPass /moved !
ProxyPass /nothing !
ProxyPass / http://127.0.0.1:{m0}/
""",
)

HELD_NOTHING = Conf(
    "ExpiresActive with nothing to say",
    """\
LoadModule expires_module modules/mod_expires.so
ExpiresActive On
<Location /x>
  ExpiresByType text/html A60
</Location>
<Location /y>
  ExpiresDefault A60
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
)


def held(
    name: str,
    target: str,
    *fields: str,
    status: str = "200 OK",
    conf: Conf = HELD,
    method: str = "GET",
) -> Case:
    bodiless = method == "HEAD" or status[:3] in ("204", "304")
    said = turn(
        answer(
            b"" if bodiless else b"body", *fields, status=status, length=not bodiless
        )
    )
    return Case(name, conf, get(target, method=method), {0: said})


CASES = (
    *(
        Case(
            f"charset of {place}", CHARSETS, each(place, len(TYPES)), {0: typed(*TYPES)}
        )
        for place in (
            "/x",
            "/off",
            "/on",
            "/latin",
            "/forced/x",
            "/forced/not",
            "/forcedup",
        )
    ),
    Case(
        "charsets of pages",
        CHARSETS,
        (*get("/denied"), *get("/missing"), *get("/bare"), *get("/moved")),
        pages=False,
    ),
    Case(
        "no charset without an answer's body",
        CHARSETS,
        (*get("/x"), *get("/forced/x"), *get("/forced/x", method="HEAD")),
        {
            0: [
                turn(b"HTTP/1.1 304 Not Modified\r\nContent-Type: text/html\r\n\r\n"),
                turn(b"HTTP/1.1 204 No Content\r\n\r\n"),
                turn(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
            ]
        },
    ),
    *(
        Case(
            f"type of {name}",
            MIMES,
            get(name) + get(name),
            {0: typed(None, "text/x-own")},
        )
        for name in NAMES
    ),
    Case(
        "languages of a member's answer",
        MIMES,
        get("/a.fr") * 3 + get("/base/a"),
        {
            0: [
                turn(answer(b"b", "Content-Language: de")),
                turn(answer(b"b", "Content-Language: FR, it")),
                turn(answer(b"b", "Content-Language: en", "Content-Language: fr")),
                turn(answer(b"b", "Content-Language: en")),
            ]
        },
    ),
    Case(
        "encodings of a member's answer",
        MIMES,
        get("/a.gz") * 2,
        {
            0: [
                turn(answer(b"b", "Content-Encoding: br")),
                turn(answer(b"b", "content-encoding: gzip")),
            ]
        },
    ),
    Case(
        "types of what has no body",
        MIMES,
        get("/a.html.fr.gz") * 2
        + get("/a.html.fr.gz", method="HEAD")
        + get("/a.html.fr.gz"),
        {
            0: [
                turn(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
                turn(b"HTTP/1.1 204 No Content\r\n\r\n"),
                turn(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
                turn(answer(b"no", status="404 Not Found")),
            ]
        },
    ),
    held("kept by type", "/x", "Content-Type: text/html"),
    held("kept by type with parameters", "/x", "Content-Type: Text/HTML; charset=x"),
    held("kept by a wildcard", "/x", "Content-Type: image/png"),
    held("kept by a wildcard with parameters", "/x", "Content-Type: image/png; x=y"),
    held("kept long", "/x", "Content-Type: text/css"),
    held(
        "kept by modification",
        "/x",
        "Content-Type: text/plain",
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
    ),
    held("kept by modification, short", "/x", "Content-Type: text/x-m"),
    held("kept for less than nothing", "/x", "Content-Type: text/x-past"),
    held("kept by default", "/x", "Content-Type: text/x-other"),
    held("kept without a type", "/x"),
    held("not kept", "/off", "Content-Type: text/html"),
    held("kept otherwise in a section", "/other", "Content-Type: text/html"),
    held("a section without wildcards", "/other", "Content-Type: image/png"),
    held("kept by a section's default", "/default", "Content-Type: text/x-other"),
    held(
        "kept by type before a section's default", "/default", "Content-Type: text/html"
    ),
    held(
        "kept as the member says",
        "/x",
        "Content-Type: text/html",
        "Expires: Sun, 06 Nov 1994 08:49:37 GMT",
    ),
    held(
        "kept as the member says, badly", "/x", "Content-Type: text/html", "Expires: 0"
    ),
    held(
        "beside a member's Cache-Control",
        "/x",
        "Content-Type: text/html",
        "Cache-Control: private",
    ),
    held(
        "beside a member's max-age",
        "/x",
        "Content-Type: text/html",
        "Cache-Control: max-age=5",
    ),
    held(
        "beside two of a member's Cache-Control",
        "/x",
        "Content-Type: text/html",
        "Cache-Control: private",
        "Cache-Control: no-store",
    ),
    held("and then set", "/set", "Content-Type: text/html"),
    held("and then merged", "/merge", "Content-Type: text/html"),
    held("and then set to 0", "/expires", "Content-Type: text/html"),
    held("and then always set to 0", "/always", "Content-Type: text/html"),
    held("a 404 is not kept", "/x", "Content-Type: text/html", status="404 Not Found"),
    held(
        "a 302 is kept",
        "/x",
        "Content-Type: text/html",
        "Location: /y",
        status="302 Found",
    ),
    held("a 304 is kept", "/x", status="304 Not Modified"),
    held(
        "a 206 is kept",
        "/x",
        "Content-Type: text/html",
        "Content-Range: bytes 0-3/9",
        status="206 Partial Content",
    ),
    held("a 204 is kept", "/x", status="204 No Content"),
    held("a HEAD is kept", "/x", "Content-Type: text/html", method="HEAD"),
    Case(
        "a POST is kept",
        HELD,
        ask(request("/x", method="POST", body=b"x")),
        {0: turn(answer(b"b", "Content-Type: text/html"))},
    ),
    Case(
        "redirects and refusals are kept",
        HELD,
        (*get("/moved"), *get("/denied"), *get("/nothing")),
        {0: turn(answer(b"b", "Content-Type: text/html"))},
    ),
    *(
        held(
            f"nothing to say at {place}",
            place,
            "Content-Type: text/html",
            conf=HELD_NOTHING,
        )
        for place in ("/", "/x", "/y")
    ),
)
