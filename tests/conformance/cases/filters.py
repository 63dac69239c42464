"""Filters over bodies: which answers pass them, and what becomes of head and body."""

import gzip
from collections.abc import Mapping
from types import MappingProxyType

from ..case import Case, Conf, Log, Recv, Rest, Send, Step, get, request
from ..members import Script, answer, turn

TEXT = b"All work and no play makes Jack a dull boy.\n" * 20
# below half of a loopback window: the kernel hands it over in one piece, and whether an
# answer that is packed has a length hangs on that, in both servers
LONG = b"".join(b"line %d of a text that goes on and on\n" % n for n in range(700))
PACKED = gzip.compress(TEXT, mtime=0)
ACCEPTS = "Accept-Encoding: gzip, deflate"
HTML = "Content-Type: text/html"

STOCK = Conf(
    "as Debian compresses",
    """\
AddOutputFilterByType DEFLATE text/html text/plain text/xml
AddOutputFilterByType DEFLATE text/css
AddOutputFilterByType DEFLATE application/x-javascript application/javascript
BrowserMatch "^Old" no-gzip
BrowserMatch "^Html" gzip-only-text/html
BrowserMatch "^Html2" gzip-only-text/html=yes
BrowserMatch "^Forced" force-gzip
BrowserMatch "^Errors" filter-errordocs
ProxyPass /here !
ProxyPass / http://127.0.0.1:{m0}/
<Location /here>
  SetHandler server-status
</Location>
""",
)

SET = Conf(
    "everything",
    """\
SetOutputFilter DEFLATE
DeflateCompressionLevel 9
ProxyPass / http://127.0.0.1:{m0}/
<Location /off>
  SetOutputFilter NONE
</Location>
<Location /no>
  SetEnv no-gzip 1
</Location>
<Location /header>
  Header append Vary User-Agent
  Header set X-Coding "%{RESP:Content-Encoding}e"
</Location>
Redirect /moved /elsewhere
""",
)

ETAGS = Conf(
    "tags",
    """\
SetOutputFilter DEFLATE
<VirtualHost *:{port}>
  ServerName front.test
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
<VirtualHost *:{port}>
  ServerName keep.test
  DeflateAlterETag NoChange
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
<VirtualHost *:{port}>
  ServerName remove.test
  DeflateAlterETag Remove
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
""",
)

NOTES = Conf(
    "notes",
    """\
SetOutputFilter DEFLATE
DeflateFilterNote Input before
DeflateFilterNote Output after
DeflateFilterNote percent
LogFormat "%U %{before}n %{percent}n" notes
CustomLog {root}/logs/notes.log notes
ProxyPass / http://127.0.0.1:{m0}/
""",
)

UNPACK = Conf(
    "unpacked",
    """\
SetOutputFilter INFLATE
ProxyPass / http://127.0.0.1:{m0}/
<Location /again>
  SetOutputFilter INFLATE;DEFLATE
</Location>
<Location /turned>
  SetOutputFilter DEFLATE;INFLATE
</Location>
""",
)

MERGED = Conf(
    "sections",
    """\
AddOutputFilterByType DEFLATE text/html
ProxyPass / http://127.0.0.1:{m0}/
<Location /css>
  AddOutputFilterByType DEFLATE text/css
</Location>
<Location /set>
  SetOutputFilter DEFLATE
</Location>
<If "%{QUERY_STRING} == 'if'">
  SetOutputFilter DEFLATE
</If>
""",
)


BROTLI = Conf(
    "brotli before gzip",
    """\
AddOutputFilterByType BROTLI_COMPRESS;DEFLATE text/html
BrowserMatch "^Old" no-brotli
ProxyPass / http://127.0.0.1:{m0}/
""",
)

BROTLI_SET = Conf(
    "brotli of everything",
    """\
SetOutputFilter BROTLI_COMPRESS
ProxyPass / http://127.0.0.1:{m0}/
""",
)

SMART = Conf(
    "smart filters",
    """\
FilterDeclare coded CONTENT_SET
FilterProvider coded DEFLATE "%{CONTENT_TYPE} =~ m#^text/#"
FilterProvider coded DEFLATE "%{REQUEST_URI} == '/always'"
FilterChain coded
ProxyPass / http://127.0.0.1:{m0}/
<Location /out>
  FilterChain -coded
</Location>
<Location /none>
  FilterChain !
</Location>
<Location /anew>
  FilterProvider coded DEFLATE "resp('X-Coded') == 'yes'"
</Location>
<Location /missing>
  FilterChain =missing
</Location>
""",
)

SUBSTITUTED = Conf(
    "substituted",
    """\
SetOutputFilter SUBSTITUTE
ProxyPass / http://127.0.0.1:{m0}/
<Location /text>
  Substitute s/play/rest/n
</Location>
<Location /case>
  Substitute "s/JACK/Jill/ni"
</Location>
<Location /pattern>
  Substitute "s/(\\w+) and (no) (\\w+)/$3 $2 $1 \\$1/"
</Location>
<Location /begins>
  Substitute "s/^A/a/"
</Location>
<Location /ends>
  Substitute "s/boy\\.$/girl./i"
</Location>
<Location /several>
  Substitute "s/work/play/n"
  Substitute "s/play/toil/n"
</Location>
<Location /joined>
  Substitute "s/Al/Bi/n"
  Substitute "s|Bil|Will|"
</Location>
<Location /expression>
  Substitute "s/Jack/expr=%{REQUEST_URI}/n"
</Location>
<Location /coded>
  SetOutputFilter SUBSTITUTE;DEFLATE
  Substitute s/play/rest/n
</Location>
<Location /unpacked>
  SetOutputFilter INFLATE;SUBSTITUTE;DEFLATE
  Substitute s/play/rest/n
</Location>
<Location /short>
  SubstituteMaxLineLength 20
  Substitute s/play/rest/n
</Location>
<Location /some>
  Substitute "s/o/O/n"
</Location>
<Location /some/inner>
  Substitute "s/wOrk/W/n"
</Location>
<Location /some/before>
  SubstituteInheritBefore on
  Substitute "s/wOrk/W/n"
</Location>
""",
)

RATE = Conf(
    "rate",
    """\
SetOutputFilter RATE_LIMIT
SetEnv rate-limit 4000
SetEnv rate-initial-burst 8000
ProxyPass / http://127.0.0.1:{m0}/
""",
)


FILES = Conf(
    "files",
    """\
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
TypesConfig /dev/null
DocumentRoot "{root}/www"
<Directory "{root}/www">
  Require all granted
</Directory>
AddType text/html .html
AddType text/plain .txt .log
AddOutputFilterByType DEFLATE text/html
AddOutputFilter SUBSTITUTE;DEFLATE TXT
Substitute s/line/LINE/n
Header unset ETag
<Location /sub>
  RemoveOutputFilter .txt
</Location>
""",
    files={
        "www/a.html": LONG.decode(),
        "www/a.txt": LONG[:4000].decode(),
        "www/sub/b.txt": LONG.decode(),
        "www/c.txt.html": TEXT.decode(),
        "www/small.html": "few",
        "www/empty.html": "",
    },
)

# What a filter changes has another length than the file, and another name.
IN_PART = Conf(
    "files in part",
    """\
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
TypesConfig /dev/null
AddType text/plain .txt
DocumentRoot "{root}/www"
<Directory "{root}/www">
  Require all granted
</Directory>
FileETag Size
Substitute s/All/Any/n
SetEnv rate-limit 4000
<Location /deflate>
  SetOutputFilter DEFLATE
</Location>
<Location /br>
  SetOutputFilter BROTLI_COMPRESS
</Location>
<Location /text>
  SetOutputFilter SUBSTITUTE
</Location>
<Location /both>
  SetOutputFilter SUBSTITUTE;DEFLATE
</Location>
<Location /rate>
  SetOutputFilter RATE_LIMIT
</Location>
""",
    files={
        f"www/{way}/{name}.txt": text.decode()
        for way in ("deflate", "br", "text", "both", "rate", "none")
        for name, text in (("a", TEXT), ("long", LONG))
    },
    aged=True,
)
WAYS_OF_PARTS = ("none", "deflate", "br", "text", "both", "rate")
PART_TAG = f"{len(TEXT):x}"
CODINGS = "Accept-Encoding: gzip, br"
WHEN = "Sun, 06 Nov 1994 08:49:37 GMT"
PARTS = {
    "first": ("Range: bytes=0-9",),
    "last": ("Range: bytes=-9",),
    "beyond the coded": ("Range: bytes=400-",),
    "beyond the file": ("Range: bytes=5000-",),
    "two": ("Range: bytes=0-3,8-9",),
    "all": ("Range: bytes=0-",),
    "If-Range": ("Range: bytes=0-9", f'If-Range: "{PART_TAG}"'),
    "If-Range with its coding": ("Range: bytes=0-9", f'If-Range: "{PART_TAG}-gzip"'),
    "If-Range of another": ("Range: bytes=5000-", 'If-Range: "x"'),
    "If-Range of a time": ("Range: bytes=0-9", f"If-Range: {WHEN}"),
}
CONDITIONS = {
    "If-None-Match": (f'If-None-Match: "{PART_TAG}"',),
    "If-None-Match with its coding": (f'If-None-Match: "{PART_TAG}-gzip"',),
    "If-None-Match with br": (f'If-None-Match: "{PART_TAG}-br"',),
    "If-None-Match, weak": (f'If-None-Match: W/"{PART_TAG}-gzip"',),
    "If-None-Match *": ("If-None-Match: *",),
    "If-Match": (f'If-Match: "{PART_TAG}"',),
    "If-Match with its coding": (f'If-Match: "{PART_TAG}-gzip"',),
    "If-Modified-Since": (f"If-Modified-Since: {WHEN}",),
}
WHOLE_FIELDS = [
    ["Accept-Ranges", "bytes"],
    ["Content-Encoding", "gzip"],
    ["Content-Length", "71"],
    ["Content-Type", "text/plain"],
    ["Date", "<now>"],
    ["ETag", f'"{PART_TAG}-gzip"'],
    ["Last-Modified", WHEN],
    ["Server", "<product>"],
    ["Vary", "Accept-Encoding"],
]


def whole(fields: list[list[str]]) -> Mapping[str, object]:
    """All of the text in the place of parts, or of a 416."""
    return {
        "client/0/status": "HTTP/1.1 200 OK",
        "client/0/fields": fields,
        "client/0/framing": "length",
        "client/0/body": TEXT.decode(),
    }


# What is answered otherwise on purpose, by the row that says so.
OTHER_PARTS: dict[tuple[str, str], tuple[str, Mapping[str, object]]] = {
    **{
        ("deflate", name): (
            "`Range` for a file that `DEFLATE` or `BROTLI_COMPRESS` codes",
            whole(WHOLE_FIELDS),
        )
        for name in (
            *("first", "two", "beyond the coded", "beyond the file"),
            *("If-Range with its coding", "If-Range of a time"),
        )
    },
    ("rate", "two"): (
        "several ranges of a file under `RATE_LIMIT`",
        whole(
            [
                ["Accept-Ranges", "bytes"],
                ["Content-Length", f"{len(TEXT)}"],
                ["Content-Type", "text/plain"],
                ["Date", "<now>"],
                ["ETag", f'"{PART_TAG}"'],
                ["Last-Modified", WHEN],
                ["Server", "<product>"],
            ]
        ),
    ),
    ("br", "If-Match with its coding"): (
        "412 for a file under `BROTLI_COMPRESS`",
        {
            "client/0/fields": [
                ["Accept-Ranges", "bytes"],
                ["Content-Length", "0"],
                ["Content-Type", "text/plain"],
                ["Date", "<now>"],
                ["ETag", f'"{PART_TAG}"'],
                ["Last-Modified", WHEN],
                ["Server", "<product>"],
            ],
            "client/0/body": "",
        },
    ),
}


def says(*headers: str, body: bytes = TEXT, status: str = "200 OK") -> Script:
    return turn(answer(body, *headers, status=status))


def case(
    name: str,
    conf: Conf,
    *steps: Step,
    script: Script | None = None,
    instead: Mapping[str, object] = MappingProxyType({}),
) -> Case:
    members = {} if script is None else {0: script}
    differs = (
        "`INFLATE` and a body that is empty, or not there (`HEAD`)" if instead else ""
    )
    return Case(name, conf, steps, members, differs=differs, instead=instead)


def answered(framing: str, *fields: list[str]) -> Mapping[str, object]:
    """What stands in the place of a connection that httpd closes without a word."""
    head = sorted([*fields, ["Date", "<now>"], ["Server", "<product>"]])
    return {
        "client/0/status": "HTTP/1.1 200 OK",
        "client/0/fields": head,
        "client/0/framing": framing,
        "client/1/end": "open",
    }


def stock(name: str, *headers: str, script: Script, accept: str = ACCEPTS) -> Case:
    asked = (accept, *headers) if accept else headers
    return case(f"stock {name}", STOCK, *get("/x", *asked), script=script)


CASES = (
    stock("html", script=says(HTML)),
    stock("with a charset", script=says("Content-Type: text/html; charset=utf-8")),
    stock("blank before a parameter", script=says("Content-Type: text/html ;q=1")),
    stock("letters of a type", script=says("Content-Type: Text/HTML")),
    stock("longer type", script=says("Content-Type: text/html5")),
    stock("css", script=says("Content-Type: text/css")),
    stock("another type", script=says("Content-Type: image/png")),
    stock("no type", script=says()),
    stock("nothing accepted", script=says(HTML), accept=""),
    stock("other codings", script=says(HTML), accept="Accept-Encoding: br, deflate"),
    stock("any coding", script=says(HTML), accept="Accept-Encoding: *"),
    stock("x-gzip", script=says(HTML), accept="Accept-Encoding: x-gzip"),
    stock("letters of gzip", script=says(HTML), accept="Accept-Encoding: GZIP"),
    stock("q", script=says(HTML), accept="Accept-Encoding: br;q=1.0, gzip;q=0.8"),
    stock("q=0", script=says(HTML), accept="Accept-Encoding: gzip;q=0"),
    stock("q=0.000", script=says(HTML), accept="Accept-Encoding: gzip;q=0.000, br"),
    stock("q=0.0001", script=says(HTML), accept="Accept-Encoding: gzip;q=0.0001"),
    stock("q = 0", script=says(HTML), accept="Accept-Encoding: gzip; q=0"),
    stock("q=0 blank", script=says(HTML), accept="Accept-Encoding: gzip;q=0 , br"),
    stock("x=1;q=0", script=says(HTML), accept="Accept-Encoding: gzip;x=1;q=0"),
    stock(
        "two fields",
        "Accept-Encoding: gzip",
        script=says(HTML),
        accept="Accept-Encoding: br",
    ),
    stock("old browser", "User-Agent: Old", script=says(HTML)),
    stock("html only, html", "User-Agent: Html", script=says(HTML)),
    stock("html only, css", "User-Agent: Html", script=says("Content-Type: text/css")),
    stock("html only, yes", "User-Agent: Html2", script=says("Content-Type: text/css")),
    stock("forced", "User-Agent: Forced", script=says(HTML), accept=""),
    stock("404", script=says(HTML, status="404 Not Found")),
    stock(
        "404, wanted", "User-Agent: Errors", script=says(HTML, status="404 Not Found")
    ),
    stock("201", script=says(HTML, status="201 Created")),
    stock(
        "206",
        script=says(
            HTML, "Content-Range: bytes 0-879/1000", status="206 Partial Content"
        ),
    ),
    stock("a range and 200", script=says(HTML, "Content-Range: bytes 0-879/1000")),
    stock(
        "204",
        script=turn(b"HTTP/1.1 204 No Content\r\nContent-Type: text/html\r\n\r\n"),
    ),
    stock(
        "304",
        script=turn(
            b'HTTP/1.1 304 Not Modified\r\nETag: "t"\r\nContent-Type: text/html\r\n\r\n'
        ),
    ),
    stock("coded", script=says(HTML, "Content-Encoding: gzip", body=PACKED)),
    stock("coded by br", script=says(HTML, "Content-Encoding: br")),
    stock("identity", script=says(HTML, "Content-Encoding: identity")),
    stock("identity, 8bit", script=says(HTML, "Content-Encoding: identity, 8bit")),
    stock("identity, br", script=says(HTML, "Content-Encoding: identity, br")),
    stock("no-transform", script=says(HTML, "Cache-Control: no-transform")),
    stock("varies", script=says(HTML, "Vary: Cookie")),
    stock("varies already", script=says(HTML, "Vary: accept-encoding, Cookie")),
    stock("varies twice", script=says(HTML, "Vary: Cookie", "Vary: X, cookie")),
    stock("varies on all", script=says(HTML, "Vary: *")),
    stock("sums", script=says(HTML, "Content-MD5: xyz", "Accept-Ranges: bytes")),
    stock("68 bytes", script=says(HTML, body=b"x" * 68)),
    stock("69 bytes", script=says(HTML, body=b"x" * 69)),
    stock("empty", script=says(HTML, body=b"")),
    stock("long", script=says(HTML, body=LONG)),
    case(
        "stock HEAD",
        STOCK,
        *get("/x", ACCEPTS, method="HEAD"),
        script=turn(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
            b'ETag: "t"\r\nContent-Length: 900\r\n\r\n'
        ),
    ),
    case(
        "stock HTTP/1.0",
        STOCK,
        *get("/x", ACCEPTS, version="HTTP/1.0"),
        script=says(HTML, body=LONG),
    ),
    case(
        "stock HTTP/1.0, small",
        STOCK,
        *get("/x", ACCEPTS, version="HTTP/1.0"),
        script=says(HTML),
    ),
    case(
        "stock two on one connection",
        STOCK,
        *get("/x", ACCEPTS),
        *get("/y", ACCEPTS),
        *get("/z"),
        script=(says(HTML), says(HTML, body=LONG), says(HTML)),
    ),
    case("set no type", SET, *get("/x", ACCEPTS), script=says()),
    case(
        "set 404 of a member",
        SET,
        *get("/x", ACCEPTS),
        script=says(HTML, status="404 Not Found"),
    ),
    case(
        "set 204",
        SET,
        *get("/x", ACCEPTS),
        script=turn(b"HTTP/1.1 204 No Content\r\n\r\n"),
    ),
    case(
        "set 304",
        SET,
        *get("/x", ACCEPTS, 'If-None-Match: "t-gzip"'),
        script=turn(b'HTTP/1.1 304 Not Modified\r\nETag: "t"\r\n\r\n'),
    ),
    case("set off", SET, *get("/off", ACCEPTS), script=says()),
    case("set no-gzip", SET, *get("/no", ACCEPTS), script=says()),
    case("set rules behind it", SET, *get("/header", ACCEPTS), script=says()),
    case("set redirect", SET, *get("/moved", ACCEPTS)),
    *(
        case(
            f"tag {host} {tag}",
            ETAGS,
            *get("/x", ACCEPTS, host=f"{host}.test"),
            script=says(f"ETag: {tag}"),
        )
        for host in ("front", "keep", "remove")
        for tag in ('"abc"', 'W/"abc"', "abc", '""')
    ),
    case(
        "notes of a body",
        NOTES,
        *get("/x", ACCEPTS),
        Log("logs/notes.log", 1),
        script=says(),
    ),
    case("notes of none", NOTES, *get("/x"), Log("logs/notes.log", 1), script=says()),
    case(
        "unpack gzip",
        UNPACK,
        *get("/x"),
        script=says(HTML, "Content-Encoding: gzip", 'ETag: "t"', body=PACKED),
    ),
    case(
        "unpack x-gzip",
        UNPACK,
        *get("/x"),
        script=says(HTML, "Content-Encoding: x-gzip", body=PACKED),
    ),
    case(
        "unpack the last coding",
        UNPACK,
        *get("/x"),
        script=says(HTML, "Content-Encoding: br, gzip", body=PACKED),
    ),
    case(
        "unpack not the last",
        UNPACK,
        *get("/x"),
        script=says(HTML, "Content-Encoding: gzip, br", body=PACKED),
    ),
    case("unpack nothing", UNPACK, *get("/x"), script=says(HTML)),
    case(
        "unpack HEAD",
        UNPACK,
        *get("/x", method="HEAD"),
        script=turn(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"
        ),
        instead=answered("none"),
    ),
    case(
        "unpack 304",
        UNPACK,
        *get("/x"),
        script=turn(
            b'HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\nETag: "t"\r\n\r\n'
        ),
    ),
    case(
        "unpack empty",
        UNPACK,
        *get("/x"),
        script=says(HTML, "Content-Encoding: gzip", body=b""),
        instead=answered(
            "length", ["Content-Length", "0"], ["Content-Type", "text/html"]
        ),
    ),
    case(
        "unpack more behind it",
        UNPACK,
        *get("/x"),
        script=says(HTML, "Content-Encoding: gzip", body=PACKED + b"more"),
    ),
    case(
        "unpack two members",
        UNPACK,
        *get("/x"),
        script=says(HTML, "Content-Encoding: gzip", body=PACKED + PACKED),
    ),
    case(
        "unpack long",
        UNPACK,
        *get("/x"),
        script=says(HTML, "Content-Encoding: gzip", body=gzip.compress(LONG, mtime=0)),
    ),
    case(
        "unpack and pack",
        UNPACK,
        *get("/again", ACCEPTS),
        script=says(HTML, "Content-Encoding: gzip", 'ETag: "t"', body=PACKED),
    ),
    case(
        "unpack and pack, turned",
        UNPACK,
        *get("/turned", ACCEPTS),
        script=says(HTML, "Content-Encoding: gzip", 'ETag: "t"', body=PACKED),
    ),
    case(
        "unpack no gzip",
        UNPACK,
        Send(request("/x")),
        Recv(),
        Rest(),
        script=says(HTML, "Content-Encoding: gzip"),
    ),
    case(
        "unpack a wrong sum",
        UNPACK,
        Send(request("/x")),
        Recv(),
        Rest(),
        script=says(HTML, "Content-Encoding: gzip", body=PACKED[:-8] + b"12345678"),
    ),
    case(
        "unpack cut short",
        UNPACK,
        Send(request("/x")),
        Recv(),
        Rest(),
        script=says(HTML, "Content-Encoding: gzip", body=PACKED[:-12]),
    ),
    case("sections of the default", MERGED, *get("/x", ACCEPTS), script=says(HTML)),
    case(
        "sections by another type",
        MERGED,
        *get("/css", ACCEPTS),
        script=says("Content-Type: text/css"),
    ),
    case("sections take the place", MERGED, *get("/css", ACCEPTS), script=says(HTML)),
    case("sections set", MERGED, *get("/set", ACCEPTS), script=says()),
    case("sections <If>", MERGED, *get("/?if", ACCEPTS), script=says()),
    case("br", BROTLI, *get("/x", "Accept-Encoding: gzip, br"), script=says(HTML)),
    case(
        "br of long",
        BROTLI,
        *get("/x", "Accept-Encoding: br"),
        script=says(HTML, body=LONG),
    ),
    case(
        "br and a tag",
        BROTLI,
        *get("/x", "Accept-Encoding: br"),
        script=says(HTML, 'ETag: "t"', "Content-MD5: x"),
    ),
    case(
        "br of a few bytes",
        BROTLI,
        *get("/x", "Accept-Encoding: br"),
        script=says(HTML, body=b"few"),
    ),
    case("br not accepted", BROTLI, *get("/x", ACCEPTS), script=says(HTML)),
    case(
        "br q=0", BROTLI, *get("/x", "Accept-Encoding: br;q=0, gzip"), script=says(HTML)
    ),
    case(
        "no-brotli",
        BROTLI,
        *get("/x", "Accept-Encoding: gzip, br", "User-Agent: Old"),
        script=says(HTML),
    ),
    case(
        "br 304",
        BROTLI_SET,
        *get("/x", "Accept-Encoding: br"),
        script=turn(b'HTTP/1.1 304 Not Modified\r\nETag: "t"\r\n\r\n'),
    ),
    case("smart by type", SMART, *get("/x", ACCEPTS), script=says(HTML)),
    case(
        "smart by another type",
        SMART,
        *get("/x", ACCEPTS),
        script=says("Content-Type: image/png"),
    ),
    case("smart by address", SMART, *get("/always", ACCEPTS), script=says()),
    case("smart out", SMART, *get("/out", ACCEPTS), script=says(HTML)),
    case("smart none", SMART, *get("/none", ACCEPTS), script=says(HTML)),
    case("smart anew", SMART, *get("/anew", ACCEPTS), script=says(HTML)),
    case(
        "smart anew, by a field",
        SMART,
        *get("/anew", ACCEPTS),
        script=says("X-Coded: yes"),
    ),
    case("smart missing", SMART, *get("/missing", ACCEPTS), script=says(HTML)),
    *(
        case(
            f"substitute {path}",
            SUBSTITUTED,
            *get(f"/{path}", ACCEPTS),
            script=says(HTML, 'ETag: "t"'),
        )
        for path in (
            *("none", "text", "case", "pattern", "begins", "ends", "several"),
            *("joined", "expression", "coded", "some", "some/inner", "some/before"),
        )
    ),
    case(
        "substitute unpacked",
        SUBSTITUTED,
        *get("/unpacked", ACCEPTS),
        script=says(HTML, "Content-Encoding: gzip", body=PACKED),
    ),
    case(
        "substitute without an end of a line",
        SUBSTITUTED,
        *get("/text"),
        script=says(HTML, body=b"play\nplay"),
    ),
    case("substitute nothing", SUBSTITUTED, *get("/text"), script=says(HTML, body=b"")),
    case(
        "substitute HEAD",
        SUBSTITUTED,
        *get("/text", method="HEAD"),
        script=turn(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
    ),
    case(
        "substitute a long line",
        SUBSTITUTED,
        Send(request("/short")),
        Recv(),
        Rest(),
        script=says(HTML),
    ),
    case("rate", RATE, *get("/x"), script=says(HTML)),
    case("rate of long", RATE, *get("/x"), script=says(HTML, body=LONG)),
    *(
        case(f"file {path}", FILES, *get(f"/{path}", ACCEPTS))
        for path in (
            *("a.html", "a.txt", "sub/b.txt", "c.txt.html", "small.html", "empty.html"),
        )
    ),
    case("file uncoded", FILES, *get("/a.html")),
    *(
        case(f"file by {way}, {name}", IN_PART, *get(f"/{way}/a.txt", CODINGS, *fields))
        for way in WAYS_OF_PARTS
        for name, fields in {"whole": (), **CONDITIONS, **PARTS}.items()
        if (way, name) not in OTHER_PARTS
        and (way not in ("deflate", "br", "both") or name not in PARTS)
    ),
    *(
        Case(
            f"file by {way}, {name}",
            IN_PART,
            get(f"/{way}/a.txt", CODINGS, *{**PARTS, **CONDITIONS}[name]),
            differs=differs,
            instead=instead,
        )
        for (way, name), (differs, instead) in OTHER_PARTS.items()
    ),
    *(
        case(
            f"file by {way}, {name}",
            IN_PART,
            *get(f"/{way}/a.txt", CODINGS, *PARTS[name]),
        )
        for way in ("deflate", "br", "both")
        for name in ("If-Range", "If-Range of another")
    ),
    *(
        case(
            f"long file by {way}, {name}",
            IN_PART,
            *get(f"/{way}/long.txt", CODINGS, *PARTS[name]),
        )
        for way in ("none", "text", "rate")
        for name in ("first", "beyond the file")
    ),
    *(
        case(
            f"file by {way}, HEAD of a part",
            IN_PART,
            *get(f"/{way}/a.txt", CODINGS, "Range: bytes=5000-", method="HEAD"),
        )
        for way in ("none", "text", "rate")
    ),
)
